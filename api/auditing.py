"""Refusals and restricted reads on record, whatever route they are of."""

import re
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem, problem_kind
from geocode import Text
from workflows.auditing import Audit, Entry
from workflows.errors import HiddenError
from workflows.failures import DatabaseError
from workflows.noting import Noted, noting

__all__ = ["Auditing"]

_OUTCOMES = {401: "unknown", 403: "forbidden"}
_HIDDEN = 404
_FAILED = 400
# a number, a UUID, a hash, a building's code, a layer's code: what else a path may hold could be about a person
_PLACES = re.compile(
    r"[0-9]{1,9}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}|[0-9A-Z]{5}-?[0-9A-Z]{5}-?[0-9A-Z]{3}|[A-Z]{2}[0-9]{4}",
    re.ASCII,
)
# a map is many tiles, and one place
_OF_TILES = {"z", "x", "y", "matrix_set", "level", "row", "column"}


class Auditing:
    """Middleware: what was refused is on record, and what is restricted is told only once that it is told is on record."""

    def __init__(self, app: ASGIApp, *, audit: Audit) -> None:
        self.app = app
        self.audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # what the errors' handlers and the routes tell of the request
        scope.setdefault("state", {})
        is_cut = False

        async def send_recorded(message: Message) -> None:
            nonlocal is_cut
            if message["type"] == "http.response.start":
                try:
                    await self._record(scope, message["status"], read)
                except DatabaseError:
                    is_cut = True
                    await _unrecorded()(scope, receive, send)
            if not is_cut:
                await send(message)

        with noting() as read:
            await self.app(scope, receive, send_recorded)
            if read:
                # what was read while the answer was on its way
                await self._record(scope, 200, read)

    async def _record(self, scope: Scope, status: int, read: list[Noted]) -> None:
        refusal = _refusal(scope, status)
        if refusal is not None:
            await run_in_threadpool(self.audit.refused, refusal, place=_place(scope))
        elif read and status < _FAILED:
            told, route, place = list(read), _route(scope), _place(scope)
            read.clear()
            await run_in_threadpool(self.audit.read, told, route=route, place=place)


def _refusal(scope: Scope, status: int) -> Entry | None:
    error = scope["state"].get("refusal")
    outcome: Any = "hidden" if status == _HIDDEN and isinstance(error, HiddenError) else _OUTCOMES.get(status)
    if outcome is None:
        return None
    principal = getattr(error, "principal", None) or scope["state"].get("principal")
    reason = None if error is None else problem_kind(error)
    return Entry(principal, getattr(error, "action", None), _route(scope), outcome, reason)


def _route(scope: Scope) -> str:
    """Return a request's method and template: never what stood in its place, nor what was asked."""
    path = getattr(scope.get("route"), "path", None)
    return f"{scope['method']} {path}" if path else "…"


def _place(scope: Scope) -> str | None:
    """Return what a path says of places, but for what may be a name."""
    told = {name: str(value) for name, value in scope.get("path_params", {}).items() if name not in _OF_TILES}
    return " ".join(f"{name}={value}" for name, value in told.items() if _PLACES.fullmatch(value)) or None


def _unrecorded() -> JSONResponse:
    text = Text(
        "此项查阅目前无法记录在案,因此不予答复。", "This cannot be put on record now, and without that it is not told."
    )
    return problem(503, "unrecorded", text, Text("请稍后重试。", "Try again later."))
