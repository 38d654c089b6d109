"""Figures: one number of a footprint against the one that its block or its permit states.

The feature is the one that the footprint shares most ground with; how much of it lies outside is told.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from blueprint.containers import doubt_containers, find_containers
from blueprint.cutting import cut
from blueprint.evidence import Subjects
from blueprint.layer_state import Ground, select_ground
from blueprint.outcomes import Finding
from blueprint.questions import Asked, Question
from blueprint.readings import Doubt, Readings, Source, conclude
from blueprint.reasons import explain

__all__ = ["measure_figures", "number_of"]


def measure_figures(asked: Asked, question: Question) -> list[Finding]:
    """Return the findings of a rule about one number of each subject."""
    rule, _, state = question[:3]
    assert state is not None  # or the engine would not have asked
    assert rule.required is not None
    subjects, ground = asked.subjects, select_ground(state, rule.b, asked.as_of)
    found = find_containers(subjects, ground)
    doubts = doubt_containers(subjects, ground, state, found)
    rows, numbers, bounds = [], [], []
    matches = _match(subjects, ground, found.rows(), found.feature) if rule.figure.startswith("match.") else {}
    for row in found.rows().tolist():
        context = {**ground.context(int(found.feature[row])), **subjects.context(row), **matches.get(row, {})}
        number = number_of(context, rule.figure)
        if number is None:
            doubts.setdefault(row, Doubt(explain("figure_missing", attribute=rule.figure)))
        else:
            rows.append(row)
            numbers.append(number)
            bounds.append(rule.required.bounds(context))
    feature = found.feature[np.array(rows, dtype=np.intp)]
    readings = Readings.of(rows, feature, numbers, bounds, rule.sigma)
    source = Source(question, subjects.ids, lambda k: ground.feature(int(feature[k])), unit=rule.unit)
    findings = conclude(source, readings, doubts)
    return [
        finding if found.feature[row] < 0 else replace(finding, share=float(found.outside_share[row]))
        for row, finding in enumerate(findings)
    ]


def number_of(context: Mapping[str, Any], name: str) -> float | None:
    """Return the finite number under a name; None where there is none."""
    number = context.get(name)
    if isinstance(number, bool) or not isinstance(number, int | float | np.number) or not math.isfinite(number):
        return None
    return float(number)


def _match(subjects: Subjects, ground: Ground, rows: Any, feature: Any) -> dict[int, dict[str, float]]:
    """Return how alike each subject and its feature are: ground in common over ground together, and centroids apart."""
    mine, theirs = subjects.geometry[rows], ground.geometry[feature[rows]]
    common_m2 = shapely.area(cut(mine, theirs, outside=False).inside)
    iou = common_m2 / (shapely.area(mine) + shapely.area(theirs) - common_m2)
    shift_m = shapely.distance(shapely.centroid(mine), shapely.centroid(theirs))
    return {
        row: {"match.iou": float(a), "match.shift_m": float(b)}
        for row, a, b in zip(rows.tolist(), iou, shift_m, strict=True)
    }
