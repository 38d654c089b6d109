"""Rows that cannot be registered as they are: on ground that is another building's, or another row's."""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from registry.relating.grouping import Grouping
from registry.relating.overlaps import Footprints, Pairs, overlaps_within
from registry.relating.relations import RelatingSettings

__all__ = ["Conflicts", "find_conflicts"]

TWICE_IOU = 0.8
_LEAST_HABIT = 20
_SLIGHT_SHARE = 0.5
_HELD_SHARE = 0.05
# of two neighbours, each off by its own error of such a median, one pair in 2,000 overlaps by more than four times that
_TIMES = 4.0
_WIDEST_M = 2.0
Floats = NDArray[np.float64]


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


def find_conflicts(  # noqa: PLR0913 - both surveys, what relates them, and the limits
    delivered: Footprints,
    known: Footprints,
    pairs: Pairs,
    groups: Grouping,
    gone: NDArray[np.bool_],
    settings: RelatingSettings,
    spread_m: float,
) -> Conflicts:
    """Find the overlaps that are no matter of accuracy.

    Parameters
    ----------
    gone
        The known footprints that stand no more: nothing conflicts with them.
    spread_m
        The delivery's own spread. An overlap up to four times as wide, or as its rows usually overlap, and up to 2 m, is
        its inaccuracy.
    """
    rows = overlaps_within(delivered)
    row_widths = _widths(rows, delivered, delivered)
    usual_m = max(spread_m, _habit_m(rows, row_widths))
    limit_m = max(settings.tolerance_width_m, min(_TIMES * usual_m, _WIDEST_M))

    def beyond(some: Pairs, widths_m: Floats) -> NDArray[np.bool_]:
        share = some.share_of_smaller
        wide = (share > settings.overlap_tolerance) & (widths_m > limit_m)
        return np.asarray(wide | (share > settings.member_share))

    stays = (groups.known[pairs.known] < 0) & ~gone[pairs.known]
    with_known = stays & ~groups.is_member & (pairs.overlap_m2 > 0)
    there = pairs.where(with_known)
    with_known[with_known] = beyond(there, _widths(there, delivered, known))
    rows = rows.where(beyond(rows, row_widths))
    rows = rows.where(~_already_so(rows, known, groups))
    twice = rows.iou >= TWICE_IOU
    return Conflicts(with_known, np.column_stack([rows.delivered, rows.known]), twice)


def _widths(pairs: Pairs, left: Footprints, right: Footprints) -> Floats:
    """Return the mean width of overlaps: that of a rectangle far longer than wide which has their area and outline."""
    shared = shapely.intersection(left.geometries[pairs.delivered], right.geometries[pairs.known])
    return np.asarray(2 * shapely.area(shared) / np.maximum(shapely.length(shared), 1e-9))


def _habit_m(rows: Pairs, widths_m: Floats) -> float:
    """Return how wide rows of this delivery usually overlap, as where eaves are drawn for walls; 0 where few do."""
    slight = widths_m[rows.share_of_smaller < _SLIGHT_SHARE]
    return float(np.median(slight)) if len(slight) >= _LEAST_HABIT else 0.0


def _already_so(rows: Pairs, known: Footprints, groups: Grouping) -> NDArray[np.bool_]:
    """Return which overlapping rows are groups whose known buildings overlap each other just so: that is not news."""
    there = overlaps_within(known)
    there = there.where(there.share_of_smaller > _HELD_SHARE)
    old = np.sort(np.column_stack([groups.known[there.delivered], groups.known[there.known]]), axis=1)
    new = np.sort(np.column_stack([groups.delivered[rows.delivered], groups.delivered[rows.known]]), axis=1)
    held = set(map(tuple, old[(old >= 0).all(axis=1)].tolist()))
    return np.array([tuple(pair) in held for pair in new.tolist()], dtype=bool)
