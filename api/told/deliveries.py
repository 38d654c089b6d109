"""What is told of deliveries: reports of uploads, previews, jobs, reviews."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

from api.told.buildings import MatchFault
from api.told.parts import Box, Fault, Geometry, Measure, Named, Office, Text, Told

__all__ = ["Decided", "FacilityClasses", "Job", "Jobs", "Review", "Reviews", "UploadPreview", "UploadReport"]


class Reckoned(Told):
    """An encoding or a coordinate system, and how it is known."""

    name: str
    why: Text
    said: NotRequired[str]


class ShiftOfDelivery(Told):
    """How a delivery lies against the register, where that was taken away."""

    dx_m: float
    dy_m: float
    rows: int
    spread_m: float


class Mending(Told):
    """How a row was mended, or could be."""

    applied: bool
    text: Text
    vertices: list[int]
    moved_m: float
    area_m2: float
    geometry: Geometry | None


class DeliveryWarning(Fault):
    """What somebody should look at."""

    severity: str
    fix: Mending | None


class UploadRow(Told):
    """What became of a row of a delivery."""

    row: int
    feature: str | None
    name: str | None
    outcome: Literal["new", "same", "revised", "split", "merged", "held", "refused"]
    code: str | None
    area_m2: float | None
    fault: MatchFault | None
    review: str | None
    warnings: list[DeliveryWarning]
    facility_class: NotRequired[Annotated[Named | None, Field(alias="class")]]
    class_delivered: NotRequired[str | None]
    width_m: NotRequired[float | None]
    length_m: NotRequired[float | None]
    size_m: NotRequired[float | None]


class _UploadHead(Told):
    id: str | None
    file: str
    sha256: str
    format: str
    encoding: Reckoned | None
    crs: Reckoned
    stage: str
    mode: str
    shift: ShiftOfDelivery | None
    rows: int
    accepted: int
    held: int
    refused: int
    warned: int
    gone: list[str]
    notes: list[Text]
    stored: bool
    repeated: bool


class UploadReport(_UploadHead):
    """What became of a delivery, row by row."""

    results: list[UploadRow]


class PreviewRow(UploadRow):
    """What would become of a row, and where it lies."""

    geometry: Geometry | None


class FileLayer(Told):
    """A layer of a file."""

    name: str
    geometry: str | None
    rows: int | None


class FileColumn(Told):
    """A column of a file."""

    name: str
    kind: str
    filled: int
    samples: list[Any]


class UploadPreview(Told):
    """What a file is and what an upload of it would say; of a file that is refused as a whole, `refusal` and little else."""

    file: str
    layers: list[FileLayer]
    refusal: dict[str, Any] | None
    id: NotRequired[None]
    sha256: NotRequired[str]
    format: NotRequired[str]
    encoding: NotRequired[Reckoned | None]
    crs: NotRequired[Reckoned]
    stage: NotRequired[str]
    mode: NotRequired[str]
    shift: NotRequired[ShiftOfDelivery | None]
    rows: NotRequired[int]
    accepted: NotRequired[int]
    held: NotRequired[int]
    refused: NotRequired[int]
    warned: NotRequired[int]
    gone: NotRequired[list[str]]
    notes: NotRequired[list[Text]]
    stored: NotRequired[bool]
    repeated: NotRequired[bool]
    results: NotRequired[list[PreviewRow]]
    layer: NotRequired[str | None]
    columns: NotRequired[list[FileColumn]]
    bounds: NotRequired[Box | None]
    kinds: NotRequired[dict[str, int]]


class FacilityClass(Told):
    """A class of facilities."""

    code: str
    label: Text
    words: list[str]
    geometry: list[str]
    level: str
    width_m: float | None
    size_m: float | None
    shape: str


class FacilityClasses(Told):
    """The classes of facilities."""

    classes: list[FacilityClass]


class JobResult(Told):
    """What came of a job, and where the report is."""

    upload: str
    href: str
    rows: int
    accepted: int
    held: int
    refused: int
    repeated: bool


class Job(Told):
    """A job, as it stands; what stopped it depends on what that was."""

    id: str
    kind: str
    file: str
    sha256: str
    options: dict[str, Any]
    actor: str
    recorded_at: datetime
    changed_at: datetime
    events: str
    number: int
    state: Literal["waiting", "running", "cancelling", "done", "failed", "cancelled"]
    text: Text
    step: Named | None
    done: int | None
    total: int | None
    result: JobResult | None
    problem: dict[str, Any] | None


class Jobs(Told):
    """Jobs of the office, the newest first."""

    jobs: list[Job]
    next: str | None


class _ReviewHead(Told):
    id: str
    relation: str
    is_proposal: bool
    confidence: float
    upload: str | None
    office: Office
    actor: str
    recorded_at: datetime


class ReviewInBrief(_ReviewHead):
    """A review in a list."""

    file: str | None
    rows: int
    buildings: list[str]
    decision: str | None


class Reviews(Told):
    """Reviews, the newest first."""

    reviews: list[ReviewInBrief]
    next: str | None


class ReviewRow(Told):
    """A delivered row that waits."""

    row: int
    name: str | None
    drawn: str | None
    attributes: dict[str, Any]
    aliases: list[Any]
    geometry: Geometry


class ReviewBuilding(Told):
    """A building that a review is about, as it stands now."""

    code: str
    name: str | None
    kind: str
    closed_as: str | None
    version: int
    changed: bool
    area_m2: float
    geometry: Geometry


class ReviewDecision(Told):
    """What somebody decided."""

    decision: str
    relation: str
    reason: str | None
    answer: dict[str, Any]
    actor: str
    recorded_at: datetime


class Review(_ReviewHead):
    """A review with everything that is known of it."""

    request: dict[str, Any] | None
    reason: Text | None
    measures: list[Measure]
    rows: list[ReviewRow]
    buildings: list[ReviewBuilding]
    decision: ReviewDecision | None


class DecidedRelation(Told):
    """What rows and buildings became by a decision."""

    relation: str
    rows: list[int]
    known: list[str]
    codes: list[str]


class Decided(Told):
    """What followed from a decision: of rows of a delivery, or of an act that was proposed."""

    review: str
    decision: str
    relations: NotRequired[list[DecidedRelation]]
    left: NotRequired[list[int]]
    units: NotRequired[list[Any]]
    aliases: NotRequired[list[Any]]
    act: NotRequired[str]
    on: NotRequired[date]
    predecessors: NotRequired[list[str]]
    successors: NotRequired[list[str]]
    survivor: NotRequired[str | None]
    events: NotRequired[list[int]]
