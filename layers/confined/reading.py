"""Files from others, read in confined processes: one that crashes, hangs or wants too much costs its own file and no other.

What reads a file can open that file and nothing else, and no connection. Its answer comes back as rows and JSON, and is
checked. :mod:`layers.confined.process` is the other end.
"""

import atexit
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyproj

from layers.confined.confinement import Limits, reading_confinement
from layers.confined.frozen import UnsoundAnswerError, freeze_json, thaw_json, thaw_refusal, unsound
from layers.confined.kept import KeptDelivery, open_kept
from layers.confined.process import ANSWER, REQUEST, do
from layers.deliveries import Delivery
from layers.entries import FoundLayer, ReadOptions
from layers.errors import ConfinementError, RefusedFile, cannot_confine, refused
from layers.sheets import Sheet
from layers.sources import delivered_parts, digest_delivery
from layers.temporary import temporary_folder

__all__ = [
    "MOST_WAITING",
    "KeptDelivery",
    "asked",
    "check_readers",
    "list_confined",
    "open_confined",
    "read_confined",
    "read_records_confined",
    "read_sheet_confined",
    "reading_load",
    "start_readers",
]

_PLAIN = ReadOptions()
_START_S, _END_S = 120, 10
_MAX_MESSAGE_BYTES = 1 << 12
# how many wait for a place, and how long: who waits holds a thread
MOST_WAITING, _PATIENCE_S = 64, 60.0
# of the environment, what the libraries need to find themselves; no address, key or password
_KEPT = (
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "PYTHONHOME",
    "PROJ_DATA",
    "PROJ_LIB",
    "GDAL_DATA",
)
_ADDED = {"PROJ_NETWORK": "OFF", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
_PROGRAM = (
    "import socket, sys; from layers.confined.process import serve; serve(socket.socket(fileno=int(sys.argv[1])))"
)

_logger = logging.getLogger(__name__)


def read_confined(
    path: str | PathLike[str],
    *,
    crs: "str | int | pyproj.CRS | None" = None,
    layer: str | None = None,
    name: str | None = None,
    options: ReadOptions = _PLAIN,
) -> Delivery:
    """Return one layer of a file from somebody else, as `layers.reading.read_delivery` does.

    Raises
    ------
    RefusedFile
        As `read_delivery`; or reading it has crashed, or taken more memory or time than a file may.
    ConfinementError
        This machine cannot confine the reading as it should be.
    OSError
        There is no such file.
    """
    with open_confined(path, crs=crs, layer=layer, name=name, options=options) as kept:
        return kept.take(np.arange(kept.rows))


@contextmanager
def open_confined(
    path: str | PathLike[str],
    *,
    crs: "str | int | pyproj.CRS | None" = None,
    layer: str | None = None,
    name: str | None = None,
    options: ReadOptions = _PLAIN,
) -> Iterator[KeptDelivery]:
    """Read one layer of a file from somebody else, and yield it; its rows lie in a file, and are taken as they are needed.

    GeoPackage, FlatGeobuf, FileGDB, GeoParquet and GeoJSONSeq are read in the same memory however many rows they have; of
    others, the confined process holds all.

    Raises
    ------
    RefusedFile, ConfinementError, OSError
        As `read_confined`.
    """
    path = _there(path)
    shown = name or path.name
    # a CRS is copied as by pyproj itself
    text = crs.srs if isinstance(crs, pyproj.CRS) else crs
    said = {"crs": text, "layer": layer, "name": shown, "options": options}
    with asked("delivery", path, said) as (account, folder):
        # who has read a stranger's file is not believed what its bytes are
        digest = digest_delivery(path)
        yield open_kept(account, folder, file=shown, sha256=digest.sha256, size=digest.size)


def list_confined(path: str | PathLike[str], *, name: str | None = None) -> tuple[FoundLayer, ...]:
    """Return the layers of a file from somebody else, in its order, without reading their rows.

    Raises
    ------
    RefusedFile, ConfinementError, OSError
        As `read_confined`.
    """
    path = _there(path)
    with asked("layers", path, {"name": name or path.name}) as (found, _):
        if not isinstance(found, list) or not all(isinstance(each, FoundLayer) for each in found):
            raise UnsoundAnswerError(str(path))
        return tuple(found)


def read_sheet_confined(path: str | PathLike[str], *, sheet: str | None = None, name: str | None = None) -> Sheet:
    """Return a sheet of a file from somebody else, as `layers.sheets.read_sheet` does.

    Raises
    ------
    RefusedFile, ConfinementError, OSError
        As `read_confined`.
    """
    path = _there(path)
    with asked("sheet", path, {"sheet": sheet, "name": name or path.name}) as (found, _):
        if not isinstance(found, Sheet) or not isinstance(found.rows, list):
            raise UnsoundAnswerError(str(path))
    digest = digest_delivery(path)
    return replace(found, file=name or path.name, sha256=digest.sha256, size=digest.size)


def read_records_confined(path: str | PathLike[str], *, tables: Sequence[str]) -> Mapping[str, list[dict[str, Any]]]:
    """Return the rows of some tables of a GeoPackage from somebody else, as `layers.records.read_records` does.

    Raises
    ------
    RefusedFile, ConfinementError, OSError
        As `read_confined`.
    """
    path = _there(path)
    with asked("records", path, {"tables": list(tables)}) as (found, _):
        if not isinstance(found, dict) or not all(isinstance(row, dict) for rows in found.values() for row in rows):
            raise UnsoundAnswerError(str(path))
        return dict(found)


def start_readers() -> None:
    """Start the process that reads files from others, and return before it has started: the first file need not wait for it.

    Where it cannot be started, the first file is told why.
    """
    if reading_confinement().mode != "off":
        threading.Thread(target=_reading.start, name="readers", daemon=True).start()


def check_readers() -> None:
    """Return once files from others can be read as they should be: what reads them runs, or was started.

    Raises
    ------
    ConfinementError
        This machine cannot confine the reading as it should be.
    OSError
        The process cannot be started.
    """
    if reading_confinement().mode != "off":
        _reading.check()


def reading_load() -> tuple[int, int]:
    """Return how many files from others are being read for this process, and how many wait for that."""
    return _reading.busy, _reading.waiting


def _there(path: str | PathLike[str]) -> Path:
    """Return the full path of a file that can be opened; raises OSError where it cannot."""
    full = Path(path).absolute()
    if not full.is_dir():
        full.open("rb").close()
    return full


@contextmanager
def asked(call: str, path: Path, options: Mapping[str, Any]) -> Iterator[tuple[Any, Path]]:
    """Have something done with a file, and yield what it led to, with the folder of what belongs to it."""
    try:
        with temporary_folder() as folder:
            if reading_confinement().mode == "off":
                yield do(call, path, options, folder), folder
                return
            limits = reading_confinement().limits
            parts = [str(part) for part in delivered_parts(path).values()]
            told = {"call": call, "path": str(path), "parts": parts, "options": options, "limits": asdict(limits)}
            freeze_json(told, folder / REQUEST)
            _accept(_reading.run(folder), limits)
            yield _done(thaw_json(folder / ANSWER)), folder
    except UnsoundAnswerError as error:
        raise _about(path, options, unsound(error)) from error
    except RefusedFile as error:
        _about(path, options, error)
        raise


def _about(path: Path, options: Mapping[str, Any], error: RefusedFile) -> RefusedFile:
    """Return a refusal that says what it is about; one that comes from reading says so already."""
    if error.file is None:
        error.file, error.layer = options.get("name") or path.name, options.get("layer")
    return error


def _accept(status: int | None, limits: Limits) -> None:
    """Raise the refusal that follows from how a process has ended; None where it was ended by us."""
    if status is None:
        raise refused("reader_time", limit_s=limits.wall_s)
    if status == -signal.SIGXCPU:
        raise refused("reader_time", limit_s=limits.cpu_s)
    if status == -signal.SIGKILL:
        # by the system, which was short of memory
        raise refused("reader_memory", limit_mb=limits.memory_mb)
    if status < 0:
        raise refused("reader_crashed", signal=signal.Signals(-status).name)
    if status:
        raise refused("reader_failed", reason=str(status))


def _done(answer: Mapping[str, Any]) -> Any:
    """Return what was done, or raise what an answer says instead."""
    match answer:
        case {"done": done}:
            return done
        case {"refused": dict(told)}:
            raise thaw_refusal(told)
        case {"exhausted": "memory"}:
            raise refused("reader_memory", limit_mb=reading_confinement().limits.memory_mb)
        case {"failed": str(told)}:
            _logger.error("A reader has failed:\n%s", told)
            # the place and what it is called, without the paths of this machine
            raise refused("reader_failed", reason=told.strip().rpartition("\n")[2].partition(":")[0])
    raise UnsoundAnswerError


class _Service(NamedTuple):
    """The process that children are forked from, and what it said of itself."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    missing: tuple[str, ...]
    possible: tuple[str, ...]

    def close(self) -> None:
        self.control.close()
        try:
            self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class _Reading:
    """Who reads for this process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._service: _Service | None = None
        self._places = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))
        self._queue = threading.BoundedSemaphore(MOST_WAITING)
        self._counting = threading.Lock()
        self.busy, self.waiting = 0, 0

    def run(self, folder: Path) -> int | None:
        """Have a job done, and return how its process has ended: its exit status or minus a signal; None: by us."""
        with self._place():
            service = self._started()
            try:
                return _run(folder, service)
            except ConnectionError:
                # the service itself was ended, by whomever: once may be bad luck
                self._forget(service)
                return _run(folder, self._started())

    def check(self) -> None:
        """Have the service run: one that was ended is started anew."""
        service = self._started()
        if service.process.poll() is not None:
            self._forget(service)
            self._started()

    def start(self) -> None:
        """Start the service; whoever asks next is told if it cannot be."""
        with suppress(ConfinementError, OSError):
            self._started()

    def close(self) -> None:
        """End the service, if there is one."""
        with self._lock:
            if self._service is not None:
                self._service.close()
                self._service = None

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Have one of the places, at once or after waiting with few others."""
        if not (self._places.acquire(blocking=False) or self._waited()):
            raise cannot_confine("confinement_busy")
        try:
            self._count(busy=1)
            yield
        finally:
            self._count(busy=-1)
            self._places.release()

    def _count(self, *, busy: int = 0, waiting: int = 0) -> None:
        with self._counting:
            self.busy += busy
            self.waiting += waiting

    def _waited(self) -> bool:
        if not self._queue.acquire(blocking=False):
            return False
        try:
            self._count(waiting=1)
            return self._places.acquire(timeout=_PATIENCE_S)
        finally:
            self._count(waiting=-1)
            self._queue.release()

    def _started(self) -> _Service:
        with self._lock:
            if self._service is None:
                self._service = _start()
            service = self._service
        if reading_confinement().mode == "strict":
            if service.missing:
                raise cannot_confine("confinement_missing", layers=", ".join(service.missing))
            if service.possible:
                raise cannot_confine("confinement_leaks", possible=", ".join(service.possible))
        return service

    def _forget(self, service: _Service) -> None:
        with self._lock:
            # another thread may have noticed first
            if self._service is service:
                self.close()


def _run(folder: Path, service: _Service) -> int | None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            socket.send_fds(service.control, [os.fsencode(folder)], [theirs.fileno()])
        ours.settimeout(reading_confinement().limits.wall_s)
        try:
            return _status(ours)
        except TimeoutError:
            ours.shutdown(socket.SHUT_WR)
            ours.settimeout(None)
            _status(ours)
            return None


def _status(ours: socket.socket) -> int:
    told = ours.recv(_MAX_MESSAGE_BYTES)
    if not told:
        raise ConnectionResetError
    return int(told)


def _start() -> _Service:
    """Start the process that readers are forked from, with nothing of this one's."""
    if sys.platform != "linux":
        raise cannot_confine("confinement_missing", layers=sys.platform)
    control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    places = os.pathsep.join(str(Path(place).absolute()) for place in sys.path)
    with theirs:
        process = subprocess.Popen(  # noqa: S603 - this Python and a program of ours
            [sys.executable, "-P", "-c", _PROGRAM, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**environment, **_ADDED, "PYTHONPATH": places},
            cwd="/",
            start_new_session=True,
        )
    control.settimeout(_START_S)
    told = control.recv(_MAX_MESSAGE_BYTES)
    control.settimeout(None)
    if not told:
        control.close()
        raise cannot_confine("confinement_start", status=process.wait())
    said = json.loads(told)
    return _Service(process, control, tuple(said["missing"]), tuple(said["possible"]))


_reading = _Reading()
atexit.register(_reading.close)
