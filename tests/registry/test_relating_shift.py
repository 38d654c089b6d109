"""The systematic shift of a delivery: found, told, and taken away for the matching alone."""

import numpy as np
import pytest
import shapely
from shapely.affinity import rotate, translate

from registry.relating import relate

WIDTHS = [5.0, 6.0, 5.5, 5.0, 7.0, 5.0, 6.0, 5.5, 5.0, 6.5]


@pytest.fixture
def terraces(street):
    """Return 120 houses wall to wall, in twelve rows of which some run north."""
    rows = [street(WIDTHS[row % 3 :] + WIDTHS[: row % 3], turn_deg=90 * (row % 2)) for row in range(12)]
    return [translate(house, 90 * (row % 4), 90 * (row // 4)) for row, houses in enumerate(rows) for house in houses]


def own_partners(relating):
    return sum(relation.delivered == relation.known for relation in relating.relations)


@pytest.mark.parametrize("way", [(1.83, 0.0), (-3.0, 2.5), (0.0, 5.0), (5.5, 0.0)])
def test_terraces_that_lie_a_house_farther_are_still_related_house_by_house(frame, terraces, way):
    relating = relate(frame([translate(house, *way) for house in terraces]), frame(terraces))
    assert own_partners(relating) == len(terraces)
    assert (relating.shift.dx_m, relating.shift.dy_m) == pytest.approx(way, abs=0.01)
    assert relating.shift.support == len(terraces)
    assert relating.shift.is_applied
    assert not any(relation.needs_review for relation in relating.relations)


def test_people_are_told_how_far_and_which_way(frame, terraces):
    shift = relate(frame([translate(house, 1.83, -0.5) for house in terraces]), frame(terraces)).shift
    assert "1.83 m east and 0.50 m south" in shift.sentence.text.en
    assert "偏东 1.83 米、偏南 0.50 米" in shift.sentence.text.zh


def test_a_turned_and_stretched_delivery_is_shifted_everywhere_by_its_own_vector(frame, terraces):
    def crooked(xy):
        return xy * 1.002 + np.column_stack([-xy[:, 1], xy[:, 0]]) * 0.002 + (2.0, -1.0)

    relating = relate(frame(list(shapely.transform(np.array(terraces), crooked))), frame(terraces))
    assert own_partners(relating) == len(terraces)
    assert relating.shift.spread_m < 0.5


def test_sheets_that_each_lie_their_own_way_are_related(frame, terraces):
    def patched(house):
        return translate(house, *((3.0, 0.0) if house.centroid.x < 170 else (-2.0, 2.0)))

    assert own_partners(relate(frame([patched(house) for house in terraces]), frame(terraces))) == len(terraces)


def test_untouched_rows_have_no_say_about_rows_drawn_anew_elsewhere(frame, terraces):
    moved = [translate(house, 4.0, 0.0) if i >= 60 else house for i, house in enumerate(terraces)]
    relating = relate(frame(moved), frame(terraces))
    assert own_partners(relating) == len(terraces)
    assert [relation.kind for relation in relating.relations[:60]] == ["same"] * 60


def test_few_rows_beside_a_street_are_new_and_no_shifted_street(frame, street):
    known = street([6.0] * 12)
    row_behind = [translate(house, 0, 13.5) for house in known]
    relating = relate(frame(row_behind), frame(known))
    assert {relation.kind for relation in relating.relations} == {"new"}


def test_one_building_alone_shows_no_shift_of_the_whole(frame):
    house = shapely.box(0, 0, 10, 10)
    shift = relate(frame([translate(house, 2, 0)]), frame([house])).shift
    assert not shift.is_applied
    assert shift.sentence.kind == "shift_unknown"


def test_errors_of_a_metre_at_each_house_do_not_hide_the_shift(frame, terraces):
    rng = np.random.default_rng(3)
    delivered = [
        translate(rotate(house, rng.normal(0, 1)), 3 + rng.normal(0, 0.5), -2 + rng.normal(0, 0.5))
        for house in terraces
    ]
    relating = relate(frame(delivered), frame(terraces))
    assert (relating.shift.dx_m, relating.shift.dy_m) == pytest.approx((3, -2), abs=0.25)
    assert own_partners(relating) >= 0.97 * len(terraces)
