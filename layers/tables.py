"""Tables: the rows of one layer between a reader and a frame, each column with its own values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from geocode.faults import Text
from layers.crs import FoundCrs
from layers.encoding import Encoding
from layers.names import make_distinct
from layers.remarks import remark

__all__ = ["RESERVED", "Table", "frame_of", "narrow"]

RESERVED = ("source_id", "geometry")
_INT64 = np.iinfo(np.int64)
_MAX_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one layer, in the order of the file.

    Attributes
    ----------
    geometries, faults
        Shape (n,): a geometry or None, and why a geometry that stands in the file is not there.
    columns
        Name and values of each attribute, in order; names may repeat.
    source_ids
        The ids that the file gives its features, as text; None where it gives none.
    crs
        What the file states; None where it states nothing.
    encoding
        Of the attributes; None where the format leaves no choice.
    has_numeric_ids
        Whether every id that is there was a number.
    notes
        What reading found and did.
    """

    geometries: NDArray[Any]
    faults: NDArray[Any]
    columns: Sequence[tuple[str, Any]]
    source_ids: Sequence[str | None] | None = None
    crs: FoundCrs | None = None
    encoding: Encoding | None = None
    has_numeric_ids: bool = False
    notes: tuple[Text, ...] = field(default=())


def frame_of(table: Table, crs: pyproj.CRS, *, first_row: int = 0) -> tuple[gpd.GeoDataFrame, tuple[Text, ...]]:
    """Return a table as a frame in two dimensions, and what had to be changed for it.

    The columns are ``source_id``, the attributes by their names, and ``geometry``; the index is the row in the file.
    """
    names, changes = make_distinct([name for name, _ in table.columns], taken=RESERVED)
    count = len(table.geometries)
    index = pd.RangeIndex(first_row, first_row + count)
    ids = [None] * count if table.source_ids is None else list(table.source_ids)
    columns: Mapping[str, Any] = {
        "source_id": pd.Series(ids, index=index, dtype=object),
        **{name: _series(values, index) for name, (_, values) in zip(names, table.columns, strict=True)},
    }
    with_z = int(shapely.has_z(table.geometries).sum())
    flat = shapely.force_2d(table.geometries)
    frame = gpd.GeoDataFrame(pd.DataFrame(columns, index=index), geometry=flat, crs=crs)
    frame.attrs["numeric_ids"] = table.has_numeric_ids
    # of each name that is taken here, the first: where it is free, as in GeoJSON, it is written as it came
    firsts = {old: new for old, new in reversed(changes) if old in RESERVED}
    frame.attrs["reserved_names"] = {new: old for old, new in firsts.items()}
    notes = [remark("z_dropped", count=with_z)] if with_z else []
    if changes:
        shown = "; ".join(f"{old} → {new}" for old, new in changes[:_MAX_SHOWN])
        notes.append(remark("columns_renamed", count=len(changes), changes=shown))
    return frame, tuple(notes)


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


def _series(values: Any, index: pd.Index) -> pd.Series:
    # text stays object: pandas' own type for it would make one missing value of null and of absent
    return pd.Series(values, index=index, dtype=object if values.dtype.kind == "O" else None)
