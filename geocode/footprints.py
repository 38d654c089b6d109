"""What may be coded: the checks every footprint passes before it has a code, in the coordinates as delivered."""

import re
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.columns import geometry_column
from geocode.faults import Fault, read_sentences
from geocode.rings import Rings, flatten
from geocode.simplicity import mark_simple

__all__ = ["MAX_VERTICES", "Examined", "examine", "find_faults"]

MAX_VERTICES = 200_000
_POLYGON, _MULTIPOLYGON = 3, 6
_SENTENCES = read_sentences("geocode", "faults.toml")
# GEOS's words for the ways of being invalid, and ours
_KINDS = {
    "Self-intersection": "self_intersection",
    "Ring Self-intersection": "ring_self_intersection",
    "Hole lies outside shell": "hole_outside",
    "Holes are nested": "nested_holes",
    "Nested shells": "nested_shells",
    "Interior is disconnected": "disconnected_interior",
    "Duplicate Rings": "duplicate_rings",
    "Too few points in geometry component": "too_few_points",
}
_REASON = re.compile(r"^(?P<words>[^\[]+)(?:\[(?P<x>\S+) (?P<y>\S+)\])?")


class Examined(NamedTuple):
    """What examining n geometries found.

    Attributes
    ----------
    faults
        dtype object, shape (n,): a `Fault` where a geometry is no footprint, else None.
    rows
        The rows that are polygons, sound or not, ascending, shape (m,).
    sound
        Which of those rows are footprints, shape (m,).
    rings
        The rings of those rows.
    """

    faults: NDArray[Any]
    rows: NDArray[np.int64]
    sound: NDArray[np.bool_]
    rings: Rings


def find_faults(geometries: NDArray[Any]) -> NDArray[Any]:
    """Return what keeps each geometry from being a footprint: a `Fault`, or None where nothing does.

    Parameters
    ----------
    geometries
        Shapely geometries or None, shape (n,), in any frame; faults name places in it. Z and M play no part.

    Returns
    -------
    ndarray of object, shape (n,)
    """
    return examine(geometry_column(geometries)).faults


def examine(geometries: NDArray[Any]) -> Examined:
    """Return the faults of geometries, and the rings of the polygons among them: `find_faults`, for who goes on."""
    faults = np.full(len(geometries), None, dtype=object)
    kind = shapely.get_type_id(geometries)
    is_polygon = (kind == _POLYGON) | (kind == _MULTIPOLYGON)
    rows = np.flatnonzero(is_polygon)
    polygons = geometries if len(rows) == len(geometries) else geometries[rows]
    rings = flatten(polygons)
    sound = _are_valid(polygons, rings)
    for row in (*np.flatnonzero(~is_polygon), *rows[~sound]):
        faults[row] = _fault_of(geometries[row])
    return Examined(faults, rows, sound, rings)


def _are_valid(polygons: NDArray[Any], rings: Rings) -> NDArray[np.bool_]:
    """Return which polygons are valid and have an area, shape (n,); GEOS is asked where arithmetic leaves a doubt."""
    valid = np.empty(len(polygons), dtype=bool)
    mark_simple(rings.x, rings.y, rings.starts, rings.first, valid)
    doubtful = np.flatnonzero(~valid & (rings.counts() <= MAX_VERTICES))
    with np.errstate(over="ignore", invalid="ignore"):
        # an area of zero is valid only where GEOS does not look: tell it before anything else could
        valid[doubtful] = shapely.is_valid(polygons[doubtful]) & (shapely.area(polygons[doubtful]) > 0)
    return valid


def _fault_of(geometry: Any) -> Fault:
    """Return the first fault of a geometry that is known to have one."""
    if geometry is None:
        return _SENTENCES.fault("no_geometry")
    if geometry.geom_type not in {"Polygon", "MultiPolygon"}:
        return _SENTENCES.fault("wrong_type", found=geometry.geom_type)
    if geometry.is_empty:
        return _SENTENCES.fault("empty_geometry")
    xy = shapely.get_coordinates(geometry)
    if len(xy) > MAX_VERTICES:
        return _SENTENCES.fault("too_many_vertices", found=len(xy), limit=MAX_VERTICES)
    lost = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(lost):
        return _SENTENCES.fault("not_finite", vertex=int(lost[0]))
    if geometry.convex_hull.area == 0:
        return _SENTENCES.fault("zero_area", x=float(xy[0, 0]), y=float(xy[0, 1]), vertex=0)
    return _invalidity(shapely.is_valid_reason(geometry), xy)


def _invalidity(reason: str, xy: NDArray[np.float64]) -> Fault:
    """Return the fault that GEOS's reason tells, with its place and the vertex that stands there, if one does."""
    match = _REASON.match(reason)
    kind = _KINDS.get(match["words"].strip()) if match else None
    if match is None or kind is None or match["x"] is None:
        return _SENTENCES.fault("invalid", reason=reason)
    x, y = float(match["x"]), float(match["y"])
    # GEOS prints places with the digits of a double that reads back equal, or nearly
    there = np.flatnonzero(np.isclose(xy, (x, y), rtol=1e-12, atol=0).all(axis=1))
    return _SENTENCES.fault(kind, x=x, y=y, vertex=int(there[0]) if len(there) else None)
