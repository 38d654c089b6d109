"""The directory of a TIFF, read before any library opens the file: what it is, how large, and whether all of it is there.

A raster library notices that a file was cut only when it comes to the missing block, and takes what a header asks for:
a few bytes can declare one strip of terabytes. Both are told here from the first directory alone (TIFF 6.0 and BigTIFF).
"""

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from layers.errors import refused

__all__ = ["TiffDirectory", "read_tiff_directory"]

Tags: TypeAlias = dict[int, NDArray[np.uint64]]

_MAX_BLOCK_BYTES = 256 << 20
_MAX_BLOCKS = 1 << 22
_MAX_TAGS = 4096
_ORDERS = {b"II": "<", b"MM": ">"}
_CLASSIC, _BIG = 42, 43
# of the tags that are read: unsigned integers of 1, 2, 4 and 8 bytes
_TYPES = {1: "u1", 3: "u2", 4: "u4", 16: "u8"}
_WIDTH, _HEIGHT, _BITS, _BANDS, _PLANES = 256, 257, 258, 277, 284
_STRIP_OFFSETS, _STRIP_ROWS, _STRIP_BYTES = 273, 278, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325
_READ = {
    *(_WIDTH, _HEIGHT, _BITS, _BANDS, _PLANES, _STRIP_OFFSETS, _STRIP_ROWS, _STRIP_BYTES),
    *(_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES),
}
_SEPARATE = 2


class TiffDirectory(NamedTuple):
    """The size of the first image of a TIFF: cells across and down, and its bands."""

    width: int
    height: int
    bands: int


class _Layout(NamedTuple):
    """How the numbers of a TIFF are written: byte order, and the sizes that BigTIFF doubles."""

    order: str
    number: str
    entry: str
    first: int


_LAYOUTS = {_CLASSIC: ("H", "HHI4s", 4), _BIG: ("Q", "HHQ8s", 8)}


def read_tiff_directory(path: Path) -> TiffDirectory:
    """Return what the first directory of a TIFF says, checked against the length of the file.

    Raises
    ------
    RefusedFile
        It is no TIFF, its directory cannot be read, it is cut, or a block of it would not fit into memory.
    """
    with path.open("rb") as file:
        layout = _read_layout(file)
        try:
            tags = _read_tags(file, layout)
            directory = TiffDirectory(int(tags[_WIDTH][0]), int(tags[_HEIGHT][0]), int(_first(tags, _BANDS, 1)))
        except (struct.error, KeyError, IndexError, ValueError, OverflowError) as error:
            raise refused("raster_broken") from error
    if min(directory) < 1:
        raise refused("raster_broken")
    _check_blocks(directory, tags)
    _check_length(tags, path.stat().st_size)
    return directory


def _read_layout(file: BinaryIO) -> _Layout:
    head = file.read(8)
    order = _ORDERS.get(head[:2])
    version = struct.unpack(f"{order}H", head[2:4])[0] if order and len(head) == 8 else None  # noqa: PLR2004 - bytes
    if order is None or version not in _LAYOUTS:
        raise refused("empty_file") if not head else refused("raster_format")
    return _Layout(order, *_LAYOUTS[version])


def _read_tags(file: BinaryIO, layout: _Layout) -> Tags:
    """Return the values of the tags that are asked about."""
    offset_format = f"{layout.order}{'I' if layout.first == 4 else 'Q'}"  # noqa: PLR2004 - bytes
    file.seek(layout.first)
    (start,) = struct.unpack(offset_format, file.read(layout.first))
    file.seek(start)
    (count,) = struct.unpack(f"{layout.order}{layout.number}", file.read(struct.calcsize(f"={layout.number}")))
    if not 0 < count <= _MAX_TAGS:
        raise ValueError(count)
    entry = struct.Struct(f"{layout.order}{layout.entry}")
    entries = [entry.unpack(file.read(entry.size)) for _ in range(count)]
    tags = {}
    for tag, kind, number, inline in entries:
        if tag not in _READ or kind not in _TYPES:
            continue
        dtype = np.dtype(f"{layout.order}{_TYPES[kind]}")
        if number > _MAX_BLOCKS:
            raise refused("raster_too_large", limit=_MAX_BLOCKS)
        size = number * dtype.itemsize
        if size <= len(inline):
            values = inline[:size]
        else:
            file.seek(struct.unpack(offset_format, inline)[0])
            values = file.read(size)
        if len(values) < size:
            raise refused("raster_cut")
        tags[tag] = np.frombuffer(values, dtype).astype(np.uint64)
    return tags


def _check_blocks(directory: TiffDirectory, tags: Tags) -> None:
    """Raise where the blocks that the file is made of are too large to be read one by one."""
    if _TILE_WIDTH in tags:
        cells = int(_first(tags, _TILE_WIDTH, 0)) * int(_first(tags, _TILE_HEIGHT, 0))
    else:
        cells = directory.width * min(int(_first(tags, _STRIP_ROWS, directory.height)), directory.height)
    bands = 1 if _first(tags, _PLANES, 1) == _SEPARATE else directory.bands
    size = cells * bands * int(_first(tags, _BITS, 1)) // 8
    if size > _MAX_BLOCK_BYTES:
        raise refused("raster_block", size_mb=size >> 20, limit_mb=_MAX_BLOCK_BYTES >> 20)


def _check_length(tags: Tags, size: int) -> None:
    """Raise where a block would end behind the end of the file."""
    tiled = _TILE_OFFSETS in tags
    offsets = tags.get(_TILE_OFFSETS if tiled else _STRIP_OFFSETS)
    lengths = tags.get(_TILE_BYTES if tiled else _STRIP_BYTES)
    if offsets is None or lengths is None or len(offsets) != len(lengths):
        raise refused("raster_broken")
    # a sum of two could wrap around
    if (offsets > size).any() or (lengths > size - np.minimum(offsets, size)).any():
        raise refused("raster_cut")


def _first(tags: Tags, tag: int, default: int) -> int:
    return int(tags[tag][0]) if tag in tags else default
