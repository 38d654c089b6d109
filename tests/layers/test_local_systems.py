"""A city's own systems: kept by name, on CGCS2000 alone, and never shown."""

import pyproj
import pytest
import shapely
from making import shapefile, squares
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import TransverseMercatorConversion

from geocode.crs import crs_gate
from layers.entries import ReadOptions
from layers.errors import RefusedFile
from layers.local_systems import read_systems
from layers.reading import read_delivery

MERIDIAN = 126.553125
OWN = ProjectedCRS(
    TransverseMercatorConversion(longitude_natural_origin=MERIDIAN, false_easting=500_000), "own", geodetic_crs=4490
)


def listed(wkt, name="城建坐标系"):
    return f"[[system]]\nname = '{name}'\nwkt = '''{wkt}'''\n"


@pytest.mark.parametrize("version", ["WKT2_2019", "WKT1_ESRI"])
def test_a_registered_system_is_stated_by_its_name_and_kept_as_such(tmp_path, version):
    systems = read_systems(listed(OWN.to_wkt(version)))
    delivery = read_delivery(
        shapefile(tmp_path / "set", prj=None), crs="城建坐标系", options=ReadOptions(systems=systems)
    )
    assert delivery.crs_name == "城建坐标系"
    assert shapely.equals(delivery.frame.geometry.values, squares()).all()
    lon, _ = crs_gate(delivery.crs).to_lonlat(*squares()[0].exterior.coords.xy)
    assert abs(lon[0] - MERIDIAN) < 1


@pytest.mark.parametrize(
    "text",
    [
        "not TOML",
        "[[system]]\nname = 'a'",
        "system = 3",
        listed("EPSG"),
        listed(pyproj.CRS(2385).to_wkt()),
        listed(pyproj.CRS(4490).to_wkt()),
    ],
)
def test_anything_else_is_refused_without_a_word_of_what_it_says(text):
    with pytest.raises(RefusedFile) as caught:
        read_systems(text)
    assert caught.value.fault.kind in {"systems_unreadable", "system_not_exact"}
    assert caught.value.__cause__ is None or caught.value.fault.kind == "systems_unreadable"


def test_northing_first_is_seen_though_nothing_bounds_such_a_system(tmp_path):
    systems = read_systems(listed(OWN.to_wkt()))
    turned = shapely.transform(squares(), lambda xy: xy[:, ::-1])
    for prj, crs in ((None, "城建坐标系"), (OWN.to_wkt("WKT1_ESRI"), None)):
        path = shapefile(tmp_path / "set", prj=prj, geometry=turned)
        delivery = read_delivery(path, crs=crs, options=ReadOptions(systems=systems))
        assert shapely.equals(delivery.frame.geometry.values, squares()).all()


def test_no_parameter_of_a_system_is_told(tmp_path, refusal):
    systems = read_systems(listed(OWN.to_wkt()))
    path = shapefile(tmp_path / "set", prj=None)
    error = refusal(path, options=ReadOptions(systems=systems, extent=[(126, 43, 127.5, 44.5)]))
    assert "城建坐标系" in [each["crs"] for each in error.candidates]
    told = f"{error.fault} {error.candidates} {read_delivery(path, crs='城建坐标系', options=ReadOptions(systems=systems)).crs_why}"
    assert str(MERIDIAN) not in told
    assert "PROJCRS" not in told
