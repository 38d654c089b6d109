"""GeoParquet: what the metadata say counts, row by row, and other programs read what is written."""

import datetime as dt
import decimal
import gzip
import json
import struct

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from making import NAMES, cut, feature, frame_of, lonlat_squares, polygon_bytes, squares, zipped

from layers.reading import list_layers, read_delivery
from layers.writing import write_frame

GEO = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}


def parquet(path, columns=None, *, geo=None, wkb=None, rows=3, **options):
    """Write a Parquet with metadata of our choice; `geo` may be anything, False for none."""
    shapes = pa.array(shapely.to_wkb(lonlat_squares(rows)) if wkb is None else wkb, pa.binary())
    table = pa.table({**(columns or {}), "geometry": shapes})
    metadata = {} if geo is False else {"geo": geo if isinstance(geo, str) else json.dumps(geo or GEO)}
    pq.write_table(table.replace_schema_metadata(metadata), path, **options)
    return path


def with_column(**members):
    return {**GEO, "columns": {"geometry": {"encoding": "WKB", **members}}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "现状.parquet"


class TestReading:
    def test_what_geopandas_wrote_is_read(self, path):
        frame = frame_of()
        frame.to_parquet(path)
        delivery = read_delivery(path)
        assert (delivery.format, delivery.layer, delivery.crs_name) == ("GeoParquet", "现状", "EPSG:4551")
        assert delivery.frame["名称"].tolist() == NAMES
        assert delivery.frame["层数"].tolist() == [5, 18, 1]
        assert shapely.equals(delivery.frame.geometry.to_numpy(), frame.geometry.to_numpy()).all()
        assert delivery.frame["source_id"].tolist() == [None, None, None]
        assert delivery.notes == ()

    def test_it_is_listed_with_its_rows_and_kind(self, path):
        frame_of().to_parquet(path)
        (entry,) = list_layers(path)
        assert (entry.name, entry.rows, entry.geometry, entry.is_polygonal) == ("现状", 3, "Polygon", True)

    def test_it_is_read_out_of_gzip_and_zip(self, path, tmp_path):
        frame_of().to_parquet(path)
        (tmp_path / "a.parquet.gz").write_bytes(gzip.compress(path.read_bytes()))
        zipped(tmp_path / "a.zip", {"层/a.geoparquet": path.read_bytes()})
        assert read_delivery(tmp_path / "a.parquet.gz").format == "GeoParquet in gzip"
        assert len(read_delivery(tmp_path / "a.zip").frame) == 3

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            (pa.array([2**60 + 1, None, 3]), [2**60 + 1, pd.NA, 3]),
            (pa.array([True, None, False]), [True, pd.NA, False]),
            (pa.array(["吉", None, ""]).dictionary_encode(), ["吉", None, ""]),
            (pa.array([b"\x00\xff", None, b""]), [b"\x00\xff", None, b""]),
            (pa.array([dt.date(2024, 1, 31), None, None]), [dt.date(2024, 1, 31), None, None]),
            (pa.array([[1, 2], None, []]), [[1, 2], None, []]),
            (pa.array([{"a": 1}, None, {"a": None}]), [{"a": 1}, None, {"a": None}]),
            (pa.array([decimal.Decimal("1.25"), None, None]), [decimal.Decimal("1.25"), None, None]),
            (pa.array([None, None, None]), [None, None, None]),
        ],
        ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
    )
    def test_attributes_keep_their_values(self, path, values, expected):
        assert read_delivery(parquet(path, {"v": values})).frame["v"].tolist() == expected

    def test_instants_keep_their_zone(self, path):
        noon = dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC)
        frame = read_delivery(parquet(path, {"t": pa.array([noon, None, None], pa.timestamp("ms", "UTC"))})).frame
        assert frame["t"].iloc[0] == noon
        assert frame["t"].isna().tolist() == [False, True, True]

    def test_texts_that_are_no_utf_8_are_mended_and_counted(self, path):
        gbk = pa.array(["松花江".encode("gbk"), b"ok", None], pa.binary())
        texts = pa.Array.from_buffers(pa.string(), 3, gbk.buffers())
        delivery = read_delivery(parquet(path, {"名称": texts}))
        assert "\ufffd" in delivery.frame["名称"].iloc[0]
        assert delivery.frame["名称"].iloc[1] == "ok"
        assert any("1 个文字值" in note.zh for note in delivery.notes)

    def test_a_row_that_is_no_wkb_costs_that_row_alone(self, path):
        arc = struct.pack("<BII", 1, 8, 3) + struct.pack("<6d", 0, 0, 1, 1, 2, 0)
        unclosed = polygon_bytes([(0, 0), (1, 0), (1, 1)])
        sound = shapely.to_wkb(lonlat_squares(1)[0])
        delivery = read_delivery(parquet(path, wkb=[sound, b"\x01\x03no", unclosed, arc, None, sound]))
        assert [fault and fault.kind for fault in delivery.faults] == [None, *["geometry_broken"] * 3, None, None]
        assert delivery.frame.geometry.isna().tolist() == [False, True, True, True, True, False]

    def test_a_source_id_is_the_id_of_its_row(self, path):
        ids = pa.array(["way/1", None, "way/3"])
        frame = read_delivery(parquet(path, {"source_id": ids})).frame
        assert frame["source_id"].tolist() == ["way/1", None, "way/3"]
        assert list(frame.columns) == ["source_id", "geometry"]

    def test_rows_come_in_order_out_of_row_groups_of_any_size(self, path):
        numbers = pa.array(range(1000))
        for size in (1, 7, 999, 1000):
            parquet(path, {"n": numbers}, rows=1000, row_group_size=size)
            assert read_delivery(path).frame["n"].tolist() == list(range(1000))

    def test_columns_of_bounds_are_left_aside_and_further_geometries_kept_as_bytes(self, path):
        frame = frame_of()
        frame["点"] = gpd.GeoSeries(shapely.centroid(squares()), crs=frame.crs)
        frame.to_parquet(path, write_covering_bbox=True)
        delivery = read_delivery(path)
        assert list(delivery.frame.columns) == ["source_id", "名称", "层数", "点", "geometry"]
        assert shapely.from_wkb(delivery.frame["点"].iloc[0]).equals(shapely.centroid(squares(1)[0]))
        said = " ".join(note.zh for note in delivery.notes)
        assert "bbox" in said
        assert "点" in said


