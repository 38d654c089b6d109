"""GeoJSON: every feature is a row, every value stays what it is."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from making import collection, feature, geojson, lonlat_squares

import layers.geojson
from layers.errors import RefusedFile
from layers.geojson import read_geojson, tabulate_features
from layers.geojson_geometries import build_geometries
from layers.reading import read_delivery
from layers.remarks import told

RING = [[126.5, 43.8], [126.6, 43.8], [126.6, 43.9], [126.5, 43.8]]
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read(document):
    return read_geojson(document if isinstance(document, bytes) else json.dumps(document).encode())


def refused_as(document):
    with pytest.raises(RefusedFile) as caught:
        read(document)
    return caught.value


def polygon(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


class TestRows:
    def test_ids_and_properties_stay_what_they_are(self, tmp_path):
        nested = {"楼层": [1, {"高": 3.3}], "空": None}
        path = geojson(
            tmp_path / "a.geojson",
            collection(
                feature(properties={"name": "一号楼", "n": 1, "x": nested}, id="way/7"),
                feature(properties={"n": 2.5, "y": True}, id=8),
                feature(properties=None),
            ),
        )
        frame = read_delivery(path).frame
        assert frame["source_id"].tolist() == ["way/7", "8", None]
        assert frame["x"].iloc[0] == nested
        assert frame["n"].tolist()[:2] == [1, 2.5]
        assert type(frame["n"].iloc[0]) is int
        assert frame["n"].iloc[2] is pd.NA
        assert frame["y"].iloc[1] is True

    def test_null_and_absent_are_told_apart(self):
        ((_, values),) = read(collection(feature(properties={"a": None}), feature())).columns
        assert values[0] is None
        assert values[1] is pd.NA

    def test_a_column_of_numbers_is_a_column_of_numbers(self, tmp_path):
        rows = [feature(properties={"i": i, "f": i / 2, "b": i > 1, "s": str(i)}) for i in range(3)]
        frame = read_delivery(geojson(tmp_path / "a.geojson", collection(*rows))).frame
        assert [str(frame[name].dtype) for name in "ifbs"] == ["int64", "float64", "bool", "object"]

    def test_an_integer_of_28_digits_is_exact(self):
        number = 2202020010010001234500010001
        ((_, values),) = read(collection(feature(properties={"bdcdyh": number}))).columns
        assert values.tolist() == [number]

    def test_a_single_feature_and_a_bare_geometry_are_one_row(self):
        assert len(read(feature()).geometries) == 1
        assert read(polygon(RING)).geometries[0].geom_type == "Polygon"

    def test_what_is_no_feature_is_a_row_with_a_fault(self):
        table = read(collection(feature(), 5, {"type": "Featuree"}, None, [], feature()))
        assert [fault and fault.kind for fault in table.faults] == [None, *["not_a_feature"] * 4, None]

    def test_properties_that_are_no_object_are_a_fault(self):
        table = read(collection({**feature(), "properties": [1]}))
        assert table.faults[0].kind == "properties_not_object"

    def test_a_key_that_stands_twice_in_a_feature_is_a_fault_of_that_row(self):
        twice = '{"type":"Feature","properties":{"a":1,"b":{"c":1,"c":2}},"geometry":null}'
        table = read(f'{{"type":"FeatureCollection","features":[{json.dumps(feature())},{twice}]}}'.encode())
        assert [fault and fault.kind for fault in table.faults] == [None, "repeated_key"]
        assert "“c”" in table.faults[1].text.en

    def test_a_key_that_stands_twice_outside_of_features_refuses_the_file(self):
        document = b'{"type":"FeatureCollection","features":[],"features":[1]}'
        assert refused_as(document).fault.kind == "json_repeated_key"

    @given(st.dictionaries(st.text(), JSON, max_size=4))
    def test_any_properties_come_through(self, properties):
        table = tabulate_features([feature(properties=properties)])
        found = {name: values[0] for name, values in table.columns}
        assert {
            name: value.item() if isinstance(value, np.generic) else value for name, value in found.items()
        } == properties

    @given(JSON)
    def test_any_value_in_the_place_of_a_feature_is_a_row(self, value):
        assert len(tabulate_features([value]).geometries) == 1

    @given(JSON)
    def test_any_value_in_the_place_of_a_geometry_is_a_row(self, value):
        table = tabulate_features(
            [feature(geometry={"type": "Polygon", "coordinates": value}), {**feature(), "geometry": value}]
        )
        for geometry, fault in zip(table.geometries, table.faults, strict=True):
            assert geometry is None or fault is None

    def test_too_many_different_properties_are_refused(self, monkeypatch):
        monkeypatch.setattr(layers.geojson, "MAX_FIELDS", 3)
        assert refused_as(collection(feature(properties=dict.fromkeys("abcd", 1)))).fault.kind == "too_many_fields"

    def test_columns_that_bear_our_own_names_give_way(self, tmp_path):
        path = geojson(
            tmp_path / "a.geojson", collection(feature(properties={"geometry": 1, "source_id": "x"}, id="7"))
        )
        delivery = read_delivery(path)
        assert list(delivery.frame.columns) == ["source_id", "geometry_2", "source_id_2", "geometry"]
        assert delivery.frame["source_id"].tolist() == ["7"]
        assert any("geometry → geometry_2" in note.en for note in delivery.notes)


class TestGeometries:
    @pytest.mark.parametrize(
        ("geometry", "kind"),
        [
            ({"type": "Polygonn", "coordinates": []}, "geometry_type"),
            ({"type": 5}, "geometry_type"),
            ("x", "geometry_not_object"),
            ([1], "geometry_not_object"),
            ({"type": "Polygon"}, "geometry_coordinates"),
            ({"type": "Polygon", "coordinates": {}}, "geometry_coordinates"),
            (polygon([[1, 2], [3, "4"], [5, 6], [1, 2]]), "geometry_position"),
            (polygon([[1, 2], [3, None], [5, 6], [1, 2]]), "geometry_position"),
            (polygon([[1, 2], [3], [5, 6], [1, 2]]), "geometry_position"),
            (polygon([[1, 2], [10**400, 4], [5, 6], [1, 2]]), "geometry_position"),
            (polygon([[1, 2], [1, 2]]), "geometry_short_ring"),
            (polygon([]), "geometry_short_ring"),
            (polygon(RING, [[1, 2]]), "geometry_short_ring"),
            ({"type": "LineString", "coordinates": [[1, 2]]}, "geometry_short_line"),
            ({"type": "GeometryCollection", "geometries": [False]}, "geometry_not_object"),
            ({"type": "GeometryCollection"}, "geometry_coordinates"),
        ],
    )
    def test_what_cannot_be_built_says_why_and_its_neighbours_are_built(self, geometry, kind):
        table = read(collection(feature(), feature(geometry=geometry), feature()))
        assert [fault and fault.kind for fault in table.faults] == [None, kind, None]
        assert shapely.is_missing(table.geometries).tolist() == [False, True, False]

    def test_null_is_no_fault(self):
        table = read(collection({**feature(), "geometry": None}))
        assert table.geometries[0] is None
        assert table.faults[0] is None

    @pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
    def test_a_coordinate_that_is_no_number_stays_in_its_row(self, literal):
        text = json.dumps(collection(feature(), feature(geometry=polygon(RING)))).replace(
            "126.6, 43.9", f"{literal}, 43.9"
        )
        table = read(text.encode())
        assert np.isfinite(shapely.get_coordinates(table.geometries[0])).all()
        assert not np.isfinite(shapely.get_coordinates(table.geometries[1])).all()
        assert table.faults[1] is None

    def test_rings_left_open_are_closed_and_counted(self):
        table = read(collection(feature(geometry=polygon(RING[:-1])), feature(geometry=polygon(RING))))
        assert shapely.equals_exact(*table.geometries)
        assert any("闭合" in note.zh and "1" in note.zh for note in told(table.notes))

    def test_heights_are_dropped_and_counted(self):
        deep = [[*position, 200.5] for position in RING]
        deeper = [[*position, 200.5, 7] for position in RING]
        table = read(collection(*(feature(geometry=polygon(ring)) for ring in (RING, deep, deeper))))
        assert not shapely.has_z(table.geometries).any()
        assert any("2" in note.zh and "高程" in note.zh for note in told(table.notes))

    def test_bow_ties_and_holes_outside_are_built_as_they_are(self):
        bow_tie = polygon([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]])
        table = read(collection(feature(geometry=bow_tie)))
        assert not table.geometries[0].is_valid

    @pytest.mark.parametrize(
        "shape",
        [
            shapely.Point(126.5, 43.8),
            shapely.MultiPoint([(126.5, 43.8), (126.6, 43.8)]),
            shapely.LineString(RING),
            shapely.MultiLineString([RING, RING[:2]]),
            shapely.GeometryCollection([shapely.Point(1, 2), shapely.box(0, 0, 1, 1)]),
            shapely.Polygon(RING, [[[126.55, 43.81], [126.56, 43.81], [126.56, 43.82], [126.55, 43.81]]]),
            shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]),
            shapely.Polygon(),
            shapely.MultiPolygon(),
        ],
    )
    def test_every_type_is_built(self, shape):
        text = shapely.to_geojson(shape).replace("[[]]", "[]")
        assert shapely.equals_exact(read(collection(feature(geometry=json.loads(text)))).geometries[0], shape)

    @pytest.mark.parametrize("depth", [100, 300])
    def test_a_collection_nested_deep_is_a_row(self, depth):
        text = '{"type":"GeometryCollection","geometries":[' * depth + "]}" * depth
        table = read(f'{{"type":"Feature","properties":null,"geometry":{text}}}'.encode())
        assert (table.geometries[0] is None) == (table.faults[0] is not None)

    @given(
        st.lists(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=6), min_size=1, max_size=4), st.booleans()
    )
    def test_building_at_once_and_one_by_one_give_the_same(self, rings, is_multi):
        closed = [[list(point) for point in [*ring, ring[0]]] for ring in rings]
        shapes = [
            {"type": "MultiPolygon", "coordinates": [[ring] for ring in closed]} if is_multi else polygon(*closed)
        ]
        odd = {"type": shapes[0]["type"], "coordinates": "x"}
        at_once = build_geometries(shapes).geometries[0]
        one_by_one = build_geometries([*shapes, odd]).geometries[0]
        assert shapely.to_wkb(at_once) == shapely.to_wkb(one_by_one)

    def test_one_odd_row_does_not_slow_down_thousands(self):
        square = json.loads(shapely.to_geojson(lonlat_squares(1)[0]))
        objects = [square] * 9000
        objects[4500] = polygon([[1, 2]])
        built = build_geometries(objects)
        assert [fault.kind for fault in built.faults if fault] == ["geometry_short_ring"]
        assert shapely.is_missing(built.geometries).sum() == 1


class TestDocuments:
    def test_what_is_no_json_is_refused_with_its_place(self, tmp_path, refusal):
        error = refusal(geojson(tmp_path / "a.geojson", '{"type": "Feature",\n  "properties" 5}'))
        assert (error.fault.kind, error.line) == ("json_broken", 2)
        assert "column 16" in error.fault.text.en

    def test_json_cut_short_is_refused(self, tmp_path, refusal):
        text = json.dumps(collection(feature(), feature()))
        assert refusal(geojson(tmp_path / "a.geojson", text[:-30])).fault.kind == "json_broken"

    @pytest.mark.parametrize("document", [{}, {"type": "Topology"}, {"type": 5}, {"type": ["Feature"]}, [feature()]])
    def test_json_that_is_no_geojson_is_refused(self, document):
        assert refused_as(document).fault.kind == "geojson_type"

    @pytest.mark.parametrize("features", [None, {}, "x"])
    def test_a_collection_without_a_list_is_refused(self, features):
        assert refused_as({"type": "FeatureCollection", "features": features}).fault.kind == "geojson_features"

    def test_a_second_document_is_not_passed_over(self):
        text = json.dumps(collection(feature()), indent=1)
        assert refused_as((text + text).encode()).fault.kind == "json_trailing"

    def test_padding_with_nul_is_told(self):
        table = read(json.dumps(feature()).encode() + b"\n\x00\x00")
        assert any("2" in note.zh for note in told(table.notes))

    def test_nesting_without_end_is_refused(self):
        assert refused_as(b'{"a":' * 100_000).fault.kind == "json_unreadable"

    def test_a_number_of_thousands_of_digits_is_refused(self):
        assert refused_as(b'{"type":"Feature","id":' + b"9" * 5000 + b"}").fault.kind == "json_unreadable"

    def test_too_large_a_text_is_refused(self, monkeypatch):
        monkeypatch.setattr(layers.geojson, "MAX_JSON_BYTES", 10)
        assert refused_as(feature()).fault.kind == "json_size"

    def test_an_empty_collection_is_refused(self, tmp_path, refusal):
        assert refusal(geojson(tmp_path / "a.geojson", collection())).fault.kind == "no_features"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
    def test_chinese_is_read_in_any_encoding_of_it(self, tmp_path, encoding):
        path = tmp_path / "a.geojson"
        path.write_bytes(
            json.dumps(collection(feature(properties={"名称": "吉林"})), ensure_ascii=False).encode(encoding)
        )
        delivery = read_delivery(path)
        assert delivery.frame["名称"].tolist() == ["吉林"]
        assert delivery.encoding.name == {"utf-8-sig": "UTF-8"}.get(encoding, encoding.upper())

    def test_gzip_around_it_is_taken_off(self, tmp_path):
        path = tmp_path / "现状.geojson.gz"
        path.write_bytes(gzip.compress(json.dumps(collection(feature())).encode()))
        delivery = read_delivery(path)
        assert (delivery.layer, delivery.format, delivery.file) == ("现状", "GeoJSON in gzip", "现状.geojson.gz")

    def test_size_and_digest_are_those_of_the_delivered_bytes(self, tmp_path):
        import hashlib  # noqa: PLC0415

        path = tmp_path / "a.geojson.gz"
        path.write_bytes(gzip.compress(json.dumps(collection(feature())).encode()))
        delivery = read_delivery(path)
        assert delivery.size == path.stat().st_size
        assert delivery.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
