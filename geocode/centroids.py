"""Exact centroids and areas of snapped footprints, in integers.

Ordinates are integers in units of 1e-8 degrees, taken relative to the footprint's own corner: 0 ≤ x, y ≤ L. A footprint
of n vertices then has |cross| ≤ L² and |(xᵢ + xᵢ₊₁)·cross| ≤ 2L³, so that no sum over its rings, in any order and with
any signs, leaves |Σ| ≤ 2nL³; and 3A ≤ 3nL² ≤ 2nL³ from L = 2 on. Where 2nL³ < 2⁶² (730 m for 8 vertices, 370 m for 64, at
the equator) 64 bits hold every one of them, and twice every remainder. Larger footprints take Python's unbounded
integers. Either way nothing is rounded before the last division, and the order of vertices, rings and parts cannot
change the result.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocode.compiled import compiled, inlined
from geocode.rings import Rings

__all__ = ["Centroids", "centroids"]

INT64_LIMIT = float(2**62)


class Centroids(NamedTuple):
    """Centroids of n footprints.

    Attributes
    ----------
    x, y
        Centroid in units of 1e-8 degrees, rounded half to even, shape (n,); meaningless where `double_area` ≤ 0.
    double_area
        Twice the area in square units, shape (n,): exact below 2⁵³, else the nearest double; 0 too where the centroid is
        beyond the vertices.
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    double_area: NDArray[np.float64]


def centroids(x: NDArray[np.int64], y: NDArray[np.int64], rings: Rings, wanted: NDArray[np.bool_]) -> Centroids:
    """Return the centroids of footprints given by snapped ordinates and their rings.

    Parameters
    ----------
    x, y
        Snapped ordinates of every vertex, in units of 1e-8 degrees, shape (v,).
    rings
        The rings those vertices form.
    wanted
        Whether a footprint is to be measured; where not, everything is 0, shape (n,).
    """
    count = len(wanted)
    result = Centroids(np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64), np.zeros(count))
    is_wide = np.zeros(count, dtype=bool)
    _centroids(x, y, rings.starts, rings.is_hole, rings.first, wanted, INT64_LIMIT, *result, is_wide)
    for row in np.flatnonzero(is_wide).tolist():
        mine = slice(rings.first[row], rings.first[row + 1])
        span = rings.vertices_of(row)
        starts = (rings.starts[mine] - span.start).tolist()
        found = _unbounded_centroid(x[span].tolist(), y[span].tolist(), starts, rings.is_hole[mine].tolist())
        result.x[row], result.y[row], result.double_area[row] = found
    return result


@inlined
def _rounded(dividend: int, divisor: int, offset: int) -> int:
    """Return offset + dividend / divisor, the sum rounded half to even."""
    quotient = dividend // divisor
    rest = 2 * (dividend - quotient * divisor)
    quotient += offset
    return quotient + (rest > divisor or (rest == divisor and quotient % 2 == 1))


@compiled("void(i8[::1], i8[::1], i8[::1], b1[::1], i8[::1], b1[::1], f8, i8[::1], i8[::1], f8[::1], b1[::1])")
def _centroids(  # noqa: PLR0913 - a compiled loop takes its arrays apart
    x: Any,
    y: Any,
    starts: Any,
    is_hole: Any,
    first: Any,
    wanted: Any,
    limit: float,
    centre_x: Any,
    centre_y: Any,
    double_area: Any,
    is_wide: Any,
) -> None:
    """Write the centroids of the footprints whose sums 64 bits hold, and mark the others."""
    for row in range(wanted.size):
        if not wanted[row]:
            continue
        begin, end = starts[first[row]], starts[first[row + 1]]
        corner_x, corner_y, far_x, far_y = x[begin], y[begin], x[begin], y[begin]
        for i in range(begin, end):
            corner_x, corner_y = min(corner_x, x[i]), min(corner_y, y[i])
            far_x, far_y = max(far_x, x[i]), max(far_y, y[i])
        size = float(max(far_x - corner_x, far_y - corner_y, 2))
        if 2.0 * (end - begin) * size * size * size >= limit:
            is_wide[row] = True
            continue
        area = along_x = along_y = 0
        for ring in range(first[row], first[row + 1]):
            ring_area = ring_x = ring_y = 0
            for i in range(starts[ring], starts[ring + 1] - 1):
                x0, y0, x1, y1 = x[i] - corner_x, y[i] - corner_y, x[i + 1] - corner_x, y[i + 1] - corner_y
                cross = x0 * y1 - x1 * y0
                ring_area += cross
                ring_x += (x0 + x1) * cross
                ring_y += (y0 + y1) * cross
            # a ring that snapping folds into no area has no sign, and counts for nothing: else its direction would matter
            if ring_area != 0:
                sign = 1 if (ring_area > 0) != is_hole[ring] else -1
                area, along_x, along_y = area + sign * ring_area, along_x + sign * ring_x, along_y + sign * ring_y
        if area > 0:
            centre_x[row] = _rounded(along_x, 3 * area, corner_x)
            centre_y[row] = _rounded(along_y, 3 * area, corner_y)
            # walls thinner than a unit, which snapping turns inside out, cancel and leave no place
            if not (corner_x <= centre_x[row] <= far_x and corner_y <= centre_y[row] <= far_y):
                area = 0
        double_area[row] = area


def _unbounded_centroid(x: list[int], y: list[int], starts: list[int], is_hole: list[bool]) -> tuple[int, int, float]:
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
    centre_x, centre_y = (
        _unbounded_rounded(along_x, 3 * area, corner_x),
        _unbounded_rounded(along_y, 3 * area, corner_y),
    )
    is_within = corner_x <= centre_x <= max(x) and corner_y <= centre_y <= max(y)
    return centre_x, centre_y, float(area) if is_within else 0.0


def _unbounded_rounded(dividend: int, divisor: int, offset: int) -> int:
    """Return offset + dividend / divisor, rounded half to even: `_rounded` in unbounded integers."""
    quotient, rest = divmod(dividend, divisor)
    quotient += offset
    return quotient + (2 * rest > divisor or (2 * rest == divisor and quotient % 2 == 1))
