"""KML and KMZ: folders are layers, placemarks are rows, Chinese attributes come through, and no link is followed."""

import pytest
import shapely
from gdal_program import NAMES, STOREYS
from hypothesis import given, settings
from hypothesis import strategies as st
from making import zipped

from geocode.crs import to_storage
from layers.formats import Format, sniff
from layers.reading import list_layers, read_delivery

RING = "126.5,43.8 126.501,43.8 126.501,43.801 126.5,43.8"
HOLE = "126.5006,43.8002 126.5008,43.8002 126.5008,43.8004 126.5006,43.8002"


def ring(text=RING):
    return f"<LinearRing><coordinates>{text}</coordinates></LinearRing>"


def polygon(text=RING, *holes):
    inner = "".join(f"<innerBoundaryIs>{ring(hole)}</innerBoundaryIs>" for hole in holes)
    return f"<Polygon><outerBoundaryIs>{ring(text)}</outerBoundaryIs>{inner}</Polygon>"


def data(**values):
    return "".join(f'<Data name="{name}"><value>{value}</value></Data>' for name, value in values.items())


def placemark(shape=None, extended="", own=""):
    return f"<Placemark>{own}<ExtendedData>{extended}</ExtendedData>{polygon() if shape is None else shape}</Placemark>"


def folder(name, *inside):
    return f"<Folder><name>{name}</name>{''.join(inside)}</Folder>"


def kml(path, *inside, head='<?xml version="1.0" encoding="UTF-8"?>'):
    names = 'xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"'
    path.write_text(f"{head}<kml {names}><Document>{''.join(inside)}</Document></kml>", encoding="utf-8")
    return path


def texts(delivery):
    return " ".join(note.zh for note in delivery.notes)


class TestFilesOfGdal:
    @pytest.mark.parametrize("name", ["kml.kml", "libkml.kml", "libkml.kmz"])
    def test_every_row_and_value_comes_through(self, gdal_files, name):
        delivery = read_delivery(gdal_files / name, layer="建筑")
        frame = delivery.frame
        assert frame["名称"].tolist() == NAMES
        assert [int(value) for value in frame["层数"]] == STOREYS
        assert frame["面积"].tolist()[:3] == [1.5, 2.5, 3.5]
        assert [fault for fault in delivery.faults if fault] == []
        assert delivery.crs_name == "EPSG:4326"

    @pytest.mark.parametrize("name", ["kml.kml", "libkml.kml", "libkml.kmz"])
    def test_shapes_are_where_they_were_drawn(self, gdal_files, name):
        expected = read_delivery(gdal_files / "GML3_degrees.gml").frame.geometry.to_numpy()
        frame = read_delivery(gdal_files / name, layer="建筑").frame
        assert shapely.equals(shapely.normalize(frame.geometry.to_numpy()), shapely.normalize(expected)).all()
        assert [len(shape.interiors) for shape in frame.geometry if shape.geom_type == "Polygon"] == [0, 1, 0]

    def test_layers_are_listed_with_kind_and_rows(self, gdal_files):
        found = [(entry.name, entry.geometry, entry.rows) for entry in list_layers(gdal_files / "libkml.kml")]
        assert found == [("建筑", "Polygon", 4), ("道路", "LineString", 1)]

    def test_the_only_layer_of_polygons_is_read_and_the_others_are_told(self, gdal_files):
        delivery = read_delivery(gdal_files / "libkml.kml")
        assert delivery.layer == "建筑"
        assert "道路" in texts(delivery)

    def test_a_kmz_is_kml_in_a_zip_and_what_it_links_to_within_is_read(self, gdal_files):
        delivery = read_delivery(gdal_files / "libkml.kmz")
        assert (delivery.layer, delivery.format, len(delivery.frame)) == ("建筑", "KML in zip", 4)


