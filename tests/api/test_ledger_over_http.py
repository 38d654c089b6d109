"""The ledger over HTTP: heads with every answer, events, proofs, keys."""

import json

import pytest

from registry.ledger.tree import hash_leaf, is_included
from tests.conftest import SAMPLES


@pytest.fixture
def uploaded(client):
    with (SAMPLES / "survey.zip").open("rb") as delivery:
        answer = client.post("/uploads", files={"file": ("survey.zip", delivery)}, data={"mode": "good"})
    assert answer.status_code < 300, answer.text
    return answer


def head_of(answer):
    size, root = answer.headers["Luotu-Ledger"].split("; ")
    return int(size.removeprefix("size=")), root.removeprefix("root=")


def test_what_was_written_is_under_the_head_that_comes_with_the_answer(client, uploaded):
    size, root = head_of(uploaded)
    told = client.get("/ledger/head").json()
    assert (told["size"], told["root"]) == (size, root)
    assert size > 0
    assert head_of(client.get("/session")) == (size, root)


def test_before_anything_happened_there_is_no_head(client):
    assert "Luotu-Ledger" not in client.get("/session").headers
    assert client.get("/ledger/head").json()["size"] == 0


def test_an_event_is_proved_with_nothing_but_what_is_told(client, uploaded):
    proof = client.get("/ledger/proofs/3").json()
    head = client.get("/ledger/head").json()
    assert json.loads(proof["event"])["seq"] == 3
    assert is_included(
        hash_leaf(proof["event"].encode()),
        3,
        size=head["size"],
        root=bytes.fromhex(head["root"]),
        proof=[bytes.fromhex(node) for node in proof["proof"]],
    )
    assert proof["head"] == head["note"]
    assert len(client.get("/ledger/keys").json()["keys"]) == 1


def test_events_are_read_page_by_page(client, uploaded):
    size, after, seen = head_of(uploaded)[0], -1, []
    while after is not None:
        page = client.get("/ledger/events", params={"after": after, "limit": 10}).json()
        seen += [json.loads(event)["seq"] for event in page["events"]]
        after = page["next"]
    assert seen == list(range(size))


def test_consistency_is_proved_and_nonsense_refused(client, uploaded):
    size, root = head_of(uploaded)
    told = client.get("/ledger/consistency", params={"from": 1, "to": size}).json()
    assert told["to_root"] == root
    assert client.get("/ledger/consistency", params={"from": size, "to": 1}).status_code == 404
    assert client.get("/ledger/consistency", params={"from": 0, "to": 1}).status_code == 422
    assert client.get(f"/ledger/proofs/{size}").status_code == 404
