"""Shapefiles, GeoPackages and FlatGeobufs as tables: read by GDAL, counted by us."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geocode.faults import Text, read_sentences
from layers.crs import FoundCrs, crs_of_wkt
from layers.errors import refused
from layers.formats import Format
from layers.gdal import Field, GdalRows, read_rows
from layers.geopackage import list_tables, rows_with_geometry
from layers.remarks import remark
from layers.shapefile import ShapefileFacts, decode_attributes, inspect_shapefile
from layers.sources import LayerEntry
from layers.strict_json import JsonError, parse
from layers.tables import Table

__all__ = ["read_with_gdal"]

_SENTENCES = read_sentences("layers", "faults.toml")
_EXACT_IN_DOUBLE = 2**53
_CURVED = ("CURVE", "MULTISURFACE", "CIRCULARSTRING")


def read_with_gdal(entry: LayerEntry) -> Table:
    """Return the rows of a layer of a shapefile, GeoPackage or FlatGeobuf.

    Raises
    ------
    RefusedFile
        GDAL cannot read it, or reads another number of rows than there are.
    """
    return _READERS[entry.source.format](entry)


def _read_shapefile(entry: LayerEntry) -> Table:
    facts = inspect_shapefile(entry.source.parts)
    # Latin-1 keeps every byte: what they mean is found out below
    rows = read_rows(entry.source.path, encoding="ISO-8859-1")
    _check_count(rows, facts.rows)
    if len(rows.fields) != len(facts.widths):
        raise refused("shapefile_broken", suffix=".dbf")
    decoded = decode_attributes(
        [field.name for field in rows.fields],
        [field.values for field in rows.fields],
        facts.widths,
        stated=facts.cpg,
        driver_id=facts.driver_id,
    )
    fields = [
        field._replace(name=name, values=values)
        for field, name, values in zip(rows.fields, decoded.names, decoded.values, strict=True)
    ]
    crs = None if facts.crs is None else crs_of_wkt(facts.crs, why="crs_prj")
    table = _table(rows, fields, facts.has_shape, crs, ids=rows.fids)
    return replace(table, encoding=decoded.encoding, notes=(*table.notes, *_shapefile_notes(facts, decoded.cut)))


def _shapefile_notes(facts: ShapefileFacts, cut: int) -> Sequence[Text]:
    counted = {
        "rows_deleted": facts.deleted,
        "m_dropped": facts.rows if facts.has_m else 0,
        "trailing_bytes": facts.trailing_bytes,
        "values_cut": cut,
    }
    return [remark(kind, count=count) for kind, count in counted.items() if count]


def _read_geopackage(entry: LayerEntry) -> Table:
    path = entry.source.path
    layer = next(layer for layer in list_tables(path) if layer.name == entry.name_in_source)
    # other tables and views are not even looked at, and no journal is opened or made
    rows = read_rows(path, layer=layer.name, LIST_ALL_TABLES="NO", IMMUTABLE="YES")
    _check_count(rows, layer.rows)
    has_shape = np.ones(len(rows.fids), dtype=bool)
    if any(wkb is None for wkb in rows.wkb):
        stored = rows_with_geometry(path, layer)
        has_shape = np.array([fid in stored for fid in rows.fids.tolist()], dtype=bool)
    crs = crs_of_wkt(rows.crs, why="crs_geopackage") if rows.crs and layer.has_crs else None
    table = _table(rows, rows.fields, has_shape, crs, ids=rows.fids)
    notes = list(table.notes)
    if layer.has_m:
        notes.append(remark("m_dropped", count=layer.rows))
    if any(word in layer.geometry for word in _CURVED):
        notes.append(remark("arcs_linearised"))
    return replace(table, notes=tuple(notes))


def _read_flatgeobuf(entry: LayerEntry) -> Table:
    rows = read_rows(entry.source.path)
    _check_count(rows, rows.stated_rows if rows.stated_rows > 0 else len(rows.fids))
    crs = None if rows.crs is None else crs_of_wkt(rows.crs, why="crs_flatgeobuf")
    return _table(rows, rows.fields, np.array([wkb is not None for wkb in rows.wkb], dtype=bool), crs)


_READERS: Mapping[Format, Callable[[LayerEntry], Table]] = {
    Format.SHAPEFILE: _read_shapefile,
    Format.GEOPACKAGE: _read_geopackage,
    Format.FLATGEOBUF: _read_flatgeobuf,
}


def _check_count(rows: GdalRows, expected: int) -> None:
    if len(rows.fids) != expected:
        raise refused("rows_lost", read=len(rows.fids), expected=expected)


def _table(
    rows: GdalRows,
    fields: Sequence[Field],
    has_shape: NDArray[np.bool_],
    crs: FoundCrs | None,
    *,
    ids: NDArray[np.int64] | None = None,
) -> Table:
    """Return what GDAL read as a table; a geometry that stands in the file and was not built is a fault of its row."""
    with np.errstate(invalid="ignore"):
        geometries = np.asarray(shapely.from_wkb(rows.wkb, on_invalid="ignore"), dtype=object)
    faults = np.full(len(geometries), None, dtype=object)
    for row in np.flatnonzero(has_shape & shapely.is_missing(geometries)):
        faults[row] = _SENTENCES.fault("geometry_broken", reason="GDAL")
    notes = [
        *(remark("reader_said", text=text) for text in rows.warnings),
        *(remark("integers_rounded", name=field.name) for field in fields if _is_rounded(field)),
    ]
    own_ids = [field for field in fields if field.name == "source_id"]
    return Table(
        geometries=geometries,
        faults=faults,
        columns=[(field.name, _values(field)) for field in fields if not any(field is own for own in own_ids[:1])],
        source_ids=_ids(own_ids[0].values if own_ids else ids),
        crs=crs,
        has_numeric_ids=ids is not None and not own_ids,
        notes=tuple(notes),
    )


def _ids(values: NDArray[Any] | None) -> list[str | None] | None:
    """Return ids as text: a column that says so (a file written here has one), else what GDAL numbers rows by."""
    return None if values is None else [None if pd.isna(value) else str(value) for value in values.tolist()]


def _values(field: Field) -> Any:
    """Return a column with the types it has in the file, where pyogrio gives another for want of a missing value."""
    values = field.values
    if field.type in {"OFTInteger", "OFTInteger64"} and values.dtype.kind == "f":
        kind = "boolean" if field.subtype == "OFSTBoolean" else "Int64"
        return pd.array([None if np.isnan(v) else int(v) for v in values.tolist()], dtype=kind)
    if field.type == "OFTDate":
        return _objects(values.astype("datetime64[D]").tolist())
    if field.subtype == "OFSTJSON":
        return _objects([_json(value) for value in values])
    return values


def _objects(values: list[Any]) -> NDArray[Any]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _json(value: Any) -> Any:
    try:
        return parse(value).value if isinstance(value, str) else value
    except JsonError:
        return value


def _is_rounded(field: Field) -> bool:
    """Return whether integers beyond 2⁵³ went through a double on their way, as they do beside a missing value."""
    is_double = field.type == "OFTInteger64" and field.values.dtype.kind == "f"
    return is_double and bool((np.abs(np.nan_to_num(field.values)) >= _EXACT_IN_DOUBLE).any())
