"""The slope of terrain, by Horn's method (1981): the one that maps of slopes are drawn by."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["slope_deg"]

Floats: TypeAlias = NDArray[np.float64]


def slope_deg(heights_m: Floats, cell_x_m: float, cell_y_m: float) -> Floats:
    """Return the slope of each cell that has eight neighbours, in degrees.

    Parameters
    ----------
    heights_m
        Heights in metres, shape (n, m), NaN where there are none.
    cell_x_m, cell_y_m
        The size of a cell in metres.

    Returns
    -------
    Floats
        Shape (n - 2, m - 2): without the outermost cells; NaN where the cell or a neighbour has no height.
    """
    down = heights_m[:-2] + 2 * heights_m[1:-1] + heights_m[2:]
    across = heights_m[:, :-2] + 2 * heights_m[:, 1:-1] + heights_m[:, 2:]
    east = (down[:, 2:] - down[:, :-2]) / (8 * cell_x_m)
    south = (across[2:] - across[:-2]) / (8 * cell_y_m)
    slopes = np.degrees(np.arctan(np.hypot(east, south)))
    return np.where(np.isnan(heights_m[1:-1, 1:-1]), np.nan, slopes)
