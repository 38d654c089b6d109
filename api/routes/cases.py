"""Cases of conflicts and differences: what is to become of them."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import answer
from api.dependencies import Asking, Configured, OnceKey, Stored
from api.paging import IdCursor, Limit, listed, page_of
from api.preconditions import unchanged
from api.told.blueprint import CaseChoices, CaseInFull, Cases
from workflows.cases import add_to_case, case_choices, find_cases, read_case, start_case
from workflows.catalogues import configured_catalogue

router = APIRouter(prefix="/cases", tags=["cases"])
Identity = Annotated[str, Path(max_length=40, description="The id of the case, as its answer tells it")]
Written = Annotated[str | None, Field(max_length=2_000)]


class Said(BaseModel):
    """What is said of a case; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    reason: Written = None
    coordination: Annotated[
        str | None, Field(max_length=40, description="One of the choices of GET /cases/choices")
    ] = None
    opinion: Annotated[Written, Field(description="That of the caller's role")] = None
    effective_from: date | None = None
    status: Annotated[str | None, Field(max_length=40, description="One of the choices of GET /cases/choices")] = None

    def entries(self) -> dict[str, str]:
        """Return what is said, by field."""
        return {name: str(value) for name, value in self if name in Said.model_fields and value is not None}


class NewCase(Said):
    """A case to open, with what is said first."""

    subject: Literal["conflict", "difference"]
    ground: Annotated[int, Field(ge=1, le=2**63 - 1, description="The id of the conflict, or of the difference")]


@router.get("", response_model=Cases)
def list_all(  # noqa: PLR0913 - one for each thing that is asked
    request: Request,
    principal: Asking,
    database: Stored,
    settings: Configured,
    *,
    subject: Annotated[Literal["conflict", "difference"] | None, Query()] = None,
    status: Annotated[str | None, Query(max_length=40)] = None,
    limit: Limit = 100,
    cursor: IdCursor = None,
) -> Response:
    """Return the ledger of cases, the newest first, each with its state and where it lies now."""
    found = find_cases(
        database,
        principal=principal,
        subject=subject,
        status=status,
        after=cursor,
        most=limit + 1,
        catalogue=configured_catalogue(settings),
    )
    return listed(request, page_of("cases", found, limit=limit))


@router.get("/choices", response_model=CaseChoices)
def choices(principal: Asking) -> Response:
    """Return what may be chosen for the fields that are chosen."""
    _ = principal
    return answer(case_choices())


@router.post("", status_code=201, response_model=CaseInFull)
def start(
    case: Annotated[NewCase, Body()], principal: Asking, database: Stored, settings: Configured, key: OnceKey = None
) -> Response:
    """Open the case of a conflict or a difference; one that is open already is gone on with."""
    told = start_case(
        database,
        case.subject,
        case.ground,
        case.entries(),
        principal=principal,
        idempotency_key=key,
        catalogue=configured_catalogue(settings),
    )
    return answer(told, status=201)


@router.get("/{identity}", response_model=CaseInFull)
def show(identity: Identity, principal: Asking, database: Stored, settings: Configured) -> Response:
    """Return a case with everything that was said."""
    return answer(read_case(database, identity, principal=principal, catalogue=configured_catalogue(settings)))


@router.post(
    "/{identity}/entries", status_code=201, response_model=CaseInFull, dependencies=[unchanged("/cases/{identity}")]
)
def say(
    identity: Identity,
    said: Annotated[Said, Body()],
    principal: Asking,
    database: Stored,
    settings: Configured,
    *,
    key: OnceKey = None,
) -> Response:
    """Add entries to a case: what was said before stays, and the last of each field counts."""
    told = add_to_case(
        database,
        identity,
        said.entries(),
        principal=principal,
        idempotency_key=key,
        catalogue=configured_catalogue(settings),
    )
    return answer(told, status=201)
