"""`luotu stage`: a building through its stages, on the command line."""

import json

import pytest
import shapely

LON, LAT = 126.70, 43.70


@pytest.fixture
def drawn(tmp_path):
    """Return the maker of files with one house."""

    def write(name, shift=0.0):
        house = shapely.box(LON + shift, LAT, LON + shift + 3e-4, LAT + 2e-4)
        feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(house)}
        path = tmp_path / name
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
        return path

    return write


def test_a_building_goes_through_its_stages_on_the_command_line(luotu, drawn, tmp_path):
    uploaded = json.loads(luotu("upload", drawn("house.geojson"), "--format", "json").stdout)
    code = uploaded["results"][0]["code"]
    refused = luotu("stage", "enter", code, "planning_permit", "--on", "2026-01-02")
    assert refused.exit_code == 3
    assert refused.stderr.count("Refused") == 2
    paper = tmp_path / "permit.pdf"
    paper.write_bytes(b"%PDF-1.7\n%%EOF\n")
    permit = ("--certificate", "220202202600012", "--document", paper, "--on", "2026-01-02")
    entered = luotu("stage", "enter", code, "planning_permit", *permit)
    assert entered.exit_code == 0, entered.stderr
    assert "construction_permit" in entered.stderr
    setting = ("--geometry", drawn("lines.geojson", 1e-6), "--document", f"survey_report={paper}", "--on", "2026-02-03")
    made = luotu("stage", "enter", code, "setting_out", *setting, "--format", "json")
    assert json.loads(made.stdout)["version"] == 2
    shown = luotu("stage", "show", code, "--on", "2026-03-01")
    assert "planning_permit → setting_out" in shown.stdout
    assert "D07" in shown.stdout
    early = luotu("stage", "due", "--on", "2026-03-01")
    assert (early.exit_code, early.stdout) == (0, "")
    assert "Nothing is due soon" in early.stderr
    late = luotu("stage", "due", "--on", "2027-03-01")
    assert late.exit_code == 1
    assert "T01" not in late.stdout
    assert "Obtain the construction permit" in late.stdout
    entry = json.loads(made.stdout)["entry"]
    assert luotu("stage", "withdraw", code, entry, "--reason", "other house").exit_code == 0
    assert "(withdrawn)" in luotu("stage", "show", code).stdout


def test_a_stage_that_there_is_not_is_refused_with_those_that_are_near(luotu, drawn):
    code = json.loads(luotu("upload", drawn("house.geojson"), "--format", "json").stdout)["results"][0]["code"]
    refused = luotu("stage", "enter", code, "setting")
    assert refused.exit_code == 3
    assert "setting_out" in refused.stderr
