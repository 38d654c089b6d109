"""Widths: the diameter of the largest circle that fits, right where area and mean width are wrong."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from blueprint import measure_widths
from tests.blueprint.conftest import turned

ROOT2 = math.sqrt(2)
IN_CORNER = 2 * ROOT2 / (1 + ROOT2)  # the circle in the bend of an L, over the width of its arms


def width_of(polygon):
    return float(measure_widths(np.array([polygon], dtype=object))[0])


def rectangle(length_m, width_m):
    return [(0, 0), (length_m, 0), (length_m, width_m), (0, width_m)]


def bend(length_m, height_m, width_m):
    return [(0, 0), (length_m, 0), (length_m, width_m), (width_m, width_m), (width_m, height_m), (0, height_m)]


NECK_AND_BLOB = [(0, 0), (100, 0), (100, -0.5), (101, -0.5), (101, 0.5), (100, 0.5), (100, 0.002), (0, 0.002)]


@pytest.mark.parametrize(
    ("points", "width_m"),
    [
        pytest.param(rectangle(500, 0.005), 0.005, id="a sliver of 2.5 m²"),
        pytest.param(rectangle(1.0, 0.9), 0.9, id="a real encroachment of 0.9 m²"),
        pytest.param(rectangle(12, 0.08), 0.08, id="a wall over the red line"),
        pytest.param([(0, 0), (40, 0), (40, 0.1)], 2 * 2.0 / (40 + 0.1 + math.hypot(40, 0.1)) * 2, id="a wedge"),
        pytest.param(NECK_AND_BLOB, 1.0, id="a neck of 2 mm with a blob"),
        pytest.param([(0, 0), (0.3, 0), (0, 0.3)], 0.3 * (2 - ROOT2), id="a corner triangle"),
    ],
)
def test_slivers_and_encroachments_are_told_apart_by_their_width(points, width_m):
    assert width_of(turned(points)) == pytest.approx(width_m, abs=1e-6)


@pytest.mark.parametrize("width_m", [0.001, 0.005, 0.05])
@pytest.mark.parametrize("angle_rad", [0.0, 0.3, 1.2])
def test_a_sliver_along_an_edge_of_100_m_is_as_wide_as_it_is(width_m, angle_rad):
    assert width_of(turned(rectangle(100, width_m), angle_rad=angle_rad)) == pytest.approx(width_m, abs=1e-8)


@pytest.mark.parametrize("width_m", [0.001, 0.05, 2.0])
def test_the_widest_place_of_a_bent_sliver_is_its_bend(width_m):
    assert width_of(turned(bend(100, 50, width_m))) == pytest.approx(width_m * IN_CORNER, abs=1e-6)


def test_vertices_on_straight_edges_change_nothing():
    along = np.linspace(0, 100, 400)
    points = [(x, 0) for x in along] + [(x, 0.001) for x in along[::-1]]
    assert width_of(turned(points)) == pytest.approx(0.001, abs=1e-8)


def test_a_hole_narrows_what_is_around_it():
    ring = shapely.box(0, 0, 10, 10) - shapely.box(2, 2, 8, 8)
    assert width_of(ring) == pytest.approx(2 * IN_CORNER, abs=1e-6)


def test_a_comb_is_measured_in_bounded_time():
    teeth = [(i + dx, y) for i in range(300) for dx, y in ((0, 10), (0.5, 10), (0.5, 1), (1, 1))]
    assert width_of(turned([(0, 0), *teeth, (300, 0)])) == pytest.approx(1.0625, abs=1e-6)


def test_nothing_has_no_widths():
    assert measure_widths(np.array([], dtype=object)).shape == (0,)


def test_polygons_measured_together_do_not_disturb_each_other():
    polygons = np.array([turned(p) for p in (rectangle(500, 0.005), NECK_AND_BLOB, bend(9, 9, 2))], dtype=object)
    alone = [width_of(polygon) for polygon in polygons]
    assert measure_widths(np.tile(polygons, 400)).reshape(-1, 3) == pytest.approx(np.tile(alone, (400, 1)), abs=1e-6)


@st.composite
def stars(draw):
    """Draw a polygon whose vertices stand around its middle, as jagged as can be."""
    count = draw(st.integers(3, 14))
    reach_m = draw(st.lists(st.floats(1, 50), min_size=count, max_size=count))
    angle = 2 * math.pi * (np.arange(count) + draw(st.floats(0, 1))) / count
    return turned(np.column_stack([reach_m * np.cos(angle), reach_m * np.sin(angle)]))


@given(stars())
def test_a_width_is_that_of_the_circle_that_geos_finds(polygon):
    found = 2 * shapely.length(shapely.maximum_inscribed_circle(polygon, tolerance=1e-8))
    assert width_of(polygon) == pytest.approx(found, abs=1e-6)


@given(stars(), st.floats(0, 6), st.floats(-5e4, 5e4), st.floats(-5e4, 5e4))
def test_a_width_does_not_depend_on_place_and_direction(polygon, angle_rad, dx_m, dy_m):
    moved = shapely.affinity.rotate(polygon, angle_rad, use_radians=True)
    moved = shapely.affinity.translate(moved, dx_m, dy_m)
    assert width_of(moved) == pytest.approx(width_of(polygon), abs=1e-6)


@given(stars(), st.floats(0.01, 10))
def test_a_width_lies_between_twice_area_over_perimeter_and_that_of_the_same_area_as_a_circle(polygon, scale):
    scaled = shapely.affinity.scale(polygon, scale, scale)
    width_m = width_of(scaled)
    assert width_m >= 2 * scaled.area / scaled.length - 1e-6
    assert width_m <= 2 * math.sqrt(scaled.area / math.pi) + 1e-6
