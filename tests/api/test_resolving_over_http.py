"""Names resolved over HTTP: one, many, and the short way for codes."""

import json

import pytest
import shapely
from starlette.testclient import TestClient

from api.app import create_app
from api.routes.resolve import _CODE_QUERY
from workflows.principals import issue_key

HOUSES = [shapely.box(126.70 + i * 1e-3, 43.70, 126.7003 + i * 1e-3, 43.7002) for i in range(3)]


def upload(client, *houses, name="drawn.geojson", **properties):
    features = [
        {
            "type": "Feature",
            "properties": {"name": f"{i}号楼", **properties},
            "geometry": shapely.geometry.mapping(house),
        }
        for i, house in enumerate(houses)
    ]
    body = json.dumps({"type": "FeatureCollection", "features": features})
    return [row["code"] for row in client.post("/uploads", files={"file": (name, body)}).json()["results"]]


@pytest.fixture
def codes(client):
    return upload(client, *HOUSES, 地址="解放路12号")


def slowly(client, text):
    """Resolve a text by the general way, which another day in the query asks for."""
    return client.get("/resolve", params={"q": text, "as_of": "2999-01-01"}).json()


def test_a_code_is_answered_the_short_way_as_by_the_general_one(client, codes):
    for typed in (codes[0], codes[0].replace("-", "").lower(), codes[1].replace("-", " "), f"220202{codes[2]}"):
        assert _CODE_QUERY.fullmatch(client.get("/resolve", params={"q": typed}).request.url.query)
        answer = client.get("/resolve", params={"q": typed})
        assert answer.headers["etag"]
        assert answer.json() == slowly(client, typed)
        assert answer.json() == client.post("/resolve", json={"names": [typed]}).json()["rows"][0]


def test_what_only_looks_like_a_code_goes_the_general_way(client, codes):
    wrong = codes[0][:-3] + codes[0][-2] + codes[0][-3] + codes[0][-1]
    for text in (wrong, "ABCDEFGHIJKLM", "4E7U5-CKJ2W-F0J"):
        answer = client.get("/resolve", params={"q": text})
        assert answer.status_code == 200
        assert answer.headers["vary"] == "Authorization", "which the short way has no need of"
        assert answer.json() == slowly(client, text)
    assert client.get("/resolve", params={"q": wrong}).json()["suggestion"] == codes[0]


def test_a_caller_who_has_the_answer_is_told_that_it_is_the_same_until_it_is_not(client, codes):
    first = client.get("/resolve", params={"q": codes[0]})
    known = {"If-None-Match": first.headers["etag"]}
    same = client.get("/resolve", params={"q": codes[0]}, headers=known)
    assert (same.status_code, same.content) == (304, b"")
    upload(client, shapely.box(126.70, 43.70, 126.70031, 43.7002), name="revised.geojson")
    changed = client.get("/resolve", params={"q": codes[0]}, headers=known)
    assert (changed.status_code, changed.json()["building"]["version"]) == (200, 2)


def test_no_worker_is_stale(settings):
    here = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50000)}
    with TestClient(create_app(settings), **here) as writer, TestClient(create_app(settings), **here) as reader:
        (code,) = upload(writer, HOUSES[0])
        for turn in range(2, 6):
            assert reader.get("/resolve", params={"q": code}).json()["building"]["version"] == turn - 1
            east = 126.7003 + turn * 1e-6
            upload(writer, shapely.box(126.70, 43.70, east, 43.7002), name=f"{turn}.geojson")
        assert reader.get("/resolve", params={"q": code}).json() == slowly(writer, code)


def test_a_key_counts_for_the_short_way_as_for_the_general_one(client, settings, codes):
    app = create_app(settings)
    for office, role, name in (("x", "planner", "0号楼"), ("x", "surveyor", None), ("x", "admin", None)):
        key = issue_key(app.state.database, office=office, name="某测绘院", role=role, label=role)
        headers = {"Authorization": f"Bearer {key}"}
        with TestClient(app, base_url="http://127.0.0.1", client=("192.0.2.7", 50000)) as far:
            for path in ("/resolve", "/resolve?as_of=2999-01-01"):
                said = far.get(
                    path,
                    params={"q": codes[0]} if "?" not in path else {"q": codes[0], "as_of": "2999-01-01"},
                    headers=headers,
                )
                assert said.json()["building"]["name"] == name
            assert far.get(f"/buildings/{codes[0]}", headers=headers).json()["properties"]["name"] == name
            for wrong in ({}, {"Authorization": "Bearer luotu_wrong"}):
                assert far.get("/resolve", params={"q": codes[0]}, headers=wrong).status_code == 401
        app = create_app(settings)


def test_one_text_of_any_kind_is_resolved(client, codes):
    assert client.get("/resolve", params={"q": "1号楼"}).json()["code"] == codes[1]
    several = client.get("/resolve", params={"q": "解放路12号"}).json()
    assert (several["status"], {each["code"] for each in several["candidates"]}) == ("several", set(codes))
    assert client.get("/resolve", params={"q": "126.70015 43.7001"}).json()["code"] == codes[0]


def test_many_names_have_a_row_each_and_too_many_are_refused(client, codes):
    rows = client.post(
        "/resolve", json={"names": [codes[0], None, 3, "nothing"], "known_at": "2999-01-01T00:00:00Z"}
    ).json()["rows"]
    assert [row["status"] for row in rows] == ["found", "invalid", "invalid", "not_found"]
    assert client.post("/resolve", json={"names": ["x"] * 10_001}).status_code == 422
    assert client.post("/resolve", json={"names": "x"}).status_code == 422
    assert client.post("/resolve", json={"names": [], "known_at": "2024-01-01T00:00:00"}).status_code == 422
    assert client.post("/resolve", json={"names": []}).json() == {"rows": []}


def test_a_building_is_shown_as_it_was(client, codes):
    assert client.get(f"/buildings/{codes[0]}", params={"as_of": "2001-01-01"}).status_code == 404
    assert client.get(f"/buildings/{codes[0]}", params={"known_at": "2001-01-01T00:00:00Z"}).status_code == 404
    assert (
        client.get(f"/buildings/{codes[0]}", params={"as_of": "2999-01-01"}).json()["properties"]["matched"]["as"]
        == "code"
    )
    assert client.get("/buildings/解放路12号").json()["suggestions"] == sorted(codes)
