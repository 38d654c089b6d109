"""Packages for and from sister systems."""

import shutil
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, UploadFile
from fastapi.responses import FileResponse

from api.answers import answer, described
from api.deliveries import working_folder
from api.dependencies import Asking, Configured, Stored
from api.told.ledger import TakenPackage
from workflows.exporting import export_package
from workflows.importing import import_package, trusted_keys

router = APIRouter(prefix="/packages", tags=["exchange"])


@router.get("", response_class=FileResponse, responses=described("application/zip"))
def read_package(  # noqa: PLR0913 - one for each question of the query
    principal: Asking,
    database: Stored,
    settings: Configured,
    made: Annotated[Path, Depends(working_folder)],
    project: Annotated[str | None, Query(description="Code or id of a project; everything without it")] = None,
    after: Annotated[int, Query(ge=-1, le=2**62, description="Position that the last package reached, its `to`")] = -1,
    approval: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="Number of the approval of an export beyond the cap"),
    ] = None,
) -> FileResponse:
    """Return a package: events, proofs, geometries and documents, signed; its position is in the header Luotu-Position."""
    path = made / "package.zip"
    told = export_package(
        database, settings, path, principal=principal, project=project, after=after, approval=approval
    )
    headers = {"Luotu-Position": str(told["to"]), "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type="application/zip", filename=f"luotu-{told['to']}.zip", headers=headers)


@router.post("", response_model=TakenPackage)
def take_package(
    file: UploadFile,
    principal: Asking,
    database: Stored,
    settings: Configured,
    made: Annotated[Path, Depends(working_folder)],
) -> Response:
    """Take over what a package of a trusted sister system tells; what was taken over before is left alone."""
    path = made / "package.zip"
    with path.open("wb") as copy:
        shutil.copyfileobj(file.file, copy)
    return answer(import_package(database, settings, path, principal=principal, keys=trusted_keys(settings)))
