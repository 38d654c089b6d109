"""The gate: coordinates reach EPSG:4490 by what is known, or not at all."""

import threading

import numpy as np
import pyproj
import pytest
import shapely

from geocode import STORAGE_CRS, CrsError, crs_gate, crs_name, encode, to_storage

CGCS2000_ZONES = range(4491, 4555)
SECRET = [4214, 4610, 4555]
# Beijing 1954, Xian 1980 and New Beijing in zones with and without prefix, of 3° and of 6°
SECRET_ZONES = [*range(2349, 2391, 4), 2390, *range(2401, 2443, 4), 2442, 21413, 21423, 21453, 21463, 4568, 4652, 4766]

ESRI_ZONE_126 = (
    'PROJCS["CGCS2000_3_Degree_GK_CM_126E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",'
    'DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",126.0],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


def wkt_of_degrees(name, datum, spheroid, meridian=0.0, unit=0.0174532925199433):
    return (
        f'GEOGCS["{name}",DATUM["{datum}",SPHEROID[{spheroid}]],'
        f'PRIMEM["Some meridian",{meridian}],UNIT["Some unit",{unit}]]'
    )


def esri_wkt(epsg):
    return pyproj.CRS(epsg).to_wkt("WKT1_ESRI")


def refused_as(crs):
    with pytest.raises(CrsError) as caught:
        crs_gate(crs)
    return caught.value.fault.kind


@pytest.mark.parametrize("crs", [4490, 4480, 4326, 4979, "OGC:CRS84", "EPSG:4490+5737", "EPSG:4326+5773", "EPSG:9518"])
def test_cgcs2000_and_wgs_84_pass_unchanged_with_longitude_first(crs):
    gate = crs_gate(crs)
    assert gate.is_storage
    lon, lat = gate.to_lonlat(np.array([126.55]), np.array([43.84]))
    assert (lon[0], lat[0]) == (126.55, 43.84)


@pytest.mark.parametrize("crs", SECRET)
def test_degrees_of_beijing_54_and_xian_80_are_refused_though_proj_takes_them_as_equal(crs):
    ballpark = pyproj.Transformer.from_crs(crs, STORAGE_CRS, always_xy=True)
    assert ballpark.transform(126.55, 43.84) == pytest.approx((126.55, 43.84), abs=1e-12)
    assert refused_as(crs) == "crs_parameters"


@pytest.mark.parametrize("crs", SECRET_ZONES)
def test_metres_of_beijing_54_and_xian_80_are_refused(crs):
    assert refused_as(crs) == "crs_parameters"
    assert refused_as(esri_wkt(crs)) == "crs_parameters"


@pytest.mark.parametrize("crs", SECRET)
def test_beijing_54_and_xian_80_are_refused_as_a_prj_tells_them(crs):
    assert refused_as(esri_wkt(crs)) == "crs_parameters"
    assert refused_as(pyproj.CRS(crs).to_wkt("WKT1_GDAL")) == "crs_parameters"


def test_parameters_of_unknown_origin_in_a_prj_do_not_open_the_gate():
    bound = pyproj.crs.BoundCRS(
        pyproj.CRS(4610),
        pyproj.CRS(4326),
        pyproj.crs.coordinate_operation.ToWGS84Transformation(pyproj.CRS(4610), 1, 2, 3),
    )
    assert refused_as(bound) == "crs_parameters"
    assert refused_as("+proj=longlat +ellps=krass +towgs84=15.8,-154.4,-82.3 +type=crs") == "crs_parameters"


@pytest.mark.parametrize("zone", CGCS2000_ZONES)
def test_every_zone_of_cgcs2000_is_accepted_with_x_as_east(zone):
    to_zone = pyproj.Transformer.from_crs(STORAGE_CRS, zone, always_xy=True)
    place = pyproj.CRS(zone).coordinate_operation.params[1].value + 0.7, 41.3
    x, y = to_zone.transform(*place)
    gate = crs_gate(zone)
    assert (gate.name, gate.is_storage, gate.operation) == (f"EPSG:{zone}", False, "")
    assert y == pytest.approx(4_574_000, abs=5000)
    assert x % 1e6 == pytest.approx(558_600, abs=1000)
    lon, lat = gate.to_lonlat(np.array([x]), np.array([y]))
    assert (lon[0], lat[0]) == pytest.approx(place, rel=0, abs=1e-11)


@pytest.mark.parametrize("zone", range(4534, 4555))
def test_easting_and_northing_exchanged_are_no_place(zone):
    x, y = pyproj.Transformer.from_crs(STORAGE_CRS, zone, always_xy=True).transform(
        pyproj.CRS(zone).coordinate_operation.params[1].value + 0.7, 41.3
    )
    lon, lat = crs_gate(zone).to_lonlat(np.array([y]), np.array([x]))
    assert np.isinf([lon, lat]).all()


@pytest.mark.parametrize("zone", [4491, 4502, 4513, 4534, 4551, 4554])
def test_a_zone_of_cgcs2000_is_accepted_as_a_prj_tells_it(zone):
    gate, same = crs_gate(esri_wkt(zone)), crs_gate(zone)
    x, y = np.array([pyproj.CRS(zone).coordinate_operation.params[3].value + 1234.5]), np.array([4_800_000.25])
    assert gate.name == same.name
    assert np.array_equal(gate.to_lonlat(x, y), same.to_lonlat(x, y))


def test_a_prj_of_arcmap_is_named_by_its_code():
    assert crs_gate(ESRI_ZONE_126).name == "EPSG:4551"
    assert crs_name(pyproj.CRS(ESRI_ZONE_126)) == "EPSG:4551"


def test_a_zone_that_no_code_names_is_accepted_by_its_datum():
    # a city's own central meridian, which many have
    gate = crs_gate(ESRI_ZONE_126.replace("126.0", "126.5").replace("CM_126E", "Jilin_City"))
    lon, lat = gate.to_lonlat(np.array([500_000.0]), np.array([4_800_000.0]))
    assert lon[0] == pytest.approx(126.5, abs=1e-12)
    assert lat[0] == pytest.approx(crs_gate(4551).to_lonlat(np.array([5e5]), np.array([4.8e6]))[1][0], abs=1e-12)


@pytest.mark.parametrize(
    ("crs", "place", "x", "y"),
    [
        # a quarter of the equator, and the arc from the equator to 45° N on the ellipsoid of WGS 84
        (3857, (90, 0), 10_018_754.171394622, 0.0),
        (32650, (117, 45), 500_000.0, 4_984_944.378 * 0.9996),
        (
            "+proj=tmerc +lon_0=117 +x_0=0 +k=1 +datum=WGS84 +units=us-ft +type=crs",
            (117, 45),
            0.0,
            4_984_944.378 * 3937 / 1200,
        ),
    ],
)
def test_web_mercator_utm_and_feet_on_wgs_84_are_accepted(crs, place, x, y):
    lon, lat = crs_gate(crs).to_lonlat(np.array([x]), np.array([y]))
    assert (lon[0], lat[0]) == pytest.approx(place, abs=1e-8)


@pytest.mark.parametrize(
    ("crs", "kind"),
    [
        (None, "crs_missing"),
        ("", "crs_unknown"),
        ("nonsense", "crs_unknown"),
        ("EPSG:99999", "crs_unknown"),
        ("PROJCS[", "crs_unknown"),
        (b"4490", "crs_unknown"),
        (44.9, "crs_unknown"),
        (5737, "crs_kind"),
        (4479, "crs_kind"),
        (4978, "crs_kind"),
        ('LOCAL_CS["site",UNIT["metre",1]]', "crs_kind"),
        ("+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=30 +lon_0=10 +datum=WGS84 +type=crs", "crs_kind"),
        (
            wkt_of_degrees("grads", "D_WGS_1984", '"WGS_1984",6378137,298.257223563', unit=0.015707963267948967),
            "crs_kind",
        ),
        (wkt_of_degrees("Paris", "D_China_2000", '"CGCS2000",6378137,298.257222101', meridian=2.33722917), "crs_kind"),
        (wkt_of_degrees("unknown", "unknown", '"CGCS2000",6378137,298.257222101'), "crs_parameters"),
        (wkt_of_degrees("Krasovsky", "Krasovsky_1940", '"Krasovsky_1940",6378245,298.3'), "crs_parameters"),
        ("+proj=longlat +ellps=WGS84 +type=crs", "crs_parameters"),
        ("+proj=tmerc +lon_0=126 +x_0=500000 +ellps=GRS80 +type=crs", "crs_parameters"),
        (4019, "crs_parameters"),
        (2304, "crs_parameters"),
    ],
)
def test_what_is_no_known_horizontal_frame_is_refused(crs, kind):
    assert refused_as(crs) == kind


@pytest.mark.parametrize("crs", [2056, 25832, 6668, 3826, 2326])
def test_frames_of_other_countries_pass_by_an_operation_of_a_metre_or_better(crs):
    gate = crs_gate(crs)
    assert "to WGS 84" in gate.operation
    west, south, east, north = pyproj.CRS(crs).area_of_use.bounds
    place = (west + east) / 2, (south + north) / 2
    x, y = pyproj.Transformer.from_crs(4326, crs, always_xy=True, allow_ballpark=False).transform(*place)
    lon, lat = gate.to_lonlat(np.array([x]), np.array([y]))
    # a metre is about 1e-5 degrees
    assert (lon[0], lat[0]) == pytest.approx(place, abs=2e-5)


@pytest.mark.parametrize(("crs", "accuracy"), [(4301, "9.0"), (27700, "2.0"), (4807, "2.0")])
def test_frames_of_other_countries_are_refused_where_the_best_operation_is_worse(crs, accuracy):
    with pytest.raises(CrsError, match=f"EPSG:{crs} to WGS 84 is accurate to {accuracy} m"):
        crs_gate(crs)


def test_a_gate_may_be_used_by_threads_at_once():
    gate = crs_gate(2056)
    x, y = np.full(2000, 2_600_000.0), np.full(2000, 1_200_000.0)
    expected = gate.to_lonlat(x, y)
    results = []
    threads = [threading.Thread(target=lambda: results.append(gate.to_lonlat(x, y))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(np.array_equal(result, expected) for result in results)


def test_geometries_reach_storage_flat_and_in_degrees():
    metres = shapely.force_3d(shapely.box(544_000, 4_856_000, 544_020, 4_856_010), 190.0)
    stored = to_storage(np.array([metres, None]), 4551)
    assert not stored[0].has_z
    assert stored[1] is None
    assert encode(stored[0]) == encode(metres, crs=4551)
    assert to_storage(np.array([stored[0]]), 4326)[0].equals_exact(stored[0], 0)


def test_a_place_that_the_projection_does_not_know_is_infinite_in_storage():
    lost = to_storage(np.array([shapely.box(1e9, 1e9, 2e9, 2e9)]), 4551)
    assert np.isinf(shapely.get_coordinates(lost)).all()


@pytest.mark.parametrize("crs", [4490, 4551, 32651, 2056, 25832])
def test_the_way_back_leads_where_one_came_from(crs):
    gate, area = crs_gate(crs), pyproj.CRS(crs).area_of_use
    lon, lat = (np.array([middle]) for middle in ((area.west + area.east) / 2, (area.south + area.north) / 2))
    there = gate.from_lonlat(lon, lat)
    # in degrees: 2 mm, of which shifts between ellipsoids need one for the height that nobody states
    assert np.hypot(*np.subtract(gate.to_lonlat(*there), (lon, lat))) < 2e-8
