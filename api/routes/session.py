"""Who is calling, and where the map begins."""

from typing import Any

from fastapi import APIRouter

from api.dependencies import Asking, Stored
from api.told.ledger import Session
from geocode import __version__
from workflows.tiling import find_extent

router = APIRouter(tags=["session"])


@router.get("/session", response_model=Session)
def read_session(principal: Asking, database: Stored) -> dict[str, Any]:
    """Return who is calling, for which office, and the box around everything stored."""
    return {
        "office": {"zh": principal.office.zh, "en": principal.office.en},
        "actor": principal.actor,
        "role": principal.role,
        "version": __version__,
        "extent": find_extent(database),
    }
