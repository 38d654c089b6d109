"""Plans of made-up buildings, and how they are put on the ground: plain arithmetic, so that every machine draws alike."""

from __future__ import annotations

import math
from random import Random
from typing import Any

__all__ = ["CORNERS", "PLANS", "box", "multipolygon", "place", "plan_of", "polygon", "turned", "units"]

Plan = list[list[tuple[float, float]]]
Ring = list[tuple[float, float]]
Json = dict[str, Any]

# a shell and its courtyards, one long, first vertices not repeated
PLANS: dict[str, Plan] = {
    "rectangle": [[(0, 0), (1, 0), (1, 0.6), (0, 0.6)]],
    "L": [[(0, 0), (1, 0), (1, 0.4), (0.4, 0.4), (0.4, 1), (0, 1)]],
    "U": [[(0, 0), (1, 0), (1, 0.9), (0.7, 0.9), (0.7, 0.3), (0.3, 0.3), (0.3, 0.9), (0, 0.9)]],
    "T": [[(0.4, 0), (0.6, 0), (0.6, 0.7), (1, 0.7), (1, 1), (0, 1), (0, 0.7), (0.4, 0.7)]],
    "wedge": [[(0, 0), (1, 0.1), (0.3, 0.8)]],
    "courtyard": [[(0, 0), (1, 0), (1, 1), (0, 1)], [(0.3, 0.2), (0.7, 0.2), (0.7, 0.7), (0.3, 0.7)]],
    "two courtyards": [
        [(0, 0), (1, 0), (1, 0.5), (0, 0.5)],
        [(0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.4)],
        [(0.6, 0.1), (0.9, 0.1), (0.75, 0.4)],
    ],
}

# where the groups that need a place stand: a corner in units, one in each quarter of the world
CORNERS = [
    (12_655_000_000, 4_384_000_000),
    (-7_398_000_000, 4_075_000_000),
    (2_804_000_000, -2_620_000_000),
    (-5_838_000_000, -3_460_000_000),
]


def plan_of(rng: Random) -> Plan:
    """Return one of the plans, the plain ones more often."""
    names = ["rectangle"] * 5 + ["L"] * 3 + sorted(PLANS)
    return PLANS[names[rng.randrange(len(names))]]


def turned(rng: Random, plan: Plan, x: float, y: float, length_m: float) -> list[Ring]:
    """Return a plan in the metres of a plane, turned at random, to the millimetre."""
    cos, sin = _turn(rng)
    return [
        [(round(x + (a * cos - b * sin) * length_m, 3), round(y + (a * sin + b * cos) * length_m, 3)) for a, b in ring]
        for ring in plan
    ]


def _turn(rng: Random) -> tuple[float, float]:
    """Return cosine and sine of a turn, a rational point of the circle: no digit of theirs depends on the machine."""
    t = 2 * rng.random() - 1
    return (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)


def place(rng: Random, plan: Plan, lon: float, lat: float, length_m: float, *, digits: int = 15) -> list[Ring]:
    """Return a plan put somewhere, turned at random, its ordinates rounded to so many decimals of a degree."""
    cos, sin = _turn(rng)
    north_deg = length_m / 111_000
    east_deg = north_deg / max(0.01, round(math.cos(math.radians(lat)), 6))
    return [
        [
            (round(lon + (x * cos - y * sin) * east_deg, digits), round(lat + (x * sin + y * cos) * north_deg, digits))
            for x, y in ring
        ]
        for ring in plan
    ]


def units(ring: list[tuple[int, int]]) -> Ring:
    """Return a ring of units of 1e-8 degrees in degrees."""
    return [(x / 1e8, y / 1e8) for x, y in ring]


def box(x: int, y: int, width: int, height: int) -> Ring:
    """Return a rectangle given in units, in degrees."""
    return units([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])


def polygon(*rings: Ring) -> Json:
    """Return a shell and its holes as a GeoJSON object."""
    return {"type": "Polygon", "coordinates": [_closed(ring) for ring in rings]}


def multipolygon(*parts: list[Ring]) -> Json:
    """Return parts, each a shell and its holes, as a GeoJSON object."""
    return {"type": "MultiPolygon", "coordinates": [[_closed(ring) for ring in part] for part in parts]}


def _closed(ring: Ring) -> list[list[float]]:
    return [list(vertex) for vertex in [*ring, ring[0]]]
