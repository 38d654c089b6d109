"""Same building or not."""

import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.affinity import translate

from registry.matching import OVERLAP_TOLERANCE, SAME_IOU, STATED_IOU, match_footprints

HOUSE = shapely.box(0, 0, 20, 10)
turns = st.floats(0, 360)
widths = st.lists(st.floats(3, 40), min_size=2, max_size=8)
seeds = st.integers(0, 2**32)


def relations(matches):
    return [match.relation for match in matches]


def moved(share):
    """Return the house moved so far that it shares a part of its ground with where it stood."""
    return translate(HOUSE, xoff=20 * (1 - share))


def iou_of(share):
    return share / (2 - share)


def test_the_same_geometry_is_the_same_building(frame):
    (match,) = match_footprints(frame([HOUSE]), frame([HOUSE], index=["b7"]))
    assert (match.relation, match.building, match.iou, match.fault) == ("same", "b7", 1.0, None)


def test_on_free_ground_a_building_is_new(frame):
    (match,) = match_footprints(frame([HOUSE]), frame([translate(HOUSE, 100)]))
    assert (match.relation, match.building, match.iou, match.fault) == ("new", None, 0.0, None)


def test_nothing_delivered_is_nothing_matched(frame):
    assert match_footprints(frame([]), frame([HOUSE])) == []


def test_in_an_empty_register_everything_is_new(frame):
    assert relations(match_footprints(frame([HOUSE, translate(HOUSE, 30)]), frame([]))) == ["new", "new"]


def test_a_clear_overlap_is_a_revision_of_that_building(frame):
    share = 0.96
    (match,) = match_footprints(frame([moved(share)]), frame([translate(HOUSE, 500), HOUSE], index=["far", "here"]))
    assert (match.relation, match.building) == ("revised", "here")
    assert match.iou == pytest.approx(iou_of(share))
    assert match.iou > SAME_IOU


@given(
    width_m=st.floats(4, 80),
    depth_m=st.floats(4, 40),
    turn_deg=turns,
    seed=seeds,
    is_l=st.booleans(),
)
def test_a_building_measured_again_within_two_centimetres_is_the_same_building(
    frame, l_pair, street, shaken, width_m, depth_m, turn_deg, seed, is_l
):
    if is_l:
        house, _ = l_pair(width_m=width_m, depth_m=depth_m, wing_m=min(width_m, depth_m) / 3, turn_deg=turn_deg)
    else:
        (house,) = street([width_m], depth_m=depth_m, turn_deg=turn_deg)
    again = shaken(house, by_m=0.02, seed=seed)
    (match,) = match_footprints(frame([again]), frame([house], index=["known"]))
    assert (match.relation, match.building) == ("revised", "known")


@given(widths_m=widths, turn_deg=turns, known=st.sets(st.integers(0, 7)))
def test_a_street_of_party_walls_is_never_refused(frame, street, widths_m, turn_deg, known):
    houses = street(widths_m, turn_deg=turn_deg)
    living = frame([house for i, house in enumerate(houses) if i in known])
    expected = ["same" if i in known else "new" for i in range(len(houses))]
    assert relations(match_footprints(frame(houses), living)) == expected


@given(
    width_m=st.floats(9, 60), depth_m=st.floats(9, 60), wing=st.floats(0.2, 0.8), turn_deg=turns, known=st.booleans()
)
def test_an_l_against_an_l_is_never_refused(frame, l_pair, width_m, depth_m, wing, turn_deg, known):
    first, second = l_pair(width_m=width_m, depth_m=depth_m, wing_m=wing * min(width_m, depth_m), turn_deg=turn_deg)
    if known:
        assert relations(match_footprints(frame([second]), frame([first]))) == ["new"]
    else:
        assert relations(match_footprints(frame([first, second]), frame([]))) == ["new", "new"]


@given(widths_m=widths, turn_deg=turns, seed=seeds, known=st.sets(st.integers(0, 7)), data=st.data())
def test_the_order_of_rows_changes_nothing(frame, street, shaken, widths_m, turn_deg, seed, known, data):
    houses = street(widths_m, turn_deg=turn_deg)
    living = frame(
        [house for i, house in enumerate(houses) if i in known], index=[i for i in range(len(houses)) if i in known]
    )
    delivered = frame([shaken(house, by_m=0.02, seed=seed + i) for i, house in enumerate(houses)])
    order = data.draw(st.permutations(range(len(houses))))
    straight = match_footprints(delivered, living)
    shuffled = match_footprints(delivered.iloc[list(order)], living)
    assert [(match.relation, match.building) for match in shuffled] == [
        (straight[i].relation, straight[i].building) for i in order
    ]


@given(widths_m=widths, turn_deg=turns, seed=seeds, data=st.data())
def test_of_a_building_that_stands_twice_in_a_file_the_first_row_is_taken(
    frame, street, shaken, widths_m, turn_deg, seed, data
):
    houses = street(widths_m, turn_deg=turn_deg)
    rows = [*houses, *(shaken(house, by_m=0.02, seed=seed) for house in houses)]
    order = data.draw(st.permutations(range(len(rows))))
    delivered = frame([rows[i] for i in order], index=[f"row {i}" for i in range(len(rows))])
    first: dict[int, str] = {}
    for index, i, match in zip(delivered.index, order, match_footprints(delivered, frame([])), strict=True):
        twin = i % len(houses)
        if twin in first:
            assert (match.relation, match.fault.kind) == ("refused", "duplicate_row")
            assert first[twin] in match.fault.text.en
        else:
            assert match.relation == "new"
            first[twin] = index


