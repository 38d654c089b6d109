"""Landlock: the files that are left to this process, for good (Linux 5.13 and later, no rights needed)."""

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from pathlib import Path

__all__ = ["landlock_version", "restrict_files"]

# the same on every machine
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_ASK_VERSION, _PATH_BENEATH = 1, 1
_PR_SET_NO_NEW_PRIVS = 38
_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << bit for bit in range(1, 6))
_MAKE_DIR, _MAKE_FILE, _MAKE_LINK, _MOVE, _TRUNCATE = (1 << bit for bit in (7, 8, 12, 13, 14))
_READ = _READ_FILE | _READ_DIR
_WORK = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _MAKE_LINK | _MOVE | _TRUNCATE
_OF_FILES = _READ_FILE | _WRITE_FILE | _TRUNCATE
# how many kinds of access each version knows of: execution is the first, devices' own calls the last
_ACCESS_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NET_SINCE, _SCOPES_SINCE = 4, 6
_ALL_NET, _ALL_SCOPES = 0b11, 0b11


def landlock_version() -> int:
    """Return the version of Landlock that the kernel has, 0 where it has none."""
    if platform.system() != "Linux":
        return 0
    return max(0, _call(_CREATE, None, 0, _ASK_VERSION))


def restrict_files(*, readable: Iterable[Path], listable: Iterable[Path] = (), workspace: Path) -> None:
    """Leave some files and folders to this process to be read, one folder to work in, and none else.

    It holds in this thread and all that come from it. Nothing may be executed, and no TCP port be used.

    Parameters
    ----------
    readable
        Files and folders; those that are not there, or not for this user, are passed over.
    listable
        Folders of which the names may be read.
    workspace
        A folder.

    Raises
    ------
    OSError
        The kernel does not take it.
    """
    version = landlock_version()
    known = (1 << _ACCESS_BITS[min(version, max(_ACCESS_BITS))]) - 1
    handled = [
        known,
        *([_ALL_NET] if version >= _NET_SINCE else []),
        *([_ALL_SCOPES] if version >= _SCOPES_SINCE else []),
    ]
    ruleset = _checked(_call(_CREATE, struct.pack(f"={len(handled)}Q", *handled), 8 * len(handled), 0))
    try:
        for path in readable:
            _leave(ruleset, path, _READ & known)
        for path in listable:
            _leave(ruleset, path, _READ_DIR & known)
        _leave(ruleset, workspace, _WORK & known)
        library = ctypes.CDLL(None, use_errno=True)
        zero = ctypes.c_ulong(0)
        _checked(int(library.prctl(ctypes.c_int(_PR_SET_NO_NEW_PRIVS), ctypes.c_ulong(1), zero, zero, zero)))
        _checked(_call(_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)


def _leave(ruleset: int, path: Path, access: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        # what cannot be reached needs no leave
        return
    try:
        allowed = access if path.is_dir() else access & _OF_FILES
        _checked(_call(_ADD, ruleset, _PATH_BENEATH, struct.pack("=Qi", allowed, opened), 0))
    finally:
        os.close(opened)


def _call(number: int, *arguments: bytes | int | None) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    given = [ctypes.c_long(each) if isinstance(each, int) else ctypes.c_char_p(each) for each in arguments]
    return int(library.syscall(ctypes.c_long(number), *given))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