class TestFolders:
    def test_each_folder_is_a_layer_named_by_its_path(self, tmp_path):
        path = kml(
            tmp_path / "a.kml",
            "<name>全部</name>",
            placemark(),
            folder("现状", placemark(), folder("住宅", placemark(), placemark()), folder("空")),
        )
        found = {entry.name: entry.rows for entry in list_layers(path)}
        assert found == {"全部": 1, "现状": 1, "现状/住宅": 2}

    def test_what_is_in_no_folder_and_no_named_document_bears_the_name_of_the_file(self, tmp_path):
        assert [entry.name for entry in list_layers(kml(tmp_path / "楼.kml", placemark()))] == ["楼"]

    def test_folders_of_one_name_are_told_apart(self, tmp_path):
        path = kml(tmp_path / "a.kml", folder("楼", placemark()), folder("楼", placemark(), placemark()))
        assert [(entry.name, entry.rows) for entry in list_layers(path)] == [("楼", 1), ("楼_2", 2)]
        assert len(read_delivery(path, layer="楼_2").frame) == 2

    def test_a_name_behind_the_placemarks_counts(self, tmp_path):
        path = kml(tmp_path / "a.kml", f"<Folder>{placemark()}<name>后写</name></Folder>")
        assert read_delivery(path).layer == "后写"

    def test_placemarks_within_placemarks_are_not_lost_without_a_word(self, tmp_path, refusal):
        path = kml(tmp_path / "a.kml", f"<Placemark>{placemark()}{polygon()}</Placemark>")
        assert refusal(path).fault.kind == "rows_lost"

    def test_a_document_without_placemarks_has_no_features(self, tmp_path, refusal):
        assert refusal(kml(tmp_path / "a.kml", folder("空"))).fault.kind == "no_features"


class TestAttributes:
    def test_data_and_schema_data_become_columns_in_their_types(self, tmp_path):
        schema = '<Schema id="s"><SimpleField name="层数" type="int"/><SimpleField name="高" type="double"/></Schema>'
        values = '<SimpleData name="层数">6</SimpleData><SimpleData name="高">18.5</SimpleData>'
        path = kml(
            tmp_path / "a.kml",
            schema,
            placemark(extended=data(楼号="001") + f'<SchemaData schemaUrl="#s">{values}</SchemaData>'),
        )
        row = read_delivery(path).frame.iloc[0]
        assert (row["楼号"], row["层数"], row["高"]) == ("001", 6, 18.5)

    def test_a_value_that_is_not_of_its_type_stays_text(self, tmp_path):
        schema = '<Schema id="s"><SimpleField name="n" type="int"/></Schema>'
        values = '<SchemaData schemaUrl="#s"><SimpleData name="n">六</SimpleData></SchemaData>'
        assert read_delivery(kml(tmp_path / "a.kml", schema, placemark(extended=values))).frame["n"].tolist() == ["六"]

    def test_a_placemark_s_own_texts_come_first_and_give_way_to_nothing(self, tmp_path):
        own = "<name>甲</name><description>乙</description><TimeStamp><when>2026</when></TimeStamp>"
        path = kml(tmp_path / "a.kml", placemark(extended=data(name="丙"), own=own))
        delivery = read_delivery(path)
        assert list(delivery.frame.columns) == ["source_id", "name", "description", "when", "name_2", "geometry"]
        assert delivery.frame[["name", "name_2"]].iloc[0].tolist() == ["甲", "丙"]
        assert "改名" in texts(delivery)

    def test_a_name_that_stands_twice_is_a_fault_of_its_row(self, tmp_path):
        path = kml(tmp_path / "a.kml", placemark(extended=data(x="1") + data(x="2")), placemark())
        assert [fault and fault.kind for fault in read_delivery(path).faults] == ["repeated_key", None]

    def test_styles_are_left_aside(self, tmp_path):
        style = "<Style><LineStyle><color>ff0000ff</color></LineStyle></Style><styleUrl>#s</styleUrl><visibility>0</visibility>"
        frame = read_delivery(kml(tmp_path / "a.kml", style, placemark(own=style))).frame
        assert list(frame.columns) == ["source_id", "geometry"]

    @settings(max_examples=25)
    @given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1).map(str.strip).filter(bool))
    def test_any_name_and_text_comes_through(self, tmp_path_factory, text):
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        path = kml(tmp_path_factory.mktemp("k") / "a.kml", placemark(extended=data(**{f"楼{escaped}": escaped})))
        frame = read_delivery(path).frame
        assert frame[f"楼{text}"].tolist() == [text]


