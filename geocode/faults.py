"""Faults: what is wrong with one row, where, and what to do about it.

A fault is a value and no exception: one bad row in a million comes back as a row with a reason. The sentences are data
(a TOML file in each room), in Chinese and English.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fault", "Sentences", "Text", "are_sound", "read_sentences"]


class Text(NamedTuple):
    """One text in both languages."""

    zh: str
    en: str

    def format(self, values: Mapping[str, Any]) -> "Text":
        """Return the text with its placeholders filled in."""
        return Text(self.zh.format_map(values), self.en.format_map(values))


_LARGEST_DEG = 360.0
_LONGEST_QUOTED = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one row.

    Attributes
    ----------
    kind
        A stable name for machines, such as ``self_intersection``.
    text, remedy
        One sentence each: what is wrong, and what to do about it.
    x, y
        The place, in the coordinates as delivered; None where the fault has no place.
    vertex
        Index of the offending vertex, counted over all rings as delivered, from 0.
    """

    kind: str
    text: Text
    remedy: Text
    x: float | None = None
    y: float | None = None
    vertex: int | None = None


class Sentences:
    """The sentences of one room, by kind."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Mapping[str, tuple[Text, Text]]) -> None:
        self._rows = rows

    def fault(
        self, kind: str, *, x: float | None = None, y: float | None = None, vertex: int | None = None, **values: Any
    ) -> Fault:
        """Return the fault of a kind, its sentence filled with the place and the values."""
        text, remedy = self._rows[kind]
        quoted = {name: _quoted(value) for name, value in values.items()}
        known = {"x": _shown(x), "y": _shown(y), "vertex": vertex, **quoted}
        return Fault(kind, text.format(known), remedy.format(known), x, y, vertex)

    def kinds(self) -> frozenset[str]:
        """Return every kind that has a sentence."""
        return frozenset(self._rows)


def are_sound(faults: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which rows of a column of faults have none, shape (n,)."""
    nothing: Any = None
    return np.asarray(np.equal(faults, nothing), dtype=bool)


def _shown(ordinate: float | None) -> str:
    """Return an ordinate as a person reads it: metres to the millimetre, degrees to about the same."""
    if ordinate is None:
        return ""
    return f"{ordinate:.3f}" if abs(ordinate) > _LARGEST_DEG else f"{ordinate:.8f}"


def _quoted(value: Any) -> Any:
    """Return what a sentence quotes, a text cut where nobody reads on: it may be a whole file in the place of a code."""
    return value[:_LONGEST_QUOTED] + "…" if isinstance(value, str) and len(value) > _LONGEST_QUOTED else value


@cache
def read_sentences(package: str, name: str) -> Sentences:
    """Read the sentences of a room from its TOML file."""
    rows = tomllib.loads(files(package).joinpath(name).read_text(encoding="utf-8"))
    return Sentences(
        {kind: (Text(row["zh"], row["en"]), Text(row["remedy_zh"], row["remedy_en"])) for kind, row in rows.items()}
    )
