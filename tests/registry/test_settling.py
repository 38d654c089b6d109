"""What may be done with a delivery at once, what a person decides, and what is refused."""

import math

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from registry.ground import OVERLAP_TOLERANCE
from registry.settling import settle

HOUSE = shapely.box(0, 0, 20, 10)
LEFT, RIGHT = shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)
turns = st.floats(0, 360)
widths = st.lists(st.floats(6, 40), min_size=2, max_size=8)
seeds = st.integers(0, 2**32)
few = settings(max_examples=20, deadline=None)


def told(settled, rows):
    """Return what becomes of each row: a relation, or the kind of its fault."""
    found = {row: each.kind for each in settled.done for row in each.delivered}
    found |= {row: "held" for each in settled.held for row in each.delivered}
    found |= {row: fault.kind for row, fault in settled.refused.items()}
    assert set(found) == set(rows)
    return [found[row] for row in rows]


def settled(frame, delivered, known, **options):
    rows = frame(delivered)
    return told(settle(rows, frame(known), **options), rows.index)


def moved(share):
    """Return the house moved so far that it shares a part of its ground with where it stood."""
    return translate(HOUSE, xoff=20 * (1 - share))


def test_the_same_geometry_is_the_same_building(frame):
    found = settle(frame([HOUSE]), frame([HOUSE], index=["b7"]))
    assert [(each.kind, each.known) for each in found.done] == [("same", ("b7",))]


def test_on_free_ground_a_building_is_new(frame):
    assert settled(frame, [HOUSE], [translate(HOUSE, 100)]) == ["new"]
    assert settled(frame, [HOUSE, translate(HOUSE, 30)], []) == ["new", "new"]
    assert settled(frame, [], [HOUSE]) == []


@few
@given(width_m=st.floats(4, 80), depth_m=st.floats(4, 40), turn_deg=turns, seed=seeds, is_l=st.booleans())
def test_a_building_measured_again_within_two_centimetres_is_the_same_building(
    frame, l_pair, street, shaken, width_m, depth_m, turn_deg, seed, is_l
):
    if is_l:
        house, _ = l_pair(width_m=width_m, depth_m=depth_m, wing_m=min(width_m, depth_m) / 3, turn_deg=turn_deg)
    else:
        (house,) = street([width_m], depth_m=depth_m, turn_deg=turn_deg)
    assert settled(frame, [shaken(house, by_m=0.02, seed=seed)], [house])[0] in {"same", "revised"}


@few
@given(widths_m=widths, turn_deg=turns, known=st.sets(st.integers(0, 7)))
def test_a_street_of_party_walls_is_never_refused(frame, street, widths_m, turn_deg, known):
    houses = street(widths_m, turn_deg=turn_deg)
    living = [house for i, house in enumerate(houses) if i in known]
    assert settled(frame, houses, living) == ["same" if i in known else "new" for i in range(len(houses))]


@few
@given(
    width_m=st.floats(9, 60), depth_m=st.floats(9, 60), wing=st.floats(0.2, 0.8), turn_deg=turns, known=st.booleans()
)
def test_an_l_against_an_l_is_never_refused(frame, l_pair, width_m, depth_m, wing, turn_deg, known):
    first, second = l_pair(width_m=width_m, depth_m=depth_m, wing_m=wing * min(width_m, depth_m), turn_deg=turn_deg)
    rows = [second] if known else [first, second]
    assert set(settled(frame, rows, [first] if known else [])) == {"new"}


@few
@given(widths_m=widths, turn_deg=turns, seed=seeds, data=st.data())
def test_of_a_building_that_stands_twice_in_a_file_the_first_row_is_taken(
    frame, street, shaken, widths_m, turn_deg, seed, data
):
    houses = street(widths_m, turn_deg=turn_deg)
    rows = [*houses, *(shaken(house, by_m=0.02, seed=seed) for house in houses)]
    order = data.draw(st.permutations(range(len(rows))))
    delivered = frame([rows[i] for i in order], index=[f"row {i}" for i in range(len(rows))])
    found = settle(delivered, frame([]))
    first: dict[int, str] = {}
    for index, i, outcome in zip(delivered.index, order, told(found, delivered.index), strict=True):
        twin = i % len(houses)
        assert outcome == ("duplicate_row" if twin in first else "new")
        assert twin not in first or first[twin] in found.refused[index].text.en
        first.setdefault(twin, index)


