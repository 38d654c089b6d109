"""The XZ layers: what stands and lies on the ground today."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from shapely import Polygon

from generator.buildings import Building
from generator.codes import DISTRICT_CODE, parcel_lots
from generator.editions import uses
from generator.frame import Area, Floats, to_plane
from generator.ground import ISLAND, RIVER
from generator.model import Feature
from generator.planted_layers import T_VERTEX_M, T_WITH
from generator.quarter import PLANTED, QUARTER, quarter_carriageway, quarter_streets
from generator.regions import Region
from generator.streets import CARRIAGEWAY, draw_streets

_UNBUILT = "1201", "空闲地"


def status_features(ground: Sequence[Region], buildings: Sequence[Building]) -> list[Feature]:
    """Return the features of the XZ layers, planted ones excepted."""
    district = shapely.coverage_union_all([region.shape for region in ground])
    features = [Feature("XZ1101", "落图区", district, {"XZQDM": DISTRICT_CODE, "XZQMC": "落图区"})]
    features += [*_roads(district), *_water(ground), *_land_use(ground, buildings), *_hazards()]
    parcels = {lot.name: code for code, lot in parcel_lots(ground).items()}
    features += [_existing(building, parcels[building.lot.name]) for building in buildings]
    features += [_monument(building) for building in buildings if building.lot.use == "heritage"]
    return features


def _roads(district: Area) -> list[Feature]:
    """Return the existing roads, each without the ground of those of a higher grade."""
    country = shapely.difference(district, PLANTED, grid_size=0.001)
    runs = [(street.name, street.grade, street.width_m, street.carriageways(), country) for street in draw_streets()]
    runs += [(each.name, each.grade, each.width_m, [quarter_carriageway(each)], QUARTER) for each in quarter_streets()]
    features: list[Feature] = []
    taken: Area = Polygon()
    for name, grade, width_m, strips, within in runs:
        own = shapely.union_all(strips, grid_size=0.001).intersection(within, grid_size=0.001)
        shape = _polygons(own.difference(taken, grid_size=0.001))
        taken = taken.union(shape, grid_size=0.001)
        if not shape.is_empty:
            attributes = {"DLMC": name, "DLDJ": grade, "HXKD": round(width_m * CARRIAGEWAY, 1)}
            features.append(Feature("XZ1103", name, shape, attributes))
    return features


def _polygons(shape: shapely.Geometry) -> Area:
    """Return the polygons of an overlay result, without the lines and points that touching leaves."""
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon)]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _water(ground: Sequence[Region]) -> list[Feature]:
    river = [region.shape for region in ground if region.use in {"water", "bridge"}]
    island = [region.shape for region in ground if region.use == "island"]
    pond = [region for region in ground if region.use == "pond"]
    basin = {"BAS": "雾凇江流域"}
    return [
        Feature("XZ1104", RIVER, shapely.coverage_union_all(river), {"GNAME": RIVER, "GRADE": "一级河流", **basin}),
        *(Feature("XZ1104", each.name, each.shape, {"GNAME": each.name, "GRADE": "湖塘", **basin}) for each in pond),
        Feature("XZ1204", f"{ISLAND}湿地", island[0], {"SDLX": "内陆滩涂", "BHDJ": "重要湿地"}),
        *(Feature("XZ1204", f"{each.name}湿地", each.shape, {"SDLX": "坑塘水面", "BHDJ": "一般湿地"}) for each in pond),
    ]


def _land_use(ground: Sequence[Region], buildings: Sequence[Building]) -> list[Feature]:
    built = {building.lot.name for building in buildings}
    features: list[Feature] = []
    for region in ground:
        use = uses()[region.use]
        empty = region.core < 2 and region.name not in built and region.use not in {"park", "verge"}
        dlbm, dlmc = _UNBUILT if empty else (use.dlbm, use.dlmc)
        shape = _with_t_vertex(region.shape) if region.name == T_WITH else region.shape
        state_owned = region.use not in {"field", "paddy", "forest", "shrub", "village"}
        attributes = {"DLBM": dlbm, "DLMC": dlmc, "QSXZ": "10" if state_owned else "30"}
        name = f"{region.name}桥" if region.use == "bridge" else region.name
        features.append(Feature("XZ1201", name, shape, attributes))
    return features


def _with_t_vertex(shape: Area) -> Area:
    """Return a field with one more vertex, in the middle of a straight side that its neighbour has without it."""
    ring = list(shape.exterior.coords)
    sides = pairwise(ring)
    at = next(i for i, (a, b) in enumerate(sides) if a[0] == b[0] == T_VERTEX_M[0])
    return Polygon([*ring[: at + 1], T_VERTEX_M, *ring[at + 1 :]])


def _hazards() -> list[Feature]:
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    places = (
        ("西岭崩塌高易发区", -2_700.0, 1_250.0, 210.0, "崩塌", "高易发区"),
        ("西岭滑坡高易发区", -2_850.0, -1_700.0, 260.0, "滑坡", "高易发区"),
        ("南山滑坡低易发区", 2_900.0, -2_900.0, 340.0, "滑坡", "低易发区"),
    )
    return [
        Feature("XZ1206", name, _rounded(u, v, radius, angle), {"ZHLX": kind, "YFCD": level})
        for name, u, v, radius, kind, level in places
    ]


def _rounded(u_m: float, v_m: float, radius_m: float, angle: Floats) -> Polygon:
    radius = radius_m * (1 + 0.18 * np.sin(2 * angle + 0.7) + 0.1 * np.sin(3 * angle))
    return Polygon(to_plane(u_m + radius * np.cos(angle), v_m + 1.5 * radius * np.sin(angle)))


def _existing(building: Building, parcel: str) -> Feature:
    attributes = {
        "建筑高度": building.height_m, "CS": building.storeys, "JG": building.kind.structure,
        "ZRZH": f"{parcel}F{building.number:04d}",
    }  # fmt: skip
    return Feature("XZ1301", building.name, building.shape, attributes, f"{building.year}-10-01")


def _monument(building: Building) -> Feature:
    attributes = {"WWDJ": "区级文物保护单位", "BHFW": "保护范围", "JKDD": None}
    return Feature("XZ1304", building.name, building.shape, attributes)
