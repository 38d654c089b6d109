"""Mending an outline by leaving vertices out: what was a slip in drawing, and nothing that a building could have."""

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["SHORT_EDGE_M", "SPIKE_DEG", "OutlineFix", "in_curve", "propose_fix", "without_vertices"]

SPIKE_DEG = 10.0
SHORT_EDGE_M = 0.1
# no wall is thinner than a spike that is taken away
_SPIKE_WIDTH_M = 0.1
# two drawings that differ by no more are one building
_MOST_MOVED_M = 0.02
_LEAST_CORNERS = 3


class OutlineFix(NamedTuple):
    """Vertices to leave out of an outline.

    Attributes
    ----------
    vertices
        Counted over all rings as delivered, from 0, ascending; the vertex that closes a ring is never among them.
    moved_m
        How far the outline moves where it moves most: of a spike, its length.
    area_m2
        By how much the area changes.
    """

    vertices: tuple[int, ...]
    moved_m: float
    area_m2: float


def propose_fix(footprint: Any) -> OutlineFix | None:
    """Return the vertices to leave out so that spikes and short edges are gone; None where that is not safe.

    It is safe to take away a spike that is nowhere wider than 0.1 m, and one end of an edge shorter than 0.1 m, but not of
    a curve, where the outline moves by no more than 2 cm; and what is left is a valid polygon with the same rings.

    Parameters
    ----------
    footprint
        A polygon or multipolygon in a plane in metres, valid or not.
    """
    dropped: list[int] = []
    begin = 0
    for ring in _rings(footprint):
        xy = shapely.get_coordinates(ring)
        dropped += [begin + place for place in _drops(xy[:-1])]
        begin += len(xy)
    if not dropped:
        return None
    fixed = without_vertices(footprint, dropped)
    if not shapely.is_valid(fixed):
        return None
    points = shapely.points(shapely.get_coordinates(footprint)[dropped])
    moved_m = float(shapely.distance(points, shapely.boundary(fixed)).max())
    return OutlineFix(tuple(sorted(dropped)), moved_m, abs(fixed.area - footprint.area))


def without_vertices(footprint: Any, vertices: Any) -> Any:
    """Return a polygon or multipolygon without some vertices, counted over all its rings from 0; each ring still closes."""
    left_out, begin = set(vertices), 0
    polygons = []
    for polygon in shapely.get_parts(footprint):
        rings = []
        for ring in _rings(polygon):
            xy = shapely.get_coordinates(ring)
            kept = np.array([begin + place not in left_out for place in range(len(xy) - 1)])
            rings.append(np.vstack([xy[:-1][kept], xy[:-1][kept][:1]]))
            begin += len(xy)
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    return polygons[0] if footprint.geom_type == "Polygon" else shapely.MultiPolygon(polygons)


def _rings(footprint: Any) -> Any:
    return shapely.get_rings(shapely.get_parts(footprint))


def in_curve(short: Any, on: Any, back: Any) -> Any:
    """Return which short edges stand in a row of three or more, given the places of the next and of the previous edge."""
    three = short & short[on] & short[on[on]]
    return three | three[back] | three[back[back]]


def _drops(xy: NDArray[np.float64]) -> list[int]:
    """Return the places of an open ring's vertices that may go."""
    left = list(range(len(xy)))
    dropped = []
    while len(left) > _LEAST_CORNERS and (place := _next_drop(xy[left])) is not None:
        dropped.append(left.pop(place))
    return dropped


def _next_drop(xy: NDArray[np.float64]) -> int | None:
    """Return the place of the vertex of an open ring that goes next: an end of a short edge, or else a spike."""
    places = np.arange(len(xy))
    before, behind = np.roll(places, 1), np.roll(places, -1)
    back, on = xy[before] - xy, xy[behind] - xy
    across = on - back
    to_back, to_on, base = (np.hypot(*side.T) for side in (back, on, across))
    short = to_on < SHORT_EDGE_M
    short &= ~in_curve(short, behind, before)
    moved = _moved(back, across, base)
    ends = np.flatnonzero((short | short[before]) & (moved <= _MOST_MOVED_M))
    if len(ends):
        return int(ends[np.argmin(moved[ends])])
    cross, dot = np.abs(back[:, 0] * on[:, 1] - back[:, 1] * on[:, 0]), (back * on).sum(axis=1)
    longest = np.maximum(np.maximum(to_back, to_on), base)
    # the height of the triangle over its longest side
    width = np.divide(cross, longest, out=np.zeros_like(cross), where=longest > 0)
    is_sharp = (np.arctan2(cross, dot) < np.radians(SPIKE_DEG)) & (to_back > 0) & (to_on > 0)
    spikes = np.flatnonzero(is_sharp & (width <= _SPIKE_WIDTH_M))
    return int(spikes[np.argmin(width[spikes])]) if len(spikes) else None


def _moved(back: NDArray[np.float64], across: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of each vertex from the line between its neighbours, which would stand in its place."""
    squared = np.where(base > 0, base**2, 1.0)
    along = np.clip((-back * across).sum(axis=1) / squared, 0.0, 1.0)
    return np.asarray(np.hypot(*(back + along[:, None] * across).T))
