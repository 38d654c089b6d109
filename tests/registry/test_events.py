"""Events as the ledger keeps them: one canonical text, chained, without anything personal."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import EventError
from registry.ledger.events import (
    NewEvent,
    canonical_json,
    chain_events,
    digest,
    get_kind,
    load_kinds,
    moment,
    read_event,
)
from registry.ledger.tree import hash_leaf

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def new_event(**changes):
    said = {"kind": "registered", "subject": "building/4E7U5CKJ2WF0J", "office_id": 1, "actor": "test"}
    return NewEvent(**{**said, "occurred_at": NOON, "body": {"version": 1, "name": "3号楼"}, **changes})


def chain(*events, size=0, previous=None):
    pairs = chain_events(events, size=size, previous=previous, recorded_at=NOON, offices={1: "survey"})
    return [event for _, event in pairs]


def test_an_event_is_one_canonical_text():
    (event,) = chain(new_event())
    assert event.canonical == (
        '{"actor":"test","body":{"name":"3号楼","version":1},"kind":"registered","occurred_at":"2026-11-22T12:00:00.000000Z",'
        '"office":"survey","previous":null,"recorded_at":"2026-11-22T12:00:00.000000Z","seq":0,'
        '"subject":"building/4E7U5CKJ2WF0J"}'
    )
    assert event.leaf_hash == hash_leaf(event.canonical.encode())


def test_each_event_holds_the_hash_of_the_one_before():
    events = chain(new_event(), new_event(kind="revised"), size=7, previous=b"\x01" * 32)
    assert [event.seq for event in events] == [7, 8]
    first, second = (read_event(event.canonical) for event in events)
    assert first["previous"] == "01" * 32
    assert second["previous"] == events[0].leaf_hash.hex()


def test_numbers_are_written_as_the_standard_writes_them():
    # RFC 8785, appendix B
    assert canonical_json([1e21, 1e-7, 333333333.33333329, 4.5, 2e-3, 1e20, -0.0]) == (
        b"[1e+21,1e-7,333333333.3333333,4.5,0.002,100000000000000000000,0]"
    )


numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_the_canonical_text_is_the_standard_s_however_it_is_written(value):
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 2**60, NOON, {1: 2}, "\ud800", {"a": object()}],
    ids=lambda v: type(v).__name__,
)
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(EventError):
        chain(new_event(body={"value": value}))


def test_an_unknown_kind_is_refused_with_those_that_are_known():
    with pytest.raises(EventError, match="registered"):
        chain(new_event(kind="renamed"))


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(EventError, match="time zone"):
        chain(new_event(occurred_at=NOON.replace(tzinfo=None)))


def test_times_are_told_in_utc():
    assert moment(datetime(2026, 11, 22, 20, 0, tzinfo=timezone(timedelta(hours=8)))) == "2026-11-22T12:00:00.000000Z"


def test_every_kind_has_a_name_in_both_languages():
    assert all(name.zh and name.en for name in load_kinds().values())
    assert get_kind("merged").en == "Merged"


@given(st.text(max_size=8), st.text(max_size=8), st.none() | st.binary(min_size=32, max_size=32))
def test_whatever_an_event_says_its_text_is_canonical(actor, name, previous):
    said = new_event(actor=actor, subject=f"project/{name}", body={"b": {"z": 1.0, name: name}, "a": [name, 1e300]})
    try:
        (event,) = chain(said, size=7, previous=previous)
    except EventError:
        return  # a text that UTF-8 has no place for
    assert event.canonical.encode() == rfc8785.dumps(json.loads(event.canonical))
    assert json.loads(event.canonical)["previous"] == (None if previous is None else previous.hex())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab建筑 ", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)


@given(JSON)
def test_a_value_that_comes_back_from_the_database_has_the_same_digest(value):
    # jsonb keeps numbers as decimals: what was 1.0 or 1e300 comes back as an integer
    back = json.loads(json.dumps(value), parse_float=as_stored)
    assert digest(value, "salt") == digest(back, "salt")


def as_stored(text):
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= 2**53 else number


def test_integers_of_any_size_are_told_apart():
    assert digest(2**60, "") != digest(2**60 + 1, "")
    assert digest(10**300, "") == digest(1e300, "")


@given(JSON, st.text("ab", min_size=1, max_size=3))
def test_the_salt_makes_another_digest(value, salt):
    assert digest(value, salt) != digest(value, salt + "c")
