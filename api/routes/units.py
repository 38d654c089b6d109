"""The units of buildings: building tables (楼盘表)."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Response, UploadFile

from api.answers import answer
from api.deliveries import delivered_file
from api.dependencies import Asking, Configured, OnceKey, Stored
from api.preconditions import unchanged
from api.told.buildings import ReplacedUnits, Units
from workflows.schemes import configured_schemes
from workflows.units import TableOptions, read_units, replace_units

router = APIRouter(prefix="/buildings", tags=["units"])
Name = Annotated[str, Path(max_length=200, description="A code, leniently typed, or an alias")]


@router.get("/{name:path}/units", response_model=Units)
def read_units_of(
    name: Name,
    principal: Asking,
    database: Stored,
    settings: Configured,
    day: Annotated[date | None, Query(description="As they were on that day")] = None,
) -> Response:
    """Return a building's units with their totals by use and storey, and what is odd about them."""
    schemes = configured_schemes(settings)
    return answer(read_units(database, name, principal=principal, day=day, schemes=schemes))


@router.put(
    "/{name:path}/units",
    response_model=ReplacedUnits,
    dependencies=[unchanged("/buildings/{name}/units", is_demanded=True)],
)
def replace_units_of(  # noqa: PLR0913 - one for each field of the form
    name: Name,
    file: UploadFile,
    principal: Asking,
    database: Stored,
    settings: Configured,
    sheet: Annotated[str | None, Form(description="Which sheet, where the workbook has several")] = None,
    several_parcels: Annotated[bool, Form(description="Whether the building stands on several parcels")] = False,  # noqa: FBT002
    valid_from: Annotated[date | None, Form(description="Today where none is told")] = None,
    key: OnceKey = None,
) -> Response:
    """Put a building table (CSV or XLSX) in the place of the one there is; 422 with every row's fault where it is refused."""
    options = TableOptions(sheet=sheet or None, several_parcels=several_parcels, valid_from=valid_from)
    with delivered_file(file) as delivered:
        replaced = replace_units(
            database,
            name,
            delivered.path,
            principal=principal,
            documents=settings.documents,
            options=options,
            file=delivered.name,
            key=key,
            schemes=configured_schemes(settings),
        )
    return answer(replaced)
