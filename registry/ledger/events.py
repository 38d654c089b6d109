"""Events: what happened, as the ledger keeps it.

An event is one JSON object in the canonical form of RFC 8785. Those bytes are the leaf of the tree; they hold the event's
number and the hash of the leaf before, so that the events are a chain as well.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from secrets import token_hex
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
import rfc8785

from geocode import Text
from registry.errors import EventError
from registry.ledger.tree import hash_leaf

__all__ = [
    "Event",
    "NewEvent",
    "SaidEvent",
    "canonical_json",
    "chain_events",
    "digest",
    "digest_said",
    "get_kind",
    "load_kinds",
    "moment",
    "new_salts",
    "read_event",
    "say_event",
    "say_for_digest",
]

_EXACT = 2**53
_SALT_BYTES = 16
_AS_THEY_ARE = frozenset({str, bool, type(None)})
# an event's members in the order of RFC 8785: one text of all of them takes half as long as an object that is put in order
_HEAD = b'{"actor":%b,"body":%b,"kind":%b,"occurred_at":%b,"office":'
_TEXT = b'%b%b,"previous":%b,"recorded_at":%b,"seq":%d,"subject":%b}'
_LEAST_DECIMAL = 1e-3  # orjson writes smaller ones with an exponent before RFC 8785 does


class NewEvent(NamedTuple):
    """Something that happened, not yet in the ledger.

    Attributes
    ----------
    kind
        One of `load_kinds`.
    subject
        What it happened to: ``building/<compact code>``, ``project/<uuid>``, …
    office_id
        The office that vouches for it.
    actor
        Who did it: the label of a key, never a person's name.
    occurred_at
        When it happened in the world, with its time zone.
    body
        All that the rows say which the event makes or closes, under the columns' names. Other rows are named by what the
        public knows them by (codes, UUIDs, SHA-256s), geometries are by their fingerprints, and what may be personal is by
        its `digest`.
    building_id
        The building it happened to, if it did to one.
    """

    kind: str
    subject: str
    office_id: int
    actor: str
    occurred_at: datetime
    body: Mapping[str, Any] = MappingProxyType({})
    building_id: str | None = None


class SaidEvent(NamedTuple):
    """A new event whose text is written but for its place in the ledger.

    Attributes
    ----------
    kind, subject, office_id, actor, occurred_at, building_id
        As those of a `NewEvent`.
    head, tail
        What its canonical JSON has before the office, and the subject that it ends with.
    """

    kind: str
    subject: str
    office_id: int
    actor: str
    occurred_at: datetime
    building_id: str | None
    head: bytes
    tail: bytes


class Event(NamedTuple):
    """An event of the ledger: its number from 0, its canonical JSON, and its leaf's hash."""

    seq: int
    canonical: str
    leaf_hash: bytes


@cache
def load_kinds() -> dict[str, Text]:
    """Return the kinds of events with their names."""
    rows = tomllib.loads(files("registry").joinpath("events.toml").read_text(encoding="utf-8"))["kind"]
    return {row["code"]: Text(row["zh"], row["en"]) for row in rows}


def get_kind(code: str) -> Text:
    """Return the name of a kind.

    Raises
    ------
    EventError
        No kind bears the code.
    """
    kinds = load_kinds()
    if code not in kinds:
        raise EventError(f"“{code}” is no kind of event; known are {', '.join(kinds)}.")
    return kinds[code]


def say_event(event: NewEvent) -> SaidEvent:
    """Return a new event with its text.

    Raises
    ------
    EventError
        A kind that is not known, a time without a zone, or a body that JSON cannot say.
    """
    get_kind(event.kind)
    head = _HEAD % (
        _text_json(event.actor),
        canonical_json(dict(event.body)),
        _text_json(event.kind),
        _text_json(moment(event.occurred_at)),
    )
    of = (event.kind, event.subject, event.office_id, event.actor, event.occurred_at, event.building_id)
    return SaidEvent(*of, head, canonical_json(event.subject))


def chain_events(
    events: Iterable[NewEvent | SaidEvent],
    *,
    size: int,
    previous: bytes | None,
    recorded_at: datetime,
    offices: Mapping[int, str],
) -> Iterator[tuple[SaidEvent, Event]]:
    """Yield events, each with what it is in the ledger: as they follow the last one of it.

    Parameters
    ----------
    events
        Read one by one.
    size, previous
        Number of the ledger's events, and the last one's leaf hash (None where there is none).
    recorded_at
        When they are recorded, with its time zone.
    offices
        The offices' codes by their ids.

    Raises
    ------
    EventError
        As `say_event`.
    """
    recorded = _text_json(moment(recorded_at))
    for seq, event in enumerate(events, size):
        said = event if isinstance(event, SaidEvent) else say_event(event)
        before = b"null" if previous is None else b'"%b"' % previous.hex().encode()
        canonical = _TEXT % (said.head, _text_json(offices[said.office_id]), before, recorded, seq, said.tail)
        previous = hash_leaf(canonical)
        yield said, Event(seq, canonical.decode(), previous)


