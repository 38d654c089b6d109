"""An overlay as plain as can be: every pair of features, its parts, their areas and widths. The oracle of the samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

TODAY = "2026-06-01"

# What a feature must be for a rule to concern it, where the rule does not concern the whole layer.
_CONSTRUCTION = ("07", "08", "09", "10", "11", "12", "13", "14", "15", "16")
_URBAN = ("07", "08", "09", "10", "11", "1207", "13", "14")
CONCERNED = {
    ("R12", "GH2206"): lambda rows: rows["BHFW"].notna(),
    ("R30", "XZ1206"): lambda rows: rows["YFCD"] == "高易发区",
    ("R32", "GL3108"): lambda rows: rows["GXZT"] == "未销案",
    ("C03", "GH2103"): lambda rows: rows["YDYHFLDM"].str.startswith(_CONSTRUCTION),
    ("C04", "GH2103"): lambda rows: rows["YDYHFLDM"].str.startswith(_CONSTRUCTION),
    ("C05", "GH2103"): lambda rows: rows["YDYHFLDM"].str.startswith(_URBAN),
    ("C07", "GH2203"): lambda rows: rows["GHFQDM"] == "集中建设区",
    ("C12", "XZ1204"): lambda rows: rows["BHDJ"] == "重要湿地",
    ("C12", "GH2103"): lambda rows: rows["YDYHFLDM"].str.startswith(_CONSTRUCTION),
    ("C16", "GH2303"): lambda rows: rows["yddm"].str.startswith(_CONSTRUCTION) & (rows["yddm"] != "1311"),
    ("C17", "GH2303"): lambda rows: ~rows["yddm"].str.startswith("14"),
    ("C18", "GH2206"): lambda rows: rows["BHFW"].notna(),
    ("C18", "GH2303"): lambda rows: rows["yddm"].str.startswith(_CONSTRUCTION),
    ("C19", "GH2303"): lambda rows: ~rows["yddm"].str.startswith(("12", "13")),
    ("C20", "GH2303"): lambda rows: rows["yddm"].str.startswith(("07", "08")),
    ("C28", "XZ1206"): lambda rows: rows["YFCD"] == "高易发区",
    ("C28", "GH2303"): lambda rows: rows["yddm"].str.startswith(_CONSTRUCTION),
}
FOOTPRINT_RULES = {
    "R01": ("outside", "GL3105"), "R07": ("overlap", "GH2201"), "R08": ("overlap", "GH2202"), "R09": ("outside", "GH2203"),
    "R10": ("overlap", "GH2204"), "R11": ("overlap", "GH2205"), "R12": ("overlap", "GH2206"), "R13": ("overlap", "GH2207"),
    "R14": ("overlap", "GH2208"), "R15": ("overlap", "GH2209"), "R16": ("overlap", "XZ1301"), "R30": ("overlap", "XZ1206"),
    "R32": ("overlap", "GL3108"),
}  # fmt: skip
LAYER_RULES = {
    "C03": ("GH2103", "GH2201"), "C04": ("GH2103", "GH2202"), "C06": ("GH2201", "GH2202"), "C07": ("GH2201", "GH2203"),
    "C08": ("GH2202", "GH2203"), "C12": ("XZ1204", "GH2103"), "C16": ("GH2204", "GH2303"), "C17": ("GH2205", "GH2303"),
    "C18": ("GH2206", "GH2303"), "C19": ("GH2207", "GH2303"), "C20": ("GH2208", "GH2303"), "C21": ("GH2209", "GH2303"),
    "C22": ("GH2303", "GH2303"), "C28": ("XZ1206", "GH2303"), "C39": ("GL3105", "GL3105"), "C41": ("GL3201", "GL3201"),
    "C42": ("XZ1301", "GH2209"),
}  # fmt: skip


class Hit(NamedTuple):
    """What one feature shares with another (overlap), or has outside all others (outside)."""

    left: str
    right: str | None
    shape: shapely.Geometry


def concerned(rule: str, code: str, rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the features of a layer that a rule concerns."""
    keep = CONCERNED.get((rule, code))
    return rows if keep is None else rows[keep(rows)]


def in_force(rows: gpd.GeoDataFrame, day: str) -> gpd.GeoDataFrame:
    """Return the features that hold in law on a day; the last day of a feature is excluded."""
    return rows[(rows["valid_from"] <= day) & (rows["valid_to"].isna() | (rows["valid_to"] > day))]


def overlaps(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> Iterator[Hit]:
    """Yield every pair that shares ground; within one layer each pair once."""
    a, b = shapely.STRtree(right.geometry.values).query(left.geometry.values, predicate="intersects")
    shared = shapely.intersection(left.geometry.values[a], right.geometry.values[b])
    for i in np.flatnonzero(shapely.area(shared) > 0):
        if left is not right or a[i] < b[i]:
            yield Hit(left.index[a[i]], right.index[b[i]], shared[i])


def outside(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> Iterator[Hit]:
    """Yield what lies outside everything on the right."""
    ground = shapely.union_all(right.geometry.values)
    for name, rest in zip(left.index, shapely.difference(left.geometry.values, ground), strict=True):
        if rest.area > 0:
            yield Hit(name, None, rest)


def meet_in_time(left: Any, right: Any) -> bool:
    """Tell whether two features are in force on a common day."""
    later = max(left["valid_from"], right["valid_from"])
    return all(pd.isna(end) or end > later for end in (left["valid_to"], right["valid_to"]))


def parts(shape: shapely.Geometry) -> list[tuple[float, float]]:
    """Return the area (m2) and the width (m, the diameter of the maximum inscribed circle) of each part, largest first."""
    polygons = [part for part in shapely.get_parts(shape) if part.area > 0]
    widths = [2 * shapely.maximum_inscribed_circle(part, tolerance=1e-9).length for part in polygons]
    return sorted(zip((part.area for part in polygons), widths, strict=True), reverse=True)
