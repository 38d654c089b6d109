"""Remarks: what reading or writing found and did, told in both languages.

A remark is no fault: the rows are whole. The sentences are data, as those of faults are.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from geocode.faults import Text

__all__ = ["remark", "remark_kinds"]


@cache
def _texts() -> dict[str, Text]:
    rows = tomllib.loads(files("layers").joinpath("remarks.toml").read_text(encoding="utf-8"))
    return {kind: Text(row["zh"], row["en"]) for kind, row in rows.items()}


def remark(kind: str, **values: Any) -> Text:
    """Return the remark of a kind, filled with the values."""
    return _texts()[kind].format(values)


def remark_kinds() -> frozenset[str]:
    """Return every kind that has a sentence."""
    return frozenset(_texts())
