"""Rows as table formats hold them: columns of one type each, known before the first row is written.

A stream of features tells the type of a property only behind its last row. So where a file does not say what its columns
are, its rows wait on disk until all of them have been seen.
"""

import pickle
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from geocode.faults import Text
from layers.errors import refused
from layers.geojson_text import to_plain
from layers.json_values import json_value
from layers.kinds import FindKinds, kinds_of
from layers.names import Renamed
from layers.remarks import remark

__all__ = ["TypedBatch", "TypedRows", "renaming_notes", "typed_rows"]

_INT64_MAX = 2**63 - 1
_EXACT_IN_DOUBLE = 2**53
_IN_MEMORY_BYTES = 64 << 20
_MAX_SHOWN = 20
# numpy's letters for numbers, and Python's types for them
_NUMBERS = {"b": bool, "i": int, "u": int, "f": float}
_ALONE = {bool: pa.bool_(), date: pa.date32(), datetime: pa.timestamp("ms")}


class TypedBatch(NamedTuple):
    """Some rows: their attributes as Arrow has them, and their geometries, shape (n,)."""

    attributes: pa.RecordBatch
    geometries: NDArray[Any]


@dataclass(frozen=True, slots=True)
class TypedRows:
    """Rows on their way into a table.

    Attributes
    ----------
    schema
        Name and type of each attribute, in order.
    as_text
        Names of those whose values are nested or of several types, and become JSON text.
    kinds
        Kinds of geometry among the rows.
    batches
        The rows, once.
    """

    schema: pa.Schema
    as_text: Sequence[str]
    kinds: frozenset[str]
    batches: Iterator[TypedBatch]


@contextmanager
def typed_rows(
    frames: Iterable[gpd.GeoDataFrame], *, find_kinds: FindKinds | None = None, nested: bool = False
) -> Iterator[TypedRows]:
    """Find out what the columns of frames hold, all of them, and yield the rows in these types.

    Parameters
    ----------
    frames
        Rows in batches. A ``source_id`` without any id is left out.
    find_kinds
        Looks up the kinds of geometry among the rows; ``frozenset`` where nobody wants to know. Where it finds them, and
        the first frame's columns are of types that cannot change, rows pass through; else they wait on disk.
    nested
        Whether the format holds lists and structures as they are; else they become JSON text.

    Raises
    ------
    RefusedFile
        There are no frames.
    """
    upcoming = iter(frames)
    first = next(upcoming, None)
    if first is None:
        raise refused("no_features")
    again: Iterator[gpd.GeoDataFrame] = chain([first], upcoming)
    kinds = find_kinds() if find_kinds and _is_settled(first) else None
    with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as waiting:
        if kinds is not None:
            survey = _survey([first])
        elif isinstance(frames, Sequence):
            survey, again = _survey(frames), iter(frames)
        else:
            survey, again = _survey(_kept(again, waiting)), _given_back(waiting)
        columns = [column for column in survey.in_order() if not column.is_blank_id]
        types = [column.type if nested else _flat(column.type) for column in columns]
        schema = pa.schema([pa.field(str(column.name), kind) for column, kind in zip(columns, types, strict=True)])
        as_text = [
            str(column.name)
            for column, kind in zip(columns, types, strict=True)
            if column.is_mixed or (pa.types.is_nested(column.type) and kind != column.type)
        ]
        names = [column.name for column in columns]
        batches = (_typed_batch(frame, names, schema) for frame in again)
        yield TypedRows(schema, as_text, frozenset(survey.kinds if kinds is None else kinds), batches)


def renaming_notes(rows: TypedRows, renamed: Renamed, format_name: str) -> tuple[Text, ...]:
    """Return what is to be said of rows whose columns a format could not hold as they are."""
    notes = []
    if renamed.changes:
        shown = "; ".join(f"{old} → {new}" for old, new in renamed.changes[:_MAX_SHOWN])
        notes.append(remark("fields_renamed", format=format_name, count=len(renamed.changes), changes=shown))
    if rows.as_text:
        notes.append(remark("values_as_text", names=", ".join(rows.as_text[:_MAX_SHOWN])))
    return tuple(notes)


@dataclass(slots=True)
class _Column:
    """What a column has held so far: Python's types and the largest integer, or the one type that Arrow gives it."""

    name: Any
    kinds: set[type] = field(default_factory=set)
    largest: int = 0
    arrow: pa.DataType | None = None

    def add(self, column: pd.Series) -> None:
        """Take the values of one more batch into account."""
        kind: Any = column.dtype
        if isinstance(kind, pd.ArrowDtype):
            self.arrow = kind.pyarrow_dtype
        elif isinstance(kind, pd.StringDtype):
            self.arrow = pa.string()
        elif isinstance(kind, pd.DatetimeTZDtype):
            self.arrow = pa.timestamp("ms", tz="UTC")
        elif kind.kind == "M":
            self.arrow = pa.timestamp("ms")
        elif len(there := column.dropna()):
            kinds = {_NUMBERS[kind.kind]} if kind.kind in _NUMBERS else {_python_kind(value) for value in there}
            self.kinds |= kinds
            if int in kinds:
                self.largest = max(self.largest, *(abs(int(value)) for value in _integers(there)))

    @property
    def type(self) -> pa.DataType:
        """The one type that holds all values; text where none does."""
        return self.arrow or self._python_type() or pa.string()

    @property
    def is_mixed(self) -> bool:
        """Whether values that are no text become text."""
        return self.arrow is None and not self.kinds <= {str} and self._python_type() is None

    @property
    def is_blank_id(self) -> bool:
        """Whether it is the column of ids, of a file that has none."""
        return self.name == "source_id" and not self.kinds and self.arrow in {None, pa.null()}

    def _python_type(self) -> pa.DataType | None:
        if self.kinds == {int} and self.largest <= _INT64_MAX:
            return pa.int64()
        if self.kinds and self.kinds <= {int, float} and self.largest <= _EXACT_IN_DOUBLE:
            return pa.float64()
        return _ALONE.get(next(iter(self.kinds))) if len(self.kinds) == 1 else None


