"""GML simple features: every feature a row, x before y whatever the file's order, arcs within a millimetre."""

import math

import pytest
import shapely
from gdal_program import ARC, NAMES, footprints
from hypothesis import given, settings
from hypothesis import strategies as st
from making import zipped

from layers.formats import Format, sniff
from layers.reading import list_layers, read_delivery

GML3 = 'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
ZONE = "urn:ogc:def:crs:EPSG::4551"
# northing, easting
RING = "4851000 540000 4851000 540030 4851020 540030 4851000 540000"
HOLE = "4851002 540020 4851004 540024 4851004 540020 4851002 540020"


def ring(text=RING, **attributes):
    stated = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<gml:LinearRing><gml:posList{stated}>{text}</gml:posList></gml:LinearRing>"


def polygon(*rings, srs=ZONE, tag="Polygon"):
    outer, *holes = rings or (ring(),)
    inner = "".join(f"<gml:interior>{hole}</gml:interior>" for hole in holes)
    stated = f' srsName="{srs}"' if srs else ""
    return f"<gml:{tag}{stated}><gml:exterior>{outer}</gml:exterior>{inner}</gml:{tag}>"


def curved(*segments):
    members = "".join(
        f"<gml:curveMember><gml:Curve><gml:segments>{one}</gml:segments></gml:Curve></gml:curveMember>"
        for one in segments
    )
    return f"<gml:Ring>{members}</gml:Ring>"


def segment(name, text):
    return f"<gml:{name}><gml:posList>{text}</gml:posList></gml:{name}>"


def feature(shape=None, values="", name="Building", prop="geometry"):
    shown = polygon() if shape is None else shape
    return f'<gml:featureMember><{name} gml:id="b">{values}<{prop}>{shown}</{prop}></{name}></gml:featureMember>'


def gml(path, *features, head="", attributes=""):
    body = "".join(features)
    path.write_text(
        f"<gml:FeatureCollection {GML3} {attributes}>{head}{body}</gml:FeatureCollection>", encoding="utf-8"
    )
    return path


def texts(delivery):
    return " ".join(note.zh for note in delivery.notes)


class TestFilesOfGdal:
    @pytest.mark.parametrize("version", ["GML2", "GML3", "GML3.2"])
    def test_every_row_is_where_it_was_drawn(self, gdal_files, version):
        delivery = read_delivery(gdal_files / f"{version}.gml")
        assert delivery.crs_name == "EPSG:4551"
        assert delivery.layer == "建筑"
        assert delivery.frame["名称"].tolist() == NAMES
        drawn = shapely.normalize(footprints())
        assert shapely.equals_exact(shapely.normalize(delivery.frame.geometry.to_numpy()), drawn, tolerance=1e-6).all()

    @pytest.mark.parametrize("version", ["GML2", "GML3", "GML3.2"])
    def test_longitude_comes_first_whatever_the_order_in_the_file(self, gdal_files, version):
        delivery = read_delivery(gdal_files / f"{version}_degrees.gml")
        assert delivery.crs_name == "EPSG:4490"
        west, south, _, _ = delivery.frame.total_bounds
        assert (math.floor(west), math.floor(south)) == (126, 43)
        assert "按数值读取" not in texts(delivery)

    def test_arcs_become_chords_within_a_millimetre(self, gdal_files):
        delivery = read_delivery(gdal_files / "curve.gml")
        (shape,), (told,) = delivery.frame.geometry, delivery.curved.values()
        x, y, radius = ARC
        off = [radius - math.dist((x, y), middle) for middle in shapely.get_coordinates(shape)[:-2]]
        assert max(map(abs, off)) < 1e-6
        assert told.deviation <= 0.001
        assert told.area == pytest.approx(math.pi * radius**2 / 2)
        assert shape.bounds == pytest.approx((x - radius, y, x + radius, y + radius), abs=0.001)
        assert "圆弧" in texts(delivery)

    def test_the_schema_beside_it_is_not_looked_at(self, gdal_files, tmp_path):
        path = tmp_path / "GML3.gml"
        path.write_bytes((gdal_files / "GML3.gml").read_bytes())
        path.with_suffix(".xsd").write_text("<broken", encoding="utf-8")
        assert len(read_delivery(path).frame) == 4


