"""The raw tags of a DXF: what the drawing says about itself, counted without the library that reads it.

A tag is two lines, a number that tells what the value is, and the value. A binary DXF has the same tags packed; it is
unpacked into lines first, so that one way leads on from there.
"""

import codecs
import re
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

from layers.encoding import Encoding
from layers.errors import refused
from layers.remarks import remark

__all__ = ["DrawingFacts", "decode_drawing", "inspect_drawing", "text_of_binary"]

_SENTINEL = b"AutoCAD Binary DXF\r\n\x1a\x00"
# what belongs to the record before it
_PARTS = {b"VERTEX", b"SEQEND", b"ATTRIB", b"ENDSEC"}
_PAPER_SPACE, _NAME, _TYPE, _COMMENT = 67, 2, 0, 999
_VARIABLES = {b"$ACADVER", b"$DWGCODEPAGE", b"$INSUNITS"}
_UTF8_SINCE = "AC1021"
_CODE_PAGES = {"dos932": "cp932", "big5": "cp950", "gb2312": "gb18030", "ansi_936": "gb18030", "gbk": "gb18030"}
_ESCAPED = re.compile(r"\\U\+([0-9A-Fa-f]{4})|\\M\+([1-5])([0-9A-Fa-f]{4})")
_ESCAPED_PAGES = {"1": "cp932", "2": "cp950", "3": "cp949", "4": "johab", "5": "gb18030"}
# how the values of a binary DXF are packed, by the first number of a range of tags
_PACKED = (
    (10, "<d"), (60, "<h"), (90, "<i"), (100, "text"), (110, "<d"), (160, "<q"), (170, "<h"), (210, "<d"), (270, "<h"),
    (290, "<b"), (300, "text"), (310, "bytes"), (320, "text"), (370, "<h"), (390, "text"), (400, "<h"), (410, "text"),
    (420, "<i"), (430, "text"), (440, "<i"), (460, "<d"), (470, "text"), (1004, "bytes"), (1005, "text"), (1010, "<d"),
    (1060, "<h"), (1071, "<i"), (1072, "text"),
)  # fmt: skip


@dataclass(slots=True)
class DrawingFacts:
    """What the tags of a drawing say.

    Attributes
    ----------
    version
        Such as ``AC1032``; R12 where it says nothing.
    code_page
        Of its texts, as stated; None where it is not.
    unit
        The number of its unit, ``$INSUNITS``; 0 where none is stated.
    model
        How many entities of each type stand in the model space.
    paper
        How many stand on a sheet.
    """

    version: str = "AC1009"
    code_page: str | None = None
    unit: int = 0
    model: Counter[str] = field(default_factory=Counter)
    paper: int = 0


def inspect_drawing(data: bytes) -> DrawingFacts:
    """Return what the tags of a DXF in text say.

    Raises
    ------
    RefusedFile
        It is cut short, or its lines are no tags.
    """
    facts, section, variable, record, last = DrawingFacts(), b"", b"", b"", b""
    for code, value in _tags(data):
        if code == _TYPE:
            last = value
            if section == b"ENTITIES" and value not in _PARTS:
                record = value
                facts.model[value.decode("ascii", "replace")] += 1
            elif value == b"ENDSEC":
                section = record = b""
        elif code == _NAME and last == b"SECTION":
            section, last = value, b""
        elif code == _PAPER_SPACE and record and value == b"1":
            facts.model[record.decode("ascii", "replace")] -= 1
            facts.paper, record = facts.paper + 1, b""
        elif section == b"HEADER":
            if variable in _VARIABLES:
                _state(facts, variable, value)
            variable = value if code == 9 else b""  # noqa: PLR2004 - the name of a variable
    if last != b"EOF":
        raise refused("dxf_cut")
    facts.model = +facts.model
    return facts


def decode_drawing(data: bytes, facts: DrawingFacts) -> tuple[str, Encoding]:
    """Return the text of a DXF, with characters where it spells them as numbers, and its encoding.

    From R2007 on a DXF is UTF-8, whatever code page its head states. Before, the code page counts, but for what is
    plainly Chinese under a Western one: converters leave the page of their own machine there.

    Raises
    ------
    RefusedFile
        The bytes are no text of any encoding that it can be in.
    """
    for codec, name, why in _encodings(data, facts):
        try:
            text = data.decode(codec)
        except (UnicodeError, LookupError):
            continue
        found = Encoding(name, remark(why, stated=facts.code_page or "–", name=name, version=facts.version))
        return _ESCAPED.sub(_spelled, text.replace("\x00", "")), found
    raise refused("dxf_encoding", stated=facts.code_page or "–")