class TestGeometries:
    def test_holes_and_multi_geometries(self, tmp_path):
        multi = f"<MultiGeometry>{polygon()}<MultiGeometry>{polygon(HOLE)}</MultiGeometry></MultiGeometry>"
        mixed = f"<MultiGeometry>{polygon()}<Point><coordinates>126.5,43.8</coordinates></Point></MultiGeometry>"
        path = kml(tmp_path / "a.kml", placemark(polygon(RING, HOLE)), placemark(multi), placemark(mixed))
        shapes = read_delivery(path).frame.geometry
        assert [shape.geom_type for shape in shapes] == ["Polygon", "MultiPolygon", "GeometryCollection"]
        assert len(shapes[0].interiors) == 1
        assert len(shapes[1].geoms) == 2

    def test_several_geometries_of_one_placemark_are_all_kept(self, tmp_path):
        (shape,) = read_delivery(kml(tmp_path / "a.kml", placemark(polygon() + polygon(HOLE)))).frame.geometry
        assert len(shape.geoms) == 2

    def test_heights_are_dropped_and_told_but_zeros_are_none(self, tmp_path):
        high = RING.replace(",43.8 ", ",43.8,12.5 ").replace(",43.801 ", ",43.801,12.5 ") + ",12.5"
        zero = " ".join(f"{position},0" for position in RING.split())
        delivery = read_delivery(kml(tmp_path / "a.kml", placemark(polygon(high)), placemark(polygon(zero))))
        assert not shapely.has_z(delivery.frame.geometry.to_numpy()).any()
        assert "1 个要素带高程" in texts(delivery)

    def test_rings_left_open_are_closed_and_told(self, tmp_path):
        delivery = read_delivery(kml(tmp_path / "a.kml", placemark(polygon(RING.rpartition(" ")[0]))))
        assert delivery.frame.geometry[0].is_valid
        assert "闭合" in texts(delivery)

    @pytest.mark.parametrize(
        ("shape", "kind"),
        [
            (polygon("126.5,43.8 x,43.8 126.5,43.9 126.5,43.8"), "geometry_position"),
            (polygon("126.5 43.8 126.6 43.9"), "geometry_position"),
            (polygon(""), "geometry_short_ring"),
            ("<Polygon/>", "geometry_short_ring"),
            (f"<Polygon><innerBoundaryIs>{ring()}</innerBoundaryIs></Polygon>", "geometry_short_ring"),
            (
                polygon().replace("</Polygon>", f"<outerBoundaryIs>{ring()}</outerBoundaryIs></Polygon>"),
                "geometry_short_ring",
            ),
            (polygon("126.5,43.8 126.6,43.8"), "geometry_short_ring"),
            ("<Point><coordinates>126.5,43.8 126.6,43.9</coordinates></Point>", "geometry_position"),
            ("<LineString><coordinates>126.5,43.8</coordinates></LineString>", "geometry_short_line"),
            ("<gx:Track><gx:coord>126.5 43.8 0</gx:coord></gx:Track>", "geometry_unread"),
            ("<Model><Link><href>house.dae</href></Link></Model>", "geometry_unread"),
            ("<MultiGeometry><Model/></MultiGeometry>", "geometry_unread"),
        ],
    )
    def test_what_cannot_be_read_is_a_row_with_a_reason(self, tmp_path, shape, kind):
        delivery = read_delivery(kml(tmp_path / "a.kml", placemark(), placemark(shape), placemark()))
        assert [fault and fault.kind for fault in delivery.faults] == [None, kind, None]
        assert delivery.frame.geometry.notna().tolist() == [True, False, True]

    def test_a_placemark_without_geometry_is_a_row(self, tmp_path):
        delivery = read_delivery(kml(tmp_path / "a.kml", placemark(), placemark("")))
        assert delivery.frame.geometry.notna().tolist() == [True, False]

    def test_the_gate_takes_its_degrees_for_those_of_storage(self, tmp_path):
        shapes = read_delivery(kml(tmp_path / "a.kml", placemark())).frame.geometry
        assert shapely.equals_exact(to_storage(shapes.to_numpy(), shapes.crs), shapes.to_numpy()).all()


