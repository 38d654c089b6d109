"""Deliveries as files: how what a confined process has read comes to the process that asked.

Rows are an Arrow file: numbers and texts by column, geometries as WKB. All else is one JSON document, in which values that
JSON lacks stand as objects with one key, their type, out of a closed list. Nothing here can run code, and what comes back
is taken for what a stranger wrote: the rows are counted, buffers and geometries checked.
"""

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from stat import S_ISREG
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import shapely
from numpy.typing import NDArray

from geocode.faults import Fault, Text
from layers.curves import Linearised
from layers.deliveries import Delivery
from layers.encoding import Encoding
from layers.entries import FoundLayer, ReadOptions
from layers.errors import RefusedFile
from layers.sheets import Sheet
from layers.sources import Digest
from layers.wkb import broken_geometries, geometries_of_wkb

__all__ = [
    "UnsoundAnswerError",
    "freeze_delivery",
    "freeze_json",
    "freeze_refusal",
    "thaw_delivery",
    "thaw_json",
    "thaw_refusal",
]

_ROWS = "rows.arrow"
_BATCH_ROWS = 1 << 16
_MAX_BYTES = 4 << 30
_APART = {"frame", "faults"}
_NULLABLE = {"Int64", "UInt64", "boolean"}
_DATES = "datetime64["
_PLAIN_KINDS = "biufM"
_UNSOUND = (
    *(KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, OSError),
    *(pa.ArrowException, shapely.errors.ShapelyError, pyproj.exceptions.ProjError),
)


class UnsoundAnswerError(Exception):
    """What a confined process has left is not what it should have written."""


def freeze_delivery(delivery: Delivery, folder: Path) -> dict[str, Any]:
    """Write the rows of a delivery into a folder, and return all else that is in it, for `freeze_json`."""
    frame = delivery.frame
    columns, arrays = [], {}
    for position, name in enumerate(frame.columns):
        if name != frame.geometry.name:
            column = _freeze_column(frame.iloc[:, position])
            columns.append({"name": name, **column.told})
            if column.array is not None:
                arrays[str(position)] = column.array
    arrays["geometry"] = pa.array(shapely.to_wkb(np.asarray(frame.geometry.values, dtype=object)), pa.large_binary())
    _write_rows(pa.table(arrays), folder / _ROWS)
    faults = [[row, fault] for row, fault in enumerate(delivery.faults) if fault is not None]
    told = {field.name: getattr(delivery, field.name) for field in fields(delivery) if field.name not in _APART}
    return {"columns": columns, "faults": faults, "attrs": frame.attrs, "delivery": told}


def thaw_delivery(account: Mapping[str, Any], folder: Path) -> Delivery:
    """Return the delivery that `freeze_delivery` took apart, equal in every value and type.

    Raises
    ------
    UnsoundAnswerError
        It is not whole.
    """
    with _checking(), pa.OSFile(str(_sound(folder / _ROWS))) as source:
        rows = pa.ipc.open_file(source).read_all()
        rows.validate(full=True)
        return _thaw(account, rows)


def freeze_refusal(error: RefusedFile) -> dict[str, Any]:
    """Return a refusal with all that it holds, for `freeze_json`."""
    return {name: value for name, value in vars(error).items() if not name.startswith("__")}


def thaw_refusal(told: Mapping[str, Any]) -> RefusedFile:
    """Return the refusal that `freeze_refusal` took apart.

    Raises
    ------
    UnsoundAnswerError
        It is none.
    """
    with _checking():
        error = RefusedFile(told["fault"])
        vars(error).update(told)
        str(error)
        return error


def freeze_json(value: Any, path: Path) -> None:
    """Write a value of JSON's types, or of this project's that stand in accounts."""
    path.write_text(json.dumps(_packed(value)), encoding="ascii")


