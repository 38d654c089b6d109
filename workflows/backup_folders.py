"""A folder of backups: how one lies in it, what it says of itself, and what is wrong with it.

.. code-block:: text

    backups/
        20261122T204500Z/        one backup
            backup.json          what, when, by which program; the ledger and the tables before and after
            database/            PostgreSQL's base backup with its own manifest; absent where the server is an outside one
            documents.txt        SHA-256 and length of every document
            checkpoints/ keys/   the ledger's signed heads and public keys
            waiting/             what was delivered for jobs that had not run
            SHA256SUMS           of all this but the database's files, which their manifest has
        documents/               the documents of all backups, each once
        log/                     the database's received log, where somebody follows it

Other programs can verify it: ``sha256sum -c SHA256SUMS``, ``pg_verifybackup database``.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from geocode.faults import Fault, read_sentences
from store.base_backups import damaged_parts
from store.documents import document_digest, is_sha256
from store.errors import DamagedDocumentError
from workflows.errors import RefusedBackupError

__all__ = [
    "Backup",
    "Facts",
    "State",
    "check_backup",
    "check_parts",
    "fault",
    "find_backup",
    "find_backups",
    "refusal",
    "seal_backup",
]

FACTS, LISTED, SUMS = "backup.json", "documents.txt", "SHA256SUMS"
_NAME = re.compile(r"\d{8}T\d{6}Z")
_SENTENCES = read_sentences("workflows", "keeping.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The register at one moment: the ledger's size and root, and each table's number of rows and digest."""

    size: int
    root: str
    tables: dict[str, tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a backup says of itself.

    Attributes
    ----------
    program, server
        Versions of Luotu and of PostgreSQL.
    database
        The database's name in the private cluster; None where it is on an outside server, and not in the backup.
    line
        Whose log follows it: the system's number and timeline.
    migration
        At which the database was.
    begun, ended
        The register before the first and after the last file was copied; what is restored is between the two.
    documents, documents_bytes
        Their number and length.
    documents_damaged
        Documents that were damaged or gone already, and are not in the backup.
    private_key
        Whether the key that signs the ledger's heads is in it.
    """

    begun_at: datetime
    ended_at: datetime
    program: str
    server: str
    database: str | None
    line: str
    migration: str
    begun: State
    ended: State
    documents: int
    documents_bytes: int
    documents_damaged: list[str] = field(default_factory=list)
    private_key: bool = False


_FACTS = TypeAdapter(Facts)


@dataclass(frozen=True, slots=True)
class Backup:
    """A whole backup."""

    folder: Path
    facts: Facts

    @property
    def database(self) -> Path:
        """The database's files."""
        return self.folder / "database"

    @property
    def pool(self) -> Path:
        """The documents of all backups."""
        return self.folder.parent / "documents"

    @property
    def log(self) -> Path:
        """The received log; absent where nobody followed it."""
        return self.folder.parent / "log" / self.facts.line

    def documents(self) -> dict[str, int]:
        """Return the length of every document that is in it, by its SHA-256."""
        rows = [line.split() for line in (self.folder / LISTED).read_text(encoding="utf-8").splitlines()]
        return {row[0]: int(row[1]) for row in rows if len(row) > 1 and is_sha256(row[0])}


def refusal(kind: str, **values: Any) -> RefusedBackupError:
    """Return the error of a kind that `keeping.toml` has."""
    return RefusedBackupError([_SENTENCES.fault(kind, **values)])


def fault(kind: str, **values: Any) -> Fault:
    """Return the fault of a kind that `keeping.toml` has."""
    return _SENTENCES.fault(kind, **values)


def seal_backup(folder: Path, facts: Facts, documents: dict[str, int]) -> None:
    """Write what a backup says of itself and the sums of its files: the last that is written to it."""
    lines = (f"{sha256} {size}\n" for sha256, size in documents.items())
    (folder / LISTED).write_text("".join(lines), encoding="utf-8")
    (folder / FACTS).write_bytes(_FACTS.dump_json(facts, indent=2) + b"\n")
    sums = (f"{_sum(folder / name)}  {name}\n" for name in sorted(_own_files(folder)))
    (folder / SUMS).write_text("".join(sums), encoding="utf-8")


def find_backups(folder: Path) -> list[Backup]:
    """Return the whole backups in a folder, oldest first; those that were interrupted have no such name.

    What a backup says of itself may be damaged: `check_backup` finds that, and one that says nothing is left out.
    """
    found = sorted(path for path in folder.glob("*Z") if _NAME.fullmatch(path.name)) if folder.is_dir() else []
    return [backup for backup in map(_read, found) if backup is not None]


def find_backup(place: Path, *, until: datetime | None = None) -> Backup:
    """Return a backup by its own folder, or the newest one in a folder of backups.

    Parameters
    ----------
    until
        The newest one that had ended by then.

    Raises
    ------
    RefusedBackupError
        There is none, or it says nothing that can be read: what is wrong with it then.
    """
    if (place / SUMS).exists():
        backup = _read(place)
        if backup is None:
            raise RefusedBackupError([*_wrong_sums(place)] or [fault("no_backup", place=place)])
        found = [backup]
    else:
        found = find_backups(place)
        if not found:
            raise refusal("no_backup", place=place)
    in_time = [each for each in found if until is None or each.facts.ended_at <= until]
    if not in_time:
        raise refusal("no_backup_before", place=place, until=until)
    return in_time[-1]


def check_backup(backup: Backup) -> Iterator[Fault]:
    """Yield what is wrong with a backup, each with its place: every file of it is read."""
    yield from check_parts(backup)
    for sha256 in backup.documents():
        place = backup.pool / sha256[:2] / sha256
        try:
            if document_digest(backup.pool, sha256) != sha256:
                yield fault("part_changed", place=place)
        except DamagedDocumentError:
            yield fault("part_missing", place=place)


def check_parts(backup: Backup) -> Iterator[Fault]:
    """Yield what is wrong with a backup but for its documents."""
    yield from _wrong_sums(backup.folder)
    if backup.facts.database is not None:
        for said in damaged_parts(backup.database):
            yield fault("database_damaged", place=backup.database, said=said)


def _wrong_sums(folder: Path) -> Iterator[Fault]:
    lines = (folder / SUMS).read_text(encoding="utf-8", errors="replace").splitlines()
    wanted = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    there = _own_files(folder)
    for name in sorted(there - wanted.keys()):
        yield fault("part_unknown", place=folder / name)
    for name, digest in wanted.items():
        if name not in there:
            yield fault("part_missing", place=folder / name)
        elif _sum(folder / name) != digest:
            yield fault("part_changed", place=folder / name)


def _own_files(folder: Path) -> set[str]:
    """Return the files that a backup's sums are of: all but those that the database's manifest has."""
    database = folder / "database"
    seen = (path for path in folder.rglob("*") if path.is_file())
    own = (path for path in seen if path.parent == database / "pg_wal" or database not in path.parents)
    manifest = [database / "backup_manifest"] if database.exists() else []
    return {path.relative_to(folder).as_posix() for path in (*own, *manifest)} - {SUMS}


def _sum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read(folder: Path) -> Backup | None:
    try:
        return Backup(folder, _FACTS.validate_json((folder / FACTS).read_bytes()))
    except (OSError, ValidationError):
        return None
