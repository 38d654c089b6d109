"""What may be coded, judged exactly: clause 7 of docs/specification.md in whole numbers.

Every double is a whole number of some power of two. Scaled by that power, the vertices of a footprint are whole numbers,
and every question of this module (on which side, inside or not, crossing or not) has an exact answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, permutations
from typing import NamedTuple

__all__ = ["find_invalidity"]

Point = tuple[int, int]
Ring = tuple[Point, ...]
Part = list[Ring]


class Edge(NamedTuple):
    """One edge of a ring: from its vertex of number `place` to the next."""

    a: Point
    b: Point
    ring: int
    place: int


class Touch(NamedTuple):
    """One point that two rings share without crossing there."""

    point: Point
    rings: tuple[int, int]


def find_invalidity(parts: Sequence[Sequence[Sequence[tuple[float, float]]]]) -> str | None:
    """Return the kind of the first rule of clause 7.3 that a footprint breaks, or None where it breaks none.

    Parameters
    ----------
    parts
        Each part's shell and holes as closed rings of finite ordinates.
    """
    scale = 2 * max(ordinate.as_integer_ratio()[1] for ring in chain(*parts) for ordinate in chain(*ring))
    exact = [[_open(ring, scale) for ring in part] for part in parts]
    rings = list(chain(*exact))
    if _on_one_line(list(chain(*rings))):
        return "zero_area"
    if any(len(ring) < 3 for ring in rings):
        return "too_few_points"
    broken, touches = _meetings(rings)
    if broken:
        return "self_intersection" if "self_intersection" in broken else "ring_self_intersection"
    return _misplaced_ring(exact) or ("disconnected_interior" if _is_cut(exact, touches) else None)


def _open(ring: Sequence[tuple[float, float]], scale: int) -> Ring:
    """Return a ring in whole numbers, all even, without the repeated last vertex and other repetitions in a row."""
    vertices = [(_scaled(x, scale), _scaled(y, scale)) for x, y in ring]
    return tuple(vertex for i, vertex in enumerate(vertices[:-1]) if vertex != vertices[i + 1])


def _scaled(ordinate: float, scale: int) -> int:
    numerator, denominator = ordinate.as_integer_ratio()
    return numerator * (scale // denominator)


def _side(a: Point, b: Point, c: Point) -> int:
    """Return on which side of a → b the point c lies: 1 left, −1 right, 0 on the line."""
    turn = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (turn > 0) - (turn < 0)


def _on_one_line(points: list[Point]) -> bool:
    """Tell whether all points lie on one line."""
    first = points[0] if points else (0, 0)
    second = next((point for point in points if point != first), first)
    return all(_side(first, second, point) == 0 for point in points)


def _meetings(rings: list[Ring]) -> tuple[set[str], list[Touch]]:
    """Return which rules the edges break where they meet, and the points at which rings merely touch."""
    broken, touches = set(), []
    for e, f in _near_pairs(rings):
        met = _meet(e, f)
        if met is None:
            continue
        if e.ring == f.ring and met != "line":
            count = len(rings[e.ring])
            if abs(e.place - f.place) not in {1, count - 1}:
                broken.add("self_intersection" if met == "cross" else "ring_self_intersection")
        elif isinstance(met, str) or _crosses(met, _arms(e, met, rings), _arms(f, met, rings)):
            broken.add("self_intersection")
        else:
            touches.append(Touch(met, (e.ring, f.ring)))
    return broken, touches


def _near_pairs(rings: list[Ring]) -> Iterator[tuple[Edge, Edge]]:
    """Return every two edges whose boxes meet, swept from west to east."""
    edges = [Edge(ring[i], ring[(i + 1) % len(ring)], r, i) for r, ring in enumerate(rings) for i in range(len(ring))]
    active: list[Edge] = []
    for edge in sorted(edges, key=lambda edge: min(edge.a[0], edge.b[0])):
        west, (south, north) = min(edge.a[0], edge.b[0]), sorted((edge.a[1], edge.b[1]))
        active = [other for other in active if max(other.a[0], other.b[0]) >= west]
        for other in active:
            if max(other.a[1], other.b[1]) >= south and min(other.a[1], other.b[1]) <= north:
                yield other, edge
        active.append(edge)


def _meet(e: Edge, f: Edge) -> Point | str | None:
    """Return how two edges meet: in one point at an end of one of them, across, along a line, or not at all."""
    fa, fb, ea, eb = _side(e.a, e.b, f.a), _side(e.a, e.b, f.b), _side(f.a, f.b, e.a), _side(f.a, f.b, e.b)
    if not (fa or fb or ea or eb):
        low, high = max(min(e.a, e.b), min(f.a, f.b)), min(max(e.a, e.b), max(f.a, f.b))
        return None if low > high else low if low == high else "line"
    if fa * fb > 0 or ea * eb > 0:
        return None
    ends = {f.a: fa, f.b: fb, e.a: ea, e.b: eb}
    return "cross" if all((fa, fb, ea, eb)) else next(point for point, side in ends.items() if side == 0)


def _arms(edge: Edge, point: Point, rings: list[Ring]) -> tuple[Point, Point]:
    """Return the ends of the two edges, or of the two halves of one edge, by which a ring passes through a point."""
    ring = rings[edge.ring]
    if point == edge.a:
        return ring[edge.place - 1], edge.b
    return (edge.a, ring[(edge.place + 2) % len(ring)]) if point == edge.b else (edge.a, edge.b)


def _crosses(point: Point, one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Tell whether two rings that pass through a point change sides there."""
    return _is_between(point, *one, other[0]) != _is_between(point, *one, other[1])


