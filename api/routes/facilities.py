"""Municipal facilities: roads, bridges, pipes, stations."""

from typing import Annotated

from fastapi import APIRouter, Form, Response, UploadFile

from api.answers import answer, described
from api.deliveries import delivered_file
from api.dependencies import Asking, Configured, Stored
from api.told.deliveries import FacilityClasses, UploadReport
from workflows.facilities import FacilityOptions, facility_classes, upload_facilities
from workflows.procedures import configured_procedure
from workflows.schemes import configured_schemes

router = APIRouter(prefix="/facilities", tags=["facilities"])


@router.get("/classes", response_model=FacilityClasses)
def read_classes(principal: Asking) -> Response:
    """Return the classes of facilities: how each is drawn, and how wide it is where nobody says."""
    _ = principal
    return answer({"classes": facility_classes()})


@router.post("", status_code=201, response_model=UploadReport, responses=described(model=UploadReport))
def upload(  # noqa: PLR0913 - one for each field of the form
    file: UploadFile,
    principal: Asking,
    database: Stored,
    settings: Configured,
    facility_class: Annotated[str | None, Form(alias="class", description="Where rows state none")] = None,
    width_m: Annotated[float | None, Form(description="Of lines' corridors, where rows state none")] = None,
    size_m: Annotated[float | None, Form(description="Of points' sites, where rows state none")] = None,
    crs: Annotated[str | None, Form()] = None,
    layer: Annotated[str | None, Form()] = None,
    stage: Annotated[str, Form()] = "design",
    mode: Annotated[str, Form()] = "all",
) -> Response:
    """Register the facilities of a file; 200 and the first answer where the same content was uploaded before."""
    options = FacilityOptions(
        facility_class=facility_class or None,
        width_m=width_m,
        size_m=size_m,
        crs=crs or None,
        layer=layer or None,
        stage=stage,
        mode=mode,
    )
    with delivered_file(file) as delivered:
        report = upload_facilities(
            database,
            delivered.path,
            principal=principal,
            documents=settings.documents,
            options=options,
            file=delivered.name,
            schemes=configured_schemes(settings),
            procedure=configured_procedure(settings),
        )
    made = answer(report.as_json(), status=200 if report.repeated else 201)
    made.headers["Location"] = f"/uploads/{report.id}"
    return made
