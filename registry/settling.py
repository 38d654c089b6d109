"""What may be done with a delivery at once: the relations that are clear and leave one building on one ground.

The matching (`registry.relating`) says who is who, by a survey's accuracy. The register's ground is stricter: whatever is
registered must not share more than `OVERLAP_TOLERANCE` of the smaller with a building that stays. So what is clear is checked
against all that would stand then, all at once: a wall that moves between two delivered neighbours is no conflict.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geocode.faults import Fault, read_sentences
from registry.ground import OVERLAP_TOLERANCE, SAME_IOU
from registry.relating import RelatingSettings, Relation, Shift, explain
from registry.relating.components import connected
from registry.relating.drawn import drawn_overlaps
from registry.relating.overlaps import Pairs
from registry.relating.relate import Laid, find_out, lay
from registry.relating.statements import stated_positions
from registry.relating.surveys import Survey, read_survey, refuse_frames
from registry.relating.telling import Ground, tell_relations
from registry.standing import Barring, Desk, Standing, lay_out

__all__ = ["Settled", "settle"]

_SENTENCES = read_sentences("registry", "sentences.toml")
_SETTINGS = RelatingSettings()
_OF_NO_ROWS = ("gone", "conflicting")
_ENDING = ("revised", "split", "merged")
# a row in a conflict with rows that are known buildings, and itself none
_STRANGER = "on_delivered_ground"
_LEAST_SHARE = 0.5
_LEAST_IOU = 0.5
_WHOLE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of a delivery.

    Attributes
    ----------
    done
        Relations that are clear: ``same``, ``revised``, ``new``, ``split``, ``merged``.
    held
        Relations that a person decides.
    refused
        Why the other rows are refused, by their index; places in the plane of the frames.
    gone
        Known buildings within the area for which the delivery is complete, and not in it.
    shift
        How the whole delivery lies against the known buildings.
    """

    done: tuple[Relation, ...]
    held: tuple[Relation, ...]
    refused: Mapping[Any, Fault]
    gone: tuple[Any, ...]
    shift: Shift


def settle(
    delivered: gpd.GeoDataFrame,
    known: gpd.GeoDataFrame,
    *,
    stated: Mapping[Any, Any] | None = None,
    complete: Any = None,
    shift: Shift | None = None,
) -> Settled:
    """Decide what may be done with a delivery.

    Parameters
    ----------
    delivered, known, stated, complete, shift
        As `relate` takes them; `known` with the column ``code``. The delivered index is in the order of the file.

    Returns
    -------
    Settled
        Every delivered row is in one relation, done or held, or refused. Of rows on one ground the first is taken.
    """
    refuse_frames(delivered, known)
    ours, theirs = read_survey(delivered), read_survey(known)
    laid = lay(ours, theirs, shift=shift, settings=_SETTINGS)
    drawn = drawn_overlaps(ours, theirs, equal=laid.equal, least_share=OVERLAP_TOLERANCE)
    desk = lay_out(delivered, known, ours, laid.rows, drawn)
    relations = _relate(desk, _Sides(ours, theirs, stated or {}), laid, complete)
    done, held = list[Relation](), list[Relation]()
    for each in relations:
        if each.kind not in _OF_NO_ROWS or each.reason == _STRANGER:
            for relation in _divided(_as_new(each) if _is_strange(each, laid.shift) else each):
                (done if _is_clear(relation, laid.shift) else held).append(relation)
    done, broken = _keep_ground(desk, done)
    gone = tuple(index for each in relations if each.kind == "gone" for index in each.known)
    held = _outlined([*held, *broken], ours, theirs, laid)
    return Settled(tuple(done), tuple(held), desk.refused, gone, laid.shift)


def _outlined(relations: Sequence[Relation], ours: Survey, theirs: Survey, laid: Laid) -> list[Relation]:
    """Return relations for people to decide on, with the distance of the outlines."""
    pairs = [pair for each in relations for pair in each.evidence]
    rows, buildings = pd.Index(ours.names), pd.Index(theirs.names)
    moved = laid.moved.geometries[rows.get_indexer([pair.delivered for pair in pairs])]
    there = theirs.footprints.geometries[buildings.get_indexer([pair.known for pair in pairs])]
    apart_m = iter(shapely.hausdorff_distance(moved, there).tolist())
    return [
        replace(each, evidence=tuple(pair._replace(hausdorff_m=next(apart_m)) for pair in each.evidence))
        for each in relations
    ]


