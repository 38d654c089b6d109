"""Buildings, by their code or any other name."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime

from api.answers import answer
from api.dependencies import Asking, Configured, Stored
from workflows.checking import check_building
from workflows.procedures import configured_procedure
from workflows.resolving import resolve_building
from workflows.schemes import configured_schemes

router = APIRouter(prefix="/buildings", tags=["buildings"])
Name = Annotated[str, Path(max_length=200, description="A code, leniently typed, or any other name")]


@router.get("/{name:path}/findings")
def read_findings(
    name: Name,
    principal: Asking,
    database: Stored,
    settings: Configured,
    as_of: Annotated[date | None, Query(description="The day whose editions and features count")] = None,
) -> Response:
    """Return what the blueprint says of a building's current footprint."""
    found = check_building(
        database,
        name,
        principal=principal,
        as_of=as_of or date.today(),
        accuracy_m=settings.footprint_accuracy_m,
        schemes=configured_schemes(settings),
    )
    return answer(found)


@router.get("/{name:path}")
def read_building(
    name: Name,
    principal: Asking,
    database: Stored,
    settings: Configured,
    *,
    as_of: Annotated[date | None, Query(description="The day on which it is to be shown")] = None,
    known_at: Annotated[AwareDatetime | None, Query(description="The time whose knowledge counts")] = None,
) -> Response:
    """Return the building that bears a name of any kind, living or not, with its lineage, names and events."""
    found = resolve_building(
        database,
        name,
        principal=principal,
        schemes=configured_schemes(settings),
        stages=configured_procedure(settings).stages,
        as_of=as_of,
        known_at=known_at,
    )
    return answer(found, media_type="application/geo+json")
