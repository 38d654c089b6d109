"""The blueprint's layers."""

from fastapi import APIRouter, Response

from api.answers import answer
from api.dependencies import Asking, Stored
from workflows.layering import list_layers

router = APIRouter(prefix="/layers", tags=["layers"])


@router.get("")
def read_layers(principal: Asking, database: Stored) -> Response:
    """Return every layer of the catalogue with the editions that are loaded; none loaded means no data."""
    _ = principal
    return answer({"layers": list_layers(database)})
