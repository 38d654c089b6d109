"""The wall between offices in the database itself: of which of them a transaction sees the rows, and may write any.

The policies of migration 0012 ask for it, of the tables that hold what is an office's own. A database is handed on as
somebody sees it; who says nothing sees nothing of any office. It guards against a statement that forgets whose rows it is
about, not against whoever may write statements of their own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine

__all__ = ["Offices", "as_seen", "as_system", "raise_wall", "seeing_all"]

Offices: TypeAlias = frozenset[int] | None
"""The offices whose rows are seen; None for all."""
_OPTION = "luotu_offices"
_ALL = "all"


def as_system(database: Engine) -> Engine:
    """Return a database as the system sees it, with the rows of every office: for what is done for nobody in particular."""
    return as_seen(database, lambda: None)


def as_seen(database: Engine, offices: Callable[[], Offices]) -> Engine:
    """Return a database as somebody sees it.

    Parameters
    ----------
    offices
        Tells, whenever a transaction begins, of which offices it sees the rows.
    """
    return database.execution_options(**{_OPTION: offices})


def raise_wall(connection: Connection, *, lasting: bool = False) -> None:
    """Have a connection see what its database was handed on for, and no more.

    Parameters
    ----------
    lasting
        Until the connection is closed, which must not go back to the pool then; else until the transaction ends.
    """
    seen: Callable[[], Offices] | None = connection.get_execution_options().get(_OPTION)
    _see(connection, _said(seen()) if seen is not None else "", scope="session" if lasting else "local")


@contextmanager
def seeing_all(connection: Connection) -> Iterator[None]:
    """Have the statements within see the rows of every office: what is asked is judged for all, and told to nobody."""
    before = connection.exec_driver_sql("select current_setting('luotu.offices', true)").scalar_one() or ""
    _see(connection, _ALL)
    try:
        yield
    finally:
        # one that failed is undone as a whole
        if connection.connection.driver_connection.info.transaction_status != TransactionStatus.INERROR:  # type: ignore[union-attr]
            _see(connection, before)


def _said(offices: Offices) -> str:
    return _ALL if offices is None else ",".join(map(str, sorted(offices)))


def _see(connection: Connection, said: str, *, scope: str = "local") -> None:
    # no query: one that came first would settle how the transaction is isolated
    connection.exec_driver_sql(f"set {scope} luotu.offices = '{said}'")
