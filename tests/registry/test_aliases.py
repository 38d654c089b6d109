"""Names that others gave a building, as deliveries carry them."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.aliases import Alias, alias_value, find_aliases, find_stated, get_scheme, load_schemes
from registry.errors import RegistryError, SchemeError

GOOD = {
    "bdcdyh": ["220202001001GB00001F00010001", "310115999999JC12345L00000001", "110101001002ZS00000W00000000"],
    "xmdm": ["2211-220202-04-01-123456", "2017-000291-50-03-01234X"],
    "zrzh": ["3", "3号楼", "A-12", "东区 3 号"],
    "city": ["330100AB12CD34EF56GH78IJ90K", "440303-0001", "ABC123"],
}
WRONG = {
    "bdcdyh": [
        "220202001001GB00001F0001000",  # 27 characters
        "220202001001GB00001F000100011",  # 29
        "220202001001XB00001F00010001",  # no X in the 13th place
        "220202001001GB00001P00010001",  # no P in the 20th
        "22020200100१GB00001F00010001",  # a digit, and no ASCII one
    ],
    "xmdm": ["2211-220202-04-01-12345", "2211220202040112345X", "2211-22020-04-01-123456"],
    "zrzh": ["x" * 65, "3\n号楼"],
    "city": ["AB12", "A" * 41, "单体一二三四五六"],
}


def aliases(attributes):
    return find_aliases(attributes)[0]


def field_of(scheme):
    return get_scheme(scheme).fields[0]


def test_every_scheme_has_its_vectors():
    assert [scheme.code for scheme in load_schemes()] == list(GOOD) == list(WRONG)


def test_every_scheme_has_a_name_in_both_languages():
    assert all(scheme.name.zh and scheme.name.en for scheme in load_schemes())


def test_no_field_belongs_to_two_schemes():
    fields = [field.casefold() for scheme in load_schemes() for field in scheme.fields]
    assert len(set(fields)) == len(fields)


@pytest.mark.parametrize(("scheme", "value"), [(scheme, value) for scheme in GOOD for value in GOOD[scheme]])
def test_a_value_of_its_schemes_form_is_an_alias(scheme, value):
    assert find_aliases({field_of(scheme): value}) == ([Alias(scheme, value)], [])


@pytest.mark.parametrize(("scheme", "value"), [(scheme, value) for scheme in WRONG for value in WRONG[scheme]])
def test_a_value_of_another_form_is_refused_and_shown(scheme, value):
    taken, refused = find_aliases({field_of(scheme): value})
    assert taken == []
    assert [alias.scheme for alias in refused] == [scheme]


@pytest.mark.parametrize("scheme", load_schemes(), ids=lambda scheme: scheme.code)
def test_every_field_of_a_scheme_carries_it_whatever_its_case(scheme):
    value = GOOD[scheme.code][0]
    for field in scheme.fields:
        for written in (field, field.upper(), field.title()):
            assert aliases({written: value}) == [Alias(scheme.code, value)]


def test_full_width_and_lower_case_are_read():
    assert aliases({"不动产单元号": " 220202001001gb00001Ｆ00010001　"}) == [
        Alias("bdcdyh", "220202001001GB00001F00010001")
    ]


@pytest.mark.parametrize("nothing", [None, "", "  ", "　", math.nan])
def test_an_empty_field_carries_nothing(nothing):
    assert find_aliases({"bdcdyh": nothing, "幢号": nothing}) == ([], [])
    assert find_stated({"name": nothing, "code": nothing}) == (None, None)


def test_the_first_field_that_is_filled_counts():
    assert aliases({"zrzh": None, "自然幢号": "  ", "幢号": "7"}) == [Alias("zrzh", "7")]


@pytest.mark.parametrize("number", [12, 12.0])
def test_a_number_is_read_as_it_was_meant(number):
    assert aliases({"zrzh": number}) == [Alias("zrzh", "12")]


def test_a_row_may_carry_a_name_under_every_scheme_in_their_order():
    row = {field_of(scheme): values[0] for scheme, values in reversed(GOOD.items())}
    assert aliases(row) == [Alias(scheme, values[0]) for scheme, values in GOOD.items()]


def test_other_fields_are_no_aliases():
    assert find_aliases({"note": "220202001001GB00001F00010001", "": "7"}) == ([], [])


def test_name_and_code_are_found_in_chinese_and_ascii_fields():
    assert find_stated({"建筑物名称": " 1号楼 ", "建筑编码": "4E7U5-CKJ2W-F0J"}) == ("1号楼", "4E7U5-CKJ2W-F0J")
    assert find_stated({"NAME": "Tower", "Building_Code": "4E7U5CKJ2WF0J"}) == ("Tower", "4E7U5CKJ2WF0J")


@example("ΐ")  # comes apart in upper case
@given(st.text())
def test_a_name_is_compared_in_one_form(text):
    once = alias_value(text)
    assert once == alias_value(once)
    assert "\0" not in once


def test_an_unknown_scheme_names_those_that_are_near():
    with pytest.raises(SchemeError, match="“bdcdy” is no alias scheme; known are bdcdyh") as caught:
        get_scheme("bdcdy")
    assert isinstance(caught.value, (LookupError, RegistryError))
    assert get_scheme("bdcdyh").standard == "GB/T 37346-2019"
