"""GeoJSON text sequences come out of files and pipes, whole, in order, and without being held back."""

import io
import json
import os
import threading
from contextlib import contextmanager

import pandas as pd
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from making import collection, feature, lonlat_squares, squares

import layers.sequences
from layers.errors import RefusedFile
from layers.reading import iter_features, read_delivery
from layers.writing import write_features

NESTED = {"name": "一号楼", "楼层": [1, 2.5, {"深": None}], "n": 12345678901234567890123}


def lines(*features, separator=""):
    return "".join(f"{separator}{json.dumps(one, ensure_ascii=False)}\n" for one in features).encode()


def numbered(count, start=0):
    return [feature(properties={"n": number}, id=number) for number in range(start, start + count)]


def read(data, **options):
    return list(iter_features(io.BytesIO(data), **options))


@contextmanager
def pipe():
    """Open a pipe: what is written to the second end comes out of the first."""
    receiver, sender = os.pipe()
    with os.fdopen(receiver, "rb") as stream, os.fdopen(sender, "wb", buffering=0) as sink:
        yield stream, sink


def test_features_come_in_batches_with_rows_counted_over_the_stream():
    batches = read(lines(*numbered(25)), rows=10)
    assert [len(batch.frame) for batch in batches] == [10, 10, 5]
    assert [row for batch in batches for row in batch.frame.index] == list(range(25))
    assert [n for batch in batches for n in batch.frame["n"]] == list(range(25))
    assert batches[0].frame.crs.to_epsg() == 4326


@pytest.mark.parametrize("separator", ["", "\x1e"])
def test_properties_survive_from_in_to_out(separator):
    rows = [
        feature(properties=NESTED, id="way/1"),
        feature(properties={"x": None}),
        {**feature(), "geometry": None, "properties": {}},
    ]
    (batch,) = read(lines(*rows, separator=separator))
    out = io.BytesIO()
    write_features(out, batch.frame, separators=bool(separator))
    again = [json.loads(line.removeprefix(b"\x1e")) for line in out.getvalue().splitlines()]
    assert [one["properties"] for one in again] == [NESTED, {"x": None}, {}]
    assert [one.get("id") for one in again] == ["way/1", None, None]
    assert again[2]["geometry"] is None
    assert out.getvalue().startswith(separator.encode() + b'{"type":"Feature"')


@example([{"geometry": 1, "source_id": [True], "geometry_2": None}, {"geometry": "x"}])
@given(
    st.lists(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.booleans())), min_size=1)
)
def test_any_properties_survive_from_in_to_out(rows):
    out = io.BytesIO()
    for batch in read(lines(*(feature(properties=one) for one in rows)), rows=3):
        write_features(out, batch.frame)
    assert [json.loads(line)["properties"] for line in out.getvalue().splitlines()] == rows


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=3, max_size=6))
def test_coordinates_survive_to_the_last_digit(points):
    ring = [list(point) for point in [*points, points[0]]]
    (batch,) = read(lines(feature(geometry={"type": "Polygon", "coordinates": [ring]})))
    out = io.BytesIO()
    write_features(out, batch.frame)
    assert json.loads(out.getvalue())["geometry"]["coordinates"] == [ring]


@pytest.mark.parametrize(("ids", "expected"), [([1, 2], [1, 2]), (["1", "2"], ["1", "2"]), ([1, "2"], ["1", "2"])])
def test_ids_that_were_numbers_are_numbers_again(ids, expected):
    (batch,) = read(lines(*(feature(id=one) for one in ids)))
    out = io.BytesIO()
    write_features(out, batch.frame)
    assert [json.loads(line)["id"] for line in out.getvalue().splitlines()] == expected


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("separator", ["", "\x1e"])
def test_where_the_bytes_are_cut_does_not_matter(size, separator):
    class Dripping(io.BytesIO):
        def read1(self, count=-1, /):
            return super().read1(min(size, count))

    data = lines(*numbered(5), feature(properties={"名称": "松花江"}), separator=separator)
    batches = list(iter_features(Dripping(data)))
    assert [len(batch.frame) for batch in batches] == [6]
    assert batches[0].frame["名称"].iloc[5] == "松花江"


