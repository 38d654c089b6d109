"""One style over every route: pages with links, tags and preconditions, and a problem for whatever is refused."""

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.describe import description
from workflows.settings import Settings

MAPPING = {"layer": "GH2103", "fields": {"用地代码": "YDYHFLDM"}, "codes": {}}


def put(client, mapping=MAPPING, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.put("/mappings/规划", json=mapping, headers=named)


def test_what_replaces_says_what_it_saw(client):
    assert put(client, If_None_Match="*").status_code == 200
    assert put(client, If_None_Match="*").status_code == 412, "it is there"
    unsaid = put(client)
    assert (unsaid.status_code, unsaid.json()["type"]) == (428, "/problems/precondition_required")
    seen = client.get("/mappings/规划").headers["ETag"]
    other = {**MAPPING, "codes": {"701": "0701"}}
    assert put(client, other, If_Match=seen).json()["version"] == 2
    stale = put(client, If_Match=seen)
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/changed_since")
    assert stale.json()["zh"]["remedy"]
    assert put(client, If_Match="*").json()["version"] == 3
    assert client.put("/mappings/none", json=MAPPING, headers={"If-Match": "*"}).status_code == 412, "it is not there"


def test_of_several_who_saw_the_same_one_changes_it(client):
    put(client)
    seen = client.get("/mappings/规划").headers["ETag"]
    mappings = [{**MAPPING, "codes": {str(number): "0701"}} for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda each: put(client, each, If_Match=seen).status_code, mappings))
    assert sorted(answers) == [200, 412, 412, 412, 412, 412]


def test_a_request_that_was_answered_is_answered_the_same_whatever_has_become_of_it(client):
    office = {"code": "bureau", "name_zh": "规划局"}
    client.post("/offices", json=office)
    sent = {"If-Match": client.get("/offices/bureau").headers["ETag"], "Idempotency-Key": "once"}
    first = client.patch("/offices/bureau", json={"name_zh": "自然资源局"}, headers=sent)
    assert client.patch("/offices/bureau", json={"name_zh": "局"}, headers={"If-Match": "*"}).status_code == 200
    again = client.patch("/offices/bureau", json={"name_zh": "自然资源局"}, headers=sent)
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (200, again.json())


def test_what_adds_heeds_what_it_is_said_to_have_been_seen_of(client):
    project = client.post("/projects", json={"name": "江畔花园"}).json()["id"]
    seen = client.get(f"/projects/{project}").headers["ETag"]
    sent = {"buildings": ["4E7T5-CDW9J-E0N"]}
    stale = client.post(f"/projects/{project}/buildings", json=sent, headers={"If-Match": '"another"'})
    fresh = client.post(f"/projects/{project}/buildings", json=sent, headers={"If-Match": f'"another", {seen}'})
    assert (stale.status_code, fresh.status_code) == (412, 404), "such a building there is not"


def test_what_the_client_has_is_not_sent_again(client):
    first = client.get("/rules")
    again = client.get("/rules", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/rules/R01", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("path", ["/projects", "/offices", "/keys"])
def test_pages_lead_to_each_other_and_hold_everything_once(client, path):
    (name,) = [path.removeprefix("/")]
    for number in range(5):
        client.post("/projects", json={"name": f"花园 {number}"})
        client.post("/offices", json={"code": f"o{number}", "name_zh": "局"})
        client.post("/keys", json={"office": f"o{number}", "role": "planner", "label": "x"})
    whole = client.get(path).json()
    assert whole["next"] is None
    found, following = [], f"{path}?limit=2"
    while following:
        page = client.get(following)
        found += page.json()[name]
        link = page.headers.get("Link", "")
        assert bool(link) is (page.json()["next"] is not None)
        following = unquote(link.partition("<")[2].partition(">")[0])
    assert found == whole[name]
    assert len(found) >= 5


@pytest.mark.parametrize(
    ("query", "status", "pointer", "zh"),
    [
        ("nothing=1", 400, "/query/nothing", "没有参数"),
        ("a%2Fb~=1", 400, "/query/a~1b~0", "没有参数"),
        ("limit=1&limit=2", 400, "/query/limit", "重复"),
        ("limit=x", 422, "/query/limit", "整数"),
        ("limit=0", 422, "/query/limit", "不小于 1"),
        ("cursor=x", 422, "/query/cursor", "应符合"),
    ],
)
def test_a_refused_parameter_is_told_by_its_place_in_both_languages(client, query, status, pointer, zh):
    refused = client.get(f"/projects?{query}")
    told = refused.json()
    assert (refused.status_code, told["errors"][0]["pointer"]) == (status, pointer)
    assert told["detail"]
    assert zh in told["zh"]["detail"]


def test_what_changes_something_takes_a_key_unless_it_is_the_same_however_often_it_comes():
    keyless = {
        f"{method} {path}"
        for path, item in json.loads(description())["paths"].items()
        for method, told in item.items()
        if method != "get" and not any(each["name"] == "Idempotency-Key" for each in told.get("parameters", ()))
    }
    same = {
        *(
            "post /buildings/{name}/documents",
            "post /projects/{key}/documents",
            "post /documents/{document_id}/withdrawal",
        ),
        *(
            "post /facilities",
            "post /packages",
            "put /mappings/{name}",
            "delete /jobs/{job_id}",
            "delete /ogc/jobs/{job}",
        ),
        *("delete /keys/{number}", "delete /users/{number}", "delete /subscriptions/{subscription_id}"),
    }
    # and what stores nothing
    asked = {
        *("post /codes", "post /resolve", "post /uploads/preview", "post /mappings/proposals", "post /layers/check"),
        *("post /layers/{layer}/check", "post /runs/{identity}/verify", "post /certificates/verification"),
    }
    assert keyless == same | asked


def test_a_database_that_is_not_there_is_not_told_where_it_is(tmp_path):
    there = "postgresql+psycopg://somebody@127.0.0.1:9/register"
    settings = Settings.model_validate({"DATABASE_URL": there, "LUOTU_HOME": tmp_path, "LUOTU_LOCAL_PRINCIPAL": True})
    with TestClient(create_app(settings), base_url="http://127.0.0.1", client=("127.0.0.1", 50000)) as client:
        refused = client.get("/session")
    assert refused.status_code == 503
    assert "somebody" not in refused.text
    assert ":9" not in refused.text
    assert refused.json()["zh"]["remedy"]
