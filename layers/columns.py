"""Columns of attributes: as Arrow has them in a file, as a frame holds them, and as Python's own values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from layers.errors import refused
from layers.remarks import Counted, Note
from layers.strict_json import JsonError, parse

__all__ = [
    "KeptColumn",
    "arrow_of_python",
    "arrow_series",
    "object_array",
    "parsed_json",
    "plain_column",
    "python_values",
    "readable_columns",
    "texts_of",
]


_ARROW_TYPES: Mapping[type, pa.DataType] = {
    str: pa.large_string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}


class KeptColumn(NamedTuple):
    """A column as it goes into a file, of the type that it has in a frame of the whole.

    Attributes
    ----------
    kind
        ``python`` for objects of Python's own that Arrow can hold, ``json`` for texts that the file calls JSON, ``values``
        and ``packed`` for objects as JSON; else the name of a type of numbers or dates.
    values
        All of them; null where one is missing.
    absent
        Which are absent rather than null; None where none is in the whole.
    """

    kind: str
    values: pa.Array
    absent: pa.Array | None = None


def arrow_of_python(values: Sequence[Any], kind: type) -> pa.Array:
    """Return values of one of Python's types, or None, as Arrow's.

    Raises
    ------
    UnicodeEncodeError, OverflowError, pyarrow.ArrowInvalid
        Arrow cannot hold one: half of a surrogate pair, a number of more than 64 bits.
    """
    return pa.array(values, _ARROW_TYPES[kind])


def readable_columns(
    columns: Iterable[tuple[str, pa.Array]],
) -> tuple[list[tuple[str, pa.Array]], tuple[Note, ...]]:
    """Return the columns of a batch in types that frames hold, and a remark where texts were no UTF-8.

    What is no UTF-8 in a text becomes U+FFFD.

    Raises
    ------
    RefusedFile
        A column contradicts itself, as only a broken file does.
    """
    found = [(name, *_readable(column)) for name, column in columns]
    mended = sum(count for _, _, count in found)
    return [(name, column) for name, column, _ in found], (Counted("texts_mended", mended),) if mended else ()


def texts_of(column: Any) -> Any:
    """Return ids of any type as text: Arrow's, or a list, whichever the column is."""
    if not isinstance(column, pa.Array):
        return [None if pd.isna(value) else str(value) for value in column.tolist()]
    if pa.types.is_integer(column.type) or pa.types.is_string(column.type):
        return column.cast(pa.string())
    return pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())


def _readable(column: pa.Array) -> tuple[pa.Array, int]:
    """Return a column in a type that frames hold, and how many of its texts were no UTF-8."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _readable(column.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        return _readable(pc.run_end_decode(column))
    if isinstance(kind, pa.BaseExtensionType) and not isinstance(kind, pa.JsonType):
        return _readable(column.storage)
    if pa.types.is_string_view(kind):
        return _readable(column.cast(pa.large_binary()).cast(pa.large_string(), safe=False))
    try:
        column.validate(full=True)
    except pa.ArrowInvalid as error:
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise refused("unreadable", reason=str(error)[:120].rstrip(".")) from error
        return _mended(column)
    return column, 0


def arrow_series(column: pa.Array, index: pd.Index) -> pd.Series:
    """Return a column of a frame that holds Arrow's own memory."""
    return pd.Series(pd.arrays.ArrowExtensionArray(column), index=index)


def plain_column(column: pa.ChunkedArray) -> Any:
    """Return a column of a whole layer as numpy or pandas has it; text, dates and nested values are Python objects."""
    kind = column.type
    if pa.types.is_boolean(kind):
        return pd.array(column.to_pylist(), dtype="boolean") if column.null_count else column.to_numpy()
    if pa.types.is_integer(kind):
        nullable = "UInt64" if pa.types.is_uint64(kind) else "Int64"
        return pd.array(column.to_pylist(), dtype=nullable) if column.null_count else column.to_numpy()
    if pa.types.is_floating(kind):
        return column.to_numpy()
    if pa.types.is_timestamp(kind):
        return column.to_pandas().array
    return object_array(parsed_json(column.to_pylist()) if isinstance(kind, pa.JsonType) else column.to_pylist())


def object_array(values: Sequence[Any]) -> NDArray[Any]:
    """Return values as an array of Python objects, shape (n,), also where they are lists."""
    return np.fromiter(values, dtype=object, count=len(values))


def python_values(column: pd.Series) -> list[Any]:
    """Return the values of a frame's column; what the file calls JSON as the values that it says."""
    kind = column.dtype
    is_json = isinstance(kind, pd.ArrowDtype) and isinstance(kind.pyarrow_dtype, pa.JsonType)
    return parsed_json(column.tolist()) if is_json else column.tolist()


def parsed_json(values: list[Any]) -> list[Any]:
    """Return what JSON texts say; what is none as it is."""
    return [_json(value) for value in values]


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        parsed = parse(value)
    except JsonError:
        return value
    return value if parsed.rest.strip() else parsed.value


def _mended(column: pa.Array) -> tuple[pa.Array, int]:
    """Return a column of texts of which some are no UTF-8 with those made readable, and how many they are."""
    raw = column.cast(pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary()).to_pylist()
    texts = [None if value is None else value.decode("utf-8", "replace") for value in raw]
    changed = sum(text is not None and text.encode() != value for value, text in zip(raw, texts, strict=True))
    return pa.array(texts, column.type), changed
