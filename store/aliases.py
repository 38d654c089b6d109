"""Names that others gave buildings and their units, with the days for which they hold: added and ended, never changed."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Row, any_, func, literal, select, true, types, update
from sqlalchemy.dialects.postgresql import UUID

from store.database import Connection
from store.schema import alias, building, unit

__all__ = ["aliases_of_building", "aliases_of_units", "end_aliases", "held_aliases", "holders"]

_WITH_UNITS = (
    select(alias, unit.c.number, building.c.code)
    .join(building, building.c.id == alias.c.building_id)
    .outerjoin(unit, unit.c.id == alias.c.unit_id)
)


def end_aliases(connection: Connection, identities: Iterable[int], valid_to: date) -> None:
    """End aliases (ids) that hold, on a day."""
    connection.execute(
        update(alias)
        .where(alias.c.id == any_(literal(list(identities), ARRAY(BigInteger))), alias.c.valid_to.is_(None))
        .values(valid_to=valid_to)
    )


def aliases_of_building(connection: Connection, building_id: str) -> Sequence[Row[Any]]:
    """Return every alias that a building or a unit of it has or had, oldest first, with ``number`` of the unit."""
    return connection.execute(_WITH_UNITS.where(alias.c.building_id == building_id).order_by(alias.c.id)).all()


def held_aliases(connection: Connection, buildings: Iterable[str]) -> Sequence[Row[Any]]:
    """Return the aliases that hold of some buildings (ids) and their units, oldest first, with ``number`` of the unit and the building's ``code``."""
    ids = literal(list(buildings), ARRAY(UUID(as_uuid=False)))
    return connection.execute(
        _WITH_UNITS.where(alias.c.building_id == any_(ids), alias.c.valid_to.is_(None)).order_by(alias.c.id)
    ).all()


def aliases_of_units(connection: Connection, units: Iterable[str]) -> Sequence[Row[Any]]:
    """Return the aliases that hold of some units (ids), oldest first, with ``number`` of the unit."""
    ids = literal(list(units), ARRAY(UUID(as_uuid=False)))
    return connection.execute(
        _WITH_UNITS.where(alias.c.unit_id == any_(ids), alias.c.valid_to.is_(None)).order_by(alias.c.id)
    ).all()


def holders(connection: Connection, names: Iterable[tuple[str, str]]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the buildings that have some names (scheme, value) now: ``scheme, value, code``, in code order."""
    pairs, texts = list(names), ARRAY(types.Text)
    schemes, values = (literal([pair[i] for pair in pairs], texts) for i in (0, 1))
    wanted = select(func.unnest(schemes).label("scheme"), func.unnest(values).label("value")).subquery()
    # the value first (offset 0): by the building no index is asked for
    held = (
        select(alias.c.building_id)
        .where(alias.c.scheme == wanted.c.scheme, alias.c.value == wanted.c.value, alias.c.valid_to.is_(None))
        .offset(0)
        .lateral("held")
    )
    return connection.execute(
        select(wanted.c.scheme, wanted.c.value, building.c.code)
        .join_from(wanted, held, true())
        .join(building, building.c.id == held.c.building_id)
        .distinct()
        .order_by(building.c.code, wanted.c.scheme, wanted.c.value)
    ).all()
