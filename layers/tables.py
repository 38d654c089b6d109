"""Tables: rows of one layer between a reader and a frame, each column with its own values."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import shapely
from numpy.typing import NDArray

from layers.columns import arrow_series, plain_column, texts_of
from layers.crs import FoundCrs
from layers.curves import Linearised
from layers.encoding import Encoding
from layers.errors import RefusedFile
from layers.kinds import FindKinds
from layers.names import make_distinct
from layers.remarks import Counted, Note, remark
from layers.wkb import PlainPolygons

__all__ = [
    "BATCH_ROWS",
    "RESERVED",
    "OpenTable",
    "Table",
    "flattened",
    "frame_of",
    "join_tables",
    "narrow",
    "series_of",
    "with_own_ids",
]

RESERVED = ("source_id", "geometry")
# large enough that no step is felt per batch, small enough that a batch is some tens of megabytes
BATCH_ROWS = 20_000
_INT64 = np.iinfo(np.int64)
_MAX_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Table:
    """Some rows of one layer, or all of them, in the order of the file.

    Attributes
    ----------
    geometries, faults
        Shape (n,): a geometry or None, and why a geometry that stands in the file is not there.
    columns
        Name and values of each attribute, in order; names may repeat. Of a batch they are Arrow's.
    source_ids
        The ids that the file gives its features, as text, or Arrow's strings; None where it gives none.
    crs
        What the file states; None where it states nothing.
    encoding
        Of the attributes; None where the format leaves no choice.
    has_numeric_ids
        Whether every id that is there was a number.
    notes
        What reading found and did.
    curved
        What was made of geometries with arcs, by row.
    crs_refusal
        Why no CRS follows from what the file states, unless a person states one; None where there is nothing to say.
    head
        What the file says of itself as a whole, for a writer of the same format.
    wkb
        The geometries as they stand in the file; None where they are not at hand as WKB.
    unbuilt
        Those that are known as WKB alone, for whom that is enough: they are None among the geometries.
    """

    geometries: NDArray[Any]
    faults: NDArray[Any]
    columns: Sequence[tuple[str, Any]]
    source_ids: Sequence[str | None] | pa.Array | None = None
    crs: FoundCrs | None = None
    encoding: Encoding | None = None
    has_numeric_ids: bool = False
    notes: tuple[Note, ...] = field(default=())
    curved: Mapping[int, Linearised] = field(default_factory=dict)
    crs_refusal: RefusedFile | None = None
    head: Mapping[str, str] = field(default_factory=dict)
    wkb: pa.Array | None = None
    unbuilt: PlainPolygons | None = None


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A layer that is open.

    Attributes
    ----------
    tables
        Its rows in batches, once; all have the same columns and CRS.
    rows
        How many rows there are; None where only reading would tell.
    find_kinds
        Looks up the kinds of geometry that stand in the layer, such as ``{"Polygon"}``; None where only reading its rows
        would tell.
    """

    tables: Iterator[Table]
    rows: int | None = None
    find_kinds: FindKinds | None = None


def join_tables(tables: Iterable[Table]) -> Table:
    """Return the batches of a layer as one table, whose columns are numpy's and pandas' own."""
    parts = list(tables)
    if not parts:
        return Table(np.empty(0, dtype=object), np.empty(0, dtype=object), [])
    first = parts[0]
    columns = [
        (name, _joined([part.columns[position][1] for part in parts]))
        for position, (name, _) in enumerate(first.columns)
    ]
    starts = accumulate((len(part.geometries) for part in parts), initial=0)
    ids = [identity for part in parts for identity in _texts(part)]
    return replace(
        first,
        geometries=np.concatenate([part.geometries for part in parts]),
        faults=np.concatenate([part.faults for part in parts]),
        columns=columns,
        source_ids=ids,
        notes=tuple(note for part in parts for note in part.notes),
        curved={
            start + row: curve for start, part in zip(starts, parts, strict=False) for row, curve in part.curved.items()
        },
        wkb=_joined_wkb([part.wkb for part in parts]),
    )


