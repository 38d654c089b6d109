"""What is told of the blueprint: layers, their checks and editions, conflicts, cases, comparisons, sites, extracts, runs."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

from api.told.parts import Basis, Fault, FeatureName, Geometry, LayerName, Named, Office, Text, Told

__all__ = [
    "Case",
    "CaseChoices",
    "CaseInFull",
    "Cases",
    "CheckedLayer",
    "CheckedLayers",
    "ComparisonSummary",
    "ConflictRows",
    "ConflictSummary",
    "Extract",
    "ExtractFeatures",
    "FoundConflicts",
    "LayerCatalogue",
    "Mapping",
    "MappingProposal",
    "Mappings",
    "Pieces",
    "Published",
    "Run",
    "RunConfirmation",
    "RunVerification",
    "SiteFeatures",
    "Sites",
]


class Symbol(Told):
    """How a layer is drawn."""

    fill: str
    line: str
    opacity: float


class LayerEdition(Told):
    """An edition of a layer; of one that the role may not see, title and days alone."""

    id: int
    title: str
    valid_from: date
    valid_to: date | None
    currency: date | None
    features: NotRequired[int]
    source: NotRequired[str | None]
    accuracy_m: NotRequired[float | None]
    recorded_at: NotRequired[datetime]


class Layer(Told):
    """A layer of the catalogue."""

    code: str
    table: str
    name: Text
    major: Named
    mid: Named
    geometry: str
    role: str
    order: int
    symbol: Symbol
    security: str
    readable: bool
    owner: Named
    accuracy_m: float
    overlap_allowed: bool
    coverage_required: bool
    max_age_months: int | None
    class_field: str | None
    class_system: str | None
    key_attributes: list[str]
    editions: list[LayerEdition]
    tiles: str | None


class LayerCatalogue(Told):
    """The layers of the catalogue, in their order."""

    layers: list[Layer]


class CoverageCount(Told):
    """How many faults of a kind there are."""

    count: int
    tolerated: int
    area_m2: float | None
    width_m: float | None


class RefusedRow(Told):
    """A row that cannot be checked."""

    row: int
    feature: str | int | None
    fault: Fault


class CoverageFeature(Told):
    """A feature that a fault is between."""

    id: int | str
    name: str | None


class CoverageFault(Told):
    """A gap, an overlap, a protrusion or a missing vertex."""

    kind: str
    features: list[CoverageFeature]
    area_m2: float | None
    width_m: float | None
    tolerated: bool
    reason: Text | str | None
    geometry: Geometry | None


class CheckedLayer(Told):
    """What is wrong between the features of a layer."""

    layer: LayerName
    plane: str
    features: int
    summary: dict[str, CoverageCount]
    refused: list[RefusedRow]
    faults: list[CoverageFault]


class CheckedLayers(Told):
    """What is wrong in each layer of a file."""

    layers: list[CheckedLayer]


class MappingSaid(Told):
    """What each delivered field is, and what each delivered code means."""

    layer: str
    fields: dict[str, str]
    codes: dict[str, str]


class Mapping(MappingSaid):
    """A mapping that an office keeps."""

    name: str
    version: int
    actor: str
    recorded_at: datetime


class Mappings(Told):
    """Mappings in their newest versions, by name."""

    mappings: list[Mapping]
    next: str | None


class ProposedField(Told):
    """What a delivered field seems to be, and why."""

    name: str
    attribute: str | None
    why: Text


class ProposedCode(Told):
    """What a delivered code seems to mean."""

    code: str
    rows: int
    meaning: str | None
    called: Text | None


class MappingProposal(Told):
    """What the fields and codes of a file seem to be."""

    file: str
    layer: str | None
    mapping: MappingSaid
    fields: list[ProposedField]
    codes: list[ProposedCode]
    missing: list[str]


class ConflictSide(Told):
    """One of the two features of a conflict."""

    layer: LayerName
    feature: FeatureName | None


class Conflict(Told):
    """A conflict; `secret`: a layer of it may not be seen, and its ground is not told."""

    id: int
    rule: str
    title: Text | None
    severity: str
    advisory: bool
    outcome: str
    left: ConflictSide
    right: ConflictSide
    area_m2: float | None
    ellipsoid_area_m2: float | None
    width_m: float | None
    certainty: str | None
    reason: Text | None
    valid_from: date | None
    valid_to: date | None
    secret: bool


class ConflictFeature(Told):
    """A conflict as a GeoJSON feature."""

    type: Literal["Feature"]
    id: int
    geometry: Geometry | None
    properties: Conflict


class ConflictRows(Told):
    """Conflicts of a run, in the order in which they were found."""

    type: Literal["FeatureCollection"]
    run: str
    features: list[ConflictFeature]
    next: int | None


class ConflictCount(Told):
    """How many conflicts there are, and how large they are together."""

    conflicts: int
    area_m2: float | None
    ellipsoid_area_m2: float | None


class ConflictGroup(Told):
    """The conflicts of a rule between two layers, by outcome."""

    rule: str
    title: Text | None
    severity: str
    advisory: bool
    left_layer: LayerName
    right_layer: LayerName
    outcomes: dict[str, ConflictCount]


class Unevaluated(Told):
    """A rule that nothing is said of, and why."""

    rule: str
    layer: str
    reason: Text


class ConflictSummary(Told):
    """The summary of a run of conflicts."""

    run: str
    base: str | None
    as_of: date
    known_at: datetime
    plane: str
    bbox: list[float] | None
    conflicts: int
    rules: list[ConflictGroup]
    unevaluated: list[Unevaluated]
    sha256: str


class ConflictChange(Told):
    """How many conflicts are new, gone and changed."""

    new: int
    gone: int
    changed: int


class FoundConflicts(ConflictSummary):
    """The summary of a run that was made now; of the standing one also what has changed."""

    change: NotRequired[ConflictChange]
    cases: NotRequired[dict[str, int]]


class PublishedEdition(Told):
    """An edition that was published."""

    id: int | None
    title: str
    key: str | None
    valid_from: date
    valid_to: date | None


class PublishedFeatures(Told):
    """What became of the features."""

    added: int
    changed: int
    ended: int
    same: int


class PublishedConflict(Conflict):
    """A conflict that is new, gone or changed."""

    geometry: Geometry | None
    before: NotRequired[int | None]


class ConflictCounts(ConflictChange):
    """How many conflicts are new, gone and changed, and how many there are."""

    all: int


class PublishedConflicts(Told):
    """What a change does to the conflicts."""

    run: str | None
    as_of: date
    counts: ConflictCounts
    new: list[PublishedConflict]
    gone: list[PublishedConflict]
    changed: list[PublishedConflict]
    cases: dict[str, int]


class Published(Told):
    """What a change of a layer did, or would do."""

    edition: PublishedEdition
    layer: LayerName
    repeated: bool
    draft: bool
    features: PublishedFeatures
    faults: list[Any]
    account: dict[str, Any]
    conflicts: PublishedConflicts | None


class CaseEntry(Told):
    """What somebody said of a case."""

    field: str
    value: str | Named
    role: str
    office: Office
    actor: str
    recorded_at: datetime


class CaseGround(Told):
    """The conflict or the difference that a case is about; `secret`: a layer of it may not be seen, and where it is not told."""

    id: int
    run: str
    iou: float | None
    area_m2: float | None
    left_id: int | None
    right_id: int | None
    rule: NotRequired[str]
    severity: NotRequired[str]
    left_layer: NotRequired[str]
    right_layer: NotRequired[str]
    outcome: NotRequired[str]
    difference: NotRequired[Annotated[str, Field(alias="class")]]
    left_class: NotRequired[str | None]
    right_class: NotRequired[str | None]
    district: NotRequired[str | None]
    secret: bool
    geometry: Geometry | None


class Case(Told):
    """A case with where it stands and lies now."""

    id: str
    subject: Literal["conflict", "difference"]
    office: Office
    opened_by: str
    opened_at: datetime
    status: Named
    coordination: Named | None
    reason: str | None
    effective_from: date | None
    opinions: list[CaseEntry]
    ground: CaseGround | None


class CaseInFull(Case):
    """A case with everything that was said."""

    entries: list[CaseEntry]


class Cases(Told):
    """Cases, the newest first."""

    cases: list[Case]
    next: str | None


class CaseChoices(Told):
    """What may be chosen."""

    coordination: list[Named]
    status: list[Named]


class ComparedPlan(Told):
    """One of the two plans that are compared."""

    layer: str
    edition: int
    title: str
    system: str
    day: date


class Shares(Told):
    """How many pieces there are of something, and their share."""

    count: int
    share: float
    area_m2: float
    ellipsoid_area_m2: float


class SharesOfClass(Shares):
    """Pieces of a class of difference."""

    difference: Annotated[str, Field(alias="class")]


class SharesOfDistrict(SharesOfClass):
    """Pieces of a class in a district."""

    district: str | None


class SharesOfLand(Shares):
    """Pieces by the classes of land on both sides."""

    left_class: str | None
    right_class: str | None


class Thresholds(Told):
    """What is less is a sliver."""

    area_m2: float
    width_m: float


class ComparisonSummary(Told):
    """The summary of a comparison of two plans."""

    run: str
    as_of: date
    known_at: datetime
    recorded_at: datetime
    first: ComparedPlan
    second: ComparedPlan
    plane: str
    pieces: int
    pieces_sha256: str
    area_m2: float
    ellipsoid_area_m2: float
    by_class: list[SharesOfClass]
    by_district: list[SharesOfDistrict]
    by_land_class: list[SharesOfLand]
    hit_layers: list[str]
    hit_layers_missing: list[str]
    thresholds: Thresholds
    untold: list[Any]
    untold_counts: dict[str, Any]
    sha256: str


class Hit(Told):
    """Features of a control layer on a piece."""

    area_m2: float
    features: list[int]


class Piece(Told):
    """A piece of ground that the two plans say something of."""

    difference: Annotated[str, Field(alias="class")]
    left_id: int | None
    right_id: int | None
    left_code: str | None
    right_code: str | None
    left_class: str | None
    right_class: str | None
    district: str | None
    area_m2: float
    ellipsoid_area_m2: float
    width_m: float
    certainty: str
    is_sliver: bool
    engine_mode: str
    hits: dict[str, Hit]


class PieceFeature(Told):
    """A piece as a GeoJSON feature."""

    type: Literal["Feature"]
    id: int
    properties: Piece
    geometry: Geometry


class Pieces(Told):
    """Pieces of a comparison, in their order."""

    type: Literal["FeatureCollection"]
    features: list[PieceFeature]
    next: int | None


class Range(Told):
    """Between what a value lies; None where it is not known how far it reaches."""

    low: float | None
    high: float | None


class SiteFactor(Told):
    """What a factor gives a site."""

    value: Range
    measure: Range


class SiteProperties(Told):
    """A site: its rank, what it could be with other weights, and what is against it."""

    name: str | None
    rank: int | None
    rank_best: int | None
    rank_worst: int | None
    score: Range | None
    status: str
    advice: list[Any]
    doubts: list[Any]
    vetoes: list[Any]
    inherited: list[Any]
    factors: dict[str, SiteFactor]
    area_m2: float
    ellipsoid_area_m2: float


class Site(SiteProperties):
    """A site with its ground."""

    id: str
    geometry: Geometry


class Factor(Told):
    """A factor with its weight, and between which weights the first site stays the first."""

    id: str
    name: Text
    weight: float
    missing: list[str]
    first_stays: Range | None


class _Search(Told):
    run: str
    as_of: date
    known_at: datetime
    recorded_at: datetime
    plane: str
    factors: list[Factor]
    excluded: dict[str, Any]
    challengers: list[str]
    sha256: str


class Sites(_Search):
    """Sites by rank."""

    sites: list[Site]


class SiteFeature(Told):
    """A site as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    properties: SiteProperties
    geometry: Geometry


