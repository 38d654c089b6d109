"""Columns that many tables have, and the metadata that all of them are in."""

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, Column, Date, DateTime, ForeignKey, Identity, Integer, MetaData, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

__all__ = [
    "AT_ONCE",
    "CLOSING",
    "attributes",
    "closed",
    "held_from",
    "held_to",
    "identity",
    "metadata",
    "of",
    "placed",
    "recorded",
    "salt",
    "uuid",
]

metadata = MetaData()
CLOSING = {"closing": True}
"""Marks the column that closes a row: the one thing of it that is ever set later."""
AT_ONCE = {"at_once": True}
"""Marks the name of a row that is asked for statement by statement: the database has no foreign key for it."""
_WITH_UUID = {"building", "coordination_case", "job", "project", "review", "run", "subscription", "unit", "upload"}
_WITH_BIGINT = {"conflict", "difference", "feature", "footprint", "stage_entry"}


def identity(kind: type[Integer] = Integer) -> Column[int]:
    """Return the key that the database counts."""
    return Column("id", kind, Identity(always=True), primary_key=True)


def uuid() -> Column[str]:
    """Return the key that the database draws."""
    return Column("id", UUID(as_uuid=False), primary_key=True, server_default=func.gen_random_uuid())


def of(
    table: str, *, name: str | None = None, nullable: bool = False, primary_key: bool = False, at_once: bool = False
) -> Column[Any]:
    """Return the column that names a row of another table, ``<table>_id`` unless told.

    Parameters
    ----------
    at_once
        Whether ``names_are_known`` asks for all rows of a statement whether what they name is there, and no foreign key for
        each.
    """
    kind: Any = UUID(as_uuid=False) if table in _WITH_UUID else BigInteger if table in _WITH_BIGINT else Integer
    key = ForeignKey(f"{table}.id", info=dict(AT_ONCE) if at_once else {})
    return Column(name or f"{table}_id", kind, key, nullable=nullable, primary_key=primary_key)


def recorded(time: Any = func.statement_timestamp) -> Column[object]:
    """Return the column of when a row was stored."""
    return Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=time())


def closed(name: str) -> Column[object]:
    """Return the column of when a row was closed."""
    return Column(name, DateTime(timezone=True), info=dict(CLOSING))


def held_from() -> Column[object]:
    """Return the column of the day from which a row holds in the world."""
    return Column("valid_from", Date, nullable=False, server_default=text("CURRENT_DATE"))


def held_to() -> Column[object]:
    """Return the column of the day on which a row no longer holds in the world."""
    return Column("valid_to", Date, info=dict(CLOSING))


def placed(kind: str, *, name: str = "geom", nullable: bool = False) -> Column[object]:
    """Return a column of geometries in EPSG:4490."""
    # explicit GiST indexes only: GeoAlchemy2's own would be made and dropped at every migration
    return Column(name, Geometry(kind, srid=4490, spatial_index=False), nullable=nullable)


def attributes(name: str = "attributes", *, empty: str = "{}") -> Column[object]:
    """Return a column of values as they were delivered."""
    return Column(name, JSONB, nullable=False, server_default=text(f"'{empty}'"))


def salt() -> Column[str]:
    """Return the column of what keeps the digests of a row's attributes from being found by trying."""
    return Column("salt", Text, nullable=False, server_default=text("gen_random_uuid()"))
