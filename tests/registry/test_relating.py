"""Same building or not: what each delivered row is to the known footprints."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.affinity import translate

from registry.relating import KINDS, RelatingSettings, SurveyError, explain, relate

HOUSE = shapely.box(0, 0, 12, 10)
FAR = shapely.box(100, 0, 112, 10)
EVERYWHERE = shapely.box(-1e7, -1e7, 1e7, 1e7)


def kinds(relating):
    return [relation.kind for relation in relating.relations]


def pairs(relating):
    return [(relation.kind, relation.delivered, relation.known) for relation in relating.relations]


@pytest.fixture
def town(street):
    """Return thirty houses of three streets, each of its own width."""
    rows = [street([5 + (7 * i + row) % 5 for i in range(10)], depth_m=9 + row) for row in range(3)]
    return [translate(house, 0, 40 * row) for row, houses in enumerate(rows) for house in houses]


def test_nothing_delivered_is_related_to_nothing(frame):
    empty = frame([HOUSE]).iloc[:0]
    assert relate(empty, frame([HOUSE])).relations == ()
    assert relate(empty, empty).relations == ()


def test_nothing_delivered_within_a_complete_area_leaves_everything_gone(frame):
    empty = frame([HOUSE]).iloc[:0]
    assert kinds(relate(empty, frame([HOUSE, FAR]), complete=EVERYWHERE)) == ["gone", "gone"]


def test_everything_is_new_where_nothing_is_known(frame):
    relating = relate(frame([HOUSE, FAR]), frame([HOUSE]).iloc[:0])
    assert kinds(relating) == ["new", "new"]
    assert not any(relation.needs_review for relation in relating.relations)
    assert not relating.shift.is_applied


def test_identical_frames_are_the_same_row_by_row(frame, town):
    relating = relate(frame(town), frame(town), complete=EVERYWHERE)
    assert pairs(relating) == [("same", (i,), (i,)) for i in range(len(town))]
    assert relating.shift.is_applied
    assert relating.shift.length_m == 0.0
    assert relating.shift.sentence.kind == "in_place"


def test_the_ring_may_begin_elsewhere_and_be_off_by_less_than_the_snapping(frame):
    other = shapely.Polygon([(12, 10.001), (0, 10), (0, 0), (12, 0)])
    delivered = frame([other]).drop(columns="fingerprint")
    assert kinds(relate(delivered, frame([HOUSE]))) == ["same"]
    assert kinds(relate(delivered, frame([HOUSE]), settings=RelatingSettings(snapping_m=0.0005))) == ["revised"]


def test_one_building_drawn_anew_is_revised(frame):
    relating = relate(frame([translate(HOUSE, 0.4, -0.3)]), frame([HOUSE]))
    (relation,) = relating.relations
    assert (relation.kind, relation.needs_review) == ("revised", False)
    assert not relating.shift.is_applied
    (evidence,) = relation.evidence
    assert evidence.centroid_shift_m == pytest.approx(0.5)
    assert evidence.hausdorff_m == pytest.approx(0.5)
    assert evidence.raw_iou == evidence.iou < 1


def test_one_building_three_metres_off_is_still_the_same(frame):
    (relation,) = relate(frame([translate(HOUSE, 2.4, 1.8)]), frame([HOUSE, FAR])).relations
    assert (relation.kind, relation.known, relation.needs_review) == ("revised", (0,), False)


def test_gone_is_only_what_lies_within_the_area_that_the_delivery_covers(frame):
    known = frame([HOUSE, FAR])
    delivered = frame([translate(HOUSE, 0.1, 0)])
    around = shapely.box(*known.geometry.iloc[1].bounds).buffer(1)
    assert pairs(relate(delivered, known)) == [("revised", (0,), (0,))]
    assert pairs(relate(delivered, known, complete=EVERYWHERE))[1:] == [("gone", (), (1,))]
    assert pairs(relate(delivered, known, complete=around))[1:] == [("gone", (), (1,))]
    assert pairs(relate(delivered, known, complete=around.buffer(-2))) == [("revised", (0,), (0,))]


def test_four_houses_on_the_ground_of_one_block_are_its_split(frame, street):
    houses = [translate(house, 0.2, 0.1) for house in street([6, 6, 6, 6])]
    relating = relate(frame(houses), frame(street([24])))
    assert pairs(relating) == [("split", (0, 1, 2, 3), (0,))]
    assert relating.relations[0].reason == "parts_of_one"


def test_a_split_seen_from_the_other_side_is_a_merger(frame, street):
    houses, block = frame(street([7, 5, 6])), frame(street([18]))
    (split,) = relate(houses, block).relations
    (merged,) = relate(block, houses).relations
    assert (split.kind, merged.kind) == ("split", "merged")
    assert (split.delivered, split.known) == (merged.known, merged.delivered)
    assert split.confidence == pytest.approx(merged.confidence)


def test_ground_divided_in_another_way_is_many_to_many(frame, street):
    relating = relate(frame(street([8, 8, 8])), frame(street([12, 12])))
    assert pairs(relating) == [("many_to_many", (0, 1, 2), (0, 1))]
    assert relating.relations[0].needs_review


def test_neighbours_that_only_touch_are_not_related(frame, street):
    west, east = street([10, 10])
    assert kinds(relate(frame([east]), frame([west]))) == ["new"]


def test_a_sliver_over_the_party_wall_joins_no_neighbours(frame, street):
    known = street([8, 8, 8])
    delivered = [shapely.box(0, 0, 8.15, 12), known[1], shapely.box(16, 0, 24.1, 12)]
    assert pairs(relate(frame(delivered), frame(known))) == [
        ("revised", (0,), (0,)),
        ("same", (1,), (1,)),
        ("revised", (2,), (2,)),
    ]


def test_a_building_in_the_courtyard_of_another_does_not_conflict(frame):
    block = shapely.box(0, 0, 40, 40).difference(shapely.box(10, 10, 30, 30))
    assert kinds(relate(frame([shapely.box(15, 15, 25, 25)]), frame([block]))) == ["new"]
    assert kinds(relate(frame([block]), frame([shapely.box(15, 15, 25, 25)]))) == ["new"]


def test_a_building_over_a_part_of_a_living_one_conflicts(frame):
    (relation,) = relate(frame([shapely.box(8, 2, 30, 25)]), frame([HOUSE])).relations
    assert (relation.kind, relation.known, relation.needs_review) == ("conflicting", (0,), True)
    assert relation.reason == "on_known_ground"
    assert relation.evidence[0].overlap_m2 == pytest.approx(32)


def test_a_revision_over_a_neighbour_that_was_not_delivered_conflicts(frame, street):
    known = street([8, 8])
    (relation,) = relate(frame([shapely.box(0, 0, 10.5, 12)]), frame(known)).relations
    assert (relation.kind, relation.known) == ("conflicting", (0, 1))


def test_nothing_conflicts_with_a_building_that_is_gone(frame, street):
    relating = relate(frame([shapely.box(0, 0, 10.5, 12)]), frame(street([8, 8])), complete=EVERYWHERE)
    assert pairs(relating) == [("revised", (0,), (0,)), ("gone", (), (1,))]


def test_an_overlap_as_narrow_as_the_tolerance_is_no_conflict(frame):
    delivered = frame([shapely.box(10.75, 0, 30, 1.2)])
    assert kinds(relate(delivered, frame([shapely.box(0, 0, 11, 10)]))) == ["new"]


def test_rows_that_are_one_building_twice_conflict_both(frame):
    delivered = frame([HOUSE, FAR, translate(HOUSE, 0.05, 0)])
    relating = relate(delivered, frame([HOUSE, FAR]))
    assert pairs(relating) == [("conflicting", (0, 2), (0,)), ("same", (1,), (1,))]
    assert relating.relations[0].reason == "delivered_twice"


def test_one_building_many_times_over_is_one_conflict(frame):
    relating = relate(frame([HOUSE] * 3000), frame([HOUSE, FAR]))
    assert pairs(relating) == [("conflicting", tuple(range(3000)), (0,))]


def test_new_rows_that_overlap_each_other_conflict(frame):
    relating = relate(frame([HOUSE, translate(HOUSE, 6, 0)]), frame([FAR]))
    assert pairs(relating) == [("conflicting", (0, 1), ())]
    assert relating.relations[0].reason == "on_delivered_ground"


def test_a_stranger_on_a_rows_ground_conflicts_alone(frame):
    relating = relate(frame([HOUSE, shapely.box(6, 5, 16, 20)]), frame([HOUSE]))
    assert kinds(relating) == ["same", "conflicting"]


def test_buildings_that_overlap_in_the_register_already_are_no_news(frame):
    podium, tower = shapely.box(0, 0, 40, 30), shapely.box(10, 10, 20, 20)
    delivered = frame([translate(tower, 0.1, 0), translate(podium, 0.1, 0)])
    assert pairs(relate(delivered, frame([podium, tower]))) == [("revised", (0,), (1,)), ("revised", (1,), (0,))]


def test_a_basement_under_a_building_conflicts_with_it_in_the_plane(frame):
    relating = relate(frame([HOUSE, HOUSE]), frame([HOUSE]))
    assert pairs(relating) == [("conflicting", (0, 1), (0,))]


def test_a_shed_that_became_part_of_the_house_is_merged_into_it(frame):
    known = [HOUSE, shapely.box(12, 0, 15, 4)]
    relating = relate(frame([shapely.union_all(known)]), frame(known))
    assert pairs(relating) == [("merged", (0,), (0, 1))]


def test_another_building_on_the_same_site_goes_to_review(frame):
    (relation,) = relate(frame([shapely.box(-10, -12, 25, 4)]), frame([HOUSE])).relations
    assert relation.needs_review


def test_a_statement_that_the_ground_bears_out_is_followed(frame):
    delivered = frame([shapely.box(5, 0, 26, 14)])
    (doubtful,) = relate(delivered, frame([HOUSE])).relations
    (sure,) = relate(delivered, frame([HOUSE]), stated={0: 0}).relations
    assert doubtful.needs_review
    assert (sure.kind, sure.reason, sure.needs_review) == ("revised", "stated", False)
    assert sure.evidence[0].stated


def test_a_statement_that_the_place_contradicts_conflicts(frame):
    (relation,) = relate(frame([translate(HOUSE, 0.1, 0)]), frame([HOUSE, FAR]), stated={0: 1}).relations
    assert (relation.kind, relation.reason) == ("conflicting", "stated_elsewhere")
    assert relation.known == (0, 1)


def test_a_new_row_that_states_a_building_elsewhere_conflicts(frame):
    (relation,) = relate(frame([HOUSE]), frame([FAR]), stated={0: 0}).relations
    assert (relation.kind, relation.known) == ("conflicting", (0,))


def test_rows_that_state_the_same_block_are_its_split(frame, street):
    relating = relate(frame(street([6, 6, 9])), frame(street([21])), stated={0: 0, 1: 0, 2: 0})
    assert pairs(relating) == [("split", (0, 1, 2), (0,))]


def test_indexes_are_those_of_the_frames_whatever_they_are(frame):
    delivered = frame([FAR, translate(HOUSE, 0.1, 0)], index=[("a", 7), ("b", 1)])
    relating = relate(delivered, frame([HOUSE, FAR], index=["x", "y"]))
    assert pairs(relating) == [("same", (("a", 7),), ("y",)), ("revised", (("b", 1),), ("x",))]


def test_every_row_is_in_one_relation_of_a_known_kind_with_a_reason_in_both_languages(frame, town):
    rng = np.random.default_rng(5)
    delivered = [translate(house, *rng.normal(0, 1.5, 2)) for house in town[:25]]
    relating = relate(frame(delivered), frame(town), complete=EVERYWHERE)
    rows = [row for relation in relating.relations for row in relation.delivered]
    assert sorted(rows) == list(range(25))
    for relation in relating.relations:
        assert relation.kind in KINDS
        assert 0 <= relation.confidence <= 1
        assert "{" not in explain(relation).text.zh + explain(relation).text.en


@pytest.mark.parametrize(
    ("delivered_crs", "known_crs"), [(None, "EPSG:4551"), ("EPSG:4490", "EPSG:4490"), ("EPSG:4551", "EPSG:4550")]
)
def test_frames_that_are_not_in_one_plane_in_metres_are_refused(delivered_crs, known_crs):
    with pytest.raises(SurveyError, match="project"):
        relate(gpd.GeoDataFrame(geometry=[HOUSE], crs=delivered_crs), gpd.GeoDataFrame(geometry=[HOUSE], crs=known_crs))


def test_an_index_that_is_not_unique_is_refused(frame):
    with pytest.raises(SurveyError, match="unique"):
        relate(frame([HOUSE, FAR], index=[1, 1]), frame([HOUSE]))


def test_a_statement_about_a_building_that_is_not_known_is_refused(frame):
    with pytest.raises(SurveyError, match="7"):
        relate(frame([HOUSE]), frame([HOUSE]), stated={0: 7})
