"""What is asked of the engine, and what keeps a question from being asked at all."""

import datetime as dt
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from blueprint.evidence import Own, Subjects
from blueprint.layer_state import LayerState
from blueprint.outcomes import Finding, Outcome
from blueprint.raster_state import RasterState
from blueprint.reasons import explain
from blueprint.rules import Predicate, Rule
from geocode.faults import Text

__all__ = ["Asked", "Obstacle", "Question", "choose_layers", "exempt", "explain_obstacle", "find_obstacle"]

_ON_GROUND = "surface"


class Asked(NamedTuple):
    """What is asked about: footprints (or features in their place), a day, how accurate they are, what is their own.

    ``crs`` is the plane that they are in.
    """

    subjects: Subjects
    as_of: dt.date
    accuracy_m: float
    own: Own
    crs: Any = None


class Question(NamedTuple):
    """A rule, and one of its layers (None where none is loaded); all layers and rasters, for what a rule reads besides."""

    rule: Rule
    code: str
    state: LayerState | None
    layers: Mapping[str, LayerState] = MappingProxyType({})
    rasters: Mapping[str, Sequence[RasterState]] = MappingProxyType({})

    def layer_on(self, code: str, day: dt.date) -> LayerState | None:
        """Return another layer if it is loaded and holds on a day."""
        state = self.layers.get(code)
        return state if state is not None and state.holds_on(day) else None

    def rasters_on(self, code: str, day: dt.date) -> list[RasterState]:
        """Return the rasters of a layer that hold on a day."""
        return [raster for raster in self.rasters.get(code, ()) if raster.holds_on(day)]


class Obstacle(NamedTuple):
    """Why a question has the same answer for all subjects."""

    outcome: Outcome
    reason: Text


def choose_layers(
    rule: Rule, layers: Mapping[str, LayerState], rasters: Mapping[str, Sequence[RasterState]], as_of: dt.date
) -> tuple[str, ...]:
    """Return the layers that a rule is asked about: all of them, or of alternatives the first that holds on a day."""
    codes = rule.b.layers
    if not rule.alternatives:
        return codes
    loaded = rasters if rule.predicate.reads_rasters else {code: [state] for code, state in layers.items()}
    here = [code for code in codes if any(each.holds_on(as_of) for each in loaded.get(code, ()))]
    return tuple((here or list(codes))[:1])


def find_obstacle(question: Question, as_of: dt.date) -> Obstacle | None:
    """Return what keeps a question from being asked; None where nothing does."""
    rule = question.rule
    if rule.required is None and rule.by_hand is not None:
        return Obstacle(Outcome.MANUAL, explain("by_hand", zh=rule.by_hand.zh, en=rule.by_hand.en))
    if rule.required is None and rule.predicate.needs_number:
        return Obstacle(Outcome.NOT_EVALUATED, explain("threshold_unset"))
    reason = _explain_absence(question, as_of)
    return None if reason is None else Obstacle(Outcome.NOT_EVALUATED, reason)


def _explain_absence(question: Question, as_of: dt.date) -> Text | None:
    """Return what of the things that a rule reads is not there; None where all that it cannot do without is."""
    rule, comparison = question.rule, question.rule.comparison
    if rule.predicate is Predicate.QUALITY:
        return None
    if rule.predicate.reads_rasters and question.rasters_on(question.code, as_of):
        return None
    if rule.predicate is Predicate.RASTER:
        return explain("no_raster", layer=question.code)
    if comparison is not None and comparison.matrix_name and comparison.matrix is None:
        return explain("matrix_unset", matrix=comparison.matrix_name)
    return explain_obstacle(question.code, question.state, as_of)


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
    if not rule.spaces:
        return None
    space = subjects.context(row).get("footprint.space", _ON_GROUND)
    if space is None or space in rule.spaces:
        return None
    reason, edition = explain("other_space", space=space), question.state.edition if question.state else None
    return Finding(subjects.ids[row], rule, question.code, Outcome.NOT_APPLICABLE, edition, reason=reason)