class SiteFeatures(_Search):
    """Sites by rank as GeoJSON."""

    type: Literal["FeatureCollection"]
    features: list[SiteFeature]


class ExtractSummary(Told):
    """How many layers concern a site, do not, have no data; and how many of all are secret."""

    concerned: int
    not_concerned: int
    no_data: int
    secret: int


class ExtractSite(Told):
    """The site of an extract."""

    kind: str
    code: str | None
    version: int | None
    name: str | None
    layer: str | None
    feature: int | None
    stated_area_m2: float | None
    accuracy_m: float
    area_m2: float
    ellipsoid_area_m2: float
    perimeter_m: float
    geometry: Geometry


class ExtractRest(Told):
    """What of a site none of a layer's features covers."""

    area_m2: float
    percent: float
    stated_area_m2: float | None


class ExtractedFeature(Told):
    """A feature on a site, cut to it."""

    id: int
    name: str | None
    feature_class: Annotated[Named | None, Field(alias="class")]
    valid_from: date | None
    valid_to: date | None
    certainty: str
    area_m2: float
    ellipsoid_area_m2: float
    percent: float
    stated_area_m2: float | None
    width_m: float | None
    length_m: float
    parts: int
    points: int
    engine_mode: str
    attributes: dict[str, Any]
    geometry: Geometry | None


