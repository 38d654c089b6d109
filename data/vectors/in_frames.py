"""Footprints in frames other than EPSG:4490: taken as they are, in the metres of a plane, outside of it, or refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from random import Random
from typing import Any

from plane import false_easting_m, limits_deg, longitude_latitude, meridian_deg
from reference import BEIJING_1954, NEW_BEIJING, XIAN_1980
from shapes import box, multipolygon, plan_of, polygon, turned

__all__ = ["FRAME_GROUPS"]

Json = dict[str, Any]
# both ends of each run of frames of Beijing 1954, Xian 1980 and New Beijing
SECRET_ENDS = BEIJING_1954 + XIAN_1980 + NEW_BEIJING
# metres around the middle of a hall
HALL = [(-300, -300), (300, -300), (300, 300), (-300, 300)]


def frames(_rng: Random) -> Iterator[tuple[Json | None, str | None]]:
    """One footprint in every frame that is the code's own, and in frames that have to be refused."""
    square = polygon(box(12_655_000_000, 4_384_000_000, 100_000, 100_000))
    for crs in ("EPSG:4490", "EPSG:4480", "EPSG:4326", "EPSG:4979", "OGC:CRS84", None, "EPSG:0", "nowhere"):
        yield square, crs
    for code in (4479, 4978, 5737, 5773, *sorted({code for ends in SECRET_ENDS for code in ends})):
        yield square, f"EPSG:{code}"
    # the frame is looked at before the drawing
    yield None, "EPSG:4610"
    yield None, None


def gauss_krueger(rng: Random) -> Iterator[tuple[Json, str]]:
    """Footprints in metres to the millimetre in each zone of CGCS2000 twice, each with its frame, 30° to 51° N."""
    for code in [*range(4491, 4555)] * 2:
        crs = f"EPSG:{code}"
        yield _clear_of_ties(crs, partial(_in_metres, rng, crs)), crs


def beside_zones(rng: Random) -> Iterator[tuple[Json, str]]:
    """Footprints in each zone half a degree within the limits of its frame, in the east or the west, north or south."""
    yield from _near_limits(rng, -0.5)


def outside_zones(rng: Random) -> Iterator[tuple[Json, str]]:
    """Draw the same half a degree beyond the limits; eastings of another zone, exchanged, without their zone, in degrees."""
    yield from _near_limits(rng, 0.5)
    for crs, x, y in product(
        ("EPSG:4498", "EPSG:4509", "EPSG:4528", "EPSG:4549"),
        (117_000, 500_000, 20_500_000, 39_500_000, 40_500_000, 41_500_000, 4_800_000, 10**9, 10**12),
        (4_800_000, 100_000, -4_800_000),
    ):
        if y != 4_800_000 or abs(x - false_easting_m(crs)) > 600_000:
            yield polygon(_rectangle(x, y)), crs
    yield polygon([(126.55, 43.84), (126.5502, 43.84), (126.5502, 43.8401), (126.55, 43.8401)]), "EPSG:4551"
    # one corner, one part, one hole's corner far away
    near = _rectangle(500_000, 4_800_000)
    yield polygon([*near[:2], (4_800_000, 4_900_000), near[3]]), "EPSG:4549"
    yield multipolygon([near], [_rectangle(4_800_000, 500_000)]), "EPSG:4549"
    yield polygon(_rectangle(-700_000, 4_000_000, 2_500_000), _rectangle(500_000, 4_200_000)), "EPSG:4549"


def _rectangle(x: float, y: float, size: float = 40) -> list[tuple[float, float]]:
    return [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]


def _near_limits(rng: Random, beyond_deg: float) -> Iterator[tuple[Json, str]]:
    """Yield a footprint in each zone so many degrees beyond one of the limits of its frame."""
    for code in range(4491, 4555):
        crs = f"EPSG:{code}"
        west, south, east, north = limits_deg(crs)
        lon, lat = float(meridian_deg(crs)), (south + north) / 2
        side = code % 4
        lon = [west - beyond_deg, east + beyond_deg, lon, lon][side]
        lat = [lat, lat, south - beyond_deg, north + beyond_deg][side]
        x, y = _roughly_in_metres(lon, lat, crs)
        yield _clear_of_ties(crs, partial(_somehow, rng, x, y)), crs


