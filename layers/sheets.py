"""Sheets: tables without geometry, from CSV and XLSX, cell by cell as the file has them."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from layers.archives import Member, unpack_zip
from layers.encoding import decode_document
from layers.errors import RefusedFile, refused
from layers.sources import digest_delivery

__all__ = [
    "MAX_COLUMNS",
    "MAX_ROWS",
    "Sheet",
    "merged_rows",
    "plain_cell",
    "read_sheet",
    "refuse_sparse",
    "reporting_panics",
]

MAX_ROWS, MAX_COLUMNS = 50_000, 256
_MAX_BYTES = 32 << 20
_DELIMITERS = ",\t;"
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_LETTERS = ord("Z") - ord("A") + 1
# the place of a row or a cell, as a worksheet states it
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,8})([0-9]{1,12})["']""")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as it stands in a file.

    Attributes
    ----------
    file, name
        What the file is called; the sheet's own name, None in a file that holds one table.
    rows
        The cells from the first row on: a row's number in a spreadsheet is its position plus one. Empty cells are None;
        a cell that was merged from several has its value in each of them.
    sha256, size
        Of the file's bytes.
    """

    file: str
    name: str | None
    rows: Sequence[Sequence[Any]]
    sha256: str
    size: int


def read_sheet(path: str | PathLike[str], *, sheet: str | None = None, name: str | None = None) -> Sheet:
    """Return a sheet of a file: CSV (UTF-8, UTF-16 or GB18030; comma, tab or semicolon) or XLSX. The bytes decide.

    Parameters
    ----------
    sheet
        Which one, where a workbook has several that can be seen.
    name
        What the person calls the file, where the path is a name of ours.

    Raises
    ------
    RefusedFile
        It is neither, it is broken or larger than any table of a building, or the sheet is not told.
    OSError
        There is no such file.
    """
    path = Path(path)
    digest = digest_delivery(path)
    try:
        with path.open("rb") as file:
            head = file.read(len(_ZIP))
        if not head:
            raise refused("empty_file")
        if digest.size > _MAX_BYTES:
            raise refused("sheet_size", limit_mb=_MAX_BYTES >> 20)
        if head == _OLD_EXCEL:
            raise refused("sheet_old_excel")
        found, rows = _read_workbook(path, sheet) if head == _ZIP else (None, _read_csv(path.read_bytes()))
        _refuse_size(len(rows), max(map(len, rows), default=0))
    except RefusedFile as error:
        error.file = error.file or name or path.name
        raise
    return Sheet(
        name or path.name, found, [[plain_cell(value) for value in row] for row in rows], digest.sha256, digest.size
    )


def _read_csv(data: bytes) -> list[list[Any]]:
    text, _ = decode_document(data)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count), strict=True)
    rows: list[list[Any]] = []
    try:
        for row in reader:
            rows.append(list(row))
            _refuse_size(len(rows), len(row))
    except csv.Error as error:
        raise refused("sheet_broken", line=reader.line_num, reason=str(error)) from error
    return rows


def _read_workbook(path: Path, wanted: str | None) -> tuple[str, list[list[Any]]]:
    with TemporaryDirectory(prefix="luotu-") as folder:
        members = unpack_zip(path, Path(folder))
        if not any(member.name == "xl/workbook.xml" for member in members):
            raise refused("sheet_format")
        refuse_sparse(members)
    with reporting_panics(), path.open("rb") as file:
        book = CalamineWorkbook.from_filelike(file)
        chosen = book.get_sheet_by_name(_choose(book, wanted))
        return chosen.name, merged_rows(chosen)


@contextmanager
def reporting_panics() -> Iterator[None]:
    """Refuse a workbook on which its reader fails, whatever way that takes."""
    try:
        yield
    except RefusedFile:
        raise
    except (CalamineError, ValueError, OSError) as error:
        raise refused("sheet_broken", line=None, reason=str(error)[:120]) from error
    except BaseException as error:
        # the reader's own failures come as a panic, which is no Exception
        if type(error).__name__ == "PanicException":
            raise refused("sheet_broken", line=None, reason="it cannot be read") from error
        raise


def _choose(book: CalamineWorkbook, wanted: str | None) -> str:
    seen = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
    if wanted is not None and wanted not in book.sheet_names:
        raise refused("sheet_unknown", wanted=wanted, names=", ".join(book.sheet_names))
    if wanted is None and len(seen) != 1:
        raise refused("sheet_choice", names=", ".join(seen or book.sheet_names))
    return wanted or seen[0]


def merged_rows(sheet: CalamineSheet) -> list[list[Any]]:
    """Return a sheet's rows from its first on, merged cells with their value in every row and column of theirs."""
    rows = sheet.to_python(skip_empty_area=False)
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or []:
        for row in rows[top : bottom + 1]:
            width = min(right + 1, len(row)) - left
            row[left : left + width] = (
                [rows[top][left]] * max(width, 0) if left < len(rows[top]) else row[left:][:width]
            )
    return rows


def refuse_sparse(members: Iterable[Member], *, rows: int = MAX_ROWS, columns: int = MAX_COLUMNS) -> None:
    """Raise on cells of an XLSX that are far away: the reader makes room for every cell up to the last one."""
    for member in members:
        if member.suffix not in {".xml", ".rels"}:
            continue
        if member.path.stat().st_size > _MAX_BYTES:
            raise refused("sheet_size", limit_mb=_MAX_BYTES >> 20)
        for place in _PLACE.finditer(member.path.read_bytes()):
            _refuse_size(int(place[2]), _column(place[1]), most_rows=rows, most_columns=columns)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * _LETTERS + letter - ord("A") + 1
    return number


def _refuse_size(rows: int, columns: int, *, most_rows: int = MAX_ROWS, most_columns: int = MAX_COLUMNS) -> None:
    if rows > most_rows or columns > most_columns:
        raise refused("sheet_extent", rows=most_rows, columns=most_columns)


def plain_cell(value: Any) -> Any:
    """Return a cell as it is meant: whole numbers whole, blank cells None."""
    if isinstance(value, str):
        return value.strip() or None
    return int(value) if isinstance(value, float) and value.is_integer() else value
