"""Headers that keep the page to itself, and limits on what comes in."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Protection"]

_JSON_LIMIT_BYTES = 1_000_000
_FORM_BYTES = 100_000
_WITH_DOCUMENTS = ("/documents", "/certificates/verification")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; worker-src 'self' blob:; img-src 'self' data: blob:; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Protection:
    """Middleware: security headers on every answer, writes from our own page only, bodies no longer than allowed."""

    def __init__(self, app: ASGIApp, *, body_limit_bytes: int, document_limit_bytes: int) -> None:
        self.app = app
        self.body_limit_bytes = body_limit_bytes
        # the form around the document adds some lines
        self.document_limit_bytes = min(body_limit_bytes, document_limit_bytes + _FORM_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] not in {"GET", "HEAD", "OPTIONS"} and _is_foreign(headers):
            await _problem(403, "foreign_origin", "This request comes from another site's page.")(scope, receive, send)
            return
        limit = self._limit_bytes(scope["path"], headers)

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    answer.setdefault(name, value)
            await send(message)

        await self.app(scope, _counted(receive, limit), send_protected)

    def _limit_bytes(self, path: str, headers: Headers) -> int:
        if "json" in headers.get("content-type", ""):
            return _JSON_LIMIT_BYTES
        return self.document_limit_bytes if path.endswith(_WITH_DOCUMENTS) else self.body_limit_bytes


def _is_foreign(headers: Headers) -> bool:
    """Tell whether a browser says that another site's page sent the request."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
    return origin.split("://", 1)[-1] != headers.get("host")


def _counted(receive: Receive, limit: int) -> Receive:
    """Return a receiver that refuses to go on beyond the limit, whatever length was announced."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise HTTPException(413, f"The body is longer than {limit // 1_000_000} MB.")
        return message

    return counted


def _problem(status: int, kind: str, detail: str) -> JSONResponse:
    body = {"type": f"/problems/{kind}", "title": detail, "status": status, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")
