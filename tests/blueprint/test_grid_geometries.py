"""Geometries in whole numbers of 0.1 mm: the same ground is told the same, however its rings begin."""

import json

import shapely
from hypothesis import given
from hypothesis import strategies as st

from blueprint.grid_geometries import GRID_M, from_grid, to_grid

SQUARE = shapely.box(40_500_000.00004, 4_850_000, 40_500_010, 4_850_010)


def test_coordinates_are_whole_numbers_of_a_tenth_of_a_millimetre():
    told = to_grid(SQUARE)
    numbers = [number for ring in told["coordinates"] for xy in ring for number in xy]
    assert {type(number) for number in numbers} == {int}
    assert max(numbers) == 405_000_100_000


def test_rings_that_begin_elsewhere_or_run_the_other_way_are_told_the_same():
    turned = shapely.Polygon(list(SQUARE.exterior.coords)[2:-1] + list(SQUARE.exterior.coords)[:2])
    assert to_grid(turned) == to_grid(turned.reverse()) == to_grid(SQUARE)


def test_every_kind_of_geometry_can_be_told_and_read():
    mixed = shapely.GeometryCollection(
        [SQUARE, shapely.LineString([(1, 2), (3, 4)]), shapely.MultiPoint([(1, 1), (2, 2)])]
    )
    assert shapely.equals(from_grid(json.loads(json.dumps(to_grid(mixed)))), shapely.set_precision(mixed, GRID_M))


def test_nothing_is_told_of_nothing():
    assert to_grid(None) is None
    assert to_grid(shapely.Polygon()) is None


@given(st.floats(-1e8, 1e8), st.floats(-1e8, 1e8))
def test_a_place_is_told_to_half_the_grid(x, y):
    told = from_grid(to_grid(shapely.Point(x, y)))
    assert abs(told.x - x) <= GRID_M / 2 + 1e-7
    assert abs(told.y - y) <= GRID_M / 2 + 1e-7
