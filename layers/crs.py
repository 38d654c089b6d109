"""The CRS of a delivery: found, named and accounted for; never guessed, but suggested.

Reading keeps the coordinates as delivered. Whether a CRS leads to EPSG:4490 is for the gate in :mod:`geocode.crs`.
"""

import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from geocode.crs import crs_name
from geocode.faults import Text
from layers.errors import refused
from layers.remarks import remark

__all__ = [
    "FoundCrs",
    "are_degrees",
    "choose_crs",
    "crs_asked_for",
    "crs_of_geojson",
    "crs_of_name",
    "crs_of_ogc",
    "crs_of_projjson",
    "crs_of_rfc7946",
    "crs_of_wkt",
    "suggest_crs",
]

_URN = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:|https?://www\.opengis\.net/def/crs/)?(?P<authority>EPSG|OGC)(?:[:/][\w.]*)?[:/](?P<code>\w+)",
    re.IGNORECASE,
)
# mainland China in degrees, and what eastings and northings look like there (metres)
_LON_DEG, _LAT_DEG = (73, 136), (3, 54)
_NORTHING_M = (1_800_000, 6_000_000)
_EASTING_M = (170_000, 830_000)
_ZONES_3_DEG, _ZONES_6_DEG = range(25, 46), range(13, 24)
_MERCATOR_X_M, _MERCATOR_Y_M = (8_100_000, 15_100_000), (2_000_000, 7_100_000)
_ZONE_WIDTH_M = 1_000_000
_BEYOND_EARTH_M = 1e9


@dataclass(frozen=True, slots=True)
class FoundCrs:
    """A CRS, its name as a person writes it, and how it is known."""

    crs: pyproj.CRS
    name: str
    why: Text


def crs_of_wkt(wkt: str, *, why: str) -> FoundCrs:
    """Return the CRS of a .prj or of a GeoPackage, identified where PROJ is sure of it.

    Parameters
    ----------
    wkt
        WKT, or an authority's code such as ``EPSG:4551``.
    why
        Kind of the remark that tells where it stood.

    Raises
    ------
    RefusedFile
        It is not one that PROJ can read.
    """
    try:
        crs = pyproj.CRS.from_string(wkt) if _URN.fullmatch(wkt.strip()) else pyproj.CRS.from_wkt(wkt)
    except CRSError as error:
        raise refused("crs_unreadable", found=" ".join(wkt.split())[:80]) from error
    crs = _identified(crs)
    name = crs_name(crs)
    return FoundCrs(crs, name, remark(why, name=name))


def crs_of_geojson(member: Any) -> FoundCrs:
    """Return the CRS that the member ``crs`` of GeoJSON before RFC 7946 names.

    Raises
    ------
    RefusedFile
        It is a link, which is never followed, or names no CRS that PROJ knows.
    """
    kind = member.get("type") if isinstance(member, dict) else None
    properties = member.get("properties") if isinstance(member, dict) else None
    if kind == "link":
        raise refused("crs_link")
    values = properties if isinstance(properties, dict) else {}
    name = str(values.get("name", "")) if kind == "name" else f"{kind}:{values.get('code', '')}"
    return crs_of_name(name, why="crs_member")


def crs_of_name(name: str, *, why: str) -> FoundCrs:
    """Return the CRS that an authority's name means, such as ``urn:ogc:def:crs:EPSG::4490``.

    Raises
    ------
    RefusedFile
        It has another form, or PROJ does not know it.
    """
    match = _URN.fullmatch(name.strip())
    code = f"{match['authority'].upper()}:{match['code']}" if match else name
    try:
        crs = pyproj.CRS.from_epsg(4326) if code == "OGC:CRS84" else pyproj.CRS.from_string(code if match else "")
    except CRSError as error:
        raise refused("crs_unreadable", found=name[:80]) from error
    crs = _identified(crs)
    return FoundCrs(crs, crs_name(crs), remark(why, name=name.strip()))


def crs_of_projjson(document: Any, *, why: str) -> FoundCrs:
    """Return the CRS of a GeoParquet: PROJJSON, or WKT as in its first drafts.

    Raises
    ------
    RefusedFile
        It is neither.
    """
    if isinstance(document, str):
        return crs_of_wkt(document, why=why)
    try:
        crs = pyproj.CRS.from_json_dict(document if isinstance(document, dict) else {})
    except CRSError as error:
        raise refused("crs_unreadable", found=str(document)[:80]) from error
    if crs.to_authority() == ("OGC", "CRS84"):
        return crs_of_ogc(why=why)
    crs = _identified(crs)
    name = crs_name(crs)
    return FoundCrs(crs, name, remark(why, name=name))


