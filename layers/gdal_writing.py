"""GeoPackages, FlatGeobufs and zipped shapefiles out of rows; the first two as the rows come."""

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely
from numpy.typing import NDArray

from geocode.faults import Text
from layers.errors import cannot_write
from layers.fields import TypedRows, renaming_notes
from layers.gdal import write_rows, write_stream
from layers.json_values import json_value
from layers.kinds import MULTI, promoted, written_kind
from layers.names import make_distinct
from layers.remarks import remark

__all__ = ["WRITERS"]

_GEOMETRY = "geom"
_SHAPEFILE_NAME_BYTES = 10
_SHAPEFILE_TEXT_BYTES = 254
_GDAL_TEXT_BYTES = 80
_LARGEST_DBF_INTEGER = 10**17
_LARGEST_INT32 = 2**31 - 1
_ENCODING = "GB18030"
# the same bytes for the same frame: archives carry no time of day
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class _Field(NamedTuple):
    """One field of a .dbf: its name, values of shape (n,), and where a value is missing."""

    name: str
    values: NDArray[Any]
    mask: NDArray[np.bool_]


def _write_geopackage(rows: TypedRows, path: Path, layer: str, crs: pyproj.CRS) -> tuple[Text, ...]:
    # SQLite's names of columns know no case, and two of them are the format's own
    renamed = make_distinct(rows.schema.names, taken=("fid", _GEOMETRY), fold=str.casefold)
    said = _stream(rows, renamed.names, path, crs, driver="GPKG", layer=layer)
    return (*renaming_notes(rows, renamed, "GeoPackage"), *said)


def _write_flatgeobuf(rows: TypedRows, path: Path, layer: str, crs: pyproj.CRS) -> tuple[Text, ...]:
    # GDAL finds the field that a value goes into without regard to case
    renamed = make_distinct(rows.schema.names, taken=(_GEOMETRY,), fold=str.casefold)
    # its spatial index would put the rows into another order
    said = _stream(
        rows, renamed.names, path, crs, driver="FlatGeobuf", layer=layer, layer_options={"SPATIAL_INDEX": "NO"}
    )
    return (*renaming_notes(rows, renamed, "FlatGeobuf"), *said)


def _write_shapefile(rows: TypedRows, path: Path, layer: str, crs: pyproj.CRS) -> tuple[Text, ...]:
    _refuse_mixed(rows, "shapefile")
    # the width of a text field is known behind its last row
    batches = list(rows.batches)
    whole = pa.Table.from_batches([batch.attributes for batch in batches], rows.schema)
    fields = [
        _for_dbf(_dbf_field(name, column)) for name, column in zip(whole.column_names, whole.columns, strict=True)
    ]
    renamed = make_distinct(rows.schema.names, fold=str.casefold, shorten=_dbf_name)
    named = [field._replace(name=name) for field, name in zip(fields, renamed.names, strict=True)]
    fields, cut = _fit_texts(named)
    folder = path.parent / "shapefile"
    folder.mkdir()
    kind = written_kind(rows.kinds)
    said = write_rows(
        folder / "layer.shp",
        driver="ESRI Shapefile",
        geometry=np.asarray(shapely.to_wkb(np.concatenate([batch.geometries for batch in batches])), dtype=object),
        fields=[tuple(field) for field in fields],
        geometry_type=kind,
        promote_to_multi=kind in MULTI.values(),
        crs=_gdal_crs(crs),
        layer="layer",
        encoding=_ENCODING,
    )
    _pack(path, {f"{layer}{part.suffix}": part for part in sorted(folder.iterdir())})
    counted = [remark("texts_cut", count=cut)] if cut else []
    return (*renaming_notes(rows, renamed, "Shapefile"), *counted, *(remark("writer_said", text=text) for text in said))