def _python_kind(value: Any) -> type:
    """Return the type of a value; an instant with a zone is of none that a column holds."""
    kind = datetime if isinstance(value, datetime) else type(value)
    return object if kind is datetime and value.tzinfo is not None else kind


def _integers(there: pd.Series) -> list[Any]:
    """Return the extremes of a column of integers, or the integers among objects."""
    return [there.min(), there.max()] if there.dtype.kind in _NUMBERS else [v for v in there if type(v) is int]


@dataclass(slots=True)
class _Survey:
    """The columns of all frames, those in front of the geometry and those behind it, and the kinds of geometry."""

    before: dict[Any, _Column] = field(default_factory=dict)
    behind: dict[Any, _Column] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)

    def add(self, frame: gpd.GeoDataFrame) -> None:
        """Take one more batch into account."""
        side = self.before
        for name in frame.columns:
            if name == frame.geometry.name:
                side = self.behind
            else:
                side.setdefault(name, _Column(name)).add(frame[name])
        self.kinds |= kinds_of(np.asarray(frame.geometry.array, dtype=object))

    def in_order(self) -> list[_Column]:
        """Return the columns as they would stand in one frame of all rows."""
        return [*self.before.values(), *self.behind.values()]


def _survey(frames: Iterable[gpd.GeoDataFrame]) -> _Survey:
    survey = _Survey()
    for frame in frames:
        survey.add(frame)
    return survey


def _is_settled(frame: gpd.GeoDataFrame) -> bool:
    """Return whether the columns of a frame are of types that those of the next will have too."""
    kinds: list[Any] = [frame[name].dtype for name in frame.columns.drop(frame.geometry.name)]
    return all(isinstance(kind, pd.ArrowDtype | pd.StringDtype) or kind == np.float64 for kind in kinds)


def _kept(frames: Iterable[gpd.GeoDataFrame], waiting: IO[bytes]) -> Iterator[gpd.GeoDataFrame]:
    for frame in frames:
        pickle.dump(frame, waiting, protocol=pickle.HIGHEST_PROTOCOL)
        yield frame


def _given_back(waiting: IO[bytes]) -> Iterator[gpd.GeoDataFrame]:
    waiting.seek(0)
    with suppress(EOFError):
        while True:
            yield pickle.load(waiting)  # noqa: S301 - a file of our own, which bears no name


def _typed_batch(frame: gpd.GeoDataFrame, names: Sequence[Any], schema: pa.Schema) -> TypedBatch:
    columns = [
        _typed(frame[name], kind) if name in frame else pa.nulls(len(frame), kind)
        for name, kind in zip(names, schema.types, strict=True)
    ]
    return TypedBatch(
        pa.RecordBatch.from_arrays(columns, schema=schema), np.asarray(frame.geometry.array, dtype=object)
    )


def _typed(column: pd.Series, kind: pa.DataType) -> pa.Array:
    """Return a column in the type that was found for it."""
    if isinstance(column.dtype, pd.ArrowDtype):
        return _recast(pa.array(column.array), kind)
    if isinstance(column.dtype, pd.StringDtype):
        return pa.array(column.array).cast(kind)
    if pa.types.is_string(kind):
        missing = column.isna().to_numpy(dtype=bool)
        return pa.array([None if no else _text(v) for v, no in zip(column, missing, strict=True)], kind)
    if column.dtype == object and pa.types.is_temporal(kind):
        unit = "D" if pa.types.is_date(kind) else kind.unit
        instants = column.where(column.notna(), None).to_numpy(dtype=object).astype(f"datetime64[{unit}]")
        return pa.array(instants, kind)
    return pa.array(column, kind, from_pandas=True)


def _recast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return an array of Arrow's in another type of Arrow's; what is nested becomes JSON text."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if array.type == kind:
        return array
    if pa.types.is_nested(array.type) or pa.types.is_duration(array.type):
        return pa.array([None if value is None else _text(value) for value in array.to_pylist()], kind)
    return array.cast(kind, safe=False)


def _flat(kind: pa.DataType) -> pa.DataType:
    """Return the type, of those that every table has, that a type of Arrow's is written as."""
    if pa.types.is_timestamp(kind):
        return pa.timestamp("ms", tz=kind.tz)
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_date64(kind):
        return pa.date32()
    if pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    is_plain = pa.types.is_primitive(kind) or pa.types.is_boolean(kind) or pa.types.is_binary(kind)
    is_odd = pa.types.is_time(kind) or pa.types.is_uint64(kind) or pa.types.is_duration(kind)
    return kind if (is_plain and not is_odd) or isinstance(kind, pa.JsonType) else pa.string()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return str(json_value(value))
    try:
        return orjson.dumps(value, to_plain, orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return str(value)
