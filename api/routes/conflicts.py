"""Conflicts between the layers: found and kept as runs, listed; publishing, which brings them up to date."""

from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Form, Path, Query, Request, Response, UploadFile
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.answers import GEOJSON, GeoJson, answer, described
from api.deliveries import delivered_file
from api.dependencies import Asking, Configured, OnceKey, Stored
from api.paging import NumberCursor, listed, page_of
from api.told.blueprint import ConflictRows, ConflictSummary, FoundConflicts, Published
from workflows.catalogues import configured_catalogue
from workflows.conflicts import (
    ConflictFilter,
    ConflictQuestion,
    Reader,
    find_conflicts,
    list_conflicts,
    show_conflicts,
)
from workflows.publishing import PublishOptions, publish
from workflows.rule_sets import rule_set

router = APIRouter(tags=["conflicts"])
_SIDES = 4
Box = tuple[float, float, float, float]


class Question(BaseModel):
    """The day, the time as whose knowledge, and where; without any of them it is the standing run that is brought up to date."""

    model_config = ConfigDict(extra="forbid")

    as_of: date | None = None
    known_at: AwareDatetime | None = None
    bbox: Annotated[Box | None, Field(description="West, south, east, north in degrees")] = None


class Delivery(BaseModel):
    """What is said of a file that is published."""

    model_config = ConfigDict(extra="forbid")

    file: UploadFile
    layer: Annotated[str, Field(max_length=200, description="The file's layer, where it holds several")] = ""
    crs: Annotated[str, Field(max_length=200)] = ""
    key: Annotated[str, Field(max_length=200, description="Attribute that tells features apart, such as BSM")] = ""
    ended: Annotated[list[str], Field(max_length=10_000, description="Keys of features that end")] = []
    ended_where: Annotated[str, Field(max_length=4_096, description="CQL2: delivered features that end")] = ""
    whole: Annotated[bool, Field(description="It is the whole layer: what it does not have ends")] = False
    valid_from: date | None = None
    title: Annotated[str, Field(max_length=200)] = ""
    accuracy_m: Annotated[float | None, Field(gt=0, le=1e6)] = None
    mapping: Annotated[
        str, Field(max_length=80, description="The office's mapping of fields and codes, by its name")
    ] = ""
    draft: Annotated[bool, Field(description="Tell what would happen, and store nothing")] = False


def reader_of(principal: Asking, settings: Configured) -> Reader:
    """Return who reads."""
    return Reader(principal, rule_set(settings), configured_catalogue(settings), settings.documents)


def filter_of(
    rule: Annotated[list[str] | None, Query(max_length=100)] = None,
    layer: Annotated[list[str] | None, Query(max_length=100)] = None,
    outcome: Annotated[list[str] | None, Query(max_length=10)] = None,
    bbox: Annotated[list[float] | None, Query(min_length=_SIDES, max_length=_SIDES, description="Four times")] = None,
    cursor: NumberCursor = None,
) -> ConflictFilter:
    """Return which conflicts are wanted."""
    box = None if bbox is None else (bbox[0], bbox[1], bbox[2], bbox[3])
    return ConflictFilter(rules=rule, layers=layer, outcomes=outcome, bbox=box, after=cursor or 0)


Reading = Annotated[Reader, Depends(reader_of)]
Wanted = Annotated[ConflictFilter, Depends(filter_of)]
Run = Annotated[
    str, Path(max_length=40, description="The id of the run; “standing” for the one that publishing keeps current")
]


@router.post("/conflicts", status_code=201, response_model=FoundConflicts)
def find(question: Annotated[Question, Body()], database: Stored, reader: Reading, key: OnceKey = None) -> Response:
    """Find the conflicts between all layers, keep them as a run, and return its summary."""
    asked = ConflictQuestion(as_of=question.as_of, known_at=question.known_at, bbox=question.bbox)
    return answer(find_conflicts(database, asked, reader=reader, idempotency_key=key), status=201)


@router.get("/conflicts/{run}", response_model=ConflictSummary)
def show(run: Run, database: Stored, reader: Reading) -> Response:
    """Return the summary of a run: numbers and areas by rule and outcome, and the rules that nothing is said of."""
    return answer(show_conflicts(database, _known(run), reader=reader))


@router.get("/conflicts/{run}/rows", response_model=ConflictRows, response_class=GeoJson)
def rows(
    request: Request,
    run: Run,
    database: Stored,
    reader: Reading,
    wanted: Wanted,
    *,
    limit: Annotated[int, Query(ge=1, le=10_000, description="How many are told at most")] = 1_000,
) -> Response:
    """Return conflicts of a run as GeoJSON, in the order in which they were found."""
    found = list_conflicts(database, _known(run), replace(wanted, most=limit + 1), reader=reader)
    page = page_of("features", found["features"], limit=limit)
    return listed(request, {**found, **page}, media_type=GEOJSON)


@router.post(
    "/layers/{layer}/editions", status_code=201, response_model=Published, responses=described(model=Published)
)
def publish_edition(
    layer: Annotated[str, Path(max_length=40)],
    delivery: Annotated[Delivery, Form()],
    database: Stored,
    reader: Reading,
    *,
    key: OnceKey = None,
) -> Response:
    """Publish a change of a layer, and return which conflicts are new, gone and changed; 200 for a draft, or what was there."""
    options = PublishOptions(
        as_layer=layer,
        layer=delivery.layer or None,
        crs=delivery.crs or None,
        key=delivery.key or None,
        ended=tuple(delivery.ended),
        ended_where=delivery.ended_where or None,
        whole=delivery.whole,
        valid_from=delivery.valid_from,
        title=delivery.title or None,
        accuracy_m=delivery.accuracy_m,
        draft=delivery.draft,
        mapping=delivery.mapping or None,
    )
    with delivered_file(delivery.file) as file:
        report = publish(database, file.path, options=options, by=reader, file=file.name, idempotency_key=key)
    return answer(report, status=200 if report["draft"] or report["repeated"] else 201)


def _known(run: str) -> str | None:
    return None if run == "standing" else run
