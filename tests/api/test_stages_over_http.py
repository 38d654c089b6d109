"""The chain of stages through the API."""

import json

import pytest
import shapely

from workflows.principals import issue_key

# far from every planted case: the middle of nowhere within the zone
FREE = shapely.box(126.70, 43.70, 126.7003, 43.7002)


def feature(geometry, **properties):
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(geometry)}


@pytest.fixture
def code(client):
    body = json.dumps({"type": "FeatureCollection", "features": [feature(FREE)]})
    return client.post("/uploads", files={"file": ("drawn.geojson", body)}).json()["results"][0]["code"]


@pytest.fixture
def bare(settings, tmp_path):
    """Return the settings of a city whose stages ask for no documents."""
    text = "\n".join(f'[[stage]]\ncode = "{stage}"\ndocuments = []' for stage in ("planning_permit", "setting_out"))
    path = tmp_path / "stages.toml"
    path.write_text(text, encoding="utf-8")
    settings.stages = str(path)
    return settings


PERMIT = {"stage": "planning_permit", "occurred_on": "2026-01-02", "certificate": "建字第220202202600012号"}


def test_the_catalogue_of_stages_is_told(client):
    told = client.get("/stages").json()
    assert [stage["code"] for stage in told["stages"]][::9] == ["design", "demolition"]
    assert told["deadlines"][1]["basis"][0] == {"doc": "建筑法", "article": "9"}


def test_an_uploaded_building_shows_its_chain(client, code):
    told = client.get(f"/buildings/{code.lower()}/stages").json()
    assert (told["building"], told["next"]) == (code, ["design", "planning_permit", "demolition"])
    assert client.get("/buildings/4E7U5-CKJ2W-F0J/stages").status_code == 404


def test_a_refused_entry_is_a_problem_with_every_reason_in_both_languages(client, code):
    refused = client.post(f"/buildings/{code}/stages", json={**PERMIT, "certificate": "?"})
    assert refused.status_code == 422
    problem = refused.json()
    assert problem["type"] == "/problems/document_missing"
    assert [fault["kind"] for fault in problem["faults"]] == ["document_missing", "certificate_form"]
    assert "规划许可证" in problem["zh"]["detail"]
    assert client.post(f"/buildings/{code}/stages", json={**PERMIT, "stage": "planing"}).status_code == 422


def test_a_building_enters_stages_and_what_is_due_is_listed(client, code, bare):
    made = client.post(f"/buildings/{code}/stages", json=PERMIT, headers={"Idempotency-Key": "1"})
    assert made.status_code == 201
    again = client.post(f"/buildings/{code}/stages", json=PERMIT, headers={"Idempotency-Key": "1"})
    assert again.json() == made.json()
    other = {**PERMIT, "occurred_on": "2026-01-03"}
    assert client.post(f"/buildings/{code}/stages", json=other, headers={"Idempotency-Key": "1"}).status_code == 422
    moved = shapely.affinity.translate(FREE, 1e-7, 0)
    drawn = {"stage": "setting_out", "occurred_on": "2026-02-02", "geometry": feature(moved)}
    assert client.post(f"/buildings/{code}/stages", json=drawn).json()["version"] == 2
    (difference,) = client.get(f"/buildings/{code}/stages").json()["differences"]
    assert difference["measures"]["hausdorff_m"] == pytest.approx(0.008, abs=0.001)
    assert difference["findings"][0]["outcome"] == "pass"
    listed = client.get("/deadlines", params={"on": "2027-02-01"}).json()
    assert [(each["deadline"], each["state"]) for each in listed["deadlines"]] == [("T01", "yellow")]
    assert listed["deadlines"][0]["building"] == code


def test_an_entry_is_withdrawn(client, code, bare):
    entry = client.post(f"/buildings/{code}/stages", json=PERMIT).json()["entry"]
    done = client.post(f"/buildings/{code}/stages/{entry}/withdrawal", json={"reason": "wrong building"})
    assert done.json() == {"building": code, "entry": entry, "withdrawn": True}
    gone = client.post(f"/buildings/{code}/stages/{entry}/withdrawal", json={"reason": "wrong building"})
    assert (gone.status_code, gone.json()["type"]) == (422, "/problems/entry_unknown")


def test_who_may_not_is_answered_403_and_whose_it_is_not_404(client, code):
    database = client.app.state.database
    keys = {
        role: {"Authorization": f"Bearer {issue_key(database, office='x', name='某单位', role=role, label=role)}"}
        for role in ("surveyor", "planner", "auditor")
    }
    path = f"/buildings/{code}/stages"
    assert client.post(path, json=PERMIT, headers=keys["surveyor"]).status_code == 403
    assert client.post(path, json=PERMIT, headers=keys["auditor"]).status_code == 403
    assert client.post(path, json={**PERMIT, "stage": "setting_out"}, headers=keys["surveyor"]).status_code == 404
    assert client.post(path, json=PERMIT, headers=keys["planner"]).status_code == 422
    assert client.get(path, headers=keys["surveyor"]).status_code == 404
    assert client.get(path, headers=keys["auditor"]).status_code == 200