def test_records_between_separators_may_have_many_lines():
    data = "".join(f"\x1e{json.dumps(one, indent=2)}\n" for one in numbered(3)).encode()
    (batch,) = read(data)
    assert batch.frame["n"].tolist() == [0, 1, 2]


def test_blank_lines_a_mark_of_byte_order_and_a_missing_last_line_end_do_no_harm():
    data = b"\xef\xbb\xbf\n\r\n" + lines(*numbered(2)).replace(b"\n", b"\r\n\r\n").rstrip()
    (batch,) = read(data)
    assert batch.frame["n"].tolist() == [0, 1]


def test_bare_geometries_and_collections_on_a_line_are_taken():
    data = lines(feature()["geometry"], collection(*numbered(2)), feature())
    (batch,) = read(data)
    assert len(batch.frame) == 4
    assert batch.frame["n"].isna().tolist() == [True, False, False, True]


def test_a_row_that_is_no_feature_is_a_fault_and_the_stream_goes_on():
    (batch,) = read(lines(feature(), {"type": "Polygonn"}, feature(geometry={"type": "Point", "coordinates": "x"})))
    assert [fault and fault.kind for fault in batch.faults] == [None, "not_a_feature", "geometry_coordinates"]


@pytest.mark.parametrize(
    "damage", ['{"type": "Feature", ', "hello", '{"type":"Feature"} {"type":"Feature"}', "{'a': 1}", "\udcff"]
)
@pytest.mark.parametrize("separator", ["", "\x1e"])
def test_a_line_that_is_no_json_is_named_and_what_came_before_is_given(damage, separator):
    data = lines(*numbered(3), separator=separator)
    data += f"\n{separator}{damage}\n".encode("utf-8", "surrogateescape") + lines(*numbered(2), separator=separator)
    stream = iter_features(io.BytesIO(data), name="survey.geojsonl")
    assert len(next(stream).frame) == 3
    with pytest.raises(RefusedFile) as caught:
        next(stream)
    assert (caught.value.fault.kind, caught.value.line, caught.value.file) == ("sequence_broken", 5, "survey.geojsonl")
    assert "5" in caught.value.fault.text.zh


def test_a_whole_geojson_file_in_a_pipe_is_refused_on_its_first_line():
    with pytest.raises(RefusedFile) as caught:
        read(json.dumps(collection(feature()), indent=2).encode())
    assert caught.value.line == 1
    assert "by its name" in caught.value.fault.remedy.en


def test_a_record_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(layers.sequences, "_MAX_RECORD_BYTES", 1000)
    with pytest.raises(RefusedFile) as caught:
        read(b'{"a":"' + b"x" * 100_000)
    assert caught.value.fault.kind == "sequence_record_size"


def test_nothing_in_is_nothing_out():
    assert read(b"") == []
    assert read(b"\n\n") == []


def test_metres_without_a_crs_are_refused_and_with_one_read():
    data = lines(feature(geometry=shapely.geometry.mapping(squares(1, x=42_500_000.0)[0])))
    with pytest.raises(RefusedFile) as caught:
        read(data)
    assert "EPSG:4530" in caught.value.fault.remedy.en
    assert read(data, crs="EPSG:4530")[0].frame.crs.to_epsg() == 4530


def test_metres_are_written_as_degrees():
    data = lines(feature(geometry=shapely.geometry.mapping(squares(1)[0])))
    (batch,) = read(data, crs="EPSG:4551")
    out = io.BytesIO()
    notes = write_features(out, batch.frame)
    x, y = json.loads(out.getvalue())["geometry"]["coordinates"][0][0]
    assert 125.9 < x < 126.1
    assert 43.7 < y < 43.9
    assert "EPSG:4551" in notes[0].zh


