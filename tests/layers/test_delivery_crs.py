"""The CRS of a delivery is found and told, never guessed; what it might be is suggested by the numbers."""

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from making import collection, feature, frame_of, geojson, geopackage, lonlat_squares, shapefile, squares

from layers.crs import are_degrees, suggest_crs
from layers.reading import read_delivery

ZONES_3 = st.integers(25, 45)
ZONES_6 = st.integers(13, 23)
# inside the mainland's strip of a zone
EASTING = st.floats(345_000, 655_000)
NORTHING = st.floats(2_010_000, 5_930_000)


def named(name):
    return {"crs": {"type": "name", "properties": {"name": name}}}


def metres(x=500_000.0):
    return feature(geometry=shapely.geometry.mapping(squares(1, x=x)[0]))


def suggested(x, y):
    return suggest_crs(np.array([[x, y]]))


class TestSuggestions:
    @given(ZONES_3, EASTING, NORTHING)
    def test_a_prefix_of_25_to_45_is_a_zone_of_three_degrees(self, zone, easting, northing):
        hint = suggested(zone * 1e6 + easting, northing)
        epsg = 4513 + zone - 25
        assert f"EPSG:{epsg}" in hint.zh
        assert pyproj.CRS(epsg).name.endswith(f"zone {zone}")

    @given(ZONES_6, EASTING, NORTHING)
    def test_a_prefix_of_13_to_23_is_a_zone_of_six_degrees(self, zone, easting, northing):
        hint = suggested(zone * 1e6 + easting, northing)
        epsg = 4491 + zone - 13
        assert f"EPSG:{epsg}" in hint.en
        assert pyproj.CRS(epsg).name.endswith(f"zone {zone}")

    @given(EASTING, NORTHING)
    def test_no_prefix_is_a_zone_by_central_meridian(self, easting, northing):
        assert "EPSG:4534" in suggested(easting, northing).en

    @given(st.floats(73.5, 135), st.floats(4, 53))
    def test_degrees_are_degrees(self, lon, lat):
        assert "EPSG:4490" in suggested(lon, lat).zh

    @given(ZONES_3, EASTING, NORTHING)
    def test_northing_first_is_seen(self, zone, easting, northing):
        hint = suggested(northing, zone * 1e6 + easting)
        assert "northing" in hint.en
        assert f"EPSG:{4513 + zone - 25}" in hint.en

    def test_latitude_first_is_seen(self):
        assert "EPSG:4490" in suggested(43.8, 126.5).en
        assert "must change places" in suggested(43.8, 126.5).en

    def test_web_mercator_is_thought_of(self):
        assert "EPSG:3857" in suggested(12_900_000, 4_800_000).en
        assert "EPSG:3857" in suggested(13_500_000, 4_800_000).en

    @pytest.mark.parametrize("point", [(0, 0), (1e9, 1e9), (1e308, 1e308), (np.nan, 1), (-500_000, 4_850_000)])
    def test_anything_else_is_not_forced_into_a_system(self, point):
        assert "no CRS that is usual" in suggested(*point).en

    @given(st.lists(st.tuples(st.floats(), st.floats())))
    def test_any_numbers_have_a_sentence(self, points):
        xy = np.array(points, dtype=float).reshape(-1, 2)
        assert suggest_crs(xy).zh
        assert isinstance(are_degrees(xy), bool)


