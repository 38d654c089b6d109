"""Offices and the keys by which their people and programs are known."""

import secrets
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from store.database import Connection
from store.schema import api_key, office

__all__ = [
    "add_key",
    "division_of_office",
    "extent_of_office",
    "find_key",
    "find_office",
    "has_key",
    "have_office",
    "set_extent",
]

_KEY_BYTES = 32


def have_office(connection: Connection, *, code: str, name_zh: str, name_en: str) -> Row[Any]:
    """Return an office by its code, adding it if it is not there yet."""
    named = {"code": code, "name_zh": name_zh, "name_en": name_en}
    wanted = select(office).where(office.c.code == code)
    found = connection.execute(wanted).one_or_none()
    if found is None:
        connection.execute(upsert(office).values(**named).on_conflict_do_nothing())
        found = connection.execute(wanted).one()
    return found


def find_office(connection: Connection, code: str) -> Row[Any] | None:
    """Return an office by its code, or None."""
    return connection.execute(select(office).where(office.c.code == code)).one_or_none()


def division_of_office(connection: Connection, office_id: int) -> str | None:
    """Return the code of the division that an office works in, or None."""
    return connection.execute(select(office.c.division).where(office.c.id == office_id)).scalar_one_or_none()


def extent_of_office(connection: Connection, office_id: int) -> tuple[float, float, float, float] | None:
    """Return where an office works: west, south, east, north in degrees; None where that is not set."""
    found = connection.execute(select(office.c.extent).where(office.c.id == office_id)).scalar_one_or_none()
    return None if found is None else tuple(found)


def set_extent(connection: Connection, *, code: str, extent: tuple[float, float, float, float] | None) -> bool:
    """Set where an office works, or clear it; returns whether there is an office of that code."""
    changed = connection.execute(
        update(office).where(office.c.code == code).values(extent=None if extent is None else list(extent))
    )
    return changed.rowcount == 1


def add_key(connection: Connection, *, office_id: int, role: str, label: str) -> str:
    """Add a key for an office and return it: the only time it is seen, for its hash alone is stored."""
    key = f"luotu_{secrets.token_urlsafe(_KEY_BYTES)}"
    connection.execute(
        insert(api_key).values(office_id=office_id, role=role, label=label, key_sha256=sha256(key.encode()).hexdigest())
    )
    return key


def has_key(connection: Connection, *, office_id: int, role: str, label: str) -> bool:
    """Tell whether an office has a key of a role and a label that holds."""
    known = select(api_key.c.id).where(
        api_key.c.office_id == office_id, api_key.c.role == role, api_key.c.label == label
    )
    return connection.execute(known.where(api_key.c.revoked_at.is_(None)).limit(1)).one_or_none() is not None


def find_key(connection: Connection, key: str) -> Row[*tuple[Any, ...]] | None:
    """Return the office, role and label of a key that holds, or None."""
    return connection.execute(
        select(office.c.id, office.c.name_zh, office.c.name_en, api_key.c.role, api_key.c.label)
        .join(office)
        .where(api_key.c.key_sha256 == sha256(key.encode()).hexdigest(), api_key.c.revoked_at.is_(None))
    ).one_or_none()
