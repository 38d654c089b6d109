"""`luotu worker` and `luotu jobs` as people type them."""

import json

import pytest
import shapely
from starlette.testclient import TestClient

from api.app import create_app


@pytest.fixture
def run(luotu):
    return luotu


@pytest.fixture
def job(settings, run, tmp_path):
    """Ask for an upload over HTTP, in the installation that the commands run in, and return the job."""
    here = settings.model_copy(update={"home": tmp_path / "home"})
    house = {
        "type": "Feature",
        "properties": {},
        "geometry": shapely.geometry.mapping(shapely.box(126.7, 43.7, 126.7004, 43.7002)),
    }
    file = ("house.geojson", json.dumps({"type": "FeatureCollection", "features": [house]}))
    with TestClient(create_app(here), base_url="http://127.0.0.1", client=("127.0.0.1", 50000)) as client:
        return client.post("/uploads", files={"file": file}, headers={"Prefer": "respond-async"}).json()


def test_a_worker_does_what_waits_and_the_list_tells(run, job):
    assert "waiting" in run("jobs", "list").stdout
    worked = run("worker", "--once")
    assert worked.exit_code == 0, worked.output
    listed = run("jobs", "list").stdout
    assert "done" in listed
    assert "1 row: 1 accepted" in listed
    shown = json.loads(run("jobs", "show", job["id"]).stdout)
    assert shown["result"]["accepted"] == 1


def test_a_job_is_ended_by_hand(run, job):
    ended = run("jobs", "cancel", job["id"])
    assert "cancelled" in ended.stderr
    run("worker", "--once")
    assert json.loads(run("jobs", "show", job["id"]).stdout)["state"] == "cancelled"


def test_a_job_that_never_was_is_told_so(run):
    asked = run("jobs", "show", "7")
    assert asked.exit_code == 3
    assert "no job" in asked.stderr
    assert "luotu jobs list" in asked.stderr
