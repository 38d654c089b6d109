"""Conflicts, publishing and cases on the command line."""

import json

import geopandas as gpd
import pytest
import shapely

from layers.reading import read_delivery

EAST_M, NORTH_M = 545_000.0, 4_856_000.0


@pytest.fixture
def sample_database(new_database, conflicting_district):
    """Return a database of the test's own in which the conflicts were found before."""
    fresh = new_database(conflicting_district)
    yield fresh
    fresh.dispose()


@pytest.fixture
def red_line(tmp_path):
    """Return a delivery of one more red line, which covers a good part of the district."""
    path = tmp_path / "red.gpkg"
    ground = shapely.box(EAST_M, NORTH_M, EAST_M + 1_500, NORTH_M + 1_500)
    gpd.GeoDataFrame({"BSM": ["R1"]}, geometry=[ground], crs=4551).to_file(path)
    return path


def test_conflicts_are_told_by_rule_and_kept(luotu):
    told = luotu("conflicts")
    assert told.exit_code == 1
    assert "GH2201 × GH2202" in told.stdout
    assert "EPSG:4551" in told.stderr
    run = json.loads(luotu("conflicts", "--format", "json").stdout)
    assert run["change"] == {"new": 0, "gone": 0, "changed": 0}
    again = json.loads(luotu("conflicts", "--run", run["run"], "--format", "json").stdout)
    assert again["rules"] == run["rules"]


def test_conflicts_are_listed_and_written_to_a_file(luotu, tmp_path):
    target = tmp_path / "conflicts.gpkg"
    told = luotu("conflicts", "--rows", "--rule", "C06", "--output", target)
    assert "永农" in told.stdout or "C06" in told.stdout
    written = read_delivery(target).frame
    assert set(written["rule"]) == {"C06"}
    assert (written["area_m2"] > 0).all()


def test_conflicts_that_could_not_be_told_are_listed_with_why(luotu):
    told = luotu("conflicts", "--rows", "--outcome", "not_evaluated", "--most", "2")
    assert "XZ1105" in told.stderr
    assert "no more than 2 are listed" in told.stderr


def test_an_outcome_that_is_none_is_a_wrong_option(luotu):
    told = luotu("conflicts", "--rows", "--outcome", "conflict")
    assert told.exit_code == 2
    assert "not_evaluated" in told.stderr


def test_a_box_that_is_none_is_a_wrong_option(luotu):
    assert luotu("conflicts", "--bbox", "1,2,3").exit_code == 2


def test_a_draft_tells_and_publishing_does(luotu, red_line):
    luotu("conflicts")
    draft = luotu("layers", "publish", red_line, "--as", "GH2202", "--key", "BSM", "--draft")
    assert draft.exit_code == 0, draft.stderr
    assert "New conflicts" in draft.stdout
    assert "nothing is stored" in draft.stderr
    done = json.loads(luotu("layers", "publish", red_line, "--as", "GH2202", "--key", "BSM", "--format", "json").stdout)
    assert done["features"]["added"] == 1
    assert "already there" in luotu("layers", "publish", red_line, "--as", "GH2202", "--key", "BSM").stderr


def test_a_case_is_opened_spoken_to_and_listed(luotu):
    run = json.loads(luotu("conflicts", "--rows", "--rule", "C06", "--format", "json").stdout)
    conflict = run["rows"]["features"][0]["id"]
    opened = json.loads(luotu("cases", "open", conflict, "--reason", "x", "--format", "json").stdout)
    said = luotu("cases", "say", opened["id"], "--coordination", "keep_first", "--status", "agreed")
    assert said.exit_code == 0, said.stderr
    assert "Keep the first plan" in said.stdout
    assert "Agreed" in luotu("cases", "list").stdout
    assert "C06" in luotu("cases", "show", opened["id"]).stdout
    assert luotu("cases", "say", opened["id"], "--status", "done").exit_code == 2
