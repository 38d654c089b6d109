"""Surveyed buildings that break a rule by a known area and width, one block of the new quarter per rule."""

from __future__ import annotations

from generator.frame import Area, box, polygon
from generator.model import Case, Feature, Spot, Surveyed
from generator.quarter import Block
from generator.regions import Region

EARLIER = "2024-06-01"
LATER_LOT, LATER_LOT_FROM = "东岸C2地块", "2025-01-01"  # a block of the plan that replaced a green line
_AGAINST = {  # the layer of a rule, and what it is called
    "R07": ("GH2201", "永久基本农田", "permanent basic farmland"),
    "R10": ("GH2204", "城市蓝线", "blue line"),
    "R12": ("GH2206", "城市紫线保护范围", "purple line's protection area"),
    "R13": ("GH2207", "城市黄线", "yellow line"),
    "R14": ("GH2208", "城市橙线", "orange line"),
    "R30": ("XZ1206", "地质灾害高易发区", "zone of high geological hazard"),
}


def plant_footprints() -> Spot:
    """Return every surveyed building that is planted against a layer, with its expected result."""
    spots = (
        road_red_line, green_line, site_red_line, blue_line, yellow_line, purple_line, enforcement, existing_buildings,
        former_green_line, orange_line, hazard_zone, farmland, ecological_red_line, outside_development,
    )  # fmt: skip
    return Spot.join(spot() for spot in spots)


def road_red_line() -> Spot:
    """Plant slivers of 1, 5, 50 and 150 mm, 36 m long, over the road red line south of a block."""
    block, site = Block(0, 0), "滨溪用地"
    buildings, cases = [], []
    for i, over_mm in enumerate((1, 5, 50, 150)):
        over_m = over_mm / 1000
        name = f"滨溪{i + 1}号楼"
        buildings.append(Surveyed(name, site, block.box(4 + 44 * i, -over_m, 36, 14)))
        zh = f"{name}压道路红线 {over_mm} 毫米, 长 36 米"
        en = f"A wall 36 m long stands {over_mm} mm over the road red line"
        part = (round(36 * over_m, 6), over_m)
        cases.append(Case(f"R15-{over_mm}mm", "R15", "overlap", "GH2209", name, ("东岸一路",), zh, en, (part,)))
    buildings += [Surveyed(f"滨溪{5 + i}号楼", site, block.box(4 + 60 * i, 70, 48, 13)) for i in range(2)]
    return Spot((_lot(block),), (_site(site, block.box(0, -10, 180, 140)),), tuple(buildings), tuple(cases))


def green_line() -> Spot:
    """Plant slivers of 1, 5 and 50 mm over a green line, and a U whose two wings reach into it."""
    block, site, line = Block(1, 0), "望溪用地", "东岸一号绿带"
    belt = block.box(0, 100, 180, 30)
    buildings, cases = [], []
    for i, over_mm in enumerate((1, 5, 50)):
        over_m = over_mm / 1000
        name = f"望溪{i + 1}号楼"
        buildings.append(Surveyed(name, site, block.box(4 + 44 * i, 86 + over_m, 36, 14)))
        zh = f"{name}压城市绿线 {over_mm} 毫米, 长 36 米"
        en = f"A wall 36 m long stands {over_mm} mm over the green line"
        part = (round(36 * over_m, 6), over_m)
        cases.append(Case(f"R11-{over_mm}mm", "R11", "overlap", "GH2205", name, (line,), zh, en, (part,)))
    wings = [(136, 70), (172, 70), (172, 102), (166, 102), (166, 82), (144, 82), (144, 103), (136, 103)]
    buildings.append(Surveyed("望溪4号楼", site, block.polygon([(float(x), float(y)) for x, y in wings]), 5, 19.8))
    zh = "望溪4号楼为U形, 两翼分别伸入城市绿线 8×3 米和 6×2 米"
    en = "The two wings of a U reach 8 m x 3 m and 6 m x 2 m into the green line"
    parts = ((24.0, 3.0), (12.0, 2.0))
    cases.append(Case("R11-two-parts", "R11", "overlap", "GH2205", "望溪4号楼", (line,), zh, en, parts))
    features = (_site(site, block.whole()), _green(line, belt))
    return Spot((Region("verge", line, belt), _lot(block)), features, tuple(buildings), tuple(cases))