def _write_filegdb(rows: TypedRows, path: Path, layer: str, crs: pyproj.CRS) -> tuple[Text, ...]:
    _refuse_mixed(rows, "FileGDB")
    # whether ArcGIS before 3.2 has a type for whole numbers is known behind the last row
    batches = list(rows.batches)
    whole = pa.Table.from_batches([batch.attributes for batch in batches], rows.schema)
    schema = pa.schema([pa.field(name, _filegdb_type(whole[name])) for name in whole.column_names])
    narrow = (batch._replace(attributes=batch.attributes.cast(schema)) for batch in batches)
    renamed = make_distinct(rows.schema.names, taken=("objectid", "shape", "fid"), fold=str.casefold)
    folder = path.parent / f"{layer}.gdb"
    said = _stream(
        replace(rows, schema=schema, kinds=rows.kinds or frozenset({"Polygon"}), batches=narrow),
        renamed.names,
        folder,
        crs,
        driver="OpenFileGDB",
        layer=layer,
    )
    _pack(path, {f"{folder.name}/{part.name}": part for part in sorted(folder.iterdir())})
    long = [
        old.name for old, new in zip(rows.schema, schema, strict=True) if pa.types.is_string(new.type) and old != new
    ]
    counted = [remark("integers_as_text", names=", ".join(long))] if long else []
    return (*renaming_notes(rows, renamed, "FileGDB"), remark("filegdb_grid"), *counted, *said)


def _filegdb_type(column: pa.ChunkedArray) -> pa.DataType:
    """Return a type that a FileGDB of any edition holds: whole numbers that do not fit into 32 bits become text."""
    if column.type not in {pa.int64(), pa.uint32()}:
        return column.type
    extremes = [value for value in pc.min_max(column).as_py().values() if value is not None]
    return pa.int32() if all(abs(value) <= _LARGEST_INT32 for value in extremes) else pa.string()


def _refuse_mixed(rows: TypedRows, format_name: str) -> None:
    kinds = {MULTI.get(kind, kind) for kind in rows.kinds}
    if len(kinds) > 1:
        raise cannot_write("mixed_geometries", format=format_name, found=", ".join(sorted(kinds)))


