"""What is asked of the engine, and what keeps a question from being asked at all."""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from blueprint.evidence import Own, Subjects
from blueprint.layer_state import LayerState
from blueprint.outcomes import Finding, Outcome
from blueprint.reasons import explain
from blueprint.rules import Rule
from geocode.faults import Text

__all__ = ["Asked", "Obstacle", "Question", "exempt", "explain_obstacle", "find_obstacle"]

_ON_GROUND = "surface"


class Asked(NamedTuple):
    """What is asked about: footprints (or features in their place), a day, how accurate they are, what is their own."""

    subjects: Subjects
    as_of: dt.date
    accuracy_m: float
    own: Own


class Question(NamedTuple):
    """A rule, and one of its layers (None where none is loaded); all layers, for what a rule reads besides."""

    rule: Rule
    code: str
    state: LayerState | None
    layers: Mapping[str, LayerState] = MappingProxyType({})

    def layer_on(self, code: str, day: dt.date) -> LayerState | None:
        """Return another layer if it is loaded and holds on a day."""
        state = self.layers.get(code)
        return state if state is not None and state.holds_on(day) else None


class Obstacle(NamedTuple):
    """Why a question has the same answer for all subjects."""

    outcome: Outcome
    reason: Text


def find_obstacle(question: Question, as_of: dt.date) -> Obstacle | None:
    """Return what keeps a question from being asked; None where nothing does."""
    rule = question.rule
    if rule.required is None and rule.by_hand is not None:
        return Obstacle(Outcome.MANUAL, explain("by_hand", zh=rule.by_hand.zh, en=rule.by_hand.en))
    if rule.required is None and not rule.predicate.measures_ground:
        return Obstacle(Outcome.NOT_EVALUATED, explain("threshold_unset"))
    reason = explain_obstacle(question.code, question.state, as_of)
    return None if reason is None else Obstacle(Outcome.NOT_EVALUATED, reason)


def explain_obstacle(code: str, state: LayerState | None, as_of: dt.date | None) -> Text | None:
    """Return why a layer cannot be asked for a day at all; None where it can."""
    if state is None:
        return explain("no_edition", layer=code)
    if not state.holds_on(as_of):
        return explain("edition_not_in_force", layer=code, edition=state.edition.title, as_of=as_of)
    return None


def exempt(asked: Asked, question: Question, row: int) -> Finding | None:
    """Return the finding of a footprint that is in a space that the rule is not about; one that says none is on ground."""
    rule, subjects = question.rule, asked.subjects
    space = subjects.context(row).get("footprint.space", _ON_GROUND) if rule.spaces else None
    if space is None or space in rule.spaces:
        return None
    reason, edition = explain("other_space", space=space), question.state.edition if question.state else None
    return Finding(subjects.ids[row], rule, question.code, Outcome.NOT_APPLICABLE, edition, reason=reason)
