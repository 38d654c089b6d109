"""`luotu serve`: the page and the API."""

import os
import signal
import sys
import threading
from multiprocessing import get_context, parent_process
from typing import Annotated

import typer

from cli.console import answering, notes, settings
from geocode import Text
from workflows.databases import start_database
from workflows.settings import Settings

__all__ = ["serve"]


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on")] = None,
    *,
    worker: Annotated[bool, typer.Option(help="Run jobs as well, in a process beside")] = True,
) -> None:
    """Serve the page and the API, with a worker for jobs; starts the private PostGIS if need be."""
    # the server takes half a second to load, and no other command needs it
    import uvicorn  # noqa: PLC0415

    from api.app import create_app  # noqa: PLC0415

    with answering():
        chosen = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
        configured = settings().model_copy(update=chosen)
        start_database(configured)
        # told to stop is stopped well: uvicorn gives the signal back once it has closed its connections
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        if worker:
            get_context("spawn").Process(target=_work_beside, args=(configured,), daemon=True).start()
        address = f"http://{configured.host}:{configured.port}"
        notes([Text(f"页面与接口:{address} (Ctrl+C 停止)", f"Page and API: {address} (Ctrl+C stops them)")])
        uvicorn.run(
            create_app(configured),
            host=configured.host,
            port=configured.port,
            log_level="warning",
            server_header=False,
            # who follows a job keeps a connection open
            timeout_graceful_shutdown=10,
        )


def _work_beside(configured: Settings) -> None:
    """Run jobs for as long as the server lives, however it ends."""
    from workflows.jobs import work  # noqa: PLC0415 - as above

    def follow() -> None:
        server = parent_process()
        if server is not None:
            server.join()
        os._exit(0)

    # Ctrl+C reaches both: the server's end is this one's
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=follow, daemon=True).start()
    work(configured)
