"""What is told of stages, deadlines and documents."""

from datetime import date, datetime
from typing import Annotated, Any, NotRequired

from pydantic import Field

from api.told.parts import Basis, Geometry, Named, Office, Text, Told

__all__ = [
    "AttachedDocument",
    "BuildingStages",
    "Deadlines",
    "Document",
    "Documents",
    "EnteredStage",
    "Stages",
    "WithdrawnEntry",
]


class Grounds(Told):
    """What something rests on, and how surely."""

    basis: list[Basis]
    confidence: str


class StageCertificate(Told):
    """The certificate whose number a stage asks for."""

    name: Text
    example: str
    required: bool


class StageNeeds(Told):
    """What a stage asks for."""

    geometry: str
    height: bool
    floor_area: bool
    documents: list[str]
    certificate: StageCertificate | None


class Stage(Named, Grounds):
    """A stage."""

    order: int
    kind: str
    after: list[str]
    first: bool
    closed_by: list[str]
    ends: bool
    by_upload: bool
    requires: StageNeeds


class Within(Told):
    """How long something may take: one of these."""

    days: int | None
    working_days: int | None
    months: int | None


class DeadlineRule(Grounds):
    """A deadline after a stage."""

    id: str
    name: Text
    start: str
    until: list[str]
    within: Within
    remind_days: int
    note: Text | None


class ToleranceStep(Told):
    """How much a measure may be up to a size."""

    up_to: float | None
    most: float


class Tolerance(Grounds):
    """How far the geometries of stages may differ."""

    id: str
    title: Text
    between: list[str]
    measure: str
    most: float | None
    least: float | None
    steps: list[ToleranceStep]
    severity: str


class Stages(Told):
    """The stages, deadlines, tolerances and kinds of documents of this installation."""

    stages: list[Stage]
    deadlines: list[DeadlineRule]
    tolerances: list[Tolerance]
    documents: list[Named]


class EntryGeometry(Told):
    """The geometry of an entry."""

    version: int
    drawn_at: str
    fingerprint: str
    area_m2: float


class WithdrawalWish(Told):
    """Somebody's wish that an entry be withdrawn."""

    actor: str
    reason: str
    recorded_at: datetime


class Entry(Told):
    """An entry into a stage."""

    id: int
    occurred_on: date
    at_latest: bool
    recorded_at: datetime
    office: Office
    actor: str
    certificate: str | None
    documents: list[str]
    height_m: float | None
    floor_area_m2: float | None
    geometry: EntryGeometry
    attributes: dict[str, Any]
    withdrawn_at: datetime | None
    withdrawal: list[WithdrawalWish]


class StageOfBuilding(Stage):
    """A stage with the entries of a building."""

    entries: list[Entry]


class EntryInBrief(Told):
    """An entry that is compared."""

    entry: int
    stage: str
    occurred_on: date
    version: int


class JudgedTolerance(Tolerance):
    """A tolerance with what was measured."""

    outcome: str
    value: float | None
    limit: float | None
    margin: float | None


class StageDifference(Told):
    """How the geometry of one stage differs from that of an earlier one."""

    since: Annotated[EntryInBrief, Field(alias="from")]
    to: EntryInBrief
    plane: str
    measures: dict[str, float | None]
    gained: Geometry | None
    lost: Geometry | None
    findings: list[JudgedTolerance]


class DeadlineStart(Told):
    """What a deadline runs from."""

    stage: str
    entry: int
    occurred_on: date


class Due(Grounds):
    """Something that is due."""

    deadline: str
    label: Text
    state: str
    due_on: date
    remind_from: date
    overdue_days: int
    start: DeadlineStart
    note: Text | None


class BuildingStages(Told):
    """Where a building stands, and what is due."""

    building: str
    day: date
    stages: list[StageOfBuilding]
    next: list[str]
    differences: list[StageDifference]
    deadlines: list[Due]


class EnteredStage(Told):
    """An entry as it was made."""

    building: str
    entry: int
    stage: str
    occurred_on: date
    version: int
    next: list[str]


class WithdrawnEntry(Told):
    """Whether an entry is withdrawn now, or its withdrawal proposed."""

    building: str
    entry: int
    withdrawn: bool


class DueOfBuilding(Due):
    """Something that is due of a building."""

    building: str
    name: str | None
    office: Office


class DeadlineCounts(Told):
    """How many there are by state."""

    yellow: int
    reminder: int
    due: int


class Deadlines(Told):
    """What is due over all buildings, the earliest first."""

    day: date
    counts: DeadlineCounts
    is_cut: Annotated[bool, Field(description="Whether there are more buildings than were looked at")]
    deadlines: list[DueOfBuilding]


class Document(Told):
    """A document that is attached to a building or a project."""

    id: str
    code: str | None
    project: str | None
    stage: Named | None
    kind: Named
    title: str
    name: str
    media_type: Named
    size_bytes: int
    sha256: str
    office: Office
    actor: str
    recorded_at: datetime
    withdrawn_at: datetime | None


class AttachedDocument(Document):
    """A document as it was attached, now or before."""

    repeated: NotRequired[bool]


class Documents(Told):
    """What is attached to a building or a project."""

    subject: str
    documents: list[Document]
