"""Geometries from one CRS into another, by the gates of both."""

from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from geocode.crs import CrsInput, crs_gate

__all__ = ["move"]

# between points this near, an edge is as straight in one plane as in another: 0.2 mm off
_NEAR_M, _NEAR_DEG = 100.0, 0.001


def move(geometries: NDArray[Any], source: CrsInput | None, target: CrsInput | None) -> NDArray[Any]:
    """Return geometries in another CRS, long edges given points in between; as they are where the two are the same.

    Ordinates are infinite where a point has no place.

    Raises
    ------
    CrsError
        The gate refuses one of the two, which is more than asking whether they are the same.
    """
    here, there = crs_gate(source), crs_gate(target)
    source, target = pyproj.CRS.from_user_input(source), pyproj.CRS.from_user_input(target)
    if source.equals(target, ignore_axis_order=True):
        return geometries
    dense = shapely.segmentize(geometries, _NEAR_DEG if source.is_geographic else _NEAR_M)
    return np.asarray(
        shapely.transform(dense, lambda xy: np.column_stack(there.from_lonlat(*here.to_lonlat(xy[:, 0], xy[:, 1]))))
    )
