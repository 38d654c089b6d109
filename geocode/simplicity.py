"""Rings that are certainly simple, told in plain arithmetic: most footprints never need GEOS to be judged.

The sign of (ax − cx)(by − cy) − (ay − cy)(bx − cx) in doubles is the true one where the result exceeds 3.34e-16 times
the sum of both products' magnitudes: Shewchuk's bound (3 + 16ε)ε, ε = 2⁻⁵³, in "Adaptive Precision Floating-Point
Arithmetic and Fast Robust Geometric Predicates", 1997. Where it does not, nothing is said, and GEOS decides. The same
bound holds for a scalar product, whose two terms are rounded alike.
"""

from typing import Any

from geocode.compiled import compiled, inlined

__all__ = ["mark_simple"]

# beyond, GEOS's sweep is faster than looking at every pair of edges
_MAX_VERTICES = 48
_BOUND = 3.34e-16
# products below it may have lost digits to underflow
_SMALLEST = 1e-290


@inlined
def _sign(left: float, right: float) -> int:
    """Return the sign of left − right, two products of differences, or 0 where doubles cannot tell."""
    difference = left - right
    bound = _BOUND * (abs(left) + abs(right)) + _SMALLEST
    if difference > bound:
        return 1
    return -1 if difference < -bound else 0


@inlined
def _side(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:
    """Return on which side of a → b the point c lies: 1 left, −1 right, 0 unknown or on the line."""
    return _sign((ax - cx) * (by - cy), (ay - cy) * (bx - cx))


@inlined
def _turns(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> bool:
    """Tell whether the edges a → b → c certainly meet in b alone: not straight, or straight on."""
    if _sign((bx - ax) * (cx - bx), -((by - ay) * (cy - by))) > 0:
        return True
    return _side(ax, ay, bx, by, cx, cy) != 0


@inlined
def _apart(  # noqa: PLR0913 - four points
    ax: float, ay: float, bx: float, by: float, cx: float, cy: float, dx: float, dy: float
) -> bool:
    """Tell whether the edges a → b and c → d certainly have no point in common."""
    if max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx) or max(ay, by) < min(cy, dy) or max(cy, dy) < min(ay, by):
        return True
    if _side(ax, ay, bx, by, cx, cy) * _side(ax, ay, bx, by, dx, dy) > 0:
        return True
    return _side(cx, cy, dx, dy, ax, ay) * _side(cx, cy, dx, dy, bx, by) > 0


@inlined
def _is_simple(x: Any, y: Any, begin: int, last: int) -> bool:
    """Tell whether the closed ring of the vertices begin to last is certainly simple."""
    for i in range(begin, last):
        after = i + 2 if i + 2 <= last else begin + 1
        if not _turns(x[i], y[i], x[i + 1], y[i + 1], x[after], y[after]):
            return False
    for i in range(begin, last - 2):
        # the last edge is a neighbour of the first
        for j in range(i + 2, last - 1 if i == begin else last):
            if not _apart(x[i], y[i], x[i + 1], y[i + 1], x[j], y[j], x[j + 1], y[j + 1]):
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
    for row in range(simple.size):
        simple[row] = False
        begin, last = starts[first[row]], starts[first[row + 1]] - 1
        # a triangle is three edges, the last vertex being the first again
        if first[row + 1] - first[row] > 1 or last - begin < 3 or last - begin > _MAX_VERTICES:  # noqa: PLR2004
            continue
        if x[begin] == x[last] and y[begin] == y[last]:
            simple[row] = _is_simple(x, y, begin, last)
