"""A comparison of two plans as a workbook: statistics, pieces, the ledger of their cases, what it rests on.

Numbers are numbers, texts are texts whatever they begin with, and printed parts add up to the printed total: pieces to
their class in their district, classes to the extent.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import geopandas as gpd
import numpy as np
import xlsxwriter
from numpy.typing import NDArray

from blueprint.hits import load_hit_layers
from blueprint.rounding import AreaUnit, round_half_up, round_parts
from blueprint.statistics import SLIVER
from geocode import Text
from store.database import Database, transaction
from store.differences import cases_of_run
from workflows.cases import ledger_rows
from workflows.difference_words import word
from workflows.differing import read_pieces, show_differences
from workflows.principals import Principal
from workflows.rights import find_right

__all__ = ["write_workbook"]

_MOST_ROWS = 1_000_000  # a sheet holds 1,048,576
_LONGEST = 32_767
_WIDE, _NARROW = 40, 16
_AREAS = ("area_m2", "ellipsoid_area_m2")
_UNITS = ((2, AreaUnit.SQUARE_METRE), (4, AreaUnit.HECTARE), (2, AreaUnit.MU))
_SUMS = ("area_m2", "area_ha", "area_mu", "ellipsoid_area_m2", "share")
_FORMATS = {
    "area_m2": "#,##0.00",
    "area_ha": "#,##0.0000",
    "area_mu": "#,##0.00",
    "ellipsoid_area_m2": "#,##0.00",
    "width_m": "0.000",
    "share": "0.0000%",
}


class _Sheet(NamedTuple):
    """A sheet: its name, its columns, and its rows."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]


def write_workbook(database: Database, run_id: str, target: Path | BinaryIO, *, principal: Principal) -> None:
    """Write a comparison as XLSX; the same comparison, with the same cases, is the same bytes.

    Raises
    ------
    NotHereError, ForbiddenError, HiddenError
        As `workflows.differing.show_differences`.
    """
    told = show_differences(database, run_id, principal=principal)
    pieces = read_pieces(database, run_id, principal=principal)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        book.set_properties({"created": datetime.fromisoformat(told["recorded_at"]).replace(tzinfo=None)})
        pen = _Pen(book)
        pen.write(_statistics(told))
        pen.write(_land_classes(told))
        for sheet in _pieces(pieces.assign(**{name: _printed_pieces(pieces, told, name) for name in _AREAS})):
            pen.write(sheet)
        pen.write(_cases(_ledger(database, run_id, principal)))
        pen.write(_basis(told))


