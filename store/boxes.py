"""Bounding boxes of many geometries, as the statements take them."""

from typing import Any

import shapely
from numpy.typing import NDArray

__all__ = ["boxes"]


def boxes(geometries: NDArray[Any]) -> dict[str, list[float]]:
    """Return the bounds of EPSG:4490 geometries as four lists in degrees: west, south, east, north."""
    bounds = shapely.bounds(geometries).reshape(-1, 4)
    return {side: bounds[:, i].tolist() for i, side in enumerate(("west", "south", "east", "north"))}
