"""What is said in the end: outcomes, findings, and the verdict on a footprint."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from blueprint.certainty import Certainty
from blueprint.layer_state import Edition, Feature
from blueprint.rules import Basis, Rule, Severity
from geocode.faults import Text

__all__ = ["Finding", "Measure", "Outcome", "Verdict", "verdict", "worst"]


class Outcome(StrEnum):
    """What a rule says, the worst first."""

    FAIL = "fail"
    FAIL_WITHIN_ACCURACY = "fail_within_accuracy"
    MANUAL = "manual"
    NOT_EVALUATED = "not_evaluated"
    PASS = "pass"  # noqa: S105 - no password
    NOT_APPLICABLE = "not_applicable"

    @property
    def breaks(self) -> bool:
        """Whether the rule is broken, for sure or within the accuracy."""
        return self in {Outcome.FAIL, Outcome.FAIL_WITHIN_ACCURACY}


class Verdict(StrEnum):
    """What all rules together say, the worst first."""

    FAIL = "fail"
    FAIL_WITHIN_ACCURACY = "fail_within_accuracy"
    NOT_EVALUATED = "not_evaluated"
    PASS = "pass"  # noqa: S105 - no password


class Measure(NamedTuple):
    """One of several measures that a finding rests on: against one feature, or one side of a site.

    Attributes
    ----------
    label
        What is measured, where the rule tells several things apart: the class of the side, the basis of an area.
    measured, required
        In the finding's unit; `required` is None where it is not known.
    margin
        Signed: negative where the requirement is missed.
    witness
        The line between the nearest points, or the ground shared.
    edge
        The side of the site; None where none is meant.
    """

    label: str
    outcome: Outcome | None
    measured: float | None
    required: float | None
    margin: float | None
    feature: Feature | None = None
    witness: Any = None
    edge: Any = None


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
        is. Of a figure, `share` is that of the footprint outside of the feature that counts. 0 where there is none, None where nothing could be measured. Kept where it is noise or below a threshold.
    measured, required, unit
        What was measured, and what is required of it; None where nothing could be measured, or it is ground.
    margin
        Signed, in the unit: negative where the rule is broken. Of ground it is minus the width; where an overlap rule
        passes, the distance to the nearest feature if the layer's `LayerState.reach_m` allows to tell it; else None.
    certainty
        How sure the width is; None without one.
    reason
        Why the rule was not evaluated or does not apply, or why it passes although something was measured.
    features
        The features concerned: those overlapped, or those that contain the footprint, or those in doubt.
    witness
        The ground that breaks the rule, or the line between the nearest points, in the footprints' plane.
    measures
        What the finding rests on, the worst first, where that is more than one measure.
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
    measured: float | None = None
    required: float | None = None
    margin: float | None = None
    unit: str = "m"
    certainty: Certainty | None = None
    reason: Text | None = None
    features: tuple[Feature, ...] = ()
    witness: Any = None
    engine_mode: str | None = None
    measures: tuple[Measure, ...] = ()

    @property
    def margin_m(self) -> float | None:
        """The margin where it is one in metres; else None."""
        return self.margin if self.unit == "m" else None

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


def verdict(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict on a footprint from all of its findings; see `worst`."""
    return worst((finding.outcome, finding.advisory) for finding in findings)


def worst(outcomes: Iterable[tuple[Outcome, bool]]) -> Verdict:
    """Return the verdict that outcomes amount to, each given with whether its rule only advises.

    An advisory rule that fails leaves the verdict open: somebody has to confirm its basis before it can fail anything.
    Where there is no outcome at all, nothing was evaluated.
    """
    weighed = {_weigh(outcome, advisory=advisory) for outcome, advisory in outcomes}
    return next((weight for weight in Verdict if weight in weighed), Verdict.NOT_EVALUATED)


def _weigh(outcome: Outcome, *, advisory: bool) -> Verdict:
    if outcome in {Outcome.PASS, Outcome.NOT_APPLICABLE}:
        return Verdict.PASS
    return Verdict(outcome) if outcome.breaks and not advisory else Verdict.NOT_EVALUATED
