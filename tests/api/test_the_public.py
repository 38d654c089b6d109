"""What callers without a key are told: nothing, or, where the installation serves the public, what is public."""

import json
import re

import pytest
import shapely
from starlette.testclient import TestClient

from api.app import create_app

HOUSE = shapely.box(126.70, 43.70, 126.7004, 43.7002)
FAR = {"base_url": "http://127.0.0.1", "client": ("192.0.2.7", 50000)}
# whoever holds a paper verifies it, and anyone compares heads
OPEN = {
    ("GET", "/ledger/head"),
    ("GET", "/ledger/keys"),
    ("GET", "/ledger/consistency"),
    ("GET", "/certificates/{event}/verification"),
    ("POST", "/certificates/verification"),
    ("GET", "/runs/{identity}/verification"),
    # what the service does to order, and not for whom
    ("GET", "/ogc/processes"),
    ("GET", "/ogc/processes/{process}"),
}
ASKED = {"/resolve": {"q": "1"}}
PUBLIC = {("GET", "/resolve"), ("GET", "/ledger/proofs/{seq}")}


@pytest.fixture
def code(client):
    """Have a house be registered, and return its code."""
    feature = {"type": "Feature", "properties": {"name": "滨溪1号楼"}, "geometry": shapely.geometry.mapping(HOUSE)}
    file = ("house.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return client.post("/uploads", files={"file": file}).json()["results"][0]["code"]


@pytest.fixture(params=[False, True], ids=["closed", "public"])
def far(request, settings):
    """Return a client elsewhere, without a key, and whether the installation serves the public."""
    app = create_app(settings.model_copy(update={"public": request.param}))
    with TestClient(app, **FAR) as caller:
        yield caller, request.param


def test_nothing_else_opens(far):
    caller, is_public = far
    answered = {
        (method, path)
        for path, methods in caller.app.openapi()["paths"].items()
        for method in map(str.upper, methods)
        if caller.request(method, placed(path), params=ASKED.get(path)).status_code != 401
    }
    # of the collections the public is told which it may see
    collections = {(method, path) for method, path in answered if path.startswith("/ogc/") and method == "GET"} - OPEN
    assert is_public or not collections
    assert answered - collections == OPEN | (PUBLIC if is_public else set())


def placed(path):
    known = (
        path.replace("{matrix_set}", "WebMercatorQuad").replace("{collection_id}", "buildings").replace("{level}", "16")
    )
    return re.sub(r"\{[^}]+\}", "1", known)


@pytest.mark.parametrize("more", [{}, {"as_of": "2999-01-01"}])
def test_the_public_is_told_what_a_code_means_and_no_name(far, code, more):
    caller, is_public = far
    said = caller.get("/resolve", params={"q": code, **more})
    if not is_public:
        assert said.status_code == 401
        return
    row = said.json()
    assert (row["status"], row["code"]) == ("found", code)
    assert (row["building"]["name"], row["building"]["redacted"]) == (None, True)
    assert "滨溪" not in said.text


@pytest.mark.parametrize("name", ["滨溪1号楼", "126.7002 43.7001"])
def test_the_public_finds_nothing_by_another_name_than_a_code(client, far, code, name):
    caller, is_public = far
    assert client.get("/resolve", params={"q": name}).json()["code"] == code
    said = caller.get("/resolve", params={"q": name})
    assert said.status_code == (200 if is_public else 401)
    assert not is_public or said.json()["status"] == "not_found"


def test_the_public_proves_an_event_without_reading_it(far, code):
    caller, is_public = far
    said = caller.get("/ledger/proofs/0")
    assert said.status_code == (200 if is_public else 401)
    assert not is_public or (said.json()["event"], bool(said.json()["leaf_hash"])) == (None, True)


def test_a_wrong_key_is_not_the_public(far, code):
    caller, _ = far
    wrong = {"Authorization": "Bearer luotu_wrong"}
    for path in (f"/resolve?q={code}", f"/resolve?q={code}&as_of=2999-01-01", "/ledger/proofs/0"):
        assert caller.get(path, headers=wrong).status_code == 401
