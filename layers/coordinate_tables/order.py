"""Which of two columns of coordinates is east, told from their magnitude.

In Chinese surveying X is north and Y is east; in a spreadsheet or a GIS it is the other way round. On the mainland the
numbers themselves tell: longitudes and latitudes, eastings and northings never overlap.
"""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Direction", "are_degrees_there", "first_direction"]

Direction: TypeAlias = Literal["east", "north"]
# mainland China, in degrees and in metres
_LON_DEG, _LAT_DEG = (73, 136), (3, 54)
_NORTHING_M, _EASTING_M = (1_800_000, 6_000_000), (170_000, 830_000)
_ZONES = {0, *range(13, 24), *range(25, 46)}
_ZONE_WIDTH_M = 1_000_000


def first_direction(first: NDArray[np.float64], second: NDArray[np.float64]) -> Direction | None:
    """Return whether the first of two columns is east or north, by the middle of each; None where the numbers do not tell.

    Parameters
    ----------
    first, second
        Shape (n,): degrees, or metres of a Gauss–Krüger zone with or without its number before the easting.
    """
    if not len(first):
        return None
    one, other = float(np.median(first)), float(np.median(second))
    if _are_east_north(one, other):
        return "east"
    return "north" if _are_east_north(other, one) else None


def are_degrees_there(east: NDArray[np.float64], north: NDArray[np.float64]) -> bool:
    """Return whether two columns hold longitudes and latitudes of the mainland, by the middle of each."""
    return len(east) > 0 and _within(float(np.median(east)), _LON_DEG) and _within(float(np.median(north)), _LAT_DEG)


def _are_east_north(east: float, north: float) -> bool:
    if _within(east, _LON_DEG) and _within(north, _LAT_DEG):
        return True
    zone, easting = divmod(east, _ZONE_WIDTH_M)
    return zone in _ZONES and _within(easting, _EASTING_M) and _within(north, _NORTHING_M)


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]
