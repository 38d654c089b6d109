"""What happens to buildings: split, merged, rebuilt, closed, revived, moved, given a part; and who came after whom."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import answer, described
from api.dependencies import Asking, OnceKey, Stored
from api.preconditions import unchanged
from api.told.buildings import Act, Lineage, ProposedAct
from workflows.databases import Database
from workflows.drawings import read_drawing
from workflows.lineages import read_lineage
from workflows.lives import ActRequest
from workflows.principals import Principal
from workflows.proposals import carry_out

router = APIRouter(prefix="/buildings", tags=["lives"])
Code = Annotated[str, Path(max_length=200, description="The building's code, leniently typed")]
Geometry = Annotated[dict[str, Any], Field(description="A GeoJSON feature or geometry, EPSG:4490")]
# what every act answers: done, or proposed where another person has to confirm it
_ACT: Mapping[str, Any] = {
    "status_code": 201,
    "response_model": Act,
    "responses": described(statuses=(202,), model=ProposedAct),
    "dependencies": [unchanged("/buildings/{code}")],
}


class Happening(BaseModel):
    """Something that happened on a day; today if none is given."""

    model_config = ConfigDict(extra="forbid")

    on: date = Field(default_factory=date.today)


class Split(Happening):
    """A building and the parts it became."""

    parts: list[Geometry] = Field(max_length=500)
    survivor: int | None = Field(None, ge=0, description="The part, from 0, that keeps the code")
    stage: str | None = Field(None, max_length=40)


class Merger(Happening):
    """Buildings that became one."""

    others: list[Annotated[str, Field(max_length=200)]] = Field(max_length=500, description="Codes of the others")
    geometry: Geometry
    survivor: int | None = Field(
        None, ge=0, description="Who keeps the code: 0 the building itself, 1 the first other…"
    )
    stage: str | None = Field(None, max_length=40)
    name: str | None = Field(None, max_length=200)


class Rebuilding(Happening):
    """What was built where a building stood."""

    geometry: Geometry
    stage: str | None = Field(None, max_length=40)
    name: str | None = Field(None, max_length=200)


class Closure(Happening):
    """Why a building's life ended."""

    reason: str = Field(max_length=40, description="demolished, or mistaken: it never was a building")


class Relocation(Happening):
    """Where a building was moved to as a whole."""

    geometry: Geometry
    stage: str | None = Field(None, max_length=40)


class Part(Happening):
    """A separate part of a building, such as a basement that reaches beyond it."""

    geometry: Geometry
    space: Literal["underground", "surface"] = "underground"
    stage: str | None = Field(None, max_length=40)
    name: str | None = Field(None, max_length=200)


@router.get("/{code:path}/lineage", response_model=Lineage)
def read_building_lineage(code: Code, principal: Asking, database: Stored) -> Response:
    """Return who came before and after a building, and which living buildings its code leads to."""
    return answer(read_lineage(database, code, principal=principal))


@router.post("/{code:path}/splits", **_ACT)
def split_building(code: Code, split: Split, principal: Asking, database: Stored, key: OnceKey = None) -> Response:
    """Split a building into parts with codes of their own; 202 where another person has to confirm it."""
    return _act(database, principal, key, _request("split", [code], split, split.parts))


@router.post("/{code:path}/merges", **_ACT)
def merge_buildings(code: Code, merger: Merger, principal: Asking, database: Stored, key: OnceKey = None) -> Response:
    """Merge a building with others into one; 202 where another person has to confirm it."""
    return _act(database, principal, key, _request("merge", [code, *merger.others], merger, [merger.geometry]))


@router.post("/{code:path}/rebuilds", **_ACT)
def rebuild_building(
    code: Code, rebuilding: Rebuilding, principal: Asking, database: Stored, key: OnceKey = None
) -> Response:
    """Register what was built where a building stood: the next generation; 202 where another person has to confirm it."""
    return _act(database, principal, key, _request("rebuild", [code], rebuilding, [rebuilding.geometry]))


@router.post("/{code:path}/closures", **_ACT)
def close_building(code: Code, closure: Closure, principal: Asking, database: Stored, key: OnceKey = None) -> Response:
    """End a building's life; its code resolves for ever. 202 where another person has to confirm it."""
    return _act(database, principal, key, _request("close", [code], closure))


@router.post("/{code:path}/revivals", **_ACT)
def revive_building(
    code: Code, revival: Happening, principal: Asking, database: Stored, key: OnceKey = None
) -> Response:
    """Revoke a closure: the building lives again under its code. 202 where another person has to confirm it."""
    return _act(database, principal, key, _request("revive", [code], revival))


@router.post("/{code:path}/relocations", **_ACT)
def relocate_building(
    code: Code, relocation: Relocation, principal: Asking, database: Stored, key: OnceKey = None
) -> Response:
    """Have a building that was moved as a whole stand elsewhere; 202 where another person has to approve it."""
    return _act(database, principal, key, _request("relocate", [code], relocation, [relocation.geometry]))


@router.post("/{code:path}/parts", **_ACT)
def add_part(code: Code, part: Part, principal: Asking, database: Stored, key: OnceKey = None) -> Response:
    """Give a separate part of a building a code of its own; 202 where another person has to approve it."""
    return _act(database, principal, key, _request("add_part", [code], part, [part.geometry]))


def _request(act: str, codes: list[str], body: Happening, drawn: list[dict[str, Any]] | None = None) -> ActRequest:
    said = body.model_dump(exclude={"parts", "others", "geometry"})
    return ActRequest(act=act, codes=codes, footprints=[read_drawing(each)[0] for each in drawn or []], **said)


def _act(database: Database, principal: Principal, key: str | None, request: ActRequest) -> Response:
    done = carry_out(database, request, principal=principal, key=key)
    return answer(done, status=202 if "review" in done else 201)
