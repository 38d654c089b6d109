"""From pairs to groups: who is whose one counterpart, and who is part of whom."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry.relating.components import connected
from registry.relating.overlaps import Pairs

__all__ = ["Grouping", "group_pairs"]

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]
LEAST_ODDS = -3.0
# a part that lies on one by so much is of that one alone; otherwise of all that have so much of it
_WHOLLY, _LEAST_PART = 0.75, 0.25
_TIE = 1e-9
_ROUNDS = 30


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which pairs are relations, and which group each footprint is in.

    Attributes
    ----------
    is_counterpart
        For each pair: the two are each other's one counterpart.
    is_member
        For each pair: the two are in one group, as counterparts or as parts.
    delivered, known
        The group of each footprint, -1 for none.
    """

    is_counterpart: NDArray[np.bool_]
    is_member: NDArray[np.bool_]
    delivered: Labels
    known: Labels


def group_pairs(
    pairs: Pairs,
    score: Floats,
    *,
    sizes: tuple[Floats, Floats],
    member_share: float,
    stated: NDArray[np.bool_] | None = None,
) -> Grouping:
    """Group the footprints of two surveys.

    Parameters
    ----------
    score
        For each pair the log-odds that the two are counterparts; below zero they are not.
    sizes
        The areas of the delivered and the known footprints, in m².
    member_share
        The share of a footprint without counterpart that must lie on others for it to be part of them.
    stated
        Pairs that are in one group in any case.
    """
    counts = len(sizes[0]), len(sizes[1])
    counterpart = _counterparts(pairs, np.where(score > 0)[0], score, counts)
    member = counterpart if stated is None else counterpart | stated
    for own, other, share in (
        (pairs.delivered, pairs.known, pairs.share_of_delivered),
        (pairs.known, pairs.delivered, pairs.share_of_known),
    ):
        size = sizes[0] if own is pairs.delivered else sizes[1]
        ground = sizes[1] if own is pairs.delivered else sizes[0]
        member |= _parts(own, other, share, pairs.overlap_m2, counterpart, (size, ground), member_share)
    late = _counterparts(pairs, _left_over(pairs, member, score, counts), score, counts)
    counterpart, member = counterpart | late, member | late
    labels = _components(np.where(member)[0], pairs, counts)
    return Grouping(counterpart, member, labels[: counts[0]], labels[counts[0] :])


def _left_over(pairs: Pairs, member: NDArray[np.bool_], score: Floats, counts: tuple[int, int]) -> Labels:
    """Return the pairs of which neither is in a group, down to odds that only this makes likely."""
    free = np.ones(counts[0], dtype=bool), np.ones(counts[1], dtype=bool)
    free[0][pairs.delivered[member]], free[1][pairs.known[member]] = False, False
    return np.where(free[0][pairs.delivered] & free[1][pairs.known] & (score > LEAST_ODDS))[0]


def _counterparts(pairs: Pairs, left: Labels, score: Floats, counts: tuple[int, int]) -> NDArray[np.bool_]:
    """Pair off those that are each other's best, again and again among those that are left."""
    chosen = np.zeros(len(pairs), dtype=bool)
    for _ in range(_ROUNDS):
        if len(left) == 0:
            break
        i, j, value = pairs.delivered[left], pairs.known[left], score[left]
        best_i, best_j = np.full(counts[0], -np.inf), np.full(counts[1], -np.inf)
        np.maximum.at(best_i, i, value)
        np.maximum.at(best_j, j, value)
        mutual = _firsts(left[(value == best_i[i]) & (value == best_j[j])], pairs)
        chosen[mutual] = True
        taken_i, taken_j = np.zeros(counts[0], dtype=bool), np.zeros(counts[1], dtype=bool)
        taken_i[pairs.delivered[mutual]], taken_j[pairs.known[mutual]] = True, True
        left = left[~taken_i[i] & ~taken_j[j]]
    return chosen


def _firsts(places: Labels, pairs: Pairs) -> Labels:
    """Keep the first of the pairs that tie for a footprint."""
    _, first = np.unique(pairs.delivered[places], return_index=True)
    places = places[np.sort(first)]
    _, first = np.unique(pairs.known[places], return_index=True)
    return places[np.sort(first)]


def _parts(  # noqa: PLR0913 - one side of the pairs, seen from either
    own: Labels,
    other: Labels,
    share: Floats,
    overlap_m2: Floats,
    counterpart: NDArray[np.bool_],
    sizes: tuple[Floats, Floats],
    member_share: float,
) -> NDArray[np.bool_]:
    """Return the pairs by which a footprint without counterpart is part of others that have room for it."""
    alone = np.ones(len(sizes[0]), dtype=bool)
    alone[own[counterpart]] = False
    covered = np.bincount(other[counterpart], overlap_m2[counterpart], minlength=len(sizes[1]))
    room = np.clip(sizes[1] - covered, 0, None)[other]
    fits = alone[own] & (np.minimum(overlap_m2, room) >= 0.5 * overlap_m2) & (overlap_m2 > 0)
    explained = np.bincount(own[fits], share[fits], minlength=len(sizes[0]))
    best = np.zeros(len(sizes[0]))
    np.maximum.at(best, own[fits], share[fits])
    several = (best[own] < _WHOLLY) & (share >= _LEAST_PART)
    return np.asarray(fits & (explained[own] >= member_share) & (several | (share >= best[own] - _TIE)))


def _components(edges: Labels, pairs: Pairs, counts: tuple[int, int]) -> Labels:
    """Return the component of each delivered, then each known footprint; -1 where it has no edge."""
    i, j = pairs.delivered[edges], pairs.known[edges] + counts[0]
    labels = connected(i, j, sum(counts))
    lonely = np.ones(len(labels), dtype=bool)
    lonely[i], lonely[j] = False, False
    return np.where(lonely, -1, labels)
