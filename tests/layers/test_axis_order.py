"""x comes before y, and where a file says the wrong order the numbers are believed."""

import numpy as np
import pyproj
import pytest
import shapely

from layers.axis_order import in_xy, is_north_first
from layers.crs import crs_of_name
from layers.curves import Linearised
from layers.remarks import told
from layers.tables import Table

# EPSG's 3° and 6° zones of CGCS2000, with the zone in the easting and without
ZONES = [*range(4491, 4555)]


def table(*shapes, curved=None):
    geometries = np.array([*shapes, None], dtype=object)[:-1]
    return Table(geometries, np.full(len(geometries), None, dtype=object), [], curved=curved or {})


@pytest.mark.parametrize("code", [4490, *ZONES])
def test_every_zone_of_the_mainland_is_found_in_either_order(code):
    found = crs_of_name(f"EPSG:{code}", why="crs_gml")
    bounds = found.crs.area_of_use.bounds
    middle = (bounds[0] + bounds[2]) / 2, 36.0
    x, y = pyproj.Transformer.from_crs(found.crs.geodetic_crs, found.crs, always_xy=True).transform(*middle)
    square = shapely.box(x, y, x + 0.001, y + 0.001)
    swapped = shapely.transform(square, lambda xy: xy[:, ::-1])
    assert is_north_first(found.crs)
    for shape, north_first, is_told in (
        (square, False, False),
        (swapped, True, False),
        (square, True, True),
        (swapped, False, True),
    ):
        read = in_xy(table(shape), found, north_first=north_first)
        assert shapely.equals_exact(read.geometries[0], square)
        assert bool(told(read.notes)) is is_told


def test_where_both_orders_could_be_meant_the_file_s_word_counts():
    found = crs_of_name("EPSG:4326", why="crs_gml")
    read = in_xy(table(shapely.Point(75, 39)), found, north_first=True)
    assert shapely.get_coordinates(read.geometries).tolist() == [[39, 75]]
    assert read.notes == ()


def test_what_was_made_of_arcs_changes_with_its_row():
    found = crs_of_name("EPSG:4551", why="crs_gml")
    shape = shapely.box(4851000, 540000, 4851020, 540030)
    read = in_xy(table(shape, curved={0: Linearised(shape, 1, 0.001, 600.0)}), found, north_first=True)
    assert shapely.equals(read.curved[0].geometry, read.geometries[0])
    assert read.curved[0].area == 600.0


def test_rows_without_geometry_and_with_none_but_infinite_ordinates_are_left():
    found = crs_of_name("EPSG:4551", why="crs_gml")
    read = in_xy(table(None, shapely.Point(np.inf, 1)), found, north_first=False)
    assert read.geometries[0] is None
    assert read.crs is found
