"""Exact centroids and areas of snapped footprints, in integers.

Ordinates are integers in units of 1e-8 degrees, taken relative to the footprint's own corner: 0 ≤ x, y ≤ L. A footprint
of n vertices then has |cross| ≤ L², |(xᵢ + xᵢ₊₁)·cross| ≤ 2L³ and |Σ| ≤ 2nL³, so that 64 bits hold every sum as long as
2nL³ < 2⁶³. Larger footprints take Python's unbounded integers. Either way nothing is rounded before the last division,
and the order of vertices, rings and parts cannot change the result.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocode.rings import Rings

__all__ = ["Centroids", "centroids"]

_INT64_LIMIT = float(2**63)


class Centroids(NamedTuple):
    """Centroids of n footprints.

    Attributes
    ----------
    x, y
        Centroid in units of 1e-8 degrees, rounded half to even, shape (n,); meaningless where `double_area` ≤ 0.
    double_area
        Twice the area in square units, shape (n,): exact below 2⁵³, else the nearest double.
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    double_area: NDArray[np.float64]


def centroids(x: NDArray[np.int64], y: NDArray[np.int64], rings: Rings, count: int) -> Centroids:
    """Return the centroids of footprints given by snapped ordinates and their rings.

    Parameters
    ----------
    x, y
        Snapped ordinates of every vertex, in units of 1e-8 degrees, shape (v,).
    rings
        The rings those vertices form; every footprint owns at least one.
    count
        How many footprints there are.
    """
    first_ring = np.searchsorted(rings.owner, np.arange(count + 1))
    first_vertex = rings.starts[first_ring[:-1]]
    corner_x, corner_y = np.minimum.reduceat(x, first_vertex), np.minimum.reduceat(y, first_vertex)
    size = np.maximum(np.maximum.reduceat(x, first_vertex) - corner_x, np.maximum.reduceat(y, first_vertex) - corner_y)
    vertices = np.diff(np.append(first_vertex, len(x)))
    wide = 2.0 * vertices * np.maximum(size, 3).astype(np.float64) ** 3 >= _INT64_LIMIT / 2
    owner = np.repeat(np.arange(count), vertices)
    sums = _sums(x - corner_x[owner], y - corner_y[owner], rings, first_ring[:-1])
    result = Centroids(
        _divide(sums[1], 3 * sums[0], corner_x), _divide(sums[2], 3 * sums[0], corner_y), sums[0].astype(np.float64)
    )
    for row in np.flatnonzero(wide):
        span = slice(first_vertex[row], first_vertex[row] + vertices[row])
        mine = slice(first_ring[row], first_ring[row + 1])
        result.x[row], result.y[row], result.double_area[row] = _wide_centroid(
            x[span].tolist(), y[span].tolist(), (rings.starts[mine] - span.start).tolist(), rings.is_hole[mine].tolist()
        )
    return result


def _sums(
    x: NDArray[np.int64], y: NDArray[np.int64], rings: Rings, first_ring: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return Σa, Σsx and Σsy of each footprint, each ring with its sign; may wrap where a footprint is wide."""
    cross = np.empty(len(x), dtype=np.int64)
    cross[:-1] = x[:-1] * y[1:] - x[1:] * y[:-1]
    # the step from one ring's last vertex to the next ring's first is no edge
    ends = np.append(rings.starts[1:], len(x)) - 1
    cross[ends] = 0
    along_x, along_y = cross.copy(), cross.copy()
    along_x[:-1] *= x[:-1] + x[1:]
    along_y[:-1] *= y[:-1] + y[1:]
    area = np.add.reduceat(cross, rings.starts)
    # a ring that snapping folds into no area has no sign, and counts for nothing: else its direction would matter
    sign = np.where(rings.is_hole, -np.sign(area), np.sign(area))
    totals = [
        np.add.reduceat(np.add.reduceat(values, rings.starts) * sign, first_ring)
        for values in (cross, along_x, along_y)
    ]
    return totals[0], totals[1], totals[2]


def _divide(dividend: NDArray[np.int64], divisor: NDArray[np.int64], offset: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return offset + dividend / divisor, the sum rounded half to even."""
    safe = np.where(divisor > 0, divisor, 1)
    quotient, rest = np.divmod(dividend, safe)
    quotient += offset
    up = (rest > safe - rest) | ((rest == safe - rest) & (quotient % 2 == 1))
    return np.asarray(quotient + up, dtype=np.int64)


def _wide_centroid(x: list[int], y: list[int], starts: list[int], is_hole: list[bool]) -> tuple[int, int, float]:
    """Return one footprint's centroid and double area in unbounded integers."""
    corner_x, corner_y = min(x), min(y)
    area = along_x = along_y = 0
    for start, end, hole in zip(starts, [*starts[1:], len(x)], is_hole, strict=True):
        ring_area = ring_x = ring_y = 0
        for i in range(start, end - 1):
            xi, yi, xj, yj = x[i] - corner_x, y[i] - corner_y, x[i + 1] - corner_x, y[i + 1] - corner_y
            cross = xi * yj - xj * yi
            ring_area += cross
            ring_x += (xi + xj) * cross
            ring_y += (yi + yj) * cross
        sign = (ring_area > 0) - (ring_area < 0)
        sign = -sign if hole else sign
        area, along_x, along_y = area + sign * ring_area, along_x + sign * ring_x, along_y + sign * ring_y
    if area <= 0:
        return 0, 0, float(area)
    return _round_half_even(along_x, 3 * area, corner_x), _round_half_even(along_y, 3 * area, corner_y), float(area)


def _round_half_even(dividend: int, divisor: int, offset: int) -> int:
    """Return offset + dividend / divisor, rounded half to even; the scalar twin of `_divide`."""
    quotient, rest = divmod(dividend + offset * divisor, divisor)
    return quotient + (2 * rest > divisor or (2 * rest == divisor and quotient % 2 == 1))
