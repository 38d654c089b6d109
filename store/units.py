"""The units of buildings: added and closed, never changed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, Row, any_, insert, literal, select, update
from sqlalchemy.dialects.postgresql import UUID

from store.database import Connection, statement
from store.schema import building, unit

__all__ = ["add_units", "close_units", "held_units", "read_units"]


def read_units(connection: Connection, building_id: str, *, day: date | None = None) -> Sequence[Row[Any]]:
    """Return a building's units, those of a day where one is told.

    Returns
    -------
    Rows ``id, number, storey, area_m2, use, attributes, valid_from, valid_to, code``, in the order in which they were added;
    `code` is the real-estate unit code, None where the unit has none.
    """
    return connection.execute(statement("units"), {"building": building_id, "day": day}).all()


def held_units(connection: Connection, buildings: Iterable[str]) -> Sequence[Row[Any, Any]]:
    """Return the units that some buildings (ids) have now: ``code, number``, in order."""
    ids = literal(list(buildings), ARRAY(UUID(as_uuid=False)))
    return connection.execute(
        select(building.c.code, unit.c.number)
        .join_from(unit, building)
        .where(unit.c.building_id == any_(ids), unit.c.valid_to.is_(None))
        .order_by(building.c.code, unit.c.number)
    ).all()


def add_units(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add units: ``id, building_id, office_id, number, storey, area_m2, use, attributes, salt, valid_from``."""
    if rows:
        connection.execute(insert(unit), list(rows))


def close_units(connection: Connection, identities: Iterable[str], valid_to: date) -> None:
    """Close units (ids) on a day."""
    connection.execute(
        update(unit)
        .where(unit.c.id == any_(literal(list(identities), ARRAY(UUID(as_uuid=False)))), unit.c.valid_to.is_(None))
        .values(valid_to=valid_to)
    )
