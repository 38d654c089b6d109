"""Offices, keys and users as administrators keep them, and the audit as auditors read it."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from api.app import create_app
from store.database import transaction
from workflows.auditing import Audit, Entry
from workflows.failures import DatabaseError
from workflows.principals import issue_key

ANYWAY = {"If-Match": "*"}
FAR = {"base_url": "http://127.0.0.1", "client": ("192.0.2.7", 50000)}


def bearing(key):
    return {"Authorization": f"Bearer {key}"}


def basic(said):
    return f"Basic {b64encode(said.encode()).decode()}"


@pytest.fixture
def far(settings):
    with TestClient(create_app(settings), **FAR) as caller:
        yield caller


@pytest.fixture
def district_admin(client):
    """Have two offices in a district and one elsewhere, and return the key of the district's administrator."""
    for code, division in [("bureau", "220202"), ("survey", "220203"), ("elsewhere", "220402")]:
        body = {"code": code, "name_zh": code, "division": division}
        assert client.post("/offices", json=body).status_code == 201
    body = {"office": "bureau", "role": "admin", "label": "admin", "division": "2202"}
    return client.post("/keys", json=body).json()["key"]


def test_an_office_a_key_and_a_user_are_added_listed_changed_and_ended(client, far):
    office = {"code": "bureau", "name_zh": "规划局", "name_en": "Planning", "division": "220202"}
    added = client.post("/offices", json=office)
    assert (added.status_code, added.json()["office"]) == (201, "bureau")
    changed = client.patch("/offices/bureau", json={"name_zh": "自然资源局"}, headers=ANYWAY).json()
    assert (changed["name_zh"], changed["division"]) == ("自然资源局", "220202")
    issued = client.post("/keys", json={"office": "bureau", "role": "planner", "label": "desk 1"}).json()
    assert far.get("/session", headers=bearing(issued["key"])).json()["office"]["zh"] == "自然资源局"
    (listed,) = client.get("/keys").json()["keys"]
    assert (listed["id"], listed["holds"], "key" in listed) == (issued["id"], True, False)
    assert issued["key"] not in client.get("/keys").text
    user = {"office": "bureau", "role": "planner", "label": "desk 2", "issuer": "https://id", "subject": "7f"}
    added = client.post("/users", json=user).json()
    assert client.post("/users", json=user).status_code == 422
    assert client.delete(f"/users/{added['id']}").status_code == 204
    assert client.post("/users", json=user).status_code == 201
    assert [each["holds"] for each in client.get("/users").json()["users"]] == [True, False]


def test_programs_that_know_passwords_alone_show_a_key_as_the_password(client, far):
    key = client.post("/keys", json={"office": "local", "role": "planner", "label": "desk 1"}).json()["key"]
    for path in ("/session", "/resolve?q=4E7U5CKJ2WF0J&as_of=2026-01-01", "/ogc/collections"):
        assert far.get(path, auth=("anybody", key)).status_code in {200, 404}
        for wrong in (basic(f"{key}:anybody"), basic(key), f"Basic {key}", "Basic", "Basic /w=="):
            assert far.get(path, headers={"Authorization": wrong}).status_code == 401


def test_a_revoked_key_is_refused_from_the_next_request_on_by_the_kept_answers_too(client, far):
    issued = client.post("/keys", json={"office": "local", "role": "planner", "label": "desk 1"}).json()
    paths = ("/session", "/resolve?q=4E7U5CKJ2WF0J", "/resolve?q=4E7U5CKJ2WF0J&as_of=2026-01-01")
    for status in (200, 401):
        assert [far.get(path, headers=bearing(issued["key"])).status_code for path in paths] == [status] * 3
        client.delete(f"/keys/{issued['id']}")
    assert client.delete(f"/keys/{issued['id']}").status_code == 404


