"""`luotu facilities` where there is no database, and what the commands for projects and units ask for."""

import json

import geopandas as gpd
import pytest
import shapely

ROAD = shapely.LineString([(126.55, 43.84), (126.556, 43.84)])


@pytest.fixture
def luotu(command_line):
    """Return the function that runs the command line, where there is no database."""
    return command_line("postgresql+psycopg://nobody@127.0.0.1:1/nothing")


@pytest.fixture
def roads(tmp_path):
    """Return a file of two roads, one of which has no length."""
    path = tmp_path / "roads.gpkg"
    point = shapely.LineString([(126.55, 43.84), (126.55, 43.84)])
    gpd.GeoDataFrame({"name": ["Riverside", "Nowhere"]}, geometry=[ROAD, point], crs=4490).to_file(path)
    return path


def test_a_dry_run_codes_lines_by_their_corridors(luotu, roads, tmp_path):
    done = luotu(
        "facilities", roads, "--class", "road", "--width", "12", "--dry-run", "--format", "json", "-o", "c.gpkg"
    )
    assert done.exit_code == 1
    first, second = json.loads(done.stdout)["results"]
    assert (first["outcome"], first["name"], first["width_m"]) == ("new", "Riverside", 12.0)
    assert second["fault"]["kind"] == "facility_no_length"
    assert gpd.read_file(tmp_path / "c.gpkg").code.tolist()[0] == first["code"]


def test_a_table_of_facilities_is_for_people(luotu, roads):
    done = luotu("facilities", roads, "--class", "road", "--width", "12", "--dry-run")
    assert "Riverside" in done.stdout
    assert "no length" in done.stderr


def test_an_unknown_class_is_a_wrong_option(luotu, roads):
    assert luotu("facilities", roads, "--class", "castle", "--dry-run").exit_code == 2


def test_the_classes_are_listed(luotu):
    done = luotu("facilities", "--classes")
    assert done.exit_code == 0
    assert "water_pipe" in done.stdout


@pytest.mark.parametrize("command", [("project", "find"), ("units", "show", "X"), ("aliases", "list", "X")])
def test_without_a_database_the_others_say_so(luotu, command):
    done = luotu(*command)
    assert done.exit_code == 3
    assert "cannot be reached" in done.stderr
    assert "?." not in done.stderr
