"""Names that others assign: read leniently, kept strictly, refused with the reason."""

import csv
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.errors import AliasError, RegistryError
from registry.forms import load_form
from registry.schemes import get_scheme, identify, load_schemes, scheme_name

VECTORS = Path(__file__).parent / "vectors"
TYPED = ("bdcdyh", "xmdm", "fwdm", "uscc")
SCHEMES = st.sampled_from([scheme.code for scheme in load_schemes()])


def rows(name):
    with (VECTORS / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


NAMES, REFUSED = rows("names.csv"), rows("refused_names.csv")


@pytest.mark.parametrize("row", NAMES, ids=lambda row: f"{row['scheme']} {row['text']}")
def test_a_name_is_read_as_it_is_kept(row):
    assert get_scheme(row["scheme"]).parse(row["text"]).value == row["value"]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row['scheme']} {row['note']}")
def test_a_text_that_is_no_name_is_refused_with_the_reason_and_the_place(row):
    with pytest.raises(AliasError) as caught:
        get_scheme(row["scheme"]).parse(row["text"])
    fault, position = caught.value.fault, caught.value.position
    assert (fault.kind, position) == (row["kind"], int(row["position"]) if row["position"] else None)
    assert fault.text.zh.endswith("。")
    assert fault.remedy.en
    assert isinstance(caught.value, (ValueError, RegistryError))


def test_every_scheme_has_names_and_refusals_among_the_vectors():
    codes = {scheme.code for scheme in load_schemes()}
    assert codes == {row["scheme"] for row in NAMES} == {row["scheme"] for row in REFUSED}


def test_the_refusal_of_a_letter_says_which_where_and_what_belongs_there():
    with pytest.raises(AliasError, match="“O”, character 3 of “37O105012002GB00001F00010751”") as caught:
        get_scheme("bdcdyh").parse("37o105012002GB00001F00010751")
    assert caught.value.fault.text.zh == (
        "“37O105012002GB00001F00010751”第 3 个字符“O”不能用于县级行政区划代码,应为 0–9。"
    )


def test_a_long_text_is_told_by_its_beginning():
    with pytest.raises(AliasError) as caught:
        get_scheme("bdcdyh").parse("9" * 1_000_000)
    assert len(caught.value.fault.text.zh) < 100


@pytest.mark.parametrize("scheme", TYPED)
def test_the_parts_of_a_name_follow_its_form_and_have_labels_in_both_languages(scheme):
    form = load_form(scheme)
    for row in (row for row in NAMES if row["scheme"] == scheme):
        parts = get_scheme(scheme).parse(row["text"]).parts
        assert [(part.name, part.label) for part in parts] == [(part.name, part.label) for part in form.parts]
        assert "".join(part.text for part in parts) == row["value"].replace("-", "")
        assert all(text for part in parts for text in (*part.label, *(part.meaning or ())))


@given(SCHEMES, st.one_of(st.text(), st.text("0123456789GJABF*- ", max_size=30)))
@example("bdcdyh", "ŉ" * 28)  # comes apart in NFKC
@example("xmdm", "２" * 20)
@example("fwdm", "*" * 26)
@example("uscc", "\0" * 18)
def test_any_text_is_a_name_or_an_alias_error(scheme, text):
    with suppress(AliasError):
        alias = get_scheme(scheme).parse(text)
        assert get_scheme(scheme).parse(alias.value) == alias


@given(st.sampled_from(NAMES), st.data())
def test_separators_width_and_case_do_not_matter(row, data):
    if row["scheme"] not in TYPED:
        return
    wide = {ord(c): ord(c) + 0xFEE0 for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"}
    spaced = "".join(letter + data.draw(st.sampled_from(["", "", " ", "-", "　", "–"])) for letter in row["value"])
    written = data.draw(st.sampled_from([spaced, spaced.lower(), spaced.translate(wide)]))
    assert get_scheme(row["scheme"]).parse(written).value == row["value"]


def test_a_text_is_identified_under_every_scheme_that_it_fits():
    fitting, near = identify("9111 0000 6000 3734 1l")
    assert [(alias.scheme, alias.value) for alias in fitting] == [
        ("uscc", "91110000600037341L"),
        ("zrzh", "9111 0000 6000 3734 1L"),
        ("city", "91110000600037341L"),
    ]
    assert near == []


@pytest.mark.parametrize(
    ("text", "scheme", "kind"),
    [
        ("37O105012002GB00001F00010751", "bdcdyh", "alias_letter"),
        ("370105012002GB00001F0001075", "bdcdyh", "alias_length"),
        ("340123002004GB00011", "bdcdyh", "alias_length"),
        ("2513-320193-89-01-544060", "xmdm", "alias_month"),
        ("37010501200201000010017510", "fwdm", "alias_check"),
        ("91110000600037341M", "uscc", "alias_check"),
    ],
)
def test_a_text_that_is_nearly_a_name_is_told_why_it_is_none(text, scheme, kind):
    fitting, near = identify(text)
    assert scheme not in {alias.scheme for alias in fitting}
    (refusal,) = [refusal for refusal in near if refusal.scheme == scheme]
    assert refusal.fault.kind == kind
    assert refusal.label == get_scheme(scheme).name


@pytest.mark.parametrize("text", ["3号楼", "A-12", "", "城市", "2024"])
def test_other_texts_are_near_to_nothing(text):
    assert identify(text)[1] == []


def test_a_scheme_that_is_no_longer_configured_is_called_by_its_code():
    assert scheme_name("sz19") == ("sz19", "sz19")
    assert scheme_name("uscc").en == "Unified social credit code"


def test_the_form_check_vectors_of_others_hold(shared_data):
    with shared_data("vectors_cn/bdc_unit_codes.csv").open(encoding="utf-8", newline="") as lines:
        found = {row["code"]: row["valid_form"] == "1" for row in csv.DictReader(lines)}
    with shared_data("vectors_cn/uscc_mod31.csv").open(encoding="utf-8", newline="") as lines:
        credit = {row["code"]: row["valid"] == "1" for row in csv.DictReader(lines)}
    # full-width is read, as everywhere
    wide = next(code for code in found if not code.isascii())
    assert all(is_name("bdcdyh", code) == valid for code, valid in found.items() if code != wide)
    assert is_name("bdcdyh", wide)
    assert len(credit) > 100
    assert all(is_name("uscc", code) == valid for code, valid in credit.items())


def is_name(scheme, text):
    try:
        get_scheme(scheme).parse(text)
    except AliasError:
        return False
    return True
