"""A look at the records of a binary workbook (XLSB) before its reader does, which makes room for every cell up to the last."""

import struct
from collections.abc import Iterator

__all__ = ["extent_of"]

_ROW, _FIRST_CELL, _LAST_CELL, _BEGIN_ROWS = 0x00, 0x02, 0x0B, 0x91
_U32 = struct.Struct("<I")


def extent_of(part: bytes) -> tuple[int, int]:
    """Return the rows and the columns up to the last cell with a value of a part of a workbook; 0, 0 of one without cells.

    Records are a number, a length and as many bytes ([MS-XLSB] 2.1.4). A row tells its own number, and each cell behind it
    its column.
    """
    rows = columns = row = 0
    has_begun = False
    for kind, at in _records(part):
        if not has_begun:
            has_begun = kind == _BEGIN_ROWS
        elif kind == _ROW:
            (row,) = _U32.unpack_from(part, at)
        elif _FIRST_CELL <= kind <= _LAST_CELL:
            rows, columns = max(rows, row + 1), max(columns, _U32.unpack_from(part, at)[0] + 1)
    return rows, columns


def _records(part: bytes) -> Iterator[tuple[int, int]]:
    """Yield the number of each record that is whole and where its bytes begin."""
    at, last = 0, len(part) - _U32.size
    while at <= last:
        kind, at = _number(part, at, 2)
        size, at = _number(part, at, 4)
        if at <= last:
            yield kind, at
        at += size


def _number(part: bytes, at: int, longest: int) -> tuple[int, int]:
    """Return a number in groups of seven bits, the lowest first, and where it ends."""
    value = 0
    for group in range(min(longest, len(part) - at)):
        value |= (part[at] & 0x7F) << 7 * group
        at += 1
        if part[at - 1] < 0x80:  # noqa: PLR2004 - the bit that says that more follow
            break
    return value, at
