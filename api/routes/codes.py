"""The code of a drawn geometry, and what a code tells. Nothing is stored."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import AwareDatetime

from api.answers import GeoJson, answer
from api.dependencies import Asking, Configured, Stored
from api.told.buildings import Code, CodePreview
from workflows.decoding import CODE_LEVEL, decode_code
from workflows.previewing import preview_footprint
from workflows.terms import Terms

router = APIRouter(tags=["codes"])


@router.get("/codes/{code:path}", response_model=Code, response_class=GeoJson)
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


@router.post("/codes", response_model=CodePreview)
def preview_code(  # noqa: PLR0913 - one for each parameter
    drawn: Annotated[dict[str, Any], Body(description="A GeoJSON feature or geometry: Polygon or MultiPolygon")],
    principal: Asking,
    database: Stored,
    settings: Configured,
    *,
    crs: str = "EPSG:4490",
    as_of: Annotated[date | None, Query(description="The day whose editions and features count")] = None,
    known_at: Annotated[AwareDatetime | None, Query(description="The time whose knowledge counts")] = None,
) -> Response:
    """Return the code, the computed names, the area and the findings of a drawn footprint; store nothing.

    What the properties of a feature say of it (``height_m``, ``use`` …) is known to the rules.
    """
    terms = Terms(principal, settings, as_of, known_at)
    return answer(preview_footprint(database, drawn, crs=crs, terms=terms))