def crs_of_ogc(*, why: str) -> FoundCrs:
    """Return OGC:CRS84: longitude and latitude of WGS 84, which is EPSG:4326 where x comes first anyway."""
    return FoundCrs(pyproj.CRS.from_epsg(4326), "EPSG:4326", remark(why, name="OGC:CRS84"))


def crs_of_rfc7946() -> FoundCrs:
    """Return longitude and latitude of WGS 84, which GeoJSON is in where it says nothing."""
    return FoundCrs(pyproj.CRS.from_epsg(4326), "EPSG:4326", remark("crs_rfc7946"))


def crs_asked_for(crs: "str | int | pyproj.CRS") -> FoundCrs:
    """Return the CRS that a person states for a file.

    Raises
    ------
    RefusedFile
        PROJ does not know it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # "+init=" works and is deprecated
            found = pyproj.CRS.from_user_input(crs)
    except CRSError as error:
        raise refused("crs_unknown", crs=str(crs)[:80]) from error
    found = _identified(found)
    name = crs_name(found)
    return FoundCrs(found, name, remark("crs_asked_for", name=name))


def choose_crs(stated: FoundCrs | None, asked: FoundCrs | None) -> tuple[FoundCrs | None, tuple[Text, ...]]:
    """Return the CRS that counts, the person's before the file's, and a remark where the two differ."""
    if asked is None or stated is None or stated.crs.equals(asked.crs, ignore_axis_order=True):
        return asked or stated, ()
    return asked, (remark("crs_overridden", asked=asked.name, stated=stated.name),)


def are_degrees(xy: NDArray[np.float64]) -> bool:
    """Return whether half the finite positions, shape (n, 2), or more can be longitude and latitude; true of none."""
    finite = xy[np.isfinite(xy).all(axis=1)]
    within = (np.abs(finite[:, 0]) <= 180) & (np.abs(finite[:, 1]) <= 90)  # noqa: PLR2004 - degrees
    return not len(finite) or bool(within.mean() >= 0.5)  # noqa: PLR2004 - half


def suggest_crs(xy: NDArray[np.float64]) -> Text:
    """Return a sentence on which CRS positions of the mainland look like, by their magnitude alone, shape (n, 2).

    On the mainland eastings and northings never overlap, and neither do the zone prefixes of 3° and 6° zones. Nothing in
    the numbers tells CGCS2000 from Xi'an 80 or Beijing 54.
    """
    earthly = xy[(np.abs(xy) < _BEYOND_EARTH_M).all(axis=1)]
    if not len(earthly):
        return remark("crs_hint_none")
    x, y = np.median(earthly, axis=0).tolist()
    return _suggestion(x, y) or _swapped(x, y) or remark("crs_hint_none")


def _suggestion(x: float, y: float) -> Text | None:
    if _within(x, _LON_DEG) and _within(y, _LAT_DEG):
        return remark("crs_hint_degrees")
    zone, easting = divmod(x, _ZONE_WIDTH_M)
    is_gauss = _within(y, _NORTHING_M)
    if is_gauss and _within(easting, _EASTING_M):
        if int(zone) in _ZONES_3_DEG:
            return remark("crs_hint_zone_3", zone=int(zone), epsg=4513 + int(zone) - _ZONES_3_DEG.start)
        if int(zone) in _ZONES_6_DEG:
            kind = "crs_hint_zone_6_or_mercator" if _within(x, _MERCATOR_X_M) else "crs_hint_zone_6"
            return remark(kind, zone=int(zone), epsg=4491 + int(zone) - _ZONES_6_DEG.start)
        if zone == 0:
            return remark("crs_hint_no_prefix")
    if _within(x, _MERCATOR_X_M) and _within(y, _MERCATOR_Y_M):
        return remark("crs_hint_mercator")
    return None


def _swapped(x: float, y: float) -> Text | None:
    other_order = _suggestion(y, x)
    if other_order is None:
        return None
    return Text(remark("crs_hint_swapped").zh + other_order.zh, f"{remark('crs_hint_swapped').en} {other_order.en}")


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _identified(crs: pyproj.CRS) -> pyproj.CRS:
    """Return the horizontal part of a CRS, as EPSG defines it where PROJ is sure (its default confidence, 70).

    At a lower confidence PROJ takes a city's own central meridian for the nearest zone.
    """
    horizontal = crs.sub_crs_list[0] if crs.is_compound else crs
    if horizontal.is_bound:
        return horizontal
    epsg = horizontal.to_epsg()
    return pyproj.CRS.from_epsg(epsg) if epsg else horizontal
