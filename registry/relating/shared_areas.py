"""The ground that two footprints share, of many pairs at once: an integral in place of an overlay.

A footprint is what lies below its upper edges and not below its lower ones. So the ground that two share is, over all
pairs of an edge of the one and an edge of the other, the sum of what lies below both, ± by which way the edges run: the
integral of the lower of two lines over the breadth that both edges have. It agrees with an overlay to the last digits
and takes a tenth of its time where footprints are as plain as buildings are.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["shared_areas"]

# beyond so many pairs of edges an overlay is faster
_MOST_EDGE_PAIRS = 4_096
# and from so many on it is worth asking first whether two share anything
_MANY_EDGE_PAIRS = 512
_CHUNK = 32_768
# less is the numbers' own inaccuracy: the two touch
_NOTHING_M2 = 1e-9
_POLYGON = 3
Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


class _Edges(NamedTuple):
    """The edges of footprints, from west to east: those of footprint n are `starts[n]` to `starts[n + 1]`.

    Attributes
    ----------
    west, east, y, slope
        Where an edge begins and ends along x, its y at the western end, and its slope.
    sign
        1 where the footprint lies below the edge, -1 where it lies above.
    """

    west: Floats
    east: Floats
    y: Floats
    slope: Floats
    sign: Floats
    starts: Positions

    @classmethod
    def of(cls, footprints: NDArray[Any]) -> "_Edges":
        """Return the edges of valid polygons and multipolygons; those that run straight north have no ground below them."""
        drawn = shapely.orient_polygons(footprints)
        xy, owner = shapely.get_coordinates(drawn, return_index=True)
        parts = drawn if (shapely.get_type_id(drawn) == _POLYGON).all() else shapely.get_parts(drawn)
        ends = np.cumsum(shapely.get_num_coordinates(shapely.get_rings(parts))) - 1
        within = np.ones(max(len(xy) - 1, 0), dtype=bool)
        within[ends[:-1]] = False
        within &= xy[1:, 0] != xy[:-1, 0]
        first, last = xy[:-1][within], xy[1:][within]
        eastward = first[:, 0] < last[:, 0]
        west, east = np.where(eastward[:, None], first, last), np.where(eastward[:, None], last, first)
        slope = (east[:, 1] - west[:, 1]) / (east[:, 0] - west[:, 0])
        starts = np.searchsorted(owner[:-1][within], np.arange(len(footprints) + 1))
        return cls(west[:, 0], east[:, 0], west[:, 1], slope, np.where(eastward, -1.0, 1.0), starts)


def shared_areas(left: NDArray[Any], right: NDArray[Any], i: Positions, j: Positions) -> Floats:
    """Return the ground that pairs of footprints share.

    Parameters
    ----------
    left, right
        Valid polygons and multipolygons in one plane.
    i, j
        The positions of the pairs in these, shape (n,).

    Returns
    -------
    numpy.ndarray
        Areas in the square of the plane's unit, shape (n,); 0 where two only touch.
    """
    area = np.zeros(len(i))
    if len(i) == 0:
        return area
    ours, i_edges = np.unique(i, return_inverse=True)
    theirs, j_edges = np.unique(j, return_inverse=True)
    edges = _Edges.of(left[ours]), _Edges.of(right[theirs])
    counts = np.diff(edges[0].starts)[i_edges], np.diff(edges[1].starts)[j_edges]
    products = counts[0] * counts[1]
    asked = np.flatnonzero(products > _MANY_EDGE_PAIRS)
    products[asked[~_intersect(left[i[asked]], right[j[asked]])]] = 0
    large = products > _MOST_EDGE_PAIRS
    area[large] = shapely.area(shapely.intersection(left[i[large]], right[j[large]]))
    plain = np.flatnonzero((products > 0) & ~large)
    for some in _chunks(plain, products[plain]):
        area[some] = _integrals(*edges, i_edges[some], j_edges[some])
    area[area < _NOTHING_M2] = 0.0
    return area


def _intersect(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell of pairs of which one has many edges whether they intersect, asking the one with more."""
    swap = shapely.get_num_coordinates(left) < shapely.get_num_coordinates(right)
    more, fewer = np.where(swap, right, left), np.where(swap, left, right)
    shapely.prepare(more)
    return np.asarray(shapely.intersects(more, fewer))


def _chunks(places: Positions, sizes: Positions) -> Iterator[Positions]:
    """Yield places in chunks of about as much work each as the processor's cache holds."""
    number = np.cumsum(sizes) // _CHUNK
    yield from np.split(places, np.flatnonzero(np.diff(number)) + 1)


def _integrals(left: _Edges, right: _Edges, i: Positions, j: Positions) -> Floats:
    """Return for pairs of footprints the sum over all pairs of their edges."""
    own = _spread(left.starts[i], np.diff(left.starts)[i])
    of_own = np.repeat(np.arange(len(i)), np.diff(left.starts)[i])
    partners = np.diff(right.starts)[j][of_own]
    number = np.repeat(np.arange(len(own)), partners)
    b = _spread(right.starts[j][of_own], partners)
    west, east = np.maximum(left.west[own][number], right.west[b]), np.minimum(left.east[own][number], right.east[b])
    both = np.flatnonzero(west < east)
    number, b, west, east = number[both], b[both], west[both], east[both]
    a, pair = own[number], of_own[number]
    ground = left.y[left.starts[i]][pair]  # small numbers keep their digits
    one, other = _heights(left, a, west, east, ground), _heights(right, b, west, east, ground)
    gap_west, gap_east = one[0] - other[0], one[1] - other[1]
    wide = np.abs(gap_west) + np.abs(gap_east)
    crossing = gap_west * gap_east < 0
    between = np.where(crossing, (gap_west**2 + gap_east**2) / np.where(crossing, wide, 1.0), wide) / 2
    below = ((one[0] + one[1] + other[0] + other[1]) / 2 - between) / 2 * (east - west)
    return np.asarray(np.bincount(pair, left.sign[a] * right.sign[b] * below, minlength=len(i)), dtype=np.float64)


def _spread(starts: Positions, sizes: Positions) -> Positions:
    """Return the numbers that follow each start, so many of each."""
    return np.arange(sizes.sum()) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)


def _heights(edges: _Edges, place: Positions, west: Floats, east: Floats, ground: Floats) -> tuple[Floats, Floats]:
    """Return y of edges at two places along x, from a height on."""
    y, slope, start = edges.y[place] - ground, edges.slope[place], edges.west[place]
    return y + slope * (west - start), y + slope * (east - start)
