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
from workflows.deliveries import MAX_SIZE_M, MAX_VERTICES, PART_ROWS, in_plane
from workflows.matching import REACH_DEG, around
from workflows.this_process import give_back_memory

__all__ = ["Division", "divide"]

# of the grid by which the database locks ground
_CELLS_PER_DEG = 100
_WITHIN_CELL = 0.3
# how far mending may move an outline, and more
_MENDING_DEG = 3e-5
_M_PER_DEG, _NEAR_POLE_DEG, _TWICE = 111_000.0, 89.0, 2.0
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
    """What a first look tells of rows that may be good: which they are, their boxes and middles in EPSG:4490, their ground."""

    rows: Positions
    bounds: Floats
    middles: Floats
    ground: NDArray[np.bytes_]


def divide(
    connection: Connection, kept: KeptDelivery, *, hold: bool, is_whole: bool = False, part_rows: int = PART_ROWS
) -> Division:
    """Return the parts of a delivery; of more than one the ground, and all buildings where some stand, are held from here on.

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
    if is_whole or kept.rows <= part_rows:
        return Division([np.arange(kept.rows)], is_to_be_held=hold)
    division = _divide(connection, kept, hold=hold, part_rows=part_rows)
    # the boxes of all rows, which nobody needs any more, are much more than a part
    give_back_memory()
    return division


def _divide(connection: Connection, kept: KeptDelivery, *, hold: bool, part_rows: int) -> Division:
    every, seen = np.arange(kept.rows), _look(kept)
    if not len(seen.rows):
        return Division([every], is_to_be_held=hold)
    cells = _cells_around(seen.bounds)
    if hold:
        # within the cells: the database holds all that a box touches, and a little around it
        lock_ground(connection, _boxes_of_cells(cells, _WITHIN_CELL))
    lon, lat = (seen.bounds[:, :2].min(axis=0) + seen.bounds[:, 2:].max(axis=0)) / 2
    plane = measure_plane(float(lon), float(lat))
    known = living_boxes(connection, _boxes_of_cells(cells))
    shift = None
    if len(known.bounds):
        if hold:
            lock_all_buildings(connection)
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
    """Return what a first look tells of the rows of a delivery that may be good, perhaps once they are mended."""
    return _Seen(*(np.concatenate(each) for each in zip(*_looks(kept), strict=True)))


def _looks(kept: KeptDelivery) -> Iterator[_Seen]:
    for batch in kept.batches(columns=False):
        shapes = np.asarray(batch.frame.geometry.values, dtype=object)
        encoded = encode_many(shapes, crs=batch.crs)
        sound = are_sound(encoded.faults)
        rows = batch.frame.index.to_numpy()
        vertices = shapely.get_num_coordinates(shapes)
        polygonal = np.isin(shapely.get_type_id(shapes), (3, 6)) & np.isfinite(shapely.area(shapes))
        there = np.flatnonzero(polygonal & (vertices > 0) & (vertices <= MAX_VERTICES))
        stored = to_storage(shapes[there], batch.crs)
        bounds = shapely.bounds(stored).reshape(-1, 4)
        is_sound, centroids = sound[there][:, None], shapely.get_coordinates(shapely.centroid(stored))
        middles = np.where(is_sound, centroids, (bounds[:, :2] + bounds[:, 2:]) / 2)
        # an outline that is unsound may be mended: where it lies then, and its ground, are told by its part
        reach = np.where(is_sound, 0.0, _MENDING_DEG) * np.array([-1, -1, 1, 1])
        ground = np.where(sound, encoded.codes.astype(_GROUND), np.char.add(b"#", rows.astype("S10")))[there]
        small = _are_buildings(bounds)
        yield _Seen(rows[there][small], (bounds + reach)[small], middles[small], ground[small].astype(_GROUND))


def _are_buildings(bounds: Floats) -> NDArray[np.bool_]:
    """Return which boxes in degrees are no wider than a building, by far; the others are refused when they are measured."""
    west, south, east, north = bounds.T
    lat = np.minimum(np.abs(bounds[:, [1, 3]]).max(axis=1, initial=0.0), _NEAR_POLE_DEG)
    wide_m = np.maximum((east - west) * np.cos(np.radians(lat)), north - south) * _M_PER_DEG
    return np.asarray(np.isfinite(bounds).all(axis=1) & (wide_m <= _TWICE * MAX_SIZE_M))


def _cells_around(bounds: Floats) -> Floats:
    """Return the cells, from the first to the last along both axes, of boxes and of what lies around them; each range once."""
    reach = REACH_DEG * np.array([-1, -1, 1, 1])
    return np.unique(np.floor((bounds + reach) * _CELLS_PER_DEG), axis=0)


def _boxes_of_cells(cells: Floats, within: float = 0.0) -> NDArray[Any]:
    """Return the boxes of ranges of cells, narrower on all sides by a part of a cell."""
    margin = np.array([within, within, 1 - within, 1 - within])
    return np.asarray(shapely.box(*((cells + margin) / _CELLS_PER_DEG).T))


def _lying(connection: Connection, kept: KeptDelivery, rows: Positions, plane: str) -> Shift:
    """Return how some neighbours lie against the buildings around them."""
    delivery = kept.take(rows, columns=False)
    shapes = to_storage(np.asarray(delivery.frame.geometry.values, dtype=object), delivery.crs)
    sound = shapely.is_valid(shapes)
    delivered = gpd.GeoDataFrame(geometry=shapes[sound], index=delivery.frame.index[sound], crs=STORAGE_CRS)
    known = living_footprints(connection, around(shapes[sound]))
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
