"""OGC API – Processes over HTTP: described, done at once or as a job, refused with the standard's own types."""

import pytest
import shapely

from geocode import encode
from workflows.jobs import work
from workflows.principals import issue_key

HOUSE = shapely.box(126.70, 43.70, 126.7004, 43.7002)
DRAWN = {"type": "Feature", "properties": {"height_m": 12}, "geometry": shapely.geometry.mapping(HOUSE)}
BOW_TIE = {
    "type": "Polygon",
    "coordinates": [[[126.7, 43.7], [126.701, 43.701], [126.701, 43.7], [126.7, 43.701], [126.7, 43.7]]],
}
ASYNC = {"Prefer": "respond-async"}
TYPES = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"


def execute(client, process, inputs, headers=None, **more):
    return client.post(f"/ogc/processes/{process}/execution", json={"inputs": inputs, **more}, headers=headers or {})


def test_every_process_is_listed_and_described_with_what_goes_in(client):
    told = client.get("/ogc/processes").json()["processes"]
    assert [each["id"] for each in told] == ["code", "check", "conflicts", "extract"]
    assert [each["id"] for each in client.get("/ogc/processes?limit=2").json()["processes"]] == ["code", "check"]
    for each in told:
        described = client.get(each["links"][0]["href"]).json()
        assert {**described, "links": None, "inputs": None, "outputs": None} == {
            **each, "links": None, "inputs": None, "outputs": None,
        }  # fmt: skip
        assert set(each["jobControlOptions"]) == {"sync-execute", "async-execute", "dismiss"}
        assert all(given["schema"] and given["description"] for given in described["inputs"].values())
        assert set(described["outputs"]) == {"result"}
    assert client.get("/ogc/processes/code").json()["inputs"]["features"]["minOccurs"] == 1


def test_titles_are_in_the_language_that_is_asked_for(client):
    assert client.get("/ogc/processes/code", headers={"Accept-Language": "en"}).json()["title"] == "Code footprints"
    assert client.get("/ogc/processes/code", headers={"Accept-Language": "zh-CN"}).json()["title"] == "赋码"


def test_features_come_back_with_their_codes_and_faults_in_their_rows(client):
    collection = {
        "type": "FeatureCollection",
        "features": [DRAWN, {"type": "Feature", "properties": None, "geometry": BOW_TIE}],
    }
    answered = execute(client, "code", {"features": collection})
    assert answered.headers["content-type"] == "application/geo+json"
    told = answered.json()
    good, bad = (feature["properties"] for feature in told["features"])
    assert (told["numberCoded"], told["numberRefused"]) == (1, 1)
    assert good == {
        "height_m": 12,
        "code": str(encode(HOUSE)),
        "h3": good["h3"],
        "area_m2": good["area_m2"],
        "fault": None,
    }
    assert bad["code"] is None
    assert bad["fault"]["kind"] == "self_intersection"


@pytest.mark.parametrize("drawn", [DRAWN, DRAWN["geometry"]], ids=["feature", "geometry"])
def test_one_feature_is_coded_as_a_collection_of_one(client, drawn):
    (feature,) = execute(client, "code", {"features": drawn}).json()["features"]
    assert feature["properties"]["code"] == str(encode(HOUSE))


def test_a_result_is_named_in_a_document_where_that_is_asked(client):
    raw = execute(client, "code", {"features": DRAWN}).json()
    assert execute(client, "code", {"features": DRAWN}, response="document").json() == {"result": raw}


def test_a_check_is_what_the_page_is_told_of_a_drawing(client):
    told = execute(client, "check", {"footprint": DRAWN}).json()
    assert told == client.post("/codes", json=DRAWN).json()


def test_an_extract_of_a_drawn_site_is_kept_as_a_run(client):
    told = execute(client, "extract", {"geometry": DRAWN["geometry"], "name": "地块"}).json()
    assert client.get(f"/runs/{told['id']}").status_code == 200


def test_conflicts_are_found_as_by_their_own_route(client):
    asked = {"bbox": [126.5, 43.7, 126.6, 43.9]}
    told = execute(client, "conflicts", asked)
    assert told.status_code == 200, told.text
    assert told.json().keys() == client.post("/conflicts", json=asked).json().keys()
    assert client.get(f"/conflicts/{told.json()['run']}").json() == told.json()


