"""Groups and conflicts as relations: kinds, confidence, evidence, reason."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from registry.relating.components import connected
from registry.relating.confidence import (
    GONE,
    NEW,
    ONE_TO_ONE,
    SEVERAL,
    Measures,
    group_confidence,
    unrelated_confidence,
)
from registry.relating.conflicts import Conflicts
from registry.relating.drawn import DrawnOverlaps
from registry.relating.grouping import Grouping
from registry.relating.overlaps import Footprints, Pairs
from registry.relating.relations import Evidence, RelatingSettings, Relation
from registry.relating.shared_areas import shared_areas
from registry.relating.statements import Statements
from registry.relating.surveys import Survey

__all__ = ["Findings", "Ground", "measure_groups", "tell_relations"]

Floats = NDArray[np.float64]
_SURE = 0.999
_CONFLICT = 0.9
_TELLING_SHARE = 0.05
# no row of these is registered as it is, and who is whose in the others is not for a machine to say
_FOR_PEOPLE = ("conflicting", "many_to_many")
_REASONS = {
    "new": "nothing_there",
    "same": "same_geometry",
    "revised": "one_to_one",
    "split": "parts_of_one",
    "merged": "one_of_parts",
    "many_to_many": "several_to_several",
}


class Findings(NamedTuple):
    """All that was found out about a delivery, by position.

    Attributes
    ----------
    gone
        The known footprints that stand no more.
    is_equal
        For each pair: equal as delivered.
    """

    pairs: Pairs
    groups: Grouping
    conflicts: Conflicts
    gone: NDArray[np.bool_]
    is_equal: NDArray[np.bool_]
    statements: Statements


class Ground(NamedTuple):
    """Where the evidence is measured.

    Attributes
    ----------
    moved
        The delivered footprints, the shift taken away.
    drawn
        What rows and buildings share as drawn, as far as it has been measured.
    outlines
        Whether the outlines of all pairs are compared; without, their distance is NaN.
    """

    moved: Footprints
    drawn: DrawnOverlaps | None = None
    outlines: bool = True


class _Drafts(NamedTuple):
    """The relations by number, without the gone.

    Attributes
    ----------
    rows, buildings
        Who is in each, by position, in the frames' order.
    kind, confidence, reason
        One for each.
    """

    rows: "_Members"
    buildings: "_Members"
    kind: NDArray[Any]
    confidence: Floats
    reason: NDArray[Any]


class _Members(NamedTuple):
    """Members by number: those of number n are `members[starts[n] : starts[n + 1]]`."""

    members: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, numbers: NDArray[np.intp], members: NDArray[np.intp], rank: NDArray[np.intp], count: int) -> "_Members":
        """Gather members by their numbers, in the order of a rank."""
        order = np.lexsort((rank, numbers))
        return cls(members[order], np.searchsorted(numbers[order], np.arange(count + 1)))

    @property
    def sizes(self) -> NDArray[np.intp]:
        return np.diff(self.starts)


def tell_relations(
    ours: Survey, theirs: Survey, findings: Findings, settings: RelatingSettings, ground: Ground
) -> tuple[Relation, ...]:
    """Return the relations in the order of the frames."""
    number, reasons = _joined(findings, ours.position)
    sure = _confidences(findings)
    drafts = _drafts(ours, theirs, findings, number, reasons, sure)
    evidence, starts = _evidence(ours, theirs, findings, number, ground)
    rows, buildings = ours.names[drafts.rows.members].tolist(), theirs.names[drafts.buildings.members].tolist()
    reviewed = np.isin(drafts.kind, _FOR_PEOPLE) | (drafts.confidence < settings.review_below)
    told = [
        Relation(kind, tuple(rows[a:b]), tuple(buildings[c:d]), confidence, review, tuple(evidence[e:f]), reason)
        for kind, (a, b), (c, d), confidence, review, (e, f), reason in zip(
            drafts.kind.tolist(),
            pairwise(drafts.rows.starts.tolist()),
            pairwise(drafts.buildings.starts.tolist()),
            drafts.confidence.tolist(),
            reviewed.tolist(),
            pairwise(starts.tolist()),
            drafts.reason.tolist(),
            strict=True,
        )
    ]
    gone = np.flatnonzero(findings.gone)
    return (*told, *_gone(gone[np.argsort(theirs.position[gone])], theirs, sure.gone, settings))


def _gone(gone: NDArray[np.intp], theirs: Survey, confidence: Floats, settings: RelatingSettings) -> Iterator[Relation]:
    for building, sure in zip(gone.tolist(), confidence[gone].tolist(), strict=True):
        yield Relation("gone", (), (theirs.names[building],), sure, sure < settings.review_below, (), "not_delivered")


def measure_groups(findings: Findings) -> Measures:
    """Return what the confidence of each group is made of, by the group's number; shape (delivered rows,)."""
    pairs, groups = findings.pairs, findings.groups
    count = len(groups.delivered)
    inside = groups.is_member
    label = groups.delivered[pairs.delivered]

    def most(labels: NDArray[np.intp], values: Floats, start: float) -> Floats:
        result = np.full(count, start)
        np.maximum.at(result, labels, values)
        return result

    odds = most(label[groups.is_counterpart], findings.statements.odds[groups.is_counterpart], -np.inf)
    rival, rival_odds = np.zeros(count), np.full(count, -np.inf)
    for labels in (label, groups.known[pairs.known]):
        outside = ~inside & (labels >= 0)
        rival = np.maximum(rival, most(labels[outside], pairs.share_of_smaller[outside], 0.0))
        rival_odds = np.maximum(rival_odds, most(labels[outside], findings.statements.odds[outside], -np.inf))
    weakest = np.ones(count)
    for own, labels, share in (
        (pairs.delivered, groups.delivered, pairs.share_of_delivered),
        (pairs.known, groups.known, pairs.share_of_known),
    ):
        within = np.bincount(own[inside], share[inside], minlength=len(labels))
        is_part = labels >= 0
        is_part[own[groups.is_counterpart]] = False
        np.minimum.at(weakest, labels[is_part], within[is_part])
    return Measures(odds, rival, rival_odds, weakest)


