"""GeoPackages, FlatGeobufs and zipped shapefiles out of frames."""

import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.faults import Text
from layers.errors import cannot_write
from layers.gdal import write_rows
from layers.gdal_fields import WrittenField, fields_of
from layers.names import Renamed, make_distinct
from layers.remarks import remark

__all__ = ["WRITERS"]

_SHAPEFILE_NAME_BYTES = 10
_SHAPEFILE_TEXT_BYTES = 254
_GDAL_TEXT_BYTES = 80
_LARGEST_DBF_INTEGER = 10**17
_ENCODING = "GB18030"
# the same bytes for the same frame: archives carry no time of day
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_MULTI = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}
_MAX_SHOWN = 20


def _write_geopackage(frame: gpd.GeoDataFrame, path: Path, layer: str) -> tuple[Text, ...]:
    fields = fields_of(frame)
    # SQLite's names of columns know no case, and two of them are the format's own
    renamed = make_distinct([field.name for field in fields], taken=("fid", "geom"), fold=str.casefold)
    said = _write(frame, path, _with_names(fields, renamed), driver="GPKG", layer=layer)
    return (*_notes(fields, renamed, "GeoPackage"), *said)


def _write_flatgeobuf(frame: gpd.GeoDataFrame, path: Path, layer: str) -> tuple[Text, ...]:
    fields = fields_of(frame)
    # its spatial index would put the rows into another order
    said = _write(frame, path, fields, driver="FlatGeobuf", layer=layer, layer_options={"SPATIAL_INDEX": "NO"})
    return (*_notes(fields, Renamed([], []), "FlatGeobuf"), *said)


def _write_shapefile(frame: gpd.GeoDataFrame, path: Path, layer: str) -> tuple[Text, ...]:
    kinds = {_MULTI.get(kind, kind) for kind in frame.geometry.geom_type.dropna().unique()}
    if len(kinds) > 1:
        raise cannot_write("mixed_geometries", found=", ".join(sorted(kinds)))
    fields = [_for_dbf(field) for field in fields_of(frame)]
    renamed = make_distinct([field.name for field in fields], fold=str.casefold, shorten=_dbf_name)
    fields, cut = _fit_texts(_with_names(fields, renamed))
    folder = path.parent / "shapefile"
    folder.mkdir()
    said = _write(
        frame,
        folder / "layer.shp",
        fields,
        driver="ESRI Shapefile",
        layer="layer",
        encoding=_ENCODING,
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(f"{layer}{part.suffix}", _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, part.read_bytes())
    counted = [remark("texts_cut", count=cut)] if cut else []
    return (*_notes(fields, renamed, "Shapefile"), *counted, *said)


WRITERS: Mapping[str, Callable[[gpd.GeoDataFrame, Path, str], tuple[Text, ...]]] = {
    ".gpkg": _write_geopackage,
    ".fgb": _write_flatgeobuf,
    ".zip": _write_shapefile,
}


def _write(frame: gpd.GeoDataFrame, path: Path, fields: Sequence[WrittenField], **options: Any) -> Sequence[Text]:
    geometries = np.asarray(frame.geometry.array, dtype=object)
    kind, promote = _geometry_type(geometries)
    epsg = frame.crs.to_epsg()
    said = write_rows(
        path,
        geometry=np.asarray(shapely.to_wkb(geometries), dtype=object),
        fields=[field[:3] for field in fields],
        geometry_type=kind,
        promote_to_multi=promote,
        crs=f"EPSG:{epsg}" if epsg else frame.crs.to_wkt("WKT1_GDAL"),
        **options,
    )
    return [remark("writer_said", text=text) for text in said]


def _geometry_type(geometries: NDArray[Any]) -> tuple[str, bool]:
    """Return the type that a layer declares, and whether single parts become multi-parts for its sake."""
    codes = np.unique(shapely.get_type_id(geometries[~shapely.is_missing(geometries)]))
    kinds = {shapely.GeometryType(code).name for code in codes.tolist()}
    proper = {name.upper(): name for pair in _MULTI.items() for name in pair}
    if len(kinds) == 1:
        return proper.get(next(iter(kinds)), "Unknown"), False
    for single, multi in _MULTI.items():
        if kinds == {single.upper(), multi.upper()}:
            return multi, True
    return "Unknown", False


def _with_names(fields: Sequence[WrittenField], renamed: Renamed) -> list[WrittenField]:
    return [field._replace(name=name) for field, name in zip(fields, renamed.names, strict=True)]


def _notes(fields: Sequence[WrittenField], renamed: Renamed, kind: str) -> list[Text]:
    notes = []
    if renamed.changes:
        shown = "; ".join(f"{old} → {new}" for old, new in renamed.changes[:_MAX_SHOWN])
        notes.append(remark("fields_renamed", format=kind, count=len(renamed.changes), changes=shown))
    as_json = [field.name for field in fields if field.is_json]
    if as_json:
        notes.append(remark("values_as_text", names=", ".join(as_json[:_MAX_SHOWN])))
    return notes


def _dbf_name(name: str, ending: str) -> str:
    """Return a name that fits into ten bytes with its ending, cut between characters, of letters, digits and ``_``."""
    return _cut(re.sub(r"\W", "_", name), _SHAPEFILE_NAME_BYTES - len(ending)) + ending


def _cut(text: str, room: int) -> str:
    encoded = text.encode(_ENCODING, "replace")
    return text if len(encoded) <= room else encoded[:room].decode(_ENCODING, "ignore")


def _for_dbf(field: WrittenField) -> WrittenField:
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


def _fit_texts(fields: Sequence[WrittenField]) -> tuple[list[WrittenField], int]:
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


def _narrow_text(field: WrittenField, short: Mapping[str, str]) -> WrittenField:
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