class _Sides(NamedTuple):
    """Two surveys, and what rows of the one say which of the other they are."""

    ours: Survey
    theirs: Survey
    stated: Mapping[Any, Any]

    def without(self, rows: Collection[Any]) -> "_Sides":
        """Return the sides without some rows."""
        kept = np.array([row not in rows for row in self.ours.names], dtype=bool)
        stated = {row: building for row, building in self.stated.items() if row not in rows}
        return _Sides(self.ours.take(np.flatnonzero(kept)), self.theirs, stated)

    def around(self, rows: Collection[Any], laid: Laid, pairs: Pairs) -> "_Sides":
        """Return those with which some rows are connected, and what relates them has to do with."""
        count = len(self.ours.names)
        named = stated_positions(self.ours, self.theirs, self.stated)
        i = np.concatenate([pairs.delivered, laid.rows.pairs.delivered, named[0]])
        j = np.concatenate([pairs.known + count, laid.rows.pairs.known, named[1] + count])
        labels = connected(i, j, count + len(self.theirs.names))
        touched = np.isin(labels, labels[:count][[row in rows for row in self.ours.names]])
        ours, theirs = (
            self.ours.take(np.flatnonzero(touched[:count])),
            self.theirs.take(np.flatnonzero(touched[count:])),
        )
        there = set(ours.names)
        return _Sides(ours, theirs, {row: known for row, known in self.stated.items() if row in there})


def _relate(desk: Desk, sides: _Sides, laid: Laid, complete: Any) -> list[Relation]:
    """Relate the rows, without those that are refused because they conflict: later ones for the sake of earlier ones."""
    told, stated = list[Relation](), sides.stated
    while True:
        findings = find_out(*sides[:2], laid, stated=sides.stated, complete=complete, settings=_SETTINGS)
        ground = Ground(laid.moved, desk.drawn, outlines=False)
        relations = tell_relations(*sides[:2], findings, _SETTINGS, ground)
        before = set(desk.refused)
        for each in relations:
            if each.kind == "conflicting":
                _refuse_later(desk, each)
        later = desk.refused.keys() - before
        if not later:
            break
        # who has nothing to do with a row that is refused is related already
        sides = sides.around(later, laid, findings.pairs)
        again = set(sides.ours.names), set(sides.theirs.names)
        told += [each for each in relations if again[0].isdisjoint(each.delivered) and again[1].isdisjoint(each.known)]
        sides = sides.without(later)
        laid = lay(*sides[:2], shift=laid.shift, settings=_SETTINGS)
    if told:
        relations = tuple(_in_order(desk, [*told, *relations]))
    for each in relations:
        if each.kind == "conflicting" and each.reason != _STRANGER:
            _refuse_conflicting(desk, each, stated)
    return list(relations)


def _in_order(desk: Desk, relations: list[Relation]) -> list[Relation]:
    """Return relations in the order of their first delivered row, then the gone in theirs."""

    def place(relation: Relation) -> tuple[bool, int]:
        if relation.delivered:
            return False, desk.delivered.index.get_loc(relation.delivered[0])
        return True, desk.known.index.get_loc(relation.known[0])

    return sorted(relations, key=place)


def _is_strange(relation: Relation, shift: Shift) -> bool:
    """Tell whether a row is a building of its own, whatever it touches: where it may stand is for the ground to say."""
    if relation.kind == "conflicting":
        return True
    # a whole survey that lies aside is borne out by its other rows
    if relation.kind != "revised" or (shift.is_applied and not relation.needs_review):
        return False
    if any(each.stated for each in relation.evidence):
        return False
    shares = [max(each.share_of_delivered, each.share_of_known) for each in relation.evidence]
    return max(shares, default=0.0) < _LEAST_SHARE


def _is_clear(relation: Relation, shift: Shift) -> bool:
    """Tell whether a relation may be carried out without a person.

    The matching is sure of it, and it is such that the register can stand for it: the building kept half its outline, or
    says itself which it is, or a whole survey bears it out; parts lie where the building stood, and a merged building where
    all of them did.
    """
    pairs = relation.evidence
    if relation.kind == "new":
        # what stands beside others is a neighbour
        return not relation.needs_review or all(
            max(each.share_of_delivered, each.share_of_known) <= OVERLAP_TOLERANCE for each in pairs
        )
    if relation.needs_review or relation.kind == "many_to_many":
        return False
    if relation.kind == "revised":
        return shift.is_applied or any(each.stated or each.iou >= _LEAST_IOU for each in pairs)
    if relation.kind == "split":
        return all(
            any(each.share_of_delivered >= _WHOLE_SHARE for each in pairs if each.delivered == row)
            for row in relation.delivered
        )
    if relation.kind == "merged":
        return all(
            any(each.share_of_known >= _WHOLE_SHARE for each in pairs if each.known == known)
            for known in relation.known
        )
    return True


def _as_new(relation: Relation) -> Relation:
    # the matching thought of another building: it has no say in whether this is one
    return replace(relation, kind="new", known=(), confidence=0.5, needs_review=False)


