"""`luotu sites` in a terminal."""

import json
from functools import partial

import pytest


@pytest.fixture
def luotu(luotu):
    """Return the function that runs `luotu sites` over the sample district."""
    return partial(luotu, "sites")


def test_sites_are_found_shown_again_and_written(luotu, tmp_path):
    asked = luotu("GH2303", "--within", "126.55,43.83,126.56,43.84", "--as-of", "2026-06-01", "--format", "json")
    assert asked.exit_code == 0, asked.output
    told = json.loads(asked.stdout)
    shown = luotu(told["run"], "-o", str(tmp_path / "sites.csv"))
    assert shown.exit_code == 0, shown.output
    assert "Distance to utilities" in shown.stdout
    assert "XZ1302" in shown.stdout
    assert (tmp_path / "sites.csv").exists()


def test_where_every_site_is_vetoed_the_exit_code_tells(luotu, tmp_path):
    (tmp_path / "profile.toml").write_text(
        '[[factor]]\nid = "c"\nname = { zh = "c", en = "c" }\nmeasure = "compactness"\nweight = 1\ncurve = [[0, 0], [1, 1]]\n'
    )
    farmland = ("GH2201", "--profile", str(tmp_path / "profile.toml"), "--within", "126.5,43.8,126.6,43.9")
    assert luotu(*farmland).exit_code == 1
