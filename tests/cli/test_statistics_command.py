"""`luotu statistics`, as a person uses it."""

import json

from tests.conftest import SAMPLES


def test_the_register_is_counted_and_its_cells_are_written(luotu, tmp_path):
    luotu("upload", SAMPLES / "survey.zip")
    counted = json.loads(luotu("statistics", "--format", "json").stdout)
    cells = tmp_path / "cells.geojson"
    shown = luotu("statistics", "--cells", cells, "--resolution", 9)
    assert shown.exit_code == 0, shown.stderr
    assert str(cells) in shown.stderr
    assert f"{sum(each['buildings'] for each in counted['offices']):,}" in shown.stdout
    found = json.loads(cells.read_text())["features"]
    living = sum(each["living"] for each in counted["offices"])
    assert sum(each["properties"]["buildings"] for each in found) == living
    assert {len(each["id"]) for each in found} == {15}


def test_a_resolution_that_is_not_counted_is_a_wrong_call(luotu, tmp_path):
    assert luotu("statistics", "--cells", tmp_path / "c.geojson", "--resolution", 11).exit_code == 2
