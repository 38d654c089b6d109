"""What a route asks for: the settings, the database, and who is calling."""

from ipaddress import ip_address
from typing import Annotated

import orjson
from fastapi import Depends, Header, Query, Request

from workflows.code_answers import Asker
from workflows.databases import Database
from workflows.failures import UnfitValueError
from workflows.principals import Principal, find_principal
from workflows.settings import Settings
from workflows.upload_files import Language

__all__ = ["Asking", "AskingOpenly", "Configured", "OnceKey", "Spoken", "Stored", "asker_of", "refuse_unfit"]


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
    """Return the key that a caller shows, and who one without a key may be: the local office, and openly the public."""
    settings: Settings = request.app.state.settings
    authorization = request.headers.get("authorization")
    key = authorization.removeprefix("Bearer ").strip() if authorization else None
    client = request.client.host if request.client else ""
    return Asker(key, settings.local_principal and _is_loopback(client), openly and settings.public)


def settings_of(request: Request) -> Settings:
    """Return the application's settings."""
    settings: Settings = request.app.state.settings
    return settings


def database_of(request: Request) -> Database:
    """Return the application's database."""
    database: Database = request.app.state.database
    return database


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


def principal_of(
    request: Request, database: Stored, _authorization: Annotated[str | None, Header(alias="authorization")] = None
) -> Principal:
    """Return who is calling: by the key in ``Authorization: Bearer``, or because the caller is on this machine."""
    return find_principal(database, **asker_of(request)._asdict())


def anyone_of(
    request: Request, database: Stored, _authorization: Annotated[str | None, Header(alias="authorization")] = None
) -> Principal:
    """Return who is calling as `principal_of`, or the public, where the installation serves it."""
    return find_principal(database, **asker_of(request, openly=True)._asdict())


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


def _number(text: str, default: float) -> float:
    try:
        return float(text)
    except ValueError:
        return default


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