def test_a_key_ends_by_itself(client, far, sample_database):
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"office": "local", "role": "planner", "label": "desk 1", "expires_at": soon}
    issued = client.post("/keys", json=body).json()
    assert far.get("/session", headers=bearing(issued["key"])).status_code == 200
    assert client.post("/keys", json={**body, "expires_at": "2020-01-01T00:00:00Z"}).status_code == 422
    over = f"""insert into api_key (office_id, role, label, key_sha256, expires_at)
               select office_id, role, label, encode(sha256('over'), 'hex'), now() - interval '1 second'
               from api_key where id = {issued["id"]}"""
    with transaction(sample_database) as connection:
        connection.execute(text(over))
    for path in ("/session", "/resolve?q=4E7U5CKJ2WF0J"):
        assert far.get(path, headers=bearing("over")).status_code == 401
    assert [each["holds"] for each in client.get("/keys").json()["keys"]] == [False, True]


def test_a_replaced_key_ends_when_the_next_is_issued(client, far):
    body = {"office": "local", "role": "planner", "label": "desk 1", "replace": True}
    first, second = (client.post("/keys", json=body).json()["key"] for _ in range(2))
    assert [far.get("/session", headers=bearing(key)).status_code for key in (first, second)] == [401, 200]


def test_the_same_request_again_is_told_of_the_same_key_and_not_the_key(client, sample_database):
    body = {"office": "local", "role": "planner", "label": "desk 1"}
    first, again = (client.post("/keys", json=body, headers={"Idempotency-Key": "k"}).json() for _ in range(2))
    assert (first["id"], again["key"]) == (again["id"], None)
    with transaction(sample_database) as connection:
        kept = connection.execute(text("select answer::text from idempotency")).scalar_one()
    assert first["key"] not in kept


def test_what_administrators_do_is_in_the_ledger_without_the_keys_and_the_names_of_people(client):
    client.post("/offices", json={"code": "bureau", "name_zh": "规划局"})
    client.patch("/offices/bureau", json={"division": "220202"}, headers=ANYWAY)
    issued = client.post("/keys", json={"office": "bureau", "role": "planner", "label": "desk 1"}).json()
    user = {"office": "bureau", "role": "planner", "label": "desk 2", "issuer": "https://id", "subject": "li.hua@x"}
    added = client.post("/users", json=user).json()
    client.delete(f"/keys/{issued['id']}")
    client.delete(f"/users/{added['id']}")
    events = client.get("/ledger/events", params={"limit": 1000}).json()["events"][-6:]
    kinds = ["office_added", "office_changed", "key_issued", "user_added", "key_revoked", "user_revoked"]
    assert all(f'"kind":"{kind}"' in event for kind, event in zip(kinds, events, strict=True))
    assert not [event for event in events if issued["key"] in event or "li.hua" in event]


@pytest.mark.parametrize(
    "spoiled",
    [{"role": "local"}, {"role": "public"}, {"label": ""}, {"label": "oidc:1"}, {"label": "a\nb"}, {"division": "22x"}],
)
def test_a_key_that_could_not_be_is_refused(client, spoiled):
    body = {"office": "local", "role": "planner", "label": "desk 1"}
    assert client.post("/keys", json={**body, **spoiled}).status_code == 422


@pytest.mark.parametrize(
    "spoiled", [{"code": "a b"}, {"code": "单位"}, {"division": "22"}, {"name_zh": "\n"}, {"code": "local"}]
)
def test_an_office_that_could_not_be_is_refused(client, spoiled):
    client.post("/keys", json={"office": "local", "role": "planner", "label": "x"})
    assert client.post("/offices", json={"code": "bureau", "name_zh": "规划局", **spoiled}).status_code == 422


