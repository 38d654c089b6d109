"""A layer of which rows are taken as they are needed is the layer read whole: rows, values, faults, account."""

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from making import collection, feature, frame_of, geojson, squares

import layers.gdal_tables
import layers.geoparquet
import layers.sequence_columns
from layers.confined import keeping
from layers.confined.confinement import Confinement, confine_reading, reading_confinement
from layers.confined.frozen import UnsoundAnswerError, freeze_json, thaw_json
from layers.confined.keeping import ROWS, keep_delivery
from layers.confined.kept import open_kept
from layers.confined.reading import open_confined, read_confined
from layers.errors import RefusedFile
from layers.positions import Positions, sampling_step, sensible
from layers.reading import read_delivery
from layers.writing import write_frame
from tests.layers.seeds import SEEDS, geojson_text

_APART = ("frame", "faults", "curved")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """Have batches of few rows, in this process."""
    before = reading_confinement()
    confine_reading(Confinement(mode="off"))
    for module in (layers.gdal_tables, layers.geoparquet, layers.sequence_columns):
        monkeypatch.setattr(module, "BATCH_ROWS", 5)
    monkeypatch.setattr(keeping, "_BATCH_ROWS", 2)
    yield
    confine_reading(before)


def assert_are_rows(found, whole, rows):
    """Assert that a delivery is rows of another, in every value and type."""
    for name in type(whole).__dataclass_fields__:
        if name not in _APART:
            assert getattr(found, name) == getattr(whole, name), name
    expected = whole.frame.iloc[rows]
    assert found.frame.index.tolist() == expected.index.tolist()
    assert found.frame.dtypes.tolist() == expected.dtypes.tolist()
    assert found.frame.columns.tolist() == expected.columns.tolist()
    assert (found.frame.attrs, found.frame.crs) == (whole.frame.attrs, whole.frame.crs)
    for name in expected.columns.drop("geometry"):
        assert [*map(repr, found.frame[name])] == [*map(repr, expected[name])], name
        assert [*map(type, found.frame[name])] == [*map(type, expected[name])], name
    assert found.frame.geometry.to_wkb().tolist() == expected.geometry.to_wkb().tolist()
    assert found.faults.tolist() == whole.faults[rows].tolist()
    assert found.curved.keys() == whole.curved.keys() & set(rows)
    assert all(found.curved[row][1:] == whole.curved[row][1:] for row in found.curved)


def assert_parts_are_rows(path, *parts, **options):
    whole = read_delivery(path, **options)
    with open_confined(path, **options) as kept:
        assert kept.rows == len(whole.frame)
        assert_are_rows(kept.head, whole, [])
        for rows in (range(kept.rows), *parts):
            assert_are_rows(kept.take(np.array(rows, dtype=np.intp)), whole, list(rows))
        frames = [batch.frame for batch in kept.batches(4)]
        assert_are_rows(kept.take(np.arange(kept.rows)), whole, list(range(kept.rows)))
    assert [row for frame in frames for row in frame.index] == list(whole.frame.index)
    return whole


def outcome(read, path):
    try:
        return read(path)
    except RefusedFile as error:
        return vars(error)


def opened_whole(path):
    with open_confined(path) as kept:
        return kept.take(np.arange(kept.rows))


