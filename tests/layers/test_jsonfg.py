"""JSON-FG: the place counts, in the CRS that the file names and in x, y; where there is none, the geometry does."""

import json
import math

import pytest
import shapely
from gdal_program import ARC, NAMES, footprints
from making import collection, feature, geojson

from layers.formats import Format, sniff
from layers.reading import read_delivery

SQUARE = [[[4851000, 540000], [4851000, 540030], [4851020, 540030], [4851020, 540000], [4851000, 540000]]]
DEGREES = {"type": "Polygon", "coordinates": [[[126.5, 43.8], [126.51, 43.8], [126.51, 43.81], [126.5, 43.8]]]}
ZONE = "http://www.opengis.net/def/crs/EPSG/0/4551"
CONFORMS = ["http://www.opengis.net/spec/json-fg-1/0.3/conf/core"]


def placed(place=None, geometry=None, **members):
    drawn = {"type": "Polygon", "coordinates": SQUARE} if place is None else place
    return {**feature(geometry), "geometry": geometry, "place": drawn, **members}


def jsonfg(path, *features, **members):
    return geojson(path, collection(*features, conformsTo=CONFORMS, **{"coordRefSys": ZONE, **members}))


def texts(delivery):
    return " ".join(note.zh for note in delivery.notes)


class TestFilesOfGdal:
    def test_the_place_is_read_in_its_crs_and_in_x_y(self, gdal_files):
        delivery = read_delivery(gdal_files / "jsonfg.json")
        assert (delivery.format, delivery.crs_name) == ("JSON-FG", "EPSG:4551")
        assert delivery.frame["名称"].tolist() == NAMES
        assert delivery.frame["featureType"].tolist() == ["建筑"] * 4
        read = shapely.normalize(delivery.frame.geometry.to_numpy())
        assert shapely.equals_exact(read, shapely.normalize(footprints()), tolerance=1e-6).all()

    def test_in_degrees_longitude_comes_first(self, gdal_files):
        delivery = read_delivery(gdal_files / "jsonfg_degrees.json")
        assert delivery.crs_name == "EPSG:4490"
        assert 126 < delivery.frame.total_bounds[0] < 127

    def test_arcs_become_chords_within_a_millimetre(self, gdal_files):
        delivery = read_delivery(gdal_files / "curve.json")
        x, y, radius = ARC
        assert delivery.curved[0].area == pytest.approx(math.pi * radius**2 / 2)
        assert delivery.curved[0].deviation <= 0.001
        assert delivery.frame.total_bounds == pytest.approx((x - radius, y, x + radius, y + radius), abs=0.001)


class TestCrs:
    @pytest.mark.parametrize(
        "member",
        [
            ZONE,
            "[EPSG:4551]",
            "urn:ogc:def:crs:EPSG::4551",
            {"type": "Reference", "href": ZONE, "epoch": 2017.23},
            [ZONE, "http://www.opengis.net/def/crs/EPSG/0/5737"],
        ],
    )
    def test_every_way_to_name_it(self, tmp_path, member):
        delivery = read_delivery(jsonfg(tmp_path / "a.json", placed(), coordRefSys=member))
        assert delivery.crs_name == "EPSG:4551"
        assert delivery.frame.total_bounds.tolist() == [540000, 4851000, 540030, 4851020]

    def test_that_of_a_feature_counts_before_that_of_the_collection(self, tmp_path):
        path = jsonfg(tmp_path / "a.json", placed(coordRefSys=ZONE), coordRefSys="urn:ogc:def:crs:EPSG::4550")
        assert read_delivery(path).crs_name == "EPSG:4551"

    def test_several_are_refused(self, tmp_path, refusal):
        path = jsonfg(tmp_path / "a.json", placed(coordRefSys="urn:ogc:def:crs:EPSG::4550"), placed())
        assert refusal(path).fault.kind == "crs_mixed"

    @pytest.mark.parametrize("member", ["https://example.org/crs", {"type": "Reference"}, 7, []])
    def test_one_that_cannot_be_read_is_refused(self, tmp_path, refusal, member):
        assert refusal(jsonfg(tmp_path / "a.json", placed(), coordRefSys=member)).fault.kind == "crs_unreadable"


