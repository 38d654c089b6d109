"""Sums of a filter, which never fail: what cannot be computed is unknown, whatever the row.

An error would tell that there is such a row, also to someone who does not see it. So every operand has a size between
`SMALLEST` and `LARGEST` or is nothing, and an expression has so few of them that no result leaves the numbers there are.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Double, Numeric, case, cast, func, literal

from store.query_faults import refused

__all__ = ["OPERATORS", "Amount", "computed", "of_column", "of_literal"]

LARGEST, SMALLEST = 1e18, 1e-18
MOST_OPERANDS = 10
_LARGEST_INTEGER = 2**63 - 1


class Amount(NamedTuple):
    """A number of the filter: what the database computes, of how many operands; the number where it stands in the filter."""

    value: ColumnElement[Any]
    operands: int
    number: float | None = None


def of_literal(number: float) -> Amount:
    """Return a number of the filter; an integer stays one, so that an index of integers answers.

    Raises
    ------
    QueryError
        It is larger than numbers are.
    """
    if isinstance(number, int) and abs(number) <= _LARGEST_INTEGER:
        return Amount(literal(number, BigInteger()), 1, number)
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise refused("filter_value", place="number", found=str(number), wanted="number")
    return Amount(literal(value, Double()), 1, value)


def of_column(column: ColumnElement[Any]) -> Amount:
    """Return the numbers of a column."""
    return Amount(column, 1)


def computed(name: str, left: Amount, right: Amount) -> Amount:
    """Return what an operator makes of two numbers, as a floating-point number.

    Raises
    ------
    QueryError
        There are too many operands, one of them is too large or too small, or an exponent is none of the filter's numbers.
    """
    if name == "^":
        return _power(left, right)
    operands = _counted(name, left.operands + right.operands)
    return Amount(OPERATORS[name](_operand(left), _operand(right)), operands)


def _counted(name: str, operands: int) -> int:
    if operands > MOST_OPERANDS:
        raise refused("filter_arguments", place=name, name=name, wanted=f"≤ {MOST_OPERANDS}", found=operands)
    return operands


def _operand(amount: Amount) -> ColumnElement[Any]:
    """Return a number as an operand: floating, and neither too large nor too small."""
    value: ColumnElement[Any] = cast(amount.value, Double)
    if amount.operands > 1:
        return value
    if amount.number is None:
        return case((func.abs(value).between(SMALLEST, LARGEST) | (value == 0), value))
    if amount.number and not SMALLEST <= abs(amount.number) <= LARGEST:
        raise refused("filter_value", place="number", found=str(amount.number), wanted=f"{SMALLEST} … {LARGEST}")
    return value


def _power(base: Amount, exponent: Amount) -> Amount:
    power = exponent.number
    if power is None or abs(power) > MOST_OPERANDS:
        raise refused("filter_value", place="^", found="^", wanted=f"number ^ -{MOST_OPERANDS} … {MOST_OPERANDS}")
    operands = _counted("^", max(base.operands * math.ceil(abs(power)), 2))
    value = _operand(base)
    if power < 0:
        value = func.nullif(value, 0, type_=Double())
    raised: ColumnElement[Any] = func.power(value, literal(float(power), Double()))
    return Amount(raised if float(power).is_integer() else case((value >= 0, raised)), operands)


def _divided(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    # typed: SQLAlchemy divides by what it does not know as NUMERIC, of fifteen digits
    return left / func.nullif(right, 0, type_=Double())


def _remainder(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.mod(cast(left, Numeric), func.nullif(cast(right, Numeric), 0)), Double)


OPERATORS: Mapping[str, Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[Any]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divided,
    "div": lambda left, right: func.trunc(_divided(left, right)),
    "%": _remainder,
}
"""What computes, by name; powers are there too, but not of all numbers."""
