"""XML read element by element: no DOCTYPE and so no entities, no link followed, nothing nested without end.

The bytes decide the encoding, as they do elsewhere: Chinese programs declare GB2312, which expat does not have, or UTF-8
and write GBK.
"""

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]

from layers.encoding import Encoding
from layers.errors import refused
from layers.remarks import remark

__all__ = ["Element", "Step", "decimal_lists", "document_encoding", "local_name", "text_of", "walk_elements"]

MAX_XML_BYTES = 200 << 20
MAX_DEPTH = 64
_CHUNK_BYTES = 1 << 20
_DECLARED = re.compile(rb"""<\?xml[^>]*\bencoding\s*=\s*["']([\w.:-]+)["']""")
_CHINESE = {"gb2312", "gbk", "gb18030", "hz"}


class Step(NamedTuple):
    """One step through a document.

    Attributes
    ----------
    event
        Whether an element begins, with its attributes alone, or ends, with all that is in it.
    element
        The element. Whoever is done with it removes it from its parent, or a document is held whole.
    parents
        What it lies in, the root first.
    """

    event: Literal["start", "end"]
    element: Element
    parents: list[Element]


def document_encoding(path: Path) -> Encoding:
    """Return the encoding of an XML file: UTF-8 where all bytes are, else the one it declares, else GB18030.

    Raises
    ------
    RefusedFile
        It is none of them, or too large.
    """
    if path.stat().st_size > MAX_XML_BYTES:
        raise refused("xml_size", limit_mb=MAX_XML_BYTES >> 20)
    with path.open("rb") as file:
        head = file.read(1024)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        tries = [("UTF-16", "utf-16", "encoding_bom")]
    else:
        declared = _declared_codec(head)
        stated = [] if declared is None else [(declared.upper(), declared, "encoding_xml_stated")]
        tries = [
            ("UTF-8", "utf-8-sig", "encoding_xml_utf8"),
            *stated,
            ("GB18030", "gb18030", "encoding_xml_gb18030"),
        ]
    for name, codec, why in tries:
        if _decodes(path, codec):
            return Encoding(name, remark(why, name=name))
    raise refused("encoding_unknown", sample=head[:12].hex(" "))


def walk_elements(
    path: Path, encoding: Encoding, is_row: Callable[[Element, Sequence[Element]], bool]
) -> Iterator[Step]:
    """Yield the beginning and the end of each element of a document, in its order.

    Parameters
    ----------
    path, encoding
        The file, and how its bytes are read.
    is_row
        Tells by an element that begins, and its parents, whether it is a row: what lies in a row is not stepped through.

    Raises
    ------
    RefusedFile
        It is no well-formed XML, has a DOCTYPE, or is nested too deep.
    """
    parents: list[Element] = []
    row: Element | None = None
    depth = 0
    with path.open(encoding="utf-8-sig" if encoding.name == "UTF-8" else encoding.name) as text, _reporting_damage():
        for event, element in iterparse(text, ("start", "end"), forbid_dtd=True):
            is_start = event == "start"
            depth += 1 if is_start else -1
            if depth > MAX_DEPTH:
                raise refused("xml_depth", limit=MAX_DEPTH)
            if row is not None:
                if element is row:
                    row = None
                    yield Step("end", element, parents)
            elif is_start:
                yield Step("start", element, parents)
                if is_row(element, parents):
                    row = element
                else:
                    parents.append(element)
            else:
                parents.pop()
                yield Step("end", element, parents)


@contextmanager
def _reporting_damage() -> Iterator[None]:
    try:
        yield
    except DefusedXmlException as error:
        raise refused("xml_doctype") from error
    except ParseError as error:
        line, column = error.position
        raise refused("xml_broken", line=line, column=column + 1, reason=str(error).partition(":")[0]) from error


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def text_of(element: Element | None) -> str | None:
    """Return the text of an element without the blanks around it; None where there is none."""
    text = None if element is None else (element.text or "").strip()
    return text or None


def decimal_lists(text: str | None) -> list[list[Any]]:
    """Return what stands in ``x,y,z x,y,z …`` as lists of numbers; a word that is no such list stands alone in its own."""
    return [_decimals(word) for word in re.sub(r"\s*,\s*", ",", text or "").split()]


def _decimals(word: str) -> list[Any]:
    try:
        return [float(number) for number in word.split(",")]
    except ValueError:
        return [word]


def _declared_codec(head: bytes) -> str | None:
    """Return the codec that a declaration names, where it is neither UTF-8 nor Chinese."""
    match = _DECLARED.search(head)
    try:
        name = codecs.lookup(match[1].decode()).name if match else "utf-8"
        "".encode(name)
    except LookupError:
        return None
    return None if name in {"utf-8", "ascii", *_CHINESE} or name.startswith("utf") else name


def _decodes(path: Path, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
