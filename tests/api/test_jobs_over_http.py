"""Jobs over HTTP: asked for, followed, ended; each office its own."""

import json

import pytest
import shapely

import workflows.jobs
from workflows.jobs import work
from workflows.principals import issue_key

HOUSE = shapely.box(126.70, 43.70, 126.7004, 43.7002)
ASYNC = {"Prefer": "respond-async"}


def delivery(*shapes):
    features = [{"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(each)} for each in shapes]
    return {"file": ("houses.geojson", json.dumps({"type": "FeatureCollection", "features": features}))}


def events_of(text):
    """Return the events of a stream: number, name, data."""
    found = []
    for block in text.strip().split("\n\n"):
        parts = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        found.append((int(parts["id"]), parts["event"], json.loads(parts["data"])))
    return found


@pytest.fixture
def job(client):
    answered = client.post("/uploads", files=delivery(HOUSE), headers=ASYNC)
    assert answered.status_code == 202
    return answered


def test_an_upload_that_may_take_its_time_is_a_job_that_leads_to_its_report(client, job, settings):
    assert job.headers["location"] == f"/jobs/{job.json()['id']}"
    assert job.headers["preference-applied"] == "respond-async"
    assert job.json()["state"] == "waiting"
    work(settings, once=True)
    told = client.get(job.headers["location"]).json()
    assert told["state"] == "done"
    report = client.get(told["result"]["href"]).json()
    assert report["file"] == "houses.geojson"
    assert report["accepted"] == told["result"]["accepted"] == 1


def test_progress_is_a_stream_of_events_that_ends_with_the_job_and_is_read_on(client, job, settings):
    work(settings, once=True)
    stream = client.get(job.json()["events"])
    assert stream.headers["content-type"].startswith("text/event-stream")
    events = events_of(stream.text)
    assert [events[0][1], events[-1][1]] == ["waiting", "done"]
    assert {data["step"]["zh"] for _, _, data in events if data["step"]} >= {"读取", "登记"}
    later = client.get(job.json()["events"], headers={"Last-Event-ID": str(events[2][0])})
    assert events_of(later.text) == events[3:]


def test_who_has_every_event_of_a_job_that_ended_is_told_not_to_ask_again(client, job):
    client.delete(job.headers["location"])
    last = client.get(job.headers["location"]).json()["number"]
    for number in (last, last + 1, 2**62):
        assert client.get(job.json()["events"], headers={"Last-Event-ID": str(number)}).status_code == 204


def test_what_could_not_be_said_of_an_upload_is_no_job(client):
    for said in ({"column": "nonsense"}, {"column": "x" * 1_000}, {"closing_m": "nan"}, {"crs": "x" * 3_000}):
        assert client.post("/uploads", files=delivery(HOUSE), data=said, headers=ASYNC).status_code == 422
    assert client.get("/jobs").json()["jobs"] == []


def test_an_office_does_not_fill_the_queue(client, monkeypatch):
    monkeypatch.setattr(workflows.jobs, "_MOST_WAITING", 2)
    asked = [client.post("/uploads", files=delivery(HOUSE), headers=ASYNC) for _ in range(3)]
    assert [each.status_code for each in asked] == [202, 202, 422]
    client.delete(asked[0].headers["location"])
    assert client.post("/uploads", files=delivery(HOUSE), headers=ASYNC).status_code == 202


def test_a_list_of_jobs_does_not_repeat_the_rows_of_each(client, settings):
    bow = shapely.Polygon([(126.7, 43.7), (126.701, 43.701), (126.701, 43.7), (126.7, 43.701)])
    job = client.post("/uploads", files=delivery(bow), headers=ASYNC).headers["location"]
    work(settings, once=True)
    assert len(client.get(job).json()["problem"]["results"]) == 1
    (listed,) = client.get("/jobs").json()["jobs"]
    assert "results" not in listed["problem"]
    assert listed["problem"]["refused"] == 1


def test_the_list_of_jobs_comes_in_pages_the_newest_first(client):
    jobs = [client.post("/uploads", files=delivery(HOUSE), headers=ASYNC).json()["id"] for _ in range(5)]
    found, following = [], "/jobs?limit=2"
    while following:
        page = client.get(following)
        found.append([each["id"] for each in page.json()["jobs"]])
        following = page.links.get("next", {}).get("url")
    newest = jobs[::-1]
    assert found == [newest[:2], newest[2:4], newest[4:]]


def test_a_job_is_ended_by_deleting_it(client, job, settings):
    ended = client.delete(job.headers["location"])
    assert (ended.status_code, ended.json()["state"]) == (202, "cancelled")
    work(settings, once=True)
    assert client.get("/jobs").json()["jobs"][0]["state"] == "cancelled"


def test_the_same_key_is_the_same_job_and_another_body_is_refused(client):
    asked = [
        client.post("/uploads", files=delivery(shape), headers={**ASYNC, "Idempotency-Key": "a"})
        for shape in (HOUSE, HOUSE, shapely.affinity.translate(HOUSE, 0.001))
    ]
    assert [each.status_code for each in asked] == [202, 202, 422]
    assert asked[0].json()["id"] == asked[1].json()["id"]


def test_the_key_of_an_upload_that_is_answered_at_once_holds_as_well(client):
    asked = [
        client.post("/uploads", files=delivery(shape), headers={"Idempotency-Key": "b"})
        for shape in (HOUSE, HOUSE, shapely.affinity.translate(HOUSE, 0.001))
    ]
    assert [each.status_code for each in asked] == [201, 200, 422]


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/events"), ("DELETE", "")])
def test_another_offices_job_is_not_there(client, sample_database, method, path):
    first, second = (
        {
            "Authorization": f"Bearer {issue_key(sample_database, office=office, name=office, role='surveyor', label='x')}"
        }
        for office in ("first", "second")
    )
    asked = client.post("/uploads", files=delivery(HOUSE), headers={**ASYNC, **first})
    assert client.request(method, asked.headers["location"] + path, headers=second).status_code == 404
    assert client.get("/jobs", headers=second).json()["jobs"] == []


def test_a_job_that_never_was_is_not_there(client):
    nobody = "/jobs/00000000-0000-0000-0000-000000000000"
    assert [client.get(nobody + end).status_code for end in ("", "/events")] == [404, 404]
    assert client.get("/jobs/7").status_code == 422
