"""`luotu sites`: where a project could stand."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from cli.console import EXIT_FOUND, notes, out, print_json, speak, table_of
from cli.desk import at_desk
from cli.moments import AsOf, KnownAt, zoned
from geocode import Text
from workflows.plan_states import read_extent
from workflows.site_candidates import CandidateOptions
from workflows.site_files import check_file, write_sites
from workflows.siting import SitingOptions, find_sites, show_sites
from workflows.terms import Terms

__all__ = ["sites"]

_STATUSES = {"possible": Text("可行", "possible"), "open": Text("待定", "open"), "vetoed": Text("否决", "vetoed")}
_EXCLUDED = {
    "no_polygon": Text("不是有效的面", "no valid polygon"),
    "too_small": Text("面积过小", "too small"),
    "too_large": Text("面积过大", "too large"),
    "too_narrow": Text("宽度不足", "too narrow"),
    "too_irregular": Text("形状不紧凑", "not compact enough"),
}
_STYLES = {"possible": "green", "open": "yellow", "vetoed": "red"}
_SHOWN = 40


def sites(  # noqa: PLR0913 - one for each option
    source: Annotated[
        str,
        typer.Argument(metavar="LAYER|FILE|h3:N|RUN", help="Parcels of a layer, polygons of a file, a grid, or a run"),
    ],
    *,
    within: Annotated[
        str | None, typer.Option(metavar="FILE|BOX", help="Where: a file of polygons, or west,south,east,north")
    ] = None,
    where: Annotated[str, typer.Option(help="Only features of the layer for which this CQL2 text holds")] = "",
    min_area: Annotated[float, typer.Option(min=0, help="In m²")] = 0.0,
    max_area: Annotated[float, typer.Option(min=0, help="In m²")] = float("inf"),
    min_width: Annotated[float, typer.Option(min=0, help="Of the largest circle that fits, in m")] = 0.0,
    min_compactness: Annotated[float, typer.Option(min=0, max=1, help="4π area / perimeter²; 0.785 is a square")] = 0.0,
    profile: Annotated[
        Path | None, typer.Option(help="Factors and weights (TOML); the built-in ones if left out")
    ] = None,
    vary: Annotated[float, typer.Option(min=0, max=1, help="By how much of itself each weight varies")] = 0.2,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the sites: .geojson, .csv, .gpkg, …")
    ] = None,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")] = "table",
) -> None:
    """Find sites for a project: hard rules rule candidates out, weighted factors rank the others.

    What is not known leaves a score open between two bounds. Each answer is kept as a run; given a run, it is shown again.
    """
    with at_desk() as desk:
        if output:
            check_file(output)
        if _is_run(source):
            told = show_sites(desk.database, source, principal=desk.principal)
        else:
            candidates = CandidateOptions(
                source=source,
                within=None if within is None else read_extent(within),
                where=where,
                min_area_m2=min_area,
                max_area_m2=max_area,
                min_width_m=min_width,
                min_compactness=min_compactness,
            )
            options = SitingOptions(
                candidates=candidates,
                profile=profile.read_text(encoding="utf-8-sig") if profile else "",
                share=vary,
            )
            terms = Terms(desk.principal, desk.settings, as_of and as_of.date(), zoned(known_at))
            file = Path(source) if Path(source).is_file() else None
            told = find_sites(desk.database, terms=terms, options=options, file=file)
        if output:
            write_sites(told, output)
    if form == "json":
        print_json(told)
    else:
        _print(told, output)
    if not any(site["rank"] for site in told["sites"]):
        raise typer.Exit(EXIT_FOUND)


def _is_run(source: str) -> bool:
    return len(source) == 36 and source.count("-") == 4 and not Path(source).exists()  # noqa: PLR2004 - a UUID


def _print(told: dict[str, Any], output: Path | None) -> None:
    table = table_of(
        (Text("名次", "rank"), "right"),
        (Text("用地", "site"), "left"),
        (Text("结论", "status"), "left"),
        (Text("面积 m²", "area m²"), "right"),
        (Text("得分", "score"), "right"),
        (Text("权重变动时名次", "rank as weights vary"), "right"),
        (Text("规则", "rules"), "left"),
    )
    for site in told["sites"][:_SHOWN]:
        score, status = site["score"], site["status"]
        rules = [found["rule"] for kind in ("vetoes", "doubts", "advice") for found in site[kind]]
        table.add_row(
            str(site["rank"] or "–"),
            escape(site["name"] or site["id"]),
            f"[{_STYLES[status]}]{speak(_STATUSES[status])}[/]",
            f"{site['area_m2']:,.0f}",
            f"{score['low']:.3f}" if score["low"] == score["high"] else f"{score['low']:.3f}…{score['high']:.3f}",
            f"{site['rank_best']}…{site['rank_worst']}" if site["rank_best"] else "",
            " ".join(dict.fromkeys(rules)),
        )
    out.print(table)
    _print_factors(told)
    rest = len(told["sites"]) - _SHOWN
    remarks = [Text(f"另有 {rest} 处。", f"And {rest} more.")] if rest > 0 else []
    remarks += [
        Text(f"不符合条件,{_EXCLUDED[why].zh}:{count} 处", f"left out, {_EXCLUDED[why].en}: {count}")
        for why, count in told["excluded"].items()
    ]
    if told["challengers"]:
        count = len(told["challengers"])
        remarks.append(
            Text(
                f"因资料不全,另有 {count} 处可能优于第一。",
                f"As not all is known, {count} others may be better than the first.",
            )
        )
    remarks.append(Text(f"运算 {told['run']},SHA-256 {told['sha256']}", f"run {told['run']}, SHA-256 {told['sha256']}"))
    if output:
        remarks.append(Text(f"已写出 {output}", f"written to {output}"))
    notes(remarks)


def _print_factors(told: dict[str, Any]) -> None:
    table = table_of(
        (Text("因子", "factor"), "left"),
        (Text("权重", "weight"), "right"),
        (Text("第一名不变的权重", "the first stays for weights"), "right"),
        (Text("缺少图层", "missing layers"), "left"),
    )
    for factor in told["factors"]:
        stays = factor["first_stays"]
        high = "∞" if stays["high"] is None else f"{stays['high']:.3g}"
        table.add_row(
            speak(factor["name"]), f"{factor['weight']:g}", f"{stays['low']:.3g}…{high}", ", ".join(factor["missing"])
        )
    out.print(table)
