"""What a route asks for: the settings, the database, and who is calling."""

from base64 import b64decode
from typing import Annotated

import orjson
from fastapi import Depends, Header, Query, Request
from starlette.concurrency import run_in_threadpool

from api.forwarding import is_here
from workflows.code_answers import Asker
from workflows.databases import Database
from workflows.failures import UnfitValueError
from workflows.principals import Principal, find_principal
from workflows.rights import seen_by
from workflows.settings import Settings
from workflows.tokens import TokenVerifier, looks_like_token
from workflows.upload_files import Language

__all__ = [
    "Asking",
    "AskingOpenly",
    "Configured",
    "OnceKey",
    "Spoken",
    "Stored",
    "asker_of",
    "asker_on_loop",
    "refuse_unfit",
]


async def refuse_unfit(request: Request) -> None:
    """Refuse a body of JSON that no answer could say again: half characters, numbers beyond 64 bits, 255 levels and more."""
    if request.method in {"GET", "HEAD"} or "json" not in request.headers.get("content-type", "json"):
        return
    try:
        said = await request.json()
    except ValueError:
        return  # no JSON at all: the route says so, or takes none
    try:
        orjson.dumps(said)
    except TypeError as error:
        raise UnfitValueError from error


def asker_of(request: Request, *, openly: bool = False) -> Asker:
    """Return the key or token that a caller shows, and who one without may be: the local office, and openly the public.

    Raises
    ------
    BadTokenError, KeysUnreachableError
        It is a token that does not count, or nobody can tell whether it does.
    """
    settings: Settings = request.app.state.settings
    authorization = request.headers.get("authorization")
    key = _shown(authorization) if authorization else None
    verifier: TokenVerifier | None = request.app.state.tokens
    token = verifier.verify(key) if verifier is not None and key is not None and looks_like_token(key) else None
    return Asker(key, settings.local_principal and is_here(request), openly and settings.public, token)


async def asker_on_loop(request: Request, *, openly: bool = False) -> Asker:
    """Return what `asker_of` does, on the event loop: a thread looks whether a token counts, for its keys may have to be fetched."""
    if request.app.state.tokens is not None and looks_like_token(_shown(request.headers.get("authorization", ""))):
        return await run_in_threadpool(asker_of, request, openly=openly)
    return asker_of(request, openly=openly)


def settings_of(request: Request) -> Settings:
    """Return the application's settings."""
    settings: Settings = request.app.state.settings
    return settings


def database_of(request: Request) -> Database:
    """Return the application's database as whoever calls sees it: without any office's own until it is known who that is."""
    return seen_by(request.app.state.database, lambda: getattr(request.state, "principal", None))


Configured = Annotated[Settings, Depends(settings_of)]
Stored = Annotated[Database, Depends(database_of)]


def language_of(
    settings: Configured,
    accepted: Annotated[
        str, Header(alias="Accept-Language", description="Chinese or English, of what a file says")
    ] = "",
    language: Annotated[
        Language | None, Query(description="The same, where a link is followed: it counts before the header")
    ] = None,
) -> Language:
    """Return the language that a caller reads: what a link says, else what is asked for first, else the installation's, else zh."""
    if language is not None:
        return language
    weighed = []
    for said in accepted.lower().split(","):
        name, _, weight = said.strip().partition(";q=")
        tongue = name.partition("-")[0]
        if tongue in {"zh", "en"}:
            weighed.append((_number(weight, 1.0), tongue))
    first = max(weighed, key=lambda each: each[0], default=(0.0, ""))
    if first[0] > 0:
        return "en" if first[1] == "en" else "zh"
    return settings.language or "zh"


def principal_of(request: Request, database: Stored) -> Principal:
    """Return who is calling: by the key in ``Authorization: Bearer``, or because the caller is on this machine."""
    request.state.principal = found = find_principal(database, **asker_of(request)._asdict())
    return found


def anyone_of(request: Request, database: Stored) -> Principal:
    """Return who is calling as `principal_of`, or the public, where the installation serves it."""
    request.state.principal = found = find_principal(database, **asker_of(request, openly=True)._asdict())
    return found


Asking = Annotated[Principal, Depends(principal_of)]
AskingOpenly = Annotated[Principal, Depends(anyone_of)]
Spoken = Annotated[Language, Depends(language_of)]
OnceKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="The client's own key: the same request again with the same key has the same answer, and happens once",
    ),
]


def _shown(authorization: str) -> str:
    """Return what is shown under the scheme Bearer, or as the password under Basic; all of it under another, which nobody knows."""
    scheme, _, shown = authorization.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return shown.strip()
        # the one way that older programs have, QGIS before 3.24 among them
        case "basic":
            return _password(shown) or authorization
    return authorization


def _password(shown: str) -> str:
    """Return the password of what is shown under the scheme Basic; nothing where it is not written as it should be."""
    try:
        return b64decode(shown, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _number(text: str, default: float) -> float:
    try:
        return float(text)
    except ValueError:
        return default
