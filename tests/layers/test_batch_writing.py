"""Rows written batch by batch are the file that the same rows make at once; an error leaves nothing."""

import csv
import datetime as dt
import io
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from making import NAMES, frame_of, lonlat_squares, squares

from geocode import CrsError
from layers.errors import RefusedFile
from layers.fields import typed_rows
from layers.json_values import json_value
from layers.kinds import declared_kinds, kind_of_wkb, promoted
from layers.reading import read_delivery
from layers.writing import SUFFIXES, write_batches, write_frame, write_text

TABLES = [".gpkg", ".fgb", ".parquet", ".zip"]


def frame(attributes=None, **options):
    attributes = {"名称": [*NAMES, None, "x"], "层数": [5, 18, 1, None, 2]} if attributes is None else attributes
    count = len(next(iter(attributes.values())))
    return frame_of(attributes, geometry=lonlat_squares(count), crs="EPSG:4490", **options)


def in_parts(whole, size=2):
    return (whole.iloc[start : start + size] for start in range(0, len(whole), size))


def arrow(whole):
    """Return a frame with columns of Arrow's types, as files give them."""
    columns = {name: pd.arrays.ArrowExtensionArray(pa.array(whole[name].tolist())) for name in whole.columns[:-1]}
    return gpd.GeoDataFrame(columns, geometry=whole.geometry.to_numpy(), crs=whole.crs)


def values(found):
    return [[json_value(value) for value in found[name]] for name in found.columns.drop("geometry")]


def frame_for(suffix):
    """Return rows that a format can hold: a drawing is in a plane."""
    return frame().to_crs("EPSG:4551") if suffix == ".dxf" else frame()


@pytest.mark.parametrize("suffix", SUFFIXES)
class TestEveryFormat:
    def test_batches_make_the_file_that_the_whole_makes(self, tmp_path, suffix):
        whole, parts = (tmp_path / name / f"a{suffix}" for name in ("whole", "parts"))
        for path in (whole, parts):
            path.parent.mkdir()
        rows = frame_for(suffix)
        write_frame(rows, whole)
        write_batches(in_parts(rows), parts, crs=rows.crs)
        if suffix in {".gpkg", ".gdb.zip"}:
            # which hold the time of their last change, or identifiers of their own
            assert values(read_delivery(parts).frame) == values(read_delivery(whole).frame)
        else:
            assert parts.read_bytes() == whole.read_bytes()

    @pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), RefusedFile, MemoryError()])
    def test_an_error_among_the_batches_comes_out_as_it_is_and_leaves_what_stood_there(self, tmp_path, suffix, error):
        path = tmp_path / f"a{suffix}"
        path.write_text("old")
        rows = frame_for(suffix)

        def broken():
            yield arrow(rows)
            raise error if error is not RefusedFile else read_refusal()

        expected = error if isinstance(error, type) else type(error)
        for find_kinds in (None, lambda: frozenset({"Polygon"})):
            with pytest.raises(expected) as caught:
                write_batches(broken(), path, crs=rows.crs, find_kinds=find_kinds)
            assert type(caught.value) is expected
        assert path.read_text() == "old"
        assert [part.name for part in tmp_path.iterdir()] == [path.name]


def read_refusal():
    with pytest.raises(RefusedFile) as caught, typed_rows([]):
        pass
    return caught.value


