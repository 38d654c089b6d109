"""`luotu serve`: the page and the API, by as many processes as wanted, and a worker for jobs."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from cli.console import answering, notes, settings
from cli.supervising import CANNOT_START, Post, follow_parent, supervise
from geocode import Text
from workflows.databases import start_database
from workflows.errors import RefusedOptionError
from workflows.logs import start_logs
from workflows.running import fit_connections
from workflows.settings import Settings

__all__ = ["serve"]

_FIRST_PASSED_FD = 3
_BACKLOG = 2048
# one part of the heap for each of many threads keeps what others could use: with two, a server takes a tenth less
_ARENAS = "2"
_logger = logging.getLogger("luotu.serving")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="How many processes answer")] = None,
    *,
    worker: Annotated[bool, typer.Option(help="Run jobs as well, in a process beside")] = True,
) -> None:
    """Serve the page and the API, with a worker for jobs; starts the private PostGIS if need be.

    SIGTERM and Ctrl+C stop it when what it has begun to answer is answered; SIGHUP puts new processes in the place of the old.
    """
    with answering():
        chosen = {"host": host, "port": port, "workers": workers}
        configured = settings().model_copy(update={name: value for name, value in chosen.items() if value is not None})
        configured = _without_local_office(configured)
        start_database(configured)
        fitting = fit_connections(configured, configured.workers)
        configured = configured.model_copy(update={"connections": fitting})
        listening = _listen(configured)
        address = f"http://{configured.host}:{listening.getsockname()[1]}"
        notes([Text(f"页面与接口:{address} (Ctrl+C 停止)", f"Page and API: {address} (Ctrl+C stops them)")])
    start_logs(configured)
    # processes count into files of a folder, so that any of them can tell of all
    with TemporaryDirectory(prefix="luotu-metrics-") as counted:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counted
        os.environ.setdefault("MALLOC_ARENA_MAX", _ARENAS)
        posts = [
            Post(f"server {number}", _serve, (configured, listening), replaces=True)
            for number in range(1, configured.workers + 1)
        ]
        if worker:
            posts.append(Post("worker", _work, (configured,)))
        code = supervise(posts, stop_s=configured.stop_s, ended=_count_no_more)
    sys.exit(code)


def _without_local_office(configured: Settings) -> Settings:
    """Return the settings without the local office where others reach the service through a proxy, unless it is asked for."""
    is_reached = bool(configured.public_url or configured.trusted_proxies)
    if not (is_reached and configured.local_principal) or "local_principal" in configured.model_fields_set:
        return configured
    notes(
        [
            Text(
                "经代理对外提供服务:没有密钥的本机请求不作为本机单位(LUOTU_LOCAL_PRINCIPAL)。",
                "Reached through a proxy: a caller without a key is not the local office (LUOTU_LOCAL_PRINCIPAL).",
            )
        ]
    )
    return configured.model_copy(update={"local_principal": False})


def _listen(configured: Settings) -> socket.socket:
    """Return the socket that systemd has opened for this process, or a new one."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        return socket.socket(fileno=_FIRST_PASSED_FD)
    family = socket.AF_INET6 if ":" in configured.host else socket.AF_INET
    try:
        return socket.create_server((configured.host, configured.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        place, reason = f"{configured.host}:{configured.port}", error.strerror or str(error)
        raise RefusedOptionError(
            Text(f"无法在 {place} 监听:{reason}。", f"Nobody can listen on {place}: {reason}."),
            Text(
                "用 --host、--port 另选,或停止占用它的程序。", "Choose another by --host and --port, or stop what does."
            ),
        ) from error


def _serve(told: Connection, configured: Settings, listening: socket.socket) -> None:
    """Answer requests until told to stop."""
    from api.app import create_app  # noqa: PLC0415 - the server takes a second to load, and nothing else here needs it
    from api.connections import serve_on  # noqa: PLC0415

    with _beginning(configured):
        app = create_app(configured)
    serve_on(listening, app, configured, started=lambda: told.send(True))


def _work(told: Connection, configured: Settings) -> None:
    """Run jobs until told to stop, which is at once: the database undoes what was begun, and the next worker begins it again."""
    from workflows.jobs import work  # noqa: PLC0415 - as above

    with _beginning(configured):
        told.send(True)
    work(configured)


@contextmanager
def _beginning(configured: Settings) -> Iterator[None]:
    """Begin one of the processes: it ends with the first one, logs as set, and says why where it cannot begin."""
    follow_parent()
    # Ctrl+C reaches all: who started this process tells it to stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start_logs(configured)
    try:
        yield
    except Exception:
        _logger.exception("a process cannot begin")
        sys.exit(CANNOT_START)


def _count_no_more(pid: int) -> None:
    """Take what a process that has ended had in use out of the figures; what it has counted stays."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - after the folder is named

    mark_process_dead(pid)  # type: ignore[no-untyped-call]
