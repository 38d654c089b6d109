"""The ledger's rows: events appended in one line, the tree that grows with them, its heads, and what proofs are made of."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Row, any_, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert

from geocode import Text
from registry.ledger.events import NewEvent, SaidEvent, chain_events
from registry.ledger.heads import Head
from registry.ledger.tree import Frontier, Node, complete_nodes
from store.ahead import one_ahead
from store.database import Connection, statement
from store.errors import NotHereError
from store.rows import copy_columns
from store.schema import checkpoint, event, ledger_node, office

__all__ = [
    "add_checkpoint",
    "append_events",
    "checkpoint_rows",
    "events_by_number",
    "events_from",
    "hold_still",
    "ledger_frontier",
    "ledger_size",
    "newest_checkpoint",
    "newest_event",
    "nodes_in_order",
    "tree_nodes",
    "wrong_columns",
]

# after the ground, and before nothing: the last lock of a transaction
_LOCK = (76 << 40) - 3
_AT_ONCE = 10_000
_EVENT = (
    *("seq", "building_id", "office_id", "kind", "subject", "actor"),
    *("occurred_at", "recorded_at", "canonical", "leaf_hash", "previous_hash"),
)
_NODE = ("level", "position", "hash")


def append_events(
    connection: Connection, events: Iterable[NewEvent | SaidEvent], *, recorded_at: datetime | None = None
) -> range:
    """Append events to the ledger and return their numbers.

    The last thing that a transaction does: until it ends, every other one waits that has events to append.

    Parameters
    ----------
    events
        Read once, as they are stored: a million of them need no more memory than some. What yields them may not use the
        connection.
    recorded_at
        When they were recorded; now, by the database's clock, where it is None. Never before the last event.

    Raises
    ------
    EventError
        An event that the ledger cannot take; see `chain_events`.
    """
    waiting = iter(events)
    first = next(waiting, None)
    if first is None:
        return range(0)
    connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    # the next statement sees what was committed before the lock was had
    last = connection.execute(statement("ledger_end")).one()
    size = 0 if last.seq is None else last.seq + 1
    time = max(recorded_at or last.now, last.recorded_at or last.now) if size else recorded_at or last.now
    line = _Line(ledger_frontier(connection, size), last.leaf_hash, time, _office_codes(connection))
    lengths = line.lengths(chain([first], waiting))
    # an event that cannot be said undoes those before it
    with connection.begin_nested():
        some = next(lengths)
        _store(connection, some)
        if len(some.events) == _AT_ONCE:
            # the next are chained while the server stores some
            with one_ahead(lengths) as others:
                for each in others:
                    _store(connection, each)
    return range(size, line.frontier.size)


class _Length(NamedTuple):
    """Some events of the line, and the nodes that they complete, as they are stored."""

    events: list[Sequence[Any]]
    nodes: list[Node]


def _store(connection: Connection, length: _Length) -> None:
    copy_columns(connection, event, dict(zip(_EVENT, zip(*length.events, strict=True), strict=True)))
    if length.nodes:
        copy_columns(connection, ledger_node, dict(zip(_NODE, zip(*length.nodes, strict=True), strict=True)))


@dataclass(slots=True)
class _Line:
    """Where the ledger's line ends while events are appended to it.

    Attributes
    ----------
    frontier, previous
        The tree's right edge, and the last event's hash.
    """

    frontier: Frontier
    previous: bytes | None
    time: datetime
    offices: Mapping[int, str]

    def lengths(self, events: Iterator[NewEvent | SaidEvent]) -> Generator[_Length, None, None]:
        """Append events, and yield the rows of some at a time."""
        nodes = list[Node]()
        while rows := list(self._append(islice(events, _AT_ONCE), nodes)):
            yield _Length(rows, nodes)
            nodes = []

    def _append(self, events: Iterable[NewEvent | SaidEvent], nodes: list[Node]) -> Iterator[Sequence[Any]]:
        pairs = chain_events(
            events, size=self.frontier.size, previous=self.previous, recorded_at=self.time, offices=self.offices
        )
        for new, each in pairs:
            nodes.extend(self.frontier.append(each.leaf_hash))
            said = (new.kind, new.subject, new.actor, new.occurred_at, self.time, each.canonical)
            yield each.seq, new.building_id, new.office_id, *said, each.leaf_hash, self.previous
            self.previous = each.leaf_hash


def ledger_frontier(connection: Connection, size: int) -> Frontier:
    """Return the right edge of the tree over the first events."""
    places = complete_nodes((0, size))
    nodes = tree_nodes(connection, places)
    return Frontier(size, [nodes[place] for place in places])


def tree_nodes(connection: Connection, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Return the hashes of some complete nodes by level and position."""
    wanted = sorted(set(places))
    if not wanted:
        return {}
    levels, positions = zip(*wanted, strict=True)
    rows = connection.execute(statement("ledger_nodes"), {"levels": list(levels), "positions": list(positions)})
    return {(row.level, row.position): bytes(row.hash) for row in rows}


