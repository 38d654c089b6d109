"""Columns of a frame as fields of a table format: one type each, nested values as JSON text."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray

from layers.geojson_text import to_plain
from layers.json_values import json_value

__all__ = ["WrittenField", "fields_of"]

_INT64 = np.iinfo(np.int64)
_EXACT_IN_DOUBLE = 2**53


class WrittenField(NamedTuple):
    """One field: its name, values of shape (n,), where a value is missing, and whether values became JSON text."""

    name: str
    values: NDArray[Any]
    mask: NDArray[np.bool_]
    is_json: bool = False


def fields_of(frame: gpd.GeoDataFrame) -> Sequence[WrittenField]:
    """Return the columns of a frame but its geometry as fields, in order; a ``source_id`` without any id is left out."""
    names = [name for name in frame.columns if name != frame.geometry.name]
    return [_field(str(name), frame[name]) for name in names if name != "source_id" or frame["source_id"].notna().any()]


def _field(name: str, column: pd.Series) -> WrittenField:
    mask = column.isna().to_numpy(dtype=bool)
    kind = column.dtype
    if isinstance(kind, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        return WrittenField(name, column.to_numpy().astype("datetime64[ms]"), mask)
    if kind.kind == "M":
        return WrittenField(name, column.to_numpy().astype("datetime64[ms]"), mask)
    if pd.api.types.is_bool_dtype(kind):
        return WrittenField(name, column.fillna(False).to_numpy(dtype=bool), mask)
    if pd.api.types.is_integer_dtype(kind):
        return WrittenField(name, column.fillna(0).to_numpy(dtype=np.int64), mask)
    if pd.api.types.is_float_dtype(kind):
        return WrittenField(name, column.to_numpy(dtype=np.float64, na_value=np.nan), mask)
    return _objects(name, column.to_numpy(dtype=object), mask)


def _objects(name: str, values: NDArray[Any], mask: NDArray[np.bool_]) -> WrittenField:
    """Return a column of Python objects as the one type that holds them all, or as text."""
    there = values[~mask]
    kinds = {type(value) for value in there}
    if kinds == {bool}:
        return WrittenField(name, _filled(values, mask, fill=False).astype(bool), mask)
    if kinds == {int} and _fit(there, _INT64.max):
        return WrittenField(name, _filled(values, mask, fill=0).astype(np.int64), mask)
    if kinds and kinds <= {int, float} and _fit(there, _EXACT_IN_DOUBLE):
        return WrittenField(name, _filled(values, mask, fill=np.nan).astype(np.float64), mask)
    if kinds == {date}:
        return WrittenField(name, _filled(values, mask).astype("datetime64[D]"), mask)
    if kinds and kinds <= {datetime, pd.Timestamp} and all(value.tzinfo is None for value in there):
        return WrittenField(name, _filled(values, mask).astype("datetime64[ms]"), mask)
    texts = np.full(len(values), None, dtype=object)
    texts[~mask] = [json_value(value) if isinstance(value, str) else _json(value) for value in there]
    return WrittenField(name, texts, mask, is_json=not kinds <= {str})


def _fit(values: NDArray[Any], limit: int) -> bool:
    """Return whether no integer among values is beyond a limit."""
    return all(type(value) is not int or -limit <= value <= limit for value in values)


def _filled(values: NDArray[Any], mask: NDArray[np.bool_], *, fill: Any = None) -> NDArray[Any]:
    """Return a column of objects with something else for what is missing."""
    filled = values.copy()
    filled[mask] = fill
    return filled


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, to_plain, orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return str(value)
