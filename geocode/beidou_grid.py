"""The levels of GB/T 39409-2020: how each divides the cells of the one above, in units of 1/2048″."""

from itertools import accumulate
from operator import floordiv
from typing import NamedTuple

__all__ = ["LAT_LIMIT", "LEVELS", "LON_LIMIT", "SYMBOLS", "UNITS_PER_DEG", "Level"]

# value = position; digits up to base 16, the rows of level 1 from A (10), and the hemispheres N and S
SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
UNITS_PER_DEG = 3600 * 2048
LON_LIMIT, LAT_LIMIT = 180 * UNITS_PER_DEG, 88 * UNITS_PER_DEG


class Level(NamedTuple):
    """One level.

    Attributes
    ----------
    columns, rows
        Into how many columns and rows a cell of the level above is divided; the first level divides each hemisphere.
    is_joined
        Whether column and row are written as one digit, row × columns + column.
    height_bits
        How many bits of the height layer the level adds.
    column_units, row_units
        Width and height of a cell in units of 1/2048″.
    """

    columns: int
    rows: int
    is_joined: bool
    height_bits: int
    column_units: int
    row_units: int


_DIVISIONS = (
    (60, 22, False, 6),
    (12, 8, False, 3),
    (2, 3, True, 1),
    (15, 10, False, 4),
    (15, 15, False, 4),
    (2, 2, True, 1),
    (8, 8, False, 3),
    (8, 8, False, 3),
    (8, 8, False, 3),
    (8, 8, False, 3),
)
_COLUMN_UNITS = accumulate((row[0] for row in _DIVISIONS[1:]), floordiv, initial=6 * UNITS_PER_DEG)
_ROW_UNITS = accumulate((row[1] for row in _DIVISIONS[1:]), floordiv, initial=4 * UNITS_PER_DEG)
# level 1 at index 0
LEVELS = tuple(
    Level(*division, width, height)
    for division, width, height in zip(_DIVISIONS, _COLUMN_UNITS, _ROW_UNITS, strict=True)
)
