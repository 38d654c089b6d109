"""Plus Codes (Open Location Code): a point's cell by arithmetic in integers, and what a code's text says.

The grid's lines are integers: latitude in units of 1/25,000,000° from the south pole, longitude in units of 1/8,192,000°
from the antimeridian; a code of any length is made of the two integers alone. Google's sources of 2025 make
them by ``floor(degrees × units)``, where the product's rounding puts points that stand on a line into the cell beside it
(13 of the 302 official test points). Here a point counts as on a line when its double is the line's double.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geocode.columns import number_columns
from geocode.errors import CodeError
from geocode.faults import read_sentences

__all__ = ["PlusCell", "PlusCodeArea", "cell_units", "decode_plus_code", "plus_codes", "plus_texts", "read_plus_code"]

ALPHABET = "23456789CFGHJMPQRVWX"
LAT_UNITS_PER_DEG, LON_UNITS_PER_DEG = 25_000_000, 8_192_000
LAT_UNITS, LON_UNITS = 180 * LAT_UNITS_PER_DEG, 360 * LON_UNITS_PER_DEG
_LENGTHS = (2, 4, 6, 8, *range(10, 16))
_BASE, _GRID_ROWS, _GRID_COLUMNS = 20, 5, 4
_PAIRS, _LONGEST = 10, 15
_SEPARATOR_AT = 8
_LETTERS = np.array(list(ALPHABET))
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
# letters in pairs, zeros for what is left out, the plus, and never one letter alone behind it
_FULL = re.compile(rf"[{ALPHABET}]{{8}}\+(?:[{ALPHABET}]{{2,}})?|(?=.{{8}}\+)(?:[{ALPHABET}]{{2}})+0+\+")
_SHORT = re.compile(rf"(?=..)(?:[{ALPHABET}]{{2}}){{0,3}}\+(?:[{ALPHABET}]{{2,}})?")
_STRANGER = re.compile(rf"[^{ALPHABET}0+]")
_SENTENCES = read_sentences("geocode", "name_faults.toml")


@dataclass(frozen=True, slots=True)
class PlusCodeArea:
    """The cell that a Plus Code names, in degrees.

    Attributes
    ----------
    text
        The code in upper case, at most fifteen digits: what stands behind them says nothing.
    length
        Its digits, padding not counted.
    west_deg, south_deg, east_deg, north_deg
        The cell's edges, each the double nearest to it. The western and southern edge belong to the cell.
    centre
        The cell's centre, longitude and latitude.
    """

    text: str
    length: int
    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float
    centre: tuple[float, float]


class PlusCell(NamedTuple):
    """A cell by its place in the grid of its length: rows from the south pole, columns from the antimeridian."""

    text: str
    length: int
    row: int
    column: int

    @property
    def area(self) -> PlusCodeArea:
        """The cell in degrees."""
        west_deg, south_deg, east_deg, north_deg = self.bounds_deg()
        centre = self._lon_deg(self.column + 0.5), self._lat_deg(self.row + 0.5)
        return PlusCodeArea(self.text, self.length, west_deg, south_deg, east_deg, north_deg, centre)

    def bounds_deg(
        self, *, north: int = 0, east: int = 0, south: int = 0, west: int = 0
    ) -> tuple[float, float, float, float]:
        """Return west, south, east, north of the cell, or of it and so many cells on each side, each rounded once."""
        return (
            self._lon_deg(self.column - west),
            self._lat_deg(self.row - south),
            self._lon_deg(self.column + 1 + east),
            self._lat_deg(self.row + 1 + north),
        )

    def _lon_deg(self, column: float) -> float:
        return (column * cell_units(self.length)[1] - LON_UNITS // 2) / LON_UNITS_PER_DEG

    def _lat_deg(self, row: float) -> float:
        return (row * cell_units(self.length)[0] - LAT_UNITS // 2) / LAT_UNITS_PER_DEG


def plus_codes(lon_deg: ArrayLike, lat_deg: ArrayLike, *, length: int = 11) -> NDArray[np.str_]:
    """Return the Plus Codes of the cells that hold the points.

    Parameters
    ----------
    lon_deg, lat_deg
        Degrees, shape (n,). A longitude beyond ±180° is brought back by whole turns, a latitude beyond ±90° to the pole;
        the north pole belongs to the cell south of it.
    length
        Digits: 2, 4, 6, 8 or 10 to 15; more are taken for 15. Eleven name a cell of 3.5 m × 2.8 m at the equator, ten
        one of 14 m × 14 m.

    Returns
    -------
    ndarray of str, shape (n,)
        Empty where an ordinate is not finite.

    Raises
    ------
    ValueError
        No Plus Code has such a length, or the ordinates are no columns of one length.

    Notes
    -----
    A degree x becomes the largest integer k with double(k / units per degree) ≤ x. So a cell's corner as
    `decode_plus_code` gives it lies in the cell, and a greater ordinate never lies in an earlier cell. It is also the
    exact floor of a decimal of up to twelve decimals: such a decimal and a line differ by nothing or by at least
    1 / (2¹⁶ · 5¹²) = 6e-14°, more than the doubles there are apart (2⁻⁴⁵ = 3e-14°), hence so do their doubles. A
    footprint's centroid, of eight decimals, has therefore the code that exact integers would give it.

    Examples
    --------
    >>> plus_codes([8.524997], [47.365590]).tolist()
    ['8FVC9G8F+6XQ']
    """
    length = min(length, _LONGEST)
    lat_units, lon_units = cell_units(length)
    lon_deg, lat_deg = number_columns(lon_deg, lat_deg)
    lat = _lines(lat_deg, LAT_UNITS_PER_DEG) + LAT_UNITS // 2
    lon = _lines(lon_deg, LON_UNITS_PER_DEG) + LON_UNITS // 2
    known = np.isfinite(lat) & np.isfinite(lon)
    row = np.clip(np.where(known, lat, 0), 0, LAT_UNITS - 1).astype(np.int64) // lat_units
    column = np.mod(np.where(known, lon, 0), LON_UNITS).astype(np.int64) // lon_units
    return np.where(known, plus_texts(row, column, length), "")


def decode_plus_code(text: str) -> PlusCodeArea:
    """Return the cell that a full Plus Code names, read in any case and width, blanks dropped.

    Raises
    ------
    CodeError
        The text is no Plus Code, or a short one, which names a cell only near a place that is not given.

    Examples
    --------
    >>> decode_plus_code("8fvc9g8f+6x").centre
    (8.5249375, 47.3655625)
    """
    return read_plus_code(text).area


def read_plus_code(text: str) -> PlusCell:
    """Return the place in the grid of the cell that a full Plus Code names.

    Raises
    ------
    CodeError
        As `decode_plus_code`.
    """
    code = "".join(unicodedata.normalize("NFKC", text).upper().split())
    if not _FULL.fullmatch(code):
        _refuse(text, code)
    digits = code.replace("+", "").rstrip("0")[:_LONGEST]
    values = [_VALUES[digit] for digit in digits]
    row = column = 0
    for lat_value, lon_value in zip(values[:_PAIRS:2], values[1:_PAIRS:2], strict=True):
        row, column = row * _BASE + lat_value, column * _BASE + lon_value
    for value in values[_PAIRS:]:
        row = row * _GRID_ROWS + value // _GRID_COLUMNS
        column = column * _GRID_COLUMNS + value % _GRID_COLUMNS
    lat_units, lon_units = cell_units(len(digits))
    if row * lat_units >= LAT_UNITS or column * lon_units >= LON_UNITS:
        raise CodeError(_SENTENCES.fault("plus_code_place", text=text))
    return PlusCell(code[: max(len(digits), _SEPARATOR_AT) + 1], len(digits), row, column)


def cell_units(length: int) -> tuple[int, int]:
    """Return the height and the width, in units of latitude and longitude, of the cells of codes of a length.

    Raises
    ------
    ValueError
        No Plus Code has such a length.
    """
    if length not in _LENGTHS:
        raise ValueError(f"{length} is no length of a Plus Code: take 2, 4, 6, 8 or 10 to 15")
    pairs = _BASE ** max((_PAIRS - length) // 2, 0)
    grid = min(_LONGEST - length, _LONGEST - _PAIRS)
    return pairs * _GRID_ROWS**grid, pairs * _GRID_COLUMNS**grid


def plus_texts(rows: NDArray[np.int64], columns: NDArray[np.int64], length: int) -> NDArray[np.str_]:
    """Return the codes of cells given by their places in the grid of a length, shape (n,)."""
    width = max(length, _SEPARATOR_AT) + 1
    letters = np.full((len(rows), width), "0")
    letters[:, _SEPARATOR_AT] = "+"
    row, column = rows, columns
    for at in range(length, _PAIRS, -1):
        row, row_value = np.divmod(row, _GRID_ROWS)
        column, column_value = np.divmod(column, _GRID_COLUMNS)
        letters[:, at] = _LETTERS[row_value * _GRID_COLUMNS + column_value]
    for at in range(min(length, _PAIRS) - 2, -1, -2):
        row, row_value = np.divmod(row, _BASE)
        column, column_value = np.divmod(column, _BASE)
        # the fifth pair stands behind the plus
        after = int(at >= _SEPARATOR_AT)
        letters[:, at + after], letters[:, at + after + 1] = _LETTERS[row_value], _LETTERS[column_value]
    return letters.view(f"U{width}").ravel() if len(rows) else np.empty(0, dtype=f"U{width}")


def _lines(degrees: NDArray[np.float64], units_per_deg: int) -> NDArray[np.float64]:
    """Return, as whole doubles, the last lines whose doubles are not above the ordinates."""
    with np.errstate(over="ignore"):
        # the product, rounded once, is at most one line off
        line = np.floor(degrees * units_per_deg)
    return np.asarray(line + ((line + 1) / units_per_deg <= degrees) - (line / units_per_deg > degrees))


def _refuse(text: str, code: str) -> None:
    """Raise on a text that is no full code, saying in what."""
    stranger = _STRANGER.search(code)
    if stranger:
        position = stranger.start() + 1
        raise CodeError(_SENTENCES.fault("plus_code_letter", text=text, letter=stranger[0], position=position))
    raise CodeError(_SENTENCES.fault("plus_code_short" if _SHORT.fullmatch(code) else "plus_code_form", text=text))
