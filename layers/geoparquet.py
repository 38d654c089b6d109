"""GeoParquet read batch by batch, whatever its row groups are.

A Parquet file says what it holds behind its rows: nothing is read of one that is cut short.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from geocode.faults import Text
from layers.columns import readable_columns
from layers.crs import FoundCrs, crs_of_ogc, crs_of_projjson
from layers.entries import FoundLayer, LayerEntry, ReadOptions, Source
from layers.errors import refused
from layers.kinds import declared_kinds, written_kind
from layers.remarks import remark
from layers.tables import BATCH_ROWS, OpenTable, Table, with_own_ids
from layers.wkb import broken_geometries, geometries_of_wkb

__all__ = ["GeoParquetFacts", "find_layers", "inspect_geoparquet", "open_rows"]

_READ_BYTES = 1 << 20
_BATCH_BYTES = 256 << 20
_UNBUILT = (shapely.errors.GEOSException, ValueError)
_NATIVE = {"point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}


@dataclass(frozen=True, slots=True)
class GeoParquetFacts:
    """What a GeoParquet file says about itself.

    Attributes
    ----------
    rows
        How many there are.
    column
        The primary column of geometry.
    encoding
        ``WKB``, or one of GeoArrow's such as ``polygon``.
    kinds
        The kinds of geometry in it; None where the file leaves them open.
    crs
        None where the file says that it is not known.
    boxes
        Columns that hold nothing but the bounds of each geometry.
    others
        Further columns of geometry.
    """

    rows: int
    column: str
    encoding: str
    kinds: frozenset[str] | None
    crs: FoundCrs | None
    boxes: frozenset[str]
    others: tuple[str, ...]


def inspect_geoparquet(path: Path) -> GeoParquetFacts:
    """Return what a file says about itself.

    Raises
    ------
    RefusedFile
        It is cut short or broken, or a Parquet without a geometry.
    """
    with _opened(path) as file:
        return _facts(file)


def find_layers(source: Source) -> list[FoundLayer]:
    """Return the one layer of a file.

    Raises
    ------
    RefusedFile
        It is broken.
    """
    about = inspect_geoparquet(source.path)
    return [FoundLayer(source.stem, written_kind(about.kinds) if about.kinds else None, about.rows)]


@contextmanager
def open_rows(entry: LayerEntry, _options: ReadOptions) -> Iterator[OpenTable]:
    """Open a file.

    Raises
    ------
    RefusedFile
        It is broken, which may show only where the damage is.
    """
    with _opened(entry.source.path) as file:
        facts = _facts(file)
        yield OpenTable(_tables(file, facts), facts.rows, lambda: facts.kinds)


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    # page by page: a row group may be as large as the file
    with _reporting_damage():
        file = pq.ParquetFile(path, pre_buffer=False, buffer_size=_READ_BYTES, page_checksum_verification=True)
    with file:
        yield file


@contextmanager
def _reporting_damage() -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, OverflowError) as error:
        reason = str(error).partition("\n")[0][:120].rstrip(".")
        raise refused("unreadable", reason=reason) from error


def _facts(file: pq.ParquetFile) -> GeoParquetFacts:
    metadata = (file.metadata.metadata or {}).get(b"geo")
    if metadata is None:
        raise refused("parquet_without_geometry")
    try:
        geo = json.loads(metadata)
        column = geo["columns"][geo["primary_column"]]
        encoding = str(column["encoding"])
        kinds = declared_kinds(map(str, column.get("geometry_types", ())))
        boxes = [str(place[0]) for place in column.get("covering", {}).get("bbox", {}).values()]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise refused("geoparquet_broken", reason=f"{type(error).__name__} {error}"[:120].rstrip(".")) from error
    names = [name for name in geo["columns"] if name in file.schema_arrow.names]
    primary = str(geo["primary_column"])
    if primary not in names:
        raise refused("geoparquet_broken", reason=f"there is no column {primary}"[:120])
    if not _is_encoded(file.schema_arrow.field(file.schema_arrow.names.index(primary)).type, encoding.lower()):
        raise refused("geoparquet_broken", reason=f"the encoding {encoding} is not that of {primary}"[:120])
    others = tuple(name for name in names if name != primary)
    return GeoParquetFacts(
        file.metadata.num_rows, primary, encoding.lower(), kinds, _crs(column), frozenset(boxes), others
    )


def _is_encoded(kind: pa.DataType, encoding: str) -> bool:
    """Return whether a column of a type can hold geometries in an encoding that is read."""
    storage = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    if encoding == "wkb":
        return bool(
            pa.types.is_binary(storage) or pa.types.is_large_binary(storage) or pa.types.is_binary_view(storage)
        )
    return encoding in _NATIVE and bool(pa.types.is_nested(storage))


def _crs(column: Mapping[str, Any]) -> FoundCrs | None:
    """Return the CRS that the metadata state: none stated is longitude and latitude, null is not known."""
    if "crs" not in column:
        return crs_of_ogc(why="crs_geoparquet_default")
    return None if column["crs"] is None else crs_of_projjson(column["crs"], why="crs_geoparquet")


def _tables(file: pq.ParquetFile, facts: GeoParquetFacts) -> Iterator[Table]:
    """Yield the rows of a file; refuse it behind the last where they are not as many as it says."""
    batches, count = file.iter_batches(_batch_rows(file)), 0
    notes = _facts_notes(facts)
    while True:
        with _reporting_damage():
            batch = next(batches, None)
        if batch is None:
            break
        count += len(batch)
        columns = list(zip(batch.schema.names, batch.columns, strict=True))
        _, shapes = columns.pop(batch.schema.names.index(facts.column))
        geometries = _geometries(shapes, facts.encoding)
        attributes, mended = readable_columns((name, column) for name, column in columns if name not in facts.boxes)
        lost = shapely.is_missing(geometries) & np.asarray(shapes.is_valid())
        faults = broken_geometries(lost, reason=facts.encoding.upper())
        yield with_own_ids(Table(geometries, faults, attributes, crs=facts.crs, notes=(*notes, *mended)))
    if count != facts.rows:
        raise refused("rows_lost", read=count, expected=facts.rows)


def _batch_rows(file: pq.ParquetFile) -> int:
    """Return how many rows make a batch: as many as of any file, or fewer where they are giants."""
    about = file.metadata
    size = sum(int(about.row_group(group).total_byte_size) for group in range(about.num_row_groups))
    return max(1, min(BATCH_ROWS, _BATCH_BYTES * int(about.num_rows) // max(size, 1)))


def _facts_notes(facts: GeoParquetFacts) -> tuple[Text, ...]:
    counted = {"boxes_left_aside": sorted(facts.boxes), "geometries_kept_as_bytes": facts.others}
    return tuple(remark(kind, names=", ".join(names)) for kind, names in counted.items() if names)


def _geometries(column: pa.Array, encoding: str) -> NDArray[Any]:
    """Return the geometries of a column; None where there is none, or none that can be built."""
    storage = column.storage if isinstance(column, pa.ExtensionArray) else column
    if encoding == "wkb":
        return geometries_of_wkb(storage.cast(pa.large_binary()), arcs=False)
    try:
        return _native(storage, encoding)
    except _UNBUILT:
        pass
    geometries = np.full(len(storage), None, dtype=object)
    for row in range(len(storage)):
        with suppress(*_UNBUILT):
            geometries[row] = _native(storage.slice(row, 1), encoding)[0]
    return geometries


def _native(column: pa.Array, encoding: str) -> NDArray[Any]:
    """Return geometries that stand as lists of coordinates, as GeoArrow has them."""
    extension = {"ARROW:extension:name": f"geoarrow.{encoding}"}
    schema = pa.schema([pa.field("geometry", column.type, metadata=extension)])
    frame = gpd.GeoDataFrame.from_arrow(pa.table([column], schema=schema))
    return np.asarray(frame.geometry.array, dtype=object)
