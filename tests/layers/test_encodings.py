"""Encodings are found by reading bytes, not by believing what is said about them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import NAMES, cut, parts, patch, shapefile, zipped

from layers.encoding import RawText, decode_document, decode_value, find_encoding
from layers.errors import RefusedFile
from layers.reading import read_delivery

CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=20)


def raw(text, encoding, *, width=254):
    value = text.encode(encoding)[:width]
    return RawText(value, len(value) == width)


@given(CHINESE)
def test_chinese_in_gb18030_comes_back_as_it_was(text):
    value = raw(text, "gb18030")
    found = find_encoding([value])
    if found.name == "GB18030":
        assert decode_value(value, found) == (text, False)
    else:
        # a few pairs of characters are valid in both: no text alone can tell
        assert value.value.decode("utf-8")


@given(st.lists(CHINESE, min_size=1))
def test_chinese_in_utf_8_is_always_known(texts):
    assert find_encoding([raw(text, "utf-8") for text in texts]).name == "UTF-8"


@given(CHINESE, st.integers(1, 60), st.sampled_from(["utf-8", "gb18030"]))
def test_a_text_cut_inside_a_character_loses_that_character_alone(text, width, encoding):
    value = raw(text * 8, encoding, width=width)
    first = len(text[0].encode(encoding))
    if width < first:
        return
    known = raw(NAMES[0], encoding)
    decoded, was_cut = decode_value(value, find_encoding([known, value]))
    assert (text * 8).startswith(decoded)
    assert was_cut == (len(decoded.encode(encoding)) < len(value.value))


def test_ascii_alone_is_utf_8():
    found = find_encoding([RawText(b"plain", is_full=False)], stated="GBK")
    assert found.name == "UTF-8"
    assert "ASCII" in found.why.zh


def test_characters_beyond_the_basic_plane_are_known_in_four_bytes():
    value = raw("𠮷林", "gb18030")
    assert decode_value(value, find_encoding([value]))[0] == "𠮷林"


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        ("1252", "CP1252"),
        ("ANSI 1252", "CP1252"),
        ("ISO-8859-1", "ISO8859-1"),
        ("ISO 88591", "ISO8859-1"),
        ("cp1250", "CP1250"),
    ],
)
def test_a_cpg_counts_where_neither_fits(stated, name):
    found = find_encoding([raw("Hôtel de ville é", "cp1252")], stated=stated)
    assert found.name == name
    assert stated in found.why.en


def test_western_bytes_without_a_cpg_follow_the_driver_id():
    assert find_encoding([raw("Hôtel de ville é", "cp1252")], driver_id=0x03).name == "CP1252"


@pytest.mark.parametrize("stated", [None, "UTF-8", "OEM", "hex", "rot13", "12345", "no such thing"])
def test_bytes_that_nothing_explains_are_refused_with_a_sample(stated):
    with pytest.raises(RefusedFile) as caught:
        find_encoding([RawText(b"\xff\xff\x20", is_full=False)], stated=stated)
    assert caught.value.fault.kind == "encoding_unknown"
    assert "ff ff 20" in caught.value.fault.text.en


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("图层".encode(), "UTF-8"),
        ("\ufeff图层".encode(), "UTF-8"),
        ("图层".encode("utf-16"), "UTF-16"),
        ("\ufeff图层".encode("utf-16-be"), "UTF-16"),
        ("图层".encode("gb18030"), "GB18030"),
    ],
)
def test_a_document_is_decoded_by_its_bytes(data, name):
    text, encoding = decode_document(data)
    assert (text, encoding.name) == ("图层", name)


class TestShapefiles:
    @pytest.mark.parametrize("cpg", [None, "GBK", "936", "ANSI 936", "GB18030", "UTF-8", "65001", "OEM", "ISO-8859-1"])
    def test_gbk_is_read_whatever_the_cpg_says(self, tmp_path, cpg):
        delivery = read_delivery(shapefile(tmp_path / "set", encoding="GBK", cpg=cpg))
        assert delivery.frame["名称"].tolist() == NAMES
        assert delivery.encoding.name == "GB18030"

    @pytest.mark.parametrize("cpg", [None, "UTF-8", "GBK", "ANSI 936", "65001"])
    def test_utf_8_is_read_whatever_the_cpg_says(self, tmp_path, cpg):
        delivery = read_delivery(shapefile(tmp_path / "set", encoding="UTF-8", cpg=cpg))
        assert delivery.frame["名称"].tolist() == NAMES
        assert delivery.encoding.name == "UTF-8"

    def test_the_reason_tells_whether_the_cpg_agrees(self, tmp_path):
        lies = read_delivery(shapefile(tmp_path / "a", encoding="GBK", cpg="UTF-8")).encoding.why
        agrees = read_delivery(shapefile(tmp_path / "b", encoding="GBK", cpg="936")).encoding.why
        silent = read_delivery(shapefile(tmp_path / "c", encoding="GBK")).encoding.why
        assert "写的是“UTF-8”,但" in lies.zh
        assert "一致" in agrees.zh
        assert "no .cpg" in silent.en

    @pytest.mark.parametrize("driver_id", [0x00, 0x03, 0x13, 0x4D, 0x57])
    def test_the_driver_id_changes_nothing_where_the_bytes_tell(self, tmp_path, driver_id):
        path = shapefile(tmp_path / "set", encoding="GBK")
        patch(path.with_suffix(".dbf"), 29, bytes([driver_id]))
        assert read_delivery(path).frame["名称"].tolist() == NAMES

    def test_gbk_names_within_a_gbk_zip_are_read_and_kept(self, tmp_path):
        members = parts(shapefile(tmp_path / "set", "临江门建筑", encoding="GBK"))
        path = zipped(
            tmp_path / "交付.zip",
            {f"成果/{name}": content for name, content in members.items()},
            names="gbk",
            flagged=False,
        )
        delivery = read_delivery(path)
        assert delivery.layer == "临江门建筑"
        assert delivery.format == "Shapefile in zip"
        assert delivery.frame["名称"].tolist() == NAMES

    def test_a_value_cut_by_the_field_loses_half_a_character_and_that_is_told(self, tmp_path):
        path = shapefile(tmp_path / "set", encoding="GBK", names=["松花江" * 40, "短"])
        dbf = path.with_suffix(".dbf")
        width = dbf.read_bytes()[32 + 16]
        start = dbf.read_bytes().index("松花江".encode("gbk"))
        # one byte less of the first text, as a program that cuts by bytes would leave it
        patch(dbf, start + 239, b" " * (width - 239))
        patch(dbf, start, b"A" + ("松花江" * 40).encode("gbk")[: width - 1])
        delivery = read_delivery(path)
        assert delivery.frame["名称"].iloc[0] == "A" + ("松花江" * 40)[: (width - 1) // 2]
        assert delivery.frame["名称"].iloc[1] == "短"
        assert (width - 1) % 2 == 0 or any("截断" in note.zh for note in delivery.notes)

    def test_empty_texts_are_none(self, tmp_path):
        delivery = read_delivery(shapefile(tmp_path / "set", names=["吉林", None, ""]))
        assert delivery.frame["名称"].tolist() == ["吉林", None, None]


def test_the_makers_cut_what_they_are_asked_to(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    cut(path, 2)
    assert path.read_bytes() == b"12"
