"""Deliveries of footprints into the register: looked at, registered, given back."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import Field

from api.answers import answer, described
from api.deliveries import delivered_file, working_folder
from api.dependencies import Asking, Configured, OnceKey, Spoken, Stored
from api.routes.jobs import Preferred, accepted, is_async
from api.told.deliveries import Job, UploadPreview, UploadReport
from workflows.catalogues import configured_catalogue
from workflows.delivery_options import DeliveryOptions
from workflows.jobs import ask_for_upload
from workflows.procedures import configured_procedure
from workflows.reading_settings import configured_reading
from workflows.schemes import configured_schemes
from workflows.settings import Settings
from workflows.upload_files import Part, give_back
from workflows.upload_previews import MOST_SHOWN, preview_upload
from workflows.upload_reports import find_report
from workflows.uploading import upload_file

router = APIRouter(prefix="/uploads", tags=["uploads"])


Heading = Annotated[str, Field(max_length=100)]


def delivery_options(  # noqa: PLR0913 - one for each field of the form
    crs: Annotated[str | None, Form(max_length=2_000)] = None,
    layer: Annotated[str | None, Form(max_length=200)] = None,
    stage: Annotated[str, Form(max_length=40)] = "design",
    mode: Annotated[str, Form(max_length=10)] = "all",
    column: Annotated[
        list[Heading] | None, Form(max_length=20, description="What a column of a table is, such as north=X")
    ] = None,
    closing_m: Annotated[
        float | None, Form(ge=0, le=10, description="Of a drawing: how far apart the ends of a ring may be")
    ] = None,
    drawing_unit: Annotated[
        str | None, Form(max_length=20, description="Of a drawing: m, dm, cm, mm, km, in, ft")
    ] = None,
    extent: Annotated[
        str,
        Form(max_length=100, description="Where the ground is, where the file states no CRS: west,south,east,north"),
    ] = "",
    datum: Annotated[str, Form(max_length=40, description="The datum, where the file states none: CGCS2000")] = "",
    *,
    complete: Annotated[bool, Form()] = False,
    fix: Annotated[bool, Form(description="Mend spikes and tiny edges where that is safe")] = False,
) -> DeliveryOptions:
    """Return how a delivery is to be taken."""
    return DeliveryOptions(
        crs=crs or None,
        layer=layer or None,
        stage=stage,
        mode=mode,
        complete=complete,
        fix=fix,
        columns=[text for text in column or () if text],
        closing_m=closing_m,
        drawing_unit=drawing_unit or None,
        extent=extent,
        datum=datum,
    )


Options = Annotated[DeliveryOptions, Depends(delivery_options)]


@router.post(
    "",
    status_code=201,
    response_model=UploadReport,
    responses=described(model=UploadReport) | described(statuses=(202,), model=Job),
)
def upload(  # noqa: PLR0913 - the form, and two headers
    file: UploadFile,
    principal: Asking,
    database: Stored,
    settings: Configured,
    options: Options,
    key: OnceKey = None,
    prefer: Preferred = None,
) -> Response:
    """Register the footprints of a file; 200 and the first answer where the same content was uploaded before.

    With ``Prefer: respond-async`` a job does it: 202 and the job, which tells how far it has come.
    """
    with delivered_file(file) as delivered:
        asked: dict[str, Any] = {
            "principal": principal,
            "documents": settings.documents,
            "file": delivered.name,
            "options": options,
            "key": key,
        }
        if is_async(prefer):
            return accepted(ask_for_upload(database, delivered.path, **asked))
        procedure = configured_procedure(settings)
        report = upload_file(database, delivered.path, **asked, procedure=procedure, **_known(settings))
    made = answer(report.as_json(), status=200 if report.repeated else 201)
    made.headers["Location"] = f"/uploads/{report.id}"
    return made


@router.post("/preview", response_model=UploadPreview)
def preview(  # noqa: PLR0913 - the form, and what is shown
    file: UploadFile,
    principal: Asking,
    database: Stored,
    settings: Configured,
    options: Options,
    most: Annotated[int, Query(ge=0, le=100_000, description="How many rows are shown")] = MOST_SHOWN,
    *,
    doubtful: Annotated[bool, Query(description="Show only rows with a fault or a warning")] = False,
) -> Response:
    """Return what a file is and what an upload would say of its rows; nothing is stored."""
    with delivered_file(file) as delivered:
        told = preview_upload(
            database,
            delivered.path,
            principal=principal,
            options=options,
            file=delivered.name,
            most=most,
            only_doubtful=doubtful,
            **_known(settings),
        )
    return answer(told)


@router.get("/{upload_id}", response_model=UploadReport)
def read_upload(upload_id: UUID, principal: Asking, database: Stored) -> Response:
    """Return the report of one of the office's uploads."""
    return answer(find_report(database, str(upload_id), principal=principal).as_json())


@router.get("/{upload_id}/{part}", response_class=FileResponse, responses=described("*/*"))
def read_part(  # noqa: PLR0913 - one for each part of the request
    upload_id: UUID,
    part: Part,
    principal: Asking,
    database: Stored,
    settings: Configured,
    language: Spoken,
    made: Annotated[Path, Depends(working_folder)],
    form: Annotated[
        str | None, Query(alias="format", pattern="^[a-z]{1,12}$", description="As delivered where it is none")
    ] = None,
) -> FileResponse:
    """Return a delivery again: `coded`, all of it with its codes, or `rejected`, the refused rows with what is against them."""
    path = give_back(
        database,
        str(upload_id),
        part,
        made,
        principal=principal,
        documents=settings.documents,
        suffix=None if form is None else f".{form}",
        reading=configured_reading(settings),
        language=language,
    )
    return FileResponse(path, filename=path.name, headers={"X-Content-Type-Options": "nosniff"})


def _known(settings: Settings) -> dict[str, Any]:
    """Return what the installation knows of deliveries beforehand."""
    return {
        "schemes": configured_schemes(settings),
        "catalogue": configured_catalogue(settings),
        "reading": configured_reading(settings),
    }
