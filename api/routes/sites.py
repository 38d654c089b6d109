"""Sites for a project: judged, ranked, and kept as a run."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.answers import CSV, GEOJSON, JSON, answer, described_in
from api.dependencies import Asking, Configured, OnceKey, Stored
from api.told.blueprint import SiteFeatures, Sites
from workflows.plan_states import read_extent
from workflows.site_candidates import CandidateOptions
from workflows.site_files import sites_csv
from workflows.siting import SitingOptions, find_sites, show_sites, sites_geojson
from workflows.terms import Terms

router = APIRouter(prefix="/sites", tags=["sites"])
_LARGEST_M2 = 1e12
Limit = Annotated[float, Field(ge=0, le=_LARGEST_M2)]


class Search(BaseModel):
    """What sites are looked for by."""

    model_config = ConfigDict(extra="forbid")

    candidates: Annotated[
        str,
        Field(
            min_length=1, max_length=100, description="A layer, such as GH2303 or GH2303@2024-01-01; or h3:N, a grid"
        ),
    ]
    within: Annotated[dict[str, Any] | None, Field(description="A GeoJSON polygon: candidates lie whole in it")] = None
    where: Annotated[str, Field(max_length=2_000, description="CQL2: only features for which it holds")] = ""
    min_area_m2: Limit = 0.0
    max_area_m2: Limit = _LARGEST_M2
    min_width_m: Limit = 0.0
    min_compactness: Annotated[float, Field(ge=0, le=1)] = 0.0
    profile: Annotated[str, Field(max_length=100_000, description="Factors and weights (TOML)")] = ""
    vary: Annotated[float, Field(ge=0, le=1, description="By how much of itself each weight varies")] = 0.2
    as_of: Annotated[date | None, Field(description="Today where none is told")] = None
    known_at: AwareDatetime | None = None


@router.post("", status_code=201, response_model=Sites)
def search(
    asked: Annotated[Search, Body()], principal: Asking, database: Stored, settings: Configured, key: OnceKey = None
) -> Response:
    """Find sites for a project: hard rules rule candidates out, weighted factors rank the others; kept as a run."""
    told = find_sites(
        database,
        terms=Terms(principal, settings, asked.as_of, asked.known_at),
        options=SitingOptions(
            candidates=CandidateOptions(
                source=asked.candidates,
                within=None if asked.within is None else read_extent(asked.within),
                where=asked.where,
                min_area_m2=asked.min_area_m2,
                max_area_m2=asked.max_area_m2,
                min_width_m=asked.min_width_m,
                min_compactness=asked.min_compactness,
            ),
            profile=asked.profile,
            share=asked.vary,
        ),
        key=key,
    )
    made = answer(told, status=201)
    made.headers["Location"] = f"/sites/{told['run']}"
    return made


@router.get(
    "/{run}",
    response_class=Response,
    responses=described_in({JSON: Sites, GEOJSON: SiteFeatures, CSV: None}),
)
def read_sites(
    run: Annotated[str, Path(max_length=40, description="The id of the run, as its answer tells it")],
    principal: Asking,
    database: Stored,
    form: Annotated[Literal["json", "geojson", "csv"], Query(description="json, geojson or csv")] = "json",
) -> Response:
    """Return sites that were found, by rank, as JSON, GeoJSON or CSV."""
    told = show_sites(database, run, principal=principal)
    if form == "csv":
        return Response(sites_csv(told), media_type="text/csv; charset=utf-8")
    if form == "geojson":
        return answer(sites_geojson(told), media_type="application/geo+json")
    return answer(told)
