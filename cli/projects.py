"""`luotu project`: projects with their buildings."""

from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from cli.console import notes, out, print_json, speak, square_metres, table_of
from cli.desk import at_desk
from geocode import Text
from workflows.procedures import configured_procedure
from workflows.projects import find_projects, join_project, leave_project, open_project, read_project
from workflows.schemes import configured_schemes

__all__ = ["project"]

project = typer.Typer(help="Projects: open, join, leave, show, find.", no_args_is_help=True)
Form = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")]
Key = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's id or code")]
Buildings = Annotated[list[str], typer.Argument(metavar="BUILDING…", help="Codes, leniently typed, or aliases")]
_Day = typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="On which day; today if it is left out")
Day = Annotated[datetime | None, _Day]


@project.command(name="open")
def open_(
    name: Annotated[str, typer.Argument(help="What the project is called")],
    code: Annotated[str | None, typer.Option(help="Project code of GB/T 40058")] = None,
    form: Form = "table",
) -> None:
    """Open a project."""
    with at_desk() as desk:
        told = open_project(desk.database, name=name, code=code, principal=desk.principal)
    if form == "json":
        print_json(told)
        return
    if not told["opened"]:
        notes([Text("该项目已经建立。", "The project is there already.")])
    out.print(f"{told['id']}  {told['code'] or '–'}  {escape(told['name'])}")


@project.command()
def join(key: Key, buildings: Buildings, since: Day = None, form: Form = "table") -> None:
    """Put buildings into a project: all of them, or none."""
    with at_desk() as desk:
        told = join_project(
            desk.database,
            key,
            buildings,
            principal=desk.principal,
            valid_from=since.date() if since else None,
            schemes=configured_schemes(desk.settings),
        )
    _print_codes(told, form)


@project.command()
def leave(key: Key, buildings: Buildings, on: Day = None, form: Form = "table") -> None:
    """Take buildings out of a project: all of them, or none."""
    with at_desk() as desk:
        told = leave_project(
            desk.database,
            key,
            buildings,
            principal=desk.principal,
            valid_to=on.date() if on else None,
            schemes=configured_schemes(desk.settings),
        )
    _print_codes(told, form)


@project.command()
def show(key: Key, on: Day = None, form: Form = "table") -> None:
    """Show a project with its buildings and their totals."""
    with at_desk() as desk:
        stages = configured_procedure(desk.settings).stages
        told = read_project(desk.database, key, principal=desk.principal, day=on.date() if on else None, stages=stages)
    if form == "json":
        print_json(told)
    else:
        _print_project(told)


@project.command()
def find(text: Annotated[str, typer.Argument(help="Part of a code or a name")] = "", form: Form = "table") -> None:
    """List the projects whose code or name holds a text."""
    with at_desk() as desk:
        told = find_projects(desk.database, text, principal=desk.principal)
    if form == "json":
        print_json(told)
        return
    table = Table(box=None, show_header=False)
    for each in told["projects"]:
        table.add_row(each["id"], each["code"] or "–", escape(each["name"]))
    out.print(table)


def _print_codes(told: dict[str, Any], form: str) -> None:
    if form == "json":
        print_json(told)
        return
    titles = {
        "joined": Text("加入", "joined"),
        "already": Text("已在其中", "in it already"),
        "left": Text("退出", "left"),
    }
    for name, title in titles.items():
        for code in told.get(name, ()):
            out.print(f"{code}  {speak(title)}")


def _print_project(told: dict[str, Any]) -> None:
    out.print(f"[bold]{escape(told['name'])}[/]  {told['code'] or '–'}  {told['id']}")
    table = table_of(
        (Text("编码", "code"), "left"),
        (Text("名称", "name"), "left"),
        (Text("阶段", "stage"), "left"),
        (Text("面积 m²", "area m²"), "right"),
        (Text("户", "units"), "right"),
        (Text("起", "from"), "left"),
        (Text("止", "to"), "left"),
    )
    for row in told["buildings"]:
        area = square_metres(row["plane"]["area_m2"])
        days = row["valid_from"], row["valid_to"] or ""
        table.add_row(row["code"], escape(row["name"] or ""), speak(row["stage"]), area, str(row["units"]), *days)
    out.print(table)
    sums = told["totals"]
    notes(
        [
            Text(
                f"{sums['buildings']} 幢,基底 {square_metres(sums['plane_area_m2'])} m²,{sums['units']} 户 {square_metres(sums['unit_area_m2'])} m²",
                f"{sums['buildings']} buildings on {square_metres(sums['plane_area_m2'])} m², {sums['units']} units of "
                f"{square_metres(sums['unit_area_m2'])} m²",
            )
        ]
    )
