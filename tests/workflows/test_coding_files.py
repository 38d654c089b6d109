"""`luotu code`, batch by batch: what comes out is what the whole file coded at once would be."""

import io
import itertools
import json
import struct
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import layers.gdal_tables
import layers.geoparquet
import layers.reading
from geocode import CrsError, encode
from layers.code_columns import with_codes
from layers.errors import CannotWrite, RefusedFile
from layers.json_values import json_value
from layers.reading import read_delivery
from layers.writing import write_frame
from workflows.coding import Answer, code_file

LON, LAT = 126.55, 43.84
SOURCES = [".gpkg", ".fgb", ".parquet", ".geojson", ".geojsonl"]
TARGETS = [*SOURCES, ".zip"]


@pytest.fixture(autouse=True)
def batches_of_three(monkeypatch):
    for module in (layers.gdal_tables, layers.geoparquet, layers.reading):
        monkeypatch.setattr(module, "BATCH_ROWS", 3)


def houses(count):
    west = LON + np.arange(count) * 1e-3
    return shapely.box(west, LAT, west + 2e-4, LAT + 1e-4)


def bow_tie():
    return shapely.Polygon([(LON, LAT), (LON + 1e-3, LAT + 1e-3), (LON + 1e-3, LAT), (LON, LAT + 1e-3)])


def survey(**columns):
    """Return eight rows, of which five are footprints."""
    shapes = [*houses(4), bow_tie(), None, shapely.Polygon(), shapely.MultiPolygon(list(houses(6)[4:]))]
    attributes = {
        "名称": ["甲", None, "丙", "", "戊", "己", "庚", "辛"],
        "层数": [5, 18, None, 3, 0, -1, 2**60 + 1, 7],
        "在用": [True, None, False, True, True, False, True, None],
    }
    return gpd.GeoDataFrame(attributes | columns, geometry=np.array(shapes, dtype=object), crs=4490, dtype=object)


def plain(frame):
    """Return the values of a frame's columns as JSON would have them, and its geometries."""
    columns = {name: [json_value(value) for value in frame[name]] for name in frame.columns.drop("geometry")}
    shapes = frame.geometry.to_numpy()
    return columns, [None if shape is None or shape.is_empty else shapely.normalize(shape).wkt for shape in shapes]


@pytest.mark.parametrize(("source", "target"), list(itertools.product(SOURCES, TARGETS)))
def test_a_file_is_coded_as_its_whole_is(tmp_path, source, target):
    write_frame(survey(), tmp_path / f"in{source}")
    streamed, whole = (tmp_path / name / f"out{target}" for name in ("streamed", "whole"))
    for path in (streamed, whole):
        path.parent.mkdir()
    delivery = read_delivery(tmp_path / f"in{source}")
    write_frame(with_codes(delivery.frame, delivery.faults)[0], whole)
    result = code_file(tmp_path / f"in{source}", streamed)
    assert (result.rows, result.good) == (8, 5)
    assert result.refused["self_intersection"] == 1
    found, expected = read_delivery(streamed), read_delivery(whole)
    assert plain(found.frame) == plain(expected.frame)
    assert found.crs_name == expected.crs_name
    assert found.frame["code"].iloc[0] == str(encode(houses(1)[0]))
    if target not in {".gpkg", ".parquet"}:
        # of which one holds the time of day, and the other types that are finer than those of a frame
        assert streamed.read_bytes() == whole.read_bytes()


def test_properties_are_the_same_in_every_format(tmp_path):
    write_frame(survey(), tmp_path / "in.gpkg")
    found = []
    for target in TARGETS[:-1]:
        code_file(tmp_path / "in.gpkg", tmp_path / f"out{target}")
        frame = read_delivery(tmp_path / f"out{target}").frame
        found.append(plain(frame.drop(columns=["source_id"]))[0])
    assert all(other == found[0] for other in found)


