"""CSV as RFC 4180 has it: attributes without geometry, for a spreadsheet or another program."""

import codecs
import csv
import io
from collections.abc import Iterable
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from geocode.faults import Text
from layers.code_columns import CODE_COLUMNS
from layers.fields import TypedRows, renaming_notes
from layers.json_values import json_value
from layers.names import Renamed
from layers.remarks import remark

__all__ = ["write_csv"]

_FORMULA, _NUMBER = r"^[=+@\t\r-]", r"^[+-]?[0-9.,]+$"


def write_csv(rows: TypedRows, stream: BinaryIO, *, mark: bool) -> tuple[Text, ...]:
    """Write the attributes of rows to a stream as they come, and return remarks.

    The columns that a code consists of stand first. What is missing is empty; truth is ``true`` and ``false``, times are
    ISO 8601, bytes Base64 and what is nested JSON, as in GeoJSON. Texts stay what they are: a remark counts those that a
    spreadsheet takes for formulas.

    Parameters
    ----------
    mark
        Whether UTF-8 begins with a byte order mark: Excel takes what has none for the system's own encoding, GBK in a
        Chinese office.
    """
    names = rows.schema.names
    order = [*(names.index(name) for name in CODE_COLUMNS if name in names)]
    order += [position for position in range(len(names)) if position not in order]
    stream.write(codecs.BOM_UTF8 if mark else b"")
    stream.write(_lines([[names[position] for position in order]]))
    formulas = 0
    for batch in rows.batches:
        formulas += sum(map(_formulas, batch.attributes.columns))
        columns = [_cells(batch.attributes.column(position)) for position in order]
        stream.write(_lines(zip(*columns, strict=True)))
        stream.flush()
    counted = [remark("cells_like_formulas", count=formulas)] if formulas else []
    return (*renaming_notes(rows, Renamed([], []), "CSV"), *counted)


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _formulas(column: pa.Array) -> int:
    """Return how many texts a spreadsheet takes for formulas; a number with its sign is none."""
    if not pa.types.is_string(column.type):
        return 0
    is_formula = pc.and_not(pc.match_substring_regex(column, _FORMULA), pc.match_substring_regex(column, _NUMBER))
    return int(pc.sum(is_formula).as_py() or 0)


def _cells(column: pa.Array) -> list[Any]:
    values = column.to_pylist()
    if pa.types.is_boolean(column.type):
        return [None if value is None else str(value).lower() for value in values]
    is_text = pa.types.is_string(column.type) or isinstance(column.type, pa.JsonType)
    return values if is_text or pa.types.is_integer(column.type) else [json_value(value) for value in values]
