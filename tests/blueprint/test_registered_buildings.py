"""A footprint is one registered building under the same number, or the finding says which ones it is."""

import pytest
import shapely

from blueprint import Outcome, find_findings, load_rules
from tests.blueprint.conftest import TODAY, make_footprints, make_layer

(R35,) = [rule for rule in load_rules() if rule.id == "R35"]
NUMBER = {"ZRZH": "220204006001GB00015F0001"}


def box(west, south, east, north):
    return shapely.box(546_000 + west, 4_855_000 + south, 546_000 + east, 4_855_000 + north)


def find(shapes, stated=NUMBER, registered=NUMBER, footprint=None):
    layers = {"GL3202": make_layer("GL3202", shapes, attrs=[registered] * len(shapes))}
    footprints = make_footprints(footprint or box(0, 0, 20, 10)).assign(attrs=[stated])
    return find_findings(footprints, layers, [R35], as_of=TODAY)[0]


def test_the_same_ground_under_the_same_number_is_the_same_building():
    assert find([box(0, 0, 20, 10), box(20, 0, 40, 10)]).outcome is Outcome.PASS


def test_another_number_fails_and_says_which():
    found = find([box(0, 0, 20, 10)], registered={"ZRZH": "220204006001GB00015F0002"})
    assert found.outcome is Outcome.FAIL
    assert "F0002" in found.reason.en
    assert found.witness.equals(box(0, 0, 20, 10))


@pytest.mark.parametrize(("stated", "registered"), [({}, NUMBER), (NUMBER, {}), ({}, {})])
def test_without_a_number_on_both_sides_nothing_is_said(stated, registered):
    assert find([box(0, 0, 20, 10)], stated=stated, registered=registered).outcome is Outcome.NOT_EVALUATED


def test_two_registered_buildings_in_one_footprint_are_not_one_to_one():
    found = find([box(0, 0, 10, 10), box(10, 0, 20, 10)])
    assert (found.outcome, found.measured, found.required) == (Outcome.FAIL, 2, 1)
    assert len(found.features) == 2


def test_one_part_of_a_registered_building_is_not_one_to_one():
    assert find([box(0, 0, 60, 10)]).outcome is Outcome.FAIL


def test_where_nothing_is_registered_the_rule_does_not_apply():
    assert find([box(40, 0, 60, 10)]).outcome is Outcome.NOT_APPLICABLE
