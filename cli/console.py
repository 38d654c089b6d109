"""Speaking to the person: language, tables on standard output, everything else on standard error."""

import json
import locale
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from cli.candidates import lines_of
from geocode import GeocodeError, Text
from workflows.confining import confine_as_set
from workflows.errors import RefusedDeliveryError, RefusedOptionError, WorkflowError
from workflows.failures import (
    AliasError,
    BlueprintError,
    CityFileError,
    LayersError,
    NotHereError,
    RegistryError,
    StoreError,
)
from workflows.reports import RowReport, UploadReport
from workflows.settings import Settings

__all__ = [
    "EXIT_FOUND",
    "EXIT_REFUSED",
    "ROW",
    "SHOWN_ROWS",
    "answering",
    "complain",
    "complain_refused",
    "complain_row",
    "complain_rows",
    "language",
    "notes",
    "out",
    "print_candidates",
    "print_json",
    "progress_bar",
    "remedy_of",
    "row_count",
    "settings",
    "speak",
    "square_metres",
    "table_of",
    "tell_others",
    "tell_written",
]

ROW = Text("行(从 0 起)", "row (from 0)")
SHOWN_ROWS = 20
_NOWHERE = Text("", "")
_MOST_CANDIDATES = 8
# as many decimals as files have, and as tables show of them
_AREA_KEPT, _AREA_SHOWN = ".4f", Decimal("0.01")
EXIT_FOUND, EXIT_USAGE, EXIT_REFUSED = 1, 2, 3
_WIDE = 200
out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
_err = Console(stderr=True, highlight=False, soft_wrap=True, width=None if sys.stderr.isatty() else _WIDE)
_MARK = {"zh": ("拒绝", "处理", "待审"), "en": ("Refused", "Remedy", "Held")}

_PLACES = {
    "file": Text("", ""),
    "layer": Text("图层 ", "layer "),
    "feature": Text("要素 ", "feature "),
    "line": Text("行 ", "line "),
}


def settings() -> Settings:
    """Return the installation's settings; from now on files from others are read as they say."""
    configured = Settings()
    confine_as_set(configured)
    return configured


def speak(text: Text | dict[str, str]) -> str:
    """Return a text in the person's language."""
    pair = {"zh": text.zh, "en": text.en} if isinstance(text, Text) else text
    return pair[language()]


def table_of(*columns: tuple[Text, Literal["left", "right"]]) -> Table:
    """Return an empty table with titled columns, each aligned as told."""
    table = Table(box=None, header_style="bold")
    for title, justify in columns:
        # what is too wide goes on in the next line: nothing is cut off
        table.add_column(speak(title), justify=justify, overflow="fold")
    return table


def language() -> Literal["zh", "en"]:
    """Return ``zh`` or ``en``: as set, else by the locale."""
    chosen = settings().language
    if chosen:
        return chosen
    name = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if name.startswith("zh") or (locale.getlocale()[0] or "").startswith("zh") else "en"


def square_metres(area_m2: float | None, *, grouped: bool = False) -> str:
    """Return an area as every table shows it: that which stands in files, to two decimals, halves up; a dash where it is none."""
    if area_m2 is None or area_m2 != area_m2:  # noqa: PLR0124 - NaN: a row that is refused
        return "–"
    shown = Decimal(format(area_m2, _AREA_KEPT)).quantize(_AREA_SHOWN, ROUND_HALF_UP)
    return f"{shown:,}" if grouped else str(shown)


def row_count(rows: int) -> str:
    """Return how many rows there are, in English."""
    return f"{rows} row" if rows == 1 else f"{rows} rows"


def notes(texts: Any) -> None:
    """Print remarks."""
    for text in texts:
        _err.print(f"[dim]·[/] {speak(text)}", markup=True)


def complain(
    sentence: str, remedy: str = "", *, place: str = "", suggestions: Iterable[str] = (), held: bool = False
) -> None:
    """Print one refusal, or what is held for a person: the place, the sentence, the remedy, what may have been meant."""
    mark, mend, waits = _MARK[language()]
    _err.print(f"[bold yellow]{waits}[/]" if held else f"[bold red]{mark}[/]", end=" ")
    _err.print(f"{place}: {sentence}" if place else sentence, markup=False)
    if remedy:
        _err.print(f"  → {mend}: {remedy}" if language() == "en" else f"  → {mend}:{remedy}", markup=False)
    for suggestion in suggestions:
        _err.print(f"  ? {suggestion}", markup=False)