class ExtractEdition(Told):
    """An edition that an extract rests on."""

    id: int
    title: str
    valid_from: date
    valid_to: date | None
    currency: date | None
    accuracy_m: float | None
    recorded_at: datetime


class ExtractDocument(Told):
    """Where an edition came from."""

    edition: int
    title: str
    source: str | None
    source_layer: str | None
    sha256: str | None
    currency: date | None
    office: Office
    recorded_at: datetime


class ExtractRule(Told):
    """A rule that concerns a layer."""

    id: str
    title: Text
    severity: str
    advisory: bool
    confidence: str
    basis: list[Basis]


class Legend(Told):
    """How a layer is drawn, and its classes on the site."""

    symbol: Symbol
    order: int
    classes: list[Named]


class ExtractLayer(Told):
    """What a layer has on a site; of one that is secret, whether it concerns it alone."""

    code: str
    name: Text
    mid: Named
    role: str
    owner: Text
    status: str
    secret: bool
    certainty: str | None
    reason: Text | None
    doubt: Text | None
    area_m2: float | None
    ellipsoid_area_m2: float | None
    percent: float | None
    stated_area_m2: float | None
    length_m: float | None
    points: int | None
    overlapping: bool | None
    unknown_m2: float | None
    rest: ExtractRest | None
    features: list[ExtractedFeature]
    rasters: list[Any]
    in_doubt: list[Any]
    editions: list[ExtractEdition]
    documents: list[ExtractDocument]
    rules: list[ExtractRule]
    legend: Legend | None


