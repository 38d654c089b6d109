"""What rules read besides themselves: classes of land, words that stand for codes, and what goes with what.

The crosswalk and the words come with the software; matrices are a city's to give, since no law has one.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TypeVar

from blueprint.crosswalk import Crosswalk, load_crosswalk
from blueprint.tables import Table

__all__ = ["Fit", "Matrix", "Vocabulary", "read_matrices", "read_words", "seed_vocabulary"]

T = TypeVar("T")


class Fit(StrEnum):
    """Whether one use goes with another."""

    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Matrix:
    """Which uses go with which, by the digits that their codes begin with; the longest that fit count.

    Attributes
    ----------
    rows
        By the use of the ground: what every other use on it is.
    signed_off_by
        Who answers for it; empty: it is a proposal.
    """

    rows: Mapping[str, Mapping[str, Fit]] = field(hash=False)
    signed_off_by: str = ""

    def fit(self, ground: object, use: object) -> Fit | None:
        """Return whether a use goes with that of the ground; None where the matrix does not say."""
        row = _longest(self.rows, ground)
        return None if row is None else _longest(row, use)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The crosswalk of land-use codes; words and the codes that they stand for; matrices; each by name."""

    crosswalk: Crosswalk
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    matrices: Mapping[str, Matrix] = field(default_factory=dict)


@cache
def seed_vocabulary() -> Vocabulary:
    """Return what comes with the software: the proposed crosswalk, and the names of land uses."""
    text = files("blueprint").joinpath("words.toml").read_text(encoding="utf-8")
    return Vocabulary(load_crosswalk(), read_words(Table(tomllib.loads(text), file="words.toml", rule="-")))


def read_words(table: Table) -> dict[str, dict[str, str]]:
    """Return the words of a TOML table, by list, each with the code that it stands for.

    Raises
    ------
    RuleError
        A value is no text.
    """
    return {name: _read_list(table.take_table(name)) for name in table.keys}


def read_matrices(table: Table) -> dict[str, Matrix]:
    """Return the matrices of a TOML table, by name.

    Raises
    ------
    RuleError
        A key is unknown or wrong, or a use stands in one row twice.
    """
    return {name: _read_matrix(table.take_table(name)) for name in table.keys}


def _read_list(table: Table) -> dict[str, str]:
    return {word: table.take(word, str) for word in table.keys}


def _read_matrix(table: Table) -> Matrix:
    rows = table.take_table("rows")
    matrix = Matrix(
        {ground: _read_row(rows.take_table(ground)) for ground in rows.keys},
        table.take("signed_off_by", str, default=""),
    )
    table.refuse_rest()
    return matrix


def _read_row(table: Table) -> dict[str, Fit]:
    row: dict[str, Fit] = {}
    for fit in Fit:
        for use in table.take_names(fit) if table.has(fit) else ():
            if use in row:
                table.refuse(fit, "stands_twice", found=repr(use), other=row[use])
            row[use] = fit
    table.refuse_rest()
    return row


def _longest(listed: Mapping[str, T], code: object) -> T | None:
    known = code.strip() if isinstance(code, str) else ""
    return next((listed[known[:n]] for n in range(len(known), 0, -1) if known[:n] in listed), None)
