"""Parts of many answers: texts in both languages, names with their codes, faults, geometries."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

__all__ = [
    "Basis",
    "Box",
    "Fault",
    "FeatureName",
    "Geometry",
    "LayerName",
    "Link",
    "Measure",
    "Named",
    "Office",
    "Sha256",
    "Text",
    "Told",
]

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Box = Annotated[list[float], Field(description="West, south, east, north in degrees")]


class Told(TypedDict):
    """An object that has these members and no others."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]


class Text(Told):
    """A text in both languages."""

    zh: str
    en: str


Office = Annotated[Text, Field(description="The name of the office")]


class Named(Text):
    """A code with what it is called."""

    code: str


class LayerName(Told):
    """A layer by its code and name."""

    code: str
    name: Text


class FeatureName(Told):
    """A feature by its id and its name, where it has one that may be told."""

    id: int
    name: str | None


class Basis(Told):
    """What a rule rests on."""

    doc: str
    article: str


class Measure(Told):
    """What was measured between a delivered row and a building."""

    row: int
    code: str
    overlap_m2: float
    iou: float
    raw_iou: float
    share_of_delivered: float
    share_of_known: float
    centroid_shift_m: float
    hausdorff_m: float
    stated: bool


class Fault(Told):
    """What is wrong, what can be done, and where it is in the file's own coordinates."""

    kind: str
    text: Text
    remedy: Text
    x: float | None
    y: float | None
    vertex: int | None


class Geometry(TypedDict):
    """A GeoJSON geometry in EPSG:4490 (longitude, latitude)."""

    type: Literal[
        "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"
    ]
    coordinates: NotRequired[list[Any]]
    geometries: NotRequired[list[Any]]


class Link(TypedDict):
    """A link as OGC documents hold it."""

    href: str
    rel: str
    type: NotRequired[str]
    title: NotRequired[str]
    templated: NotRequired[bool]