def site_red_line() -> Spot:
    """Plant strips of 300 mm and 80 mm outside the site red line, and a wall that only touches it."""
    block, site = Block(2, 0), "听溪用地"
    buildings = (
        Surveyed("听溪1号楼", site, block.box(20, 96.3, 10, 24)),
        Surveyed("听溪2号楼", site, block.box(50, 106.08, 30, 14)),
        Surveyed("听溪3号楼", site, block.box(100, 106, 36, 14)),
        Surveyed("听溪4号楼", site, block.box(20, 30, 48, 13)),
    )
    cases = (
        _outside_site("R01-300mm", "听溪1号楼", site, "突出用地红线 0.300×10 米", "A strip of 0.300 m x 10 m", (3.0, 0.3)),
        _outside_site("R01-80mm", "听溪2号楼", site, "突出用地红线 0.080×30 米", "A strip of 0.080 m x 30 m", (2.4, 0.08)),
        Case(
            "R01-touch", "R01", "outside", "GL3105", "听溪3号楼", (site,), "听溪3号楼北墙与用地红线重合, 未突出",
            "The north wall stands exactly on the site red line", why="touch",
        ),
    )  # fmt: skip
    return Spot((_lot(block),), (_site(site, block.box(10, 10, 160, 110)),), buildings, cases)


def blue_line() -> Spot:
    """Plant a building corner of 6 m by 3 m over a pond's blue line."""
    block, site, line = Block(3, 0), "镜湖用地", "镜湖蓝线"
    shore, water = block.box(40, 30, 100, 70), block.box(50, 40, 80, 50)
    buildings = (
        Surveyed("镜湖1号楼", site, block.box(10, 97, 36, 14)),
        Surveyed("镜湖2号楼", site, block.box(60, 108, 48, 14)),
    )
    case = _corner("R10-corner", "R10", "镜湖1号楼", line, (6.0, 3.0))
    features = (_site(site, block.whole()), Feature("GH2204", line, shore, {"MC": "镜湖", "KZYQ": "禁止建设"}))
    regions = (Region("pond", "镜湖", water), Region("bank", "镜湖岸线", shore), _lot(block))
    return Spot(regions, features, buildings, (case,))


def yellow_line() -> Spot:
    """Plant a corner of 5 m by 2 m over a yellow line, and a turned wing of 10 m by 2.5 m over another."""
    block, site = Block(4, 0), "明渠用地"
    station, plant = block.box(20, 20, 40, 30), block.polygon([(110, 40), (150, 70), (135, 90), (95, 60)])
    wing = block.polygon([(112.5, 70), (120.5, 76), (113, 86), (105, 80)])
    buildings = (
        Surveyed("明渠1号楼", site, block.box(55, 48, 24, 12)),
        Surveyed("明渠2号楼", site, wing),
        Surveyed("明渠3号楼", site, block.box(20, 100, 48, 13)),
    )
    zh, en = (
        "明渠2号楼(旋转)压供热站黄线 10×2.5 米",
        "A wing turned by the 3-4-5 triangle lies 10 m x 2.5 m over the yellow line",
    )
    cases = (
        _corner("R13-corner", "R13", "明渠1号楼", "东岸变电站黄线", (5.0, 2.0)),
        Case("R13-turned", "R13", "overlap", "GH2207", "明渠2号楼", ("东岸供热站黄线",), zh, en, ((25.0, 2.5),)),
    )
    features = (
        _site(site, block.whole()),
        Feature("GH2207", "东岸变电站黄线", station, {"SSLX": "供电设施", "FHJL": 10.0}),
        Feature("GH2207", "东岸供热站黄线", plant, {"SSLX": "供热设施", "FHJL": 15.0}),
    )
    regions = (Region("utility", "东岸变电站", station), Region("utility", "东岸供热站", plant), _lot(block))
    return Spot(regions, features, buildings, cases)


