"""What is written is read back: attributes, Chinese, geometry, order, and nothing by halves."""

import datetime as dt
import json
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import NAMES, frame_of, lonlat_squares, squares

import layers.writing
from geocode import CrsError
from layers.errors import CannotWrite
from layers.reading import read_delivery
from layers.writing import SUFFIXES, check_target, write_frame

TABLES = [".gpkg", ".fgb", ".zip"]
# a table has no geometry, and a boundary-point text a form of its own: see test_boundary_text_writing
# and a FileGDB a grid of its own: see test_filegdb_writing
READ_AGAIN = [suffix for suffix in SUFFIXES if suffix not in {".csv", ".txt", ".dxf", ".gdb.zip"}]
TEXTS = [".geojson", ".json", ".geojsonl", ".geojsons"]


def through(tmp_path, frame, suffix, **options):
    """Write a frame, read it again, and return the delivery and the writer's notes."""
    notes = write_frame(frame, tmp_path / f"成果{suffix}", **options)
    return read_delivery(tmp_path / f"成果{suffix}"), notes


def in_degrees(attributes):
    return frame_of(attributes, geometry=lonlat_squares(len(next(iter(attributes.values())))), crs="EPSG:4490")


@pytest.mark.parametrize("suffix", READ_AGAIN)
class TestEveryFormat:
    def test_chinese_numbers_and_missing_values_come_back(self, tmp_path, suffix):
        attributes = {
            "名称": ["松花江畔", "𠮷林", None],
            "层数": [5, 18, 1],
            "面积": [12.5, 0.1, 1 / 3],
            "在用": [True, False, True],
        }
        delivery, _ = through(tmp_path, in_degrees(attributes), suffix)
        frame = delivery.frame
        assert frame["名称"].tolist() == attributes["名称"]
        assert frame["层数"].tolist() == attributes["层数"]
        assert frame["面积"].tolist() == pytest.approx(attributes["面积"], abs=1e-15)
        assert frame["在用"].tolist() == attributes["在用"]

    def test_rows_keep_their_order_and_their_geometry(self, tmp_path, suffix):
        frame = in_degrees({"n": [3, 1, 2]})
        delivery, _ = through(tmp_path, frame, suffix)
        assert delivery.frame["n"].tolist() == [3, 1, 2]
        assert shapely.equals(delivery.frame.geometry.to_numpy(), frame.geometry.to_numpy()).all()
        assert shapely.get_coordinates(shapely.normalize(delivery.frame.geometry.to_numpy())).tolist() == (
            shapely.get_coordinates(shapely.normalize(frame.geometry.to_numpy())).tolist()
        )

    def test_ids_come_back(self, tmp_path, suffix):
        frame = in_degrees({"source_id": ["way/1", None, "way/3"], "n": [1, 2, 3]})
        delivery, _ = through(tmp_path, frame, suffix)
        assert delivery.frame["source_id"].tolist() == ["way/1", None, "way/3"]
        assert list(delivery.frame.columns) == ["source_id", "n", "geometry"]

    def test_a_row_without_geometry_stays_a_row(self, tmp_path, suffix):
        frame = in_degrees({"n": [1, 2, 3]})
        frame.loc[1, "geometry"] = None
        delivery, _ = through(tmp_path, frame, suffix)
        assert delivery.frame.geometry.isna().tolist() == [False, True, False]

    def test_what_stood_there_is_replaced_and_nothing_is_left_beside_it(self, tmp_path, suffix):
        path = tmp_path / f"成果{suffix}"
        path.write_text("old", encoding="utf-8")
        write_frame(in_degrees({"n": [1]}), path)
        assert [part.name for part in tmp_path.iterdir()] == [path.name]
        assert len(read_delivery(path).frame) == 1
        assert stat.S_IMODE(path.stat().st_mode) & 0o400

    def test_a_failure_leaves_what_stood_there(self, tmp_path, suffix, monkeypatch):
        path = tmp_path / f"成果{suffix}"
        path.write_text("old", encoding="utf-8")

        def fail(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(layers.writing.os, "replace", fail)
        with pytest.raises(OSError, match="No space"):
            write_frame(in_degrees({"n": [1]}), path)
        assert path.read_text(encoding="utf-8") == "old"
        assert [part.name for part in tmp_path.iterdir()] == [path.name]

    def test_the_same_frame_twice_is_the_same_file(self, tmp_path, suffix):
        if suffix == ".gpkg":
            pytest.skip("a GeoPackage holds the time of its last change")
        frame = in_degrees({"名称": NAMES})
        first, second = (tmp_path / name / f"a{suffix}" for name in ("1", "2"))
        for path in (first, second):
            path.parent.mkdir()
            write_frame(frame, path)
        assert first.read_bytes() == second.read_bytes()

    def test_nested_values_are_kept_as_they_are_or_as_text(self, tmp_path, suffix):
        nested = [{"楼层": [1, 2]}, None, [1, "x"]]
        delivery, notes = through(tmp_path, in_degrees({"附注": nested}), suffix)
        found = delivery.frame["附注"].tolist()
        assert (found if suffix in TEXTS else [value and json.loads(value) for value in found]) == nested
        assert (suffix in TEXTS) != any("附注" in note.zh for note in notes)

    def test_dates_and_times_come_back_as_such_or_as_iso_text(self, tmp_path, suffix):
        frame = in_degrees(
            {"批准": [dt.date(2024, 1, 31), None], "时间": [pd.Timestamp("2024-01-31 12:30:15.5"), pd.NaT]}
        )
        frame["时刻"] = pd.to_datetime(["2024-01-31T12:30:15", None])
        found, _ = through(tmp_path, frame, suffix)
        for name, day in (("批准", "2024-01-31"), ("时间", "2024-01-31T12:30:15.5"), ("时刻", "2024-01-31T12:30:15")):
            first, second = found.frame[name].tolist()
            assert str(first).replace(" ", "T").startswith(day)
            assert pd.isna(second)

    def test_an_unknown_attribute_type_is_written_as_text(self, tmp_path, suffix):
        found, _ = through(tmp_path, in_degrees({"x": [1 + 2j, "a", 5]}), suffix)
        assert "2j" in str(found.frame["x"].iloc[0])

    def test_integers_beyond_64_bits_are_exact(self, tmp_path, suffix):
        number = 2202020010010001234500010001
        found, _ = through(tmp_path, in_degrees({"bdcdyh": [number, None]}), suffix)
        assert str(found.frame["bdcdyh"].iloc[0]) == str(number)

    def test_nullable_columns_keep_what_is_missing(self, tmp_path, suffix):
        frame = in_degrees({"n": [0, 1]})
        frame["i"] = pd.array([None, 2], dtype="Int64")
        frame["b"] = pd.array([None, True], dtype="boolean")
        frame["s"] = pd.array([None, "x"], dtype="str")
        frame["f"] = np.array([np.nan, 2.5])
        found, _ = through(tmp_path, frame, suffix)
        for name, value in (("i", 2), ("b", True), ("s", "x"), ("f", 2.5)):
            assert pd.isna(found.frame[name].iloc[0])
            assert found.frame[name].iloc[1] == value


class TestTables:
    @pytest.mark.parametrize("suffix", TABLES)
    def test_metres_stay_metres(self, tmp_path, suffix):
        delivery, notes = through(tmp_path, frame_of(), suffix)
        assert delivery.crs_name == "EPSG:4551"
        assert shapely.equals(delivery.frame.geometry.to_numpy(), squares()).all()
        assert notes == ()

    @pytest.mark.parametrize("suffix", TABLES)
    def test_single_and_multiple_polygons_go_together(self, tmp_path, suffix):
        shapes = np.array([squares(1)[0], shapely.MultiPolygon(list(squares(3)[1:])), None], dtype=object)
        delivery, _ = through(tmp_path, frame_of(geometry=shapes), suffix)
        assert shapely.equals(delivery.frame.geometry.to_numpy()[:2], shapes[:2]).all()

    def test_a_shapefile_of_lines_and_polygons_is_refused(self, tmp_path):
        shapes = np.array([squares(1)[0], shapely.LineString([(0, 0), (1, 1)]), squares(1)[0]], dtype=object)
        with pytest.raises(CannotWrite) as caught:
            write_frame(frame_of(geometry=shapes), tmp_path / "a.zip")
        assert caught.value.fault.kind == "mixed_geometries"
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("suffix", [".gpkg", ".geojson"])
    def test_other_formats_hold_lines_beside_polygons(self, tmp_path, suffix):
        shapes = np.array([lonlat_squares(1)[0], shapely.LineString([(0, 0), (1, 1)])], dtype=object)
        frame = frame_of({"n": [1, 2]}, geometry=shapes, crs="EPSG:4490")
        delivery, _ = through(tmp_path, frame, suffix)
        assert delivery.frame.geometry.geom_type.tolist() == ["Polygon", "LineString"]

    @pytest.mark.parametrize(
        "names", [["fid", "geom", "FID"], ["Name", "name", "NAME"], ["a:b", "a;b", 'a"b'], ["源", "source_id"]]
    )
    def test_a_geopackage_keeps_columns_whose_names_collide(self, tmp_path, names):
        frame = in_degrees({name: [f"{name}1", f"{name}2"] for name in names})
        delivery, notes = through(tmp_path, frame, ".gpkg")
        values = [set(delivery.frame[name]) for name in delivery.frame.columns if name != "geometry"]
        assert all({f"{name}1", f"{name}2"} in values for name in names)
        assert bool(notes) == (len({name.casefold() for name in names} - {"fid", "geom"}) < 3 and "源" not in names)

    def test_the_layer_bears_the_name_asked_for(self, tmp_path):
        assert through(tmp_path, frame_of(), ".gpkg", layer="现状建筑")[0].layer == "现状建筑"
        assert through(tmp_path, frame_of(), ".gpkg")[0].layer == "成果"

    def test_a_frame_of_all_missing_values_is_written(self, tmp_path):
        for suffix in READ_AGAIN:
            delivery, _ = through(tmp_path, in_degrees({"空": [None, pd.NA]}), suffix)
            assert delivery.frame["空"].isna().all()


class TestShapefiles:
    @pytest.fixture
    def table(self, tmp_path):
        """Return a function that writes a frame as a zipped shapefile and gives the bytes of its parts."""

        def write(frame):
            notes = write_frame(frame, tmp_path / "成果.zip")
            with zipfile.ZipFile(tmp_path / "成果.zip") as archive:
                return {name: archive.read(name) for name in archive.namelist()}, notes

        return write

    def test_the_parts_are_there_with_a_cpg_and_a_prj(self, table):
        members, _ = table(frame_of())
        assert sorted(members) == [f"成果.{suffix}" for suffix in ("cpg", "dbf", "prj", "shp", "shx")]
        assert members["成果.cpg"] == b"GB18030"
        assert b"CGCS2000" in members["成果.prj"]
        assert NAMES[0].encode("gb18030") in members["成果.dbf"]

    def test_names_are_cut_between_characters_and_stay_distinct(self, tmp_path, table):
        names = ["不动产单元代码", "不动产单元号", "不动产单元", "building_use_1", "building_use_2", "长"]
        _, notes = table(in_degrees({name: [name] for name in names}))
        columns = list(read_delivery(tmp_path / "成果.zip").frame.columns[1:-1])
        assert columns == ["不动产单_2", "不动产单_3", "不动产单元", "building_u", "building_2", "长"]
        assert any("不动产单元代码 → 不动产单_2" in note.zh for note in notes)

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
    @given(
        st.lists(
            st.text(st.characters(categories=["L", "N"], max_codepoint=0xFFFF), min_size=1, max_size=12),
            min_size=1,
            max_size=8,
            unique=True,
        )
    )
    def test_any_names_survive_as_distinct_fields(self, tmp_path, names):
        frame = in_degrees(
            {name: [str(number)] for number, name in enumerate(names) if name not in {"geometry", "source_id"}}
        )
        write_frame(frame, tmp_path / "a.zip")
        found = read_delivery(tmp_path / "a.zip").frame
        assert [found[name].iloc[0] for name in found.columns[1:-1]] == [str(n) for n in range(len(frame.columns) - 1)]

    def test_texts_too_long_are_cut_between_characters_and_counted(self, tmp_path, table):
        _, notes = table(in_degrees({"说明": ["松花江" * 60, "短", "江" * 127]}))
        frame = read_delivery(tmp_path / "成果.zip").frame
        assert frame["说明"].tolist() == [("松花江" * 60)[:127], "短", "江" * 127]
        assert any("254" in note.zh and "1 个" in note.zh for note in notes)

    @pytest.mark.parametrize("length", [1, 39, 40, 41, 79, 80, 81, 127])
    def test_texts_of_any_width_come_back(self, tmp_path, table, length):
        table(in_degrees({"说明": ["江" * length, "a" * length, None]}))
        assert read_delivery(tmp_path / "成果.zip").frame["说明"].tolist() == ["江" * length, "a" * length, None]

    def test_fields_are_no_wider_than_their_texts(self, table):
        members, _ = table(in_degrees({"名称": ["吉林", "松花江"]}))
        assert members["成果.dbf"][32 + 16] == 6

    def test_large_integers_become_text(self, tmp_path, table):
        table(in_degrees({"BSM": [10**18 + 1, None]}))
        assert read_delivery(tmp_path / "成果.zip").frame["BSM"].tolist() == [str(10**18 + 1), None]

    def test_characters_without_a_place_in_gb18030_do_not_stop_it(self, tmp_path, table):
        table(in_degrees({"x": ["a\ud800b", "c"]}))
        assert read_delivery(tmp_path / "成果.zip").frame["x"].tolist() == ["a\ufffdb", "c"]


class TestGeoJson:
    def test_degrees_are_written_without_a_crs(self, tmp_path):
        notes = write_frame(in_degrees({"n": [1]}), tmp_path / "a.geojson")
        document = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
        assert list(document) == ["type", "features"]
        assert notes == ()

    def test_metres_are_written_with_the_old_member_and_that_is_told(self, tmp_path):
        delivery, notes = through(tmp_path, frame_of(), ".geojson")
        assert delivery.crs_name == "EPSG:4551"
        assert "EPSG:4551" in notes[0].en

    @pytest.mark.parametrize("crs", ["EPSG:4214", "EPSG:4610", "EPSG:2362"])
    def test_a_crs_that_the_gate_refuses_is_written_with_its_name(self, tmp_path, crs):
        frame = frame_of(geometry=lonlat_squares(), crs=crs)
        assert through(tmp_path, frame, ".geojson")[0].crs_name == crs
        with pytest.raises(CrsError):
            write_frame(frame, tmp_path / "a.geojsonl")
        assert not (tmp_path / "a.geojsonl").exists()

    def test_metres_become_degrees_in_a_sequence(self, tmp_path):
        delivery, notes = through(tmp_path, frame_of(), ".geojsonl")
        assert delivery.crs_name == "EPSG:4326"
        assert "EPSG:4551" in notes[0].zh

    def test_a_frame_without_rows_is_an_empty_collection(self, tmp_path):
        write_frame(in_degrees({"n": [1]}).iloc[:0], tmp_path / "a.geojson")
        assert json.loads((tmp_path / "a.geojson").read_bytes())["features"] == []

    def test_geometries_that_json_cannot_say_are_null_and_told(self, tmp_path):
        shapes = [shapely.Polygon([(0, 0), (float("inf"), 1), (1, 0)]), lonlat_squares(1)[0]]
        frame = frame_of({"n": [1, 2]}, geometry=shapes, crs="EPSG:4490")
        delivery, notes = through(tmp_path, frame, ".geojson")
        assert delivery.frame.geometry.isna().tolist() == [True, False]
        assert "1" in notes[0].zh

    def test_bytes_are_written_in_base_64(self, tmp_path):
        assert through(tmp_path, in_degrees({"b": [b"\x00\xff"]}), ".geojson")[0].frame["b"].tolist() == ["AP8="]

    def test_an_unconfined_gdal_reads_what_we_write(self, tmp_path):
        for suffix in TEXTS:
            write_frame(in_degrees({"名称": NAMES, "层数": [1, 2, 3]}), tmp_path / f"a{suffix}")
        code = (
            "import sys, pyogrio\n"
            "for path in sys.argv[1:]:\n"
            "    frame = pyogrio.read_dataframe(path)\n"
            "    assert frame['层数'].tolist() == [1, 2, 3], frame\n"
            "    assert frame.geometry.is_valid.all()\n"
        )
        paths = [str(tmp_path / f"a{suffix}") for suffix in TEXTS]
        subprocess.run([sys.executable, "-c", code, *paths], check=True, timeout=60)


class TestRefusals:
    @pytest.mark.parametrize("name", ["a.dgn", "a", "a.gpkg.gz", "图层"])
    def test_a_suffix_that_is_not_known_is_answered_with_those_that_are(self, tmp_path, name):
        with pytest.raises(CannotWrite) as caught:
            write_frame(frame_of(), tmp_path / name)
        assert caught.value.fault.kind == "suffix_unknown"
        assert all(suffix in caught.value.fault.remedy.en for suffix in SUFFIXES)

    def test_a_loose_shapefile_is_asked_for_as_a_zip(self, tmp_path):
        with pytest.raises(CannotWrite) as caught:
            write_frame(frame_of(), tmp_path / "建筑.shp")
        assert "建筑.zip" in caught.value.fault.remedy.zh

    def test_a_frame_without_a_crs_is_not_written(self, tmp_path):
        with pytest.raises(CannotWrite) as caught:
            write_frame(gpd.GeoDataFrame({"n": [1]}, geometry=lonlat_squares(1)), tmp_path / "a.gpkg")
        assert caught.value.fault.kind == "frame_without_crs"

    @pytest.mark.parametrize("place", ["missing/a.gpkg", "file/a.gpkg", "folder.gpkg"])
    def test_a_place_that_cannot_be_written_is_told_before_anything_is_read(self, tmp_path, place):
        (tmp_path / "file").write_text("a file where a folder should be")
        (tmp_path / "folder.gpkg").mkdir()
        with pytest.raises(CannotWrite) as caught:
            check_target(tmp_path / place)
        assert caught.value.fault.kind in {"target_unwritable", "target_is_folder"}
        assert Path(place).name in caught.value.fault.text.zh

    def test_seeing_whether_a_file_can_be_written_leaves_nothing(self, tmp_path):
        check_target(tmp_path / "a.gpkg")
        assert list(tmp_path.iterdir()) == []

    def test_capitals_in_the_suffix_do_not_matter(self, tmp_path):
        write_frame(frame_of(), tmp_path / "A.GPKG")
        assert len(read_delivery(tmp_path / "A.GPKG").frame) == 3