def frame_of(table: Table, crs: pyproj.CRS, *, first_row: int = 0) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """Return a table as a frame in two dimensions, and what had to be changed for it.

    The columns are ``source_id``, the attributes by their names, and ``geometry``; the index is the row in the file.
    """
    names, changes = make_distinct([name for name, _ in table.columns], taken=RESERVED)
    count = len(table.geometries)
    index = pd.RangeIndex(first_row, first_row + count)
    ids = pa.nulls(count) if table.source_ids is None else table.source_ids
    columns = {
        "source_id": series_of(ids, index),
        **{name: series_of(values, index) for name, (_, values) in zip(names, table.columns, strict=True)},
    }
    flat, with_z = flattened(table.geometries)
    frame = gpd.GeoDataFrame(pd.DataFrame(columns, index=index), geometry=flat, crs=crs)
    frame.attrs["numeric_ids"] = table.has_numeric_ids
    if table.head:
        frame.attrs["head"] = dict(table.head)
    # of each name that is taken here, the first: where it is free, as in GeoJSON, it is written as it came
    firsts = {old: new for old, new in reversed(changes) if old in RESERVED}
    frame.attrs["reserved_names"] = {new: old for old, new in firsts.items()}
    notes: list[Note] = [Counted("z_dropped", with_z)] if with_z else []
    if changes:
        shown = "; ".join(f"{old} → {new}" for old, new in changes[:_MAX_SHOWN])
        notes.append(remark("columns_renamed", count=len(changes), changes=shown))
    return frame, tuple(notes)


def flattened(geometries: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Return geometries in two dimensions, the same array where they are so already, and how many had heights."""
    with_z = int(shapely.has_z(geometries).sum())
    is_flat = not with_z and not shapely.has_m(geometries).any()
    return geometries if is_flat else shapely.force_2d(geometries), with_z


def with_own_ids(table: Table) -> Table:
    """Return a table with a column ``source_id``, as files that are written here have it, for the ids of its rows."""
    position = next((i for i, (name, _) in enumerate(table.columns) if name == "source_id"), None)
    if position is None:
        return table
    columns = list(table.columns)
    _, ids = columns.pop(position)
    return replace(table, columns=columns, source_ids=texts_of(ids), has_numeric_ids=False)


def narrow(values: NDArray[Any]) -> NDArray[Any]:
    """Return a column of Python objects as numbers or booleans where every value is of one such type, else as it is."""
    kinds = set(map(type, values))
    if kinds == {bool}:
        return values.astype(bool)
    if kinds == {float}:
        return values.astype(np.float64)
    if kinds == {int} and min(values) >= _INT64.min and max(values) <= _INT64.max:
        return values.astype(np.int64)
    return values


def series_of(values: Any, index: pd.Index) -> pd.Series:
    """Return the values of a column as a frame holds them."""
    if isinstance(values, pa.Array):
        return arrow_series(values, index)
    if isinstance(values, list):
        return pd.Series(values, index=index, dtype=object)
    # text stays object: pandas' own type for it would make one missing value of null and of absent
    return pd.Series(values, index=index, dtype=object if values.dtype.kind == "O" else None)


def _joined(columns: Sequence[Any]) -> Any:
    """Return one column of all batches; what is not Arrow's is the whole already."""
    return plain_column(pa.chunked_array(columns)) if isinstance(columns[0], pa.Array) else columns[0]


def _joined_wkb(parts: Sequence[pa.Array | None]) -> pa.Array | None:
    there = [part.cast(pa.large_binary()) for part in parts if part is not None]
    return pa.concat_arrays(there) if len(there) == len(parts) else None


def _texts(table: Table) -> Sequence[str | None]:
    if table.source_ids is None:
        return [None] * len(table.geometries)
    return table.source_ids.to_pylist() if isinstance(table.source_ids, pa.Array) else table.source_ids
