"""Rings out of what a drawing shows: closed curves, nearly closed ones, and loose lines and arcs that go round.

Loose curves make a ring where they follow one another end to end and nothing else touches them: where three meet, which of
the areas is meant is not for a reader to guess.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.dxf.curves import Curve, Floats, closed, ends, reverse

__all__ = ["Found", "Ring", "find_rings"]

# ends that are this near are one before they are compared: clouds of ends take no longer than others
_CELLS = 16
# what ordinates of millions are off by, and more
_ROUNDING = 1e-7


class Ring(NamedTuple):
    """A closed curve: the curves that it is made of, by position, and the widest gap that was closed."""

    curve: Curve
    members: tuple[int, ...]
    gap: float = 0.0


class Found(NamedTuple):
    """The rings among some curves.

    Attributes
    ----------
    rings
        In the order of their first members.
    open
        Curves that are part of no ring, by position.
    ways
        Several of them that follow one another and end: the curve, which is open, and how far apart its ends are.
    branched
        How many of them meet with others so that no single way goes on.
    """

    rings: tuple[Ring, ...]
    open: tuple[int, ...]
    ways: tuple[Ring, ...]
    branched: int


_Way: TypeAlias = list[tuple[int, bool]]


class _Followed(NamedTuple):
    """Ways round, and ways from one loose end to another, each as curves with whether they are gone along forwards.

    `branched` is how many curves meet others so that no single way goes on.
    """

    cycles: list[_Way]
    ways: list[_Way]
    branched: int


def find_rings(curves: Sequence[tuple[Curve, bool]], closing: float) -> Found:
    """Return the rings among curves, each given with whether it is drawn as closed.

    Parameters
    ----------
    closing
        How far apart ends may be that are one, in units of the drawing.
    """
    rings, loose = [], []
    closing += _ROUNDING
    for position, (curve, is_closed) in enumerate(curves):
        start, end = ends(curve)
        gap = float(np.hypot(*(end - start)))
        if not (is_closed or np.isfinite(gap)):
            continue
        if is_closed or (gap <= closing and _extent(curve) > 2 * closing):
            rings.append(Ring(closed([curve]), (position,), 0.0 if is_closed else gap))
        else:
            loose.append(position)
    met = _followed([curves[position][0] for position in loose], closing)
    rings += [_ring(curves, [(loose[i], forwards) for i, forwards in cycle]) for cycle in met.cycles]
    used = {member for ring in rings for member in ring.members}
    return Found(
        tuple(sorted(rings, key=lambda ring: ring.members[0])),
        tuple(position for position in range(len(curves)) if position not in used),
        tuple(_way(curves, [(loose[i], forwards) for i, forwards in way]) for way in met.ways),
        met.branched,
    )


def _ring(curves: Sequence[tuple[Curve, bool]], cycle: _Way) -> Ring:
    parts = _gone_along(curves, cycle)
    meets = [ends(part) for part in parts]
    gaps = [float(np.hypot(*(meets[i][0] - meets[i - 1][1]))) for i in range(len(meets))]
    return Ring(closed(parts), tuple(sorted(position for position, _ in cycle)), max(gaps))


def _way(curves: Sequence[tuple[Curve, bool]], way: _Way) -> Ring:
    curve = tuple(piece for part in _gone_along(curves, way) for piece in part)
    start, end = ends(curve)
    return Ring(curve, tuple(sorted(position for position, _ in way)), float(np.hypot(*(end - start))))


def _gone_along(curves: Sequence[tuple[Curve, bool]], way: _Way) -> list[Curve]:
    return [curves[position][0] if forwards else reverse(curves[position][0]) for position, forwards in way]


def _followed(curves: Sequence[Curve], closing: float) -> _Followed:
    """Return where curves lead that follow one another."""
    if not curves:
        return _Followed([], [], 0)
    nodes = _nodes(np.array([end for curve in curves for end in ends(curve)]), closing).reshape(-1, 2)
    at: dict[int, list[int]] = defaultdict(list)
    lines = [curve for curve, (start, end) in enumerate(nodes.tolist()) if start != end]
    for curve in lines:
        at[int(nodes[curve, 0])].append(curve)
        at[int(nodes[curve, 1])].append(curve)
    cycles, ways, seen = [], [], set[int]()
    # from loose ends first: what is left then goes round, or lies between branches
    loose = [(curve, bool(nodes[curve, 0] == node)) for node, met in at.items() if len(met) == 1 for curve in met]
    for curve, forwards in (*loose, *((curve, True) for curve in lines)):
        if curve in seen:
            continue
        way, end = _way_on(curve, nodes, at, forwards=forwards)
        # whoever was passed on a way that branches is on no way round either
        seen.update(i for i, _ in way)
        if end == nodes[curve, 0 if forwards else 1] and len(at[end]) == 2:  # noqa: PLR2004 - a way in and one out
            cycles.append(way)
        elif len(at[end]) == 1 and len(way) > 1:
            ways.append(way)
    branched = {curve for met in at.values() if len(met) > 2 for curve in met}  # noqa: PLR2004
    return _Followed(cycles, ways, len(branched))


def _way_on(first: int, nodes: NDArray[np.intp], at: dict[int, list[int]], *, forwards: bool) -> tuple[_Way, int]:
    """Return the way along curves until it is round, ends or branches, and the node where that is."""
    begin, node = nodes[first].tolist() if forwards else nodes[first, ::-1].tolist()
    way = [(first, forwards)]
    while node != begin and len(at[node]) == 2:  # noqa: PLR2004 - a way in and one out
        met = at[node]
        curve = met[1] if met[0] == way[-1][0] else met[0]
        start, end = nodes[curve].tolist()
        way.append((curve, start == node))
        node = end if start == node else start
    return way, node


def _nodes(points: Floats, closing: float) -> NDArray[np.intp]:
    """Return a number for each point, shape (n,): the same for those that lie within the tolerance of one another."""
    cells = np.round(points / (closing / _CELLS)) if closing > 0 else points
    _, firsts, numbers = np.unique(cells, axis=0, return_index=True, return_inverse=True)
    there = shapely.points(points[firsts])
    left, right = shapely.STRtree(there).query(there, predicate="dwithin", distance=closing)
    parents = np.arange(len(firsts))
    for one, other in zip(left[left < right].tolist(), right[left < right].tolist(), strict=True):
        low, high = sorted((_root(parents, one), _root(parents, other)))
        parents[high] = low
    roots = np.array([_root(parents, number) for number in range(len(parents))])
    return np.asarray(roots[numbers.reshape(-1)], dtype=np.intp)


def _root(parents: NDArray[np.intp], number: int) -> int:
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = int(parents[number])
    return number


def _extent(curve: Curve) -> float:
    return float(max(np.ptp(np.concatenate([piece.xyz[:, :2] for piece in curve]), axis=0)))