def purple_line() -> Spot:
    """Plant a corner of 4 m by 3 m in a monument's protection area, and a building in its control zone only."""
    block, site, inner = Block(5, 0), "老站用地", "东岸老车站保护范围"
    core = block.box(60, 40, 60, 50)
    zone = block.box(30, 20, 120, 90).difference(core)
    buildings = (
        Surveyed("老站1号楼", site, block.box(116, 87, 24, 12), 3, 11.4),
        Surveyed("老站2号楼", site, block.box(34, 24, 20, 12), 3, 11.4),
    )
    cases = (
        _corner("R12-corner", "R12", "老站1号楼", inner, (4.0, 3.0)),
        Case(
            "R12-control-zone", "R12", "overlap", "GH2206", "老站2号楼", ("东岸老车站建设控制地带",),
            "老站2号楼只在建设控制地带内, 不在保护范围内", "The building stands in the control zone, not in the protection area",
            why="filter: BHFW is null",
        ),
    )  # fmt: skip
    limit = {"JKDD": "建设控制地带", "XGKZ": "檐口高度不超过12米"}
    features = (
        _site(site, block.whole()),
        Feature("GH2206", inner, core, {"BHFW": "保护范围", "XGKZ": "不得新建"}, "2019-05-18"),
        Feature("GH2206", "东岸老车站建设控制地带", zone, limit, "2019-05-18"),
        Feature("XZ1304", "东岸老车站", block.box(70, 50, 40, 18), {"WWDJ": "市级文物保护单位", "BHFW": "保护范围"}),
        Feature("XZ1301", "东岸老车站站房", block.box(70, 50, 40, 18), {"CS": 1, "建筑高度": 8.4, "JG": "砖木"}),
    )
    return Spot((Region("heritage", "东岸老车站", core), _lot(block)), features, buildings, cases)


def enforcement() -> Spot:
    """Plant one building inside an open enforcement parcel and one inside a closed one."""
    block, site = Block(0, 1), "知春用地"
    buildings = (
        Surveyed("知春1号楼", site, block.box(30, 28, 20, 12)),
        Surveyed("知春2号楼", site, block.box(110, 28, 20, 12)),
        Surveyed("知春3号楼", site, block.box(30, 90, 48, 13)),
    )
    zh, en = "知春1号楼整幢在未销案违法地块内", "The whole building stands in an open enforcement parcel"
    closed_zh, closed_en = "知春2号楼所在违法地块已销案", "The enforcement parcel under this building is closed"
    cases = (
        Case("R32-open", "R32", "overlap", "GL3108", "知春1号楼", ("违法地块甲",), zh, en, ((240.0, 12.0),)),
        Case(
            "R32-closed", "R32", "overlap", "GL3108", "知春2号楼", ("违法地块乙",), closed_zh, closed_en,
            why="filter: GXZT = 已销案",
        ),
    )  # fmt: skip
    opened = {"WFXWZJ": "未批先建", "WFDKXH": "WF2024-017", "QSSJ": "2024-03-12", "GXZT": "未销案"}
    closed = {
        "WFXWZJ": "未批先建",
        "WFDKXH": "WF2021-004",
        "QSSJ": "2021-06-02",
        "ZZSJ": "2022-01-20",
        "GXZT": "已销案",
    }
    features = (
        _site(site, block.whole()),
        Feature("GL3108", "违法地块甲", block.box(20, 20, 40, 30), opened, "2024-03-12"),
        Feature("GL3108", "违法地块乙", block.box(100, 20, 40, 30), closed, "2021-06-02"),
    )
    return Spot((_lot(block),), features, buildings, cases)


def existing_buildings() -> Spot:
    """Plant a strip of 6 m by 0.4 m over an existing building, and a party wall that only touches one."""
    block, site = Block(1, 1), "和风用地"
    buildings = (
        Surveyed("和风1号楼", site, block.box(54, 31.6, 24, 12)),
        Surveyed("和风2号楼", site, block.box(100, 32, 40, 12)),
    )
    old = {"CS": 3, "建筑高度": 9.6, "JG": "砖混"}
    features = (
        _site(site, block.whole()),
        Feature("XZ1301", "和风旧楼甲", block.box(20, 20, 40, 12), old, "1996-10-01"),
        Feature("XZ1301", "和风旧楼乙", block.box(100, 20, 40, 12), old, "1996-10-01"),
        Feature("XZ1301", "和风旧楼丙", block.box(150, 118.6, 12, 12), old, "1996-10-01"),
    )
    strip = ((2.4, 0.4),)
    cases = (
        Case(
            "R16-strip", "R16", "overlap", "XZ1301", "和风1号楼", ("和风旧楼甲",), "和风1号楼与现状建筑重叠 6×0.4 米",
            "The building overlaps an existing one by 6 m x 0.4 m", strip,
        ),
        Case(
            "R16-touch", "R16", "overlap", "XZ1301", "和风2号楼", ("和风旧楼乙",), "和风2号楼与现状建筑共墙, 无重叠",
            "The building shares a whole wall with an existing one", why="touch",
        ),
        Case(
            "C42-strip", "C42", "overlap", "GH2209", "和风旧楼丙", ("东岸三路",), "现状建筑压道路红线 12×0.6 米",
            "An existing building stands 12 m x 0.6 m over a road red line", ((7.2, 0.6),), left_layer="XZ1301",
        ),
    )  # fmt: skip
    return Spot((_lot(block),), features, buildings, cases)


