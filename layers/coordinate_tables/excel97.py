"""A look at the sectors of an Excel 97 workbook before its reader does, which follows a chain that bites its tail for ever."""

import struct

import numpy as np
from numpy.typing import NDArray

from layers.errors import RefusedFile, refused

__all__ = ["refuse_endless_chains"]

_HEADER_BYTES = 512
_CHAINS_IN_HEADER = slice(76, 512)
_LARGEST_SHIFT = 12


def refuse_endless_chains(data: bytes) -> None:
    """Raise on a compound file in which the sectors of a stream lead back to themselves ([MS-CFB] 2.3 to 2.5).

    Raises
    ------
    RefusedFile
        They do, or the header is none.
    """
    if len(data) < _HEADER_BYTES:
        raise _broken("it ends within its header")
    (shift,) = struct.unpack_from("<H", data, 30)
    if shift not in {9, _LARGEST_SHIFT}:
        raise _broken("its sectors have no size")
    size = 1 << shift
    # the header takes the place of the first sector, whatever their size
    body = data[size:]
    sectors = np.frombuffer(body[: len(body) // size * size], dtype="<u4").reshape(-1, size // 4)
    table = _joined(sectors, _listed(data, sectors))
    _refuse_loop(table)
    _refuse_loop(_joined(sectors, _followed(table, struct.unpack_from("<I", data, 60)[0])))


def _listed(data: bytes, sectors: NDArray[np.uint32]) -> list[int]:
    """Return the sectors that hold the table of chains: those in the header, and those in lists that lead to one another."""
    listed: list[int] = np.frombuffer(data[_CHAINS_IN_HEADER], dtype="<u4").tolist()
    (upcoming,) = struct.unpack_from("<I", data, 68)
    seen: set[int] = set()
    while upcoming < len(sectors):
        if upcoming in seen:
            raise _broken("its sectors lead back to themselves")
        seen.add(upcoming)
        *more, upcoming = sectors[upcoming].tolist()
        listed += more
    return listed


def _followed(table: NDArray[np.uint32], first: int) -> list[int]:
    """Return the sectors of a chain; there is no loop in the table."""
    chain = []
    while first < len(table):
        chain.append(first)
        first = int(table[first])
    return chain


def _joined(sectors: NDArray[np.uint32], wanted: list[int]) -> NDArray[np.uint32]:
    return sectors[[number for number in wanted if number < len(sectors)]].ravel()


def _refuse_loop(table: NDArray[np.uint32]) -> None:
    """Raise where a chain never ends: after as many steps as there are sectors, each must have come to its end."""
    end = len(table)
    ahead = np.append(np.minimum(table, end), end).astype(np.int64)
    for _ in range(end.bit_length()):
        ahead = ahead[ahead]
    if (ahead != end).any():
        raise _broken("its sectors lead back to themselves")


def _broken(reason: str) -> RefusedFile:
    return refused("sheet_broken", line=None, reason=reason)
