"""Bounding boxes of many geometries, as the statements take them."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["boxes"]


# a straight edge of the plane bows in degrees, by 7 mm over 600 m: candidates are looked for 10 cm further
_MARGIN_DEG = 1e-6


def boxes(geometries: NDArray[Any]) -> dict[str, list[float]]:
    """Return the bounds of EPSG:4490 geometries as four lists in degrees, with a margin: west, south, east, north."""
    bounds = shapely.bounds(geometries).reshape(-1, 4) + _MARGIN_DEG * np.array([-1, -1, 1, 1])
    return {side: bounds[:, i].tolist() for i, side in enumerate(("west", "south", "east", "north"))}
