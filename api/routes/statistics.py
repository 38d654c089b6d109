"""Statistics: counts by month and office, and the cells in which buildings stand."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import GeoJson, answer
from api.dependencies import Asking, Stored
from api.told.ledger import CellStatistics, Statistics
from workflows.statistics import FINEST_CELLS, read_cells, read_statistics

router = APIRouter(prefix="/statistics", tags=["statistics"])


@router.get("", response_model=Statistics)
def read(principal: Asking, database: Stored) -> Response:
    """Return how many buildings there are by office, and what came to be month by month, of what the caller may see."""
    return answer(read_statistics(database, principal=principal))


@router.get("/cells", response_model=CellStatistics, response_class=GeoJson)
def cells(
    principal: Asking,
    database: Stored,
    *,
    resolution: Annotated[int, Query(ge=0, le=FINEST_CELLS, description="Of the H3 cells")] = 8,
) -> Response:
    """Return the H3 cells in which buildings stand, with their number and ground, as GeoJSON."""
    found = read_cells(database, principal=principal, resolution=resolution)
    return answer(found, media_type="application/geo+json")