class TestPlaceOrGeometry:
    def test_without_a_place_the_geometry_is_in_degrees_whatever_the_collection_says(self, tmp_path):
        delivery = read_delivery(jsonfg(tmp_path / "a.json", {**feature(DEGREES), "place": None}))
        assert delivery.crs_name == "EPSG:4326"
        assert delivery.frame.total_bounds[0] == 126.5

    def test_where_others_have_a_geometry_alone_the_places_are_left_aside_and_told(self, tmp_path):
        path = jsonfg(tmp_path / "a.json", placed(geometry=DEGREES), {**feature(DEGREES), "place": None})
        delivery = read_delivery(path)
        assert delivery.crs_name == "EPSG:4326"
        assert delivery.frame.geometry.notna().all()
        assert "place 没有采用" in texts(delivery)

    def test_places_alone_and_geometries_alone_are_refused(self, tmp_path, refusal):
        path = jsonfg(tmp_path / "a.json", placed(), {**feature(DEGREES), "place": None})
        assert refusal(path).fault.kind == "jsonfg_mixed"

    def test_of_a_prism_the_base_is_taken_and_told(self, tmp_path):
        prism = {"type": "Prism", "base": {"type": "Polygon", "coordinates": SQUARE}, "lower": 200, "upper": 230}
        path = jsonfg(tmp_path / "a.json", placed(prism), placed({"type": "MultiPrism", "prisms": [prism, prism]}))
        delivery = read_delivery(path)
        assert [shape.geom_type for shape in delivery.frame.geometry] == ["Polygon", "MultiPolygon"]
        assert "2 个棱柱体" in texts(delivery)

    @pytest.mark.parametrize(
        "place",
        [
            {"type": "Polyhedron", "coordinates": []},
            {"type": "CurvePolygon", "geometries": [{"type": "CircularString", "coordinates": [[1, 2]]}]},
            {"type": "CurvePolygon"},
            {"type": "CompoundCurve", "geometries": 7},
            {"type": "MultiSurface", "geometries": [None]},
            {"type": "CircularString", "coordinates": [[1, 2], ["x", 3], [4, 5]]},
            {"type": "Prism"},
        ],
    )
    def test_what_cannot_be_built_is_a_row_with_a_reason_or_none(self, tmp_path, place):
        delivery = read_delivery(jsonfg(tmp_path / "a.json", placed(), placed(place)))
        assert delivery.frame.geometry.notna().tolist() == [True, False]
        assert (delivery.faults[1] is None) is (place["type"] == "Prism")


class TestFiles:
    @pytest.mark.parametrize("kept", [("conformsTo",), ("coordRefSys",), ("place",)])
    def test_any_of_its_members_tells_the_format(self, tmp_path, kept):
        document = collection(placed(), conformsTo=CONFORMS, coordRefSys=ZONE)
        text = json.dumps(document)
        for name in {"conformsTo", "coordRefSys", "place"} - {*kept}:
            text = text.replace(f'"{name}"', f'"x{name}"')
        assert sniff(geojson(tmp_path / "a.json", text)) is Format.JSONFG

    def test_a_property_called_place_makes_no_json_fg(self, tmp_path):
        path = geojson(tmp_path / "a.json", collection(feature(properties={"place": "吉林", "conformsTo": ["x"]})))
        assert sniff(path) is Format.GEOJSON

    def test_time_and_type_come_along(self, tmp_path):
        path = jsonfg(tmp_path / "a.json", placed(time={"date": "2026-06-15"}, featureType="Building"), placed())
        frame = read_delivery(path).frame
        assert frame["time"].iloc[0] == {"date": "2026-06-15"}
        assert frame["featureType"].iloc[0] == "Building"

    def test_what_is_no_feature_is_a_row_with_a_fault(self, tmp_path):
        delivery = read_delivery(jsonfg(tmp_path / "a.json", placed(), 7, None, {"type": "x"}))
        assert [fault and fault.kind for fault in delivery.faults] == [None, *["not_a_feature"] * 3]
