"""Buildings, by their code or any other name."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime

from api.answers import GeoJson, answer
from api.dependencies import Asking, Configured, Stored
from api.told.buildings import Building
from api.told.rules import Findings
from workflows.checking import Terms, check_building
from workflows.footprint_facts import read_said, split_said
from workflows.procedures import configured_procedure
from workflows.resolving import resolve_building
from workflows.schemes import configured_schemes

router = APIRouter(prefix="/buildings", tags=["buildings"])
Name = Annotated[str, Path(max_length=200, description="A code, leniently typed, or any other name")]


@router.get("/{name:path}/findings", response_model=Findings)
def read_findings(  # noqa: PLR0913 - one for each parameter
    name: Name,
    principal: Asking,
    database: Stored,
    settings: Configured,
    *,
    as_of: Annotated[date | None, Query(description="The day whose editions and features count")] = None,
    known_at: Annotated[AwareDatetime | None, Query(description="The time whose knowledge counts")] = None,
    said: Annotated[
        list[str] | None, Query(alias="set", description="What is said of it, such as height_m=24", max_length=20)
    ] = None,
    keep: Annotated[bool, Query(description="Whether the answer is kept as a run that can be verified")] = False,
) -> Response:
    """Return what the blueprint says of a building's current footprint."""
    found = check_building(
        database,
        name,
        terms=Terms(principal, settings, as_of, known_at),
        schemes=configured_schemes(settings),
        said=read_said(split_said(said or [])),
        keep=keep,
    )
    return answer(found)


@router.get("/{name:path}", response_model=Building, response_class=GeoJson)
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
