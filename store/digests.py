"""What two copies of the register are compared by: each table's rows, counted and hashed; the ledger's size and root."""

from contextlib import closing
from typing import NamedTuple

from sqlalchemy import BigInteger, Table, cast, func, inspect, literal_column, select, text
from sqlalchemy import Text as TextType

from store.database import Connection, Database, OpenLine
from store.ledger import ledger_frontier, ledger_size
from store.schema import metadata

__all__ = [
    "Line",
    "TableDigest",
    "cluster_line",
    "ledger_root",
    "server_version",
    "set_awaited",
    "table_digests",
]


class TableDigest(NamedTuple):
    """How many rows a table has, and the sum of their hashes: the same for the same rows, in whatever order they lie."""

    rows: int
    digest: str


class Line(NamedTuple):
    """Whose log a server writes: the system's number, given when it was made, and the timeline, one more after a recovery."""

    system: int
    timeline: int

    @property
    def name(self) -> str:
        """The folder of its received log."""
        return f"{self.system}-{self.timeline}"


def table_digests(connection: Connection) -> dict[str, TableDigest]:
    """Return the digest of each of our tables that the database has, as the transaction sees it; for their owner.

    A row counts with 60 bits of the SHA-256 of its text.
    """
    there = set(inspect(connection).get_table_names())
    return {
        table.name: _digest(connection, table)
        for table in sorted(metadata.tables.values(), key=lambda each: each.name)
        if table.name in there
    }


def ledger_root(connection: Connection, size: int | None = None) -> tuple[int, str]:
    """Return the ledger's size and root in hexadecimal, or those of its first events.

    Raises
    ------
    KeyError
        The ledger has not so many events.
    """
    size = ledger_size(connection) if size is None else size
    return size, ledger_frontier(connection, size).root().hex()


def cluster_line(connection: Connection) -> Line:
    """Return whose log the server writes."""
    asked = "select system_identifier, timeline_id from pg_control_system(), pg_control_checkpoint()"
    return Line(*connection.execute(text(asked)).one())


def server_version(connection: Connection) -> str:
    """Return the version of PostgreSQL."""
    return str(connection.execute(text("show server_version")).scalar_one())


def set_awaited(database: Database, receiver: str | None) -> None:
    """Have every commit wait until a receiver of the log has it safe too, or wait for none; for the cluster's superuser.

    Raises
    ------
    DatabaseError
        The server cannot be reached: it waits as it did.
    """
    line = OpenLine(database)
    with closing(line), line.opened() as connection:
        connection.execute(text(f"alter system set synchronous_standby_names = '{receiver or ''}'"))
        # what the receiver has not fetched is kept for it, but not until the disk is full
        connection.execute(text("alter system set max_slot_wal_keep_size = '10GB'"))
        connection.execute(text("select pg_reload_conf()"))


def _digest(connection: Connection, table: Table) -> TableDigest:
    row = func.convert_to(cast(table.table_valued(), TextType), "UTF8")
    bits = cast(func.concat("x", func.left(func.encode(func.sha256(row), "hex"), 15)), TextType)
    number = cast(bits.op("::")(literal_column("bit(60)")), BigInteger)
    rows, digest = connection.execute(select(func.count(), func.coalesce(func.sum(number), 0)).select_from(table)).one()
    return TableDigest(rows, f"{int(digest):x}")
