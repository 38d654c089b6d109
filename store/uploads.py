"""Uploads: one delivery, what became of each of its rows. The same bytes with the same options are the same upload."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, insert, literal, select, true
from sqlalchemy.dialects.postgresql import JSONB

from geocode import Text
from store.database import Connection
from store.errors import NotHereError
from store.rows import insert_columns
from store.schema import building, document, review, review_row, upload, upload_account, upload_row

__all__ = ["add_account", "add_upload", "add_upload_rows", "claim_content", "find_upload", "get_upload", "upload_rows"]


_AT_ONCE = 10_000


def claim_content(connection: Connection, *, office_id: int, sha256: str) -> None:
    """Hold an office's delivery of some bytes until the transaction ends: its twin waits, then finds this one's answer."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{office_id}:{sha256}", 0))))


def find_upload(connection: Connection, *, office_id: int, sha256: str, options: Mapping[str, Any]) -> str | None:
    """Return the id of the office's upload of the same bytes with the same options, or None."""
    return connection.execute(
        select(upload.c.id)
        .join(document)
        .where(upload.c.office_id == office_id, document.c.sha256 == sha256, upload.c.options == options)
    ).scalar_one_or_none()


def add_upload(connection: Connection, values: Mapping[str, Any]) -> str:
    """Add an upload and return its id."""
    return str(connection.execute(insert(upload).values(**values).returning(upload.c.id)).scalar_one())


def add_account(connection: Connection, identity: str, *, office_id: int, told: Mapping[str, Any]) -> None:
    """Add what is told of an upload as a whole, once its rows are there."""
    connection.execute(insert(upload_account).values(upload_id=identity, office_id=office_id, told=told))


def add_upload_rows(connection: Connection, columns: Mapping[str, Sequence[Any]]) -> None:
    """Add what became of each row of an upload, or of a part of one, column by column."""
    insert_columns(connection, upload_row, columns)


def get_upload(connection: Connection, identity: str, *, office_id: int | None) -> dict[str, Any]:
    """Return an upload of an office, or of any where None, and its report with what was told of it at the end.

    Raises
    ------
    NotHereError
        There is no such upload.
    """
    wanted = (
        select(
            *(column for column in upload.c if column is not upload.c.report),
            upload.c.report.op("||")(func.coalesce(upload_account.c.told, literal({}, JSONB))).label("report"),
            document.c.name.label("file"),
            document.c.sha256,
        )
        .join(document)
        .outerjoin(upload_account)
        .where(upload.c.id == _uuid(identity), true() if office_id is None else upload.c.office_id == office_id)
    )
    found = connection.execute(wanted).mappings().one_or_none()
    if found is None:
        raise NotHereError(Text(f"没有编号为 {identity} 的上传。", f"There is no upload {identity}."))
    return dict(found)


def upload_rows(connection: Connection, identity: str) -> Iterator[RowMapping]:
    """Yield what became of each row of an upload, in file order: the columns, the building's ``code`` and the ``review``."""
    held = select(review_row.c.row_number, review_row.c.review_id).join(review).where(review.c.upload_id == identity)
    waiting = held.subquery()
    wanted = (
        select(upload_row, building.c.code, waiting.c.review_id.label("review"))
        .outerjoin(building)
        .outerjoin(waiting, waiting.c.row_number == upload_row.c.row_number)
        .where(upload_row.c.upload_id == identity)
        .order_by(upload_row.c.row_number)
    )
    yield from connection.execute(wanted.execution_options(yield_per=_AT_ONCE)).mappings()


def _uuid(text: str) -> str | None:
    """Return a text as the database takes it, None (the id of nothing) where it is no UUID."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
