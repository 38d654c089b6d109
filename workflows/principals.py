"""Who asks: the one place that turns a key or a token, or their absence, into a principal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from geocode import Text
from store.database import Connection, Database, transaction
from store.ledger import append_events
from store.offices import add_key, add_office, find_key, find_member, find_office, have_office, offices_within
from store.walls import as_system
from workflows.errors import BadTokenError, NoPlaceError, NotAllowedError
from workflows.identity_events import identity_event
from workflows.tokens import Token, token_sentence

__all__ = [
    "LOCAL_OFFICE",
    "LOCAL_ROLE",
    "ROLES",
    "Principal",
    "find_principal",
    "issue_key",
    "job_of",
    "principal_of_job",
    "resolve_principal",
]

# of no office, and so of nobody's own
_PUBLIC_OFFICE_ID = 0
# nobody's key has it
LOCAL_ROLE = "local"
LOCAL_OFFICE = {"code": "local", "name_zh": "本机测绘单位(示例)", "name_en": "Local survey office (demonstration)"}
ROLES = ("surveyor", "planner", "registrar", "auditor", "admin")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, for which office, in which role.

    Attributes
    ----------
    division
        The district that the key or the person is bound to: the first digits of a division's code; None where it is none.
    offices
        The offices that work in that district; None without one.
    """

    office_id: int
    office: Text
    actor: str
    role: str
    division: str | None = None
    offices: frozenset[int] | None = None


def resolve_principal(
    connection: Connection, *, key: str | None, local: bool, public: bool = False, token: Token | None = None
) -> Principal:
    """Return who asks.

    Parameters
    ----------
    key
        The API key that came with the request, if one did.
    local
        Whether a caller without a key may be the local demonstration office.
    public
        Whether one who is neither is the public.
    token
        What an identity provider says of the caller, found to be true: it counts before all else.

    Raises
    ------
    NotAllowedError
        The key is unknown, revoked or over, or there is none and the caller is neither local nor the public.
    NoPlaceError
        The identity provider knows the caller, and here nobody does.
    """
    if token is not None:
        return _principal_of(connection, token)
    if key is not None:
        found = find_key(connection, key)
        if found is None:
            raise BadTokenError(
                "unknown_key",
                Text("密钥无效、已过期或已撤销。", "The key is unknown, over or revoked."),
                Text("向管理员索取新的密钥。", "Ask the administrator for a new one."),
            )
        return _bearer(found)
    if not local and public:
        return Principal(_PUBLIC_OFFICE_ID, Text("公众", "The public"), "public", "public")
    if not local:
        raise NotAllowedError(
            Text("需要密钥。", "A key is needed."),
            Text("在请求头 Authorization: Bearer 中附上密钥。", "Send it as “Authorization: Bearer …”."),
        )
    office = have_office(connection, **LOCAL_OFFICE)
    return Principal(office.id, Text(office.name_zh, office.name_en), "local", LOCAL_ROLE)


def find_principal(
    database: Database, *, key: str | None, local: bool, public: bool = False, token: Token | None = None
) -> Principal:
    """Return who asks, as `resolve_principal`, in a transaction of its own: before it is known, nobody sees any office's keys."""
    with transaction(as_system(database)) as connection:
        return resolve_principal(connection, key=key, local=local, public=public, token=token)


def job_of(principal: Principal, kind: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a job that a principal asks for; from them `principal_of_job` tells who it was."""
    # what somebody may see who is bound to a district ends at its border, whoever does the work
    request = {**asked, "division": principal.division}
    whose = {"office_id": principal.office_id, "actor": principal.actor, "role": principal.role}
    return {"kind": kind, **whose, "request": request}


def principal_of_job(connection: Connection, job: Any) -> Principal:
    """Return who asked for a job, a row as `store.jobs.find_job` returns it, with the offices of their district today."""
    division = job.request.get("division")
    offices = None if division is None else offices_within(connection, division)
    return Principal(job.office_id, Text(job.name_zh, job.name_en), job.actor, job.role, division, offices)


def issue_key(database: Database, *, office: str, name: str, role: str, label: str) -> str:
    """Return a new key for an office that never ends, adding the office if it is not there yet."""
    with transaction(as_system(database)) as connection:
        row = find_office(connection, office)
        events = []
        if row is None:
            names = {"name_zh": name, "name_en": name}
            row = add_office(connection, code=office, **names) or have_office(connection, code=office, **names)
            events = [_at_desk("office_added", f"office/{office}", {"office": office, **names}, row.id)]
        issued = add_key(connection, office_id=row.id, role=role, label=label)
        said = {
            "office": office,
            "role": role,
            "label": label,
            "division": None,
            "expires_at": None,
            "digest": issued.digest,
        }
        append_events(connection, [*events, _at_desk("key_issued", f"key/{issued.id}", said, row.id)])
        return issued.key


def _at_desk(kind: str, subject: str, body: dict[str, Any], office_id: int) -> Any:
    return identity_event(kind, subject, body, office_id=office_id, actor=LOCAL_ROLE)


def _bearer(found: Any) -> Principal:
    offices = None if found.division is None else frozenset(found.offices or ())
    name = Text(found.name_zh, found.name_en)
    return Principal(found.id, name, found.label, found.role, found.division, offices)


def _principal_of(connection: Connection, token: Token) -> Principal:
    """Return for whom a token stands: the person who is registered, else, where claims are trusted, what it claims."""
    found = find_member(connection, issuer=token.issuer, subject=token.subject)
    if found is not None:
        return _bearer(found)
    if not token.is_trusted:
        raise NoPlaceError("token_user", *token_sentence("token_user"))
    roles = [role for role in ROLES if role in token.roles]
    if len(roles) != 1:
        raise NoPlaceError("token_role", *token_sentence("token_role"))
    office = find_office(connection, token.office) if token.office else None
    if office is None:
        raise NoPlaceError("token_office", *token_sentence("token_office"))
    offices = None if token.division is None else offices_within(connection, token.division)
    name = Text(office.name_zh, office.name_en)
    return Principal(office.id, name, token.actor, roles[0], token.division, offices)
