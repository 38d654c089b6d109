"""`luotu extract`: everything that the blueprint has on a site."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
import typer
from rich.markup import escape

from cli.console import EXIT_FOUND, EXIT_REFUSED, complain_refused, notes, out, print_json, speak, table_of
from cli.desk import Desk, at_desk
from cli.forms import Crs
from cli.moments import AsOf, KnownAt, zoned
from geocode import Text
from workflows.extract_papers import render_extract
from workflows.extract_views import extract_geojson, extract_json
from workflows.extracting import (
    Extract,
    RefusedRow,
    extract_building,
    extract_feature,
    extract_file,
    kept_extract,
)
from workflows.settings import Settings
from workflows.terms import Terms

__all__ = ["extract"]

_STATUSES = {
    "not_concerned": Text("不涉及", "not concerned"),
    "no_data": Text("无资料", "no data"),
}
_CERTAINTIES = {
    "certain": Text("确定", "certain"),
    "within_accuracy": Text("精度内", "within accuracy"),
    "noise": Text("测量噪声", "noise"),
}
_MOST_NAMES = 4


def extract(  # noqa: PLR0913 - one for each option
    subject: Annotated[
        str,
        typer.Argument(
            metavar="CODE|FILE|FEATURE|RUN", help="A building's name, a file of sites, a feature of --layer, a kept run"
        ),
    ],
    *,
    layer: Annotated[
        str | None, typer.Option(help="The catalogue's layer that the feature is of; of a file, its layer to read")
    ] = None,
    crs: Crs = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    area: Annotated[
        float | None,
        typer.Option(min=0, help="The area in m² that a register or a permit states: shares are scaled to it"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a .pdf, .json or .geojson; of several sites one each")
    ] = None,
    form: Annotated[
        Literal["table", "json", "geojson"], typer.Option("--format", help="How to print the answer")
    ] = "table",
) -> None:
    """Tell what every layer has on a site: concerned, not concerned, or no data. Each answer is kept and can be verified."""
    view = _view(output) if output else None
    with at_desk() as desk:
        terms = Terms(desk.principal, desk.settings, as_of and as_of.date(), zoned(known_at))
        extracts, refused = _extracts(desk, subject, terms, layer=layer, crs=crs, area_m2=area)
        complain_refused(subject, refused)
        for number, each in enumerate(extracts, start=1):
            if view and output:
                target = output if len(extracts) == 1 else output.with_stem(f"{output.stem}-{number}")
                target.write_bytes(view(each, desk.settings))
                notes([Text(f"{target} · {each.id}", f"{target} · {each.id}")])
    if view is None:
        _print(extracts, form)
    if refused:
        raise typer.Exit(EXIT_FOUND if extracts else EXIT_REFUSED)


def _extracts(
    desk: Desk, subject: str, terms: Terms, *, layer: str | None, crs: str | None, area_m2: float | None
) -> tuple[list[Extract], list[RefusedRow]]:
    if Path(subject).exists():
        if area_m2 is not None:
            raise typer.BadParameter("--area is of one site; a file states areas in a column of its own")
        return extract_file(desk.database, Path(subject), terms=terms, crs=crs, layer=layer)
    if layer is not None:
        return [extract_feature(desk.database, layer, subject, terms=terms, stated_area_m2=area_m2)], []
    if _is_uuid(subject):
        return [kept_extract(desk.database, subject, principal=desk.principal)], []
    return [extract_building(desk.database, subject, terms=terms, stated_area_m2=area_m2)], []


_VIEWS: dict[str, Callable[[Extract, Settings], bytes]] = {
    ".pdf": lambda extract, settings: render_extract(extract, settings=settings),
    ".json": lambda extract, _settings: orjson.dumps(extract_json(extract), option=orjson.OPT_INDENT_2),
    ".geojson": lambda extract, _settings: orjson.dumps(extract_geojson(extract), option=orjson.OPT_INDENT_2),
}


def _view(output: Path) -> Callable[[Extract, Settings], bytes]:
    """Return what makes the file that a suffix names."""
    if output.suffix.lower() not in _VIEWS:
        raise typer.BadParameter(f"{output.name}: the name ends in {', '.join(_VIEWS)}")
    return _VIEWS[output.suffix.lower()]


def _print(extracts: list[Extract], form: str) -> None:
    if form == "json":
        print_json([extract_json(each) for each in extracts])
    elif form == "geojson":
        for each in extracts:
            print_json(extract_geojson(each))
    else:
        for each in extracts:
            _print_table(each)


def _print_table(extract: Extract) -> None:
    site, layers = extract.result["site"], extract.result["layers"]
    title = site["code"] or site["name"] or site["kind"]
    out.print(f"[bold]{escape(str(title))}[/]  {site['area_m2']:,.2f} m²  {extract.result['plane']}")
    table = table_of(
        (Text("图层", "layer"), "left"),
        (Text("名称", "name"), "left"),
        (Text("面积 m²", "area m²"), "right"),
        (Text("占比 %", "share %"), "right"),
        (Text("把握", "how sure"), "left"),
        (Text("要素", "features"), "left"),
    )
    for row in layers:
        if row["status"] == "concerned" or row["features"]:
            sure = speak(_CERTAINTIES[row["certainty"]]) if row["certainty"] else ""
            table.add_row(row["code"], speak(row["name"]), *_measures(row), sure, escape(_names(row)))
    out.print(table)
    nothing = [f"{row['code']} {speak(row['name'])}{_doubt(row)}" for row in layers if row["status"] == "not_concerned"]
    unknown = [row["code"] for row in layers if row["status"] == "no_data"]
    for status, names in (("not_concerned", nothing), ("no_data", unknown)):
        out.print(f"[bold]{speak(_STATUSES[status])}[/] ({len(names)}) {escape(' · '.join(names))}")
    out.print(f"[dim]{extract.id} · SHA-256 {extract.sha256}[/]\n")


def _measures(row: dict[str, Any]) -> tuple[str, str]:
    """Return the area and the share of a layer; of lines and points, how long and how many."""
    if row["rasters"] and not row["area_m2"]:
        return "", ""
    if row["area_m2"] or not (row["length_m"] or row["points"]):
        return f"{row['area_m2']:,.2f}", f"{row['percent']:.2f}"
    return (f"{row['length_m']:,.2f} m" if row["length_m"] else f"{row['points']} ×"), ""


def _names(row: dict[str, Any]) -> str:
    if row["secret"]:
        return speak(Text("涉密,不显示", "secret, not shown"))
    called = [str(feature["name"] or feature["id"]) for feature in row["features"]]
    called += [_values(raster) for raster in row["rasters"]]
    more = len(called) - _MOST_NAMES
    return ", ".join(called[:_MOST_NAMES]) + (f" +{more}" if more > 0 else "")


def _doubt(row: dict[str, Any]) -> str:
    return speak(Text("(资料已旧)", " (outdated)")) if row["doubt"] else ""


def _values(raster: dict[str, Any]) -> str:
    if raster["least"] is None:
        return str(raster["title"])
    return f"{raster['title']} {raster['least']:,.2f} – {raster['greatest']:,.2f} {raster['unit'] or ''}".strip()


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
