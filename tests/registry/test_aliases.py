"""Names that others gave a building, as deliveries carry them."""

import math
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.aliases import (
    Alias,
    alias_value,
    find_aliases,
    find_stated,
    get_scheme,
    load_schemes,
    stating_fields,
)
from registry.errors import RegistryError, SchemeError

# the forms themselves have vectors of their own
GOOD = {
    "bdcdyh": "220202001001GB00001F00010001",
    "xmdm": "2211-441900-04-02-310151",
    "fwdm": "37010501200201000010017514",
    "zrzh": "3号楼",
    "city": "440303-0001",
}
WRONG = {
    "bdcdyh": "220202001001GB00001F0001000",
    "xmdm": "2213-441900-04-02-310151",
    "fwdm": "37010501200201000010017510",
    "zrzh": "x" * 65,
    "city": "单体一二三四五六",
}
CARRIED = [scheme for scheme in load_schemes() if scheme.fields]


def aliases(attributes):
    return find_aliases(attributes)[0]


def field_of(scheme):
    return get_scheme(scheme).fields[0]


def test_every_scheme_that_fields_carry_is_tried():
    assert [scheme.code for scheme in CARRIED] == list(GOOD) == list(WRONG)


def test_every_scheme_says_what_it_names_and_how_sure_its_form_is():
    assert {scheme.names for scheme in CARRIED} <= {"building", "project"}
    assert {scheme.confidence for scheme in load_schemes()} <= {"V", "I", "P"}


def test_every_scheme_has_a_name_in_both_languages():
    assert all(scheme.name.zh and scheme.name.en for scheme in load_schemes())


def test_no_field_belongs_to_two_schemes():
    fields = [field.casefold() for scheme in load_schemes() for field in scheme.fields]
    assert len(set(fields)) == len(fields)


@pytest.mark.parametrize(("scheme", "value"), GOOD.items())
def test_a_value_of_its_schemes_form_is_an_alias(scheme, value):
    assert find_aliases({field_of(scheme): value}) == ([Alias(scheme, value)], [])


@pytest.mark.parametrize(("scheme", "value"), WRONG.items())
def test_a_value_of_another_form_is_refused_and_shown_with_the_reason(scheme, value):
    taken, (refused,) = find_aliases({field_of(scheme): value.lower()})
    assert taken == []
    assert (refused.scheme, refused.label, refused.value) == (scheme, get_scheme(scheme).name, value.upper())
    assert refused.fault.text.zh
    assert refused.fault.remedy.en


@pytest.mark.parametrize("scheme", CARRIED, ids=lambda scheme: scheme.code)
def test_every_field_of_a_scheme_carries_it_whatever_its_case(scheme):
    value = GOOD[scheme.code]
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
    row = {field_of(scheme): value for scheme, value in reversed(GOOD.items())}
    assert aliases(row) == [Alias(scheme, value) for scheme, value in GOOD.items()]


def test_other_fields_are_no_aliases():
    assert find_aliases({"note": "220202001001GB00001F00010001", "": "7"}) == ([], [])


def test_name_and_code_are_found_in_chinese_and_ascii_fields():
    assert find_stated({"建筑物名称": " 1号楼 ", "建筑编码": "4E7U5-CKJ2W-F0J"}) == ("1号楼", "4E7U5-CKJ2W-F0J")
    assert find_stated({"NAME": "Tower", "Building_Code": "4E7U5CKJ2WF0J"}) == ("Tower", "4E7U5CKJ2WF0J")


@pytest.mark.parametrize(
    ("heading", "value"),
    [
        ("楼名", "测试楼·叁"),
        ("楼名(必填)", "南苑一号楼"),
        ("幢名", "东楼"),
        ("楼号", "3号楼"),
        ("楼栋号", 12),
        ("幢号", "3幢"),
        ("Building Name", "Tower"),
        ("BLDG_NAME", "Tower"),
        ("地块名称", "城南一期"),
    ],
)
def test_headings_that_offices_use_name_a_building(heading, value):
    assert find_stated({"层数": 6, heading: value}) == (str(value), None)


def test_a_name_is_preferred_to_a_number_and_the_buildings_to_the_parcels():
    row = {"地块名称": "城南一期", "幢号": "2幢", "楼号": "2", "楼名": "东楼", "建筑名称": None}
    found = []
    while row:
        found.append(find_stated(row)[0])
        row = {heading: value for heading, value in row.items() if value not in {found[-1], None}}
    assert found == ["东楼", "2", "2幢", "城南一期"]


@pytest.mark.parametrize("bare", ["12", 12.0, "0012", "F0001", "A-3"])
def test_what_a_scheme_reads_is_a_name_only_where_it_is_more_than_a_number(bare):
    row = {"幢号": bare}
    assert find_stated(row)[0] is None
    assert aliases(row) == [Alias("zrzh", alias_value(str(bare).removesuffix(".0")))]
    city = [replace(get_scheme("city"), fields=("楼号",))]
    assert find_stated({"楼号": bare, "地块名称": "城南"}, city)[0] == "城南"
    assert find_stated({"楼号": "3号楼"}, city)[0] == "3号楼"


@pytest.mark.parametrize("field", ["building", "层数", "编号", "名称2", "人名", "note"])
def test_other_fields_name_nothing(field):
    assert find_stated({field: "yes"}) == (None, None)


def test_of_two_fields_that_are_alike_the_first_is_the_name():
    assert find_stated({"name": "甲", "NAME": "乙"})[0] == "甲"


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


def test_a_row_that_lacks_a_field_of_its_table_states_what_it_has():
    fields = stating_fields(["name", "建筑编码", "name:zh"])
    assert fields.find({"name:zh": "甲"}) == ("甲", None)
    assert fields.find({}) == (None, None)
