"""The command line, as a person and as a pipe use it."""

import json
import subprocess
import sys

import geopandas as gpd
import pyproj
import pytest
import shapely
from typer.testing import CliRunner

from cli.main import app
from geocode import encode
from layers.reading import read_delivery
from layers.writing import write_frame
from tests.conftest import SAMPLES

LON, LAT = 126.55, 43.84
HOUSE = shapely.box(LON, LAT, LON + 2e-4, LAT + 1e-4)


def line(geometry, **properties):
    return json.dumps({"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(geometry)})


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".geojsonl", ".fgb", ".zip"])
def test_a_file_is_written_again_with_its_codes_in_any_format(tmp_path, suffix):
    source, target = tmp_path / "in.geojson", tmp_path / f"out{suffix}"
    source.write_text(f'{{"type": "FeatureCollection", "features": [{line(HOUSE, 名称="甲")}]}}', encoding="utf-8")
    result = CliRunner().invoke(app, ["code", str(source), "-o", str(target)])
    assert result.exit_code == 0, result.stderr
    coded = read_delivery(target).frame
    assert coded["code"].tolist() == [str(encode(HOUSE))]
    assert coded["名称"].tolist() == ["甲"]


def test_features_stream_through_a_pipe_one_answer_a_line():
    text = "\n".join([line(HOUSE, a={"b": 1}), line(shapely.Point(LON, LAT))]) + "\n"
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "code", "-"], input=text.encode(), capture_output=True, check=False
    )
    assert done.returncode == 1, done.stderr
    first, second = (json.loads(each.strip(b"\x1e")) for each in done.stdout.splitlines())
    assert first["properties"]["code"] == str(encode(HOUSE))
    assert first["properties"]["a"] == {"b": 1}
    assert second["properties"]["code"] is None
    assert "wrong_type" in second["properties"]["fault"]


def test_a_file_goes_into_a_pipe_as_features():
    survey = str(SAMPLES / "survey.zip")
    done = subprocess.run([sys.executable, "-m", "cli.main", "code", survey], capture_output=True, check=True)
    features = [json.loads(each.strip(b"\x1e")) for each in done.stdout.splitlines()]
    assert len(features) == 57
    assert all(len(feature["properties"]["code"]) == 15 for feature in features)
    assert 126 < features[0]["geometry"]["coordinates"][0][0][0] < 127


def test_a_reader_that_has_enough_ends_the_stream_quietly():
    text = "\n".join(line(shapely.affinity.translate(HOUSE, i * 1e-3)) for i in range(3000))
    done = subprocess.run(
        f"{sys.executable} -m cli.main code - | head -n 1",
        input=text.encode(),
        shell=True,
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["properties"]["code"]
    assert b"Traceback" not in done.stderr


def test_the_code_needs_no_database(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    source = tmp_path / "in.geojsonl"
    source.write_text(line(HOUSE) + "\n")
    result = CliRunner().invoke(app, ["code", str(source), "--format", "table"])
    assert result.exit_code == 0
    assert str(encode(HOUSE)) in result.stdout


def test_real_buildings_are_coded_into_a_geopackage(tmp_path, shared_data):
    target = tmp_path / "coded.gpkg"
    path = shared_data("osm_cn_nanjing/buildings_20210612.geojson.gz")
    result = CliRunner().invoke(app, ["code", str(path), "-o", str(target)])
    assert result.exit_code in {0, 1}
    coded = gpd.read_file(target)
    assert len(coded) == 1277
    assert (coded["code"].notna() | coded["fault"].notna()).all()


def test_the_main_job_runs_from_survey_to_resolved_code(luotu, tmp_path):
    uploaded = luotu("upload", SAMPLES / "survey.zip", "-o", tmp_path / "coded.zip")
    assert uploaded.exit_code == 0, uploaded.stderr
    assert "R07" in uploaded.stdout
    back = read_delivery(tmp_path / "coded.zip").frame
    assert back["code"].notna().all()
    code = back["code"].iloc[0]
    resolved = luotu("resolve", *code.lower().split("-"))
    assert resolved.exit_code == 0
    assert code in resolved.stdout
    assert "Registered" in resolved.stdout
    checked = luotu("check", code)
    assert checked.exit_code in {0, 1}
    assert "R01" in checked.stdout
    again = luotu("upload", SAMPLES / "survey.zip")
    assert "uploaded before" in again.stderr


def test_a_faulty_survey_is_refused_whole_and_its_good_rows_can_be_taken(luotu):
    refused = luotu("upload", SAMPLES / "survey_faulty.zip")
    assert refused.exit_code == 3
    assert "crosses itself" in refused.stderr
    taken = luotu("upload", SAMPLES / "survey_faulty.zip", "--good-rows", "--format", "json")
    assert taken.exit_code == 1
    report = json.loads(taken.stdout)
    assert report["accepted"] == 7
    assert report["rows"] == report["accepted"] + report["refused"]


def test_the_layers_are_listed_and_loading_them_again_changes_nothing(luotu):
    listed = luotu("layers", "list")
    assert "GH2201" in listed.stdout
    again = luotu("layers", "load", SAMPLES / "district.gpkg")
    assert again.exit_code == 0, again.stderr
    assert "already there" in again.stderr


def test_a_filter_that_is_no_cql2_is_refused_with_its_place(luotu):
    district = SAMPLES / "district.gpkg"
    result = luotu("layers", "load", district, "--layer", "GH2204_CSLX", "--where", "a = (")
    assert result.exit_code == 3
    assert "Traceback" not in result.stderr
    assert "a = (" in result.stderr


def moved_to_jilin(path, target):
    """Move real shapes of Nanjing by a local shift in metres to Jilin City, zone 120 E to zone 126 E."""
    frame = read_delivery(path).frame.dropna(axis="columns", how="all")
    metres = frame.set_crs(4490, allow_override=True).to_crs(4549)
    to_zone = pyproj.Transformer.from_crs(4490, 4551, always_xy=True).transform(126.55, 43.84)
    from_zone = pyproj.Transformer.from_crs(4490, 4549, always_xy=True).transform(118.78, 32.043)
    shifted = metres.geometry.translate(to_zone[0] - from_zone[0], to_zone[1] - from_zone[1])
    write_frame(frame.set_geometry(shifted.set_crs(4551, allow_override=True)), target)


def test_a_real_city_is_uploaded_checked_against_its_land_and_resolved(luotu, tmp_path, shared_data):
    moved_to_jilin(shared_data("osm_cn_nanjing/buildings_20210612.geojson.gz"), tmp_path / "buildings.gpkg")
    moved_to_jilin(shared_data("osm_cn_nanjing/landlayers_20210612.geojson.gz"), tmp_path / "land.gpkg")
    for code, where in (("GH2205", "leisure = 'park'"), ("GH2204", "\"natural\" = 'water'")):
        loaded = luotu("layers", "load", tmp_path / "land.gpkg", "--as", code, "--where", where, "--accuracy", "1")
        assert loaded.exit_code in {0, 1}, loaded.stderr
    uploaded = luotu("upload", tmp_path / "buildings.gpkg", "--good-rows", "--format", "json")
    assert uploaded.exit_code in {0, 1}, uploaded.stderr
    report = json.loads(uploaded.stdout)
    assert report["rows"] == 1277
    hits = [
        (code, found) for code, findings in report["findings"].items() for found in findings
        if found["rule"] in {"R10", "R11"} and found["outcome"] == "fail"
    ]  # fmt: skip
    assert hits
    resolved = luotu("resolve", hits[0][0])
    assert hits[0][0] in resolved.stdout
