"""Readings: a number measured of a footprint against one feature, with what is required of it; from them, findings.

What is required may be known only to lie between two bounds. A reading that keeps both passes, one that breaks both
fails, and one between them leaves the rule open.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from blueprint.certainty import NOISE_M, Certainty
from blueprint.layer_state import Feature
from blueprint.outcomes import Finding, Measure, Outcome
from blueprint.questions import Question
from blueprint.reasons import explain
from blueprint.requirements import Bounds
from blueprint.rules import Sense
from geocode.faults import Text
from layers.widths import RESOLUTION_M

__all__ = ["Doubt", "Judged", "Readings", "Source", "conclude", "judge_readings"]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.intp]

_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}


class Doubt(NamedTuple):
    """What keeps "nothing worse is there" from being known, and the features that it is about."""

    reason: Text
    features: tuple[Feature, ...] = ()
    outcome: Outcome = Outcome.NOT_EVALUATED


class Readings(NamedTuple):
    """What was measured: arrays of one length, one element for each subject and feature (or side, or number).

    Attributes
    ----------
    row
        The position of the subject.
    feature
        The position of the feature.
    low, high
        The bounds of what is required.
    sigma
        The standard deviation of what was measured, in its unit.
    """

    row: Integers
    feature: Integers
    measured: Floats
    low: Floats
    high: Floats
    sigma: Floats

    @staticmethod
    def of(row: Any, feature: Any, measured: Any, bounds: Sequence[Bounds], sigma: float | Floats) -> "Readings":
        """Return readings whose requirement is bounded one by one."""
        limits = np.array(bounds, dtype=float).reshape(-1, 2)
        spread = np.broadcast_to(np.asarray(sigma, dtype=float), len(limits))
        return Readings(
            np.asarray(row, dtype=np.intp),
            np.asarray(feature, dtype=np.intp),
            np.asarray(measured, dtype=float),
            limits[:, 0],
            limits[:, 1],
            spread,
        )


class Judged(NamedTuple):
    """The outcome of each reading, with the limit and the signed margin that it rests on.

    ``certainty`` is that of a shortfall; None where there is none.
    """

    outcome: NDArray[np.object_]
    limit: Floats
    margin: Floats
    certainty: NDArray[np.object_]


def judge_readings(readings: Readings, sense: Sense, unit: str) -> Judged:
    """Return the judgement on each reading."""
    at_least = sense is Sense.AT_LEAST
    mild, hard = (readings.low, readings.high) if at_least else (readings.high, readings.low)
    sign, noise = 1.0 if at_least else -1.0, NOISE_M if unit == "m" else 0.0
    kinder, harder = sign * (readings.measured - mild), sign * (readings.measured - hard)
    broken = _classify(kinder, readings.sigma, noise)
    missed = _classify(harder, readings.sigma, noise)
    breaks, keeps = broken > _NOISE, missed <= _NOISE
    outcome = np.select([breaks, keeps], [broken, _KEPT], _OPEN)
    certainty = np.select([breaks, keeps], [broken, missed], _NONE)
    limit, margin = np.where(breaks, mild, hard), np.where(breaks, kinder, harder)
    return Judged(_OUTCOMES[outcome], limit, margin, _CERTAINTIES[certainty])


_NONE, _NOISE, _LIKELY, _CERTAIN = range(4)
_KEPT, _OPEN = 0, 1  # below what breaks a rule
_CERTAINTIES = np.array([None, Certainty.NOISE, Certainty.WITHIN_ACCURACY, Certainty.CERTAIN], dtype=object)
_OUTCOMES = np.array([Outcome.PASS, Outcome.NOT_EVALUATED, Outcome.FAIL_WITHIN_ACCURACY, Outcome.FAIL], dtype=object)


def _classify(margin: Floats, sigma: Floats, noise: float) -> Integers:
    """Return how sure a shortfall is, as a position in `_CERTAINTIES`; the limits are those of a width."""
    limits = np.stack([np.zeros(len(margin)), np.full(len(margin), noise), np.maximum(noise, 2 * sigma)])
    return np.asarray((-margin > limits + RESOLUTION_M).sum(axis=0))


class Source(NamedTuple):
    """Where readings come from: what findings are made of besides the numbers.

    Attributes
    ----------
    feature, witness, label, edge
        By the position of a reading: the feature that it is about, the geometry that shows it, what it is called, and
        the side of the site.
    every
        Whether a finding tells all its readings, not only the worst ones.
    """

    question: Question
    ids: NDArray[np.object_]
    feature: Callable[[int], Feature | None]
    witness: Callable[[int], Any] = lambda _: None
    label: Callable[[int], str] = lambda _: ""
    edge: Callable[[int], Any] = lambda _: None
    unit: str = "m"
    every: bool = False


def conclude(source: Source, readings: Readings, doubts: Mapping[int, Doubt]) -> list[Finding]:
    """Return the finding of each subject: its worst reading, unless a doubt could still hide a worse one.

    Parameters
    ----------
    doubts
        By subject: why it is not known that nothing else is there. What breaks the rule breaks it all the same.
    """
    judged = judge_readings(readings, source.question.rule.sense, source.unit)
    rank = np.array([_RANK[outcome] for outcome in judged.outcome], dtype=np.intp)
    order = np.lexsort((readings.feature, judged.margin, rank, readings.row))
    starts = np.searchsorted(readings.row[order], np.arange(len(source.ids) + 1))
    return [
        _conclude_one(source, readings, judged, order[starts[row] : starts[row + 1]].tolist(), row, doubts.get(row))
        for row in range(len(source.ids))
    ]


def _conclude_one(
    source: Source, readings: Readings, judged: Judged, mine: Sequence[int], row: int, doubt: Doubt | None
) -> Finding:
    """Return the finding of one subject; its readings are given with the worst first."""
    rule, code, state = source.question[:3]
    outcome = judged.outcome[mine[0]] if mine else doubt.outcome if doubt else Outcome.PASS
    finding = Finding(source.ids[row], rule, code, outcome, state.edition if state else None, unit=source.unit)
    if doubt is not None and not outcome.breaks:
        finding = replace(finding, outcome=doubt.outcome, reason=doubt.reason, features=doubt.features)
        mine = mine if source.every else []
    if not mine:
        return finding
    told = mine if source.every else [k for k in mine if _shows(judged.outcome[k], outcome)] or mine[:1]
    measures = tuple(_measure(source, readings, judged, k) for k in told)
    worst = measures[0]
    return replace(
        finding,
        measured=worst.measured,
        required=worst.required,
        margin=worst.margin,
        certainty=judged.certainty[mine[0]],
        reason=finding.reason or _reason(source, judged, mine[0]),
        features=finding.features or tuple(dict.fromkeys(each.feature for each in measures if each.feature)),
        witness=worst.witness,
        measures=measures if source.every or len(measures) > 1 else (),
    )


def _shows(outcome: Outcome, worst: Outcome) -> bool:
    """Return whether a reading is told of: all that break the rule, or that leave it open, but not all that keep it."""
    return outcome.breaks if worst.breaks else outcome is worst is Outcome.NOT_EVALUATED


def _measure(source: Source, readings: Readings, judged: Judged, k: int) -> Measure:
    margin, required = float(judged.margin[k]), float(judged.limit[k])
    return Measure(
        label=source.label(k),
        outcome=judged.outcome[k],
        measured=float(readings.measured[k]),
        required=required if np.isfinite(required) else None,
        margin=margin if np.isfinite(margin) and judged.outcome[k] is not Outcome.NOT_EVALUATED else None,
        feature=source.feature(k),
        witness=source.witness(k),
        edge=source.edge(k),
    )


def _reason(source: Source, judged: Judged, k: int) -> Text | None:
    rule, code = source.question[:2]
    if judged.outcome[k] is Outcome.NOT_EVALUATED:
        read = rule.required.properties if rule.required else frozenset()
        attributes = ", ".join(sorted(read | (rule.b.where.properties if rule.b.where else frozenset())))
        feature = source.feature(k)
        return explain(
            "requirement_unknown",
            attributes=attributes,
            layer=code,
            features="-" if feature is None else feature.name or feature.id,
        )
    if judged.outcome[k] is Outcome.PASS and judged.certainty[k] is not None:
        return explain("shortfall_noise", shortfall_mm=-judged.margin[k] * 1000)
    return None
