"""The engine: rules against layers, for all footprints at once; from measures to findings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blueprint.cells import measure_cells
from blueprint.certainty import combine_accuracies
from blueprint.distances import measure_distances
from blueprint.evidence import (
    Evidence,
    Subjects,
    find_pairs,
    gather_outside,
    gather_overlap,
    lies_within,
    measure_margins,
)
from blueprint.figures import measure_figures
from blueprint.height_limits import measure_surfaces
from blueprint.judgement import Judgement, judge
from blueprint.layer_state import Ground, LayerState, select_ground
from blueprint.outcomes import Finding, Outcome
from blueprint.overlay import Parts, list_parts, merge
from blueprint.questions import Asked, Obstacle, Question, exempt, explain_obstacle, find_obstacle
from blueprint.ratios import measure_ratios
from blueprint.reasons import explain
from blueprint.registered import measure_matches
from blueprint.rules import Predicate, Rule, Without
from blueprint.setbacks import measure_setbacks
from blueprint.soundness import measure_soundness
from blueprint.uses import measure_uses
from geocode.faults import Text

__all__ = ["Asked", "Question", "evaluate", "explain_obstacle"]


class _Gathered(NamedTuple):
    """A question overlaid for all subjects."""

    rule: Rule
    state: LayerState
    subjects: Subjects
    ground: Ground
    evidence: Evidence
    complete: NDArray[np.bool_]
    margin_m: Mapping[int, float]

    def contains(self, row: int) -> bool:
        """Return whether a feature shares ground with a subject: the container of an ``outside`` rule."""
        return row in self.evidence.hits


class _Measured(NamedTuple):
    """The same with the parts of the ground that breaks the rule, measured and judged."""

    gathered: _Gathered
    parts: Parts
    judgement: Judgement


def evaluate(asked: Asked, questions: Sequence[Question]) -> list[list[Finding]]:
    """Return the findings of each question, one for each subject.

    Widths are measured for all questions together: a question alone has few parts, and a round of the search for
    circles costs nearly the same for many.
    """
    obstacles = [find_obstacle(question, asked.as_of) for question in questions]
    gathered = {
        k: _gather(asked, question.rule, question.state)
        for k, question in enumerate(questions)
        if obstacles[k] is None and question.rule.predicate.measures_ground and question.state is not None
    }
    measured = dict(zip(gathered, _measure(asked, list(gathered.values())), strict=True))
    found = [_answer(asked, question, obstacles[k], measured.get(k)) for k, question in enumerate(questions)]
    return [
        [exempt(asked, question, row) or finding for row, finding in enumerate(findings)]
        for question, findings in zip(questions, found, strict=True)
    ]


def _answer(asked: Asked, question: Question, obstacle: Obstacle | None, measured: "_Measured | None") -> list[Finding]:
    if obstacle is not None:
        return _hindered(asked, question, obstacle)
    if measured is not None:
        return [_decide(measured, row) for row in range(len(asked.subjects.ids))]
    return _MEASURED[question.rule.predicate](asked, question)


_MEASURED: dict[Predicate, Callable[[Asked, Question], list[Finding]]] = {
    Predicate.DISTANCE: measure_distances,
    Predicate.SETBACK: measure_setbacks,
    Predicate.FIGURE: measure_figures,
    Predicate.RATIO: measure_ratios,
    Predicate.CLASS: measure_uses,
    Predicate.MATCH: measure_matches,
    Predicate.SURFACE: measure_surfaces,
    Predicate.RASTER: measure_cells,
    Predicate.QUALITY: measure_soundness,
}


def _hindered(asked: Asked, question: Question, obstacle: Obstacle) -> list[Finding]:
    rule, code, state = question[:3]
    edition = state.edition if state else None
    return [Finding(i, rule, code, obstacle.outcome, edition, reason=obstacle.reason) for i in asked.subjects.ids]


def _gather(asked: Asked, rule: Rule, state: LayerState) -> _Gathered:
    subjects, ground = asked.subjects, select_ground(state, rule.b, asked.as_of)
    pairs = find_pairs(subjects, ground, state.code, asked.own)
    if rule.predicate is Predicate.OVERLAP:
        evidence = gather_overlap(subjects, ground, pairs)
    else:
        evidence = gather_outside(subjects, ground, pairs, rule.container)
    _add_unusable(evidence, subjects, ground)
    complete, margin_m = lies_within(subjects, state.complete), _margins(asked, rule, state, ground)
    return _Gathered(rule, state, subjects, ground, evidence, complete, margin_m)


def _measure(asked: Asked, gathered: Sequence[_Gathered]) -> Iterator[_Measured]:
    rows = len(asked.subjects.ids)
    if not gathered:
        return
    parts = list_parts(np.concatenate([one.evidence.broken for one in gathered]))
    for k, one in enumerate(gathered):
        mine = parts.between(k * rows, (k + 1) * rows)
        sigma_m = combine_accuracies(asked.accuracy_m, one.state.accuracy_m)
        yield _Measured(one, mine, judge(mine, one.rule, rows=rows, sigma_m=sigma_m))


def _add_unusable(evidence: Evidence, subjects: Subjects, ground: Ground) -> None:
    """Note the features that no overlay was tried with, for each subject that they may touch."""
    if not ground.unusable_rows():
        return
    for row in subjects.usable_rows().tolist():
        unusable = [(i, ground.unusable[i]) for i in ground.unusable_near(subjects.geometry[row])]
        if unusable:
            evidence.failed.setdefault(row, []).extend(unusable)


def _margins(asked: Asked, rule: Rule, state: LayerState, ground: Ground) -> dict[int, float]:
    if rule.predicate is not Predicate.OVERLAP or state.reach_m <= 0 or not len(ground.ids):
        return {}
    subjects = asked.subjects
    # a building's nearest feature would be itself
    foreign = [row for row in subjects.usable_rows().tolist() if subjects.ids[row] not in asked.own]
    margins = measure_margins(subjects, ground, np.array(foreign, dtype=np.intp))
    return {row: margin_m for row, margin_m in margins.items() if margin_m <= state.reach_m}


def _decide(measured: _Measured, row: int) -> Finding:
    rule, state, subjects, ground, evidence = measured.gathered[:5]
    problem = subjects.unusable[row]
    if problem is not None:
        why = explain("subject_unusable", problem=problem)
        return Finding(subjects.ids[row], rule, state.code, Outcome.NOT_EVALUATED, state.edition, reason=why)
    outcome, reason, doubted = _outcome(measured, row)
    finding = Finding(
        footprint=subjects.ids[row],
        rule=rule,
        layer=state.code,
        outcome=outcome,
        edition=state.edition,
        margin=measured.gathered.margin_m.get(row) if outcome is Outcome.PASS else None,
        reason=reason,
        features=tuple(ground.feature(i) for i in doubted or evidence.hits.get(row, ())),
        engine_mode=evidence.engine_mode.get(row),
    )
    return _with_measure(finding, measured, row) if _is_measured(measured, row, outcome) else finding


def _is_measured(measured: _Measured, row: int, outcome: Outcome) -> bool:
    """Return whether the ground means anything: outside of nothing, or nothing in doubt, is no measure."""
    if outcome is Outcome.NOT_EVALUATED and measured.gathered.rule.predicate is Predicate.OVERLAP:
        return bool(measured.judgement.width_m[row] > 0)
    return outcome not in {Outcome.NOT_EVALUATED, Outcome.NOT_APPLICABLE} or measured.gathered.contains(row)


def _with_measure(finding: Finding, measured: _Measured, row: int) -> Finding:
    area_m2, width_m = float(measured.judgement.area_m2[row]), float(measured.judgement.width_m[row])
    violated = width_m > 0 and finding.outcome is not Outcome.NOT_EVALUATED
    return replace(
        finding,
        area_m2=area_m2,
        share=area_m2 / measured.gathered.subjects.geometry[row].area,
        width_m=width_m,
        margin=-width_m if violated else finding.margin,
        certainty=measured.judgement.certainty[row],
        witness=merge(measured.parts.between(row, row + 1).geometry),
    )


def _outcome(measured: _Measured, row: int) -> tuple[Outcome, Text | None, Sequence[int]]:
    """Return outcome, reason, and the features in doubt."""
    gathered, outcome = measured.gathered, measured.judgement.outcome[row]
    outside = gathered.rule.predicate is Predicate.OUTSIDE
    contained = outside and gathered.contains(row)
    doubt = _doubt(gathered, row, completeness_matters=not contained)
    # more features could only worsen an overlap, and only mend what lies outside
    settled = contained and outcome is Outcome.PASS if outside else outcome.breaks
    if doubt is not None and not settled:
        return Outcome.NOT_EVALUATED, *doubt
    if outside and not contained and gathered.rule.without is Without.NOT_APPLICABLE:
        return Outcome.NOT_APPLICABLE, explain("no_container", layer=gathered.state.code), ()
    return outcome, measured.judgement.smallness[row], ()


def _doubt(gathered: _Gathered, row: int, *, completeness_matters: bool) -> tuple[Text, Sequence[int]] | None:
    """Return what keeps "nothing else is here" from being known, and the features it is about."""
    code, ground, evidence = gathered.state.code, gathered.ground, gathered.evidence
    if failed := evidence.failed.get(row):
        positions = sorted({i for i, _ in failed})
        names = _list_names(ground, positions)
        return explain("feature_unusable", layer=code, features=names, problem=failed[0][1]), positions
    if undecided := evidence.undecided.get(row):
        names, attributes = _list_names(ground, undecided), _list_attributes(gathered.rule)
        return explain("attributes_missing", layer=code, features=names, attributes=attributes), undecided
    if completeness_matters and not gathered.complete[row]:
        return explain("incomplete", layer=code), ()
    return None


def _list_names(ground: Ground, positions: Sequence[int]) -> str:
    return ", ".join(ground.label(i) for i in positions)


def _list_attributes(rule: Rule) -> str:
    return ", ".join(sorted(rule.b.where.properties)) if rule.b.where else ""
