"""The process from which readers are forked: it imports the libraries once, opens no file itself and holds no secret.

It is started afresh, so that it has none of the server's connections, memory or environment. For each file it forks one
child, which gives up its rights (:mod:`layers.confined.confinement`), reads, leaves its answer in the job's folder and ends. Who
waits for the child hangs up to have it killed.
"""

import gc
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from layers.confined.confinement import Limits, confine, libraries, missing_layers, probe
from layers.confined.frozen import freeze_json, freeze_refusal, thaw_json
from layers.confined.keeping import keep_delivery
from layers.entries import FoundLayer
from layers.errors import RefusedFile
from layers.formats import Format
from layers.readers import reader_of
from layers.reading import list_layers
from layers.sheets import Sheet, read_sheet

__all__ = ["ANSWER", "REQUEST", "do", "serve"]

REQUEST, ANSWER = "request.json", "answer.json"
_MAX_MESSAGE_BYTES = 1 << 12
_OWN = '{"type": "Feature", "properties": {"a": 1, "b": "c"}, "geometry": {"type": "Point", "coordinates": [120, 31]}}'
_MANY_OBJECTS = 1_000_000
_PROBE_LIMITS = Limits(memory_mb=256, cpu_s=10)


def serve(control: socket.socket) -> None:
    """Tell what a child can and cannot do here, then fork one for each job until whoever asks is gone.

    A job is the path of its folder, with the socket on which the child's exit status is told.
    """
    libraries()
    control.sendall(json.dumps({"missing": missing_layers(), "possible": _find_leaks()}).encode())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    _warm_up()
    service = _Service(control)
    # the slower libraries are loaded while nobody waits
    unloaded = [*Format, "layers.raster_cells"]
    while service.answer(wait=not unloaded):
        if unloaded:
            with suppress(KeyError):
                _load(unloaded.pop(0))
            gc.freeze()


def _load(what: Format | str) -> None:
    if isinstance(what, Format):
        reader_of(what)
    else:
        import_module(what)


def _warm_up() -> None:
    """Read a file of our own, so that what is loaded and opened with the first is not so in every child."""
    with tempfile.TemporaryDirectory(prefix="luotu-") as folder:
        path = Path(folder) / "own.geojson"
        path.write_text(_OWN, encoding="ascii")
        freeze_json(keep_delivery(path, path.parent, crs="EPSG:4490"), path.with_name(ANSWER))


class _Service:
    """The children that read, each with the socket of whoever waits for it."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._waiting: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._ended, wake = socket.socketpair()
        wake.setblocking(False)
        self._own: list[Any] = [control, self._ended, wake, self._selector]
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno())
        for each in (control, self._ended):
            self._selector.register(each, selectors.EVENT_READ)

    def answer(self, *, wait: bool) -> bool:
        """Do what is asked for now; return whether anyone is there to ask."""
        for key, _ in self._selector.select(None if wait else 0):
            if key.fileobj is self._control:
                if not self._start():
                    return False
            elif key.fileobj is self._ended:
                self._ended.recv(_MAX_MESSAGE_BYTES)
                self._reap()
            else:
                self._selector.unregister(key.fileobj)
                os.kill(key.data, signal.SIGKILL)
        return True

    def _start(self) -> bool:
        folder, descriptors, _, _ = socket.recv_fds(self._control, _MAX_MESSAGE_BYTES, 1)
        if not folder:
            for pid in self._waiting:
                os.kill(pid, signal.SIGKILL)
            return False
        listener = socket.socket(fileno=descriptors[0])
        pid = os.fork()
        if not pid:
            self._leave(listener)
            _work(Path(os.fsdecode(folder)))
        self._waiting[pid] = listener
        self._selector.register(listener, selectors.EVENT_READ, pid)
        return True

    def _leave(self, listener: socket.socket) -> None:
        """Close, in the child, what is the service's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in (*self._own, *self._waiting.values(), listener):
            each.close()

    def _reap(self) -> None:
        for pid, listener in list(self._waiting.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del self._waiting[pid]
                with suppress(KeyError):
                    self._selector.unregister(listener)
                with listener, suppress(OSError):
                    listener.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _work(folder: Path) -> None:
    """Read as a confined child, leave the answer in the job's folder, and end."""
    answer = folder / ANSWER
    # what is read is kept: to look for garbage among it takes as long as reading
    gc.set_threshold(_MANY_OBJECTS)
    try:
        try:
            freeze_json({"done": _do(folder)}, answer)
        except RefusedFile as error:
            freeze_json({"refused": freeze_refusal(error)}, answer)
        except MemoryError:
            freeze_json({"exhausted": "memory"}, answer)
        except BaseException:  # noqa: BLE001 - told to whoever asked, for the log; a panic of Rust's is no Exception
            freeze_json({"failed": traceback.format_exc()}, answer)
    finally:
        os._exit(0)


def _do(folder: Path) -> Any:
    """Give up this process's rights, and do what is asked for."""
    request = thaw_json(folder / REQUEST)
    path, parts = Path(request["path"]), [Path(part) for part in request["parts"]]
    # the file has not been opened up to here
    confine(parts, workspace=folder, limits=Limits(**request["limits"]), without=missing_layers())
    tempfile.tempdir = str(folder)
    return do(request["call"], path, request["options"], folder)


def do(call: str, path: Path, options: Mapping[str, Any], folder: Path) -> Any:
    """Do what is asked for with a file, and return what it led to; what belongs to it is left in a folder."""
    return _CALLS[call](path, options, folder)


def _read(path: Path, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return keep_delivery(path, folder, **options)


def _list(path: Path, options: Mapping[str, Any], _folder: Path) -> list[FoundLayer]:
    return [FoundLayer(entry.name, entry.geometry, entry.rows) for entry in list_layers(path, **options)]


def _read_sheet(path: Path, options: Mapping[str, Any], _folder: Path) -> Sheet:
    return read_sheet(path, **options)


def _read_raster(path: Path, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    from layers.raster_cells import write_cells  # noqa: PLC0415 - another copy of GDAL, which vectors have no need of
    from layers.rasters import open_raster  # noqa: PLC0415

    open_raster(path, **options)
    return asdict(write_cells(path, folder))


def _read_records(path: Path, options: Mapping[str, Any], _folder: Path) -> Mapping[str, Any]:
    from layers.records import read_records  # noqa: PLC0415 - GDAL takes most of a second to load

    return read_records(path, **options)


_CALLS: Mapping[str, Callable[[Path, Mapping[str, Any], Path], Any]] = {
    "delivery": _read,
    "raster": _read_raster,
    "records": _read_records,
    "layers": _list,
    "sheet": _read_sheet,
}


def _find_leaks() -> list[str]:
    """Return what a child of this process can do after it was confined, and must not."""
    with tempfile.TemporaryDirectory(prefix="luotu-") as folder:
        canary, workspace = Path(folder) / "canary", Path(folder) / "job"
        canary.write_bytes(b"canary")
        workspace.mkdir()
        told = Path(folder) / "told"
        with told.open("wb", buffering=0) as file:
            pid = os.fork()
            if not pid:
                _tell_leaks(file.fileno(), canary, workspace)
            os.waitpid(pid, 0)
        return json.loads(told.read_bytes() or b'["run a program"]')  # type: ignore[no-any-return]


def _tell_leaks(file: int, canary: Path, workspace: Path) -> None:
    try:
        confine([], workspace=workspace, limits=_PROBE_LIMITS, without=missing_layers())
        os.write(file, json.dumps(probe(canary, workspace, _PROBE_LIMITS)).encode())
    finally:
        os._exit(0)
