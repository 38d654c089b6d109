"""The ledger's rows: events appended in one line, the tree that grows with them, its heads, and what proofs are made of."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import ARRAY, BigInteger, Row, Table, any_, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError

from geocode import Text
from registry.ledger.events import NewEvent, chain_events
from registry.ledger.heads import Head
from registry.ledger.tree import Frontier, Node, complete_nodes
from store.database import Connection, statement
from store.errors import NotHereError
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
_CHAINED = 500
_EVENT = ("seq", "building_id", "office_id", "occurred_at", "recorded_at", "canonical", "leaf_hash")


def append_events(
    connection: Connection, events: Sequence[NewEvent], *, recorded_at: datetime | None = None
) -> list[int]:
    """Append events to the ledger and return their numbers.

    The last thing that a transaction does: until it ends, every other one waits that has events to append.

    Parameters
    ----------
    recorded_at
        When they were recorded; now, by the database's clock, where it is None. Never before the last event.

    Raises
    ------
    EventError
        An event that the ledger cannot take; see `chain_events`.
    """
    if not events:
        return []
    connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    # the next statement sees what was committed before the lock was had
    last = connection.execute(statement("ledger_end")).one()
    size = 0 if last.seq is None else last.seq + 1
    time = max(recorded_at or last.now, last.recorded_at or last.now) if size else recorded_at or last.now
    offices = _office_codes(connection, events)
    frontier, nodes = ledger_frontier(connection, size), list[Node]()

    def rows() -> Iterator[Sequence[Any]]:
        previous = last.leaf_hash
        for start in range(0, len(events), _CHAINED):
            some = events[start:][:_CHAINED]
            chained = chain_events(some, size=size + start, previous=previous, recorded_at=time, offices=offices)
            for new, each in zip(some, chained, strict=True):
                nodes.extend(frontier.append(each.leaf_hash))
                said = (new.building_id, new.office_id, new.occurred_at, time, each.canonical, each.leaf_hash)
                yield each.seq, *said
            previous = chained[-1].leaf_hash

    # the server stores some while the next are chained: an event that cannot be said undoes those before it
    with connection.begin_nested():
        _copy(connection, event, _EVENT, rows())
        if nodes:
            _copy(connection, ledger_node, ("level", "position", "hash"), nodes)
    return list(range(size, size + len(events)))


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
    yield from connection.execute(wanted.limit(most).execution_options(yield_per=_AT_ONCE))


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
    for level, position, node in connection.execute(wanted.execution_options(yield_per=_AT_ONCE)):
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


def _office_codes(connection: Connection, events: Sequence[NewEvent]) -> dict[int, str]:
    ids = {each.office_id for each in events}
    rows = connection.execute(select(office.c.id, office.c.code).where(office.c.id.in_(ids)))
    return {row.id: row.code for row in rows}


def _copy(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add rows by COPY: an array of ten thousand long texts would take longer to write than the rows to store."""
    wanted = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table.name), sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    )
    try:
        with closing(connection.connection.cursor()) as cursor, cursor.copy(wanted) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.OperationalError as error:
        # the driver's own cursor raises the driver's own errors; `transaction` answers to SQLAlchemy's
        raise OperationalError(table.name, None, error) from error
