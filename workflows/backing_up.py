"""Backups made: the database's files, the documents, the ledger's heads and public keys; all of it or nothing."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from geocode import __version__
from store.base_backups import forget_receiver, receive_log, take_base_backup
from store.cluster import ClusterUrl, cluster_status, start_cluster, stop_cluster
from store.database import Connection, Database, transaction
from store.digests import cluster_line, ledger_root, server_version, set_awaited, table_digests
from store.documents import copy_document, has_document, keep_twice, waiting_bytes
from store.errors import DamagedDocumentError, DatabaseError
from store.ledger import hold_still
from store.upgrading import migration_of
from store.verifying import document_sizes
from workflows.backup_folders import Backup, Facts, State, check_parts, refusal, seal_backup
from workflows.databases import opened_database, opened_owned
from workflows.errors import RefusedBackupError
from workflows.settings import Settings

__all__ = ["follow_log", "make_backup", "state_of"]

PUBLIC_KEYS, PRIVATE_KEY = "ledger.keys", "ledger.pem"
_RECEIVER = "luotu_backup"


def make_backup(settings: Settings, folder: Path, *, private_key: bool = False) -> Backup:
    """Back up the installation into a new folder in a folder of backups, verify it, and return it; the service goes on.

    An outside database is not copied: what is said of it, its ledger's head and tables' digests, shows later that what its
    own administrator restored is the same.

    Parameters
    ----------
    private_key
        Whether the key that signs the ledger's heads is copied too: who has it can sign in the installation's name.

    Raises
    ------
    RefusedBackupError
        Another backup is being written there, or what was written is not whole.
    ClusterError, DatabaseError
        The database cannot be read.
    """
    with _alone(folder):
        begun_at = datetime.now(UTC)
        partial = folder / f".{begun_at:%Y%m%dT%H%M%SZ}.partial"
        partial.mkdir()
        try:
            facts, documents = _copied(settings, partial, begun_at, private_key=private_key)
            seal_backup(partial, facts, documents)
            _refuse_damaged(Backup(partial, facts))
            _settle(partial)
            whole = folder / partial.name[1:].removesuffix(".partial")
            partial.rename(whole)
            _sync(folder)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return Backup(whole, facts)


def follow_log(settings: Settings, folder: Path, *, synchronous: bool) -> int:
    """Receive the private cluster's log into a folder of backups as it is written, until ended; return the exit code.

    Parameters
    ----------
    synchronous
        Whether nothing is answered before its log is safe in the folder too, and documents that come are. When the following
        is ended in order that wish is taken back; when it dies, the service waits until it follows again.

    Raises
    ------
    RefusedBackupError
        The database is on an outside server.
    """
    if settings.database_url:
        raise refusal("outside_log")
    address = start_cluster(settings.cluster)
    with opened_owned(settings) as owned:
        with transaction(owned) as connection:
            line = cluster_line(connection)
        _keep_twice(settings, folder / "documents" if synchronous else None)
        set_awaited(owned, _RECEIVER if synchronous else None)
        try:
            return receive_log(address, folder / "log" / line.name, slot=_RECEIVER)
        finally:
            _keep_twice(settings, None)
            try:
                set_awaited(owned, None)
            except DatabaseError:
                forget_receiver(settings.cluster)


def state_of(connection: Connection) -> State:
    """Return the register as a transaction sees it, held still, for its owner."""
    size, root = ledger_root(connection)
    return State(
        size=size,
        root=root,
        tables={name: (each.rows, each.digest) for name, each in table_digests(connection).items()},
    )


def _keep_twice(settings: Settings, second: Path | None) -> None:
    """Have documents kept in a second folder too; a bucket is a second place already."""
    if isinstance(settings.documents, Path):
        keep_twice(settings.documents, second)


def _refuse_damaged(made: Backup) -> None:
    if wrong := list(check_parts(made)):
        raise RefusedBackupError(wrong)


def _copied(
    settings: Settings, partial: Path, begun_at: datetime, *, private_key: bool
) -> tuple[Facts, dict[str, int]]:
    with _running(settings) as address, opened_owned(settings) as owned:
        with opened_database(settings):
            pass  # the newest events are under a head that is kept
        with transaction(owned) as connection:
            line = cluster_line(connection).name if address else ""
            about = {"server": server_version(connection), "migration": migration_of(connection)}
        begun = _held_still(owned)
        # before the database, which then has every head that is kept; the documents after it: they are all that it knows
        _copy_outside(settings, partial, private_key=private_key)
        if address:
            take_base_backup(address, partial / "database")
        _copy_waiting(settings, partial)
        ended = _held_still(owned)
        with transaction(owned) as connection:
            sizes = document_sizes(connection)
        damaged = list(_copy_documents(settings, sizes, partial.parent / "documents"))
    kept = {sha256: size for sha256, size in sizes.items() if sha256 not in damaged}
    facts = Facts(
        begun_at=begun_at,
        ended_at=datetime.now(UTC),
        program=__version__,
        database=settings.database_name if address else None,
        line=line,
        begun=begun,
        ended=ended,
        documents=len(kept),
        documents_bytes=sum(kept.values()),
        documents_damaged=damaged,
        private_key=(partial / "keys" / PRIVATE_KEY).exists(),
        **about,
    )
    return facts, kept


@contextmanager
def _running(settings: Settings) -> Iterator[ClusterUrl | None]:
    """Lend the address of the private cluster, which then runs, and afterwards as it did before; None for an outside one."""
    if settings.database_url:
        yield None
        return
    state = cluster_status(settings.cluster).state
    if state == "absent":
        raise refusal("nothing_here", place=settings.home)
    address = start_cluster(settings.cluster)
    try:
        yield address
    finally:
        if state == "stopped":
            stop_cluster(settings.cluster)


def _held_still(owned: Database) -> State:
    with transaction(owned) as connection:
        hold_still(connection)
        return state_of(connection)


def _copy_outside(settings: Settings, partial: Path, *, private_key: bool) -> None:
    """Copy what the ledger keeps outside the database."""
    if settings.checkpoints.exists():
        shutil.copytree(settings.checkpoints, partial / "checkpoints")
    keys = partial / "keys"
    keys.mkdir(mode=0o700)
    for name in (PUBLIC_KEYS, *([PRIVATE_KEY] if private_key else [])):
        if (settings.keys / name).exists():
            shutil.copy2(settings.keys / name, keys / name)


def _copy_waiting(settings: Settings, partial: Path) -> None:
    waiting = waiting_bytes(settings.documents)
    for path in waiting.glob("??/*"):
        try:
            copy_document(waiting, path.name, partial / "waiting")
        except (DamagedDocumentError, ValueError):
            continue  # its job has ended meanwhile, or it is half a copy


def _copy_documents(settings: Settings, sizes: dict[str, int], pool: Path) -> Iterator[str]:
    """Copy the documents that no earlier backup has whole, and yield those that are damaged or gone."""
    for sha256 in sizes:
        try:
            if not has_document(pool, sha256):
                copy_document(settings.documents, sha256, pool)
        except DamagedDocumentError:
            yield sha256


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder of backups, made where it is missing, and clear it of what was interrupted."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in folder.glob(".*.partial"):
            shutil.rmtree(left)
        yield
    except BlockingIOError as error:
        raise refusal("backup_running", place=folder) from error
    finally:
        os.close(handle)


def _settle(folder: Path) -> None:
    """Have all of a folder safe on disk; the database's files are so already."""
    for path in (folder, *folder.rglob("*")):
        if folder / "database" not in path.parents:
            _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