@contextmanager
def answering() -> Iterator[None]:
    """Turn the errors of a use case into one sentence and the exit code 3, or 2 where an option is wrong."""
    try:
        yield
    except RefusedDeliveryError as error:
        _complain_of_delivery(error)
        raise typer.Exit(EXIT_REFUSED) from error
    except WorkflowError as error:
        for fault in getattr(error, "faults", [error]):
            complain(speak(fault.text), speak(fault.remedy))
        raise typer.Exit(EXIT_USAGE if isinstance(error, RefusedOptionError) else EXIT_REFUSED) from error
    except (LayersError, GeocodeError, AliasError, CityFileError) as error:
        place = " · ".join(
            f"{speak(word)}{getattr(error, name)}"
            for name, word in _PLACES.items()
            if getattr(error, name, None) is not None
        )
        complain(speak(error.fault.text), speak(error.fault.remedy), place=place)
        print_candidates(getattr(error, "candidates", ()))
        raise typer.Exit(EXIT_REFUSED) from error
    except (StoreError, RegistryError, BlueprintError) as error:
        text = getattr(error, "text", None)
        sentence = speak(text) if isinstance(text, Text) else str(error)
        remedy = speak(error.remedy) if isinstance(error, NotHereError) else ""
        complain(sentence, remedy, suggestions=getattr(error, "suggestions", ()))
        raise typer.Exit(EXIT_REFUSED) from error
    except BrokenPipeError:
        # the reader has what it wanted, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except OSError as error:
        _complain_of_file(error)
        raise typer.Exit(EXIT_REFUSED) from error


def _complain_of_delivery(error: RefusedDeliveryError) -> None:
    """Print what is wrong with the rows of a delivery that is refused, what somebody should look at, and the sum."""
    complain_rows(error.report)
    complain(speak(error.text), speak(error.remedy), place=error.report.file)


def _complain_of_file(error: OSError) -> None:
    """Print what the system says of a file."""
    if isinstance(error, FileNotFoundError):
        sentence = Text(f"没有文件 {error.filename}。", f"There is no file {error.filename}.")
        complain(speak(sentence), speak(Text("检查路径。", "Check the path.")))
        return
    reason = error.strerror or str(error)
    sentence = Text(f"无法读写:{reason}。", f"It cannot be read or written: {reason}.")
    remedy = Text("检查权限和磁盘空间。", "See whether you may, and whether the disk has room.")
    complain(speak(sentence), speak(remedy), place=str(error.filename or ""))