class ExtractResult(Told):
    """Everything that the layers have on a site."""

    format: str
    as_of: date
    known_at: datetime
    rule_set: str
    plane: str
    grid_per_m: int
    site: ExtractSite
    summary: ExtractSummary
    layers: list[ExtractLayer]


class Extract(Told):
    """An extract, and by what it can be verified."""

    id: str
    sha256: str
    verification: str
    result: ExtractResult


class ExtractHead(Told):
    """Which extract some features are of."""

    id: str
    sha256: str
    verification: str
    as_of: date
    known_at: datetime
    summary: ExtractSummary


class ExtractFeature(Told):
    """The site, or a feature on it; what is told depends on the layer."""

    type: Literal["Feature"]
    properties: dict[str, Any]
    geometry: Geometry | None


class ExtractFeatures(Told):
    """An extract as GeoJSON: the site first."""

    type: Literal["FeatureCollection"]
    extract: ExtractHead
    features: list[ExtractFeature]


class Run(Told):
    """A kept answer: the question, what the answer rests on, the answer, the hashes of both in canonical JSON."""

    id: str
    kind: str
    as_of: date
    known_at: datetime
    office: Office
    recorded_at: datetime
    base: str | None
    rule_set: str | None
    inputs: dict[str, Any]
    inputs_sha256: str
    result: Any
    sha256: str


class EngineChange(Told):
    """What computes otherwise today."""

    name: str
    then: str | None
    now: str | None


class _Recomputed(Told):
    id: str
    kind: str
    as_of: date
    known_at: datetime
    sha256: str
    engine: list[EngineChange]
    verdict: str
    text: Text
    recomputed_sha256: str | None


class RunDifference(Told):
    """A place at which a run that is computed again differs."""

    path: str
    kept: Any
    recomputed: Any


class RunVerification(_Recomputed):
    """Whether a run that is computed again is the same, and what differs."""

    differences: list[RunDifference]


class RunPath(Told):
    """A place at which a run that is computed again differs."""

    path: str


class RunConfirmation(_Recomputed):
    """Whether a run that is computed again is the same, and where it differs."""

    differences: list[RunPath]
