"""Shapefiles checked by arithmetic before GDAL reads them, and their attributes decoded by what they contain.

GDAL reads half a .shp, a short .shx or a missing .dbf without a word, as fewer rows, rows without geometry or rows without
attributes. The headers tell what must be there; what is not is a refusal.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from layers.encoding import Encoding, RawText, decode_value, find_encoding
from layers.errors import refused

__all__ = ["Decoded", "ShapefileFacts", "decode_attributes", "inspect_shapefile"]

_MAIN_HEADER_BYTES = 100
_DBF_HEADER = struct.Struct("<4xLHH17xB2x")
_DBF_FIELD = struct.Struct("<11sc4xBB14x")
_DBF_FIELDS_END = 0x0D
_DBF_DELETED = ord("*")
_SIDE_FILE_BYTES = 1 << 16
_NULL_SHAPE = 0
_TYPES = {1: "Point", 3: "LineString", 5: "Polygon", 8: "MultiPoint", 31: "MultiPatch"}
# the type's number is the plain one's, plus ten with Z (and M), plus twenty with M alone
_WITH_Z, _WITH_M = range(11, 19), range(21, 29)


@dataclass(frozen=True, slots=True)
class ShapefileFacts:
    """What a shapefile's headers say.

    Attributes
    ----------
    rows
        Rows that are in it, deleted ones left out.
    deleted
        Rows that are marked as deleted in the .dbf.
    geometry
        The kind of its shapes, such as ``Polygon``.
    has_m
        Whether the shapes carry measures alone.
    has_shape
        Of the rows that are in it, which have a shape, shape (rows,).
    trailing_bytes
        Bytes of the .shp after its last shape.
    fields
        Width of each text field in bytes, in the order of the fields; 0 for the others.
    driver_id
        The .dbf's language driver.
    crs
        Content of the .prj; None where there is none.
    cpg
        Content of the .cpg; None where there is none.
    """

    rows: int
    deleted: int
    geometry: str
    has_m: bool
    has_shape: NDArray[np.bool_]
    trailing_bytes: int
    widths: tuple[int, ...]
    driver_id: int
    crs: str | None
    cpg: str | None


class Decoded(NamedTuple):
    """Names and values of a .dbf as text, the encoding they were in, and how many values were cut inside a character."""

    names: list[str]
    values: list[NDArray[Any]]
    encoding: Encoding
    cut: int


class _Table(NamedTuple):
    rows: int
    deleted: NDArray[np.bool_]
    widths: tuple[int, ...]
    driver_id: int


def inspect_shapefile(parts: Mapping[str, Path]) -> ShapefileFacts:
    """Return what the parts of a shapefile say about it, and see that they agree.

    Parameters
    ----------
    parts
        Its files by suffix, such as ``.shp``.

    Raises
    ------
    RefusedFile
        A part is missing, cut short or broken, or two parts disagree on the number of rows.
    """
    for suffix in (".shx", ".dbf"):
        if suffix not in parts:
            raise refused("shapefile_part_missing", suffix=suffix)
    table = _read_table(parts[".dbf"])
    starts, lengths = _read_index(parts[".shx"])
    if len(starts) != table.rows:
        raise refused("shapefile_counts", shapes=len(starts), records=table.rows)
    kind, types, trailing = _read_shapes(parts[".shp"], starts, lengths)
    kept = ~table.deleted
    return ShapefileFacts(
        rows=int(kept.sum()),
        deleted=int(table.deleted.sum()),
        geometry=_TYPES.get(kind if kind == max(_TYPES) else kind % 10, "Unknown"),
        has_m=kind in _WITH_M,
        has_shape=types[kept] != _NULL_SHAPE,
        trailing_bytes=trailing,
        widths=table.widths,
        driver_id=table.driver_id,
        crs=_side_text(parts.get(".prj")),
        cpg=_side_text(parts.get(".cpg")),
    )


def decode_attributes(
    names: list[str], values: list[NDArray[Any]], widths: tuple[int, ...], *, stated: str | None, driver_id: int
) -> Decoded:
    """Return names and text values of a .dbf decoded by the encoding that its bytes are in.

    Parameters
    ----------
    names, values
        As read with Latin-1, which keeps every byte; columns that hold no text pass through.
    widths
        Bytes of each field; 0 where it holds no text.
    stated, driver_id
        The .cpg and the .dbf's language driver.

    Raises
    ------
    RefusedFile
        The encoding cannot be told.
    """
    texts = [
        {value: RawText(value.encode("latin-1"), len(value) >= width) for value in _distinct(column)} if width else {}
        for column, width in zip(values, widths, strict=True)
    ]
    heads = {name: RawText(name.encode("latin-1"), len(name) >= 10) for name in names}  # noqa: PLR2004 - .dbf's limit
    encoding = find_encoding(
        chain(heads.values(), *(found.values() for found in texts)), stated=stated, driver_id=driver_id
    )
    cut = 0
    columns = []
    for column, found in zip(values, texts, strict=True):
        decoded = {value: decode_value(text, encoding) for value, text in found.items()}
        lost = {value for value, (_, was_cut) in decoded.items() if was_cut}
        cut += sum(value in lost for value in column) if lost else 0
        columns.append(_replace(column, {value: text for value, (text, _) in decoded.items()}) if found else column)
    return Decoded([decode_value(heads[name], encoding)[0] for name in names], columns, encoding, cut)


def _distinct(column: NDArray[Any]) -> set[str]:
    return {value for value in column if isinstance(value, str)}


def _replace(column: NDArray[Any], by: Mapping[str, str]) -> NDArray[Any]:
    replaced = np.empty(len(column), dtype=object)
    replaced[:] = [by.get(value) if isinstance(value, str) else value for value in column]
    return replaced


def _read_table(path: Path) -> _Table:
    """Return what the .dbf's header says, checked against its size."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_DBF_HEADER.size)
        if len(head) < _DBF_HEADER.size:
            raise refused("shapefile_cut", suffix=".dbf", expected=_DBF_HEADER.size, found=size)
        rows, header_bytes, record_bytes, driver_id = _DBF_HEADER.unpack(head)
        descriptions = file.read(max(0, header_bytes - _DBF_HEADER.size))
    if size < header_bytes + rows * record_bytes:
        raise refused("shapefile_cut", suffix=".dbf", expected=header_bytes + rows * record_bytes, found=size)
    widths = []
    for start in range(0, len(descriptions) - _DBF_FIELD.size + 1, _DBF_FIELD.size):
        if descriptions[start] == _DBF_FIELDS_END:
            break
        _, kind, width, _ = _DBF_FIELD.unpack_from(descriptions, start)
        widths.append((kind, width))
    if sum(width for _, width in widths) + 1 != record_bytes:
        raise refused("shapefile_broken", suffix=".dbf")
    flags = np.memmap(path, np.uint8, "r", header_bytes, (rows, record_bytes))[:, 0] if rows else np.empty(0, np.uint8)
    text_widths = tuple(width if kind == b"C" else 0 for kind, width in widths)
    return _Table(rows, np.asarray(flags == _DBF_DELETED), text_widths, driver_id)


