"""How the register and its database stand, for those who run it."""

from functools import cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Row, text

from store.database import Connection, Database, statement

__all__ = ["commit_wait_s", "is_migrated", "most_connections", "read_figures", "used_connections"]


def read_figures(connection: Connection) -> Row[Any]:
    """Return ``jobs, queued, owed, owed_for_s, events, signed, head_age_s, rows``, as the statement's file says."""
    return connection.execute(statement("figures")).one()


def commit_wait_s(connection: Connection) -> float:
    """Return for how long the oldest commit has waited, in seconds, for a receiver of the log to have it safe; 0 where none waits."""
    return float(connection.execute(statement("commit_wait")).scalar_one())


def is_migrated(connection: Connection) -> bool:
    """Tell whether the database is at our newest migration, or at one that is not ours yet, made by a newer release."""
    revision = MigrationContext.configure(connection).get_current_revision()
    ours = _revisions()
    return revision is not None and (revision == ours[0] or revision not in ours)


def most_connections(connection: Connection) -> int:
    """Return how many connections the server takes from roles such as the service's, all of them together."""
    asked = "select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
    return int(connection.execute(text(asked)).scalar_one())


def used_connections(database: Database) -> int:
    """Return how many connections of this process are in use."""
    return int(database.pool.checkedout())  # type: ignore[attr-defined]


@cache
def _revisions() -> tuple[str, ...]:
    """Return our migrations, the newest first."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return tuple(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())
