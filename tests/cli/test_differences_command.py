"""`luotu differences` in a terminal."""

import json
from functools import partial

import pytest

BOX = "126.56,43.84,126.57,43.85"


@pytest.fixture
def luotu(luotu):
    """Return the function that runs `luotu differences` over the sample district."""
    return partial(luotu, "differences")


def test_two_plans_are_compared_and_the_run_is_shown_and_written_again(luotu, tmp_path):
    asked = luotu("XZ1201", "GH2303", "--within", BOX, "--as-of", "2026-06-01", "--format", "json")
    assert asked.exit_code == 0, asked.output
    told = json.loads(asked.stdout)
    shown = luotu(told["run"], "-o", str(tmp_path / "a.xlsx"))
    assert shown.exit_code == 0, shown.output
    assert "both construction" in shown.stdout
    assert (tmp_path / "a.xlsx").stat().st_size > 1_000


def test_a_file_that_cannot_be_written_is_told_before_the_work_is_done(luotu):
    refused = luotu("XZ1201", "GH2303", "-o", "a.doc")
    assert refused.exit_code == 3


def test_a_layer_without_land_use_is_refused_with_a_remedy(luotu):
    refused = luotu("XZ1201", "GH2209", "--within", BOX)
    assert refused.exit_code == 2
    assert "GB 50137-2011" in refused.stderr
