"""GeoParquet 1.1 out of rows, as they come: the metadata stand at the end, when all of it is known."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely
from numpy.typing import NDArray

from geocode.faults import Text
from layers.errors import cannot_write
from layers.fields import TypedRows, renaming_notes
from layers.kinds import kinds_of
from layers.names import make_distinct

__all__ = ["write_geoparquet"]

_VERSION = "1.1.0"
_GEOMETRY = "geometry"
# large enough to be read fast, small enough to be held
_ROW_GROUP_ROWS = 100_000
_ROW_GROUP_BYTES = 128 << 20


def write_geoparquet(rows: TypedRows, path: Path, crs: pyproj.CRS) -> tuple[Text, ...]:
    """Write rows to a new file as they come, and return remarks.

    Geometries are WKB under the name ``geometry``; the CRS is PROJJSON; lists and structures stay what they are.

    Raises
    ------
    CannotWrite
        Parquet has no such type.
    """
    renamed = make_distinct(rows.schema.names, taken=(_GEOMETRY,))
    fields = [pa.field(name, kind) for name, kind in zip(renamed.names, rows.schema.types, strict=True)]
    schema = pa.schema([*fields, pa.field(_GEOMETRY, pa.binary())])
    # of what differs in every row there is no dictionary, and nobody asks for the least geometry
    flat = [field.name for field in fields if not pa.types.is_nested(field.type)]
    seen = _Seen()
    try:
        writer = pq.ParquetWriter(
            path, schema, compression="zstd", use_dictionary=flat, write_statistics=flat, write_page_checksum=True
        )
    except pa.ArrowException as error:
        raise cannot_write("unwritable", driver="GeoParquet", reason=str(error)[:200].rstrip(".")) from error
    with writer:
        for group in _row_groups(rows, schema, seen):
            writer.write_table(group, row_group_size=len(group))
        writer.add_key_value_metadata({"geo": json.dumps(seen.metadata(crs), ensure_ascii=False)})
    return renaming_notes(rows, renamed, "GeoParquet")


@dataclass(slots=True)
class _Seen:
    """What stands in the geometries so far."""

    kinds: set[str] = field(default_factory=set)
    bounds: list[float] = field(default_factory=lambda: [math.inf, math.inf, -math.inf, -math.inf])

    def add(self, geometries: NDArray[Any]) -> None:
        """Take one more batch into account."""
        if not len(geometries):
            return
        self.kinds |= kinds_of(geometries)
        west, south, east, north = shapely.total_bounds(geometries).tolist()
        mine = self.bounds
        self.bounds = [min(mine[0], west), min(mine[1], south), max(mine[2], east), max(mine[3], north)]

    def metadata(self, crs: pyproj.CRS) -> dict[str, Any]:
        """Return what the file says about itself."""
        column = {"encoding": "WKB", "geometry_types": sorted(self.kinds), "crs": crs.to_json_dict()}
        if all(map(math.isfinite, self.bounds)):
            column["bbox"] = self.bounds
        return {"version": _VERSION, "primary_column": _GEOMETRY, "columns": {_GEOMETRY: column}}


def _row_groups(rows: TypedRows, schema: pa.Schema, seen: _Seen) -> Iterator[pa.Table]:
    """Yield rows in larger groups than they come in, and see what their geometries are."""
    waiting: list[pa.RecordBatch] = []
    for batch in rows.batches:
        seen.add(batch.geometries)
        wkb = pa.array(shapely.to_wkb(batch.geometries), pa.binary())
        waiting.append(pa.RecordBatch.from_arrays([*batch.attributes.columns, wkb], schema=schema))
        is_full = sum(map(len, waiting)) >= _ROW_GROUP_ROWS
        if is_full or sum(part.nbytes for part in waiting) >= _ROW_GROUP_BYTES:
            yield pa.Table.from_batches(waiting, schema)
            waiting = []
    if any(map(len, waiting)):
        yield pa.Table.from_batches(waiting, schema)
