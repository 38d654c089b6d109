"""Deliveries of footprints into the register."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response, UploadFile

from api.answers import answer
from api.deliveries import delivered_file
from api.dependencies import Asking, Configured, Stored
from workflows.procedures import configured_procedure
from workflows.schemes import configured_schemes
from workflows.uploading import DeliveryOptions, find_report, upload_file

router = APIRouter(prefix="/uploads", tags=["uploads"])


@router.post("", status_code=201)
def upload(  # noqa: PLR0913 - one for each field of the form
    file: UploadFile,
    principal: Asking,
    database: Stored,
    settings: Configured,
    crs: Annotated[str | None, Form()] = None,
    layer: Annotated[str | None, Form()] = None,
    stage: Annotated[str, Form()] = "design",
    mode: Annotated[str, Form()] = "all",
    *,
    complete: Annotated[bool, Form()] = False,
) -> Response:
    """Register the footprints of a file; 200 and the first answer where the same content was uploaded before."""
    with delivered_file(file) as delivered:
        report = upload_file(
            database,
            delivered.path,
            principal=principal,
            documents=settings.documents,
            file=delivered.name,
            options=DeliveryOptions(crs=crs or None, layer=layer or None, stage=stage, mode=mode, complete=complete),
            schemes=configured_schemes(settings),
            procedure=configured_procedure(settings),
        )
    made = answer(report.as_json(), status=200 if report.repeated else 201)
    made.headers["Location"] = f"/uploads/{report.id}"
    return made


@router.get("/{upload_id}")
def read_upload(upload_id: UUID, principal: Asking, database: Stored) -> Response:
    """Return the report of one of the office's uploads."""
    return answer(find_report(database, str(upload_id), principal=principal).as_json())
