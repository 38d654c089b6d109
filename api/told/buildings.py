"""What is told of buildings: by any of their names, their lineage, names, units and projects; what acts did to them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

from api.told.parts import Box, Fault, Geometry, Measure, Named, Office, Text, Told
from api.told.rules import Finding

__all__ = [
    "Act",
    "AddedAlias",
    "AddedAliases",
    "Alias",
    "Aliases",
    "Building",
    "Code",
    "CodePreview",
    "FoundName",
    "FoundNames",
    "JoinedProject",
    "LeftProject",
    "Lineage",
    "NamesFound",
    "OpenedProject",
    "ProjectWithBuildings",
    "Projects",
    "ProposedAct",
    "ReplacedUnits",
    "Units",
]


class Plane(Told):
    """The area in the plane in which the law measures."""

    crs: str
    area_m2: float
    perimeter_m: NotRequired[float]


class Life(Told):
    """Whether a building lives, and why not."""

    state: str
    reason: str | None
    closed_on: date | None


class Matched(Told):
    """How a name was understood."""

    kind: Annotated[str, Field(alias="as")]
    scheme: str | None
    label: Text
    text: str
    unit: str | None
    ended_on: date | None
    how: Text | None
    distance_m: float | None


class BriefLineage(Told):
    """Codes of those before and after a building, and of the living ones that it leads to."""

    predecessors: list[str]
    successors: list[str]
    living: list[str]


class BriefStage(Told):
    """A stage that a building has entered."""

    stage: Named
    occurred_on: date
    recorded_at: datetime
    certificate: str | None
    height_m: float | None
    floor_area_m2: float | None


class BriefProject(Told):
    """A project that a building is or was in."""

    id: str
    code: str | None
    name: str
    valid_from: date
    valid_to: date | None


class BuildingAlias(Told):
    """A name of a building, stored or computed."""

    scheme: str
    label: Text
    value: str
    computed: bool
    source: str | None
    valid_from: date | None
    valid_to: date | None
    unit: NotRequired[str | None]


class BuildingEvent(Told):
    """Something that happened to a building; its body depends on its kind."""

    kind: str
    label: Text
    actor: str | None
    version: int | None
    occurred_at: datetime
    recorded_at: datetime
    body: dict[str, Any]


class BuildingProperties(Told):
    """Everything that is told of a building; less of one that is redacted."""

    code: str
    matched: NotRequired[Matched]
    kind: str
    part_of: str | None
    facility_class: str | None
    life: Life
    lineage: BriefLineage
    h3: str
    area_m2: float
    plane: Plane
    height_m: float | None
    space: str
    stage: Named
    stages: list[BriefStage]
    drawn_at: Named
    projects: list[BriefProject]
    units: int
    generation: int
    name: str | None
    office: Office | None
    version: int
    valid_from: date
    recorded_at: datetime
    attributes: dict[str, Any]
    aliases: list[BuildingAlias]
    events: list[BuildingEvent]
    redacted: NotRequired[bool]


class Building(Told):
    """A building as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    bbox: Box
    geometry: Geometry
    properties: BuildingProperties


class Descent(Told):
    """One step from a building to one after it."""

    predecessor: str
    successor: str
    relation: str


class Lineage(Told):
    """Who came before and after a building."""

    code: str
    closed_as: str | None
    closed_on: date | None
    part_of: str | None
    predecessors: list[str]
    successors: list[str]
    present: Annotated[list[str], Field(description="Codes of the living ones that it leads to")]
    descents: list[Descent]


class BriefBuilding(Told):
    """A building in brief; without its name where it is redacted."""

    code: str
    name: str | None
    kind: str
    life: Life
    stage: Named
    version: int
    lon: float
    lat: float
    redacted: NotRequired[bool]


class Candidate(BriefBuilding):
    """A building that may be meant, and why."""

    matched: Matched


class FoundName(Told):
    """Which building a text names, or which it may."""

    asked: Any
    status: Literal["found", "several", "not_found", "invalid"]
    code: str | None
    matched: Matched | None
    building: BriefBuilding | None
    successors: list[BriefBuilding]
    candidates: list[Candidate]
    more: int
    suggestion: str | None
    fault: Fault | None


class FoundNames(Told):
    """A row for each name, in their order."""

    rows: list[FoundName]


class CodeProperties(Told):
    """What a code alone tells."""

    text: str
    code: str
    h3: str
    lon: float
    lat: float
    area_from_m2: float
    area_to_m2: float | None
    generation: int
    beidou: str | None
    fault: Fault | None
    suggestions: list[str] | None
    parents: NotRequired[list[str]]


class Code(Told):
    """A code as a GeoJSON feature: its cell."""

    type: Literal["Feature"]
    properties: CodeProperties
    geometry: Geometry


class NamePart(Told):
    """A part of a name."""

    name: str
    label: Text
    text: str
    meaning: Text | None


