"""Ground that footprints share: how much of it is too much, and when it makes two drawings one building."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["OVERLAP_TOLERANCE", "SAME_IOU", "same_ground", "shared_ground"]

SAME_IOU = 0.9
# share of the smaller footprint; the database's trigger holds the same figure
OVERLAP_TOLERANCE = 0.05


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
