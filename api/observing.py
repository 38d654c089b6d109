"""Every request seen once: its id, its line in the log, and its part in the figures."""

import logging
import re
import time
from random import getrandbits
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import IN_FLIGHT, REQUESTS, SECONDS
from workflows.logs import REQUEST_ID

__all__ = ["ALIVE", "PROBES", "Observed", "is_stream"]

ALIVE = "/healthz"
PROBES = frozenset({ALIVE, "/readyz", "/metrics"})
"""What machines ask every few seconds: not logged, and told no ledger head."""

_SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# whoever asked has gone before there was an answer; no status of HTTP's own
_GONE = 499
_FAILED = 500
_logger = logging.getLogger("luotu.access")


class Observed:
    """Middleware, the outermost: ``X-Request-Id`` on every answer, a line for it in the log, its time in the metrics.

    A sane id that comes with the request is kept: a proxy's log and ours then tell of the same one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        identity = _identity(scope)
        REQUEST_ID.set(identity)
        seen = _Seen()

        async def send_observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"x-request-id", identity.encode())]
                seen.status, seen.is_stream = message["status"], is_stream(message)
            else:
                seen.size += len(message.get("body", b""))
            await send(message)

        IN_FLIGHT.inc()
        try:
            await self.app(scope, receive, send_observed)
        except Exception:
            seen.status = _FAILED
            _logger.exception("failed", extra={"method": scope["method"], "route": _template(scope)})
            raise
        finally:
            IN_FLIGHT.dec()
            if scope["path"] not in PROBES:
                _tell(scope, seen)


class _Seen:
    """What was seen of an answer."""

    __slots__ = ("is_stream", "size", "start", "status")

    def __init__(self) -> None:
        self.status, self.size, self.is_stream, self.start = _GONE, 0, False, time.perf_counter()


def is_stream(message: Message) -> bool:
    """Tell whether an answer that starts is a stream of events, which lasts as long as its reader likes."""
    return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in message["headers"])


def _tell(scope: Scope, seen: _Seen) -> None:
    taken_s = time.perf_counter() - seen.start
    route, method = _template(scope), scope["method"]
    counted = method if method in _METHODS else "other"
    REQUESTS.labels(route, counted, str(seen.status)).inc()
    if not seen.is_stream:
        SECONDS.labels(route, counted).observe(taken_s)
    level = logging.WARNING if seen.status >= _FAILED else logging.INFO
    if not _logger.isEnabledFor(level):
        return
    principal, client = scope["state"].get("principal"), scope.get("client")
    told = {"method": method, "route": route, "status": seen.status, "ms": round(taken_s * 1000, 1), "bytes": seen.size}
    if principal is not None:
        told |= {"office": principal.office_id, "role": principal.role}
    _logger.log(level, "request", extra={**told, "client": client[0] if client else None})


def _template(scope: Scope) -> str:
    """Return the route that a request was for, as it is written in the documentation: never its path, of which there is no end."""
    context = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(context, "path_format", None) or getattr(scope.get("route"), "path", None)
    if path is not None:
        return str(path)
    return "page" if "endpoint" in scope else "none"


def _identity(scope: Scope) -> str:
    state: dict[str, Any] = scope.setdefault("state", {})
    said = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    state["request_id"] = identity = said if _SANE.fullmatch(said) else _new_identity()
    return identity


def _new_identity() -> str:
    """Return an id that no other request has. It is no secret: the system's own randomness would let other threads go first."""
    return f"{getrandbits(128):032x}"
