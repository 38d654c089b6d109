"""A large delivery in parts that share nothing: each is checked, matched and written by itself, and all come to the same.

What belongs together, because the matching might look at it together or because it has one ground, is in one part; a part
is a neighbourhood of some thousand rows. So memory is by the part and not by the delivery.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geocode import STORAGE_CRS, encode_many, to_storage
from geocode.faults import are_sound
from geocode.planes import measure_plane, to_plane
from layers.confined.kept import KeptDelivery
from registry.relating import Shift, estimate_shift, independent_groups, joined_shift
from registry.relating.components import connected
from store.buildings import living_boxes, living_footprints, lock_all_buildings, lock_ground
from store.database import Connection
from workflows.deliveries import PART_ROWS, in_plane
from workflows.matching import REACH_DEG, around

__all__ = ["Division", "divide"]

# of the grid by which the database locks ground
_CELLS_PER_DEG = 100
_WITHIN_CELL = 0.3
# neighbourhoods lie along stripes of about five kilometres
_STRIPES_PER_DEG = 20
_GROUND = "S11"
Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


class Division(NamedTuple):
    """How a delivery is worked through.

    Attributes
    ----------
    parts
        The rows of each, ascending, as places in the file.
    plane
        EPSG name of the plane in which all are matched; None where there is one part, which knows its own.
    shift
        How the delivery lies against the register; None where there is one part, or nothing that it could lie against.
    is_built_on
        Whether buildings may stand there.
    is_to_be_held
        Whether whoever matches the parts holds their ground and the buildings: those of several are held already.
    """

    parts: Sequence[Positions]
    plane: str | None = None
    shift: Shift | None = None
    is_built_on: bool = True
    is_to_be_held: bool = False


class _Seen(NamedTuple):
    """What a first look tells of good rows: which they are, their boxes and centroids in EPSG:4490, and their ground."""

    rows: Positions
    bounds: Floats
    middles: Floats
    ground: NDArray[np.bytes_]


def divide(
    connection: Connection, kept: KeptDelivery, *, hold: bool, is_whole: bool = False, part_rows: int = PART_ROWS
) -> Division:
    """Return the parts of a delivery; the ground under more than one, and all buildings, are held until the transaction ends.

    Parameters
    ----------
    hold
        Whether ground and buildings are held; not of a delivery that will not be written.
    is_whole
        Whether it is judged as a whole, however large it is.
    part_rows
        About how many rows a part has; more where more belong together.

    Raises
    ------
    CrsError
        The gate refuses the delivery's CRS.
    """
    every = np.arange(kept.rows)
    if is_whole or kept.rows <= part_rows:
        return Division([every], is_to_be_held=hold)
    seen = _look(kept)
    if not len(seen.rows):
        return Division([every], is_to_be_held=hold)
    ground = _ground_around(seen.bounds)
    if hold:
        lock_ground(connection, ground)
        lock_all_buildings(connection)
    lon, lat = (seen.bounds[:, :2].min(axis=0) + seen.bounds[:, 2:].max(axis=0)) / 2
    plane = measure_plane(float(lon), float(lat))
    known = living_boxes(connection, ground)
    shift = None
    if len(known.bounds):
        somewhere = _neighbourhoods(seen.rows, np.arange(len(seen.rows)), seen.middles, part_rows)
        shift = joined_shift(_lying(connection, kept, rows, plane) for rows in somewhere)
    groups = _groups(seen, (known.bounds, known.middles), plane, shift)
    # what is refused belongs to nobody, and goes with the first
    refused = np.setdiff1d(every, seen.rows)
    groups = np.append(groups, len(groups) + np.arange(len(refused)))
    middles = np.vstack([seen.middles, np.tile(seen.middles[:1], (len(refused), 1))])
    return Division(
        _neighbourhoods(np.append(seen.rows, refused), groups, middles, part_rows),
        plane,
        shift,
        is_built_on=len(known.bounds) > 0,
    )


def _look(kept: KeptDelivery) -> _Seen:
    """Return what a first look tells of a delivery's good rows."""
    return _Seen(*(np.concatenate(each) for each in zip(*_looks(kept), strict=True)))


