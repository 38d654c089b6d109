"""Who may come in, as the events tell it, compared with the rows by which people are let in: offices, keys, users.

Offices alone need no event of their own: this machine's, and those that came with a package, are there without one and let
nobody in. Of them what events say is compared; of keys and users, every row.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from registry.ledger.checking import Finding, finding

__all__ = ["Identities", "IdentityRow"]

_TABLES = {"office": "office", "key": "api_key", "user": "member"}
"""The tables by what events happen to."""
_MADE_BY = {"office_added", "key_issued", "user_added"}
_CHANGED_BY = _MADE_BY | {"office_changed"}
_ENDED_BY = {"key_revoked", "user_revoked"}
_SPAN_S = 60.0  # between a row and its event: one transaction, and a short one


class IdentityRow(NamedTuple):
    """A row by which somebody is let in: its table, the name or number that events know it by, and what they may say of it."""

    table: str
    name: str
    said: Mapping[str, Any]
    recorded_at: datetime
    revoked_at: datetime | None = None


@dataclass(slots=True)
class _Told:
    """What events said of one: the numbers and times of those that made and ended it, None where none did."""

    said: dict[str, Any] = field(default_factory=dict)
    seq: int | None = None
    made: tuple[int, float] | None = None
    ended: tuple[int, float] | None = None


class Identities:
    """What a log says of offices, keys and users, gathered event by event, then compared with the rows."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], _Told] = {}

    def read(self, seq: int, content: Mapping[str, Any]) -> None:
        """Gather what an event says."""
        kind = content["kind"]
        if kind not in _CHANGED_BY | _ENDED_BY:
            return
        what, _, name = content["subject"].partition("/")
        told = self._told.setdefault((_TABLES[what], name), _Told())
        event = seq, datetime.fromisoformat(content["recorded_at"]).timestamp()
        if kind in _ENDED_BY:
            told.ended = event
            return
        told.said.update(content["body"])
        told.seq = seq
        if kind in _MADE_BY:
            told.made = event

    def compare(self, rows: Iterable[IdentityRow]) -> Iterator[Finding]:
        """Yield what is wrong with the rows of the three tables, all of them being given."""
        missing = {each: told.made for each, told in self._told.items() if told.made is not None}
        for row in rows:
            missing.pop((row.table, row.name), None)
            yield from _compare(row, self._told.get((row.table, row.name), _Told()))
        for (table, name), (seq, _) in missing.items():
            yield finding("row_missing", seq=seq, table=table, key=name)


def _compare(row: IdentityRow, told: _Told) -> Iterator[Finding]:
    place: dict[str, Any] = {"table": row.table, "key": row.name}
    if told.made is None and row.table != _TABLES["office"]:
        yield finding("row_unknown", **place)
    differing = [name for name, value in told.said.items() if row.said.get(name) != value]
    if differing:
        yield finding("row_changed", seq=told.seq, columns=", ".join(differing), **place)
    if told.made is not None and not _is_timely(row.recorded_at, told.made):
        yield finding("row_time", seq=told.made[0], **place)
    if row.revoked_at is None and told.ended is not None:
        yield finding("row_open", seq=told.ended[0], **place)
    if row.revoked_at is not None and told.ended is None:
        yield finding("row_closed", **place)
    if row.revoked_at is not None and told.ended is not None and not _is_timely(row.revoked_at, told.ended):
        yield finding("row_closed_then", seq=told.ended[0], **place)


def _is_timely(time: datetime, event: tuple[int, float]) -> bool:
    return abs(time.timestamp() - event[1]) <= _SPAN_S
