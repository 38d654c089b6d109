"""GeoPackages looked at through SQLite before GDAL reads them: which layers, and how many rows by an independent count.

GDAL believes a row count that another program left in the file, and reads no further.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from layers.errors import refused

__all__ = ["GeoPackageLayer", "list_tables", "rows_with_geometry"]

_PAGE_SIZE_OF_ONE = 65_536
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
        Rows that are there, counted.
    has_crs
        Whether a CRS is stated.
    """

    name: str
    column: str
    geometry: str
    has_m: bool
    rows: int
    has_crs: bool


def list_tables(path: Path) -> tuple[GeoPackageLayer, ...]:
    """Return the layers of a GeoPackage, in its order.

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
            rows = int(database.execute(f"SELECT count(*) FROM {_quoted(name)}").fetchone()[0])  # noqa: S608 - quoted
            # -1 and 0, "undefined cartesian" and "undefined geographic", are of no organization
            has_crs = str(authority).upper() != "NONE"
            layers.append(GeoPackageLayer(name, column, str(geometry).upper(), bool(m), rows, has_crs))
    return tuple(layers)


def rows_with_geometry(path: Path, layer: GeoPackageLayer) -> frozenset[int]:
    """Return the row ids under which bytes of a geometry are stored, readable or not."""
    query = (
        f"SELECT rowid FROM {_quoted(layer.name)} "  # noqa: S608 - quoted
        f"WHERE length({_quoted(layer.column)}) > 0"
    )
    with _database(path) as database:
        return frozenset(row[0] for row in database.execute(query))


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
