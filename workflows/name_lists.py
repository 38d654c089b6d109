"""Lists of names: out of a file, and what they lead to as a table, features or records."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyproj
import shapely

from geocode import STORAGE_CRS
from layers.sheets import read_sheet
from layers.writing import write_text
from workflows.coding import Answer
from workflows.reports import write_records

__all__ = ["in_batches", "read_names", "write_rows"]

# what the column is called in which the names stand, where there are several columns
_COLUMN_NAMES = ("asked", "name", "names", "code", "alias", "address", "名称", "编码", "建筑编码", "别名", "地址")
_COLUMNS = {
    **dict.fromkeys(("asked", "status", "code", "kind", "life", "as", "scheme", "matched", "unit"), pa.string()),
    "distance_m": pa.float64(),
    **dict.fromkeys(("name", "stage"), pa.string()),
    **dict.fromkeys(("successors", "candidates"), pa.list_(pa.string())),
    **dict.fromkeys(("suggestion", "fault"), pa.string()),
}


def read_names(path: Path) -> list[str]:
    """Return the names in a file, CSV or XLSX, in order; an empty cell is an empty name.

    They stand in the column that is headed ``name``, ``code``, ``名称``, ``编码`` or the like, in the first where none is.

    Raises
    ------
    RefusedFile
        The file cannot be read as a table.
    """
    rows = list(read_sheet(path).rows)
    head = ["" if cell is None else str(cell).strip().casefold() for cell in rows[0]] if rows else []
    column = next((head.index(name) for name in _COLUMN_NAMES if name in head), None)
    cells = [row[column or 0] if len(row) > (column or 0) else None for row in rows[column is not None :]]
    return ["" if cell is None else str(cell).strip() for cell in cells]


def in_batches(names: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Yield names in lists of a size; the last may be shorter."""
    waiting = iter(names)
    while batch := list(islice(waiting, size)):
        yield batch


def write_rows(batches: Iterable[Sequence[Mapping[str, Any]]], answer: Answer) -> None:
    """Write rows of `resolve_names` to a stream, batch by batch: whole as ``json``, else in columns, with a point each."""
    if answer.form == "json":
        write_records(batches, answer.stream)
    else:
        write_text(map(_frame, batches), answer.stream, answer.form, crs=pyproj.CRS(STORAGE_CRS))


def _frame(rows: Sequence[Mapping[str, Any]]) -> gpd.GeoDataFrame:
    records = [_record(row) for row in rows]
    columns = {
        name: pd.arrays.ArrowExtensionArray(pa.array([record[name] for record in records], kind))
        for name, kind in _COLUMNS.items()
    }
    places = [row["building"] and shapely.Point(row["building"]["lon"], row["building"]["lat"]) for row in rows]
    return gpd.GeoDataFrame(columns, geometry=places, crs=STORAGE_CRS)


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    building, matched = row["building"] or {}, row["matched"] or {}
    return {
        "asked": row["asked"],
        "status": row["status"],
        "code": row["code"],
        "kind": building.get("kind"),
        "life": building["life"]["state"] if building else None,
        "as": matched.get("as"),
        "scheme": matched.get("scheme"),
        "matched": matched.get("text"),
        "unit": matched.get("unit"),
        "distance_m": matched.get("distance_m"),
        "name": building.get("name"),
        "stage": building["stage"]["code"] if building else None,
        "successors": row["successors"],
        "candidates": [each["code"] for each in row["candidates"]],
        "suggestion": row["suggestion"],
        "fault": row["fault"] and f"{row['fault']['kind']}: {row['fault']['text']['en']}",
    }
