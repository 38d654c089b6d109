"""The BeiDou grid position code (GB/T 39409-2020): the cells that hold points, on the ground and in space.

Ten levels divide the ground between 88° S and 88° N, each the cells of the one above, into columns and rows counted away
from the prime meridian and the equator. Every cell is a whole number of 1/2048″ wide and high, so the code is arithmetic
in integers: an ordinate is q = ⌊|degrees|·U⌋ with U = 3600 · 2048 = 7372800, the symbols are its quotients and remainders.

q is exact, the floor of the product that the double's binary value has. Let t = |degrees|·U, and p be t rounded to a
double. Every integer up to 180·U is a double and rounding is monotone: for integers k, t ≥ k gives p ≥ k, and t ≤ k gives
p ≤ k. So ⌊p⌋ = ⌊t⌋ unless p is an integer; there ⌊t⌋ is p where t − p ≥ 0, else p − 1. The sign is that of t − p itself:
Veltkamp splits |degrees| into a + b of at most 26 bits each; a·U and b·U are exact, as U = 225 · 2¹⁵; so is a·U − p, by
Sterbenz's lemma; and (a·U − p) + b·U is exact because a product's rounding error is a double (Dekker), nothing being near
underflow where p ≥ 1.

An edge belongs to a cell as the counting has it: the edge towards zero to the cell itself, the far one to the next.
0°, also as −0.0, is eastern and northern: the first cells west and south of it do not hold it. 180° E and 180° W are one
meridian, where the columns begin (01 to 60, “from 180° W”): it belongs to column 01.
"""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geocode.beidou_cells import BeidouCell, decode_beidou
from geocode.beidou_grid import LAT_LIMIT, LEVELS, LON_LIMIT, SYMBOLS, UNITS_PER_DEG
from geocode.beidou_heights import Layers, layers_of
from geocode.columns import number_columns
from geocode.compiled import as_texts

__all__ = ["BeidouCell", "beidou_codes", "beidou_codes_3d", "beidou_codes_at", "decode_beidou"]

# so many rows at a time stay in the processor's cache
_BLOCK_ROWS = 16384
_SPLITTER = 2.0**27 + 1
_MOST_UNITS_PER_DEG = 10**9
Values = NDArray[np.uint32]


class _Places(NamedTuple):
    """Where n points lie: whole units of 1/2048″ counted from the prime meridian and the equator, shape (n,) each."""

    column: Values
    row: Values
    is_west: NDArray[np.bool_]
    is_south: NDArray[np.bool_]
    is_known: NDArray[np.bool_]


def beidou_codes(lon_deg: ArrayLike, lat_deg: ArrayLike, *, level: int = 10) -> NDArray[np.str_]:
    """Return the codes of the cells that hold points.

    Parameters
    ----------
    lon_deg, lat_deg
        Degrees, CGCS2000, shape (n,).
    level
        1 to 10: at the equator a cell of level 5 is 124 m wide, of level 8 one metre, of level 10 1.5 cm.

    Returns
    -------
    ndarray of str, shape (n,)
        4, 6, 7, 9, 11, 12, 14, 16, 18 or 20 symbols by level; empty where a point has no code: an ordinate that is not
        finite, a longitude beyond ±180°, a latitude from 88° on, where the standard divides the ground in another way.

    Raises
    ------
    ValueError
        There is no such level, or the ordinates are no columns of one length.

    Examples
    --------
    >>> beidou_codes([116.3126027777778], [39.99316111111111], level=8).tolist()
    ['N50J47539B825534']
    """
    lon, lat = number_columns(lon_deg, lat_deg)
    return _texts(len(lon), level, lambda rows: _ground_letters(_places(lon[rows], lat[rows]), level))


