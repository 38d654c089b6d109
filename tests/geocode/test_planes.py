"""The plane in which the law measures."""

import math

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geocode.planes import ellipsoid_areas_m2, from_plane, measure_plane, to_plane

A_M, F = 6378137.0, 1 / 298.257222101
JILIN = shapely.box(126.55, 43.84, 126.5502, 43.8401)


@pytest.mark.parametrize(
    ("lon", "lat", "plane"),
    [
        (75.0, 40, "EPSG:4534"),
        (73.500001, 40, "EPSG:4534"),
        (76.499999, 40, "EPSG:4534"),
        (76.500001, 40, "EPSG:4535"),
        (117.0, 36.6, "EPSG:4548"),
        (118.499999, 36.6, "EPSG:4548"),
        (118.500001, 36.6, "EPSG:4549"),
        (126.55, 43.84, "EPSG:4551"),
        (135.0, 48, "EPSG:4554"),
        (136.499999, 48, "EPSG:4554"),
        (73.4, 40, "EPSG:32643"),
        (136.6, 40, "EPSG:32653"),
        (9.5, 47.1, "EPSG:32632"),
        (126.55, -43.84, "EPSG:32752"),
        (-180.0, 1, "EPSG:32601"),
        (180.0, 1, "EPSG:32660"),
        (180.0, -1, "EPSG:32760"),
    ],
)
def test_the_zone_is_that_of_the_nearest_meridian(lon, lat, plane):
    assert measure_plane(lon, lat) == plane


@given(st.floats(73.6, 136.4), st.floats(3, 54))
def test_a_place_in_china_is_at_most_one_and_a_half_degrees_from_its_meridian(lon, lat):
    crs = pyproj.CRS(measure_plane(lon, lat))
    parameters = {each.name: each.value for each in crs.coordinate_operation.params}
    assert abs(parameters["Longitude of natural origin"] - lon) <= 1.5
    assert parameters["False easting"] == 500_000


@given(st.floats(-180, 180), st.floats(-80, 84))
def test_every_place_has_a_plane_that_proj_knows(lon, lat):
    assert pyproj.CRS(measure_plane(lon, lat)).is_projected


def test_the_arc_from_the_equator_to_45_degrees_is_the_published_one():
    # 4 984 944.378 m on GRS 80, whose axes are those of CGCS2000
    plane = to_plane(np.array([shapely.Point(126, 45)]), "EPSG:4551")[0]
    assert (plane.x, plane.y) == pytest.approx((500_000, 4_984_944.378), abs=0.001)


def test_a_plane_measures_as_a_transverse_mercator_written_out():
    written = pyproj.Transformer.from_crs(4490, "+proj=tmerc +lon_0=126 +k=1 +x_0=500000 +ellps=GRS80", always_xy=True)
    expected = shapely.transform(JILIN, lambda xy: np.column_stack(written.transform(xy[:, 0], xy[:, 1])))
    found = to_plane(np.array([JILIN]), "EPSG:4551")[0]
    assert found.area == pytest.approx(expected.area, rel=1e-12)
    assert found.length == pytest.approx(expected.length, rel=1e-12)


def test_a_plane_enlarges_with_the_square_of_the_distance_from_its_meridian():
    here, there = (shapely.box(lon, 43.84, lon + 0.001, 43.841) for lon in (126.0, 127.4))
    planes = to_plane(np.array([here, there]), "EPSG:4551")
    ellipsoid = ellipsoid_areas_m2(np.array([here, there]))
    east_m = planes[1].centroid.x - 500_000
    scale = 1 + east_m**2 / (2 * 6_379_000**2)
    assert planes[0].area == pytest.approx(ellipsoid[0], rel=1e-7)
    assert planes[1].area == pytest.approx(ellipsoid[1] * scale**2, rel=1e-6)


@given(st.floats(73.6, 136.4), st.floats(3, 54), st.floats(1e-5, 1e-2))
def test_there_and_back_again_is_the_same_place(lon, lat, size):
    footprint = shapely.box(lon, lat, lon + size, lat + size)
    plane = measure_plane(lon, lat)
    again = from_plane(to_plane(np.array([footprint]), plane), plane)[0]
    assert np.allclose(shapely.get_coordinates(again), shapely.get_coordinates(footprint), rtol=0, atol=1e-11)


def test_utm_takes_degrees_of_cgcs2000_as_those_of_wgs_84():
    plane = to_plane(np.array([shapely.Point(117, 45)]), "EPSG:32650")[0]
    assert (plane.x, plane.y) == pytest.approx((500_000, 4_984_944.378 * 0.9996), abs=0.001)


def zone_area_m2(south_deg, north_deg, width_deg):
    """Return the area between two parallels, by the closed formula of the authalic sphere."""
    e = math.sqrt(F * (2 - F))
    b2 = (A_M * (1 - F)) ** 2

    def q(lat_deg):
        s = math.sin(math.radians(lat_deg))
        return s / (1 - (e * s) ** 2) + math.atanh(e * s) / e

    return b2 / 2 * math.radians(width_deg) * (q(north_deg) - q(south_deg))


def test_the_ellipsoid_has_the_area_of_the_closed_formula():
    # parallels are no geodesics: many vertices make them so
    cell = shapely.segmentize(shapely.box(126, 43, 127, 44), 0.001)
    assert ellipsoid_areas_m2(np.array([cell]))[0] == pytest.approx(zone_area_m2(43, 44, 1), rel=1e-9)


def test_holes_and_parts_count_on_the_ellipsoid_whatever_their_direction():
    geod = pyproj.Geod(a=A_M, rf=1 / F)

    def ring_area(box):
        return abs(geod.polygon_area_perimeter(*np.array(box.exterior.coords).T)[0])

    shell, part = shapely.box(126, 43, 126.01, 43.01), shapely.box(126.02, 43, 126.03, 43.01)
    hole = shapely.box(126.002, 43.002, 126.004, 43.004)
    court = shapely.Polygon(shell.exterior, [hole.exterior])
    both = shapely.MultiPolygon([court, part])
    expected = [ring_area(shell) - ring_area(hole), ring_area(shell) - ring_area(hole) + ring_area(part)]
    assert ellipsoid_areas_m2(np.array([court, both])) == pytest.approx(expected, rel=1e-12)
    assert ellipsoid_areas_m2(np.array([court.reverse(), both.reverse()])) == pytest.approx(expected, rel=1e-12)


def test_no_footprints_have_no_areas():
    assert ellipsoid_areas_m2(np.empty(0, dtype=object)).tolist() == []