class TestGeoJson:
    def test_without_a_crs_degrees_are_degrees(self, tmp_path):
        delivery = read_delivery(geojson(tmp_path / "a.geojson", collection(feature())))
        assert delivery.crs_name == "EPSG:4326"
        assert "7946" in delivery.crs_why.zh

    def test_without_a_crs_metres_are_refused_with_a_suggestion(self, tmp_path, refusal):
        error = refusal(geojson(tmp_path / "a.geojson", collection(metres(42_500_000.0))))
        assert error.fault.kind == "crs_missing"
        assert "EPSG:4530" in error.fault.remedy.zh
        assert "EPSG:4530" in error.fault.remedy.en

    def test_metres_are_read_where_the_crs_is_stated(self, tmp_path):
        path = geojson(tmp_path / "a.geojson", collection(metres()))
        assert read_delivery(path, crs="EPSG:4551").crs_name == "EPSG:4551"

    def test_one_stray_feature_does_not_make_metres_of_degrees(self, tmp_path):
        delivery = read_delivery(geojson(tmp_path / "a.geojson", collection(feature(), feature(), metres())))
        assert delivery.crs_name == "EPSG:4326"
        assert len(delivery.frame) == 3

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("urn:ogc:def:crs:EPSG::4490", "EPSG:4490"),
            ("urn:ogc:def:crs:EPSG:6.9:4551", "EPSG:4551"),
            ("EPSG:4551", "EPSG:4551"),
            ("epsg:4551", "EPSG:4551"),
            ("http://www.opengis.net/def/crs/EPSG/0/4490", "EPSG:4490"),
            ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
            ("urn:ogc:def:crs:OGC::CRS84", "EPSG:4326"),
        ],
    )
    def test_the_old_member_is_honoured_and_told(self, tmp_path, name, expected):
        delivery = read_delivery(geojson(tmp_path / "a.geojson", collection(feature(), **named(name))))
        assert delivery.crs_name == expected
        assert "旧式" in delivery.crs_why.zh

    def test_the_older_form_with_a_code_is_honoured_too(self, tmp_path):
        member = {"crs": {"type": "EPSG", "properties": {"code": 4490}}}
        assert read_delivery(geojson(tmp_path / "a.geojson", collection(feature(), **member))).crs_name == "EPSG:4490"

    @pytest.mark.parametrize(
        "member",
        [
            named("EPSG:999999"),
            named("file:///etc/passwd"),
            named("http://127.0.0.1/crs"),
            named("+proj=longlat +datum=WGS84"),
            named('GEOGCS["x"]'),
            named(""),
            {"crs": {"type": "name"}},
            {"crs": {"type": "name", "properties": 5}},
            {"crs": "EPSG:4490"},
            {"crs": 5},
            {"crs": []},
        ],
    )
    def test_a_member_of_another_kind_is_refused(self, tmp_path, refusal, member):
        assert refusal(geojson(tmp_path / "a.geojson", collection(feature(), **member))).fault.kind == "crs_unreadable"

    def test_a_link_is_never_followed(self, tmp_path, refusal):
        member = {"crs": {"type": "link", "properties": {"href": "http://127.0.0.1:9/crs", "type": "ogcwkt"}}}
        assert refusal(geojson(tmp_path / "a.geojson", collection(feature(), **member))).fault.kind == "crs_link"

    def test_a_crs_of_null_is_none(self, tmp_path):
        assert read_delivery(geojson(tmp_path / "a.geojson", collection(feature(), crs=None))).crs_name == "EPSG:4326"


class TestPrj:
    def test_without_a_prj_the_numbers_suggest_one(self, tmp_path, refusal):
        error = refusal(shapefile(tmp_path / "set", prj=None))
        assert error.fault.kind == "crs_missing"
        assert "EPSG:4551" in error.fault.remedy.zh

    @pytest.mark.parametrize("text", ["not WKT at all", 'PROJCS["cut short"', "EPSG 4551", "<html>"])
    def test_a_prj_that_cannot_be_read_is_refused(self, tmp_path, refusal, text):
        error = refusal(shapefile(tmp_path / "set", prj=text))
        assert error.fault.kind == "crs_unreadable"
        assert text[:4] in error.fault.text.en

    @pytest.mark.parametrize("text", ["", " \n\x00"])
    def test_an_empty_prj_is_none(self, tmp_path, refusal, text):
        assert refusal(shapefile(tmp_path / "set", prj=text)).fault.kind == "crs_missing"

    @pytest.mark.parametrize("epsg", [4490, 4528, 4547, 4551, 2362, 4610, 4214])
    def test_esri_s_names_are_identified(self, tmp_path, epsg):
        assert read_delivery(shapefile(tmp_path / "set", prj=f"EPSG:{epsg}")).crs_name == f"EPSG:{epsg}"

    def test_a_city_s_own_meridian_is_not_taken_for_the_nearest_zone(self, tmp_path):
        wkt = pyproj.CRS(4551).to_wkt("WKT1_ESRI").replace('"Central_Meridian",126.0', '"Central_Meridian",126.55')
        delivery = read_delivery(shapefile(tmp_path / "set", prj=wkt.replace("CGCS2000_3_Degree_GK_CM_126E", "City")))
        assert delivery.crs.to_epsg() is None
        assert delivery.crs_name == "City"

    def test_the_person_overrules_the_file_and_that_is_told(self, tmp_path):
        delivery = read_delivery(shapefile(tmp_path / "set"), crs="EPSG:4549")
        assert delivery.crs_name == "EPSG:4549"
        assert any("EPSG:4551" in note.zh and "EPSG:4549" in note.zh for note in delivery.notes)

    def test_the_person_and_the_file_agreeing_is_no_news(self, tmp_path):
        assert read_delivery(shapefile(tmp_path / "set"), crs=4551).notes == ()

    @pytest.mark.parametrize("crs", ["EPSG:999999", "nonsense", "", -1])
    def test_a_crs_that_nobody_knows_is_refused(self, tmp_path, refusal, crs):
        assert refusal(shapefile(tmp_path / "set"), crs=crs).fault.kind == "crs_unknown"

    def test_of_a_compound_crs_the_horizontal_part_counts(self, tmp_path):
        path = geopackage(tmp_path / "a.gpkg", {"a": frame_of(geometry=lonlat_squares(), crs="EPSG:4490")})
        assert read_delivery(path, crs="EPSG:4551+5737").crs_name == "EPSG:4551"
