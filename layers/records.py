"""Records: tables of a GeoPackage with or without geometry, as a sister system's package brings them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from layers.errors import refused
from layers.formats import Format, sniff
from layers.gdal import layer_names, open_layer
from layers.tables import BATCH_ROWS

__all__ = ["WKB", "read_records"]

WKB = "wkb"
_OPTIONS = {"LIST_ALL_TABLES": "NO", "IMMUTABLE": "YES"}


def read_records(path: Path, tables: Sequence[str]) -> Mapping[str, list[dict[str, Any]]]:
    """Return the rows of some tables by name, of those that are there: values by column, geometries as ``wkb``.

    Raises
    ------
    RefusedFile
        It is no GeoPackage, or cannot be read.
    """
    if sniff(path, name=path.name) is not Format.GEOPACKAGE:
        raise refused("unreadable", reason="it is no GeoPackage")
    there = layer_names(path)
    return {table: _records(path, table) for table in tables if table in there}


def _records(path: Path, table: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    with open_layer(path, rows=BATCH_ROWS, layer=table, **_OPTIONS) as opened:
        for batch in opened.batches:
            columns = {name: values.to_pylist() for name, values in batch.fields} | {WKB: batch.wkb.to_pylist()}
            records += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return records
