"""Names that others gave buildings and units."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Form, Path, Response, UploadFile
from pydantic import BaseModel, Field

from api.answers import answer, described
from api.deliveries import delivered_file
from api.dependencies import Asking, Configured, OnceKey, Stored
from api.preconditions import unchanged
from api.told.buildings import AddedAlias, AddedAliases, Alias, Aliases
from workflows.aliasing import NewAlias, add_alias, add_aliases_of_table, end_alias, list_aliases
from workflows.schemes import configured_schemes

router = APIRouter(tags=["aliases"])
Name = Annotated[str, Path(max_length=200, description="A code, leniently typed, or an alias")]
_TEXT = Field(min_length=1, max_length=200)


class WantedAlias(BaseModel):
    """A name that a building, or a unit of it, is to have."""

    scheme: Annotated[str, _TEXT]
    value: Annotated[str, _TEXT]
    unit: Annotated[str | None, _TEXT] = None
    valid_from: Annotated[date | None, Field(description="Today where none is told")] = None
    source: Annotated[str | None, _TEXT] = None


class Ending(BaseModel):
    """The day on which a name ends."""

    valid_to: Annotated[date | None, Field(description="Today where none is told")] = None


@router.get("/buildings/{name:path}/aliases", response_model=Aliases)
def read_aliases(name: Name, principal: Asking, database: Stored, settings: Configured) -> Response:
    """Return every name that a building or a unit of it has or had, in the order in which they were recorded."""
    return answer(list_aliases(database, name, principal=principal, schemes=configured_schemes(settings)))


@router.post(
    "/buildings/{name:path}/aliases/{alias_id}/end",
    response_model=Alias,
    dependencies=[unchanged("/buildings/{name}/aliases")],
)
def end(  # noqa: PLR0913 - one for each part of the request
    name: Name,
    alias_id: Annotated[int, Path(ge=1, lt=2**63)],
    principal: Asking,
    database: Stored,
    settings: Configured,
    ending: Annotated[Ending | None, Body()] = None,
    key: OnceKey = None,
) -> Response:
    """End a name on a day; it stays on record."""
    ended = end_alias(
        database,
        name,
        alias_id,
        principal=principal,
        valid_to=ending.valid_to if ending else None,
        key=key,
        schemes=configured_schemes(settings),
    )
    return answer(ended)


@router.post(
    "/buildings/{name:path}/aliases",
    status_code=201,
    response_model=AddedAlias,
    responses=described(model=AddedAlias),
    dependencies=[unchanged("/buildings/{name}/aliases")],
)
def create_alias(
    name: Name,
    wanted: Annotated[WantedAlias, Body()],
    principal: Asking,
    database: Stored,
    settings: Configured,
    key: OnceKey = None,
) -> Response:
    """Give a building, or a unit of it, a name; 200 where it has it."""
    new = NewAlias(building=name, **wanted.model_dump())
    added = add_alias(database, new, principal=principal, key=key, schemes=configured_schemes(settings))
    return answer(added, status=201 if added["added"] else 200)


@router.post("/aliases", response_model=AddedAliases)
def create_aliases(  # noqa: PLR0913 - one for each field of the form
    file: UploadFile,
    principal: Asking,
    database: Stored,
    settings: Configured,
    sheet: Annotated[str | None, Form(description="Which sheet, where the workbook has several")] = None,
    valid_from: Annotated[date | None, Form(description="Today where none is told")] = None,
    key: OnceKey = None,
) -> Response:
    """Give buildings and units the names in a table (CSV or XLSX): all of them, or none, with every row's fault."""
    with delivered_file(file) as delivered:
        added = add_aliases_of_table(
            database,
            delivered.path,
            principal=principal,
            sheet=sheet or None,
            valid_from=valid_from,
            file=delivered.name,
            key=key,
            schemes=configured_schemes(settings),
        )
    return answer(added)
