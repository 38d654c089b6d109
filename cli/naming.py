"""`luotu decode` and `luotu alias`: what codes tell, and the other names of buildings."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from rich.markup import escape
from rich.table import Table

from cli.coding import answer_rows
from cli.console import EXIT_FOUND, EXIT_REFUSED, answering, complain, language, notes, out, settings, speak
from cli.forms import Crs, FileLayer, Form, settled
from geocode import Text
from workflows.coding import Answer
from workflows.decoding import CODE_LEVEL, decode_texts, joined_code
from workflows.naming import identify_texts, name_columns
from workflows.schemes import configured_schemes
from workflows.telling import RefusedText, ToldTexts, iter_texts, write_told

__all__ = ["alias", "decode"]

Lines: TypeAlias = Callable[[dict[str, Any]], Iterator[tuple[str, str]]]
_TABLE_ROWS = 40
# what ends so is meant as a file, even where there is none
_FILES = (
    ".gpkg",
    ".fgb",
    ".parquet",
    ".geoparquet",
    ".geojson",
    ".json",
    ".geojsonl",
    ".geojsons",
    ".shp",
    ".gdb",
    ".kml",
    ".kmz",
    ".gml",
    ".zip",
    ".gz",
)
_SHOWN_REFUSALS = 20


def decode(
    codes: Annotated[
        list[str], typer.Argument(metavar="CODE…", help="Codes, leniently typed; - for a stream of them, one a line")
    ],
    *,
    parents: Annotated[bool, typer.Option("--parents", help="Tell the coarser H3 cells too")] = False,
    level: Annotated[
        int, typer.Option(min=1, max=10, help="Level of the BeiDou code of the cell's centre")
    ] = CODE_LEVEL,
    form: Form = "auto",
) -> None:
    """Tell what codes say of themselves: where, how large, which generation. No database is needed.

    In GeoJSON the cell is the geometry. A text that is no code gets the reason, and the codes one keystroke away.
    """
    with answering():
        batches = iter_texts(joined_code(codes), sys.stdin.buffer)
        _answer((decode_texts(texts, beidou_level=level, parents=parents) for texts in batches), form, _code_lines)


def alias(  # noqa: PLR0913 - one for each option
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME…|FILE", help="Names of any kind, - for a stream of them; or a file of footprints"),
    ] = None,
    *,
    file: Annotated[
        str | None, typer.Option(metavar="FILE", help="The file; - for GeoJSON features on standard input")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; its suffix tells the format")
    ] = None,
    scheme: Annotated[list[str] | None, typer.Option(help="Only names of this scheme; may be repeated")] = None,
    level: Annotated[
        int | None, typer.Option(min=1, max=10, help="Level of BeiDou codes: 8 for a code's cell, 10 for a footprint")
    ] = None,
    crs: Crs = None,
    layer: FileLayer = None,
    form: Form = "auto",
) -> None:
    """Tell what texts are the names of, or give every footprint of a file its computed names. No database is needed.

    NAME: a building code also gives the names of its cell's centre; anything else is told by scheme, with its parts.

    FILE: every row comes out again with the columns code, h3, beidou, pluscode, ubid and fault, as luotu code does it.
    """
    chosen, texts = scheme or [], names or []
    if file is None and len(texts) == 1 and (Path(texts[0]).is_file() or texts[0].lower().endswith(_FILES)):
        file, texts = texts[0], []
    if (file is None) == (not texts) or (texts and (output, crs, layer) != (None, None, None)):
        raise typer.BadParameter("give names, or one file with its --output, --crs and --layer")
    if file is not None:
        with answering():
            columns = name_columns(chosen=chosen, beidou_level=level, language=language())
        answer_rows(file, output, crs=crs, layer=layer, form=form, columns=columns)
        return
    with answering():
        known = configured_schemes(settings())
        batches = (
            identify_texts(batch, schemes=known, chosen=chosen, beidou_level=level)
            for batch in iter_texts(texts, sys.stdin.buffer)
        )
        _answer(batches, form, _name_lines)


def _answer(batches: Iterable[ToldTexts], form: str, lines: Lines) -> None:
    """Print what texts tell, and leave with the exit code that the refusals among them make."""
    chosen: Any = settled(form)
    tally = _Tally()
    if chosen == "table":
        _print_blocks(tally.watched(batches), lines)
    else:
        write_told(tally.watched(batches), Answer(sys.stdout.buffer, chosen))
    tally.leave()


class _Tally:
    """Prints the first refusals, and counts texts and refusals."""

    def __init__(self) -> None:
        self._texts = 0
        self._refused: Counter[str] = Counter()

    def watched(self, batches: Iterable[ToldTexts]) -> Iterator[ToldTexts]:
        for batch in batches:
            refused: list[RefusedText] = [each for each in batch.refusals if each is not None]
            for one in refused[: max(0, _SHOWN_REFUSALS - self._refused.total())]:
                complain(speak(one.said), speak(one.remedy), suggestions=one.suggestions)
            self._texts += batch.texts
            self._refused.update(one.kind for one in refused)
            yield batch

    def leave(self) -> None:
        rest = self._refused.total() - _SHOWN_REFUSALS
        if rest > 0:
            kinds = ", ".join(f"{kind} {count}" for kind, count in self._refused.most_common())
            notes([Text(f"另有 {rest} 个被拒绝;按类型:{kinds}。", f"{rest} more are refused; by kind: {kinds}.")])
        if self._refused:
            raise typer.Exit(EXIT_REFUSED if self._refused.total() == self._texts else EXIT_FOUND)


def _print_blocks(batches: Iterable[ToldTexts], lines: Lines) -> None:
    """Print a block of lines for each row that tells something, and how many are left."""
    rows = 0
    for batch in batches:
        good = len(batch.refusals) - sum(refusal is not None for refusal in batch.refusals)
        for told in islice(batch.told(), max(0, _TABLE_ROWS - rows)):
            _print_block(lines(told))
        rows += good
    if rows > _TABLE_ROWS:
        out.print(speak(Text(f"… 另有 {rows - _TABLE_ROWS} 项。", f"… and {rows - _TABLE_ROWS} more.")))


def _print_block(lines: Iterable[tuple[str, str]]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column()
    for label, value in lines:
        table.add_row(escape(label), escape(value))
    out.print(table)
    out.print()


def _code_lines(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a code tells, label and value."""
    low, high = told["area_from_m2"], told["area_to_m2"]
    yield speak(Text("编码", "code")), told["code"]
    yield speak(Text("位置", "place")), _place(told)
    yield speak(Text("面积", "area")), f"≥ {low:.0f} m²" if high is None else f"{low:.0f}–{high:.0f} m²"
    yield speak(Text("代次", "generation")), str(told["generation"])
    yield speak(Text("北斗网格位置码", "BeiDou code")), told["beidou"] or "–"
    yield speak(Text("H3 单元", "H3 cell")), told["h3"]
    for resolution, cell in enumerate(told.get("parents", ())):
        yield speak(Text(f"  第 {resolution} 级", f"  resolution {resolution}")), cell


def _name_lines(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a name tells, label and value."""
    yield speak(told["label"]), told["value"]
    if told["lon"] is not None:
        yield speak(Text("  位置", "  place")), _place(told)
    for part in told["parts"]:
        meaning = f"  {speak(part['meaning'])}" if part["meaning"] else ""
        yield f"  {speak(part['label'])}", f"{part['text']}{meaning}"


def _place(told: dict[str, Any]) -> str:
    return f"{told['lon']:.7f}, {told['lat']:.7f}"
