"""A delivery read in batches is the delivery read whole: rows, values, faults, account."""

import io
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import shapely
from making import NAMES, collection, feature, frame_of, geojson, geopackage, lonlat_squares, shapefile, squares, zipped

import layers.gdal_tables
import layers.geoparquet
import layers.reading
from layers.columns import python_values
from layers.errors import RefusedFile
from layers.json_values import json_value
from layers.reading import open_delivery, open_features, read_delivery
from layers.writing import write_frame

ACCOUNT = ("file", "layer", "format", "encoding", "crs", "crs_name", "crs_why")
SUFFIXES = [".gpkg", ".fgb", ".parquet", ".geojson", ".geojsonl", ".zip"]


@pytest.fixture(autouse=True)
def batches_of_two(monkeypatch):
    for module in (layers.gdal_tables, layers.geoparquet, layers.reading):
        monkeypatch.setattr(module, "BATCH_ROWS", 2)


def mixed():
    """Return rows of every sort: missing values in all columns, several kinds of geometry, none, an empty one."""
    several = shapely.MultiPolygon(list(lonlat_squares(5)[3:]))
    shapes = [*lonlat_squares(3), several, None, shapely.Polygon(), lonlat_squares(1)[0]]
    attributes = {
        "名称": [*NAMES, None, "", "𠮷林", "x"],
        "层数": [5, None, 2**60 + 1, 3, 0, -1, 7],
        "面积": [12.5, 0.1, None, 1 / 3, 0.0, 1e300, -1.5],
        "在用": [True, None, False, True, True, False, True],
    }
    return frame_of(attributes, geometry=np.array(shapes, dtype=object), crs="EPSG:4490")


def plain(column):
    return [json_value(value) for value in python_values(column)]


def read_twice(path, **options):
    """Return a delivery read whole, the account of the same read in batches, and those."""
    whole = read_delivery(path, **options)
    with open_delivery(path, **options) as opened:
        batches = list(opened.batches)
    return whole, opened, batches


@pytest.mark.parametrize("suffix", SUFFIXES)
class TestEveryFormat:
    def test_the_rows_are_the_same(self, tmp_path, suffix):
        frame = mixed().dropna(subset="geometry") if suffix == ".zip" else mixed()
        write_frame(frame, tmp_path / f"a{suffix}")
        whole, _, batches = read_twice(tmp_path / f"a{suffix}")
        assert [len(batch.frame) for batch in batches] == [2, 2, 2, 1][: len(batches)]
        assert [row for batch in batches for row in batch.frame.index] == list(whole.frame.index)
        assert all(list(batch.frame.columns) == list(whole.frame.columns) for batch in batches)
        for name in whole.frame.columns.drop("geometry"):
            assert [value for batch in batches for value in plain(batch.frame[name])] == plain(whole.frame[name])
        shapes = np.concatenate([batch.frame.geometry.to_numpy() for batch in batches])
        assert (shapely.to_wkb(shapes) == shapely.to_wkb(whole.frame.geometry.to_numpy())).all()

    def test_the_account_is_the_same(self, tmp_path, suffix):
        write_frame(mixed(), tmp_path / f"a{suffix}")
        whole, opened, _ = read_twice(tmp_path / f"a{suffix}")
        assert [getattr(opened, name) for name in ACCOUNT] == [getattr(whole, name) for name in ACCOUNT]
        assert opened.notes == whole.notes
        assert opened.rows in {None, len(whole.frame)}

    def test_of_the_kinds_of_geometry_none_is_missed(self, tmp_path, suffix):
        write_frame(mixed(), tmp_path / f"a{suffix}")
        with open_delivery(tmp_path / f"a{suffix}") as opened:
            kinds = opened.find_kinds() if opened.find_kinds else None
        assert kinds in ({"Polygon", "MultiPolygon"}, {"MultiPolygon"}, None)
        assert (kinds is None) == (suffix in {".geojson", ".geojsonl", ".zip"})

    def test_an_empty_layer_is_refused_before_anything_else(self, tmp_path, suffix):
        if suffix == ".geojsonl":
            pytest.skip("a text sequence without features is an empty file")
        write_frame(mixed().iloc[:0], tmp_path / f"a{suffix}")
        with pytest.raises(RefusedFile) as caught, open_delivery(tmp_path / f"a{suffix}"):
            pytest.fail("it was opened")
        assert (caught.value.fault.kind, caught.value.file) == ("no_features", f"a{suffix}")


def test_a_missing_geometry_does_not_shift_those_behind_it(tmp_path):
    # GDAL's own way from FlatGeobuf into Arrow begins again at the first byte there
    shapes = np.array([None, *squares(2), None, None, squares(1)[0]], dtype=object)
    for suffix in (".fgb", ".gpkg", ".parquet"):
        write_frame(frame_of({"n": range(6)}, geometry=shapes), tmp_path / f"a{suffix}")
        whole, _, batches = read_twice(tmp_path / f"a{suffix}")
        for found in (whole.frame.geometry.to_numpy(), np.concatenate([b.frame.geometry.to_numpy() for b in batches])):
            assert (shapely.to_wkb(found) == shapely.to_wkb(shapes)).all()


