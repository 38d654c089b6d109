"""Preconditions: a change of what the client saw, and of nothing that has become another since (RFC 9110, If-Match)."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from starlette.types import Message, Scope

from api.dependencies import Asking, Stored
from api.tagging import Tagged, tags_in
from workflows.errors import ChangedSinceError, UnseenStateError
from workflows.idempotency import in_turn, was_answered

__all__ = ["unchanged"]

_GIVEN = 200
# what routing has put into a scope on the way to the route that changes something
_OF_ROUTE = {"path_params", "endpoint", "route", "fastapi", "fastapi_inner_astack", "fastapi_function_astack"}
_OF_CHANGES = {b"content-length", b"content-type", b"transfer-encoding", b"if-match", b"if-none-match"}
_MATCH = "The ETag of what is changed, as it was read: 412 where it has become another; * where it has only to be there"
_NONE_MATCH = "*: 412 where there is something already"
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=1_000, description=_MATCH)]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=1_000, description=_NONE_MATCH)]


def unchanged(resource: str, *, is_demanded: bool = False) -> Any:
    """Return the dependency of a route that changes something: what ``GET`` of it tells is as the client says that it saw it.

    Of several who saw the same state and change it at once, one does, and the others are refused.

    Parameters
    ----------
    resource
        The path at which it is read, with the parameters of the route.
    is_demanded
        Whether the client has to say what it saw, where there is something: for routes that replace it.
    """

    async def check(
        request: Request,
        principal: Asking,
        database: Stored,
        expected: IfMatch = None,
        absent: IfNoneMatch = None,
    ) -> AsyncIterator[None]:
        said, key = _Said(expected, absent, is_demanded), request.headers.get("idempotency-key")
        async with AsyncExitStack() as turn:
            # a request that was answered is answered the same again, whatever has become of it since
            if said.says_something() and not await run_in_threadpool(was_answered, database, principal, key):
                tag = await _look(request, resource)
                # what there is not, the route refuses, unless it makes it
                if tag is not None or request.method == "PUT":
                    said.check(tag)
                if tag is not None:
                    await turn.enter_async_context(contextmanager_in_threadpool(in_turn(database, tag)))
                    said.check(await _look(request, resource))
            yield

    # what is changed is changed before the turn ends
    return Depends(check, scope="function")


@dataclass(frozen=True, slots=True)
class _Said:
    """What a request says of the state that it changes, and whether it has to say so."""

    expected: str | None
    absent: str | None
    is_demanded: bool

    def says_something(self) -> bool:
        """Tell whether there is something to look at."""
        return self.is_demanded or self.expected is not None or self.absent is not None

    def check(self, tag: str | None) -> None:
        """Refuse the change of what has this tag now; None where there is nothing.

        Raises
        ------
        ChangedSinceError
            It is not what the client expects.
        UnseenStateError
            The client does not say what it expects, and has to.
        """
        here = set() if tag is None else {tag, "*"}
        if self.expected is not None and not tags_in(self.expected) & here:
            raise ChangedSinceError
        if self.absent is not None and tags_in(self.absent) & here:
            raise ChangedSinceError
        if self.is_demanded and here and self.expected is None and self.absent is None:
            raise UnseenStateError


async def _look(request: Request, resource: str) -> str | None:
    """Return the tag of what the caller is told at a path at this moment; None where that is nothing."""
    tags: list[str] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        if message.get("status") == _GIVEN:
            tags.extend(value.decode() for name, value in message["headers"] if name == b"etag")

    await Tagged(request.app.router)(_reading(request, resource), receive, send)
    return tags[0] if tags else None


def _reading(request: Request, resource: str) -> Scope:
    """Return the request to read a path, by whoever makes another."""
    path = f"{request.scope.get('root_path', '')}{resource.format(**request.path_params)}"
    scope = {name: value for name, value in request.scope.items() if name not in _OF_ROUTE}
    headers = [(name, value) for name, value in request.scope["headers"] if name not in _OF_CHANGES]
    asked = {"method": "GET", "path": path, "query_string": b"", "headers": headers}
    return {**scope, **asked, "state": dict(request.scope["state"])}
