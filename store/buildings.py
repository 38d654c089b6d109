"""The register's rows: buildings, geometry versions, aliases, events."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import ARRAY, ColumnElement, any_, func, literal, select, types, update
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from geocode.alphabet import VALUES
from registry.addresses import stored_keys
from store.boxes import boxes, fewer_boxes
from store.database import IN_BINARY, Connection, statement
from store.editions import frame_of
from store.errors import GroundTakenError
from store.keys import draw_key
from store.rows import insert_columns, insert_rows
from store.schema import alias, building, footprint

__all__ = [
    "Boxes",
    "add_aliases",
    "add_buildings",
    "add_footprints",
    "close_footprints",
    "current_ground",
    "existing_codes",
    "grounds_held",
    "has_living",
    "highest_generations",
    "living_boxes",
    "living_footprints",
    "lock_all_buildings",
    "lock_buildings",
    "lock_ground",
    "shared_days",
]

_SRID = 4490
_EXCLUSION_VIOLATION = "23P01"
_MOST_LOCKS = 1_000
_AT_ONCE = 10_000


class Boxes(NamedTuple):
    """What lies where, in EPSG:4490: bounds (west, south, east, north), shape (n, 4), and centroids, shape (n, 2)."""

    bounds: NDArray[np.float64]
    middles: NDArray[np.float64]


def lock_ground(connection: Connection, geometries: NDArray[Any]) -> None:
    """Hold the ground under EPSG:4490 geometries until the transaction ends: no one else registers there meanwhile."""
    connection.execute(statement("lock_ground"), boxes(geometries))


def lock_buildings(connection: Connection, buildings: Iterable[str]) -> None:
    """Hold buildings (ids) until the transaction ends: after the ground, before the ledger, and once a transaction."""
    ids = sorted(set(buildings))
    if not ids:
        return
    is_many = len(ids) > _MOST_LOCKS
    connection.execute(statement("lock_all_buildings"), {"alone": is_many})
    if not is_many:
        connection.execute(statement("lock_buildings"), {"ids": ids})


def lock_all_buildings(connection: Connection) -> None:
    """Hold all buildings until the transaction ends, in the place of `lock_buildings`."""
    connection.execute(statement("lock_all_buildings"), {"alone": True})


def living_footprints(connection: Connection, geometries: NDArray[Any], *, space: str = "surface") -> gpd.GeoDataFrame:
    """Return the current footprints of one space whose boxes meet those of the geometries.

    Returns
    -------
    GeoDataFrame
        EPSG:4490, indexed by building id, with the columns ``code, version, stage, fingerprint``, in code order.
    """
    asked = boxes(geometries)
    wanted = statement("living_footprints").execution_options(**{IN_BINARY: True})
    rows = connection.execute(wanted, {**fewer_boxes(asked), "space": space}).all()
    found = frame_of(rows, ["code", "version", "stage", "fingerprint"], index="building_id")
    near, _ = shapely.STRtree(shapely.box(*asked.values())).query(found.geometry.to_numpy())
    return found.iloc[np.unique(near)]


def has_living(connection: Connection, geometries: NDArray[Any]) -> bool:
    """Tell whether the box of a current footprint meets that of one of the geometries."""
    return bool(connection.execute(statement("has_living"), boxes(geometries)).scalar_one())


def living_boxes(connection: Connection, geometries: NDArray[Any], *, space: str = "surface") -> Boxes:
    """Return the boxes and centroids of the current footprints of one space whose boxes meet those of the geometries."""
    asked = statement("living_boxes").execution_options(yield_per=_AT_ONCE)
    rows = connection.execute(asked, {**boxes(geometries), "space": space}).partitions()
    found = np.concatenate([np.empty((0, 6)), *(np.array([tuple(row) for row in some]) for some in rows)])
    return Boxes(found[:, :4], found[:, 4:])


def grounds_held(connection: Connection, identity: str) -> NDArray[Any]:
    """Return the EPSG:4490 footprints that a building (id) ever had, oldest first."""
    wanted = select(func.ST_AsBinary(footprint.c.geom)).where(footprint.c.building_id == identity)
    found = connection.execute(wanted.order_by(footprint.c.version)).scalars()
    grounds: NDArray[Any] = shapely.from_wkb([bytes(each) for each in found])
    return grounds


def shared_days(connection: Connection, buildings: Sequence[str]) -> gpd.GeoDataFrame:
    """Return on which days other buildings stood near the ground of some (ids), by what the register knows now.

    Returns
    -------
    GeoDataFrame
        The footprints of the buildings then in EPSG:4490, indexed by building id, with their ``space`` and ``plane``, the
        ``code`` of the other and its footprint ``other``, and the days, from ``since`` to before ``until`` (None: they still
        do), the last first.
    """
    rows = connection.execute(statement("shared_days"), {"buildings": list(buildings)}).all()
    frame = frame_of(rows, ["space", "plane", "code", "since", "until"], index="building_id")
    return frame.assign(other=shapely.from_wkb([bytes(row.other_geom) for row in rows]))


def highest_generations(connection: Connection, grounds: Iterable[str]) -> dict[str, int]:
    """Return the highest generation on each of the grounds (first eleven characters) that bear a code."""
    rows = connection.execute(
        select(building.c.ground, func.max(building.c.code))
        .where(building.c.ground == _any(grounds))
        .group_by(building.c.ground)
    )
    # codes in text order are codes in order of generation, the twelfth character
    return {ground: VALUES[code[len(ground)]] for ground, code in rows}


def add_buildings(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Add buildings (``code, office_id``) and return their ids by code."""
    numbered = [row if "id" in row else {"id": draw_key(), **row} for row in rows]
    insert_rows(connection, building, numbered)
    return {row["code"]: row["id"] for row in numbered}


