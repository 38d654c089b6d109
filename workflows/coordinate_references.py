"""The coordinate reference systems that features are told in: by their URIs, with the axis order of the authority.

Every one is formulas away from EPSG:4490, or held equal to it by the CRS gate; nothing here changes a datum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyproj
import shapely

from geocode import STORAGE_CRS
from geocode.planes import from_plane, measure_plane
from store.items import Shape

__all__ = ["CRS84", "CRS84H", "Reference", "find_reference", "ground_of_box", "offered_references", "storage_reference"]

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
# degrees to 0.1 mm, metres to 0.1 mm
_DECIMALS_DEG, _DECIMALS_M = 9, 4
_EVERYWHERE = ("EPSG:4326", "EPSG:3857")
_WITHOUT_PREFIX, _WITH_PREFIX, _ZONES = 4534, 4513, 21
_PIECES = 64
# cities keep one zone across its edge
_AROUND_LON_DEG, _AROUND_LAT_DEG = 1.5, 5.0
_WORLD = shapely.box(-180, -90, 180, 90)


@dataclass(frozen=True, slots=True)
class Reference:
    """A coordinate reference system as clients name it.

    Attributes
    ----------
    uri, name
        As OGC writes it, and as a person does (``EPSG:4547``).
    srid
        The number of what PostGIS is to bring geometries into: that of EPSG:4490 for all degrees.
    is_flipped
        Whether its first axis is north, so that ordinates are y, x.
    """

    uri: str
    name: str
    srid: int
    is_flipped: bool

    @property
    def shape(self) -> Shape:
        """How geometries are told in it."""
        is_metric = pyproj.CRS(self.name).is_projected
        return Shape(self.srid, self.is_flipped, _DECIMALS_M if is_metric else _DECIMALS_DEG)


LON_LAT = Reference(CRS84, "OGC:CRS84", 4490, is_flipped=False)


def storage_reference(middle: tuple[float, float] | None) -> Reference:
    """Return the Gauss–Krüger zone of a place (longitude, latitude), EPSG:4490 where there is none."""
    return reference(STORAGE_CRS if middle is None else measure_plane(*middle))


def offered_references(storage: Reference) -> tuple[Reference, ...]:
    """Return what features can be told in, longitude and latitude first: CRS84, EPSG:4490, the city's zone, 4326, 3857."""
    zone = storage.srid - _WITHOUT_PREFIX
    prefixed = [f"EPSG:{_WITH_PREFIX + zone}"] if 0 <= zone < _ZONES else []
    names = dict.fromkeys([STORAGE_CRS, storage.name, *prefixed, *_EVERYWHERE])
    return (LON_LAT, *map(reference, names))


def find_reference(text: str, offered: Sequence[Reference]) -> Reference | None:
    """Return which of some systems a client names, by URI, URN, ``[EPSG:4490]`` or ``EPSG:4490``; None where none of them."""
    if text.rsplit("/", 1)[-1].rsplit(":", 1)[-1].strip("]") in {"CRS84", "CRS84h"} and "OGC" in text:
        return LON_LAT
    number = _number(text)
    return next((each for each in offered if number and each.uri == f"{_EPSG}{number}"), None)


def ground_of_box(box: Sequence[float], crs: Reference) -> shapely.Geometry | None:
    """Return the ground of a box (x and y of one corner, then of the other, in the order of the axes) in EPSG:4490.

    Returns
    -------
    Geometry or None
        Two polygons where a box in degrees crosses the antimeridian; an empty polygon where it lies outside of the system's
        area; None where the box is none: ends before it begins, or beyond the world.
    """
    west, south, east, north = (box[1], box[0], box[3], box[2]) if crs.is_flipped else box
    if crs.shape.decimals == _DECIMALS_DEG:
        return _in_degrees(west, south, east, north)
    if west > east or south > north:
        return None
    return _in_plane(west, south, east, north, crs.name)


@lru_cache(maxsize=64)
def reference(name: str) -> Reference:
    """Return a system by its EPSG name."""
    crs = pyproj.CRS(name)
    number, is_north_first = name.removeprefix("EPSG:"), crs.axis_info[0].direction == "north"
    # degrees are those that are stored, whichever of the equal datums they are asked for in
    return Reference(f"{_EPSG}{number}", name, int(number) if crs.is_projected else 4490, is_north_first)


def _number(text: str) -> str | None:
    """Return the EPSG number in a text that names a system, in any of the ways there are."""
    for start, mark in (("http://www.opengis.net/def/crs/EPSG/", "/"), ("urn:ogc:def:crs:EPSG:", ":")):
        if text.startswith(start):
            number = text.rsplit(mark, 1)[-1]
            return number if text.count(mark) == start.count(mark) + 1 else None
    return text.removeprefix("[").removesuffix("]").removeprefix("EPSG:") if "EPSG:" in text else None


def _in_degrees(west: float, south: float, east: float, north: float) -> shapely.Geometry | None:
    if not (min(west, east) >= -180 and max(west, east) <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004 - degrees
        return None
    if west <= east:
        return shapely.box(west, south, east, north)
    return shapely.MultiPolygon([shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)])


def _in_plane(west: float, south: float, east: float, north: float, name: str) -> shapely.Geometry:
    """Return the ground of a box in a plane: its sides are bent in degrees, and cut where the plane is no more."""
    known = shapely.intersection(shapely.box(west, south, east, north), shapely.box(*_domain(name)))
    if known.area == 0:
        return shapely.Polygon()
    west, south, east, north = known.bounds
    fine = shapely.segmentize(known, max(east - west, north - south) / _PIECES)
    (bent,) = from_plane(np.array([fine], dtype=object), name)
    return shapely.intersection(shapely.make_valid(bent), _WORLD)


@lru_cache(maxsize=64)
def _domain(name: str) -> tuple[float, float, float, float]:
    """Return the box of a plane's area of use, and some ground around it, in its own metres, x = east."""
    crs = pyproj.CRS(name)
    area = crs.area_of_use
    assert area is not None  # every system of EPSG has one
    west, south, east, north = area.bounds
    around = (
        max(west - _AROUND_LON_DEG, -180),
        max(south - _AROUND_LAT_DEG, -85),
        min(east + _AROUND_LON_DEG, 180),
        min(north + _AROUND_LAT_DEG, 85),
    )
    return pyproj.Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True).transform_bounds(*around)