def test_a_row_twice_in_a_file_is_one_building_of_the_register(frame):
    assert settled(frame, [HOUSE, HOUSE], [HOUSE]) == ["same", "duplicate_row"]


@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_a_row_over_an_earlier_row_is_refused_with_the_measures(frame, share):
    found = settle(frame([HOUSE, moved(share)], index=[3, 8]), frame([]))
    assert told(found, [3, 8])[0] == "new"
    assert found.refused[8].kind in {"overlaps_row", "duplicate_row"}
    assert "row 3" in found.refused[8].text.en


def test_a_building_that_stands_half_elsewhere_is_for_a_person_to_decide(frame):
    assert settled(frame, [moved(0.6)], [HOUSE]) == ["held"]
    assert settled(frame, [shapely.box(-5, -5, 25, 15)], [HOUSE]) == ["held"]


def test_an_overlap_is_refused_with_the_code_the_measures_and_a_place_within_the_footprint(frame):
    delivered = frame([moved(0.25)])
    found = settle(delivered, frame([HOUSE]))
    fault = found.refused[0]
    assert fault.kind == "overlaps_building"
    assert fault.text.en == "It overlaps the registered building C0 by 50.00 m² (25.0% of the smaller)."
    assert "C0" in fault.remedy.zh
    assert delivered.geometry.iloc[0].contains(shapely.Point(fault.x, fault.y))


def test_ground_of_another_building_beyond_the_tolerance_is_refused(frame):
    neighbour = shapely.box(20, 0, 40, 10)
    wide = shapely.box(20 - 20 * (OVERLAP_TOLERANCE + 0.001), 0, 40, 10)
    assert settled(frame, [wide], [HOUSE, neighbour]) == ["overlaps_building"]


def test_a_house_in_a_courtyard_overlaps_nothing(frame):
    block = shapely.box(-20, -20, 40, 30).difference(shapely.box(-5, -5, 25, 15))
    assert settled(frame, [HOUSE], [block]) == ["new"]


def test_rings_around_one_middle_are_buildings_of_their_own(frame):
    tower, yard, ring = (shapely.box(-r, -r, r, r) for r in (5.5, 5.6, 7.849))
    assert settled(frame, [ring.difference(yard)], [tower]) == ["new"]


@few
@given(wall_m=st.floats(6, 34), turn_deg=turns)
def test_a_wall_may_move_between_two_delivered_neighbours(frame, street, wall_m, turn_deg):
    before, after = street([20, 20], turn_deg=turn_deg), street([wall_m, 40 - wall_m], turn_deg=turn_deg)
    outcomes = settled(frame, after, before)
    clear = min(wall_m, 40 - wall_m) > 12
    assert set(outcomes) <= {"same", "revised"} or not clear
    assert set(outcomes) <= {"same", "revised", "held"}


def test_a_building_in_two_is_split_and_two_in_one_are_merged(frame):
    assert settled(frame, [LEFT, RIGHT], [HOUSE]) == ["split", "split"]
    assert settled(frame, [HOUSE], [LEFT, RIGHT]) == ["merged"]


def test_what_is_divided_another_way_is_for_a_person_to_decide(frame):
    thirds = [shapely.box(40 * i / 3, 0, 40 * (i + 1) / 3, 10) for i in range(3)]
    halves = [HOUSE, translate(HOUSE, 20)]
    assert set(settled(frame, thirds, halves)) == {"held"}


def test_a_footprint_over_halves_of_two_buildings_merges_nothing_by_itself(frame):
    assert settled(frame, [translate(HOUSE, 10)], [HOUSE, translate(HOUSE, 20)]) == ["held"]


def test_a_stated_code_is_enough_where_half_the_ground_is_shared(frame):
    grown = shapely.box(0, 0, 30, 10)
    assert settled(frame, [grown], [HOUSE]) == ["held"]
    assert settled(frame, [grown], [HOUSE], stated={0: 0}) == ["revised"]


