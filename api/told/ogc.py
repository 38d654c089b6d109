"""What the OGC routes answer, by the standards' own words; members that they leave to us are open."""

from datetime import datetime
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from api.told.parts import Geometry, Link

__all__ = [
    "CollectionList",
    "CollectionOfFeatures",
    "Conformance",
    "FgItem",
    "FgItems",
    "Item",
    "Items",
    "JobStatus",
    "Landing",
    "OpenApi",
    "ProcessDescription",
    "ProcessJob",
    "ProcessJobs",
    "ProcessList",
    "ProcessResult",
    "Schema",
    "TileMatrixSet",
    "TileMatrixSets",
    "Tileset",
    "Tilesets",
]


class Landing(TypedDict):
    """Where everything begins."""

    title: str
    description: str
    links: list[Link]


class Conformance(TypedDict):
    """The classes of the standards that are implemented."""

    conformsTo: list[str]


class OpenApi(TypedDict):
    """An OpenAPI document."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]


class SpatialExtent(TypedDict):
    """Boxes around everything."""

    bbox: list[list[float]]
    crs: str


class ItemsExtent(TypedDict):
    """Where items are."""

    spatial: SpatialExtent


class CollectionOfFeatures(TypedDict):
    """A collection."""

    id: str
    title: str
    description: str
    itemType: Literal["feature"]
    extent: NotRequired[ItemsExtent]
    crs: list[str]
    storageCrs: str
    links: list[Link]


class CollectionList(TypedDict):
    """The collections that one may see."""

    collections: list[CollectionOfFeatures]
    links: list[Link]


class Schema(TypedDict):
    """A JSON Schema of features, of what can be asked of them, or what they can be sorted by."""

    type: Literal["object"]
    title: str
    properties: dict[str, Any]


class _Feature(TypedDict):
    type: Literal["Feature"]
    id: int | str
    geometry: Geometry | None
    properties: dict[str, Any]


class Item(_Feature):
    """An item as GeoJSON."""

    links: NotRequired[list[Link]]


class Items(TypedDict):
    """A page of items as GeoJSON."""

    type: Literal["FeatureCollection"]
    numberMatched: int
    numberReturned: int
    links: list[Link]
    features: list[Item]


class FgItem(_Feature):
    """An item as JSON-FG."""

    time: dict[str, Any] | None
    place: Geometry | None
    conformsTo: NotRequired[list[str]]
    featureType: NotRequired[str]
    featureSchema: NotRequired[str]
    coordRefSys: NotRequired[str]
    links: NotRequired[list[Link]]


class FgItems(TypedDict):
    """A page of items as JSON-FG."""

    type: Literal["FeatureCollection"]
    conformsTo: list[str]
    featureType: str
    featureSchema: str
    coordRefSys: str
    numberMatched: int
    numberReturned: int
    links: list[Link]
    features: list[FgItem]


class MatrixSetSummary(TypedDict):
    """A grid in a list."""

    id: str
    title: str
    crs: str
    links: list[Link]


class TileMatrixSets(TypedDict):
    """The grids by which tiles are cut."""

    tileMatrixSets: list[MatrixSetSummary]
    links: list[Link]


class TileMatrixSet(TypedDict):
    """A grid as OGC 17-083r4 has it."""

    id: str
    crs: Any
    tileMatrices: list[dict[str, Any]]
    title: NotRequired[str]
    uri: NotRequired[str]
    orderedAxes: NotRequired[list[str]]
    wellKnownScaleSet: NotRequired[str]


class TilesetSummary(TypedDict):
    """A tileset in a list."""

    title: str
    dataType: Literal["vector"]
    crs: str
    tileMatrixSetId: str
    tileMatrixSetURI: NotRequired[str]
    links: list[Link]


class Tilesets(TypedDict):
    """The tilesets of a collection."""

    tilesets: list[TilesetSummary]
    links: list[Link]


class Tileset(TypedDict):
    """A tileset as OGC 17-083r4 describes it, or, with `?f=tilejson`, as TileJSON 3.0.0."""

    description: str
    title: NotRequired[str]
    dataType: NotRequired[Literal["vector"]]
    crs: NotRequired[str]
    tileMatrixSetId: NotRequired[str]
    tileMatrixSetURI: NotRequired[str]
    links: NotRequired[list[Link]]
    boundingBox: NotRequired[dict[str, Any]]
    tileMatrixSetLimits: NotRequired[list[dict[str, Any]]]
    layers: NotRequired[list[dict[str, Any]]]
    tilejson: NotRequired[Literal["3.0.0"]]
    name: NotRequired[str]
    scheme: NotRequired[Literal["xyz"]]
    tiles: NotRequired[list[str]]
    minzoom: NotRequired[int]
    maxzoom: NotRequired[int]
    bounds: NotRequired[list[float]]
    vector_layers: NotRequired[list[dict[str, Any]]]


class ProcessSummary(TypedDict):
    """A process in a list."""

    id: str
    title: str
    description: str
    version: str
    jobControlOptions: list[str]
    outputTransmission: list[str]
    links: list[Link]


class ProcessList(TypedDict):
    """What there is to be done."""

    processes: list[ProcessSummary]
    links: list[Link]


class ProcessDescription(ProcessSummary):
    """A process with what goes in and what comes out."""

    inputs: dict[str, Any]
    outputs: dict[str, Any]


JobStatus = Literal["accepted", "running", "successful", "failed", "dismissed"]


class ProcessJob(TypedDict):
    """A job of a process."""

    type: Literal["process"]
    processID: str
    jobID: str
    status: JobStatus
    message: str
    created: datetime
    started: NotRequired[datetime]
    updated: datetime
    finished: NotRequired[datetime]
    progress: NotRequired[int]
    links: list[Link]


class ProcessJobs(TypedDict):
    """Jobs of an office's processes, the newest first."""

    jobs: list[ProcessJob]
    links: list[Link]


class ProcessResult(TypedDict):
    """What came of a process: what it is depends on the process."""

    result: Any


class RawResult(TypedDict):
    """What came of a process, as it is."""