class TestFeatures:
    def test_each_kind_is_a_layer(self, tmp_path):
        path = gml(tmp_path / "a.gml", feature(), feature(), feature(name="Road"))
        assert [(entry.name, entry.rows) for entry in list_layers(path)] == [("Building", 2), ("Road", 1)]
        assert read_delivery(path, layer="Road").frame["source_id"].tolist() == ["b"]

    def test_a_service_s_answer(self, tmp_path):
        members = "".join(
            f'<wfs:member><wfs:FeatureCollection><wfs:member><a:B gml:id="{n}"><a:g>{polygon()}</a:g></a:B></wfs:member>'
            "</wfs:FeatureCollection></wfs:member>"
            for n in range(2)
        )
        names = f'xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:a="urn:a" {GML3}'
        path = tmp_path / "a.xml"
        text = f'<wfs:FeatureCollection {names} numberMatched="{{}}" numberReturned="{{}}">{members}</wfs:FeatureCollection>'
        path.write_text(text.format(20, 2), encoding="utf-8")
        delivery = read_delivery(path)
        assert len(delivery.frame) == 2
        assert "服务共有 20 个要素,文件只含 2 个" in texts(delivery)

    def test_fewer_features_than_the_service_says_are_refused(self, tmp_path, refusal):
        path = gml(tmp_path / "a.gml", feature(), attributes='numberReturned="3"')
        assert refusal(path).fault.kind == "rows_lost"

    def test_members_in_one_wrapper(self, tmp_path):
        inside = "".join(f"<B><g>{polygon()}</g></B>" for _ in range(3))
        assert (
            len(read_delivery(gml(tmp_path / "a.gml", f"<gml:featureMembers>{inside}</gml:featureMembers>")).frame) == 3
        )

    def test_a_collection_without_features_is_refused(self, tmp_path, refusal):
        assert refusal(gml(tmp_path / "a.gml")).fault.kind == "gml_without_features"

    def test_attributes_nested_repeated_nil_and_linked(self, tmp_path):
        values = (
            "<name>甲</name><address><street>江湾路</street><no>5</no></address><use>1</use><use>2</use>"
            '<height xsi:nil="true"/><owner xlink:href="http://127.0.0.1:9/owner"/><empty/>'
        )
        row = read_delivery(gml(tmp_path / "a.gml", feature(values=values))).frame.iloc[0]
        assert row["name"] == "甲"
        assert row["address.street"] == "江湾路"
        assert row["use"] == ["1", "2"]
        assert row["height"] is None
        assert row["owner"] == "http://127.0.0.1:9/owner"
        assert row["empty"] is None

    def test_of_two_geometries_the_first_is_read_and_the_other_told(self, tmp_path):
        other = "<centre><gml:Point><gml:pos>4851000 540000</gml:pos></gml:Point></centre>"
        path = gml(tmp_path / "a.gml", f"<gml:featureMember><B><g>{polygon()}</g>{other}</B></gml:featureMember>")
        delivery = read_delivery(path)
        assert delivery.frame.geometry[0].geom_type == "Polygon"
        assert "另有图形" in texts(delivery)


class TestAxes:
    @pytest.mark.parametrize(
        "srs",
        [ZONE, "http://www.opengis.net/def/crs/EPSG/0/4551", "urn:x-ogc:def:crs:EPSG:6.11:4551"],
    )
    def test_full_names_mean_the_order_of_the_register(self, tmp_path, srs):
        delivery = read_delivery(gml(tmp_path / "a.gml", feature(polygon(srs=srs))))
        assert delivery.frame.total_bounds[0] == 540000
        assert "按数值读取" not in texts(delivery)

    @pytest.mark.parametrize("srs", ["EPSG:4551", "http://www.opengis.net/gml/srs/epsg.xml#4551"])
    def test_short_names_mean_easting_first(self, tmp_path, srs):
        east = "540000,4851000 540030,4851000 540030,4851020 540000,4851000"
        shape = f"<gml:LinearRing><gml:coordinates>{east}</gml:coordinates></gml:LinearRing>"
        delivery = read_delivery(gml(tmp_path / "a.gml", feature(polygon(shape, srs=srs))))
        assert delivery.frame.total_bounds[0] == 540000
        assert "按数值读取" not in texts(delivery)

    @pytest.mark.parametrize("srs", ["EPSG:4551", ZONE])
    @pytest.mark.parametrize("order", [1, -1])
    def test_where_only_one_order_leads_into_the_zone_it_counts(self, tmp_path, srs, order):
        words = RING.split()
        text = " ".join(word for i in range(0, len(words), 2) for word in words[i : i + 2][::order])
        delivery = read_delivery(gml(tmp_path / "a.gml", feature(polygon(ring(text), srs=srs))))
        assert delivery.frame.total_bounds[0] == 540000
        assert ("按数值读取" in texts(delivery)) is ((srs == ZONE) == (order == -1))

    def test_the_collection_s_envelope_speaks_for_its_features(self, tmp_path):
        head = f'<gml:boundedBy><gml:Envelope srsName="{ZONE}" srsDimension="3"><gml:lowerCorner>0 0 0</gml:lowerCorner></gml:Envelope></gml:boundedBy>'
        high = " ".join(f"{n} {e} 7" for n, e in zip(RING.split()[::2], RING.split()[1::2], strict=True))
        delivery = read_delivery(gml(tmp_path / "a.gml", feature(polygon(ring(high), srs=None)), head=head))
        assert delivery.crs_name == "EPSG:4551"
        assert "带高程" in texts(delivery)

    def test_without_a_crs_the_person_is_asked(self, tmp_path, refusal):
        path = gml(tmp_path / "a.gml", feature(polygon(srs=None)))
        assert "crs" in refusal(path).fault.kind

    def test_several_crs_in_one_layer_are_refused(self, tmp_path, refusal):
        path = gml(tmp_path / "a.gml", feature(), feature(polygon(srs="urn:ogc:def:crs:EPSG::4550")))
        error = refusal(path)
        assert error.fault.kind == "crs_mixed"
        assert "4550" in error.fault.text.zh

    def test_a_crs_that_is_not_known_is_refused(self, tmp_path, refusal):
        assert refusal(gml(tmp_path / "a.gml", feature(polygon(srs="urn:x:local")))).fault.kind == "crs_unreadable"