class TestNativeEncodings:
    @pytest.mark.parametrize(
        "shapes",
        [
            squares(),
            np.array([shapely.MultiPolygon(list(squares(2))), None, shapely.MultiPolygon([squares(1)[0]])]),
            shapely.points([[0, 0], [1, 1], [2, 2]]),
            shapely.boundary(squares()),
            shapely.buffer(squares(), 5).take([0, 1, 2]),
        ],
    )
    def test_lists_of_coordinates_are_read_too(self, path, shapes):
        frame_of(geometry=shapes).to_parquet(path, geometry_encoding="geoarrow")
        found = read_delivery(path)
        assert (shapely.to_wkb(found.frame.geometry.to_numpy()) == shapely.to_wkb(shapes)).all()
        assert all(fault is None for fault in found.faults)

    def test_a_ring_of_two_points_costs_that_row_alone(self, path):
        frame_of().to_parquet(path, geometry_encoding="geoarrow")
        table = pq.read_table(path)
        rows = table["geometry"].to_pylist()
        del rows[1][0][2:]
        broken = table.set_column(
            2, table.schema.field("geometry"), pa.array(rows, table.schema.field("geometry").type)
        )
        pq.write_table(broken, path)
        delivery = read_delivery(path)
        assert [fault and fault.kind for fault in delivery.faults] == [None, "geometry_broken", None]


class TestCrs:
    def test_none_stated_is_longitude_and_latitude(self, path):
        delivery = read_delivery(parquet(path))
        assert delivery.crs_name == "EPSG:4326"
        assert "OGC:CRS84" in delivery.crs_why.zh

    def test_crs84_is_taken_for_what_it_is(self, path):
        crs = json.loads(gpd.GeoSeries([], crs="OGC:CRS84").crs.to_json())
        assert read_delivery(parquet(path, geo=with_column(crs=crs))).crs_name == "EPSG:4326"

    def test_null_is_refused_with_what_the_numbers_look_like_and_can_be_stated(self, path, refusal):
        parquet(path, geo=with_column(crs=None), wkb=shapely.to_wkb(squares(x=42_500_000.0)))
        error = refusal(path)
        assert (error.fault.kind, error.file) == ("crs_ask", "现状.parquet")
        assert "EPSG:4530" in error.fault.remedy.en
        assert read_delivery(path, crs="EPSG:4530").crs_name == "EPSG:4530"

    @pytest.mark.parametrize("crs", [{"type": "Nonsense"}, 4326, ["EPSG:4326"]])
    def test_what_is_no_projjson_is_refused(self, path, refusal, crs):
        assert refusal(parquet(path, geo=with_column(crs=crs))).fault.kind == "crs_unreadable"

    def test_wkt_of_the_first_drafts_is_read(self, path):
        wkt = frame_of().crs.to_wkt()
        assert (
            read_delivery(parquet(path, geo=with_column(crs=wkt), wkb=shapely.to_wkb(squares()))).crs_name
            == "EPSG:4551"
        )


