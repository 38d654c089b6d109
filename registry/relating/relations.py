"""What relating two surveys gives: relations, each with its evidence and how sure it is, and the shift of the whole."""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocode.faults import Fault, Text, read_sentences
from registry.relating.vectors import Vectors

__all__ = ["KINDS", "Evidence", "Relating", "RelatingSettings", "Relation", "Shift", "explain"]

KINDS = ("same", "revised", "split", "merged", "many_to_many", "new", "gone", "conflicting")
_SENTENCES = read_sentences("registry.relating", "reasons.toml")
_EAST_WEST = (Text("东", "east"), Text("西", "west"))
_NORTH_SOUTH = (Text("北", "north"), Text("南", "south"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatingSettings:
    """What counts as the same, as a conflict, and as clear.

    Attributes
    ----------
    snapping_m
        Two footprints no farther apart than this, as delivered, are equal.
    overlap_tolerance
        The share of the smaller footprint up to which two buildings may overlap.
    tolerance_width_m
        The mean width up to which an overlap is a matter of accuracy and no conflict. Up to four times the delivery's
        own spread are allowed, but no more than 2 m.
    member_share
        The share of a footprint that must lie on others for it to be part of them (split, merged).
    review_below
        The confidence below which a relation goes to review.
    """

    snapping_m: float = 0.002
    overlap_tolerance: float = 0.05
    tolerance_width_m: float = 0.3
    member_share: float = 0.5
    review_below: float = 0.75


class Evidence(NamedTuple):
    """What was measured on one delivered and one known footprint, the delivery's shift taken away.

    Attributes
    ----------
    delivered, known
        Indexes in the two frames.
    overlap_m2, iou, share_of_delivered, share_of_known
        The ground they share: in m², over their union, over each of them.
    centroid_shift_m, hausdorff_m
        Between the centroids; between the outlines (NaN where nobody asked).
    raw_iou
        Intersection over union as delivered, the shift not taken away.
    stated
        The delivered row names the known building itself.
    """

    delivered: Any
    known: Any
    overlap_m2: float
    iou: float
    share_of_delivered: float
    share_of_known: float
    centroid_shift_m: float
    hausdorff_m: float
    raw_iou: float
    stated: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """What some delivered rows are to some known buildings; each row and each building is in one relation at most.

    Attributes
    ----------
    kind
        ``same``: the same geometry. ``revised``: the same building, drawn anew. ``split``: one known, several
        delivered. ``merged``: several known, one delivered. ``many_to_many``. ``new``. ``gone``: known, within the area
        that the delivery covers, and not delivered. ``conflicting``: rows that cannot be registered as they are.
    delivered, known
        Indexes in the two frames, in the frames' order.
    confidence
        The probability that the relation is right.
    needs_review
        Whether a person decides: always where the kind is ``conflicting`` or ``many_to_many``, else where the confidence
        is low.
    evidence
        One for each pair that overlaps, and for each that is the same building without.
    reason
        The kind of sentence that says why; `explain` fills it in.
    """

    kind: str
    delivered: tuple[Any, ...]
    known: tuple[Any, ...]
    confidence: float
    needs_review: bool
    evidence: tuple[Evidence, ...] = field(repr=False)
    reason: str


@dataclass(frozen=True, slots=True)
class Shift:
    """How the whole delivery lies against what is known. It serves the matching alone: no stored geometry is moved.

    Attributes
    ----------
    dx_m, dy_m
        The way the delivery lies east and north of the known buildings, in the middle of it.
    support
        How many delivered rows agree.
    spread_m
        The median distance of these rows from the shift at their place.
    is_applied
        Whether the matching took it away.
    usual_overlap_m
        How wide neighbouring rows usually overlap each other, as where eaves are drawn for walls; 0 where few do.
    vectors
        The shift at each place; without them it is the same everywhere.
    """

    dx_m: float
    dy_m: float
    support: int
    spread_m: float
    is_applied: bool
    usual_overlap_m: float = 0.0
    vectors: Vectors | None = field(default=None, repr=False, compare=False)

    def at(self, rows: NDArray[Any], places_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the vectors by which rows (index labels) at places, shape (n, 2), are moved for the matching; in metres."""
        if not self.is_applied:
            return np.zeros((len(rows), 2))
        if self.vectors is None:
            return np.tile([-self.dx_m, -self.dy_m], (len(rows), 1))
        return self.vectors.at(rows, places_m)

    @property
    def length_m(self) -> float:
        """The length of the shift."""
        return math.hypot(self.dx_m, self.dy_m)

    @property
    def sentence(self) -> Fault:
        """Sentence and remedy for people, of kind ``shifted``, ``in_place`` or ``shift_unknown``."""
        east, north = _EAST_WEST[self.dx_m < 0], _NORTH_SOUTH[self.dy_m < 0]
        kind = "shift_unknown" if not self.is_applied else "shifted" if self.length_m >= _TOLD_M else "in_place"
        return _SENTENCES.fault(
            kind, dx=abs(self.dx_m), dy=abs(self.dy_m), east=east, north=north, rows=self.support, spread=self.spread_m
        )


_TOLD_M = 0.05


@dataclass(frozen=True, slots=True)
class Relating:
    """The relations of a delivery, in the order of their first delivered row, then the gone in theirs; and its shift."""

    relations: tuple[Relation, ...]
    shift: Shift


def explain(relation: Relation) -> Fault:
    """Return why a relation is what it is, and what to do, in both languages."""
    best = max(relation.evidence, key=lambda each: each.iou, default=None)
    return _SENTENCES.fault(
        relation.reason,
        delivered=", ".join(map(str, relation.delivered)),
        known=", ".join(map(str, relation.known)),
        iou=best.iou if best else 0.0,
        overlap_m2=sum(each.overlap_m2 for each in relation.evidence),
        away_m=best.centroid_shift_m if best else 0.0,
        confidence=relation.confidence,
    )
