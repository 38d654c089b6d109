"""Existing buildings: rows, courtyards, shop terraces, towers and sheds, set out inside their lots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import shapely
from shapely import Polygon
from shapely.affinity import rotate, translate

from generator.frame import Area, placed, stream
from generator.regions import Region
from generator.shapes import court, ell, party_row, point_block, slab, tee, twins, you

_SETBACK_M = {"oldtown": 4.0, "village": 5.0}  # from the lot's sides; 8 m elsewhere
_LARGE_LOT_M2 = 32_000.0
_APART_M = 9.0  # what must stay free between two large buildings
_BUILT_EDGE = 1.45  # lots further out than this are still empty
_SCATTER = 0.45  # how far into the outer town empty lots lie between built ones


@dataclass(frozen=True, slots=True)
class Kind:
    """How a building is built and used: storeys from-to, height of a storey, structure, years built from-to."""

    storeys: tuple[int, int]
    storey_m: float
    structure: str
    years: tuple[int, int]
    purpose: str


KINDS = {
    "residential": Kind((6, 7), 2.9, "砖混", (1988, 2008), "住宅"),
    "tower": Kind((18, 33), 2.95, "钢筋混凝土", (2008, 2023), "住宅"),
    "oldtown": Kind((2, 4), 3.0, "砖混", (1956, 1986), "住宅"),
    "shops": Kind((2, 3), 3.6, "砖木", (1936, 1962), "商住"),
    "commercial": Kind((3, 6), 4.5, "框架", (1996, 2020), "商业"),
    "office": Kind((9, 24), 3.6, "框架剪力墙", (1998, 2022), "办公"),
    "school": Kind((3, 5), 3.6, "框架", (1978, 2018), "教育"),
    "hospital": Kind((5, 14), 3.9, "框架", (1985, 2019), "医疗"),
    "industrial": Kind((1, 2), 7.5, "钢结构", (1968, 2016), "工业"),
    "storage": Kind((1, 1), 9.0, "钢结构", (1990, 2018), "仓储"),
    "utility": Kind((1, 2), 5.4, "框架", (1985, 2018), "公用设施"),
    "heritage": Kind((1, 2), 4.2, "砖木", (1908, 1936), "文物"),
    "park": Kind((1, 1), 4.5, "砖木", (1980, 2015), "公园"),
    "village": Kind((1, 2), 3.2, "砖木", (1975, 2012), "农村住宅"),
}


@dataclass(frozen=True, slots=True)
class Building:
    """An existing building: its name, its lot, its footprint, its number on the lot, and how it is built."""

    name: str
    lot: Region
    shape: Area
    number: int
    kind: Kind
    storeys: int
    year: int

    @property
    def height_m(self) -> float:
        """Its height above the ground."""
        return round(self.storeys * self.kind.storey_m + 0.6, 1)


def build(lots: Sequence[Region], count: int) -> list[Building]:
    """Return so many existing buildings, the lots in the middle of the town filled first."""
    rng = stream("buildings")
    buildings: list[Building] = []
    ranks = {lot.name: lot.core + _SCATTER * rng.random() for lot in lots}
    for lot in sorted(lots, key=lambda lot: (ranks[lot.name], lot.name)):
        if lot.core < _BUILT_EDGE and lot.use in _PLANS:
            buildings += _on_lot(lot, rng)
        if len(buildings) >= count:
            return buildings[:count]
    raise ValueError(f"The lots hold only {len(buildings)} buildings, {count} are wanted: set them out closer.")


def set_out(lot: Region, plan: str, rng: Random) -> list[Area]:
    """Return the footprints of one plan (a key of `PLANS`) that fit a lot, in the plane, the southern rows first."""
    middle = lot.shape.centroid
    origin = (middle.x, middle.y)
    local = shapely.transform(lot.shape, lambda xy: _turned(xy - np.array(origin), lot.axis))
    inside = local.buffer(-_SETBACK_M.get(lot.use, 8.0), join_style="mitre")
    if inside.is_empty:
        return []
    shapely.prepare(inside)
    return [placed(shape, origin, lot.axis) for shape in PLANS[plan](inside, rng) if inside.contains(shape)]


def _turned(xy: np.ndarray, axis: tuple[float, float]) -> np.ndarray:
    x, y = xy[:, 0], xy[:, 1]
    return np.column_stack([x * axis[0] + y * axis[1], y * axis[0] - x * axis[1]])


def _on_lot(lot: Region, rng: Random) -> list[Building]:
    plan, kind = rng.choice(
        _LARGE_PLANS if lot.use == "residential" and lot.shape.area > _LARGE_LOT_M2 else _PLANS[lot.use]
    )
    year = rng.randint(*KINDS[kind].years)
    footprints = set_out(lot, plan, rng)
    storeys = [rng.randint(*KINDS[kind].storeys) for _ in footprints]
    return [
        Building(f"{lot.name}{i + 1}号楼", lot, shape, i + 1, KINDS[kind], storeys[i], year)
        for i, shape in enumerate(footprints)
    ]


def _bars(inside: Polygon, rng: Random, *, depth_m: float, pitch_m: float, length_m: float, gap_m: float) -> list[Area]:
    """Return rows of bars, each row as long as the lot is there."""
    _, south, _, north = inside.bounds
    shapes: list[Area] = []
    y = south + depth_m / 2 + rng.uniform(0.5, 3.0)
    while y + depth_m / 2 < north:
        start, end = _reach(inside, y - depth_m / 2, y + depth_m / 2)
        number = max(1, round((end - start + gap_m) / (length_m + gap_m)))
        own = min((end - start - (number - 1) * gap_m) / number, length_m * 1.3)
        if own > depth_m * 1.2:
            step = own + (end - start - number * own) / max(1, number - 1) if number > 1 else 0.0
            shapes += [translate(_bar(own, depth_m, rng), start + own / 2 + i * step, y) for i in range(number)]
        y += pitch_m
    return shapes


def _bar(length_m: float, depth_m: float, rng: Random) -> Area:
    """Return a bar, now and then in two houses' depth with a step, as an L or a T that keeps to the row."""
    wish = rng.random()
    if wish < 0.1 and length_m > 30:
        return translate(ell(length_m, depth_m, depth_m + 6), 0, 3)
    if wish < 0.16 and length_m > 30:
        return translate(tee(length_m, depth_m, 4), 0, -2)
    return slab(length_m, depth_m)


