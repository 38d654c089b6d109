"""Forms of an answer on standard output: a table for a person, features a line each for a pipe, or the form asked for.

And the forms in which it is told how a table of coordinates or a drawing is to be read.
"""

import sys
from typing import Annotated, Literal, TypeAlias

import typer

__all__ = ["Closing", "Column", "Form", "Unit", "settled"]

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
Closing: TypeAlias = Annotated[
    float | None,
    typer.Option(metavar="METRES", help="Of a drawing: how far apart the ends of a ring may be that is closed; 0.01"),
]
Unit: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="UNIT", help="Of a drawing: its unit, m, dm, cm, mm, km, in or ft; else it is told"),
]


def settled(form: str) -> str:
    """Return the form that an answer takes: ``auto`` is ``table`` on a terminal and ``geojsonl`` on a pipe."""
    if form != "auto":
        return form
    return "table" if sys.stdout.isatty() else "geojsonl"