def test_a_row_twice_in_a_file_is_one_building_of_the_register(frame):
    matches = match_footprints(frame([HOUSE, HOUSE]), frame([HOUSE]))
    assert relations(matches) == ["same", "refused"]
    assert matches[1].fault.kind == "duplicate_row"


@pytest.mark.parametrize(
    ("share", "relation"), [(OVERLAP_TOLERANCE - 0.001, "new"), (OVERLAP_TOLERANCE + 0.001, "refused")]
)
def test_ground_of_another_building_may_be_touched_up_to_the_tolerance(frame, share, relation):
    assert relations(match_footprints(frame([moved(share)]), frame([HOUSE]))) == [relation]
    assert relations(match_footprints(frame([HOUSE, moved(share)]), frame([])))[1] == relation


def test_the_tolerance_is_a_share_of_the_smaller_footprint(frame):
    kiosk = shapely.box(19, 0, 21, 2)
    assert relations(match_footprints(frame([kiosk]), frame([HOUSE]))) == ["refused"]
    assert relations(match_footprints(frame([HOUSE]), frame([kiosk]))) == ["refused"]


def test_an_overlap_is_refused_with_the_code_the_measures_and_a_place_within_the_footprint(frame):
    delivered = frame([moved(0.25)])
    (match,) = match_footprints(delivered, frame([HOUSE]))
    assert (match.building, match.fault.kind) == (None, "overlaps_building")
    assert match.fault.text.en == "It overlaps the registered building C0 by 50.00 m² (25.0% of the smaller)."
    assert "C0" in match.fault.remedy.zh
    assert delivered.geometry.iloc[0].contains(shapely.Point(match.fault.x, match.fault.y))


def test_a_footprint_over_two_buildings_names_both(frame):
    (match,) = match_footprints(frame([translate(HOUSE, 10)]), frame([HOUSE, translate(HOUSE, 20)]))
    assert (match.relation, match.fault.kind) == ("refused", "overlaps_several")
    assert "C0, C1" in match.fault.text.zh


def test_a_known_building_that_grows_over_its_neighbour_is_refused(frame):
    neighbour = shapely.box(20, 0, 21, 10)
    (match,) = match_footprints(frame([shapely.box(0, 0, 21.5, 10)]), frame([HOUSE, neighbour]))
    assert (match.relation, match.fault.kind) == ("refused", "overlaps_building")
    assert "C1" in match.fault.text.en


def test_a_house_in_a_courtyard_overlaps_nothing(frame):
    block = shapely.box(-20, -20, 40, 30).difference(shapely.box(-5, -5, 25, 15))
    assert relations(match_footprints(frame([HOUSE]), frame([block]))) == ["new"]


def test_a_row_over_an_earlier_row_is_refused_with_the_measures(frame):
    matches = match_footprints(frame([HOUSE, moved(0.5)], index=[3, 8]), frame([]))
    assert relations(matches) == ["new", "refused"]
    assert matches[1].fault.kind == "overlaps_row"
    assert matches[1].fault.text.en == "It overlaps row 3 of the same file by 100.00 m² (50.0% of the smaller)."


def test_a_refused_row_bars_no_later_row(frame):
    rows = frame([moved(0.5), translate(HOUSE, 20)])  # the second stands on the first, beside the known house
    assert relations(match_footprints(rows, frame([HOUSE]))) == ["refused", "new"]


def test_a_stated_code_is_enough_where_half_the_ground_is_shared(frame):
    share = 2 / 3 + 0.01
    assert STATED_IOU < iou_of(share) < SAME_IOU
    delivered, living = frame([moved(share)], index=[5]), frame([HOUSE], index=["b7"])
    assert relations(match_footprints(delivered, living)) == ["refused"]
    (match,) = match_footprints(delivered, living, stated={5: "b7"})
    assert (match.relation, match.building) == ("revised", "b7")


def test_a_stated_code_of_a_building_elsewhere_is_refused(frame):
    living = frame([HOUSE, translate(HOUSE, 100)], index=["here", "there"])
    (match,) = match_footprints(frame([HOUSE]), living, stated={0: "there"})
    assert (match.relation, match.fault.kind) == ("refused", "stated_elsewhere")
    assert "C1" in match.fault.text.en
    assert "0.00" in match.fault.text.en


def test_a_stated_code_that_agrees_changes_nothing(frame):
    (match,) = match_footprints(frame([HOUSE]), frame([HOUSE], index=["b7"]), stated={0: "b7"})
    assert (match.relation, match.building) == ("same", "b7")


def test_two_rows_that_state_one_building_are_not_both_it(frame):
    halves = frame([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)])
    matches = match_footprints(halves, frame([HOUSE], index=["b7"]), stated={0: "b7", 1: "b7"})
    assert relations(matches) == ["revised", "refused"]
    assert matches[1].fault.kind == "overlaps_several"
    assert "C0" in matches[1].fault.text.en


def test_a_stated_building_that_the_caller_did_not_load_is_the_callers_mistake(frame):
    with pytest.raises(KeyError, match="b8"):
        match_footprints(frame([HOUSE]), frame([HOUSE], index=["b7"]), stated={0: "b8"})


def test_a_hole_that_touches_its_shell_is_matched_like_any_other(frame):
    # valid where it was drawn, a hair across the wall after projection
    shell = [(0, 0), (20, 6), (16, 26), (-4, 20)]
    touching = shapely.Polygon(shell, [[(10, 3 - 1e-9), (9, 12), (12, 14)]])
    assert not touching.is_valid
    (match,) = match_footprints(frame([touching]), frame([translate(touching, 0.01, 0.01)]))
    assert match.relation == "revised"
    assert not math.isnan(match.iou)