def former_green_line() -> Spot:
    """Plant a building over a green line that ended in 2025: a conflict then, none today."""
    block, site, line = Block(2, 1), "新柳用地", "东岸旧绿带"
    today_belt = block.box(0, 110, 180, 20)
    building = Surveyed("新柳1号楼", site, block.box(40, 76, 15, 24))
    overlap = ((60.0, 4.0),)
    cases = (
        Case(
            "R11-then", "R11", "overlap", "GH2205", building.name, (line,), "2024 年绿线调整前, 新柳1号楼压绿线 15×4 米",
            "Before the green line was moved the building lay 15 m x 4 m over it", overlap, as_of=EARLIER,
        ),
        Case(
            "R11-now", "R11", "overlap", "GH2205", building.name, (line,), "绿线已于 2025 年调整, 新柳1号楼不再冲突",
            "The green line has ended, so there is no conflict today", why="time: ended 2025-01-01",
        ),
        Case(
            "C17-time", "C17", "overlap", "GH2303", line, (LATER_LOT,), "旧绿带与新控规地块图上重叠 180×20 米, 但有效期不相交",
            "The former green line and the new plan's block overlap on the map, never in time",
            why="time: 2025-01-01 meets 2025-01-01", left_layer="GH2205",
        ),
    )  # fmt: skip
    features = (
        _site(site, block.whole()),
        Feature(
            "GH2205", line, block.box(0, 60, 180, 20), {"LDLX": "防护绿地", "GKLX": "规划"}, "2018-05-01", "2025-01-01"
        ),
        Feature("GH2205", "东岸二号绿带", today_belt, {"LDLX": "防护绿地", "GKLX": "规划"}, "2025-01-01"),
    )
    return Spot((Region("verge", "东岸二号绿带", today_belt), _lot(block)), features, (building,), cases)


def orange_line() -> Spot:
    """Plant a corner of 9 m by 6 m inside the safety zone of a gas filling station."""
    block, site, line = Block(3, 1), "金柳用地", "加气站安全控制区"
    buildings = (
        Surveyed("金柳1号楼", site, block.box(101, 74, 20, 14), 4, 16.2, purpose="商业"),
        Surveyed("金柳2号楼", site, block.box(126, 20, 40, 16), 4, 16.2, purpose="商业"),
    )
    case = _corner("R14-corner", "R14", "金柳1号楼", line, (9.0, 6.0))
    zone = Feature("GH2208", line, block.box(60, 40, 50, 40), {"CXLX": "易燃易爆设施", "FHJL": 20.0})
    return Spot((_lot(block, use="commercial"),), (_site(site, block.whole()), zone), buildings, (case,))


def hazard_zone() -> Spot:
    """Plant overlaps with a coarse hazard zone (5 m): 16 m by 12 m certain, 20 m by 6 m not, and a low-risk zone."""
    block, site, zone = Block(4, 1), "银柳用地", "东岸采空塌陷高易发区"
    high, low = block.box(20, 20, 60, 60), block.box(100, 20, 60, 60)
    buildings = (
        Surveyed("银柳1号楼", site, block.box(64, 68, 30, 20)),
        Surveyed("银柳2号楼", site, block.box(26, 74, 20, 14)),
        Surveyed("银柳3号楼", site, block.box(110, 40, 24, 14)),
    )
    cases = (
        _corner("R30-corner", "R30", "银柳1号楼", zone, (16.0, 12.0)),
        _corner("R30-coarse", "R30", "银柳2号楼", zone, (20.0, 6.0)),
        Case(
            "R30-low", "R30", "overlap", "XZ1206", "银柳3号楼", ("东岸采空塌陷低易发区",), "银柳3号楼在低易发区内, 不属高易发区",
            "The building stands in a low-hazard zone only", why="filter: YFCD = 低易发区",
        ),
    )  # fmt: skip
    features = (
        _site(site, block.whole()),
        Feature("XZ1206", zone, high, {"ZHLX": "采空塌陷", "YFCD": "高易发区"}),
        Feature("XZ1206", "东岸采空塌陷低易发区", low, {"ZHLX": "采空塌陷", "YFCD": "低易发区"}),
    )
    return Spot((Region("hazard", zone, high), _lot(block)), features, buildings, cases)


