"""Numbers out of cells: metres, degrees, and degrees with minutes and seconds."""

import math
import re
import unicodedata
from typing import Any

__all__ = ["number_of"]

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)
_ANGLE = re.compile(
    r"(?P<sign>-?)(?P<degrees>\d{1,3}(?:\.\d*)?)[°度](?:(?P<minutes>\d{1,2}(?:\.\d*)?)['′’分](?:(?P<seconds>\d{1,2}(?:\.\d*)?)(?:[\"″”秒]|''|′′)?)?)?",
    re.ASCII,
)
_HEMISPHERE = re.compile(r"^(?:东经|北纬|[ENen])|(?:[ENen])$")
_SIXTY = 60


def number_of(cell: Any) -> float | None:
    """Return the number that a cell holds, degrees where it says ``113°20'10.53"``; None where it holds none."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return float(cell) if math.isfinite(cell) else None
    if not isinstance(cell, str):
        return None
    text = "".join(unicodedata.normalize("NFKC", cell).split())
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _GROUPED.fullmatch(text):
        return float(text.replace(",", ""))
    return _angle(_HEMISPHERE.sub("", text))


def _angle(text: str) -> float | None:
    match = _ANGLE.fullmatch(text)
    if match is None:
        return None
    minutes, seconds = float(match["minutes"] or 0), float(match["seconds"] or 0)
    if minutes >= _SIXTY or seconds >= _SIXTY:
        return None
    size = float(match["degrees"]) + minutes / _SIXTY + seconds / _SIXTY**2
    return -size if match["sign"] else size
