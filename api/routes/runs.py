"""Kept answers of the blueprint: what they rest on, and whether they can be had again."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.answers import answer
from api.dependencies import Asking, Configured, Stored
from api.told.blueprint import Run, RunConfirmation, RunVerification
from workflows.recomputing import confirm_run, verify_run
from workflows.runs import show_run

router = APIRouter(prefix="/runs", tags=["runs"])
Identity = Annotated[str, Path(max_length=40, description="The id of the run, as its answer tells it")]


@router.get("/{identity}", response_model=Run)
def read_run(identity: Identity, principal: Asking, database: Stored) -> Response:
    """Return a run: the question, what its answer rests on, the answer, and the SHA-256 of both in canonical JSON."""
    return answer(show_run(database, identity, principal=principal))


@router.post("/{identity}/verify", response_model=RunVerification)
def verify(identity: Identity, principal: Asking, database: Stored, settings: Configured) -> Response:
    """Compute a run again from what it rests on, and return what differs; nothing is stored."""
    return answer(verify_run(database, identity, principal=principal, settings=settings))


@router.get("/{identity}/verification", response_model=RunConfirmation)
def read_verification(
    identity: Identity,
    database: Stored,
    settings: Configured,
    sha256: Annotated[str, Query(pattern="^[0-9A-Fa-f]{64}$", description="The result's hash, as the extract has it")],
) -> Response:
    """Compute a run again and return whether it is the same, as an extract's QR code asks; open to anyone who holds one."""
    return answer(confirm_run(database, identity, sha256, settings=settings))
