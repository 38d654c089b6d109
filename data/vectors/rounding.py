"""Footprints on which a rounding turns: of ordinates, of centroids, of areas, of rings too small for a unit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

from reference import encode
from shapes import CORNERS, box, multipolygon, polygon, units

__all__ = ["GROUPS"]

Json = dict[str, Any]
Drawn = Iterator[Json]
DEG = 10**8
# relative: nearer to the edge of a class doubles may disagree (clause 11.3)
CLEAR = 2e-13


def snapping_ties(rng: Random) -> Drawn:
    """Ordinates whose product with 1e8 is half-way between two whole numbers, or a double beside it."""
    for i in range(60):
        x, y = (_half(rng, 180 * DEG), _half(rng, 85 * DEG))
        x, y = (x if i & 1 else -x), (y if i & 2 else -y)
        yield polygon([(x, y), (x + 1e-5, y), (x + 1e-5, y + 2e-5), (x, y + 2e-5)])
    for i in range(40):
        # nine decimals, the last a 5: half-way as text, but as a double only now and then
        x, y = (10 * rng.randrange(17 * DEG) + 5) / 1e9, (10 * rng.randrange(8 * DEG) + 5) / 1e9
        x, y = (x if i & 1 else -x), (y if i & 2 else -y)
        yield polygon([(x, y), (x + 1e-5, y), (x + 1e-5, y + 2e-5), (x, y + 2e-5)])


def _half(rng: Random, limit: int) -> float:
    """Return degrees whose product with 1e8 is a whole number and a half to the last bit."""
    while True:
        product = rng.randrange(limit // 8) + 0.5
        if product / 1e8 * 1e8 == product:
            return product / 1e8


def centroid_ties(rng: Random) -> Drawn:
    """Centroids half-way between two units in x, in y or in both: odd and even neighbours, positive and negative."""
    for x, y in [*CORNERS, (0, 0)]:
        for odd in range(4):
            for width, height in ((301, 400), (400, 301), (303, 507)):
                yield polygon(box(x + (odd & 1), y + (odd >> 1), width, height))
    for x, y in CORNERS:
        for shift in (0, 1):
            yield polygon(box(x + shift, y, 301, 140), box(x + shift + 101, y + 50, 99, 40))
            yield multipolygon([box(x + shift, y, 100, 100)], [box(x + shift + 151, y, 100, 100)])
    for _ in range(40):
        # thirds: as near to a tie as a triangle comes
        x, y = rng.choice(CORNERS)
        corners = [(x + rng.randrange(2_000), y + rng.randrange(2_000)) for _ in range(2)]
        yield polygon(units([*corners, (x + 3_000, y - 1_000)]))


def size_classes(rng: Random) -> Drawn:
    """Both sides of every edge between two size classes, as near as whole units come, at four latitudes."""
    for x, y in CORNERS:
        for k in range(30):
            yield from _beside_edge(rng, x, y, k)
        yield polygon(box(x, y, 3, 2))
        yield polygon(box(x, y, 400, 300))
        yield polygon(box(x, y, 1_400_000, 1_100_000))


def _beside_edge(rng: Random, x: int, y: int, k: int) -> Drawn:
    """Yield two footprints beside the lower edge of class k + 1: the last below it, and the first above it."""
    side = round(100 * 10 ** (k / 10))
    double_area = 10 ** (k / 5) / encode(polygon(box(x, y - side // 2, side, side))).area_m2 * 2 * side * side
    width = round((double_area / 2) ** 0.5) + rng.randrange(20)
    while not 9 < -double_area % (2 * width) < double_area / 2 / width - 9:
        width += 1
    height = int(double_area / 2 / width) + 1

    def cut(loss: int) -> Json:
        # a corner cut off one unit wide takes any whole number of half units away
        south, north = y - height // 2, y - height // 2 + height
        return polygon(
            units([(x, south), (x + width, south), (x + width, north - loss), (x + width - 1, north), (x, north)])
        )

    def excess(loss: int) -> float:
        return encode(cut(loss)).area_m2 / 10 ** (k / 5) - 1

    first = int(-double_area % (2 * width)) - 9
    yield cut(next(loss for loss in count(first) if excess(loss) < -CLEAR))
    yield cut(next(loss for loss in count(first + 18, -1) if excess(loss) > CLEAR))


def folded_rings(_rng: Random) -> Drawn:
    """Parts and courtyards of less than a unit or so, which snapping folds: some into no area, drawn in either direction."""
    tiny = [(1.6, 1.6), (2.51, 2.51), (3.4, 2.1), (2.49, 3.4)]
    for x, y in CORNERS:
        # a line, a point, and the bow-tie into which `tiny` is snapped
        small = [[(0.6, 1.0), (3.3, 1.0), (3.3, 1.3)], [(2.1, 2.1), (2.3, 2.1), (2.3, 2.3)], tiny, tiny[::-1]]
        for ring in small:
            fine = [((x + 10 + dx) / 1e8, (y + 10 + dy) / 1e8) for dx, dy in ring]
            yield polygon(box(x, y, 301, 400), fine)
            yield multipolygon([fine], [box(x + 100, y, 301, 400)])
    # walls of a third of a unit: what snapping leaves of them has its centroid hundreds of metres off
    shell = [(126.55018242407, 43.8400819845), (126.54981663378, 43.84007985505), (126.55017563996, 43.8399043412)]
    court = [(126.55018242369, 43.84008198433), (126.54981663416, 43.84007985489), (126.55017563959, 43.8399043414)]
    yield polygon(shell, court)
    yield polygon(shell[::-1], court)


GROUPS = [snapping_ties, centroid_ties, size_classes, folded_rings]
