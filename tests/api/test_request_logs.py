"""One line a request: what it was for and what came of it, and nothing that is nobody else's."""

import io
import json
import logging

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from workflows.logs import start_logs
from workflows.principals import issue_key

HERE = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50000)}


class Lines(io.BytesIO):
    """What was logged."""

    def read_all(self):
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def about(self, event):
        return [line for line in self.read_all() if line["event"] == event]


@pytest.fixture
def logged(settings):
    """Log into memory as an installation does, and have the tests' own logging back afterwards."""
    root, out = logging.getLogger(), Lines()
    handlers, level = root.handlers[:], root.level
    start_logs(settings, stream=out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_request_is_one_line_with_route_status_time_size_office_and_role(logged, client):
    client.get("/buildings/nowhere?as_of=2031-12-25", headers={"X-Request-Id": "from-the-proxy-1"})
    (line,) = logged.about("request")
    known = {name: line[name] for name in ("method", "route", "status", "role", "request_id", "level", "client")}
    assert known == {
        "method": "GET",
        "route": "/buildings/{name}",
        "status": 404,
        "role": "local",
        "request_id": "from-the-proxy-1",
        "level": "info",
        "client": "127.0.0.1",
    }
    assert line["ms"] > 0
    assert line["bytes"] > 100
    assert isinstance(line["office"], int)


def test_no_key_name_or_query_is_logged(logged, client):
    key = issue_key(client.app.state.database, office="own", name="Own", role="surveyor", label="Zhang San")
    client.get("/session?q=hush", headers={"Authorization": f"Bearer {key}"})
    client.get("/session", headers={"Authorization": "Bearer luotu_wrong"})
    client.post("/resolve", json={"names": ["hushhush"]})
    told = logged.getvalue().decode()
    assert len(logged.about("request")) == 3
    assert not [word for word in (key, key[-12:], "luotu_wrong", "Zhang", "hush") if word in told]


@pytest.mark.parametrize("said", [None, "short", "x" * 65, "with space and\tmore", "a;b=c…/9"])
def test_an_id_that_is_none_is_replaced(client, said):
    headers = {"X-Request-Id": said.encode()} if said else {}
    identity = client.get("/session", headers=headers).headers["x-request-id"]
    assert len(identity) == 32
    assert identity != client.get("/session", headers=headers).headers["x-request-id"]


def test_a_problem_tells_the_id_of_its_request(client):
    answer = client.get("/buildings/nowhere", headers={"X-Request-Id": "0123456789"})
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "0123456789"


def test_probes_are_not_logged(logged, client):
    for path in ("/healthz", "/readyz", "/metrics"):
        client.get(path)
    assert logged.about("request") == []


def test_what_fails_is_logged_once_with_its_traceback_and_answered_by_the_id_alone(logged, settings):
    app = create_app(settings)

    @app.get("/broken")
    def fail():
        logging.getLogger("workflows.some").warning("on the way")
        raise RuntimeError("the innermost secret")

    # before the page, which has all paths
    app.router.routes.insert(0, app.router.routes.pop())
    with TestClient(app, **HERE, raise_server_exceptions=False) as caller:
        answer = caller.get("/broken")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/unexpected")
    assert "innermost" not in answer.text
    identity = answer.headers["x-request-id"]
    (failed,), (on_the_way,), (request,) = map(logged.about, ("failed", "on the way", "request"))
    assert {line["request_id"] for line in (failed, on_the_way, request)} == {identity, answer.json()["request_id"]}
    assert "the innermost secret" in failed["exception"]
    assert failed["route"] == request["route"] == "/broken"
    assert (request["status"], request["level"]) == (500, "warning")
    # what uvicorn would say of it again
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\n")
    assert len(logged.read_all()) == len(logged.getvalue().splitlines())
    assert "ASGI" not in logged.getvalue().decode()


def test_the_level_is_as_set(logged, settings, client):
    start_logs(settings.model_copy(update={"log_level": "warning"}), stream=logged)
    client.get("/session")
    assert logged.read_all() == []
    logging.getLogger("workflows.jobs").warning("of %s", "libraries")
    assert [line["event"] for line in logged.read_all()] == ["of libraries"]


def test_text_is_for_people(settings):
    root, out = logging.getLogger(), io.BytesIO()
    handlers, level = root.handlers[:], root.level
    try:
        start_logs(settings.model_copy(update={"log_format": "text"}), stream=out)
        logging.getLogger("luotu.x").info("told", extra={"rows": 3})
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert b"told" in out.getvalue()
    assert b"rows" in out.getvalue()