def thaw_json(path: Path) -> Any:
    """Return the value in a file.

    Raises
    ------
    UnsoundAnswerError
        The file is not whole, or the value of a type that is not known here.
    """
    with _checking():
        return json.loads(_sound(path).read_bytes(), object_hook=_unpacked)


@contextmanager
def _checking() -> Iterator[None]:
    try:
        yield
    except _UNSOUND as error:
        raise UnsoundAnswerError(str(error)) from error


class _Frozen(NamedTuple):
    """A column: what is told of it, and its values where Arrow holds them."""

    told: dict[str, Any]
    array: pa.Array | None


def _freeze_column(column: pd.Series) -> _Frozen:
    kind = str(column.dtype)
    if column.dtype != object:
        return _Frozen({"type": kind}, pa.array(column.to_numpy() if isinstance(column.dtype, np.dtype) else column))
    values = column.tolist()
    kinds = set(map(type, values))
    # a property that a feature does not have is neither null nor a value
    absent = [row for row, value in enumerate(values) if value is pd.NA] if type(pd.NA) in kinds else []
    for row in absent:
        values[row] = None
    if kinds <= {str, type(None), type(pd.NA)}:
        try:
            return _Frozen({"type": "text", "absent": absent}, pa.array(values, pa.large_string()))
        except UnicodeEncodeError:
            # half of a surrogate pair, which JSON can write and UTF-8 cannot
            pass
    return _Frozen({"type": "values", "absent": absent, "values": _exact(values)}, None)


def _write_rows(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=_BATCH_ROWS)


def _sound(path: Path) -> Path:
    """Return a path at which a file lies, and no link to another."""
    state = path.lstat()
    if not S_ISREG(state.st_mode) or state.st_size > _MAX_BYTES:
        raise UnsoundAnswerError(path.name)
    return path


def _thaw(account: Mapping[str, Any], rows: pa.Table) -> Delivery:
    geometries, faults = _thaw_geometries(rows, account["faults"])
    index = pd.RangeIndex(len(geometries))
    columns = {
        str(told["name"]): _thaw_column(
            told, rows[str(position)] if str(position) in rows.column_names else None, index
        )
        for position, told in enumerate(account["columns"])
    }
    told = account["delivery"]
    frame = gpd.GeoDataFrame(pd.DataFrame(columns, index=index), geometry=geometries, crs=told["crs"])
    frame.attrs.update(account["attrs"])
    return Delivery(frame=frame, faults=faults, **told)


def _thaw_geometries(rows: pa.Table, told: Iterable[tuple[int, Fault]]) -> tuple[NDArray[Any], NDArray[Any]]:
    wkb = rows["geometry"]
    geometries = geometries_of_wkb(wkb.to_numpy(), arcs=False)
    faults = broken_geometries(shapely.is_missing(geometries) & np.asarray(wkb.is_valid()), reason="WKB")
    for row, fault in told:
        if not isinstance(fault, Fault) or geometries[row] is not None:
            raise UnsoundAnswerError(str(row))
        faults[row] = fault
    return geometries, faults


def _thaw_column(told: Mapping[str, Any], column: Any, index: pd.Index) -> pd.Series:
    kind = told["type"]
    if column is None and kind != "values":
        raise UnsoundAnswerError(str(told["name"]))
    if kind in {"text", "values"}:
        given = told["values"] if kind == "values" else column.to_numpy()
        if len(given) != len(index):
            raise UnsoundAnswerError(str(told["name"]))
        values = np.empty(len(index), dtype=object)
        values[:] = given
        values[told["absent"]] = pd.NA
        return pd.Series(values, index=index, dtype=object)
    if kind in _NULLABLE or (kind.startswith(_DATES) and "," in kind):
        dtype: Any = pd.api.types.pandas_dtype(kind)
        return pd.Series(dtype.__from_arrow__(column), index=index)
    return pd.Series(np.array(column.to_numpy(), dtype=_plain_dtype(kind)), index=index)