def test_a_stated_code_of_a_building_elsewhere_is_refused(frame):
    living = frame([HOUSE, translate(HOUSE, 100)], index=["here", "there"])
    fault = settle(frame([HOUSE]), living, stated={0: "there"}).refused[0]
    assert fault.kind == "stated_elsewhere"
    assert "C1" in fault.text.en


@pytest.mark.parametrize("shift_m", [0.5, 2.0, 6.0])
def test_a_whole_survey_that_lies_aside_is_known_again(frame, shift_m):
    street = [shapely.box(40 * i, 0, 40 * i + 12 + i % 5, 9 + i % 3) for i in range(20)]
    aside = [translate(house, shift_m, -shift_m / 3) for house in street]
    found = settle(frame(aside), frame(street))
    assert [(each.kind, each.delivered, each.known) for each in found.done] == [
        ("revised", (i,), (i,)) for i in range(20)
    ]
    assert math.hypot(found.shift.dx_m, found.shift.dy_m) == pytest.approx(math.hypot(shift_m, shift_m / 3), abs=0.05)


def test_what_a_complete_delivery_does_not_have_is_gone(frame):
    street = [translate(HOUSE, 30 * i) for i in range(4)]
    area = shapely.union_all(frame(street).geometry.values).envelope
    delivered = frame([street[0], street[3]])
    assert settle(delivered, frame(street), complete=area).gone == (1, 2)
    assert settle(delivered, frame(street)).gone == ()


@few
@given(widths_m=widths, turn_deg=turns, seed=seeds, by_m=st.sampled_from([0.02, 0.5, 2.0]), data=st.data())
def test_whatever_is_delivered_what_is_done_leaves_one_building_on_one_ground(
    frame, street, shaken, widths_m, turn_deg, seed, by_m, data
):
    houses = street(widths_m, turn_deg=turn_deg)
    known = data.draw(st.sets(st.integers(0, len(houses) - 1)))
    living = frame([house for i, house in enumerate(houses) if i in known])
    delivered = frame([shaken(house, by_m=by_m, seed=seed + i).buffer(0) for i, house in enumerate(houses)])
    delivered = delivered[delivered.geom_type == "Polygon"]
    found = settle(delivered, living)
    told(found, delivered.index)
    ended = {
        each for relation in found.done if relation.kind in {"revised", "split", "merged"} for each in relation.known
    }
    added = [row for relation in found.done if relation.kind != "same" for row in relation.delivered]
    standing = [*living.drop(index=list(ended)).geometry, *delivered.geometry[added]]
    for i, one in enumerate(standing):
        for other in standing[:i]:
            if one not in living.geometry.values or other not in living.geometry.values:
                assert one.intersection(other).area <= OVERLAP_TOLERANCE * min(one.area, other.area)


def test_a_conflict_in_one_place_changes_nothing_in_another(frame):
    known = [translate(HOUSE, 40 * i) for i in range(6)]
    rows = [*known[:2], translate(HOUSE, 2.5), translate(HOUSE, 45), HOUSE, translate(HOUSE, 500), *known[3:]]
    found = settle(frame(rows), frame(known))
    assert [(each.kind, each.delivered, each.known) for each in found.done] == [
        ("same", (0,), (0,)),
        ("same", (1,), (1,)),
        ("new", (5,), ()),
        ("same", (6,), (3,)),
        ("same", (7,), (4,)),
        ("same", (8,), (5,)),
    ]
    assert {row: fault.kind for row, fault in found.refused.items()} == {
        2: "overlaps_building",
        3: "overlaps_building",
        4: "duplicate_row",
    }


def test_a_building_that_is_there_thousands_of_times_is_taken_once(frame):
    found = settle(frame([HOUSE] * 3_000), frame([]))
    assert [each.delivered for each in found.done] == [(0,)]
    assert {fault.kind for fault in found.refused.values()} == {"duplicate_row"}


def test_who_decides_is_told_how_far_the_outlines_are_apart(frame):
    (held,) = settle(frame([moved(0.6)]), frame([HOUSE])).held
    assert held.evidence[0].hausdorff_m == pytest.approx(8)
