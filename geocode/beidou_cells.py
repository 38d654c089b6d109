"""Reading BeiDou grid position codes: the cell that a text names, on the ground or in space."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import copysign, inf, nextafter
from typing import NamedTuple

from geocode.beidou_grid import LEVELS, SYMBOLS, UNITS_PER_DEG, Level
from geocode.beidou_heights import layer_edge_m, layer_span
from geocode.codes import read_letters
from geocode.errors import CodeError
from geocode.faults import read_sentences

__all__ = ["BeidouCell", "decode_beidou"]

_SENTENCES = read_sentences("geocode", "name_faults.toml")
_COLUMNS = LEVELS[0].columns
# in space the letter of the row stands one symbol later
_IN_SPACE = re.compile("[NS][01][0-9][0-9][A-Z]")
_AT_POLE = re.compile("[NS]000")


@dataclass(frozen=True, slots=True)
class BeidouCell:
    """The cell that a BeiDou grid position code names.

    Attributes
    ----------
    text
        The code as the standard writes it.
    level
        1 to 10.
    bounds_units
        West, south, east and north in whole units of 1/2048″: exact.
    west_deg, south_deg, east_deg, north_deg
        The same in degrees, CGCS2000. Few edges are doubles; each is rounded away from zero (by less than 3e-14°, or 4 nm),
        so that as doubles, too, an edge belongs to the cell that owns it.
    centre
        Longitude and latitude in degrees; its code is this one.
    height_from_m, height_to_m
        The ellipsoidal heights of a cell in space, from inclusive, to exclusive, each rounded up, so that they hold for
        doubles; None on the ground.
    """

    text: str
    level: int
    bounds_units: tuple[int, int, int, int]
    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float
    centre: tuple[float, float]
    height_from_m: float | None = None
    height_to_m: float | None = None

    @property
    def is_3d(self) -> bool:
        """Whether the code has height symbols."""
        return self.height_from_m is not None


class _Symbol(NamedTuple):
    """What can stand at one position of a code."""

    level: int
    is_height: bool
    allowed: str


def decode_beidou(text: str) -> BeidouCell:
    """Return the cell that a BeiDou grid position code names, read in any case and width, without blanks and hyphens.

    Raises
    ------
    CodeError
        The text is no code between 88° S and 88° N.

    Examples
    --------
    >>> cell = decode_beidou("N50J47539B82")
    >>> cell.level, cell.bounds_units, cell.west_deg
    (6, (857546752, 294858752, 857550848, 294862848), 116.31222222222223)
    >>> cell = decode_beidou("N050J0047050390B8020556344")
    >>> round(cell.height_from_m, 3), round(cell.height_to_m, 3)
    (49.815, 50.773)
    """
    letters = read_letters(text)
    if letters[:1] not in {"N", "S"}:
        raise CodeError(_SENTENCES.fault("beidou_hemisphere", text=text))
    if _AT_POLE.match(letters):
        raise CodeError(_SENTENCES.fault("beidou_pole", text=text))
    layout = _SPACE if _IN_SPACE.match(letters) else _GROUND
    level = _level(text, letters, layout)
    _refuse_strangers(text, letters, layout)
    values = [(symbol.is_height, SYMBOLS.index(letter)) for letter, symbol in zip(letters, layout, strict=False)]
    bounds = _bounds(text, [value for is_height, value in values if not is_height], level)
    heights = _heights(text, [value for is_height, value in values if is_height], level)
    west, south, east, north = bounds
    return BeidouCell(
        text=letters,
        level=level,
        bounds_units=bounds,
        west_deg=_edge_deg(west),
        south_deg=_edge_deg(south),
        east_deg=_edge_deg(east),
        north_deg=_edge_deg(north),
        centre=((west + east) / (2 * UNITS_PER_DEG), (south + north) / (2 * UNITS_PER_DEG)),
        height_from_m=heights[0],
        height_to_m=heights[1],
    )


def _layout(*, in_space: bool) -> list[_Symbol]:
    """Return what can stand at each position of a code of level 10."""
    symbols = [_Symbol(0, False, "NS"), *[_Symbol(0, True, "01")] * in_space]
    for number, level in enumerate(LEVELS, start=1):
        symbols += [_Symbol(number, False, allowed) for allowed in _ground_alphabets(level)]
        symbols += [_Symbol(number, True, allowed) for allowed in _height_alphabets(level)] * in_space
    return symbols


def _ground_alphabets(level: Level) -> tuple[str, ...]:
    """Return what the symbols of a level on the ground can be."""
    if level is LEVELS[0]:
        return SYMBOLS[:7], SYMBOLS[:10], SYMBOLS[10 : 10 + level.rows]
    if level.is_joined:
        return (SYMBOLS[: level.columns * level.rows],)
    return SYMBOLS[: level.columns], SYMBOLS[: level.rows]


def _height_alphabets(level: Level) -> tuple[str, ...]:
    """Return what the height symbols of a level can be: two decimal digits in the first, as 00 to 63, then one digit."""
    return (SYMBOLS[:7], SYMBOLS[:10]) if level is LEVELS[0] else (SYMBOLS[: 1 << level.height_bits],)


_GROUND, _SPACE = _layout(in_space=False), _layout(in_space=True)


def _level(text: str, letters: str, layout: Sequence[_Symbol]) -> int:
    """Return the level of a code by its length."""
    lengths = {sum(symbol.level <= level for symbol in layout): level for level in range(1, len(LEVELS) + 1)}
    if len(letters) not in lengths:
        known = ", ".join(map(str, lengths))
        raise CodeError(_SENTENCES.fault("beidou_length", text=text, found=len(letters), lengths=known))
    return lengths[len(letters)]


def _refuse_strangers(text: str, letters: str, layout: Sequence[_Symbol]) -> None:
    """Raise on the first symbol that cannot stand where it stands."""
    for position, (letter, symbol) in enumerate(zip(letters, layout, strict=False), start=1):
        if letter not in symbol.allowed:
            allowed = re.sub(r"(.).*(.)", r"\1–\2", symbol.allowed)
            raise CodeError(
                _SENTENCES.fault(
                    "beidou_symbol", text=text, position=position, letter=letter, level=symbol.level, allowed=allowed
                )
            )


def _bounds(text: str, values: Sequence[int], level: int) -> tuple[int, int, int, int]:
    """Return west, south, east and north of a cell in units of 1/2048″."""
    hemisphere, tens, ones, letter, *rest = values
    number = 10 * tens + ones
    if not 1 <= number <= _COLUMNS:
        raise CodeError(_SENTENCES.fault("beidou_column", text=text, column=f"{number:02}"))
    is_west = number <= _COLUMNS // 2
    # counted from the prime meridian and from the equator
    column = _COLUMNS // 2 - number if is_west else number - _COLUMNS // 2 - 1
    row = letter - SYMBOLS.index("A")
    steps = iter(rest)
    for each in LEVELS[1:level]:
        if each.is_joined:
            in_row, in_column = divmod(next(steps), each.columns)
        else:
            in_column, in_row = next(steps), next(steps)
        column, row = column * each.columns + in_column, row * each.rows + in_row
    west, east = _signed(column, LEVELS[level - 1].column_units, is_negative=is_west)
    south, north = _signed(row, LEVELS[level - 1].row_units, is_negative=hemisphere == SYMBOLS.index("S"))
    return west, south, east, north


def _signed(count: int, size: int, *, is_negative: bool) -> tuple[int, int]:
    """Return the edges of a column or row counted from zero, the lower first."""
    return (-(count + 1) * size, -count * size) if is_negative else (count * size, (count + 1) * size)


def _heights(text: str, values: Sequence[int], level: int) -> tuple[float, float] | tuple[None, None]:
    """Return the heights that the height symbols name, from and to in metres."""
    if not values:
        return None, None
    below, tens, ones, *rest = values
    magnitude = 10 * tens + ones
    for value, each in zip(rest, LEVELS[1:], strict=False):
        magnitude = (magnitude << each.height_bits) | value
    layers = layer_span(magnitude, level, is_below=bool(below))
    if not layers:
        raise CodeError(
            _SENTENCES.fault("beidou_height", text=text, symbols="".join(SYMBOLS[value] for value in values))
        )
    return layer_edge_m(layers[0]), layer_edge_m(layers[-1] + 1)


def _edge_deg(units: int) -> float:
    """Return the degrees of an edge, rounded away from zero."""
    nearest = units / UNITS_PER_DEG
    is_short = Fraction(abs(nearest)) * UNITS_PER_DEG < abs(units)
    return nextafter(nearest, copysign(inf, units)) if is_short else nearest