class TestLinks:
    def test_links_are_counted_and_not_followed(self, tmp_path):
        link = "<NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link></NetworkLink>"
        overlay = "<GroundOverlay><Icon><href>http://127.0.0.1:9/x.png</href></Icon></GroundOverlay>"
        delivery = read_delivery(kml(tmp_path / "a.kml", link, overlay, "<gx:Tour/>", placemark()))
        assert "1 个网络链接没有访问" in texts(delivery)
        assert "GroundOverlay × 1" in texts(delivery)
        assert "Tour × 1" in texts(delivery)

    def test_a_file_of_links_alone_is_refused(self, tmp_path, refusal):
        link = "<NetworkLink><Link><href>https://example.org/all.kmz</href></Link></NetworkLink>"
        error = refusal(kml(tmp_path / "a.kml", link))
        assert error.fault.kind == "kml_links"
        assert "https://example.org/all.kmz" in error.fault.text.zh


class TestFiles:
    @pytest.mark.parametrize(
        "head", ["", "\ufeff", "<!-- 说明 -->\n", '<?xml version="1.0"?>\n<!-- a --><!-- b -->\n', " \r\n"]
    )
    def test_the_root_tells_the_format_behind_anything(self, tmp_path, head):
        assert sniff(kml(tmp_path / "a.bin", placemark(), head=head)) is Format.KML

    def test_a_prefix_for_its_namespace_is_no_matter(self, tmp_path):
        path = tmp_path / "a.kml"
        shape = placemark().replace("</", "</k:").replace("<", "<k:").replace("<k:/k:", "</k:")
        text = f'<k:kml xmlns:k="http://earth.google.com/kml/2.1">{shape}</k:kml>'
        path.write_text(text, encoding="utf-8")
        assert len(read_delivery(path).frame) == 1

    def test_gb2312_as_older_programs_write_it(self, tmp_path):
        path = kml(
            tmp_path / "a.kml", placemark(extended=data(名称="吉林市")), head='<?xml version="1.0" encoding="GB2312"?>'
        )
        path.write_bytes(path.read_text(encoding="utf-8").encode("gbk"))
        delivery = read_delivery(path)
        assert delivery.frame["名称"].tolist() == ["吉林市"]
        assert delivery.encoding.name == "GB18030"

    def test_a_doctype_refuses_the_file(self, tmp_path, refusal):
        head = '<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "b">]>'
        assert refusal(kml(tmp_path / "a.kml", placemark(), head=head)).fault.kind == "xml_doctype"

    def test_a_kmz_tells_what_else_is_in_it(self, tmp_path):
        inner = kml(tmp_path / "doc.kml", placemark())
        path = zipped(tmp_path / "a.kmz", {"doc.kml": inner.read_bytes(), "files/图标.png": b"\x89PNG"})
        assert "图标.png" in texts(read_delivery(path))

    def test_a_kmz_in_a_zip_is_refused(self, tmp_path, refusal):
        path = zipped(tmp_path / "a.zip", {"a.kmz": b"PK\x03\x04"})
        assert refusal(path).fault.kind == "archive_nested"