class _Pen:
    """Writes sheets into a workbook, row after row."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._title = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self._formats = {name: book.add_format({"num_format": form}) for name, form in _FORMATS.items()}

    def write(self, sheet: _Sheet) -> None:
        """Add a sheet with a header that stays in sight."""
        page = self._book.add_worksheet(sheet.name)
        page.freeze_panes(1, 0)
        for place, name in enumerate(sheet.columns):
            page.set_column(place, place, _WIDE if name in {"is", "class", "opinion", "approvals"} else _NARROW)
            page.write_string(0, place, _both(word("columns", name)), self._title)
        for number, row in enumerate(sheet.rows, start=1):
            for place, value in enumerate(row):
                self._write_cell(page, number, place, value, self._formats.get(sheet.columns[place]))

    @staticmethod
    def _write_cell(page: Any, row: int, place: int, value: Any, form: Any) -> None:
        if isinstance(value, str):
            page.write_string(row, place, value[:_LONGEST])
        elif value is not None:
            page.write_number(row, place, value, form)


def _statistics(told: dict[str, Any]) -> _Sheet:
    rows = told["by_district"]
    leading = [(row["district"] or "", _both(word("classes", row["class"])), row["count"]) for row in rows]
    return _Sheet(_sheet_name("statistics"), ("district", "class", "count", *_SUMS), _with_totals(leading, rows))


def _land_classes(told: dict[str, Any]) -> _Sheet:
    rows = told["by_land_class"]
    leading = [
        (*(_both(word("land_classes", row[side])) for side in ("left_class", "right_class")), row["count"])
        for row in rows
    ]
    return _Sheet(
        _sheet_name("land_classes"), ("left_class", "right_class", "count", *_SUMS), _with_totals(leading, rows)
    )


def _with_totals(leading: list[tuple[Any, ...]], rows: Sequence[dict[str, Any]]) -> Iterable[Sequence[Any]]:
    """Yield the rows of a table of sums, their total last."""
    areas_m2, ellipsoid_m2 = ([row[name] for row in rows] for name in _AREAS)
    columns = [
        *(round_parts(areas_m2, decimals=decimals, unit=unit) for decimals, unit in _UNITS),
        round_parts(ellipsoid_m2, decimals=2),
        round_parts(areas_m2, decimals=6, total=1),
    ]
    for row, first in enumerate(leading):
        yield (*first, *(column[row] for column in columns))
    count = sum(row["count"] for row in rows)
    # sums of printed numbers have binary dust, which rounding takes away
    yield ("", _both(word("columns", "total")), count, *(round(sum(column), 6) for column in columns))


def _pieces(pieces: gpd.GeoDataFrame) -> Iterable[_Sheet]:
    control = load_hit_layers().control
    columns = (
        *("id", "district", "class", "is_sliver", "left_id", "left_code", "left_class"),
        *("right_id", "right_code", "right_class", "area_m2", "ellipsoid_area_m2", "width_m", "certainty"),
        *control,
        "approvals",
    )
    for number, start in enumerate(range(0, max(len(pieces), 1), _MOST_ROWS), start=1):
        name = _sheet_name("pieces") + (f" {number}" if number > 1 else "")
        chosen = pieces.iloc[start : start + _MOST_ROWS].to_dict("records")
        yield _Sheet(name, columns, (_piece_row(row, control) for row in chosen))


def _printed_pieces(pieces: gpd.GeoDataFrame, told: dict[str, Any], name: str) -> NDArray[np.float64]:
    """Return the printed areas of pieces: together they are the printed area of their class in their district."""
    sums = told["by_district"]
    totals = round_parts([row[name] for row in sums], decimals=2)
    total = {(row["district"], row["class"]): area_m2 for row, area_m2 in zip(sums, totals, strict=True)}
    classes = pieces["class"].where(~pieces["is_sliver"].astype(bool), SLIVER)
    groups: dict[tuple[str | None, str], list[int]] = {}
    for row, key in enumerate(zip(pieces["district"], classes, strict=True)):
        groups.setdefault(key, []).append(row)
    printed, areas_m2 = np.zeros(len(pieces)), pieces[name].to_numpy(dtype=float)
    for key, rows in groups.items():
        printed[rows] = round_parts(areas_m2[rows].tolist(), decimals=2, total=total[key])
    return printed


def _piece_row(row: dict[str, Any], control: Sequence[str]) -> Sequence[Any]:
    hits = row["hits"]
    approvals = "; ".join(
        f"{code} {', '.join(map(str, hit['features']))}" for code, hit in hits.items() if code not in control
    )
    return (
        row["id"],
        row["district"] or "",
        _both(word("classes", row["class"])),
        _both(word("columns", "yes")) if row["is_sliver"] else "",
        *(row[name] for name in ("left_id", "left_code")),
        _both(word("land_classes", row["left_class"])),
        *(row[name] for name in ("right_id", "right_code")),
        _both(word("land_classes", row["right_class"])),
        *(row[name] for name in _AREAS),
        round_half_up(row["width_m"], decimals=3),
        _both(word("certainties", row["certainty"])),
        *(round_half_up(hits[code]["area_m2"], decimals=2) if code in hits else None for code in control),
        approvals,
    )


def _ledger(database: Database, run_id: str, principal: Principal) -> list[tuple[int, dict[str, Any]]]:
    """Return the cases that stand on pieces of a run, each with its piece, as they are now."""
    if find_right(principal, "read_blueprint") is None:
        return []
    with transaction(database) as connection:
        pieces = cases_of_run(connection, run_id)
        rows = ledger_rows(connection, subject="difference") if pieces else []
    return [(pieces[row["id"]], row) for row in rows if row["id"] in pieces]


def _cases(ledger: list[tuple[int, dict[str, Any]]]) -> _Sheet:
    columns = ("case", "ground", "status", "coordination", "reason", "opinion", "effective_from", "recorded_at")
    rows = [
        (
            case["id"],
            piece,
            _choice(case["status"]),
            _choice(case["coordination"]),
            case["reason"],
            "\n".join(f"{said['office']['zh']} ({said['role']}): {said['value']}" for said in case["opinions"]),
            case["effective_from"],
            case["opened_at"],
        )
        for piece, case in ledger
    ]
    return _Sheet(_sheet_name("cases"), columns, rows)


def _choice(chosen: dict[str, Any] | None) -> str | None:
    return None if chosen is None else _both(Text(chosen["zh"], chosen["en"]))


def _basis(told: dict[str, Any]) -> _Sheet:
    rows: list[tuple[str, Any]] = [(_both(word("basis", name)), _plan(told[name])) for name in ("first", "second")]
    rows = [(_both(word("basis", "run")), told["run"]), *rows]
    rows += [(_both(word("basis", name)), told[name]) for name in ("as_of", "known_at", "plane")]
    rows += [(_both(word("basis", name)), told[name]) for name in ("area_m2", "ellipsoid_area_m2")]
    rows += [(_both(word("basis", f"threshold_{name}")), limit) for name, limit in told["thresholds"].items()]
    rows += [(_both(word("basis", name)), ", ".join(told[name])) for name in ("hit_layers", "hit_layers_missing")]
    rows += [
        (
            _both(word("basis", "rounding")),
            "四舍五入,最大余数法使分项之和等于合计 / half up; by the largest remainder parts add up to totals",
        ),
        (_both(word("basis", "mu")), "2000/3 m²"),
    ]
    rows += [
        (_both(word("basis", "untold")), f"{each['reason']['zh']} / {each['reason']['en']}") for each in told["untold"]
    ]
    return _Sheet(_sheet_name("basis"), ("what", "is"), [*rows, (_both(word("basis", "sha256")), told["sha256"])])


def _plan(side: dict[str, Any]) -> str:
    return f"{side['layer']} · {side['title']} · {side['day']} · {side['system']} · #{side['edition']}"


def _sheet_name(name: str) -> str:
    return _both(word("sheets", name)).replace(" / ", " ")


def _both(text: Text) -> str:
    """Return a text in both languages, once where they are the same."""
    return text.zh if text.zh == text.en else f"{text.zh} / {text.en}"
