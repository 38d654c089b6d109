"""Vector tiles, cut by PostGIS, what they rest on, and where the map begins."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Executable, func, select, text

from registry.stages import stage_codes
from store.database import IN_BINARY, Connection, statement
from store.editions import edition_in_effect
from store.items import Source, near

__all__ = [
    "DEGREES",
    "WEB_MERCATOR",
    "CountedCell",
    "GroundChange",
    "TileGrid",
    "building_tile",
    "cells_tile",
    "editions_shown",
    "extent",
    "ground_changed",
    "layer_tile",
    "source_tile",
]

_SRID = 4490
# From here on, a tile is so small that Mercator's projection is a straight line on it, to sin(latitude) × 3217 / 2^zoom of
# its units: to a fifth of one at most. Degrees are then drawn as they are.
_STRAIGHT_FROM_ZOOM = 14
_UNITS, _MARGIN_UNITS = 4096, 64
_MARGIN = 0.016
_MOST_EVENTS = 2_000


class TileGrid(NamedTuple):
    """The square that tiles divide, into four at each zoom, rows from the north: its CRS (srid) and its sides in that."""

    srid: int
    west: float
    south: float
    east: float
    north: float


_HALF_WORLD_M = 20037508.342789244
WEB_MERCATOR = TileGrid(3857, -_HALF_WORLD_M, -_HALF_WORLD_M, _HALF_WORLD_M, _HALF_WORLD_M)
# the world is the upper half of a square: two tiles of it at zoom 1
DEGREES = TileGrid(_SRID, -180.0, -270.0, 180.0, 90.0)


def building_tile(  # noqa: PLR0913 - a tile has three coordinates
    connection: Connection,
    *,
    z: int,
    x: int,
    y: int,
    grid: TileGrid = WEB_MERCATOR,
    whole: bool = True,
    offices: Collection[int] = (),
) -> bytes:
    """Return the Mapbox vector tile of the living buildings, source layer ``buildings``; empty where none stands.

    Parameters
    ----------
    whole
        Whether all names are told; those of the buildings of `offices` alone where not.
    """
    drawn_in = _SRID if z >= _STRAIGHT_FROM_ZOOM else grid.srid
    place = {"z": z, "x": x, "y": y, **grid._asdict(), "drawn_in": drawn_in}
    seen = {"whole": whole, "offices": sorted(offices), "stages": list(stage_codes())}
    return _cut(connection, statement("building_tile"), place | seen)


class CountedCell(NamedTuple):
    """A cell in which buildings are counted: its H3 index, those of its first and last cells of resolution 15, its outline in WKB.

    Indexes are in hexadecimal, the outline in degrees.
    """

    h3: str
    low: str
    high: str
    outline: bytes


def cells_tile(
    connection: Connection, cells: Sequence[CountedCell], *, z: int, x: int, y: int, grid: TileGrid = WEB_MERCATOR
) -> bytes:
    """Return the vector tile of those cells in which buildings stand, source layer ``cells``; empty where none stands."""
    place = {"z": z, "x": x, "y": y, **grid._asdict()}
    columns = zip(("cells", "lows", "highs", "outlines"), map(list, zip(*cells, strict=True)), strict=False)
    return _cut(connection, statement("cells_tile"), place | dict(columns)) if cells else b""


def layer_tile(  # noqa: PLR0913 - a tile has three coordinates
    connection: Connection,
    layer: str,
    *,
    z: int,
    x: int,
    y: int,
    as_of: date,
    grid: TileGrid = WEB_MERCATOR,
    edition: int | None = None,
) -> bytes:
    """Return the vector tile of a layer's features that hold on a day, source layer = `layer`.

    Parameters
    ----------
    layer
        The layer's code; any name where its edition is told.
    edition
        The layer's edition in effect that day, where it is known.
    """
    edition = edition or edition_in_effect(connection, layer, as_of=as_of)
    if edition is None:
        return b""
    place = {"z": z, "x": x, "y": y, **grid._asdict()}
    asked = {"edition": edition, "layer": layer, "as_of": as_of}
    return _cut(connection, statement("layer_tile"), place | asked)


def source_tile(  # noqa: PLR0913 - a tile has three coordinates
    connection: Connection,
    source: Source,
    name: str,
    *,
    z: int,
    x: int,
    y: int,
    grid: TileGrid = WEB_MERCATOR,
    told: Sequence[str] | None = None,
) -> bytes:
    """Return the vector tile of the items of a source, source layer = `name`; empty where there are none.

    Parameters
    ----------
    told
        The names of the properties told; all that the source tells where None.
    """
    square = func.ST_MakeEnvelope(grid.west, grid.south, grid.east, grid.north, grid.srid)
    tile = func.ST_TileEnvelope(z, x, y, square)
    ground = func.ST_Transform(func.ST_Intersection(func.ST_TileEnvelope(z, x, y, square, _MARGIN), square), _SRID)
    drawn = func.ST_AsMVTGeom(func.ST_Transform(source.geometry, grid.srid), tile, _UNITS, _MARGIN_UNITS, True)
    names = source.properties if told is None else told
    shown = (
        select(*(source.queryables[each].column.label(each) for each in names), drawn.label("tile_geometry"))
        .select_from(source.rows)
        .where(near(source, ground))
        .subquery("shown")
    )
    cut = select(func.ST_AsMVT(text("shown"), name, _UNITS, "tile_geometry")).select_from(shown)
    return _cut(connection, cut)


def _cut(connection: Connection, wanted: Executable, given: Mapping[str, Any] | None = None) -> bytes:
    """Return the tile that a statement cuts."""
    return bytes(connection.execute(wanted, given, execution_options={IN_BINARY: True}).scalar_one())


class GroundChange(NamedTuple):
    """The ledger's last event, and what the events since another one have changed.

    Attributes
    ----------
    seq, leaf_hash
        Number and hash of the last event; -1 and nothing where there is none.
    boxes
        West, south, east, north of the footprints, present and former, of the buildings that the events are about, in
        degrees, shape (n, 4); None where it is not known what has changed.
    """

    seq: int
    leaf_hash: bytes
    boxes: NDArray[np.float64] | None


def ground_changed(connection: Connection, *, seq: int = -1, leaf_hash: bytes = b"") -> GroundChange:
    """Return what has changed since an event of the ledger. Whatever changes a building adds an event in its transaction."""
    asked = {"seq": seq, "leaf_hash": leaf_hash, "most": _MOST_EVENTS}
    rows = connection.execute(statement("ground_changed"), asked).all()
    head = rows[0]
    sides = [(row.west, row.south, row.east, row.north) for row in rows if row.west is not None]
    boxes = np.array(sides, dtype=np.float64).reshape(-1, 4) if head.is_known else None
    return GroundChange(head.seq, bytes(head.leaf_hash), boxes)


def editions_shown(connection: Connection, asked: Sequence[tuple[str, date]]) -> list[int | None]:
    """Return the id of the edition in effect for each of some layers on its day, in their order; None where there is none."""
    layers, days = [layer for layer, _ in asked], [day for _, day in asked]
    rows = connection.execute(statement("editions_shown"), {"layers": layers, "days": days})
    return [row.edition for row in rows]


def extent(connection: Connection) -> tuple[float, float, float, float] | None:
    """Return the box around all living buildings and features in degrees, or None where there is nothing."""
    row = connection.execute(statement("extent")).one_or_none()
    return None if row is None else (row[0], row[1], row[2], row[3])
