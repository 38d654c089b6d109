"""Pairs that a rule between layers is about by their numbers, and ground that a third layer excuses."""

import pytest
import shapely

from blueprint import Outcome, find_conflicts, list_unevaluated, load_rules
from tests.blueprint.conftest import TODAY, make_layer

RULES = {rule.id: rule for rule in load_rules()}


def box(west, south, east, north):
    return shapely.box(546_000 + west, 4_855_000 + south, 546_000 + east, 4_855_000 + north)


@pytest.mark.parametrize(
    ("line", "parcel", "outcome"),
    [
        ({"限高": 18}, {"jzxg": 24, "rjl": 2.0}, Outcome.FAIL),
        ({"限高": 18}, {"jzxg": 18, "rjl": 2.0}, None),
        ({"限高": 18}, {"rjl": 2.0}, Outcome.NOT_EVALUATED),
        ({"容积率上限": 1.5}, {"jzxg": 24, "rjl": 2.0}, Outcome.FAIL),
        ({"限高": 30, "容积率上限": 1.5}, {"jzxg": 24, "rjl": 2.0}, Outcome.FAIL),
        ({"限高": 30, "容积率上限": 2.5}, {"jzxg": 24, "rjl": 2.0}, None),
        ({"BHDJ": "国家级"}, {"jzxg": 24, "rjl": 2.0}, Outcome.NOT_EVALUATED),
    ],
)
def test_a_protection_line_is_held_against_the_parcels_in_it_where_it_states_numbers(line, parcel, outcome):
    layers = {
        "GH2210": make_layer("GH2210", [box(0, 0, 50, 50)], attrs=[line]),
        "GH2303": make_layer("GH2303", [box(10, 10, 30, 30)], attrs=[parcel]),
    }
    rows = find_conflicts(layers, [RULES["C35"]], as_of=TODAY)
    assert list(rows["outcome"]) == ([] if outcome is None else [outcome])


def layers_of_farmland(*conversions):
    return {
        "XZ1201": make_layer("XZ1201", [box(0, 0, 100, 100)], attrs=[{"DLBM": "0101"}]),
        "GH2103": make_layer("GH2103", [box(50, 0, 150, 100)], attrs=[{"YDYHFLDM": "0701"}]),
        "GL3102": make_layer("GL3102", list(conversions)),
    }


def test_cropland_that_was_converted_is_no_conflict_with_the_plan():
    rows = find_conflicts(layers_of_farmland(box(50, 0, 80, 100)), [RULES["C37"]], as_of=TODAY)
    (row,) = rows.itertuples()
    assert (row.outcome, row.area_m2) == (Outcome.FAIL, pytest.approx(2_000))
    assert row.geometry.equals(box(80, 0, 100, 100))


def test_where_all_of_it_was_converted_there_is_no_row():
    assert find_conflicts(layers_of_farmland(box(40, -5, 110, 110)), [RULES["C37"]], as_of=TODAY).empty


def test_without_the_layer_of_conversions_the_rule_is_not_evaluated():
    layers = layers_of_farmland()
    del layers["GL3102"]
    assert find_conflicts(layers, [RULES["C37"]], as_of=TODAY).empty
    (missing,) = list_unevaluated(layers, [RULES["C37"]], as_of=TODAY)
    assert missing.layer == "GL3102"
