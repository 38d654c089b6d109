"""Where two plans of land use agree and where they differ; each comparison is kept as a run."""

from datetime import date
from io import BytesIO
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.answers import GEOJSON, GeoJson, answer, described
from api.dependencies import Asking, Configured, OnceKey, Stored
from api.paging import NumberCursor, listed
from api.told.blueprint import ComparisonSummary, Pieces
from workflows.difference_workbooks import write_workbook
from workflows.differing import DifferenceOptions, compare_plans, list_pieces, show_differences
from workflows.plan_states import read_extent
from workflows.terms import Terms

router = APIRouter(prefix="/differences", tags=["differences"])
Run = Annotated[str, Path(max_length=40, description="The id of the run, as its answer tells it")]
Plan = Annotated[
    str, Field(min_length=1, max_length=100, description="A layer: GH2103, GH2103@2024-01-01, GH2103@12 (an edition)")
]
_LARGEST = 1e9
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Comparison(BaseModel):
    """Two plans to compare."""

    model_config = ConfigDict(extra="forbid")

    first: Plan
    second: Plan
    as_of: Annotated[date | None, Field(description="Today where none is told")] = None
    known_at: AwareDatetime | None = None
    within: Annotated[
        dict[str, Any] | None, Field(description="A GeoJSON polygon; where both layers are complete if left out")
    ] = None
    min_area_m2: Annotated[float | None, Field(ge=0, le=_LARGEST, description="A sliver has less")] = None
    min_width_m: Annotated[float | None, Field(ge=0, le=_LARGEST, description="A sliver is narrower")] = None


@router.post("", status_code=201, response_model=ComparisonSummary)
def compare(
    asked: Annotated[Comparison, Body()],
    principal: Asking,
    database: Stored,
    settings: Configured,
    key: OnceKey = None,
) -> Response:
    """Compare two plans piece by piece, keep the answer as a run, and return its summary."""
    told = compare_plans(
        database,
        asked.first,
        asked.second,
        terms=Terms(principal, settings, asked.as_of, asked.known_at),
        options=DifferenceOptions(
            within=None if asked.within is None else read_extent(asked.within),
            min_area_m2=asked.min_area_m2,
            min_width_m=asked.min_width_m,
        ),
        key=key,
    )
    made = answer(told, status=201)
    made.headers["Location"] = f"/differences/{told['run']}"
    return made


@router.get("/{run}", response_model=ComparisonSummary)
def read_differences(run: Run, principal: Asking, database: Stored) -> Response:
    """Return the summary of a comparison: counts, areas and shares, what pieces do not say, thresholds, and the hash."""
    return answer(show_differences(database, run, principal=principal))


@router.get("/{run}/pieces", response_model=Pieces, response_class=GeoJson)
def read_pieces(  # noqa: PLR0913 - one for each parameter
    request: Request,
    run: Run,
    principal: Asking,
    database: Stored,
    *,
    classes: Annotated[list[str] | None, Query(alias="class", description="Only these classes")] = None,
    slivers: Annotated[bool, Query(description="Whether slivers are among them")] = True,
    cursor: NumberCursor = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="How many are told at most")] = 1_000,
) -> Response:
    """Return the pieces of a comparison as GeoJSON, in their order; `next` leads on."""
    told = list_pieces(
        database,
        run,
        principal=principal,
        classes=tuple(classes or ()),
        slivers=slivers,
        after=cursor or 0,
        most=limit,
    )
    return listed(request, told, media_type=GEOJSON)


@router.get("/{run}/workbook", response_class=Response, responses=described(_XLSX))
def read_workbook(run: Run, principal: Asking, database: Stored) -> Response:
    """Return a comparison as XLSX: statistics, pieces, the ledger of their cases, what it rests on."""
    written = BytesIO()
    write_workbook(database, run, written, principal=principal)
    headers = {"Content-Disposition": f'attachment; filename="differences-{run}.xlsx"'}
    return Response(written.getvalue(), headers=headers, media_type=_XLSX)
