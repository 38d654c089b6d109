"""The ground that footprints cover as a map: the cells in which they stand, about 0.1 km² each, and how large those are.

A single house shows no more than its own surroundings; a town, cell by cell, is continuous coverage.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.cells import cell_area_m2, cell_parent, cells_of

__all__ = ["area_km2", "cells_covered"]

_RESOLUTION = 9
_KM2 = 1e6


def cells_covered(footprints: NDArray[Any]) -> set[str]:
    """Return the H3 cells of resolution 9, in hexadecimal, that hold the centroids of EPSG:4490 footprints."""
    centroids = shapely.centroid(footprints)
    places = np.unique(cells_of(shapely.get_x(centroids), shapely.get_y(centroids)))
    return {f"{cell_parent(int(cell), _RESOLUTION):x}" for cell in places}


def area_km2(cells: Iterable[str]) -> float:
    """Return the area of cells on the sphere, in km²."""
    return sum(cell_area_m2(int(cell, 16)) for cell in cells) / _KM2
