"""Uses against each other: that of a footprint or of its site's permit, and that of the ground it stands on.

Two uses go together as a city's matrix says, or where their codes begin alike. A use that is missing, or that nobody has
listed, leaves the rule open.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from blueprint.containers import block_contexts, doubt_containers, find_containers
from blueprint.layer_state import select_ground
from blueprint.outcomes import Finding, Outcome
from blueprint.questions import Asked, Question
from blueprint.reasons import explain
from blueprint.rule_kinds import Comparison
from blueprint.vocabulary import Fit
from geocode.faults import Text

__all__ = ["measure_uses"]


class _Answer(NamedTuple):
    outcome: Outcome
    reason: Text | None


def measure_uses(asked: Asked, question: Question) -> list[Finding]:
    """Return the findings of a rule that compares two uses; the ground is the feature that most of the subject is on."""
    rule, code, state = question[:3]
    assert state is not None  # or the engine would not have asked
    assert rule.comparison is not None
    subjects, ground = asked.subjects, select_ground(state, rule.b, asked.as_of)
    found, blocks = find_containers(subjects, ground), block_contexts(asked, question)
    doubts = doubt_containers(subjects, ground, state, found)
    findings = []
    for row, identity in enumerate(subjects.ids):
        finding = Finding(identity, rule, code, Outcome.NOT_EVALUATED, state.edition)
        if row in doubts:
            doubt = doubts[row]
            findings.append(replace(finding, outcome=doubt.outcome, reason=doubt.reason, features=doubt.features))
            continue
        feature = int(found.feature[row])
        answer = _compare(rule.comparison, {**ground.context(feature), **subjects.context(row), **blocks[row]})
        findings.append(
            replace(
                finding,
                outcome=answer.outcome,
                reason=answer.reason,
                share=float(found.outside_share[row]),
                features=(ground.feature(feature),),
                witness=ground.geometry[feature] if answer.outcome.breaks else None,
            )
        )
    return findings


def _compare(comparison: Comparison, context: Mapping[str, Any]) -> _Answer:
    stated, ground = context.get(comparison.of), context.get(comparison.against)
    use = comparison.words.get(str(stated).strip(), stated) if comparison.words_name else stated
    fit = _fit(comparison, use, ground)
    if fit is None:
        told = {"of": comparison.of, "against": comparison.against, "use": stated or "—", "ground": ground or "—"}
        return _Answer(Outcome.NOT_EVALUATED, explain("use_unknown", **told))
    if fit is Fit.ALLOWED:
        return _Answer(Outcome.PASS, None)
    if fit is Fit.CONDITIONAL:
        return _Answer(Outcome.MANUAL, explain("use_conditional", use=stated, ground=ground))
    return _Answer(Outcome.FAIL, explain("use_refused", use=stated, ground=ground))


def _fit(comparison: Comparison, use: object, ground: object) -> Fit | None:
    if comparison.matrix is not None:
        return comparison.matrix.fit(ground, use)
    mine, theirs = (_begin(code, comparison.characters) for code in (use, ground))
    if mine is None or theirs is None:
        return None
    return Fit.ALLOWED if mine == theirs else Fit.FORBIDDEN


def _begin(code: object, characters: int) -> str | None:
    """Return the first characters of a code; None of what is no code: too short, or a word that stands for none."""
    text = str(code).strip() if code is not None else ""
    return text[:characters] if len(text) >= characters and text.isascii() else None
