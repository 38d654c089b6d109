"""DXF: each layer of the drawing that has areas is a layer of the file.

The drawing is read by ezdxf; what stands in it is counted in its tags without it, so that no entity is lost between.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO
from pathlib import Path

from ezdxf import recover
from ezdxf.document import Drawing as Document
from ezdxf.filemanagement import read
from ezdxf.lldxf.const import DXFError

from layers.dxf.account import counted
from layers.dxf.tags import decode_drawing, inspect_drawing, text_of_binary
from layers.dxf.understanding import Loaded, layers_of, rows_of
from layers.entries import FoundLayer, LayerEntry, ReadOptions, Source
from layers.errors import refused
from layers.tables import OpenTable

__all__ = ["find_layers", "open_rows"]

MAX_DXF_BYTES = 256 << 20
# what ezdxf raises over broken drawings, its own errors and those of what it runs into
_FAILURES = (DXFError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)

# it tells of what it mends in the log; what is lost is counted here
logging.getLogger("ezdxf").addHandler(logging.NullHandler())


def find_layers(source: Source) -> list[FoundLayer]:
    """Return the layers of a drawing that have areas; the drawing itself, as one of lines, where none has.

    Raises
    ------
    RefusedFile
        It is cut short or broken, or larger than what is read.
    """
    return layers_of(source, _load)


@contextmanager
def open_rows(entry: LayerEntry, options: ReadOptions) -> Iterator[OpenTable]:
    """Open a layer of a drawing: a row for each of its areas, in the order of the drawing.

    Raises
    ------
    RefusedFile
        It has no areas, or its unit is in doubt.
    """
    table = rows_of(entry, options, _load)
    yield OpenTable(iter([table]), len(table.geometries))


def _load(path: Path) -> Loaded:
    """Return a drawing with nothing lost of what its tags say is in it."""
    if path.stat().st_size > MAX_DXF_BYTES:
        raise refused("dxf_size", limit_mb=MAX_DXF_BYTES >> 20)
    data = text_of_binary(path.read_bytes())
    facts = inspect_drawing(data)
    text, encoding = decode_drawing(data, facts)
    document = _document(text, data)
    lost = facts.model - Counter(entity.dxftype() for entity in document.modelspace())
    if lost:
        raise refused("dxf_entities_lost", found=counted(lost))
    return Loaded(document, facts.unit, facts.paper, encoding)


def _document(text: str, data: bytes) -> Document:
    try:
        return read(StringIO(text, newline=None))
    except _FAILURES:
        # drawings that other programs write are often amiss beyond what is drawn
        try:
            return recover.read(BytesIO(data))[0]
        except _FAILURES as error:
            raise refused("dxf_unreadable", reason=str(error)[:120].rstrip(".")) from error
