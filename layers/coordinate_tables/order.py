"""Which of two columns of coordinates is east, told from their magnitude.

In Chinese surveying X is north and Y is east; in a spreadsheet or a GIS it is the other way round. On the mainland the
numbers themselves tell: longitudes and latitudes, eastings and northings never overlap.
"""

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Direction", "are_degrees_there", "are_exchanged", "first_direction"]

Direction: TypeAlias = Literal["east", "north"]
_Numbers: TypeAlias = NDArray[np.float64] | np.floating[Any]
# mainland China, in degrees and in metres
_LON_DEG, _LAT_DEG = (73, 136), (3, 54)
_NORTHING_M, _EASTING_M = (1_800_000, 6_000_000), (170_000, 830_000)
_ZONES = (0, *range(13, 24), *range(25, 46))
_ZONE_WIDTH_M = 1_000_000
_MM = 1_000


def first_direction(first: NDArray[np.float64], second: NDArray[np.float64]) -> Direction | None:
    """Return whether the first of two columns is east or north, by the middle of each; None where the numbers do not tell.

    Parameters
    ----------
    first, second
        Shape (n,): degrees, or metres or millimetres of a Gauss–Krüger zone with or without its number before the easting.
    """
    if not len(first):
        return None
    one, other = np.median(first), np.median(second)
    if _are_east_north(one, other):
        return "east"
    return "north" if _are_east_north(other, one) else None


def are_exchanged(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return of each point whether its two numbers tell the other order than the middle of all tells; shape (n,)."""
    shown = first_direction(first, second)
    if shown is None:
        return np.zeros(len(first), dtype=np.bool_)
    return _are_east_north(second, first) if shown == "east" else _are_east_north(first, second)


def are_degrees_there(east: NDArray[np.float64], north: NDArray[np.float64]) -> bool:
    """Return whether two columns hold longitudes and latitudes of the mainland, by the middle of each."""
    return len(east) > 0 and bool(_are_degrees(np.median(east), np.median(north)))


def _are_east_north(east: _Numbers, north: _Numbers) -> NDArray[np.bool_]:
    return _are_degrees(east, north) | _are_metres(east, north) | _are_metres(east / _MM, north / _MM)


def _are_degrees(lon: _Numbers, lat: _Numbers) -> NDArray[np.bool_]:
    return _within(lon, _LON_DEG) & _within(lat, _LAT_DEG)


def _are_metres(east: _Numbers, north: _Numbers) -> NDArray[np.bool_]:
    zone, easting = np.divmod(east, _ZONE_WIDTH_M)
    return np.isin(zone, _ZONES) & _within(easting, _EASTING_M) & _within(north, _NORTHING_M)


def _within(values: _Numbers, limits: tuple[float, float]) -> NDArray[np.bool_]:
    return np.asarray((limits[0] <= values) & (values <= limits[1]))
