"""Footprints of every kind: plans, places, courtyards, parts, sizes, and ways of writing one and the same."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Any

from shapes import CORNERS, PLANS, box, multipolygon, place, plan_of, polygon, units

__all__ = ["GROUPS"]

Json = dict[str, Any]
Drawn = Iterator[Json]
# 3 km long, 20,000 positions
TERMINAL = {"rule": "profile", "step": 187, "count": 19_996, "height": 900_000, "rise": 7_919, "modulus": 100_003}
RING = [(0, 0), (1_000, 0), (1_000, 600), (400, 600), (400, 900), (0, 900)]


def china(rng: Random) -> Drawn:
    """Draw buildings of every plan, 3 to 200 m long, between 73.5° and 135° E, 18° and 53.5° N."""
    for _ in range(600):
        lon, lat = 73.5 + 61.5 * rng.random(), 18 + 35.5 * rng.random()
        yield polygon(*place(rng, plan_of(rng), lon, lat, 3 + 197 * rng.random() ** 3))


def world(rng: Random) -> Drawn:
    """Draw the same in all four hemispheres, up to 80° N and S."""
    for i in range(400):
        lon, lat = 179 * rng.random() * (1 if i & 1 else -1), 80 * rng.random() * (1 if i & 2 else -1)
        yield polygon(*place(rng, plan_of(rng), lon, lat, 3 + 197 * rng.random() ** 3))


def large(_rng: Random) -> Drawn:
    """1 km² and more, up to 200,000 vertices, 900 parts and 900 courtyards, written as rules."""
    x, y = CORNERS[0]
    yield polygon(box(x, y, 1_243_000, 900_000))
    yield polygon(box(*CORNERS[3], 1_093_000, 900_000))
    for spot in (CORNERS[0], CORNERS[3]):
        yield {**TERMINAL, "x": spot[0], "y": spot[1]}
    yield {**TERMINAL, "x": -6_000, "y": -50_000, "step": 3, "count": 4_000, "height": 40_000}
    # three corners, the closing position and so many in the north: exactly as many as are allowed
    yield {**TERMINAL, "x": x, "y": y, "step": 20, "count": 199_996}
    for rule in ("grid", "sieve"):
        for spot in CORNERS[:2]:
            yield {"rule": rule, "x": spot[0], "y": spot[1], "columns": 30, "rows": 30, "size": 9_001, "gap": 1_000}


def holes(rng: Random) -> Drawn:
    """Courtyards: several, one that touches its shell or another courtyard in one point, one that leaves a thin wall."""
    for x, y in CORNERS:
        shell = box(x, y, 30_000, 20_000)
        touching = units([(x, y + 9_000), (x + 5_000, y + 6_000), (x + 5_000, y + 12_000)])
        yield polygon(shell, touching)
        yield polygon(shell, units([(x + 15_000, y + 20_000), (x + 12_000, y + 15_000), (x + 19_000, y + 15_000)]))
        yield polygon(shell, box(x + 2_000, y + 2_000, 5_000, 5_000), box(x + 7_000, y + 7_000, 5_000, 5_000))
        yield polygon(
            shell, touching, units([(x + 5_000, y + 12_000), (x + 8_000, y + 12_000), (x + 8_000, y + 15_000)])
        )
        yield polygon(shell, box(x + 1, y + 1, 29_998, 19_998))
        yield polygon(shell, *(box(x + 1_000 + 4_000 * i, y + 1_000 + 300 * i, 2_000, 9_001) for i in range(7)))
        # begins and ends where its shell does
        yield polygon(shell, units([(x, y), (x + 9_000, y + 3_000), (x + 3_000, y + 9_001)]))
    for _ in range(60):
        spot = rng.choice(CORNERS)
        plan = PLANS[rng.choice(["courtyard", "two courtyards"])]
        yield polygon(*place(rng, plan, spot[0] / 1e8, spot[1] / 1e8, 10 + 300 * rng.random(), digits=9))
    for x, y in CORNERS:
        # three courtyards that meet in one point
        shell = box(x - 15_000, y - 10_000, 30_000, 20_000)
        corners = (
            ((5_000, 0), (5_000, 5_000)),
            ((-5_000, 0), (-5_000, 5_001)),
            ((0, -5_000), (-2_500, -5_000)),
        )
        yield polygon(shell, *(units([(x, y), *((x + dx, y + dy) for dx, dy in two)]) for two in corners))


def parts(rng: Random) -> Drawn:
    """Draw buildings of 2 to 300 parts: apart, touching in a point, one in another's courtyard, with courtyards."""
    for x, y in CORNERS:
        yield multipolygon([box(x, y, 5_000, 5_000)], [box(x + 5_000, y + 5_000, 4_000, 4_000)])
        yield multipolygon(
            [box(x, y, 9_000, 9_000), box(x + 2_000, y + 2_000, 5_000, 5_000)],
            [box(x + 3_000, y + 3_000, 3_001, 2_000)],
        )
        yield multipolygon(
            [box(x, y, 9_000, 9_000), box(x + 2_000, y + 2_000, 5_000, 5_000)],
            [units([(x + 2_000, y + 4_000), (x + 4_000, y + 3_000), (x + 4_000, y + 5_001)])],
        )
        yield multipolygon(
            [units([(x, y), (x + 6_000, y), (x + 3_000, y + 3_000)])],
            [units([(x + 3_000, y + 3_000), (x + 6_000, y + 6_000), (x, y + 6_001)])],
        )
        yield multipolygon([box(x, y, 700, 700)], [box(x + 40_000_000, y + 30_000_000, 700, 701)])
    for several in (2, 3, 5, 10, 30, 100, 300):
        for spot in CORNERS[: 4 if several < 100 else 1]:
            yield multipolygon(
                *(
                    [
                        box(
                            spot[0] + 3_000 * (i % 20) + rng.randrange(900),
                            spot[1] + 3_000 * (i // 20) + rng.randrange(900),
                            900 + rng.randrange(1_100),
                            900 + rng.randrange(1_100),
                        )
                    ]
                    for i in range(several)
                )
            )
    for _ in range(40):
        lon, lat = 140 * (2 * rng.random() - 1), 70 * (2 * rng.random() - 1)
        east = 0.002 / max(0.3, 1 - (lat / 90) ** 2)
        yield multipolygon(
            *(
                place(rng, plan_of(rng), lon + east * i, lat, 40 + 40 * rng.random())
                for i in range(2 + rng.randrange(3))
            )
        )


def same_drawing(rng: Random) -> Drawn:
    """One building written in eight ways that must not matter, each lot of eight with one code."""
    for x, y in CORNERS * 8:
        size = 2 + rng.randrange(400)
        ring = [(x + size * dx, y + size * dy) for dx, dy in RING]
        hole = [(x + size * dx, y + size * dy) for dx, dy in ((100, 100), (300, 100), (300, 301), (100, 300))]
        other = [(x + size * dx, y + size * dy) for dx, dy in ((1_200, 0), (1_500, 0), (1_500, 700), (1_200, 701))]
        start = 1 + rng.randrange(5)
        between = [vertex for i in range(6) for vertex in (ring[i], _middle(ring[i], ring[(i + 1) % 6]))]
        twice = [vertex for vertex in ring for _ in range(1 + rng.randrange(3))]
        yield multipolygon([units(ring), units(hole)], [units(other)])
        yield multipolygon([units(ring[start:] + ring[:start]), units(hole[1:] + hole[:1])], [units(other)])
        yield multipolygon([units(ring[::-1]), units(hole)], [units(other[::-1])])
        yield multipolygon([units(ring), units(hole[::-1])], [units(other)])
        yield multipolygon([units(other)], [units(ring), units(hole)])
        yield multipolygon([units(between), units(hole)], [units(other)])
        yield multipolygon([units(twice), units(hole)], [units(other[:1] + other)])
        yield multipolygon(
            *(
                [[(*vertex, 3.5 + i) for i, vertex in enumerate(units(each))] for each in part]
                for part in ([ring, hole], [other])
            )
        )


def _middle(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """Return the middle of an edge; all edges of RING are even."""
    return (a[0] + b[0]) // 2, (a[1] + b[1]) // 2


def written_otherwise(_rng: Random) -> Drawn:
    """One square in forms that a reader may stumble over: not closed, closed twice, with empty rings and lost heights."""
    x, y = CORNERS[0]
    square = box(x, y, 100_000, 100_000)
    closed = [list(vertex) for vertex in [*square, square[0]]]
    other = [
        list(vertex) for vertex in units([(x + 20_000, y + 20_000), (x + 30_000, y + 20_000), (x + 30_000, y + 30_000)])
    ]
    for rings in ([closed[:-1]], [closed, []], [closed[:-1], [], []], [closed, other], [closed[:-1], other, []]):
        yield {"type": "Polygon", "coordinates": rings}
    for parts in ([[closed], []], [[], [closed]], [[closed], [[]]], [[[], []], [closed[:-1]]]):
        yield {"type": "MultiPolygon", "coordinates": parts}
    # the first position twice at either end; a ring not closed that ends twice in one place
    yield {"type": "Polygon", "coordinates": [[closed[0], *closed, closed[0]]]}
    yield {"type": "Polygon", "coordinates": [[*closed[:-1], closed[-2]]]}
    for height in (["NaN"], ["Infinity", "-Infinity"], [None], ["3 storeys", 1]):
        yield {"type": "Polygon", "coordinates": [[[*vertex, *height] for vertex in closed]]}
    # heights by which first and last position differ: closed all the same
    yield {"type": "Polygon", "coordinates": [[[*vertex, place] for place, vertex in enumerate(closed)]]}


def nearly_on_a_line(_rng: Random) -> Drawn:
    """Put corners on a wall of a vast shell, or a double beside it: on which side, plain doubles do not tell."""
    a, b, c = (1e-7, 3e-8), (100.1, 33.3), (2e-7, 41.7)
    slope = (Fraction(b[1]) - Fraction(a[1])) / (Fraction(b[0]) - Fraction(a[0]))
    for x in (0.0010762334228386, 0.0206123042255993, 0.3864914606487087, 0.2737772638252968, 7.7, 60.01):
        on_wall = float(Fraction(a[1]) + (Fraction(x) - Fraction(a[0])) * slope)
        for y in (on_wall, math.nextafter(on_wall, -90), math.nextafter(on_wall, 90)):
            yield polygon([a, b, c], [(x, y), (x + 0.5, y + 9), (x + 0.1, y + 9)])
            yield multipolygon([[a, b, c]], [[(x, y), (x + 0.1, -9.0), (x + 9, -9.0)]])
    # on the wall to the bit: a touch
    yield polygon([(0.0, 0.0), (96.0, 36.0), (0.0, 40.0)], [(0.1875, 0.0703125), (0.5, 9.0), (0.1, 9.0)])


def decimals(rng: Random) -> Drawn:
    """Ordinates of 5 to 15 decimals, as files and services write them."""
    for digits in (5, 6, 7, 8, 9, 15):
        for i in range(25):
            lon, lat = 175 * rng.random() * (1 if i & 1 else -1), 75 * rng.random() * (1 if i & 2 else -1)
            yield polygon(*place(rng, plan_of(rng), lon, lat, 60 + 90 * rng.random(), digits=digits))


GROUPS = [china, world, large, holes, parts, same_drawing, written_otherwise, nearly_on_a_line, decimals]
