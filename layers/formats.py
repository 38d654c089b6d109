"""Formats told from content: the name of a file is a hint, its bytes decide."""

import codecs
import json
import re
from enum import Enum
from pathlib import Path

from layers.errors import RefusedFile, refused

__all__ = ["GEOMETRY_TYPES", "Format", "identify", "looks_like_geojson", "sniff"]

GEOMETRY_TYPES = (
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
    "GeometryCollection",
)


class Format(Enum):
    """A format that is read; the value is what a person calls it."""

    SHAPEFILE = "Shapefile"
    GEOPACKAGE = "GeoPackage"
    FLATGEOBUF = "FlatGeobuf"
    GEOPARQUET = "GeoParquet"
    GEOJSON = "GeoJSON"
    GEOJSONSEQ = "GeoJSONSeq"
    ZIP = "zip"
    GZIP = "gzip"


_HEAD_BYTES = 1 << 16
_LINE_BYTES = 1 << 20
_RECORD_SEPARATOR = "\x1e"
_SQLITE = b"SQLite format 3\x00"
_GEOPACKAGE_IDS = {b"GPKG", b"GP10", b"GP11"}
_SHAPEFILE = b"\x00\x00\x27\x0a"
_FLATGEOBUF = b"fgb\x03fgb"
_MAGIC = {
    b"PK\x03\x04": Format.ZIP,
    b"PK\x05\x06": Format.ZIP,
    b"\x1f\x8b": Format.GZIP,
    _FLATGEOBUF: Format.FLATGEOBUF,
    b"PAR1": Format.GEOPARQUET,
}
# what else people send, and what it is called
_FOREIGN = {
    b"%PDF": "PDF",
    b"AC10": "DWG",
    b"Rar!": "RAR",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\xd0\xcf\x11\xe0": "Word/Excel 97",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
_MARKUP = ((b"<!doctype html", "HTML"), (b"<html", "HTML"), (b"<kml", "KML"), (b"<gml", "GML"), (b"<", "XML"))
_GEOJSON_TYPE = re.compile(rf'"type"\s*:\s*"(FeatureCollection|Feature|{"|".join(GEOMETRY_TYPES)})"')
_TEXT_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def sniff(path: Path, *, name: str | None = None) -> Format:
    """Return the format of a file, told from its bytes.

    Parameters
    ----------
    path
        The file.
    name
        What the person calls it, for the sentence of a refusal; the name of the path by default.

    Raises
    ------
    RefusedFile
        It is none of the formats that are read; the sentence says what it looks like.
    """
    suffix = Path(name or path.name).suffix.lower()
    if path.is_dir():
        raise refused("format_folder")
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise refused("empty_file")
    if head.startswith(_SHAPEFILE):
        return _shapefile(suffix)
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if head.startswith(_SQLITE):
        return _sqlite(head)
    return _text(path, head, suffix)


def identify(path: Path, *, name: str | None = None) -> Format | None:
    """Return the format of a file, or None where `sniff` would refuse it."""
    try:
        return sniff(path, name=name)
    except RefusedFile:
        return None


def looks_like_geojson(path: Path) -> bool:
    """Return whether a JSON file names a GeoJSON type near its beginning."""
    with path.open("rb") as file:
        return _GEOJSON_TYPE.search(file.read(_HEAD_BYTES).decode("utf-8", "replace")) is not None


def _shapefile(suffix: str) -> Format:
    if suffix == ".shx":
        raise refused("format_part", suffix=suffix)
    return Format.SHAPEFILE


def _sqlite(head: bytes) -> Format:
    if head[68:72] not in _GEOPACKAGE_IDS:
        raise refused("format_foreign", found="SQLite")
    return Format.GEOPACKAGE


def _text(path: Path, head: bytes, suffix: str) -> Format:
    """Tell GeoJSON from GeoJSONSeq, and both from everything else."""
    for magic, found in _FOREIGN.items():
        if head.startswith(magic):
            raise refused("format_foreign", found=found)
    if head[257:262] == b"ustar":
        raise refused("format_foreign", found="tar")
    if suffix in {".dbf", ".prj", ".cpg"}:
        raise refused("format_part", suffix=suffix)
    text = _decode_head(head).lstrip("\ufeff \t\r\n")
    if text.startswith(_RECORD_SEPARATOR):
        return Format.GEOJSONSEQ
    if text.startswith(("{", "[")):
        return Format.GEOJSONSEQ if _first_line_is_a_feature(path) else Format.GEOJSON
    raise _not_json(text, head, suffix)


def _not_json(text: str, head: bytes, suffix: str) -> RefusedFile:
    start = text[:4096].lower().encode("utf-8", "replace")
    for tag, found in _MARKUP:
        if start.startswith(tag) or (found in {"KML", "GML"} and start.startswith(b"<") and tag in start):
            return refused("format_foreign", found=found)
    if re.match(r"\s*0\s*\r?\n\s*section", text[:200].lower()):
        return refused("format_foreign", found="DXF")
    if b"\x00" in head or not text.strip():
        return refused("format_unknown", suffix=suffix)
    return refused("format_text", suffix=suffix or "?", start=" ".join(text[:60].split())[:40])


def _decode_head(head: bytes) -> str:
    """Return the beginning of a text file as text, whatever its encoding; lossy, only for looking."""
    utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return head.decode("utf-16" if utf16 else "utf-8", "replace")


def _first_line_is_a_feature(path: Path) -> bool:
    """Return whether the first line is a whole feature or geometry and another line follows."""
    with path.open("rb") as file:
        line = file.readline(_LINE_BYTES)
        rest = file.read(_HEAD_BYTES)
    if not line.endswith(b"\n") or not rest.strip():
        return False
    try:
        value = json.loads(line.removeprefix(codecs.BOM_UTF8))
    except ValueError:
        return False
    return isinstance(value, dict) and value.get("type") in {"Feature", *GEOMETRY_TYPES}
