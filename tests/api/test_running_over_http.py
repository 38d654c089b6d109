"""For those who run it: alive, ready, and how it stands."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

import workflows.running
from api.app import create_app
from store.database import connect, transaction
from workflows.principals import issue_key

HERE = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50000)}
FAR = {"base_url": "http://127.0.0.1", "client": ("203.0.113.7", 50000)}
DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "luotu.json"


@pytest.fixture
def watched(settings):
    """Return a client on this machine, of an installation that serves its figures."""
    with TestClient(create_app(settings.model_copy(update={"metrics": True})), **HERE) as caller:
        yield caller


@pytest.fixture
def far(watched):
    """Return a client elsewhere, of the same installation."""
    return TestClient(watched.app, **FAR)


def register_house(caller):
    ring = [[126.7, 43.7], [126.7002, 43.7], [126.7002, 43.7002], [126.7, 43.7002], [126.7, 43.7]]
    house = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    file = ("house.geojson", json.dumps({"type": "FeatureCollection", "features": [house]}))
    assert caller.post("/uploads", files={"file": file}).status_code == 201


def lacks(answer):
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not_ready")
    return [lack["kind"] for lack in answer.json()["lacks"]]


def test_a_process_lives_without_its_database(settings):
    gone = settings.model_copy(update={"database_url": "postgresql+psycopg://nobody:hush@127.0.0.1:1/none"})
    with TestClient(create_app(gone), **HERE) as caller:
        assert caller.get("/healthz").json() == {"status": "ok"}
        answer = caller.get("/readyz")
    assert lacks(answer) == ["database"]
    assert not re.search("hush|nobody|127", answer.text.replace(answer.json()["request_id"], ""))


def test_one_that_can_answer_is_ready(client):
    assert client.get("/readyz").json() == {"status": "ok"}


def test_probes_are_told_no_head_of_the_ledger(client):
    register_house(client)
    assert "luotu-ledger" in client.get("/session").headers
    assert not {"luotu-ledger"} & {*client.get("/healthz").headers, *client.get("/readyz").headers}


def test_a_database_of_an_older_release_is_not_ready_and_one_of_a_newer_is(client, as_owner):
    owner = as_owner(client.app.state.database)
    for revision, expected in (("0005", 503), ("9999", 200)):
        with transaction(owner) as connection:
            connection.execute(text("update alembic_version set version_num = :it"), {"it": revision})
        assert client.get("/readyz").status_code == expected


def test_a_ledger_that_is_not_the_one_that_was_signed_is_not_ready(client, as_owner):
    register_house(client)
    with transaction(as_owner(client.app.state.database)) as connection:
        connection.execute(text("set session_replication_role = replica"))
        connection.execute(text("update checkpoint set root = sha256('other')"))
    assert lacks(client.get("/readyz")) == ["ledger"]


def test_what_cannot_read_files_is_not_ready(client, monkeypatch):
    def check():
        raise OSError

    monkeypatch.setattr(workflows.running, "check_readers", check)
    assert lacks(client.get("/readyz")) == ["readers"]


def test_figures_are_served_where_that_is_set(client, watched):
    assert client.get("/metrics").status_code == 404
    assert watched.get("/metrics").headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(("role", "status"), [("auditor", 200), ("admin", 200), ("planner", 403), (None, 401)])
def test_figures_are_for_this_machine_and_for_whoever_may_observe(watched, far, role, status):
    key = role and issue_key(watched.app.state.database, office="watch", name="Watch", role=role, label="watcher")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    assert far.get("/metrics", headers=headers).status_code == status


def test_requests_are_counted_by_route_and_never_by_path(watched):
    for path in ("/buildings/no-such-one", "/wp-admin.php", "/resolve?q=4E7U5CKJ2WF0J"):
        watched.get(path)
    told = watched.get("/metrics").text
    assert 'luotu_requests_total{method="GET",route="/buildings/{name}",status="404"}' in told
    assert 'route="/resolve"' in told
    assert "no-such-one" not in told
    assert "wp-admin" not in told


def test_the_register_stands_in_the_figures_as_it_is(watched):
    register_house(watched)
    told = watched.get("/metrics").text
    assert 'luotu_upload_rows_total{outcome="accepted"} 1.0' in told
    with transaction(watched.app.state.database) as connection:
        events = connection.execute(text("select count(*) from event")).scalar_one()
    assert f"luotu_ledger_events {events}.0" in told
    assert "luotu_ledger_unsigned_events 0.0" in told
    assert "luotu_database_up 1.0" in told


def test_figures_say_so_where_the_database_is_gone(watched):
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    watched.app.state.standing = workflows.running.Standing(connect(url))
    assert "luotu_database_up 0.0" in watched.get("/metrics").text


def test_the_dashboard_asks_for_figures_that_there_are(watched):
    told = watched.get("/metrics").text
    there = set(re.findall(r"^# TYPE (\S+)", told, re.MULTILINE)) | set(
        re.findall(r"^(luotu_\w+)[{ ]", told, re.MULTILINE)
    )
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    asked = {name for expression in expressions for name in re.findall(r"luotu_\w+", expression)}
    assert asked <= there | {f"{name}_bucket" for name in there}
    assert len(asked) > 10
