"""Heights below surfaces: rasters and analytic planes give the same answer where cells allow."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from blueprint.certainty import Certainty
from blueprint.errors import FrameCrsError, FrameError
from blueprint.outcomes import Outcome
from blueprint.surfaces import (
    HeightRaster,
    PlaneZones,
    check_planes,
    check_surface,
    state_tops,
    tops_on_terrain,
)
from layers.rasters import open_raster
from tests.conftest import SAMPLES
from tests.layers.grids import CRS, NORTH, WEST, plane_values, write_raster

DATUM = "EPSG:5737"
A, B, C = 0.0078125, -0.00390625, 15038.75


def at(west, south, east, north):
    """Return a box, in metres east and south of the rasters' north-western corner."""
    return shapely.box(WEST + west, NORTH - south, WEST + east, NORTH - north)


def frame(*shapes):
    return gpd.GeoDataFrame(geometry=list(shapes), crs=CRS, index=[f"f{i}" for i in range(len(shapes))])


def tops(*shapes, top_m, accuracy_m=0.0, vertical=DATUM):
    return state_tops(frame(*shapes), np.broadcast_to(top_m, len(shapes)), accuracy_m=accuracy_m, vertical=vertical)


def planes(*rows, accuracy_m=0.0, vertical=DATUM):
    zones = gpd.GeoDataFrame(
        {name: [row[i + 1] for row in rows] for i, name in enumerate("abc")},
        geometry=[row[0] for row in rows],
        crs=CRS,
        index=[f"p{i}" for i in range(len(rows))],
    )
    return PlaneZones(zones, accuracy_m, vertical)


def surface(path, values, *, accuracy_m=0.0, vertical=DATUM, **options):
    return HeightRaster(open_raster(write_raster(path, values, **options), vertical=vertical), accuracy_m)


@pytest.fixture
def flat(tmp_path):
    return surface(tmp_path / "flat.tif", np.full((20, 20), 100.0))


class TestRasters:
    def test_the_highest_terrain_and_the_lowest_surface_count(self, tmp_path, flat):
        ground = np.full((20, 20), 50.0)
        ground[3, 4] = 53.5
        terrain = surface(tmp_path / "dem.tif", ground)
        over = np.full((20, 20), 100.0)
        over[5, 6] = 80.25
        limit = surface(tmp_path / "limit.tif", over)
        buildings = frame(at(7.9, 10.1, 12.1, 6))
        (check,) = check_surface(tops_on_terrain(buildings, [20.0], terrain, accuracy_m=0.0), limit)
        assert (check.outcome, check.measured, check.required, check.margin_m) == (Outcome.PASS, 73.5, 80.25, 6.75)
        assert check.witness == shapely.Point(WEST + 13, NORTH - 11)
        (check,) = check_surface(tops_on_terrain(buildings, [30.0], terrain, accuracy_m=0.0), limit)
        assert (check.outcome, check.margin_m, check.certainty) == (Outcome.FAIL, -3.25, Certainty.CERTAIN)

    @pytest.mark.parametrize(
        ("top_m", "outcome", "certainty"),
        [
            (99.0, Outcome.PASS, Certainty.CERTAIN),
            (99.95, Outcome.PASS, Certainty.WITHIN_ACCURACY),
            (100.0, Outcome.PASS, Certainty.NOISE),
            (100.001, Outcome.PASS, Certainty.NOISE),
            (100.09, Outcome.FAIL_WITHIN_ACCURACY, Certainty.WITHIN_ACCURACY),
            (100.11, Outcome.FAIL, Certainty.CERTAIN),
        ],
    )
    def test_the_accuracies_of_heights_tell_how_sure_it_is(self, flat, top_m, outcome, certainty):
        # sigma is 5 cm of 3 and 4
        (check,) = check_surface(tops(at(5, 15, 15, 5), top_m=top_m, accuracy_m=0.03), flat._replace(accuracy_m=0.04))
        assert (check.outcome, check.certainty) == (outcome, certainty)
        assert (check.reason is not None) == (top_m == 100.001)

    def test_up_to_half_a_percent_without_a_value_is_borne_and_no_more(self, tmp_path):
        values = np.full((20, 20), 100.0)
        values[19, 19] = -9999
        limit = surface(tmp_path / "limit.tif", values, nodata=-9999)
        # one cell of 4 m² is 0.5 % of 40 m × 20 m: of a little more it is less, and of a little less more
        whole, less = check_surface(tops(at(0, 40, 40, 19.9), at(0, 40, 40, 20.1), top_m=90), limit)
        assert whole.outcome is Outcome.PASS
        assert less.outcome is Outcome.NOT_EVALUATED
        assert less.margin_m == 10
        assert "0.5%" in less.reason.en

    def test_a_building_beyond_the_raster_is_not_evaluated(self, flat):
        (check,) = check_surface(tops(at(500, 40, 540, 0), top_m=1), flat)
        assert (check.outcome, check.required, check.margin_m, check.witness) == (
            Outcome.NOT_EVALUATED,
            None,
            None,
            None,
        )

    def test_terrain_that_is_missing_is_told_as_such(self, tmp_path, flat):
        terrain = surface(tmp_path / "dem.tif", np.full((20, 20), 7.0))
        (check,) = check_surface(tops_on_terrain(frame(at(30, 20, 50, 10)), [5], terrain, accuracy_m=0.1), flat)
        assert check.outcome is Outcome.NOT_EVALUATED
        assert "地形" in check.reason.zh

    def test_heights_of_different_or_unknown_references_are_not_compared(self, flat):
        (check,) = check_surface(tops(at(0, 2, 2, 0), top_m=1, vertical="EPSG:5736"), flat)
        assert check.outcome is Outcome.NOT_EVALUATED
        assert "EPSG:5736" in check.reason.en
        terrain = HeightRaster(open_raster(flat.raster.path), 0.0)
        (check,) = check_surface(tops_on_terrain(frame(at(0, 2, 2, 0)), [5], terrain, accuracy_m=0.1), flat)
        assert check.outcome is Outcome.NOT_EVALUATED

    def test_one_poisoned_footprint_and_one_without_a_height_are_rows(self, flat):
        bow = shapely.Polygon([(WEST, NORTH), (WEST + 4, NORTH - 4), (WEST + 4, NORTH), (WEST, NORTH - 4)])
        shapes = [at(0, 2, 2, 0), bow, None, at(0, 2, 2, 0)]
        checks = check_surface(tops(*shapes, top_m=[1, 1, 1, np.nan]), flat)
        assert [check.outcome for check in checks] == [Outcome.PASS, *[Outcome.NOT_EVALUATED] * 3]
        assert all(check.reason for check in checks[1:])

    @settings(max_examples=25)
    @given(shift_m=st.floats(-500, 500), top_m=st.floats(0, 200), seed=st.integers(0, 9))
    def test_a_surface_lifted_by_a_constant_moves_the_margin_by_it(self, tmp_path_factory, shift_m, top_m, seed):
        folder, values = tmp_path_factory.getbasetemp(), np.random.default_rng(seed).random((20, 20)) * 50
        building = tops(at(3, 31, 17.3, 8.2), top_m=top_m)
        (low,) = check_surface(building, surface(folder / "low.tif", values))
        (high,) = check_surface(building, surface(folder / "high.tif", values + shift_m))
        assert high.margin_m - low.margin_m == pytest.approx(shift_m, abs=1e-9)
        assert low.witness == high.witness

    def test_footprints_of_another_plane_have_their_witness_there(self, flat):
        there = frame(at(5, 15, 15, 5)).to_crs("EPSG:4552")
        building = state_tops(there, [1.0], accuracy_m=0, vertical=DATUM)
        (check,) = check_surface(building, flat)
        assert check.margin_m == 99
        assert there.geometry.iloc[0].distance(check.witness) < 2


