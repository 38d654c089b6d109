"""The cells of CSV files, CASS .dat files and workbooks, sheet by sheet."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

import numpy as np
from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]
from python_calamine import CalamineWorkbook, SheetVisibleEnum

from layers.archives import unpack_zip
from layers.coordinate_tables.binary_workbooks import extent_of
from layers.coordinate_tables.columns import has_coordinates
from layers.coordinate_tables.excel97 import refuse_endless_chains
from layers.coordinate_tables.numbers import number_of
from layers.coordinate_tables.order import first_direction
from layers.encoding import Encoding, decode_text
from layers.entries import Source
from layers.errors import refused
from layers.formats import Format
from layers.sheets import merged_rows, plain_cell, refuse_sparse, reporting_panics

__all__ = ["Cells", "read_cells"]

# as many rows as a worksheet has
MAX_ROWS, MAX_COLUMNS, MAX_CELLS = 1_048_576, 256, 20_000_000
_MAX_BYTES = 64 << 20
_DELIMITERS = ",\t;，"
_LOOK_LINES = 20
_LONGEST_NUMBER = 9
# the code tells what a point was measured on: here, which building
_CASS_HEADINGS = ("点名", "楼号", "东坐标", "北坐标", "高程")
_RING_HEADINGS = ("点号", "圈号", "北坐标", "东坐标", "高程")


class Cells(NamedTuple):
    """The rows of each sheet by its name, blank cells None, the encoding of a text, and which sheets are hidden."""

    sheets: Mapping[str, Sequence[Sequence[Any]]]
    encoding: Encoding | None = None
    hidden: frozenset[str] = frozenset()


def read_cells(source: Source, *, only: str | None = None) -> Cells:
    """Return the cells of a table: merged ones with their value in each place.

    Parameters
    ----------
    only
        Name of the one sheet that is wanted.

    Raises
    ------
    RefusedFile
        It is broken, or too large.
    """
    if source.path.stat().st_size > _MAX_BYTES:
        raise refused("sheet_size", limit_mb=_MAX_BYTES >> 20)
    if source.format is Format.WORKBOOK:
        return _workbook(source.path, only)
    text, encoding = decode_text(source.path.read_bytes())
    rows = _lines(text)
    if source.format is Format.CASS:
        width = len(_CASS_HEADINGS)
        points = [[*row, *[None] * width][:width] for row in rows]
        rows = [_cass_headings(points), *points]
    return Cells({source.stem: rows}, encoding)


def _cass_headings(rows: Sequence[Sequence[Any]]) -> Sequence[str | None]:
    """Return headings for points without any: as CASS has them, or with the ring and the northing first."""
    pairs = [(number_of(row[2]), number_of(row[3])) for row in rows]
    points = np.array([pair for pair in pairs if None not in pair], dtype=np.float64).reshape(-1, 2)
    if first_direction(*points.T) == "north":
        return _RING_HEADINGS
    has_codes = any(row[1] for row in rows)
    return _CASS_HEADINGS if has_codes else [name if name != "楼号" else None for name in _CASS_HEADINGS]


def _lines(text: str) -> list[Sequence[Any]]:
    first = text[: 1 << 16].splitlines()[:_LOOK_LINES]
    known = [sign for sign in _DELIMITERS if has_coordinates([line.split(sign) for line in first])]
    mark = known[0] if known else max(_DELIMITERS, key=lambda sign: sum(line.count(sign) for line in first))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    rows: list[Sequence[Any]] = []
    cells = 0
    try:
        for row in reader:
            rows.append([cell.strip() or None for cell in row])
            cells += len(row)
            _refuse_size(len(rows), len(row), cells)
    except csv.Error as error:
        raise refused("sheet_broken", line=reader.line_num, reason=str(error)) from error
    return rows


def _workbook(path: Path, only: str | None) -> Cells:
    _look_inside(path)
    with reporting_panics(), path.open("rb") as file:
        book = CalamineWorkbook.from_filelike(file)
        names = [sheet.name for sheet in book.sheets_metadata if only in {None, sheet.name}]
        seen = {sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible}
        return Cells({name: _sheet(book, name) for name in names}, hidden=frozenset(names) - seen)


def _sheet(book: CalamineWorkbook, name: str) -> list[list[Any]]:
    rows = merged_rows(book.get_sheet_by_name(name))
    width = max(map(len, rows), default=0)
    _refuse_size(len(rows), width, len(rows) * width)
    return [[plain_cell(value) for value in row] for row in rows]


def _look_inside(path: Path) -> None:
    """Raise on what its reader would not survive: cells far away, for which it would make room, and endless chains."""
    if not zipfile.is_zipfile(path):
        refuse_endless_chains(path.read_bytes())
        return
    with TemporaryDirectory(prefix="luotu-") as folder:
        members = unpack_zip(path, Path(folder))
        refuse_sparse(members, rows=MAX_ROWS, columns=MAX_COLUMNS)
        for member in members:
            if member.name == "content.xml":
                _refuse_repeated(member.path)
            elif member.suffix == ".bin":
                if member.path.stat().st_size > _MAX_BYTES:
                    raise refused("sheet_size", limit_mb=_MAX_BYTES >> 20)
                rows, columns = extent_of(member.path.read_bytes())
                _refuse_size(rows, columns, rows * columns)


def _refuse_repeated(content: Path) -> None:
    try:
        for rows, columns in _extents(content):
            _refuse_size(rows, columns, rows * columns)
    except ParseError as error:
        raise refused("sheet_broken", line=None, reason=str(error)[:120]) from error


def _extents(content: Path) -> Iterator[tuple[int, int]]:
    """Yield the rows and columns up to the last value of each table of an OpenDocument, in which one may stand for many."""
    rows = columns = row = column = last = 0
    for _, element in iterparse(content):
        tag = element.tag.rpartition("}")[2]
        if tag in {"table-cell", "covered-table-cell"}:
            column += _repeats(element, "columns")
            last = column if any(name.endswith("}value-type") for name in element.attrib) else last
        elif tag == "table-row":
            row += _repeats(element, "rows")
            rows, columns = (row, max(columns, last)) if last else (rows, columns)
            column = last = 0
            element.clear()
        elif tag == "table":
            yield rows, columns
            rows = columns = row = 0
            element.clear()


def _repeats(element: Any, what: str) -> int:
    text = next((text for name, text in element.attrib.items() if name.endswith(f"}}number-{what}-repeated")), "1")
    return int(text) if text.isdecimal() and len(text) < _LONGEST_NUMBER else MAX_ROWS + 1


def _refuse_size(rows: int, columns: int, cells: int) -> None:
    if rows > MAX_ROWS or columns > MAX_COLUMNS or cells > MAX_CELLS:
        raise refused("sheet_extent", rows=MAX_ROWS, columns=MAX_COLUMNS)
