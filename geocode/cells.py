"""H3 cells, and their numbers within the code. The one module that calls `h3`, and swaps to its latitude first.

A cell number is ``base cell × 7¹⁵ + Σ digitₖ × 7¹⁵⁻ᵏ``: cells in number order are H3 cells in H3 order, so every
coarser cell is one contiguous range of numbers.
"""

from itertools import repeat

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CELL_COUNT",
    "RESOLUTION",
    "cell_boundary",
    "cell_centre",
    "cell_number",
    "cell_numbers",
    "cell_parent",
    "cell_texts",
    "cells_of",
    "is_cell_number",
    "number_cell",
]

RESOLUTION = 15
CELL_COUNT = 122 * 7**15
_BASE_SHIFT, _BASE_MASK = 45, 0x7F
_DIGIT_MASK = 0x7
# mode 1 (cell) and resolution 15, base cell and digits still zero
_HEADER = (1 << 59) | (RESOLUTION << 52)
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def cells_of(lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return the resolution-15 cells that hold the points, shape (n,)."""
    cells = map(h3.latlng_to_cell, lat_deg.tolist(), lon_deg.tolist(), repeat(RESOLUTION))
    return np.fromiter(cells, dtype=np.uint64, count=len(lon_deg))


def cell_numbers(cells: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the numbers (0 ≤ n < 122 × 7¹⁵) of resolution-15 cells, shape (n,)."""
    bits = cells.astype(np.int64)
    numbers = (bits >> _BASE_SHIFT) & _BASE_MASK
    for shift in range(3 * (RESOLUTION - 1), -1, -3):
        numbers = numbers * 7 + ((bits >> shift) & _DIGIT_MASK)
    return numbers


def cell_texts(cells: NDArray[np.uint64]) -> NDArray[np.str_]:
    """Return H3's own text of resolution-15 cells: fifteen hexadecimal digits each, shape (n,)."""
    shifts = np.arange(56, -1, -4, dtype=np.uint64)
    digits = (cells[:, None] >> shifts) & np.uint64(0xF)
    return _HEX[digits].view("S15").ravel().astype("U15") if len(cells) else np.empty(0, dtype="U15")


def cell_number(cell: int) -> int:
    """Return the number of a resolution-15 cell."""
    return int(cell_numbers(np.array([cell], dtype=np.uint64))[0])


def number_cell(number: int) -> int:
    """Return the cell that bears a number; whether H3 knows such a cell is `is_cell_number`'s answer."""
    bits = 0
    rest = number
    for shift in range(0, 3 * RESOLUTION, 3):
        rest, digit = divmod(rest, 7)
        bits |= digit << shift
    return _HEADER | (rest << _BASE_SHIFT) | bits


def is_cell_number(number: int) -> bool:
    """Tell whether a number names a cell: in range, and not in the missing seventh of a pentagon."""
    return 0 <= number < CELL_COUNT and h3.is_valid_cell(number_cell(number))


def cell_centre(cell: int) -> tuple[float, float]:
    """Return a cell's centre as longitude and latitude in degrees."""
    lat, lon = h3.cell_to_latlng(cell)
    return lon, lat


def cell_boundary(cell: int) -> list[tuple[float, float]]:
    """Return a cell's corners as (longitude, latitude) in degrees, counter-clockwise, not closed."""
    return [(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]


def cell_parent(cell: int, resolution: int) -> int:
    """Return the cell's ancestor at a coarser resolution."""
    return int(h3.cell_to_parent(cell, resolution))
