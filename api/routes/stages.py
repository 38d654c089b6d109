"""The chain of stages: what there is, where a building stands in it, entering and withdrawing; and what is due."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt

from api.answers import answer
from api.dependencies import Asking, Configured, OnceKey, Stored
from api.preconditions import unchanged
from api.told.stages import BuildingStages, Deadlines, EnteredStage, Stages, WithdrawnEntry
from workflows.chains import list_deadlines, list_stages, read_chain
from workflows.drawings import read_drawing
from workflows.principals import Principal
from workflows.procedures import configured_procedure
from workflows.schemes import configured_schemes
from workflows.settings import Settings
from workflows.stages import Asked, EntryRequest, enter_stage, withdraw_entry

router = APIRouter(tags=["stages"])
Name = Annotated[str, Path(max_length=200, description="A code, leniently typed, or an alias")]
Day = Annotated[date | None, Query(alias="on", description="The day; today if none is given")]


class StageEntry(BaseModel):
    """An entry into a stage, as a request says it."""

    model_config = ConfigDict(extra="forbid")

    stage: str = Field(max_length=40)
    occurred_on: date
    certificate: str | None = Field(None, max_length=100)
    documents: list[str] = Field([], max_length=100, description="Ids of the building's attachments")
    height_m: NonNegativeFloat | None = None
    floor_area_m2: NonNegativeFloat | None = None
    version: PositiveInt | None = Field(None, description="The geometry version that is the stage's")
    geometry: dict[str, Any] | None = Field(None, description="A new geometry: GeoJSON, EPSG:4490")
    attributes: dict[str, str | int | float | bool | None] = Field({}, max_length=100)


class Withdrawal(BaseModel):
    """Why an entry is to be withdrawn."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=500)


@router.get("/stages", response_model=Stages)
def read_stages(principal: Asking, settings: Configured) -> Response:
    """Return the stages with what they ask for, the deadlines after them, and how far their geometries may differ."""
    _ = principal
    return answer(list_stages(configured_procedure(settings)))


@router.get("/deadlines", response_model=Deadlines)
def read_deadlines(
    principal: Asking,
    database: Stored,
    settings: Configured,
    day: Day = None,
    *,
    everything: Annotated[bool, Query(description="Whether what is not yet in sight is told too")] = False,
) -> Response:
    """Return the reminders and yellow flags of a day over the living buildings that one may see."""
    procedure = configured_procedure(settings)
    told = list_deadlines(database, principal, procedure=procedure, day=day or date.today(), everything=everything)
    return answer(told)


@router.get("/buildings/{name:path}/stages", response_model=BuildingStages)
def read_building_stages(
    name: Name, principal: Asking, database: Stored, settings: Configured, day: Day = None
) -> Response:
    """Return a building's stages with their entries, how its geometries differ, and what is due."""
    return answer(read_chain(database, _asked(name, principal, settings), day=day or date.today()))


@router.post(
    "/buildings/{name:path}/stages",
    status_code=201,
    response_model=EnteredStage,
    dependencies=[unchanged("/buildings/{name}/stages")],
)
def add_stage_entry(
    name: Name,
    entry: StageEntry,
    principal: Asking,
    database: Stored,
    settings: Configured,
    key: OnceKey = None,
) -> Response:
    """Have a building enter a stage; 422 with every reason where it may not."""
    drawn = None if entry.geometry is None else read_drawing(entry.geometry)[0]
    request = EntryRequest(**{**entry.model_dump(), "geometry": drawn})
    return answer(enter_stage(database, _asked(name, principal, settings, key), request), status=201)


@router.post(
    "/buildings/{name:path}/stages/{entry}/withdrawal",
    response_model=WithdrawnEntry,
    dependencies=[unchanged("/buildings/{name}/stages")],
)
def withdraw_stage_entry(  # noqa: PLR0913 - what a request consists of
    name: Name,
    entry: Annotated[int, Path(ge=1, lt=2**63)],
    withdrawal: Withdrawal,
    principal: Asking,
    database: Stored,
    settings: Configured,
    key: OnceKey = None,
) -> Response:
    """Propose that an entry be withdrawn, or confirm what somebody else proposed."""
    asked = _asked(name, principal, settings, key)
    return answer(withdraw_entry(database, asked, entry, reason=withdrawal.reason))


def _asked(name: str, principal: Principal, settings: Settings, key: str | None = None) -> Asked:
    procedure, schemes = configured_procedure(settings), configured_schemes(settings)
    return Asked(name=name, principal=principal, procedure=procedure, schemes=schemes, key=key)