def _pack(path: Path, members: Mapping[str, Path]) -> None:
    """Write files into a new archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in members.items():
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, part.read_bytes())


WRITERS: Mapping[str, Callable[[TypedRows, Path, str, pyproj.CRS], tuple[Text, ...]]] = {
    ".gpkg": _write_geopackage,
    ".fgb": _write_flatgeobuf,
    ".zip": _write_shapefile,
    ".gdb.zip": _write_filegdb,
}


def _stream(rows: TypedRows, names: Sequence[str], path: Path, crs: pyproj.CRS, **options: Any) -> list[Text]:
    """Write rows through GDAL as they come, under names that the format bears, and return what it remarks."""
    kind = written_kind(rows.kinds)
    fields = [pa.field(name, _gdal_type(column)) for name, column in zip(names, rows.schema.types, strict=True)]
    schema = pa.schema([*fields, pa.field(_GEOMETRY, pa.binary())])

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches:
            wkb = pa.array(shapely.to_wkb(promoted(batch.geometries, kind)), pa.binary())
            columns = [
                _without_nul(column).cast(field.type)
                for column, field in zip(batch.attributes.columns, fields, strict=True)
            ]
            yield pa.RecordBatch.from_arrays([*columns, wkb], schema=schema)

    said = write_stream(path, schema=schema, batches=batches(), geometry_type=kind, crs=_gdal_crs(crs), **options)
    return [remark("writer_said", text=text) for text in said]


def _gdal_type(kind: pa.DataType) -> pa.DataType:
    """Return a type whose values GDAL keeps: of the zones with a name, it knows no other than UTC."""
    return pa.timestamp(kind.unit, tz="UTC") if pa.types.is_timestamp(kind) and kind.tz else kind


def _without_nul(column: pa.Array) -> pa.Array:
    """Return a column whose texts GDAL does not end at their first NUL."""
    if not pa.types.is_string(column.type) or not pc.any(pc.match_substring(column, "\x00")).as_py():
        return column
    return pc.replace_substring(column, "\x00", "\N{REPLACEMENT CHARACTER}")


def _gdal_crs(crs: pyproj.CRS) -> str:
    epsg = crs.to_epsg()
    return f"EPSG:{epsg}" if epsg else str(crs.to_wkt("WKT1_GDAL"))


def _dbf_field(name: str, column: pa.ChunkedArray) -> _Field:
    """Return a column as numpy has it; bytes become Base64."""
    mask = column.is_null().to_numpy()
    kind = column.type
    if pa.types.is_boolean(kind):
        return _Field(name, column.fill_null(False).to_numpy(), mask)
    if pa.types.is_integer(kind):
        return _Field(name, column.cast(pa.int64()).fill_null(0).to_numpy(), mask)
    # an instant with a zone becomes text that says it, below
    if pa.types.is_timestamp(kind) and kind.tz is None:
        return _Field(name, column.cast(pa.timestamp("ms")).to_numpy(), mask)
    if pa.types.is_floating(kind):
        return _Field(name, column.cast(pa.float64()).to_numpy(), mask)
    if pa.types.is_date(kind):
        return _Field(name, column.to_numpy(), mask)
    texts = np.empty(len(column), dtype=object)
    texts[:] = [json_value(value) for value in column.to_pylist()]
    return _Field(name, texts, mask)


def _dbf_name(name: str, ending: str) -> str:
    """Return a name that fits into ten bytes with its ending, cut between characters, of letters, digits and ``_``."""
    return _cut(re.sub(r"\W", "_", name), _SHAPEFILE_NAME_BYTES - len(ending)) + ending


def _cut(text: str, room: int) -> str:
    encoded = text.encode(_ENCODING, "replace")
    return text if len(encoded) <= room else encoded[:room].decode(_ENCODING, "ignore")


def _for_dbf(field: _Field) -> _Field:
    """Return a field of a type that a .dbf has: times of day and very large integers become text."""
    values = field.values
    if values.dtype == np.dtype("datetime64[ms]"):
        texts = np.datetime_as_string(values).astype(object)
        texts[np.isnat(values)] = None
        return field._replace(values=texts)
    if values.dtype == np.int64 and len(values) and np.abs(values.astype(np.float64)).max() >= _LARGEST_DBF_INTEGER:
        texts = values.astype(str).astype(object)
        texts[field.mask] = None
        return field._replace(values=texts)
    return field


def _fit_texts(fields: Sequence[_Field]) -> tuple[list[_Field], int]:
    """Return fields of which no text is longer than a .dbf allows, and how many were cut."""
    fitting, cut = [], 0
    for field in fields:
        if field.values.dtype == object:
            short = {text: _cut(text, _SHAPEFILE_TEXT_BYTES) for text in set(field.values) - {None}}
            cut += sum(text is not None and short[text] != text for text in field.values)
            fitting.append(_narrow_text(field, short))
        else:
            fitting.append(field)
    return fitting, cut


def _narrow_text(field: _Field, short: Mapping[str, str]) -> _Field:
    """Return a text field with its texts shortened, and no wider than they are.

    GDAL makes a text field as wide as the type of the array says, and 80 bytes wide, or wider, for objects.
    """
    width = max((len(text.encode(_ENCODING, "replace")) for text in short.values()), default=1) or 1
    if width >= _GDAL_TEXT_BYTES:
        column = np.full(len(field.values), None, dtype=object)
        column[:] = [None if text is None else short[text] for text in field.values]
        return field._replace(values=column)
    texts = np.array(["" if text is None else short[text] for text in field.values], dtype=f"U{width}")
    return field._replace(values=texts, mask=np.array([text is None for text in field.values], dtype=bool))
