"""Lives and reviews over HTTP: acts, proposals, decisions."""

import json

import pytest
import shapely

from workflows.principals import issue_key

STEP = 1e-4
WHOLE = shapely.box(126.70, 43.70, 126.70 + 4 * STEP, 43.7002)
LEFT = shapely.box(126.70, 43.70, 126.70 + 2 * STEP, 43.7002)
RIGHT = shapely.box(126.70 + 2 * STEP, 43.70, 126.70 + 4 * STEP, 43.7002)


def drawn(shape):
    return shapely.geometry.mapping(shape)


def upload(client, *shapes, name="drawn.geojson", headers=None):
    features = [{"type": "Feature", "properties": {"n": n}, "geometry": drawn(each)} for n, each in enumerate(shapes)]
    body = json.dumps({"type": "FeatureCollection", "features": features})
    answer = client.post("/uploads", files={"file": (name, body)}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def code(client):
    """Register a house and return its code."""
    return upload(client, WHOLE)["results"][0]["code"]


@pytest.fixture
def keyed(sample_database):
    """Return the headers of somebody with a role."""

    def make(role, office):
        key = issue_key(sample_database, office=office, name=office, role=role, label=f"{role} of {office}")
        return {"Authorization": f"Bearer {key}"}

    return make


def test_a_house_is_split_merged_rebuilt_closed_and_revived(client, code):
    split = client.post(f"/buildings/{code}/splits", json={"parts": [drawn(LEFT), drawn(RIGHT)]})
    assert split.status_code == 201
    first, second = split.json()["successors"]
    merged = client.post(f"/buildings/{first}/merges", json={"others": [second], "geometry": drawn(WHOLE)}).json()
    (whole,) = merged["successors"]
    (rebuilt,) = client.post(f"/buildings/{whole}/rebuilds", json={"geometry": drawn(WHOLE)}).json()["successors"]
    lineage = client.get(f"/buildings/{code.lower()}/lineage").json()
    assert (lineage["closed_as"], lineage["present"]) == ("split", [rebuilt])
    assert lineage["successors"] == [*sorted([first, second]), whole, rebuilt]
    assert client.post(f"/buildings/{rebuilt}/closures", json={"reason": "demolished"}).status_code == 201
    assert client.post(f"/buildings/{rebuilt}/revivals", json={}).json()["successors"] == [rebuilt]


def test_a_house_is_moved_and_has_a_basement(client, code):
    moved = shapely.affinity.translate(WHOLE, 0.01, 0)
    assert client.post(f"/buildings/{code}/relocations", json={"geometry": drawn(moved)}).status_code == 201
    below = client.post(f"/buildings/{code}/parts", json={"geometry": drawn(moved.buffer(STEP)), "name": "地下室"})
    (part,) = below.json()["successors"]
    assert client.get(f"/buildings/{part}/lineage").json()["part_of"] == code


def test_a_law_that_is_broken_is_a_conflict_with_a_remedy(client, code):
    answer = client.post(f"/buildings/{code}/splits", json={"parts": [drawn(LEFT), drawn(WHOLE)]})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/parts_overlap")
    assert answer.json()["remedy"]
    assert answer.json()["zh"]["detail"]


def test_the_same_key_is_the_same_act_once(client, code):
    body = {"parts": [drawn(LEFT), drawn(RIGHT)]}
    headers = {"Idempotency-Key": "split-1"}
    first, again = (client.post(f"/buildings/{code}/splits", json=body, headers=headers) for _ in range(2))
    assert first.json() == again.json()
    assert client.post(f"/buildings/{code}/splits", json={**body, "survivor": 0}, headers=headers).status_code == 422


def test_what_a_planner_proposes_a_registrar_confirms(client, code, keyed):
    planner, registrar = keyed("planner", "bureau"), keyed("registrar", "registry")
    asked = client.post(f"/buildings/{code}/closures", json={"reason": "demolished"}, headers=planner)
    assert asked.status_code == 202
    review = asked.json()["review"]
    assert [each["id"] for each in client.get("/reviews", headers=registrar).json()["reviews"]] == [review]
    path = f"/reviews/{review}/decision"
    assert client.post(path, json={"decision": "accept"}, headers=planner).status_code == 403
    assert client.post(path, json={"decision": "accept"}, headers=registrar).status_code == 201
    assert client.get(f"/buildings/{code}/lineage").json()["closed_as"] == "demolished"
    assert client.get(f"/reviews/{review}", headers=registrar).json()["decision"]["decision"] == "accepted"


def test_a_held_row_waits_in_the_queue_of_its_upload(client, keyed):
    surveyor = keyed("surveyor", "survey")
    code = upload(client, LEFT, headers=surveyor)["results"][0]["code"]
    doubtful = shapely.box(126.70, 43.70, 126.70 + 5 * STEP, 43.7002)
    report = upload(client, doubtful, name="again.geojson", headers=surveyor)
    assert report["held"] == 1
    (waiting,) = client.get("/reviews", params={"upload": report["id"]}, headers=surveyor).json()["reviews"]
    assert waiting["id"] == report["results"][0]["review"]
    said = {"decision": "relate", "relations": [{"relation": "revised", "rows": [0], "codes": [code]}]}
    decided = client.post(f"/reviews/{waiting['id']}/decision", json=said, headers=keyed("planner", "bureau"))
    assert decided.json()["relations"][0]["codes"] == [code]
