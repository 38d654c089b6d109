"""How sure a relation is: logistic functions of few measures, with fixed coefficients.

The coefficients were fitted by `benchmarks/matching.py --fit` on second surveys of real cities with known truth and are
told with their calibration in docs/matching.md.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from registry.relating.overlaps import Pairs

__all__ = ["Measures", "counterpart_odds", "group_confidence", "pair_distance", "unrelated_confidence"]

Floats = NDArray[np.float64]
# metres added to the delivery's spread: a wall is no better known than that
ACCURACY_M = 0.25
_FARTHEST = 8.0
_MOST_ODDS = 8.0


class CounterpartWeights(NamedTuple):
    """Log-odds that two footprints are each other's one counterpart."""

    base: float = -1.16
    iou: float = 2.74
    likeness: float = 4.4
    distance: float = -0.84


class GroupWeights(NamedTuple):
    """Log-odds that a group of footprints is one relation, and all of it."""

    base: float
    odds: float
    rival: float
    rival_odds: float
    weakest: float


class UnrelatedWeights(NamedTuple):
    """Log-odds that a footprint that is in no group is rightly in none."""

    base: float
    overlap: float
    odds: float


class Measures(NamedTuple):
    """What the confidence of a group is made of, one value for each group.

    Attributes
    ----------
    odds
        The log-odds of its best pair of counterparts.
    rival
        The largest share of one of its footprints that lies on footprints outside of the group, or of theirs on it.
    rival_odds
        The best log-odds of a pair of one of its footprints with one outside of the group.
    weakest
        The smallest share of one of its parts that lies in the group; 1 for counterparts.
    """

    odds: Floats
    rival: Floats
    rival_odds: Floats
    weakest: Floats


_COUNTERPART = CounterpartWeights()
ONE_TO_ONE = GroupWeights(base=1.87, odds=0.48, rival=0.0, rival_odds=-0.32, weakest=0.0)
SEVERAL = GroupWeights(base=-4.87, odds=-0.24, rival=-3.99, rival_odds=-0.08, weakest=8.93)
NEW = UnrelatedWeights(base=-3.09, overlap=-4.35, odds=-1.08)
GONE = UnrelatedWeights(base=0.21, overlap=0.0, odds=-0.61)


def pair_distance(pairs: Pairs, spread_m: float) -> Floats:
    """Return how far the centroids of pairs are apart, in units of what the delivery's neighbours show; 8 at most."""
    return np.minimum(pairs.distance_m / (spread_m + ACCURACY_M), _FARTHEST)


def counterpart_odds(pairs: Pairs, spread_m: float) -> Floats:
    """Return the log-odds that the two of each pair are each other's one counterpart."""
    weights = _COUNTERPART
    return np.asarray(
        weights.base
        + weights.iou * pairs.iou
        + weights.likeness * pairs.likeness
        + weights.distance * pair_distance(pairs, spread_m)
    )


def group_confidence(measures: Measures, weights: GroupWeights) -> Floats:
    """Return the probability that groups are right."""
    odds = np.clip(measures.odds, -_MOST_ODDS, _MOST_ODDS)
    return _probability(
        weights.base
        + weights.odds * odds
        + weights.rival * measures.rival
        + weights.rival_odds * np.clip(measures.rival_odds, -_MOST_ODDS, _MOST_ODDS)
        + weights.weakest * measures.weakest
    )


def unrelated_confidence(overlap: Floats, odds: Floats, weights: UnrelatedWeights) -> Floats:
    """Return the probability that footprints are rightly in no group.

    Parameters
    ----------
    overlap
        The largest share of the smaller of the two that each shares with another.
    odds
        The log-odds of its best pair.
    """
    clipped = np.clip(odds, -_MOST_ODDS, 0.0)
    return _probability(weights.base + weights.overlap * overlap + weights.odds * clipped)


def _probability(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)))
