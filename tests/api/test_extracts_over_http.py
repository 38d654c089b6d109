"""Extracts and runs over HTTP: asked, shown as three kinds of answer, computed again, confirmed to who holds the hash."""

import json

import numpy as np
import pytest
import shapely

from geocode.planes import from_plane
from tests.api.test_api import FREE, upload

CORNERS = [(544_120, 4_855_280), (544_380, 4_855_290), (544_370, 4_855_460), (544_110, 4_855_450)]
SITE = json.loads(shapely.to_geojson(from_plane(np.array([shapely.Polygon(CORNERS)], dtype=object), "EPSG:4551")[0]))


@pytest.fixture
def made(client):
    return client.post("/extracts", json={"geometry": SITE, "name": "更新单元", "stated_area_m2": 50_000})


def test_a_drawn_site_is_answered_and_kept(client, made):
    assert made.status_code == 201
    told = made.json()
    assert made.headers["location"] == f"/runs/{told['id']}"
    assert told["result"]["summary"]["concerned"] > 5
    run = client.get(made.headers["location"]).json()
    assert (run["kind"], run["sha256"], run["result"]) == ("extract", told["sha256"], told["result"])
    assert run["inputs"]["engine"]["geos"]
    assert run["inputs"]["question"]["ground"]["type"] == "Polygon"


def test_a_run_is_computed_again(client, made):
    told = client.post(f"/runs/{made.json()['id']}/verify").json()
    assert (told["verdict"], told["differences"]) == ("same", [])
    assert client.post("/runs/nothing/verify").status_code == 404


def test_who_holds_an_extract_may_confirm_it_without_a_key(client, made):
    told = made.json()
    assert client.get(told["verification"]).json()["verdict"] == "same"
    assert client.get(f"/runs/{told['id']}/verification?sha256={'0' * 64}").status_code == 404
    assert client.get(f"/runs/{told['id']}/verification?sha256=x").status_code == 422


def test_the_same_extract_is_shown_as_json_geojson_and_pdf(client, made):
    told = made.json()
    shown = client.get("/extracts/json", params={"run": told["id"]})
    assert shown.json() == told
    drawn = client.get("/extracts/geojson", params={"run": told["id"]})
    assert drawn.headers["content-type"] == "application/geo+json"
    assert drawn.json()["extract"]["sha256"] == told["sha256"]
    paper = client.get("/extracts/pdf", params={"run": told["id"]})
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF-1.7")


def test_a_building_and_a_parcel_are_asked_about_by_name(client):
    code = upload(client, FREE).json()["results"][0]["code"]
    building = client.get("/extracts/json", params={"code": code}).json()["result"]["site"]
    assert (building["kind"], building["code"], building["version"]) == ("building", code, 1)
    before = client.get("/extracts/json", params={"code": code, "known_at": "2020-01-01T00:00:00Z"})
    assert (before.status_code, before.json()["type"]) == (404, "/problems/not_here")
    parcel = client.get("/extracts/json", params={"layer": "GL3201", "feature": "怡廊小区宗地"}).json()["result"][
        "site"
    ]
    assert parcel["stated_area_m2"] > 0


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("/extracts/json", 422, "refused_option"),
        ("/extracts/json?code=4E7U5-CKJ2W-F0J", 404, "not_here"),
        ("/extracts/json?layer=GL3201&feature=x", 404, "not_here"),
        ("/extracts/json?layer=ZZ&feature=x", 404, "layer_misspelt"),
        ("/extracts/docx?code=x", 422, "request"),
        ("/extracts/json?run=x", 404, "not_here"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(client, path, status, problem):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}")


@pytest.mark.parametrize(
    "geometry", [{}, {"type": "Point", "coordinates": [126.5, 43.8]}, {"type": "Polygon", "coordinates": []}]
)
def test_a_drawing_that_is_no_site_is_a_problem_with_its_fault(client, geometry):
    answer = client.post("/extracts", json={"geometry": geometry})
    assert answer.status_code == 422
    assert answer.json()["zh"]["detail"]


def test_the_same_key_is_the_same_extract_once(client):
    first, second = (
        client.post("/extracts", json={"geometry": SITE}, headers={"Idempotency-Key": "k"}).json() for _ in "ab"
    )
    assert first == second


def test_findings_of_a_building_are_kept_where_that_is_asked(client):
    code = upload(client, FREE).json()["results"][0]["code"]
    told = client.get(f"/buildings/{code}/findings", params={"keep": True}).json()
    assert client.post(f"/runs/{told['run']}/verify").json()["verdict"] == "same"
    assert "run" not in client.get(f"/buildings/{code}/findings").json()
