"""Remarks: what reading or writing found and did, told in both languages.

A remark is no fault: the rows are whole. The sentences are data, as those of faults are.
"""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, TypeAlias

from geocode.faults import Text

__all__ = ["Counted", "Note", "remark", "remark_kinds", "told"]


class Counted(NamedTuple):
    """A remark that counts, such as heights dropped, and how many there are in one batch."""

    kind: str
    number: int


Note: TypeAlias = Text | Counted


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


def told(notes: Iterable[Note]) -> tuple[Text, ...]:
    """Return the remarks of all batches, in the order they came up: each once, what counts added up."""
    counts: dict[Text | str, int] = {}
    for note in notes:
        key, count = (note.kind, note.number) if isinstance(note, Counted) else (note, 0)
        counts[key] = counts.get(key, 0) + count
    return tuple(remark(key, count=count) if isinstance(key, str) else key for key, count in counts.items())
