"""The code of a drawn geometry. Nothing is stored."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from api.answers import answer
from api.dependencies import Asking, Configured, Stored
from workflows.previewing import preview_footprint

router = APIRouter(tags=["codes"])


@router.post("/codes")
def preview_code(
    drawn: Annotated[dict[str, Any], Body(description="A GeoJSON feature or geometry: Polygon or MultiPolygon")],
    principal: Asking,
    database: Stored,
    settings: Configured,
    crs: str = "EPSG:4490",
) -> Response:
    """Return the code, the area and the findings of a drawn footprint; store nothing."""
    _ = principal
    return answer(preview_footprint(database, drawn, crs=crs, accuracy_m=settings.footprint_accuracy_m))
