"""Offices and the keys by which their people and programs are known."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Row,
    Select,
    any_,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from geocode import Text
from store.database import Connection
from store.errors import NotHereError
from store.schema import api_key, member, office

__all__ = [
    "NewKey",
    "add_key",
    "add_member",
    "add_office",
    "change_office",
    "division_of_office",
    "extent_of_office",
    "find_key",
    "find_member",
    "find_office",
    "have_office",
    "is_still_known",
    "key_digest",
    "list_keys",
    "list_members",
    "list_offices",
    "offices_within",
    "revoke_keys",
    "revoke_member",
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


class NewKey(NamedTuple):
    """A key: its number, by which it is listed and revoked, the key itself, and its digest as `key_digest` returns it."""

    id: int
    key: str
    digest: str


def add_office(connection: Connection, **values: str | None) -> Row[Any] | None:
    """Add an office by its columns and return it; None where another one has its code."""
    added = upsert(office).values(**values).on_conflict_do_nothing().returning(office)
    return connection.execute(added).one_or_none()


def change_office(connection: Connection, code: str, values: Mapping[str, Any]) -> Row[Any] | None:
    """Change an office's names, division or extent and return it; None where no office has the code."""
    return connection.execute(
        update(office).where(office.c.code == code).values(**values).returning(office)
    ).one_or_none()


def list_offices(
    connection: Connection, offices: Collection[int] | None, *, after: str | None = None, most: int | None = None
) -> Sequence[Row[Any]]:
    """Return offices by their codes, those of some ids where they are told, and behind a code where one is."""
    wanted = select(office).where(_is_among(office.c.id, offices)).order_by(office.c.code).limit(most)
    return connection.execute(wanted if after is None else wanted.where(office.c.code > after)).all()


def offices_within(connection: Connection, division: str) -> frozenset[int]:
    """Return the ids of the offices that work in a division, or in one of its parts."""
    within = select(office.c.id).where(func.starts_with(office.c.division, division))
    return frozenset(connection.execute(within).scalars())


def add_key(
    connection: Connection,
    *,
    office_id: int,
    role: str,
    label: str,
    expires_at: datetime | None = None,
    division: str | None = None,
) -> NewKey:
    """Add a key for an office and return it: the only time it is seen, for its hash alone is stored.

    Parameters
    ----------
    expires_at
        When it ends by itself; never where it is None.
    division
        The division that it reaches no further than: two, four or six digits.
    """
    key = f"luotu_{secrets.token_urlsafe(_KEY_BYTES)}"
    values = {"office_id": office_id, "role": role, "label": label, "expires_at": expires_at, "division": division}
    key_sha256 = sha256(key.encode()).hexdigest()
    added = insert(api_key).values(**values, key_sha256=key_sha256).returning(api_key.c.id)
    return NewKey(connection.execute(added).scalar_one(), key, key_digest(key_sha256))


def key_digest(key_sha256: str) -> str:
    """Return what the ledger says of a key whose hash is stored: the hash of that, by which another in its place is found."""
    return sha256(key_sha256.encode()).hexdigest()


def list_keys(
    connection: Connection, offices: Collection[int] | None, *, before: int | None = None, most: int | None = None
) -> Sequence[Row[Any]]:
    """Return the keys of some offices, or of all, the newest first: everything of them but what would let somebody in.

    `before` is the number of one: the older ones alone.
    """
    told: list[Any] = [column for column in api_key.c if column.name != "key_sha256"]
    wanted: Select[Any] = select(*told, office.c.code.label("office")).join(office)
    wanted = wanted.where(_is_among(api_key.c.office_id, offices)).order_by(api_key.c.id.desc()).limit(most)
    return connection.execute(wanted if before is None else wanted.where(api_key.c.id < before)).all()


def revoke_keys(connection: Connection, *, offices: Collection[int] | None, **those: Any) -> Sequence[Row[Any]]:
    """Revoke the keys that hold of some offices, or of all, with these values in their columns, and return them."""
    revoked = update(api_key).where(_is_among(api_key.c.office_id, offices), api_key.c.revoked_at.is_(None))
    for name, value in those.items():
        revoked = revoked.where(api_key.c[name] == value)
    return connection.execute(revoked.values(revoked_at=func.now()).returning(api_key)).all()


def find_key(connection: Connection, key: str) -> Row[*tuple[Any, ...]] | None:
    """Return the office, role, label and district of a key that holds, or None."""
    known = (api_key.c.key_sha256 == sha256(key.encode()).hexdigest(), *_holds(api_key.c))
    return connection.execute(_bearer(api_key).where(*known)).one_or_none()


def add_member(connection: Connection, **values: Any) -> Row[Any] | None:
    """Add a person to an office by the columns and return the row; None where the person is of an office already."""
    added = upsert(member).values(**values).on_conflict_do_nothing().returning(member)
    return connection.execute(added).one_or_none()


def list_members(
    connection: Connection, offices: Collection[int] | None, *, before: int | None = None, most: int | None = None
) -> Sequence[Row[Any]]:
    """Return the people of some offices, or of all, the newest first; `before` as `list_keys`."""
    wanted = select(member, office.c.code.label("office")).join(office).where(_is_among(member.c.office_id, offices))
    wanted = wanted.order_by(member.c.id.desc()).limit(most)
    return connection.execute(wanted if before is None else wanted.where(member.c.id < before)).all()


def revoke_member(connection: Connection, identity: int, *, offices: Collection[int] | None) -> Row[Any]:
    """Have a person be of one of some offices, or of any, no longer, and return the row.

    Raises
    ------
    NotHereError
        None of them has that person.
    """
    known = (member.c.id == identity, member.c.revoked_at.is_(None), _is_among(member.c.office_id, offices))
    row = connection.execute(update(member).where(*known).values(revoked_at=func.now()).returning(member)).one_or_none()
    if row is None:
        raise NotHereError(Text(f"没有编号为 {identity} 的有效用户。", f"There is no user {identity} that holds."))
    return row


def find_member(connection: Connection, *, issuer: str, subject: str) -> Row[*tuple[Any, ...]] | None:
    """Return the office, role, label and district of a person whom an identity provider names, or None."""
    known = (member.c.issuer == issuer, member.c.subject == subject, member.c.revoked_at.is_(None))
    return connection.execute(_bearer(member).where(*known)).one_or_none()


def is_still_known(connection: Connection, *, office_id: int, role: str, label: str) -> bool:
    """Tell whether an office has a key or a person of a role and a label that holds."""
    asked = []
    for table in (api_key, member):
        alike = (table.c.office_id == office_id, table.c.role == role, table.c.label == label)
        asked.append(exists().where(*alike, *_holds(table.c)))
    return bool(connection.execute(select(or_(*asked))).scalar_one())


def _bearer(table: Any) -> Any:
    """Return the question for whom a key or a name stands, with the offices of its district."""
    other = office.alias("other")
    within = select(func.array_agg(other.c.id)).where(func.starts_with(other.c.division, table.c.division))
    columns = (table.c.role, table.c.label, table.c.division, within.scalar_subquery().label("offices"))
    return select(office.c.id, office.c.name_zh, office.c.name_en, *columns).select_from(table).join(office)


def _holds(columns: Any) -> list[ColumnElement[bool]]:
    holds = [columns.revoked_at.is_(None)]
    if "expires_at" in columns:
        holds.append(or_(columns.expires_at.is_(None), columns.expires_at > func.clock_timestamp()))
    return holds


def _is_among(column: Any, ids: Collection[int] | None) -> ColumnElement[bool]:
    return literal(value=True) if ids is None else column == any_(literal(sorted(ids), ARRAY(Integer)))
