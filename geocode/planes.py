"""The plane in which the law measures: the 3° Gauss–Krüger zone of CGCS2000, or UTM outside its zones."""

from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from geocode.crs import STORAGE_CRS

__all__ = ["ellipsoid_areas_m2", "from_plane", "measure_plane", "plane_crs", "to_plane"]

_FIRST_MERIDIAN_DEG, _LAST_MERIDIAN_DEG = 75, 135
_FIRST_ZONE_EPSG = 4534
_GEOD = pyproj.Geod(a=6378137, rf=298.257222101)


def measure_plane(lon_deg: float, lat_deg: float) -> str:
    """Return the EPSG name of the plane for a place: EPSG:4534–4554 by the nearest 3° meridian, else UTM."""
    meridian = 3 * round(lon_deg / 3)
    if _FIRST_MERIDIAN_DEG <= meridian <= _LAST_MERIDIAN_DEG and lat_deg > 0:
        return f"EPSG:{_FIRST_ZONE_EPSG + (meridian - _FIRST_MERIDIAN_DEG) // 3}"
    zone = min(60, int((lon_deg + 180) // 6) + 1)
    return f"EPSG:{(32600 if lat_deg >= 0 else 32700) + zone}"


@lru_cache(maxsize=64)
def plane_crs(plane: str) -> pyproj.CRS:
    """Return the CRS of a plane, the same object each time: two that are one need not be compared."""
    return pyproj.CRS(plane)


def to_plane(geometries: NDArray[Any], plane: str) -> NDArray[Any]:
    """Return EPSG:4490 geometries in a plane, in metres, x = east."""
    return _transform(geometries, _transformer(plane), pyproj.enums.TransformDirection.FORWARD)


def from_plane(geometries: NDArray[Any], plane: str) -> NDArray[Any]:
    """Return geometries of a plane in EPSG:4490, in degrees, x = longitude."""
    return _transform(geometries, _transformer(plane), pyproj.enums.TransformDirection.INVERSE)


def ellipsoid_areas_m2(geometries: NDArray[Any]) -> NDArray[np.float64]:
    """Return the areas of EPSG:4490 polygons on the CGCS2000 ellipsoid, edges as geodesics, in square metres."""
    polygons, owner = shapely.get_parts(geometries, return_index=True)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    lon_lat, ring = shapely.get_coordinates(rings, return_index=True)
    ends = np.searchsorted(ring, np.arange(len(rings) + 1)).tolist()
    lon, lat = np.ascontiguousarray(lon_lat.T)
    area_m2 = np.array([abs(_ring_area_m2(lon[i:j], lat[i:j])) for i, j in pairwise(ends)], dtype=np.float64)
    # the first ring of a polygon is its shell, the others are holes
    is_hole = np.append(False, polygon[1:] == polygon[:-1])[: len(rings)]
    signed_m2 = np.where(is_hole, -area_m2, area_m2)
    return np.asarray(np.bincount(owner[polygon], signed_m2, len(geometries)), dtype=np.float64)


def _ring_area_m2(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> float:
    return float(_GEOD.polygon_area_perimeter(lon, lat)[0])


def _transform(geometries: NDArray[Any], transformer: pyproj.Transformer, direction: Any) -> NDArray[Any]:
    def each(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1], direction=direction))

    return np.asarray(shapely.transform(geometries, each))


@lru_cache(maxsize=64)
def _transformer(plane: str) -> pyproj.Transformer:
    base = pyproj.CRS(plane).geodetic_crs or pyproj.CRS(STORAGE_CRS)
    # from the plane's own datum: EPSG:4490 and 4326 are taken as equal by the gate's policy
    return pyproj.Transformer.from_crs(base, plane, always_xy=True)
