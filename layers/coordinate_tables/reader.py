"""Tables of coordinates: CSV, CASS .dat and workbooks, a boundary point or a geometry a row."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from geocode.faults import Fault, read_sentences
from layers.coordinate_tables.cells import read_cells
from layers.coordinate_tables.columns import Columns, find_columns, has_coordinates
from layers.coordinate_tables.points import read_points
from layers.crs import FoundCrs, crs_of_name
from layers.entries import FoundLayer, LayerEntry, ReadOptions, Source
from layers.errors import refused
from layers.formats import Format
from layers.tables import OpenTable, Table, narrow

__all__ = ["find_layers", "open_rows", "read_rows"]

_EWKT = re.compile(r"\s*SRID\s*=\s*(\d{4,6})\s*;", re.IGNORECASE)
_SENTENCES = read_sentences("layers", "faults.toml")


def find_layers(source: Source) -> list[FoundLayer]:
    """Return the sheets with anything in them; those that can be seen and have headings of coordinates hold polygons.

    Hidden ones are told of beside those, and take no part where there are none.
    """
    if source.format is not Format.WORKBOOK:
        return [FoundLayer(source.stem, "Polygon")]
    cells = read_cells(source)
    filled = {name: rows for name, rows in cells.sheets.items() if rows}
    seen = {name: has_coordinates(rows) for name, rows in filled.items() if name not in cells.hidden}
    named = filled if any(seen.values()) else seen
    return [FoundLayer(name, "Polygon" if seen.get(name) else None) for name in named]


@contextmanager
def open_rows(entry: LayerEntry, options: ReadOptions) -> Iterator[OpenTable]:
    """Open a table, which is read whole: its points belong together whatever their order. Raises as `read_rows`."""
    source = entry.source
    cells = read_cells(source, only=entry.name_in_source if source.format is Format.WORKBOOK else None)
    table = read_rows(cells.sheets[entry.name_in_source], options.columns)
    yield OpenTable(iter([replace(table, encoding=cells.encoding)]), len(table.geometries))


def read_rows(rows: Sequence[Sequence[Any]], mapping: Mapping[str, str]) -> Table:
    """Return the features of a table: of one with a column of WKT each row, of others what their points bound.

    Parameters
    ----------
    rows
        The cells from the first row on; blank ones are None.
    mapping
        The heading of each role that a person states: see `layers.entries.ReadOptions`.

    Raises
    ------
    RefusedFile
        Its columns are not recognised, or leave open which coordinate is north or what the points belong to.
    """
    columns = find_columns(rows, mapping)
    return _read_wkt(rows, columns) if columns.pair is None else read_points(rows, columns)


def _read_wkt(rows: Sequence[Sequence[Any]], columns: Columns) -> Table:
    place = columns.roles["wkt"]
    numbered = [(line, row) for line, row in enumerate(rows, start=1) if line > columns.row + 1 and any(row)]
    built = [_geometry(row[place] if place < len(row) else None, line) for line, row in numbered]
    geometries, faults = np.full((2, len(built)), None, dtype=object)
    for row, (geometry, fault, _) in enumerate(built):
        geometries[row], faults[row] = geometry, fault
    cells = np.full((len(built), len(columns.names)), None, dtype=object)
    for held, (_, said) in zip(cells, numbered, strict=True):
        held[: len(said)] = said[: len(held)]
    ids = columns.roles.get("feature")
    return Table(
        geometries=geometries,
        faults=faults,
        columns=[(name, narrow(cells[:, at])) for at, name in enumerate(columns.names) if at != place],
        source_ids=None if ids is None else [None if value is None else str(value) for value in cells[:, ids]],
        crs=_stated_crs({srid for _, _, srid in built if srid}),
    )


def _geometry(text: Any, line: int) -> tuple[Any, Fault | None, str | None]:
    """Return the geometry of a cell, what is wrong with it, and the number of the CRS that it states."""
    if text is None:
        return None, None, None
    stated = _EWKT.match(str(text))
    try:
        geometry = shapely.from_wkt(str(text)[stated.end() if stated else 0 :])
    except shapely.errors.GEOSException as error:
        return None, _SENTENCES.fault("table_wkt", line=line, reason=str(error)[:120]), None
    return geometry, None, stated[1] if stated else None


def _stated_crs(srids: set[str]) -> FoundCrs | None:
    if len(srids) > 1:
        raise refused("table_srids", names=", ".join(sorted(srids)))
    return crs_of_name(f"EPSG:{srids.pop()}", why="crs_ewkt") if srids else None
