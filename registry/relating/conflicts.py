"""Rows that cannot be registered as they are: on ground that is another building's, or another row's."""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from registry.relating.grouping import Grouping
from registry.relating.overlaps import Footprints, Pairs, overlaps_within, widths_m
from registry.relating.relations import RelatingSettings

__all__ = ["Conflicts", "RowOverlaps", "find_conflicts", "find_row_overlaps", "usual_overlap_m"]

TWICE_IOU = 0.8
_LEAST_HABIT = 20
_SLIGHT_SHARE = 0.5
_HELD_SHARE = 0.05
# of two neighbours, each off by its own error of such a median, one pair in 2,000 overlaps by more than four times that
_TIMES = 4.0
_WIDEST_M = 2.0
Floats = NDArray[np.float64]


class RowOverlaps(NamedTuple):
    """Pairs of delivered rows that share ground.

    Attributes
    ----------
    widths_m
        The mean width of what they share.
    twins
        For each row the first that has the very same footprint; pairs of others are told for that one alone.
    """

    pairs: Pairs
    widths_m: Floats
    twins: NDArray[np.intp]


class Conflicts(NamedTuple):
    """What conflicts.

    Attributes
    ----------
    with_known
        For each pair of a delivered and a known footprint: the row overlaps a building that stays and that it is not.
    among_rows
        Pairs of delivered rows on one ground, shape (n, 2).
    are_twice
        Which of these are one building delivered twice.
    """

    with_known: NDArray[np.bool_]
    among_rows: NDArray[np.intp]
    are_twice: NDArray[np.bool_]


def find_row_overlaps(delivered: Footprints) -> RowOverlaps:
    """Return which delivered rows share ground."""
    return RowOverlaps(*overlaps_within(delivered))


def usual_overlap_m(rows: RowOverlaps) -> float:
    """Return how wide rows of a delivery usually overlap, as where eaves are drawn for walls; 0 where few do."""
    slight = rows.widths_m[rows.pairs.share_of_smaller < _SLIGHT_SHARE]
    return float(np.median(slight)) if len(slight) >= _LEAST_HABIT else 0.0


def find_conflicts(  # noqa: PLR0913 - both surveys, what relates them, and the limits
    delivered: Footprints,
    known: Footprints,
    rows: RowOverlaps,
    pairs: Pairs,
    groups: Grouping,
    gone: NDArray[np.bool_],
    *,
    settings: RelatingSettings,
    usual_m: float,
) -> Conflicts:
    """Find the overlaps that are no matter of accuracy.

    Parameters
    ----------
    rows, pairs
        The delivered rows that share ground; the pairs of a delivered and a known footprint.
    gone
        The known footprints that stand no more: nothing conflicts with them.
    usual_m
        The delivery's own spread, or how wide its rows usually overlap. An overlap up to four times as wide, and up to
        2 m, is its inaccuracy.
    """
    limit_m = max(settings.tolerance_width_m, min(_TIMES * usual_m, _WIDEST_M))

    def beyond(some: Pairs, widths_m: Floats) -> NDArray[np.bool_]:
        share = some.share_of_smaller
        wide = (share > settings.overlap_tolerance) & (widths_m > limit_m)
        return np.asarray(wide | (share > settings.member_share))

    stays = (groups.known[pairs.known] < 0) & ~gone[pairs.known]
    with_known = stays & ~groups.is_member & (pairs.overlap_m2 > 0)
    there = pairs.where(with_known)
    shared = shapely.intersection(delivered.geometries[there.delivered], known.geometries[there.known])
    with_known[with_known] = beyond(there, widths_m(shared))
    among = rows.pairs.where(beyond(rows.pairs, rows.widths_m))
    among = among.where(~_already_so(among, known, groups))
    twice = among.iou >= TWICE_IOU
    return Conflicts(with_known, np.column_stack([among.delivered, among.known]), twice)


def _already_so(rows: Pairs, known: Footprints, groups: Grouping) -> NDArray[np.bool_]:
    """Return which overlapping rows are groups whose known buildings overlap each other just so: that is not news."""
    if len(rows) == 0:
        return np.zeros(0, dtype=bool)
    here = np.unique(np.concatenate([rows.delivered, rows.known]))
    held = np.flatnonzero(np.isin(groups.known, groups.delivered[here]) & (groups.known >= 0))
    there, *_ = overlaps_within(known.take(held))
    there = there.where(there.share_of_smaller > _HELD_SHARE)
    label = groups.known[held]
    old = np.sort(np.column_stack([label[there.delivered], label[there.known]]), axis=1)
    new = np.sort(np.column_stack([groups.delivered[rows.delivered], groups.delivered[rows.known]]), axis=1)
    already = set(map(tuple, old.tolist()))
    return np.array([tuple(pair) in already for pair in new.tolist()], dtype=bool)