def _drafts(
    ours: Survey,
    theirs: Survey,
    findings: Findings,
    number: NDArray[np.intp],
    reasons: NDArray[Any],
    sure: "_Confidences",
) -> _Drafts:
    """Return the relations of the rows, by number."""
    groups, count = findings.groups, len(reasons)
    every = np.arange(len(number))
    rows = _Members.of(number, every, ours.position, count)
    buildings = _buildings(theirs, findings, number, count)
    first = rows.members[rows.starts[:-1]]
    confidence = np.where(buildings.sizes > 0, sure.groups[groups.delivered[first]], sure.new[first])
    kind = _kinds(rows.sizes, buildings.sizes, _marked(findings, findings.is_equal)[first], reasons)
    stated = _marked(findings, findings.statements.are_stated)[first] & (kind == "revised")
    confidence = np.where(stated | (kind == "same"), np.maximum(confidence, _SURE), confidence)
    confidence = np.where(kind == "conflicting", _CONFLICT, confidence)
    reason = np.array([_REASONS.get(each, "") for each in kind.tolist()], dtype=object)
    reason = np.where(stated, "stated", np.where(kind == "conflicting", reasons, reason))
    return _Drafts(rows, buildings, kind, confidence, reason)


def _buildings(theirs: Survey, findings: Findings, number: NDArray[np.intp], count: int) -> _Members:
    """Return the known buildings of the relations: those of their groups, those in conflict, those named in vain."""
    groups, pairs, denied = findings.groups, findings.pairs, findings.statements.denied
    own = np.flatnonzero(groups.known >= 0)
    taken = findings.conflicts.with_known
    numbers = [number[groups.known[own]], number[pairs.delivered[taken]], number[np.array([*denied], dtype=np.intp)]]
    buildings = [own, pairs.known[taken], np.array([*denied.values()], dtype=np.intp)]
    once = np.unique(np.column_stack([np.concatenate(numbers), np.concatenate(buildings)]), axis=0)
    return _Members.of(once[:, 0], once[:, 1], theirs.position[once[:, 1]], count)


def _kinds(
    rows: NDArray[np.intp], buildings: NDArray[np.intp], same: NDArray[np.bool_], reasons: NDArray[Any]
) -> NDArray[Any]:
    """Return the kind of each relation, by how many rows and buildings it has."""
    one_row, one_building = rows == 1, buildings == 1
    cases = [
        reasons != "",
        buildings == 0,
        one_row & one_building & same,
        one_row & one_building,
        one_building,
        one_row,
    ]
    kinds = ["conflicting", "new", "same", "revised", "split", "merged"]
    return np.select(cases, kinds, "many_to_many").astype(object)


