"""The geometries that stand in a filter, brought from the CRS they are written in to EPSG:4490."""

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
import shapely
from sqlalchemy import ColumnElement, func

from geocode.crs import crs_gate, to_storage
from layers.axis_order import is_north_first
from store.query_faults import refused

__all__ = ["CRS84", "MAX_VERTICES", "LiteralCrs", "is_geometry", "literal_crs", "read_geometry"]

CRS84 = "OGC:CRS84"
MAX_VERTICES = 500
_SRID = 4490
_TYPES = frozenset(
    {"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"}
)
_HALF_TURN_DEG = 180.0
# an edge of a plane is no straight line in degrees: it is followed in so many steps
_STEPS = 100


@dataclass(frozen=True, slots=True)
class LiteralCrs:
    """What the numbers of a filter's geometries mean: the CRS, and whether latitude or northing comes first."""

    name: str
    is_north_first: bool
    is_geographic: bool


def literal_crs(name: str) -> LiteralCrs:
    """Return a CRS (``EPSG:4547``, ``OGC:CRS84``) in the order of axes of its authority.

    Raises
    ------
    CrsError
        The gate does not let its coordinates through.
    """
    crs_gate(name)
    crs = pyproj.CRS.from_user_input(name)
    return LiteralCrs(name, is_north_first(crs), crs.is_geographic)


def is_geometry(node: dict[str, Any]) -> bool:
    """Return whether a node of the tree is a geometry or a box."""
    return "bbox" in node or _is_type(node.get("type"))


def read_geometry(node: dict[str, Any], crs: LiteralCrs) -> ColumnElement[Any]:
    """Return a geometry or box of the tree as a value of the database, in EPSG:4490.

    Raises
    ------
    QueryError
        It is none, has more than `MAX_VERTICES`, is unsound, or lies outside its CRS.
    """
    drawn = _box(node["bbox"], crs) if "bbox" in node else _drawn(node, crs)
    if (count := shapely.get_num_coordinates(drawn)) > MAX_VERTICES:
        raise refused("filter_geometry", reason=f"{count} > {MAX_VERTICES} vertices")
    if not shapely.is_valid(drawn):
        raise refused("filter_geometry", reason=shapely.is_valid_reason(drawn))
    stored = to_storage(np.array([_followed(drawn, crs)]), crs.name)[0]
    if not np.isfinite(shapely.get_coordinates(stored)).all():
        raise refused("filter_geometry", reason=f"outside {crs.name}")
    wkb = shapely.to_wkb(shapely.set_srid(stored, _SRID), include_srid=True)
    value: ColumnElement[Any] = func.ST_GeomFromEWKB(wkb)
    return value


def _is_type(name: Any) -> bool:
    return isinstance(name, str) and name in _TYPES


def _drawn(node: dict[str, Any], crs: LiteralCrs) -> Any:
    """Return a GeoJSON geometry as shapely's, in x, y."""
    if not _has_numbers(node):
        raise refused("filter_geometry", reason="coordinates are lists of numbers")
    try:
        geometry = shapely.force_2d(shapely.from_geojson(json.dumps(node)))
    except (shapely.errors.ShapelyError, ValueError) as error:
        raise refused("filter_geometry", reason=str(error).strip().splitlines()[0]) from error
    return shapely.transform(geometry, lambda xy: xy[:, ::-1]) if crs.is_north_first else geometry


def _has_numbers(node: Any) -> bool:
    """Return whether a GeoJSON geometry is made of finite numbers, whatever reads it next."""
    if isinstance(node, dict):
        parts = node.get("geometries" if node.get("type") == "GeometryCollection" else "coordinates")
        return _is_type(node.get("type")) and isinstance(parts, list) and all(map(_has_numbers, parts))
    if isinstance(node, list):
        return all(map(_has_numbers, node))
    return isinstance(node, int | float) and not isinstance(node, bool) and math.isfinite(node)


def _box(sides: Any, crs: LiteralCrs) -> Any:
    """Return a box as a geometry in x, y; as two where it goes over the antimeridian, a line or a point where it is flat."""
    if not isinstance(sides, list) or len(sides) not in {4, 6} or not _has_numbers(sides):
        raise refused("filter_geometry", reason="BBOX: 4, 6")
    half = len(sides) // 2
    west, south, east, north = *map(float, sides[:2]), *map(float, sides[half : half + 2])
    if crs.is_north_first:
        west, south, east, north = south, west, north, east
    if west <= east or not crs.is_geographic:
        return _rectangle(west, south, east, north)
    eastern = _rectangle(west, south, _HALF_TURN_DEG, north)
    return shapely.union(eastern, _rectangle(-_HALF_TURN_DEG, south, east, north))


def _rectangle(west: float, south: float, east: float, north: float) -> Any:
    if west > east or south > north:
        raise refused("filter_geometry", reason=f"BBOX: {west} > {east} / {south} > {north}")
    return shapely.envelope(shapely.multipoints([[west, south], [east, north]]))


def _followed(geometry: Any, crs: LiteralCrs) -> Any:
    """Return a geometry with vertices along its edges, where straight is not what it is in degrees."""
    if crs.is_geographic or (length := shapely.length(geometry)) == 0:
        return geometry
    return shapely.segmentize(geometry, length / _STEPS)
