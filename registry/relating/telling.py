"""Groups and conflicts as relations: kinds, confidence, evidence, reason."""

from collections.abc import Iterator
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
from registry.relating.grouping import Grouping
from registry.relating.overlaps import Footprints, Pairs
from registry.relating.relations import Evidence, RelatingSettings, Relation
from registry.relating.statements import Statements
from registry.relating.surveys import Survey

__all__ = ["Findings", "measure_groups", "tell_relations"]

Floats = NDArray[np.float64]
_SURE = 0.999
_CONFLICT = 0.9
_TELLING_SHARE = 0.05
# no row of these is registered as it is, and who is whose in the others is not for a machine to say
_FOR_PEOPLE = ("conflicting", "many_to_many")
_REASONS = {
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


class _Draft(NamedTuple):
    """A relation by position."""

    rows: list[int]
    buildings: list[int]
    kind: str
    confidence: float
    reason: str


def tell_relations(
    ours: Survey, theirs: Survey, moved: Footprints, findings: Findings, settings: RelatingSettings
) -> tuple[Relation, ...]:
    """Return the relations in the order of the frames.

    Parameters
    ----------
    moved
        The delivered footprints, the shift taken away.
    """
    evidence = _evidence(ours, theirs, moved, findings)
    told = []
    for draft in _drafts(findings):
        rows = sorted(draft.rows, key=ours.position.__getitem__)
        buildings = sorted(draft.buildings, key=theirs.position.__getitem__)
        place = (0, ours.position[rows[0]]) if rows else (1, theirs.position[buildings[0]])
        relation = Relation(
            draft.kind,
            tuple(ours.names[row] for row in rows),
            tuple(theirs.names[building] for building in buildings),
            draft.confidence,
            draft.kind in _FOR_PEOPLE or draft.confidence < settings.review_below,
            tuple(each for row in rows for each in evidence.get(row, ())),
            draft.reason,
        )
        told.append((place, relation))
    return tuple(relation for _, relation in sorted(told, key=lambda each: each[0]))


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


def _drafts(findings: Findings) -> Iterator[_Draft]:
    """Yield the relations by position."""
    groups, conflicts = findings.groups, findings.conflicts
    labels, reasons = _joined(findings)
    buildings: dict[int, list[int]] = {}
    for building in np.flatnonzero(groups.known >= 0).tolist():
        buildings.setdefault(labels[groups.known[building]], []).append(building)
    for pair in np.flatnonzero(conflicts.with_known).tolist():
        buildings.setdefault(labels[findings.pairs.delivered[pair]], []).append(int(findings.pairs.known[pair]))
    for row, building in findings.statements.denied.items():
        buildings.setdefault(labels[row], []).append(building)
    rows: dict[int, list[int]] = {}
    for row, label in enumerate(labels):
        rows.setdefault(label, []).append(row)
    sure = _confidences(findings)
    is_same, is_stated = _marked(findings, findings.is_equal), _marked(findings, findings.statements.are_stated)
    for label, members in rows.items():
        there = sorted(set(buildings.get(label, ())))
        if label in reasons:
            yield _Draft(members, there, "conflicting", _CONFLICT, reasons[label])
        elif not there:
            yield _Draft(members, there, "new", float(sure.new[members[0]]), "nothing_there")
        else:
            yield _grouped(members, there, float(sure.groups[label]), same=is_same[label], stated=is_stated[label])
    for building in np.flatnonzero(findings.gone).tolist():
        yield _Draft([], [building], "gone", float(sure.gone[building]), "not_delivered")


def _grouped(rows: list[int], buildings: list[int], confidence: float, *, same: bool, stated: bool) -> _Draft:
    if len(rows) == len(buildings) == 1:
        kind = "same" if same else "revised"
    elif len(buildings) == 1:
        kind = "split"
    else:
        kind = "merged" if len(rows) == 1 else "many_to_many"
    sure = kind == "same" or (kind == "revised" and stated)
    reason = "stated" if kind == "revised" and stated else _REASONS[kind]
    return _Draft(rows, buildings, kind, max(confidence, _SURE) if sure else confidence, reason)


def _marked(findings: Findings, pairs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which groups have a pair of counterparts of a kind, by the group's number."""
    marked = np.zeros(len(findings.groups.delivered), dtype=bool)
    some = pairs & findings.groups.is_counterpart
    marked[findings.groups.delivered[findings.pairs.delivered[some]]] = True
    return marked


def _joined(findings: Findings) -> tuple[list[int], dict[int, str]]:
    """Return the number of the relation each row is in, and why those conflict that do."""
    groups, conflicts = findings.groups.delivered, findings.conflicts
    alone, count = groups < 0, len(groups)
    labels = np.where(alone, np.arange(count), groups)
    i, j = conflicts.among_rows.T
    one_knows = alone[i] != alone[j]
    joins = conflicts.are_twice | ~one_knows
    labels = connected(np.concatenate([np.arange(count), i[joins]]), np.concatenate([labels, j[joins]]), count)
    reasons = dict.fromkeys(_labels_of(findings.pairs.delivered[conflicts.with_known], labels), "on_known_ground")
    strangers = np.where(alone[i], i, j)[~joins]
    reasons |= dict.fromkeys(_labels_of(np.concatenate([strangers, i[joins]]), labels), "on_delivered_ground")
    reasons |= dict.fromkeys(_labels_of(i[conflicts.are_twice], labels), "delivered_twice")
    reasons |= dict.fromkeys(_labels_of(list(findings.statements.denied), labels), "stated_elsewhere")
    return labels.tolist(), reasons


def _labels_of(rows: Any, labels: NDArray[np.intp]) -> list[int]:
    return list(labels[np.asarray(rows, dtype=np.intp)].tolist())


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


def _evidence(ours: Survey, theirs: Survey, moved: Footprints, findings: Findings) -> dict[int, list[Evidence]]:
    """Return the evidence by delivered row: for pairs that are related, and those that share more than a sliver."""
    telling = findings.groups.is_member | findings.conflicts.with_known | findings.statements.are_stated
    telling |= findings.pairs.share_of_smaller > _TELLING_SHARE
    pairs, stated = findings.pairs.where(telling), findings.statements.are_stated[telling]
    i, j = pairs.delivered, pairs.known
    left, right = moved.geometries[i], theirs.footprints.geometries[j]
    raw = ours.footprints.geometries[i]
    raw_overlap = shapely.area(shapely.intersection(raw, right))
    raw_iou = raw_overlap / (moved.area_m2[i] + theirs.footprints.area_m2[j] - raw_overlap)
    columns = (
        ours.names[i].tolist(),
        theirs.names[j].tolist(),
        pairs.overlap_m2.tolist(),
        pairs.iou.tolist(),
        pairs.share_of_delivered.tolist(),
        pairs.share_of_known.tolist(),
        pairs.distance_m.tolist(),
        shapely.hausdorff_distance(left, right).tolist(),
        raw_iou.tolist(),
        stated.tolist(),
    )
    evidence: dict[int, list[Evidence]] = {}
    for row, values in zip(i.tolist(), zip(*columns, strict=True), strict=True):
        evidence.setdefault(row, []).append(Evidence(*values))
    return evidence
