"""`luotu differences`: where two plans of land use agree and where they differ."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cli.console import notes, out, print_json, speak, table_of
from cli.desk import at_desk
from cli.moments import AsOf, KnownAt, zoned
from geocode import Text
from workflows.difference_files import check_file, write_file
from workflows.difference_sums import PrintedSum, printed_sums
from workflows.difference_words import word
from workflows.differing import DifferenceOptions, compare_plans, show_differences
from workflows.plan_states import read_extent
from workflows.terms import Terms

__all__ = ["differences"]

_SHOWN = 20
_TEXTS = ("district", "class")
_NUMBERS = ("count", "area_m2", "ellipsoid_area_m2", "share")


def differences(  # noqa: PLR0913 - one for each option
    first: Annotated[
        str,
        typer.Argument(metavar="FIRST|RUN", help="A layer: GH2103, GH2103@2024-01-01, GH2103@12 (edition); or a run"),
    ],
    second: Annotated[str | None, typer.Argument(metavar="SECOND", help="The layer to compare it with")] = None,
    *,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    within: Annotated[
        str | None, typer.Option(metavar="FILE|BOX", help="Where: a file of polygons, or west,south,east,north")
    ] = None,
    min_area: Annotated[
        float | None, typer.Option(min=0, help="A sliver has less, in m²; by the accuracies if left out")
    ] = None,
    min_width: Annotated[float | None, typer.Option(min=0, help="A sliver is narrower, in m")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write an .xlsx, or the pieces as .gpkg, .geojson, .fgb, …")
    ] = None,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")] = "table",
) -> None:
    """Compare two plans piece by piece: construction in both, in one alone, in neither, or no data.

    Each comparison is kept as a run; given a run alone, it is shown, or written, again.
    """
    with at_desk() as desk:
        if output:
            check_file(output)
        if second is None:
            told = show_differences(desk.database, first, principal=desk.principal)
        else:
            terms = Terms(desk.principal, desk.settings, as_of and as_of.date(), zoned(known_at))
            extent = None if within is None else read_extent(within)
            options = DifferenceOptions(within=extent, min_area_m2=min_area, min_width_m=min_width)
            told = compare_plans(desk.database, first, second, terms=terms, options=options)
        if output:
            write_file(desk.database, told["run"], output, principal=desk.principal)
    if form == "json":
        print_json(told)
    else:
        _print(told, output)


def _print(told: dict[str, Any], output: Path | None) -> None:
    table = table_of(
        *((word("columns", name), "left") for name in _TEXTS), *((word("columns", name), "right") for name in _NUMBERS)
    )
    rows = told["by_district"]
    *sums, total = printed_sums(rows)
    for row, printed in zip(rows, sums, strict=True):
        table.add_row(
            row["district"] or "–", speak(word("classes", row["class"])), str(row["count"]), *_numbers(printed)
        )
    table.add_section()
    table.add_row("", speak(word("columns", "total")), str(sum(row["count"] for row in rows)), *_numbers(total))
    out.print(table)
    limits = told["thresholds"]
    notes(
        [
            Text(
                f"碎斑:面积小于 {limits['area_m2']:.1f} m² 或宽度小于 {limits['width_m']:.2f} m。",
                f"Slivers: less than {limits['area_m2']:.1f} m² or narrower than {limits['width_m']:.2f} m.",
            ),
            *(Text(each["reason"]["zh"], each["reason"]["en"]) for each in told["untold"][:_SHOWN]),
        ]
    )
    rest = sum(told["untold_counts"].values()) - _SHOWN
    if rest > 0:
        notes([Text(f"另有 {rest} 项,见 --format json。", f"And {rest} more; see --format json.")])
    notes([Text(f"运算 {told['run']},SHA-256 {told['sha256']}", f"run {told['run']}, SHA-256 {told['sha256']}")])
    if output:
        notes([Text(f"已写出 {output}", f"written to {output}")])


def _numbers(printed: PrintedSum) -> tuple[str, str, str]:
    return f"{printed.area_m2:,.2f}", f"{printed.ellipsoid_area_m2:,.2f}", f"{printed.percent:.4f}%"