def beidou_codes_at(
    lon_units: ArrayLike, lat_units: ArrayLike, *, units_per_deg: int = UNITS_PER_DEG, level: int = 10
) -> NDArray[np.str_]:
    """Return the codes of the cells that hold points given in whole units, as doubles in degrees cannot give them.

    Few edges of cells are doubles, and of decimals that stand on an edge, such as 116.4°, one double in two lies short of
    it. In whole units such points are exact.

    Parameters
    ----------
    lon_units, lat_units
        Whole numbers, east and north positive, shape (n,).
    units_per_deg
        Up to 10⁹: 7372800 for 1/2048″, as the bounds that `decode_beidou` gives, of whose corners a cell owns the one
        nearest to 0°, 0°; 10⁸ for degrees in eight decimals.
    level
        1 to 10.

    Returns
    -------
    ndarray of str, shape (n,)
        As `beidou_codes`.

    Raises
    ------
    ValueError
        There is no such level, there are more units in a degree, or the units are no columns of one length.
    TypeError
        The units are not whole numbers that 64 bits hold with their sign.

    Examples
    --------
    >>> west, south, *_ = decode_beidou("N50J47539B8255346152").bounds_units
    >>> beidou_codes_at([west], [south]).tolist()
    ['N50J47539B8255346152']
    >>> beidou_codes_at([11640], [3990], units_per_deg=100).tolist(), beidou_codes([116.40], [39.90]).tolist()
    (['N50J4759400000000000'], ['N50J475930E207070707'])
    """
    if not 1 <= units_per_deg <= _MOST_UNITS_PER_DEG:
        raise ValueError(f"a degree has 1 to {_MOST_UNITS_PER_DEG} units, not {units_per_deg}")
    lon, lat = number_columns(lon_units, lat_units, dtype=np.int64)
    return _texts(len(lon), level, lambda rows: _ground_letters(_places_at(lon[rows], lat[rows], units_per_deg), level))


def beidou_codes_3d(
    lon_deg: ArrayLike, lat_deg: ArrayLike, height_m: ArrayLike, *, level: int = 10
) -> NDArray[np.str_]:
    """Return the codes of the cells that hold points in space.

    Parameters
    ----------
    lon_deg, lat_deg
        Degrees, CGCS2000, shape (n,).
    height_m
        Ellipsoidal heights (not heights above sea level) in metres, shape (n,), or one for all.
    level
        1 to 10: near the ground a cell of level 8 is one metre high, of level 10 1.5 cm.

    Returns
    -------
    ndarray of str, shape (n,)
        7, 10, 12, 15, 18, 20, 23, 26, 29 or 32 symbols by level; empty where `beidou_codes` is, and where a height is not
        in the standard's range, −6,302,106.7 m to 528,680,171.1 m.

    Raises
    ------
    ValueError
        There is no such level, or the ordinates are no columns of one length.

    Examples
    --------
    >>> beidou_codes_3d([116.3126027777778], [39.99316111111111], 50, level=8).tolist()
    ['N050J0047050390B8020556344']
    """
    lon, lat = number_columns(lon_deg, lat_deg)
    height = np.broadcast_to(np.asarray(height_m, dtype=np.float64), lon.shape)

    def letters(rows: slice) -> NDArray[np.uint32]:
        return _space_letters(_places(lon[rows], lat[rows]), layers_of(height[rows]), level)

    return _texts(len(lon), level, letters)


def _texts(count: int, level: int, letters: Callable[[slice], NDArray[np.uint32]]) -> NDArray[np.str_]:
    """Return the texts whose code points `letters` gives for a slice of rows."""
    if not 1 <= level <= len(LEVELS):
        raise ValueError(f"the levels are 1 to {len(LEVELS)}, not {level}")
    starts = range(0, max(count, 1), _BLOCK_ROWS)
    return as_texts(np.concatenate([letters(slice(start, start + _BLOCK_ROWS)) for start in starts]))


def _places(lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]) -> _Places:
    """Return where points given in degrees lie."""
    is_known = (np.abs(lon_deg) <= LON_LIMIT / UNITS_PER_DEG) & (np.abs(lat_deg) < LAT_LIMIT / UNITS_PER_DEG)
    lon, lat = np.where(is_known, lon_deg, 0.0), np.where(is_known, lat_deg, 0.0)
    return _begun_at_180(_Places(_units(np.abs(lon)), _units(np.abs(lat)), lon < 0, lat < 0, is_known))


