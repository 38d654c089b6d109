"""`luotu db`: the private PostGIS cluster and the database in it."""

from typing import Annotated, Literal

import typer

from cli.console import EXIT_FOUND, answering, notes, out, settings, speak
from geocode import Text
from workflows.databases import (
    database_status,
    lacking_migrations,
    opened_database,
    start_database,
    stop_database,
    upgrade_database,
)
from workflows.offices import LOCAL_CODE, OfficeExtent, set_office_extent, show_office_extent
from workflows.principals import issue_key

__all__ = ["database"]

database = typer.Typer(help="The database: start, stop, state, keys.", no_args_is_help=True)


@database.command()
def start() -> None:
    """Start the private PostGIS, make and migrate the database; a server in DATABASE_URL is migrated alone."""
    with answering():
        start_database(settings())
        notes([Text("数据库已就绪。", "The database is ready.")])


@database.command()
def upgrade(
    *, check: Annotated[bool, typer.Option("--check", help="Tell what would be done, and do nothing")] = False
) -> None:
    """Bring the database to this version of the program; exit code 1 where --check finds something to do."""
    with answering():
        lacking = lacking_migrations(settings()) if check else upgrade_database(settings())
    for each in lacking:
        out.print(f"{each.name}  {each.brings}", markup=False)
    if not lacking:
        notes([Text("数据库已是本版本。", "The database is at this version already.")])
    elif check:
        raise typer.Exit(EXIT_FOUND)
    else:
        notes([Text(f"已执行 {len(lacking)} 项迁移。", f"Migrations that were run: {len(lacking)}.")])


@database.command()
def stop() -> None:
    """Stop the private PostGIS."""
    with answering():
        ran = stop_database(settings())
        notes(
            [
                Text("数据库已停止。", "The database is stopped.")
                if ran
                else Text("数据库未在运行。", "No database runs.")
            ]
        )


@database.command()
def status() -> None:
    """Tell whether the private PostGIS runs, and where its files are."""
    with answering():
        state = database_status(settings())
    out.print(f"{state.state}  {state.data or ''}")


@database.command()
def key(
    office: Annotated[str, typer.Argument(help="Short code of the office; added if it is new")],
    name: Annotated[str, typer.Argument(help="Name of the office")],
    role: Annotated[Literal["surveyor", "planner", "registrar", "auditor", "admin"], typer.Option()] = "surveyor",
    label: Annotated[str, typer.Option(help="Who or what uses the key")] = "key",
) -> None:
    """Make an API key for an office and print it: the only time it is seen."""
    with answering(), opened_database(settings()) as opened:
        typer.echo(issue_key(opened, office=office, name=name, role=role, label=label))


@database.command()
def extent(
    office: Annotated[str, typer.Argument(help="Short code of the office; this machine's own is local")] = LOCAL_CODE,
    box: Annotated[
        str | None, typer.Argument(metavar="W,S,E,N", help='In degrees; "" clears it; without it, what is set is told')
    ] = None,
) -> None:
    """Set or tell where an office works: it tells the zone of its deliveries that state no CRS."""
    with answering(), opened_database(settings()) as opened:
        told = show_office_extent(opened, office) if box is None else set_office_extent(opened, office, box)
    out.print(f"{told.code} {speak(told.name)}", speak(_where(told)), markup=False)


def _where(told: OfficeExtent) -> Text:
    if told.extent is None:
        said = f"luotu db extent {told.code} W,S,E,N"
        return Text(f"未设置作业范围;用 {said} 设置", f"has no extent; {said} sets it")
    sides = ", ".join(f"{side:.10g}" for side in told.extent)
    return Text(f"作业范围(西, 南, 东, 北):{sides}", f"works in (west, south, east, north): {sides}")