def text_of_binary(data: bytes) -> bytes:
    """Return a DXF as text: as it is, or unpacked where it is binary.

    Raises
    ------
    RefusedFile
        It is binary and cut short.
    """
    if not data.startswith(_SENTINEL):
        return data
    try:
        return b"".join(_unpacked(data))
    except (struct.error, IndexError, ValueError) as error:
        raise refused("dxf_cut") from error


def _tags(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the tags, without comments; what follows the end of the drawing is left out."""
    lines = BytesIO(data.removeprefix(codecs.BOM_UTF8))
    number = 0
    for head in lines:
        value = lines.readline()
        number += 2
        try:
            code = int(head)
        except ValueError:
            if not head.strip(b"\x00\x1a\r\n\t ") and not value:
                return
            raise refused("dxf_broken", line=number - 1, start=head[:30].decode("ascii", "replace").strip()) from None
        value = value.strip()
        if code != _COMMENT:
            yield code, value
        if code == _TYPE and value == b"EOF":
            return


def _state(facts: DrawingFacts, variable: bytes, value: bytes) -> None:
    text = value.decode("ascii", "replace")
    if variable == b"$ACADVER":
        facts.version = text
    elif variable == b"$DWGCODEPAGE":
        facts.code_page = text
    elif text.isdecimal():
        facts.unit = int(text)


def _encodings(data: bytes, facts: DrawingFacts) -> Iterator[tuple[str, str, str]]:
    """Yield codecs to be tried, their names and why each would be it."""
    if data.isascii():
        yield "ascii", "ASCII", "encoding_ascii"
    yield "utf-8-sig", "UTF-8", "encoding_dxf_utf8"
    stated = _codec(facts.code_page)
    if stated is not None and stated.startswith("cp125"):
        # of two bytes, both beyond ASCII: an umlaut in a word is not taken for one half of a character
        yield "gb2312", "GB18030", "encoding_dxf_against"
    if stated is not None and facts.version < _UTF8_SINCE:
        yield stated, stated.upper(), "encoding_dxf_stated"
    yield "gb18030", "GB18030", "encoding_dxf_gb18030"
    if stated is not None:
        yield stated, stated.upper(), "encoding_dxf_stated"


def _codec(code_page: str | None) -> str | None:
    label = (code_page or "").lower()
    number = re.search(r"\d{3,5}$", label)
    name = _CODE_PAGES.get(label) or (f"cp{number[0]}" if number else label)
    try:
        return codecs.lookup(name).name if name else None
    except LookupError:
        return None


def _spelled(match: re.Match[str]) -> str:
    r"""Return the character that is spelled as ``\U+5EFA`` or ``\M+5BDA8``; as it stands where it is none."""
    unicode, page, raw = match.groups()
    try:
        text = chr(int(unicode, 16)) if unicode else bytes.fromhex(raw).decode(_ESCAPED_PAGES[page])
        return text if text.isprintable() else match[0]
    except UnicodeDecodeError:
        return match[0]


def _unpacked(data: bytes) -> Iterator[bytes]:
    at = len(_SENTINEL)
    # R12 has one byte for the number of a tag, and 255 before two; later versions have two
    wide = data[at : at + 2] == b"\x00\x00"
    while at < len(data):
        code = data[at]
        if wide or code == 255:  # noqa: PLR2004
            at += not wide
            (code,) = struct.unpack_from("<h", data, at)
            at += 1
        at += 1
        kind = next((kind for first, kind in reversed(_PACKED) if code >= first), "text")
        if kind == "text":
            end = data.index(b"\x00", at)
            value, at = data[at:end], end + 1
        elif kind == "bytes":
            value = data[at + 1 : at + 1 + data[at]].hex().encode()
            at += 1 + data[at]
        else:
            (number,) = struct.unpack_from(kind, data, at)
            value, at = repr(number).encode(), at + struct.calcsize(kind)
        yield b"%d\n%s\n" % (code, value.replace(b"\n", b" ").replace(b"\r", b" "))