def _marked(findings: Findings, pairs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rows are in a group that has a pair of counterparts of a kind."""
    groups = findings.groups.delivered
    marked = np.zeros(len(groups) + 1, dtype=bool)  # the last for those in no group
    some = pairs & findings.groups.is_counterpart
    marked[groups[findings.pairs.delivered[some]]] = True
    return marked[groups]


def _joined(findings: Findings, rank: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Return the number of the relation each row is in, in the order of their first rows, and why those conflict that do."""
    groups, conflicts = findings.groups.delivered, findings.conflicts
    alone, count = groups < 0, len(groups)
    labels = np.where(alone, np.arange(count), groups)
    i, j = conflicts.among_rows.T
    one_knows = alone[i] != alone[j]
    joins = conflicts.are_twice | ~one_knows
    labels = connected(np.concatenate([np.arange(count), i[joins]]), np.concatenate([labels, j[joins]]), count)
    number = _numbered(labels, rank)
    reasons = np.full(int(number.max(initial=-1)) + 1, "", dtype=object)
    strangers = np.where(alone[i], i, j)[~joins]
    for rows, reason in (
        (findings.pairs.delivered[conflicts.with_known], "on_known_ground"),
        (np.concatenate([strangers, i[joins]]), "on_delivered_ground"),
        (i[conflicts.are_twice], "delivered_twice"),
        (np.array([*findings.statements.denied], dtype=np.intp), "stated_elsewhere"),
    ):
        reasons[number[rows]] = reason
    return number, reasons


def _numbered(labels: NDArray[np.intp], rank: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return labels as numbers from 0, in the order of the lowest rank of each."""
    lowest = np.full(len(labels), rank.max(initial=0))
    np.minimum.at(lowest, labels, rank)
    _, number = np.unique(lowest[labels], return_inverse=True)
    return number


class _Confidences(NamedTuple):
    """Of groups by number, of rows that are new, of buildings that are gone."""

    groups: Floats
    new: Floats
    gone: Floats


def _confidences(findings: Findings) -> _Confidences:
    measures = measure_groups(findings)
    groups = findings.groups
    rows = np.bincount(groups.delivered[groups.delivered >= 0], minlength=len(groups.delivered))
    buildings = np.bincount(groups.known[groups.known >= 0], minlength=len(groups.delivered))
    one = (rows == 1) & (buildings == 1)
    sure = np.where(one, group_confidence(measures, ONE_TO_ONE), group_confidence(measures, SEVERAL))
    new = unrelated_confidence(*unrelated_measures(findings, findings.pairs.delivered, len(groups.delivered)), NEW)
    gone = unrelated_confidence(*unrelated_measures(findings, findings.pairs.known, len(groups.known)), GONE)
    return _Confidences(sure, new, gone)


def unrelated_measures(findings: Findings, own: NDArray[np.intp], count: int) -> tuple[Floats, Floats]:
    """Return for each footprint of one side the largest share of the smaller that it shares, and its best odds."""
    overlap, odds = np.zeros(count), np.full(count, -np.inf)
    np.maximum.at(overlap, own, findings.pairs.share_of_smaller)
    np.maximum.at(odds, own, findings.statements.odds)
    return overlap, odds


def _evidence(
    ours: Survey, theirs: Survey, findings: Findings, number: NDArray[np.intp], ground: Ground
) -> tuple[list[Evidence], NDArray[np.intp]]:
    """Return the evidence of pairs that are related, and of those that share more than a sliver; and where each relation's starts."""
    telling = findings.groups.is_member | findings.conflicts.with_known | findings.statements.are_stated
    telling |= findings.pairs.share_of_smaller > _TELLING_SHARE
    place = np.flatnonzero(telling)
    row = findings.pairs.delivered[place]
    place = place[np.lexsort((ours.position[row], number[row]))]
    pairs, stated = findings.pairs.where(place), findings.statements.are_stated[place]
    i, j = pairs.delivered, pairs.known
    apart_m = np.full(len(i), np.nan)
    if ground.outlines:
        apart_m = shapely.hausdorff_distance(ground.moved.geometries[i], theirs.footprints.geometries[j])
    columns = (
        ours.names[i].tolist(),
        theirs.names[j].tolist(),
        pairs.overlap_m2.tolist(),
        pairs.iou.tolist(),
        pairs.share_of_delivered.tolist(),
        pairs.share_of_known.tolist(),
        pairs.distance_m.tolist(),
        apart_m.tolist(),
        _raw_iou(ours, theirs, pairs, ground).tolist(),
        stated.tolist(),
    )
    starts = np.searchsorted(number[i], np.arange(int(number.max(initial=-1)) + 2))
    return list(map(Evidence._make, zip(*columns, strict=True))), starts


def _raw_iou(ours: Survey, theirs: Survey, pairs: Pairs, ground: Ground) -> Floats:
    """Return the intersection over union of pairs as drawn, measured where the shift has moved them and it is not known."""
    delivered, known, i, j = ours.footprints, theirs.footprints, pairs.delivered, pairs.known
    is_aside = (delivered.centroid_m[i] != ground.moved.centroid_m[i]).any(axis=1)
    iou = np.where(is_aside, np.nan, pairs.iou)
    if ground.drawn is not None:
        iou = np.where(is_aside, ground.drawn.iou_of(ours.position[i], theirs.position[j]), iou)
    rest = np.flatnonzero(np.isnan(iou))
    i, j = i[rest], j[rest]
    overlap = shared_areas(delivered.geometries, known.geometries, i, j)
    iou[rest] = overlap / (delivered.area_m2[i] + known.area_m2[j] - overlap)
    return iou