def _read_index(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each shape's record starts and how long its content is, in bytes."""
    size = path.stat().st_size
    claimed = _claimed_bytes(path, ".shx")
    if size < claimed or (claimed - _MAIN_HEADER_BYTES) % 8:
        raise refused("shapefile_cut", suffix=".shx", expected=claimed, found=size)
    pairs = np.fromfile(path, ">i4", (claimed - _MAIN_HEADER_BYTES) // 4, offset=_MAIN_HEADER_BYTES).reshape(-1, 2)
    # the index counts in words of two bytes
    return pairs[:, 0].astype(np.int64) * 2, pairs[:, 1].astype(np.int64) * 2


def _read_shapes(
    path: Path, starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[int, NDArray[np.int64], int]:
    """Return the type of the file, the type of each shape, and how many bytes follow the last of them."""
    size = path.stat().st_size
    claimed = _claimed_bytes(path, ".shp")
    end = int((starts + lengths).max() + 8) if len(starts) else _MAIN_HEADER_BYTES
    if size < max(claimed, end):
        raise refused("shapefile_cut", suffix=".shp", expected=max(claimed, end), found=size)
    content = np.memmap(path, np.uint8, "r")
    kind = int(content[32:36].view("<i4")[0])
    if len(starts) and starts.min() < _MAIN_HEADER_BYTES:
        raise refused("shapefile_broken", suffix=".shx")
    head = np.asarray(content[starts[:, None] + np.arange(12)]) if len(starts) else np.empty((0, 12), np.uint8)
    numbers_and_lengths = np.ascontiguousarray(head[:, :8]).view(">i4")
    if (numbers_and_lengths[:, 1].astype(np.int64) * 2 != lengths).any():
        raise refused("shapefile_broken", suffix=".shx")
    if claimed > end and _is_a_record(content[end:claimed], len(starts) + 1):
        raise refused("shapefile_unindexed", rows=len(starts))
    return kind, np.ascontiguousarray(head[:, 8:]).view("<i4")[:, 0].astype(np.int64), size - end


def _is_a_record(content: NDArray[np.uint8], number: int) -> bool:
    """Return whether bytes that no index names begin with the shape that would be next."""
    return len(content) >= 12 and int(content[:4].view(">i4")[0]) == number  # noqa: PLR2004 - the smallest record


def _claimed_bytes(path: Path, suffix: str) -> int:
    """Return how long a .shp or .shx says it is."""
    with path.open("rb") as file:
        head = file.read(_MAIN_HEADER_BYTES)
    if len(head) < _MAIN_HEADER_BYTES:
        raise refused("shapefile_cut", suffix=suffix, expected=_MAIN_HEADER_BYTES, found=len(head))
    if not head.startswith(b"\x00\x00\x27\x0a"):
        raise refused("shapefile_broken", suffix=suffix)
    return max(_MAIN_HEADER_BYTES, int.from_bytes(head[24:28], "big") * 2)


def _side_text(path: Path | None) -> str | None:
    """Return the content of a .prj or .cpg."""
    if path is None:
        return None
    with path.open("rb") as file:
        data = file.read(_SIDE_FILE_BYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", "replace")
    return text.strip("\x00 \t\r\n") or None
