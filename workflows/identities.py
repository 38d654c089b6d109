"""Who may come in, as administrators see it: keys of programs and people, and people whom an identity provider names.

An administrator is let in to the own office's, and, where bound to a district, to those of the offices that work in it. Each
change is an event of the ledger; neither a key nor the name that an identity provider has for somebody is in it.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from geocode import Text
from registry.ledger.events import digest
from store.database import Connection, Database, transaction
from store.errors import NotHereError
from store.ledger import append_events
from store.offices import add_key, add_member, find_office, list_keys, list_members, revoke_keys, revoke_member
from workflows.errors import ForbiddenError, HiddenError, RefusedOptionError
from workflows.idempotency import once
from workflows.identity_events import identity_event
from workflows.principals import LOCAL_OFFICE, LOCAL_ROLE, ROLES, Principal
from workflows.rights import allow, is_at_home, offices_seen, reaches
from workflows.tokens import CLAIMED

__all__ = ["Access", "add_user", "end_key", "end_user", "issue_access", "read_keys", "read_users"]

_DIVISION = re.compile(r"([0-9]{2}){1,3}", re.ASCII)
# the roles that reach no further than their office
_AT_HOME = ("surveyor", "admin")
_MOST_LABEL = 200
_MOST_SUBJECT = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a key or a person is let in to.

    Attributes
    ----------
    office
        Code of the office.
    role
        One of `principals.ROLES`.
    label
        What stands in the register for whoever it is; no person's name.
    division
        The district that it reaches no further than, by the first two, four or six digits of a division's code; None: all.
    """

    office: str
    role: str
    label: str
    division: str | None = None


def issue_access(
    database: Database,
    access: Access,
    *,
    principal: Principal,
    expires_at: datetime | None = None,
    replace: bool = False,
    key: str | None = None,
) -> dict[str, Any]:
    """Issue an API key and return it, as `read_keys` tells it and with the ``key`` itself: the only time that it is told.

    Parameters
    ----------
    expires_at
        When it ends by itself, with its time zone; never where it is None.
    replace
        Whether the office's other keys of the role and label end.
    key
        The client's Idempotency-Key. The same request again is told of the same key, whose ``key`` is None then: it is kept
        nowhere.

    Raises
    ------
    RefusedOptionError
        A role, label, division or time that no key could have.
    NotHereError, ForbiddenError, HiddenError
        There is no such office, or it is not the principal's to administer.
    """
    allow(principal, "administer")
    _refuse_unfit(access)
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise _refused("有效期已过。", "It would be over already.", "给出将来的时间。", "Give a time to come.")
    until = expires_at.astimezone(UTC).isoformat() if expires_at else None
    said = {**_access_json(access), "expires_at": until}
    told: dict[str, str | None] = {"key": None}

    def issue() -> dict[str, Any]:
        office = _office_of(connection, principal, access)
        ended = _replaced(connection, access, office) if replace else []
        issued = add_key(
            connection,
            office_id=office.id,
            role=access.role,
            label=access.label,
            expires_at=expires_at,
            division=access.division,
        )
        told["key"] = issued.key
        _append(connection, principal, [*ended, ("key_issued", f"key/{issued.id}", {**said, "digest": issued.digest})])
        return {"id": issued.id, **said}

    request = {"act": "issue_key", "replace": replace, **said}
    with transaction(database) as connection:
        return {**once(connection, principal, key, request, issue), **told}


def read_keys(
    database: Database, *, principal: Principal, before: int | None = None, most: int | None = None
) -> list[dict[str, Any]]:
    """Return the keys that a principal administers, the newest first: of which office, for what, since and until when.

    `before` is the number of one: the older ones alone.
    """
    offices = offices_seen(principal, allow(principal, "administer"))
    with transaction(database) as connection:
        rows = list_keys(connection, offices, before=before, most=most)
    now = datetime.now(UTC)
    return [
        {
            **_row_json(row),
            "expires_at": _moment(row.expires_at),
            "holds": row.revoked_at is None and (row.expires_at is None or row.expires_at > now),
        }
        for row in rows
    ]


def end_key(database: Database, identity: int, *, principal: Principal) -> None:
    """Revoke a key: from the next request on it is unknown.

    Raises
    ------
    NotHereError
        There is none of that number that holds, or none that the principal administers.
    """
    offices = offices_seen(principal, allow(principal, "administer"))
    with transaction(database) as connection:
        if not revoke_keys(connection, offices=offices, id=identity):
            raise NotHereError(Text(f"没有编号为 {identity} 的有效密钥。", f"There is no key {identity} that holds."))
        _append(connection, principal, [("key_revoked", f"key/{identity}", {})])


