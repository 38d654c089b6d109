"""`luotu code`: codes for the footprints of a file or a stream."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from cli.console import EXIT_FOUND, EXIT_REFUSED, answering, complain, complain_row, notes, out, progress_bar, speak
from geocode import Text
from workflows.coding import CodedFile, code_file, code_stream, write_stream
from workflows.reports import fault_json

__all__ = ["code"]

_TABLE_ROWS = 40


def code(
    source: Annotated[
        str, typer.Argument(metavar="FILE", help="The file, or - for GeoJSON features on standard input")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; its suffix tells the format")
    ] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of the coordinates, where the file tells none")] = None,
    layer: Annotated[str | None, typer.Option(help="Layer to read, where the file holds several")] = None,
    form: Annotated[
        Literal["auto", "table", "geojsonl"],
        typer.Option("--format", help="Without --output: a table on a terminal, GeoJSON features on a pipe"),
    ] = "auto",
) -> None:
    """Give every footprint of a file its code. No database is needed."""
    with answering():
        if source == "-":
            _code_stream(crs)
            return
        with progress_bar(Text("赋码", "Coding")) as move:
            coded = code_file(Path(source), output, crs=crs, layer=layer, on_progress=move)
        _tell(coded, output)
        if output is None and len(coded.refused) < len(coded.frame):
            if form == "table" or (form == "auto" and sys.stdout.isatty()):
                _print_table(coded)
            else:
                write_stream(sys.stdout.buffer, coded)
        _leave(len(coded.frame), len(coded.refused))


def _code_stream(crs: str | None) -> None:
    rows = refused = 0
    for count, faults in code_stream(sys.stdin.buffer, sys.stdout.buffer, crs=crs):
        sys.stdout.buffer.flush()
        rows, refused = rows + count, refused + len(faults)
        for fault in faults:
            complain_row("-", fault.row, fault.feature, fault_json(fault.fault))
    _leave(rows, refused)


def _tell(coded: CodedFile, output: Path | None) -> None:
    """Print what the file is, which rows are refused, and how many are coded."""
    delivery = coded.delivery
    understood = [delivery.format, f"{delivery.crs_name} ({speak(delivery.crs_why)})"]
    if delivery.encoding:
        understood.insert(1, f"{delivery.encoding.name} ({speak(delivery.encoding.why)})")
    notes([Text(f"{delivery.file}:" + ",".join(understood), f"{delivery.file}: " + ", ".join(understood))])
    notes(delivery.notes)
    for row in coded.refused:
        complain_row(delivery.file, row.row, row.feature, fault_json(row.fault))
    good = len(coded.frame) - len(coded.refused)
    where = f" → {output}" if output and good else ""
    notes(
        [
            Text(
                f"{len(coded.frame)} 行:赋码 {good},拒绝 {len(coded.refused)}{where}",
                f"{len(coded.frame)} rows: {good} coded, {len(coded.refused)} refused{where}",
            ),
            *coded.notes,
        ]
    )
    if not good:
        complain(speak(Text("没有可赋码的行,未写出文件。", "No row can be coded, so nothing is written.")))


def _print_table(coded: CodedFile) -> None:
    table = Table(box=None, header_style="bold")
    for title in (Text("行", "row"), Text("编码", "code"), Text("面积 m²", "area m²")):
        table.add_column(speak(title), justify="right" if title.en != "code" else "left")
    for row, (text, area) in enumerate(zip(coded.frame["code"], coded.frame["area_m2"], strict=True)):
        if row == _TABLE_ROWS:
            break
        table.add_row(str(row), text or "–", f"{area:.2f}" if text else "–")
    out.print(table)
    if len(coded.frame) > _TABLE_ROWS:
        rest = len(coded.frame) - _TABLE_ROWS
        out.print(speak(Text(f"… 另有 {rest} 行;用 -o 写出全部。", f"… and {rest} more; write them all with -o.")))


def _leave(rows: int, refused: int) -> None:
    if refused:
        raise typer.Exit(EXIT_REFUSED if refused == rows else EXIT_FOUND)
