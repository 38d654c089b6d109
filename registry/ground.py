"""Ground that footprints share: how much of it is too much, and when it makes two drawings one building."""

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["OVERLAP_TOLERANCE", "SAME_IOU", "contested_ground", "is_contested", "same_ground", "shared_ground"]

SAME_IOU = 0.9
# share of the smaller footprint; the database's trigger holds the same figure
OVERLAP_TOLERANCE = 0.05
# facilities of a class cross and meet: two are in each other's way where they are the same one
_SHARED_SPACES = ("surface", "underground")


def contested_ground(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> list[tuple[int, int]]:
    """Return the pairs of positions of footprints that cannot both stand, as the database's trigger decides it.

    Parameters
    ----------
    left, right
        Valid polygons in one CRS, with the column ``space``.
    """
    here, there = (np.asarray(frame.geometry.values) for frame in (left, right))
    i, j = shapely.STRtree(there).query(here, predicate="intersects")
    space = left["space"].to_numpy()[i]
    met = is_contested(here[i], there[j], space) & (space == right["space"].to_numpy()[j])
    return list(zip(i[met].tolist(), j[met].tolist(), strict=True))


def is_contested(left: NDArray[Any], right: NDArray[Any], space: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell of pairs of footprints in one space whether they cannot both stand, as the database's trigger decides it.

    Parameters
    ----------
    left, right
        (n,) valid polygons in one CRS.
    space
        (n,) of each pair.
    """
    mine, theirs = shapely.area(left), shapely.area(right)
    most = np.where(
        np.isin(space.astype(str), _SHARED_SPACES),
        OVERLAP_TOLERANCE * np.minimum(mine, theirs),
        SAME_IOU / (1 + SAME_IOU) * (mine + theirs),
    )
    return np.asarray(shapely.area(shapely.intersection(left, right)) > most)


def same_ground(left: NDArray[Any], right: NDArray[Any]) -> list[tuple[int, int]]:
    """Return the pairs of positions whose footprints are the same building by their ground alone: IoU ≥ `SAME_IOU`.

    Parameters
    ----------
    left, right
        Valid polygons in one plane in metres.
    """
    i, j = shapely.STRtree(right).query(left, predicate="intersects")
    area = shapely.area(shapely.intersection(left[i], right[j]))
    iou = area / (shapely.area(left[i]) + shapely.area(right[j]) - area)
    alike = np.flatnonzero(iou >= SAME_IOU)
    order = alike[np.lexsort((j[alike], i[alike]))]
    return list(zip(i[order].tolist(), j[order].tolist(), strict=True))


def shared_ground(left: Any, right: Any) -> tuple[float, float]:
    """Return the ground that two footprints share: in m², and as a share of the smaller."""
    area = float(shapely.intersection(left, right).area)
    return area, area / min(left.area, right.area)
