"""The words that rules are written in: predicates, severities, bases, and which features are meant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from blueprint.crosswalk import LAND_CLASS, Crosswalk
from blueprint.filters import Filter
from blueprint.vocabulary import Fit, Matrix

__all__ = [
    "FOOTPRINT",
    "Basis",
    "Comparison",
    "Confidence",
    "Container",
    "Differ",
    "Edges",
    "Match",
    "Predicate",
    "Quality",
    "Ratio",
    "Reading",
    "Selection",
    "Sense",
    "Severity",
    "Suits",
    "Surface",
    "Without",
]

FOOTPRINT = "footprint"  # in a layer's place: the footprint itself


class Predicate(StrEnum):
    """What a rule measures.

    ``overlap`` is ground shared with ``b``, ``outside`` ground beyond it, ``distance`` the way to it, ``setback`` the way
    to each side of it; ``figure`` is a number of the footprint, and ``ratio`` one of its site; ``class`` compares two uses,
    ``match`` the footprint with what is registered there; ``surface`` is its top below a surface, ``raster`` a number of
    the cells that it covers; ``quality`` looks at the footprint's own geometry.
    """

    OVERLAP = "overlap"
    OUTSIDE = "outside"
    DISTANCE = "distance"
    SETBACK = "setback"
    FIGURE = "figure"
    RATIO = "ratio"
    CLASS = "class"
    MATCH = "match"
    SURFACE = "surface"
    RASTER = "raster"
    QUALITY = "quality"

    @property
    def measures_ground(self) -> bool:
        """Whether the measure is ground that breaks the rule."""
        return self in {Predicate.OVERLAP, Predicate.OUTSIDE}

    @property
    def reads_rasters(self) -> bool:
        """Whether rasters are asked: a layer may be one."""
        return self in {Predicate.SURFACE, Predicate.RASTER}

    @property
    def needs_number(self) -> bool:
        """Whether it cannot be judged before it is said how much is required."""
        return self in {
            Predicate.DISTANCE,
            Predicate.SETBACK,
            Predicate.FIGURE,
            Predicate.RATIO,
            Predicate.RASTER,
        }


class Sense(StrEnum):
    """Whether the requirement is a floor or a ceiling."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"


class Severity(StrEnum):
    """How hard a rule is, the hardest first."""

    PROHIBIT = "prohibit"
    APPROVAL = "approval"
    RESTRICT = "restrict"
    REJECT = "reject"
    COORDINATE = "coordinate"
    WARN = "warn"
    INFO = "info"


class Confidence(StrEnum):
    """How sure a rule's basis is: read in the source, in a secondary source, general knowledge, or proposed."""

    V = "V"
    V2 = "V2"
    K = "K"
    P = "P"


class Without(StrEnum):
    """What an ``outside`` rule says of a subject that shares no ground with any feature of ``b``."""

    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"


class Container(StrEnum):
    """What a subject must lie in: all features of ``b`` together, or the one that it shares most ground with."""

    UNION = "union"
    LARGEST = "largest"


class Basis(NamedTuple):
    """Where a rule comes from: the document, and the article in it (empty where the catalogue names none)."""

    doc: str
    article: str = ""


