"""Extracts: everything that the blueprint has on a site, as JSON, GeoJSON or PDF; each is kept as a run."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.answers import GEOJSON, JSON, PDF, answer, described_in
from api.dependencies import Asking, Configured, OnceKey, Stored
from api.told import blueprint as told
from geocode import Text
from workflows.errors import RefusedOptionError
from workflows.extract_papers import render_extract
from workflows.extract_views import extract_geojson, extract_json
from workflows.extracting import Extract, extract_building, extract_drawing, extract_feature, kept_extract
from workflows.settings import Settings
from workflows.terms import Terms

router = APIRouter(prefix="/extracts", tags=["extracts"])
Form = Literal["json", "geojson", "pdf"]
_LARGEST_M2 = 1e12
_FORMS = {JSON: told.Extract, GEOJSON: told.ExtractFeatures, PDF: None}
StatedArea = Annotated[
    float | None,
    Query(gt=0, le=_LARGEST_M2, description="The area that a register or a permit states: shares are scaled to it"),
]


class DrawnSite(BaseModel):
    """A site that somebody drew."""

    model_config = ConfigDict(extra="forbid")

    geometry: Annotated[dict[str, Any], Field(description="A GeoJSON feature or geometry: a polygon")]
    crs: str = Field("EPSG:4490", max_length=100)
    name: str | None = Field(None, max_length=200)
    stated_area_m2: float | None = Field(None, gt=0, le=_LARGEST_M2)
    as_of: date | None = None
    known_at: AwareDatetime | None = None


@router.get("/{form}", response_class=Response, responses=described_in(_FORMS))
def read_extract(  # noqa: PLR0913 - one for each parameter
    form: Annotated[Form, Path(description="json, geojson or pdf")],
    principal: Asking,
    database: Stored,
    settings: Configured,
    *,
    code: Annotated[
        str | None, Query(max_length=200, description="A building's code, or any name assigned to it")
    ] = None,
    layer: Annotated[str | None, Query(max_length=40, description="The layer that the feature is of")] = None,
    feature: Annotated[
        str | None, Query(max_length=200, description="Its id, its id at the source, or its name")
    ] = None,
    run: Annotated[
        str | None, Query(max_length=40, description="An extract that was kept: shown again as it was")
    ] = None,
    as_of: Annotated[date | None, Query(description="The day that counts")] = None,
    known_at: Annotated[AwareDatetime | None, Query(description="The time whose knowledge counts")] = None,
    stated_area_m2: StatedArea = None,
) -> Response:
    """Return what every layer has on a building's footprint, or on a feature such as a parcel; or an extract that was kept."""
    terms = Terms(principal, settings, as_of, known_at)
    if run is not None:
        found = kept_extract(database, run, principal=principal)
    elif code is not None:
        found = extract_building(database, code, terms=terms, stated_area_m2=stated_area_m2)
    elif layer is not None and feature is not None:
        found = extract_feature(database, layer, feature, terms=terms, stated_area_m2=stated_area_m2)
    else:
        raise RefusedOptionError(
            Text("未指明要核查的用地。", "Nothing says which site is meant."),
            Text("给出 code,或 layer 和 feature,或 run。", "Give code, or layer and feature, or run."),
        )
    return _respond(found, form, settings)


@router.post("", status_code=201, response_class=Response, responses=described_in(_FORMS, status=201))
def draw_extract(
    site: DrawnSite,
    principal: Asking,
    database: Stored,
    settings: Configured,
    *,
    form: Annotated[Form, Query(description="json, geojson or pdf")] = "json",
    key: OnceKey = None,
) -> Response:
    """Return what every layer has on a site that is drawn."""
    found = extract_drawing(
        database,
        site.geometry,
        terms=Terms(principal, settings, site.as_of, site.known_at),
        crs=site.crs,
        name=site.name,
        stated_area_m2=site.stated_area_m2,
        key=key,
    )
    return _respond(found, form, settings, status=201)


def _respond(extract: Extract, form: Form, settings: Settings, *, status: int = 200) -> Response:
    location = {"Location": f"/runs/{extract.id}"}
    if form == "pdf":
        headers = {**location, "Content-Disposition": f'attachment; filename="{extract.id}.pdf"'}
        return Response(render_extract(extract, settings=settings), status, headers, media_type="application/pdf")
    content = extract_geojson(extract) if form == "geojson" else extract_json(extract)
    media_type = "application/geo+json" if form == "geojson" else "application/json"
    response = answer(content, status=status, media_type=media_type)
    response.headers.update(location)
    return response
