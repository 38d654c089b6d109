"""The blueprint's layers."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Response, UploadFile

from api.answers import answer
from api.deliveries import delivered_file
from api.dependencies import Asking, Configured, Stored
from api.told.blueprint import CheckedLayer, CheckedLayers, LayerCatalogue
from workflows.catalogues import configured_catalogue
from workflows.coverages import CoverageOptions, check_layer_file, check_stored_layer
from workflows.layer_files import FileLayers
from workflows.layering import list_layers

router = APIRouter(prefix="/layers", tags=["layers"])


def coverage_options(
    within: Annotated[str | None, Query(description="Code of a loaded layer that the features must lie in")] = None,
    gap_width_m: Annotated[float | None, Query(ge=0, le=100)] = None,
    as_of: Annotated[date | None, Query()] = None,
) -> CoverageOptions:
    """Return how a layer is to be checked."""
    return CoverageOptions(within=within or None, gap_width_m=gap_width_m, as_of=as_of)


Checking = Annotated[CoverageOptions, Depends(coverage_options)]


@router.get("", response_model=LayerCatalogue)
def read_layers(principal: Asking, database: Stored, settings: Configured) -> Response:
    """Return every layer of the catalogue with the editions that are loaded; none loaded means no data."""
    catalogue = configured_catalogue(settings)
    return answer({"layers": list_layers(database, principal=principal, catalogue=catalogue)})


@router.post("/check", response_model=CheckedLayers)
def check_file(  # noqa: PLR0913 - one for each field of the form
    file: UploadFile,
    principal: Asking,
    database: Stored,
    settings: Configured,
    options: Checking,
    as_layer: Annotated[str | None, Form()] = None,
    layer: Annotated[str | None, Form()] = None,
    crs: Annotated[str | None, Form()] = None,
) -> Response:
    """Return the gaps, overlaps, protrusions and missing vertices in a file's layers; nothing is stored."""
    with delivered_file(file) as delivered:
        reports = check_layer_file(
            delivered.path,
            said=FileLayers(as_layer or None, layer or None, crs or None),
            options=options,
            catalogue=configured_catalogue(settings),
            database=database,
            principal=principal,
            name=delivered.name,
        )
    return answer({"layers": [report.as_json() for report in reports]})


@router.post("/{layer}/check", response_model=CheckedLayer)
def check_layer(layer: str, principal: Asking, database: Stored, settings: Configured, options: Checking) -> Response:
    """Return the gaps, overlaps, protrusions and missing vertices in the edition of a layer that is in effect."""
    catalogue = configured_catalogue(settings)
    report = check_stored_layer(database, layer, principal=principal, options=options, catalogue=catalogue)
    return answer(report.as_json())
