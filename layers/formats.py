"""Formats told from content: the name of a file is a hint, its bytes decide."""

import codecs
import json
import re
from contextlib import suppress
from enum import Enum
from pathlib import Path

from layers.archives import zip_content, zip_names
from layers.coordinate_tables.columns import has_coordinates
from layers.errors import RefusedFile, refused

__all__ = ["FILEGDB_CATALOG", "GEOMETRY_TYPES", "Format", "identify", "looks_like_geojson", "sniff"]

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
    FILEGDB = "FileGDB"
    FLATGEOBUF = "FlatGeobuf"
    GEOPARQUET = "GeoParquet"
    GEOJSON = "GeoJSON"
    GEOJSONSEQ = "GeoJSONSeq"
    JSONFG = "JSON-FG"
    CITYJSON = "CityJSON"
    IFC = "IFC"
    KML = "KML"
    GML = "GML"
    DXF = "DXF"
    DWG = "DWG"
    BOUNDARY_TEXT = "TXT(界址点)"
    CSV = "CSV"
    CASS = "CASS .dat"
    WORKBOOK = "Excel"
    ZIP = "zip"
    GZIP = "gzip"


_HEAD_BYTES = 1 << 16
_LINE_BYTES = 1 << 20
_LOOK_BYTES = 4096
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_RECORD_SEPARATOR = "\x1e"
_SQLITE = b"SQLite format 3\x00"
_GEOPACKAGE_IDS = {b"GPKG", b"GP10", b"GP11"}
_SHAPEFILE = b"\x00\x00\x27\x0a"
# the file by which a folder is known to be a FileGDB
FILEGDB_CATALOG = "a00000001.gdbtable"
_FLATGEOBUF = b"fgb\x03fgb"
_MAGIC = {
    b"PK\x03\x04": Format.ZIP,
    b"PK\x05\x06": Format.ZIP,
    b"\x1f\x8b": Format.GZIP,
    _FLATGEOBUF: Format.FLATGEOBUF,
    b"PAR1": Format.GEOPARQUET,
    b"AC10": Format.DWG,
    b"AutoCAD Binary DXF\r\n\x1a\x00": Format.DXF,
}
# what else people send, and what it is called
_FOREIGN = {
    b"%PDF": "PDF",
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
# behind declaration, remarks and DOCTYPE; atomic, so that no text makes it search for long
_ROOT = re.compile(
    r"(?>\s+|<\?.*?\?>|<!--.*?-->|<![^>\[-]*+(?:\[.*?\])?\s*>)*+<(?:[\w.-]++:)?(?P<name>[\w.-]++)(?P<attributes>[^>]*)",
    re.DOTALL,
)
_GML_MEMBER = re.compile(r"<(?:[\w.-]{1,64}:)?(?:featureMembers?|members?)[\s>]")
_GML_NAMESPACES = ("opengis.net/gml", "opengis.net/wfs")
_GEOJSON_TYPE = re.compile(rf'"type"\s*:\s*"(FeatureCollection|Feature|{"|".join(GEOMETRY_TYPES)})"')
# the sections of the ministry's form for boundary points, or a parcel's line with a point below it
_BOUNDARY_TEXT = re.compile(
    r"^[ \t]*[\[【]\s*(?:属性描述|地块坐标)\s*[\]】][ \t]*$|\A[^\n@]*,[^\n]*@[^\n]*\n\w*,\w*,[ \d.]+,[ \d.]+$",
    re.MULTILINE,
)
# other JSON that is read, by what stands near its beginning
_JSON_MARKS = {
    Format.CITYJSON: re.compile(r'"type"\s*:\s*"CityJSON"'),
    Format.JSONFG: re.compile(
        r'"conformsTo"\s*:\s*\[[^\]]{0,2000}json-fg|"coordRefSys"\s*:\s*["\[{]|"place"\s*:\s*\{\s*"(?:type|coordinates|base)"\s*:'
    ),
}
# name, code, easting, northing and perhaps height, as CASS writes points
_CASS_LINE = re.compile(r"[^,\n]{0,40},[^,\n]{0,40}(,-?\d{1,9}(\.\d{0,9})?){2,3},?\s*", re.ASCII)
_TABLE_SUFFIXES = {".csv", ".tsv", ".txt", ".dat"}
_TABLE_LINES = 20
# spreadsheets: of OOXML and OpenDocument by what is in the archive, of Excel 97 by the name of a stream
_SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
_OLE = b"\xd0\xcf\x11\xe0"
_OLE_WORKBOOK = re.compile(b"|".join(f"{name}\0".encode("utf-16-le") for name in ("Workbook", "Book")))
# remarks may stand before the first section
_DXF = re.compile(r"(?:999[ \t]*\r?\n[^\n]*\n\s*)*+0[ \t]*\r?\n[ \t]*SECTION[ \t]*\r?\n", re.IGNORECASE)
_IFC = re.compile(r"ISO-10303-21\s*;[^;]*HEADER\s*;.{0,8000}?FILE_SCHEMA\s*\(\s*\(\s*'IFC", re.DOTALL | re.IGNORECASE)
_TEXT_STARTS = {
    Format.DXF: _DXF,
    Format.IFC: _IFC,
    Format.GEOJSONSEQ: re.compile(_RECORD_SEPARATOR),
}
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
        if (path / FILEGDB_CATALOG).is_file():
            return Format.FILEGDB
        raise refused("format_folder")
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise refused("empty_file")
    if head.startswith(_SHAPEFILE):
        return _shapefile(suffix)
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return _zip(path) if kind is Format.ZIP else kind
    if head.startswith(_OLE) and _OLE_WORKBOOK.search(path.read_bytes()):
        return Format.WORKBOOK
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


def _zip(path: Path) -> Format:
    """Tell a workbook from an archive."""
    try:
        names = set(zip_names(path))
        if not names.isdisjoint({"xl/workbook.xml", "xl/workbook.bin"}):
            return Format.WORKBOOK
        if {"mimetype", "content.xml"} <= names and zip_content(path, "mimetype") == _SPREADSHEET:
            return Format.WORKBOOK
    except RefusedFile:
        # what is wrong with an archive is found when it is unpacked
        return Format.ZIP
    return Format.ZIP


def _shapefile(suffix: str) -> Format:
    if suffix == ".shx":
        raise refused("format_part", suffix=suffix)
    return Format.SHAPEFILE


def _sqlite(head: bytes) -> Format:
    if head[68:72] not in _GEOPACKAGE_IDS:
        raise refused("format_foreign", found="SQLite")
    return Format.GEOPACKAGE


def _text(path: Path, head: bytes, suffix: str) -> Format:
    """Tell the formats apart that are texts, and them from everything else."""
    _refuse_foreign(head, suffix)
    if _BOUNDARY_TEXT.search(_read_head(head)):
        return Format.BOUNDARY_TEXT
    text = _decode_head(head).lstrip("\ufeff \t\r\n")
    for kind, start in _TEXT_STARTS.items():
        if start.match(text):
            return kind
    if text.startswith(("{", "[")):
        return _json(path, text)
    if text.startswith("<"):
        return _markup(text)
    if (table := _table(_read_head(head), suffix)) is not None:
        return table
    raise _not_json(text, head, suffix)


def _table(text: str, suffix: str) -> Format | None:
    """Return the kind of table that a text is; what is called CSV and parts its fields is one, whatever they hold."""
    lines = [line for line in text.split("\n")[:_TABLE_LINES] if line.strip()]
    if suffix not in _TABLE_SUFFIXES or len(lines) < 2:  # noqa: PLR2004 - headings and a row
        return None
    # the last may be cut
    if all(map(_CASS_LINE.fullmatch, lines[:-1])):
        return Format.CASS
    rows = [re.split("[,;\t]", line) for line in lines]
    is_called_table = suffix in {".csv", ".tsv"} and max(map(len, rows)) > 1
    return Format.CSV if is_called_table or has_coordinates(rows) else None


def _refuse_foreign(head: bytes, suffix: str) -> None:
    for magic, found in _FOREIGN.items():
        if head.startswith(magic):
            raise refused("format_foreign", found=found)
    if head[257:262] == b"ustar":
        raise refused("format_foreign", found="tar")
    if suffix in {".dbf", ".prj", ".cpg"}:
        raise refused("format_part", suffix=suffix)


def _json(path: Path, text: str) -> Format:
    """Tell GeoJSON from GeoJSONSeq, JSON-FG and CityJSON."""
    for kind, mark in _JSON_MARKS.items():
        if mark.search(text):
            return kind
    return Format.GEOJSONSEQ if _first_line_is_a_feature(path) else Format.GEOJSON


def _markup(text: str) -> Format:
    """Return the format of an XML text by its outermost element, which may stand behind remarks."""
    root = _ROOT.match(text)
    name, attributes = (root["name"], root["attributes"]) if root else ("", "")
    if name == "kml":
        return Format.KML
    # schemas and services' other answers name GML as well, and have no features
    speaks_gml = any(namespace in attributes for namespace in _GML_NAMESPACES)
    if name.endswith("FeatureCollection") or (speaks_gml and _GML_MEMBER.search(text) and name != "CityModel"):
        return Format.GML
    is_html = name.lower() == "html" or text[:14].lower() == "<!doctype html"
    raise refused("format_foreign", found="HTML" if is_html else {"CityModel": "CityGML"}.get(name, "XML"))


def _not_json(text: str, head: bytes, suffix: str) -> RefusedFile:
    if b"\x00" in head or not text.strip():
        return refused("format_unknown", suffix=suffix)
    return refused("format_text", suffix=suffix or "?", start=" ".join(text[:60].split())[:40])


def _decode_head(head: bytes) -> str:
    """Return the beginning of a text file as text, whatever its encoding; lossy, only for looking."""
    utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return head.decode("utf-16" if utf16 else "utf-8", "replace")


def _read_head(head: bytes) -> str:
    """Return the first lines of a text file as `layers.encoding` would read them, in ASCII's signs and line ends."""
    utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            text = codecs.getincrementaldecoder(encoding)().decode(head[:_LOOK_BYTES])
            return re.sub(r"\r\n?", "\n", text).translate(_HALF_WIDTH)
    return ""


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