def test_one_bad_row_of_many_costs_that_row_alone(tmp_path, monkeypatch):
    for module in (layers.gdal_tables, layers.geoparquet, layers.reading):
        monkeypatch.setattr(module, "BATCH_ROWS", 500)
    wkb = shapely.to_wkb(houses(5_000))
    wkb[1234] = struct.pack("<BII", 1, 3, 1) + b"cut"
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = pa.table({"geometry": pa.array(wkb, pa.binary())})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), tmp_path / "in.parquet")
    result = code_file(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert (result.rows, dict(result.refused)) == (5_000, {"geometry_broken": 1})
    out = read_delivery(tmp_path / "out.parquet").frame
    assert np.flatnonzero(out["code"].isna()).tolist() == [1234]
    assert out["fault"].iloc[1234].startswith("geometry_broken")


class TestNothingByHalves:
    def test_where_every_row_is_refused_no_file_is_written(self, tmp_path):
        for source, target in itertools.product([".gpkg", ".geojsonl"], [*TARGETS, ".csv"]):
            write_frame(survey().iloc[4:7].reset_index(drop=True), tmp_path / f"in{source}")
            result = code_file(tmp_path / f"in{source}", tmp_path / f"out{target}")
            assert (result.rows, result.good) == (3, 0)
            assert not (tmp_path / f"out{target}").exists()

    @pytest.mark.parametrize("target", [*TARGETS, ".csv"])
    def test_a_source_that_breaks_off_leaves_no_target(self, tmp_path, target):
        write_frame(survey(), tmp_path / "in.geojsonl")
        with (tmp_path / "in.geojsonl").open("a") as file:
            file.write("{broken\n")
        with pytest.raises(RefusedFile) as caught:
            code_file(tmp_path / "in.geojsonl", tmp_path / f"out{target}")
        assert (caught.value.file, caught.value.line) == ("in.geojsonl", 9)
        assert [part.name for part in tmp_path.iterdir()] == ["in.geojsonl"]

    def test_rows_lost_in_the_last_batch_leave_no_target(self, tmp_path, monkeypatch):
        write_frame(survey(), tmp_path / "in.gpkg")
        more = [replace(table, rows=table.rows + 1) for table in layers.gdal_tables.list_tables(tmp_path / "in.gpkg")]
        monkeypatch.setattr(layers.gdal_tables, "list_tables", lambda _, **_options: more)
        with pytest.raises(RefusedFile) as caught:
            code_file(tmp_path / "in.gpkg", tmp_path / "out.fgb")
        assert caught.value.fault.kind == "rows_lost"
        assert not (tmp_path / "out.fgb").exists()

    @pytest.mark.parametrize("target", ["out.tif", "missing/out.gpkg", "."])
    def test_a_target_that_cannot_be_is_told_before_the_source_is_looked_at(self, tmp_path, target):
        with pytest.raises(CannotWrite):
            code_file(tmp_path / "not there.gpkg", tmp_path / target)

    def test_a_crs_that_the_gate_refuses_is_told_before_anything_is_written(self, tmp_path):
        write_frame(survey().set_crs(4610, allow_override=True), tmp_path / "in.gpkg")
        out = io.BytesIO()
        with pytest.raises(CrsError):
            code_file(tmp_path / "in.gpkg", Answer(out, "geojson"))
        assert out.getvalue() == b""


class TestColumns:
    def test_columns_that_bear_the_names_of_ours_are_kept(self, tmp_path):
        names = ["code", "h3", "area_m2", "fault", "fid", "geom", "source_id"]
        columns = {name: [f"{name}{row}" for row in range(8)] for name in names}
        write_frame(survey(**columns), tmp_path / "in.parquet")
        for target in TARGETS[:-1]:
            code_file(tmp_path / "in.parquet", tmp_path / f"out{target}")
            found = read_delivery(tmp_path / f"out{target}").frame
            assert found["code"].notna().sum() == 5
            for name in ("code", "h3", "area_m2", "fault"):
                assert found[f"{name}_delivered"].tolist() == columns[name]
            assert found["source_id"].tolist() == columns["source_id"]
            held = [found[name].tolist() for name in found.columns]
            assert columns["fid"] in held
            assert columns["geom"] in held

    @pytest.mark.parametrize("target", TARGETS)
    def test_names_in_capitals_give_way_too_and_lose_no_value(self, tmp_path, target):
        names = ["CODE", "code", "H3", "Area_M2", "FAULT", "Name", "NAME", "name"]
        columns = {name: [f"{name}{row}" for row in range(8)] for name in names}
        whole = survey(**columns).set_geometry([*houses(1)] * 8, crs=4490)
        write_frame(whole, tmp_path / "in.parquet")
        code_file(tmp_path / "in.parquet", tmp_path / f"out{target}")
        found = read_delivery(tmp_path / f"out{target}").frame
        assert found["code"].tolist() == [str(encode(houses(1)[0]))] * 8
        assert found["area_m2"].notna().all()
        held = [found[name].tolist() for name in found.columns.drop("geometry")]
        assert all(values in held for values in columns.values())

    def test_a_layer_is_chosen_among_several(self, tmp_path):
        write_frame(survey(), tmp_path / "in.gpkg", layer="建筑")
        with pytest.raises(RefusedFile):
            code_file(tmp_path / "in.gpkg", layer="道路")
        assert code_file(tmp_path / "in.gpkg", layer="建筑").rows == 8

    def test_metres_stay_metres(self, tmp_path):
        metres = survey().to_crs(4551)
        write_frame(metres, tmp_path / "in.gpkg")
        for target in [".gpkg", ".fgb", ".parquet", ".geojson"]:
            code_file(tmp_path / "in.gpkg", tmp_path / f"out{target}")
            found = read_delivery(tmp_path / f"out{target}")
            assert found.crs_name == "EPSG:4551"
            assert found.frame["code"].iloc[0] == str(encode(metres.geometry.iloc[0], crs=4551))


class TestAnswers:
    def answer(self, source, form, **options):
        out = io.BytesIO()
        result = code_file(source, Answer(out, form), **options)
        return out.getvalue(), result

    def test_records_tell_row_and_fault_with_remedy_and_place(self, tmp_path):
        write_frame(survey(), tmp_path / "in.fgb")
        data, _ = self.answer(tmp_path / "in.fgb", "json")
        records = json.loads(data)
        assert [record["row"] for record in records] == list(range(8))
        assert list(records[0]) == ["row", "source_id", "code", "h3", "area_m2", "fault"]
        assert records[0]["code"] == str(encode(houses(1)[0]))
        assert records[0]["fault"] is None
        fault = records[4]["fault"]
        assert records[4]["code"] is None
        assert fault["kind"] == "self_intersection"
        assert {"zh", "en"} == set(fault["text"]) == set(fault["remedy"])
        assert fault["place"]["x"] == pytest.approx(LON + 5e-4)
        assert records[5]["fault"]["place"] is None

    def test_records_of_no_rows_are_an_empty_array(self):
        assert json.loads(self.answer(io.BytesIO(), "json")[0]) == []

    def test_every_row_is_answered_even_where_all_are_refused(self, tmp_path):
        write_frame(survey().iloc[4:6].reset_index(drop=True), tmp_path / "in.gpkg")
        data, result = self.answer(tmp_path / "in.gpkg", "geojsonl")
        assert [json.loads(line)["properties"]["code"] for line in data.splitlines()] == [None, None]
        assert result.good == 0

    def test_a_stream_of_features_is_coded_into_any_form(self, tmp_path):
        write_frame(survey(), tmp_path / "in.geojsonl")
        lines = (tmp_path / "in.geojsonl").read_bytes()
        for form in ("json", "geojson", "geojsonl", "csv"):
            assert self.answer(io.BytesIO(lines), form)[1].good == 5
        data, _ = self.answer(io.BytesIO(lines), "csv")
        assert pd.read_csv(io.BytesIO(data))["code"].notna().sum() == 5
        for target in TARGETS:
            code_file(io.BytesIO(lines), tmp_path / f"out{target}")
            assert read_delivery(tmp_path / f"out{target}").frame["code"].notna().sum() == 5

    def test_heights_in_a_stream_are_told(self):
        line = shapely.to_geojson(shapely.force_3d(houses(1)[0], 7)).encode()
        _, result = self.answer(io.BytesIO(line), "geojsonl")
        assert "1" in result.notes[0].zh


def test_who_looks_on_sees_the_account_before_the_rows_and_each_row_once(tmp_path):
    class Watcher:
        def __init__(self):
            self.seen = []

        def see_delivery(self, delivery):
            self.seen.append(delivery.format)

        def see_batch(self, batch):
            self.seen += batch.frame.index.tolist()

    write_frame(survey(), tmp_path / "in.gpkg")
    watcher = Watcher()
    code_file(Path(tmp_path / "in.gpkg"), watcher=watcher)
    assert watcher.seen == ["GeoPackage", *range(8)]
