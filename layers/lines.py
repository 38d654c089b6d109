"""Lines of text out of a stream, in batches, as they arrive."""

from collections.abc import Iterator
from typing import Any, BinaryIO

__all__ = ["LONGEST_LINE", "iter_lines"]

_READ_BYTES = 1 << 16
LONGEST_LINE = 1000
_BOM = b"\xef\xbb\xbf"


def iter_lines(stream: BinaryIO) -> Iterator[list[str]]:
    """Yield the lines that a stream has ready, without blanks at their ends; empty lines are passed over.

    Parameters
    ----------
    stream
        UTF-8, such as ``sys.stdin.buffer``; bytes that are none become U+FFFD.

    Notes
    -----
    A line longer than `LONGEST_LINE` is cut there: it is no name of anything, and memory stays flat whatever comes.
    """
    # one system call gives what is there: a pipe that delivers slowly is answered line by line
    read_once: Any = getattr(stream, "read1", stream.read)
    tail = b""
    is_first = True
    while chunk := read_once(_READ_BYTES):
        *whole, tail = (tail + (chunk.removeprefix(_BOM) if is_first else chunk)).split(b"\n")
        is_first = False
        # what is cut may be cut through a character
        tail = tail[: 4 * LONGEST_LINE]
        if lines := _texts(whole):
            yield lines
    if lines := _texts([tail]):
        yield lines


def _texts(lines: list[bytes]) -> list[str]:
    texts = (line.decode("utf-8", "replace").strip()[:LONGEST_LINE] for line in lines)
    return [text for text in texts if text]
