"""Certificates: the same record gives the same page; whatever is changed is found, and named where that can be known."""

import contextlib
import copy
import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from registry.certificates import rendering
from registry.certificates.content import content_sha256
from registry.certificates.errors import FontError, RecordError
from registry.certificates.extracts import EXTRACT_MM, draw_extract
from registry.certificates.fonts import find_chinese, installed_fonts
from registry.certificates.pages import certificate_page, qr_text
from registry.certificates.records import extract_record, read_record
from registry.certificates.rendering import render_certificate
from registry.certificates.verification import load_checks, verify_page, verify_record
from registry.ledger.events import canonical_json
from tests.registry.certificates import KEY, L_SHAPE, OTHER_KEY, made_content, made_record


def has_chinese():
    try:
        find_chinese()
    except FontError:
        return False
    return True


needs_chinese = pytest.mark.skipif(not has_chinese(), reason="no Chinese font is installed")


@pytest.fixture(scope="module")
def record():
    return made_record()


@pytest.fixture(scope="module")
def pdf(record):
    return render_certificate(record)


@pytest.fixture
def reader(pdf):
    return PdfReader(BytesIO(pdf))


def leaves(value, path=()):
    """Yield the paths of all values in a JSON value that hold no others."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [leaf for key, each in items for leaf in leaves(each, (*path, key))]
    return found or [path]


def at(value, path):
    for key in path:
        value = value[key]
    return value


def changed(value):
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str) and value:
        last = value.rstrip()[-1]
        return value.rstrip()[:-1] + ("1" if last != "1" else "2")
    return "0"


def with_change(record, path):
    tampered = copy.deepcopy(record)
    at(tampered, path[:-1])[path[-1]] = changed(at(record, path))
    return tampered


def failed(checks):
    return {check.code for check in checks if check.passed is False}


def test_a_certificate_as_issued_passes_every_check(record):
    checks = verify_record(record, trusted=[KEY])
    assert [(check.code, check.passed) for check in checks] == [
        ("content", True),
        ("event", True),
        ("head", True),
        ("key", True),
    ]


def test_without_a_key_to_trust_the_key_is_not_said_to_be_the_offices(record):
    assert [check.passed for check in verify_record(record)] == [True, True, True, None]


def test_another_offices_key_is_not_trusted(record):
    assert failed(verify_record(record, trusted=[OTHER_KEY])) == {"head", "key"}


def test_every_changed_value_is_found(record):
    paths = [path for path in leaves(record) if path[0] not in {"format", "address"}]
    assert len(paths) > 100
    missed = [path for path in paths if not failed(verify_record(with_change(record, path), trusted=[KEY]))]
    assert missed == []


@pytest.mark.parametrize(
    ("part", "code"), [("content", "content"), ("event", "event"), ("proof", "event"), ("head", "head")]
)
def test_the_part_that_was_changed_is_named(record, part, code):
    for path in leaves(record[part], (part,)):
        assert code in failed(verify_record(with_change(record, path), trusted=[KEY]))


@pytest.mark.parametrize("field", ["code", "version", "fingerprint", "stage"])
def test_a_changed_value_that_the_event_tells_too_is_named(record, field):
    content = with_change(record, ("content", field))
    (check, *_) = verify_record(content)
    assert [fault.kind for fault in check.faults] == ["value_changed", "content_changed"]
    assert f"“{field}”" in check.faults[0].text.en
    assert str(record["content"][field]) in check.faults[0].text.en


@pytest.mark.parametrize("part", ["content", "event"])
@given(data=st.data())
def test_values_added_and_left_out_are_found(part, data):
    record = made_record()
    key = data.draw(st.sampled_from([*record[part], "added"]))
    if key == "added":
        record[part][key] = 1
    else:
        del record[part][key]
    assert failed(verify_record(record, trusted=[KEY]))


def test_an_event_of_another_kind_makes_no_certificate():
    assert failed(verify_record(made_record(kind="revised"), trusted=[KEY])) == {"event"}


@needs_chinese
def test_the_same_record_gives_the_same_bytes(record, pdf):
    assert render_certificate(json.loads(canonical_json(record))) == pdf


@needs_chinese
def test_the_record_comes_back_out_of_the_page(record, pdf):
    assert extract_record(pdf) == record
    assert verify_page(record, pdf).passed


@needs_chinese
def test_the_page_is_marked_as_pdf_a_3a(reader):
    packet = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "pdfaid:part" in packet
    assert "<pdfaid:part>3" in packet
    assert "<pdfaid:conformance>A" in packet
    (intent,) = reader.trailer["/Root"]["/OutputIntents"]
    assert intent["/S"] == "/GTS_PDFA1"
    assert intent["/DestOutputProfile"].get_data()[36:40] == b"acsp"
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "zh-CN"
    (attached,) = root["/AF"]
    assert attached["/AFRelationship"] == "/Data"


@needs_chinese
def test_every_font_is_embedded_and_a_subset(reader):
    fonts = [
        font["/DescendantFonts"][0]["/FontDescriptor"]
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
    ]
    assert fonts
    for font in fonts:
        assert font["/FontName"][7] == "+"
        assert "/FontFile2" in font or "/FontFile3" in font


@needs_chinese
def test_the_page_has_its_dates_from_the_record_and_nothing_that_runs(reader, pdf):
    assert reader.metadata["/CreationDate"].startswith("D:20261122071500")
    assert reader.metadata["/Title"] == "建筑编码证书 4E7U5-CKJ1H-E0A"
    assert len(reader.pages) == 1
    for active in (b"/JavaScript", b"/JS", b"/Launch", b"/URI", b"/AcroForm"):
        assert active not in pdf


@needs_chinese
def test_a_long_list_of_names_goes_on_overleaf(record):
    names = record["content"]["names"] * 60
    many = PdfReader(BytesIO(render_certificate(made_record(made_content() | {"names": names}))))
    assert len(many.pages) == 2
    assert "账本证明" in many.pages[0].extract_text()
    assert "UBID" in many.pages[1].extract_text()


@needs_chinese
@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("area_m2",), "790.42"),
        (("perimeter_m",), "140.304"),
        (("stages", 1, "occurred_on"), "2026-10-31"),
        (("names", 0, "value"), "8FHHV872+2CM-10-13-11-11"),
    ],
)
def test_a_changed_digit_on_the_page_is_found_and_named(record, monkeypatch, path, shown):
    forged = with_change(record, ("content", *path))
    monkeypatch.setattr(rendering, "certificate_page", lambda _: certificate_page(forged))
    page = render_certificate(record)
    monkeypatch.undo()
    assert extract_record(page) == record
    check = verify_page(record, page)
    assert not check.passed
    assert [fault.kind for fault in check.faults] == ["page_differs"]
    assert shown in check.faults[0].text.en


@needs_chinese
def test_a_record_too_odd_for_any_page_does_not_match_one(record, pdf):
    odd = with_change(record, ("content", "kind"))
    assert verify_page(odd, pdf).passed is False


@needs_chinese
def test_two_records_in_one_file_are_refused(pdf):
    writer = PdfWriter(clone_from=BytesIO(pdf))
    writer.add_attachment("certificate.json", b"{}")
    two = BytesIO()
    writer.write(two)
    with pytest.raises(RecordError, match="holds 2"):
        extract_record(two.getvalue())


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\nnothing", b"{}", b"[1]", b'{"format": "luotu-certificate/1"}'])
def test_what_is_no_certificate_is_said_to_be_none(content):
    with pytest.raises(RecordError):
        read_record(content)
    with pytest.raises(RecordError):
        extract_record(content)


def test_without_a_chinese_font_nothing_is_drawn(monkeypatch):
    import registry.certificates.fonts as module  # noqa: PLC0415

    monkeypatch.setattr(module, "CHINESE", ("No such family",))
    with pytest.raises(FontError, match="fonts-noto-cjk"):
        find_chinese()
    assert installed_fonts(None) is installed_fonts(None)


def test_the_qr_code_holds_the_proof_or_the_way_to_it(record):
    text = qr_text(record)
    assert text.startswith("LUOTU:4E7U5-CKJ1H-E0A/6/")
    assert text == text.upper()
    address = qr_text({**record, "address": "https://codes.example.org/"})
    assert address.startswith("https://codes.example.org/certificates/6/verification?leaf=")
    assert "&size=8&root=" in address


def test_the_content_is_hashed_in_one_form(record):
    content = made_content()
    assert content_sha256(dict(reversed(content.items()))) == content_sha256(content)
    assert content_sha256(content) == record["event"]["body"]["content_sha256"]


def test_the_map_shows_the_footprint_to_scale():
    drawn = draw_extract(L_SHAPE, [])
    ((outline, hole),) = drawn["footprint"]
    assert drawn["scale"] == 1_000
    assert len(outline) == 6
    (left, top), (right, _), (_, bottom), _ = hole
    # a yard of 5 m by 5 m
    assert {abs(right - left), abs(bottom - top)} == {5.0} or {round(abs(right - left), 2)} == {5.0}
    assert all(0 < ordinate < EXTRACT_MM for xy in outline for ordinate in xy)
    assert drawn["bar"] == {"length_mm": 20.0, "length_m": 20}
    assert len(drawn["east"]) >= 3


def test_every_check_has_a_name_in_both_languages():
    assert all(name.zh and name.en for name in load_checks().values())
    assert list(load_checks()) == ["content", "event", "head", "key", "page"]


@needs_chinese
@pytest.mark.parametrize("cut", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_damaged_file_is_no_certificate_or_a_false_one(record, pdf, cut):
    damaged = pdf[: int(len(pdf) * cut)]
    with contextlib.suppress(RecordError):
        assert extract_record(damaged) == record
    assert verify_page(record, damaged).passed is False
