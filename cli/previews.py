"""`luotu upload --preview`: what a file is, and what an upload would say of its rows."""

from pathlib import Path
from typing import Any

import typer

from cli.console import (
    EXIT_FOUND,
    EXIT_REFUSED,
    complain,
    complain_row,
    doubt_row,
    notes,
    out,
    print_candidates,
    print_json,
    speak,
    table_of,
)
from cli.desk import at_desk
from geocode import Text
from workflows.catalogues import configured_catalogue
from workflows.reading_settings import configured_reading
from workflows.schemes import configured_schemes
from workflows.upload_previews import preview_upload
from workflows.uploading import DeliveryOptions

__all__ = ["look_ahead"]


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
    for row in told["results"]:
        if row["fault"]:
            complain_row(told["file"], row["row"], row["feature"], row["fault"], held=row["outcome"] == "held")
        for warning in row["warnings"]:
            doubt_row(told["file"], row["row"], row["feature"], warning)
    rows, accepted, held, refused, warned = (told[name] for name in ("rows", "accepted", "held", "refused", "warned"))
    notes(
        [
            Text(
                f"{rows} 行:可接受 {accepted},待审 {held},拒绝 {refused},提示 {warned};没有存储任何内容。",
                f"{rows} rows: {accepted} would be accepted, {held} held for review, {refused} refused; "
                f"{warned} to look at. Nothing is stored.",
            )
        ]
    )
