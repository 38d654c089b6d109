"""Forms of an answer on standard output: a table for a person, features a line each for a pipe, or the form asked for.

And the form in which the columns of a table of coordinates are told.
"""

import sys
from typing import Annotated, Literal, TypeAlias

import typer

__all__ = ["Column", "Form", "settled"]

Form: TypeAlias = Annotated[
    Literal["auto", "table", "json", "geojson", "geojsonl", "csv"],
    typer.Option("--format", help="Form of the answer; auto is a table on a terminal, geojsonl on a pipe"),
]


Column: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="ROLE=HEADING",
        help="What a column of a table of coordinates is: north, east, feature, ring, wkt and others; repeatable",
    ),
]


def settled(form: str) -> str:
    """Return the form that an answer takes: ``auto`` is ``table`` on a terminal and ``geojsonl`` on a pipe."""
    if form != "auto":
        return form
    return "table" if sys.stdout.isatty() else "geojsonl"
