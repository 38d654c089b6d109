"""Documents: the bytes as delivered, in a folder or a bucket, named by their SHA-256; known to the database by office."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, TypeAlias, cast

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from geocode import Text
from store.buckets import Bucket
from store.database import Connection
from store.errors import BucketError, DamagedDocumentError, StoreError
from store.schema import document

__all__ = [
    "Documents",
    "add_document",
    "copy_document",
    "document_digest",
    "document_path",
    "has_document",
    "is_sha256",
    "keep_bytes",
    "keep_twice",
    "open_document",
    "waiting_bytes",
]

Documents: TypeAlias = Path | Bucket
"""Where documents are kept."""
_SECOND = "second"
_CHUNK_BYTES = 1 << 20
_SHA256 = re.compile("[0-9a-f]{64}")


def keep_bytes(documents: Documents, source: Path, sha256: str) -> None:
    """Keep the bytes of a file, safe on disk or in the bucket when this returns; the same bytes are kept once.

    Raises
    ------
    BucketError
        The bucket, or the second folder that `keep_twice` has named, cannot be used: nothing may be acknowledged then.
    """
    if isinstance(documents, Bucket):
        documents.keep(source, _known(sha256))
        return
    second = documents / _SECOND
    if second.is_symlink():
        if not second.exists():
            raise BucketError(_away(second.readlink()))
        keep_bytes(second, source, sha256)
    target = document_path(documents, sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        _copy(source, target)
    # the names too: that of the file in its folder, and that of its folder
    for directory in (target.parent, documents):
        _sync_directory(directory)


def keep_twice(documents: Path, second: Path | None) -> None:
    """Have every document that comes kept in a second folder too, by whatever process it comes; in one alone where it is None."""
    documents.mkdir(parents=True, exist_ok=True)
    link = documents / _SECOND
    link.unlink(missing_ok=True)
    if second is not None:
        second.mkdir(parents=True, exist_ok=True)
        link.symlink_to(second.resolve())


def waiting_bytes(documents: Documents) -> Path:
    """Return the folder in which bytes are kept that no document is made of yet: those that jobs are about."""
    return (documents.recent if isinstance(documents, Bucket) else documents) / "waiting"


def open_document(documents: Documents, sha256: str) -> BinaryIO:
    """Open the bytes of a hash, at their beginning, once all of them were read and found to have it.

    Raises
    ------
    DamagedDocumentError
        They are gone, or no longer those that were kept.
    """
    try:
        kept = document_path(documents, sha256).open("rb")
    except StoreError:
        raise
    except OSError as error:
        raise DamagedDocumentError(sha256, None) from error
    found = hashlib.file_digest(kept, "sha256").hexdigest()
    if found != sha256:
        kept.close()
        raise DamagedDocumentError(sha256, found)
    kept.seek(0)
    return kept


def document_digest(documents: Documents, sha256: str) -> str:
    """Return the hash that the bytes under a hash have now.

    Raises
    ------
    DamagedDocumentError
        There are none.
    """
    found = hashlib.sha256()
    for chunk in _chunks(documents, sha256):
        found.update(chunk)
    return found.hexdigest()


def has_document(documents: Documents, sha256: str) -> bool:
    """Tell whether the bytes of a hash are kept, all of them read."""
    try:
        return document_digest(documents, sha256) == sha256
    except DamagedDocumentError:
        return False


def copy_document(documents: Documents, sha256: str, folder: Path) -> int:
    """Copy the bytes of a hash into another folder of documents, compared with it meanwhile, and return their length.

    Raises
    ------
    DamagedDocumentError
        They are gone, or no longer those that were kept: nothing is there then.
    """
    target = document_path(folder, sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _whole(target) as copy:
        found = hashlib.sha256()
        for chunk in _chunks(documents, sha256):
            found.update(chunk)
            copy.write(chunk)
        if found.hexdigest() != sha256:
            raise DamagedDocumentError(sha256, found.hexdigest())
    return target.stat().st_size


def is_sha256(text: str) -> bool:
    """Tell whether a text is a SHA-256 in hexadecimal."""
    return _SHA256.fullmatch(text) is not None


def document_path(documents: Documents, sha256: str) -> Path:
    """Return the file that holds the bytes of a hash: where they are kept, or one that was fetched from the bucket.

    Raises
    ------
    ValueError
        The text is no SHA-256 in hexadecimal: it must not name a place outside the folder.
    """
    if isinstance(documents, Bucket):
        return documents.fetch(_known(sha256))
    return documents / _known(sha256)[:2] / sha256


def add_document(connection: Connection, *, office_id: int, sha256: str, name: str, size_bytes: int) -> int:
    """Return the id of an office's document, adding it if it is not there yet."""
    connection.execute(
        insert(document)
        .values(office_id=office_id, sha256=sha256, name=name, size_bytes=size_bytes)
        .on_conflict_do_nothing()
    )
    wanted = select(document.c.id).where(document.c.office_id == office_id, document.c.sha256 == sha256)
    return int(connection.execute(wanted).scalar_one())


def _away(folder: Path) -> Text:
    return Text(
        f"文件须同时存入 {folder},而该目录不可用。没有存储任何内容。",
        f"Documents are to be kept in {folder} too, and it is not there. Nothing is stored.",
    )


def _known(sha256: str) -> str:
    if not is_sha256(sha256):
        message = f"“{sha256}” is no SHA-256."
        raise ValueError(message)
    return sha256


def _chunks(documents: Documents, sha256: str) -> Iterator[bytes]:
    if isinstance(documents, Bucket):
        yield from documents.stream(_known(sha256))
        return
    try:
        with document_path(documents, sha256).open("rb") as kept:
            while chunk := kept.read(_CHUNK_BYTES):
                yield chunk
    except FileNotFoundError as error:
        raise DamagedDocumentError(sha256, None) from error


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as delivered, _whole(target) as copy:
        shutil.copyfileobj(delivered, copy)


@contextmanager
def _whole(target: Path) -> Iterator[BinaryIO]:
    """Open a file that has its name once all of it is safe on disk, and leaves nothing behind after an error."""
    with NamedTemporaryFile(dir=target.parent, delete=False) as copy:
        try:
            yield cast("BinaryIO", copy)
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
