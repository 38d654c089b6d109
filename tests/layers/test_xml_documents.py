"""XML is read without DOCTYPE, entities or endless nesting, in whatever encoding its bytes are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import layers.xml_documents
from layers.errors import RefusedFile
from layers.xml_documents import decimal_lists, document_encoding, local_name, text_of, walk_elements

LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<kml><name>&c;</name></kml>"""
OUTSIDE = '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml><name>&x;</name></kml>'


def texts(path):
    steps = walk_elements(path, document_encoding(path), lambda *_: False)
    return {local_name(step.element): text_of(step.element) for step in steps if step.event == "end"}


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "a.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


class TestHarm:
    @pytest.mark.parametrize("text", [LAUGHS, OUTSIDE, '<!DOCTYPE kml SYSTEM "http://127.0.0.1:9/x.dtd"><kml/>'])
    def test_a_doctype_refuses_the_file(self, tmp_path, text):
        with pytest.raises(RefusedFile) as caught:
            texts(write(tmp_path, text))
        assert caught.value.fault.kind == "xml_doctype"

    def test_nesting_without_end_is_refused(self, tmp_path):
        with pytest.raises(RefusedFile) as caught:
            texts(write(tmp_path, "<a>" * 200_000))
        assert caught.value.fault.kind == "xml_depth"

    def test_a_file_beyond_the_limit_is_not_opened(self, tmp_path, monkeypatch):
        monkeypatch.setattr(layers.xml_documents, "MAX_XML_BYTES", 10)
        with pytest.raises(RefusedFile) as caught:
            document_encoding(write(tmp_path, "<kml>      </kml>"))
        assert caught.value.fault.kind == "xml_size"

    @pytest.mark.parametrize(
        ("text", "line"),
        [("<a>\n<b>\n", 3), ("<a>\n</b>", 2), ("<a>&nbsp;</a>", 1), ("<a/><a/>", 1), ("<a>\x01</a>", 1)],
    )
    def test_what_is_not_well_formed_says_where(self, tmp_path, text, line):
        with pytest.raises(RefusedFile) as caught:
            texts(write(tmp_path, text))
        assert caught.value.fault.kind == "xml_broken"
        assert caught.value.line == line


class TestEncodings:
    @pytest.mark.parametrize(
        ("declared", "encoding", "found"),
        [
            ("UTF-8", "utf-8", "UTF-8"),
            ("UTF-8", "utf-8-sig", "UTF-8"),
            ("GB2312", "utf-8", "UTF-8"),
            ("GB2312", "gbk", "GB18030"),
            ("GBK", "gb18030", "GB18030"),
            ("UTF-8", "gbk", "GB18030"),
            ("utf-16", "utf-16", "UTF-16"),
            ("big5", "big5", "BIG5"),
        ],
    )
    def test_the_bytes_decide(self, tmp_path, declared, encoding, found):
        path = write(tmp_path, f'<?xml version="1.0" encoding="{declared}"?>\n<name>吉林市</name>', encoding)
        assert document_encoding(path).name == found
        assert texts(path) == {"name": "吉林市"}

    def test_a_declared_encoding_counts_before_gb18030(self, tmp_path):
        path = write(tmp_path, '<?xml version="1.0" encoding="ISO-8859-1"?><name>Straßé</name>', "latin-1")
        assert texts(path) == {"name": "Straßé"}

    def test_bytes_in_no_encoding_are_refused(self, tmp_path):
        with pytest.raises(RefusedFile) as caught:
            document_encoding(write(tmp_path, b"<a>\xff\xff</a>"))
        assert caught.value.fault.kind == "encoding_unknown"

    @pytest.mark.parametrize("declared", ["hex", "rot13", "nonsense", "zlib"])
    def test_a_codec_that_is_no_encoding_is_not_used(self, tmp_path, declared):
        path = write(tmp_path, f'<?xml version="1.0" encoding="{declared}"?><name>吉林市</name>', "gbk")
        assert document_encoding(path).name == "GB18030"


class TestDecimalLists:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1,2 3,4", [[1, 2], [3, 4]]),
            ("\n1.5,2,0\t3,4,0\n", [[1.5, 2, 0], [3, 4, 0]]),
            ("1, 2 3 ,4", [[1, 2], [3, 4]]),
            ("1,2 x,4", [[1, 2], ["x,4"]]),
            ("", []),
            (None, []),
        ],
    )
    def test_positions_are_lists_of_numbers(self, text, expected):
        assert decimal_lists(text) == expected

    @given(st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=3)))
    def test_what_was_written_is_read(self, positions):
        text = " ".join(",".join(map(repr, position)) for position in positions)
        assert decimal_lists(text) == positions

    @given(st.text())
    def test_any_text_is_lists(self, text):
        assert all(isinstance(position, list) for position in decimal_lists(text))