def _is_between(point: Point, a: Point, b: Point, c: Point) -> bool:
    """Tell whether, seen from a point, c lies on the left of a → point → b, arms themselves excluded."""
    turn = _side(a, point, b)
    left_of_a, left_of_b = _side(a, point, c) > 0, _side(point, b, c) > 0
    return (left_of_a and left_of_b) if turn > 0 else (left_of_a or left_of_b)


def _misplaced_ring(parts: list[Part]) -> str | None:
    """Return which rule is broken by a ring's place inside or outside another, of rings that do not cross."""
    if any(not _lies_in(hole, shell) for shell, *holes in parts for hole in holes):
        return "hole_outside"
    if any(_lies_in(one, other) for _, *holes in parts for one, other in permutations(holes, 2)):
        return "nested_holes"
    for (shell, *_), (other, *holes) in permutations(parts, 2):
        if _lies_in(shell, other) and not any(_lies_in(shell, hole) for hole in holes):
            return "nested_shells"
    return None


def _lies_in(ring: Ring, other: Ring) -> bool:
    """Tell whether a ring lies inside another that it does not cross."""
    if not _boxes_nest(ring, other):
        return False
    middles = [((x0 + x1) // 2, (y0 + y1) // 2) for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True)]
    places = (_place(point, other) for point in chain(ring, middles))
    return next(place for place in places if place != 0) > 0


def _boxes_nest(ring: Ring, other: Ring) -> bool:
    """Tell whether the box around a ring lies within the box around another."""
    (west, south, east, north), (far_west, far_south, far_east, far_north) = _box(ring), _box(other)
    return far_west <= west and far_south <= south and east <= far_east and north <= far_north


@lru_cache(maxsize=4096)
def _box(ring: Ring) -> tuple[int, int, int, int]:
    """Return the least and greatest ordinates of a ring: west, south, east, north."""
    x, y = [point[0] for point in ring], [point[1] for point in ring]
    return min(x), min(y), max(x), max(y)


def _place(point: Point, ring: Ring) -> int:
    """Return where a point is: 1 inside a ring, −1 outside, 0 on it."""
    inside = False
    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
        low, high = (a, b) if a[1] <= b[1] else (b, a)
        side = _side(low, high, point)
        if side == 0 and min(a, b) <= point <= max(a, b):
            return 0
        inside ^= low[1] <= point[1] < high[1] and side > 0
    return 1 if inside else -1


def _is_cut(parts: list[Part], touches: list[Touch]) -> bool:
    """Tell whether rings of one part touch in a circle, so that what they enclose is cut off from the rest."""
    part_of = [number for number, part in enumerate(parts) for _ in part]
    group: dict[int | Point, int | Point] = {}

    def root(each: int | Point) -> int | Point:
        while group.setdefault(each, each) != each:
            each = group[each]
        return each

    links = {(ring, t.point) for t in touches if part_of[t.rings[0]] == part_of[t.rings[1]] for ring in t.rings}
    for part in range(len(parts)):
        group.clear()
        for ring, point in sorted(link for link in links if part_of[link[0]] == part):
            if root(ring) == root(point):
                return True
            group[root(ring)] = root(point)
    return False
