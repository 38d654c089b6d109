"""Who may come in, for administrators: offices, keys, users; and for auditors who was turned away."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from api.answers import answer
from api.dependencies import Asking, Configured, OnceKey, Stored
from api.paging import Limit, NameCursor, NumberCursor, listed, page_of
from api.preconditions import unchanged
from api.told.ledger import AuditRows, Keys, NewKeyIssued, OfficeRecord, Offices, UserRegistered, Users
from workflows.auditing import MOST_ROWS, read_audit
from workflows.identities import Access, add_user, end_key, end_user, issue_access, read_keys, read_users
from workflows.offices import open_office, read_office, read_offices, rename_office

router = APIRouter(tags=["access"])
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Code = Annotated[str, Field(min_length=1, max_length=40)]
OfficeCode = Annotated[str, Path(max_length=40, description="The code of the office")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Division = Annotated[str, Field(pattern="^[0-9]{6}$")]
Asked = Annotated[str | None, Query(max_length=200)]


class NewOffice(BaseModel):
    """An office to add."""

    code: Code
    name_zh: Name
    name_en: Name | None = None
    division: Division | None = None


class OfficeChanges(BaseModel):
    """What is to be another of an office; what is not named stays."""

    name_zh: Name | None = None
    name_en: Name | None = None
    division: Division | None = None


class NewAccess(BaseModel):
    """Whom to let in, to what."""

    office: Code
    role: Literal["surveyor", "planner", "registrar", "auditor", "admin"]
    label: Name
    division: Annotated[str, Field(pattern="^([0-9]{2}){1,3}$")] | None = None

    def access(self) -> Access:
        """Return it as the workflows take it."""
        return Access(office=self.office, role=self.role, label=self.label, division=self.division)


class NewKey(NewAccess):
    """A key to issue."""

    expires_at: AwareDatetime | None = None
    replace: bool = False


class NewUser(NewAccess):
    """A person to register."""

    subject: Annotated[str, Field(min_length=1, max_length=255)]
    issuer: Annotated[str, Field(max_length=2_000)] = ""


@router.get("/offices", response_model=Offices)
def list_offices(
    request: Request, principal: Asking, database: Stored, *, limit: Limit = 100, cursor: NameCursor = None
) -> Response:
    """Return the offices that the caller administers, by their codes."""
    found = read_offices(database, principal=principal, after=cursor, most=limit + 1)
    return listed(request, page_of("offices", found, limit=limit, key="office"))


@router.get("/offices/{code}", response_model=OfficeRecord)
def show_office(code: OfficeCode, principal: Asking, database: Stored) -> Response:
    """Return an office that the caller administers."""
    return answer(read_office(database, code, principal=principal))


@router.post("/offices", status_code=201, response_model=OfficeRecord)
def add_office(
    wanted: Annotated[NewOffice, Body()], principal: Asking, database: Stored, key: OnceKey = None
) -> Response:
    """Add an office that works in the caller's district."""
    said = wanted.model_dump(exclude={"code"})
    return answer(open_office(database, wanted.code, **said, principal=principal, key=key), status=201)


@router.patch(
    "/offices/{code}", response_model=OfficeRecord, dependencies=[unchanged("/offices/{code}", is_demanded=True)]
)
def change_office(
    code: OfficeCode,
    changes: Annotated[OfficeChanges, Body()],
    principal: Asking,
    database: Stored,
    key: OnceKey = None,
) -> Response:
    """Change an office's names or division."""
    said = changes.model_dump(exclude_none=True)
    return answer(rename_office(database, code, said, principal=principal, key=key))


@router.get("/keys", response_model=Keys)
def list_keys(
    request: Request, principal: Asking, database: Stored, *, limit: Limit = 100, cursor: NumberCursor = None
) -> Response:
    """Return the API keys of the offices that the caller administers, the newest first; the keys themselves are stored nowhere."""
    found = read_keys(database, principal=principal, before=cursor, most=limit + 1)
    return listed(request, page_of("keys", found, limit=limit))


@router.post("/keys", status_code=201, response_model=NewKeyIssued)
def issue_key(wanted: Annotated[NewKey, Body()], principal: Asking, database: Stored, key: OnceKey = None) -> Response:
    """Issue an API key; the answer holds it, once: the same request again is answered with ``key`` null."""
    issued = issue_access(
        database,
        wanted.access(),
        principal=principal,
        expires_at=wanted.expires_at,
        replace=wanted.replace,
        key=key,
    )
    return answer(issued, status=201)


@router.delete("/keys/{number}", status_code=204)
def revoke_key(number: Number, principal: Asking, database: Stored) -> None:
    """Revoke a key; it stays on record."""
    end_key(database, number, principal=principal)


@router.get("/users", response_model=Users)
def list_users(
    request: Request, principal: Asking, database: Stored, *, limit: Limit = 100, cursor: NumberCursor = None
) -> Response:
    """Return the people of the offices that the caller administers, the newest first."""
    found = read_users(database, principal=principal, before=cursor, most=limit + 1)
    return listed(request, page_of("users", found, limit=limit))


@router.post("/users", status_code=201, response_model=UserRegistered)
def register_user(
    wanted: Annotated[NewUser, Body()],
    principal: Asking,
    database: Stored,
    settings: Configured,
    key: OnceKey = None,
) -> Response:
    """Register a person of an office by the name that the identity provider has for them."""
    named = {"issuer": wanted.issuer or settings.oidc_issuer, "subject": wanted.subject}
    return answer(add_user(database, wanted.access(), **named, principal=principal, key=key), status=201)


@router.delete("/users/{number}", status_code=204)
def revoke_user(number: Number, principal: Asking, database: Stored) -> None:
    """Revoke a user; they stay on record."""
    end_user(database, number, principal=principal)


@router.get("/audit", response_model=AuditRows)
def list_audit(  # noqa: PLR0913 - one for each thing that is asked
    request: Request,
    principal: Asking,
    database: Stored,
    *,
    cursor: NumberCursor = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 100,
    office: Asked = None,
    role: Asked = None,
    actor: Asked = None,
    action: Asked = None,
    route: Asked = None,
    reason: Asked = None,
    outcome: Annotated[Literal["unknown", "forbidden", "hidden", "read"] | None, Query()] = None,
) -> Response:
    """Return refusals and restricted reads, the newest first."""
    those = {"office": office, "role": role, "actor": actor, "action": action, "route": route, "reason": reason}
    found = read_audit(database, principal=principal, before=cursor, most=limit, outcome=outcome, **those)
    return listed(request, found)