class TestAnOfficesOwnAdministrator:
    @pytest.fixture
    def admin(self, client, far, district_admin):
        key = client.post("/keys", json={"office": "survey", "role": "admin", "label": "admin"}).json()["key"]
        return lambda method, path, **more: far.request(method, path, headers=bearing(key) | ANYWAY, **more)

    def test_gives_out_what_reaches_no_further_than_the_office(self, admin):
        given = {
            role: admin("POST", "/keys", json={"office": "survey", "role": role, "label": "x"}).status_code
            for role in ("surveyor", "admin", "planner", "registrar", "auditor")
        }
        assert given == {"surveyor": 201, "admin": 201, "planner": 403, "registrar": 403, "auditor": 403}
        body = {"office": "survey", "role": "admin", "label": "x", "division": "22"}
        assert admin("POST", "/keys", json=body).status_code == 403

    def test_sees_and_changes_the_own_office_alone(self, admin, client):
        assert [each["office"] for each in admin("GET", "/offices").json()["offices"]] == ["survey"]
        assert {each["office"] for each in admin("GET", "/keys").json()["keys"]} == {"survey"}
        assert admin("PATCH", "/offices/survey", json={"name_en": "Survey"}).status_code == 200
        assert admin("PATCH", "/offices/survey", json={"division": "220402"}).status_code == 403
        for office in ("bureau", "local", "nowhere"):
            body = {"office": office, "role": "surveyor", "label": "x"}
            assert admin("PATCH", f"/offices/{office}", json={"name_en": "Mine"}).status_code == 404
            assert admin("POST", "/keys", json=body).status_code == 404
        assert admin("POST", "/offices", json={"code": "new", "name_zh": "新"}).status_code == 403
        (theirs,) = [each for each in client.get("/keys").json()["keys"] if each["office"] == "bureau"]
        assert admin("DELETE", f"/keys/{theirs['id']}").status_code == 404


class TestADistrictsAdministrator:
    @pytest.fixture
    def admin(self, far, district_admin):
        return lambda method, path, **more: far.request(method, path, headers=bearing(district_admin), **more)

    def test_administers_the_offices_in_it(self, admin):
        assert [each["office"] for each in admin("GET", "/offices").json()["offices"]] == ["bureau", "survey"]
        assert admin("POST", "/offices", json={"code": "new", "name_zh": "新", "division": "220204"}).status_code == 201
        assert admin("POST", "/offices", json={"code": "far", "name_zh": "远", "division": "220402"}).status_code == 403
        assert admin("POST", "/offices", json={"code": "far", "name_zh": "远"}).status_code == 403

    def test_gives_out_no_more_than_the_district(self, admin):
        for division, status in (("220203", 201), ("2202", 201), ("22", 422), ("2204", 422), (None, 422)):
            body = {"office": "survey", "role": "planner", "label": "x", "division": division}
            assert admin("POST", "/keys", json=body).status_code == status
        body = {"office": "elsewhere", "role": "planner", "label": "x", "division": "2202"}
        assert admin("POST", "/keys", json=body).status_code == 404


def rows(client, **asked):
    return client.get("/audit", params=asked).json()["rows"]


def test_every_refusal_is_on_record_with_who_and_what_and_nothing_personal(client, far, sample_database):
    key = issue_key(sample_database, office="survey", name="测绘院", role="surveyor", label="desk 1")
    far.get("/session")
    far.get("/session", headers=bearing("luotu_wrong"))
    far.get("/exchange-nothing")
    far.get("/packages?project=secret", headers=bearing(key))
    told = [
        (row["office"], row["actor"], row["role"], row["route"], row["outcome"], row["reason"]) for row in rows(client)
    ]
    assert told == [
        ("survey", "desk 1", "surveyor", "GET /packages", "forbidden", "forbidden"),
        (None, None, None, "GET /session", "unknown", "unknown_key"),
        (None, None, None, "GET /session", "unknown", "not_allowed"),
    ]
    assert rows(client)[0]["action"] == "exchange"
    said = client.get("/audit").text
    assert not [word for word in ("secret", "luotu_wrong", "192.0.2.7") if word in said]


def test_a_page_of_another_site_is_on_record_too(client):
    client.post("/codes", json={}, headers={"Origin": "http://evil.example"})
    assert [(row["outcome"], row["route"]) for row in rows(client)] == [("forbidden", "…")]


