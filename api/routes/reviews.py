"""The review queue: what the match could not decide, and what somebody proposed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import answer
from api.dependencies import Asking, Configured, OnceKey, Stored
from api.paging import IdCursor, Limit, listed, page_of
from api.preconditions import unchanged
from api.told.deliveries import Decided, Review, Reviews
from workflows.procedures import configured_procedure
from workflows.reviews import Assignment, decide_review, find_reviews, read_review

router = APIRouter(prefix="/reviews", tags=["reviews"])


class Relation(BaseModel):
    """What some rows of a review are to some buildings."""

    model_config = ConfigDict(extra="forbid")

    relation: str = Field(max_length=40, description="new, same, revised, rebuilt, split or merged")
    rows: list[int] = Field(max_length=500)
    codes: list[Annotated[str, Field(max_length=200)]] = Field([], max_length=500)


class Decision(BaseModel):
    """What somebody decides."""

    model_config = ConfigDict(extra="forbid")

    decision: str = Field(max_length=40, description="accept, reject or relate")
    relations: list[Relation] = Field([], max_length=500, description="To relate by hand")
    reason: str | None = Field(None, max_length=500)


@router.get("", response_model=Reviews)
def list_reviews(  # noqa: PLR0913 - one for each thing that is asked
    request: Request,
    principal: Asking,
    database: Stored,
    *,
    upload: UUID | None = None,
    limit: Limit = 100,
    cursor: IdCursor = None,
    everything: Annotated[bool, Query(description="Whether those that are decided are told too")] = False,
) -> Response:
    """Return the reviews that one may see, the newest first."""
    found = find_reviews(
        database,
        principal=principal,
        is_open=not everything,
        upload=None if upload is None else str(upload),
        after=cursor,
        most=limit + 1,
    )
    return listed(request, page_of("reviews", found, limit=limit))


@router.get("/{review_id}", response_model=Review)
def show_review(review_id: UUID, principal: Asking, database: Stored) -> Response:
    """Return a review with its rows, the buildings as they stand now, the measures and what was decided."""
    return answer(read_review(database, str(review_id), principal=principal))


@router.post(
    "/{review_id}/decision", status_code=201, response_model=Decided, dependencies=[unchanged("/reviews/{review_id}")]
)
def decide(
    review_id: UUID,
    decision: Decision,
    principal: Asking,
    database: Stored,
    settings: Configured,
    *,
    key: OnceKey = None,
) -> Response:
    """Decide a review, and carry out what follows from it at once."""
    said = [Assignment(**each.model_dump()) for each in decision.relations]
    done = decide_review(
        database,
        str(review_id),
        principal=principal,
        decision=decision.decision,
        relations=said,
        reason=decision.reason,
        key=key,
        procedure=configured_procedure(settings),
    )
    return answer(done, status=201)
