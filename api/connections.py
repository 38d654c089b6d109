"""Connections, and the process that listens to them: nobody keeps one open without asking, and none is cut off in the middle."""

import asyncio
from collections.abc import Callable
from socket import socket
from threading import Event
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from workflows.settings import Settings
from workflows.this_process import change_threads_often, keep_what_stands, leave_nothing

__all__ = ["BoundedHttp", "serve_on"]

# a request's line and headers: how long they may take, and how long they may be
_HEAD_S, _HEAD_BYTES = 20.0, 1 << 16
# longer than proxies keep theirs, which else send into a connection that is just being closed
_IDLE_S = 75
# between the last connection that is taken and the first that is closed: what was taken is heard out
_DRAIN_S = 0.3
_BACKLOG = 2048
_TIDY_S = 30


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 by uvicorn, with an end to requests that do not begin: late or endless headers close the connection."""

    _late: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Wait for a request."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take what came; of a head that has not ended yet, not too much."""
        if self._late is None and self._is_between():
            self._await_head()
        self._head_bytes += len(data)
        super().data_received(data)
        if self._late is not None and self._head_bytes > _HEAD_BYTES:
            self._close()

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._heed_head()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._heed_head()
        super().connection_lost(exc)

    def _is_between(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._late = self.loop.call_later(_HEAD_S, self._close)

    def _heed_head(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


class _Server(uvicorn.Server):
    """Listens; told to stop, it takes no new connection, has streams end, and hears out what it has taken."""

    def __init__(self, config: uvicorn.Config, *, stopping: Event, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping, self._tell_started = stopping, started
        self._tidying: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        if self.started:
            keep_what_stands()
            self._tidying = asyncio.create_task(_tidy_often())
            self._tell_started()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Stop."""
        self._stopping.set()
        if self._tidying is not None:
            self._tidying.cancel()
        for server in self.servers:
            server.close()
        # uvicorn closes what has not asked yet, also where the request has come and was not read
        await asyncio.sleep(_DRAIN_S)
        await super().shutdown(sockets)


async def _tidy_often() -> None:
    """Have the memory of requests that are answered given back, for as long as this is not cancelled."""
    while True:
        await asyncio.sleep(_TIDY_S)
        await asyncio.to_thread(leave_nothing)


def serve_on(listening: socket, app: FastAPI, settings: Settings, *, started: Callable[[], None]) -> None:
    """Answer what comes to a socket, until this process is told to stop and all that it has taken is answered."""
    change_threads_often()
    config = uvicorn.Config(
        app,
        http=BoundedHttp,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # whom to believe who calls, the application knows itself
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=settings.stop_s,
    )
    _Server(config, stopping=app.state.stopping, started=started).run(sockets=[listening])
