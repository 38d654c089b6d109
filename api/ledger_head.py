"""The ledger's newest head on every answer: what was answered cannot be taken back unseen."""

import time
from contextlib import suppress
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.observing import PROBES
from workflows.databases import Database
from workflows.failures import DatabaseError, RegistryError
from workflows.ledgers import seal_ledger
from workflows.settings import Settings

__all__ = ["LedgerHead"]

_FRESH_S = 1.0
_READS = {"GET", "HEAD", "OPTIONS"}


class LedgerHead:
    """Middleware: ``Luotu-Ledger: size=…; root=…``, signed before a write is answered, at most a second old with a read."""

    def __init__(self, app: ASGIApp, *, database: Database, settings: Settings) -> None:
        self.app = app
        self.database = database
        self.settings = settings
        self.header = ""
        self.told_at = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return

        async def send_with_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                if scope["method"] not in _READS or time.monotonic() - self.told_at > _FRESH_S:
                    await run_in_threadpool(self._refresh)
                if self.header:
                    MutableHeaders(scope=message)["Luotu-Ledger"] = self.header
            await send(message)

        await self.app(scope, receive, send_with_head)

    def _refresh(self) -> None:
        """Sign and tell the newest head; without a database, or one that was tampered with, there is none to tell."""
        head: Any = None
        with suppress(DatabaseError, RegistryError):
            head = seal_ledger(self.database, self.settings)
        self.header = "" if head is None else f"size={head.size}; root={head.root.hex()}"
        self.told_at = time.monotonic()
