"""Which migration a database is at, which this program knows, and whether the two can work together.

Migrations expand before they contract: one adds what the new program needs and leaves what the old one uses; a later one, of
a later release, takes that away. So while an installation is upgraded both work. A migration that leaves the programs of an
earlier one at work says from which on by ``serves_from``; without that it serves its own program alone. What the newest one
says stands in the database, since an older program does not have its file.
"""

from pathlib import Path
from typing import Any, NamedTuple

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from geocode import Text, __version__
from store.errors import OtherSchemaError

__all__ = [
    "Migration",
    "alembic_settings",
    "is_newer",
    "known_migration",
    "migration_of",
    "pending_migrations",
    "refuse_other_schema",
    "tell_oldest",
]

_MIGRATIONS = Path(__file__).parent / "migrations"


class Migration(NamedTuple):
    """A migration, and what it brings in a sentence."""

    name: str
    brings: str


def known_migration() -> str:
    """Return the newest migration that this version of the program knows."""
    # by the files' names: reading them takes longer than most commands
    return max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))[:4]


def migration_of(connection: Connection) -> str:
    """Return the migration at which the database is; empty where it has none."""
    if connection.execute(text("select to_regclass('alembic_version')")).scalar() is None:
        return ""
    return str(connection.execute(text("select version_num from alembic_version")).scalar() or "")


def pending_migrations(connection: Connection) -> list[Migration]:
    """Return the migrations that the database lacks, in order.

    Raises
    ------
    OtherSchemaError
        A newer program has made the database.
    """
    if is_newer(connection):
        raise OtherSchemaError(_newer(migration_of(connection)))
    now = migration_of(connection)
    return [Migration(each.revision, each.doc) for each in _scripts() if each.revision > now]


def is_newer(connection: Connection) -> bool:
    """Tell whether the database is at a migration that this program does not know."""
    return migration_of(connection) > known_migration()


def refuse_other_schema(connection: Connection) -> None:
    """Raise where this program cannot work in the database.

    Raises
    ------
    OtherSchemaError
        The database lacks migrations, or a newer program has made it and does not say that this one may go on.
    """
    now, known = migration_of(connection), known_migration()
    if now < known:
        raise OtherSchemaError(_older(now, known))
    if now > known and not _serves(connection, known):
        raise OtherSchemaError(_newer(now))


def tell_oldest(connection: Connection) -> None:
    """Write into the database, as its owner, from which migration on programs may work in it."""
    now = migration_of(connection)
    oldest = max(getattr(each.module, "serves_from", each.revision) for each in _scripts() if each.revision <= now)
    connection.execute(text(f"comment on table alembic_version is '{oldest}'"))


def alembic_settings() -> Config:
    """Return the settings of Alembic: where our migrations are."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _serves(connection: Connection, known: str) -> bool:
    oldest = connection.execute(text("select obj_description('alembic_version'::regclass, 'pg_class')")).scalar()
    return oldest is not None and str(oldest) <= known


def _scripts() -> list[Any]:
    """Return the migrations as Alembic reads them, in order."""
    return sorted(ScriptDirectory.from_config(alembic_settings()).walk_revisions(), key=lambda each: each.revision)


def _older(now: str, known: str) -> Text:
    return Text(
        f"数据库为迁移 {now or '无'},本程序({__version__})需要 {known}。先备份,再运行 `luotu db upgrade`。",
        f"The database is at migration {now or 'none'}, and this program ({__version__}) needs {known}: back it up, then run "
        "`luotu db upgrade`.",
    )


def _newer(now: str) -> Text:
    return Text(
        f"数据库为迁移 {now},由较新的程序写成;本程序({__version__})只认识到 {known_migration()}。请安装新版本。",
        f"The database is at migration {now}, made by a newer program; this one ({__version__}) knows those up to "
        f"{known_migration()}. Install the newer one.",
    )
