"""H3 cells, and their numbers within the code. The one module that calls `h3`, and swaps to its latitude first.

A cell number is ``base cell × 7¹⁵ + Σ digitₖ × 7¹⁵⁻ᵏ``: cells in number order are H3 cells in H3 order, so every
coarser cell is one contiguous range of numbers.
"""

from functools import lru_cache
from itertools import repeat
from typing import Any

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from geocode.cell_filter import CellFilter, learn
from geocode.compiled import as_texts, compiled

__all__ = [
    "CELL_COUNT",
    "RESOLUTION",
    "cell_area_m2",
    "cell_boundary",
    "cell_centre",
    "cell_descendants",
    "cell_number",
    "cell_numbers",
    "cell_parent",
    "cell_resolution",
    "cell_texts",
    "cells_of",
    "cells_on",
    "cells_within",
    "is_cell",
    "is_cell_number",
    "number_cell",
]

RESOLUTION = 15
CELL_COUNT = 122 * 7**15
_BASE_SHIFT, _BASE_MASK = 45, 0x7F
_DIGIT_MASK = 0x7
_RESOLUTION_MASK = RESOLUTION << 52
# mode 1 (cell) and resolution 15, base cell and digits still zero
_HEADER = (1 << 59) | (RESOLUTION << 52)
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8).astype(np.uint32)
_TEXT_LENGTH = 15


@compiled("void(u8[::1], i8[::1])")
def _cell_numbers(cells: Any, numbers: Any) -> None:
    """Write the numbers of the cells."""
    for row in range(cells.size):
        bits = np.int64(cells[row])
        number = (bits >> _BASE_SHIFT) & _BASE_MASK
        for shift in range(3 * (RESOLUTION - 1), -1, -3):
            number = number * 7 + ((bits >> shift) & _DIGIT_MASK)
        numbers[row] = number


@compiled("void(u8[::1], u4[:, ::1])")
def _cell_texts(cells: Any, letters: Any) -> None:
    """Write the hexadecimal digits of the cells, as code points."""
    for row in range(cells.size):
        bits = cells[row]
        for place in range(_TEXT_LENGTH - 1, -1, -1):
            letters[row, place] = _HEX[bits & 0xF]
            bits >>= 4


def cells_of(lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return the resolution-15 cells that hold the points, shape (n,)."""
    cells = _filter().cells_of(lon_deg, lat_deg)
    doubtful = np.flatnonzero(cells == 0)
    cells[doubtful] = _cells_by_h3(lon_deg[doubtful], lat_deg[doubtful])
    return cells


@lru_cache(maxsize=1)
def _filter() -> CellFilter:
    """Return the filter that tells most cells; learning it takes some 15 ms."""
    return learn(np.array([cell_centre(cell) for cell in h3.get_pentagons(0)]), _cells_by_h3)


def _cells_by_h3(lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return the cells as H3 itself tells them, one by one."""
    points = map(h3.latlng_to_cell, lat_deg.tolist(), lon_deg.tolist(), repeat(RESOLUTION))
    return np.fromiter(points, dtype=np.uint64, count=len(lon_deg))


def cell_numbers(cells: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the numbers (0 ≤ n < 122 × 7¹⁵) of resolution-15 cells, shape (n,)."""
    numbers = np.empty(len(cells), dtype=np.int64)
    _cell_numbers(cells, numbers)
    return numbers


def cell_texts(cells: NDArray[np.uint64]) -> NDArray[np.str_]:
    """Return H3's own text of resolution-15 cells: fifteen hexadecimal digits each, shape (n,)."""
    letters = np.empty((len(cells), _TEXT_LENGTH), dtype=np.uint32)
    _cell_texts(cells, letters)
    return as_texts(letters)


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


@lru_cache(maxsize=1_024)
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


def cells_within(polygon: Any, resolution: int) -> list[int]:
    """Return the cells of a resolution that lie whole in a polygon in longitude and latitude, in their order."""
    return sorted(h3.polygon_to_cells_experimental(h3.geo_to_h3shape(polygon), resolution, contain="full"))


def cells_on(west: float, south: float, east: float, north: float, resolution: int) -> list[int]:
    """Return the cells of a resolution that have ground in common with a box in degrees, in their order."""
    corners = [(south, west), (south, east), (north, east), (north, west)]
    return sorted(h3.polygon_to_cells_experimental(h3.LatLngPoly(corners), resolution, contain="overlap"))


def cell_descendants(cell: int) -> tuple[int, int]:
    """Return the first and last of the cells of resolution 15 that a cell divides into: all between are of it, and no others."""
    missing = 3 * (RESOLUTION - cell_resolution(cell))
    first = (cell | _RESOLUTION_MASK) >> missing << missing
    # a digit of a cell is 0 to 6
    return first, first | sum(6 << shift for shift in range(0, missing, 3))


def cell_parent(cell: int, resolution: int) -> int:
    """Return the cell's ancestor at a coarser resolution."""
    return int(h3.cell_to_parent(cell, resolution))


def cell_area_m2(cell: int) -> float:
    """Return a cell's area on the sphere that H3 is drawn on, in m²."""
    return float(h3.cell_area(cell, unit="m^2"))


def is_cell(cell: int) -> bool:
    """Tell whether 64 bits are a cell of any resolution."""
    return bool(h3.is_valid_cell(cell))


def cell_resolution(cell: int) -> int:
    """Return a cell's resolution, 0 to 15."""
    return int(h3.get_resolution(cell))
