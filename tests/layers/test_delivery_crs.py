"""The CRS of a delivery is stated, or asked for with what it might be; it is never guessed."""

import ezdxf
import pyproj
import pytest
import shapely
from making import collection, feature, frame_of, geojson, geopackage, lonlat_squares, shapefile, squares

from layers.confined.reading import read_confined
from layers.entries import ReadOptions
from layers.reading import read_delivery


def named(name):
    return {"crs": {"type": "name", "properties": {"name": name}}}


def metres(x=500_000.0):
    return feature(geometry=shapely.geometry.mapping(squares(1, x=x)[0]))


class TestGeoJson:
    def test_without_a_crs_degrees_are_degrees(self, tmp_path):
        delivery = read_delivery(geojson(tmp_path / "a.geojson", collection(feature())))
        assert delivery.crs_name == "EPSG:4326"
        assert "7946" in delivery.crs_why.zh

    def test_without_a_crs_metres_are_refused_with_a_suggestion(self, tmp_path, refusal):
        error = refusal(geojson(tmp_path / "a.geojson", collection(metres(42_500_000.0))))
        assert error.fault.kind == "crs_ask"
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
        row = metres() if expected == "EPSG:4551" else feature()
        delivery = read_delivery(geojson(tmp_path / "a.geojson", collection(row, **named(name))))
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
        assert error.fault.kind == "crs_ask_zone"
        assert "EPSG:4551" in [each["crs"] for each in error.candidates]

    @pytest.mark.parametrize("text", ["not WKT at all", 'PROJCS["cut short"', "EPSG 4551", "<html>"])
    def test_a_prj_that_cannot_be_read_is_refused(self, tmp_path, refusal, text):
        error = refusal(shapefile(tmp_path / "set", prj=text))
        assert error.fault.kind == "crs_unreadable"
        assert text[:4] in error.fault.text.en

    @pytest.mark.parametrize("text", ["", " \n\x00"])
    def test_an_empty_prj_is_none(self, tmp_path, refusal, text):
        assert refusal(shapefile(tmp_path / "set", prj=text)).fault.kind == "crs_ask_zone"

    @pytest.mark.parametrize("epsg", [4490, 4528, 4547, 4551, 2362, 4610, 4214])
    def test_esri_s_names_are_identified(self, tmp_path, epsg):
        rows = {4490: lonlat_squares(), 4528: squares(x=40_500_000.0)}.get(epsg, squares())
        path = shapefile(tmp_path / "set", prj=f"EPSG:{epsg}", geometry=rows)
        assert read_delivery(path).crs_name == f"EPSG:{epsg}"

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


def test_what_is_wrong_lies_where_the_file_is_turned_to(tmp_path):
    path = tmp_path / "north_first.dxf"
    document = ezdxf.new(units=ezdxf.units.M)
    ring = [(0, 0), (0, 20), (12, 20), (12, 0.4)]
    placed = [(4_856_000 + north, 544_000 + east) for east, north in ring]
    document.modelspace().add_lwpolyline(placed, dxfattribs={"layer": "JMD"})
    document.modelspace().add_lwpolyline([(x + 50, y) for x, y in placed], close=True, dxfattribs={"layer": "JMD"})
    document.saveas(path)
    options = ReadOptions(extent=((126.0, 43.4, 127.0, 44.4),), datum="CGCS2000")
    for delivery in (read_delivery(path, options=options), read_confined(path, options=options)):
        (fault,) = [fault for fault in delivery.faults if fault is not None]
        assert (fault.x, fault.y) == pytest.approx((544_006, 4_856_000), abs=1)
        assert delivery.frame.total_bounds[0] == pytest.approx(544_000)
