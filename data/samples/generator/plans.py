"""The GH layers: what plans and control lines lay down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import shapely
from shapely import Polygon

from generator.editions import uses
from generator.frame import Area, polygon, stream
from generator.ground import ISLAND, RIVER
from generator.model import Feature
from generator.planted_footprints import LATER_LOT, LATER_LOT_FROM
from generator.regions import Region
from generator.surface import PLANE

_COUNTRY_USES = {"water", "island", "highway", "field", "paddy", "forest", "shrub"}  # outside the development boundary
_BLOCK_USES = {
    "residential", "oldtown", "commercial", "office", "school", "hospital", "industrial", "storage", "park", "utility",
    "reserve",
}  # fmt: skip
_BELT = "东郊旱地"  # the fields inside the development boundary
_CONTROL_ZONE_M = 20.0


def plan_features(ground: Sequence[Region]) -> list[Feature]:
    """Return the features of the GH layers, planted ones excepted."""
    layers = (_land_use, _farmland, _red_line, _development, _lines, _heritage, _streets, _blocks)
    features = [feature for layer in layers for feature in layer(ground)]
    return [*features, _height_limit()]


def town_lots(ground: Sequence[Region]) -> list[Region]:
    """Return the lots of the town, planted ground and green corners excepted."""
    return [region for region in ground if region.core < 2]


def _land_use(ground: Sequence[Region]) -> Iterator[Feature]:
    for region in ground:
        use = uses()[region.use]
        name = f"{region.name}桥" if region.use == "bridge" else region.name
        yield Feature("GH2103", name, region.shape, {"YDYHFLDM": use.ydyhfldm, "YDYHFLMC": use.ydyhflmc})


def _farmland(ground: Sequence[Region]) -> Iterator[Feature]:
    rng = stream("farmland")
    for region in ground:
        chosen = rng.random() < 0.6
        if (
            region.use in {"field", "paddy"}
            and region.name.startswith("农田")
            and region.shape.area > 20_000
            and chosen
        ):
            yield Feature(
                "GH2201", region.name.replace("农田", "永农"), region.shape, {"DLBM": uses()[region.use].dlbm}
            )


def _red_line(ground: Sequence[Region]) -> Iterator[Feature]:
    ridge = [region.shape for region in ground if region.use == "forest" and region.name.startswith("西岭")]
    island = [region.shape for region in ground if region.use == "island"]
    yield Feature("GH2202", "西岭生态保护红线", shapely.coverage_union_all(ridge), {"LHLX": "水源涵养"})
    yield Feature("GH2202", f"{ISLAND}生态保护红线", island[0], {"LHLX": "生物多样性维护"})


def _development(ground: Sequence[Region]) -> Iterator[Feature]:
    zones: dict[str, list[Area]] = {"集中建设区": [], "弹性发展区": [], "特别用途区": []}
    for region in ground:
        if region.name.startswith(_BELT):
            zones["特别用途区"].append(region.shape)
        elif region.use in {"reserve", "village"} and not region.name.startswith("东岸"):
            zones["弹性发展区"].append(region.shape)
        elif region.use not in _COUNTRY_USES:
            zones["集中建设区"].append(region.shape)
    for zone, shapes in zones.items():
        yield Feature("GH2203", zone, shapely.coverage_union_all(shapes), {"GHFQDM": zone})


def _lines(ground: Sequence[Region]) -> Iterator[Feature]:
    """Yield the blue, green, yellow and orange lines of the town."""
    river = [region.shape for region in ground if region.use in {"water", "bridge", "island"}]
    yield Feature("GH2204", f"{RIVER}蓝线", shapely.coverage_union_all(river), {"MC": RIVER, "KZYQ": "禁止填占水域"})
    for region in ground:
        if region.use == "promenade" or (region.use == "park" and region.core < 2):
            yield Feature("GH2205", f"{region.name}绿线", region.shape, {"LDLX": "公园绿地", "GKLX": "现状"})
    for lot in town_lots(ground):
        if lot.use == "utility":
            yield Feature("GH2207", f"{lot.name}黄线", lot.shape, {"SSLX": "供电设施", "FHJL": 10.0})
        if lot.use == "storage" and lot.shape.centroid.x > 545_500:
            yield Feature("GH2208", f"{lot.name}安全控制区", lot.shape, {"CXLX": "危险品仓储", "FHJL": 50.0})


def _heritage(ground: Sequence[Region]) -> Iterator[Feature]:
    for lot in town_lots(ground):
        if lot.use == "heritage":
            outer = polygon([(x, y) for x, y in lot.shape.buffer(_CONTROL_ZONE_M, join_style="mitre").exterior.coords])
            zone = Polygon(outer.exterior, [lot.shape.exterior])
            yield Feature("GH2206", f"{lot.name}保护范围", lot.shape, {"BHFW": "保护范围", "XGKZ": "不得新建"})
            limit = {"JKDD": "建设控制地带", "XGKZ": "檐口高度不超过12米"}
            yield Feature("GH2206", f"{lot.name}建设控制地带", zone, limit)


def _streets(ground: Sequence[Region]) -> Iterator[Feature]:
    decks: dict[str, list[Area]] = {}
    for region in ground:
        if region.use == "bridge":
            decks.setdefault(region.name, []).append(region.shape)
    for region in ground:
        if region.use == "road":
            shape = shapely.coverage_union_all([region.shape, *decks.get(region.name, [])])
            attributes = {"DLMC": region.name, "HXKD": region.width_m, "DLDJ": region.grade}
            yield Feature("GH2209", region.name, shape, attributes)


def _blocks(ground: Sequence[Region]) -> Iterator[Feature]:
    for region in ground:
        if region.use in _BLOCK_USES:
            use = uses()[region.use]
            limits = {column: float(getattr(use, column) or 0) for column in ("rjl", "jzmd", "ldl", "jzxg")}
            code = {"yddm": use.ydyhfldm, "ydxz": use.ydyhflmc}
            since = LATER_LOT_FROM if region.name == LATER_LOT else None
            yield Feature("GH2303", region.name, region.shape, {**code, **limits}, since)


def _height_limit() -> Feature:
    funnel = polygon([(540_600, 4_853_200), (541_400, 4_852_300), (547_500, 4_856_500), (545_900, 4_858_700)])
    lowest = round(min(PLANE.at(x, y) for x, y in funnel.exterior.coords), 2)
    attributes = {
        "XGLX": "绝对", "XGZ": lowest, "GCJZ": "1985国家高程基准",
        "PMXS_A": PLANE.a, "PMXS_B": PLANE.b, "PMXS_C": PLANE.c,
    }  # fmt: skip
    return Feature("GH2213", "雾凇江机场进近限高面", funnel, attributes)
