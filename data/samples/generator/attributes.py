"""The attributes a layer fills in by itself: serial numbers, codes of the district, areas as registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from generator.codes import DISTRICT_CODE, project_code
from generator.model import Feature

_YSDM = {"XZ1201": "2001010100", "GH2204": "2090020233", "GH2205": "2090020232", "GH2207": "2090020234"}


class Row(NamedTuple):
    """A feature with its number in the layer and its area in the plane, in m2, to two decimals."""

    feature: Feature
    serial: int
    area_m2: float


def attributes_of(feature: Feature, serial: int) -> dict[str, object]:
    """Return a feature's attributes: its own, and those its layer fills in."""
    row = Row(feature, serial, round(feature.shape.area, 2))
    fill = _FILLED.get(feature.layer)
    bsm = f"{DISTRICT_CODE}{feature.layer[2:]}{serial:08d}"
    numbered = {"BSM": bsm, "YSDM": _YSDM.get(feature.layer), "MJ": row.area_m2}
    return {**numbered, **(fill(row) if fill else {}), **feature.attributes}


def _surveyed_land(row: Row) -> dict[str, object]:
    unit = f"{DISTRICT_CODE}{row.serial % 9 + 1:03d}"
    areas = {"TBMJ": row.area_m2, "TBDLMJ": row.area_m2}
    return {"TBBH": f"{row.serial:04d}", "QSDWDM": unit, "ZLDWDM": unit, **areas, "SJNF": 2023}


def _existing_building(row: Row) -> dict[str, object]:
    return {"建筑编码": f"{DISTRICT_CODE}{row.serial:06d}", "基底面积": row.area_m2}


def _planned_land(row: Row) -> dict[str, object]:
    return {"TBMJ": row.area_m2, "TBDLMJ": row.area_m2}


def _farmland(row: Row) -> dict[str, object]:
    return {
        "YJJBNTTBBH": f"{DISTRICT_CODE}{row.serial:06d}", "TBBH": f"{row.serial:04d}", "DLBM": "0103",
        "YJJBNTTBMJ": row.area_m2, "YJJBNTMJ": row.area_m2, "SJNF": 2022, "BHKSSJ": "2022-10-01", "WDGD": "是",
    }  # fmt: skip


def _red_line(_row: Row) -> dict[str, object]:
    return {"XJXZQDM": DISTRICT_CODE, "GKCS": "禁止开发性、生产性建设活动"}


def _plan_block(row: Row) -> dict[str, object]:
    floor_m2 = round(row.area_m2 * float(str(row.feature.attributes["rjl"])))
    return {
        "dkbh": f"LT-{row.serial // 30 + 1:02d}-{row.serial % 30 + 1:02d}", "ydmj": row.area_m2, "zjzmj": floor_m2,
        "jztr": 5.0, "pjcw": round(floor_m2 / 100), "crkfx": "东、南", "sfygtz": "否",
    }  # fmt: skip


def _site(row: Row) -> dict[str, object]:
    day = str(row.feature.attributes["FZRQ"])
    permit = f"地字第{DISTRICT_CODE}{day[:4]}{row.serial:04d}号"
    return {"XKZH": permit, "XMDM": project_code(row.serial, day), "YDMJ": row.area_m2, "YDXZ": "城镇住宅用地"}


def _parcel(row: Row) -> dict[str, object]:
    return {"ZDMJ": row.area_m2, "QLXZ": "出让", "YT": "城镇住宅用地"}


_FILLED: Mapping[str, Callable[[Row], dict[str, object]]] = {
    "XZ1201": _surveyed_land, "XZ1301": _existing_building, "GH2103": _planned_land, "GH2201": _farmland,
    "GH2202": _red_line, "GH2303": _plan_block, "GL3105": _site, "GL3201": _parcel,
}  # fmt: skip
