"""`luotu statistics`: what came to be in the register, month by month and office by office, and where its buildings stand."""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cli.console import out, print_json, speak, table_of, tell_written
from cli.desk import at_desk
from geocode import Text
from workflows.statistics import FINEST_CELLS, read_cells, read_statistics

__all__ = ["statistics"]

_COUNTED = {
    "registered": Text("登记", "registered"),
    "closed": Text("注销", "closed"),
    "entered": Text("进入阶段", "stages entered"),
    "uploaded": Text("上传行", "rows uploaded"),
    "reviewed": Text("审查", "reviews"),
}


def statistics(
    *,
    cells: Annotated[
        Path | None, typer.Option(metavar="FILE.geojson", help="Write the H3 cells in which buildings stand")
    ] = None,
    resolution: Annotated[int, typer.Option(min=0, max=FINEST_CELLS, help="Of those cells")] = 8,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="How to print the answer")] = "table",
) -> None:
    """Count the buildings by office, and what came to be month by month."""
    with at_desk() as desk:
        counted = read_statistics(desk.database, principal=desk.principal)
        if cells is not None:
            found = read_cells(desk.database, principal=desk.principal, resolution=resolution)
            cells.write_text(json.dumps(found), encoding="utf-8")
            tell_written(cells, len(found["features"]))
    if form == "json":
        print_json(counted)
    else:
        _print_offices(counted["offices"])
        _print_months(counted)


def _print_offices(offices: list[dict[str, Any]]) -> None:
    table = table_of(
        (Text("单位", "office"), "left"),
        (Text("建筑", "buildings"), "right"),
        (Text("现存", "living"), "right"),
        (Text("占地(m²)", "ground (m²)"), "right"),
    )
    for office in offices:
        name = speak(Text(office["name"]["zh"], office["name"]["en"]))
        table.add_row(name, f"{office['buildings']:,}", f"{office['living']:,}", f"{office['area_m2']:,.2f}")
    out.print(table)


def _print_months(counted: dict[str, Any]) -> None:
    table = table_of((Text("月份(UTC)", "month (UTC)"), "left"), *((title, "right") for title in _COUNTED.values()))
    months = {what: _by_month(counted[what]) for what in _COUNTED}
    for month in sorted({month for each in months.values() for month in each}):
        table.add_row(month, *(f"{months[what][month]:,}" for what in _COUNTED))
    out.print(table)


def _by_month(rows: list[dict[str, Any]]) -> Counter[str]:
    counter = Counter[str]()
    for row in rows:
        counter[row["month"]] += row["number"]
    return counter
