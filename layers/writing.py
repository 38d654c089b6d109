"""Writing a frame: a format told by the file's name, whole or not at all."""

import os
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import geopandas as gpd
import orjson
import pyproj

from geocode.crs import crs_gate, crs_name, to_storage
from geocode.errors import CrsError
from geocode.faults import Text
from layers.errors import cannot_write
from layers.geojson_text import feature_lines, finite_geometries
from layers.remarks import remark

__all__ = ["SUFFIXES", "write_features", "write_frame"]

_RECORD_SEPARATOR = b"\x1e"


def write_frame(frame: gpd.GeoDataFrame, path: str | PathLike[str], *, layer: str | None = None) -> tuple[Text, ...]:
    """Write a frame to a file and return remarks on what the format could not hold as it was.

    The file appears when it is complete; whatever stood there before is replaced at that moment.

    Parameters
    ----------
    frame
        Rows with a geometry and a CRS. A column ``source_id`` becomes the id of GeoJSON features, a field elsewhere.
    path
        Its suffix tells the format: ``.gpkg``, ``.geojson`` or ``.json``, ``.geojsonl`` or ``.geojsons``, ``.fgb``, or
        ``.zip`` for a shapefile (attributes in GB18030, with a .cpg).
    layer
        Name of the layer in the file; the file's own name by default.

    Raises
    ------
    CannotWrite
        The suffix is not known, or the format cannot hold the frame.
    CrsError
        GeoJSONSeq is asked for, and the frame cannot be brought to longitude and latitude.
    OSError
        The folder is not there or not writable.
    """
    path = Path(path)
    write = _writer(path)
    if frame.crs is None:
        raise cannot_write("frame_without_crs")
    with TemporaryDirectory(prefix=".luotu-", dir=path.absolute().parent) as folder:
        complete = Path(folder) / path.name
        notes = write(frame, complete, layer or path.stem)
        os.replace(complete, path)  # noqa: PTH105 - Path.replace says less of what it is: atomic
    return notes


def write_features(stream: BinaryIO, frame: gpd.GeoDataFrame, *, separators: bool = False) -> tuple[Text, ...]:
    """Write a frame to a stream as a GeoJSON text sequence, flush it, and return remarks.

    Parameters
    ----------
    stream
        Bytes, such as ``sys.stdout.buffer``.
    frame
        Rows with a geometry and a CRS; what is no longitude and latitude is transformed to EPSG:4490.
    separators
        Whether each record begins with RS (0x1E), as RFC 8142 has it.

    Raises
    ------
    CrsError
        The frame cannot be brought to longitude and latitude.
    """
    lonlat, notes = _in_degrees(frame)
    written, lost = _writable(lonlat)
    mark = _RECORD_SEPARATOR if separators else b""
    stream.writelines(mark + line + b"\n" for line in feature_lines(written))
    stream.flush()
    return (*notes, *lost)


def _writer(path: Path) -> Callable[[gpd.GeoDataFrame, Path, str], tuple[Text, ...]]:
    suffix = path.suffix.lower()
    if suffix == ".shp":
        raise cannot_write("suffix_shapefile", name=f"{path.stem}.zip")
    if suffix not in _WRITERS:
        raise cannot_write("suffix_unknown", name=path.name, known=" ".join(SUFFIXES))
    return _WRITERS[suffix]


def _write_geojson(frame: gpd.GeoDataFrame, path: Path, _layer: str) -> tuple[Text, ...]:
    written, notes = _writable(frame)
    member: Mapping[str, object] = {}
    if not _is_storage(frame.crs):
        name = crs_name(frame.crs)
        urn = f"urn:ogc:def:crs:{name.replace(':', '::')}" if ":" in name else frame.crs.to_wkt()
        member = {"crs": {"type": "name", "properties": {"name": urn}}}
        notes = (*notes, remark("crs_member_written", name=name))
    with path.open("wb") as file:
        head = orjson.dumps({"type": "FeatureCollection", **member, "features": []})
        file.write(head.removesuffix(b"]}"))
        for number, line in enumerate(feature_lines(written)):
            file.write(b",\n" * bool(number) + line)
        file.write(b"]}\n")
    return notes


def _write_sequence(frame: gpd.GeoDataFrame, path: Path, _layer: str) -> tuple[Text, ...]:
    with path.open("wb") as file:
        return write_features(file, frame)


def _write_with_gdal(frame: gpd.GeoDataFrame, path: Path, layer: str) -> tuple[Text, ...]:
    # GDAL takes most of a second to load, and GeoJSON has no need of it
    from layers.gdal_writing import WRITERS  # noqa: PLC0415

    return WRITERS[path.suffix.lower()](frame, path, layer)


_WRITERS: Mapping[str, Callable[[gpd.GeoDataFrame, Path, str], tuple[Text, ...]]] = {
    ".gpkg": _write_with_gdal,
    ".geojson": _write_geojson,
    ".json": _write_geojson,
    ".geojsonl": _write_sequence,
    ".geojsons": _write_sequence,
    ".fgb": _write_with_gdal,
    ".zip": _write_with_gdal,
}
SUFFIXES = tuple(_WRITERS)


def _is_storage(crs: pyproj.CRS) -> bool:
    """Return whether coordinates are longitude and latitude as RFC 7946 has them."""
    try:
        return crs_gate(crs).is_storage
    except CrsError:
        return False


def _in_degrees(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, tuple[Text, ...]]:
    """Return a frame in longitude and latitude, and a remark where it was not."""
    gate = crs_gate(frame.crs)
    if gate.is_storage:
        return frame, ()
    stored = frame.set_geometry(to_storage(frame.geometry.to_numpy(), frame.crs), crs="EPSG:4490")
    return stored, (remark("crs_transformed", name=gate.name),)


def _writable(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, tuple[Text, ...]]:
    """Return a frame of which JSON can say every ordinate, and a remark where that costs a geometry."""
    geometries, lost = finite_geometries(frame)
    if not lost:
        return frame, ()
    return frame.set_geometry(geometries, crs=frame.crs), (remark("geometry_not_written", count=lost),)
