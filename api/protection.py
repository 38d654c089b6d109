"""Headers that keep the page to itself, and limits on what comes in, and on how slowly."""

import asyncio
import time

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem
from geocode import Text

__all__ = ["Protection"]

_JSON_LIMIT_BYTES = 1_000_000
_FORM_BYTES = 100_000
_WITH_DOCUMENTS = ("/documents", "/certificates/verification")
_ADDRESS_BYTES, _HEADER_BYTES, _HEADER_LINES = 16_384, 32_768, 100
# a body: how long nothing of it may come, and how much at least, on the whole, after that time
_SILENT_S, _LEAST_BYTES_PER_S = 30.0, 2_000
# names as they go over the wire: in small letters
_HEADERS = (
    (
        b"content-security-policy",
        (
            b"default-src 'self'; script-src 'self'; worker-src 'self' blob:; img-src 'self' data: blob:; "
            b"connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Protection:
    """Middleware: security headers on every answer, writes from our own page only, nothing longer or slower than allowed."""

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
        refusal = _refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        limit = self._limit_bytes(scope["path"], headers)

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in _HEADERS if each[0] not in said)]
            await send(message)

        await self.app(scope, _counted(receive, limit), send_protected)

    def _limit_bytes(self, path: str, headers: Headers) -> int:
        if "json" in headers.get("content-type", ""):
            return _JSON_LIMIT_BYTES
        return self.document_limit_bytes if path.endswith(_WITH_DOCUMENTS) else self.body_limit_bytes


def _refusal(scope: Scope, headers: Headers) -> Response | None:
    """Return why a request is not looked at at all, None where it is."""
    if scope["method"] not in {"GET", "HEAD", "OPTIONS"} and _is_foreign(headers):
        text = Text("请求来自其他网站的网页。", "This request comes from another site's page.")
        return problem(403, "foreign_origin", text, Text("从本系统的网页操作。", "Use this system's own page."))
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > _ADDRESS_BYTES:
        text = Text(f"网址超过 {_ADDRESS_BYTES} 字节。", f"The address is longer than {_ADDRESS_BYTES} bytes.")
        return problem(414, "long_address", text, Text("缩短查询。", "Ask for less in one request."))
    lines = scope["headers"]
    if len(lines) > _HEADER_LINES or sum(len(name) + len(value) for name, value in lines) > _HEADER_BYTES:
        text = Text(
            "请求头过多或过长。", f"The headers are more than {_HEADER_LINES}, or longer than {_HEADER_BYTES} bytes."
        )
        return problem(431, "long_headers", text, Text("减少请求头。", "Send fewer of them."))
    return None


def _is_foreign(headers: Headers) -> bool:
    """Tell whether a browser says that another site's page sent the request."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
    return origin.split("://", 1)[-1] != headers.get("host")


def _counted(receive: Receive, limit: int) -> Receive:
    """Return a receiver that refuses to go on beyond the limit, whatever length was announced, or where next to nothing comes."""
    total, began, is_whole = 0, time.monotonic(), False

    async def counted() -> Message:
        nonlocal total, is_whole
        if is_whole:  # what comes now, whenever it comes, is that the caller has gone
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), _SILENT_S)
        except TimeoutError:
            raise _too_slow() from None
        total += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        if total > limit:
            raise HTTPException(413, f"The body is longer than {limit // 1_000_000} MB.")
        if not is_whole and total < (time.monotonic() - began - _SILENT_S) * _LEAST_BYTES_PER_S:
            raise _too_slow()
        return message

    return counted


def _too_slow() -> HTTPException:
    # what is left of the body is not waited for
    return HTTPException(408, "The body comes too slowly.", headers={"Connection": "close"})
