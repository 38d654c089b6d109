"""Files from others are read in a confined process, and nothing that a reader does there costs more than its own file."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from making import collection, feature, frame_of, geojson, shapefile, squares

import layers.confined.reading as confined
from layers.confined.confinement import Confinement, Limits, confine_reading, missing_layers, reading_confinement
from layers.confined.reading import list_confined, read_confined, read_sheet_confined
from layers.errors import ConfinementError, RefusedFile
from layers.reading import list_layers, read_delivery
from layers.sheets import read_sheet
from layers.writing import write_frame
from tests.layers.seeds import SEEDS, geojson_text

_needs_kernel = pytest.mark.skipif(bool(missing_layers()), reason=f"the kernel lacks {missing_layers()}")
_APART = ("frame", "faults", "curved")


def outcome(read, path, **options):
    try:
        return read(path, **options)
    except RefusedFile as error:
        return vars(error) | {"message": str(error)}


def assert_same_reading(path, **options):
    """Assert that a file is read, or refused, in confinement as it is without, in every value and type."""
    expected, found = outcome(read_delivery, path, **options), outcome(read_confined, path, **options)
    if isinstance(expected, dict):
        assert found == expected
        return found
    for name in type(expected).__dataclass_fields__:
        if name not in _APART:
            assert getattr(found, name) == getattr(expected, name), name
    pd.testing.assert_index_equal(found.frame.index, expected.frame.index, exact=True)
    pd.testing.assert_index_equal(found.frame.columns, expected.frame.columns, exact=True)
    assert found.frame.dtypes.tolist() == expected.frame.dtypes.tolist()
    assert found.frame.attrs == expected.frame.attrs
    assert found.frame.crs == expected.frame.crs
    for name in expected.frame.columns.drop("geometry"):
        assert [*map(repr, found.frame[name])] == [*map(repr, expected.frame[name])], name
        assert [*map(type, found.frame[name])] == [*map(type, expected.frame[name])], name
    assert (
        shapely.to_wkb(found.frame.geometry.values).tolist() == shapely.to_wkb(expected.frame.geometry.values).tolist()
    )
    assert found.faults.tolist() == expected.faults.tolist()
    assert found.faults.dtype == expected.faults.dtype
    assert found.curved.keys() == expected.curved.keys()
    for row, curve in expected.curved.items():
        assert shapely.equals_identical(found.curved[row].geometry, curve.geometry)
        assert found.curved[row][1:] == curve[1:]
    return found


class TestReading:
    @pytest.mark.parametrize("suffix", SEEDS)
    def test_every_format_is_read_as_without_confinement(self, tmp_path, suffix):
        path = SEEDS[suffix](tmp_path / f"seed{suffix}")
        assert_same_reading(path)
        assert_same_reading(path, crs="EPSG:4551", name="别名.dat")

    def test_null_absent_and_nested_values_keep_their_types(self, tmp_path):
        found = assert_same_reading(geojson(tmp_path / "a.geojson", geojson_text()))
        assert found.frame["a"][2] is pd.NA
        assert found.frame["a"][0] is None
        assert found.frame["b"][2] == 10**27

    def test_rows_that_cannot_be_built_keep_their_faults(self, tmp_path):
        unclosed = {"type": "Polygon", "coordinates": [[[126, 43], [126, 44]]]}
        infinite = '{"type": "Point", "coordinates": [1e999, NaN]}'
        text = json.dumps(
            collection(feature(), feature(unclosed), feature({"type": "Polygonn"}), feature({"type": "x"}))
        )
        text = text.replace('{"type": "x"}', infinite)
        found = assert_same_reading(geojson(tmp_path / "a.geojson", text))
        assert [fault is not None for fault in found.faults] == [False, True, True, False]

    def test_columns_of_arrow_come_back_as_they_are(self, tmp_path):
        frame = gpd.GeoDataFrame(geometry=squares(3), crs="EPSG:4551")
        frame.to_parquet(tmp_path / "a.parquet")
        table = pq.read_table(tmp_path / "a.parquet")
        hour = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
        columns = {
            "flag": pa.array([True, None, False]),
            "count": pa.array([1, None, 2**62]),
            "big": pa.array([2**64 - 1, None, 0], pa.uint64()),
            "small": pa.array([1, 2, 3], pa.int8()),
            "real": pa.array([1.5, None, float("nan")]),
            "day": pa.array([dt.date(2024, 5, 1), None, dt.date(1, 1, 1)]),
            "clock": pa.array([dt.time(1, 2, 3, 4), None, dt.time()]),
            "there": pa.array([hour, None, hour], pa.timestamp("us", "Asia/Shanghai")),
            "local": pa.array([hour.replace(tzinfo=None)] * 3, pa.timestamp("ms")),
            "span": pa.array([dt.timedelta(1, 2, 3), None, dt.timedelta(-1)]),
            "price": pa.array([Decimal("1.50"), None, Decimal("-0.01")]),
            "bytes": pa.array([b"\x00\xff", None, b""]),
            "list": pa.array([[1.5, None], [], None]),
            "pairs": pa.array([[1, 2], [3, 4], [5, 6]]),
            "struct": pa.array([{"a": dt.date(2024, 1, 1), "b": float("nan")}, None, {"a": None, "b": 0.0}]),
            "map": pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int64())),
        }
        for name, column in columns.items():
            table = table.append_column(name, column)
        pq.write_table(table, tmp_path / "a.parquet")
        assert_same_reading(tmp_path / "a.parquet")

    def test_arcs_keep_what_was_made_of_them(self, tmp_path):
        from layers.gdal import write_rows  # noqa: PLC0415

        arcs = shapely.from_wkt("POINT (0 0)")
        wkb = bytes.fromhex(
            "010a000000010000000108000000050000000000000000000000000000000000000000000000000014400000000000001440"
        )
        for x, y in ((10, 0), (5, -5), (0, 0)):
            wkb += np.array([x, y], dtype="<f8").tobytes()
        write_rows(
            tmp_path / "a.gpkg",
            driver="GPKG",
            geometry=np.array([wkb, shapely.to_wkb(arcs)], dtype=object),
            fields=[],
            crs="EPSG:4551",
            geometry_type="Unknown",
            layer="a",
        )
        assert assert_same_reading(tmp_path / "a.gpkg").curved.keys() == {0}

    def test_a_loose_shapefile_is_read_with_the_parts_beside_it(self, tmp_path):
        shp = shapefile(tmp_path / "set", cpg="GBK")
        (tmp_path / "set" / "another.txt").write_text("canary")
        assert assert_same_reading(shp).frame["名称"][0] == "吉林市实验小学1号教学楼"

    def test_a_link_to_a_file_is_followed(self, tmp_path):
        path = SEEDS[".gpkg"](tmp_path / "real.gpkg")
        link = tmp_path / "elsewhere" / "link.gpkg"
        link.parent.mkdir()
        link.symlink_to(path)
        assert_same_reading(link)

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.gpkg", b""),
            ("a.txt", b"\x00\x01"),
            ("a.geojson", b'{"type": "FeatureCollection",\n "features": [,]}'),
            ("a.geojson", b'{"type": "Point", "coordinates": [500000, 4850000]}'),
            ("a.geojsonl", b'{"type": "Feature"}\n{"type"\n'),
            ("a.zip", b"PK\x03\x04 and no more"),
            ("a.gpkg", b"SQLite format 3\x00" + b"\x00" * 52 + b"GPKG" + b"\x00" * 400),
        ],
    )
    def test_a_refusal_comes_with_all_that_it_holds(self, tmp_path, name, content):
        (tmp_path / name).write_bytes(content)
        assert isinstance(assert_same_reading(tmp_path / name), dict)

    def test_layers_are_listed(self, tmp_path):
        for layer in ("甲", "乙"):
            write_frame(frame_of(), tmp_path / f"{layer}.gpkg", layer=layer)
        for path in sorted(tmp_path.iterdir()):
            found = list_confined(path)
            assert [tuple(vars_of(each)) for each in found] == [tuple(vars_of(each)) for each in list_layers(path)]

    def test_a_layer_that_is_not_there_is_refused_by_its_name(self, tmp_path):
        path = SEEDS[".gpkg"](tmp_path / "a.gpkg")
        assert assert_same_reading(path, layer="丙")["file"] == "a.gpkg"

    def test_a_file_that_is_not_there_is_the_error_that_it_is_everywhere(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            read_confined(tmp_path / "none.gpkg")
        with pytest.raises(FileNotFoundError):
            list_confined(tmp_path / "none.gpkg")

    @pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
    def test_a_sheet_is_read_as_without_confinement(self, tmp_path, suffix):
        path = SEEDS[suffix](tmp_path / f"a{suffix}")
        assert read_sheet_confined(path, name="别名") == read_sheet(path, name="别名")

    def test_a_sheet_that_cannot_be_read_is_refused_as_without_confinement(self, tmp_path):
        path = tmp_path / "a.xlsx"
        path.write_bytes(SEEDS[".xlsx"](path).read_bytes()[:-30])
        assert outcome(read_sheet_confined, path) == outcome(read_sheet, path)

    def test_a_folder_is_refused(self, tmp_path):
        assert outcome(read_confined, tmp_path)["fault"].kind == "format_folder"

    def test_nothing_is_left_behind(self, tmp_path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "jobs"))
        (tmp_path / "jobs").mkdir()
        read_confined(SEEDS[".zip"](tmp_path / "a.zip"))
        outcome(read_confined, geojson(tmp_path / "a.geojson", "{"))
        assert list((tmp_path / "jobs").iterdir()) == []


def vars_of(entry):
    return entry.name, entry.geometry, entry.rows


@pytest.fixture
def confined_as():
    """Return what sets another mode or other limits, for the test alone."""
    before = reading_confinement()

    def confine(mode=before.mode, **limits):
        confine_reading(Confinement(mode=mode, limits=Limits(**limits)))

    yield confine
    confine_reading(before)


# what a driver may do that has been taken over, by the name of the layer asked for
_MISBEHAVIOUR = """
import ctypes, os, signal, sys, socket, time
from pathlib import Path
import layers.confined.process as process

