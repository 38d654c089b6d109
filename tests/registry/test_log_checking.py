"""A log that was tampered with, in every way that there is: found, and the place named."""

import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from registry.ledger.checking import Found, Stored, check_log
from registry.ledger.events import NewEvent, canonical_json, chain_events
from registry.ledger.heads import sign_head
from registry.ledger.tree import Frontier, hash_leaf

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SIZE = 21
SIGNED = (4, 10, 16, 21)


def make_log(size=SIZE, *, salt=""):
    said = {"kind": "registered", "subject": "building/4E7U5CKJ2WF0J", "office_id": 1, "actor": "test"}
    events = [NewEvent(**said, occurred_at=NOON, body={"version": i, "salt": salt}) for i in range(size)]
    chained = chain_events(events, size=0, previous=None, recorded_at=NOON, offices={1: "survey"})
    return [Stored(event.seq, event.canonical.encode(), event.leaf_hash) for _, event in chained]


def heads_and_nodes(log):
    frontier, heads, nodes = Frontier(), [], []
    for event in log:
        nodes += frontier.append(event.leaf_hash)
        if frontier.size in SIGNED:
            head = sign_head(frontier.size, frontier.root(), signed_at=NOON, private=PRIVATE)
            heads.append(Found(head, f"head {frontier.size}"))
    return heads, nodes


LOG = make_log()
HEADS, NODES = heads_and_nodes(LOG)


def faults(log, *, heads=HEADS, nodes=NODES):
    return [(each.fault.kind, each.seq) for each in check_log(log, heads, nodes=nodes).findings]


def changed(event, *, rehashed, **content):
    canonical = canonical_json({**json.loads(event.canonical), **content})
    return Stored(event.seq, canonical, hash_leaf(canonical) if rehashed else event.leaf_hash)


def rewritten(log, first):
    """Return a log that somebody wrote anew from an event on, with all its hashes."""
    new = list(log[:first])
    for seq in range(first, len(log)):
        previous = new[-1].leaf_hash.hex() if new else None
        body = {"version": 99} if seq == first else json.loads(log[seq].canonical)["body"]
        new.append(changed(log[seq], rehashed=True, previous=previous, body=body))
    return new


def test_a_log_is_verified_with_its_heads_and_nodes():
    checked = check_log(LOG, HEADS, nodes=NODES)
    assert checked.findings == []
    assert (checked.size, checked.heads) == (SIZE, len(SIGNED))
    assert checked.root == HEADS[-1].head.root


def test_nothing_is_a_log_too():
    checked = check_log([], [], nodes=[])
    assert (checked.size, checked.findings) == (0, [])


@pytest.mark.parametrize("with_nodes", [True, False])
@pytest.mark.parametrize("rehashed", [True, False])
@pytest.mark.parametrize("seq", range(SIZE))
def test_an_event_that_was_changed_is_named(seq, rehashed, with_nodes):
    log = [*LOG[:seq], changed(LOG[seq], rehashed=rehashed, body={"version": 99}), *LOG[seq + 1 :]]
    found = faults(log, nodes=NODES if with_nodes else None)
    if seq == SIZE - 1 and rehashed:
        # nothing follows it that knows its hash: the head over the last events does
        assert ("rewritten", SIGNED[-2]) in found
    else:
        assert found == [("event_changed", seq)]


@pytest.mark.parametrize("rehashed", [True, False])
@pytest.mark.parametrize("seq", range(1, SIZE))
def test_an_event_that_names_another_before_it_is_named(seq, rehashed):
    log = [*LOG[:seq], changed(LOG[seq], rehashed=rehashed, previous="00" * 32), *LOG[seq + 1 :]]
    assert ("event_changed", seq) in faults(log)
    assert {seq} == {place for kind, place in faults(log) if kind == "event_changed"}


@pytest.mark.parametrize("seq", range(SIZE - 1))
def test_a_missing_event_is_named(seq):
    assert faults([*LOG[:seq], *LOG[seq + 1 :]]) == [("event_missing", seq)]


@pytest.mark.parametrize("seq", [0, 1, 7, 15])
def test_missing_events_are_named_from_the_first(seq):
    (found,) = check_log([*LOG[:seq], *LOG[seq + 4 :]], HEADS, nodes=NODES).findings
    assert found.fault.text.en == f"Events {seq} to {seq + 3} are missing."


