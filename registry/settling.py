"""What may be done with a delivery at once: the relations that are clear and leave one building on one ground.

The matching (`registry.relating`) says who is who, by a survey's accuracy. The register's ground is stricter: whatever is
registered must not share more than `OVERLAP_TOLERANCE` of the smaller with a building that stays. So what is clear is checked
against all that would stand then, all at once: a wall that moves between two delivered neighbours is no conflict.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.faults import Fault, read_sentences
from registry.ground import OVERLAP_TOLERANCE, SAME_IOU
from registry.relating import Relating, Relation, Shift, explain, relate

__all__ = ["Settled", "settle"]

_SENTENCES = read_sentences("registry", "sentences.toml")
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


class _Overlaps(NamedTuple):
    """Pairs of footprints that share more ground than may be: positions, area in m², share of the smaller, IoU."""

    left: NDArray[np.intp]
    right: NDArray[np.intp]
    area_m2: NDArray[np.float64]
    share: NDArray[np.float64]
    iou: NDArray[np.float64]


@dataclass(slots=True)
class _Desk:
    """Both frames, what is too close in them, and the faults so far."""

    delivered: gpd.GeoDataFrame
    known: gpd.GeoDataFrame
    among_rows: dict[Any, list[tuple[Any, float, float, float]]]
    with_known: dict[Any, list[tuple[Any, float, float, float]]]
    refused: dict[Any, Fault] = field(default_factory=dict)


def settle(
    delivered: gpd.GeoDataFrame,
    known: gpd.GeoDataFrame,
    *,
    stated: Mapping[Any, Any] | None = None,
    complete: Any = None,
) -> Settled:
    """Decide what may be done with a delivery.

    Parameters
    ----------
    delivered, known, stated, complete
        As `relate` takes them; `known` with the column ``code``. The delivered index is in the order of the file.

    Returns
    -------
    Settled
        Every delivered row is in one relation, done or held, or refused. Of rows on one ground the first is taken.
    """
    desk = _desk(delivered, known)
    relating = _relate(desk, stated or {}, complete)
    done, held = list[Relation](), list[Relation]()
    for each in relating.relations:
        if each.kind not in {"gone", "conflicting"} or each.reason == _STRANGER:
            for relation in _divided(_as_new(each) if _is_strange(each, relating.shift) else each):
                (done if _is_clear(relation, relating.shift) else held).append(relation)
    done, broken = _keep_ground(desk, done)
    gone = tuple(index for each in relating.relations if each.kind == "gone" for index in each.known)
    return Settled(tuple(done), (*held, *broken), desk.refused, gone, relating.shift)


def _relate(desk: _Desk, stated: Mapping[Any, Any], complete: Any) -> Relating:
    """Relate the rows, without those that are refused because they conflict: later ones for the sake of earlier ones."""
    while True:
        rows = desk.delivered.drop(index=list(desk.refused))
        named = {row: building for row, building in stated.items() if row not in desk.refused}
        relating = relate(rows, desk.known, stated=named, complete=complete)
        conflicting = [each for each in relating.relations if each.kind == "conflicting"]
        before = len(desk.refused)
        for each in conflicting:
            _refuse_later(desk, each)
        if len(desk.refused) == before:
            break
    for each in conflicting:
        if each.reason != _STRANGER:
            _refuse_conflicting(desk, each, named)
    return relating


def _is_strange(relation: Relation, shift: Shift) -> bool:
    """Tell whether a row is a building of its own, whatever it touches: where it may stand is for the ground to say."""
    if relation.kind == "conflicting":
        return True
    if relation.kind != "revised" or any(each.stated for each in relation.evidence):
        return False
    shares = [max(each.share_of_delivered, each.share_of_known) for each in relation.evidence]
    # a whole survey that lies aside is borne out by its other rows
    return max(shares, default=0.0) < _LEAST_SHARE and (relation.needs_review or not shift.is_applied)


def _is_clear(relation: Relation, shift: Shift) -> bool:
    """Tell whether a relation may be carried out without a person.

    The matching is sure of it, and it is such that the register can stand for it: the building kept half its outline, or
    says itself which it is, or a whole survey bears it out; parts lie where the building stood, and a merged building where
    all of them did.
    """
    pairs = relation.evidence
    if relation.kind == "new":
        # what stands beside others is a neighbour
        shares = [max(each.share_of_delivered, each.share_of_known) for each in pairs]
        return not relation.needs_review or max(shares, default=0.0) <= OVERLAP_TOLERANCE
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
    best = {(each.delivered, each.known): each for each in relation.evidence if each.iou >= _LEAST_IOU}
    one_each = len(best) == len(relation.delivered) == len(relation.known)
    once = len({row for row, _ in best}) == len({known for _, known in best}) == len(best)
    if relation.kind != "many_to_many" or not (one_each and once):
        return [relation]
    revised = replace(relation, kind="revised", needs_review=False, reason="one_to_one")
    return [replace(revised, delivered=(row,), known=(known,), evidence=(each,)) for (row, known), each in best.items()]


def _refuse_later(desk: _Desk, relation: Relation) -> None:
    """Refuse the rows of a conflict that stand on the ground of an earlier one."""
    kept: set[Any] = set()
    for row in relation.delivered:
        barring = [pair for pair in desk.among_rows.get(row, ()) if pair[0] in kept]
        if barring:
            desk.refused[row] = _row_fault(desk, row, barring[0])
        else:
            kept.add(row)


def _refuse_conflicting(desk: _Desk, relation: Relation, stated: Mapping[Any, Any]) -> None:
    """Refuse the rows of a conflict with known buildings."""
    for row in relation.delivered:
        evidence = [each for each in relation.evidence if each.delivered == row]
        if relation.reason == "stated_elsewhere" and row in stated:
            building = stated[row]
            iou = max((each.iou for each in evidence if each.known == building), default=0.0)
            desk.refused[row] = _fault("stated_elsewhere", desk, row, code=desk.known.code[building], iou=iou)
            continue
        pairs = desk.with_known.get(row) or [
            (each.known, each.overlap_m2, max(each.share_of_delivered, each.share_of_known), each.iou)
            for each in evidence
            if each.overlap_m2 > 0
        ]
        # the building that it is does not stand in its way
        others = [pair for pair in pairs if pair[3] < SAME_IOU] or pairs
        desk.refused[row] = _building_fault(desk, row, others) if others else explain(relation)


def _keep_ground(desk: _Desk, done: Sequence[Relation]) -> tuple[list[Relation], list[Relation]]:
    """Return the relations after which every ground has one building, and those of which a row had to be refused."""
    kept, broken = list(done), list[Relation]()
    place = {row: position for position, row in enumerate(desk.delivered.index)}
    while True:
        ended = {index for each in kept if each.kind in _ENDING for index in each.known}
        before = len(desk.refused)
        standing: set[Any] = set()
        # those that are known buildings come before new ones
        adding = [
            (each.kind == "new", place[row], row) for each in kept if each.kind != "same" for row in each.delivered
        ]
        for _, _, row in sorted(adding, key=lambda each: each[:2]):
            taken = [pair for pair in desk.with_known.get(row, ()) if pair[0] not in ended]
            earlier = [pair for pair in desk.among_rows.get(row, ()) if pair[0] in standing]
            if taken:
                desk.refused[row] = _building_fault(desk, row, taken)
            elif earlier:
                desk.refused[row] = _row_fault(desk, row, earlier[0])
            else:
                standing.add(row)
        if len(desk.refused) == before:
            return kept, broken
        torn = [each for each in kept if not desk.refused.keys().isdisjoint(each.delivered)]
        kept = [each for each in kept if desk.refused.keys().isdisjoint(each.delivered)]
        broken += [left for left in (_without(each, desk.refused) for each in torn) if left.delivered]


def _without(relation: Relation, refused: Mapping[Any, Any]) -> Relation:
    """Return a relation of which rows are refused, for a person to decide on the others."""
    left = tuple(row for row in relation.delivered if row not in refused)
    evidence = tuple(each for each in relation.evidence if each.delivered in left)
    return replace(relation, delivered=left, needs_review=True, evidence=evidence)


def _desk(delivered: gpd.GeoDataFrame, known: gpd.GeoDataFrame) -> _Desk:
    rows, ground = np.asarray(delivered.geometry.values), np.asarray(known.geometry.values)
    among = _by_row(_overlaps(rows, rows, itself=True), delivered.index, delivered.index)
    return _Desk(delivered, known, among, _by_row(_overlaps(rows, ground), delivered.index, known.index))


def _by_row(overlaps: _Overlaps, rows: Any, others: Any) -> dict[Any, list[tuple[Any, float, float, float]]]:
    found: dict[Any, list[tuple[Any, float, float, float]]] = {}
    ours, theirs = rows.tolist(), others.tolist()  # an index takes its time to tell one of its values
    for left, right, *measures in zip(*(each.tolist() for each in overlaps), strict=True):
        found.setdefault(ours[left], []).append((theirs[right], *measures))
    return found


def _overlaps(left: NDArray[Any], right: NDArray[Any], *, itself: bool = False) -> _Overlaps:
    """Return the pairs that share more ground than may be, sorted; no footprint pairs with `itself`."""
    i, j = shapely.STRtree(right).query(left, predicate="intersects")
    if itself:
        i, j = i[i != j], j[i != j]
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    area = shapely.area(shapely.intersection(left[i], right[j]))
    area_i, area_j = shapely.area(left[i]), shapely.area(right[j])
    share, iou = area / np.minimum(area_i, area_j), area / (area_i + area_j - area)
    much = share > OVERLAP_TOLERANCE
    return _Overlaps(i[much], j[much], area[much], share[much], iou[much])


def _building_fault(desk: _Desk, row: Any, found: Sequence[tuple[Any, float, float, float]]) -> Fault:
    if len(found) == 1:
        building, area, share, _ = found[0]
        code = desk.known.code[building]
        return _fault("overlaps_building", desk, row, code=code, overlap_m2=area, share=share)
    codes = ", ".join(sorted(desk.known.code[building] for building, *_ in found))
    return _fault("overlaps_several", desk, row, code=codes)


def _row_fault(desk: _Desk, row: Any, pair: tuple[Any, float, float, float]) -> Fault:
    other, area, share, iou = pair
    if iou >= SAME_IOU:
        return _fault("duplicate_row", desk, row, other=other)
    ground = desk.delivered.geometry
    shared = shapely.intersection(ground[row], ground[other])
    return _fault("overlaps_row", desk, row, shared, other=other, overlap_m2=area, share=share)


def _fault(kind: str, desk: _Desk, row: Any, where: Any = None, **values: Any) -> Fault:
    """Return a fault placed within a geometry, the row's footprint unless told, in the frames' own plane."""
    point = (desk.delivered.geometry[row] if where is None else where).representative_point()
    return _SENTENCES.fault(kind, x=point.x, y=point.y, **values)