def test_who_hammers_fills_no_disk_and_is_counted(client, far):
    for _ in range(30):
        far.get("/session", headers=bearing("luotu_wrong"))
    for n in range(10):
        far.get(f"/buildings/x{n}", headers=bearing(f"luotu_{n}"))
    assert [row["times"] for row in rows(client)] == [1, 1]
    far.app.state.audit.flush()
    assert [row["times"] for row in rows(client)] == [9, 29, 1, 1]
    assert sum(row["times"] for row in rows(client)) == 40


def test_the_count_of_a_minute_is_on_record_when_it_is_over(client, sample_database):
    now = [0.0]
    audit = Audit(sample_database, clock=lambda: now[0])
    entry = Entry(None, None, "GET /session", "unknown", "unknown_key")
    for minute in (0, 1, 61, 62, 63, 200):
        now[0] = float(minute)
        audit.refused(entry)
    audit.close()
    assert [row["times"] for row in reversed(rows(client))] == [1, 1, 1, 2, 1]


def test_a_restricted_read_is_on_record_before_it_is_answered(client, far, sample_database):
    key = issue_key(sample_database, office="bureau", name="规划局", role="planner", label="desk 1")
    tile = "/tiles/layers/{}/10/871/373.mvt"
    for layer in ("GL3201", "GL3201", "GH2202"):
        assert far.get(tile.format(layer), headers=bearing(key)).status_code in {200, 204}
    told = [(row["actor"], row["action"], row["outcome"], row["place"]) for row in rows(client)]
    assert told == [("desk 1", "read_layers", "read", "layer=GL3201 restricted")]
    far.app.state.audit.flush()
    assert [row["times"] for row in rows(client)] == [1, 1]


def test_what_cannot_be_put_on_record_is_not_told(far, sample_database, monkeypatch):
    key = issue_key(sample_database, office="bureau", name="规划局", role="auditor", label="desk 1")
    assert far.get("/audit", headers=bearing(key)).status_code == 200

    def broken(*_, **__):
        from geocode import Text  # noqa: PLC0415

        raise DatabaseError(Text("坏了", "broken"))

    monkeypatch.setattr(far.app.state.audit, "read", broken)
    answer = far.get("/audit", headers=bearing(key))
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unrecorded")
    assert "rows" not in answer.json()


def test_the_audit_is_read_page_by_page_and_by_what_is_asked(client, far, sample_database):
    key = issue_key(sample_database, office="survey", name="测绘院", role="surveyor", label="desk 1")
    for path in ("/packages", "/audit", "/subscriptions", "/offices"):
        assert far.get(path, headers=bearing(key)).status_code == 403
    far.get("/session")
    first = client.get("/audit", params={"limit": 2}).json()
    second = client.get("/audit", params={"limit": 2, "cursor": first["next"]}).json()
    routes = [row["route"] for row in first["rows"] + second["rows"]]
    assert routes == ["GET /session", "GET /offices", "GET /subscriptions", "GET /audit"]
    assert [row["route"] for row in rows(client, action="exchange")] == ["GET /packages"]
    assert [row["route"] for row in rows(client, outcome="unknown")] == ["GET /session"]
    assert len(rows(client, office="survey", role="surveyor")) == 4
    assert rows(client, office="elsewhere") == []


def test_the_auditor_of_a_district_reads_of_the_callers_of_its_offices(client, far, district_admin, sample_database):
    for office in ("survey", "elsewhere"):
        surveyor = issue_key(sample_database, office=office, name=office, role="surveyor", label="desk 1")
        far.get("/packages", headers=bearing(surveyor))
    body = {"office": "bureau", "role": "auditor", "label": "audit", "division": "2202"}
    auditor = client.post("/keys", json=body).json()["key"]
    told = far.get("/audit", headers=bearing(auditor)).json()["rows"]
    assert [row["office"] for row in told] == ["survey"]
