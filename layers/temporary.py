"""Temporary folders that do not outlive a process that was killed: the next process takes them away.

A folder is locked for as long as it is in use. The kernel lets go of the lock when the process ends, however it ends, so
that a lock which can be had tells, in any container that shares the disk, that nobody uses the folder any more.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

__all__ = ["temporary_folder"]

_PREFIX = "luotu-work-"
# a folder that is being made is not locked yet
_LEFT_S = 60.0
_SWEPT_EVERY_S = 600


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new folder, which is gone afterwards; every ten minutes one takes away what killed processes left."""
    _sweep(gettempdir(), int(time.monotonic() // _SWEPT_EVERY_S))
    with TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        lock = _locked(folder)
        try:
            yield folder
        finally:
            if lock is not None:
                os.close(lock)


@lru_cache(maxsize=1)
def _sweep(place: str, _turn: int) -> None:
    """Take away, once a turn, the folders of ours in a place that nobody uses any more."""
    for folder in Path(place).glob(f"{_PREFIX}*"):
        # another process may take it away at the same time
        with suppress(OSError):
            found = folder.lstat()
            if found.st_uid == os.geteuid() and time.time() - found.st_mtime > _LEFT_S:
                _remove_unused(folder)


def _remove_unused(folder: Path) -> None:
    lock = _locked(folder)
    if lock is not None:
        try:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def _locked(folder: Path) -> int | None:
    """Return what holds the lock of a folder, None where another process does or the disk knows no locks."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
