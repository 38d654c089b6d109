"""What rules read of a footprint, found in the columns that it was delivered with."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from geocode.faults import Text

__all__ = ["FootprintAttribute", "list_footprint_attributes", "read_footprint_attributes"]


@dataclass(frozen=True, slots=True)
class FootprintAttribute:
    """One of the things that rules read of a footprint.

    Attributes
    ----------
    name, label
        What rules call it, such as ``height_m``, and what people do.
    kind
        ``number``, ``text``, or ``word``: one of `words`.
    columns
        The columns in which it is delivered, folded; the first that says something counts.
    words
        By folded word, what it stands for.
    """

    name: str
    label: Text
    kind: str
    columns: tuple[str, ...]
    words: Mapping[str, str]

    def read(self, value: Any) -> float | str | None:
        """Return a delivered value as rules read it; None where it says nothing."""
        text = "" if value is None else str(value).strip()
        if not text:
            return None
        if self.kind == "number":
            return None if isinstance(value, bool) else _number(text)
        return text if self.kind == "text" else self.words.get(text.casefold())


@cache
def list_footprint_attributes() -> tuple[FootprintAttribute, ...]:
    """Return what rules read of a footprint."""
    table = tomllib.loads(files("blueprint").joinpath("footprint_attributes.toml").read_text(encoding="utf-8"))
    return tuple(
        FootprintAttribute(
            name=name,
            label=Text(row["zh"], row["en"]),
            kind=row["kind"],
            columns=tuple(column.casefold() for column in row["columns"]),
            words={each.casefold(): word for word, listed in row.get("words", {}).items() for each in listed},
        )
        for name, row in table.items()
    )


def read_footprint_attributes(columns: Mapping[str, Any]) -> dict[str, float | str]:
    """Return what rules can read of a footprint with these columns, by the names that rules use."""
    folded = {str(name).strip().casefold(): value for name, value in columns.items()}
    found = {
        each.name: next((read for column in each.columns if (read := each.read(folded.get(column))) is not None), None)
        for each in list_footprint_attributes()
    }
    return {name: value for name, value in found.items() if value is not None}


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