class TestPlanes:
    def test_a_plane_is_lowest_at_a_vertex(self):
        footprint = shapely.affinity.rotate(at(10, 30, 30, 10), 30)
        (check,) = check_planes(tops(footprint, top_m=400), planes((at(-99, 99, 99, -99), A, B, C)))
        x, y = shapely.get_coordinates(footprint).T
        lowest = np.argmin(A * x + B * y)
        assert check.required == pytest.approx((A * x + B * y + C)[lowest], abs=1e-9)
        assert shapely.get_coordinates(check.witness)[0] == pytest.approx([x[lowest], y[lowest]], abs=1e-9)
        assert check.margin_m == check.required - 400
        assert check.plane == "p0"

    def test_where_the_zone_ends_within_the_footprint_its_edge_counts(self):
        zone = (at(15, 50, 60, 0), 1.0, 0.0, -WEST)
        (check,) = check_planes(tops(at(10, 30, 30, 10), top_m=14), planes(zone))
        assert (check.outcome, check.required) == (Outcome.PASS, 15)
        assert check.witness.x == WEST + 15

    def test_of_several_planes_the_lowest_counts(self):
        over = at(0, 50, 50, 0)
        rows = [(over, 0.0, 0.0, 60.0), (over, 0.0, 0.0, 45.5), (at(300, 50, 350, 0), 0.0, 0.0, 1.0)]
        (check,) = check_planes(tops(at(10, 30, 30, 10), top_m=50), planes(*rows))
        assert (check.outcome, check.plane, check.margin_m) == (Outcome.FAIL, "p1", -4.5)

    def test_below_no_plane_nothing_applies_and_touching_one_is_not_below_it(self):
        checks = check_planes(tops(at(10, 30, 30, 10), at(0, 9, 9, 0), top_m=50), planes((at(30, 30, 60, 10), 0, 0, 1)))
        assert [check.outcome for check in checks] == [Outcome.NOT_APPLICABLE] * 2
        assert checks[0].reason.zh

    def test_a_plane_that_cannot_be_used_leaves_only_those_below_it_open(self):
        x, y = WEST, NORTH
        bow = shapely.Polygon([(x, y), (x + 40, y - 40), (x + 40, y), (x, y - 40)])
        rows = [(at(0, 99, 400, 0), 0.0, 0.0, 60.0), (bow, 0.0, 0.0, 1.0), (at(200, 99, 250, 0), 0.0, 0.0, np.nan)]
        building = tops(at(10, 30, 30, 10), at(100, 30, 130, 10), at(210, 30, 230, 10), top_m=50)
        checks = check_planes(building, planes(*rows))
        assert [check.outcome for check in checks] == [Outcome.NOT_EVALUATED, Outcome.PASS, Outcome.NOT_EVALUATED]
        assert "p1" in checks[0].reason.en
        assert checks[0].margin_m == 10

    def test_a_plane_without_a_place_leaves_all_open(self):
        (check,) = check_planes(tops(at(10, 30, 30, 10), top_m=50), planes((None, 0.0, 0.0, 60.0)))
        assert check.outcome is Outcome.NOT_EVALUATED

    def test_planes_and_buildings_share_a_plane_of_the_map(self):
        zones = planes((at(0, 9, 9, 0), 0, 0, 1)).zones
        with pytest.raises(FrameCrsError):
            check_planes(tops(at(0, 2, 2, 0), top_m=1), PlaneZones(zones.to_crs("EPSG:4552"), 0, DATUM))
        with pytest.raises(FrameError):
            state_tops(frame(at(0, 2, 2, 0)).iloc[[0, 0]], [1, 1], accuracy_m=0, vertical=DATUM)

    def test_no_buildings_and_no_planes_are_no_matter(self):
        assert check_planes(tops(top_m=1), planes((at(0, 9, 9, 0), 0, 0, 1))) == []
        (check,) = check_planes(tops(at(0, 2, 2, 0), top_m=1), planes())
        assert check.outcome is Outcome.NOT_APPLICABLE

    @settings(max_examples=40)
    @given(
        a=st.floats(-1, 1), b=st.floats(-1, 1), angle_deg=st.floats(0, 90), width=st.floats(1, 30), top=st.floats(-9, 9)
    )
    def test_no_point_of_the_footprint_has_a_lower_limit_than_the_one_found(self, a, b, angle_deg, width, top):
        footprint = shapely.affinity.rotate(at(10, 30, 10 + width, 10), angle_deg)
        c = -a * WEST - b * NORTH
        (check,) = check_planes(tops(footprint, top_m=top), planes((at(12, 99, 99, 0), a, b, c)))
        inside = shapely.intersection(footprint, at(12, 99, 99, 0))
        if inside.area > 1e-3:
            xy = shapely.get_coordinates(shapely.segmentize(inside, 0.5))
            heights = a * (xy[:, 0] - WEST) + b * (xy[:, 1] - NORTH)
            assert check.required == pytest.approx(heights.min(), abs=1e-6)
            assert shapely.distance(check.witness, inside) < 1e-6


