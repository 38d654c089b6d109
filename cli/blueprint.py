"""`luotu check`: what the blueprint says of footprints."""

from pathlib import Path
from typing import Annotated

import typer

from cli.console import EXIT_FOUND, complain_rows, notes, out, print_json
from cli.desk import at_desk
from cli.findings import print_findings
from cli.forms import Crs, FileLayer, TableForm
from cli.moments import AsOf, KnownAt, zoned
from geocode import Text
from workflows.checking import Terms, check_building, check_file
from workflows.delivery_options import DeliveryOptions
from workflows.footprint_facts import read_said, split_said
from workflows.schemes import configured_schemes

__all__ = ["check"]


def check(  # noqa: PLR0913 - one for each option
    subject: Annotated[str, typer.Argument(metavar="FILE|CODE", help="A file of footprints, or a building's name")],
    *,
    crs: Crs = None,
    layer: FileLayer = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    said: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="What is known of the footprints, such as height_m=24"),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the answer as a run that can be verified")] = False,
    form: TableForm = "table",
) -> None:
    """Ask the blueprint what stands in the way of footprints. No footprint is stored."""
    with at_desk() as desk:
        terms = Terms(desk.principal, desk.settings, as_of and as_of.date(), zoned(known_at))
        known = read_said(split_said(said or []))
        if Path(subject).exists():
            options = DeliveryOptions(crs=crs, layer=layer)
            report, checked = check_file(
                desk.database, Path(subject), options=options, terms=terms, said=known, keep=keep
            )
            complain_rows(report)
        else:
            schemes = configured_schemes(desk.settings)
            checked = [check_building(desk.database, subject, terms=terms, schemes=schemes, said=known, keep=keep)]
    if form == "json":
        print_json(checked)
    else:
        for one in checked:
            print_findings(f"{one['code']}  {one.get('name') or ''}", one["findings"], one["attributes"])
            out.print()
        if keep and checked:
            notes([Text(f"运算记录 {checked[0]['run']}", f"Kept as run {checked[0]['run']}")])
    if any(one["verdict"] not in {"pass", "not_applicable"} for one in checked):
        raise typer.Exit(EXIT_FOUND)
