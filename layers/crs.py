"""The CRS of a delivery: stated by the file or a person, named and accounted for; never guessed.

Reading keeps the coordinates as delivered. Whether a CRS leads to EPSG:4490 is for the gate in :mod:`geocode.crs`.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from geocode.crs import crs_name
from geocode.faults import Text
from layers.errors import refused
from layers.positions import count_degrees
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
    "own_system",
]

_URN = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:|https?://www\.opengis\.net/def/crs/)?(?P<authority>EPSG|OGC)(?:[:/][\w.]*)?[:/](?P<code>\w+)",
    re.IGNORECASE,
)
# what a person adds to a CRS where the file has northing or latitude first, or millimetres
_TURNS = re.compile(r"(?P<name>.+)/(?P<turns>yx|mm|yx,mm)")


@dataclass(frozen=True, slots=True)
class FoundCrs:
    """A CRS, its name as a person writes it, and how it is known.

    Attributes
    ----------
    is_swapped, is_millimetres
        Whether the file has northing or latitude first, and whether its numbers are millimetres; where a person says
        neither, that is seen.
    """

    crs: pyproj.CRS
    name: str
    why: Text
    is_swapped: bool = False
    is_millimetres: bool = False


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


def crs_asked_for(crs: "str | int | pyproj.CRS", *, systems: Mapping[str, str] | None = None) -> FoundCrs:
    """Return the CRS that a person states for a file.

    Parameters
    ----------
    crs
        What PROJ understands, or the name of one of the city's own; as text with ``/yx`` behind it where the file has
        northing or latitude first, ``/mm`` where it is in millimetres, ``/yx,mm`` where both.
    systems
        The city's own, WKT by name.

    Raises
    ------
    RefusedFile
        PROJ does not know it.
    """
    turned = _TURNS.fullmatch(crs) if isinstance(crs, str) else None
    said = turned["name"] if turned else crs
    turns = set(turned["turns"].split(",")) if turned else set()
    own = (systems or {}).get(str(said))
    found = own_system(own) if own is not None else _read(said)
    name = str(said) if own is not None else crs_name(found)
    return FoundCrs(found, name, remark("crs_asked_for", name=name), "yx" in turns, "mm" in turns)


@cache
def own_system(wkt: str) -> pyproj.CRS:
    """Return a city's own system, which its file has been seen to hold."""
    return pyproj.CRS.from_wkt(wkt)


def choose_crs(stated: FoundCrs | None, asked: FoundCrs | None) -> tuple[FoundCrs | None, tuple[Text, ...]]:
    """Return the CRS that counts, the person's before the file's, and a remark where the two differ."""
    if asked is None or stated is None or stated.crs.equals(asked.crs, ignore_axis_order=True):
        return asked or stated, ()
    return asked, (remark("crs_overridden", asked=asked.name, stated=stated.name),)


def are_degrees(xy: NDArray[np.float64]) -> bool:
    """Return whether half the finite positions, shape (n, 2), or more can be longitude and latitude; true of none."""
    finite, degrees = count_degrees(xy)
    return 2 * degrees >= finite


def _read(crs: "str | int | pyproj.CRS") -> pyproj.CRS:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # "+init=" works and is deprecated
            return _identified(pyproj.CRS.from_user_input(crs))
    except CRSError as error:
        raise refused("crs_unknown", crs=str(crs)[:80]) from error


def _identified(crs: pyproj.CRS) -> pyproj.CRS:
    """Return the horizontal part of a CRS, as EPSG defines it where PROJ is sure (its default confidence, 70).

    At a lower confidence PROJ takes a city's own central meridian for the nearest zone.
    """
    horizontal = crs.sub_crs_list[0] if crs.is_compound else crs
    if horizontal.is_bound:
        return horizontal
    epsg = horizontal.to_epsg()
    return pyproj.CRS.from_epsg(epsg) if epsg else horizontal
