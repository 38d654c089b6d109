"""Two layers over one extent, cut into pieces that fill it: each on one feature of either layer, of one alone, or of none.

The edge kernel says beforehand how much ground pairs share. So a polygon whose shared areas add up to its own has
nothing left outside the other layer and is not cut again, and a zone that its pieces add up to has no ground without
either layer.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from blueprint.certainty import NOISE_M
from blueprint.cutting import Polygons, cut, cut_away, cut_pairs, take_polygons, unite
from blueprint.edge_areas import SharedAreas, find_near, least_ground_m2, measure_pairs
from blueprint.edge_trees import index

__all__ = ["Arrangement", "Overlap", "Placed", "arrange", "clip", "disjoin", "shared_ground"]

Integers: TypeAlias = NDArray[np.intp]
Geometries: TypeAlias = NDArray[np.object_]
Floats: TypeAlias = NDArray[np.float64]

_NOTHING = shapely.Polygon()
_NOISE_M2 = np.pi / 4 * NOISE_M**2  # of a circle that is noise


class Overlap(NamedTuple):
    """Two polygons of one layer that claim the same ground, by their positions; the first one keeps it."""

    first: int
    second: int
    area_m2: float


class Placed(NamedTuple):
    """Parts of features, each in one zone: arrays of one length.

    Attributes
    ----------
    source, zone
        The positions of the feature and of the zone.
    polygons
        Their ground.
    uncut
        Positions of features that could not be cut along a zone, with the reason.
    """

    source: Integers
    zone: Integers
    polygons: Polygons
    uncut: tuple[tuple[int, str], ...] = ()


class Arrangement(NamedTuple):
    """Pieces that share no ground: arrays of one length.

    Attributes
    ----------
    left, right
        The positions of their features; -1 where that layer says nothing.
    zone
        The position of the zone.
    engine_mode
        How each was cut: one of `blueprint.cutting.ENGINE_MODES`.
    uncut
        Pairs of positions (-1: none) whose ground could not be cut, with the reason.
    """

    left: Integers
    right: Integers
    zone: Integers
    geometry: Geometries
    engine_mode: Geometries
    uncut: tuple[tuple[int, int, str], ...]


class _Pieces(NamedTuple):
    """Pieces before it is known which could be cut: positions of clipped parts (-1: none), ground, mode, error."""

    left: Integers
    right: Integers
    zone: Integers
    geometry: Geometries
    engine_mode: Geometries
    error: Geometries


def shared_ground(left: Polygons, right: Polygons, *, noise: bool = False) -> SharedAreas:
    """Return the pairs of two layers that share more ground than polygons do that only touch.

    Parameters
    ----------
    noise
        Whether ground that has no place for a circle of 2 mm counts as well; the dust of coordinates never does.
    """
    pairs = measure_pairs(left.edges, right.edges, *find_near(left.edges.bounds, index(right.edges, right.unusable)))
    least_m2 = least_ground_m2(left.edges.bounds, right.edges.bounds, pairs.left, pairs.right)
    return pairs.only(pairs.area_m2 > (least_m2 - _NOISE_M2 if noise else least_m2))


def disjoin(geometries: Geometries) -> tuple[Geometries, list[Overlap]]:
    """Return polygons without the ground that an earlier one has already, and every two that overlap by more than noise.

    Noise is an overlap that is narrower than 2 mm, taken along the bounds that both have in common. A polygon that cannot
    be cut loses all its ground: it would count twice.
    """
    polygons = take_polygons(geometries)
    pairs = shared_ground(polygons, polygons, noise=True)
    pairs = pairs.only(pairs.left > pairs.right)
    later, first, count = np.unique(pairs.left, return_index=True, return_counts=True)
    taken = _geometries([unite(geometries[pairs.right[i : i + n]]) for i, n in zip(first, count, strict=True)])
    own = geometries.copy()
    own[later] = _areal(cut(geometries[later], taken, inside=False).outside)
    told = pairs.only(pairs.area_m2 > NOISE_M * _shared_length_m(polygons, pairs))
    rows = zip(told.right.tolist(), told.left.tolist(), told.area_m2.tolist(), strict=True)
    return own, [Overlap(*row) for row in rows]


def _shared_length_m(polygons: Polygons, pairs: SharedAreas) -> Floats:
    """Return the longer side of the bounds that pairs of one layer have in common, in metres."""
    one, other = polygons.edges.bounds[pairs.left], polygons.edges.bounds[pairs.right]
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    return np.asarray(sides.max(axis=1, initial=0.0))


def clip(geometries: Geometries, zones: Polygons) -> Placed:
    """Return the parts of polygons that lie in zones."""
    polygons = take_polygons(geometries)
    pairs = shared_ground(polygons, zones, noise=True)
    result = cut_pairs(polygons, zones, pairs, outside=False)
    good = pd.isna(result.error)
    uncut = tuple(zip(pairs.left[~good].tolist(), result.error[~good].tolist(), strict=True))
    return Placed(pairs.left[good], pairs.right[good], take_polygons(_areal(result.inside[good])), uncut)


def arrange(left: Placed, right: Placed, zones: Polygons) -> Arrangement:
    """Return the pieces of zones, in the order of zone, left and right.

    Parameters
    ----------
    left, right
        What `clip` made of layers whose features share no ground.
    zones
        Those that were clipped by; they share no ground either.
    """
    pairs = shared_ground(left.polygons, right.polygons, noise=True)
    pairs = pairs.only(left.zone[pairs.left] == right.zone[pairs.right])
    result = cut_pairs(left.polygons, right.polygons, pairs, outside=False)
    shared = _Pieces(pairs.left, pairs.right, left.zone[pairs.left], result.inside, result.engine_mode, result.error)
    left_alone = _alone(left, right, _sums(pairs.left, pairs.area_m2, left))
    turned = _alone(right, left, _sums(pairs.right, pairs.area_m2, right))
    right_alone = turned._replace(left=turned.right, right=turned.left)
    filled = np.concatenate([left.polygons.geometry, right_alone.geometry])
    neither = _unfilled(zones, filled, np.concatenate([left.zone, right_alone.zone]))
    pieces = (shared, left_alone, right_alone, neither)
    return _told(_Pieces(*(np.concatenate(column) for column in zip(*pieces, strict=True))), left, right)


def _alone(one: Placed, other: Placed, shared_m2: Floats) -> _Pieces:
    """Return what of clipped parts lies outside the other layer, as if they were the left ones."""
    rows = np.flatnonzero(one.polygons.edges.area_m2 - shared_m2 > _tolerances(one.polygons.geometry))
    result = cut_away(take_polygons(one.polygons.geometry[rows]), other.polygons)
    nothing = np.full(len(rows), -1)
    return _Pieces(rows, nothing, one.zone[rows], result.outside, result.engine_mode, result.error)


def _unfilled(zones: Polygons, filled: Geometries, zone: Integers) -> _Pieces:
    """Return what of zones lies outside everything that fills them."""
    filled_m2 = np.bincount(zone, shapely.area(filled), len(zones.geometry))
    rows = np.flatnonzero(zones.edges.area_m2 - filled_m2 > _tolerances(zones.geometry))
    result = cut_away(take_polygons(zones.geometry[rows]), take_polygons(filled))
    nothing = np.full(len(rows), -1)
    return _Pieces(nothing, nothing, rows, result.outside, result.engine_mode, result.error)


def _told(pieces: _Pieces, left: Placed, right: Placed) -> Arrangement:
    """Return the pieces by the positions of features, those that could not be cut apart."""
    i, j = _source(left, pieces.left), _source(right, pieces.right)
    good = pd.isna(pieces.error)
    uncut = zip(i[~good].tolist(), j[~good].tolist(), pieces.error[~good].tolist(), strict=True)
    order = np.lexsort((j, i, pieces.zone))
    order = order[good[order]]
    return Arrangement(
        i[order], j[order], pieces.zone[order], pieces.geometry[order], pieces.engine_mode[order], tuple(uncut)
    )


def _sums(positions: Integers, area_m2: Floats, placed: Placed) -> Floats:
    return np.asarray(np.bincount(positions, area_m2, len(placed.zone)), dtype=float)


def _source(placed: Placed, positions: Integers) -> Integers:
    source = np.append(placed.source, -1)
    return np.asarray(source[positions])  # -1 is the last


def _areal(geometries: Geometries) -> Geometries:
    """Return the polygons of geometries: where borders touch, cutting leaves lines and points beside them."""
    areal = geometries.copy()
    areal[pd.isna(areal)] = _NOTHING
    mixed = ~np.isin(shapely.get_type_id(areal), [shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON])
    for row in np.flatnonzero(mixed).tolist():
        parts = shapely.get_parts(areal[row])
        areal[row] = shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])
    return areal


def _tolerances(geometries: Geometries) -> Floats:
    """Return the area in square metres that arithmetic alone may leave: 1e-9 of the whole, or a micrometre along its border."""
    return np.asarray(np.maximum(1e-9 * shapely.area(geometries), 1e-6 * shapely.length(geometries)))


def _geometries(each: Sequence[object]) -> Geometries:
    whole = np.empty(len(each), dtype=object)
    whole[:] = each
    return whole
