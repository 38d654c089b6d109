"""What a FileGDB says about itself, read without GDAL: its layers, and how many rows each has.

A geodatabase is a folder of tables. The first of them lists all, by the number in their files' names; the second file of
each (.gdbtablx) says where its rows lie.
"""

import re
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from layers.entries import FoundLayer
from layers.errors import refused
from layers.formats import FILEGDB_CATALOG

__all__ = ["is_part", "list_feature_classes"]

_PARTS = re.compile(r"a[0-9a-f]{8}\.\w{1,20}|gdb|timestamps", re.IGNORECASE)
_HEADER = struct.Struct("<3i4xqqq")
_WIDE_IDS = 4
_INDEX_HEADER = struct.Struct("<4i")
_FIELDS_HEADER = struct.Struct("<iiB")
_KINDS = {1: "Point", 2: "MultiPoint", 3: "MultiLineString", 4: "MultiPolygon", 9: "MultiPatch"}
_MAX_TABLES = 10_000
_MAX_ROW_BYTES = 4096


def is_part(name: str) -> bool:
    """Return whether a file of such a name belongs to a geodatabase."""
    return _PARTS.fullmatch(name) is not None


def list_feature_classes(folder: Path) -> list[FoundLayer]:
    """Return the tables of a geodatabase that have geometry, in the order of its catalog.

    Raises
    ------
    RefusedFile
        A file of it is missing, cut short or broken, or it is compressed (CDF), which Esri's programs alone can read.
    """
    if any(folder.glob("*.cdf")):
        raise refused("filegdb_compressed")
    with _naming_the_broken(FILEGDB_CATALOG):
        tables = list(_catalog(folder))
    found = [_inspect(folder / f"a{number:08x}.gdbtable", name) for number, name in tables]
    return [layer for layer in found if layer is not None]


@contextmanager
def _naming_the_broken(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise refused("filegdb_part_missing", name=Path(error.filename).name) from error
    except (struct.error, ValueError, OSError) as error:
        raise refused("filegdb_broken", name=name) from error


def _inspect(table: Path, name: str) -> FoundLayer | None:
    """Return a table as a layer, by its header; None where it has no geometry."""
    with _naming_the_broken(table.name), table.open("rb") as file:
        size = table.stat().st_size
        version, rows, _, wide_rows, stated_size, fields = _HEADER.unpack(file.read(_HEADER.size))
        file.seek(fields)
        kind = _FIELDS_HEADER.unpack(file.read(_FIELDS_HEADER.size))[2]
    if size < stated_size:
        raise refused("filegdb_cut", name=table.name, expected=stated_size, found=size)
    return FoundLayer(name, _KINDS.get(kind), wide_rows if version == _WIDE_IDS else rows) if kind else None


def _catalog(folder: Path) -> Iterator[tuple[int, str]]:
    """Yield number and name of each table, those of the system left out."""
    with (folder / FILEGDB_CATALOG).open("rb") as file:
        for number, offset in _offsets((folder / FILEGDB_CATALOG).with_suffix(".gdbtablx")):
            file.seek(offset)
            (length,) = struct.unpack("<i", file.read(4))
            if not 0 < length <= _MAX_ROW_BYTES:
                raise ValueError(length)
            name = _name(file.read(length))
            if not name.startswith("GDB_"):
                yield number, name


def _offsets(index: Path) -> Iterable[tuple[int, int]]:
    """Yield number and place of each row of a table, from 1; what was deleted has none."""
    data = index.read_bytes()
    _, _, rows, width = _INDEX_HEADER.unpack_from(data)
    if not 0 <= rows <= _MAX_TABLES:
        raise ValueError(rows)
    for row in range(rows):
        start = _INDEX_HEADER.size + row * width
        offset = int.from_bytes(data[start : start + width], "little")
        if offset:
            yield row + 1, offset


def _name(row: bytes) -> str:
    """Return the text that a row of the catalog begins with, behind flags where it has any; a number follows it."""
    for start in (0, 1):
        length, shift, at = 0, 0, start
        while at < len(row) and row[at] & 0x80:
            length |= (row[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
        length |= row[at] << shift
        if at + 1 + length + 4 == len(row):
            return row[at + 1 : at + 1 + length].decode()
    raise ValueError(row)
