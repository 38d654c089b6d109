"""The code of a drawn geometry, and what a code tells. Nothing is stored."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Response

from api.answers import answer
from api.dependencies import Asking, Configured, Stored
from workflows.decoding import CODE_LEVEL, decode_code
from workflows.previewing import preview_footprint

router = APIRouter(tags=["codes"])


@router.get("/codes/{code:path}")
def read_code(
    code: Annotated[str, Path(max_length=200, description="A code, leniently typed")],
    principal: Asking,
    *,
    parents: Annotated[bool, Query(description="Whether the coarser H3 cells are told")] = False,
    level: Annotated[int, Query(ge=1, le=10, description="Level of the BeiDou code of the cell's centre")] = CODE_LEVEL,
) -> Response:
    """Return what a code alone tells, with the cell as its geometry; the register is not asked."""
    _ = principal
    return answer(decode_code(code, beidou_level=level, parents=parents), media_type="application/geo+json")


@router.post("/codes")
def preview_code(
    drawn: Annotated[dict[str, Any], Body(description="A GeoJSON feature or geometry: Polygon or MultiPolygon")],
    principal: Asking,
    database: Stored,
    settings: Configured,
    crs: str = "EPSG:4490",
) -> Response:
    """Return the code, the computed names, the area and the findings of a drawn footprint; store nothing."""
    _ = principal
    return answer(preview_footprint(database, drawn, crs=crs, accuracy_m=settings.footprint_accuracy_m))