@pytest.mark.parametrize("suffix", SEEDS)
def test_rows_of_every_format_are_those_of_the_whole(tmp_path, suffix):
    path = SEEDS[suffix](tmp_path / f"seed{suffix}")
    rows = len(read_delivery(path, crs="EPSG:4551").frame)
    scattered = [row for row in (7, 0, 3, 3, 11, 2) if row < rows]
    parts = (range(rows // 3, rows), scattered, range(0, rows, 2), [])
    assert_parts_are_rows(path, *parts, crs="EPSG:4551", name="别名.dat")
    if isinstance(refusal := outcome(read_delivery, path), dict):
        assert outcome(opened_whole, path) == refusal
    else:
        assert_parts_are_rows(path, *parts)


def mixed():
    """Return rows of which each sort of column has holes in some batches and in others none."""
    shapes = np.array([*squares(8), None, shapely.Polygon(), *squares(4)], dtype=object)
    count = len(shapes)
    some = [None if row == count - 1 else row for row in range(count)]
    attributes = {
        "whole": list(range(count)),
        "holed": some,
        "big": [None if row == 0 else 2**60 + 1 for row in range(count)],
        "real": [None if row == 9 else row / 3 for row in range(count)],
        "flag": [None if row == 13 else row % 2 == 0 for row in range(count)],
        "sure": [row % 2 == 0 for row in range(count)],
        "text": [None if row == 5 else "楼𠮷" * row for row in range(count)],
        "day": pd.to_datetime([None if row == 6 else f"2024-05-{row + 1:02d}" for row in range(count)]),
    }
    return frame_of(attributes, geometry=shapes)


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".parquet", ".geojson", ".geojsonl"])
def test_a_hole_in_one_batch_makes_the_type_of_all(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_frame(mixed(), path)
    whole = assert_parts_are_rows(path, range(5), range(9, 14), [0, 4, 13], [13], crs="EPSG:4551")
    if suffix != ".geojson":
        assert str(whole.frame["holed"].dtype) in {"Int64", "object"}


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".parquet", ".geojson", ".zip"])
def test_an_empty_layer_is_refused_as_it_is_when_it_is_read_whole(tmp_path, suffix):
    write_frame(mixed().iloc[:0], tmp_path / f"a{suffix}")
    refusal = outcome(read_delivery, tmp_path / f"a{suffix}")
    assert refusal["fault"].kind == "no_features"
    assert outcome(opened_whole, tmp_path / f"a{suffix}") == refusal


@given(rows=st.lists(st.integers(0, 13), max_size=30))
def test_any_rows_in_any_order_are_those_of_the_whole(kept_and_whole, rows):
    kept, whole = kept_and_whole
    assert_are_rows(kept.take(np.array(rows, dtype=np.intp)), whole, rows)


