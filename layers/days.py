"""Days as files write them."""

import re
from datetime import date, datetime
from typing import Any

import pandas as pd

from layers.json_values import json_value

__all__ = ["plain_text", "read_day"]

_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[T ].*)?")


def read_day(value: Any) -> date | None:
    """Return the day that a value of a file means, None where it means none."""
    if isinstance(value, datetime) and not pd.isna(value):
        return value.date()
    match = _DATE.fullmatch(plain_text(value) or "")
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def plain_text(value: Any) -> str | None:
    """Return a value of a file as text; an empty one is None, and a code that went through a number is whole again."""
    plain = json_value(value)
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    return None if plain is None else str(plain).strip() or None