class TestRefusals:
    def test_a_parquet_without_a_geometry_is_refused_with_a_remedy(self, path, refusal):
        error = refusal(parquet(path, geo=False))
        assert error.fault.kind == "parquet_without_geometry"
        assert "GeoPackage" in error.fault.remedy.en

    @pytest.mark.parametrize(
        "geo",
        [
            "no json",
            "[]",
            "{}",
            {"primary_column": "geometry"},
            {**GEO, "primary_column": "geom"},
            {**GEO, "columns": {"geometry": {}}},
            {**GEO, "columns": []},
            {**GEO, "primary_column": "x", "columns": {"x": {"encoding": "WKB"}}},
            with_column(encoding="TWKB"),
            with_column(encoding="polygon"),
            {"primary_column": "n", "columns": {"n": {"encoding": "WKB"}}},
            with_column(geometry_types=7),
            with_column(covering={"bbox": []}),
        ],
        ids=str,
    )
    def test_metadata_that_mean_nothing_are_refused(self, path, refusal, geo):
        assert refusal(parquet(path, {"n": [1, 2, 3]}, geo=geo)).fault.kind == "geoparquet_broken"

    @pytest.mark.parametrize("keep", [4, 12, 200, 1000])
    def test_one_that_is_cut_short_is_refused(self, path, refusal, keep):
        cut(parquet(path, rows=50), keep)
        assert refusal(path).fault.kind == "unreadable"

    def test_no_rows_are_refused(self, path, refusal):
        assert refusal(parquet(path, rows=0)).fault.kind == "no_features"


class TestWriting:
    def test_geopandas_reads_what_is_written(self, path):
        frame = frame_of()
        assert write_frame(frame, path) == ()
        found = gpd.read_parquet(path)
        assert found.crs == frame.crs
        assert found["名称"].tolist() == NAMES
        assert (shapely.to_wkb(found.geometry.to_numpy()) == shapely.to_wkb(squares())).all()

    def test_the_metadata_say_what_is_in_it(self, path):
        shapes = np.array([squares(1)[0], shapely.MultiPolygon(list(squares(2))), None])
        write_frame(frame_of(geometry=shapes), path)
        geo = json.loads(pq.read_metadata(path).metadata[b"geo"])
        column = geo["columns"][geo["primary_column"]]
        assert (geo["version"], column["encoding"]) == ("1.1.0", "WKB")
        assert column["geometry_types"] == ["MultiPolygon", "Polygon"]
        assert column["bbox"] == [500_000.0, 4_850_000.0, 500_050.0, 4_850_020.0]
        assert column["crs"]["id"] == {"authority": "EPSG", "code": 4551}

    def test_nested_values_stay_nested_from_parquet_to_parquet(self, path, tmp_path):
        nested = pa.array([[{"楼层": [1, 2]}], None, []])
        frame = read_delivery(parquet(path, {"附注": nested})).frame
        frame["附注"] = pd.arrays.ArrowExtensionArray(nested)
        assert write_frame(frame, tmp_path / "b.parquet") == ()
        assert pq.read_table(tmp_path / "b.parquet")["附注"].to_pylist() == nested.to_pylist()
        (note,) = write_frame(frame, tmp_path / "b.gpkg")
        assert "附注" in note.zh
        assert read_delivery(tmp_path / "b.gpkg").frame["附注"].tolist() == ['[{"楼层":[1,2]}]', None, "[]"]

    def test_types_that_other_tables_lack_become_ones_that_they_have(self, path, tmp_path):
        columns = {
            "u": pa.array([2**63 + 1, None, 1], pa.uint64()),
            "d": pa.array([decimal.Decimal("1.25"), None, None]),
            "t": pa.array([dt.time(12, 30), None, None], pa.time32("s")),
            "n": pa.nulls(3),
            "s": pa.array(["a\x00b", None, ""]),
        }
        frame = read_delivery(parquet(path, columns)).frame
        for name, column in columns.items():
            frame[name] = pd.arrays.ArrowExtensionArray(column)
        for suffix in (".gpkg", ".fgb"):
            write_frame(frame, tmp_path / f"b{suffix}")
            found = read_delivery(tmp_path / f"b{suffix}").frame
            assert found["u"].tolist() == [str(2**63 + 1), None, "1"]
            assert found["d"].tolist() == ["1.25", None, None]
            assert found["t"].tolist() == ["12:30:00", None, None]
            assert found["n"].isna().all()
            assert found["s"].tolist() == ["a\ufffdb", None, ""]

    def test_a_column_called_as_the_geometry_gives_way(self, path):
        frame = frame_of({"geometry": NAMES}, geometry=None).rename_geometry("shape")
        (note,) = write_frame(frame.assign(geometry=NAMES), path)
        assert "geometry → geometry_2" in note.en
        assert read_delivery(path).frame["geometry_2"].tolist() == NAMES


def test_geojson_goes_through_parquet_and_back(tmp_path):
    properties = {"名称": "松花江", "层数": 5, "面积": 12.5, "在用": True, "附注": {"a": [1]}, "空": None}
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature(properties=properties)]}))
    write_frame(read_delivery(path).frame, tmp_path / "a.parquet")
    write_frame(read_delivery(tmp_path / "a.parquet").frame, tmp_path / "b.geojson")
    (again,) = json.loads((tmp_path / "b.geojson").read_text())["features"]
    assert again["properties"] == properties | {"附注": '{"a":[1]}'}
