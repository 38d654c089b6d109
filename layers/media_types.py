"""What kind of document some bytes are: told from the bytes, never from a name or from what a sender says.

A table of our own: the libraries that tell types know neither OFD nor DWG, take GBK text for data, and none looks for what
must not be kept. What a browser or a desktop would run is refused; so is what is none of the table's types.
"""

import codecs
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePath

from geocode.faults import Text
from layers.archives import zip_names
from layers.errors import refused
from layers.formats import looks_like_geojson

__all__ = ["MediaType", "load_media_types", "sniff_media_type"]

_HEAD_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 20
_SQLITE, _GEOPACKAGE_IDS = b"SQLite format 3\x00", {b"GPKG", b"GP10", b"GP11"}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_SIGNATURES = (
    (re.compile(rb"%PDF-\d"), "application/pdf"),
    (re.compile(rb"AC10\d\d"), "image/vnd.dwg"),
    (re.compile(rb"AutoCAD Binary DXF\r\n\x1a\x00"), "image/vnd.dxf"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    # the last two are those of BigTIFF
    (re.compile(rb"II\*\x00|MM\x00\*|II\+\x00|MM\x00\+"), "image/tiff"),
)
_EXECUTABLES = (
    (re.compile(rb"MZ[\x00-\xff]{0,1022}\x00"), "Windows"),
    (re.compile(rb"\x7fELF"), "ELF"),
    (re.compile(rb"\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe"), "Mach-O"),
    (re.compile(rb"\xca\xfe\xba\xbe"), "Java, Mach-O"),
    (re.compile(rb"\x00asm"), "WebAssembly"),
    (re.compile(rb"#!"), "#!"),
    (re.compile(rb"L\x00\x00\x00\x01\x14\x02\x00"), "Windows .lnk"),
)
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "Word/Excel 97"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"{\\rtf", "RTF"),
    (_SQLITE, "SQLite"),
)
# macros of Office, the manifest of a Java archive
_RUNNABLE_MEMBERS = re.compile(r"(?:.*/)?vbaProject\.bin|META-INF/MANIFEST\.MF", re.IGNORECASE)
_DXF = re.compile(r"(?:\s*999[ \t]*\n[^\n]*\n)*\s*0[ \t]*\n[ \t]*SECTION[ \t]*\n", re.IGNORECASE)
_JSON = re.compile(r'\{\s*["}]|\[\s*[\[{"\]\d-]')
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|script|iframe|meta|form)\b", re.IGNORECASE)
_SVG = re.compile(r"<(?:\w+:)?svg\b", re.IGNORECASE)
# what runs or fetches in markup that a browser shows; an entity can hide any of it
_ACTIVE = re.compile(
    r"""<(?:\w+:)?(?:script|foreignobject|iframe|embed|object|handler|set)\b|[\s"'/]on[a-z]{3,}\s*=|javascript\s*:|"""
    r"""<!entity|<\?xml-stylesheet|www\.w3\.org/1999/xhtml|href\s*=\s*["']\s*(?:https?:|//|data:(?!image/(?:png|jpeg)))""",
    re.IGNORECASE,
)
# the longest of the above that matters, so that none hides at the border of two chunks
_OVERLAP = 256
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x19\x1c-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A kind of document.

    Attributes
    ----------
    code
        The media type as HTTP has it, such as ``application/pdf``; a text's with its character set.
    name
        What people call it.
    suffixes
        Those that its files bear, the usual one first.
    """

    code: str
    name: Text
    suffixes: tuple[str, ...]

    def file_name(self, name: str) -> str:
        """Return a file's name without any path, with a suffix of this type at its end: a desktop opens by suffixes."""
        bare = PurePath(name.replace("\\", "/")).name or "document"
        return bare if PurePath(bare).suffix.lower() in self.suffixes else bare + self.suffixes[0]


@cache
def load_media_types() -> dict[str, MediaType]:
    """Return the types that are kept, by code."""
    rows = tomllib.loads(files("layers").joinpath("media_types.toml").read_text(encoding="utf-8"))["type"]
    return {
        row["media_type"]: MediaType(row["media_type"], Text(row["zh"], row["en"]), tuple(row["suffixes"]))
        for row in rows
    }


