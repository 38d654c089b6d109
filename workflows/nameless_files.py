"""Files without a name: they end with the object that they belong to."""

import os
import weakref
from tempfile import mkstemp
from typing import Any

__all__ = ["open_nameless", "write_all"]


def open_nameless(owner: Any) -> int:
    """Return the descriptor of a new file that is closed, and gone, when its owner is."""
    handle, name = mkstemp(prefix="luotu-")
    os.unlink(name)  # noqa: PTH108 - as mkstemp gives it
    weakref.finalize(owner, os.close, handle)
    return handle


def write_all(handle: int, data: bytes) -> None:
    """Write bytes at the end of a file."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]
