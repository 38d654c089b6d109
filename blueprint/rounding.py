"""Numbers as they are printed: rounded half up after conversion, so that printed parts add up to the printed total.

The total is rounded by itself. Each part is first rounded down; the units that are then missing go to the parts with the
largest remainders, to the first of equals. So no part is a unit or more from what it is, and of two parts the larger is
never printed as the smaller. All of it in exact fractions of the decimal numbers that are read.
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction

__all__ = ["AreaUnit", "round_half_up", "round_parts"]

_HALF = Fraction(1, 2)


class AreaUnit(StrEnum):
    """A unit in which areas are printed; a mu 亩 is 2000/3 m²."""

    SQUARE_METRE = "m2"
    HECTARE = "ha"
    MU = "mu"

    @property
    def square_metres(self) -> Fraction:
        """How many square metres it is, exactly."""
        return _SQUARE_METRES[self]


_SQUARE_METRES = {
    AreaUnit.SQUARE_METRE: Fraction(1),
    AreaUnit.HECTARE: Fraction(10_000),
    AreaUnit.MU: Fraction(2_000, 3),
}


def round_half_up(value: float, *, decimals: int, unit: AreaUnit = AreaUnit.SQUARE_METRE) -> float:
    """Return a number, of square metres where a unit is given, in that unit and rounded, halves away from zero."""
    return _printed(_half_up(_exact(value) / unit.square_metres * 10**decimals), decimals)


def round_parts(
    parts: Sequence[float],
    *,
    decimals: int,
    total: float | None = None,
    unit: AreaUnit = AreaUnit.SQUARE_METRE,
) -> list[float]:
    """Return parts of a whole as they are printed, in their order: they add up to the rounded total to the last digit.

    Parameters
    ----------
    parts
        Numbers that are not negative; square metres where a unit is given.
    total
        What the parts are brought to in proportion; their own sum where None.

    Raises
    ------
    ValueError
        A part is negative or no finite number.
    """
    exact = [_exact(part) for part in parts]
    if any(part < 0 for part in exact):
        raise ValueError(f"The part {min(parts)} is none: give numbers that are finite and not negative.")
    whole = sum(exact, Fraction(0))
    share = Fraction(1) if total is None or not whole else _exact(total) / whole
    scaled = [part * share / unit.square_metres * 10**decimals for part in exact]
    printed = [math.floor(part) for part in scaled]
    missing = _half_up(sum(scaled, Fraction(0))) - sum(printed)
    by_remainder = sorted(range(len(scaled)), key=lambda i: (printed[i] - scaled[i], i))
    for i in by_remainder[:missing]:
        printed[i] += 1
    return [_printed(part, decimals) for part in printed]


def _exact(value: float) -> Fraction:
    """Return the shortest decimal number that is the same float, as people read it: 2.675 and not 2.67499."""
    if not math.isfinite(value):
        raise ValueError(f"{value!r} is no number to print: give one that is finite and not negative.")
    return Fraction(repr(float(value)))


def _half_up(value: Fraction) -> int:
    return math.floor(value + _HALF) if value >= 0 else -math.floor(_HALF - value)


def _printed(units: int, decimals: int) -> float:
    return float(Fraction(units, 10**decimals))
