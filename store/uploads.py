"""Uploads: one delivery, what became of each of its rows. The same bytes with the same options are the same upload."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, true

from geocode import Text
from store.database import Connection
from store.errors import NotHereError
from store.rows import insert_rows
from store.schema import building, document, review, review_row, upload, upload_row

__all__ = ["add_upload", "add_upload_rows", "claim_content", "find_upload", "get_upload"]


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


def add_upload_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add what became of each row of an upload."""
    insert_rows(connection, upload_row, rows)


def get_upload(connection: Connection, identity: str, *, office_id: int | None) -> dict[str, Any]:
    """Return an upload of an office, or of any where None, with its rows in file order.

    Raises
    ------
    NotHereError
        There is no such upload.
    """
    wanted = (
        select(upload, document.c.name.label("file"), document.c.sha256)
        .join(document)
        .where(upload.c.id == _uuid(identity), true() if office_id is None else upload.c.office_id == office_id)
    )
    found = connection.execute(wanted).mappings().one_or_none()
    if found is None:
        raise NotHereError(Text(f"没有编号为 {identity} 的上传。", f"There is no upload {identity}."))
    held = select(review_row.c.row_number, review_row.c.review_id).join(review).where(review.c.upload_id == found["id"])
    waiting = held.subquery()
    rows = connection.execute(
        select(upload_row, building.c.code, waiting.c.review_id.label("review"))
        .outerjoin(building)
        .outerjoin(waiting, waiting.c.row_number == upload_row.c.row_number)
        .where(upload_row.c.upload_id == found["id"])
        .order_by(upload_row.c.row_number)
    )
    return {**found, "rows": [dict(row) for row in rows.mappings()]}


def _uuid(text: str) -> str | None:
    """Return a text as the database takes it, None (the id of nothing) where it is no UUID."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