def _reach(inside: Polygon, low_m: float, high_m: float) -> tuple[float, float]:
    """Return from where to where a row between two heights fits."""
    west, _, east, _ = inside.bounds
    lines = shapely.linestrings([[(west - 1, y), (east + 1, y)] for y in (low_m, (low_m + high_m) / 2, high_m)])
    cuts = shapely.bounds(shapely.intersection(lines, inside))
    if np.isnan(cuts).any():
        return 0.0, 0.0
    return float(cuts[:, 0].max()) + 0.5, float(cuts[:, 2].min()) - 0.5


def _grid(inside: Polygon, shape: Callable[[], Area], pitch_x_m: float, pitch_y_m: float) -> list[Area]:
    """Return shapes in rows and columns, each row centred in the lot."""
    _, south, _, north = inside.bounds
    rows = max(1, int((north - south) // pitch_y_m))
    low = (south + north - (rows - 1) * pitch_y_m) / 2
    shapes: list[Area] = []
    for y in (low + j * pitch_y_m for j in range(rows)):
        start, end = _reach(inside, y, y)
        columns = max(1, int((end - start) // pitch_x_m))
        left = (start + end - (columns - 1) * pitch_x_m) / 2
        shapes += [translate(shape(), left + i * pitch_x_m, y) for i in range(columns)]
    return shapes


def _slabs(inside: Polygon, rng: Random) -> list[Area]:
    depth = rng.choice((11.4, 12.6, 13.2))
    return _bars(
        inside, rng, depth_m=depth, pitch_m=rng.choice((36.0, 42.0)), length_m=rng.choice((66.0, 84.0)), gap_m=9.0
    )


def _long_slabs(inside: Polygon, rng: Random) -> list[Area]:
    return _bars(inside, rng, depth_m=14.4, pitch_m=54.0, length_m=rng.choice((54.0, 66.0)), gap_m=18.0)


def _towers(inside: Polygon, rng: Random) -> list[Area]:
    return _grid(inside, lambda: point_block(rng.choice((24.0, 27.0, 30.0)), rng.choice((3.6, 4.8))), 78.0, 70.0)


def _yards(inside: Polygon, rng: Random) -> list[Area]:
    def yard() -> Area:
        wish = rng.random()
        length, depth, wing = rng.choice((38.0, 44.0, 48.0)), rng.choice((8.4, 9.6)), rng.choice((32.0, 36.0))
        if wish < 0.45:
            return court(length, depth, wing)
        return you(length, depth, wing) if wish < 0.7 else rotate(ell(length, depth, wing), rng.choice((0, 180)))

    return _grid(inside, yard, 62.0, 52.0)


def _terraces(inside: Polygon, rng: Random) -> list[Area]:
    """Return terraces of shops back to back: each house shares its side walls with its neighbours."""
    _, south, _, north = inside.bounds
    depth, frontage = 14.4, rng.choice((9.6, 11.4, 12.6))
    heights = np.arange(south + depth / 2 + 1, north - depth / 2, 44.0)
    shapes: list[Area] = []
    for y in heights.tolist():
        start, end = _reach(inside, y - depth / 2, y + depth / 2)
        row = party_row(min(9, int((end - start) // frontage)), frontage, depth)
        shapes += [translate(house, (start + end) / 2, y) for house in row]
    return shapes


def _malls(inside: Polygon, rng: Random) -> list[Area]:
    if inside.area > _LARGE_LOT_M2:
        plans: list[Area] = [court(72, 24, 76), you(66, 18, 60), ell(58, 18, 40), slab(62, 24)]
        return _at(inside, plans, ((-0.23, 0.16), (0.24, 0.18), (-0.25, -0.3), (0.22, -0.32)))
    return _at(inside, [ell(48, 18, 36), slab(54, 20)], ((0.0, 0.16), (rng.uniform(-0.05, 0.05), -0.26)))


def _offices(inside: Polygon, rng: Random) -> list[Area]:
    plans: list[Area] = [point_block(36, 4.2), twins(24, 14), tee(56, 18, 16), ell(60, 18, 38), slab(44, 20)]
    rng.shuffle(plans)
    return _at(inside, plans, ((-0.26, 0.24), (0.26, 0.24), (-0.26, -0.26), (0.26, -0.26), (0.0, 0.0)))


def _campus(inside: Polygon, _rng: Random) -> list[Area]:
    plans: list[Area] = [you(58, 12, 40), slab(60, 14), tee(44, 13, 18), slab(36, 24)]
    return _at(inside, plans, ((-0.22, 0.24), (-0.2, -0.3), (0.26, 0.28), (0.28, -0.28)))


def _sheds(inside: Polygon, rng: Random) -> list[Area]:
    return _bars(inside, rng, depth_m=rng.choice((30.0, 36.0)), pitch_m=52.0, length_m=88.0, gap_m=18.0)


def _pavilion(inside: Polygon, _rng: Random) -> list[Area]:
    return _at(inside, [rotate(slab(14, 9), 45), court(26, 5, 22)], ((-0.15, 0.2), (0.2, -0.1)))


def _works(inside: Polygon, _rng: Random) -> list[Area]:
    return _at(inside, [slab(42, 20), ell(36, 12, 26)], ((-0.1, 0.2), (0.05, -0.22)))


def _hamlet(inside: Polygon, rng: Random) -> list[Area]:
    return _grid(inside, lambda: rotate(slab(rng.choice((11.0, 13.0)), 8.4), rng.uniform(-6, 6)), 34.0, 38.0)


def _at(inside: Polygon, shapes: list[Area], places: tuple[tuple[float, float], ...]) -> list[Area]:
    """Return the shapes at places given from the lot's middle, in shares of its width there and of its height.

    One that would come too close to an earlier one is left out.
    """
    _, south, _, north = inside.bounds
    moved: list[Area] = []
    for shape, (a, b) in zip(shapes, places, strict=True):
        y = (south + north) / 2 + b * (north - south)
        start, end = _reach(inside, y, y)
        own = translate(shape, (start + end) / 2 + a * (end - start), y)
        if all(own.distance(other) >= _APART_M for other in moved):
            moved.append(own)
    return moved


PLANS: dict[str, Callable[[Polygon, Random], list[Area]]] = {
    "slabs": _slabs, "long slabs": _long_slabs, "towers": _towers, "yards": _yards, "terraces": _terraces, "malls": _malls,
    "offices": _offices, "campus": _campus, "sheds": _sheds, "pavilion": _pavilion, "works": _works, "hamlet": _hamlet,
}  # fmt: skip

_PLANS = {  # the plans and kinds of building that may stand on a lot of each use
    "residential": (("slabs", "residential"),) * 3 + (("towers", "tower"),),
    "oldtown": (("yards", "oldtown"), ("yards", "oldtown"), ("terraces", "shops")),
    "commercial": (("malls", "commercial"),),
    "office": (("offices", "office"),),
    "school": (("campus", "school"),),
    "hospital": (("campus", "hospital"),),
    "industrial": (("sheds", "industrial"),),
    "storage": (("sheds", "storage"),),
    "utility": (("works", "utility"),),
    "heritage": (("yards", "heritage"),),
    "park": (("pavilion", "park"),),
    "village": (("hamlet", "village"),),
}
_LARGE_PLANS = (("long slabs", "tower"), ("long slabs", "tower"), ("towers", "tower"))
