"""Areas on both bases: how far plane and ellipsoid differ is known."""

import geopandas as gpd
import pytest
import shapely

from blueprint import FrameCrsError, measure_areas


def square_km(lon, lat, crs):
    """Return a square of 1 km in a plane, around a place."""
    ((x, y),) = gpd.GeoSeries([shapely.Point(lon, lat)], crs="EPSG:4490").to_crs(crs).iloc[0].coords
    return gpd.GeoSeries([shapely.box(x - 500, y - 500, x + 500, y + 500)], crs=crs, index=["a"])


@pytest.mark.parametrize(
    ("lon", "lat", "crs", "ppm"),
    [
        (117.0, 36.65, "EPSG:4548", 0),  # on the central meridian
        (116.2, 36.65, "EPSG:4548", 125),
        (118.5, 36.65, "EPSG:4548", 440),  # the edge of the zone
        (120.0, 30.75, "EPSG:4546", 18_300),  # a wrong zone
    ],
)
def test_plane_and_ellipsoid_differ_by_the_scale_of_the_plane(lon, lat, crs, ppm):
    areas = measure_areas(square_km(lon, lat, crs))
    assert areas.loc["a", "plane_m2"] == pytest.approx(1e6, abs=1e-6)
    difference_ppm = 1e6 * (areas.loc["a", "plane_m2"] / areas.loc["a", "ellipsoid_m2"] - 1)
    assert difference_ppm == pytest.approx(ppm, rel=0.02, abs=1)


def test_a_hole_has_no_area_on_either_basis():
    whole = square_km(126.5, 43.85, "EPSG:4551")
    ring = whole.difference(whole.buffer(-100, join_style="mitre"))
    hole = whole.buffer(-100, join_style="mitre")
    parts = measure_areas(ring) + measure_areas(hole)
    assert parts.loc["a"].tolist() == pytest.approx(measure_areas(whole).loc["a"].tolist(), abs=1e-2)


def test_degrees_are_refused():
    with pytest.raises(FrameCrsError):
        measure_areas(gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs="EPSG:4490"))
