"""The ground of the district: river, streets, lots, fields and forest as one coverage without gaps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from random import Random

import numpy as np
import shapely
from shapely import Polygon

from generator.editions import uses
from generator.frame import BANK_M, STEP_M, Floats, heading, polygon, ribbon, stream, to_plane
from generator.naming import place_names
from generator.quarter import COLUMNS, PLANTED, ROWS, Block, quarter_streets
from generator.regions import Region, cover
from generator.streets import (
    EAST_AVENUES,
    EAST_ROWS,
    SHORE_M,
    WEST_AVENUES,
    WEST_ROWS,
    block_rows,
    draw_streets,
)

RIVER, ISLAND = "雾凇江", "江心洲"
_REACH_U_M, _REACH_V_M = 4_680.0, 5_200.0  # multiples of the step, outside the district on every side
_SMALLEST_LOT_M2, _NARROWEST_LOT_M = 3_000.0, 30.0

_CORNERS = (
    (541_150, 4_851_780), (542_380, 4_851_530), (543_600, 4_851_700), (544_520, 4_851_560), (545_700, 4_851_520),
    (546_600, 4_851_830), (547_350, 4_852_050), (547_720, 4_852_900), (547_960, 4_853_700), (547_900, 4_854_600),
    (547_950, 4_855_500), (547_930, 4_856_400), (547_980, 4_857_300), (547_700, 4_858_200), (547_820, 4_859_000),
    (547_200, 4_859_700), (546_350, 4_860_280), (545_300, 4_860_480), (544_250, 4_860_300), (543_200, 4_860_440),
    (542_100, 4_860_150), (541_300, 4_859_600), (540_600, 4_858_900), (540_420, 4_857_900), (540_120, 4_856_900),
    (540_040, 4_855_800), (540_280, 4_854_800), (540_160, 4_853_800), (540_500, 4_852_700),
)  # fmt: skip

_TOWN_USES = {  # chances of a block's use: in the middle, half-way out, at the edge, on the east bank
    "middle": {"oldtown": 40, "residential": 25, "commercial": 14, "office": 5, "school": 5, "park": 5, "heritage": 3, "hospital": 3},
    "ring": {"residential": 60, "oldtown": 10, "commercial": 8, "school": 8, "park": 7, "utility": 3, "hospital": 2, "office": 2},
    "edge": {"residential": 45, "industrial": 20, "storage": 10, "reserve": 20, "utility": 5},
    "east": {"residential": 55, "office": 13, "commercial": 10, "school": 8, "park": 8, "hospital": 3, "utility": 3},
    "works": {"industrial": 65, "storage": 20, "utility": 5, "reserve": 10},
}  # fmt: skip


def district_outline() -> Polygon:
    """Return the district's outline: a ring of corners whose sides are broken up twice, as boundaries on ridges are."""
    rng = stream("outline")
    corners = [(float(x), float(y)) for x, y in _CORNERS]
    for roughness in (0.06, 0.05):
        middles = [
            _bent(a, b, rng.uniform(-roughness, roughness))
            for a, b in zip(corners, corners[1:] + corners[:1], strict=True)
        ]
        corners = [point for pair in zip(corners, middles, strict=True) for point in pair]
    return polygon(corners)


def _bent(a: tuple[float, float], b: tuple[float, float], offset: float) -> tuple[float, float]:
    return (a[0] + b[0]) / 2 - (b[1] - a[1]) * offset, (a[1] + b[1]) / 2 + (b[0] - a[0]) * offset


def survey_ground(planted: tuple[Region, ...], outline: Polygon) -> list[Region]:
    """Return the coverage of the outline: the planted ground as it is, everything else around it."""
    bent = [*_river(), *_street_ground(), *_lots(), *_villages(), *_forest(), *_fields()]
    rest = [replace(region, shape=shapely.difference(region.shape, PLANTED, grid_size=0.001)) for region in bent]
    regions = [
        *planted,
        *_free_blocks(planted),
        *quarter_streets(),
        *(region for region in rest if not region.shape.is_empty),
    ]
    ground = [_without_scraps(region) for region in cover(regions, outline)]
    return _joined_streets(ground)


def _joined_streets(ground: list[Region]) -> list[Region]:
    """Return the ground with the runs of each street as one region; its bridges stay apart, water flows under them."""
    runs: dict[str, list[Region]] = {}
    for region in ground:
        if region.use in {"road", "highway"}:
            runs.setdefault(region.name, []).append(region)
    streets = [replace(own[0], shape=shapely.coverage_union_all([run.shape for run in own])) for own in runs.values()]
    return streets + [region for region in ground if region.use not in {"road", "highway"}]


def _without_scraps(region: Region) -> Region:
    """Return a lot that the new quarter left too little of as a green corner, anything else as it is."""
    if region.core > 2 or region.use in {"road", "highway"}:
        return region
    width_m = 2 * shapely.maximum_inscribed_circle(region.shape, tolerance=1.0).length
    if region.shape.area >= _SMALLEST_LOT_M2 and width_m >= _NARROWEST_LOT_M:
        return region
    return replace(region, use="verge", name=f"{region.name}绿地", core=9.0)