@pytest.mark.parametrize("first", range(SIZE - 1))
@pytest.mark.parametrize("second", [SIZE - 1, 9])
def test_events_that_changed_places_are_named(first, second):
    if first == second:
        return
    log = list(LOG)
    for place, other in ((first, second), (second, first)):
        log[place] = Stored(place, LOG[other].canonical, LOG[other].leaf_hash)
    assert {("event_misplaced", first), ("event_misplaced", second)} <= set(faults(log))


@pytest.mark.parametrize("cut", range(SIZE))
def test_a_tail_that_was_cut_off_is_missed_by_the_last_head(cut):
    # with the nodes that went with it: nothing in what is left tells
    nodes = [node for node in NODES if (node.position + 1) << node.level <= cut]
    assert faults(LOG[:cut], nodes=nodes) == [("tail_cut", cut)]


@pytest.mark.parametrize("first", range(SIZE))
def test_events_rewritten_with_all_their_hashes_are_found_by_the_first_head_over_them(first):
    log = rewritten(LOG, first)
    signed = max((size for size in SIGNED if size <= first), default=0)
    assert faults(log, nodes=None) == [("rewritten", signed)]
    assert faults(log, nodes=heads_and_nodes(log)[1]) == [("rewritten", signed)]


@pytest.mark.parametrize("first", range(SIZE - 1))
def test_where_the_nodes_were_forgotten_the_first_rewritten_events_are_told_by_them(first):
    assert ("node_changed", first - first % 2) in faults(rewritten(LOG, first))


@pytest.mark.parametrize("place", [0, 5, SIZE])
def test_an_event_that_was_put_in_is_found(place):
    other = make_log(salt="other")
    log = [*LOG[:place], other[place] if place < SIZE else make_log(SIZE + 1, salt="o")[SIZE], *LOG[place:]]
    assert faults([Stored(seq, *event[1:]) for seq, event in enumerate(log)])


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b'{"seq":3}', b'{"seq":3,"previous":1}'])
def test_what_is_no_event_is_named(content):
    log = [*LOG[:3], Stored(3, content, hash_leaf(content)), *LOG[4:]]
    assert faults(log) == [("event_unreadable", 3)]


@pytest.mark.parametrize("place", range(len(NODES)))
def test_a_node_that_was_changed_taken_out_or_put_in_is_named(place):
    node = NODES[place]
    key = f"{node.level}/{node.position}"
    wrong = node._replace(hash=bytes(32))
    extra = node._replace(position=node.position + 1000)
    for kind, nodes, where in (
        ("node_changed", [*NODES[:place], wrong, *NODES[place + 1 :]], key),
        ("node_missing", [*NODES[:place], *NODES[place + 1 :]], key),
        ("node_unknown", [*NODES, extra], f"{extra.level}/{extra.position}"),
    ):
        (found,) = check_log(LOG, HEADS, nodes=nodes).findings
        assert (found.fault.kind, found.key) == (kind, where)


def grown(size):
    frontier = Frontier()
    for event in LOG[:size]:
        list(frontier.append(event.leaf_hash))
    return frontier


@given(st.integers(0, SIZE - 1), st.data())
def test_the_end_of_a_log_is_verified_from_what_the_beginning_left(start, data):
    known = [found for found in HEADS if found.head.size >= start]
    checked = check_log(LOG[start:], known, start=grown(start))
    assert (checked.findings, checked.size, checked.heads) == ([], SIZE, len(known))
    seq = data.draw(st.integers(start, SIZE - 1))
    log = [*LOG[start:seq], changed(LOG[seq], rehashed=True, body={}), *LOG[seq + 1 :]]
    assert check_log(log, known, start=grown(start)).findings


@given(st.integers(1, SIZE - 1))
def test_the_end_of_a_log_does_not_go_with_another_beginning(start):
    known = [found for found in HEADS if found.head.size >= start]
    other = Frontier(start, [bytes(32) for _ in grown(start).peaks])
    assert check_log(LOG[start:], known, start=other).findings


def test_after_a_thousand_findings_they_are_only_counted():
    log = [Stored(event.seq, event.canonical, bytes(32)) for event in make_log(1_100)]
    checked = check_log(log)
    assert (len(checked.findings), checked.more) == (1_000, 100)
