"""What is wrong between the polygons of a layer: cases of Flächenschluss, drawn small, and laws."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.coverages import CoverageRule, find_coverage_faults, propose_cleaning

LEFT, RIGHT = shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)
USUAL = CoverageRule()
BOUNDARY = CoverageRule(coverage_required=False, gap_width_m=0)


def frame_of(*polygons, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(polygons), crs=4551)


def found(*polygons, container=None, rule=USUAL, as_of=None, **columns):
    """Return kind, features, width in millimetres and whether it is tolerated, of every fault."""
    scope = None if container is None else frame_of(*container)
    faults = find_coverage_faults(frame_of(*polygons, **columns), container=scope, rule=rule, as_of=as_of)
    return [
        (row.kind, row.features, None if np.isnan(row.width_m) else round(row.width_m * 1000, 3), row.tolerated)
        for row in faults.itertuples()
    ]


def cells(seed, count=30):
    """Return Voronoi cells that fill a square, on a grid of 1 mm."""
    square = shapely.box(0, 0, 100, 100)
    points = shapely.MultiPoint(np.random.default_rng(seed).uniform(0, 100, (count, 2)))
    parts = np.array(shapely.voronoi_polygons(points, extend_to=square).geoms)
    gridded = shapely.set_precision(shapely.intersection(parts, square), 0.001)
    # without the grid, which every operation would keep to
    return shapely.from_wkb(shapely.to_wkb(gridded))


def test_neighbours_that_share_their_vertices_have_no_faults():
    assert found(LEFT, RIGHT) == []


@pytest.mark.parametrize(("millimetres", "tolerated"), [(1, True), (2, True), (5, False), (50, False)])
def test_a_gap_is_as_wide_as_it_is_and_tolerated_up_to_two_millimetres(millimetres, tolerated):
    apart = shapely.box(10 + millimetres / 1000, 0, 20, 10)
    assert found(LEFT, apart) == [("gap", (0, 1), millimetres, tolerated)]


@pytest.mark.parametrize(("millimetres", "tolerated"), [(1, True), (5, False), (50, False)])
def test_an_overlap_is_as_wide_as_it_is_and_tolerated_up_to_two_millimetres(millimetres, tolerated):
    over = shapely.box(10 - millimetres / 1000, 0, 20, 10)
    assert found(LEFT, over)[0] == ("overlap", (0, 1), millimetres, tolerated)


def test_a_hole_between_features_is_a_gap_and_an_island_in_it_is_not():
    ring = shapely.box(0, 0, 30, 30).difference(shapely.box(10, 10, 20, 20))
    assert found(ring) == [("gap", (0,), 10_000, False)]
    faults = find_coverage_faults(frame_of(ring, shapely.box(10, 10, 20, 19.995)))
    assert faults["area_m2"].dropna().round(6).tolist() == [0.05]


def test_a_layer_that_need_not_fill_the_ground_has_no_holes_but_narrow_gaps():
    ring = shapely.box(0, 0, 30, 30).difference(shapely.box(10, 10, 20, 20))
    assert found(ring, rule=CoverageRule(coverage_required=False)) == []
    apart = shapely.box(10.3, 0, 20, 10)
    assert found(LEFT, apart, rule=CoverageRule(coverage_required=False)) == [("gap", (0, 1), 300, False)]
    assert found(LEFT, apart, rule=BOUNDARY) == []


def test_a_missing_vertex_is_found_at_its_place_with_who_has_it_and_who_lacks_it():
    tall = shapely.box(10, 0, 20, 20)
    faults = find_coverage_faults(frame_of(LEFT, tall, shapely.box(0, 10, 10, 20)))
    assert faults["kind"].tolist() == ["vertex", "vertex"]
    assert faults["features"].tolist() == [(0, 1), (2, 1)]
    assert [point.wkt for point in faults.geometry] == ["POINT (10 10)"] * 2


def test_vertices_a_millimetre_apart_are_one():
    skew = shapely.Polygon([(10, 0), (20, 0), (20, 10), (10.001, 10.001)])
    assert [(kind, tolerated) for kind, _, _, tolerated in found(LEFT, skew)] == [("gap", True)]


def test_a_feature_within_another_and_one_drawn_twice_overlap():
    assert found(LEFT, shapely.box(2, 2, 4, 4)) == [("overlap", (0, 1), 2000, False)]
    assert found(LEFT, LEFT) == [("overlap", (0, 1), 10_000, False)]


def test_what_never_holds_together_does_not_overlap():
    first, second = dt.date(2020, 1, 1), dt.date(2021, 1, 1)
    days = {"valid_from": [first, second], "valid_to": [second, None]}
    assert found(LEFT, LEFT, **days) == []
    days["valid_to"] = [dt.date(2021, 1, 2), None]
    assert found(LEFT, LEFT, **days) == [("overlap", (0, 1), 10_000, False)]


def test_only_what_holds_on_the_day_is_looked_at():
    ended = {"valid_to": [None, dt.date(2021, 1, 1)]}
    ring = shapely.box(0, 0, 30, 30).difference(shapely.box(10, 10, 20, 20))
    assert found(ring, shapely.box(10, 10, 20, 20), **ended) == []
    assert found(ring, shapely.box(10, 10, 20, 20), as_of=dt.date(2022, 1, 1), **ended) == [
        ("gap", (0,), 10_000, False)
    ]


def test_layers_that_may_overlap_are_asked_for_nothing_but_what_contains_them():
    rule = CoverageRule(overlap_allowed=True, coverage_required=False, gap_width_m=0)
    assert found(LEFT, LEFT, rule=rule) == []
    assert found(LEFT, LEFT, rule=rule, container=[shapely.box(0, 0, 9.5, 10)]) == [
        ("protrusion", (0,), 500, False),
        ("protrusion", (1,), 500, False),
    ]


def test_features_lie_in_what_contains_them_and_fill_it_where_they_must():
    scope = [shapely.box(0, 0, 15, 10), shapely.box(15, 0, 19.9, 10), shapely.box(0, 10, 10, 10.5)]
    assert found(LEFT, RIGHT, container=scope) == [
        ("gap", (0, 1), 500, False),
        ("protrusion", (1,), 100, False),
    ]
    assert found(LEFT, RIGHT, container=scope, rule=BOUNDARY) == [("protrusion", (1,), 100, False)]


def test_what_is_no_valid_polygon_is_told_and_the_rest_is_checked():
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    faults = find_coverage_faults(frame_of(LEFT, bow_tie, shapely.Point(0, 0), None, LEFT))
    assert faults["kind"].tolist() == ["unusable"] * 3 + ["overlap"]
    assert faults["reason"].tolist()[:3] == ["Self-intersection[0.5 0.5]", "no polygon", "no polygon"]


def test_nothing_has_no_faults():
    assert len(find_coverage_faults(frame_of())) == 0


def test_cleaning_is_a_new_frame_with_areas_before_and_after():
    before = frame_of(LEFT, shapely.box(9.95, 0, 20, 10), shapely.box(20, 0, 30, 10), name=["a", "b", "c"])
    after = propose_cleaning(before)
    assert after["changed"].tolist() == [True, True, False] or after["changed"].tolist() == [False, True, False]
    assert after["area_before_m2"].round(6).tolist() == [100, 100.5, 100]
    assert after["area_after_m2"].sum() == pytest.approx(300)
    assert after["name"].tolist() == ["a", "b", "c"]
    assert before.geometry[0].equals(LEFT)
    assert len(find_coverage_faults(after)) == 0


def test_cleaning_gives_a_feature_its_missing_vertex_and_takes_no_ground():
    frame = frame_of(LEFT, shapely.box(10, 0, 20, 20), shapely.box(0, 10, 10, 20))
    after = propose_cleaning(frame)
    assert after["changed"].tolist() == [False, True, False]
    assert after["area_after_m2"].tolist() == after["area_before_m2"].tolist()


def test_a_feature_in_several_parts_stays_one():
    both = shapely.MultiPolygon([LEFT, shapely.box(50, 0, 60, 10)])
    after = propose_cleaning(frame_of(both, RIGHT, shapely.MultiPolygon([shapely.box(20, 0, 30, 10)])))
    assert after.geometry.geom_type.tolist() == ["MultiPolygon", "Polygon", "MultiPolygon"]
    assert not after["changed"].any()


@settings(max_examples=20)
@given(st.integers(0, 50))
def test_a_coverage_has_no_faults_and_needs_no_cleaning(seed):
    whole = frame_of(*cells(seed))
    assert len(find_coverage_faults(whole, container=frame_of(shapely.box(0, 0, 100, 100)))) == 0
    assert not propose_cleaning(whole)["changed"].any()


@settings(max_examples=20)
@given(st.integers(0, 50), st.integers(0, 29))
def test_a_cell_that_is_left_out_is_a_gap_of_its_own_shape(seed, missing):
    parts = cells(seed)
    rest = frame_of(*np.delete(parts, missing))
    faults = find_coverage_faults(rest, container=frame_of(shapely.box(0, 0, 100, 100)))
    assert faults["kind"].tolist() == ["gap"]
    assert shapely.symmetric_difference(faults.geometry[0], parts[missing]).area < 1e-6


@settings(max_examples=20)
@given(st.integers(0, 20), st.integers(0, 29), st.floats(0.003, 0.5))
def test_what_a_moved_cell_covers_twice_and_not_at_all_adds_up(seed, moved, by):
    parts = cells(seed)
    parts[moved] = shapely.affinity.translate(parts[moved], by, by / 2)
    square = shapely.box(0, 0, 100, 100)
    faults = find_coverage_faults(frame_of(*parts), container=frame_of(square))
    area_m2 = faults.groupby("kind")["area_m2"].sum()
    union = shapely.union_all(parts)
    assert area_m2.get("gap", 0) == pytest.approx(square.difference(union).area, abs=1e-6)
    assert area_m2.get("protrusion", 0) == pytest.approx(union.difference(square).area, abs=1e-6)
    assert area_m2.get("overlap", 0) == pytest.approx(shapely.area(parts).sum() - union.area, abs=1e-6)


def test_every_planted_fault_of_ten_thousand_vertices_is_found_once():
    parts = cells(7, count=400)
    parts[3] = shapely.union(parts[3], shapely.box(*shapely.bounds(parts[3])))
    pairs = {row.features for row in find_coverage_faults(frame_of(*parts)).itertuples() if row.kind == "overlap"}
    tree = shapely.STRtree(parts)
    touching = [int(i) for i in tree.query(parts[3]) if i != 3 and parts[3].intersection(parts[i]).area > 1e-6]
    assert pairs == {tuple(sorted((3, i))) for i in touching}


def test_a_pair_that_geos_gives_up_on_is_a_row_and_the_others_are_checked(monkeypatch):
    third = shapely.box(19, 0, 30, 10)
    intersection = shapely.intersection

    def giving_up(first, second):
        if np.size(first) > 1 or shapely.area(first) == 100 == shapely.area(second):
            raise shapely.errors.GEOSException("TopologyException: found non-noded intersection")
        return intersection(first, second)

    monkeypatch.setattr(shapely, "intersection", giving_up)
    faults = find_coverage_faults(frame_of(LEFT, shapely.box(9.5, 0, 19.5, 10), third), rule=BOUNDARY)
    assert faults["kind"].tolist()[:2] == ["unusable", "overlap"]
    assert faults["features"].tolist()[:2] == [(0, 1), (1, 2)]
    assert "non-noded" in faults["reason"][0]


def test_a_union_that_geos_gives_up_on_leaves_the_other_checks_standing(monkeypatch):
    def giving_up(*_, **__):
        raise shapely.errors.GEOSException("TopologyException: side location conflict")

    monkeypatch.setattr(shapely, "union_all", giving_up)
    faults = find_coverage_faults(frame_of(LEFT, shapely.box(9.5, 0, 19.5, 10)))
    assert faults["kind"].tolist()[:2] == ["unusable", "overlap"]
    assert faults["features"][0] == ()
