"""Rules, layers and polygons to try the engine on."""

import datetime as dt

import geopandas as gpd
import pytest
import shapely

from blueprint import Edition, LayerState, read_rules

CRS = "EPSG:4551"
TODAY = dt.date(2026, 6, 1)
EVERYWHERE = shapely.box(-1e7, -1e7, 1e7, 1e7)

RULE = """
[[rule]]
id = "{id}"
title = {{ zh = "规则", en = "A rule" }}
{lines}
severity = "{severity}"
basis = [{{ doc = "土地管理法", article = "35" }}]
confidence = "{confidence}"
"""


def make_rule(b, *, a=None, rule_id="R1", predicate="overlap", severity="prohibit", confidence="V", more=""):
    """Return a rule between layers, or for footprints without `a`; both are TOML tables."""
    lines = "\n".join([*([f"a = {a}"] if a else []), f"b = {b}", f'predicate = "{predicate}"', more])
    text = RULE.format(id=rule_id, lines=lines, severity=severity, confidence=confidence)
    return read_rules(text, file="test.toml")[0]


def make_layer(code, shapes, *, complete=EVERYWHERE, accuracy_m=0.05, reach_m=0.0, edition=None, **columns):
    """Return a layer of polygons, with the ids 1, 2, 3… unless told otherwise."""
    ids = columns.pop("ids", range(1, len(shapes) + 1))
    features = gpd.GeoDataFrame(columns, geometry=list(shapes), crs=CRS, index=list(ids))
    return LayerState(code, edition or Edition(1, "2024"), accuracy_m, features, complete, reach_m)


def make_footprints(*shapes):
    """Return footprints with the ids f0, f1…"""
    return gpd.GeoDataFrame(geometry=list(shapes), crs=CRS, index=[f"f{i}" for i in range(len(shapes))])


def turned(points, *, angle_rad=0.3, x=546_000.0, y=4_855_000.0):
    """Return a polygon drawn near the origin, turned and moved to where Jilin City is in the plane."""
    drawn = shapely.affinity.rotate(shapely.Polygon(points), angle_rad, origin=(0, 0), use_radians=True)
    return shapely.affinity.translate(drawn, x, y)


@pytest.fixture
def site():
    """Return a square of 10 m, somewhere in the plane."""
    return shapely.box(546_000, 4_855_000, 546_010, 4_855_010)