def add_user(
    database: Database,
    access: Access,
    *,
    issuer: str,
    subject: str,
    principal: Principal,
    key: str | None = None,
) -> dict[str, Any]:
    """Register a person of an office by the names that an identity provider has for them, and return the row.

    Parameters
    ----------
    issuer, subject
        The claims ``iss`` and ``sub`` of the person's tokens.
    key
        The client's Idempotency-Key.

    Raises
    ------
    RefusedOptionError
        A role, label or division that nobody could have, or the person is somebody's user already.
    NotHereError, ForbiddenError, HiddenError
        There is no such office, or it is not the principal's to administer.
    """
    allow(principal, "administer")
    _refuse_unfit(access)
    if not issuer or not subject.isprintable() or not 0 < len(subject) <= _MOST_SUBJECT:
        raise _refused(
            "缺少身份提供方或用户标识。",
            "The identity provider or its name for the person is missing.",
            "给出令牌中的 iss 和 sub;iss 也可由 LUOTU_OIDC_ISSUER 设置。",
            "Give the token's iss and sub; LUOTU_OIDC_ISSUER may set iss.",
        )
    values = {"role": access.role, "label": access.label, "division": access.division}

    def add() -> dict[str, Any]:
        office = _office_of(connection, principal, access)
        row = add_member(connection, office_id=office.id, issuer=issuer, subject=subject, **values)
        if row is None:
            raise _refused(
                "此用户已登记。", "The person is a user already.", "先撤销原有登记。", "Revoke that user first."
            )
        named = {"issuer": issuer, "subject": digest(subject, row.salt)}
        _append(connection, principal, [("user_added", f"user/{row.id}", {**_access_json(access), **named})])
        return {"id": row.id, **_access_json(access), "issuer": issuer, "subject": subject}

    request = {"act": "add_user", **_access_json(access), "issuer": issuer, "subject": subject}
    with transaction(database) as connection:
        return once(connection, principal, key, request, add)


def read_users(
    database: Database, *, principal: Principal, before: int | None = None, most: int | None = None
) -> list[dict[str, Any]]:
    """Return the people that a principal administers, the newest first; `before` as `read_keys`."""
    offices = offices_seen(principal, allow(principal, "administer"))
    with transaction(database) as connection:
        rows = list_members(connection, offices, before=before, most=most)
    return [
        {**_row_json(row), "issuer": row.issuer, "subject": row.subject, "holds": row.revoked_at is None}
        for row in rows
    ]


def end_user(database: Database, identity: int, *, principal: Principal) -> None:
    """Revoke a user: from the next request on the person's tokens are nobody's.

    Raises
    ------
    NotHereError
        There is none of that number that holds, or none that the principal administers.
    """
    offices = offices_seen(principal, allow(principal, "administer"))
    with transaction(database) as connection:
        revoke_member(connection, identity, offices=offices)
        _append(connection, principal, [("user_revoked", f"user/{identity}", {})])


def _office_of(connection: Connection, principal: Principal, access: Access) -> Any:
    """Return the office that something is for, which the principal administers, and give away no more than the principal has."""
    office = find_office(connection, access.office)
    right = allow(principal, "administer")
    if office is None or not reaches(principal, right, office.id):
        if principal.role != LOCAL_ROLE:
            raise HiddenError
        raise NotHereError(
            Text(f"没有单位“{access.office[:60]}”。", f"There is no office “{access.office[:60]}”."),
            [LOCAL_OFFICE["code"]],
        )
    if is_at_home(principal) and (access.role not in _AT_HOME or access.division is not None):
        raise ForbiddenError(
            Text(
                f"本单位管理员不得授予“{access.role}”或辖区:其权限超出本单位。",
                f"An office's own administrator gives out no “{access.role}” and no district: that reaches beyond the office.",
            ),
            Text(
                "请辖区管理员办理,或在本机办理。", "Ask the district's administrator, or do it at the machine itself."
            ),
        )
    bound = principal.division
    if bound is not None and not (access.division or "").startswith(bound):
        raise _refused(
            f"辖区必须在您的辖区 {bound} 之内。",
            f"The district has to lie in yours, {bound}.",
            f"给出以 {bound} 开头的辖区。",
            f"Give one that begins with {bound}.",
        )
    return office


def _replaced(connection: Connection, access: Access, office: Any) -> list[tuple[str, str, dict[str, Any]]]:
    those = {"role": access.role, "label": access.label}
    rows = revoke_keys(connection, offices=[office.id], **those)
    return [("key_revoked", f"key/{row.id}", {}) for row in rows]


def _append(
    connection: Connection, principal: Principal, happened: Collection[tuple[str, str, Mapping[str, Any]]]
) -> None:
    events = [
        identity_event(kind, subject, body, office_id=principal.office_id, actor=principal.actor)
        for kind, subject, body in happened
    ]
    append_events(connection, events)


def _refuse_unfit(access: Access) -> None:
    """Refuse what no key or person could have."""
    if access.role not in ROLES:
        known = "、".join(ROLES), ", ".join(ROLES)
        shown = access.role[:60]
        raise _refused(
            f"没有角色“{shown}”。", f"There is no role “{shown}”.", f"角色有:{known[0]}。", f"There are {known[1]}."
        )
    if not 0 < len(access.label) <= _MOST_LABEL or not access.label.isprintable() or access.label.startswith(CLAIMED):
        raise _refused(
            "标签须为 1 至 200 个可显示的字符,且不以 oidc: 开头。",
            "A label has 1 to 200 characters that show, and does not begin with oidc:.",
            "例如“二楼 3 号机”;不要写姓名。",
            "Such as “desk 3”; no person's name.",
        )
    if access.division is not None and not _DIVISION.fullmatch(access.division):
        raise _refused(
            f"“{access.division[:60]}”不是辖区代码。",
            f"“{access.division[:60]}” is no district.",
            "给出行政区划代码的前两位、四位或全部六位数字。",
            "Give the first two or four digits of a division's code, or all six.",
        )


def _refused(zh: str, en: str, zh_remedy: str, en_remedy: str) -> RefusedOptionError:
    return RefusedOptionError(Text(zh, en), Text(zh_remedy, en_remedy))


def _access_json(access: Access) -> dict[str, Any]:
    return {"office": access.office, "role": access.role, "label": access.label, "division": access.division}


def _row_json(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "office": row.office,
        "role": row.role,
        "label": row.label,
        "division": row.division,
        "recorded_at": _moment(row.recorded_at),
        "revoked_at": _moment(row.revoked_at),
    }


def _moment(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat()
