"""Numbers as they are printed: rounded half up after conversion, so that printed parts add up to the printed total.

The total is rounded by itself. Each part is first rounded down; the units that are then missing go to the parts with the
largest remainders, to the first of equals. So no part is a unit or more from what it is, and of two parts the larger is
never printed as the smaller. All of it in exact fractions of the decimal numbers that are read.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

__all__ = ["AreaUnit", "round_half_up", "round_parts"]


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
    (units,), step = _whole([value])
    rounded = _half_up(abs(units), step * 10**decimals / unit.square_metres)
    return _printed(rounded if units >= 0 else -rounded, decimals)


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
    units, step = _whole(parts)
    if any(part < 0 for part in units):
        raise ValueError(f"The part {min(parts)} is none: give numbers that are finite and not negative.")
    whole = sum(units)
    if total is not None and whole:
        step = Fraction(repr(float(total))) / whole
    step *= 10**decimals / unit.square_metres
    floors = [divmod(part * step.numerator, step.denominator) for part in units]
    printed = [floor for floor, _ in floors]
    missing = _half_up(whole, step) - sum(printed)
    for i in sorted(range(len(units)), key=lambda i: (-floors[i][1], i))[:missing]:
        printed[i] += 1
    return [_printed(part, decimals) for part in printed]


def _whole(values: Sequence[float]) -> tuple[list[int], Fraction]:
    """Return numbers as whole multiples of a power of ten, and that power.

    Each is taken as the shortest decimal number that is the same float, as people read it: 2.675 and not 2.67499.
    """
    if not all(map(math.isfinite, values)):
        raise ValueError(f"{list(values)!r} are no numbers to print: give some that are finite and not negative.")
    exact = [Decimal(repr(float(value))) for value in values]
    places = max((-int(each.as_tuple().exponent) for each in exact), default=0)
    return [int(each.scaleb(places)) for each in exact], Fraction(1) / Fraction(10) ** places


def _half_up(units: int, step: Fraction) -> int:
    """Return so many steps, not negative, as a whole number."""
    return (2 * units * step.numerator + step.denominator) // (2 * step.denominator)


def _printed(units: int, decimals: int) -> float:
    return float(units / 10**decimals)
