"""The database of an installation: started, made, migrated, opened."""

from collections.abc import Iterator
from contextlib import contextmanager

from store.cluster import ClusterStatus, cluster_status, create_database, start_cluster, stop_cluster
from store.cluster import database_url as cluster_url
from store.database import Database, connect, migrate
from workflows.settings import Settings

__all__ = ["Database", "database_status", "open_database", "opened_database", "start_database", "stop_database"]


def start_database(settings: Settings) -> None:
    """Start the private cluster unless a server is named, make the database if need be, and migrate it.

    Raises
    ------
    ClusterError, DatabaseError
        What is missing or in the way, and what to do.
    """
    if not settings.database_url:
        create_database(start_cluster(settings.cluster).database(settings.database_name))
    with opened_database(settings) as database:
        migrate(database)


def open_database(settings: Settings) -> Database:
    """Return the installation's database; nothing is started, and no connection is made before it is used."""
    return connect(settings.database_url or cluster_url(settings.cluster, settings.database_name))


@contextmanager
def opened_database(settings: Settings) -> Iterator[Database]:
    """Open the installation's database, and close its connections at the end."""
    database = open_database(settings)
    try:
        yield database
    finally:
        database.dispose()


def stop_database(settings: Settings) -> bool:
    """Stop the private cluster and return whether it ran."""
    return stop_cluster(settings.cluster)


def database_status(settings: Settings) -> ClusterStatus:
    """Return whether the private cluster runs."""
    return cluster_status(settings.cluster)
