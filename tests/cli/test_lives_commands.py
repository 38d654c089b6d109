"""`luotu building` and `luotu review`: a registrar at the terminal."""

import json

import geopandas as gpd
import pytest
import shapely
from typer.testing import CliRunner

from cli.main import app

STEP = 1e-4
WHOLE = shapely.box(126.70, 43.70, 126.70 + 4 * STEP, 43.7002)
LEFT = shapely.box(126.70, 43.70, 126.70 + 2 * STEP, 43.7002)
RIGHT = shapely.box(126.70 + 2 * STEP, 43.70, 126.70 + 4 * STEP, 43.7002)


@pytest.fixture
def run(settings, monkeypatch):
    """Return what runs a command over the test's sample district."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LUOTU_HOME", str(settings.home))
    monkeypatch.setenv("LUOTU_LANGUAGE", "en")

    def invoke(*arguments):
        return CliRunner().invoke(app, [str(each) for each in arguments])

    return invoke


@pytest.fixture
def file(tmp_path):
    """Return what writes footprints to a file."""

    def write(*shapes, name="drawn.gpkg"):
        path = tmp_path / name
        gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=list(shapes), crs=4490).to_file(path)
        return path

    return write


@pytest.fixture
def code(run, file):
    """Register a house and return its code."""
    return json.loads(run("upload", file(WHOLE, name="1.gpkg"), "--format", "json").stdout)["results"][0]["code"]


def test_a_building_is_split_and_its_lineage_printed(run, file, code):
    done = run("building", "split", code, file(LEFT, RIGHT), "--format", "json")
    parts = json.loads(done.stdout)["successors"]
    printed = run("building", "lineage", code)
    assert all(part in printed.stdout for part in parts)
    assert "is now" in printed.stderr


def test_a_building_is_closed_and_revived(run, code):
    assert run("building", "close", code, "demolished", "--on", "2026-01-02").exit_code == 0
    again = run("building", "close", code, "demolished")
    assert again.exit_code == 3
    assert "Revive" in again.stderr or "revive" in again.stderr
    assert f"{code} → {code}" in run("building", "revive", code).stderr


def test_a_building_that_a_delivery_took_for_revised_is_said_to_be_rebuilt(run, file, code):
    anew = file(shapely.box(126.70, 43.70, 126.70 + 4 * STEP, 43.70021), name="2.gpkg")
    assert json.loads(run("upload", anew, "--format", "json").stdout)["results"][0]["outcome"] == "revised"
    (successor,) = json.loads(run("building", "rebuild", code, anew, "--format", "json").stdout)["successors"]
    assert successor != code
    assert successor in run("building", "lineage", code).stdout


def test_a_row_that_waits_is_said_to_be_a_rebuilt_building(run, file, code):
    run("upload", file(shapely.box(126.70, 43.70, 126.70 + 10 * STEP, 43.7002), name="2.gpkg"))
    (review,) = [each["id"] for each in json.loads(run("review", "list", "--format", "json").stdout)]
    done = run("review", "relate", review, f"rebuilt:0={code}")
    assert done.exit_code == 0, done.stderr
    assert "rebuilt" in run("building", "lineage", code).stdout


def test_a_held_row_is_listed_shown_and_related(run, file, code):
    doubtful = shapely.box(126.70, 43.70, 126.70 + 10 * STEP, 43.7002)
    uploaded = run("upload", file(doubtful, name="2.gpkg"))
    assert "1 held for review" in uploaded.stderr
    listed = json.loads(run("review", "list", "--format", "json").stdout)
    (review,) = [each["id"] for each in listed]
    assert review in run("review", "list").stdout
    assert code in run("review", "show", review).stdout
    assert run("review", "relate", review, "nonsense").exit_code == 2
    done = run("review", "relate", review, f"revised:0={code}", "--reason", "extended")
    assert done.exit_code == 0, done.stderr
    assert run("review", "reject", review).exit_code == 3
    assert json.loads(run("review", "list", "--format", "json").stdout) == []
