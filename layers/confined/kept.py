"""A layer that was written down, of which rows are taken as they are needed: how it comes to the process that asked.

What is taken costs memory, what is not taken none. What comes back is taken for what a stranger wrote: buffers are checked
before anything is taken, rows counted, values and geometries checked as they are.
"""

import json
import mmap
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import shapely
from numpy.typing import NDArray

from geocode.faults import Fault
from layers.columns import object_array, parsed_json
from layers.confined.frozen import UnsoundAnswerError, checking, plain_dtype, sound_file, unpacked, unsound
from layers.confined.keeping import ROWS
from layers.crs import FoundCrs
from layers.crs_settling import turn_curves, turn_faults, turn_frame
from layers.curves import Linearised
from layers.deliveries import Delivery
from layers.wkb import broken_geometries, geometries_of_wkb

__all__ = ["KeptDelivery", "open_kept"]

_BATCH_ROWS = 20_000
_NULLABLE = {"Int64", "UInt64", "boolean"}
_DATES = "datetime64["
_OF_GEOMETRY: Mapping[str, pa.DataType] = {
    "geometry": pa.large_binary(),
    "fault": pa.large_string(),
    "curved": pa.large_string(),
}


class KeptDelivery:
    """One layer as it was delivered, of which rows are taken as they are needed, as long as it is open.

    Attributes
    ----------
    rows
        How many there are.
    head
        The delivery without a row: its account, and all columns in the types that they have in the whole.
    """

    def __init__(
        self, rows: "_Rows", columns: Sequence[Mapping[str, Any]], found: FoundCrs, told: Mapping[str, Any]
    ) -> None:
        self._rows, self._columns, self._found, self._told = rows, columns, found, told
        self.rows = rows.count
        self.head = self._taken(np.empty(0, dtype=np.int64), columns=True)

    def take(self, rows: NDArray[np.intp], *, columns: bool = True) -> Delivery:
        """Return some rows as a delivery, in memory of their own. Several threads may do so.

        Parameters
        ----------
        rows
            Places in the file from 0, shape (k,), in any order: the index of the frame, and the keys of what is curved.
            Rows that lie together are taken fastest.
        columns
            Whether attributes come with them; else the frame holds geometries alone.

        Raises
        ------
        RefusedFile
            What the reading process has left cannot be used.
        IndexError
            A row is none of the file's.
        """
        places = np.asarray(rows, dtype=np.int64)
        if len(places) and not 0 <= places.min() <= places.max() < self.rows:
            message = f"rows are counted from 0 to {self.rows - 1}, not from {places.min()} to {places.max()}"
            raise IndexError(message)
        try:
            with checking():
                return self._taken(places, columns=columns)
        except UnsoundAnswerError as error:
            refusal = unsound(error)
            refusal.file, refusal.layer = self.head.file, self.head.layer
            raise refusal from error
        finally:
            self._rows.let_go()

    def batches(self, size: int = _BATCH_ROWS, *, columns: bool = True) -> Iterator[Delivery]:
        """Yield all rows in the order of the file, so many at a time, as `take` returns them."""
        for start in range(0, self.rows, size):
            yield self.take(np.arange(start, min(start + size, self.rows)), columns=columns)

    def _taken(self, places: NDArray[np.int64], *, columns: bool) -> Delivery:
        taken = self._rows.take(places, None if columns else tuple(_OF_GEOMETRY))
        index = _index(places)
        geometries, faults = _geometries(taken)
        series = {
            str(told["name"]): _series(str(told["type"]), str(position), taken, index)
            for position, told in enumerate(self._columns if columns else ())
        }
        frame = gpd.GeoDataFrame(pd.DataFrame(series, index=index), geometry=geometries, crs=self._found.crs)
        frame.attrs.update(self._told["attrs"])
        return Delivery(
            frame=turn_frame(frame, self._found),
            faults=turn_faults(faults, self._found),
            crs=self._found.crs,
            crs_name=self._found.name,
            crs_why=self._found.why,
            curved=turn_curves(_curves(taken, places), self._found),
            **self._told["delivery"],
        )


def open_kept(account: Mapping[str, Any], folder: Path, **believed: Any) -> KeptDelivery:
    """Return the layer that `keep_delivery` has written into a folder, equal to what reading it returns.

    Parameters
    ----------
    account
        What `keep_delivery` returned.
    believed
        Of the account of the `Delivery`, what is known better than from there.

    Raises
    ------
    UnsoundAnswerError
        It is not whole.
    """
    with checking():
        rows, found = _Rows(folder / ROWS), account["found"]
        if not isinstance(found, FoundCrs) or not isinstance(found.crs, pyproj.CRS) or rows.count != account["rows"]:
            raise UnsoundAnswerError(str(account["rows"]))
        told = {"attrs": account["attrs"], "delivery": {**account["delivery"], **believed}}
        return KeptDelivery(rows, account["columns"], found, told)


