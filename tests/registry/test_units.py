"""Building tables: what is a unit, what is none and why, and what a new table changes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.storeys import storey_order, storey_value, storeys_of
from registry.unit_tables import find_number, read_units
from registry.units import Unit, check_capacity, compare_units, get_use, load_uses, total_units

HEADINGS = ["户号", "层", "建筑面积", "用途", "不动产单元号"]
PARCEL = "320505400202GB00001"


def code(household, *, building="0001", parcel=PARCEL, fixture="F"):
    return f"{parcel}{fixture}{building}{household:04d}"


def table(*rows, headings=HEADINGS, **options):
    return read_units([headings, *[list(row) for row in rows]], **options)


def only_fault(read):
    (fault,) = read.faults
    return fault


def test_a_row_is_a_unit():
    (unit,) = table([101, 1, 89.5, "住宅", code(1)]).units
    assert unit == Unit("101", "1", 89.5, "residential", code(1))


@pytest.mark.parametrize(
    "headings",
    [
        ["Unit", "Floor", "Area (m²)", "Use", "unit_code"],
        ["房号", "所在层", "建筑面积(㎡)", "规划用途", "不动产单元代码"],
        [" 户 号 ", "层次", "实测建筑面积/m2", "用途", "BDCDYH"],
    ],
)
def test_headings_are_known_in_both_languages_and_with_their_units(headings):
    (unit,) = table(["1-101", "3F", "1,089.50 ㎡", "shop", code(1)], headings=headings).units
    assert unit == Unit("1-101", "3", 1089.5, "commercial", code(1))


def test_a_title_may_stand_above_the_headings_and_totals_below_the_rows():
    read = read_units(
        [["1号楼楼盘表", None, None, None, None], HEADINGS, [101, 1, 90, "住宅", None], ["合计", None, 90]]
    )
    assert [unit.number for unit in read.units] == ["101"]
    assert read.rows == [3]
    assert (read.left_out, read.faults) == (1, [])


def test_other_columns_are_kept_as_attributes():
    (unit,) = table([101, 1, 90, "住宅", None, 75.5, None], headings=[*HEADINGS, "套内面积", "备注"]).units
    assert unit.attributes == {"套内面积": 75.5}


def test_columns_that_may_be_personal_are_not_read():
    read = table([101, 1, 90, "住宅", None, "张三", 9000], headings=[*HEADINGS, "权利人", "单价"])
    assert read.units[0].attributes == {}
    assert read.unread == ["权利人", "单价"]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ([None, 1, 90, "住宅", None], "unit_no_number"),
        (["1" * 65, 1, 90, "住宅", None], "unit_long"),
        ([101, None, 90, "住宅", None], "unit_no_storey"),
        ([101, 1, None, "住宅", None], "unit_no_area"),
        ([101, 1, "九十", "住宅", None], "unit_area_text"),
        ([101, 1, "89,50", "住宅", None], "unit_area_text"),
        ([101, 1, True, "住宅", None], "unit_area_text"),
        ([101, 1, 0, "住宅", None], "unit_area_size"),
        ([101, 1, -3.5, "住宅", None], "unit_area_size"),
        ([101, 1, 2_000_000, "住宅", None], "unit_area_size"),
        ([101, 1, 90, None, None], "unit_no_use"),
        ([101, 1, 90, "宇航", None], "unit_use_unknown"),
        ([101, 1, 90, "住宅", "320505400202GB00001F0001000"], "alias_length"),
        ([101, 1, 90, "住宅", code(0)], "unit_code_whole"),
        ([101, 1, 90, "住宅", code(1, fixture="L")], "unit_code_fixture"),
    ],
)
def test_a_row_that_is_no_unit_says_why_and_what_to_do(row, kind):
    read = table(row)
    fault = only_fault(read)
    assert (fault.row, fault.fault.kind, read.units) == (2, kind, [])
    assert all([*fault.fault.text, *fault.fault.remedy])


def test_a_malformed_code_names_the_character():
    fault = only_fault(table([101, 1, 90, "住宅", "320505400202GB00001X00010001"]))
    assert (fault.fault.kind, fault.position, fault.number) == ("alias_letter", 20, "101")


def test_one_bad_row_costs_itself_alone():
    read = table([101, 1, 90, "住宅", None], [102, 1, 0, "住宅", None], [103, 1, 90, "住宅", None])
    assert [unit.number for unit in read.units] == ["101", "103"]
    assert only_fault(read).row == 3


def test_a_number_and_a_code_are_one_unit_s_alone():
    read = table([101, 1, 90, "住宅", code(1)], ["101", 2, 90, "住宅", code(2)], [102, 1, 90, "住宅", code(1)])
    assert [(fault.row, fault.fault.kind) for fault in read.faults] == [
        (3, "unit_duplicate"),
        (4, "unit_code_duplicate"),
    ]


class TestCodesOfOneBuilding:
    def test_agree_in_parcel_and_building(self):
        rows = [[100 + n, 1, 90, "住宅", code(n)] for n in (1, 2, 3)]
        other_parcel = [104, 1, 90, "住宅", code(4, parcel="320505400203GB00001")]
        other_building = [105, 1, 90, "住宅", code(5, building="0002")]
        read = table(*rows, other_parcel, other_building)
        assert [(fault.row, fault.fault.kind, fault.position) for fault in read.faults] == [
            (5, "unit_code_parcel", 12),
            (6, "unit_code_building", 21),
        ]

    def test_may_be_of_several_parcels_where_that_is_said(self):
        other = "320505400203GB00001"
        rows = [[1, 1, 90, "商业", code(1)], [2, 1, 90, "商业", code(2, parcel=other, building="0007")]]
        assert table(*rows).faults
        assert not table(*rows, several_parcels=True).faults

    def test_may_be_of_several_buildings_together(self):
        assert not table([1, 1, 90, "车位", code(1, building="9999")], [2, 1, 90, "住宅", code(2)]).faults

    def test_need_not_be_there_yet(self):
        assert not table([1, 1, 90, "住宅", None], [2, 1, 90, "住宅", code(2)]).faults


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([], "units_no_headings"),
        ([["a", "b"], [1, 2]], "units_no_headings"),
        ([["户号", "建筑面积", "层"], ["101", 90, 1]], "units_no_column"),
        ([HEADINGS], "units_none"),
    ],
)
def test_what_is_no_building_table_says_so(rows, kind):
    fault = only_fault(read_units(rows))
    assert (fault.row, fault.fault.kind) == (None, kind)


@pytest.mark.parametrize(
    ("text", "kept", "numbers"),
    [
        ("3", "3", (3,)),
        ("3F", "3", (3,)),
        ("第三层", "3", (3,)),
        ("二十一层", "21", (21,)),
        ("B1", "-1", (-1,)),
        ("地下一层", "-1", (-1,)),
        ("负2层", "-2", (-2,)),
        ("1-2层", "1~2", (1, 2)),
        ("地下1-2层", "-2~-1", (-2, -1)),
        ("-1~1", "-1~1", (-1, 1)),
        ("夹层", "夹层", ()),
        ("屋面", "屋面", ()),
    ],
)
def test_storeys_are_read_as_people_write_them(text, kept, numbers):
    assert storey_value(text) == kept
    assert storeys_of(kept) == numbers


@given(st.text(max_size=12))
def test_a_storey_that_is_kept_is_kept_as_it_is(text):
    kept = storey_value(text)
    assert storey_value(kept) == kept
    assert storey_order(kept)


def test_storeys_come_from_the_lowest_up_and_names_last():
    assert sorted(["夹层", "10", "2", "-1", "1~2"], key=storey_order) == ["-1", "1~2", "2", "10", "夹层"]


UNITS = st.lists(
    st.builds(
        Unit,
        number=st.sampled_from(["101", "102", "201", "A1"]),
        storey=st.sampled_from(["1", "2", "-1", "1~2", "夹层"]),
        area_m2=st.floats(1, 500),
        use=st.sampled_from([use.code for use in load_uses()]),
        code=st.none() | st.sampled_from([code(1), code(2)]),
    ),
    unique_by=lambda unit: unit.key,
)


@given(UNITS, UNITS)
def test_closing_and_adding_make_the_new_table_of_the_old_one(held, wanted):
    changes = compare_units(held, wanted)
    left = {unit.key: unit for unit in held if unit not in changes.closed}
    left |= {unit.key: unit for unit in changes.added} | {new.key: new for _, new in changes.kept}
    assert left == {unit.key: unit for unit in wanted}


@given(UNITS)
def test_the_same_table_changes_nothing(units):
    changes = compare_units(units, units)
    assert (changes.closed, changes.added) == ((), ())


@given(UNITS)
def test_the_totals_of_uses_and_of_storeys_add_up_to_the_whole(units):
    totals = total_units(units)
    for parts in (totals.by_use, totals.by_storey):
        assert sum(total.units for total in parts.values()) == totals.whole.units == len(units)
        assert sum(total.area_m2 for total in parts.values()) == pytest.approx(totals.whole.area_m2, abs=0.01)


def test_a_code_alone_closes_no_unit():
    old, new = Unit("101", "1", 90.0, "residential", code(1)), Unit("101", "1", 90.0, "residential", code(2))
    assert compare_units([old], [new]).kept == ((old, new),)


def test_more_area_than_the_storeys_hold_is_told():
    units = [Unit(str(n), str(n), 300.0, "office") for n in (1, 2)]
    assert [fault.kind for fault in check_capacity(units, footprint_m2=240.0)] == [
        "units_exceed_building",
        "storey_exceeds_footprint",
        "storey_exceeds_footprint",
    ]
    assert not check_capacity(units, footprint_m2=280.0)


def test_a_unit_on_two_storeys_counts_half_on_each_and_a_basement_may_be_wide():
    units = [Unit("1", "1~2", 400.0, "commercial"), Unit("P", "-1", 390.0, "parking")]
    assert not check_capacity(units, footprint_m2=250.0)


def test_units_without_numbered_storeys_are_not_compared():
    assert not check_capacity([Unit("1", "夹层", 400.0, "commercial")], footprint_m2=10.0)


def test_every_word_means_one_use():
    words = [word for use in load_uses() for word in {text.casefold() for text in (*use.words, *use.name, use.code)}]
    assert len(words) == len(set(words))
    assert get_use("of-former-days").name.zh == "of-former-days"


@given(st.lists(st.lists(st.none() | st.integers() | st.floats() | st.text(max_size=30), max_size=6), max_size=6))
def test_any_rows_are_units_or_faults(rows):
    read = read_units([HEADINGS, *rows])
    blank = sum(all(cell is None for cell in row) for row in rows)
    faulty = {fault.row for fault in read.faults if fault.row is not None}
    assert len(read.units) + len(faulty) + read.left_out + blank == len(rows)


def test_a_row_s_unit_number_is_found_by_its_headings():
    assert find_number({"建筑编码": "x", "户号": 101}) == "101"
    assert find_number({"建筑编码": "x", "户号": None}) is None


def test_every_use_is_documented_with_its_names():
    text = (Path(__file__).parents[2] / "docs" / "projects.md").read_text(encoding="utf-8")
    for use in load_uses():
        assert f"| `{use.code}` | {use.name.en} | {use.name.zh} |" in text
