"""`luotu layers` and `luotu check`: the blueprint, and what it says."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from cli.console import EXIT_FOUND, answering, complain_row, notes, out, print_json, progress_bar, settings, speak
from cli.desk import at_desk
from cli.findings import print_findings
from geocode import Text
from workflows.checking import check_building, check_file
from workflows.databases import opened_database
from workflows.layering import LoadOptions, list_layers, load_layers
from workflows.schemes import configured_schemes
from workflows.uploading import DeliveryOptions

__all__ = ["check", "layers"]

layers = typer.Typer(help="The blueprint's layers.", no_args_is_help=True)
Form = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")]


def check(
    subject: Annotated[str, typer.Argument(metavar="FILE|CODE", help="A file of footprints, or a building's name")],
    *,
    crs: Annotated[str | None, typer.Option(help="CRS of the coordinates, where the file tells none")] = None,
    layer: Annotated[str | None, typer.Option(help="Layer to read, where the file holds several")] = None,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day that counts")] = None,
    form: Form = "table",
) -> None:
    """Ask the blueprint what stands in the way of footprints. Nothing is stored."""
    with at_desk() as desk:
        day, accuracy_m = (as_of.date() if as_of else date.today()), desk.settings.footprint_accuracy_m
        if Path(subject).exists():
            options = DeliveryOptions(crs=crs, layer=layer)
            report, checked = check_file(
                desk.database, Path(subject), options=options, as_of=day, accuracy_m=accuracy_m
            )
            for row in report.results:
                if row.fault:
                    complain_row(report.file, row.row, row.feature, row.fault)
        else:
            schemes = configured_schemes(desk.settings)
            checked = [
                check_building(
                    desk.database, subject, principal=desk.principal, as_of=day, accuracy_m=accuracy_m, schemes=schemes
                )
            ]
    if form == "json":
        print_json(checked)
    else:
        for one in checked:
            print_findings(f"{one['code']}  {one.get('name') or ''}", one["findings"])
            out.print()
    if any(one["verdict"] not in {"pass", "not_applicable"} for one in checked):
        raise typer.Exit(EXIT_FOUND)


@layers.command("list")
def list_all(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also layers without data")] = False,
    form: Form = "table",
) -> None:
    """List the layers and their editions."""
    with answering(), opened_database(settings()) as database:
        found = list_layers(database)
    if form == "json":
        print_json(found)
        return
    table = Table(box=None, header_style="bold")
    for title in (Text("图层", "layer"), Text("名称", "name"), Text("版本", "edition"), Text("生效", "valid from")):
        table.add_column(speak(title))
    table.add_column(speak(Text("要素", "features")), justify="right")
    for one in found:
        for edition in one["editions"]:
            told = (edition["title"], edition["valid_from"], str(edition["features"]))
            table.add_row(one["code"], speak(one["name"]), *told)
        if everything and not one["editions"]:
            table.add_row(one["code"], speak(one["name"]), f"[dim]{speak(Text('无数据', 'no data'))}[/]")
    out.print(table)


@layers.command("load")
def load(  # noqa: PLR0913 - one for each option
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A file of one layer or of several")],
    *,
    as_layer: Annotated[
        str | None, typer.Option("--as", help="Code of the catalogue's layer, where the file's own name does not tell")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Layer to read, where the file holds several")] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of the coordinates, where the file tells none")] = None,
    where: Annotated[
        str | None, typer.Option(help="Take only features for which this CQL2 text holds, such as “landuse = 'grass'”")
    ] = None,
    valid_from: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When it takes effect")] = None,
    title: Annotated[str | None, typer.Option(help="Title of the edition")] = None,
    accuracy: Annotated[float | None, typer.Option(help="Positional accuracy in metres (standard deviation)")] = None,
) -> None:
    """Load editions of layers. A file ``layers.json`` beside it tells titles, dates, accuracies and completeness."""
    with at_desk() as desk, progress_bar(Text("加载图层", "Loading layers")) as move:
        loaded = load_layers(
            desk.database,
            source,
            principal=desk.principal,
            documents=desk.settings.documents,
            options=LoadOptions(
                as_layer=as_layer,
                layer=layer,
                crs=crs,
                where=where,
                valid_from=valid_from.date() if valid_from else None,
                title=title,
                accuracy_m=accuracy,
            ),
            on_progress=move,
        )
    refused = 0
    for one in loaded:
        plural = "" if one.features == 1 else "s"
        state = Text(f"{one.features} 个要素,已加载", f"{one.features} feature{plural}, loaded")
        if not one.added:
            state = Text("该版本已存在", "this edition is already there")
        notes([Text(f"{one.layer} {one.name.zh}:{state.zh}", f"{one.layer} {one.name.en}: {state.en}")])
        for row, feature, fault in one.faults:
            complain_row(one.layer, row, feature, fault)
        refused += len(one.faults)
    if refused:
        raise typer.Exit(EXIT_FOUND)
