"""`luotu layers publish`: an edition that changes a layer, and what it does to the conflicts."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.conflicts import print_rows, reader_at
from cli.console import EXIT_FOUND, complain_refused, notes, out, print_json, speak
from cli.desk import at_desk
from cli.forms import Crs, FileLayer, TableForm
from cli.moments import day_option
from geocode import Text
from workflows.publishing import PublishOptions
from workflows.publishing import publish as publish_delivery

__all__ = ["publish"]

_HEADINGS = {
    "new": Text("新增冲突", "New conflicts"),
    "changed": Text("变化的冲突", "Changed conflicts"),
    "gone": Text("消失的冲突", "Conflicts gone"),
}


def publish(  # noqa: PLR0913 - one for each option
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The changed features of a layer, or all of them")],
    *,
    as_layer: Annotated[str | None, typer.Option("--as", help="Code of the catalogue's layer")] = None,
    layer: FileLayer = None,
    crs: Crs = None,
    key: Annotated[str | None, typer.Option(help="Attribute that tells features apart, such as BSM")] = None,
    ended: Annotated[list[str] | None, typer.Option(help="Key of a feature that ends; may be given again")] = None,
    ended_where: Annotated[
        str | None, typer.Option(help="CQL2 text: delivered features for which it holds are features that end")
    ] = None,
    whole: Annotated[bool, typer.Option("--whole", help="It is the whole layer: what it does not have ends")] = False,
    valid_from: Annotated[datetime | None, day_option("When it takes effect")] = None,
    title: Annotated[str | None, typer.Option(help="Title of the edition")] = None,
    accuracy: Annotated[float | None, typer.Option(help="Positional accuracy in metres (standard deviation)")] = None,
    mapping: Annotated[
        str | None, typer.Option(help="Name of the mapping by which its fields and codes become the layer's")
    ] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Tell what would happen, and store nothing")] = False,
    form: TableForm = "table",
) -> None:
    """Publish a change of a layer, and tell which conflicts are new, gone and changed by it."""
    options = PublishOptions(
        as_layer=as_layer,
        layer=layer,
        crs=crs,
        key=key,
        ended=tuple(ended or ()),
        ended_where=ended_where,
        whole=whole,
        valid_from=valid_from.date() if valid_from else None,
        title=title,
        accuracy_m=accuracy,
        draft=draft,
        mapping=mapping,
    )
    with at_desk() as desk:
        report = publish_delivery(desk.database, source, options=options, by=reader_at(desk))
    if form == "json":
        print_json(report)
    else:
        _print_report(report)
    if report.get("faults"):
        raise typer.Exit(EXIT_FOUND)


def _print_report(report: dict[str, Any]) -> None:
    if report["repeated"]:
        notes([Text("该版本已存在", "this edition is already there")])
        return
    complain_refused(
        report["layer"]["code"], [(each["row"], each["feature"], each["fault"]) for each in report["faults"]]
    )
    told = report["features"]
    zh = f"新增 {told['added']},变更 {told['changed']},终止 {told['ended']},未变 {told['same']} 个要素"
    en = f"{told['added']} features added, {told['changed']} changed, {told['ended']} ended, {told['same']} the same"
    notes([Text(zh, en)])
    for name, heading in _HEADINGS.items():
        rows = report["conflicts"][name]
        if rows:
            out.print(f"[bold]{speak(heading)}[/] {report['conflicts']['counts'][name]}")
            print_rows(rows)
    cases = report["conflicts"]["cases"]
    if any(cases.values()):
        zh = f"{cases['moved']} 个协调事项随冲突延续,{cases['lost']} 个的冲突已消失"
        notes([Text(zh, f"cases that follow their conflicts: {cases['moved']}, that have lost them: {cases['lost']}")])
    if report["draft"]:
        notes([Text("试算:没有存储任何内容", "a draft: nothing is stored")])