def close_footprints(connection: Connection, buildings: Sequence[str]) -> None:
    """Close the current geometry versions of buildings."""
    connection.execute(
        update(footprint)
        .where(footprint.c.building_id == _any(buildings, UUID(as_uuid=False)), footprint.c.replaced_at.is_(None))
        .values(replaced_at=func.statement_timestamp())
    )


def add_footprints(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Add geometry versions and return their ids in the same order; `geom` is a MultiPolygon in EPSG:4490.

    Raises
    ------
    GroundTakenError
        A living building stands there; the transaction cannot go on.
    """
    if not rows:
        return []
    try:
        # one statement: the trigger works by the statement
        return insert_columns(connection, footprint, _footprint_columns(rows))
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == _EXCLUSION_VIOLATION:
            raise GroundTakenError(str(error.orig.diag.message_detail)) from error  # type: ignore[union-attr]
        raise


def add_aliases(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Add aliases that are not held yet and return those: their ids, and their buildings'."""
    if not rows:
        return []
    names = list(rows[0])
    # a list for each column, not a parameter for each value
    given = select(*(func.unnest(literal([row[name] for row in rows], ARRAY(alias.c[name].type))) for name in names))
    added = upsert(alias).from_select(names, given, include_defaults=False).on_conflict_do_nothing()
    found = connection.execute(added.returning(alias.c.id, alias.c.building_id))
    return [(identity, str(building)) for identity, building in found]


def existing_codes(connection: Connection, codes: Iterable[str]) -> list[str]:
    """Return those of some compact codes that are in the register."""
    wanted = select(building.c.code).where(building.c.code == _any(codes)).order_by(building.c.code)
    return list(connection.execute(wanted).scalars())


def current_ground(connection: Connection, codes: Iterable[str]) -> gpd.GeoDataFrame:
    """Return the current footprints of the buildings with some compact codes, with ``name, space``: EPSG:4490, indexed by code."""
    rows = connection.execute(statement("current_ground"), {"codes": list(codes)}).all()
    return frame_of(rows, ["name", "space"], index="code")


def _footprint_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Sequence[Any]]:
    """Return geometry versions as they are stored: with their geometries in EWKB, and the keys by which they are found."""
    columns: dict[str, Sequence[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    for name in {"geom", "axis"} & columns.keys():
        columns[name] = [*_ewkb(columns[name])]
    columns["addresses"] = [stored_keys(row.get("name"), row.get("attributes") or {}) for row in rows]
    return columns


def _ewkb(shapes: Sequence[Any]) -> NDArray[Any]:
    """Return geometries, or None, as EWKB."""
    column = np.array([*shapes, None], dtype=object)[:-1]  # numpy would take a collection apart
    ewkb: NDArray[Any] = shapely.to_wkb(shapely.set_srid(column, _SRID), include_srid=True)
    return ewkb


def _any(values: Iterable[str], kind: Any = types.Text) -> ColumnElement[Any]:
    """Return any of some values as one array: a statement holds 65,535 parameters, a city more buildings."""
    return any_(literal(list(values), ARRAY(kind)))
