"""Facilities: the ground of lines and points, the same however they are drawn; what is none; which is which."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geocode import Fault, encode, encode_many
from geocode.planes import from_plane, to_plane
from registry.facilities import (
    Extent,
    extent_of,
    find_class,
    foreign_class,
    load_classes,
    stated_class,
    stated_measure,
)
from registry.facility_matches import match_facilities
from registry.fingerprints import fingerprints

PLANE = "EPSG:4551"
ORIGIN = (544_000.0, 4_856_000.0)
ROAD, PIPE, LAMP, TOILET = (find_class(code) for code in ("road", "water_pipe", "lamp", "public_toilet"))


def placed(geometry):
    """Return a geometry drawn in metres from a corner of the city in EPSG:4490."""
    return from_plane(shapely.transform(np.array([geometry]), lambda xy: xy + ORIGIN), PLANE)[0]


def line(*points):
    return placed(shapely.LineString(points))


def flat(geometry):
    return shapely.transform(to_plane(np.array([geometry]), PLANE)[0], lambda xy: xy - ORIGIN)


def kind_of(result):
    assert isinstance(result, Fault)
    assert all([*result.text, *result.remedy])
    return result.kind


STEPS = st.tuples(st.floats(-80, 80), st.floats(-80, 80))
LINES = st.lists(STEPS, min_size=2, max_size=9).map(lambda steps: np.cumsum(steps, axis=0).tolist())


class TestCorridors:
    def test_a_straight_line_has_a_rectangle_of_its_width(self):
        extent = extent_of(line((0, 0), (100, 0)), ROAD, 12.0)
        assert flat(extent.footprint).area == pytest.approx(1200, abs=1)
        assert flat(extent.footprint).bounds == pytest.approx((0, -6, 100, 6), abs=0.01)
        assert (extent.width_m, extent.length_m) == (12.0, pytest.approx(100, abs=0.01))
        assert encode(extent.footprint)

    @given(LINES, st.sampled_from([0.3, 3.0, 12.0, 60.0]))
    def test_the_direction_of_a_line_does_not_matter(self, points, width_m):
        drawn = line(*points)
        one, other = extent_of(drawn, ROAD, width_m), extent_of(drawn.reverse(), ROAD, width_m)
        if isinstance(one, Fault):
            assert one.kind == kind_of(other)
        else:
            assert one.footprint.wkb == other.footprint.wkb
            assert one.axis.wkb == other.axis.wkb

    @given(LINES, st.sampled_from([0.3, 3.0, 12.0, 60.0]))
    def test_any_line_has_a_corridor_that_can_be_coded_or_a_reason(self, points, width_m):
        extent = extent_of(line(*points), ROAD, width_m)
        if isinstance(extent, Extent):
            coded = encode_many(np.array([extent.footprint], dtype=object))
            assert coded.faults[0] is None
            # no less than the line itself over its width, but for what overlaps
            assert extent.footprint.distance(extent.axis.centroid) < 1

    @given(LINES, st.integers(0, 2**32))
    def test_what_machines_compute_differently_does_not_matter(self, points, seed):
        drawn = line(*points)
        rng = np.random.default_rng(seed)
        noisy = shapely.transform(drawn, lambda xy: xy + rng.uniform(-1e-13, 1e-13, xy.shape))
        one, other = extent_of(drawn, ROAD, 12.0), extent_of(noisy, ROAD, 12.0)
        assert isinstance(one, Fault) or one.footprint.wkb == other.footprint.wkb

    def test_repeated_vertices_and_the_first_vertex_of_a_ring_do_not_matter(self):
        ring = [(0, 0), (200, 0), (200, 150), (0, 150)]
        one = extent_of(line(*ring, ring[0]), ROAD, 10.0)
        turned = ring[2:] + ring[:2]
        other = extent_of(line(turned[0], *turned, turned[0]), ROAD, 10.0)
        assert one.footprint.wkb == other.footprint.wkb
        assert len(one.footprint.interiors) == 1

    def test_the_parts_of_a_line_may_come_in_any_order_and_twice(self):
        a, b = [(0, 0), (50, 0)], [(80, 0), (120, 30)]
        one = extent_of(placed(shapely.MultiLineString([a, b])), ROAD, 5.0)
        other = extent_of(placed(shapely.MultiLineString([b[::-1], a, a[::-1]])), ROAD, 5.0)
        assert one.footprint.wkb == other.footprint.wkb
        assert one.footprint.geom_type == "MultiPolygon"

    def test_a_line_that_crosses_itself_is_fine(self):
        extent = extent_of(line((0, 0), (100, 0), (100, 100), (50, -50)), ROAD, 8.0)
        assert extent.footprint.is_valid
        assert encode(extent.footprint)

    @pytest.mark.parametrize(
        ("drawn", "kind"),
        [
            (line((0, 0), (0, 0)), "facility_no_length"),
            (line((0, 0), (0.5, 0)), "facility_short"),
            (line((0, 0), (60_000, 0)), "facility_large"),
            (shapely.LineString(), "facility_no_geometry"),
            (shapely.LineString([(126, 43), (np.inf, 43)]), "facility_not_finite"),
            (shapely.LineString([(126, 43), (126, 95)]), "facility_not_finite"),
            (shapely.Point(126, 43), "facility_geometry"),
            (shapely.GeometryCollection([shapely.Point(126, 43)]), "facility_kind"),
        ],
    )
    def test_what_has_no_corridor_says_why(self, drawn, kind):
        assert kind_of(extent_of(drawn, ROAD, 12.0)) == kind


class TestSites:
    def test_a_point_has_a_square_or_a_circle_of_its_size(self):
        spot = placed(shapely.Point(10, 20))
        square, circle = extent_of(spot, TOILET, 8.0), extent_of(spot, LAMP, 1.0)
        assert flat(square.footprint).bounds == pytest.approx((6, 16, 14, 24), abs=0.01)
        assert flat(circle.footprint).area == pytest.approx(np.pi / 4, rel=0.02)
        assert square.axis.geom_type == "Point"
        assert encode(circle.footprint)

    def test_an_area_is_its_own_ground(self):
        drawn = placed(shapely.box(0, 0, 30, 20))
        assert extent_of(drawn, TOILET) == Extent(drawn)

    def test_several_points_are_several_facilities(self):
        assert kind_of(extent_of(shapely.MultiPoint([(126, 43), (126.1, 43)]), LAMP, 1.0)) == "facility_kind"


class TestStatements:
    @pytest.mark.parametrize("word", ["road", "道路", "Road", " 城市道路 ", "STREET"])
    def test_a_class_is_meant_by_its_code_its_names_and_other_words(self, word):
        assert find_class(word) is ROAD

    def test_an_unknown_class_names_those_near_it(self):
        fault = find_class("给水管线")
        assert (kind_of(fault), "给水管道" in fault.remedy.zh) == ("facility_class_unknown", True)

    def test_what_a_row_states_comes_before_the_default(self):
        assert stated_class({"设施类别": "桥梁"}, ROAD).code == "bridge"
        assert stated_class({"name": "x"}, ROAD) is ROAD
        assert stated_class({"class": "B7"}, ROAD) is ROAD
        assert foreign_class({"class": "B7"}) == "B7"
        assert foreign_class({"class": "桥梁"}) is None
        assert kind_of(stated_class({"设施类别": "B7"}, ROAD)) == "facility_class_unknown"
        assert kind_of(stated_class({"class": "B7"}, None)) == "facility_class_unknown"
        assert kind_of(stated_class({}, None)) == "facility_no_class"

    @pytest.mark.parametrize(
        ("attributes", "default_m", "wanted"),
        [
            ({"宽度": 12}, None, 12.0),
            ({"宽度": "12.5 米"}, 3.0, 12.5),
            ({"管径": "DN300"}, None, 0.3),
            ({"管径": 300.0}, 2.0, 0.3),
            ({"width": "300mm"}, None, 0.3),
            ({}, 3.0, 3.0),
            ({}, None, 0.5),
            ({"宽度": None}, None, 0.5),
        ],
    )
    def test_a_width_is_the_row_s_the_delivery_s_or_the_class_s(self, attributes, default_m, wanted):
        assert stated_measure(attributes, line((0, 0), (9, 0)), PIPE, default_m=default_m) == pytest.approx(wanted)

    def test_a_road_has_no_width_but_a_stated_one(self):
        assert kind_of(stated_measure({}, line((0, 0), (9, 0)), ROAD)) == "facility_no_width"

    @pytest.mark.parametrize("width", ["wide", 0, -3, 900, "0.01", "1e3"])
    def test_a_width_that_cannot_be_is_told(self, width):
        fault = stated_measure({"width_m": width}, line((0, 0), (9, 0)), ROAD)
        assert (kind_of(fault), str(width) in fault.text.en) == ("facility_width", True)

    def test_an_area_has_no_width(self):
        assert stated_measure({"width_m": 5}, placed(shapely.box(0, 0, 3, 3)), ROAD) is None


def test_every_class_is_whole_and_every_word_means_one():
    words = []
    for each in load_classes():
        assert each.geometry
        assert set(each.geometry) <= {"line", "point", "polygon"}
        assert each.level in {"on", "under", "over"}
        assert "point" not in each.geometry or each.size_m
        assert each.shape in {"square", "circle"}
        words += {word.casefold() for word in (each.code, *each.name, *each.words)}
    assert len(words) == len(set(words))


def ground(*lines, width_m=10.0):
    shapes = [flat(extent_of(line(*points), ROAD, width_m).footprint) for points in lines]
    frame = gpd.GeoDataFrame({"fingerprint": fingerprints(np.array(shapes, dtype=object))}, geometry=shapes)
    codes = [str(encode(placed(shape))) for shape in shapes]
    return frame.assign(code=codes, stage="design")


class TestMatches:
    def test_roads_that_cross_are_two(self):
        living = ground([(0, 0), (100, 0)])
        (match,) = match_facilities(ground([(50, -50), (50, 50)]), living, stated={})
        assert match.relation == "new"

    def test_the_same_ground_is_the_same_road_and_nearly_the_same_a_revision(self):
        living = ground([(0, 0), (100, 0)])
        same, revised = (
            match_facilities(ground(points), living, stated={})[0]
            for points in ([(0, 0), (100, 0)], [(1, 0), (101, 0)])
        )
        assert (same.relation, revised.relation) == ("same", "revised")
        assert revised.iou == pytest.approx(99 / 101, abs=0.01)

    def test_the_same_ground_at_another_stage_is_a_version(self):
        living = ground([(0, 0), (100, 0)])
        (match,) = match_facilities(ground([(0, 0), (100, 0)]), living, stage="acceptance", stated={})
        assert match.relation == "revised"

    def test_a_stated_road_may_be_laid_otherwise_but_not_elsewhere(self):
        living = ground([(0, 0), (100, 0)])
        moved, away = ([(0, 0), (60, 30)], [(0, 500), (100, 500)])
        assert match_facilities(ground(moved), living, stated={0: 0})[0].relation == "revised"
        assert match_facilities(ground(away), living, stated={0: 0})[0].fault.kind == "facility_stated_elsewhere"

    def test_the_same_road_twice_in_a_file_is_refused_the_second_time(self):
        first, second = match_facilities(
            ground([(0, 0), (100, 0)], [(100, 0), (0, 0)]), ground([(0, 900), (9, 900)]), stated={}
        )
        assert (first.relation, second.fault.kind) == ("new", "facility_duplicate_row")


def test_every_class_is_documented_with_its_names():
    lines = (Path(__file__).parents[2] / "docs" / "facilities.md").read_text(encoding="utf-8").splitlines()
    for each in load_classes():
        (row,) = [row for row in lines if row.startswith(f"| `{each.code}` |")]
        assert f"| {each.name.en} | {each.name.zh} |" in row
        assert f"| {each.level} |" in row
        for metres in (each.width_m, each.size_m):
            assert metres is None or f"{metres:g} " in row
