"""Documents: the bytes as delivered, in a folder, named by their SHA-256; known to the database by office."""

import hashlib
import os
import re
import shutil
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from store.database import Connection
from store.errors import DamagedDocumentError
from store.schema import document

__all__ = ["add_document", "document_path", "is_sha256", "keep_bytes", "open_document", "waiting_bytes"]

_SHA256 = re.compile("[0-9a-f]{64}")


def keep_bytes(folder: Path, source: Path, sha256: str) -> Path:
    """Copy a file into the document folder, safe on disk when this returns; the same bytes are kept once."""
    target = document_path(folder, sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        _copy(source, target)
    # the names too: that of the file in its folder, and that of its folder
    for directory in (target.parent, folder):
        _sync_directory(directory)
    return target


def waiting_bytes(folder: Path) -> Path:
    """Return where, in a document folder, bytes are kept that no document is made of yet: those that jobs are about."""
    return folder / "waiting"


def open_document(folder: Path, sha256: str) -> BinaryIO:
    """Open the bytes of a hash, at their beginning, once all of them were read and found to have it.

    Raises
    ------
    DamagedDocumentError
        They are gone, or no longer those that were kept.
    """
    try:
        kept = document_path(folder, sha256).open("rb")
    except OSError as error:
        raise DamagedDocumentError(sha256, None) from error
    found = hashlib.file_digest(kept, "sha256").hexdigest()
    if found != sha256:
        kept.close()
        raise DamagedDocumentError(sha256, found)
    kept.seek(0)
    return kept


def is_sha256(text: str) -> bool:
    """Tell whether a text is a SHA-256 in hexadecimal."""
    return _SHA256.fullmatch(text) is not None


def document_path(folder: Path, sha256: str) -> Path:
    """Return where the bytes of a hash are kept.

    Raises
    ------
    ValueError
        The text is no SHA-256 in hexadecimal: it must not name a place outside the folder.
    """
    if not is_sha256(sha256):
        message = f"“{sha256}” is no SHA-256."
        raise ValueError(message)
    return folder / sha256[:2] / sha256


def add_document(connection: Connection, *, office_id: int, sha256: str, name: str, size_bytes: int) -> int:
    """Return the id of an office's document, adding it if it is not there yet."""
    connection.execute(
        insert(document)
        .values(office_id=office_id, sha256=sha256, name=name, size_bytes=size_bytes)
        .on_conflict_do_nothing()
    )
    wanted = select(document.c.id).where(document.c.office_id == office_id, document.c.sha256 == sha256)
    return int(connection.execute(wanted).scalar_one())


def _copy(source: Path, target: Path) -> None:
    """Copy a file: the whole of it under the target's name, or nothing."""
    with source.open("rb") as delivered, NamedTemporaryFile(dir=target.parent, delete=False) as copy:
        try:
            shutil.copyfileobj(delivered, copy)
            copy.flush()
            os.fsync(copy.fileno())
            Path(copy.name).replace(target)
        except BaseException:
            Path(copy.name).unlink()
            raise


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