def _looks(kept: KeptDelivery) -> Iterator[_Seen]:
    for batch in kept.batches(columns=False):
        shapes = np.asarray(batch.frame.geometry.values, dtype=object)
        encoded = encode_many(shapes, crs=batch.crs)
        sound = are_sound(encoded.faults)
        there = to_storage(shapes[sound], batch.crs)
        middles = shapely.get_coordinates(shapely.centroid(there))
        rows = batch.frame.index.to_numpy()[sound]
        yield _Seen(rows, shapely.bounds(there).reshape(-1, 4), middles, encoded.codes[sound].astype(_GROUND))


def _ground_around(bounds: Floats) -> NDArray[Any]:
    """Return boxes that have the cells of some boxes and of what lies around them: as few boxes as there are such cells."""
    reach = REACH_DEG * np.array([-1, -1, 1, 1])
    cells = np.unique(np.floor((bounds + reach) * _CELLS_PER_DEG), axis=0)
    margin = np.array([_WITHIN_CELL, _WITHIN_CELL, 1 - _WITHIN_CELL, 1 - _WITHIN_CELL])
    return np.asarray(shapely.box(*((cells + margin) / _CELLS_PER_DEG).T))


def _lying(connection: Connection, kept: KeptDelivery, rows: Positions, plane: str) -> Shift:
    """Return how some neighbours lie against the buildings around them."""
    delivery = kept.take(rows, columns=False)
    shapes = to_storage(np.asarray(delivery.frame.geometry.values, dtype=object), delivery.crs)
    delivered = gpd.GeoDataFrame(geometry=shapes, index=delivery.frame.index, crs=STORAGE_CRS)
    known = living_footprints(connection, around(shapes))
    return estimate_shift(in_plane(delivered, plane), in_plane(known[["geometry"]], plane))


def _groups(seen: _Seen, known: tuple[Floats, Floats], plane: str, shift: Shift | None) -> Positions:
    """Return for each good row the number of the group that it belongs to."""
    middles = tuple(_points_in_plane(each, plane) for each in (seen.middles, known[1]))
    groups = independent_groups(
        _boxes_in_plane(seen.bounds, plane),
        _boxes_in_plane(known[0], plane),
        vectors_m=None if shift is None else shift.at(seen.rows, middles[0]),
        centroids=(middles[0], middles[1]),
    )
    # buildings on one ground are counted together
    alike = [np.unique(each, return_index=True, return_inverse=True) for each in (groups.delivered, seen.ground)]
    places = np.arange(len(seen.rows))
    return connected(np.tile(places, 2), np.concatenate([first[of] for _, first, of in alike]), len(places))


def _boxes_in_plane(bounds: Floats, plane: str) -> Floats:
    """Return boxes in EPSG:4490 as boxes in a plane, in metres."""
    return _by_some(lambda some: shapely.bounds(to_plane(shapely.box(*some.T), plane)).reshape(-1, 4), bounds)


def _points_in_plane(points: Floats, plane: str) -> Floats:
    return _by_some(lambda some: shapely.get_coordinates(to_plane(shapely.points(some), plane)), points)


def _by_some(function: Any, rows: Floats) -> Floats:
    """Return a function of rows, some of them at a time."""
    return np.concatenate([function(some) for some in np.array_split(rows, 1 + len(rows) // PART_ROWS)])


def _neighbourhoods(rows: Positions, groups: Positions, places: Floats, size: int) -> list[Positions]:
    """Return rows, ascending, in parts of about a size, the groups whole, one neighbourhood after the other."""
    _, first, group, counts = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    lon, lat = places[first].T
    order = np.lexsort((lat, np.floor(lon * _STRIPES_PER_DEG)))
    part = np.empty(len(order), dtype=np.intp)
    part[order] = (np.cumsum(counts[order]) - counts[order]) // size
    of_row = part[group]
    by_part = np.lexsort((rows, of_row))
    return np.split(rows[by_part], np.flatnonzero(np.diff(of_row[by_part])) + 1)
