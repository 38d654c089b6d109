"""Working geometries: what is done to a delivered one, and that all of it is told."""

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from making import collection, feature, geojson, squares

from geocode.footprints import find_faults
from layers.catalogue import load_catalogue
from layers.editions import prepare_edition
from layers.mending import mend
from layers.reading import read_delivery

PLANE, DEGREES = pyproj.CRS(4551), pyproj.CRS(4490)
BOW_TIE = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
X, Y = 500_000.0, 4_850_000.0


def mended(*geometries, crs=PLANE, **options):
    given_ = np.array([*geometries, None], dtype=object)[:-1]
    return mend(given_, find_faults(given_), crs, **options)


def changes(result):
    return [(change.row, change.kind) for change in result.changes]


def test_what_is_on_the_grid_and_valid_is_left_as_it_is():
    before = squares(3)
    after = mended(*before)
    assert after.changes == ()
    assert shapely.equals_identical(after.geometries, before).all()


def test_vertices_go_to_the_grid_of_a_tenth_of_a_millimetre_in_the_delivered_plane():
    drawn = shapely.Polygon([(X + 0.00004, Y), (X + 10.123456, Y), (X + 10, Y + 9.99996)])
    after = mended(drawn)
    assert shapely.get_coordinates(after.geometries[0]).tolist()[:3] == [[X, Y], [X + 10.1235, Y], [X + 10, Y + 10]]
    assert changes(after) == [(0, "gridded")]
    assert after.changes[0].values["moved"] == pytest.approx(0.000044, abs=1e-6)


def test_degrees_have_a_grid_as_fine():
    after = mended(shapely.box(126.12345678949, 43.8, 126.2, 43.9), crs=DEGREES)
    assert after.geometries[0].bounds[0] == 126.123456789


def test_a_vertex_that_stands_twice_is_left_out_and_counted():
    twice = shapely.Polygon([(0, 0), (10, 0), (10, 0), (10.00003, 0), (10, 10)])
    after = mended(twice)
    assert shapely.get_num_coordinates(after.geometries[0]) == 4
    assert changes(after) == [(0, "gridded"), (0, "repeated")]
    assert after.changes[1].values["count"] == 2


def test_a_bow_tie_is_mended_with_its_areas_and_its_place_told():
    after = mended(BOW_TIE)
    assert after.faults[0] is None
    assert after.geometries[0].is_valid
    assert after.geometries[0].area == 50
    (change,) = after.changes
    assert (change.kind, change.values["fault"], change.values["x"], change.values["y"]) == (
        "mended",
        "self_intersection",
        5,
        5,
    )
    assert (change.values["area_before"], change.values["area_after"]) == (0, 50)
    assert "变为 50" in change.text.zh


def test_a_bow_tie_is_refused_where_that_is_asked():
    after = mended(BOW_TIE, invalid=False)
    assert after.faults[0].kind == "self_intersection"
    assert after.changes == ()


def test_a_hole_outside_of_its_shell_and_a_ring_that_touches_itself_are_mended():
    outside = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(20, 20), (21, 20), (21, 21)]])
    eight = shapely.Polygon([(0, 0), (10, 0), (5, 5), (10, 10), (0, 10), (5, 5)])
    after = mended(outside, eight)
    assert [fault is None for fault in after.faults] == [True, True]
    assert shapely.is_valid(after.geometries).all()
    assert after.geometries[0].area >= 100


def test_what_the_grid_breaks_is_mended_and_parts_that_vanish_are_told():
    specks = shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(20, 0, 20.00002, 10)])
    after = mended(specks)
    assert after.geometries[0].equals(shapely.box(0, 0, 10, 10))
    assert changes(after) == [(0, "mended"), (0, "dropped")]


def test_what_vanishes_on_the_grid_is_a_fault():
    after = mended(shapely.box(0, 0, 0.00002, 10))
    assert after.faults[0].kind == "geometry_vanished"


def test_what_has_no_ground_that_could_be_meant_keeps_its_fault():
    flat = shapely.Polygon([(0, 0), (5, 5), (10, 10)])
    with np.errstate(invalid="ignore"):
        lost = shapely.Polygon([(0, 0), (np.nan, 1), (1, 1)])
    after = mended(flat, lost, None)
    assert [fault.kind for fault in after.faults] == ["zero_area", "not_finite", "no_geometry"]


def test_the_geometries_that_were_given_are_not_changed():
    drawn = np.array([shapely.box(0.00003, 0, 1, 1), BOW_TIE], dtype=object)
    before = shapely.to_wkb(drawn)
    mend(drawn, find_faults(drawn), PLANE)
    assert (shapely.to_wkb(drawn) == before).all()


def test_neighbours_keep_the_vertices_that_they_share():
    cells = np.array(
        shapely.voronoi_polygons(shapely.MultiPoint(np.random.default_rng(5).uniform(0, 100, (200, 2)))).geoms
    )
    after = mended(*cells)
    assert shapely.coverage_is_valid(after.geometries)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=4, max_size=12))
def test_any_ring_is_valid_in_the_end_or_has_a_fault_and_mending_twice_changes_nothing(points):
    after = mended(shapely.Polygon(points))
    if after.faults[0] is None:
        assert after.geometries[0].is_valid
        again = mended(*after.geometries)
        assert again.changes == ()


def test_an_edition_tells_what_was_done_to_its_features(tmp_path):
    bow_tie = {"type": "Polygon", "coordinates": [[[126, 43], [126.1, 43.1], [126.1, 43], [126, 43.1], [126, 43]]]}
    rows = [feature(), feature(geometry=bow_tie), feature(geometry=bow_tie, properties={"valid_to": "x"})]
    delivery = read_delivery(geojson(tmp_path / "a.geojson", collection(*rows)))
    edition = prepare_edition(delivery, layer=load_catalogue().layer("GH2201"))
    assert edition.frame.index.tolist() == [0, 1]
    assert [(change.row, change.kind) for change in edition.changes] == [(1, "mended")]
