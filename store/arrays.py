"""Lists as one parameter: a statement with a parameter for each value takes longer to be read than to run."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY

__all__ = ["among"]


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of some values."""
    return column == any_(literal(list(values), ARRAY(column.type)))
