"""Documents: the bytes as delivered, in a folder, named by their SHA-256; known to the database by office."""

import os
import shutil
from pathlib import Path
from tempfile import NamedTemporaryFile

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from store.database import Connection
from store.schema import document

__all__ = ["add_document", "document_path", "keep_bytes"]


def keep_bytes(folder: Path, source: Path, sha256: str) -> Path:
    """Copy a file into the document folder, safe on disk when this returns; the same bytes are kept once."""
    target = document_path(folder, sha256)
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as delivered, NamedTemporaryFile(dir=target.parent, delete=False) as copy:
        shutil.copyfileobj(delivered, copy)
        copy.flush()
        os.fsync(copy.fileno())
    Path(copy.name).replace(target)
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return target


def document_path(folder: Path, sha256: str) -> Path:
    """Return where the bytes of a hash are kept."""
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
