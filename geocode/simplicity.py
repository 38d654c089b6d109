"""Rings that are certainly simple, told in plain arithmetic: most footprints never need GEOS to be judged.

The sign of (ax − cx)(by − cy) − (ay − cy)(bx − cx) in doubles is the true one where the result exceeds 3.34e-16 times
the sum of both products' magnitudes: Shewchuk's bound (3 + 16ε)ε, ε = 2⁻⁵³, in "Adaptive Precision Floating-Point
Arithmetic and Fast Robust Geometric Predicates", 1997. Where it does not, nothing is said, and GEOS decides. The same
bound holds for a scalar product, whose two terms are rounded alike.

Four in five footprints go once around their vertices' mean, each edge in the same sense, and need no further look. Of
the others every pair of edges is looked at.
"""

from typing import Any

import numpy as np

from geocode.compiled import compiled, inlined

__all__ = ["mark_simple"]

# beyond, GEOS's sweep is faster than looking at every pair of edges
_MAX_VERTICES = 48
_BOUND = 3.34e-16
# products below it may have lost digits to underflow
_SMALLEST = 1e-290


@inlined
def _certain(left: float, right: float) -> float:
    """Return left − right, two products of differences, or 0 where doubles cannot tell its sign."""
    difference = left - right
    return difference if abs(difference) > _BOUND * (abs(left) + abs(right)) + _SMALLEST else 0.0


@inlined
def _goes_round_once(x: Any, y: Any, begin: int, last: int) -> bool:
    """Tell whether the ring certainly goes once around the mean of its vertices, seen from there in one sense.

    Each edge is then less than half a turn, and the vertices come to be above the mean, and below it, as often as they
    go around it. Where that is once, each ray from the mean meets the ring once.
    """
    mean_x = mean_y = 0.0
    for i in range(begin, last):
        mean_x, mean_y = mean_x + x[i], mean_y + y[i]
    mean_x, mean_y = mean_x / (last - begin), mean_y / (last - begin)
    left = right = changes = 0
    was_above = (y[begin] > mean_y) | ((y[begin] == mean_y) & (x[begin] > mean_x))
    for i in range(begin, last):
        side = _certain((x[i] - mean_x) * (y[i + 1] - mean_y), (y[i] - mean_y) * (x[i + 1] - mean_x))
        left, right = left + (side > 0), right + (side < 0)
        is_above = (y[i + 1] > mean_y) | ((y[i + 1] == mean_y) & (x[i + 1] > mean_x))
        changes, was_above = changes + (is_above != was_above), is_above
    return max(left, right) == last - begin and changes == 2  # noqa: PLR2004 - up and down


@inlined
def _fill_sides(x: Any, y: Any, sides: Any) -> None:
    """Write on which side of each edge every vertex lies: left above 0, right below, 0 unknown or on the line."""
    for i in range(x.size - 1):
        ax, ay, bx, by = x[i], y[i], x[i + 1], y[i + 1]
        for j in range(x.size):
            sides[i, j] = _certain((ax - x[j]) * (by - y[j]), (ay - y[j]) * (bx - x[j]))


@inlined
def _have_boxes_apart(x: Any, y: Any, i: int, j: int) -> bool:
    """Tell whether the boxes of the edges that begin at i and j have no point in common."""
    return bool(
        max(x[i], x[i + 1]) < min(x[j], x[j + 1])
        or max(x[j], x[j + 1]) < min(x[i], x[i + 1])
        or max(y[i], y[i + 1]) < min(y[j], y[j + 1])
        or max(y[j], y[j + 1]) < min(y[i], y[i + 1])
    )


@inlined
def _is_simple(x: Any, y: Any, sides: Any) -> bool:
    """Tell whether the closed ring of all the vertices is certainly simple."""
    last = x.size - 1
    for i in range(last):
        # neighbours meet in their vertex alone: not straight, or straight on
        after = i + 2 if i + 2 <= last else 1
        if sides[i, after] == 0:
            onward = (x[i + 1] - x[i]) * (x[after] - x[i + 1])
            if not _certain(onward, -((y[i + 1] - y[i]) * (y[after] - y[i + 1]))) > 0:
                return False
    for i in range(last - 2):
        # the last edge is a neighbour of the first
        for j in range(i + 2, last - 1 if i == 0 else last):
            apart = (sides[i, j] * sides[i, j + 1] > 0) | (sides[j, i] * sides[j, i + 1] > 0)
            if not apart and not _have_boxes_apart(x, y, i, j):
                return False
    return True


@compiled("void(f8[:], f8[:], i8[::1], i8[::1], b1[::1])")
def mark_simple(x: Any, y: Any, starts: Any, first: Any, simple: Any) -> None:
    """Write which footprints are certainly one simple ring with an area, and so valid; the others may be valid too.

    Parameters
    ----------
    x, y, starts, first
        As `Rings` has them, in the coordinates as delivered.
    simple
        Shape (n,), the answer.
    """
    ring_x, ring_y = np.empty(_MAX_VERTICES + 1), np.empty(_MAX_VERTICES + 1)
    sides = np.empty((_MAX_VERTICES, _MAX_VERTICES + 1))
    for row in range(simple.size):
        simple[row] = False
        begin, last = starts[first[row]], starts[first[row + 1]] - 1
        # a triangle is three edges, the last vertex being the first again
        if first[row + 1] - first[row] > 1 or last - begin < 3 or last - begin > _MAX_VERTICES:  # noqa: PLR2004
            continue
        if not (x[begin] == x[last] and y[begin] == y[last]):
            continue
        if _goes_round_once(x, y, begin, last):
            simple[row] = True
            continue
        size = last - begin + 1
        for i in range(size):
            ring_x[i], ring_y[i] = x[begin + i], y[begin + i]
        _fill_sides(ring_x[:size], ring_y[:size], sides)
        simple[row] = _is_simple(ring_x[:size], ring_y[:size], sides)
