"""Footprints where the Earth or the grid has something of its own."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import h3.api.basic_int as h3
from shapes import PLANS, box, multipolygon, place, polygon, units

__all__ = ["GROUPS"]

Json = dict[str, Any]
Drawn = Iterator[Json]
DEG = 10**8


def equator_and_prime_meridian(rng: Random) -> Drawn:
    """Footprints across one of the two lines or both, so that ordinates, sums and centroids have either sign or none."""
    for i in range(40):
        lon, lat = 178 * rng.random() * (1 if i & 1 else -1), 80 * rng.random() * (1 if i & 2 else -1)
        spot = [(lon, 0.0), (0.0, lat), (0.0, 0.0)][i % 3]
        rings = place(rng, PLANS[sorted(PLANS)[i % 7]], *spot, 20 + 60 * rng.random())
        yield polygon(*rings)
    for west in (-5, -4, -3, -2, -1):
        for south, width, height in ((-3, 5, 6), (-2, 4, 5), (-1, 1, 2), (0, 9, 3), (-4, 2, 4), (-7, 7, 7)):
            yield polygon(box(west, south, width, height))
    yield polygon(box(-50, -50, 100, 100))
    yield polygon(units([(0, 0), (700, 0), (0, 700)]), units([(1, 1), (3, 1), (1, 3)]))


def poles(rng: Random) -> Drawn:
    """Near the poles, where a degree of longitude is short, and with vertices at 90°."""
    for i in range(36):
        sign = 1 if i & 1 else -1
        lat = sign * (89.9 + 0.0999 * rng.random())
        yield polygon(*place(rng, PLANS[sorted(PLANS)[i % 7]], 170 * (2 * rng.random() - 1), lat, 40, digits=10))
    for sign in (1, -1):
        for lon in (-17_990_000_000, -9_000_000_000, 0, 4_500_000_001, 17_800_000_000):
            far, near = sorted((sign * 90 * DEG, sign * (90 * DEG - 4_001)))
            yield polygon(box(lon, far, 50_000_000, near - far))
            yield polygon(
                units(
                    [
                        (lon, sign * 8_999_990_000),
                        (lon + 90_000_000, sign * 8_999_990_000),
                        (lon + 45_000_000, sign * 90 * DEG),
                    ]
                )
            )
        # one unit high: the centroid is half-way to the pole, and goes to the even unit, which is the pole
        yield polygon(box(0, min(sign * 90 * DEG, sign * (90 * DEG - 1)), 50_000, 1))


def antimeridian(rng: Random) -> Drawn:
    """Draw buildings at 180° E and 180° W; in two parts, one on each side; and rings exactly 180° wide."""
    for i in range(24):
        lat = 75 * (2 * rng.random() - 1)
        west = rng.randrange(40_000)
        y = round(lat * DEG)
        width, height = 500 + rng.randrange(9_000), 500 + rng.randrange(9_000)
        x = 180 * DEG - width - west * (i % 3) if i & 1 else -180 * DEG + west * (i % 3)
        yield polygon(box(x, y, width, height))
    for i in range(12):
        y = round(60 * (2 * rng.random() - 1) * DEG)
        east, west = 1_000 + rng.randrange(9_000), 1_000 + rng.randrange(9_000) + i
        yield multipolygon([box(180 * DEG - east, y, east, 8_000)], [box(-180 * DEG, y, west, 8_000)])
    yield polygon(
        units([(-9_000_000_000, 10_000), (9_000_000_000, 10_000), (9_000_000_000, 20_001), (-9_000_000_000, 20_001)])
    )
    yield polygon(box(0, 4_000_000_000, 180 * DEG, 1_000))


def pentagons(_rng: Random) -> Drawn:
    """Footprints in each of the twelve pentagons of resolution 15, in the cells around it, and on their common edges."""
    for pentagon in sorted(h3.get_pentagons(15)):
        for cell in (pentagon, *sorted(h3.grid_ring(pentagon, 1)), *sorted(h3.grid_ring(pentagon, 2))[::3]):
            x, y = _centre(cell)
            yield polygon(box(x - 7, y - 5, 15, 10))
        x, y = _centre(pentagon)
        for lat, lon in h3.cell_to_boundary(pentagon):
            corner_x, corner_y = round(lon * 1e8), round(lat * 1e8)
            yield polygon(box((4 * x + 6 * corner_x) // 10 - 6, (4 * y + 6 * corner_y) // 10 - 6, 12, 12))


def _centre(cell: int) -> tuple[int, int]:
    lat, lon = h3.cell_to_latlng(cell)
    return round(lon * 1e8), round(lat * 1e8)


def base_cells(_rng: Random) -> Drawn:
    """Footprints in the middle of each of the 122 base cells, and at a corner of it."""
    for cell in sorted(h3.get_res0_cells()):
        x, y = _centre(cell)
        yield polygon(box(x - 3_000, min(y, 8_999_000_000) - 2_000, 6_001, 4_001))
        lat, lon = h3.cell_to_boundary(cell)[0]
        yield polygon(box(round(lon * 1e8) - 2_950, round(lat * 1e8) - 2_900, 6_000, 6_000))


def icosahedron_faces(_rng: Random) -> Drawn:
    """Footprints at the centres of H3's twenty faces, where a formula through the arc cosine loses digits."""
    centres = "71.5279 46.0419 145.3562 74.9284 -77.2071 60.4328 -25.8177 34.3884 23.0322 28.1732 96.1507 9.8976 169.2473 34.7172"
    numbers = [round(float(text) * 1e8) for text in centres.split()]
    numbers += [-10_822_460_000, 2_448_650_000, -4_202_240_000, -453_020_000, 2_902_010_000, -1_323_310_000]
    for x, y in zip(numbers[::2], numbers[1::2], strict=True):
        yield polygon(box(x - 4_000, y - 3_000, 8_001, 6_001))
        # the antipode of a face's centre is another's
        yield polygon(box((x + 180 * DEG if x < 0 else x - 180 * DEG) - 4_000, -y - 3_000, 8_001, 6_001))


GROUPS = [equator_and_prime_meridian, poles, antimeridian, pentagons, base_cells, icosahedron_faces]