def farmland() -> Spot:
    """Plant a rectangle of 12 m by 8 m over permanent basic farmland inside the development boundary's green belt."""
    site, field = "东郊农技站用地", "东郊永农01"
    building = Surveyed("农技站1号楼", site, box(547_444, 4_855_150, 18, 8), 2, 7.8, "砖混", "科研")
    case = _corner("R07-rectangle", "R07", building.name, field, (12.0, 8.0))
    ground = box(547_450, 4_855_040, 160, 300)
    features = (_site(site, box(547_420, 4_855_120, 80, 80)), Feature("GH2201", field, ground))
    return Spot((), features, (building,), (case,))


def ecological_red_line() -> Spot:
    """Plant an L over the ecological red line: arms 4.5 m and 4.0 m wide hold a circle of exactly 5 m.

    The circle that touches both outer sides of an L and its inner corner (a, b) has the radius
    r = a + b - sqrt(2ab): 8.5 - 6 = 2.5 for the building, 85 - 60 = 25 for the red line's arms of 45 m and 40 m.
    """
    site, line = "湿地管护站用地", "东郊湿地生态红线"
    east, south = 547_610, 4_855_650
    arms = [(0, 0), (180, 0), (180, 85), (-45, 85), (-45, 40), (-90, 40), (-90, 0)]
    shape = polygon([(float(east + x), float(south + y)) for x, y in arms])
    building = Surveyed("管护站1号楼", site, box(east - 53, south + 36, 12.5, 10), 2, 7.8, "砖混", "办公")
    cases = (
        Case(
            "R08-L", "R08", "overlap", "GH2202", building.name, (line,), "管护站1号楼以L形压占生态保护红线, 两臂宽 4.5 米和 4.0 米",
            "The building lies over the ecological red line by an L with arms 4.5 m and 4.0 m wide", ((77.0, 5.0),),
        ),
        Case(
            "C08-L", "C08", "overlap", "GH2203", line, ("特别用途区",), "生态保护红线以L形伸入城镇开发边界, 两臂宽 45 米和 40 米",
            "The ecological red line reaches into the development boundary by an L with arms 45 m and 40 m wide",
            ((5625.0, 50.0),), left_layer="GH2202",
        ),
    )  # fmt: skip
    features = (
        _site(site, box(east - 80, south + 10, 70, 60)),
        Feature("GH2202", line, shape, {"LHLX": "生态功能极重要"}),
    )
    return Spot((), features, (building,), cases)


def outside_development() -> Spot:
    """Plant a building that stands outside the urban development boundary altogether."""
    site = "东郊泵站用地"
    building = Surveyed("泵站1号楼", site, box(547_700, 4_855_180, 30, 15), 1, 6.0, "砖混", "公用设施")
    case = Case(
        "R09-all", "R09", "outside", "GH2203", building.name, (), "泵站1号楼整幢在城镇开发边界外",
        "The whole building stands outside the urban development boundary", ((450.0, 15.0),),
    )  # fmt: skip
    return Spot((), (_site(site, box(547_680, 4_855_150, 80, 80)),), (building,), (case,))


def _lot(block: Block, *, use: str = "residential") -> Region:
    return Region(use, f"东岸{'ABCDEF'[block.column]}{block.row + 1}地块", block.whole())


def _site(name: str, shape: Area) -> Feature:
    return Feature("GL3105", name, shape, {"FZRQ": "2023-09-01"}, "2023-09-01")


def _green(name: str, shape: Area) -> Feature:
    return Feature("GH2205", name, shape, {"LDLX": "防护绿地", "GKLX": "规划"})


def _outside_site(key: str, name: str, site: str, zh: str, en: str, part: tuple[float, float]) -> Case:
    return Case(
        key, "R01", "outside", "GL3105", name, (site,), f"{name}{zh}", f"{en} lies outside the site red line", (part,)
    )


def _corner(key: str, rule: str, name: str, line: str, sides_m: tuple[float, float]) -> Case:
    """Return the case of a building that overlaps a feature by a rectangle, the longer side given first."""
    layer, zh, en = _AGAINST[rule]
    length_m, width_m = sides_m
    zh = f"{name}与{zh}重叠 {length_m:g}×{width_m:g} 米"
    en = f"The building overlaps the {en} by {length_m:g} m x {width_m:g} m"
    return Case(key, rule, "overlap", layer, name, (line,), zh, en, ((length_m * width_m, width_m),))
