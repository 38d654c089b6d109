"""`luotu upload --preview`: what a file is, and what an upload would say of its rows."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from rich.markup import escape

from cli.console import (
    EXIT_FOUND,
    EXIT_REFUSED,
    ROW,
    SHOWN_ROWS,
    complain,
    notes,
    out,
    print_candidates,
    print_json,
    remedy_of,
    row_count,
    speak,
    table_of,
    tell_others,
)
from cli.desk import at_desk
from geocode import Text
from workflows.catalogues import configured_catalogue
from workflows.delivery_options import DeliveryOptions
from workflows.reading_settings import configured_reading
from workflows.schemes import configured_schemes
from workflows.upload_previews import preview_upload

__all__ = ["look_ahead"]


_SAYS = {
    "refused": Text("[red]拒绝[/]", "[red]refused[/]"),
    "held": Text("[yellow]待审[/]", "[yellow]held[/]"),
    "warning": Text("[cyan]注意[/]", "[cyan]look[/]"),
    "info": Text("[dim]提示[/]", "[dim]note[/]"),
}


def look_ahead(source: Path, options: DeliveryOptions, *, form: str) -> None:
    """Print a preview, and leave with the exit code that an upload would have."""
    with at_desk() as desk:
        told = preview_upload(
            desk.database,
            source,
            principal=desk.principal,
            options=options,
            file=source.name,
            schemes=configured_schemes(desk.settings),
            catalogue=configured_catalogue(desk.settings),
            reading=configured_reading(desk.settings),
            only_doubtful=form != "json",
        )
    if form == "json":
        print_json(told)
    elif told["refusal"] is None:
        _print_delivery(told)
        _print_rows(told)
    else:
        _print_refusal(told)
    if told["refusal"] is not None or told["rows"] == told["refused"]:
        raise typer.Exit(EXIT_REFUSED)
    if told["refused"]:
        raise typer.Exit(EXIT_FOUND)


def _print_refusal(told: dict[str, Any]) -> None:
    for layer in told["layers"]:
        rows = "" if layer["rows"] is None else f", {layer['rows']}"
        notes(
            [
                Text(
                    f"图层 {layer['name']}:{layer['geometry']}{rows}",
                    f"layer {layer['name']}: {layer['geometry']}{rows}",
                )
            ]
        )
    refusal = told["refusal"]
    complain(speak(refusal["text"]), speak(refusal["remedy"]), place=told["file"])
    print_candidates(refusal.get("candidates", ()))


def _print_delivery(told: dict[str, Any]) -> None:
    encoding = f", {told['encoding']['name']} ({speak(told['encoding']['why'])})" if told["encoding"] else ""
    notes([dict.fromkeys(("zh", "en"), f"{told['file']} · {told['layer']}: {told['format']}{encoding}")])
    notes([{name: f"{told['crs']['name']} ({told['crs']['why'][name]})" for name in ("zh", "en")}])
    notes(told["notes"])
    table = table_of(
        (Text("字段", "field"), "left"),
        (Text("类型", "kind"), "left"),
        (Text("有值", "filled"), "right"),
        (Text("样例", "samples"), "left"),
    )
    for column in told["columns"]:
        table.add_row(column["name"], column["kind"], str(column["filled"]), " · ".join(column["samples"]))
    out.print(table, markup=False)


def _print_rows(told: dict[str, Any]) -> None:
    """Print the rows that something stands against, the first of them, and the sum of all."""
    table = table_of(
        (ROW, "right"),
        (Text("名称", "name"), "left"),
        (Text("结论", "would be"), "left"),
        (Text("内容", "what"), "left"),
        (Text("处理", "remedy"), "left"),
    )
    shown = 0
    for severity, said in _SAYS.items():
        found = [(row, each) for row in told["results"] for each in _told_of(row, severity)]
        for row, each in found[:SHOWN_ROWS]:
            place = (str(row["row"]), escape(row["name"] or ""), speak(said))
            table.add_row(*place, escape(speak(each["text"])), escape(remedy_of(each)))
        shown += len({(row["row"], each["kind"]) for row, each in found[:SHOWN_ROWS]})
    if table.row_count:
        out.print(table)
    tell_others(Counter(told["kinds"]), shown=shown)
    rows, accepted, held, refused, warned = (told[name] for name in ("rows", "accepted", "held", "refused", "warned"))
    notes(
        [
            Text(
                f"{rows} 行:可接受 {accepted},待审 {held},拒绝 {refused},提示 {warned};没有存储任何内容。",
                f"{row_count(rows)}: {accepted} would be accepted, {held} held for review, {refused} refused; "
                f"{warned} to look at. Nothing is stored.",
            )
        ]
    )


def _told_of(row: Mapping[str, Any], severity: str) -> list[Mapping[str, Any]]:
    """Return what is told of a row in one severity: why it is refused or held, or its warnings."""
    if severity in {"refused", "held"}:
        return [row["fault"]] if row["fault"] and row["outcome"] == severity else []
    return [each for each in row["warnings"] if each["severity"] == severity]
