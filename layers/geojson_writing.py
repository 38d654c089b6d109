"""GeoJSON out of frames, as they come: a feature collection, or a text sequence of features."""

from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

import geopandas as gpd
import orjson
import pyproj

from geocode.crs import crs_gate, crs_name, to_storage
from geocode.errors import CrsError
from geocode.faults import Text
from layers.geojson_text import feature_lines, finite_geometries
from layers.remarks import Counted, Note, remark, told

__all__ = ["write_collection", "write_features", "write_sequence"]

_RECORD_SEPARATOR = b"\x1e"


def write_collection(frames: Iterable[gpd.GeoDataFrame], stream: BinaryIO, *, crs: pyproj.CRS) -> Iterator[Note]:
    """Write frames of a CRS to a stream as one feature collection, and yield remarks; writing goes on as they are taken.

    Coordinates stay in their CRS; where that is not longitude and latitude, a member ``crs`` names it.
    """
    member: Mapping[str, object] = {}
    if not _is_storage(crs):
        name = crs_name(crs)
        urn = f"urn:ogc:def:crs:{name.replace(':', '::')}" if ":" in name else crs.to_wkt()
        member = {"crs": {"type": "name", "properties": {"name": urn}}}
        yield remark("crs_member_written", name=name)
    head = orjson.dumps({"type": "FeatureCollection", **member, "features": []})
    stream.write(head.removesuffix(b"]}"))
    mark = b""
    for frame in frames:
        written, notes = _writable(frame)
        yield from notes
        for line in feature_lines(written):
            stream.write(mark + line)
            mark = b",\n"
    stream.write(b"]}\n")
    stream.flush()


def write_sequence(frames: Iterable[gpd.GeoDataFrame], stream: BinaryIO, *, separators: bool = False) -> Iterator[Note]:
    """Write frames to a stream as a GeoJSON text sequence, flushed after each, and yield remarks as `write_collection`.

    Raises
    ------
    CrsError
        The frames cannot be brought to longitude and latitude.
    """
    mark = _RECORD_SEPARATOR if separators else b""
    for frame in frames:
        lonlat, transformed = _in_degrees(frame)
        written, lost = _writable(lonlat)
        yield from (*transformed, *lost)
        stream.writelines(mark + line + b"\n" for line in feature_lines(written))
        stream.flush()


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
    return told(write_sequence([frame], stream, separators=separators))


def _is_storage(crs: pyproj.CRS) -> bool:
    """Return whether coordinates are longitude and latitude as RFC 7946 has them."""
    try:
        return crs_gate(crs).is_storage
    except CrsError:
        return False


def _in_degrees(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """Return a frame in longitude and latitude, and a remark where it was not."""
    gate = crs_gate(frame.crs)
    if gate.is_storage:
        return frame, ()
    stored = frame.set_geometry(to_storage(frame.geometry.to_numpy(), frame.crs), crs="EPSG:4490")
    return stored, (remark("crs_transformed", format="GeoJSONSeq", name=gate.name),)


def _writable(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """Return a frame of which JSON can say every ordinate, and a remark where that costs a geometry."""
    geometries, lost = finite_geometries(frame.geometry.array)
    if not lost:
        return frame, ()
    return frame.set_geometry(geometries, crs=frame.crs), (Counted("geometry_not_written", lost),)
