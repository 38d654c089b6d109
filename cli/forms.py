"""Forms of an answer on standard output: a table for a person, features a line each for a pipe, or the form asked for.

And the forms in which it is told how a file is to be read: its layer, its CRS, a table of coordinates, a drawing.
"""

import sys
from typing import Annotated, Literal, TypeAlias

import typer

__all__ = ["Closing", "Column", "Crs", "Datum", "Extent", "FileLayer", "Form", "TableForm", "Unit", "settled"]

Form: TypeAlias = Annotated[
    Literal["auto", "table", "json", "geojson", "geojsonl", "csv"],
    typer.Option("--format", help="Form of the answer; auto is a table on a terminal, geojsonl on a pipe"),
]
TableForm: TypeAlias = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")]
Crs: TypeAlias = Annotated[str | None, typer.Option(help="CRS of the coordinates, where the file tells none")]
FileLayer: TypeAlias = Annotated[
    str | None, typer.Option("--layer", help="Layer to read, where the file holds several")
]
Extent: TypeAlias = Annotated[
    str, typer.Option(metavar="W,S,E,N", help="Where the file's ground is, in degrees; tells the zone of numbers")
]
Datum: TypeAlias = Annotated[
    Literal["", "CGCS2000"], typer.Option(help="The datum, where the file states no CRS: of its zones one is found")
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