def _divided(relation: Relation) -> list[Relation]:
    """Return the revisions that several to several are, where each has one clear counterpart, as where a wall was moved."""
    if relation.kind != "many_to_many":
        return [relation]
    best = {(each.delivered, each.known): each for each in relation.evidence if each.iou >= _LEAST_IOU}
    one_each = len(best) == len(relation.delivered) == len(relation.known)
    once = len({row for row, _ in best}) == len({known for _, known in best}) == len(best)
    if not (one_each and once):
        return [relation]
    revised = replace(relation, kind="revised", needs_review=False, reason="one_to_one")
    return [replace(revised, delivered=(row,), known=(known,), evidence=(each,)) for (row, known), each in best.items()]


def _refuse_later(desk: Desk, relation: Relation) -> None:
    """Refuse the rows of a conflict that stand on the ground of an earlier one."""
    kept: Standing = {}
    for row in relation.delivered:
        barring = desk.row_barring(row, kept)
        if barring:
            desk.refused[row] = _row_fault(desk, row, barring)
        else:
            desk.stand(row, kept)


def _refuse_conflicting(desk: Desk, relation: Relation, stated: Mapping[Any, Any]) -> None:
    """Refuse the rows of a conflict with known buildings."""
    for row in relation.delivered:
        evidence = [each for each in relation.evidence if each.delivered == row]
        if relation.reason == "stated_elsewhere" and row in stated:
            building = stated[row]
            iou = max((each.iou for each in evidence if each.known == building), default=0.0)
            desk.refused[row] = _fault("stated_elsewhere", desk, row, code=desk.known.code[building], iou=iou)
            continue
        pairs = desk.known_barring(row) or [
            Barring(each.known, each.overlap_m2, max(each.share_of_delivered, each.share_of_known), each.iou)
            for each in evidence
            if each.overlap_m2 > 0
        ]
        # the building that it is does not stand in its way
        others = [pair for pair in pairs if pair.iou < SAME_IOU] or pairs
        desk.refused[row] = _building_fault(desk, row, others) if others else explain(relation)


def _keep_ground(desk: Desk, done: Sequence[Relation]) -> tuple[list[Relation], list[Relation]]:
    """Return the relations after which every ground has one building, and those of which a row had to be refused."""
    kept, broken = list(done), list[Relation]()
    while True:
        ended = {index for each in kept if each.kind in _ENDING for index in each.known}
        before = len(desk.refused)
        standing: Standing = {}
        for row in _contested(desk, kept, ended):
            taken = [pair for pair in desk.known_barring(row) if pair.index not in ended]
            earlier = desk.row_barring(row, standing)
            if taken:
                desk.refused[row] = _building_fault(desk, row, taken)
            elif earlier:
                desk.refused[row] = _row_fault(desk, row, earlier)
            else:
                desk.stand(row, standing)
        if len(desk.refused) == before:
            return kept, broken
        torn = [each for each in kept if not desk.refused.keys().isdisjoint(each.delivered)]
        kept = [each for each in kept if desk.refused.keys().isdisjoint(each.delivered)]
        broken += [left for left in (_without(each, desk.refused) for each in torn) if left.delivered]


def _contested(desk: Desk, relations: Sequence[Relation], ended: Collection[Any]) -> list[Any]:
    """Return the rows to be added that others may stand in the way of: first those that are known buildings, then new ones."""
    adding = [(each.kind == "new", row) for each in relations if each.kind != "same" for row in each.delivered]
    contested = np.flatnonzero(desk.are_contested([row for _, row in adding], list(ended)))
    some = [adding[place] for place in contested.tolist()]
    return [row for _, row in sorted(some, key=lambda each: (each[0], desk.delivered.index.get_loc(each[1])))]


def _without(relation: Relation, refused: Mapping[Any, Any]) -> Relation:
    """Return a relation of which rows are refused, for a person to decide on the others."""
    left = tuple(row for row in relation.delivered if row not in refused)
    evidence = tuple(each for each in relation.evidence if each.delivered in left)
    return replace(relation, delivered=left, needs_review=True, evidence=evidence)


def _building_fault(desk: Desk, row: Any, found: Sequence[Barring]) -> Fault:
    if len(found) == 1:
        building, area, share, _ = found[0]
        code = desk.known.code[building]
        return _fault("overlaps_building", desk, row, code=code, overlap_m2=area, share=share)
    codes = ", ".join(sorted(desk.known.code[building] for building, *_ in found))
    return _fault("overlaps_several", desk, row, code=codes)


def _row_fault(desk: Desk, row: Any, pair: Barring) -> Fault:
    other, area, share, iou = pair
    if iou >= SAME_IOU:
        return _fault("duplicate_row", desk, row, other=other)
    ground = desk.delivered.geometry
    shared = shapely.intersection(ground[row], ground[other])
    return _fault("overlaps_row", desk, row, shared, other=other, overlap_m2=area, share=share)


def _fault(kind: str, desk: Desk, row: Any, where: Any = None, **values: Any) -> Fault:
    """Return a fault placed within a geometry, the row's footprint unless told, in the frames' own plane."""
    point = (desk.delivered.geometry[row] if where is None else where).representative_point()
    return _SENTENCES.fault(kind, x=point.x, y=point.y, **values)
