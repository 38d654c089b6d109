"""Shapefiles checked by arithmetic before GDAL reads them, and their attributes decoded by what they contain.

GDAL reads half a .shp, a short .shx or a missing .dbf without a word, as fewer rows, rows without geometry or rows without
attributes. The headers tell what must be there; what is not is a refusal. In which encoding the attributes are is told by all
of their bytes, which are looked through once before a row is read.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from layers.encoding import Encoding, RawText, decode_value, find_encoding
from layers.errors import refused

__all__ = ["Decoded", "ShapefileFacts", "decode_batch", "encoding_of", "inspect_shapefile"]

_MAIN_HEADER_BYTES = 100
_DBF_HEADER = struct.Struct("<4xLHH17xB2x")
_DBF_FIELD = struct.Struct("<11sc4xBB14x")
_DBF_FIELDS_END = 0x0D
_DBF_DELETED = ord("*")
_NAME_BYTES = 10
_ASCII = 0x7F
_SIDE_FILE_BYTES = 1 << 16
_BLOCK_ROWS = 1 << 15
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
    widths
        Width of each text field in bytes, in the order of the fields; 0 for the others.
    crs
        Content of the .prj; None where there is none.
    """

    rows: int
    deleted: int
    geometry: str
    has_m: bool
    has_shape: NDArray[np.bool_]
    trailing_bytes: int
    widths: tuple[int, ...]
    crs: str | None


class Decoded(NamedTuple):
    """Columns of a batch of a .dbf, their names and texts decoded, and how many texts were cut inside a character."""

    columns: list[tuple[str, pa.Array]]
    cut: int


class _Field(NamedTuple):
    """A field of a .dbf: its name in bytes, where it stands in a record, how wide it is, and whether it holds text."""

    name: bytes
    start: int
    width: int
    is_text: bool


class _Table(NamedTuple):
    """A .dbf: its records as bytes, shape (rows, bytes), which of them are deleted, its fields and its language driver."""

    records: NDArray[np.uint8]
    deleted: NDArray[np.bool_]
    fields: Sequence[_Field]
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
    if len(starts) != len(table.records):
        raise refused("shapefile_counts", shapes=len(starts), records=len(table.records))
    kind, types, trailing = _read_shapes(parts[".shp"], starts, lengths)
    kept = ~table.deleted
    return ShapefileFacts(
        rows=int(kept.sum()),
        deleted=int(table.deleted.sum()),
        geometry=_TYPES.get(kind if kind == max(_TYPES) else kind % 10, "Unknown"),
        has_m=kind in _WITH_M,
        has_shape=types[kept] != _NULL_SHAPE,
        trailing_bytes=trailing,
        widths=tuple(field.width * field.is_text for field in table.fields),
        crs=_side_text(parts.get(".prj")),
    )


def encoding_of(parts: Mapping[str, Path]) -> Encoding:
    """Return the encoding that the names and texts of a shapefile's attributes are in.

    Raises
    ------
    RefusedFile
        It cannot be told, or the .dbf is broken.
    """
    table = _read_table(parts[".dbf"])
    return find_encoding(_texts(table), stated=_side_text(parts.get(".cpg")), driver_id=table.driver_id)


def decode_batch(columns: Sequence[tuple[str, pa.Array]], widths: Sequence[int], encoding: Encoding) -> Decoded:
    """Return columns of a .dbf with their names and texts in the encoding that they are in.

    Parameters
    ----------
    columns
        As read with Latin-1, which keeps every byte.
    widths
        Bytes of each field; 0 where it holds no text.
    """
    names = [decode_value(_raw(name, _NAME_BYTES), encoding)[0] for name, _ in columns]
    found = [
        _decoded(values, width, encoding) if width else (values, 0)
        for (_, values), width in zip(columns, widths, strict=True)
    ]
    decoded = zip(names, (values for values, _ in found), strict=True)
    return Decoded(list(decoded), sum(cut for _, cut in found))


def _decoded(values: pa.Array, width: int, encoding: Encoding) -> tuple[pa.Array, int]:
    """Return a column of texts decoded, and how many of them were cut inside a character."""
    told = values.dictionary_encode()
    decoded = [decode_value(_raw(text, width), encoding) for text in told.dictionary.to_pylist()]
    texts = pa.array([text for text, _ in decoded], pa.large_string())
    was_cut = np.array([cut for _, cut in decoded], dtype=bool)
    cut = int(was_cut[told.indices.drop_null().to_numpy()].sum()) if was_cut.any() else 0
    return texts.take(told.indices), cut


def _raw(text: str, width: int) -> RawText:
    value = text.encode("latin-1")
    return RawText(value, len(value) >= width)


def _texts(table: _Table) -> Iterator[RawText]:
    """Yield the names of fields, and of the texts of rows that are not deleted those that go beyond ASCII."""
    for field in table.fields:
        yield RawText(field.name, len(field.name) >= _NAME_BYTES)
    for begin in range(0, len(table.records), _BLOCK_ROWS):
        block = np.asarray(table.records[begin : begin + _BLOCK_ROWS])[~table.deleted[begin : begin + _BLOCK_ROWS]]
        for field in table.fields:
            if field.is_text:
                values = block[:, field.start : field.start + field.width]
                # as GDAL takes them: a text ends with its padding, or with a NUL
                for value in np.unique(values[(values > _ASCII).any(axis=1)], axis=0):
                    text = value.tobytes().partition(b"\0")[0].strip(b" ")
                    yield RawText(text, len(text) >= field.width)


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
    fields, at = [], 1
    for start in range(0, len(descriptions) - _DBF_FIELD.size + 1, _DBF_FIELD.size):
        if descriptions[start] == _DBF_FIELDS_END:
            break
        name, kind, width, _ = _DBF_FIELD.unpack_from(descriptions, start)
        fields.append(_Field(name.partition(b"\0")[0], at, width, kind == b"C"))
        at += width
    if at != record_bytes:
        raise refused("shapefile_broken", suffix=".dbf")
    shape = (rows, record_bytes)
    records = np.memmap(path, np.uint8, "r", header_bytes, shape) if rows else np.empty(shape, np.uint8)
    return _Table(records, np.asarray(records[:, 0] == _DBF_DELETED), fields, driver_id)


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