def print_json(value: Any) -> None:
    """Print an answer as JSON, indented, in the characters that it has."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_candidates(candidates: Sequence[Mapping[str, Any]]) -> None:
    """Print the CRSs that a file may be in: what to state for each, where it would lie, how plausible it is and why."""
    if not candidates:
        return
    table = table_of(
        (Text("说明用", "state"), "left"),
        (Text("经度", "longitude"), "left"),
        (Text("纬度", "latitude"), "left"),
        (Text("可信度", "score"), "right"),
        (Text("理由", "why"), "left"),
    )
    lines = lines_of(candidates)
    for line in lines[:_MOST_CANDIDATES]:
        table.add_row(line.said, line.longitudes, line.latitudes, line.score, speak(line.why))
    _err.print(table)
    rest = len(lines) - _MOST_CANDIDATES
    if rest > 0:
        notes([Text(f"另有 {rest} 种;说明工作范围后候选会减少。", f"{rest} more; there are fewer with an extent.")])


def complain_row(file: str, row: int, feature: str | None, fault: Mapping[str, Any], *, held: bool = False) -> None:
    """Print why a row is refused, or held."""
    place = _place_of_row(file, row, feature, fault)
    complain(speak(fault["text"]), speak(fault["remedy"]), place=place, held=held)


def complain_refused(of: str, rows: Sequence[tuple[int, str | None, Mapping[str, Any]]]) -> None:
    """Print why rows (row, feature, fault) of a layer or file are refused: the first of them, the others counted by kind."""
    for row, feature, fault in rows[:SHOWN_ROWS]:
        complain_row(of, row, feature, fault)
    tell_others(Counter(fault["kind"] for _, _, fault in rows), shown=min(len(rows), SHOWN_ROWS))


def _place_of_row(file: str, row: int, feature: str | None, fault: Mapping[str, Any]) -> str:
    place = f"{file} · {speak(Text('第', 'row '))}{row}{speak(Text('行', ''))}"
    if feature not in {None, str(row)}:
        place += f" ({speak(Text('要素 ', 'feature '))}{feature})"
    if fault.get("vertex") is not None:
        place += f" · {speak(Text('顶点 ', 'vertex '))}{fault['vertex']}"
    return place


def complain_rows(report: UploadReport) -> None:
    """Print what stands against rows and what to look at in them: the first of either, the others counted by kind."""
    faults: list[tuple[RowReport, Mapping[str, Any]]] = []
    doubts: list[tuple[RowReport, Mapping[str, Any]]] = []
    kinds = Counter[str]()
    for row in report.results:
        kinds.update(each["kind"] for each in (row.fault, *row.warnings) if each)
        if row.fault and len(faults) < SHOWN_ROWS:
            faults.append((row, row.fault))
        doubts += [(row, each) for each in row.warnings[: max(0, SHOWN_ROWS - len(doubts))]]
    for row, fault in faults:
        complain_row(report.file, row.row, row.feature, fault, held=row.outcome == "held")
    for row, warning in doubts:
        _doubt_row(report.file, row.row, row.feature, warning)
    tell_others(kinds, shown=len(faults) + len(doubts))


def tell_others(kinds: Counter[str], *, shown: int, where: Text = _NOWHERE) -> None:
    """Say how much of what stands against rows was not shown, all of it by kind, and how rows are counted.

    Parameters
    ----------
    where
        Where all of it is to be found.
    """
    if rest := kinds.total() - shown:
        told = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
        en = f"Not shown here: {rest}. All of them by kind: {told}. {where.en}".rstrip()
        notes([Text(f"另有 {rest} 处未逐一列出;全部按类型:{told}。{where.zh}", en)])
    if kinds:
        notes([Text("行号从 0 起。", "Rows are counted from 0.")])


def tell_written(path: Path, rows: int | None = None) -> None:
    """Say which file was written, and how many rows it has where that is known: a drawing may lack some, as its remarks say."""
    told = (
        Text("", "") if rows is None or path.suffix.lower() == ".dxf" else Text(f":{rows} 行", f", {row_count(rows)}")
    )
    notes([Text(f"已写出 {path}{told.zh}", f"written: {path}{told.en}")])


def remedy_of(warning: Mapping[str, Any]) -> str:
    """Return what to do about a warning: how it could be mended or was, else where to look."""
    fix = warning.get("fix")
    if fix is None:
        return speak(warning["remedy"])
    mended = Text("已修正:", "Mended: ") if fix["applied"] else Text("可修正(--fix):", "Can be mended (--fix): ")
    return speak(mended) + speak(fix["text"])


def _doubt_row(file: str, row: int, feature: str | None, warning: Mapping[str, Any]) -> None:
    """Print what somebody should look at in a row, and how it could be mended or was."""
    word, style = (Text("提示", "Note"), "dim") if warning["severity"] == "info" else (Text("注意", "Look"), "cyan")
    _err.print(f"[{style}]{speak(word)}[/]", end=" ")
    place = _place_of_row(file, row, feature, warning)
    if warning["x"] is not None:
        place += f" · {warning['x']:.7f}, {warning['y']:.7f}"
    _err.print(f"{place}: {speak(warning['text'])}", markup=False)
    _err.print(f"  → {remedy_of(warning)}", markup=False)


@contextmanager
def progress_bar(title: Text) -> Iterator[Any]:
    """Show a bar on a terminal's standard error; yield the function that moves it (done, total, another title)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, disable=not _err.is_terminal, transient=True) as progress:
        task = progress.add_task(speak(title), total=None)

        def move(done: int, total: int | None = None, told: Text = title) -> None:
            progress.update(task, completed=done, total=total, description=speak(told))

        yield move
