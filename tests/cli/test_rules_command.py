"""`luotu rules` and `luotu check`, as a planner uses them."""

import json

import numpy as np
import pytest
from rasterio import Affine

from cli.findings import brief
from tests.conftest import SAMPLES
from tests.layers.grids import write_raster


@pytest.fixture
def luotu(command_line, monkeypatch):
    """Return the function that runs the command line, without a database."""
    monkeypatch.setenv("COLUMNS", "300")
    return command_line()


def test_the_rules_are_listed_without_a_database(luotu):
    listed = luotu("rules", "list")
    assert listed.exit_code == 0, listed.stderr
    assert "R03" in listed.stdout
    assert "80 rules" in listed.stderr
    found = json.loads(luotu("rules", "list", "--format", "json").stdout)
    assert len(found["rules"]) == 80


def test_a_rule_is_shown_with_all_that_it_says(luotu):
    told = json.loads(luotu("rules", "show", "r04").stdout)
    assert (told["id"], told["content"]["required"][0]["value"]) == ("R04", 30)
    assert luotu("rules", "show", "R99").exit_code == 3


def test_a_citys_file_is_linted_and_a_mistake_is_told_with_its_place(luotu, tmp_path):
    city = tmp_path / "city.toml"
    city.write_text('[[rule]]\nid = "R03"\nrequired = [{ value = 5, where = "BREITE < 30" }]', encoding="utf-8")
    found = json.loads(luotu("rules", "lint", city, "--format", "json").stdout)
    assert {"rule": "R03", "kind": "unknown_attribute"}.items() <= next(
        row for row in found if row["rule"] == "R03" and row["kind"] == "unknown_attribute"
    ).items()
    city.write_text('[[rule]]\nid = "R03"\nrequire = 5', encoding="utf-8")
    refused = luotu("rules", "lint", city)
    assert refused.exit_code == 3
    assert "R03" in refused.stderr
    assert "require" in refused.stderr


def test_a_raster_is_loaded_and_a_height_that_is_said_is_judged_by_it(luotu, sample_database, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", sample_database.url.render_as_string(hide_password=False))
    place = Affine(10, 0, 540_000, 0, -10, 4_860_500)
    terrain = write_raster(tmp_path / "dem.tif", np.full((900, 800), 200.0), transform=place)
    loaded = luotu("layers", "load", terrain, "--as", "XZ1105", "--vertical", "EPSG:5737", "--unit", "m")
    assert (loaded.exit_code, "raster, loaded" in loaded.stderr) == (0, True)
    assert luotu("layers", "load", terrain).exit_code == 2
    told = luotu("check", SAMPLES / "survey.zip", "--set", "height_m=400", "--format", "json")
    outcomes = {each["outcome"] for one in json.loads(told.stdout) for each in one["findings"] if each["rule"] == "R23"}
    assert outcomes == {"fail", "not_applicable"}  # the surface lies over a part of the survey
    table = luotu("check", SAMPLES / "survey.zip", "--set", "height_m=400", "--as-of", "2026-06-01")
    assert "height_m = 400.0" in table.stdout
    assert luotu("check", SAMPLES / "survey.zip", "--set", "depth=3").exit_code == 2


def said(rule, outcome, **more):
    blank = {"area_m2": None, "width_m": None, "measured": None, "required": None, "margin": None, "margin_m": None}
    return {"rule": rule, "title": {"zh": rule, "en": rule}, "outcome": outcome, "unit": "m", **blank, **more}


def test_a_row_of_an_upload_tells_what_fails_with_its_measures_and_counts_the_rest(monkeypatch):
    monkeypatch.setenv("LUOTU_LANGUAGE", "en")
    findings = [
        said("R01", "fail", area_m2=5.4, width_m=0.15),
        said("R17", "fail", measured=4.0, required=6.0, margin=-2.0),
        said("R18", "manual"),
        said("R18", "manual"),
        said("R16", "pass"),
        said("R16", "not_evaluated"),
        said("R07", "pass"),
    ]
    first, second, rest = brief(findings).splitlines()
    assert first.endswith("5.40 m² × 0.150 m")
    assert second.endswith("4.000 m / 6.000 m (-2.000 m)")
    assert rest == "[dim]1 pass, 1 not evaluated, 1 to check by hand[/]"
