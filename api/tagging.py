"""ETags: of every answer that tells how something stands, by its bytes."""

from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Tagged", "tag_of", "tags_in"]

# what depends on who asks may be kept by who asked, and is asked about each time
_KEPT = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
_GIVEN, _NOT_MODIFIED = 200, 304


class Tagged:
    """Middleware: an ``ETag`` on every JSON that is read and has none, and 304 for who has it already."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        begun: Message | None = None

        async def send_tagged(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start" and _is_told_whole(message):
                begun = message
                return
            if begun is not None:
                start, begun = begun, None
                if not message.get("more_body", False):
                    start, message = _tagged(start, message, Headers(scope=scope).get("if-none-match", ""))
                await send(start)
            await send(message)

        await self.app(scope, receive, send_tagged)


def tag_of(body: bytes) -> str:
    """Return the tag of an answer."""
    return f'"{sha256(body).hexdigest()[:32]}"'


def tags_in(line: str) -> set[str]:
    """Return the tags in a header such as If-Match; weak ones as strong ones, for a proxy that compresses weakens them."""
    return {each.strip().removeprefix("W/") for each in line.split(",")} - {""}


def _is_told_whole(message: Message) -> bool:
    headers = Headers(raw=message["headers"])
    return message["status"] == _GIVEN and "json" in headers.get("content-type", "") and "etag" not in headers


def _tagged(start: Message, message: Message, known: str) -> tuple[Message, Message]:
    """Return an answer's start and body with its tag, or without the body where the tag is known."""
    tag, headers = tag_of(message.get("body", b"")), MutableHeaders(raw=[*start["headers"]])
    headers["ETag"] = tag
    for name, value in _KEPT.items():
        headers.setdefault(name, value)
    if not tags_in(known) & {tag, "*"}:
        return {**start, "headers": headers.raw}, message
    for name in ("content-length", "content-type"):
        del headers[name]
    return {**start, "status": _NOT_MODIFIED, "headers": headers.raw}, {**message, "body": b""}
