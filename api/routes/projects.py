"""Projects with their buildings."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import BaseModel, Field

from api.answers import answer, described
from api.dependencies import Asking, Configured, OnceKey, Stored
from api.paging import IdCursor, Limit, listed, page_of
from api.preconditions import unchanged
from api.told.buildings import JoinedProject, LeftProject, OpenedProject, Projects, ProjectWithBuildings
from workflows.procedures import configured_procedure
from workflows.projects import find_projects, join_project, leave_project, open_project, read_project
from workflows.schemes import configured_schemes

router = APIRouter(prefix="/projects", tags=["projects"])
Key = Annotated[str, Path(max_length=200, description="The project's id or code")]
Names = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    Field(min_length=1, max_length=10_000, description="Codes, leniently typed, or aliases"),
]


class NewProject(BaseModel):
    """A project that is opened."""

    name: Annotated[str, Field(min_length=1, max_length=400)]
    code: Annotated[str | None, Field(max_length=200, description="Of GB/T 40058; none where it has none yet")] = None


class Joining(BaseModel):
    """Buildings that join a project."""

    buildings: Names
    valid_from: Annotated[date | None, Field(description="Today where none is told")] = None


class Leaving(BaseModel):
    """Buildings that leave a project."""

    buildings: Names
    valid_to: Annotated[date | None, Field(description="Today where none is told")] = None


@router.post("", status_code=201, response_model=OpenedProject, responses=described(model=OpenedProject))
def create_project(
    new: Annotated[NewProject, Body()], principal: Asking, database: Stored, key: OnceKey = None
) -> Response:
    """Open a project; 200 where the office has one of this code and name."""
    opened = open_project(database, name=new.name, code=new.code, principal=principal, key=key)
    made = answer(opened, status=201 if opened["opened"] else 200)
    made.headers["Location"] = f"/projects/{opened['id']}"
    return made


@router.get("", response_model=Projects)
def search_projects(
    request: Request,
    principal: Asking,
    database: Stored,
    *,
    q: Annotated[str, Query(max_length=200, description="Part of a code or a name")] = "",
    limit: Limit = 100,
    cursor: IdCursor = None,
) -> Response:
    """Return the projects whose code or name holds a text, the newest first."""
    found = find_projects(database, q, principal=principal, after=cursor, most=limit + 1)
    return listed(request, page_of("projects", found["projects"], limit=limit))


@router.get("/{key}", response_model=ProjectWithBuildings)
def read_one_project(
    key: Key,
    principal: Asking,
    database: Stored,
    settings: Configured,
    day: Annotated[date | None, Query(description="Only what was in it on that day")] = None,
) -> Response:
    """Return a project with its buildings, where each stands, and their totals."""
    stages = configured_procedure(settings).stages
    return answer(read_project(database, key, principal=principal, day=day, stages=stages))


@router.post("/{key}/buildings", response_model=JoinedProject, dependencies=[unchanged("/projects/{key}")])
def join(
    key: Key,
    joining: Annotated[Joining, Body()],
    principal: Asking,
    database: Stored,
    settings: Configured,
    once: OnceKey = None,
) -> Response:
    """Put buildings into a project: all of them, or none."""
    return answer(
        join_project(
            database,
            key,
            joining.buildings,
            principal=principal,
            valid_from=joining.valid_from,
            key=once,
            schemes=configured_schemes(settings),
        )
    )


@router.post("/{key}/buildings/leave", response_model=LeftProject, dependencies=[unchanged("/projects/{key}")])
def leave(
    key: Key,
    leaving: Annotated[Leaving, Body()],
    principal: Asking,
    database: Stored,
    settings: Configured,
    once: OnceKey = None,
) -> Response:
    """Take buildings out of a project: all of them, or none."""
    return answer(
        leave_project(
            database,
            key,
            leaving.buildings,
            principal=principal,
            valid_to=leaving.valid_to,
            key=once,
            schemes=configured_schemes(settings),
        )
    )