def canonical_json(value: Any) -> bytes:
    """Return the canonical JSON of a value (RFC 8785), in UTF-8.

    Raises
    ------
    EventError
        JSON, or a number of it that every reader reads alike, cannot say the value.
    """
    try:
        return _quick_json(value)
    except (_OddError, orjson.JSONEncodeError):
        return _exact_json(value)


@lru_cache(maxsize=256)
def _text_json(text: str) -> bytes:
    """Return the canonical JSON of a text that many events have."""
    return canonical_json(text)


@lru_cache(maxsize=16)
def moment(time: datetime) -> str:
    """Return a time as events have it: in UTC, to the microsecond.

    Raises
    ------
    EventError
        The time has no zone.
    """
    if time.tzinfo is None:
        raise EventError(f"{time.isoformat()} has no time zone: no one knows when that was.")
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def digest(value: Any, salt: str) -> str:
    """Return the salted SHA-256 of a JSON value, in hexadecimal: it vouches for the value and does not tell it.

    The salt, long and drawn by chance, is stored with the value and nowhere else: where both are erased, nobody can find
    the value by trying. A value has the same digest when it comes back from the database: 1.0 is 1 there.
    """
    return digest_said(say_for_digest(value), salt)


def say_for_digest(value: Any) -> bytes:
    """Return a JSON value as `digest_said` takes it, for a value of which many digests are made."""
    try:
        # all its numbers are told apart
        return _quick_json(value)
    except (_OddError, orjson.JSONEncodeError):
        return _exact_json(_told_apart(value))


def digest_said(said: bytes, salt: str) -> str:
    """Return the `digest` of a value that `say_for_digest` has said."""
    return sha256(b"%b\x00%b" % (salt.encode(), said)).hexdigest()


def new_salts(count: int) -> list[str]:
    """Return as many salts for `digest` as wanted: 128 bits by chance each."""
    drawn = token_hex(_SALT_BYTES * count)
    return [drawn[start : start + 2 * _SALT_BYTES] for start in range(0, len(drawn), 2 * _SALT_BYTES)]


def read_event(canonical: str) -> dict[str, Any]:
    """Return what an event says."""
    content: dict[str, Any] = json.loads(canonical)
    return content


class _OddError(ValueError):
    """A value that orjson does not write as RFC 8785 has it."""


def _quick_json(value: Any) -> bytes:
    """Return canonical JSON in a twentieth of the time, for all but a few values: a number that is told apart, for one."""
    return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)


def _exact_json(value: Any) -> bytes:
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise EventError(f"An event cannot say this: {error}. Say large integers, days and times as text.") from error


def _plain(value: Any) -> Any:
    """Return a JSON value for orjson to write in canonical form: whole numbers without a point, and no keys beyond the basic plane."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is float:
        if _LEAST_DECIMAL < abs(value) < _EXACT or value == 0.0:
            return int(value) if value.is_integer() else value
        raise _OddError
    if kind is int and -_EXACT < value < _EXACT:
        return value
    if kind is dict:
        # most of what events say is text, and events of a kind have the same members: only the others are looked at
        others = _others(tuple(value), tuple(map(type, value.values())))
        if others is None:
            raise _OddError
        changed = {key: plain for key in others if (plain := _plain(each := value[key])) is not each}
        return {**value, **changed} if changed else value
    if kind is list or kind is tuple:
        return [_plain(each) for each in value]
    raise _OddError


@lru_cache(maxsize=4_096)
def _others(keys: tuple[Any, ...], kinds: tuple[type[Any], ...]) -> list[str] | None:
    """Return the keys whose values may have to be written otherwise; None where keys may not sort alike by UTF-16."""
    # only beyond the basic plane is the order of UTF-16 another than that of the characters
    if not all(type(key) is str and max(key, default="") <= "\uffff" for key in keys):
        return None
    return [key for key, kind in zip(keys, kinds, strict=True) if kind not in _AS_THEY_ARE]


def _told_apart(value: Any) -> Any:
    """Return a JSON value with numbers that not every reader tells apart as text, by their digits."""
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Mapping):
        return {key: _told_apart(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_told_apart(each) for each in value]
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > _EXACT:
        sign, digits, exponent = Decimal(str(value)).as_tuple()
        shown = "".join(map(str, digits)).rstrip("0")
        return f"{'-' * sign}{shown}e{len(digits) - len(shown) + exponent}"  # type: ignore[operator]
    return value
