"""`luotu code`: codes for the footprints of a file or a stream."""

import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import (
    EXIT_FOUND,
    EXIT_REFUSED,
    ROW,
    SHOWN_ROWS,
    answering,
    complain,
    complain_row,
    language,
    notes,
    out,
    progress_bar,
    row_count,
    settings,
    speak,
    square_metres,
    table_of,
    tell_others,
)
from cli.forms import Closing, Column, Crs, Datum, Extent, FileLayer, Form, Unit, settled
from geocode import Text
from workflows.coding import Answer, CodedBatch, CodedFile, Columns, OpenDelivery, code_columns, code_file
from workflows.reading_settings import ReadOptions, configured_reading, reading_said, with_known
from workflows.reports import fault_json

__all__ = ["answer_rows", "code"]

_TABLE_ROWS = 40
_WHERE = Text("各行原因见 fault 列。", "The column fault has them all.")
_TITLES = {
    "code": Text("编码", "code"),
    "area_m2": Text("面积 m²", "area m²"),
    "beidou": Text("北斗网格位置码", "BeiDou"),
    "pluscode": Text("Plus Code", "Plus Code"),
    "ubid": Text("UBID", "UBID"),
}
_TERMINATED = 128 + signal.SIGTERM


def code(  # noqa: PLR0913 - one for each option
    source: Annotated[
        str, typer.Argument(metavar="FILE", help="The file, or - for GeoJSON features on standard input")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; its suffix tells the format")
    ] = None,
    crs: Crs = None,
    layer: FileLayer = None,
    column: Column = None,
    closing: Closing = None,
    unit: Unit = None,
    extent: Extent = "",
    datum: Datum = "",
    form: Form = "auto",
) -> None:
    """Give every footprint of a file its code. No database is needed.

    Every row comes out again with the columns code, h3, area_m2 and fault; a refused row has no code and says why in
    fault. The first 20 refusals are also printed, with place and remedy, and the rest counted by kind.

    Writes .gpkg .fgb .parquet .geojson .geojsonl .csv .kml .gdb.zip .dxf .txt (boundary points) or .zip (a shapefile);
    without --output, prints as --format says.
    """
    with answering():
        said = reading_said(columns=column or (), closing_m=closing, drawing_unit=unit, extent=extent, datum=datum)
        reading = with_known(said, configured_reading(settings()))
        columns = code_columns(language())
    answer_rows(source, output, crs=crs, layer=layer, form=form, columns=columns, reading=reading)


def answer_rows(  # noqa: PLR0913 - one for each option
    source: str,
    output: Path | None,
    *,
    crs: str | None,
    layer: str | None,
    form: str,
    columns: Columns,
    reading: ReadOptions | None = None,
) -> None:
    """Give every footprint of a file or a stream some columns, and leave with the exit code that its faults make."""
    if output and form != "auto":
        raise typer.BadParameter("--format is for standard output; the suffix after -o tells the format of a file")
    chosen: Any = settled(form)
    target = output or (None if chosen == "table" else Answer(sys.stdout.buffer, chosen))
    is_pipe = source == "-" and output is None
    with answering(), _ending_tidily(), _progress(source) as move:
        watcher = _Watcher(source, move, columns, is_quiet=is_pipe)
        stream_or_path = sys.stdin.buffer if source == "-" else Path(source)
        coded = code_file(
            stream_or_path,
            target,
            crs=crs,
            layer=layer,
            columns=columns,
            reading=reading or configured_reading(settings()),
            watcher=watcher,
        )
    if not is_pipe:
        _tell(coded, output)
    if target is None and coded.good:
        _print_table(watcher, coded.rows)
    refused = coded.rows - coded.good
    if refused or (output is not None and not coded.rows):
        raise typer.Exit(EXIT_FOUND if coded.good else EXIT_REFUSED)


class _Watcher:
    """Says what the file is, which rows are refused and how far the work is, and keeps the rows of a short table."""

    def __init__(self, file: str, move: Any, columns: Columns, *, is_quiet: bool) -> None:
        self.shown = [name for name in columns.names if name in _TITLES]
        self.first_rows: list[tuple[Any, ...]] = []
        self._file, self._move, self._is_quiet = file, move, is_quiet
        self._total: int | None = None
        self._rows = self._refused = 0

    def see_delivery(self, delivery: OpenDelivery) -> None:
        self._file, self._total = delivery.file, delivery.rows
        understood = [delivery.format, f"{delivery.crs_name} ({speak(delivery.crs_why)})"]
        if delivery.encoding:
            understood.insert(1, f"{delivery.encoding.name} ({speak(delivery.encoding.why)})")
        if not self._is_quiet:
            notes([Text(f"{delivery.file}:" + ",".join(understood), f"{delivery.file}: " + ", ".join(understood))])

    def see_batch(self, batch: CodedBatch) -> None:
        for row in batch.refused[: max(0, SHOWN_ROWS - self._refused)]:
            complain_row(self._file, row.row, row.feature, fault_json(row.fault))
        missing = _TABLE_ROWS - len(self.first_rows)
        first = batch.frame.iloc[: max(0, missing)]
        self.first_rows += zip(first.index, *(first[name] for name in self.shown), strict=True)
        self._rows += len(batch.frame)
        self._refused += len(batch.refused)
        self._move(self._rows, self._total)


@contextmanager
def _ending_tidily() -> Iterator[None]:
    """Have a request to end unwind the work, as Ctrl-C does, so that nothing half-written stays beside the target."""

    def leave(*_: object) -> None:
        raise SystemExit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _progress(source: str) -> AbstractContextManager[Any]:
    """Return a bar, or for a pipe, of which nobody knows the length, what takes its place."""
    return nullcontext(lambda *_: None) if source == "-" else progress_bar(Text("赋码", "Coding"))


def _tell(coded: CodedFile, output: Path | None) -> None:
    """Print what was found on the way, and how many rows are coded and refused."""
    notes(coded.notes)
    refused = coded.rows - coded.good
    tell_others(coded.refused, shown=min(refused, SHOWN_ROWS), where=_WHERE)
    where = f" → {output}" if output and coded.good else ""
    notes(
        [
            Text(
                f"{coded.rows} 行:赋码 {coded.good},拒绝 {refused}{where}",
                f"{row_count(coded.rows)}: {coded.good} coded, {refused} refused{where}",
            )
        ]
    )
    if output and not coded.good:
        complain(speak(Text("没有可赋码的行,未写出文件。", "No row can be coded, so nothing is written.")))


def _print_table(watcher: _Watcher, count: int) -> None:
    table = table_of(
        (ROW, "right"), *((_TITLES[name], "right" if name == "area_m2" else "left") for name in watcher.shown)
    )
    for row, *values in watcher.first_rows:
        table.add_row(str(row), *map(_cell, values))
    out.print(table)
    rest = count - len(watcher.first_rows)
    if rest:
        out.print(speak(Text(f"… 另有 {rest} 行;用 -o 写出全部。", f"… and {rest} more; write them all with -o.")))


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else square_metres(value)
