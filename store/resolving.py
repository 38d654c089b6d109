"""From names of any kind to rows of the register, many at once, as they were on a day and as known at a time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import shapely
from numpy.typing import NDArray
from sqlalchemy import Row

from registry.stages import stage_codes
from store.database import Connection, statement

__all__ = [
    "NOW",
    "Moment",
    "aliases_borne",
    "building_states",
    "buildings_addressed",
    "buildings_certified",
    "buildings_coded",
    "buildings_standing_at",
    "changed_states",
    "families",
    "projects_named",
    "read_record",
]

_MOST_ON_A_GROUND = 50
_MOST_ADDRESSED = 200_000
_MOST_EVENTS = 200


class Moment(NamedTuple):
    """Which day in the world, and which state of knowledge: the latest where they are None."""

    as_of: date | None = None
    known_at: datetime | None = None

    @property
    def is_past(self) -> bool:
        """Tell whether anything but the latest is asked for."""
        return self != NOW

    def parameters(self) -> dict[str, str]:
        """Return the moment as statements take it."""
        return {
            "as_of": self.as_of.isoformat() if self.as_of else "infinity",
            "known_at": self.known_at.isoformat() if self.known_at else "infinity",
        }


NOW = Moment()


def buildings_coded(connection: Connection, codes: Iterable[str]) -> dict[str, str]:
    """Return the ids of the buildings with some compact codes, by code."""
    asked = list(codes)
    rows = connection.execute(statement("buildings_coded"), {"codes": asked}) if asked else ()
    return {row.code: row.building_id for row in rows}


def aliases_borne(connection: Connection, names: Iterable[str], moment: Moment = NOW) -> Sequence[Row[Any]]:
    """Return who bears or bore some names: ``value, scheme, building_id, code, unit, valid_from, valid_to, is_held``."""
    return connection.execute(statement("aliases_borne"), {"names": list(names), **moment.parameters()}).all()


def buildings_certified(connection: Connection, numbers: Iterable[str], moment: Moment = NOW) -> Sequence[Row[Any]]:
    """Return the buildings that entered stages with certificates of some numbers, but for entries that were withdrawn.

    Returns
    -------
    Rows ``asked, stage, certificate, occurred_on, building_id``, in the order of the codes, the newest entry first.
    """
    return connection.execute(statement("certified"), {"names": list(numbers), **moment.parameters()}).all()


def projects_named(connection: Connection, names: Iterable[str], moment: Moment = NOW) -> Sequence[Row[Any]]:
    """Return the buildings of projects by code or name (NFKC, upper case).

    Returns
    -------
    Rows ``asked, project_id, project_code, project_name, building_id, code``; the last two are None where a project has none.
    """
    return connection.execute(statement("projects_named"), {"names": list(names), **moment.parameters()}).all()


def buildings_standing_at(
    connection: Connection, grounds: NDArray[Any], *, reaches_m: Sequence[float], past: bool = False
) -> Sequence[Row[Any]]:
    """Return the geometry versions on or near each of some points or polygons in EPSG:4490.

    Parameters
    ----------
    reaches_m
        How far from each ground is near, in metres on the ellipsoid.
    past
        Whether versions count that were replaced since.

    Returns
    -------
    Rows ``n, building_id, footprint_id, distance_m, from_centre_m, geom``: the ground's position, how far the footprint is
    from it, and its centroid from the ground's, the footprint as WKB; the nearest 50 of each ground in order.
    """
    asked = {
        "numbers": list(range(len(grounds))),
        "grounds": list(shapely.to_wkb(grounds)),
        "reaches": list(reaches_m),
    }
    return connection.execute(statement("standing_at"), {**asked, "past": past, "most": _MOST_ON_A_GROUND}).all()


def buildings_addressed(connection: Connection, keys: Mapping[int, Iterable[str]]) -> Sequence[Row[Any]]:
    """Return the geometry versions with one of the keys (`address_keys`) of each numbered text.

    Returns
    -------
    Rows ``n, building_id, footprint_id, key``.
    """
    pairs = [(n, key) for n, each in keys.items() for key in each]
    asked = {"numbers": [n for n, _ in pairs], "keys": [key for _, key in pairs], "most": _MOST_ADDRESSED}
    return connection.execute(statement("addressed"), asked).all()


def building_states(connection: Connection, buildings: Iterable[str], moment: Moment = NOW) -> dict[str, Row[Any]]:
    """Return what buildings are at a moment, by id.

    Returns
    -------
    Rows ``building_id, code, kind, office_id, footprint_id, name, stage, version, lon, lat, reason, closed_on,
    first_known_at, first_day``: a place within the footprint that holds, None where none does; the stage entered last, that of
    the footprint where none was; and the closure that stands.
    """
    asked = {"buildings": sorted(set(buildings)), "stages": list(stage_codes()), **moment.parameters()}
    rows = connection.execute(statement("building_states"), asked) if asked["buildings"] else ()
    return {row.building_id: row for row in rows}


def changed_states(
    connection: Connection, asked: Sequence[tuple[str, bytes | None]]
) -> tuple[bytes, dict[int, Row[Any]]]:
    """Return what the buildings with some codes are now, but for those whose state is known.

    Parameters
    ----------
    asked
        Compact codes, each with the ledger's end at which its state was read, None where it was not.

    Returns
    -------
    The hash of the ledger's last event, empty where there is none; and the states, rows as those of `building_states`, by the
    position of their code, of one snapshot. A code that nobody bears has none.
    """
    known = {"codes": [code for code, _ in asked], "heads": [head for _, head in asked]}
    rows = connection.execute(statement("changed_states"), {**known, "stages": list(stage_codes())}).all()
    return bytes(rows[0].head), {row.n - 1: row for row in rows if row.n is not None}


def families(connection: Connection, buildings: Iterable[str], moment: Moment = NOW) -> Sequence[Row[Any]]:
    """Return who came after whom in the families of buildings (ids).

    Returns
    -------
    Rows ``predecessor_id, successor_id, predecessor, successor, relation, recorded_at``, in the order of the codes.
    """
    asked = {"buildings": list(buildings), **moment.parameters()}
    return connection.execute(statement("families"), asked).all() if asked["buildings"] else []


def read_record(connection: Connection, building: str, moment: Moment = NOW) -> dict[str, Any]:
    """Return all that is known of a building (id) at a moment at which it has a footprint, with its newest 200 events."""
    asked = {"building": building, "most_events": _MOST_EVENTS, **moment.parameters()}
    found = connection.execute(statement("building_record"), asked).mappings().one()
    return {**found, "geom": shapely.from_wkb(bytes(found["geom"]))}
