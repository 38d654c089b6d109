"""`luotu resolve`: from names of any kind to buildings."""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from cli.console import EXIT_FOUND, EXIT_REFUSED, answering, complain, out, print_json, settings, speak, square_metres
from cli.forms import Form, settled
from cli.moments import AsOf, KnownAt, zoned
from geocode import Text
from workflows.coding import Answer
from workflows.databases import Database, opened_database
from workflows.decoding import joined_code
from workflows.name_lists import in_batches, read_names, write_rows
from workflows.procedures import configured_procedure
from workflows.resolving import resolve_building, resolve_names
from workflows.schemes import configured_schemes
from workflows.telling import iter_texts

__all__ = ["resolve"]

_BATCH = 2_000
_TABLE_ROWS = 200
_STATUSES = {
    "found": Text("找到", "found"),
    "several": Text("多幢", "several"),
    "not_found": Text("没有", "not found"),
    "invalid": Text("有误", "invalid"),
}
_LIVES = {"living": Text("在用", "living"), "closed": Text("已注销", "closed")}


def resolve(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME…", help="A code, an alias, a project, an address, coordinates; several at once"),
    ] = None,
    *,
    file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="CSV or XLSX with a name in each row; - for lines on standard input"),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    form: Form = "auto",
) -> None:
    """Find the building that bears a name of any kind, with its history; or a row for each of many names."""
    if (file is None) == (not names):
        raise typer.BadParameter("give names, or a file of them with --file")
    moment: dict[str, Any] = {"as_of": as_of and as_of.date(), "known_at": zoned(known_at)}
    configured = settings()
    with answering(), opened_database(configured) as database:
        asked = joined_code(names or [])
        moment |= {"schemes": configured_schemes(configured), "stages": configured_procedure(configured).stages}
        if file is None and len(asked) == 1 and form != "csv":
            _tell_one(resolve_building(database, asked[0], **moment), settled(form))
        else:
            _tell_many(database, _asked(asked, file), moment, settled(form))


def _asked(names: list[str], file: str | None) -> Iterator[Any]:
    if file == "-":
        for batch in iter_texts(["-"], sys.stdin.buffer):
            yield from batch
    else:
        yield from names if file is None else read_names(Path(file))


def _tell_one(feature: dict[str, Any], form: str) -> None:
    if form == "table":
        _print_building(feature)
    elif form == "geojsonl":
        typer.echo(orjson.dumps(feature))
    else:
        print_json(feature)


def _tell_many(database: Database, names: Iterable[Any], moment: dict[str, Any], form: Any) -> None:
    """Print a row for each name, and leave with the exit code that those without a building make."""
    counts = {"found": 0, "all": 0}

    def rows() -> Iterator[list[dict[str, Any]]]:
        for batch in in_batches(names, _BATCH):
            told = resolve_names(database, batch, **moment)
            counts["found"] += sum(row["status"] == "found" for row in told)
            counts["all"] += len(told)
            yield told

    if form == "table":
        _print_rows(rows())
    else:
        write_rows(rows(), Answer(sys.stdout.buffer, form))
    if counts["found"] < counts["all"]:
        raise typer.Exit(EXIT_FOUND if counts["found"] else EXIT_REFUSED)


def _print_rows(batches: Iterable[list[dict[str, Any]]]) -> None:
    table = Table(box=None, header_style="bold")
    for title in (Text("名称", "name"), Text("结果", "result"), Text("编码", "code"), Text("说明", "remarks")):
        table.add_column(speak(title))
    rows = (row for batch in batches for row in batch)
    for row in islice(rows, _TABLE_ROWS):
        table.add_row(
            escape(str(row["asked"])), speak(_STATUSES[row["status"]]), row["code"] or "", escape(_remark(row))
        )
    out.print(table)
    left = sum(1 for _ in rows)
    if left:
        complain(
            speak(Text(f"另有 {left} 行未列出。", f"{left} more rows are not shown.")),
            speak(Text("用 --format csv。", "Use --format csv.")),
        )


def _remark(row: dict[str, Any]) -> str:
    """Return what is to be known of a row beside its code."""
    if row["fault"]:
        codes = ", ".join(each["code"] for each in row["candidates"]) or row["suggestion"] or ""
        return f"{speak(row['fault']['text'])} {codes}".rstrip()
    said = _told_match(row["matched"])
    if row["building"]["life"]["state"] == "closed":
        said.append(f"{_told_life(row['building']['life'])} → {', '.join(row['successors']) or '–'}")
    return " · ".join(said)


def _told_match(matched: dict[str, Any]) -> list[str]:
    """Return how a name was understood, in words."""
    said = [speak(matched["label"])]
    if matched["how"]:
        said.append(speak(matched["how"]))
    if matched["unit"]:
        said.append(matched["unit"])
    if matched["ended_on"]:
        said.append(speak(Text(f"{matched['ended_on']} 终止", f"until {matched['ended_on']}")))
    if matched["distance_m"] is not None:
        away = f"{matched['distance_m']:.1f} m"
        beside = Text(f"距基底 {away}", f"{away} from the footprint")
        said.append(speak(beside if matched["distance_m"] else Text("在基底内", "within the footprint")))
    return said


def _told_life(life: dict[str, Any]) -> str:
    """Return whether a building lives, in words."""
    if life["reason"] is None:
        return speak(_LIVES[life["state"]])
    return f"{speak(_LIVES[life['state']])}: {speak(life['reason'])} {life['closed_on']}"


def _print_building(feature: dict[str, Any]) -> None:
    said = feature["properties"]
    table = Table(box=None, show_header=False)
    table.add_column(style="dim")
    table.add_column()
    for label, value in _building_lines(feature):
        table.add_row(escape(label), escape(value))
    for event in said["events"]:
        when = event["recorded_at"][:19].replace("T", " ")
        table.add_row(when, escape(f"{speak(event['label'])} · {event['actor']}"))
    out.print(table)


def _building_lines(feature: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is told of a building, label and value."""
    said = feature["properties"]
    west, south, east, north = feature["bbox"]
    plane = said["plane"]
    yield speak(Text("编码", "code")), said["code"]
    if said["matched"]["as"] != "code":
        yield speak(Text("查找依据", "found by")), " · ".join([said["matched"]["text"], *_told_match(said["matched"])])
    yield speak(Text("名称", "name")), said["name"] or "–"
    yield speak(Text("生命", "life")), _told_life(said["life"])
    for step in said["lineage"]["predecessors"]:
        yield speak(Text("前身", "predecessor")), f"{step['code']} ({step['relation']})"
    for step in said["lineage"]["successors"]:
        yield speak(Text("后继", "successor")), f"{step['code']} ({step['relation']}, {_told_life(step['life'])})"
    yield speak(Text("阶段", "stage")), speak(said["stage"])
    area = f"{square_metres(said['area_m2'])} m² (CGCS2000), {square_metres(plane['area_m2'])} m² ({plane['crs']})"
    yield speak(Text("面积", "area")), area
    yield speak(Text("位置", "place")), f"{(west + east) / 2:.7f}, {(south + north) / 2:.7f}"
    yield speak(Text("图形版本", "geometry version")), str(said["version"])
    yield speak(Text("单位", "office")), speak(said["office"])
    for project in said["projects"]:
        yield speak(Text("项目", "project")), f"{project['code'] or ''} {project['name']}".strip()
    for alias in said["aliases"]:
        unit = f" ({alias['unit']})" if alias.get("unit") else ""
        yield speak(alias["label"]), alias["value"] + unit