def sniff_media_type(path: Path) -> MediaType:
    """Return what kind of document a file is, told from its bytes.

    Raises
    ------
    RefusedFile
        It is empty, can be run, holds macros or scripts, or is of no kind that is kept.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise refused("empty_file")
    for pattern, what in _EXECUTABLES:
        if pattern.match(head):
            raise refused("document_executable", found=what)
    known = load_media_types()
    for pattern, code in _SIGNATURES:
        if pattern.match(head):
            return known[code]
    if head.startswith(_ZIP):
        return known[_zip(path)]
    if head.startswith(_SQLITE) and head[68:72] in _GEOPACKAGE_IDS:
        return known["application/geopackage+sqlite3"]
    for magic, found in _FOREIGN:
        if head.startswith(magic):
            raise refused("document_foreign", found=found)
    return _text(path, head)


def _zip(path: Path) -> str:
    """Return the type of a zip archive, by the names in it."""
    names = set(zip_names(path))
    if any(_RUNNABLE_MEMBERS.fullmatch(name) for name in names):
        raise refused("document_executable", found="vbaProject.bin, MANIFEST.MF")
    if "OFD.xml" in names:
        return "application/ofd"
    if "[Content_Types].xml" in names:
        office = "application/vnd.openxmlformats-officedocument."
        if "word/document.xml" in names:
            return f"{office}wordprocessingml.document"
        if "xl/workbook.xml" in names:
            return f"{office}spreadsheetml.sheet"
    return "application/zip"


def _text(path: Path, head: bytes) -> MediaType:
    """Return the type of a text file; drawings in DXF, models in STEP and markup are texts too."""
    encoding = _encoding(path, head)
    if encoding is None:
        raise refused("document_unknown")
    start = head.decode(encoding, "ignore").lstrip("\ufeff \t\r\n").replace("\r\n", "\n").replace("\r", "\n")
    if not start:
        raise refused("document_unknown")
    known = load_media_types()
    if _DXF.match(start):
        return known["image/vnd.dxf"]
    if start.startswith("ISO-10303-21;"):
        return known["application/x-step"]
    if start.startswith("<"):
        return known[_markup(path, start, encoding)]
    if _JSON.match(start):
        return known["application/geo+json" if looks_like_geojson(path) else "application/json"]
    kind = known["text/csv" if _is_table(start) else "text/plain"]
    charset = {"utf-8-sig": "utf-8", "gb18030": "gb18030", "utf-16": "utf-16"}[encoding]
    return MediaType(f"{kind.code}; charset={charset}", kind.name, kind.suffixes)


def _encoding(path: Path, head: bytes) -> str | None:
    """Return the encoding in which a whole file is a text, or None where it is none."""
    utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        try:
            if not any(_CONTROL.search(text) for text in _decoded(path, encoding)):
                return encoding
        except UnicodeDecodeError:
            continue
    return None


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    """Yield a file's text in chunks."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _markup(path: Path, start: str, encoding: str) -> str:
    """Return the type of a file that begins with a tag; none is kept that a browser would run."""
    if _HTML.search(start):
        raise refused("document_active", found="HTML")
    is_svg = _SVG.search(start) is not None
    before = ""
    for text in _decoded(path, encoding):
        active = _ACTIVE.search(before + text)
        if active:
            raise refused("document_active", found=active[0].strip()[:40])
        before = text[-_OVERLAP:]
    return "image/svg+xml" if is_svg else "application/xml"


def _is_table(start: str) -> bool:
    """Return whether the first lines of a text have as many commas, semicolons or tabs each, and some."""
    lines = [line for line in start[: _OVERLAP * 64].split("\n")[:20] if line.strip()]
    whole = lines if len(lines) < 20 else lines[:-1]  # noqa: PLR2004 - the last may be cut
    counts = ({line.count(mark) for line in whole} for mark in ",;\t")
    return len(whole) > 1 and any(len(count) == 1 and 0 not in count for count in counts)