def misbehave(path, options, folder):
    answer, rows = folder / process.ANSWER, folder / "rows.arrow"
    honest = lambda: process._read(path, options | {"layer": None}, folder)
    match options["layer"]:
        case "segv": ctypes.string_at(0)
        case "abort": os.abort()
        case "spin":
            while True: pass
        case "sleep": time.sleep(600)
        case "eat": return [bytearray(1 << 20) for _ in range(1 << 20)]
        case "fall": raise KeyError("/secret/path")
        case "leave": os._exit(3)
        case "say nothing": os._exit(0)
        case "say nonsense":
            answer.write_bytes(b'{"done": {"object": 1}}'); os._exit(0)
        case "say what is not":
            answer.write_bytes(b'{"pickle": "x"}'); os._exit(0)
        case "point elsewhere":
            answer.symlink_to("/etc/hostname"); os._exit(0)
        case "point at the rows of others":
            told = honest(); rows.unlink(); rows.symlink_to("/etc/hostname"); return told
        case "cut the rows":
            told = honest(); rows.write_bytes(rows.read_bytes()[:-400]); return told
        case "spoil the rows":
            import pyarrow as pa
            told = honest(); table = pa.ipc.open_file(rows).read_all()
            column = table["geometry"].combine_chunks()
            offsets = pa.py_buffer((1 << 40).to_bytes(8, "little") * (len(column) + 1))
            wrong = pa.Array.from_buffers(column.type, len(column), [None, offsets, column.buffers()[2]])
            table = table.set_column(table.column_names.index("geometry"), "geometry", wrong)
            with pa.OSFile(str(rows), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
            return told
        case "forget a row":
            import pyarrow as pa
            told = honest(); told["columns"][-1] = {"name": "n", "type": "values", "absent": [], "values": [1]}; return told
        case "lie about the bytes":
            told = honest(); told["delivery"] |= {"sha256": "0" * 64, "size": 1, "file": "../other.gpkg"}; return told
        case "reach out":
            done = []
            for name, attempt in {
                "socket": lambda: socket.socket(),
                "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
                "read": lambda: Path("/etc/passwd").read_bytes(),
                "secret": lambda: Path("/proc/self/environ").read_bytes(),
                "list": lambda: os.listdir(path.parent),
                "overwrite": lambda: path.open("r+b"),
                "remove": lambda: path.unlink(),
                "write": lambda: Path("/tmp/escaped").write_bytes(b""),
                "run": lambda: os.posix_spawn("/bin/true", ["true"], {}),
                "fork": lambda: os.fork() or os._exit(0),
                "kill": lambda: os.kill(os.getppid(), signal.SIGTERM),
                "memory of others": lambda: open(f"/proc/{os.getppid()}/mem", "rb"),
            }.items():
                try: attempt(); done.append(name)
                except OSError: pass
            raise RuntimeError(",".join(done) or "nothing")
    return honest()

process._CALLS = {"delivery": misbehave}
process.serve(socket.socket(fileno=int(sys.argv[1])))
"""


@pytest.fixture(scope="module")
def taken_over():
    """Return a service of readers that were taken over, started by a server that has secrets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", "postgresql://luotu:secret@host/luotu")
        patch.setattr(confined, "_PROGRAM", _MISBEHAVIOUR)
        service = confined._Reading()
        service._started()
    yield service
    service.close()


@pytest.fixture
def misbehaving(taken_over, monkeypatch):
    """Have every file read by readers that were taken over."""
    monkeypatch.setattr(confined, "_reading", taken_over)
    return taken_over


@pytest.fixture
def refused_by(misbehaving, tmp_path):
    """Return what has a file read by a driver that does what it is told, and gives the refusal."""
    path = SEEDS[".gpkg"](tmp_path / "a.gpkg")

    def read(what):
        with pytest.raises(RefusedFile) as caught:
            read_confined(path, layer=what)
        assert caught.value.file == "a.gpkg"
        return caught.value.fault

    return read


class TestMisbehaviour:
    @pytest.mark.parametrize(("what", "signal_name"), [("segv", "SIGSEGV"), ("abort", "SIGABRT")])
    def test_a_crash_is_a_refusal_that_says_so(self, refused_by, what, signal_name):
        fault = refused_by(what)
        assert fault.kind == "reader_crashed"
        assert signal_name in fault.text.en

    def test_too_much_memory_is_a_refusal_that_says_so(self, refused_by, confined_as):
        confined_as(memory_mb=64)
        fault = refused_by("eat")
        assert fault.kind == "reader_memory"
        assert "64 MB" in fault.text.zh

    def test_too_much_time_of_the_processor_is_a_refusal_that_says_so(self, refused_by, confined_as):
        confined_as(cpu_s=1)
        assert refused_by("spin").kind == "reader_time"

    def test_too_much_time_on_the_clock_is_a_refusal_and_leaves_no_process(self, refused_by, misbehaving, confined_as):
        confined_as(wall_s=1)
        assert refused_by("sleep").kind == "reader_time"
        pid = misbehaving._service.process.pid
        assert Path(f"/proc/{pid}/task/{pid}/children").read_text() == ""

    def test_a_program_error_is_a_refusal_without_the_paths_of_this_machine(self, refused_by, caplog):
        fault = refused_by("fall")
        assert fault.kind == "reader_failed"
        assert "KeyError" in fault.text.en
        assert "/secret" not in fault.text.en
        assert "/secret/path" in caplog.text

    @pytest.mark.parametrize(
        "what",
        [
            "leave",
            "say nothing",
            "say nonsense",
            "say what is not",
            "point elsewhere",
            "point at the rows of others",
            "cut the rows",
            "spoil the rows",
            "forget a row",
        ],
    )
    def test_an_answer_that_is_not_sound_is_not_taken(self, refused_by, what):
        assert refused_by(what).kind == "reader_failed"

    def test_a_reader_is_not_believed_what_the_bytes_of_the_file_are(self, misbehaving, tmp_path):
        path = SEEDS[".gpkg"](tmp_path / "a.gpkg")
        found, expected = read_confined(path, layer="lie about the bytes"), read_delivery(path)
        assert (found.sha256, found.size, found.file) == (expected.sha256, expected.size, "a.gpkg")

    @_needs_kernel
    def test_a_reader_that_was_taken_over_reaches_nothing(self, refused_by, caplog):
        refused_by("reach out")
        assert "RuntimeError: nothing" in caplog.text

    def test_the_next_file_is_read_after_each_of_them(self, refused_by, misbehaving, tmp_path):
        refused_by("segv")
        assert len(read_confined(SEEDS[".fgb"](tmp_path / "b.fgb")).frame) == 12


class TestService:
    def test_it_knows_none_of_the_servers_secrets(self, taken_over):
        environment = Path(f"/proc/{taken_over._service.process.pid}/environ").read_bytes()
        assert b"secret" not in environment
        assert b"LUOTU" not in environment

    @_needs_kernel
    def test_it_passes_its_own_test_where_the_kernel_can(self, tmp_path):
        read_confined(SEEDS[".geojson"](tmp_path / "a.geojson"))
        assert confined._reading._service.missing == ()
        assert confined._reading._service.possible == ()

    def test_many_files_are_read_at_once_each_by_its_own_process(self, tmp_path):
        paths = [geojson(tmp_path / f"{count}.geojson", geojson_text(count)) for count in range(1, 13)]
        with ThreadPoolExecutor(6) as pool:
            assert [len(found.frame) for found in pool.map(read_confined, paths)] == list(range(1, 13))

    def test_who_waits_in_vain_for_a_place_is_told_to_come_again(self, tmp_path, monkeypatch):
        reading = confined._Reading()
        reading._places = threading.BoundedSemaphore(1)
        reading._places.acquire()
        monkeypatch.setattr(confined, "_reading", reading)
        monkeypatch.setattr(confined, "_PATIENCE_S", 0.01)
        with pytest.raises(ConfinementError) as caught:
            read_confined(geojson(tmp_path / "a.geojson", collection()))
        assert caught.value.fault.kind == "confinement_busy"

    def test_of_any_number_that_come_at_once_few_wait_and_the_others_are_told_at_once(self, tmp_path, monkeypatch):
        monkeypatch.setattr(confined, "MOST_WAITING", 3)
        reading = confined._Reading()
        reading._places = threading.BoundedSemaphore(1)
        reading._places.acquire()
        monkeypatch.setattr(confined, "_reading", reading)
        path, told = geojson(tmp_path / "a.geojson", collection(feature())), threading.Semaphore(0)

        def read(_):
            try:
                return len(read_confined(path).frame)
            except ConfinementError as error:
                told.release()
                return error.fault.kind

        with ThreadPoolExecutor(12) as pool:
            found = pool.map(read, range(12))
            # nobody who waits has given up: those that were told had no place to wait in
            assert all(told.acquire(timeout=30) for _ in range(9))
            reading._places.release()
            assert sorted(map(str, found)) == ["1"] * 3 + ["confinement_busy"] * 9
        reading.close()

    def test_one_that_was_killed_is_started_again(self, tmp_path):
        path = SEEDS[".geojson"](tmp_path / "a.geojson")
        read_confined(path)
        first = confined._reading._service.process.pid
        os.kill(first, signal.SIGKILL)
        time.sleep(0.1)
        assert len(read_confined(path).frame) == 12
        assert confined._reading._service.process.pid != first

    @pytest.mark.parametrize(
        ("missing", "possible", "kind"),
        [(("landlock",), (), "confinement_missing"), ((), ("open a socket",), "confinement_leaks")],
    )
    def test_a_machine_that_cannot_confine_refuses_unless_told(
        self, tmp_path, monkeypatch, taken_over, confined_as, missing, possible, kind
    ):
        path = SEEDS[".geojson"](tmp_path / "a.geojson")
        reading = confined._Reading()
        monkeypatch.setattr(confined, "_reading", reading)
        reading._service = taken_over._service._replace(missing=missing, possible=possible)
        confined_as("strict")
        with pytest.raises(ConfinementError) as caught:
            read_confined(path)
        assert caught.value.fault.kind == kind
        assert "LUOTU_CONFINE" in caught.value.fault.remedy.zh
        confined_as("limits")
        assert len(read_confined(path).frame) == 12

    def test_where_it_is_off_files_are_read_in_this_process(self, tmp_path, monkeypatch, confined_as):
        reading = confined._Reading()
        monkeypatch.setattr(confined, "_reading", reading)
        path = SEEDS[".geojson"](tmp_path / "a.geojson")
        confined_as("off")
        assert len(read_confined(path).frame) == 12
        assert [found.rows for found in list_confined(path)] == [found.rows for found in list_layers(path)]
        assert reading._service is None


_PROBE = """
import json, sys
from pathlib import Path
from layers.confined.confinement import Limits, confine, probe
folder, without = Path(sys.argv[1]), sys.argv[2:]
limits = Limits(memory_mb=64, cpu_s=5)
confine([], workspace=folder / "job", limits=limits, without=without)
print(json.dumps(probe(folder / "canary", folder / "job", limits)), flush=True)
"""
_OF_LANDLOCK = {"read", "read /etc/passwd", "list", "write"}
_OF_SECCOMP = {"change a mode", "open a socket", "start a process", "raise a limit"}


@pytest.mark.parametrize("without", ["landlock", "seccomp"])
def test_each_layer_holds_without_the_other(tmp_path, without):
    if set(missing_layers()) - {without}:
        pytest.skip(f"the kernel lacks {missing_layers()}")
    (tmp_path / "job").mkdir()
    (tmp_path / "canary").write_text("canary")
    command = [sys.executable, "-c", _PROBE, str(tmp_path), without]
    # without the filter it may run its last attempt, a program that says nothing
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    possible = set(json.loads(told or "[]"))
    assert not possible & (_OF_SECCOMP if without == "landlock" else _OF_LANDLOCK)
    assert "take more memory" not in possible
    if without == "landlock":
        assert possible >= _OF_LANDLOCK
