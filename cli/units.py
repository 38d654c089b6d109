"""`luotu units` and `luotu aliases`: what is in buildings, and what others call them."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from cli.console import (
    EXIT_REFUSED,
    complain,
    notes,
    out,
    print_json,
    speak,
    square_metres,
    table_of,
)
from cli.desk import at_desk
from geocode import Text
from workflows.aliasing import NewAlias, add_alias, add_aliases_of_table, end_alias, list_aliases
from workflows.errors import RefusedRowsError
from workflows.schemes import configured_schemes
from workflows.units import TableOptions, read_units, replace_units

__all__ = ["aliases", "units"]

units = typer.Typer(help="Building tables (楼盘表): show, load.", no_args_is_help=True)
aliases = typer.Typer(help="Names that others gave buildings and units: list, add, load, end.", no_args_is_help=True)
Form = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")]
Name = Annotated[str, typer.Argument(metavar="BUILDING", help="A code, leniently typed, or an alias")]
Source = Annotated[Path, typer.Argument(metavar="FILE", help="The table: CSV or XLSX")]
Sheet = Annotated[str | None, typer.Option(help="Which sheet, where the workbook has several")]
_Day = typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="On which day; today if it is left out")
Day = Annotated[datetime | None, _Day]


@units.command()
def show(name: Name, on: Day = None, form: Form = "table") -> None:
    """Show a building's units and their totals."""
    with at_desk() as desk:
        told = read_units(
            desk.database,
            name,
            principal=desk.principal,
            day=on.date() if on else None,
            schemes=configured_schemes(desk.settings),
        )
    if form == "json":
        print_json(told)
        return
    _print_units(told["units"])
    _tell(told)


@units.command()
def load(
    name: Name,
    source: Source,
    *,
    sheet: Sheet = None,
    several_parcels: Annotated[
        bool, typer.Option("--several-parcels", help="The building stands on several parcels")
    ] = False,
    since: Day = None,
    form: Form = "table",
) -> None:
    """Put a building table in the place of the one that a building has."""
    options = TableOptions(sheet=sheet, several_parcels=several_parcels, valid_from=since.date() if since else None)
    with at_desk() as desk:
        try:
            told = replace_units(
                desk.database,
                name,
                source,
                principal=desk.principal,
                documents=desk.settings.documents,
                options=options,
                schemes=configured_schemes(desk.settings),
            )
        except RefusedRowsError as error:
            _leave(source, error)
    if form == "json":
        print_json(told)
        return
    for kind, title in (
        ("added", Text("新增", "added")),
        ("closed", Text("注销", "closed")),
        ("recoded", Text("换号", "recoded")),
    ):
        if told[kind]:
            out.print(f"{speak(title)}: {escape(', '.join(told[kind]))}")
    _tell(told)


@aliases.command(name="list")
def list_(name: Name, form: Form = "table") -> None:
    """List every name that a building or a unit of it has or had."""
    with at_desk() as desk:
        told = list_aliases(desk.database, name, principal=desk.principal, schemes=configured_schemes(desk.settings))
    _print_aliases(told["aliases"], form)


@aliases.command()
def add(  # noqa: PLR0913 - one for each option
    name: Name,
    scheme: Annotated[str, typer.Argument(help="The scheme, such as bdcdyh")],
    value: Annotated[str, typer.Argument(help="The name, leniently typed")],
    *,
    unit: Annotated[str | None, typer.Option(help="Number of the unit whose name it is")] = None,
    since: Day = None,
    source: Annotated[str | None, typer.Option(help="Who says so")] = None,
    form: Form = "table",
) -> None:
    """Give a building, or a unit of it, a name."""
    new = NewAlias(
        building=name, scheme=scheme, value=value, unit=unit, valid_from=since.date() if since else None, source=source
    )
    with at_desk() as desk:
        told = add_alias(desk.database, new, principal=desk.principal, schemes=configured_schemes(desk.settings))
    _print_aliases([told], form)


@aliases.command(name="load")
def load_aliases(source: Source, *, sheet: Sheet = None, since: Day = None, form: Form = "table") -> None:
    """Give buildings and units the names in a table: all of them, or none."""
    with at_desk() as desk:
        try:
            told = add_aliases_of_table(
                desk.database,
                source,
                principal=desk.principal,
                sheet=sheet,
                valid_from=since.date() if since else None,
                schemes=configured_schemes(desk.settings),
            )
        except RefusedRowsError as error:
            _leave(source, error)
    _print_aliases(told["aliases"], form)


@aliases.command()
def end(
    name: Name,
    alias: Annotated[int, typer.Argument(metavar="ID", help="The name's id, as list prints it")],
    on: Day = None,
    form: Form = "table",
) -> None:
    """End a name; it stays on record."""
    with at_desk() as desk:
        told = end_alias(
            desk.database,
            name,
            alias,
            principal=desk.principal,
            valid_to=on.date() if on else None,
            schemes=configured_schemes(desk.settings),
        )
    _print_aliases([told], form)


def _leave(source: Path, error: RefusedRowsError) -> Any:
    """Print what is wrong with each row, and leave."""
    for row in error.rows:
        place = source.name if row["row"] is None else f"{source.name} · {speak(Text('行', 'row'))} {row['row']}"
        complain(speak(row["text"]), speak(row["remedy"]), place=place)
    raise typer.Exit(EXIT_REFUSED) from error


def _print_units(rows: list[dict[str, Any]]) -> None:
    table = table_of(
        (Text("户号", "number"), "left"),
        (Text("层", "storey"), "right"),
        (Text("建筑面积 m²", "area m²"), "right"),
        (Text("用途", "use"), "left"),
        (Text("不动产单元号", "real-estate unit"), "left"),
    )
    for row in rows:
        use, area = speak(row["use"]), square_metres(row["area_m2"])
        table.add_row(escape(row["number"]), escape(row["storey"]), area, use, row["code"] or "")
    out.print(table)


def _tell(told: dict[str, Any]) -> None:
    """Print the totals of units on standard error, and what is odd about them."""
    sums = told["totals"]
    by_use = ", ".join(
        f"{speak(row['use'])} {row['units']} ({square_metres(row['area_m2'])} m²)" for row in sums["by_use"]
    )
    notes(
        [
            Text(
                f"{sums['units']} 户,{square_metres(sums['area_m2'])} m²:{by_use}",
                f"{sums['units']} units, {square_metres(sums['area_m2'])} m²: {by_use}",
            ),
            *(Text(row["text"]["zh"], row["text"]["en"]) for row in told["remarks"]),
        ]
    )


def _print_aliases(rows: list[dict[str, Any]], form: str) -> None:
    if form == "json":
        print_json({"aliases": rows})
        return
    table = Table(box=None, header_style="bold")
    for title in (
        Text("编号", "id"),
        Text("种类", "scheme"),
        Text("名称", "value"),
        Text("户号", "unit"),
        Text("起", "from"),
        Text("止", "to"),
        Text("来源", "source"),
    ):
        table.add_column(speak(title))
    for row in rows:
        days = row["valid_from"], row["valid_to"] or ""
        unit, source = escape(row["unit"] or ""), escape(row["source"] or "")
        table.add_row(str(row["id"]), speak(row["label"]), escape(row["value"]), unit, *days, source)
    out.print(table)