class NameProperties(Told):
    """What a text is the name of under one scheme."""

    text: str
    scheme: str
    label: Text
    value: str
    lon: float | None
    lat: float | None
    parts: list[NamePart]
    fault: Fault | None
    suggestions: list[str] | None


class NameFeature(Told):
    """A name as a GeoJSON feature: the ground that it names, where it names one."""

    type: Literal["Feature"]
    properties: NameProperties
    geometry: Geometry | None


class NamesFound(Told):
    """Everything that a text is the name of."""

    type: Literal["FeatureCollection"]
    features: list[NameFeature]


class MatchFault(Fault):
    """Why a drawn footprint waits for a person or is refused, with what was measured."""

    relation: NotRequired[str]
    confidence: NotRequired[float]
    buildings: NotRequired[list[str]]
    measures: NotRequired[list[Measure]]


class KnownBuilding(Told):
    """What the register knows of a drawn footprint."""

    code: str | None
    relation: str
    iou: float | None
    fault: MatchFault | None


class CodePreview(Told):
    """The code of a drawn footprint, and what the rules say of it."""

    code: str
    h3: str
    area_m2: float
    plane: Plane
    building: KnownBuilding | None
    aliases: list[BuildingAlias]
    notes: list[Text]
    as_of: date
    verdict: str
    findings: list[Finding]
    attributes: dict[str, Any]
    rule_set: str


class Alias(Told):
    """A name that was given to a building or a unit of it."""

    id: int
    scheme: str
    label: Text
    value: str
    computed: bool
    source: str | None
    valid_from: date
    valid_to: date | None
    unit: str | None
    check_variant: str | None
    recorded_at: datetime


class Aliases(Told):
    """The names of a building and its units."""

    building: str
    aliases: list[Alias]


class AddedAlias(Alias):
    """A name as it was given, or as the building had it."""

    building: str
    added: bool
    also_on: Annotated[list[str], Field(description="Codes of others that bear it")]


class AddedAliases(Told):
    """The names of a table."""

    file: str
    sha256: str
    aliases: list[AddedAlias]


class Unit(Told):
    """A unit of a building."""

    id: str
    number: str
    storey: str
    area_m2: float
    use: Named
    code: str | None
    attributes: dict[str, Any]
    valid_from: date
    valid_to: date | None


class UnitsOfUse(Told):
    """The units of one use."""

    use: Named
    units: int
    area_m2: float


class UnitsOfStorey(Told):
    """The units of one storey."""

    storey: str
    units: int
    area_m2: float


class UnitTotals(Told):
    """How many units there are, and how large."""

    units: int
    area_m2: float
    footprint_m2: float
    by_use: list[UnitsOfUse]
    by_storey: list[UnitsOfStorey]


class Units(Told):
    """A building table."""

    building: str
    day: date | None
    units: list[Unit]
    totals: UnitTotals
    remarks: list[Fault]


class ReplacedUnits(Told):
    """What a new building table changed; units by their numbers."""

    building: str
    file: str
    sha256: str
    valid_from: date
    added: list[str]
    closed: list[str]
    recoded: list[str]
    kept: int
    code_elsewhere: list[Any]
    totals: UnitTotals
    remarks: list[Fault]


class Project(Told):
    """A project."""

    id: str
    code: str | None
    name: str
    office: Office
    recorded_at: datetime


class OpenedProject(Project):
    """A project that is opened now, or was."""

    opened: bool


class Projects(Told):
    """Projects, the newest first."""

    projects: list[Project]
    next: str | None


class ProjectBuilding(Told):
    """A building of a project."""

    code: str
    name: str | None
    kind: str
    facility_class: str | None
    stage: Named
    area_m2: float
    plane: Plane
    closed_as: str | None
    units: int
    unit_area_m2: float
    valid_from: date
    valid_to: date | None


class ProjectTotals(Told):
    """What the buildings of a project are together."""

    buildings: int
    area_m2: float
    plane_area_m2: float
    units: int
    unit_area_m2: float
    by_stage: dict[str, int]


class ProjectWithBuildings(Project):
    """A project with its buildings."""

    buildings: list[ProjectBuilding]
    totals: ProjectTotals


class JoinedProject(Told):
    """Codes of the buildings that joined a project."""

    project: str
    joined: list[str]
    already: list[str]
    valid_from: date


class LeftProject(Told):
    """Codes of the buildings that left a project."""

    project: str
    left: list[str]
    valid_to: date


class _AnyAct(Told):
    act: str
    on: date
    predecessors: list[str]
    successors: list[str]
    survivor: str | None


class Act(_AnyAct):
    """What an act did; the codes before and after it, the units and names that went along, its events in the ledger."""

    units: list[Any]
    aliases: list[Any]
    events: list[int]


class ProposedAct(_AnyAct):
    """An act that waits in a review."""

    review: str
