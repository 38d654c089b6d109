"""Confinement: what a process gives up before it opens a file from somebody else, and the proof that it is gone."""

import os
import socket
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from sysconfig import get_path
from typing import Literal

from layers.confined.landlock import landlock_version, restrict_files
from layers.confined.seccomp import forbid_calls, has_seccomp

with suppress(ImportError):  # not on Windows
    import resource

__all__ = [
    "Confinement",
    "Limits",
    "confine",
    "confine_reading",
    "libraries",
    "missing_layers",
    "probe",
    "reading_confinement",
]

_MAX_FILE_BYTES = 4 << 30
_MAX_OPEN_FILES = 256
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo")
_OWN_PACKAGES = ("geocode", "layers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the reading of one file may take.

    Attributes
    ----------
    memory_mb
        Memory beyond that of the libraries.
    cpu_s
        Time of the processor.
    wall_s
        Time on the clock.
    """

    memory_mb: int = 4096
    cpu_s: int = 120
    wall_s: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """How files from others are read.

    Attributes
    ----------
    mode
        ``strict``: confined without a gap, or not at all. ``limits``: in a process of their own with limits of memory and
        time, and with what else the kernel has. ``off``: in this process, as one's own.
    limits
        What the reading of one file may take.
    """

    mode: Literal["strict", "limits", "off"] = "strict"
    limits: Limits = field(default_factory=Limits)


def confine_reading(confinement: Confinement) -> None:
    """Set how this process has files from others read, from now on; ``strict`` where nobody says."""
    _Chosen.confinement = confinement


def reading_confinement() -> Confinement:
    """Return how this process has files from others read."""
    return _Chosen.confinement


class _Chosen:
    """What was chosen for this process: there is one place from which its readers come."""

    confinement = Confinement()


def missing_layers() -> tuple[str, ...]:
    """Return what the kernel lacks for a confinement without gaps, of ``landlock`` and ``seccomp``."""
    there = {"landlock": landlock_version() > 0, "seccomp": has_seccomp()}
    return tuple(name for name, is_there in there.items() if not is_there)


def confine(parts: Collection[Path], *, workspace: Path, limits: Limits, without: Iterable[str] = ()) -> None:
    """Give up, in this process and for good, what reading a file does not need.

    Memory, time and the size of files are limited; no file but those named can be opened, no socket, program or process be
    made.

    Parameters
    ----------
    parts
        The delivered files, to be read; Python's and this project's own come with them.
    workspace
        The only folder that may be written to.
    without
        Layers to be left out, as `missing_layers` names them.

    Raises
    ------
    OSError
        The kernel does not take it.
    """
    left_out = set(without)
    _limit(limits)
    if "landlock" not in left_out:
        # one that is delivered in parts is found by looking what lies beside it
        beside = {part.resolve().parent for part in parts} if len(parts) > 1 else ()
        restrict_files(readable=[*libraries(), *parts], listable=beside, workspace=workspace)
    if "seccomp" not in left_out:
        forbid_calls()


def probe(canary: Path, workspace: Path, limits: Limits) -> tuple[str, ...]:
    """Return what a confined process can still do and must not, by trying it.

    Parameters
    ----------
    canary
        A file that may not be read.
    workspace
        The folder that may be written to.
    """
    attempts: dict[str, Callable[[], object]] = {
        "read": canary.read_bytes,
        "read /etc/passwd": Path("/etc/passwd").read_bytes,
        "read /proc": Path("/proc/1/environ").read_bytes,
        "list": lambda: list(canary.parent.iterdir()),
        "write": lambda: canary.with_name("written").write_bytes(b""),
        "link": lambda: os.link(canary, workspace / "link"),
        "change a mode": lambda: canary.chmod(0o777),
        "open a socket": lambda: socket.socket().close(),
        "start a process": _fork,
        "send a signal": lambda: os.kill(os.getppid(), 0),
        "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s + 2, limits.cpu_s + 3)),
        "take more memory": lambda: bytearray((limits.memory_mb + 1) << 20),
        # the last one: if it works, nobody is left to tell
        "run a program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606 - it must not start
    }
    return tuple(name for name, attempt in attempts.items() if _works(attempt))


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, ValueError, MemoryError):
        return False
    return True


def _fork() -> None:
    if not os.fork():
        os._exit(0)


def _limit(limits: Limits) -> None:
    memory = _size_bytes() + (limits.memory_mb << 20)
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, _MAX_FILE_BYTES),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, least))
    # the first is told apart from other deaths, the second cannot be caught. Processes are not counted: the kernel counts
    # all of a user's, and the filter lets none be made
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 1))


def _size_bytes() -> int:
    """Return how much memory is mapped already: the libraries', which is no fault of the file's."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@cache
def libraries() -> tuple[Path, ...]:
    """Return what Python and the libraries read of themselves while they work; no folder that holds anything else."""
    import pyproj.datadir  # noqa: PLC0415 - most of a second, and only the reading process needs it

    python = {get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    own = [
        place for name in _OWN_PACKAGES if (spec := find_spec(name)) for place in spec.submodule_search_locations or ()
    ]
    places = [*_LIBRARIES, *sorted(python), *own, *pyproj.datadir.get_data_dir().split(os.pathsep)]
    return tuple(Path(place) for place in places)