class Differ(NamedTuple):
    """Two attributes of a pair of features, and how many of their first characters are compared."""

    a: str
    b: str
    characters: int

    def holds(self, left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
        """Return whether they differ, or one of them is missing."""
        codes = [str(side.get(name) or "")[: self.characters] for side, name in ((left, self.a), (right, self.b))]
        return codes[0] != codes[1] or len(codes[0]) < self.characters


class Edges(NamedTuple):
    """How the sides of a site are classified.

    Attributes
    ----------
    attribute
        The site's attribute that names the class of every side, in order, separated by commas; it goes before all else.
    within_m
        A side lies along a feature if most of it is at most so far away.
    beside
        By class, the layers that make a side one of it, in order of rank.
    """

    attribute: str
    within_m: float
    beside: tuple[tuple[str, tuple[str, ...]], ...]


class Ratio(NamedTuple):
    """What a ``ratio`` rule divides by what.

    Attributes
    ----------
    of
        ``ground`` (what buildings stand on), an attribute of the footprints that is summed (``footprint.far_area_m2``),
        or one of the site (``site.…``).
    area
        The site's attribute that states its area in square metres.
    others, others_attribute
        The layer of the other buildings on the site, and their attribute that is summed; empty: there are none.
    """

    of: str
    area: str
    others: str
    others_attribute: str


class Suits(NamedTuple):
    """Which uses of two layers suit each other: the attributes that state them, and a city's matrix.

    ``matrix`` is None as long as no city has given one; ``name`` is what it would be called.
    """

    a: str
    b: str
    name: str
    matrix: Matrix | None

    def fit(self, left: Mapping[str, Any], right: Mapping[str, Any]) -> Fit | None:
        """Return whether they suit; None where the matrix does not say."""
        return None if self.matrix is None else self.matrix.fit(left.get(self.a), right.get(self.b))


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a ``class`` rule compares two uses.

    Attributes
    ----------
    of, against
        The attributes that state them: of the feature under their own names, ``footprint.…`` or ``block.…``.
    characters
        How many of their first characters are the same, where no matrix is meant.
    words_name, words
        The list of words that ``of`` may be written in, each with its code; empty: it is a code.
    matrix_name, matrix
        The matrix that says which uses suit that of the ground, ``against``; None as long as no city has given one.
    """

    of: str
    against: str
    characters: int = 0
    words_name: str = ""
    words: Mapping[str, str] = field(default_factory=dict, hash=False)
    matrix_name: str = ""
    matrix: Matrix | None = field(default=None, hash=False)


class Match(NamedTuple):
    """How a ``match`` rule tells that a footprint and a registered building are one.

    Attributes
    ----------
    share
        Each covers so much of the other at least.
    names
        Pairs of attributes, the footprint's and the feature's: those that both state must be the same.
    """

    share: float
    names: tuple[tuple[str, str], ...]


class Surface(NamedTuple):
    """What a ``surface`` rule holds against the surface.

    Attributes
    ----------
    height
        The attribute with the height above ground in metres: ``footprint.…``, or ``a.…`` between layers.
    top, vertical
        Those with the elevation of the top, where it is known itself, and what it refers to; empty: the terrain tells.
    terrain
        The layer of the terrain.
    """

    height: str
    terrain: str
    top: str
    vertical: str


class Reading(NamedTuple):
    """What a ``raster`` rule reads off the cells.

    Attributes
    ----------
    statistic
        ``max``, ``mean``, ``p95``, or ``area_above`` a level, in square metres.
    level
        The level of ``area_above``.
    along
        ``ground`` for all that the footprint covers, ``facade`` for the cells along its walls.
    slope_of
        The layers whose cells are heights: their slope in degrees is read.
    told
        Other statistics that are told beside it and judge nothing.
    """

    statistic: str
    level: float | None
    along: str
    slope_of: tuple[str, ...]
    told: tuple[str, ...]


class Quality(NamedTuple):
    """What a footprint's own geometry must keep to; None: nothing is asked.

    Attributes
    ----------
    angle_deg
        The least angle between two edges.
    edge_m
        The least length of an edge.
    hole_m2, area_m2
        The least area of a hole, and of the footprint.
    """

    angle_deg: float | None
    edge_m: float | None
    hole_m2: float | None
    area_m2: float | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The features that a rule looks at: of these layers, those that the filter lets through.

    Attributes
    ----------
    known
        What a feature's attributes must satisfy for the filter to exclude it: lists the values that are understood, so
        that one that nobody has thought of leaves the rule open.
    names
        Other names for attributes that layers call differently; the first that a feature has counts.
    crosswalk
        Where ``land_class`` comes from; None where the filter does not read it.
    """

    layers: tuple[str, ...]
    where: Filter | None = None
    known: Filter | None = None
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    crosswalk: Crosswalk | None = field(default=None, hash=False)

    def context(self, layer: str, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a feature's attributes as the rule reads them: under its own names, with the class of land."""
        if not self.names and self.crosswalk is None:
            return attributes
        context = {
            name: next((attributes[each] for each in given if attributes.get(each) is not None), None)
            for name, given in self.names.items()
        }
        if self.crosswalk is not None:
            context[LAND_CLASS] = self.crosswalk.land_class_of(layer, attributes)
        return {**attributes, **context}

    def matches(self, context: Mapping[str, Any]) -> bool | None:
        """Return whether a feature is meant; None where its attributes do not tell."""
        if self.where is None:
            return True
        matches = self.where.matches(context)
        return (
            None if matches is False and self.known is not None and self.known.matches(context) is not True else matches
        )