def test_values_behind_the_file_s_own_types_are_told_or_missing(tmp_path):
    path = geopackage(tmp_path / "a.gpkg", {"a": frame_of({"n": [1, 2, 3]})})
    with closing(sqlite3.connect(path)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("ALTER TABLE a ADD COLUMN d DATE")
        database.execute("ALTER TABLE a ADD COLUMN t TEXT")
        database.execute("UPDATE a SET d = '2024-01-31', t = 'ok' WHERE fid = 1")
        database.execute("UPDATE a SET d = 'yesterday', t = CAST(x'ff41' AS TEXT) WHERE fid = 3")
        database.commit()
    whole, opened, batches = read_twice(path)
    assert plain(whole.frame["d"]) == ["2024-01-31", None, None]
    assert plain(whole.frame["t"]) == ["ok", None, "\ufffdA"]
    assert [value for batch in batches for value in plain(batch.frame["d"])] == plain(whole.frame["d"])
    said = " ".join(note.zh for note in opened.notes)
    assert "yesterday" in said
    assert "1 个文字值" in said


def test_heights_are_counted_over_all_batches(tmp_path):
    high = shapely.force_3d(lonlat_squares(5), 7)
    path = geojson(tmp_path / "a.geojsonl", "\n".join(shapely.to_geojson(high)))
    _, opened, batches = read_twice(path)
    assert len(batches) == 3
    assert [note.en for note in opened.notes] == [
        "Heights and further ordinates were dropped (features that had them: 5)."
    ]
    frame_of({"n": range(5)}, geometry=high, crs=4490).to_parquet(tmp_path / "a.parquet")
    whole, opened, _ = read_twice(tmp_path / "a.parquet")
    assert opened.notes == whole.notes
    assert "5" in opened.notes[0].zh


def rows_until_refused(path):
    """Return how many rows come before the refusal, and that."""
    rows = []
    with pytest.raises(RefusedFile) as caught, open_delivery(path) as opened:
        rows.extend(row for batch in opened.batches for row in batch.frame.index)
    return len(rows), caught.value


def test_a_line_that_is_no_json_is_named_behind_the_rows_before_it(tmp_path):
    path = tmp_path / "a.geojsonl"
    path.write_text("".join(json.dumps(feature(properties={"n": n})) + "\n" for n in range(4)) + "{broken\n")
    rows, error = rows_until_refused(path)
    assert rows == 4
    assert (error.fault.kind, error.line, error.file) == ("sequence_broken", 5, "a.geojsonl")


def test_rows_that_are_lost_are_missed_behind_the_last(tmp_path, monkeypatch):
    path = geopackage(tmp_path / "a.gpkg", {"a": frame_of()})
    tables = [replace(layer, rows=layer.rows + 1) for layer in layers.gdal_tables.list_tables(path)]
    monkeypatch.setattr(layers.gdal_tables, "list_tables", lambda _, **_options: tables)
    _, error = rows_until_refused(path)
    assert (error.fault.kind, error.file) == ("rows_lost", "a.gpkg")


def test_a_layer_is_chosen_as_in_reading_whole(tmp_path):
    path = geopackage(tmp_path / "a.gpkg", {"地块": frame_of(), "建筑": frame_of()})
    with pytest.raises(RefusedFile) as caught, open_delivery(path):
        pytest.fail("it was opened")
    assert caught.value.fault.kind == "layer_choice"
    whole, opened, _ = read_twice(path, layer="建筑")
    assert opened.layer == whole.layer == "建筑"


def test_the_crs_is_asked_for_before_the_second_batch_is_read(tmp_path):
    path = geojson(tmp_path / "a.geojsonl", "\n".join(shapely.to_geojson(squares(5, x=42_500_000.0))))
    with pytest.raises(RefusedFile) as caught, open_delivery(path):
        pytest.fail("it was opened")
    assert "EPSG:4530" in caught.value.fault.remedy.en
    whole, opened, _ = read_twice(path, crs="EPSG:4530")
    assert opened.crs_name == whole.crs_name == "EPSG:4530"


def test_what_lies_in_an_archive_is_read_in_batches_too(tmp_path):
    shp = shapefile(tmp_path / "set")
    path = zipped(tmp_path / "a.zip", {part.name: part.read_bytes() for part in shp.parent.iterdir()})
    whole, opened, batches = read_twice(path)
    assert opened.encoding == whole.encoding
    assert [name for batch in batches for name in batch.frame["名称"]] == NAMES


def test_a_pipe_is_a_delivery_before_its_first_row_comes():
    receiver, sender = os.pipe()
    with os.fdopen(receiver, "rb") as stream, os.fdopen(sender, "wb", buffering=0) as sink:
        opened = open_features(stream)
        assert (opened.file, opened.crs_name, opened.rows) == ("-", "EPSG:4326", None)
        sink.write(b'{"type":"Feature","properties":{"n":1},"geometry":null}\n')
        assert next(opened.batches).frame["n"].tolist() == [1]
    assert open_features(io.BytesIO(), crs="EPSG:4551").crs_name == "EPSG:4551"


def test_reading_may_stop_anywhere(tmp_path):
    write_frame(mixed(), tmp_path / "a.gpkg")
    with open_delivery(tmp_path / "a.gpkg") as opened:
        next(opened.batches)
    assert [part.name for part in tmp_path.iterdir()] == ["a.gpkg"]


def test_a_collection_is_given_in_batches(tmp_path):
    path = geojson(tmp_path / "a.geojson", collection(*(feature(properties={"n": n}, id=n) for n in range(5))))
    _, _, batches = read_twice(path)
    assert [batch.frame["n"].tolist() for batch in batches] == [[0, 1], [2, 3], [4]]
    assert all(batch.frame.attrs["numeric_ids"] for batch in batches)


@pytest.mark.parametrize("suffix", [".fgb", ".parquet"])
def test_rows_without_ids_have_none(tmp_path, suffix):
    write_frame(mixed(), tmp_path / f"a{suffix}")
    whole, _, batches = read_twice(tmp_path / f"a{suffix}")
    assert whole.frame["source_id"].tolist() == [None] * 7
    assert all(batch.frame["source_id"].isna().all() for batch in batches)
