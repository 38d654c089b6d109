"""A layer written down as it is read: what a confined process does with a file.

The rows go into an Arrow file batch by batch, so that a layer of any length takes the same memory where its format allows:
attributes by column, geometries as WKB in two dimensions, as they stand in the file. How they are to be taken (the CRS, the
order of axes, the types of columns) is told behind the last row, by all of them. :mod:`layers.confined.kept` is the other
end.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely
from numpy.typing import NDArray

from layers.columns import KeptColumn, arrow_of_python
from layers.confined.frozen import packed
from layers.crs import crs_asked_for
from layers.crs_settling import said_again, settle_crs
from layers.entries import LayerEntry, ReadOptions
from layers.errors import refused
from layers.formats import Format
from layers.positions import Positions
from layers.reading import choose_in, open_tables
from layers.remarks import Counted, Note, told
from layers.row_names import told_names
from layers.sequence_columns import stream_sequence
from layers.tables import Table, flattened, frame_of, series_of

__all__ = ["ROWS", "keep_delivery"]

ROWS = "rows.arrow"
_BATCH_ROWS = 1 << 13
_PLAIN = ReadOptions()
_ARROW = "arrow"
_OF_GDAL = {Format.SHAPEFILE, Format.GEOPACKAGE, Format.FLATGEOBUF, Format.FILEGDB}


def keep_delivery(
    path: str | PathLike[str],
    folder: Path,
    *,
    crs: "str | int | pyproj.CRS | None" = None,
    layer: str | None = None,
    name: str | None = None,
    options: ReadOptions = _PLAIN,
) -> dict[str, Any]:
    """Write the rows of one layer of a file into a folder, and return the account of them, for `freeze_json`.

    The account is that of a `Delivery` but for the digest, which is told by who has the file.

    Parameters
    ----------
    folder
        Where the file ``rows.arrow`` is made.
    path, crs, layer, name, options
        As those of `layers.reading.read_delivery`.

    Raises
    ------
    RefusedFile, OSError
        As `read_delivery`.
    """
    asked = None if crs is None else crs_asked_for(crs, systems=options.systems)
    with choose_in(Path(path), layer, name) as chosen:
        with _open_tables(chosen.entry, options) as tables, _Writing(folder / ROWS) as writing:
            for table in tables:
                writing.add(table)
        first = writing.first
        if first is None or not writing.rows:
            raise refused("no_features")
        found, overridden = settle_crs(first, writing.seen, chosen.entry.source.format, asked, options)
    head, changed = frame_of(first, found.crs)
    heights = (Counted("z_dropped", writing.with_z),) if writing.with_z else ()
    return {
        "rows": writing.rows,
        "columns": writing.columns([str(each) for each in head.columns.drop("geometry")]),
        "attrs": head.attrs,
        "found": found,
        "delivery": {
            "file": chosen.file,
            "layer": chosen.entry.name,
            "format": chosen.format,
            "encoding": first.encoding,
            "notes": told([*chosen.notes, *overridden, *writing.notes, *heights, *changed]),
            "crs_said": said_again(first, found),
        },
    }


def _open_tables(entry: LayerEntry, options: ReadOptions) -> AbstractContextManager[Iterator[Table]]:
    if entry.source.format is Format.GEOJSONSEQ:
        return nullcontext(told_names(stream_sequence(entry.source.path), options.columns))
    if entry.source.format in _OF_GDAL:
        return _unbuilt(entry, options)
    return open_tables(entry, options)


@contextmanager
def _unbuilt(entry: LayerEntry, options: ReadOptions) -> Iterator[Iterator[Table]]:
    from layers.gdal_tables import open_unbuilt  # noqa: PLC0415 - GDAL takes most of a second to load

    with open_unbuilt(entry) as opened:
        yield told_names(opened.tables, options.columns)


class _Writing:
    """The rows of a layer on their way into a file, and what is known of those that came by.

    Attributes
    ----------
    first
        The first table, without rows; None before it.
    rows, with_z
        How many came by, and how many of them had heights.
    notes
        What reading found in them.
    seen
        Their positions.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._stack = path, ExitStack()
        self._writer: pa.ipc.RecordBatchFileWriter | None = None
        self._columns: list[KeptColumn] = []
        self._has_null: list[bool] = []
        self.first: Table | None = None
        self.rows = self.with_z = 0
        self.notes: list[Note] = []
        self.seen = Positions()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def add(self, table: Table) -> None:
        """Write the rows of a table."""
        count = len(table.geometries)
        ids = pa.nulls(count, pa.string()) if table.source_ids is None else table.source_ids
        columns = [_column(values, count) for values in (ids, *(values for _, values in table.columns))]
        flat, with_z = flattened(table.geometries)
        arrays = {str(position): column.values for position, column in enumerate(columns)}
        arrays |= {f"{i}.absent": column.absent for i, column in enumerate(columns) if column.absent is not None}
        arrays["geometry"] = _wkb(table, flat)
        arrays["fault"] = _texts(
            {int(row): table.faults[row] for row in np.flatnonzero(table.faults != np.array(None))}, count
        )
        arrays["curved"] = _texts(table.curved, count)
        self._write(pa.table(arrays))
        nulls = [column.values.null_count > 0 for column in columns]
        self._has_null = [a or b for a, b in zip(self._has_null or nulls, nulls, strict=True)]
        self.first, self._columns = self.first or _emptied(table), columns
        self.rows, self.with_z = self.rows + count, self.with_z + with_z
        self.notes += table.notes
        self.seen.add(flat, table.unbuilt)

    def columns(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Return what is told of each column: its name, and the type that it has in a frame of all rows."""
        return [
            {
                "name": name,
                "type": _type_in_frame(column.values.type, has_null) if column.kind == _ARROW else column.kind,
            }
            for name, column, has_null in zip(names, self._columns, self._has_null, strict=True)
        ]

    def _write(self, rows: pa.Table) -> None:
        if self._writer is None:
            file = self._stack.enter_context(pa.OSFile(str(self._path), "wb"))
            self._writer = self._stack.enter_context(pa.ipc.new_file(file, rows.schema))
        self._writer.write_table(rows, max_chunksize=_BATCH_ROWS)


def _emptied(table: Table) -> Table:
    """Return what a table says of its layer, without its rows."""
    nothing = np.empty(0, dtype=object)
    columns = [(name, [] if isinstance(values, KeptColumn) else values[:0]) for name, values in table.columns]
    ids = None if table.source_ids is None else table.source_ids[:0]
    return replace(
        table,
        geometries=nothing,
        faults=nothing,
        columns=columns,
        source_ids=ids,
        notes=(),
        curved={},
        wkb=None,
        unbuilt=None,
    )


def _wkb(table: Table, flat: NDArray[Any]) -> pa.Array:
    """Return geometries as WKB: as it stands in the file, where that is what was made of it."""
    if table.wkb is None:
        return pa.array(shapely.to_wkb(flat), pa.large_binary())
    as_read = table.wkb.cast(pa.large_binary())
    is_there = np.asarray(table.wkb.is_valid())
    built = ~shapely.is_missing(flat)
    if table.unbuilt is not None:
        built |= table.unbuilt.rows
    if flat is table.geometries and not table.curved and (built == is_there).all():
        return as_read
    made = pa.array(shapely.to_wkb(flat), pa.large_binary())
    return made if table.unbuilt is None else pc.if_else(pa.array(table.unbuilt.rows), as_read, made)


def _texts(values: Mapping[int, Any], count: int) -> pa.Array:
    """Return the values of some rows, by row, as JSON; null where there is none."""
    if not values:
        return pa.nulls(count, pa.large_string())
    texts = {row: json.dumps(packed(value)) for row, value in values.items()}
    return pa.array(map(texts.get, range(count)), pa.large_string())


def _column(values: Any, count: int) -> KeptColumn:
    if isinstance(values, KeptColumn):
        return values
    if isinstance(values, pa.Array):
        is_json = isinstance(values.type, pa.JsonType)
        return KeptColumn("json", values.storage) if is_json else KeptColumn(_ARROW, values)
    column = series_of(values, pd.RangeIndex(count))
    if column.dtype != object:
        array = pa.array(column.to_numpy() if isinstance(column.dtype, np.dtype) else column)
        return KeptColumn(str(column.dtype), array)
    return _objects(column.tolist())


def _objects(values: list[Any]) -> KeptColumn:
    """Return values of Python, which stay what they are."""
    kinds = set(map(type, values))
    absent = None
    if type(pd.NA) in kinds:
        # a property that a feature does not have is neither null nor a value
        is_absent = [value is pd.NA for value in values]
        absent = pa.array(is_absent)
        values = [None if there_is_none else value for value, there_is_none in zip(values, is_absent, strict=True)]
    kinds -= {type(pd.NA), type(None)}
    if kinds <= {str} or kinds in ({int}, {float}, {bool}):
        try:
            return KeptColumn("python", arrow_of_python(values, kinds.pop() if kinds else str), absent)
        except (UnicodeEncodeError, OverflowError, pa.ArrowInvalid):
            # half of a surrogate pair, which JSON can write and UTF-8 cannot; a number of more than 64 bits
            pass
    return _json(values, absent)


def _json(values: list[Any], absent: pa.Array | None) -> KeptColumn:
    """Return values as JSON, each by itself: as they are where nothing is lost by it, else with their types."""
    try:
        texts = [json.dumps(value) for value in values]
        if json.loads(f"[{','.join(texts)}]") == values:
            return KeptColumn("values", pa.array(texts, pa.large_string()), absent)
    except TypeError:
        pass
    return KeptColumn("packed", pa.array([json.dumps(packed(value)) for value in values], pa.large_string()), absent)


def _type_in_frame(kind: pa.DataType, has_null: bool) -> str:  # noqa: FBT001 - of the layer
    """Return the type that a column of Arrow's has in the frame of a whole layer, as `plain_column` makes it."""
    if pa.types.is_boolean(kind):
        return "boolean" if has_null else "bool"
    if pa.types.is_integer(kind) and has_null:
        return "UInt64" if pa.types.is_uint64(kind) else "Int64"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return str(np.dtype(kind.to_pandas_dtype()))
    if pa.types.is_timestamp(kind):
        return str(pa.array([], kind).to_pandas().dtype)
    return "python"
