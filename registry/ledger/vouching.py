"""Rows and the events that vouch for them: every row has its event, every event its row, and both say the same.

One `Voucher` for each table says which kinds of events make its rows and which close them. An event says a row's columns by
their names, in its body; the building or project that it happened to, its office and its actor stand in its head. A column
that it does not say is null.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias

from registry.ledger.checking import Finding, finding

__all__ = ["VOUCHERS", "RowSaid", "Voucher", "Vouching", "head_and_body"]

Said: TypeAlias = Mapping[str, Any]
_SPAN_S = 3600.0  # between a row and its event, which is the last thing a transaction writes


class RowSaid(NamedTuple):
    """What a row says, for which office, when it was stored, and the day or time of its closing."""

    said: dict[str, Any]
    office: str
    recorded_at: datetime
    closed: datetime | date | None


@dataclass(frozen=True, slots=True)
class Voucher:
    """Which events vouch for the rows of a table.

    Attributes
    ----------
    key
        The columns by which a reader tells the rows apart.
    made_by, closed_by
        The kinds of events that make and close its rows.
    mark
        A field that such events have where they do make a row; a split need not close a building.
    listed
        The field under which an event says rows that it makes beside what it tells of first, or several.
    """

    table: str
    key: tuple[str, ...]
    made_by: frozenset[str]
    closed_by: frozenset[str] = frozenset()
    mark: str | None = None
    listed: str | None = None

    def made(self, said: Said) -> Sequence[Said]:
        """Return what an event says of the rows that it makes or closes."""
        rows = None if self.listed is None else said.get(self.listed)
        if isinstance(rows, list):
            return [{**said, **row} for row in rows]
        is_row = self.listed is None if self.mark is None else said.get(self.mark) is not None
        return [said] if is_row else []


def _voucher(
    table: str, key: str, made_by: str, closed_by: str = "", *, mark: str | None = None, listed: str | None = None
) -> Voucher:
    return Voucher(
        table, tuple(key.split()), frozenset(made_by.split()), frozenset(closed_by.split()), mark=mark, listed=listed
    )


VOUCHERS = {
    each.table: each
    for each in (
        _voucher("building", "building", "registered"),
        # a version is closed by the next one, and by what ends the building's life: see `_versions`
        _voucher("footprint", "building version", "registered revised relocated revived", mark="version"),
        _voucher("alias", "building unit scheme value", "alias_added", "alias_ended"),
        _voucher("closure", "building", "closed split merged rebuilt", "revived", mark="closed_on"),
        _voucher("lineage", "predecessor successor", "split merged rebuilt", "revived", listed="lineage"),
        # what an upload draws enters a stage by itself: the event of the drawing says so
        _voucher(
            *("stage_entry", "stage_entry", "stage_entered registered revised", "stage_withdrawn"),
            mark="stage_entry",
            listed="entered",
        ),
        _voucher("stage_withdrawal", "stage_entry actor", "withdrawal_proposed stage_withdrawn"),
        _voucher("project", "project", "project_opened"),
        _voucher("project_building", "project building", "project_joined", "project_left"),
        _voucher("unit", "building number", "unit_added", "unit_closed"),
        _voucher("attachment", "attachment", "document_attached", "document_withdrawn"),
        _voucher("review_decision", "review", "review_decided"),
        _voucher("subscription", "subscription", "subscription_opened", "subscription_ended"),
    )
}
_ENDS = VOUCHERS["closure"].made_by


@dataclass(slots=True)
class _Book:
    """What the events say of one table: the rows by their hashes, and the closings by keys, with the events' numbers."""

    rows: dict[int, list[int]] = field(default_factory=dict)
    closings: dict[tuple[Any, ...], list[int]] = field(default_factory=dict)