def events_from(
    connection: Connection, first: int, *, most: int | None = None, office_id: int | None = None
) -> Iterator[Row[Any, Any, Any]]:
    """Yield the events from a number on, in order, of one office where it is told: ``seq, canonical, leaf_hash``."""
    wanted = select(event.c.seq, event.c.canonical, event.c.leaf_hash).where(event.c.seq >= first).order_by(event.c.seq)
    if office_id is not None:
        wanted = wanted.where(event.c.office_id == office_id)
    with connection.execute(wanted.limit(most).execution_options(yield_per=_AT_ONCE)) as rows:
        yield from rows


def events_by_number(connection: Connection, seqs: Sequence[int], *, office_id: int | None = None) -> dict[int, str]:
    """Return some events, those of one office where it is told, as canonical JSON by their numbers."""
    wanted = select(event.c.seq, event.c.canonical).where(event.c.seq == any_(literal(list(seqs), ARRAY(BigInteger))))
    if office_id is not None:
        wanted = wanted.where(event.c.office_id == office_id)
    return {row.seq: row.canonical for row in connection.execute(wanted)}


def newest_event(connection: Connection, subject: str) -> int:
    """Return the number of the newest event that happened to a subject.

    Raises
    ------
    NotHereError
        None did.
    """
    found = connection.execute(select(func.max(event.c.seq)).where(event.c.subject == subject)).scalar_one()
    if found is None:
        raise NotHereError(Text(f"账本中没有 {subject} 的事件。", f"The ledger has no event of {subject}."))
    return int(found)


def nodes_in_order(connection: Connection) -> Iterator[Node]:
    """Yield the stored nodes in the order in which a growing tree completes them."""
    columns = (ledger_node.c.level, ledger_node.c.position, ledger_node.c.hash)
    completed_by = (ledger_node.c.position + 1).op("<<")(ledger_node.c.level)
    wanted = select(*columns).order_by(completed_by, ledger_node.c.level)
    # whoever finds something wrong may stop in the middle
    with connection.execute(wanted.execution_options(yield_per=_AT_ONCE)) as rows:
        for level, position, node in rows:
            yield Node(level, position, bytes(node))


def wrong_columns(connection: Connection) -> dict[int, str]:
    """Return the events with a column that says something else than they do: the columns' names by the events' numbers."""
    return {row.seq: row.columns for row in connection.execute(statement("event_columns"))}


def hold_still(connection: Connection) -> None:
    """Have a transaction see the database as it is now, for as long as it takes; its first statement, and it only reads."""
    connection.execute(text("set transaction isolation level repeatable read, read only"))
    connection.execute(text("set local statement_timeout = 0"))


def ledger_size(connection: Connection) -> int:
    """Return the number of the ledger's events."""
    return int(connection.execute(select(func.coalesce(func.max(event.c.seq) + 1, 0))).scalar_one())


def newest_checkpoint(connection: Connection) -> Head | None:
    """Return the newest head that was signed, None where none was."""
    row = connection.execute(select(checkpoint).order_by(checkpoint.c.size.desc()).limit(1)).one_or_none()
    return None if row is None else Head(row.size, bytes(row.root), row.signed_at, row.key_id, row.note)


def add_checkpoint(connection: Connection, head: Head) -> None:
    """Add a signed head, unless somebody else signed the same tree meanwhile."""
    values = {"size": head.size, "root": head.root, "signed_at": head.signed_at, "key_id": head.key, "note": head.note}
    connection.execute(insert(checkpoint).values(**values).on_conflict_do_nothing())


def checkpoint_rows(connection: Connection) -> Sequence[Row[Any, Any, Any, Any, Any]]:
    """Return all signed heads, by size: ``size, root, signed_at, key_id, note``."""
    return connection.execute(select(checkpoint).order_by(checkpoint.c.size)).all()


def _office_codes(connection: Connection) -> dict[int, str]:
    return {row.id: row.code for row in connection.execute(select(office.c.id, office.c.code))}
