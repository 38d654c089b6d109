"""Distances that a footprint has to keep from the features of a layer, by their class, or by the height of both.

The distance to a feature that shares ground with the footprint is minus the width of that ground. A line has no ground:
where one crosses the footprint the distance is 0.
"""

from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.certainty import combine_accuracies
from blueprint.cutting import cut
from blueprint.evidence import Subjects, lies_within
from blueprint.layer_state import Ground, LayerState, select_ground
from blueprint.outcomes import Finding
from blueprint.overlay import list_parts
from blueprint.questions import Asked, Question
from blueprint.readings import Doubt, Readings, Source, conclude
from blueprint.reasons import explain
from blueprint.requirements import Bounds, Requirement
from geocode.faults import are_sound

__all__ = ["measure_distances", "signed_distances"]

Floats: TypeAlias = NDArray[np.float64]
Geometries: TypeAlias = NDArray[np.object_]
Integers: TypeAlias = NDArray[np.intp]


def measure_distances(asked: Asked, question: Question) -> list[Finding]:
    """Return the findings of a rule that asks for a distance, one for each subject.

    A margin is told of the features as far as the rule looks; beyond, of the nearest one.
    """
    rule, _, state = question[:3]
    assert state is not None  # or the engine would not have asked
    assert rule.required is not None
    subjects, ground = asked.subjects, select_ground(state, rule.b, asked.as_of, groundless=True)
    row, feature = _find_near(asked, question, ground, state, rule.reach_m)
    measured, shared = signed_distances(subjects.geometry[row], ground.geometry[feature])
    bounds = [
        _bounds(rule.required, subjects, ground, i, j) for i, j in zip(row.tolist(), feature.tolist(), strict=True)
    ]
    readings = Readings.of(row, feature, measured, bounds, combine_accuracies(asked.accuracy_m, state.accuracy_m))

    def witness(k: int) -> Any:
        between = shapely.shortest_line(subjects.geometry[row[k]], ground.geometry[feature[k]])
        return between if shared[k] is None else shared[k]

    source = Source(question, subjects.ids, lambda k: ground.feature(int(feature[k])), witness)
    return conclude(source, readings, _find_doubts(subjects, ground, state, rule.reach_m))


def signed_distances(left: Geometries, right: Geometries) -> tuple[Floats, Geometries]:
    """Return the distance of each pair in metres, minus the width of the ground that they share, and that ground."""
    measured = shapely.distance(left, right).astype(float)
    shared = np.full(len(left), None, dtype=object)
    touching = np.flatnonzero((measured == 0) & (shapely.get_dimensions(right) == 2))  # noqa: PLR2004 - polygons
    inside = cut(left[touching], right[touching], outside=False).inside
    parts = list_parts(inside)
    width_m = np.zeros(len(touching))
    np.maximum.at(width_m, parts.row, parts.width_m)
    some = width_m > 0
    measured[touching[some]] = -width_m[some]
    shared[touching[some]] = inside[some]
    return measured, shared


def _find_near(
    asked: Asked, question: Question, ground: Ground, state: LayerState, within_m: float
) -> tuple[Integers, Integers]:
    """Return the pairs of subject and feature that are so near, and the nearest one of subjects without any."""
    subjects = asked.subjects
    usable, tree = subjects.usable_rows(), ground.tree
    found = tree.query(subjects.geometry[usable], predicate="dwithin", distance=within_m)
    row, feature = usable[found[0]], found[1]
    alone = np.setdiff1d(usable, row)
    if state.reach_m > within_m and len(alone):
        nearest = tree.query_nearest(subjects.geometry[alone], max_distance=min(state.reach_m, 1e9), all_matches=False)
        row, feature = np.append(row, alone[nearest[0]]), np.append(feature, nearest[1])
    if asked.own:
        foreign = [
            (question.code, ground.ids[j]) not in asked.own.get(subjects.ids[i], ())
            for i, j in zip(row.tolist(), feature.tolist(), strict=True)
        ]
        row, feature = row[foreign], feature[foreign]
    order = np.lexsort((feature, row))
    return np.asarray(row[order]), np.asarray(feature[order])


def _bounds(required: Requirement, subjects: Subjects, ground: Ground, row: int, feature: int) -> Bounds:
    low, high = required.bounds({**ground.context(feature), **subjects.context(row)})
    # a feature that may not be meant may require nothing
    return Bounds(low if ground.decided[feature] else -np.inf, min(high, required.up_to))


def _find_doubts(subjects: Subjects, ground: Ground, state: LayerState, within_m: float) -> dict[int, Doubt]:
    doubts = {}
    known = _is_known_around(subjects, state, within_m)
    for row in range(len(subjects.ids)):
        if subjects.unusable[row] is not None:
            doubts[row] = Doubt(explain("subject_unusable", problem=subjects.unusable[row]))
        elif bad := ground.unusable_near(subjects.geometry[row], within_m) if ground.unusable_rows() else []:
            names = ", ".join(ground.label(i) for i in bad)
            reason = explain("feature_unusable", layer=state.code, features=names, problem=ground.unusable[bad[0]])
            doubts[row] = Doubt(reason, tuple(ground.feature(i) for i in bad))
        elif not known[row]:
            doubts[row] = Doubt(explain("incomplete", layer=state.code))
        elif state.reach_m < within_m:
            reason = explain("out_of_reach", layer=state.code, reach_m=state.reach_m, needed_m=within_m)
            doubts[row] = Doubt(reason)
    return doubts


def _is_known_around(subjects: Subjects, state: LayerState, within_m: float) -> NDArray[np.bool_]:
    """Return which subjects lie so far within the area where the layer is complete."""
    known = lies_within(subjects, state.complete)
    rows = np.flatnonzero(known)
    if len(rows):
        known[rows] = ~shapely.dwithin(subjects.geometry[rows], shapely.boundary(state.complete), within_m)
    return np.asarray(known & are_sound(subjects.unusable))
