"""The CRS of a boundary-point text: from what its head says of datum, strip and zone, and from the eastings."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import pyproj

from layers.boundary_text.lines import Entry
from layers.crs import FoundCrs
from layers.errors import RefusedFile, refused
from layers.remarks import remark

__all__ = ["ZONES", "Zone", "find_crs", "zone_of_epsg"]

_ZONE_WIDTH_M = 1_000_000
# EPSG's first zone of CGCS2000, with and without its number before the easting, by width of the strips in degrees
ZONES: Mapping[int, tuple[range, int, int]] = {3: (range(25, 46), 4513, 4534), 6: (range(13, 24), 4491, 4502)}
_METRES = {"", "米", "m", "公尺", "metre", "meter"}
_DEGREES = {"度", "degree", "degrees", "十进制度"}


class Zone(NamedTuple):
    """A Gauss–Krüger zone of CGCS2000: width of the strips, number, and whether it stands before the easting."""

    degrees: int
    number: int
    has_prefix: bool

    @property
    def epsg(self) -> int:
        """Return its code."""
        zones, prefixed, plain = ZONES[self.degrees]
        return (prefixed if self.has_prefix else plain) + self.number - zones.start


def find_crs(head: Mapping[str, Entry], easting: float, *, degrees: bool) -> FoundCrs | RefusedFile | None:
    """Return the CRS of the coordinates, why none follows from what the head says, or None where it says nothing.

    Parameters
    ----------
    head
        The keys of the text's head.
    easting
        One of the eastings, in metres.
    degrees
        Whether the coordinates are longitude and latitude.

    Raises
    ------
    RefusedFile
        The coordinates are in a unit that is neither metre nor degree.
    """
    datum, strip, zone, projection, unit = (
        _look_up(head, *keys) for keys in (("坐标系",), ("分带",), ("带号",), ("投影",), ("计量单位", "坐标单位"))
    )
    if unit.value.casefold() not in _METRES | _DEGREES:
        raise refused("boundary_unit", line=unit.line, found=unit.value[:40])
    if not datum.value:
        return None
    if not re.search(r"2000|CGCS", datum.value, re.IGNORECASE):
        return refused("boundary_datum", line=datum.line, found=datum.value[:40])
    if degrees:
        name = "EPSG:4490"
        return FoundCrs(pyproj.CRS(name), name, remark("crs_boundary_degrees", name=name, datum=datum.value[:40]))
    if projection.value and not re.search("高斯|gauss", projection.value, re.IGNORECASE):
        return refused("boundary_projection", line=projection.line, found=projection.value[:40])
    return _in_zone(_number(strip), _number(zone), int(easting // _ZONE_WIDTH_M), strip.line or zone.line or datum.line)


def zone_of_epsg(epsg: int | None) -> Zone | None:
    """Return the zone of CGCS2000 that a code of EPSG means, None for any other CRS."""
    for degrees, (zones, prefixed, plain) in ZONES.items():
        for first, has_prefix in ((prefixed, True), (plain, False)):
            if epsg is not None and first <= epsg < first + len(zones):
                return Zone(degrees, zones.start + epsg - first, has_prefix)
    return None


def _in_zone(degrees: int | None, stated: int | None, prefix: int, line: int) -> FoundCrs | RefusedFile:
    number = prefix or stated
    # the numbers of 3° and of 6° zones never meet
    found = next((width for width, (zones, *_) in ZONES.items() if number in zones), None)
    if number is None:
        return refused("boundary_zone_missing", line=line)
    if found is None or degrees not in {None, found} or stated not in {None, number}:
        return refused("boundary_zone", line=line, degrees=degrees or "–", stated=stated or "–", prefix=prefix or "–")
    zone = Zone(found, number, has_prefix=prefix != 0)
    name = f"EPSG:{zone.epsg}"
    kind = "crs_boundary_prefix" if zone.has_prefix else "crs_boundary_plain"
    return FoundCrs(pyproj.CRS(name), name, remark(kind, name=name, degrees=found, zone=number))


def _look_up(head: Mapping[str, Entry], *parts: str) -> Entry:
    return next((entry for key, entry in head.items() if any(part in key for part in parts)), Entry("", 0))


def _number(entry: Entry) -> int | None:
    """Return the number that an entry says, such as 3 of ``3度分带``; 0 where it says something that is none."""
    match = re.search(r"\d{1,3}", entry.value)
    return int(match[0]) or None if match else None
