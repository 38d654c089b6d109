"""`luotu project`, `luotu units`, `luotu aliases` over a register."""

import json

import pytest
import shapely

HOUSE = shapely.box(126.70, 43.70, 126.7003, 43.7002)
UNIT = "220211001002GB00003F00010001"


@pytest.fixture
def luotu(command_line, database):
    """Return the function that runs the command line over an empty register, and gives back its standard output."""
    invoke = command_line(database)

    def run(*arguments, code=0):
        done = invoke(*arguments)
        assert done.exit_code == code, done.stderr
        return done.stdout + (done.stderr if code else "")

    return run


@pytest.fixture
def building(luotu, tmp_path):
    """Return the code of a registered building."""
    feature = {"type": "Feature", "properties": {"name": "River 1"}, "geometry": shapely.geometry.mapping(HOUSE)}
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return json.loads(luotu("upload", "a.geojson", "--format", "json"))["results"][0]["code"]


def test_a_project_with_a_building_and_its_units(luotu, building, tmp_path):
    assert "Riverside" in luotu("project", "open", "Riverside", "--code", "2209-220211-04-01-123456")
    assert building in luotu("project", "join", "2209-220211-04-01-123456", building)
    (tmp_path / "t.csv").write_text(f"unit,floor,area,use,unit_code\n101,1,120,shop,{UNIT}\n201,2,90,flat,\n")
    assert "added: 101, 201" in luotu("units", "load", building, "t.csv")
    assert UNIT in luotu("units", "show", building)
    assert "River 1" in luotu("project", "show", "2209-220211-04-01-123456")
    told = json.loads(luotu("project", "show", "2209-220211-04-01-123456", "--format", "json"))
    assert told["totals"]["units"] == 2
    assert "Riverside" in luotu("project", "find", "river")
    assert building in luotu("project", "leave", "2209-220211-04-01-123456", building)


def test_a_refused_table_names_its_rows(luotu, building, tmp_path):
    (tmp_path / "t.csv").write_text("unit,floor,area,use\n101,1,-120,shop\n")
    said = luotu("units", "load", building, "t.csv", code=3)
    assert "t.csv · row 2" in said
    assert "-120" in said


def test_names_are_added_listed_loaded_and_ended(luotu, building, tmp_path):
    assert "7" in luotu("aliases", "add", building, "zrzh", "7", "--source", "registry")
    (tmp_path / "n.csv").write_text(f"building_code,zrzh\n{building},8\n")
    luotu("aliases", "load", "n.csv")
    rows = json.loads(luotu("aliases", "list", building, "--format", "json"))["aliases"]
    assert [row["value"] for row in rows] == ["7", "8"]
    luotu("aliases", "end", building, rows[0]["id"])
    assert "no alias" in luotu("aliases", "end", building, rows[0]["id"], code=3)
    (tmp_path / "n.csv").write_text("building_code,zrzh\nX,8\n")
    assert "n.csv · row 2" in luotu("aliases", "load", "n.csv", code=3)
