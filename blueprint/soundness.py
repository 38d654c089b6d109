"""How soundly a footprint is drawn: sharp angles, short edges, small holes, small ground; each with its place."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.outcomes import Finding, Measure, Outcome
from blueprint.questions import Asked, Question
from blueprint.reasons import explain
from blueprint.rule_kinds import Quality
from layers.widths import RESOLUTION_M

__all__ = ["measure_soundness"]

Floats: TypeAlias = NDArray[np.float64]


class _Found(NamedTuple):
    """One place: what is measured, in which unit, how much there should be, and the geometry."""

    label: str
    unit: str
    measured: float
    required: float
    place: Any


def measure_soundness(asked: Asked, question: Question) -> list[Finding]:
    """Return the findings of a rule about the footprints' own geometry, one for each subject, a measure for each place."""
    rule, subjects = question.rule, asked.subjects
    assert rule.quality is not None
    findings = []
    for row, identity in enumerate(subjects.ids):
        finding = Finding(identity, rule, question.code, Outcome.PASS)
        if (problem := subjects.unusable[row]) is not None:
            why = explain("subject_unusable", problem=problem)
            findings.append(replace(finding, outcome=Outcome.FAIL, reason=why, witness=_drawn(subjects.geometry[row])))
            continue
        findings.append(_tell(finding, sorted(_find(subjects.geometry[row], rule.quality), key=_shortfall)))
    return findings


def _tell(finding: Finding, found: list[_Found]) -> Finding:
    if not found:
        return finding
    worst = found[0]
    measures = tuple(
        Measure(one.label, Outcome.FAIL, one.measured, one.required, one.measured - one.required, witness=one.place)
        for one in found
    )
    return replace(
        finding,
        outcome=Outcome.FAIL,
        measured=worst.measured,
        required=worst.required,
        margin=worst.measured - worst.required,
        unit=worst.unit,
        witness=worst.place,
        measures=measures,
    )


def _shortfall(found: _Found) -> float:
    return found.measured / found.required


def _find(footprint: Any, quality: Quality) -> Iterator[_Found]:
    """Yield what a footprint does not keep to."""
    for ring in shapely.get_rings(shapely.get_parts(footprint)):
        yield from _find_in_ring(shapely.get_coordinates(ring)[:-1], quality)
    polygons = shapely.get_parts(footprint)
    holes = [shapely.Polygon(ring) for polygon in polygons for ring in polygon.interiors]
    for label, least_m2, grounds in (("hole", quality.hole_m2, holes), ("area", quality.area_m2, [footprint])):
        for ground in grounds:
            if least_m2 is not None and ground.area < least_m2 - RESOLUTION_M:
                yield _Found(label, "m2", ground.area, least_m2, ground)


def _find_in_ring(xy: Floats, quality: Quality) -> Iterator[_Found]:
    ahead, back = np.roll(xy, -1, axis=0) - xy, np.roll(xy, 1, axis=0) - xy
    if quality.edge_m is not None:
        length_m = np.hypot(*ahead.T)
        for k in np.flatnonzero(length_m < quality.edge_m - RESOLUTION_M).tolist():
            edge = shapely.LineString([xy[k], xy[k] + ahead[k]])
            yield _Found("edge", "m", float(length_m[k]), quality.edge_m, edge)
    if quality.angle_deg is not None:
        cross = back[:, 0] * ahead[:, 1] - back[:, 1] * ahead[:, 0]
        angle_deg = np.degrees(np.arctan2(np.abs(cross), (back * ahead).sum(axis=1)))
        for k in np.flatnonzero(angle_deg < quality.angle_deg).tolist():
            yield _Found("angle", "deg", float(angle_deg[k]), quality.angle_deg, shapely.Point(xy[k]))


def _drawn(geometry: Any) -> Any:
    """Return a geometry that cannot be overlaid as the place of its fault; None where it has none."""
    return geometry if geometry is not None and np.isfinite(shapely.bounds(geometry)).all() else None
