"""From measures to outcomes: what fails for sure, and what fails within the accuracy of the layers."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from blueprint.certainty import Certainty, classify_widths
from blueprint.outcomes import Outcome
from blueprint.overlay import Parts
from blueprint.reasons import explain
from blueprint.rules import Rule
from geocode.faults import Text
from layers.widths import RESOLUTION_M

__all__ = ["Judgement", "judge"]

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


_OUTCOMES = np.array([Outcome.PASS, Outcome.FAIL_WITHIN_ACCURACY, Outcome.FAIL], dtype=object)


class Judgement(NamedTuple):
    """What the parts of each row amount to; arrays of one length.

    ``area_m2`` is the sum of the parts, ``width_m`` the widest, ``certainty`` that of the widest (None without parts);
    ``smallness`` says why something measured breaks no rule.
    """

    outcome: NDArray[np.object_]
    area_m2: Floats
    width_m: Floats
    certainty: NDArray[np.object_]
    smallness: NDArray[np.object_]


def judge(parts: Parts, rule: Rule, *, rows: int, sigma_m: float) -> Judgement:
    """Return the judgement on each of some rows, given the parts that break a rule.

    Parts at least as wide as the rule asks count; together they must be as large as it asks. If those that are certain
    do, the row fails; if it takes those within accuracy as well, it fails within accuracy; else it passes, with its
    measure kept.

    Parameters
    ----------
    rows
        How many rows there are: those without parts pass.
    sigma_m
        The standard deviation of a distance between the two layers.
    """
    classes = classify_widths(parts.width_m, sigma_m)
    wide = parts.width_m >= rule.min_width_m - RESOLUTION_M
    likely = _large(parts, wide & (classes != Certainty.NOISE), rows, rule)
    certain = _large(parts, wide & (classes == Certainty.CERTAIN), rows, rule)
    outcome = _OUTCOMES[likely.astype(int) + certain]
    area_m2, width_m = np.bincount(parts.row, weights=parts.area_m2, minlength=rows).astype(float), np.zeros(rows)
    np.maximum.at(width_m, parts.row, parts.width_m)
    certainty = classify_widths(width_m, sigma_m)
    certainty[width_m == 0] = None
    smallness = np.full(rows, None, dtype=object)
    for row in np.flatnonzero(~likely & (width_m > 0)):
        smallness[row] = _explain_smallness(rule, certainty[row], area_m2[row], width_m[row])
    return Judgement(outcome, area_m2, width_m, certainty, smallness)


def _large(parts: Parts, chosen: Flags, rows: int, rule: Rule) -> Flags:
    area_m2 = np.bincount(parts.row[chosen], weights=parts.area_m2[chosen], minlength=rows)
    return np.asarray((area_m2 > 0) & (area_m2 >= rule.min_area_m2 - RESOLUTION_M))


def _explain_smallness(rule: Rule, certainty: Any, area_m2: float, width_m: float) -> Text:
    if certainty is Certainty.NOISE:
        return explain("noise", width_mm=width_m * 1000)
    limits = {"min_area_m2": rule.min_area_m2, "min_width_m": rule.min_width_m}
    return explain("below_threshold", area_m2=area_m2, width_m=width_m, **limits)
