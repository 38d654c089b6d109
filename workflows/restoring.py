"""Backups restored: into an empty home, verified before and after; all of it or nothing."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from geocode.faults import Fault
from store.base_backups import log_gap, recover_cluster
from store.cluster import move_cluster, remove_cluster, stop_cluster
from store.database import transaction
from store.digests import ledger_root
from store.documents import copy_document, document_path, has_document, keep_bytes, open_document, waiting_bytes
from store.errors import DamagedDocumentError
from store.ledger import hold_still
from store.upgrading import known_migration
from store.verifying import document_sizes
from workflows.backing_up import PRIVATE_KEY, state_of
from workflows.backup_folders import Backup, State, check_backup, fault, find_backup, refusal
from workflows.databases import RESTORING, opened_database, opened_owned, start_database
from workflows.errors import RefusedBackupError
from workflows.settings import Settings
from workflows.verifying import verify_database

__all__ = ["Restored", "restore_backup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored.

    Attributes
    ----------
    size, root
        The ledger as it is now.
    tables
        How many tables were found to be row by row what they were; the others changed while the backup was made.
    has_key
        Whether the key that signs was restored; the first new head is signed by a new one where it was not.
    faults
        What is wrong all the same, where it was asked for in any state.
    """

    backup: Backup
    size: int
    root: str
    tables: int
    has_key: bool
    faults: list[Fault]


def restore_backup(settings: Settings, place: Path, *, until: datetime | None = None, anyway: bool = False) -> Restored:
    """Restore a backup into the installation's empty home, and return what is there then; nothing is, where anything is wrong.

    Before, every file of the backup is verified. After, the ledger must extend the one that was backed up, tables that did not
    change meanwhile must be what they were, and nothing may be wrong with the ledger, the register and the documents.

    Parameters
    ----------
    place
        A backup, or a folder of backups: the newest then.
    until
        The last moment that is wanted, where the database's log was followed; all of it where it is None.
    anyway
        Whether what is damaged, or was when it was backed up, is told and no reason to restore nothing.

    Raises
    ------
    RefusedBackupError
        There is no whole backup, the home is not empty, or what was restored is not what was backed up: all that is wrong.
    ClusterError, DatabaseError
        The database cannot be started or read.
    """
    backup = find_backup(place, until=until)
    _refuse_full(settings.home)
    _refuse(_hindrances(settings, backup, until))
    wrong = _told(check_backup(backup), anyway=anyway)
    with _all_or_nothing(settings) as side:
        _copy_files(backup, side)
        if backup.facts.database is not None:
            recover_cluster(side.cluster, backup.database, log=backup.log, until=until)
        restored, same, others = _compared(side, backup)
        wrong += _told(others, anyway=anyway)
        _copy_documents(backup, side)
        start_database(side)
        wrong += _told(_findings(side), anyway=anyway)
        stop_cluster(side.cluster)
    return Restored(
        backup=backup,
        size=restored.size,
        root=restored.root,
        tables=same,
        has_key=(settings.keys / PRIVATE_KEY).exists(),
        faults=wrong,
    )


def _refuse_full(home: Path) -> None:
    for entry in home.iterdir() if home.exists() else ():
        if entry.name != RESTORING:
            raise refusal("home_not_empty", place=home, entry=entry.name)


def _hindrances(settings: Settings, backup: Backup, until: datetime | None) -> Iterator[Fault]:
    """Yield what keeps a backup, whole as it may be, from being restored here."""
    facts, is_outside = backup.facts, bool(settings.database_url)
    if facts.migration > known_migration():
        yield fault("newer_backup", theirs=facts.migration, program=facts.program, ours=known_migration())
    if facts.database is None and not is_outside:
        yield fault("outside_database")
    if facts.database is not None and is_outside:
        yield fault("inside_database")
    if facts.database is None and until is not None:
        yield fault("outside_until")
    if facts.database is not None and (gap := log_gap(backup.database, backup.log)):
        yield fault("log_gap", place=backup.log, first=gap[0], last=gap[1])


@contextmanager
def _all_or_nothing(settings: Settings) -> Iterator[Settings]:
    """Lend the settings of a home beside, whose contents become the home's at the end; an error removes them."""
    side = settings.model_copy(update={"home": settings.home / RESTORING})
    _remove(side)
    side.home.mkdir(parents=True)
    try:
        yield side
    except BaseException:
        _remove(side)
        raise
    # the cluster last: without it there is no register
    for path in sorted(side.home.iterdir(), key=lambda path: path == side.cluster):
        (move_cluster if path == side.cluster else Path.rename)(path, settings.home / path.name)
    side.home.rmdir()


def _remove(side: Settings) -> None:
    remove_cluster(side.cluster)
    shutil.rmtree(side.home, ignore_errors=True)


def _copy_files(backup: Backup, side: Settings) -> None:
    for name, target in (("checkpoints", side.checkpoints), ("keys", side.keys)):
        if (backup.folder / name).exists():
            shutil.copytree(backup.folder / name, target)
    if (backup.folder / "waiting").exists():
        shutil.copytree(backup.folder / "waiting", waiting_bytes(side.documents))


def _copy_documents(backup: Backup, side: Settings) -> None:
    """Copy the documents that the restored database knows, with those that came after the backup; verifying finds what lacks."""
    with opened_owned(side) as owned, transaction(owned) as connection:
        known = document_sizes(connection)
    for sha256 in known:
        with suppress(DamagedDocumentError):
            if isinstance(side.documents, Path):
                copy_document(backup.pool, sha256, side.documents)
            elif not has_document(side.documents, sha256):
                with open_document(backup.pool, sha256):
                    keep_bytes(side.documents, document_path(backup.pool, sha256), sha256)


def _compared(side: Settings, backup: Backup) -> tuple[State, int, list[Fault]]:
    """Return the database that was restored as it is, how many tables are as they were, and what is not as the backup says."""
    begun, ended = backup.facts.begun, backup.facts.ended
    # what the log adds is more than the backup knows of
    unchanged = (
        [] if backup.log.exists() else [name for name in begun.tables if begun.tables[name] == ended.tables[name]]
    )
    with opened_owned(side) as owned, transaction(owned) as connection:
        hold_still(connection)
        found = state_of(connection)
        if found.size < begun.size or ledger_root(connection, begun.size)[1] != begun.root:
            raise refusal("other_head", size=begun.size, root=begun.root)
    others = [name for name in unchanged if found.tables.get(name) != begun.tables[name]]
    faults = [
        fault("other_table", table=name, rows=found.tables.get(name, (0, ""))[0], wanted=begun.tables[name][0])
        for name in others
    ]
    return found, len(unchanged) - len(others), faults


def _findings(side: Settings) -> Iterator[Fault]:
    """Yield what is wrong with the ledger, the register and the documents."""
    with opened_database(side, sealing=False) as database:
        yield from (each.fault for each in verify_database(database, side).findings)


def _refuse(faults: Iterable[Fault]) -> None:
    if wrong := list(faults):
        raise RefusedBackupError(wrong)


def _told(faults: Iterable[Fault], *, anyway: bool) -> list[Fault]:
    """Return what is wrong where it is to be restored all the same, else raise it."""
    wrong = list(faults)
    if not anyway:
        _refuse(wrong)
    return wrong
