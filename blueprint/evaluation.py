"""One rule against one layer, for all footprints: from measures to findings."""

import datetime as dt
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from blueprint.certainty import Certainty, combine_accuracies
from blueprint.evidence import (
    Evidence,
    Own,
    Subjects,
    find_pairs,
    gather_outside,
    gather_overlap,
    lies_within,
    measure_margins,
)
from blueprint.judgement import Judgement, Outcome, judge
from blueprint.layer_state import Edition, Feature, Ground, LayerState, select_ground
from blueprint.overlay import merge
from blueprint.reasons import explain
from blueprint.rules import Basis, Predicate, Rule, Severity, Without
from geocode.faults import Text

__all__ = ["Asked", "Finding", "evaluate"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one rule for one footprint against one layer.

    Attributes
    ----------
    footprint
        The footprint's id in its frame.
    layer
        The code of the layer.
    area_m2, share, width_m
        The ground that breaks the rule: its area in the plane, its share of the footprint, and how wide its widest part
        is. 0 where there is none, None where nothing could be measured. Kept where it is noise or below a threshold.
    margin_m
        Signed: minus the width where ground breaks the rule; where an overlap rule passes, the distance to the nearest
        feature if the layer's `LayerState.reach_m` allows to tell it; else None.
    certainty
        How sure the width is; None without one.
    reason
        Why the rule was not evaluated or does not apply, or why it passes although something was measured.
    features
        The features concerned: those overlapped, or those that contain the footprint, or those in doubt.
    witness
        The ground that breaks the rule, in the footprints' plane.
    engine_mode
        ``float``, or the grid that the overlay needed.
    """

    footprint: Hashable
    rule: Rule
    layer: str
    outcome: Outcome
    edition: Edition | None = None
    area_m2: float | None = None
    share: float | None = None
    width_m: float | None = None
    margin_m: float | None = None
    certainty: Certainty | None = None
    reason: Text | None = None
    features: tuple[Feature, ...] = ()
    witness: Any = None
    engine_mode: str | None = None

    @property
    def severity(self) -> Severity:
        """The severity to show: that of an advisory rule is at most ``warn``."""
        return self.rule.shown_severity

    @property
    def advisory(self) -> bool:
        """Whether the rule only advises."""
        return self.rule.advisory

    @property
    def basis(self) -> tuple[Basis, ...]:
        """The rule's legal basis."""
        return self.rule.basis


class Asked(NamedTuple):
    """What is asked about: footprints (or features in their place), a day, how accurate they are, what is their own."""

    subjects: Subjects
    as_of: dt.date
    accuracy_m: float
    own: Own


class _Measured(NamedTuple):
    """One rule against one layer, measured for all footprints."""

    rule: Rule
    state: LayerState
    subjects: Subjects
    ground: Ground
    evidence: Evidence
    judgement: Judgement
    complete: NDArray[np.bool_]
    margin_m: Mapping[int, float]

    def contains(self, row: int) -> bool:
        """Return whether a feature shares ground with a subject: the container of an ``outside`` rule."""
        return row in self.evidence.hits


def evaluate(asked: Asked, rule: Rule, code: str, state: LayerState | None) -> list[Finding]:
    """Return what a rule says of each subject against one of its layers; None is a layer that is not loaded."""
    ids = asked.subjects.ids
    if state is None:
        reason = explain("no_edition", layer=code)
        return [Finding(fid, rule, code, Outcome.NOT_EVALUATED, reason=reason) for fid in ids]
    if not state.holds_on(asked.as_of):
        reason = explain("edition_not_in_force", layer=code, edition=state.edition.title, as_of=asked.as_of)
        return [Finding(fid, rule, code, Outcome.NOT_EVALUATED, state.edition, reason=reason) for fid in ids]
    measured = _measure(asked, rule, state)
    return [_decide(measured, row) for row in range(len(ids))]


def _measure(asked: Asked, rule: Rule, state: LayerState) -> _Measured:
    subjects, ground = asked.subjects, select_ground(state, rule.b.where, asked.as_of)
    pairs = find_pairs(subjects, ground, state.code, asked.own)
    if rule.predicate is Predicate.OVERLAP:
        evidence = gather_overlap(subjects, ground, pairs)
    else:
        evidence = gather_outside(subjects, ground, pairs, rule.container)
    _add_unusable(evidence, subjects, ground)
    sigma_m = combine_accuracies(asked.accuracy_m, state.accuracy_m)
    judgement = judge(evidence.parts, rule, rows=len(subjects.ids), sigma_m=sigma_m)
    complete = lies_within(subjects, state.complete)
    return _Measured(rule, state, subjects, ground, evidence, judgement, complete, _margins(asked, rule, state, ground))


def _add_unusable(evidence: Evidence, subjects: Subjects, ground: Ground) -> None:
    """Note the features that no overlay was tried with, for each subject that they may touch."""
    if not ground.unusable_rows():
        return
    for row in subjects.usable_rows().tolist():
        unusable = [(i, ground.unusable[i]) for i in ground.unusable_near(subjects.geometry[row])]
        if unusable:
            evidence.failed.setdefault(row, []).extend(unusable)


def _margins(asked: Asked, rule: Rule, state: LayerState, ground: Ground) -> dict[int, float]:
    if rule.predicate is not Predicate.OVERLAP or state.reach_m <= 0:
        return {}
    subjects = asked.subjects
    # a building's nearest feature would be itself
    foreign = [row for row in subjects.usable_rows().tolist() if subjects.ids[row] not in asked.own]
    margins = measure_margins(subjects, ground, np.array(foreign, dtype=np.intp))
    return {row: margin_m for row, margin_m in margins.items() if margin_m <= state.reach_m}


def _decide(measured: _Measured, row: int) -> Finding:
    rule, state, subjects = measured.rule, measured.state, measured.subjects
    problem = subjects.unusable[row]
    if problem is not None:
        reason = explain("subject_unusable", problem=problem)
        return Finding(subjects.ids[row], rule, state.code, Outcome.NOT_EVALUATED, state.edition, reason=reason)
    outcome, why, doubted = _outcome(measured, row)
    if outcome is Outcome.NOT_APPLICABLE:
        return Finding(subjects.ids[row], rule, state.code, outcome, state.edition, reason=why)
    finding = Finding(
        footprint=subjects.ids[row],
        rule=rule,
        layer=state.code,
        outcome=outcome,
        edition=state.edition,
        margin_m=measured.margin_m.get(row) if outcome is Outcome.PASS else None,
        reason=why,
        features=tuple(measured.ground.feature(i) for i in doubted or measured.evidence.hits.get(row, ())),
        engine_mode=measured.evidence.engine_mode.get(row),
    )
    in_doubt = outcome is Outcome.NOT_EVALUATED
    unknown = not measured.judgement.width_m[row] if rule.predicate is Predicate.OVERLAP else not measured.contains(row)
    return finding if in_doubt and unknown else _with_measure(finding, measured, row)


def _with_measure(finding: Finding, measured: _Measured, row: int) -> Finding:
    area_m2, width_m = float(measured.judgement.area_m2[row]), float(measured.judgement.width_m[row])
    parts = measured.evidence.parts
    return replace(
        finding,
        area_m2=area_m2,
        share=area_m2 / measured.subjects.geometry[row].area,
        width_m=width_m,
        margin_m=-width_m if width_m and finding.outcome is not Outcome.NOT_EVALUATED else finding.margin_m,
        certainty=measured.judgement.certainty[row],
        witness=merge(parts.geometry[parts.row == row]),
    )


def _outcome(measured: _Measured, row: int) -> tuple[Outcome, Text | None, Sequence[int]]:
    """Return outcome, reason, and the features in doubt."""
    rule = measured.rule
    outcome: Outcome = measured.judgement.outcome[row]
    contained = rule.predicate is Predicate.OUTSIDE and measured.contains(row)
    doubt = _doubt(measured, row, completeness_matters=not contained)
    # more features could only worsen an overlap, and only mend what lies outside
    settled = outcome.breaks if rule.predicate is Predicate.OVERLAP else contained and outcome is Outcome.PASS
    if doubt is not None and not settled:
        return Outcome.NOT_EVALUATED, *doubt
    if rule.predicate is Predicate.OUTSIDE and not contained and rule.without is Without.NOT_APPLICABLE:
        return Outcome.NOT_APPLICABLE, explain("no_container", layer=measured.state.code), ()
    return outcome, measured.judgement.smallness[row], ()


def _doubt(measured: _Measured, row: int, *, completeness_matters: bool) -> tuple[Text, Sequence[int]] | None:
    """Return what keeps "nothing else is here" from being known, and the features it is about."""
    code, ground, evidence = measured.state.code, measured.ground, measured.evidence
    if failed := evidence.failed.get(row):
        positions = sorted({i for i, _ in failed})
        names = _list_names(ground, positions)
        return explain("feature_unusable", layer=code, features=names, problem=failed[0][1]), positions
    if undecided := evidence.undecided.get(row):
        names, attributes = _list_names(ground, undecided), _list_attributes(measured.rule)
        return explain("attributes_missing", layer=code, features=names, attributes=attributes), undecided
    if completeness_matters and not measured.complete[row]:
        return explain("incomplete", layer=code), ()
    return None


def _list_names(ground: Ground, positions: Sequence[int]) -> str:
    return ", ".join(ground.label(i) for i in positions)


def _list_attributes(rule: Rule) -> str:
    return ", ".join(sorted(rule.b.where.properties)) if rule.b.where else ""
