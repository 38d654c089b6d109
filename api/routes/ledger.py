"""The ledger: its newest head, its events, and the proofs by which anyone verifies them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.answers import answer
from api.dependencies import Asking, AskingOpenly, Configured, Stored
from api.paging import listed
from api.told.ledger import Consistency, Head, LedgerEvents, LedgerKeys, Proof
from workflows.ledgers import (
    MOST_EVENTS,
    head_json,
    prove_consistency,
    read_events,
    read_proof,
    seal_ledger,
    show_keys,
)

router = APIRouter(prefix="/ledger", tags=["ledger"])
Number = Annotated[int, Path(ge=0, le=2**62, description="Number of an event, from 0")]


@router.get("/head", response_model=Head)
def read_head(database: Stored, settings: Configured) -> Response:
    """Return the newest signed head of the ledger; anyone may ask."""
    return answer(head_json(seal_ledger(database, settings)))


@router.get("/keys", response_model=LedgerKeys)
def read_keys(settings: Configured) -> Response:
    """Return the public keys that sign the heads, the newest last; anyone may ask."""
    return answer({"keys": show_keys(settings)})


@router.get("/consistency", response_model=Consistency)
def read_consistency(
    database: Stored,
    first: Annotated[int, Query(alias="from", ge=1, le=2**62, description="Size of the older ledger")],
    second: Annotated[int, Query(alias="to", ge=1, le=2**62, description="Size of the newer one")],
) -> Response:
    """Return the proof that the newer ledger is the older one, grown; anyone may ask."""
    return answer(prove_consistency(database, first, second))


@router.get("/events", response_model=LedgerEvents)
def list_events(
    request: Request,
    principal: Asking,
    database: Stored,
    *,
    after: Annotated[int, Query(ge=-1, le=2**62, description="Number of the last event that is known")] = -1,
    limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = 100,
) -> Response:
    """Return the events after a number, each as canonical JSON, whose bytes are the leaf: for a surveying office its own."""
    return listed(request, read_events(database, after=after, most=limit, principal=principal), cursor="after")


@router.get("/proofs/{seq}", response_model=Proof)
def read_event_proof(seq: Number, principal: AskingOpenly, database: Stored, settings: Configured) -> Response:
    """Return the proof that an event is in the ledger, and the event itself to whom may read it."""
    seal_ledger(database, settings)
    return answer(read_proof(database, seq, principal=principal))
