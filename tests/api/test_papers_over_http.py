"""Documents and certificates over HTTP: from upload to a paper that anyone verifies."""

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from registry.certificates.errors import FontError
from registry.certificates.fonts import find_chinese
from store.documents import document_path
from tests.api.test_api import FREE, upload
from workflows.databases import opened_database
from workflows.principals import issue_key

PDF = b"%PDF-1.7\n" + b"drawing\n" * 1000


@pytest.fixture
def code(client):
    return upload(client, FREE).json()["results"][0]["code"]


def attach(client, code, content=PDF, name="竣工图 A.pdf", **form):
    return client.post(f"/buildings/{code}/documents", files={"file": (name, content, "text/html")}, data=form)


def test_a_document_goes_in_and_comes_out_byte_by_byte(client, code):
    made = attach(client, code, kind="as_built_drawing", stage="completion_survey", title="竣工图")
    assert made.status_code == 201
    told = made.json()
    assert (told["media_type"]["code"], told["kind"]["code"]) == ("application/pdf", "as_built_drawing")
    given = client.get(made.headers["location"])
    assert given.content == PDF
    assert given.headers["content-type"] == "application/pdf"
    assert given.headers["content-disposition"] == "attachment; filename*=UTF-8''%E7%AB%A3%E5%B7%A5%E5%9B%BE%20A.pdf"
    assert given.headers["x-content-type-options"] == "nosniff"
    assert attach(client, code, kind="as_built_drawing", stage="completion_survey").status_code == 200
    (listed,) = client.get(f"/buildings/{code}/documents").json()["documents"]
    assert listed["id"] == told["id"]
    withdrawn = client.post(f"/documents/{told['id']}/withdrawal", data={"reason": "wrong house"})
    assert withdrawn.json()["withdrawn_at"]


def test_a_document_that_would_run_is_refused_with_a_reason_in_both_languages(client, code):
    answer = attach(client, code, b"<svg><script>x</script></svg>", "plan.pdf")
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/document_active"
    assert "浏览器" in answer.json()["zh"]["detail"]
    assert answer.json()["place"] == {"file": "plan.pdf"}


def test_a_document_beyond_the_limit_is_refused_while_it_comes_in(settings):
    here = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50000)}
    with TestClient(create_app(settings.model_copy(update={"document_limit_mb": 1})), **here) as client:
        code = upload(client, FREE).json()["results"][0]["code"]
        assert attach(client, code, b"%PDF-1.7\n" + b" " * 1_000_001).status_code == 422
        assert attach(client, code, b"%PDF-1.7\n" + b" " * 3_000_000).status_code == 413
        assert client.get(f"/buildings/{code}/documents").json()["documents"] == []


def test_a_damaged_document_is_told_and_not_given_out(client, code, settings):
    told = attach(client, code).json()
    document_path(settings.documents, told["sha256"]).write_bytes(PDF[:-1])
    answer = client.get(f"/documents/{told['id']}")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/damaged_document"
    assert told["sha256"] in answer.json()["zh"]["detail"]


def test_documents_of_other_offices_are_not_there(client, code, settings):
    told = attach(client, code).json()
    with opened_database(settings) as database:
        key = issue_key(database, office="other", name="other", role="surveyor", label="other")
    mine = {"Authorization": f"Bearer {key}"}
    assert client.get(f"/documents/{told['id']}", headers=mine).status_code == 404
    assert client.post(f"/documents/{told['id']}/withdrawal", headers=mine).status_code == 403
    assert client.get("/documents/00000000-0000-0000-0000-000000000000").status_code == 404
    assert client.get("/documents/no-uuid").status_code == 422


def test_a_certificate_is_issued_kept_and_verified_by_anyone(client, code):
    try:
        find_chinese()
    except FontError:
        pytest.skip("no Chinese font is installed")
    issued = client.post(f"/buildings/{code.lower()}/certificates")
    assert issued.status_code == 201
    assert issued.headers["content-type"] == "application/pdf"
    assert client.get(issued.headers["location"]).content == issued.content
    abroad = TestClient(client.app, base_url="http://127.0.0.1", client=("192.0.2.7", 50000))
    told = abroad.post("/certificates/verification", files={"file": ("c.pdf", issued.content)}).json()
    assert (told["verdict"], told["code"], told["is_kept"], told["present"]["is_current"]) == (
        "genuine",
        code,
        True,
        True,
    )
    assert [check["passed"] for check in told["checks"]] == [True] * 5
    forged = issued.content.replace(b"\nendobj", b" \nendobj", 1)
    assert abroad.post("/certificates/verification", files={"file": ("c.pdf", forged)}).json()["is_kept"] is False


def test_the_same_request_with_its_key_is_the_same_certificate(client, code):
    try:
        find_chinese()
    except FontError:
        pytest.skip("no Chinese font is installed")
    first, second = (
        client.post(f"/buildings/{code}/certificates", headers={"Idempotency-Key": "once"}) for _ in range(2)
    )
    assert first.content == second.content
    assert first.headers["location"] == second.headers["location"]
    assert len(client.get(f"/buildings/{code}/documents").json()["documents"]) == 1


def test_a_certificate_is_looked_up_by_what_its_qr_code_says(client, code):
    try:
        find_chinese()
    except FontError:
        pytest.skip("no Chinese font is installed")
    client.post(f"/buildings/{code}/certificates")
    (event,) = [
        event
        for event in client.get(f"/buildings/{code}").json()["properties"]["events"]
        if event["kind"] == "certificate_issued"
    ]
    assert event["label"]["zh"] == "签发证书"
    guessed = client.get("/certificates/0/verification", params={"leaf": "0" * 64})
    assert guessed.status_code == 404
    assert client.get("/certificates/0/verification").status_code == 422
    assert (
        client.post("/certificates/verification", files={"file": ("c.pdf", b"no")}).json()["type"] == "/problems/record"
    )