def _roughly_in_metres(lon: float, lat: float, crs: str) -> tuple[float, float]:
    """Return easting and northing of a place, to some 0.02 degrees within 8° of the meridian; the same on every machine."""
    phi, away = math.radians(lat), math.radians(lon - meridian_deg(crs))
    sin, cos = math.sin(phi), math.cos(phi)
    radius = 6_378_137 / math.sqrt(1 - 0.00669438 * sin * sin)
    x = radius * away * cos * (1 + away * away * (1 - 2 * sin * sin) / 6)
    y = 111_132.95 * lat - 16_038.5 * math.sin(2 * phi) + radius * sin * cos * away * away / 2
    return false_easting_m(crs) + round(x), round(y)


def _clear_of_ties(crs: str, draw: Callable[[], Json]) -> Json:
    """Return the first of several drawings that every machine snaps alike."""
    drawn = draw()
    while not _is_clear_of_ties(drawn, crs):
        drawn = draw()
    return drawn


def _somehow(rng: Random, x: float, y: float) -> Json:
    """Return a footprint of any plan near a place in metres."""
    return polygon(*turned(rng, plan_of(rng), x, y, 5 + 120 * rng.random()))


def judged_in_the_plane(rng: Random) -> Iterator[tuple[Json, str]]:
    """Corners exactly on a wall in metres, which in degrees they are not: what is valid is asked before 8.3."""
    for crs in ("EPSG:4498", "EPSG:4509", "EPSG:4528", "EPSG:4549"):
        for draw in (_touching_courtyard, _touching_parts, _touching_itself):
            for turn in range(4):
                yield _clear_of_ties(crs, partial(draw, rng, crs, turn)), crs


def _touching_courtyard(rng: Random, crs: str, turn: int) -> Json:
    """Return a hall with a courtyard that touches the middle of one wall."""
    return polygon(*_quarter_turned(rng, crs, turn, HALL, [(0, -300), (100, -100), (-100, -100)]))


def _touching_parts(rng: Random, crs: str, turn: int) -> Json:
    """Return a hall and a wing that touches the middle of one wall with a corner."""
    return multipolygon(
        *([ring] for ring in _quarter_turned(rng, crs, turn, HALL, [(0, -300), (-100, -500), (100, -500)]))
    )


def _touching_itself(rng: Random, crs: str, turn: int) -> Json:
    """Return a hall with a notch that goes through to the middle of the wall opposite."""
    return polygon(*_quarter_turned(rng, crs, turn, [*HALL[:3], (100, 300), (0, -300), (-100, 300), HALL[3]]))


def _quarter_turned(rng: Random, crs: str, turn: int, *rings: list[tuple[int, int]]) -> list[list[tuple[float, float]]]:
    """Return rings in whole metres around the origin turned by quarters and put somewhere 40 km off the meridian."""
    x, y = false_easting_m(crs) + 40_000 + rng.randrange(1_000), 4_500_000 + rng.randrange(100_000)
    for _ in range(turn):
        rings = tuple([(-b, a) for a, b in ring] for ring in rings)
    return [[(float(x + a), float(y + b)) for a, b in ring] for ring in rings]


def _in_metres(rng: Random, crs: str) -> Json:
    x = false_easting_m(crs) + 100_000 * (2 * rng.random() - 1)
    y = 3_400_000 + 2_200_000 * rng.random()
    return _somehow(rng, x, y)


def _is_clear_of_ties(drawn: Json, crs: str) -> bool:
    """Tell whether every vertex is snapped alike by transformations that differ by 1e-11 degrees."""
    parts = drawn["coordinates"] if drawn["type"] == "MultiPolygon" else [drawn["coordinates"]]
    vertices = (longitude_latitude(x, y, crs=crs) for part in parts for ring in part for x, y in ring)
    return all(abs(ordinate * 1e8 % 1 - 0.5) > 1e-3 for vertex in vertices for ordinate in vertex)


FRAME_GROUPS = [frames, gauss_krueger, beside_zones, outside_zones, judged_in_the_plane]