@pytest.mark.parametrize("process", ["code", "extract"])
def test_a_job_does_what_is_done_at_once_and_its_result_is_there_when_it_ends(client, settings, process):
    inputs = {"features": DRAWN} if process == "code" else {"geometry": DRAWN["geometry"]}
    asked = execute(client, process, inputs, ASYNC)
    assert asked.status_code == 201
    assert asked.headers["preference-applied"] == "respond-async"
    place = asked.headers["location"]
    assert (asked.json()["status"], asked.json()["processID"]) == ("accepted", process)
    early = client.get(f"{place}/results")
    assert (early.status_code, early.json()["type"]) == (404, TYPES + "result-not-ready")
    work(settings, once=True)
    told = client.get(place).json()
    assert (told["status"], told["progress"]) == ("successful", 100)
    result = client.get(told["links"][-1]["href"]).json()["result"]
    at_once = execute(client, process, inputs).json()
    assert result.keys() == at_once.keys()
    if process == "code":
        assert result == at_once
    assert [job["jobID"] for job in client.get("/ogc/jobs").json()["jobs"]] == [told["jobID"]]
    assert client.get("/jobs").json()["jobs"] == []


@pytest.fixture
def jobs(client, settings):
    """Ask for five processes, of which three are done, and return the ids of their jobs by what became of them, the newest first."""

    def ask(process, inputs):
        return execute(client, process, inputs, ASYNC).json()["jobID"]

    done = ask("code", {"features": DRAWN})
    failed = ask("extract", {"code": "4E7U5-CKJ2W-F0J"})
    old = ask("check", {"footprint": DRAWN})
    work(settings, once=True)
    dismissed = ask("code", {"features": DRAWN})
    client.delete(f"/ogc/jobs/{dismissed}")
    waiting = ask("check", {"footprint": DRAWN})
    return {"waiting": waiting, "dismissed": dismissed, "old": old, "failed": failed, "done": done}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["waiting", "dismissed", "old", "failed", "done"]),
        ("type=process", ["waiting", "dismissed", "old", "failed", "done"]),
        ("status=successful", ["old", "done"]),
        ("status=failed&status=dismissed", ["dismissed", "failed"]),
        ("status=accepted", ["waiting"]),
        ("status=running", []),
        ("processID=code", ["dismissed", "done"]),
        ("processID=check&processID=extract&status=successful&status=failed", ["old", "failed"]),
        ("processID=paint", []),
        ("datetime=2001-01-01/2001-12-31", []),
        ("datetime=2001-01-01/..", ["waiting", "dismissed", "old", "failed", "done"]),
        ("minDuration=0", ["old", "failed", "done"]),
        ("maxDuration=86400", ["old", "failed", "done"]),
        ("minDuration=86400", []),
    ],
)
def test_jobs_are_found_by_what_the_standard_asks(client, jobs, query, found):
    told = client.get(f"/ogc/jobs?{query}").json()["jobs"]
    assert [each["jobID"] for each in told] == [jobs[name] for name in found]


def test_the_pages_of_jobs_lead_to_each_other_and_keep_what_was_asked(client, jobs):
    found, following = [], "/ogc/jobs?limit=1&processID=code"
    while following:
        page = client.get(following)
        found += [each["jobID"] for each in page.json()["jobs"]]
        following = next((each["href"] for each in page.json()["links"] if each["rel"] == "next"), None)
        assert page.links.get("next", {}).get("url") == following
    assert found == [jobs["dismissed"], jobs["done"]]


def test_a_job_that_was_begun_says_when(client, jobs):
    assert "started" not in client.get(f"/ogc/jobs/{jobs['waiting']}").json()
    told = client.get(f"/ogc/jobs/{jobs['done']}").json()
    assert told["created"] <= told["started"] <= told["finished"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ogc/processes?colour=red", 400),
        ("/ogc/processes/code?colour=red", 400),
        ("/ogc/processes?limit=1&limit=2", 400),
        ("/ogc/processes?f=html", 422),
        ("/ogc/jobs?colour=red", 400),
        ("/ogc/jobs?limit=0", 422),
        ("/ogc/jobs?status=done", 422),
        ("/ogc/jobs?type=upload", 422),
        ("/ogc/jobs?datetime=yesterday", 400),
        ("/ogc/jobs?minDuration=x", 422),
        ("/ogc/jobs/nope?colour=red", 400),
    ],
)
def test_a_parameter_that_is_not_known_or_no_value_of_it_is_refused(client, path, status):
    refused = client.get(path)
    assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json")
    assert refused.json()["zh"]["detail"]