class TestPipes:
    @pytest.mark.parametrize("separator", ["", "\x1e"])
    def test_a_slow_pipe_is_not_held_back(self, separator):
        with pipe() as (stream, sink):
            # if what is there were held back, this alone would end the waiting
            watchdog = threading.Timer(30, sink.close)
            watchdog.start()
            batches = iter_features(stream)
            for number in range(3):
                sink.write(lines(*numbered(2, number * 2), separator=separator))
                batch = next(batches)
                assert batch.frame["n"].tolist() == [number * 2, number * 2 + 1]
                assert batch.frame.index.tolist() == batch.frame["n"].tolist()
                assert not sink.closed
            watchdog.cancel()
            sink.close()
            assert list(batches) == []

    def test_half_a_record_waits_for_its_other_half(self):
        with pipe() as (stream, sink):
            batches = iter_features(stream)
            data = lines(*numbered(2))
            middle = len(data) * 3 // 4
            sink.write(data[:middle])
            assert len(next(batches).frame) == 1
            sink.write(data[middle:])
            assert next(batches).frame["n"].tolist() == [1]

    def test_a_fast_pipe_fills_its_batches(self):
        with pipe() as (stream, sink):
            thread = threading.Thread(target=lambda: (sink.write(lines(*numbered(3000))), sink.close()))
            thread.start()
            sizes = [len(batch.frame) for batch in iter_features(stream, rows=1000)]
            thread.join()
        assert sum(sizes) == 3000
        assert max(sizes) <= 1000
        # far fewer than the forty-odd pieces that the pipe hands over, however busy the machine is
        assert len(sizes) < 20

    def test_features_go_out_as_they_are_written(self):
        with pipe() as (stream, sink), os.fdopen(os.dup(sink.fileno()), "wb") as buffered:
            (batch,) = read(lines(*numbered(1)))
            write_features(buffered, batch.frame)
            assert next(iter_features(stream)).frame["n"].tolist() == [0]


class TestFiles:
    @pytest.mark.parametrize(("name", "separator"), [("a.geojsonl", ""), ("a.geojsons", "\x1e"), ("a.json", "")])
    def test_a_sequence_in_a_file_is_a_delivery(self, tmp_path, name, separator):
        path = tmp_path / name
        path.write_bytes(lines(*numbered(3), separator=separator))
        delivery = read_delivery(path)
        assert (delivery.format, delivery.layer) == ("GeoJSONSeq", "a")
        assert delivery.frame["n"].tolist() == [0, 1, 2]
        assert delivery.frame["n"].dtype == "int64"

    def test_a_broken_line_refuses_the_file(self, tmp_path, refusal):
        path = tmp_path / "a.geojsonl"
        path.write_bytes(lines(*numbered(2)) + b"{broken\n")
        error = refusal(path)
        assert (error.fault.kind, error.line) == ("sequence_broken", 3)

    def test_absent_values_are_absent(self, tmp_path):
        path = tmp_path / "a.geojsonl"
        path.write_bytes(lines(feature(properties={"a": 1}), feature(properties={"b": None})))
        frame = read_delivery(path).frame
        assert frame["a"].iloc[1] is pd.NA
        assert frame["b"].iloc[1] is None


def test_geometries_that_json_cannot_say_are_null_and_told():
    (batch,) = read(lines(*numbered(2)))
    shapes = [shapely.Polygon([(0, 0), (float("inf"), 1), (1, 0)]), lonlat_squares(1)[0]]
    out = io.BytesIO()
    notes = write_features(out, batch.frame.set_geometry(shapes, crs="EPSG:4490"))
    assert [json.loads(line)["geometry"] is None for line in out.getvalue().splitlines()] == [True, False]
    assert "1" in notes[0].en