class TestGeometries:
    @pytest.mark.parametrize(
        ("shape", "kind", "parts"),
        [
            (polygon(ring(), ring(HOLE)), "Polygon", 1),
            (f"<gml:Surface><gml:patches>{polygon(tag='PolygonPatch')}</gml:patches></gml:Surface>", "Polygon", 1),
            (f"<gml:MultiSurface><gml:surfaceMember>{polygon()}</gml:surfaceMember></gml:MultiSurface>", "MultiPolygon", 1),
            (f"<gml:MultiSurface><gml:surfaceMembers>{polygon()}{polygon(ring(HOLE))}</gml:surfaceMembers></gml:MultiSurface>", "MultiPolygon", 2),
            (f"<gml:MultiPolygon><gml:polygonMember>{polygon()}</gml:polygonMember></gml:MultiPolygon>", "MultiPolygon", 1),
            (f"<gml:CompositeSurface><gml:surfaceMember>{polygon()}</gml:surfaceMember></gml:CompositeSurface>", "Polygon", 1),
            (f"<gml:LineString><gml:posList>{RING}</gml:posList></gml:LineString>", "LineString", 1),
            ("<gml:Point><gml:pos>4851000 540000</gml:pos></gml:Point>", "Point", 1),
            (f"<gml:MultiGeometry><gml:geometryMember>{polygon()}</gml:geometryMember></gml:MultiGeometry>", "GeometryCollection", 1),
            (f"<gml:Curve><gml:segments>{segment('LineStringSegment', RING)}</gml:segments></gml:Curve>", "LineString", 1),
            (polygon(curved(segment("LineStringSegment", RING[:29]), segment("LineStringSegment", RING[15:]))), "Polygon", 1),
        ],
    )  # fmt: skip
    def test_each_kind_is_built(self, tmp_path, shape, kind, parts):
        shape = shape if "srsName" in shape else shape.replace(">", f' srsName="{ZONE}">', 1)
        delivery = read_delivery(gml(tmp_path / "a.gml", feature(shape)))
        assert [fault for fault in delivery.faults if fault] == []
        assert delivery.frame.geometry[0].geom_type == kind
        assert shapely.get_num_geometries(delivery.frame.geometry[0]) == parts
        assert delivery.frame.total_bounds[0] >= 540000

    def test_the_ways_to_write_a_position(self, tmp_path):
        ways = [
            f"<gml:posList>{RING}</gml:posList>",
            "".join(f"<gml:pos>{n} {e}</gml:pos>" for n, e in zip(RING.split()[::2], RING.split()[1::2], strict=True)),
            "".join(
                f"<gml:coord><gml:X>{n}</gml:X><gml:Y>{e}</gml:Y></gml:coord>"
                for n, e in zip(RING.split()[::2], RING.split()[1::2], strict=True)
            ),
            "<gml:coordinates>"
            + " ".join(f"{n},{e}" for n, e in zip(RING.split()[::2], RING.split()[1::2], strict=True))
            + "</gml:coordinates>",
            '<gml:coordinates cs=";" ts="|">'
            + "|".join(f"{n};{e}" for n, e in zip(RING.split()[::2], RING.split()[1::2], strict=True))
            + "</gml:coordinates>",
        ]
        shapes = [polygon(f"<gml:LinearRing>{way}</gml:LinearRing>") for way in ways]
        frame = read_delivery(gml(tmp_path / "a.gml", *map(feature, shapes))).frame
        assert shapely.equals_exact(frame.geometry.to_numpy(), frame.geometry[0]).all()

    @settings(max_examples=30)
    @given(radius=st.floats(1, 5000), start=st.floats(0, 6), turn=st.floats(1, 4))
    def test_a_circle_through_any_three_points_has_its_area(self, tmp_path_factory, radius, start, turn):
        at = [
            (4851000 + radius * math.sin(a), 540000 + radius * math.cos(a))
            for a in (start, start + turn / 2, start + turn)
        ]
        text = " ".join(f"{n!r} {e!r}" for n, e in at)
        path = gml(tmp_path_factory.mktemp("c") / "a.gml", feature(polygon(curved(segment("Circle", text)))))
        delivery = read_delivery(path)
        told = delivery.curved[0]
        assert told.area == pytest.approx(math.pi * radius**2, rel=1e-4)
        assert told.deviation <= 0.001
        assert delivery.frame.geometry[0].area == pytest.approx(told.area, rel=2e-3)

    @pytest.mark.parametrize(
        ("shape", "kind"),
        [
            ("<gml:Solid/>", "geometry_unread"),
            (polygon(curved("<gml:CircleByCenterPoint><gml:pos>1 2</gml:pos></gml:CircleByCenterPoint>")), "geometry_unread"),
            ('<gml:MultiSurface><gml:surfaceMember xlink:href="#x"/></gml:MultiSurface>', "geometry_unread"),
            (polygon(ring("4851000 x 4851000 540030 4851020 540030 4851000 x")), "geometry_position"),
            (polygon(ring("4851000 540000 4851000 540030")), "geometry_short_ring"),
            (polygon(curved(segment("Circle", "1 1 2 2 3 3"))), "geometry_broken"),
            (polygon(curved(segment("Arc", "1 1 2 x 3 3"))), "geometry_broken"),
            (polygon(curved(segment("ArcString", "1 1 2 2"))), "geometry_broken"),
            ("<gml:Polygon/>", "geometry_short_ring"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_read_is_a_row_with_a_reason(self, tmp_path, shape, kind):
        delivery = read_delivery(gml(tmp_path / "a.gml", feature(), feature(shape), feature()))
        assert [fault and fault.kind for fault in delivery.faults] == [None, kind, None]

    def test_a_geometry_that_stands_elsewhere_says_so(self, tmp_path):
        linked = (
            '<gml:featureMember><Building><geometry xlink:href="http://127.0.0.1:9/g"/></Building></gml:featureMember>'
        )
        delivery = read_delivery(gml(tmp_path / "a.gml", feature(), linked))
        assert [fault and fault.kind for fault in delivery.faults] == [None, "geometry_unread"]


class TestFiles:
    def test_the_root_tells_the_format(self, tmp_path):
        assert sniff(gml(tmp_path / "a.bin")) is Format.GML

    def test_city_gml_and_other_xml_are_called_by_their_name(self, tmp_path, refusal):
        path = tmp_path / "a.gml"
        for text, found in (('<core:CityModel xmlns:gml="http://www.opengis.net/gml"/>', "CityGML"), ("<svg/>", "XML")):
            path.write_text(text, encoding="utf-8")
            assert found in refusal(path).fault.text.en

    def test_a_schema_in_the_same_zip_is_told_and_left_aside(self, tmp_path, gdal_files):
        members = {f"a.{end}": (gdal_files / f"GML3.{end}").read_bytes() for end in ("gml", "xsd")}
        delivery = read_delivery(zipped(tmp_path / "a.zip", members))
        assert len(delivery.frame) == 4
        assert "a.xsd" in texts(delivery)

    def test_a_doctype_refuses_the_file(self, tmp_path, refusal):
        path = gml(tmp_path / "a.gml", feature())
        path.write_text("<!DOCTYPE x [<!ENTITY a 'b'>]>" + path.read_text(encoding="utf-8"), encoding="utf-8")
        assert refusal(path).fault.kind == "xml_doctype"