class TestBoth:
    @settings(max_examples=25)
    @given(
        a=st.floats(-0.5, 0.5),
        b=st.floats(-0.5, 0.5),
        west=st.integers(0, 10),
        north=st.integers(0, 10),
        width=st.integers(1, 8),
        depth=st.integers(1, 8),
        height_m=st.floats(0, 60),
    )
    def test_a_plane_as_raster_answers_as_the_plane_where_vertices_are_centres_of_cells(
        self, tmp_path_factory, a, b, west, north, width, depth, height_m
    ):
        c = 30 - a * WEST - b * NORTH
        values = plane_values(a, b, c, rows=20, columns=20)
        limit = surface(tmp_path_factory.getbasetemp() / "plane.tif", values)
        # corners at centres of cells; the cells beyond them are touched too, and their centres are outside
        shape = at(2 * west + 1, 2 * (north + depth) + 1, 2 * (west + width) + 1, 2 * north + 1)
        building = tops(shape, top_m=height_m)
        (by_cells,) = check_surface(building, limit)
        (by_plane,) = check_planes(building, planes((at(0, 40, 40, 0), a, b, c)))
        assert by_cells.margin_m == pytest.approx(by_plane.margin_m, abs=1e-6)

    def test_the_samples_surface_and_plane_agree(self):
        expected = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))["height_surface"]
        limit = HeightRaster(open_raster(SAMPLES / expected["file"], vertical=DATUM), 0.0)
        west, north = expected["west"] + 4005, expected["north"] - 4005
        shape = shapely.box(west, north - 60, west + 80, north)
        building = tops(shape, top_m=150.0)
        rows = planes((shape.buffer(500), expected["a"], expected["b"], expected["c"]))
        (by_cells,), (by_plane,) = check_surface(building, limit), check_planes(building, rows)
        assert by_cells.required == pytest.approx(by_plane.required, abs=1e-6)
        assert by_cells.witness.distance(by_plane.witness) == pytest.approx(0, abs=1e-6)
