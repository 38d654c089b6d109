"""Arithmetic says "simple" only of what GEOS finds valid, and of nearly all that people draw."""

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import example, given
from hypothesis import strategies as st

from geocode.rings import flatten
from geocode.simplicity import mark_simple

SQUARE = [(0, 0), (4, 0), (4, 4), (0, 4)]


def marked(polygons):
    rings = flatten(np.array(polygons, dtype=object))
    simple = np.empty(len(polygons), dtype=bool)
    mark_simple(rings.x, rings.y, rings.starts, rings.first, simple)
    return simple


def is_marked(ring, shift=(0.0, 0.0), scale=1.0):
    with np.errstate(invalid="ignore"):
        polygon = shapely.Polygon([(shift[0] + x * scale, shift[1] + y * scale) for x, y in ring])
    return bool(marked([polygon])[0])


def agrees_with_geos(ring):
    if is_marked(ring):
        polygon = shapely.Polygon(ring)
        assert polygon.is_valid
        assert polygon.area > 0


# a narrow grid: vertices on edges, on each other, edges there and back, all of them often
@example([(0, 0), (2, 0), (1, 0), (1, 3)])
@example([(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)])
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=9))
def test_no_ring_on_a_narrow_grid_is_simple_that_geos_refuses(ring):
    agrees_with_geos(ring)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=3, max_size=9))
def test_no_ring_of_any_doubles_is_simple_that_geos_refuses(ring):
    agrees_with_geos(ring)


nearly = st.sampled_from([0.0, 1e-15, -1e-15, 1.5e-14, -1.5e-14, 1e-12])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), nearly, nearly), min_size=3, max_size=7))
def test_no_ring_within_a_hair_of_touching_itself_is_simple_that_geos_refuses(places):
    agrees_with_geos([(126.55 + x * 1e-5 + dx, 43.84 + y * 1e-5 + dy) for x, y, dx, dy in places])


@pytest.mark.parametrize(
    "ring",
    [
        SQUARE,
        SQUARE[::-1],
        [(0, 0), (4, 0), (0, 3)],
        [(0, 0), (4, 0), (4, 2), (2, 2), (2, 4), (0, 4)],
        [(0, 0), (1, 0), (2, 0), (4, 0), (4, 4), (0, 4)],
        [(0, 0), (9, 0), (9, 9), (7, 9), (7, 2), (2, 2), (2, 9), (0, 9)],
    ],
)
@pytest.mark.parametrize("shift", [(0, 0), (126.55, 43.84), (545_678.123, 4_856_789.456)])
def test_what_people_draw_is_simple(ring, shift):
    assert is_marked(ring, shift, 1e-5 if shift == (126.55, 43.84) else 1.0)


def test_most_rings_with_vertices_in_the_middle_of_edges_are_simple():
    rng = np.random.default_rng(3)
    west = rng.uniform(126, 127, 500)
    boxes = shapely.box(west, 43, west + 1e-4, 43 + 1e-4)
    turned = [shapely.affinity.rotate(box, angle) for box, angle in zip(boxes, rng.uniform(0, 90, 500), strict=True)]
    assert marked(shapely.segmentize(np.array(turned), 3e-5)).mean() > 0.99


@pytest.mark.parametrize(
    "ring",
    [
        [(0, 0), (4, 4), (4, 0), (0, 4)],
        [(0, 0), (4, 0), (4, 4), (4, 0), (0, 4)],
        [(0, 0), (0, 0), (4, 0), (4, 4)],
        [(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)],
        [(0, 0), (1, 0), (2, 0)],
        [(0, 0), (4, 0), (4, float("nan")), (0, 4)],
        [(0, 0), (4, 0), (4, float("inf")), (0, 4)],
        [(0, 0), (1e200, 0), (1e200, 1e200), (0, 1e200)],
        [(0, 0), (1e-170, 0), (1e-170, 1e-170), (0, 1e-170)],
    ],
)
def test_where_there_is_a_doubt_nothing_is_said(ring):
    assert not is_marked(ring)


@pytest.mark.parametrize(("corners", "times"), [(5, 2), (7, 2), (7, 3), (8, 3), (9, 4), (47, 2)])
def test_no_ring_that_goes_round_more_than_once_is_simple(corners, times):
    turns = [2 * np.pi * times * i / corners for i in range(corners)]
    assert not is_marked([(np.cos(turn), np.sin(turn)) for turn in turns])
    assert is_marked([(np.cos(turn), np.sin(turn)) for turn in sorted(turn % (2 * np.pi) for turn in turns)])


def test_holes_and_parts_and_long_rings_are_left_to_geos():
    courtyard = shapely.Polygon(SQUARE, [[(1, 1), (2, 1), (2, 2)]])
    pair = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)])
    assert marked([courtyard, pair, shapely.Point(0, 0).buffer(1, quad_segs=50)]).tolist() == [False, False, False]
    assert marked([shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])]).tolist() == [True]
