"""The database: its engine, its transactions, its migrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from psycopg.pq import Format
from sqlalchemy import Connection, Engine, TextClause, create_engine, event, text
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from geocode import Text
from store.errors import DatabaseError, UnfitValueError
from store.rights import grant_rights
from store.schema import metadata
from store.upgrading import alembic_settings, is_newer, migration_of, refuse_other_schema, tell_oldest
from store.walls import as_system, raise_wall

__all__ = [
    "IN_BINARY",
    "Connection",
    "Database",
    "OpenLine",
    "connect",
    "is_ours",
    "migrate",
    "migration_drift",
    "statement",
    "transaction",
]

Database: TypeAlias = Engine
IN_BINARY = "luotu_in_binary"
"""Option of a statement whose answer comes in binary."""
_STATEMENT_TIMEOUT = "60s"
# of who has time, and waits for others' locks
_PATIENT_TIMEOUT = "30min"
_CANCELED = "57014"
# One core, and a plan for whatever is asked: that of the same few statements again and again is never another.
_ALONE = "set max_parallel_workers_per_gather = 0; set plan_cache_mode = force_generic_plan"


def connect(url: str, *, pool_size: int = 8, is_patient: bool = False) -> Database:
    """Return the engine for a database; nothing is opened before the first transaction.

    Parameters
    ----------
    is_patient
        Whether a statement may take half an hour, as while a large delivery of somebody else is written; else a minute.
    """
    timeout = _PATIENT_TIMEOUT if is_patient else _STATEMENT_TIMEOUT
    engine = create_engine(
        url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True, isolation_level="READ COMMITTED"
    )

    @event.listens_for(engine, "connect")
    def settle(connection: object, _record: object) -> None:
        with connection.cursor() as cursor:  # type: ignore[attr-defined]
            # the planner's JIT costs 50 ms on queries that take one
            cursor.execute(f"set jit = off; set statement_timeout = '{timeout}'; set timezone = 'UTC'")
        connection.commit()  # type: ignore[attr-defined]

    @event.listens_for(engine, "before_cursor_execute")
    def choose_format(_connection: Connection, cursor: Any, _text: str, _given: Any, context: Any, _many: bool) -> None:  # noqa: FBT001
        # bytes are twice as long as text, and take ten times as long to read
        if context is not None and context.execution_options.get(IN_BINARY):
            cursor.format = Format.BINARY

    return engine


@contextmanager
def transaction(database: Database) -> Iterator[Connection]:
    """Open one transaction, READ COMMITTED: committed at the end, undone by any error.

    It sees of the offices' rows what the database was handed on for (`store.walls`): none where nobody said.

    Raises
    ------
    DatabaseError
        The server cannot be reached, or it broke the transaction off: nothing of it is stored.
    UnfitValueError
        A value is none that the database holds.
    """
    try:
        connection = database.connect()
    except (OperationalError, PoolTimeoutError) as error:
        raise DatabaseError(_unreachable(database, error)) from error
    try:
        with connection, connection.begin():
            raise_wall(connection)
            yield connection
    except OperationalError as error:
        raise DatabaseError(_broken_off(error)) from error
    except (DataError, UnicodeEncodeError) as error:
        raise UnfitValueError from error


class OpenLine:
    """One connection that stays open, for a thread that asks thousands of times a second and writes nothing.

    Each statement sees what was committed before it, as those of `transaction` do; there is no transaction around them.
    """

    def __init__(self, database: Database, *, is_alone: bool = False) -> None:
        """Take the database, and whether the same few statements are asked again and again, with others side by side."""
        self._database, self._is_alone = database, is_alone
        self._connection: Connection | None = None

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        """Lend the connection; one that breaks is replaced the next time.

        Raises
        ------
        DatabaseError
            As `transaction`.
        """
        try:
            if self._connection is None:
                self._connection = self._database.connect().execution_options(isolation_level="AUTOCOMMIT")
                raise_wall(self._connection, lasting=True)
                if self._is_alone:
                    self._connection.execute(text(_ALONE))
            yield self._connection
        except (OperationalError, PoolTimeoutError) as error:
            reached = self._connection is not None
            self.close()
            raise DatabaseError(
                _broken_off(error)
                if reached and isinstance(error, OperationalError)
                else _unreachable(self._database, error)
            ) from error

    def close(self) -> None:
        """Close the connection: nobody is to have it as it was set."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def migrate(database: Database, *, service: str | None = None, to: str = "head") -> None:
    """Bring the database to a migration, the newest by default, as its owner, and give the service's role its rights.

    Nothing happens where a newer program has made it and says that this one may go on.

    Raises
    ------
    OtherSchemaError
        A newer program has made it.
    """
    config = alembic_settings()
    with transaction(as_system(database)) as connection:
        # two processes that start at once migrate one after the other
        connection.execute(text("select pg_advisory_xact_lock(hashtext('luotu migrations'))"))
        if is_newer(connection):
            refuse_other_schema(connection)
            return
        config.attributes["connection"] = connection
        before = migration_of(connection)
        command.upgrade(config, to)
        if migration_of(connection) != before:
            tell_oldest(connection)
        if service is not None:
            grant_rights(connection, service)


def migration_drift(connection: Connection) -> list[object]:
    """Return the differences between the tables that migrations made and those of `store.schema`."""
    opts = {"include_name": is_ours, "include_object": _is_kept, "compare_type": True}
    context = MigrationContext.configure(connection, opts=opts)
    return list(compare_metadata(context, metadata))


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Tell whether a table is Luotu's and none of PostGIS's own."""
    return kind != "table" or name in metadata.tables


def _is_kept(thing: Any, _name: str | None, kind: str, _reflected: object, _compared: object) -> bool:
    """Tell whether the database keeps something of the schema as such: some foreign keys it asks for by the statement."""
    return kind != "foreign_key_constraint" or not any(key.info.get("at_once") for key in thing.elements)


@cache
def statement(name: str) -> TextClause:
    """Return the statement of a file in `store/sql`."""
    return text(files("store").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8"))


def _broken_off(error: OperationalError) -> Text:
    if getattr(error.orig, "sqlstate", None) == _CANCELED:
        return Text(
            "数据库等待过久:可能正在登记一份很大的成果。没有存储任何内容,请稍后重试。",
            "The database had to wait for too long: perhaps a very large delivery is being registered. "
            "Nothing of this is stored; try again later.",
        )
    reason = str(error.orig).strip().splitlines()[0]
    return Text(
        f"数据库中断了操作:{reason}。没有存储任何内容,请重试。",
        f"The database broke the operation off: {reason}. Nothing of it is stored; try again.",
    )


def _unreachable(database: Database, error: Exception) -> Text:
    # what comes first is what happened, unless it is the heading of several attempts; then come questions
    lines = str(getattr(error, "orig", error)).strip().splitlines()
    reason = next((line for line in lines if not line.endswith(":")), lines[0]).lstrip("- ").rstrip(".")
    address = database.url.render_as_string(hide_password=True)
    return Text(
        f"无法连接数据库 {address}:{reason}。用 `luotu db start` 启动,或在 DATABASE_URL 中指定另一个。",
        f"The database {address} cannot be reached: {reason}. "
        "Start it with `luotu db start`, or name another one in DATABASE_URL.",
    )
