"""Bounding boxes of many geometries, as the statements take them."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["boxes", "fewer_boxes"]


# a straight edge of the plane bows in degrees, by 7 mm over 600 m: candidates are looked for 10 cm further
_MARGIN_DEG = 1e-6
# less than a degree of latitude has anywhere
_M_PER_DEG = 110_000.0
_NEAR_POLE_DEG = 89.0
# of the grid in which neighbours are looked for together: some hundred metres
_CELLS_PER_DEG = 200
_WORTH_IT = 4


def boxes(geometries: NDArray[Any], *, reach_m: float = 0.0) -> dict[str, list[float]]:
    """Return the bounds of EPSG:4490 geometries as four lists in degrees, with a margin: west, south, east, north.

    Parameters
    ----------
    reach_m
        What lies within this distance of a geometry lies within its box.
    """
    bounds = shapely.bounds(geometries).reshape(-1, 4)
    lat_deg = np.minimum(np.abs(bounds[:, [1, 3]]).max(axis=1, initial=0.0) + reach_m / _M_PER_DEG, _NEAR_POLE_DEG)
    north = reach_m / _M_PER_DEG + _MARGIN_DEG
    east = reach_m / _M_PER_DEG / np.cos(np.radians(lat_deg)) + _MARGIN_DEG
    bounds = bounds + np.column_stack([-east, np.full(len(east), -north), east, np.full(len(east), north)])
    return {side: bounds[:, i].tolist() for i, side in enumerate(("west", "south", "east", "north"))}


def fewer_boxes(asked: dict[str, list[float]]) -> dict[str, list[float]]:
    """Return fewer boxes that cover those asked for, in a grid, where neighbours are many; else the same ones.

    A building in a street would be found by the box of each of its neighbours, one after the other.
    """
    bounds = np.array([*asked.values()]) * _CELLS_PER_DEG
    cells = np.unique(np.floor(bounds), axis=1)
    if cells.shape[1] * _WORTH_IT > bounds.shape[1]:
        return asked
    cells[2:] += 1
    return {side: (each / _CELLS_PER_DEG).tolist() for side, each in zip(asked, cells, strict=True)}
