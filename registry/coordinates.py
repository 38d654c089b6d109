"""Coordinates as people write them: degrees in any order and form, metres of Gauss–Krüger with or without their zone."""

import re
import unicodedata
from typing import NamedTuple

import numpy as np
import shapely

from geocode import Text
from geocode.planes import from_plane

__all__ = ["CoordinateReading", "read_coordinates"]

_WORDS = str.maketrans(
    {
        "º": "°",
        "˚": "°",
        "度": "°",
        "′": "'",
        "’": "'",
        "‘": "'",
        "分": "'",
        "″": '"',
        "”": '"',
        "“": '"',
        "秒": '"',
        "−": "-",
    }
)
_HEMISPHERES = {"北纬": "N", "南纬": "S", "东经": "E", "西经": "W"}
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_ANGLE = re.compile(
    r"""(?P<before>[NSEW])? \s*
        (?P<degrees>[+-]?[0-9]{1,8}(?:\.[0-9]{0,15})?) (?![0-9.]) \s*
        (?: ° \s* (?: (?P<minutes>[0-9]{1,2}(?:\.[0-9]{0,15})?) \s* ' \s*
                      (?: (?P<seconds>[0-9]{1,2}(?:\.[0-9]{0,15})?) \s* (?:"|'') \s* )? )? )?
        (?(before)|(?P<after>[NSEW])?)""",
    re.VERBOSE,
)
_BETWEEN = re.compile(r"[\s,;/|、]*")
_SEXAGESIMAL = 60
_FULL_TURN = 360
_LONGEST = 100
_NORTHINGS_M = (300_000, 6_000_000)
_EASTINGS_M = (100_000, 900_000)
_ZONE_M = 1_000_000
# central meridians, in degrees, by the number of the zone before the easting
_ZONES = {**{zone: 3 * zone for zone in range(25, 46)}, **{zone: 6 * zone - 3 for zone in range(13, 24)}}
_MERIDIANS_DEG = range(75, 136, 3)
# CGCS2000 / 3-degree Gauss-Kruger CM 75E: the planes of other meridians are the same, turned about the axis
_FIRST_PLANE = "EPSG:4534"


class CoordinateReading(NamedTuple):
    """One way to read a text as a place: longitude and latitude in degrees, EPSG:4490, and how it was read."""

    lon_deg: float
    lat_deg: float
    how: Text


class _Angle(NamedTuple):
    value: float
    hemisphere: str


def read_coordinates(text: str) -> list[CoordinateReading]:
    r"""Return every way to read a text as a pair of coordinates, the likelier first; none where it is none.

    Degrees in decimals, or with minutes and seconds; longitude first or last, with letters that tell or without; metres
    with northing first or last, the easting with its zone's number before it (3° zones 25–45, 6° zones 13–23) or without:
    then every central meridian from 75° to 135° is a reading.

    Examples
    --------
    >>> [(place.lon_deg, place.lat_deg) for place in read_coordinates("43.84,126.55")]
    [(126.55, 43.84)]
    >>> [(place.lon_deg, place.lat_deg) for place in read_coordinates("43°50'24\"N 126°33'E")]
    [(126.55, 43.84)]
    >>> len(read_coordinates("4,856,000 543,000")), read_coordinates("解放路12号")
    (21, [])
    """
    if len(text) > _LONGEST:
        return []
    # marks first: compatibility takes some of them apart
    plain = unicodedata.normalize("NFKC", text.translate(_WORDS)).upper()
    for word, letter in _HEMISPHERES.items():
        plain = plain.replace(word, letter)
    plain = plain.strip(" ()[]")
    pair = _read_pair(plain) or _read_pair(_THOUSANDS.sub("", plain))
    if pair is None:
        return []
    first, second = pair
    if first.hemisphere or second.hemisphere:
        return _by_hemispheres(first, second)
    if max(abs(first.value), abs(second.value)) > _FULL_TURN:
        return [*_in_metres(first.value, second.value), *_in_metres(second.value, first.value)]
    return [*_in_degrees(first.value, second.value), *_in_degrees(second.value, first.value)][
        : 1 if first == second else 2
    ]


def _read_pair(plain: str) -> tuple[_Angle, _Angle] | None:
    first = _ANGLE.match(plain)
    if first is None:
        return None
    between = _BETWEEN.match(plain, first.end())
    second = _ANGLE.fullmatch(plain, between.end() if between else first.end())
    if second is None:
        return None
    angles = _angle(first), _angle(second)
    return None if None in angles else angles  # type: ignore[return-value]


def _angle(match: re.Match[str]) -> _Angle | None:
    degrees, minutes, seconds = (float(match[name] or 0) for name in ("degrees", "minutes", "seconds"))
    if minutes >= _SEXAGESIMAL or seconds >= _SEXAGESIMAL:
        return None
    fraction = (minutes + seconds / _SEXAGESIMAL) / _SEXAGESIMAL
    value = -(abs(degrees) + fraction) if match["degrees"].startswith("-") else degrees + fraction
    return _Angle(value, match["before"] or match["after"] or "")


def _by_hemispheres(first: _Angle, second: _Angle) -> list[CoordinateReading]:
    lat, lon = (first, second) if first.hemisphere in {"N", "S"} or second.hemisphere in {"E", "W"} else (second, first)
    if lat.hemisphere not in {"N", "S", ""} or lon.hemisphere not in {"E", "W", ""}:
        return []
    if any(angle.hemisphere and angle.value < 0 for angle in (lat, lon)):
        return []
    lon_deg = -lon.value if lon.hemisphere == "W" else lon.value
    return _in_degrees(lon_deg, -lat.value if lat.hemisphere == "S" else lat.value)


def _in_degrees(lon_deg: float, lat_deg: float) -> list[CoordinateReading]:
    if abs(lat_deg) > _FULL_TURN / 4 or abs(lon_deg) > _FULL_TURN / 2:
        return []
    how = Text(f"经度 {lon_deg:.7f}°,纬度 {lat_deg:.7f}°", f"longitude {lon_deg:.7f}°, latitude {lat_deg:.7f}°")
    return [CoordinateReading(lon_deg, lat_deg, how)]


def _in_metres(easting_m: float, northing_m: float) -> list[CoordinateReading]:
    zone, offset_m = divmod(easting_m, _ZONE_M)
    if not (_EASTINGS_M[0] <= offset_m <= _EASTINGS_M[1] and _NORTHINGS_M[0] <= northing_m <= _NORTHINGS_M[1]):
        return []
    meridians = _MERIDIANS_DEG if zone == 0 else [_ZONES[int(zone)]] if zone in _ZONES else []
    point = from_plane(np.array([shapely.Point(offset_m, northing_m)], dtype=object), _FIRST_PLANE)[0]
    return [
        CoordinateReading(
            point.x - _MERIDIANS_DEG[0] + meridian,
            point.y,
            Text(f"高斯-克吕格投影,中央经线 {meridian}°", f"Gauss–Krüger, central meridian {meridian}°"),
        )
        for meridian in meridians
    ]