class Vouching:
    """What a log says of the register's rows, gathered event by event, then compared with the rows table by table."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        """Take the fields that the rows of each table say."""
        self.fields = fields
        self.times = array("d")
        self._books = {table: _Book() for table in VOUCHERS}
        self._current: dict[str, Any] = {}

    def read(self, seq: int, content: dict[str, Any]) -> None:
        """Gather what an event says."""
        self.times.extend([0.0] * (seq - len(self.times)))
        self.times.append(datetime.fromisoformat(content["recorded_at"]).timestamp())
        kind, said = content["kind"], head_and_body(content)
        for table in _MADE.get(kind, ()):
            for row in VOUCHERS[table].made(said):
                self._books[table].rows.setdefault(self._hash(table, row), []).append(seq)
        for table in _CLOSED.get(kind, ()):
            for row in VOUCHERS[table].made(said) if VOUCHERS[table].listed else [said]:
                self._close(table, row, seq)
        self._follow_versions(seq, kind, said)

    def compare(
        self, table: str, rows: Iterable[RowSaid], recall: Callable[[Sequence[int]], dict[int, dict[str, Any]]]
    ) -> Iterator[Finding]:
        """Yield what is wrong with the rows of a table, all of them being given; `recall` returns events by their numbers."""
        book = self._books[table]
        strangers: list[RowSaid] = []
        closed: dict[tuple[Any, ...], int] = {}
        for row in rows:
            seqs = book.rows.get(self._hash(table, {**row.said, "office": row.office}))
            if not seqs:
                strangers.append(row)
            elif not self._is_timely(row.recorded_at, seq := seqs.pop(0)):
                yield finding("row_time", seq=seq, table=table, key=_shown(self._key(table, row.said)))
            if row.closed is not None:
                yield from self._settle_closing(table, row, closed)
        yield from self._pair(table, strangers, recall)
        for key, seqs in book.closings.items():
            for seq in seqs[closed.get(key, 0) :]:
                yield finding("row_open", seq=seq, table=table, key=_shown(key))

    def _settle_closing(self, table: str, row: RowSaid, closed: dict[tuple[Any, ...], int]) -> Iterator[Finding]:
        key = self._closing_key(table, row.said, row.closed)
        seqs = self._books[table].closings.get(key, [])
        count = closed[key] = closed.get(key, 0) + 1
        if count > len(seqs):
            yield finding("row_closed", table=table, key=_shown(key))
        elif isinstance(row.closed, datetime) and not self._is_timely(row.closed, seqs[count - 1]):
            yield finding("row_closed_then", table=table, key=_shown(key), seq=seqs[count - 1])

    def _pair(
        self, table: str, strangers: Sequence[RowSaid], recall: Callable[[Sequence[int]], dict[int, dict[str, Any]]]
    ) -> Iterator[Finding]:
        """Yield the rows that no event vouches for and the events whose rows are not there, paired where they are one."""
        orphans = [seq for seqs in self._books[table].rows.values() for seq in seqs]
        told: dict[tuple[Any, ...], list[tuple[int, Said]]] = {}
        events = recall(orphans)
        for seq in orphans:
            for said in VOUCHERS[table].made(head_and_body(events[seq])):
                told.setdefault(self._key(table, said), []).append((seq, said))
        for row in strangers:
            key = self._key(table, row.said)
            if not told.get(key):
                yield finding("row_unknown", table=table, key=_shown(key))
                continue
            seq, said = told[key].pop(0)
            own = {**row.said, "office": row.office}
            names = ("office", *self.fields[table])
            differing = [name for name in names if said.get(name) != own[name]]
            yield finding("row_changed", seq=seq, table=table, key=_shown(key), columns=", ".join(differing))
        for key, left in told.items():
            for seq, _ in left:
                yield finding("row_missing", seq=seq, table=table, key=_shown(key))

    def _close(self, table: str, said: Said, seq: int) -> None:
        key = self._closing_key(table, said, said.get("valid_to"))
        self._books[table].closings.setdefault(key, []).append(seq)

    def _follow_versions(self, seq: int, kind: str, said: Said) -> None:
        """Follow which version of a building is the current one: each closes the one before, an end closes the last."""
        building, is_new = (
            said.get("building"),
            kind in VOUCHERS["footprint"].made_by and said.get("version") is not None,
        )
        is_end = kind in _ENDS and said.get("closed_on") is not None
        if building is None or not (is_new or is_end):
            return
        current = self._current.pop(building, None)
        if current is not None:
            self._books["footprint"].closings.setdefault((building, current), []).append(seq)
        if is_new:
            self._current[building] = said["version"]

    def _closing_key(self, table: str, said: Said, closed: Any) -> tuple[Any, ...]:
        """Return what tells a closing from others: the row's key, and the day where it is closed by a day."""
        key = self._key(table, said)
        day = closed.isoformat() if isinstance(closed, date) and not isinstance(closed, datetime) else closed
        return (*key, day) if isinstance(day, str) else key

    def _key(self, table: str, said: Said) -> tuple[Any, ...]:
        return tuple(said.get(name) for name in VOUCHERS[table].key)

    def _hash(self, table: str, said: Said) -> int:
        # Python's own hash: keyed anew in every process, so nobody can prepare two rows with the same one; 1.0 is 1
        return hash((said["office"], *(_hashable(said.get(name)) for name in self.fields[table])))

    def _is_timely(self, time: datetime, seq: int) -> bool:
        return -_SPAN_S <= time.timestamp() - self.times[seq] <= _SPAN_S


def head_and_body(content: dict[str, Any]) -> dict[str, Any]:
    """Return what an event says, its head's part as well: its office, its actor, and what it happened to."""
    what, _, name = content["subject"].partition("/")
    return {what: name, "actor": content["actor"], **content["body"], "office": content["office"]}


def _hashable(value: Any) -> Any:
    return repr(value) if isinstance(value, list | dict) else value


def _shown(key: tuple[Any, ...]) -> str:
    return " ".join(str(part) for part in key if part is not None)


def _by_kind(kinds: Callable[[Voucher], frozenset[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for voucher in VOUCHERS.values():
        for kind in kinds(voucher):
            found.setdefault(kind, []).append(voucher.table)
    return found


_MADE = _by_kind(lambda voucher: voucher.made_by)
_CLOSED = _by_kind(lambda voucher: voucher.closed_by)
