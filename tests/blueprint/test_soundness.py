"""How soundly a footprint is drawn: every sharp angle, short edge and small hole with its place."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from blueprint import Outcome, find_findings
from blueprint.rule_sets import load_rule_set
from tests.blueprint.conftest import TODAY, make_footprints, turned


def rule(city=""):
    return next(rule for rule in load_rule_set(city).rules if rule.id == "R36")


def find(*shapes, city=""):
    return find_findings(make_footprints(*shapes), {}, [rule(city)], as_of=TODAY)


RECTANGLE = [(0, 0), (20, 0), (20, 10), (0, 10)]


def test_a_plain_building_is_sound():
    assert find(turned(RECTANGLE))[0].outcome is Outcome.PASS


def test_a_spike_is_found_at_its_vertex():
    (found,) = find(turned([(0, 0), (20, 0), (20, 10), (60, 11), (20, 11), (0, 11)]))
    assert (found.outcome, found.unit) == (Outcome.FAIL, "deg")
    assert found.measured == pytest.approx(np.degrees(np.arctan2(1, 40)), abs=1e-6)
    assert found.required == 10
    assert found.witness.equals_exact(shapely.Point(turned([(60, 11), (61, 11), (61, 12)]).exterior.coords[0]), 1e-6)


def test_a_short_edge_is_found_with_its_line():
    (found,) = find(turned([(0, 0), (20, 0), (20, 10), (0.05, 10), (0, 9.99)]))
    assert (found.unit, found.measures[0].label) == ("m", "edge")
    assert found.witness.length == pytest.approx(np.hypot(0.05, 0.01))
    assert found.margin == pytest.approx(np.hypot(0.05, 0.01) - 0.1)


def test_an_edge_of_a_decimetre_is_long_enough():
    assert find(turned([(0, 0), (20, 0), (20, 10), (0, 10), (0, 0.1)]))[0].outcome is Outcome.PASS


def test_small_holes_and_small_ground_are_found_where_a_city_sets_limits():
    city = '[[rule]]\nid = "R36"\nquality = { hole_m2 = 1, area_m2 = 300 }'
    holed = shapely.Polygon(turned(RECTANGLE).exterior, [turned([(5, 5), (5.5, 5), (5.5, 5.5), (5, 5.5)]).exterior])
    (found,) = find(holed, city=city)
    assert [measure.label for measure in found.measures] == ["hole", "area"]
    assert found.measures[1].measured == pytest.approx(199.75)


def test_a_footprint_that_crosses_itself_fails():
    (found,) = find(shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)]))
    assert (found.outcome, "Self-intersection" in found.reason.en) == (Outcome.FAIL, True)


@given(st.floats(0, 6.2), st.floats(0.2, 3), st.booleans())
def test_turning_and_the_direction_of_the_ring_change_nothing(angle_rad, width, is_reversed):
    points = [(0, 0), (20, 0), (20, width), (0, 10)]
    shape = turned(points, angle_rad=angle_rad)
    one, other = find(shape)[0], find(shape.reverse() if is_reversed else shape)[0]
    assert (one.outcome, one.measured) == (other.outcome, pytest.approx(other.measured))
    assert len(one.measures) == len(find(turned(points))[0].measures)