@pytest.mark.parametrize("path", ["/ogc/processes", "/ogc/processes/code", "/ogc/jobs"])
def test_json_may_be_asked_for_by_name(client, path):
    assert client.get(f"{path}?f=json&language=en").status_code == 200


def test_a_job_that_fails_says_why(client, settings):
    place = execute(client, "extract", {"code": "4E7U5-CKJ2W-F0J"}, ASYNC).headers["location"]
    work(settings, once=True)
    told = client.get(place, headers={"Accept-Language": "en"}).json()
    assert told["status"] == "failed"
    assert "4E7U5" in told["message"]
    answered = client.get(f"{place}/results")
    assert (answered.status_code, answered.json()["type"]) == (404, "/problems/no_result")


def test_a_job_that_is_dismissed_is_not_done(client, settings):
    place = execute(client, "code", {"features": DRAWN}, ASYNC).headers["location"]
    assert client.delete(place).json()["status"] == "dismissed"
    work(settings, once=True)
    assert client.get(place).json()["status"] == "dismissed"


def test_the_same_key_is_the_same_job(client):
    first, second = (
        execute(client, "code", {"features": DRAWN}, ASYNC | {"Idempotency-Key": "once"}) for _ in range(2)
    )
    assert first.headers["location"] == second.headers["location"]


@pytest.mark.parametrize(
    ("process", "body", "status", "pointer"),
    [
        ("code", {"inputs": {}}, 400, "/inputs/features"),
        ("code", {"inputs": {"features": DRAWN, "colour": "red"}}, 400, "/inputs/colour"),
        ("check", {"inputs": {"footprint": 7}}, 400, "/inputs/footprint"),
        ("conflicts", {"inputs": {"bbox": [1, 2, 3]}}, 400, "/inputs/bbox/3"),
        ("extract", {"inputs": {"as_of": "yesterday", "code": "x"}}, 400, "/inputs/as_of"),
        ("code", {"inputs": {"features": DRAWN}, "mode": "auto"}, 422, "/body/mode"),
    ],
)
@pytest.mark.parametrize("headers", [{}, ASYNC], ids=["at once", "as a job"])
def test_what_a_process_does_not_take_is_refused_with_its_place(client, process, body, status, pointer, headers):
    answered = client.post(f"/ogc/processes/{process}/execution", json=body, headers=headers)
    assert answered.status_code == status, answered.text
    assert answered.json()["errors"][0]["pointer"] == pointer
    assert client.get("/ogc/jobs").json()["jobs"] == []


def test_a_site_is_named_once(client):
    answered = execute(client, "extract", {"code": "4E7U5-CKJ2W-F0J", "layer": "GH2303", "feature": "1"})
    assert answered.status_code == 422
    assert "geometry" in answered.json()["remedy"]


def test_what_is_not_there_is_told_with_the_standard_s_type(client):
    assert client.get("/ogc/processes/paint").json()["type"] == TYPES + "no-such-process"
    assert execute(client, "paint", {}).status_code == 404
    for method, path in (("get", "/ogc/jobs/nope"), ("get", "/ogc/jobs/nope/results"), ("delete", "/ogc/jobs/nope")):
        answered = getattr(client, method)(path)
        assert (answered.status_code, answered.json()["type"]) == (404, TYPES + "no-such-job")


def test_a_job_is_its_office_s_alone_and_a_role_does_what_it_may(client):
    def bearer(office, role):
        key = issue_key(client.app.state.database, office=office, name=office, role=role, label=role)
        return {"Authorization": f"Bearer {key}"}

    planner, other, auditor = bearer("plan", "planner"), bearer("other", "planner"), bearer("audit", "admin")
    place = execute(client, "code", {"features": DRAWN}, ASYNC | planner).headers["location"]
    assert client.get(place, headers=planner).status_code == 200
    for path in (place, f"{place}/results"):
        assert client.get(path, headers=other).json()["type"] == TYPES + "no-such-job"
    assert client.delete(place, headers=other).status_code == 404
    assert client.get("/ogc/jobs", headers=other).json()["jobs"] == []
    for headers in (auditor, auditor | ASYNC):
        assert execute(client, "conflicts", {}, headers).status_code == 403