@pytest.fixture(scope="module")
def kept_and_whole(tmp_path_factory):
    """Return a layer that is open, and the same read whole."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "_BATCH_ROWS", 3)
        write_frame(mixed(), folder / "a.gpkg")
        whole = read_delivery(folder / "a.gpkg")
        account = keep_delivery(folder / "a.gpkg", folder)
        yield open_kept(account, folder, sha256=whole.sha256, size=whole.size), whole


@pytest.mark.parametrize("crs", ["EPSG:4551/yx", "EPSG:4551/mm", "EPSG:4551/yx,mm"])
def test_parts_are_turned_as_the_whole_is(tmp_path, crs):
    write_frame(mixed(), tmp_path / "a.gpkg")
    assert_parts_are_rows(tmp_path / "a.gpkg", [3, 1], crs=crs)


def test_heights_are_dropped_and_counted_over_all_batches(tmp_path):
    frame = mixed()
    frame.geometry = shapely.force_3d(frame.geometry.to_numpy(), 7)
    write_frame(frame, tmp_path / "a.gpkg")
    frame.to_parquet(tmp_path / "a.parquet")
    for name in ("a.gpkg", "a.parquet"):
        assert_parts_are_rows(tmp_path / name, [2, 9])


def test_null_absent_and_nested_values_keep_their_types_in_parts(tmp_path):
    assert_parts_are_rows(geojson(tmp_path / "a.geojson", geojson_text()), [2], [3, 0], range(4, 9))


def test_a_sequence_has_the_columns_of_all_its_features(tmp_path):
    document = json.loads(geojson_text(), parse_int=int)
    features = document["features"] + [{"type": "FeatureCollection", "features": [feature(properties={"late": 1})]}]
    properties = [
        {"n": row, "r": row / 2, "f": True, "t": "楼" * row, "i": 2 ** (row * 8)} for row in range(len(features))
    ]
    for each, further in zip(features[:-1], properties, strict=False):
        each["properties"] |= further | {"holed": None if each is features[7] else 1}
    path = geojson(tmp_path / "a.geojsonl", "\n".join(map(json.dumps, features)))
    whole = assert_parts_are_rows(path, [2], [3, 0], range(4, 9), [12])
    assert whole.frame["late"].iloc[12] == 1
    path = geojson(tmp_path / "b.geojsonl", "\n".join(map(json.dumps, features[:-1])))
    whole = assert_parts_are_rows(path, [2], [3, 0], range(4, 9))
    assert [str(whole.frame[name].dtype) for name in "nrftih"[:5]] == ["int64", "float64", "bool", "object", "object"]


def test_a_sequence_is_refused_as_it_is_when_it_is_read_whole(tmp_path, monkeypatch):
    path = geojson(tmp_path / "a.geojsonl", json.dumps(feature()) + "\n" * 7 + "{")
    assert outcome(opened_whole, path) == outcome(read_delivery, path)
    path = geojson(tmp_path / "b.geojsonl", "\n".join(json.dumps(feature(properties={f"a{i}": 1})) for i in range(9)))
    monkeypatch.setattr("layers.geojson.MAX_FIELDS", 8)
    assert outcome(opened_whole, path) == outcome(read_delivery, path)
    assert isinstance(outcome(read_delivery, path), dict)


def test_remarks_of_a_sequence_stand_in_the_order_of_the_whole(tmp_path):
    ring = [[126, 43], [126.001, 43], [126.001, 43.001]]
    high = [[*place, 7] for place in (*ring, ring[0])]
    rings = [ring] * 6 + [high] * 6
    features = [feature({"type": "Polygon", "coordinates": [each]}) for each in rings]
    path = geojson(tmp_path / "a.geojsonl", "\n".join(map(json.dumps, features)))
    assert len(assert_parts_are_rows(path, [2, 8]).notes) == 2


def test_columns_of_arrow_that_no_frame_has_are_taken_in_parts(tmp_path):
    columns = {
        "list": pa.array([[1.5, None], [], None] * 4),
        "pairs": pa.array([[1, 2], [3, 4], [5, 6]] * 4),
        "struct": pa.array([{"a": dt.date(2024, 1, 1), "b": 0.5}, None, {"a": None, "b": 0.0}] * 4),
        "map": pa.array([[("k", 1)], [], None] * 4, pa.map_(pa.string(), pa.int64())),
        "price": pa.array([Decimal("1.50"), None, Decimal("-0.01")] * 4),
        "word": pa.array(["楼", None, "x"] * 4).dictionary_encode(),
        "there": pa.array(
            [dt.datetime(2024, 5, 1, tzinfo=dt.UTC), None, None] * 4, pa.timestamp("us", "Asia/Shanghai")
        ),
        "bytes": pa.array([b"\x00\xff", None, b""] * 4),
        "nothing": pa.nulls(12),
        "json": pa.array(['{"a": 1}', "no", None] * 4, pa.json_()),
    }
    frame_of({}, geometry=squares(12)).to_parquet(tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    for name, column in columns.items():
        table = table.append_column(name, column)
    pq.write_table(table, tmp_path / "a.parquet")
    assert_parts_are_rows(tmp_path / "a.parquet", [5, 1, 8], range(3, 7))


def test_faults_go_with_their_rows(tmp_path):
    unclosed = {"type": "Polygon", "coordinates": [[[126, 43], [126, 44]]]}
    text = json.dumps(collection(*[feature() if row % 3 else feature(unclosed) for row in range(9)]))
    whole = assert_parts_are_rows(geojson(tmp_path / "a.geojson", text), [3, 4], [0], [1, 2])
    assert whole.faults[3] is not None


def test_geometries_are_taken_without_attributes(tmp_path):
    write_frame(mixed(), tmp_path / "a.gpkg")
    whole = read_delivery(tmp_path / "a.gpkg")
    with open_confined(tmp_path / "a.gpkg") as kept:
        batches = list(kept.batches(4, columns=False))
    assert [list(batch.frame.columns) for batch in batches] == [["geometry"]] * 4
    shapes = np.concatenate([batch.frame.geometry.to_wkb() for batch in batches])
    assert shapes.tolist() == whole.frame.geometry.to_wkb().tolist()


@pytest.mark.parametrize("rows", [[-1], [0, 14]])
def test_a_row_that_is_none_is_an_error(kept_and_whole, rows):
    with pytest.raises(IndexError, match="0 to 13"):
        kept_and_whole[0].take(np.array(rows))


def test_several_threads_take_rows_of_one_layer(kept_and_whole):
    kept, whole = kept_and_whole
    parts = [[row % 14, (7 * row) % 14, 13 - row % 14] for row in range(40)]
    with ThreadPoolExecutor(4) as pool:
        for rows, found in zip(parts, pool.map(kept.take, map(np.array, parts)), strict=True):
            assert_are_rows(found, whole, rows)


@pytest.mark.parametrize(
    ("column", "value"), [("1", "[1"), ("1", "1, 2"), ("fault", '{"Text": ["", ""]}'), ("fault", "{}"), ("curved", "1")]
)
def test_a_row_that_cannot_be_used_is_refused_where_it_is_taken(tmp_path, column, value):
    path = geojson(tmp_path / "a.geojson", geojson_text())
    account = keep_delivery(path, tmp_path)
    table = pa.ipc.open_file(tmp_path / ROWS).read_all()
    texts = table[column].to_pylist()
    spoilt = pa.array([*texts[:5], value, *texts[6:]], pa.large_string())
    table = table.set_column(table.column_names.index(column), column, spoilt)
    with pa.OSFile(str(tmp_path / ROWS), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    kept = open_kept(account, tmp_path, sha256="", size=0)
    assert kept.take(np.arange(5)).frame["a"].isna().any()
    with pytest.raises(RefusedFile) as caught:
        kept.take(np.arange(4, 7))
    assert (caught.value.fault.kind, caught.value.file) == ("reader_failed", "a.geojson")


@given(seed=st.integers(0, 10_000))
def test_damaged_answers_are_deliveries_or_refused(frozen, seed):
    folder, contents = frozen
    random = np.random.default_rng(seed)
    spoilt = {name: bytearray(content) for name, content in contents.items()}
    data = spoilt[(ROWS, "answer.json")[random.integers(2)]]
    for at in random.integers(len(data), size=random.integers(1, 5)):
        data[at] ^= 1 << int(random.integers(8))
    for name, content in spoilt.items():
        (folder / name).unlink(missing_ok=True)  # what is still looked at stays as it is
        (folder / name).write_bytes(content)
    try:
        kept = open_kept(thaw_json(folder / "answer.json"), folder)
        found = [kept.take(np.array([7, 1, 2, 11])), kept.take(np.arange(kept.rows))]
    except (UnsoundAnswerError, RefusedFile, IndexError):
        return
    for each in found:
        assert len(each.frame) == len(each.faults)
        assert all(map(shapely.is_geometry, each.frame.geometry.dropna()))


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    """Return a folder with an answer that is sound, and what its files hold."""
    folder = tmp_path_factory.mktemp("frozen")
    account = keep_delivery(SEEDS[".gpkg"](folder / "a.gpkg"), folder)
    freeze_json({**account, "delivery": {**account["delivery"], "sha256": "", "size": 0}}, folder / "answer.json")
    return folder, {name: (folder / name).read_bytes() for name in (ROWS, "answer.json")}


def test_a_layer_in_this_process_is_as_one_that_was_confined(tmp_path):
    write_frame(mixed(), tmp_path / "a.gpkg")
    whole = read_confined(tmp_path / "a.gpkg")
    confine_reading(Confinement(mode="limits"))
    with open_confined(tmp_path / "a.gpkg") as kept:
        assert_are_rows(kept.take(np.arange(kept.rows)), whole, list(range(kept.rows)))
        assert list(map(len, (batch.frame for batch in kept.batches(5)))) == [5, 5, 4]


@given(xy=st.lists(st.tuples(st.floats(), st.floats()), max_size=60), cuts=st.lists(st.integers(0, 60), max_size=5))
def test_what_is_known_of_positions_is_the_same_however_they_come(xy, cuts):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("layers.positions._SAMPLE", 4)
        places = np.array(xy, dtype=float).reshape(-1, 2)
        points = shapely.points(places) if len(places) else np.empty(0, dtype=object)
        places = shapely.get_coordinates(points)
        seen = Positions()
        for part in np.split(points, sorted(cuts)):
            seen.add(part)
        there = sensible(places)
        assert seen.sample.tolist() == there[:: sampling_step(len(there))].tolist()
        assert seen.are_degrees == Positions.of(points).are_degrees
        assert len(seen.sample) <= 4
