"""Shapefiles, GeoPackages, FileGDBs and FlatGeobufs as tables, batch by batch: read by GDAL, counted by us."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from layers.columns import readable_columns
from layers.crs import FoundCrs, crs_of_wkt
from layers.curves import Linearised, deviation_in, linearise
from layers.encoding import Encoding
from layers.entries import FoundLayer, LayerEntry, ReadOptions, Source
from layers.errors import refused
from layers.filegdb import list_feature_classes
from layers.formats import Format
from layers.gdal import GdalBatch, GdalLayer, open_layer
from layers.geopackage import list_tables, rows_with_geometry, stored_kinds
from layers.kinds import declared_kinds
from layers.remarks import Counted, Note, remark
from layers.shapefile import ShapefileFacts, decode_batch, encoding_of, inspect_shapefile
from layers.tables import BATCH_ROWS, OpenTable, Table, with_own_ids
from layers.wkb import PlainPolygons, broken_geometries, find_plain_polygons, geometries_of_wkb

__all__ = ["find_layers", "open_rows", "open_unbuilt"]

# other tables and views are not even looked at, and no journal is opened or made
_GEOPACKAGE_OPTIONS = {"LIST_ALL_TABLES": "NO", "IMMUTABLE": "YES"}
# rows of a batch, told by its first row, that have bytes of a geometry, readable or not
_HasShape = Callable[[int, GdalBatch], NDArray[np.bool_]]
_FindPlain = Callable[[pa.Array], PlainPolygons | None]


def _none(_wkb: pa.Array) -> None:
    """Leave no geometry unbuilt."""


def find_layers(source: Source) -> list[FoundLayer]:
    """Return the layers of a shapefile, GeoPackage, FileGDB or FlatGeobuf, as its own bytes tell them; GDAL is not asked.

    Raises
    ------
    RefusedFile
        It is broken, or a GeoPackage without a layer.
    """
    if source.format is Format.GEOPACKAGE:
        tables = list_tables(source.path)
        if not tables:
            raise refused("geopackage_without_layer")
        return [FoundLayer(table.name, table.geometry, table.rows) for table in tables]
    if source.format is Format.FILEGDB:
        return list_feature_classes(source.path)
    if source.format is Format.SHAPEFILE:
        facts = inspect_shapefile(source.parts)
        return [FoundLayer(source.stem, facts.geometry, facts.rows)]
    return [FoundLayer(source.stem)]


def open_rows(entry: LayerEntry, _options: ReadOptions) -> AbstractContextManager[OpenTable]:
    """Open a layer of a shapefile, GeoPackage, FileGDB or FlatGeobuf.

    Raises
    ------
    RefusedFile
        GDAL cannot read it, or reads another number of rows than there are, which shows behind the last.
    """
    return _OPENERS[entry.source.format](entry)


def open_unbuilt(entry: LayerEntry) -> AbstractContextManager[OpenTable]:
    """Open a layer as `open_rows` does, and leave polygons unbuilt that are plain to see in their WKB."""
    return _OPENERS[entry.source.format](entry, leave=find_plain_polygons)


@contextmanager
def _open_shapefile(entry: LayerEntry, *, leave: _FindPlain = _none) -> Iterator[OpenTable]:
    facts, encoding = inspect_shapefile(entry.source.parts), encoding_of(entry.source.parts)
    crs = None if facts.crs is None else crs_of_wkt(facts.crs, why="crs_prj")

    def has_shape(start: int, batch: GdalBatch) -> NDArray[np.bool_]:
        return facts.has_shape[start : start + len(batch.wkb)]

    # Latin-1 keeps every byte, which are decoded as they come
    with open_layer(entry.source.path, rows=BATCH_ROWS, encoding="ISO-8859-1") as opened:
        tables = (
            replace(_decoded(table, facts, encoding), crs=crs)
            for table in _tables(opened, facts.rows, has_shape=has_shape, crs=crs, leave=leave)
        )
        yield OpenTable(tables, facts.rows)


def _decoded(table: Table, facts: ShapefileFacts, encoding: Encoding) -> Table:
    """Return rows of a shapefile with their texts in the encoding that they are in, and what is told of the whole."""
    if len(table.columns) != len(facts.widths):
        raise refused("shapefile_broken", suffix=".dbf")
    columns, cut = decode_batch(table.columns, facts.widths, encoding)
    whole = {"rows_deleted": facts.deleted, "trailing_bytes": facts.trailing_bytes}
    here = {"m_dropped": len(table.geometries) if facts.has_m else 0, "values_cut": cut}
    notes: list[Note] = [remark(kind, count=count) for kind, count in whole.items() if count]
    notes += [Counted(kind, count) for kind, count in here.items() if count]
    decoded = replace(table, columns=columns, encoding=encoding, has_numeric_ids=True, notes=(*table.notes, *notes))
    return with_own_ids(decoded)


@contextmanager
def _open_geopackage(entry: LayerEntry, *, leave: _FindPlain = _none) -> Iterator[OpenTable]:
    path = entry.source.path
    # the rows were counted when the layers were listed
    layer = next(layer for layer in list_tables(path, count=False) if layer.name == entry.name_in_source)

    def has_shape(_start: int, batch: GdalBatch) -> NDArray[np.bool_]:
        return rows_with_geometry(path, layer, batch.fids.to_numpy())

    with open_layer(path, rows=BATCH_ROWS, layer=layer.name, **_GEOPACKAGE_OPTIONS) as opened:
        crs = crs_of_wkt(opened.crs, why="crs_geopackage") if opened.crs and layer.has_crs else None
        notes = (remark("m_dropped", count=entry.rows),) if layer.has_m else ()
        tables = (
            with_own_ids(replace(table, crs=crs, has_numeric_ids=True, notes=(*table.notes, *notes)))
            for table in _tables(opened, entry.rows, has_shape=has_shape, crs=crs, leave=leave)
        )
        yield OpenTable(tables, entry.rows, lambda: stored_kinds(path, layer))


@contextmanager
def _open_filegdb(entry: LayerEntry, *, leave: _FindPlain = _none) -> Iterator[OpenTable]:
    with open_layer(entry.source.path, rows=BATCH_ROWS, layer=entry.name_in_source) as opened:
        crs = None if opened.crs is None else crs_of_wkt(opened.crs, why="crs_filegdb")
        tables = (
            with_own_ids(replace(table, crs=crs, has_numeric_ids=True))
            for table in _tables(opened, entry.rows, crs=crs, leave=leave)
        )
        yield OpenTable(tables, entry.rows)


@contextmanager
def _open_flatgeobuf(entry: LayerEntry, *, leave: _FindPlain = _none) -> Iterator[OpenTable]:
    path = entry.source.path
    with open_layer(path, rows=BATCH_ROWS) as opened:
        rows = opened.stated_rows if opened.stated_rows > 0 else None
        crs = None if opened.crs is None else crs_of_wkt(opened.crs, why="crs_flatgeobuf")
        tables = (
            with_own_ids(replace(table, source_ids=None, crs=crs))
            for table in _tables(opened, rows, crs=crs, leave=leave)
        )
        yield OpenTable(tables, rows, lambda: declared_kinds([opened.geometry]))


_OPENERS: Mapping[Format, Callable[..., AbstractContextManager[OpenTable]]] = {
    Format.SHAPEFILE: _open_shapefile,
    Format.GEOPACKAGE: _open_geopackage,
    Format.FILEGDB: _open_filegdb,
    Format.FLATGEOBUF: _open_flatgeobuf,
}


def _tables(
    opened: GdalLayer,
    expected: int | None,
    *,
    has_shape: _HasShape | None = None,
    crs: FoundCrs | None = None,
    leave: _FindPlain = _none,
) -> Iterator[Table]:
    """Yield what GDAL reads; refuse the file behind the last row where they are not as many as there should be."""
    start = 0
    for batch in opened.batches:
        count = len(batch.wkb)
        unbuilt = leave(batch.wkb)
        geometries, curved = _geometries(batch.wkb if unbuilt is None else _without(batch.wkb, unbuilt), crs)
        lost = shapely.is_missing(geometries)
        if unbuilt is not None:
            lost &= ~unbuilt.rows
        if lost.any():
            lost &= np.asarray(batch.wkb.is_valid()) if has_shape is None else has_shape(start, batch)
        columns, mended = readable_columns(batch.fields)
        yield Table(
            geometries=geometries,
            faults=broken_geometries(lost, reason="GDAL"),
            columns=columns,
            source_ids=batch.fids.cast(pa.string()),
            notes=(*(remark("reader_said", text=text) for text in opened.warnings), *_told(curved), *mended),
            curved=curved,
            wkb=batch.wkb,
            unbuilt=unbuilt,
        )
        start += count
    if expected is not None and start != expected:
        raise refused("rows_lost", read=start, expected=expected)


def _geometries(wkb: pa.Array, crs: FoundCrs | None) -> tuple[NDArray[Any], dict[int, Linearised]]:
    """Return geometries of a batch, None where one cannot be built, and what was made of those with arcs, by row."""
    try:
        return geometries_of_wkb(wkb), {}
    except NotImplementedError:
        # shapely knows no arcs
        geometries = geometries_of_wkb(wkb, arcs=False)
    deviation, curved = deviation_in(None if crs is None else crs.crs), {}
    for row in np.flatnonzero(shapely.is_missing(geometries) & np.asarray(wkb.is_valid())):
        with suppress(ValueError):
            curved[int(row)] = linearise(wkb[int(row)].as_py(), deviation=deviation)
            geometries[row] = curved[int(row)].geometry
    return geometries, curved


def _without(wkb: pa.Array, unbuilt: PlainPolygons) -> pa.Array:
    return pc.if_else(pa.array(~unbuilt.rows), wkb, pa.scalar(None, wkb.type))


def _told(curved: Mapping[int, Linearised]) -> list[Note]:
    return [Counted("arcs_linearised", len(curved))] if curved else []
