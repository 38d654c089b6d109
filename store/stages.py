"""The chain's rows: buildings' entries into stages, their geometries, and who wants an entry withdrawn."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import geopandas as gpd
from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, func, insert, literal, select, true, update
from sqlalchemy.dialects.postgresql import UUID

from store.database import Connection, statement
from store.editions import frame_of
from store.rows import insert_rows
from store.schema import attachment, building, document, footprint, office, stage_entry, stage_withdrawal

__all__ = [
    "DrawnVersion",
    "add_stage_entries",
    "add_withdrawal",
    "close_stage_entry",
    "footprint_versions",
    "overdue_buildings",
    "stage_documents",
    "stage_entries",
    "stage_geometries",
    "uploaded_versions",
    "withdrawals_of",
]


class DrawnVersion(NamedTuple):
    """A geometry version of a building.

    Attributes
    ----------
    id, version
        Its own number, and its number among the building's.
    building_id, code
        The building.
    is_first
        Whether nothing is known of the building but this.
    """

    id: int
    version: int
    building_id: str
    code: str
    is_first: bool = False


def add_stage_entries(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Add entries and return their ids in the same order."""
    return insert_rows(connection, stage_entry, rows)


def stage_entries(connection: Connection, buildings: Sequence[str]) -> list[dict[str, Any]]:
    """Return the entries of some buildings (ids), the withdrawn ones too, as recorded.

    Each has the columns of its row, ``office_zh, office_en``, and of its footprint ``version, drawn_at`` (its stage),
    ``fingerprint, area_m2`` and ``drawn_height_m``, None where it has none.
    """
    # each looked up by itself (offset 0): see migration 0014
    asked = func.unnest(_ids(set(buildings))).table_valued("id").render_derived(name="asked")
    entry = select(stage_entry).where(stage_entry.c.building_id == asked.c.id).offset(0).lateral("entry")
    drawn = (
        select(
            footprint.c.version,
            footprint.c.stage.label("drawn_at"),
            footprint.c.fingerprint,
            footprint.c.area_m2,
            footprint.c.height_m.label("drawn_height_m"),
        )
        .where(footprint.c.id == entry.c.footprint_id)
        .offset(0)
        .lateral("drawn")
    )
    wanted = (
        select(entry, office.c.name_zh.label("office_zh"), office.c.name_en.label("office_en"), *drawn.c)
        .join_from(asked, entry, true())
        .join(office, office.c.id == entry.c.office_id)
        .outerjoin(drawn, true())
        .order_by(entry.c.id)
    )
    return [dict(row) for row in connection.execute(wanted).mappings()]


def close_stage_entry(connection: Connection, identity: int) -> None:
    """Withdraw an entry."""
    connection.execute(
        update(stage_entry).where(stage_entry.c.id == identity).values(withdrawn_at=func.statement_timestamp())
    )


def add_withdrawal(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add that somebody wants an entry withdrawn (``stage_entry_id, office_id, actor, reason``) and return its id."""
    return int(
        connection.execute(insert(stage_withdrawal).values(**values).returning(stage_withdrawal.c.id)).scalar_one()
    )


def withdrawals_of(connection: Connection, identities: Sequence[int]) -> list[dict[str, Any]]:
    """Return who wanted some entries withdrawn, and why, oldest first."""
    wanted = (
        select(stage_withdrawal)
        .where(stage_withdrawal.c.stage_entry_id == any_(literal(list(identities), ARRAY(BigInteger))))
        .order_by(stage_withdrawal.c.id)
    )
    return [dict(row) for row in connection.execute(wanted).mappings()]


def footprint_versions(connection: Connection, identity: str) -> list[dict[str, Any]]:
    """Return the geometry versions of a building (id), oldest first: ``id, version, stage, fingerprint, height_m``."""
    wanted = (
        select(footprint.c.id, footprint.c.version, footprint.c.stage, footprint.c.fingerprint, footprint.c.height_m)
        .where(footprint.c.building_id == identity)
        .order_by(footprint.c.version)
    )
    return [dict(row) for row in connection.execute(wanted).mappings()]


def stage_geometries(connection: Connection, identities: Sequence[int]) -> gpd.GeoDataFrame:
    """Return geometry versions by their ids: EPSG:4490, with the columns ``height_m, plane``."""
    wanted = select(
        footprint.c.id, footprint.c.height_m, footprint.c.plane, func.ST_AsBinary(footprint.c.geom).label("geom")
    ).where(footprint.c.id == any_(literal(list(identities), ARRAY(BigInteger))))
    rows: Sequence[Any] = connection.execute(wanted).all()
    return frame_of(rows, ["height_m", "plane"], index="id")


def stage_documents(connection: Connection, identity: str) -> dict[str, dict[str, Any]]:
    """Return the attachments of a building (id) that were not withdrawn, by their ids: ``kind, title, sha256``."""
    wanted = (
        select(attachment.c.id, attachment.c.kind, attachment.c.title, document.c.sha256)
        .join_from(attachment, document)
        .where(attachment.c.building_id == identity, attachment.c.withdrawn_at.is_(None))
    )
    return {str(row["id"]): dict(row) for row in connection.execute(wanted).mappings()}


def uploaded_versions(
    connection: Connection, upload: str, buildings: Iterable[str], *, stage: str
) -> list[DrawnVersion]:
    """Return the geometry versions that an upload made of some buildings (ids) at a stage."""
    wanted = (
        select(footprint.c.id, footprint.c.version, footprint.c.building_id, building.c.code)
        .join_from(footprint, building)
        .where(
            footprint.c.building_id == any_(_ids(buildings)),
            footprint.c.upload_id == upload,
            footprint.c.stage == stage,
        )
        .order_by(footprint.c.id)
    )
    return [DrawnVersion(*row) for row in connection.execute(wanted).all()]


def overdue_buildings(
    connection: Connection, deadlines: Sequence[Mapping[str, Any]], *, office_id: int | None, limit: int
) -> list[dict[str, Any]]:
    """Return living buildings that entered a stage so long ago, with nothing since that ends it, that something may be due.

    Parameters
    ----------
    deadlines
        ``start`` (a stage), ``until`` (the stages that end it, any entry of them where ``is_bare``, else one with a number
        where ``by_certificate`` or a document of the kinds ``by_documents``), ``entered_by`` (the last day that counts).
    office_id
        The office whose buildings are meant; all where it is None.

    Returns
    -------
    list
        ``id, code, name, office_zh, office_en``, those first that entered first.
    """
    values = {"deadlines": json.dumps(list(deadlines), default=date.isoformat), "office": office_id, "limit": limit}
    return [dict(row) for row in connection.execute(statement("overdue_buildings"), values).mappings()]


def _ids(values: Iterable[str]) -> ColumnElement[Any]:
    return literal(list(values), ARRAY(UUID(as_uuid=False)))
