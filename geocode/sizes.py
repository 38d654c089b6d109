"""Size classes: the footprint's area on the CGCS2000 ellipsoid, five classes a decade."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNITS_PER_DEG", "area_m2", "size_class_range_m2", "size_classes"]

UNITS_PER_DEG = 1e8
LAST_CLASS = 30
_UNIT_RAD = np.pi / 180 / UNITS_PER_DEG
_SEMI_MAJOR_M = 6378137.0
_FLATTENING = 1 / 298.257222101
_ECCENTRICITY_2 = _FLATTENING * (2 - _FLATTENING)


def area_m2(double_area: NDArray[np.float64], lat_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return areas in square metres on the ellipsoid's tangent scale at the centroid, shape (n,).

    Parameters
    ----------
    double_area
        Twice the area in square units of 1e-8 degrees.
    lat_deg
        Latitude of the centroid in degrees.
    """
    phi = np.radians(lat_deg)
    w = 1 - _ECCENTRICITY_2 * np.sin(phi) ** 2
    north_m = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_2) / w**1.5
    east_m = _SEMI_MAJOR_M * np.cos(phi) / np.sqrt(w)
    return double_area / 2 * _UNIT_RAD**2 * north_m * east_m


def size_classes(areas_m2: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return size classes: 0 below 1 m², else min(30, 1 + ⌊5·log₁₀ area⌋), shape (n,)."""
    classes = 1 + np.floor(5 * np.log10(np.maximum(areas_m2, 1.0)))
    return np.where(areas_m2 < 1, 0, np.minimum(LAST_CLASS, classes)).astype(np.int64)


def size_class_range_m2(size_class: int) -> tuple[float, float]:
    """Return the areas a class holds, from (inclusive) and to (exclusive), in square metres."""
    low = 0.0 if size_class == 0 else 10 ** ((size_class - 1) / 5)
    high = float("inf") if size_class == LAST_CLASS else 10 ** (size_class / 5)
    return low, high
