"""Footprints that have no code, each for one reason, in several places and sizes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from shapes import box, multipolygon, polygon, units

__all__ = ["GROUPS"]

Json = dict[str, Any]
Drawn = Iterator[Json | None]
# corner in units, and how many units make one of the drawings' own
SPOTS = [
    (12_655_000_000, 4_384_000_000, 1_000),
    (-7_398_000_000, 4_075_000_000, 37),
    (2_804_000_000, -2_620_000_000, 1),
    (-500, -300, 200),
]


def no_polygon(_rng: Random) -> Drawn:
    """Rows without a polygon."""
    yield None
    yield {"type": "Point", "coordinates": [126.55, 43.84]}
    yield {"type": "LineString", "coordinates": [[126.55, 43.84], [126.56, 43.84], [126.56, 43.85], [126.55, 43.84]]}
    yield {"type": "MultiPoint", "coordinates": [[126.55, 43.84], [126.56, 43.84]]}
    yield {"type": "MultiLineString", "coordinates": [[[126.55, 43.84], [126.56, 43.84]]]}
    yield {"type": "GeometryCollection", "geometries": [polygon(box(0, 0, 5, 5))]}
    yield {"type": "Polygon", "coordinates": []}
    yield {"type": "MultiPolygon", "coordinates": []}


def no_number(_rng: Random) -> Drawn:
    """Ordinates that are infinite or no number, written as texts since JSON has no such numbers."""
    for value in ("NaN", "Infinity", "-Infinity"):
        for vertex in range(1, 4):
            for ordinate in (0, 1):
                square = [list(each) for each in box(12_655_000_000, 4_384_000_000, 20_000, 10_000)]
                given: list[list[Any]] = [*square, square[0]]
                given[vertex] = [value, square[vertex][1]] if ordinate == 0 else [square[vertex][0], value]
                yield {"type": "Polygon", "coordinates": [given]}


def no_pair_of_numbers(_rng: Random) -> Drawn:
    """Positions of one number or none, and with something that is no number in the place of one."""
    square = [list(each) for each in box(12_655_000_000, 4_384_000_000, 20_000, 10_000)]
    x, y = square[2]
    for position in ([], [x], [None, y], [x, None], [str(x), y], [x, ""], [x, [y]], [True, y], [x, None, 3.5]):
        yield {"type": "Polygon", "coordinates": [[*square[:2], position, square[3], square[0]]]}


def hole_without_shell(_rng: Random) -> Drawn:
    """Parts that have a hole with positions, and a shell without any."""
    hole = [list(each) for each in box(12_655_000_000, 4_384_000_000, 20_000, 10_000)]
    other = [[list(each) for each in box(12_655_100_000, 4_384_000_000, 20_000, 10_000)]]
    yield {"type": "Polygon", "coordinates": [[], [*hole, hole[0]]]}
    yield {"type": "MultiPolygon", "coordinates": [other, [[], [*hole, hole[0]]]]}


def too_many_vertices(_rng: Random) -> Drawn:
    """One position more than 200,000 in one ring, closed or not, one without a number, and 790 more over many."""
    x, y, _ = SPOTS[0]
    hall = {"height": 900_000, "rise": 7_919, "modulus": 100_003}
    yield {"rule": "profile", "x": x, "y": y, "step": 20, "count": 199_997, **hall}
    yield {"rule": "grid", "x": x, "y": y, "columns": 207, "rows": 194, "size": 90, "gap": 10}
    yield {"rule": "profile", "x": x, "y": y, "step": 20, "count": 199_997, **hall, "unclosed": 1}
    yield {"rule": "profile", "x": x, "y": y, "step": 20, "count": 199_997, **hall, "nan": 100_000}


def no_area(_rng: Random) -> Drawn:
    """Rings on one line or in one place, and footprints that snapping takes."""
    for spot in SPOTS:
        yield polygon(_ring(spot, (0, 0), (1, 1), (3, 3)))
        yield polygon(_ring(spot, (0, 0), (0, 0), (0, 0)))
        yield polygon(_ring(spot, (0, 0), (1, 0), (0, 0)))
        yield polygon(_ring(spot, (0, 0), (2, 0), (5, 0), (1, 0)))
    for x, y, _ in SPOTS[:3]:
        # less than a unit, a unit long and no unit wide, a bow-tie when snapped
        for ring in (
            [(0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.4)],
            [(0, 0.1), (9, 0.1), (9, 0.4), (0, 0.4)],
            [(1.6, 1.6), (2.51, 2.51), (3.4, 2.1), (2.49, 3.4)],
        ):
            yield polygon([((x + dx) / 1e8, (y + dy) / 1e8) for dx, dy in ring])


def crossing(_rng: Random) -> Drawn:
    """Boundaries that cross or share a line: within a ring, of hole and shell, of parts."""
    for spot in SPOTS:
        shell = _box(spot, 0, 0, 20, 20)
        yield polygon(_ring(spot, (0, 0), (2, 2), (2, 0), (0, 2)))
        yield polygon(_ring(spot, (0, 0), (9, 0), (9, 9), (4, -2), (0, 9)))
        yield polygon(shell, _box(spot, 15, 5, 10, 5))
        yield polygon(shell, _box(spot, 5, 0, 5, 5))
        yield polygon(shell, _box(spot, 2, 2, 8, 8), _box(spot, 6, 6, 8, 8))
        yield polygon(shell, _box(spot, 2, 2, 4, 4), _box(spot, 2, 2, 4, 4))
        yield polygon(shell, shell)
        yield multipolygon([_box(spot, 0, 0, 2, 2)], [_box(spot, 1, 1, 2, 2)])
        yield multipolygon([_box(spot, 0, 0, 4, 4)], [_box(spot, 4, 1, 4, 2)])
        yield multipolygon([shell], [shell])
        # corners on the other's sides, and through them
        yield multipolygon([_box(spot, 0, 0, 4, 4)], [_ring(spot, (2, -2), (6, 2), (2, 6), (-2, 2))])
        yield polygon(shell, _ring(spot, (5, 0), (10, -3), (15, 0), (10, 9)))
    for spot in SPOTS:
        # parts that meet in two corners of both, and in nothing else, and go in at one and out at the other
        large = _ring(spot, (0, 0), (2, 0), (4, 0), (4, 2), (4, 4), (0, 4))
        yield multipolygon([large], [_ring(spot, (2, 0), (4, 2), (6, -2))])


def touching_itself(_rng: Random) -> Drawn:
    """Rings that come back to one of their points."""
    for spot in SPOTS:
        yield polygon(_ring(spot, (0, 0), (9, 0), (9, 9), (5, 5), (6, 8), (4, 8), (5, 5), (0, 9)))
        yield polygon(_ring(spot, (0, 0), (9, 0), (9, 9), (5, 0), (0, 9)))
        yield polygon(_ring(spot, (0, 0), (1, 1), (2, 2), (2, 0), (1, 1), (0, 2)))
        yield polygon(_ring(spot, (0, 0), (4, 0), (4, 4), (8, 4), (8, 8), (4, 8), (4, 4), (0, 4)))
        yield polygon(_box(spot, 0, 0, 10, 10), _ring(spot, (3, 3), (5, 5), (7, 3), (7, 7), (5, 5), (3, 7)))


def holes_and_parts_out_of_place(_rng: Random) -> Drawn:
    """Holes outside their shell, holes in holes, parts in parts, and holes that cut the floor in two."""
    for spot in SPOTS:
        shell, large, small = _box(spot, 0, 0, 10, 10), _box(spot, 1, 1, 8, 8), _box(spot, 3, 3, 1, 1)
        yield polygon(shell, _box(spot, 12, 0, 2, 2))
        yield polygon(shell, _box(spot, -5, -5, 30, 30))
        yield polygon(shell, _ring(spot, (10, 5), (13, 4), (13, 6)))
        yield polygon(shell, large, small)
        yield polygon(shell, small, large)
        yield polygon(shell, large, _ring(spot, (1, 4), (3, 3), (3, 5)))
        yield multipolygon([shell], [small])
        yield multipolygon([small], [shell])
        yield multipolygon([shell], [_ring(spot, (0, 5), (3, 4), (3, 6))])
        yield multipolygon([shell, _box(spot, 1, 1, 3, 3)], [_box(spot, 5, 5, 1, 1)])
        yield polygon(shell, _ring(spot, (0, 5), (5, 3), (10, 5), (5, 7)))
        # holes that touch each other corner to corner, in a circle and from wall to wall
        around = [(2, 2), (5, 1), (8, 2)], [(8, 2), (7, 6), (5, 8)], [(5, 8), (3, 6), (2, 2)]
        yield polygon(shell, *(_ring(spot, *corners) for corners in around))
        yield polygon(shell, _ring(spot, (0, 0), (4, 3), (5, 5)), _ring(spot, (5, 5), (10, 10), (6, 9)))


def too_few_points(_rng: Random) -> Drawn:
    """Rings of one place or two beside a good one."""
    for spot in SPOTS:
        shell = _box(spot, 0, 0, 10, 10)
        yield polygon(shell, _ring(spot, (1, 1), (1, 1), (1, 1)))
        yield polygon(shell, _ring(spot, (1, 1), (3, 2), (1, 1)))
        yield multipolygon([shell], [_ring(spot, (20, 0), (20, 0), (22, 1))])


def out_of_place(rng: Random) -> Drawn:
    """Numbers that are no longitude and latitude, the two exchanged, and rings wider than half the world."""
    yield polygon(
        [(500_000.0, 4_856_000.0), (500_020.0, 4_856_000.0), (500_020.0, 4_856_010.0), (500_000.0, 4_856_010.0)]
    )
    yield polygon([(43.84, 126.55), (43.84, 126.5502), (43.8401, 126.5502), (43.8401, 126.55)])
    yield polygon([(1e300, 0.0), (2e300, 0.0), (2e300, 1.0)])
    for x, y in ((180.0, 10.0), (-180.00000001, 10.0), (10.0, 90.0), (10.0, -90.00000001)):
        yield polygon([(x, y), (x + 1e-8, y), (x + 1e-8, y + 1e-8), (x, y + 1e-8)])
    for sign in (1, -1):
        yield polygon([(126.0, 89.0 * sign), (127.0, 89.0 * sign), (126.5, 90.5 * sign)])
        yield multipolygon([box(0, 0, 500, 500)], [[(0.0, sign * 90.0), (0.1, sign * 90.0), (0.1, sign * 90.1)]])
    for _ in range(12):
        y = round(140 * rng.random() - 70, 6)
        east, west = round(180 - rng.random() / 50, 7), round(rng.random() / 50 - 180, 7)
        yield polygon([(east, y), (west, y), (west, y + 0.01), (east, y + 0.01)])
    yield polygon([(-90.00000001, 0.0), (90.0, 0.0), (90.0, 0.001)])
    yield multipolygon([box(0, 0, 500, 500)], [[(-170.0, 1.0), (170.0, 1.0), (170.0, 2.0)]])
    yield polygon(
        [(-100.0, 0.0), (100.0, 0.0), (100.0, 10.0), (-100.0, 10.0)], [(-99.0, 1.0), (99.0, 1.0), (99.0, 9.0)]
    )


def two_reasons(_rng: Random) -> Drawn:
    """Footprints that are refused for two reasons, of which the first in the order of clause 14.2 is named."""
    # of 7.3, and out of range
    yield polygon([(200.0, 10.0), (202.0, 12.0), (202.0, 10.0), (200.0, 12.0)])
    yield polygon([(200.0, 10.0), (201.0, 11.0), (202.0, 12.0)])
    yield polygon([(10.0, 95.0), (11.0, 95.0), (11.0, 96.0)], [(20.0, 95.0), (21.0, 95.0), (21.0, 96.0)])
    # of 7.3, and wide
    yield polygon([(-100.0, 0.0), (100.0, 9.0), (100.0, 0.0), (-100.0, 9.0)])
    # no number, and on one line
    yield {"type": "Polygon", "coordinates": [[[1.0, 1.0], ["NaN", 2.0], [3.0, 3.0], [1.0, 1.0]]]}
    # out of range, and wide; out of range, and without area once snapped
    yield polygon([(-170.0, 0.0), (190.0, 0.0), (190.0, 9.0)])
    yield polygon([(200.0, 10.0), (200.000000001, 10.0), (200.000000001, 10.000000001)])


def _ring(spot: tuple[int, int, int], *corners: tuple[int, int]) -> list[tuple[float, float]]:
    """Return a ring by its corners in the units of a spot's drawings."""
    x, y, size = spot
    return units([(x + dx * size, y + dy * size) for dx, dy in corners])


def _box(spot: tuple[int, int, int], dx: int, dy: int, width: int, height: int) -> list[tuple[float, float]]:
    """Return a rectangle in the units of a spot's drawings."""
    return _ring(spot, (dx, dy), (dx + width, dy), (dx + width, dy + height), (dx, dy + height))


GROUPS = [
    no_polygon,
    no_number,
    no_pair_of_numbers,
    hole_without_shell,
    too_many_vertices,
    no_area,
    crossing,
    touching_itself,
    holes_and_parts_out_of_place,
    too_few_points,
    out_of_place,
    two_reasons,
]
