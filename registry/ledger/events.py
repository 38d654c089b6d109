"""Events: what happened, as the ledger keeps it.

An event is one JSON object in the canonical form of RFC 8785. Those bytes are the leaf of the tree; they hold the event's
number and the hash of the leaf before, so that the events are a chain as well.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, NamedTuple

import orjson
import rfc8785

from geocode import Text
from registry.errors import EventError
from registry.ledger.tree import hash_leaf

__all__ = [
    "Event",
    "NewEvent",
    "canonical_json",
    "chain_events",
    "digest",
    "get_kind",
    "load_kinds",
    "moment",
    "read_event",
]

_EXACT = 2**53
_AS_THEY_ARE = frozenset({str, bool, type(None)})
_LEAST_DECIMAL = 1e-3  # orjson writes smaller ones with an exponent before RFC 8785 does


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
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
    body: Mapping[str, Any] = field(default_factory=dict)
    building_id: str | None = None


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


def chain_events(
    events: Sequence[NewEvent],
    *,
    size: int,
    previous: bytes | None,
    recorded_at: datetime,
    offices: Mapping[int, str],
) -> list[Event]:
    """Return events as they follow the last one of a ledger.

    Parameters
    ----------
    size, previous
        Number of the ledger's events, and the last one's leaf hash (None where there is none).
    recorded_at
        When they are recorded, with its time zone.
    offices
        The offices' codes by their ids.

    Raises
    ------
    EventError
        A kind that is not known, a time without a zone, or a body that JSON cannot say.
    """
    chained = []
    for seq, event in enumerate(events, size):
        get_kind(event.kind)
        content = {
            "seq": seq,
            "previous": None if previous is None else previous.hex(),
            "kind": event.kind,
            "subject": event.subject,
            "office": offices[event.office_id],
            "actor": event.actor,
            "occurred_at": moment(event.occurred_at),
            "recorded_at": moment(recorded_at),
            "body": dict(event.body),
        }
        canonical = canonical_json(content)
        previous = hash_leaf(canonical)
        chained.append(Event(seq, canonical.decode(), previous))
    return chained


def canonical_json(value: Any) -> bytes:
    """Return the canonical JSON of a value (RFC 8785), in UTF-8.

    Raises
    ------
    EventError
        JSON, or a number of it that every reader reads alike, cannot say the value.
    """
    # the same bytes in a twentieth of the time, for all but a few
    with suppress(_OddError, orjson.JSONEncodeError):
        return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise EventError(f"An event cannot say this: {error}. Say large integers, days and times as text.") from error


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
    return sha256(salt.encode() + b"\x00" + canonical_json(_told_apart(value))).hexdigest()


def read_event(canonical: str) -> dict[str, Any]:
    """Return what an event says."""
    content: dict[str, Any] = json.loads(canonical)
    return content


class _OddError(ValueError):
    """A value that orjson does not write as RFC 8785 has it."""


def _plain(value: Any) -> Any:
    """Return a JSON value for orjson to write in canonical form: whole numbers without a point, and no keys but ASCII."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is dict:
        if not _are_plain(tuple(value)):
            raise _OddError
        # most of what events say is text: one call less for each
        return {key: each if type(each) in _AS_THEY_ARE else _plain(each) for key, each in value.items()}
    if kind is list or kind is tuple:
        return [_plain(each) for each in value]
    if kind is int and abs(value) < _EXACT:
        return value
    if kind is float and abs(value) < _EXACT and value.is_integer():
        return int(value)
    if kind is float and _LEAST_DECIMAL < abs(value) < _EXACT:
        return value
    raise _OddError


@lru_cache(maxsize=4_096)
def _are_plain(keys: tuple[Any, ...]) -> bool:
    """Tell whether keys sort alike by their characters and by UTF-16; events of a kind have the same ones."""
    return all(type(key) is str and key.isascii() for key in keys)


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
