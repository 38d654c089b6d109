"""The blueprint's layers."""

from typing import Any

from fastapi import APIRouter

from api.dependencies import Asking, Stored
from workflows.layering import list_layers

router = APIRouter(prefix="/layers", tags=["layers"])


@router.get("")
def read_layers(principal: Asking, database: Stored) -> dict[str, Any]:
    """Return every layer of the catalogue with the editions that are loaded; none loaded means no data."""
    _ = principal
    return {"layers": list_layers(database)}
