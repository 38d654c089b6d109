"""The edge kernel: how much ground polygons share, without cutting any.

A point lies in a polygon if the edges above it that run east outnumber those that run west by one. The area of A ∩ B
is therefore a sum over the edges e of A and f of B, with the signs s of the ways they run,

    Σₑ Σ_f sₑ s_f ∫ min(e, f) dx    over the x that both span,

heights being measured from anywhere below. Nothing is noded, no case is special: holes and parts are edges as any,
edges that two polygons share integrate to the same. Each term is a trapezoid or two.

Only the window that the bounds of both have in common matters. Edges are cut off at its sides; below it they have no
height; above it they are as high as the window, and a run of them is one level line from its first to its last x. The
origin is the window's corner, the difference of coordinates as delivered, so large coordinates cost no digits.

Areas are right to about 1e-14 of the window, so to 1e-9 of every polygon that fills more than a hundred-thousandth of
its bounds. The inputs must be valid: parts that overlap would count twice.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from blueprint.certainty import NOISE_M
from blueprint.edge_trees import Edges, Prepared, prepare
from geocode.compiled import compiled, inlined

__all__ = [
    "COVERS",
    "CROSSES",
    "MISSES",
    "SharedAreas",
    "find_near",
    "least_ground_m2",
    "measure_pairs",
    "shared_areas",
]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

_CHUNK = 16_384  # left polygons at a time: bounds the memory, and is what a thread takes
_MANY_TERMS = 4_096  # beyond, two halves of a window are less work than the whole
_DEEPEST = 40
_POLYGONS = "Tuple((f8[:, ::1], f8[:, ::1], i8[:, ::1], i8[::1], f8[:, ::1], f8[::1]))"
COVERS, MISSES, CROSSES = 1, 0, -1
_DIGITS = 4.0 * float(np.finfo(float).eps)


class SharedAreas(NamedTuple):
    """Pairs of polygons, by their positions, and the ground they share; arrays of one length.

    Attributes
    ----------
    area_m2
        In square metres.
    covers
        `COVERS` where the right one covers the left one's bounds; `MISSES` where the right one covers nothing of the
        window of both bounds; `CROSSES` where a border enters it, and only cutting can tell more. All that decides is
        how coordinates compare.
    """

    left: Integers
    right: Integers
    area_m2: Floats
    covers: NDArray[np.int8]

    def only(self, chosen: NDArray[np.bool_]) -> "SharedAreas":
        """Return some of the pairs."""
        return SharedAreas(self.left[chosen], self.right[chosen], self.area_m2[chosen], self.covers[chosen])


def shared_areas(left: Any, right: Any, *, threads: int = 1) -> SharedAreas:
    """Return every pair of polygons that shares ground, and how much.

    Parameters
    ----------
    left, right
        `Prepared` polygons, or an array of polygons, in one plane in metres. The trees of the right side are used to
        find the pairs.
    threads
        How many share the work; the result is the same to the bit.

    Returns
    -------
    SharedAreas
        By left and then right. A pair is there if its area is more than `least_ground_m2`: polygons that only touch
        are not. Neither are unusable ones: `Prepared` names them.
    """
    left, right = (side if isinstance(side, Prepared) else prepare(side) for side in (left, right))
    starts = range(0, max(1, len(left.unusable)), _CHUNK)
    if threads == 1:
        chunks = [_shared_by(left, right, start) for start in starts]
    else:
        with ThreadPoolExecutor(threads) as pool:
            chunks = list(pool.map(lambda start: _shared_by(left, right, start), starts))
    columns: Any = (np.concatenate(column) for column in zip(*chunks, strict=True))
    return SharedAreas(*columns)


def measure_pairs(left: Edges, right: Edges, i: Integers, j: Integers) -> SharedAreas:
    """Return what pairs of positions share; an empty one shares nothing."""
    pairs = SharedAreas(i, j, np.zeros(len(i)), np.zeros(len(i), dtype=np.int8))
    _sum_pairs(_flat(left), _flat(right), *pairs)
    return pairs


def least_ground_m2(left: Floats, right: Floats, i: Integers, j: Integers) -> Floats:
    """Return the area in square metres up to which pairs of polygons of these bounds, (…, 4), only touch.

    Less than a circle of `NOISE_M` has no place for one, whatever its shape, so its width would be noise by rule. And
    the last digit of their coordinates leaves dust along the walls of neighbours, as long as the window that both
    bounds have in common.
    """
    least_m2 = np.empty(len(i))
    _measure_dust(left, right, i, j, least_m2)
    least_m2 += np.pi / 4 * NOISE_M**2
    return least_m2


@compiled("void(f8[:, ::1], f8[:, ::1], i8[::1], i8[::1], f8[::1])")
def _measure_dust(left: Any, right: Any, i: Any, j: Any, dust_m2: Any) -> None:
    for pair in range(i.size):
        a, b, largest, length_m = i[pair], j[pair], 0.0, 0.0
        for side in range(2):
            low, high = max(left[a, side], right[b, side]), min(left[a, 2 + side], right[b, 2 + side])
            largest, length_m = max(largest, abs(low), abs(high)), length_m + max(high - low, 0.0)
        dust_m2[pair] = _DIGITS * largest * length_m


def _shared_by(left: Prepared, right: Prepared, start: int) -> SharedAreas:
    """Return what a chunk of the left polygons shares."""
    i, j = find_near(left.edges.bounds[start : start + _CHUNK], right)
    i += start
    pairs = measure_pairs(left.edges, right.edges, i, j)
    some = pairs.only(pairs.area_m2 > 0)
    least_m2 = least_ground_m2(left.edges.bounds, right.edges.bounds, some.left, some.right)
    return some.only(some.area_m2 > least_m2)


def find_near(mine: Floats, right: Prepared) -> tuple[Integers, Integers]:
    """Return the pairs of positions whose bounds share ground: of (n, 4) bounds, then of the right polygons."""
    ends, found = np.zeros(len(mine) + 1, dtype=np.int64), np.empty(8 * len(mine), dtype=np.int64)
    while (done := _list_near(mine, right.edges.bounds, right.order, *right.features, ends, found)) < len(mine):
        found = np.resize(found, 2 * len(found) * len(mine) // max(done, 1))
    return np.repeat(np.arange(len(mine)), np.diff(ends)), found[: ends[-1]]


def _flat(edges: Edges) -> tuple[Any, ...]:
    return (edges.xy, *edges.tree, edges.roots, edges.bounds, edges.area_m2)


@inlined
def _overlap(one: Any, i: int, other: Any, j: int) -> bool:
    """Tell whether two boxes share ground; NaN shares none."""
    return bool(
        (one[i, 0] < other[j, 2]) & (other[j, 0] < one[i, 2]) & (one[i, 1] < other[j, 3]) & (other[j, 1] < one[i, 3])
    )


@compiled("i8(f8[:, ::1], f8[:, ::1], i8[::1], f8[:, ::1], i8[:, ::1], i8[::1], i8[::1])")
def _list_near(mine: Any, bounds: Any, order: Any, boxes: Any, spans: Any, ends: Any, found: Any) -> Any:  # noqa: PLR0913 - flat arrays
    """Write which bounds each of mine overlaps, in ascending order, and where they end; return how many had room."""
    place = 0
    for row in range(len(mine)):
        node = 0
        while node < len(spans):
            if not _overlap(mine, row, boxes, node):
                node = spans[node, 2]
                continue
            if spans[node, 2] == node + 1:
                for item in range(spans[node, 0], spans[node, 1]):
                    if _overlap(mine, row, bounds, order[item]):
                        if place == found.size:
                            return row
                        # insertion: there are few
                        at = place
                        while at > ends[row] and found[at - 1] > order[item]:
                            found[at] = found[at - 1]
                            at -= 1
                        found[at] = order[item]
                        place += 1
            node += 1
        ends[row + 1] = place
    return len(mine)


@inlined
def _add_edge(edges: Any, count: Any, x0: Any, y0: Any, x1: Any, y1: Any, top: Any) -> Any:  # noqa: PLR0913 - four numbers are an edge
    """Append an edge unless it is upright, and return how many there are; along the top, runs that meet are one."""
    last = count - 1
    goes_on = count > 0 and y0 == top and y1 == top and edges[last, 2] == x0
    if goes_on and edges[last, 1] == top and edges[last, 3] == top:
        edges[last, 2] = x1
        return last if edges[last, 0] == x1 else count
    if x0 != x1:
        edges[count, 0], edges[count, 1], edges[count, 2], edges[count, 3] = x0, y0, x1, y1
        return count + 1
    return count


@compiled("i8(f8[:, ::1], i8, f8, f8, f8, f8, f8, f8)")
def _add_clipped(edges: Any, count: Any, x0: Any, y0: Any, x1: Any, y1: Any, width: Any, top: Any) -> Any:  # noqa: PLR0913 - four numbers are an edge
    """Append what an edge is in the window, and return how many there are."""
    slope = (y1 - y0) / (x1 - x0)
    # from each end, for the nearer one has the smaller error
    x, y, to_x, to_y = x0, y0, x1, y1
    if not 0 <= x <= width:
        x = min(max(x, 0.0), width)
        y = y0 + slope * (x - x0)
    if not 0 <= to_x <= width:
        to_x = min(max(to_x, 0.0), width)
        to_y = y1 + slope * (to_x - x1)
    if max(y, to_y) <= 0:
        return count
    if min(y, to_y) >= top:
        return _add_edge(edges, count, x, top, to_x, top, top)
    low, high = min(x, to_x), max(x, to_x)
    begin, begin_y, end, end_y = x, y, to_x, to_y
    if not 0 <= y <= top:
        begin_y = min(max(y, 0.0), top)
        begin = min(max(x + (begin_y - y) / slope, low), high)
    if not 0 <= to_y <= top:
        end_y = min(max(to_y, 0.0), top)
        end = min(max(to_x + (end_y - to_y) / slope, low), high)
    if y > top:
        count = _add_edge(edges, count, x, top, begin, top, top)
    count = _add_edge(edges, count, begin, begin_y, end, end_y, top)
    if to_y > top:
        count = _add_edge(edges, count, end, top, to_x, top, top)
    return count


@inlined
def _add_leaf(xy: Any, begin: int, end: int, window: Any, edges: Any, count: int) -> int:
    """Append what some consecutive edges are in the window, and return how many there are."""
    west, south = window[0], window[1]
    width, top = window[2] - west, window[3] - south
    x1, y1 = xy[begin, 0] - west, xy[begin, 1] - south
    for vertex in range(begin + 1, end + 1):
        x0, y0 = x1, y1
        x1, y1 = xy[vertex, 0] - west, xy[vertex, 1] - south
        if x0 == x1 or max(x0, x1) <= 0 or min(x0, x1) >= width or max(y0, y1) <= 0:
            continue
        if min(x0, x1) >= 0 and max(x0, x1) <= width and min(y0, y1) >= 0 and max(y0, y1) <= top:
            count = _add_edge(edges, count, x0, y0, x1, y1, top)
        else:
            count = _add_clipped(edges, count, x0, y0, x1, y1, width, top)
    return count


@compiled(f"i8({_POLYGONS}, i8, f8[::1], f8[:, ::1])")
def _fold(polygons: Any, row: Any, window: Any, edges: Any) -> Any:
    """Write the edges of a polygon in a window, from the window's corner, and return how many there are.

    Each row is x and y of the western end, x of the eastern one, the slope, and the sign: +1 for ground below.
    """
    xy, boxes, spans, roots = polygons[0], polygons[1], polygons[2], polygons[3]
    west, south, east, north = window[0], window[1], window[2], window[3]
    count, node = 0, roots[row]
    while node < roots[row + 1]:
        if boxes[node, 2] <= west or boxes[node, 0] >= east or boxes[node, 3] <= south:
            node = spans[node, 2]
        elif boxes[node, 1] >= north:
            x0, x1 = xy[spans[node, 0], 0] - west, xy[spans[node, 1], 0] - west
            x0, x1 = min(max(x0, 0.0), east - west), min(max(x1, 0.0), east - west)
            count = _add_edge(edges, count, x0, north - south, x1, north - south, north - south)
            node = spans[node, 2]
        else:
            if spans[node, 2] == node + 1:
                count = _add_leaf(xy, spans[node, 0], spans[node, 1], window, edges, count)
            node += 1
    for k in range(count):
        x0, y0, x1, y1 = edges[k, 0], edges[k, 1], edges[k, 2], edges[k, 3]
        edges[k, 3], edges[k, 4] = (y1 - y0) / (x1 - x0), 1.0
        if x1 < x0:
            edges[k, 0], edges[k, 1], edges[k, 2], edges[k, 4] = x1, y1, x0, -1.0
    return count


@inlined
def _sum_terms(left: Any, left_count: int, right: Any, right_count: int) -> float:
    """Return Σₑ Σ_f sₑ s_f ∫ min(e, f) dx over the edges of both sides in one window."""
    total = 0.0
    for i in range(left_count):
        of_left = 0.0
        for j in range(right_count):
            a, b = max(left[i, 0], right[j, 0]), min(left[i, 2], right[j, 2])
            if a >= b:
                continue
            e, f = left[i, 1] + left[i, 3] * (a - left[i, 0]), right[j, 1] + right[j, 3] * (a - right[j, 0])
            to_e, to_f = left[i, 1] + left[i, 3] * (b - left[i, 0]), right[j, 1] + right[j, 3] * (b - right[j, 0])
            before, after = e - f, to_e - to_f
            lower = min(e, f) + min(to_e, to_f)
            if before * after < 0:
                # they cross: the corner that the straight line between the lower ends leaves out
                lower += abs(before) * abs(after) / (abs(before) + abs(after))
            of_left += right[j, 4] * lower * (b - a)
        total += left[i, 4] * of_left
    return total / 2


@inlined
def _cover(edges: Any, count: Any, width: Any, top: Any) -> Any:
    """Return how a polygon lies in a window: `COVERS`, `MISSES`, or `CROSSES` where it has an edge there."""
    covered = 0.0
    for k in range(count):
        if edges[k, 3] != 0 or edges[k, 1] != top:
            return CROSSES
        covered += edges[k, 4] * (edges[k, 2] - edges[k, 0])
    # upright edges are not among them: part of the width is a border as well
    if abs(covered) <= _DIGITS * width:
        return MISSES
    return COVERS if abs(covered - width) <= _DIGITS * width else CROSSES


@inlined
def _is_all_of(window: Any, bounds: Any, row: int) -> bool:
    """Tell whether a window is the bounds of a polygon."""
    return bool(
        (window[0] == bounds[row, 0])
        & (window[1] == bounds[row, 1])
        & (window[2] == bounds[row, 2])
        & (window[3] == bounds[row, 3])
    )


@inlined
def _halve(window: Any, windows: Any, place: Any) -> None:
    """Write both halves of a window, cut across its longer side, at a place and the next."""
    side = 0 if window[2] - window[0] > window[3] - window[1] else 1
    windows[place], windows[place + 1] = window, window
    windows[place, 2 + side] = windows[place + 1, side] = (window[side] + window[2 + side]) / 2


@inlined
def _most_edges(polygons: Any, row: Any) -> Any:
    """Return how many edges a polygon can have in a window: each comes to three at most."""
    roots = polygons[3]
    if roots[row] == roots[row + 1]:
        return 0
    return 3 * (polygons[2][roots[row + 1] - 1, 1] - polygons[2][roots[row], 0])


@compiled(f"void({_POLYGONS}, {_POLYGONS}, i8[::1], i8[::1], f8[::1], i1[::1])")
def _sum_pairs(left: Any, right: Any, i: Any, j: Any, area_m2: Any, covers: Any) -> None:
    """Write the area that each pair shares, and how they lie."""
    of_left, of_right = np.empty((64, 5)), np.empty((64, 5))
    windows, depths = np.empty((_DEEPEST + 2, 4)), np.empty(_DEEPEST + 2, dtype=np.int64)
    window = np.empty(4)
    for pair in range(i.size):
        a, b = i[pair], j[pair]
        if _most_edges(left, a) > len(of_left):
            of_left = np.empty((2 * _most_edges(left, a), 5))
        if _most_edges(right, b) > len(of_right):
            of_right = np.empty((2 * _most_edges(right, b), 5))
        for side in range(2):
            windows[0, side] = max(left[4][a, side], right[4][b, side])
            windows[0, 2 + side] = min(left[4][a, 2 + side], right[4][b, 2 + side])
        has_window = windows[0, 0] < windows[0, 2] and windows[0, 1] < windows[0, 3]
        total, waiting, depths[0] = 0.0, int(has_window), 0
        while waiting > 0:
            waiting -= 1
            depth = depths[waiting]
            window[:] = windows[waiting]
            width, top = window[2] - window[0], window[3] - window[1]
            right_count = _fold(right, b, window, of_right)
            cover = _cover(of_right, right_count, width, top)
            if cover == COVERS and not _is_all_of(window, left[4], a):
                cover = CROSSES
            if depth == 0:
                covers[pair] = cover
            if cover != CROSSES:
                total += left[5][a] if cover == COVERS else 0.0
                continue
            left_count = _fold(left, a, window, of_left)
            if left_count * right_count > _MANY_TERMS and depth < _DEEPEST:
                _halve(window, windows, waiting)
                depths[waiting] = depths[waiting + 1] = depth + 1
                waiting += 2
                continue
            total += _sum_terms(of_left, left_count, of_right, right_count)
        area_m2[pair] = total
