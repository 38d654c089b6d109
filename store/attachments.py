"""Attachments: which document belongs to which building or project, at which stage, as what."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from geocode import Text
from store.database import Connection
from store.errors import NotHereError
from store.schema import attachment, building, document, office, project

__all__ = ["add_attachment", "find_attachments", "get_attachment", "is_attached", "withdraw_attachment"]


def add_attachment(connection: Connection, values: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the id of an attachment and whether it is new: a document is attached to a place and stage, as a kind, once."""
    added = connection.execute(
        insert(attachment).values(**values).on_conflict_do_nothing().returning(attachment.c.id)
    ).scalar_one_or_none()
    if added is not None:
        return str(added), True
    same = [
        attachment.c[name].is_not_distinct_from(values.get(name))
        for name in ("document_id", "building_id", "project_id", "stage", "kind")
    ]
    wanted = select(attachment.c.id).where(*same, attachment.c.withdrawn_at.is_(None))
    return str(connection.execute(wanted).scalar_one()), False


def find_attachments(
    connection: Connection, *, building_id: str | None = None, project_id: str | None = None
) -> list[dict[str, Any]]:
    """Return the attachments of a building or of a project, the withdrawn ones too, oldest first."""
    place = attachment.c.building_id == building_id if building_id else attachment.c.project_id == project_id
    rows = connection.execute(_described().where(place).order_by(attachment.c.recorded_at, attachment.c.id))
    return [dict(row) for row in rows.mappings()]


def get_attachment(connection: Connection, identity: str) -> dict[str, Any]:
    """Return an attachment by its id.

    Raises
    ------
    NotHereError
        There is none.
    """
    row = connection.execute(_described().where(attachment.c.id == _uuid(identity))).mappings().one_or_none()
    if row is None:
        raise NotHereError(Text(f"没有编号为 {identity} 的文件。", f"There is no document {identity}."))
    return dict(row)


def is_attached(connection: Connection, sha256: str, *, kind: str) -> bool:
    """Tell whether a document of some bytes is attached anywhere as a kind, and not withdrawn."""
    held = (
        exists()
        .where(
            attachment.c.document_id == document.c.id, attachment.c.kind == kind, attachment.c.withdrawn_at.is_(None)
        )
        .where(document.c.sha256 == sha256)
    )
    return bool(connection.execute(select(held)).scalar_one())


def withdraw_attachment(connection: Connection, identity: str) -> bool:
    """Close an attachment and return whether it was open."""
    closed = (
        update(attachment)
        .where(attachment.c.id == identity, attachment.c.withdrawn_at.is_(None))
        .values(withdrawn_at=func.statement_timestamp())
    )
    return connection.execute(closed).rowcount == 1


def _described() -> Select[Any]:
    """Return attachments with what their documents, buildings, projects and offices are called."""
    return (
        select(
            attachment,
            document.c.sha256,
            document.c.name,
            document.c.size_bytes,
            building.c.code,
            func.coalesce(building.c.office_id, project.c.office_id).label("owner_id"),
            office.c.name_zh,
            office.c.name_en,
        )
        .join_from(attachment, document)
        .join(office, office.c.id == attachment.c.office_id)
        .outerjoin(building, building.c.id == attachment.c.building_id)
        .outerjoin(project, project.c.id == attachment.c.project_id)
    )


def _uuid(text: str) -> str | None:
    """Return a text as the database takes it, None (the id of nothing) where it is no UUID."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
