"""Layers over HTTP: who sees what, a city's own layers, and checks of their polygons."""

import json

import pytest
import shapely
from starlette.testclient import TestClient

from api.app import create_app
from tests.conftest import SAMPLES
from workflows.principals import issue_key

TILE = "/tiles/layers/{}/10/871/373.mvt"
# public, internal, restricted
LAYERS = ("GH2202", "GH2201", "GL3201")
ROLES = {
    "surveyor": (200, 200, 403),
    "planner": (200, 200, 200),
    "registrar": (200, 200, 200),
    "auditor": (200, 200, 200),
    "admin": (403, 403, 403),
}


@pytest.fixture
def keyed(client, sample_database):
    """Return what calls in a role, as an office that is not on this machine."""

    def call(role, method, path, **request):
        key = issue_key(sample_database, office="o", name="某单位", role=role, label=role)
        return client.request(method, path, headers={"Authorization": f"Bearer {key}"}, **request)

    return call


@pytest.mark.parametrize("role", ROLES)
def test_tiles_are_cut_for_who_may_see_the_layer(keyed, role):
    answers = [keyed(role, "GET", TILE.format(layer)) for layer in LAYERS]
    assert tuple(answer.status_code for answer in answers) == ROLES[role]
    refused = [answer for answer in answers if answer.status_code == 403]
    assert all(answer.json()["type"] == "/problems/forbidden" for answer in refused)


@pytest.mark.parametrize("role", ROLES)
def test_the_list_tells_of_every_layer_and_shows_no_more_than_the_role_may_see(keyed, role):
    listed = {layer["code"]: layer for layer in keyed(role, "GET", "/layers").json()["layers"]}
    assert len(listed) == 63
    for code, status in zip(LAYERS, ROLES[role], strict=True):
        layer, (edition,) = listed[code], listed[code]["editions"]
        assert layer["readable"] is (status == 200)
        assert (layer["tiles"] is None) is (status == 403)
        assert ("source" in edition) is (status == 200)
        assert edition["title"]


def test_the_list_says_what_a_layer_is_for_and_who_answers_for_it(client):
    listed = {layer["code"]: layer for layer in client.get("/layers").json()["layers"]}
    layer = listed["XZ1201"]
    assert (layer["owner"]["code"], layer["class_system"]) == ("resources", "GB/T 21010-2017")
    assert (layer["coverage_required"], layer["max_age_months"]) == (True, 24)
    assert "DLBM" in layer["key_attributes"]
    assert "BHFW|JKDD" in listed["GH2206"]["key_attributes"]


def test_a_finding_says_where_the_data_are_older_than_they_may_be(client):
    drawn = {"type": "Feature", "properties": {}, "geometry": square(0.05, 0.05, 0.0002)}
    findings = client.post("/codes", json=drawn).json()["findings"]
    editions = {finding["layer"]["code"]: finding["edition"] for finding in findings if finding["edition"]}
    assert editions["XZ1301"]["currency"] < "2024"
    assert "12 months" in editions["XZ1301"]["outdated"]["en"]
    assert editions["GH2201"]["outdated"] is None


def city(settings, tmp_path, text):
    path = tmp_path / "layers.toml"
    path.write_text(text, encoding="utf-8-sig")
    here = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50000)}
    return TestClient(create_app(settings.model_copy(update={"layers": str(path)})), **here)


def test_a_city_adds_layers_and_closes_others(settings, tmp_path, sample_database):
    text = """
    [[layer]]
    code = "GH2202"
    security = "restricted"
    [[layer]]
    code = "GH2601"
    name = { zh = "低空管道", en = "Low-altitude corridors" }
    mid = "GH24"
    geometry = ["Polygon"]
    role = "constraint"
    security = "internal"
    accuracy_m = 2
    owner = "transport"
    """
    key = issue_key(sample_database, office="o", name="某单位", role="admin", label="admin")
    with city(settings, tmp_path, text) as client:
        assert "GH2601" in [layer["code"] for layer in client.get("/layers").json()["layers"]]
        assert client.get(TILE.format("GH2601")).status_code == 204
        headers = {"Authorization": f"Bearer {key}"}
        assert client.get(TILE.format("GH2202"), headers=headers).status_code == 403


def test_a_city_s_file_that_cannot_be_used_is_a_problem_with_its_place(settings, tmp_path):
    with city(settings, tmp_path, '\n[[layer]]\ncode = "GH2202"\nsecurity = "secret"') as client:
        answer = client.get("/layers")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/catalogue_value"
    assert answer.json()["place"]["line"] == 2


def test_a_loaded_layer_is_checked_and_what_was_planted_is_found(client):
    report = client.post("/layers/GL3105/check").json()
    (overlap,) = [fault for fault in report["faults"] if fault["kind"] == "overlap"]
    assert overlap["width_m"] == pytest.approx(0.06, abs=1e-6)
    assert len(overlap["features"]) == 2
    assert shapely.geometry.shape(overlap["geometry"]).is_valid
    assert report["summary"]["overlap"]["count"] == 1
    assert client.post("/layers/GH2303/check?within=GH2203").json()["summary"]["gap"]["count"] > 0


def test_checks_are_for_who_may_see_both_layers(keyed):
    assert keyed("surveyor", "POST", "/layers/GL3201/check").status_code == 403
    assert keyed("surveyor", "POST", "/layers/GL3105/check?within=GL3201").status_code == 403
    assert keyed("admin", "POST", "/layers/GL3201/check").status_code == 403
    assert keyed("surveyor", "POST", "/layers/GL3105/check").status_code == 200


def test_a_layer_without_an_edition_and_one_that_is_none_are_problems(client):
    assert client.post("/layers/GH2601/check").status_code == 404
    answer = client.post("/layers/XZ1302/check")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/refused_option")


def square(x, y, side):
    return shapely.geometry.mapping(shapely.box(126.5 + x, 43.8 + y, 126.5 + x + side, 43.8 + y + side))


def delivery(*geometries):
    features = [{"type": "Feature", "properties": {}, "geometry": geometry} for geometry in geometries]
    return {"file": ("parcels.geojson", json.dumps({"type": "FeatureCollection", "features": features}))}


def test_a_file_is_checked_as_the_layer_that_it_is_and_nothing_is_stored(client):
    twice = delivery(square(0, 0, 0.001), square(0, 0, 0.001))
    (report,) = client.post("/layers/check", files=twice, data={"as_layer": "GH2303"}).json()["layers"]
    assert {kind: row["count"] for kind, row in report["summary"].items()} == {"overlap": 1}
    listed = {layer["code"]: layer for layer in client.get("/layers").json()["layers"]}
    assert len(listed["GH2303"]["editions"]) == 1


def test_a_name_over_the_network_is_never_a_path(client):
    path = SAMPLES / "district.gpkg"
    answer = client.post(f"/layers/GL3105/check?within={path}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/layer_not_in_catalogue")
