"""The database of an installation: started, made, migrated, opened."""

from collections.abc import Iterator
from contextlib import contextmanager

from store.cluster import SERVICE, ClusterStatus, cluster_status, create_database, start_cluster, stop_cluster
from store.cluster import database_url as cluster_url
from store.database import Database, connect, migrate
from workflows.ledgers import seal_ledger
from workflows.settings import Settings

__all__ = ["Database", "database_status", "open_database", "opened_database", "start_database", "stop_database"]


def start_database(settings: Settings) -> None:
    """Start the private cluster unless a server is named, make the database if need be, and migrate it as its owner.

    Raises
    ------
    ClusterError, DatabaseError
        What is missing or in the way, and what to do.
    """
    if not settings.database_url:
        create_database(start_cluster(settings.cluster).database(settings.database_name))
    with _opened(open_database(settings)) as database, _opened(connect(_owner_url(settings))) as owned:
        # one role for everything, where the server's operator has made one only: its triggers guard the history then
        is_apart = database.url.username != owned.url.username
        migrate(owned, service=database.url.username if is_apart else None)


def open_database(settings: Settings, *, is_patient: bool = False) -> Database:
    """Return the installation's database, as the service's role; nothing is started, and no connection is made before it is used.

    Parameters
    ----------
    is_patient
        As that of `store.database.connect`.
    """
    address = settings.database_url or cluster_url(settings.cluster, settings.database_name, role=SERVICE)
    return connect(address, is_patient=is_patient)


@contextmanager
def opened_database(settings: Settings, *, sealing: bool = True, is_patient: bool = False) -> Iterator[Database]:
    """Open the installation's database; at the end sign what was added to the ledger, and close the connections."""
    with _opened(open_database(settings, is_patient=is_patient)) as database:
        yield database
        if sealing:
            seal_ledger(database, settings)


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
