"""`luotu code` as a person, a program and a shell use it: forms, refusals, exit codes, and being ended."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time

import geopandas as gpd
import pytest
import shapely
from typer.testing import CliRunner

from cli.main import app
from geocode import encode
from layers.reading import read_delivery
from layers.writing import write_frame

LON, LAT = 126.55, 43.84
HOUSE = shapely.box(LON, LAT, LON + 2e-4, LAT + 1e-4)
BOW_TIE = shapely.Polygon([(LON, LAT), (LON + 1e-3, LAT + 1e-3), (LON + 1e-3, LAT), (LON, LAT + 1e-3)])
FORMS = ["table", "json", "geojson", "geojsonl", "csv"]


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setenv("LUOTU_LANGUAGE", "en")


def luotu(*arguments, **more):
    return CliRunner().invoke(app, ["code", *map(str, arguments)], **more)


def delivery(path, *shapes):
    names = [f"n{number}" for number in range(len(shapes))]
    write_frame(gpd.GeoDataFrame({"name": names}, geometry=list(shapes), crs=4490), path)
    return path


@pytest.fixture
def survey(tmp_path):
    return delivery(tmp_path / "survey.gpkg", HOUSE, BOW_TIE, shapely.affinity.translate(HOUSE, 1e-3))


class TestForms:
    def test_a_pipe_gets_features_a_line_each(self, survey):
        result = luotu(survey)
        first, second, _ = map(json.loads, result.stdout.splitlines())
        assert first["properties"]["code"] == str(encode(HOUSE))
        assert second["properties"]["fault"].startswith("self_intersection")

    def test_the_forms_agree(self, survey):
        said = {form: luotu(survey, "--format", form) for form in FORMS}
        assert {result.exit_code for result in said.values()} == {1}
        records = json.loads(said["json"].stdout)
        codes = [record["code"] for record in records]
        assert codes == [str(encode(HOUSE)), None, codes[2]]
        features = json.loads(said["geojson"].stdout)["features"]
        assert [feature["properties"]["code"] for feature in features] == codes
        rows = list(csv.DictReader(io.StringIO(said["csv"].stdout)))
        assert [row["code"] or None for row in rows] == codes
        assert list(rows[0]) == ["code", "h3", "area_m2", "fault", "source_id", "name"]
        assert all(code in said["table"].stdout for code in (codes[0], codes[2]))
        assert records[1]["fault"]["place"]["x"] == pytest.approx(LON + 5e-4)

    def test_answers_go_out_and_everything_else_beside_them(self, survey):
        for form in FORMS[1:]:
            result = luotu(survey, "--format", form)
            assert "crosses itself" in result.stderr
            assert "Remedy" in result.stderr
            assert "3 rows: 2 coded, 1 refused" in result.stderr
            assert "Refused" not in result.stdout

    def test_a_long_table_shows_its_beginning(self, tmp_path):
        many = [shapely.affinity.translate(HOUSE, number * 1e-3) for number in range(50)]
        result = luotu(delivery(tmp_path / "a.gpkg", *many), "--format", "table")
        assert "and 10 more" in result.stdout
        assert len(result.stdout.splitlines()) == 42

    def test_features_on_standard_input_are_answered_in_any_form(self):
        line = shapely.to_geojson(HOUSE) + "\n"
        for form in FORMS:
            result = luotu("-", "--format", form, input=line)
            assert result.exit_code == 0, result.stderr
            assert str(encode(HOUSE)) in result.stdout

    @pytest.mark.parametrize("suffix", [".parquet", ".geoparquet", ".csv", ".gpkg"])
    def test_features_on_standard_input_become_a_file(self, tmp_path, suffix):
        lines = "".join(f"{shapely.to_geojson(shape)}\n" for shape in (HOUSE, BOW_TIE))
        result = luotu("-", "-o", tmp_path / f"a{suffix}", input=lines)
        assert result.exit_code == 1
        assert result.stdout == ""
        if suffix == ".csv":
            assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfcode,h3,area_m2,fault\r\n")
        else:
            assert read_delivery(tmp_path / f"a{suffix}").frame["code"].notna().tolist() == [True, False]

    def test_an_unknown_form_is_a_usage_error(self, survey):
        assert luotu(survey, "--format", "xml").exit_code == 2

    def test_a_form_and_a_file_do_not_go_together(self, survey, tmp_path):
        result = luotu(survey, "-o", tmp_path / "b.csv", "--format", "json")
        assert result.exit_code == 2
        assert "suffix" in result.stderr
        assert not (tmp_path / "b.csv").exists()

    def test_the_forms_and_exit_codes_are_in_the_help(self):
        said = luotu("--help").stdout
        for word in (*FORMS, ".parquet", ".csv", "20 refusals"):
            assert word in said


class TestRefusals:
    def test_of_very_many_the_first_are_told_and_the_rest_counted_by_kind(self, tmp_path):
        shapes = [HOUSE, *[BOW_TIE] * 25, *[shapely.Point(LON, LAT)] * 5]
        result = luotu(delivery(tmp_path / "a.gpkg", *shapes), "-o", tmp_path / "b.csv")
        assert result.exit_code == 1
        assert result.stderr.count("Remedy") == 20
        assert "Not shown here: 10. All of them by kind: self_intersection 25, wrong_type 5." in result.stderr
        assert (tmp_path / "b.csv").read_text(encoding="utf-8-sig").count("self_intersection: ") == 25

    def test_where_all_are_refused_nothing_is_written_and_that_is_said(self, tmp_path):
        result = luotu(delivery(tmp_path / "a.gpkg", BOW_TIE), "-o", tmp_path / "b.parquet")
        assert result.exit_code == 3
        assert "nothing is written" in result.stderr
        assert not (tmp_path / "b.parquet").exists()

    def test_where_all_are_refused_a_program_is_still_told_why(self, tmp_path):
        result = luotu(delivery(tmp_path / "a.gpkg", BOW_TIE), "--format", "json")
        assert result.exit_code == 3
        assert json.loads(result.stdout)[0]["fault"]["kind"] == "self_intersection"

    @pytest.mark.parametrize("target", ["b.tif", "missing/b.gpkg", "."])
    def test_a_target_that_cannot_be_is_told_first(self, survey, tmp_path, target):
        result = luotu(survey, "-o", tmp_path / target)
        assert result.exit_code == 3
        assert "Remedy" in result.stderr
        assert "row" not in result.stderr

    def test_a_parquet_without_a_geometry_is_refused_with_a_remedy(self, tmp_path):
        import pandas as pd  # noqa: PLC0415

        pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "a.parquet")
        result = luotu(tmp_path / "a.parquet")
        assert result.exit_code == 3
        assert "no GeoParquet" in result.stderr
        assert "Remedy" in result.stderr

    def test_what_the_system_says_of_a_file_is_a_sentence(self, survey, tmp_path, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device", "b.gpkg")

        monkeypatch.setattr("layers.writing.os.replace", full)
        result = luotu(survey, "-o", tmp_path / "b.gpkg")
        assert result.exit_code == 3
        assert "No space left on device" in result.stderr
        assert [part.name for part in tmp_path.iterdir()] == ["survey.gpkg"]


@pytest.mark.parametrize("closed", ["<&-", ">&-", ">&- 2>&-"])
def test_a_stream_that_the_shell_has_closed_is_an_empty_one(closed):
    command = f"{sys.executable} -m cli.main code - --format json {closed}"
    done = subprocess.run(["sh", "-c", command], input=b"", capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (b"[]\n" if closed == "<&-" else b"")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_one_that_is_ended_in_the_middle_leaves_no_file(tmp_path, end):
    command = [sys.executable, "-m", "cli.main", "code", "-", "-o", str(tmp_path / "out.geojsonl")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as working:
        working.stdin.write(f"{shapely.to_geojson(HOUSE)}\n".encode() * 50)
        working.stdin.flush()
        until = time.monotonic() + 60
        while not list(tmp_path.glob(".luotu-*/out.geojsonl")) and time.monotonic() < until:
            time.sleep(0.02)
        assert list(tmp_path.glob(".luotu-*/out.geojsonl"))
        os.kill(working.pid, end)
        # a read from a pipe that is open goes on after the signal was heard
        working.stdin.close()
    assert working.returncode in {-end, 128 + end}
    assert not (tmp_path / "out.geojsonl").exists()
    assert end == signal.SIGKILL or list(tmp_path.iterdir()) == []
