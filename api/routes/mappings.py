"""Mappings of delivered layers to those of the catalogue."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from api.answers import answer
from api.deliveries import delivered_file
from api.dependencies import Asking, Configured, Stored
from api.paging import Limit, NameCursor, listed, page_of
from api.preconditions import unchanged
from api.told.blueprint import Mapping, MappingProposal, Mappings
from workflows.catalogues import configured_catalogue
from workflows.mappings import list_mappings, mapping_of, propose, save_mapping, show_mapping

router = APIRouter(prefix="/mappings", tags=["layers"])
_MOST = 10_000
Name = Annotated[str, Path(min_length=1, max_length=80)]
Words = Annotated[str, Field(max_length=200)]


class SaidMapping(BaseModel):
    """What each delivered field is, and what each delivered code means."""

    model_config = ConfigDict(extra="forbid")

    layer: Annotated[str, Field(max_length=40, description="Code of the catalogue's layer")]
    fields: Annotated[dict[Words, Words], Field(max_length=_MOST)] = {}
    codes: Annotated[dict[Words, Words], Field(max_length=_MOST)] = {}


@router.post("/proposals", response_model=MappingProposal)
def propose_one(
    file: UploadFile,
    principal: Asking,
    settings: Configured,
    as_layer: Annotated[str, Form(max_length=40)],
    layer: Annotated[str | None, Form()] = None,
    crs: Annotated[str | None, Form()] = None,
) -> Response:
    """Return what the fields and codes of a file seem to be in a layer of the catalogue; nothing is stored."""
    with delivered_file(file) as delivered:
        told = propose(
            delivered.path,
            as_layer=as_layer,
            principal=principal,
            layer=layer or None,
            crs=crs or None,
            file=delivered.name,
            catalogue=configured_catalogue(settings),
        )
    return answer(told)


@router.get("", response_model=Mappings)
def read_all(
    request: Request, principal: Asking, database: Stored, *, limit: Limit = 100, cursor: NameCursor = None
) -> Response:
    """Return the office's mappings in their newest versions, by name."""
    found = list_mappings(database, principal=principal, after=cursor, most=limit + 1)
    return listed(request, page_of("mappings", found, limit=limit, key="name"))


@router.get("/{name}", response_model=Mapping)
def read_one(
    name: Name,
    principal: Asking,
    database: Stored,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """Return a mapping of the office, the newest version unless one is told."""
    return answer(show_mapping(database, name, principal=principal, version=version))


@router.put("/{name}", response_model=Mapping, dependencies=[unchanged("/mappings/{name}", is_demanded=True)])
def save(name: Name, said: SaidMapping, principal: Asking, database: Stored, settings: Configured) -> Response:
    """Keep a mapping under a name: the same again is the same version, another one the next."""
    mapping = mapping_of(said.model_dump())
    catalogue = configured_catalogue(settings)
    return answer(save_mapping(database, name, mapping, principal=principal, catalogue=catalogue))