def _plain_dtype(kind: str) -> Any:
    """Return a type of numbers, booleans or dates by its name; one of Python objects is none."""
    plain = np.dtype(kind)
    if plain.kind not in _PLAIN_KINDS:
        raise UnsoundAnswerError(kind)
    return plain


def _exact(values: list[Any]) -> Any:
    """Return values as JSON's own text where nothing is lost by it, which is told at the speed of C; else as they are."""
    try:
        text = json.dumps(values)
        return _Json(text) if json.loads(text) == values else values
    except TypeError:
        return values


class _Json(str):
    """A text that is JSON."""

    __slots__ = ()


def _packed(value: Any) -> Any:
    """Return a value in JSON's types; what they lack, objects among it, as an object with one key."""
    kind = type(value)
    if kind in {str, int, float, bool, type(None)}:
        return value
    if kind is list:
        return [_packed(each) for each in value]
    if isinstance(value, Mapping):
        return {"dict": [[_packed(name), _packed(each)] for name, each in value.items()]}
    for name, form in _FORMS.items():
        if isinstance(value, form.kind):
            return {name: form.pack(value)}
    message = f"{kind.__name__} is of no type that goes through a file"
    raise TypeError(message)


def _unpacked(value: dict[str, Any]) -> Any:
    ((name, packed),) = value.items()
    return dict(packed) if name == "dict" else _FORMS[name].unpack(packed)


class _Form(NamedTuple):
    """A type that JSON lacks: how a value of it becomes one of JSON's, and back."""

    kind: type
    pack: Callable[[Any], Any]
    unpack: Callable[[Any], Any]


def _record(kind: Any) -> _Form:
    """Return the form of a dataclass or NamedTuple: its values in order."""
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else list(kind._fields)
    return _Form(
        kind,
        lambda value: [_packed(getattr(value, name)) for name in names],
        lambda packed: kind(**dict(zip(names, packed, strict=True))),
    )


# a subclass stands before what it is a kind of
_FORMS: Mapping[str, _Form] = {
    **{
        kind.__name__: _record(kind)
        for kind in (Text, Fault, Encoding, Digest, FoundLayer, Linearised, ReadOptions, Sheet)
    },
    "crs": _Form(pyproj.CRS, lambda crs: crs.srs, pyproj.CRS.from_user_input),
    "geometry": _Form(shapely.Geometry, lambda shape: shapely.to_wkb(shape, hex=True), shapely.from_wkb),
    "json": _Form(_Json, str, json.loads),
    "tuple": _Form(tuple, lambda value: [_packed(each) for each in value], tuple),
    "bytes": _Form(bytes, lambda value: base64.b64encode(value).decode(), base64.b64decode),
    "decimal": _Form(Decimal, str, Decimal),
    "timestamp": _Form(pd.Timestamp, lambda value: [value.isoformat(), value.unit], lambda packed: _timestamp(*packed)),
    "datetime": _Form(dt.datetime, dt.datetime.isoformat, dt.datetime.fromisoformat),
    "date": _Form(dt.date, dt.date.isoformat, dt.date.fromisoformat),
    "time": _Form(dt.time, dt.time.isoformat, dt.time.fromisoformat),
    "timedelta64": _Form(
        pd.Timedelta, lambda value: [int(value.asm8), value.unit], lambda packed: pd.Timedelta(*packed)
    ),
    "timedelta": _Form(
        dt.timedelta,
        lambda value: [value.days, value.seconds, value.microseconds],
        lambda packed: dt.timedelta(*packed),
    ),
    "number": _Form(np.generic, lambda value: [value.dtype.str, value.item()], lambda packed: _number(*packed)),
}


def _timestamp(text: str, unit: str) -> pd.Timestamp:
    return pd.Timestamp(text).as_unit(unit)


def _number(kind: str, value: Any) -> Any:
    return _plain_dtype(kind).type(value)