class _Rows:
    """An Arrow file of which batches are looked at where they lie; they were all checked once."""

    def __init__(self, path: Path) -> None:
        with sound_file(path).open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        # the map keeps it: nothing stays of it, however this process ends
        path.unlink()
        self._reader = pa.ipc.open_file(pa.py_buffer(self._map))
        self._lock = threading.Lock()
        self._schema = self._reader.schema
        for field in self._schema:
            if isinstance(field.type, pa.BaseExtensionType) or field.type != _OF_GEOMETRY.get(field.name, field.type):
                raise UnsoundAnswerError(field.name)
        counts = [self._count_sound(number) for number in range(self._reader.num_record_batches)]
        self._ends = np.cumsum(counts, dtype=np.int64)
        self.count = int(self._ends[-1]) if counts else 0

    def take(self, places: NDArray[np.int64], names: Sequence[str] | None = None) -> pa.Table:
        """Return some rows, and of some columns alone where they are named."""
        order = None if (np.diff(places) >= 0).all() else np.argsort(places, kind="stable")
        ascending = places if order is None else places[order]
        numbers = np.searchsorted(self._ends, ascending, side="right")
        firsts = np.flatnonzero(np.diff(numbers, prepend=-1))
        pieces = [
            self._piece(int(numbers[first]), ascending[first:last], names)
            for first, last in pairwise([*firsts, len(places)])
        ]
        schema = self._schema if names is None else pa.schema([self._schema.field(name) for name in names])
        table = pa.Table.from_batches(pieces, schema)
        return table if order is None else table.take(pa.array(np.argsort(order)))

    def let_go(self) -> None:
        """Have no memory for what was looked at; it is fetched again from the file where it is needed."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def _piece(self, number: int, places: NDArray[np.int64], names: Sequence[str] | None) -> pa.RecordBatch:
        batch = self._batch(number)
        if names is not None:
            batch = batch.select(names)
        within = places - (self._ends[number] - batch.num_rows)
        if (np.diff(within) == 1).all():
            return batch.slice(within[0], len(within))
        taken = batch.take(pa.array(within))
        self.let_go()
        return taken

    def _batch(self, number: int) -> pa.RecordBatch:
        with self._lock:
            return self._reader.get_batch(number)

    def _count_sound(self, number: int) -> int:
        batch = self._batch(number)
        batch.validate(full=True)
        rows = int(batch.num_rows)
        self.let_go()
        return rows


def _index(places: NDArray[np.int64]) -> pd.Index:
    if not len(places):
        return pd.RangeIndex(0)
    if (np.diff(places) == 1).all():
        return pd.RangeIndex(int(places[0]), int(places[-1]) + 1)
    return pd.Index(places)


def _geometries(taken: pa.Table) -> tuple[NDArray[Any], NDArray[Any]]:
    wkb = taken["geometry"]
    geometries = geometries_of_wkb(wkb.to_numpy(), arcs=False)
    faults = broken_geometries(shapely.is_missing(geometries) & np.asarray(wkb.is_valid()), reason="WKB")
    for row, fault in _told_of_rows(taken["fault"], Fault):
        if geometries[row] is not None:
            raise UnsoundAnswerError(str(row))
        faults[row] = fault
    return geometries, faults


def _curves(taken: pa.Table, places: NDArray[np.int64]) -> dict[int, Linearised]:
    return {int(places[row]): curve for row, curve in _told_of_rows(taken["curved"], Linearised)}


def _told_of_rows(column: pa.ChunkedArray, kind: type) -> Iterator[tuple[int, Any]]:
    """Yield what is told of some rows, by row."""
    if column.null_count == len(column):
        return
    for row in np.flatnonzero(column.is_valid()):
        value = json.loads(column[int(row)].as_py(), object_hook=unpacked)
        if not isinstance(value, kind):
            raise UnsoundAnswerError(str(row))
        yield int(row), value


def _series(kind: str, position: str, taken: pa.Table, index: pd.Index) -> pd.Series:
    column = taken[position]
    if kind in _OBJECTS:
        values = object_array(_OBJECTS[kind](column))
        if len(values) != len(index):
            raise UnsoundAnswerError(position)
        if f"{position}.absent" in taken.column_names:
            values[taken[f"{position}.absent"].to_numpy()] = pd.NA
        return pd.Series(values, index=index, dtype=object)
    if kind in _NULLABLE or (kind.startswith(_DATES) and "," in kind):
        dtype: Any = pd.api.types.pandas_dtype(kind)
        return pd.Series(dtype.__from_arrow__(column), index=index)
    return pd.Series(np.array(column.to_numpy(), dtype=plain_dtype(kind)), index=index)


def _python(column: pa.ChunkedArray) -> Any:
    return (
        column.to_numpy()
        if pa.types.is_large_string(column.type) or pa.types.is_string(column.type)
        else column.to_pylist()
    )


def _values(column: pa.ChunkedArray, hook: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    return json.loads(f"[{','.join(column.to_pylist())}]", object_hook=hook)


# types of columns that hold objects of Python's, and how those lie in the file
_OBJECTS: Mapping[str, Callable[[pa.ChunkedArray], Any]] = {
    "python": _python,
    "json": lambda column: parsed_json(column.to_pylist()),
    "values": _values,
    "packed": partial(_values, hook=unpacked),
}