class TestTypes:
    @pytest.mark.parametrize("suffix", TABLES)
    def test_a_property_s_type_is_that_of_all_its_values(self, tmp_path, suffix):
        batches = [
            frame({"a": [1, 2], "b": [1, 2], "c": [True, False], "d": [1, 2]}),
            frame({"a": [None, 2.5], "b": ["x", None], "c": [None, True], "e": [[1], "y"]}),
        ]
        notes = write_batches(iter(batches), tmp_path / f"a{suffix}", crs=batches[0].crs)
        found = read_delivery(tmp_path / f"a{suffix}").frame
        assert list(found.columns[1:-1]) == ["a", "b", "c", "d", "e"]
        assert [json_value(value) for value in found["a"]] == [1.0, 2.0, None, 2.5]
        assert [json_value(value) for value in found["b"]] == ["1", "2", "x", None]
        assert [json_value(value) for value in found["c"]] == [True, False, None, True]
        assert [json_value(value) for value in found["d"]] == [1, 2, None, None]
        assert [json_value(value) for value in found["e"]] == [None, None, "[1]", "y"]
        assert any("b, e" in note.zh for note in notes)

    def test_columns_stand_as_they_would_in_one_frame(self, tmp_path):
        batches = [frame({"a": [1]}).assign(code=["x"]), frame({"b": [2]}).assign(code=["y"])]
        write_batches(iter(batches), tmp_path / "a.parquet", crs=batches[0].crs)
        assert list(read_delivery(tmp_path / "a.parquet").frame.columns) == ["source_id", "a", "b", "code", "geometry"]

    def test_rows_of_known_types_do_not_wait(self, tmp_path):
        taken = []

        def watched():
            for part in in_parts(arrow(frame())):
                taken.append(len(part))
                yield part

        with typed_rows(watched(), find_kinds=lambda: frozenset({"Polygon"})) as rows:
            assert taken == [2]
            assert sum(len(batch.geometries) for batch in rows.batches) == 5
        with typed_rows(in_parts(frame()), find_kinds=lambda: frozenset({"Polygon"})) as rows:
            assert rows.schema.types == [pa.string(), pa.int64()]

    def test_integers_beside_missing_values_stay_integers(self, tmp_path):
        whole = arrow(frame({"n": [2**60 + 1, None, 3]}))
        for suffix in TABLES:
            write_batches(in_parts(whole), tmp_path / f"a{suffix}", crs=whole.crs, find_kinds=lambda: {"Polygon"})
            found = read_delivery(tmp_path / f"a{suffix}").frame["n"].tolist()
            assert found in ([2**60 + 1, pd.NA, 3], [str(2**60 + 1), None, "3"])

    def test_ids_that_no_row_has_are_no_column(self, tmp_path):
        batches = [frame({"source_id": [None], "n": [1]}), frame({"source_id": [None], "n": [2]})]
        write_batches(iter(batches), tmp_path / "a.parquet", crs=batches[0].crs)
        assert pq.read_schema(tmp_path / "a.parquet").names == ["n", "geometry"]


class TestKinds:
    @pytest.mark.parametrize("suffix", [".gpkg", ".fgb"])
    def test_single_and_several_parts_become_one_kind(self, tmp_path, suffix):
        shapes = np.array([*squares(2), shapely.MultiPolygon(list(squares(2))), None], dtype=object)
        whole = frame_of({"n": range(4)}, geometry=shapes)
        write_batches(in_parts(whole), tmp_path / f"a{suffix}", crs=whole.crs)
        found = read_delivery(tmp_path / f"a{suffix}").frame
        assert found.geometry.geom_type.tolist()[:3] == ["MultiPolygon"] * 3
        assert shapely.equals(found.geometry.to_numpy()[:3], shapes[:3]).all()

    def test_promoting_changes_what_is_single_and_nothing_else(self):
        shapes = np.array(
            [squares(1)[0], None, shapely.Point(0, 0), shapely.MultiPolygon([squares(1)[0]])], dtype=object
        )
        found = promoted(shapes, "MultiPolygon")
        assert [shape and shape.geom_type for shape in found] == ["MultiPolygon", None, "Point", "MultiPolygon"]
        assert promoted(shapes, "Polygon") is shapes

    @pytest.mark.parametrize(
        ("names", "kinds"),
        [
            (["Polygon Z"], {"Polygon"}),
            (["2.5D MultiPolygon"], {"MultiPolygon"}),
            (["CURVEPOLYGON", "MULTISURFACE"], {"Polygon", "MultiPolygon"}),
            (["Unknown"], None),
            ([], None),
        ],
    )
    def test_kinds_that_files_declare(self, names, kinds):
        assert declared_kinds(names) == kinds

    @pytest.mark.parametrize(
        ("head", "kind"),
        [
            (b"\x01\x03\x00\x00\x00", "Polygon"),
            (b"\x00\x00\x00\x00\x06", "MultiPolygon"),
            (b"\x01\xeb\x03\x00\x00", "Polygon"),
            (b"\x01\x03\x00\x00\xa0", "Polygon"),
            (b"\x01\x0a\x00\x00\x00", "Polygon"),
            (b"\x01\x63\x00\x00\x00", None),
            (b"\x01\x03", None),
            (b"", None),
        ],
    )
    def test_kinds_that_bytes_tell(self, head, kind):
        assert kind_of_wkb(head) == kind


class TestInstants:
    def instants(self):
        zoned = pa.array([dt.datetime(2020, 1, 1, tzinfo=dt.UTC)] * 2, pa.timestamp("us", tz="Asia/Shanghai"))
        return arrow(frame({"a": [1, 2]})).assign(t=pd.arrays.ArrowExtensionArray(zoned))

    def test_a_flatgeobuf_says_that_they_are_utc(self, tmp_path):
        write_frame(self.instants(), tmp_path / "a.fgb")
        assert b"2020-01-01T00:00:00Z" in (tmp_path / "a.fgb").read_bytes()

    def test_a_shapefile_and_a_table_of_text_say_their_zone(self, tmp_path):
        for name in ("a.zip", "a.csv"):
            write_frame(self.instants(), tmp_path / name)
        found = read_delivery(tmp_path / "a.zip").frame
        assert found["t"].tolist() == ["2020-01-01T08:00:00+08:00"] * 2
        assert "2020-01-01T08:00:00+08:00" in (tmp_path / "a.csv").read_text("utf-8-sig")


