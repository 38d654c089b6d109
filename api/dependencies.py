"""What a route asks for: the settings, the database, and who is calling."""

from ipaddress import ip_address
from typing import Annotated

from fastapi import Depends, Header, Request

from workflows.databases import Database
from workflows.principals import Principal, find_principal
from workflows.settings import Settings

__all__ = ["Asking", "Configured", "Stored"]


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


def principal_of(
    request: Request, settings: Configured, database: Stored, authorization: Annotated[str | None, Header()] = None
) -> Principal:
    """Return who is calling: by the key in ``Authorization: Bearer``, or because the caller is on this machine."""
    key = authorization.removeprefix("Bearer ").strip() if authorization else None
    client = request.client.host if request.client else ""
    return find_principal(database, key=key, local=settings.local_principal and _is_loopback(client))


Asking = Annotated[Principal, Depends(principal_of)]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
