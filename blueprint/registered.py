"""A footprint and the building that is registered on its ground: one to one, and under the same numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.certainty import NOISE_M
from blueprint.containers import doubt_containers, find_containers
from blueprint.cutting import cut
from blueprint.evidence import find_pairs, wider_than
from blueprint.layer_state import Ground, select_ground
from blueprint.outcomes import Finding, Outcome
from blueprint.questions import Asked, Question
from blueprint.reasons import explain
from blueprint.rule_kinds import Match
from geocode.faults import Text

__all__ = ["measure_matches"]

Floats: TypeAlias = NDArray[np.float64]


def measure_matches(asked: Asked, question: Question) -> list[Finding]:
    """Return the findings of a rule that wants a footprint to be one registered building.

    A feature belongs to a footprint where one of them covers so much of the other as the rule says; they are one to one
    where that is a single feature, and each covers so much of the other.
    """
    rule, code, state = question[:3]
    assert state is not None  # or the engine would not have asked
    assert rule.match is not None
    subjects, ground = asked.subjects, select_ground(state, rule.b, asked.as_of)
    doubts = doubt_containers(subjects, ground, state, find_containers(subjects, ground))
    pairs = find_pairs(subjects, ground, "", {})
    mine, theirs, shared = _shares(subjects.geometry[pairs[:, 0]], ground.geometry[pairs[:, 1]])
    findings = []
    for row, identity in enumerate(subjects.ids):
        finding = Finding(identity, rule, code, Outcome.NOT_EVALUATED, state.edition, unit="1")
        if row in doubts:
            doubt = doubts[row]
            findings.append(replace(finding, outcome=doubt.outcome, reason=doubt.reason, features=doubt.features))
            continue
        here = np.flatnonzero(pairs[:, 0] == row)
        belong = here[np.maximum(mine[here], theirs[here]) >= rule.match.share]
        features = pairs[belong if len(belong) else here, 1].tolist()
        finding = replace(finding, features=tuple(map(ground.feature, features)))
        if len(belong) != 1 or min(mine[belong[0]], theirs[belong[0]]) < rule.match.share:
            findings.append(_as_several(finding, ground, features, shared[here]))
        else:
            outcome, reason = _compare(rule.match, subjects.context(row), ground.context(features[0]))
            witness = shared[belong[0]] if outcome.breaks else None
            findings.append(replace(finding, outcome=outcome, reason=reason, witness=witness))
    return findings


def _shares(footprints: Any, features: Any) -> tuple[Floats, Floats, Any]:
    """Return how much of each footprint and of each feature of a pair they share, and the ground; 0 where they graze."""
    inside = cut(footprints, features, outside=False).inside
    area_m2 = np.where(wider_than(NOISE_M, inside), shapely.area(inside), 0.0)
    return area_m2 / shapely.area(footprints), area_m2 / shapely.area(features), inside


def _as_several(finding: Finding, ground: Ground, features: Sequence[int], shared: Any) -> Finding:
    names = ", ".join(map(ground.label, features)) or "—"
    return replace(
        finding,
        outcome=Outcome.FAIL,
        reason=explain("not_one_to_one", layer=finding.layer, features=names),
        measured=float(len(features)),
        required=1.0,
        witness=shapely.union_all(shared),
    )


def _compare(match: Match, mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> tuple[Outcome, Text | None]:
    stated = [(name, _text(mine.get(f"footprint.{name}")), _text(theirs.get(other))) for name, other in match.names]
    for name, one, other in stated:
        if one and other and one != other:
            return Outcome.FAIL, explain("names_differ", mine=name, stated=one, registered=other)
    if not any(one and other for _, one, other in stated):
        return Outcome.NOT_EVALUATED, explain("names_missing", names=", ".join(name for name, _ in match.names))
    return Outcome.PASS, None


def _text(value: object) -> str:
    return "" if value is None else str(value).strip().upper()
