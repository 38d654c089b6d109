"""A manifest tells of the layers in a file beside it, and says so where it cannot be read."""

import json
from datetime import date

import pytest
import shapely

from geocode import CrsError
from layers.errors import RefusedFile
from layers.manifests import ManifestEntry, read_manifest

AREA = "POLYGON ((500000 4850000, 501000 4850000, 501000 4851000, 500000 4850000))"
ROW = {
    "layer": "GH2201",
    "title": "永久基本农田 2022",
    "valid_from": "2022-10-01",
    "valid_to": None,
    "currency": "2021-12-31",
    "accuracy_m": 0.5,
    "source": "落图区永久基本农田划定方案",
    "completeness": "district",
    "features": 168,
}


def manifest(tmp_path, *rows, **members):
    document = {
        "file": "district.gpkg",
        "crs": "EPSG:4551",
        "areas": {"district": AREA},
        "layers": list(rows),
        **members,
    }
    path = tmp_path / "layers.json"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def test_what_it_says_of_a_layer_is_found_by_its_code(tmp_path):
    entry = read_manifest(manifest(tmp_path, ROW))["GH2201"]
    assert entry.title == "永久基本农田 2022"
    assert (entry.valid_from, entry.valid_to, entry.currency) == (date(2022, 10, 1), None, date(2021, 12, 31))
    assert (entry.accuracy_m, entry.source) == (0.5, "落图区永久基本农田划定方案")


def test_areas_are_brought_to_the_storage_crs(tmp_path):
    area = read_manifest(manifest(tmp_path, ROW))["GH2201"].completeness
    assert area.geom_type == "MultiPolygon"
    west, south, east, north = area.bounds
    assert 125.9 < west < east < 126.1
    assert 43.7 < south < north < 43.9


def test_an_area_may_stand_in_the_row_itself(tmp_path):
    row = {"layer": "GH2201", "completeness": "POLYGON ((126 43, 127 43, 127 44, 126 43))"}
    entry = read_manifest(manifest(tmp_path, row, crs="EPSG:4490"))["GH2201"]
    assert entry.completeness.equals(shapely.from_wkt(row["completeness"]))


def test_a_table_s_name_is_as_good_as_a_code(tmp_path):
    assert list(read_manifest(manifest(tmp_path, {"layer": "yjjbnt"}))) == ["GH2201"]


def test_what_is_not_said_is_none(tmp_path):
    assert read_manifest(manifest(tmp_path, {"layer": "GH2201"})) == {"GH2201": ManifestEntry()}


def test_no_manifest_says_nothing(tmp_path):
    assert read_manifest(tmp_path / "layers.json") == {}


def test_a_manifest_of_another_file_says_nothing(tmp_path):
    path = manifest(tmp_path, ROW)
    assert read_manifest(path, file="survey.zip") == {}
    assert list(read_manifest(path, file="district.gpkg")) == ["GH2201"]


@pytest.mark.parametrize(
    "row",
    [
        {"layer": "GH9999"},
        {"layer": None},
        {"layer": "GH2201", "title": 5},
        {"layer": "GH2201", "valid_from": "2022"},
        {"layer": "GH2201", "currency": 20220101},
        {"layer": "GH2201", "accuracy_m": -1},
        {"layer": "GH2201", "accuracy_m": "0.5"},
        {"layer": "GH2201", "accuracy_m": True},
        {"layer": "GH2201", "completeness": "no such area"},
        {"layer": "GH2201", "completeness": "POINT (1 2)"},
        {"layer": "GH2201", "completeness": "POLYGON EMPTY"},
        {"layer": "GH2201", "completeness": "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))"},
        [],
    ],
)
def test_a_row_that_cannot_be_read_refuses_the_manifest(tmp_path, row):
    with pytest.raises(RefusedFile) as caught:
        read_manifest(manifest(tmp_path, row))
    assert (caught.value.fault.kind, caught.value.file) == ("manifest_invalid", "layers.json")


def test_two_rows_for_one_layer_are_refused(tmp_path):
    with pytest.raises(RefusedFile):
        read_manifest(manifest(tmp_path, ROW, {"layer": "YJJBNT"}))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"layers": {}}', '{"layers": [], "layers": []}', '{"layers": [], "areas": 5}']
)
def test_what_is_no_manifest_is_refused(tmp_path, text):
    path = tmp_path / "layers.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RefusedFile) as caught:
        read_manifest(path)
    assert caught.value.fault.kind == "manifest_invalid"


def test_a_manifest_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "layers.json"
    path.write_bytes('{"layers": [{"layer": "农田"}]}'.encode("gbk"))
    with pytest.raises(RefusedFile):
        read_manifest(path)


def test_a_crs_that_the_gate_refuses_is_refused(tmp_path):
    with pytest.raises(CrsError):
        read_manifest(manifest(tmp_path, ROW, crs="EPSG:2362"))
