"""GeoPackages looked at through SQLite before GDAL reads them: which layers, and how many rows by an independent count.

GDAL believes a row count that another program left in the file, and reads no further.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from layers.errors import refused
from layers.kinds import kind_of_wkb

__all__ = ["GeoPackageLayer", "list_tables", "rows_with_geometry", "stored_kinds"]

_PAGE_SIZE_OF_ONE = 65_536
# the first five bytes of the WKB behind the header of a geometry, whose length bits 1 to 3 of the fourth byte tell
_WKB_HEAD = """
substr({column}, CASE instr('0123456789ABCDEF', substr(hex(substr({column}, 4, 1)), 2, 1))
    WHEN 1 THEN 9 WHEN 2 THEN 9 WHEN 3 THEN 41 WHEN 4 THEN 41 WHEN 9 THEN 73 WHEN 10 THEN 73 ELSE 57 END, 5)
"""
_LAYERS = """
SELECT g.table_name, g.column_name, g.geometry_type_name, g.m, coalesce(m.type, 'missing'), coalesce(m.sql, ''),
    coalesce(s.organization, 'NONE')
FROM gpkg_geometry_columns AS g
LEFT JOIN gpkg_spatial_ref_sys AS s ON s.srs_id = g.srs_id
JOIN gpkg_contents AS c ON lower(c.table_name) = lower(g.table_name) AND c.data_type = 'features'
LEFT JOIN sqlite_master AS m ON lower(m.name) = lower(g.table_name) AND m.type IN ('table', 'view')
ORDER BY g.rowid
"""


@dataclass(frozen=True, slots=True)
class GeoPackageLayer:
    """One layer with geometry.

    Attributes
    ----------
    name, column
        Its table and the column of its geometry.
    geometry
        The geometry type as the file declares it, in capitals, such as ``MULTIPOLYGON``.
    has_m
        Whether geometries must or may carry measures.
    rows
        Rows that are there, counted; None where they were not.
    has_crs
        Whether a CRS is stated.
    """

    name: str
    column: str
    geometry: str
    has_m: bool
    rows: int | None
    has_crs: bool


def list_tables(path: Path, *, count: bool = True) -> tuple[GeoPackageLayer, ...]:
    """Return the layers of a GeoPackage, in its order; counting their rows reads most of the file.

    Raises
    ------
    RefusedFile
        It is cut short or broken, in use by another program, or a layer of it is a view: a program, and no data.
    """
    _check_size(path)
    with _database(path) as database:
        layers = []
        for name, column, geometry, m, kind, sql, authority in database.execute(_LAYERS):
            if kind != "table" or sql.upper().startswith("CREATE VIRTUAL"):
                raise refused("geopackage_view", layer=name)
            rows = _count(database, name) if count else None
            # -1 and 0, "undefined cartesian" and "undefined geographic", are of no organization
            has_crs = str(authority).upper() != "NONE"
            layers.append(GeoPackageLayer(name, column, str(geometry).upper(), bool(m), rows, has_crs))
    return tuple(layers)


def _count(database: sqlite3.Connection, table: str) -> int:
    return int(database.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0])  # noqa: S608 - quoted


def rows_with_geometry(path: Path, layer: GeoPackageLayer, fids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of the rows with ids that follow one another have bytes of a geometry, readable or not, shape (n,)."""
    query = (
        f"SELECT rowid FROM {_quoted(layer.name)} "  # noqa: S608 - quoted
        f"WHERE rowid BETWEEN ? AND ? AND length({_quoted(layer.column)}) > 0"
    )
    with _database(path) as database:
        stored = database.execute(query, (int(fids.min()), int(fids.max()))).fetchall()
    return np.isin(fids, np.array(stored, dtype=np.int64))


def stored_kinds(path: Path, layer: GeoPackageLayer) -> frozenset[str]:
    """Return the kinds of geometry that stand in a layer, whatever it declares: told from the first bytes of each."""
    head = _WKB_HEAD.format(column=_quoted(layer.column))
    query = f"SELECT DISTINCT {head} FROM {_quoted(layer.name)}"  # noqa: S608 - quoted
    with _database(path) as database:
        heads = [head for (head,) in database.execute(query) if isinstance(head, bytes)]
    return frozenset(kind for kind in map(kind_of_wkb, heads) if kind is not None)


@contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
    try:
        yield connection
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise refused("geopackage_broken", reason=str(error)[:120]) from error
    finally:
        connection.close()


def _check_size(path: Path) -> None:
    """Refuse a file that is shorter than its own header says."""
    with path.open("rb") as file:
        head = file.read(100)
    size = path.stat().st_size
    page_bytes = int.from_bytes(head[16:18], "big")
    expected = (_PAGE_SIZE_OF_ONE if page_bytes == 1 else page_bytes) * int.from_bytes(head[28:32], "big")
    if size < expected:
        raise refused("geopackage_cut", expected=expected, found=size)
    for journal in ("-wal", "-journal"):
        beside = path.resolve().with_name(path.resolve().name + journal)
        if beside.exists() and beside.stat().st_size:
            raise refused("geopackage_in_use", journal=journal)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
