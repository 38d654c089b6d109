"""Polygons cut along others, by GEOS, and checked.

GEOS overlays in floating precision first, which conserves area; a fixed grid "for safety" loses up to 0.2 m² per
feature and takes four times as long. Each result is checked: the edge kernel says beforehand, by other arithmetic, how
large it must be, and which pairs need no cutting at all. Where that fails, grids of 0.1 mm and then 1 mm are tried, and
the row says so. A pair that cannot be overlaid has an error.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.edge_areas import COVERS, CROSSES, MISSES, SharedAreas, find_near, measure_pairs
from blueprint.edge_trees import Edges, index, take_edges
from blueprint.narrowing import narrow
from blueprint.usability import describe_unusable
from geocode.faults import are_sound
from layers.widths import RESOLUTION_M

__all__ = ["ENGINE_MODES", "Cut", "Polygons", "cut", "cut_away", "cut_pairs", "take_polygons", "unite"]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.intp]
Geometries: TypeAlias = NDArray[np.object_]
Texts: TypeAlias = NDArray[np.object_]

ENGINE_MODES = ("float", "grid_1e-4", "grid_1e-3")
_GRIDS_M = (None, 1e-4, 1e-3)
_NOTHING = shapely.Polygon()
_FEW = 4
_NO_UNION = "The right polygons cannot be united, on no grid."


class Cut(NamedTuple):
    """Polygons, each cut along another; arrays of one length.

    Attributes
    ----------
    inside, outside
        What the left polygon shares with the right one, and the rest of it; empty where there is an error, None where
        that side was not wanted.
    engine_mode
        One of `ENGINE_MODES`; None where there is an error.
    error
        Why a pair could not be overlaid; None where it could.
    """

    inside: Geometries
    outside: Geometries
    engine_mode: Texts
    error: Texts


class Polygons(NamedTuple):
    """Polygons with what is known of them, made once: arrays of one length.

    Attributes
    ----------
    geometry
        As delivered.
    edges
        Those of the usable ones.
    unusable
        Why one cannot be overlaid; None where it can.
    """

    geometry: Geometries
    edges: Edges
    unusable: Texts


class _Side(NamedTuple):
    """What is wanted of pairs: the operation, where its results go, and how large they must be."""

    operation: Callable[..., Geometries]
    into: Geometries
    expected_m2: Floats


def cut(left: Geometries, right: Geometries, *, inside: bool = True, outside: bool = True) -> Cut:
    """Return each left polygon cut along the right one of the same position.

    Parameters
    ----------
    left, right
        Arrays of one length of polygons in one plane in metres. Missing, invalid and non-finite ones give an error;
        an empty right one leaves all outside.
    inside, outside
        Whether that side is wanted: each takes its time, and is None where it is not.
    """
    if not len(left):
        return _nothing_of(0, inside=inside, outside=outside)
    (lefts, i), (rights, j) = _take_each_once(left), _take_each_once(right)
    pairs = measure_pairs(lefts.edges, rights.edges, i, j)
    return cut_pairs(lefts, rights, pairs, inside=inside, outside=outside)


def take_polygons(geometries: Geometries) -> Polygons:
    """Return polygons in a plane in metres as `cut_pairs` takes them."""
    unusable = describe_unusable(geometries)
    usable = geometries.copy()
    usable[~are_sound(unusable)] = _NOTHING
    mixed = shapely.get_type_id(usable) == shapely.GeometryType.GEOMETRYCOLLECTION
    if mixed.any():
        usable[mixed] = shapely.buffer(usable[mixed], 0)  # the union of its polygons
    return Polygons(geometries, take_edges(usable), unusable)


def cut_pairs(left: Polygons, right: Polygons, pairs: SharedAreas, *, inside: bool = True, outside: bool = True) -> Cut:
    """Return left polygons cut along right ones as `cut` does, for layers that are kept and pairs that are found."""
    result = _nothing_of(len(pairs.left), inside=inside, outside=outside)
    result.error[:] = _describe_pairs(left, right, pairs)
    sound, covers = are_sound(result.error), _improve(left, right, pairs)
    for cover, side, wanted in ((COVERS, result.inside, inside), (MISSES, result.outside, outside)):
        whole = np.flatnonzero(sound & (covers == cover))
        result.engine_mode[whole] = ENGINE_MODES[0]
        if wanted:
            side[whole] = left.geometry[pairs.left[whole]]
    todo = np.flatnonzero(sound & (covers == CROSSES))
    i, inside_m2 = pairs.left[todo], pairs.area_m2[todo]
    sides = [_Side(shapely.intersection, result.inside, inside_m2)] if inside else []
    sides += [_Side(shapely.difference, result.outside, left.edges.area_m2[i] - inside_m2)] if outside else []
    a, b = left.geometry[i], right.geometry[pairs.right[todo]]
    _cut_crossing(a, narrow(a, b), sides, todo, result)
    return result


def cut_away(left: Polygons, right: Polygons) -> Cut:
    """Return what of each left polygon lies outside all right ones together; unusable right ones take nothing away."""
    pairs = measure_pairs(left.edges, right.edges, *find_near(left.edges.bounds, index(right.edges, right.unusable)))
    hits = pairs.area_m2 > RESOLUTION_M**2  # nothing that wide fits into less
    rows, first, count = np.unique(pairs.left[hits], return_index=True, return_counts=True)
    around = _unite_runs(right.geometry[pairs.right[hits]], first, count)
    result, unions = _untouched(left), _take_unions(around)
    pairs = measure_pairs(left.edges, unions.edges, rows, np.arange(len(rows)))
    for whole, some in zip(result, cut_pairs(left, unions, pairs, inside=False), strict=True):
        whole[rows] = some
    return result


def _unite_runs(polygons: Geometries, first: Integers, count: Integers) -> Geometries:
    """Return the union of each run of polygons; None where GEOS cannot, on no grid."""
    unions = polygons[first]
    # a few are united one by one, all runs at once
    for k in range(1, _FEW):
        more = np.flatnonzero((count > k) & (count <= _FEW))
        unions[more] = _attempt(shapely.union, unions[more], polygons[first[more] + k], None)
    for run in np.flatnonzero((count > _FEW) | shapely.is_missing(unions)).tolist():
        unions[run] = unite(polygons[first[run] : first[run] + count[run]])
    return unions


def unite(polygons: Geometries) -> Any:
    """Return the union of valid polygons that may overlap; None where GEOS cannot, on no grid."""
    if len(polygons) == 1:
        return polygons[0]
    for grid_m in _GRIDS_M:
        try:
            return shapely.union_all(polygons, grid_size=grid_m)
        except shapely.GEOSException:
            continue
    return None


def _take_each_once(geometries: Geometries) -> tuple[Polygons, Integers]:
    """Return different geometries, and which stands where: judging a long river takes longer than overlaying it."""
    identity = np.fromiter(map(id, geometries), dtype=np.int64, count=len(geometries))
    _, first, position = np.unique(identity, return_index=True, return_inverse=True)
    return take_polygons(geometries[first]), position


def _describe_pairs(left: Polygons, right: Polygons, pairs: SharedAreas) -> Texts:
    problems = left.unusable[pairs.left]
    mine = are_sound(problems) & ~shapely.is_empty(right.geometry)[pairs.right]
    problems[mine] = right.unusable[pairs.right[mine]]
    return problems


def _untouched(left: Polygons) -> Cut:
    """Return polygons that nothing is taken away from."""
    result = _nothing_of(len(left.unusable), inside=False, outside=True)
    result.error[:] = left.unusable
    usable = are_sound(left.unusable)
    result.outside[usable], result.engine_mode[usable] = left.geometry[usable], ENGINE_MODES[0]
    return result


def _take_unions(unions: Geometries) -> Polygons:
    """Return unions, which are valid, None where there is none."""
    missing, unusable = shapely.is_missing(unions), np.full(len(unions), None, dtype=object)
    unusable[missing] = _NO_UNION
    usable = unions.copy()
    usable[missing] = _NOTHING
    return Polygons(unions, take_edges(usable), unusable)


def _improve(left: Polygons, right: Polygons, pairs: SharedAreas) -> NDArray[np.int8]:
    """Return how pairs lie, with those in which a border only enters the bounds: that costs a tenth of a cut to tell."""
    covers, left_m2 = pairs.covers.copy(), left.edges.area_m2[pairs.left]
    likely = np.flatnonzero((covers == CROSSES) & (pairs.area_m2 >= (1 - 1e-9) * left_m2))
    used, which = np.unique(pairs.right[likely], return_inverse=True)
    # copies: other threads may hold the polygons, and preparing changes them
    own = shapely.force_2d(right.geometry[used])
    shapely.prepare(own)
    covers[likely[shapely.contains_properly(own[which], left.geometry[pairs.left[likely]])]] = COVERS
    return covers


def _nothing_of(count: int, *, inside: bool, outside: bool) -> Cut:
    """Return the result before anything is cut."""
    values = (_NOTHING if inside else None, _NOTHING if outside else None, None, None)
    return Cut(*(np.full(count, value, dtype=object) for value in values))


def _cut_crossing(
    left: Geometries, right: Geometries, sides: Sequence[_Side], positions: Integers, result: Cut
) -> None:
    """Cut pairs whose borders cross, in the coarsest mode that it takes, and write what they are at their positions."""
    todo = np.arange(len(left))
    for mode, grid_m in zip(ENGINE_MODES, _GRIDS_M, strict=True):
        if not len(todo):
            return
        grounds = [_attempt(side.operation, left[todo], right[todo], grid_m) for side in sides]
        tolerance_m2, good = _tolerances(left[todo], grid_m or 0.0), np.full(len(todo), True)
        for side, ground in zip(sides, grounds, strict=True):
            # NaN where there is none, which compares as false
            good &= np.abs(shapely.area(ground) - side.expected_m2[todo]) <= tolerance_m2
        for side, ground in zip(sides, grounds, strict=True):
            side.into[positions[todo[good]]] = ground[good]
        result.engine_mode[positions[todo[good]]] = mode
        todo = todo[~good]
    result.error[positions[todo]] = "The overlay does not conserve the area, on no grid."


def _tolerances(left: Geometries, grid_m: float) -> Floats:
    """Return how much an area may differ from what it must be: 1e-9 of the whole, or a micrometre along its border."""
    perimeter_m = shapely.length(left)
    return np.asarray(np.maximum(1e-9 * shapely.area(left), 1e-6 * perimeter_m) + grid_m * perimeter_m)


def _attempt(
    operation: Callable[..., Geometries], left: Geometries, right: Geometries, grid_m: float | None
) -> Geometries:
    """Return the results of an operation, None for the pairs that GEOS raises for."""
    try:
        return np.asarray(operation(left, right, grid_size=grid_m), dtype=object)
    except shapely.GEOSException:
        return np.array([_attempt_one(operation, a, b, grid_m) for a, b in zip(left, right, strict=True)], dtype=object)


def _attempt_one(operation: Callable[..., Any], left: Any, right: Any, grid_m: float | None) -> Any:
    try:
        return operation(left, right, grid_size=grid_m)
    except shapely.GEOSException:
        return None
