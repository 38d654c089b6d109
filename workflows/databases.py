"""The database of an installation: started, made, migrated, opened."""

from collections.abc import Iterator
from contextlib import contextmanager

from store.cluster import SERVICE, ClusterStatus, cluster_status, create_database, start_cluster, stop_cluster
from store.cluster import database_url as cluster_url
from store.database import Database, connect, migrate, transaction
from store.errors import ClusterError
from store.upgrading import Migration, pending_migrations, refuse_other_schema
from store.walls import as_system
from workflows.ledgers import seal_ledger
from workflows.settings import Settings

__all__ = [
    "Database",
    "database_status",
    "lacking_migrations",
    "open_database",
    "opened_database",
    "opened_owned",
    "start_database",
    "stop_database",
    "upgrade_database",
]


RESTORING = "restoring"
"""In a home: what is being restored and is not whole yet."""


def start_database(settings: Settings) -> None:
    """Start the private cluster unless a server is named, make the database if need be, and migrate it as its owner.

    Raises
    ------
    ClusterError, DatabaseError
        What is missing or in the way, and what to do.
    """
    if (settings.home / RESTORING).exists():
        raise ClusterError(
            f"A restore was interrupted in {settings.home}: run `luotu restore` again, or remove {settings.home / RESTORING}."
        )
    if not settings.database_url:
        create_database(start_cluster(settings.cluster).database(settings.database_name))
    with _opened(open_database(settings)) as database, _opened(connect(_owner_url(settings))) as owned:
        # one role for everything, where the server's operator has made one only: its triggers guard the history then
        is_apart = database.url.username != owned.url.username
        migrate(owned, service=database.url.username if is_apart else None)


def upgrade_database(settings: Settings) -> list[Migration]:
    """Bring the database to this version of the program, the private cluster started for it, and return what was done.

    Raises
    ------
    ClusterError, DatabaseError, OtherSchemaError
        As `start_database`.
    """
    if not settings.database_url:
        create_database(start_cluster(settings.cluster).database(settings.database_name))
    lacking = lacking_migrations(settings)
    start_database(settings)
    return lacking


def lacking_migrations(settings: Settings) -> list[Migration]:
    """Return the migrations that the installation's database lacks, in order; nothing is started or changed.

    Raises
    ------
    ClusterError, DatabaseError, OtherSchemaError
        It cannot be reached, or a newer program has made it.
    """
    with opened_owned(settings) as owned, transaction(owned) as connection:
        return pending_migrations(connection)


def open_database(settings: Settings, *, is_patient: bool = False) -> Database:
    """Return the installation's database, as the service's role; nothing is started, and no connection is made before it is used.

    Parameters
    ----------
    is_patient
        As that of `store.database.connect`.
    """
    address = settings.database_url or cluster_url(settings.cluster, settings.database_name, role=SERVICE)
    # as many again where they are all in use
    return connect(address, pool_size=settings.connections // 2, is_patient=is_patient)


@contextmanager
def opened_database(settings: Settings, *, sealing: bool = True, is_patient: bool = False) -> Iterator[Database]:
    """Open the installation's database; at the end sign what was added to the ledger, and close the connections.

    Raises
    ------
    OtherSchemaError
        It is not as this version of the program knows it.
    """
    with _opened(open_database(settings, is_patient=is_patient)) as database:
        with transaction(database) as connection:
            refuse_other_schema(connection)
        yield database
        if sealing:
            seal_ledger(database, settings)


@contextmanager
def opened_owned(settings: Settings) -> Iterator[Database]:
    """Open the installation's database as the owner of its tables, who alone sees and may do everything in it."""
    with _opened(connect(_owner_url(settings), is_patient=True)) as owned:
        yield as_system(owned)


def stop_database(settings: Settings) -> bool:
    """Stop the private cluster and return whether it ran."""
    return stop_cluster(settings.cluster)


def database_status(settings: Settings) -> ClusterStatus:
    """Return whether the private cluster runs."""
    return cluster_status(settings.cluster)


def _owner_url(settings: Settings) -> str:
    if settings.database_url:
        return settings.owner_url or settings.database_url
    return cluster_url(settings.cluster, settings.database_name)


@contextmanager
def _opened(database: Database) -> Iterator[Database]:
    try:
        yield database
    finally:
        database.dispose()