def _free_blocks(planted: tuple[Region, ...]) -> Iterator[Region]:
    taken = {region.name for region in planted}
    for column in range(COLUMNS):
        for row in range(ROWS):
            name = f"东岸{'ABCDEF'[column]}{row + 1}地块"
            if name not in taken:
                use = "park" if (column, row) == (2, 4) else "residential"
                yield Region(use, name, Block(column, row).whole(), core=0.5)


def _river() -> Iterator[Region]:
    for street in draw_streets():
        for deck in street.decks():
            yield Region("bridge", street.name, deck, grade=street.grade, width_m=street.width_m)
    v = np.concatenate([np.linspace(-1, 1, 25), np.linspace(1, -1, 25)[1:-1]])
    bank = np.concatenate([np.ones(25), -np.ones(23)])
    yield Region("island", ISLAND, Polygon(to_plane(bank * 62.0 * np.sqrt(1 - v**2), -600.0 + 400.0 * v)))
    yield Region("water", RIVER, ribbon(-BANK_M, BANK_M, -_REACH_V_M, _REACH_V_M))
    for side, name in ((-1, "西岸滨江公园"), (1, "东岸滨江公园")):
        u0, u1 = sorted((side * BANK_M, side * SHORE_M))
        yield Region("promenade", name, ribbon(u0, u1, -2_600.0, 2_600.0))


def _street_ground() -> Iterator[Region]:
    for street in draw_streets():
        use = "highway" if street.grade == "公路" else "road"
        for shape in street.red_lines():
            yield Region(use, street.name, shape, grade=street.grade, width_m=street.width_m)


def _lots() -> Iterator[Region]:
    rng, names = stream("lots"), place_names()
    for avenues, rows in ((WEST_AVENUES, WEST_ROWS), (EAST_AVENUES, EAST_ROWS)):
        us, vs = sorted(float(u) for u, _ in avenues), block_rows(rows)
        for u0, u1 in pairwise(us):
            for v0, v1 in pairwise(vs):
                yield from _block_lots((u0, u1, v0, v1), rng, names)


def _block_lots(cell: tuple[float, float, float, float], rng: Random, names: Iterator[str]) -> Iterator[Region]:
    """Yield the one or two lots of a block, given between the middles of its streets."""
    u0, u1, v0, v1 = cell
    u, v = (u0 + u1) / 2, (v0 + v1) / 2
    east = u > 0
    core = math.hypot((u - 1_050) / 1_150, v / 2_500) + 0.1 if east else math.hypot((u + 800) / 950, v / 2_500)
    part = _district_part(u, v, core)
    chances, core = _TOWN_USES[part], core * (0.7 if part == "works" else 1.0)
    halves = ((u0, u), (u, u1)) if not east and rng.random() < 0.3 else ((u0, u1),)
    for west, right in halves:
        use = rng.choices(list(chances), list(chances.values()))[0]
        name = f"{next(names)}{uses()[use].suffix}"
        yield Region(use, name, ribbon(west, right, v0, v1), axis=heading(u, v), core=core)


def _district_part(u_m: float, v_m: float, core: float) -> str:
    if u_m > 1_080 and v_m > 1_300:
        return "works"
    if core > 1.0:
        return "edge"
    return "east" if u_m > 0 else "middle" if core < 0.5 else "ring"


def _villages() -> Iterator[Region]:
    corners = ((-910.0, 3_250.0, "上榆村"), (2_340.0, -2_080.0, "下桦村"), (520.0, -3_640.0, "前柳村"))
    for u, v, name in corners:
        yield Region("village", name, ribbon(u, u + 260, v, v + 195), axis=heading(u, v), core=0.6)


def _forest() -> Iterator[Region]:
    """Yield the wooded hills: compartments along the western ridge, deep and near, and a hill in the south-east."""
    bands = [(k * 12 * STEP_M, (k + 1) * 12 * STEP_M) for k in range(-7, 7)]
    for i, (v0, v1) in enumerate(bands):
        v: Floats = STEP_M * np.arange(round(v0 / STEP_M), round(v1 / STEP_M) + 1, dtype=np.float64)
        deep: Floats = -3_150 + 170 * np.sin(v / 610)
        near: Floats = -2_480 + 260 * np.sin(v / 830 + 1)
        for name, west, east in (("深", np.full_like(v, -_REACH_U_M), deep), ("浅", deep, near)):
            ring = np.concatenate([to_plane(west, v), to_plane(east[::-1], v[::-1])])
            yield Region("forest" if name == "深" else "shrub", f"西岭{name}山林班{i + 1}", Polygon(ring))
    angle: Floats = np.arange(36) * np.pi / 18
    radius: Floats = 620 + 90 * np.sin(3 * angle) + 60 * np.sin(5 * angle + 1)
    u: Floats = 2_950 + radius * np.cos(angle)
    v_south: Floats = -2_900 + radius * np.sin(angle)
    yield Region("forest", "南山林班", Polygon(to_plane(u, v_south)))


def _fields() -> Iterator[Region]:
    width, height = 6 * STEP_M, 5 * STEP_M
    us = np.arange(-12, 12) * width
    vs = np.arange(-16, 16) * height
    for u in us:
        for v in vs:
            use = "paddy" if abs(u) < 1_300 else "field"
            yield Region(
                use,
                f"农田{round(u / width) + 13:02d}-{round(v / height) + 17:02d}",
                ribbon(u, u + width, v, v + height),
            )
