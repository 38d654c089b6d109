"""Pairs of plan features that conflict by a known area and width, and the fields they lie in."""

from __future__ import annotations

from shapely import Polygon

from generator.codes import parcel_code
from generator.frame import box, polygon
from generator.model import Case, Feature, Spot
from generator.quarter import BELT, COUNTRY, EAST_M, Block
from generator.regions import Region

# The straight edge between two fields of the land-use survey; the eastern one alone has a vertex in its middle.
T_VERTEX_M = (547_510.0, 4_855_480.0)
T_EDGE_M = ((547_510.0, 4_855_360.0), (547_510.0, 4_855_600.0))
T_WITH, T_WITHOUT = "东郊旱地4", "东郊旱地3"


def plant_layers() -> Spot:
    """Return every pair of features that is planted against a rule, with its expected result."""
    spots = (fields, farmland_in_town, farmland_in_red_line, site_strip, former_site, parcel_strip)
    return Spot.join(spot() for spot in spots)


def fields() -> Spot:
    """Return the fields east of the quarter: six inside the development boundary, two outside."""
    west, south, east, north = BELT.bounds
    middle = (west + east) / 2
    rows = (south, T_EDGE_M[0][1], T_EDGE_M[1][1], north)
    shapes = [box(x, rows[i], middle - west, rows[i + 1] - rows[i]) for i in range(3) for x in (west, middle)]
    regions = [Region("field", f"东郊旱地{i + 1}", shape) for i, shape in enumerate(shapes)]
    west, south, east, north = COUNTRY.bounds
    regions += [
        Region("paddy", f"东郊水田{i + 1}", box(west, y, east - west, (north - south) / 2))
        for i, y in enumerate((south, (south + north) / 2))
    ]
    return Spot(tuple(regions))


def farmland_in_town() -> Spot:
    """Plant farmland that reaches 20 m by 30 m into the town, over its easternmost street."""
    name = "东郊永农02"
    steps = [(0, 0), (190, 0), (190, 160), (0, 160), (0, 100), (-20, 100), (-20, 70), (0, 70)]
    shape = polygon([(EAST_M + x, 4_855_400.0 + y) for x, y in steps])
    part = ((600.0, 20.0),)
    zh, en = (
        "永久基本农田伸入城镇集中建设区 30×20 米",
        "Permanent farmland reaches 30 m x 20 m into the centralised zone",
    )
    road_zh, road_en = "规划城镇道路占永久基本农田 30×20 米", "A planned street lies 30 m x 20 m on permanent farmland"
    cases = (
        Case("C07-rectangle", "C07", "overlap", "GH2203", name, ("集中建设区",), zh, en, part, left_layer="GH2201"),
        Case(
            "C03-rectangle",
            "C03",
            "overlap",
            "GH2201",
            "东岸七街",
            (name,),
            road_zh,
            road_en,
            part,
            left_layer="GH2103",
        ),
    )
    return Spot(features=(Feature("GH2201", name, shape),), cases=cases)


def farmland_in_red_line() -> Spot:
    """Plant farmland and an ecological red line that share 40 m by 25 m."""
    farm, line = "东郊永农03", "东郊林地生态红线"
    zh, en = (
        "永久基本农田与生态保护红线重叠 40×25 米",
        "Permanent farmland and an ecological red line share 40 m x 25 m",
    )
    case = Case(
        "C06-rectangle", "C06", "overlap", "GH2202", farm, (line,), zh, en, ((1000.0, 25.0),), left_layer="GH2201"
    )
    features = (
        Feature("GH2201", farm, box(547_640, 4_855_300, 100, 80)),
        Feature("GH2202", line, box(547_700, 4_855_355, 80, 95), {"LHLX": "水土流失极敏感"}),
    )
    return Spot(features=features, cases=(case,))


def site_strip() -> Spot:
    """Plant two site red lines that overlap by 60 mm along 40 m."""
    block, names = Block(2, 2), ("南苑甲地块", "南苑乙地块")
    zh, en = "两宗用地红线重叠 60 毫米×40 米", "Two site red lines overlap by 60 mm x 40 m"
    case = Case(
        "C39-60mm", "C39", "overlap", "GL3105", names[0], names[1:], zh, en, ((2.4, 0.06),), left_layer="GL3105"
    )
    features = (
        Feature("GL3105", names[0], block.box(10, 40, 60, 40), {"FZRQ": "2023-09-01"}, "2023-09-01"),
        Feature("GL3105", names[1], block.box(69.94, 40, 60, 40), {"FZRQ": "2023-09-01"}, "2023-09-01"),
    )
    return Spot((Region("reserve", "东岸C3地块", block.whole()),), features, (), (case,))


def former_site() -> Spot:
    """Plant two site red lines that overlap on the map but were never in force on the same day."""
    block, names = Block(2, 3), ("北苑旧地块", "北苑新地块")
    zh, en = "两宗用地红线图上重叠 50×40 米, 但有效期不相交", "Two site red lines overlap on the map, never in time"
    case = Case(
        "C39-time", "C39", "overlap", "GL3105", names[0], names[1:], zh, en, why="time: 2021-01-01 before 2022-03-01",
        left_layer="GL3105",
    )  # fmt: skip
    features = (
        Feature("GL3105", names[0], block.box(20, 20, 90, 70), {"FZRQ": "2016-01-01"}, "2016-01-01", "2021-01-01"),
        Feature("GL3105", names[1], block.box(60, 50, 80, 60), {"FZRQ": "2022-03-01"}, "2022-03-01"),
    )
    return Spot((Region("reserve", "东岸C4地块", block.whole()),), features, (), (case,))


def parcel_strip() -> Spot:
    """Plant two cadastral parcels that overlap by 30 mm along 20 m."""
    block, names = Block(3, 2), ("东岸甲宗地", "东岸乙宗地")
    zh, en = "两宗地重叠 30 毫米×20 米", "Two parcels overlap by 30 mm x 20 m"
    case = Case(
        "C41-30mm", "C41", "overlap", "GL3201", names[0], names[1:], zh, en, ((0.6, 0.03),), left_layer="GL3201"
    )
    features = (
        _parcel(names[0], block.box(10, 50, 60, 20), 990),
        _parcel(names[1], block.box(69.97, 50, 60, 20), 991),
    )
    return Spot((Region("reserve", "东岸D3地块", block.whole()),), features, (), (case,))


def _parcel(name: str, shape: Polygon, serial: int) -> Feature:
    code = parcel_code(serial)
    return Feature("GL3201", name, shape, {"ZDDM": code, "BDCDYH": f"{code}W00000000"})