class TestCsv:
    def rows(self, data):
        return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))

    def test_the_code_stands_first_and_the_geometry_is_left_out(self, tmp_path):
        coded = frame({"名称": ["甲"]}).assign(code=["4E7U5-CMEPQ-C0B"], area_m2=[1.5], fault=[None], h3=["8f"])
        write_frame(coded, tmp_path / "a.csv")
        header, row = self.rows((tmp_path / "a.csv").read_bytes())
        assert header == ["code", "h3", "area_m2", "fault", "名称"]
        assert row == ["4E7U5-CMEPQ-C0B", "8f", "1.5", "", "甲"]

    def test_values_are_those_of_geojson(self, tmp_path):
        attributes = {
            "a": ["x,y", 'say "a"', "two\r\nlines", " blank "],
            "b": [True, None, False, True],
            "c": [pd.Timestamp("2024-01-31 12:30:15.5"), None, None, None],
            "d": [{"k": [1, "松"]}, None, [], "plain"],
            "e": [1e300, 0.1, None, 3.0],
            "f": [b"\x00\xff", None, b"", b"a"],
        }
        write_frame(frame(attributes), tmp_path / "a.csv")
        data = (tmp_path / "a.csv").read_bytes()
        header, *rows = self.rows(data)
        columns = dict(zip(header, zip(*rows, strict=True), strict=True))
        assert columns["a"] == tuple(attributes["a"])
        assert columns["b"] == ("true", "", "false", "true")
        assert columns["c"] == ("2024-01-31T12:30:15.500000", "", "", "")
        assert columns["d"] == ('{"k":[1,"松"]}', "", "[]", "plain")
        assert columns["e"] == ("1e+300", "0.1", "", "3.0")
        assert data.count(b"\r\n") == 6

    def test_what_a_spreadsheet_takes_for_a_formula_stays_as_it_is_and_is_counted(self, tmp_path):
        cells = ["=1+1", "-3", "+86 431 1", "@a", "-1+cmd|' /C calc'!A0", "A=B", "", None]
        notes = write_frame(frame({"a": cells, "=b": [-1.5, *range(7)]}), tmp_path / "a.csv")
        _, *rows = self.rows((tmp_path / "a.csv").read_bytes())
        assert [row[0] for row in rows] == [cell or "" for cell in cells]
        assert "(4)" in notes[0].en

    def test_a_file_is_marked_for_excel_and_a_stream_is_not(self, tmp_path):
        write_frame(frame(), tmp_path / "a.csv")
        out = io.BytesIO()
        write_text(in_parts(frame()), out, "csv", crs=frame().crs)
        assert (tmp_path / "a.csv").read_bytes() == b"\xef\xbb\xbf" + out.getvalue()


class TestStreams:
    @pytest.mark.parametrize(("form", "suffix"), [("geojson", ".geojson"), ("geojsonl", ".geojsonl")])
    def test_a_stream_gets_what_a_file_holds(self, tmp_path, form, suffix):
        out = io.BytesIO()
        notes = write_text(in_parts(frame()), out, form, crs=frame().crs)
        assert notes == write_frame(frame(), tmp_path / f"a{suffix}")
        assert out.getvalue() == (tmp_path / f"a{suffix}").read_bytes()

    def test_nothing_in_is_an_empty_collection(self):
        out = io.BytesIO()
        write_text(iter(()), out, "geojson", crs=frame().crs)
        assert json.loads(out.getvalue())["features"] == []

    def test_geometries_that_are_lost_are_counted_over_all_batches(self):
        shapes = [shapely.Polygon([(0, 0), (float("inf"), 1), (1, 0)])] * 3
        whole = frame_of({"n": range(3)}, geometry=shapes, crs="EPSG:4490")
        (note,) = write_text(in_parts(whole), io.BytesIO(), "geojsonl", crs=whole.crs)
        assert "3" in note.zh

    def test_a_sequence_of_another_datum_is_refused(self):
        whole = frame_of(crs="EPSG:4610")
        with pytest.raises(CrsError):
            write_text(in_parts(whole), io.BytesIO(), "geojsonl", crs=whole.crs)