def _places_at(lon: NDArray[np.int64], lat: NDArray[np.int64], units_per_deg: int) -> _Places:
    """Return where points given in whole units lie; no product goes beyond 180 · 10⁹ · U < 2⁶³."""
    lon_limit, lat_limit = (units_per_deg * limit // UNITS_PER_DEG for limit in (LON_LIMIT, LAT_LIMIT))
    is_known = (lon >= -lon_limit) & (lon <= lon_limit) & (lat > -lat_limit) & (lat < lat_limit)
    lon, lat = np.where(is_known, lon, 0), np.where(is_known, lat, 0)
    column, row = ((np.abs(units) * UNITS_PER_DEG // units_per_deg).astype(np.uint32) for units in (lon, lat))
    return _begun_at_180(_Places(column, row, lon < 0, lat < 0, is_known))


def _begun_at_180(places: _Places) -> _Places:
    """Return the places with those on the 180th meridian in the first column east of it."""
    is_on = places.column == LON_LIMIT
    return places._replace(column=places.column - is_on, is_west=places.is_west | is_on)


def _units(degrees: NDArray[np.float64]) -> Values:
    """Return ⌊degrees · U⌋ exactly, for 0 ≤ degrees ≤ 180."""
    product = degrees * UNITS_PER_DEG
    units = product.astype(np.uint32)
    whole = np.flatnonzero(product == units)
    high = degrees[whole] * _SPLITTER
    high -= high - degrees[whole]
    low = degrees[whole] - high
    residue = (high * UNITS_PER_DEG - product[whole]) + low * UNITS_PER_DEG
    units[whole] -= residue < 0
    return units


def _ground_letters(places: _Places, level: int) -> NDArray[np.uint32]:
    return _letters(chain(*_ground_symbols(places, level)), places.is_known)


def _space_letters(places: _Places, layers: Layers, level: int) -> NDArray[np.uint32]:
    pairs = zip(_ground_symbols(places, level), _height_symbols(layers, level), strict=True)
    return _letters(chain(*(ground + height for ground, height in pairs)), places.is_known & layers.is_known)


def _ground_symbols(places: _Places, level: int) -> list[list[NDArray[Any]]]:
    """Return the values of the symbols on the ground: the hemisphere's, then those of each level."""
    column, row = places.column // LEVELS[level - 1].column_units, places.row // LEVELS[level - 1].row_units
    symbols = []
    for each in reversed(LEVELS[1:level]):
        column, in_column = np.divmod(column, each.columns)
        row, in_row = np.divmod(row, each.rows)
        symbols.append([in_row * each.columns + in_column] if each.is_joined else [in_column, in_row])
    half = LEVELS[0].columns // 2
    number = np.where(places.is_west, half - column, half + 1 + column)
    hemisphere = np.where(places.is_south, SYMBOLS.index("S"), SYMBOLS.index("N"))
    return [[hemisphere], [*np.divmod(number, 10), row + SYMBOLS.index("A")], *reversed(symbols)]


def _height_symbols(layers: Layers, level: int) -> list[list[NDArray[Any]]]:
    """Return the values of the height symbols: above or below the ellipsoid, then those of each level."""
    magnitude = np.abs(layers.number).astype(np.uint32) >> sum(each.height_bits for each in LEVELS[level:])
    symbols = []
    for each in reversed(LEVELS[1:level]):
        symbols.append([magnitude & ((1 << each.height_bits) - 1)])
        magnitude = magnitude >> each.height_bits
    # 00 to 63: decimal, though it is six bits
    return [[layers.number < 0], [*np.divmod(magnitude, 10)], *reversed(symbols)]


def _letters(symbols: Iterable[NDArray[Any]], is_known: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Return the code points of rows of symbols given by their values, zeros (an empty text) where there is no code."""
    letters = np.column_stack([values.astype(np.uint8) for values in symbols])
    # in ASCII seven characters stand between 9 and A
    letters += ord("0") + 7 * (letters >= SYMBOLS.index("A")).astype(np.uint8)
    letters[~is_known] = 0
    return letters.astype(np.uint32)
