"""Encodings found by reading bytes, not by believing what is said about them.

Chinese shapefiles are GBK more often than not, with a missing ``.cpg``, or one that lies. Valid UTF-8 with anything
beyond ASCII in it is hardly ever something else, and what is not UTF-8 but valid GB18030 is Chinese text: that order
decides, and a stated encoding counts only where both fail.
"""

import codecs
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from geocode.faults import Text
from layers.errors import refused
from layers.remarks import remark

__all__ = ["Encoding", "RawText", "decode_document", "decode_text", "decode_value", "find_encoding"]

# language driver ids of dBASE that name an encoding, for want of anything better
_DRIVER_IDS = {
    0x03: "cp1252",
    0x13: "cp932",
    0x4E: "cp949",
    0x4F: "cp950",
    0x78: "cp950",
    0x79: "cp949",
    0x7B: "cp932",
    0xC8: "cp1250",
    0xC9: "cp1251",
}
# what is tried first, whatever is stated
_FOUND = {"UTF-8": "utf-8", "GB18030": "gb18030"}
_LONGEST_CHARACTER = 4
# Python has codecs of other kinds too, such as "hex"
_CHARACTER_SETS = re.compile(r"utf-8|gb|cp\d|iso8859|big5|euc|shift|koi8|johab")


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a file's text, and how it is known."""

    name: str
    why: Text


class RawText(NamedTuple):
    """A text as bytes; `is_full` where it fills its field, so that its end may be cut inside a character."""

    value: bytes
    is_full: bool


def find_encoding(texts: Iterable[RawText], *, stated: str | None = None, driver_id: int = 0) -> Encoding:
    """Return the encoding that all texts of a .dbf are in.

    Parameters
    ----------
    texts
        Field names and values, which are looked at one by one.
    stated
        Content of the .cpg, if there is one.
    driver_id
        Byte 29 of the .dbf.

    Raises
    ------
    RefusedFile
        Neither UTF-8 nor GB18030 fits, and what is stated does not either.
    """
    first, claim = None, _codec(stated or "")
    fitting = dict.fromkeys([*_FOUND.values(), *filter(None, (claim, _DRIVER_IDS.get(driver_id)))])
    for text in texts:
        if not text.value.isascii():
            first = first or text
            fitting = {codec: None for codec in fitting if _decodes(text, codec)}
    if first is None:
        return Encoding("UTF-8", remark("encoding_ascii"))
    for name, codec in _FOUND.items():
        if codec in fitting:
            return Encoding(name, _why(name, codec, stated, claim))
    for named, why in ((claim, "encoding_stated"), (_DRIVER_IDS.get(driver_id), "encoding_driver_id")):
        if named in fitting:
            name = str(named).upper()
            return Encoding(name, remark(why, name=name, stated=(stated or "").strip()))
    raise refused("encoding_unknown", sample=first.value[:12].hex(" "))


def decode_value(text: RawText, encoding: Encoding) -> tuple[str, bool]:
    """Return a text decoded, without the half character a full field may end in, and whether there was one."""
    try:
        return text.value.decode(encoding.name), False
    except UnicodeDecodeError as error:
        return text.value[: error.start].decode(encoding.name), True


def decode_document(data: bytes) -> tuple[str, Encoding]:
    """Return a whole text file decoded: UTF-8, UTF-16 with a byte order mark, or GB18030.

    Raises
    ------
    RefusedFile
        It is none of them.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        tries: Mapping[str, tuple[str, str]] = {"UTF-16": ("utf-16", "encoding_bom")}
    else:
        tries = {"UTF-8": ("utf-8-sig", "encoding_rfc"), "GB18030": ("gb18030", "encoding_gb18030")}
    for name, (codec, why) in tries.items():
        try:
            return data.decode(codec), Encoding(name, remark(why))
        except UnicodeDecodeError:
            continue
    raise refused("encoding_unknown", sample=data[:12].hex(" "))


def decode_text(data: bytes) -> tuple[str, Encoding]:
    """Return a text file of no standard decoded, as `decode_document` does, which may be in any of the three."""
    text, encoding = decode_document(data)
    if data.isascii():
        return text, Encoding("UTF-8", remark("encoding_ascii"))
    kinds = {"UTF-8": "encoding_text_utf8", "GB18030": "encoding_text_gb18030"}
    return text, Encoding(encoding.name, remark(kinds.get(encoding.name, "encoding_bom")))


def _decodes(text: RawText, codec: str) -> bool:
    try:
        text.value.decode(codec)
    except UnicodeDecodeError as error:
        # a field as wide as its text may end inside a character: ArcGIS and GDAL cut by bytes
        at_end = error.end == len(text.value) and error.start > len(text.value) - _LONGEST_CHARACTER
        return text.is_full and at_end and error.start > 0
    return True


def _why(name: str, codec: str, stated: str | None, claim: str | None) -> Text:
    kind = "encoding_utf8" if codec == "utf-8" else "encoding_gb18030"
    if stated is None:
        return remark(f"{kind}_no_cpg")
    if claim is not None and _family(claim) == codec:
        return remark(f"{kind}_agrees", stated=stated.strip()[:40])
    return remark(f"{kind}_against", stated=stated.strip()[:40], name=name)


def _family(codec: str) -> str:
    return "gb18030" if codec in {"gb2312", "gbk", "gb18030"} else codec


def _codec(stated: str) -> str | None:
    """Return Python's name of what a .cpg says, such as ``ANSI 936`` or ``65001``."""
    number = re.search(r"(\d{3,5})\s*$", stated.strip())
    for label in (stated.strip(), *([number[1], f"cp{number[1]}"] if number else [])):
        try:
            name = codecs.lookup(label).name
        except LookupError:
            continue
        if _CHARACTER_SETS.match(name):
            return name
    return {"65001": "utf-8", "54936": "gb18030", "88591": "iso8859-1"}.get(number[1] if number else "")
