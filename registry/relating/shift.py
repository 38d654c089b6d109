"""The systematic shift of a delivery against what is known: the vector most buildings agree on, here and there.

Every delivered footprint votes, with one vote in all, for the vectors to the known footprints of like size around it.
Wrong neighbours lie in all directions, the right one always in the same: the densest place of the votes is the shift.
The delivery is then halved again and again; each part begins at its parent's shift and corrects it by its own votes, so
that a turned, stretched or patched survey has its shift everywhere.
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from registry.relating.components import connected
from registry.relating.overlaps import Footprints, distinct, likeness_of, near_boxes

__all__ = ["Field", "estimate_field"]

REACH_M = 8.0
LEAST_SUPPORT = 3
_LEAST_SHARE = 0.2
_LEAST_LIKENESS = 0.3
_BIN_M = 0.5
_HALF_BINS = int(np.ceil(REACH_M / _BIN_M)) + 2
_BINS = 2 * _HALF_BINS + 1
_GRIDS_AT_ONCE = 512
_LEAST_ASIDE = 16 / 9
_LEAF_ROWS = 20
_PARENT_ROWS = 4.0
_NEIGHBOUR_ROWS = 1.0
_TOUCHING_M = 0.1
_TWIN_M, _TWIN_LIKENESS = 0.5, 0.8
_NARROWEST_M, _WIDEST_M = 0.25, 1.5
Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


class _Votes(NamedTuple):
    """Who votes, for which known footprint and so for which vector, with what weight; a row's weights add up to one at most."""

    row: Positions
    known: Positions
    vector_m: Floats
    weight: Floats

    def where(self, chosen: NDArray[np.bool_]) -> "_Votes":
        """Return some of the votes."""
        return _Votes(self.row[chosen], self.known[chosen], self.vector_m[chosen], self.weight[chosen])


@dataclass(frozen=True, slots=True)
class Field:
    """The shift at every delivered footprint.

    Attributes
    ----------
    whole_m
        The shift of the whole delivery: to the known from the delivered, shape (2,).
    vectors_m
        The same at each footprint, shape (n, 2); zeros where no shift is applied.
    support
        How many footprints agree with the shift where they stand.
    spread_m
        The median distance of their own vectors from it.
    is_applied
    """

    whole_m: Floats
    vectors_m: Floats = field(repr=False)
    support: int
    spread_m: float
    is_applied: bool


def estimate_field(
    delivered: Footprints, known: Footprints, *, equal: tuple[Positions, Positions] | None = None
) -> Field:
    """Estimate how a delivery lies against the known footprints.

    Parameters
    ----------
    equal
        Pairs of positions that are equal as they are. They lie where they lie and have no say about the others: a file
        of old buildings untouched and others drawn anew has two ways of lying. Where they are the most, the whole lies
        in place.
    """
    votes = _cast_votes(delivered, known)
    votes = votes.where(np.isin(votes.row, distinct(delivered)[0]))
    if equal is not None and len(equal[0]):
        others = ~np.isin(votes.row, equal[0]) & ~np.isin(votes.known, equal[1])
        votes = votes.where(others)
    found = _estimate(delivered, votes)
    untouched = 0 if equal is None else len(np.unique(equal[1]))
    if untouched <= found.support:
        return found
    return replace(found, whole_m=np.zeros(2), support=untouched + found.support, is_applied=True)


def _estimate(delivered: Footprints, votes: _Votes) -> Field:
    still = np.zeros((len(delivered), 2))
    if len(votes.row) == 0:
        return Field(np.zeros(2), still, 0, 0.0, is_applied=False)
    everyone = np.zeros(len(votes.row), dtype=np.intp)
    whole = _densest(_grids(votes, everyone, 1))[0]
    width = _NARROWEST_M
    for _ in range(3):
        width = float(np.clip(1.5 * _spread(votes, whole), _NARROWEST_M, _WIDEST_M))
        whole = _centred(votes, everyone, whole[None], width)[0]
    vectors = _by_halves(votes, delivered.centroid_m, whole, width)
    vectors = _by_block(vectors, _blocks(delivered), votes, width)
    spread = _spread(votes, vectors)
    counted = votes.where(~_are_again(delivered)[votes.row])
    support, voters = np.isfinite(_nearest(counted, vectors)).sum(), len(np.unique(counted.row))
    is_applied = support >= max(LEAST_SUPPORT, _LEAST_SHARE * voters)
    return Field(whole, vectors if is_applied else still, int(support), spread, bool(is_applied))


def _cast_votes(delivered: Footprints, known: Footprints) -> _Votes:
    points = shapely.points(known.centroid_m)
    i, j = shapely.STRtree(points).query(shapely.points(delivered.centroid_m), predicate="dwithin", distance=REACH_M)
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    likeness = likeness_of(delivered, known, i, j)
    alike = likeness >= _LEAST_LIKENESS
    i, j, likeness = i[alike], j[alike], likeness[alike] ** 2
    total = np.bincount(i, likeness, minlength=len(delivered))
    weight = likeness * likeness / total[i] if len(i) else likeness
    return _Votes(i, j, known.centroid_m[j] - delivered.centroid_m[i], weight)


def _are_again(delivered: Footprints) -> NDArray[np.bool_]:
    """Return which rows are where one of like size is already: a building delivered three times is no three that agree."""
    first, _ = distinct(delivered)
    points = shapely.points(delivered.centroid_m[first])
    i, j = first[shapely.STRtree(points).query(points, predicate="dwithin", distance=_TWIN_M)]
    later = i < j
    i, j = i[later], j[later]
    again = np.zeros(len(delivered), dtype=bool)
    again[j[likeness_of(delivered, delivered, i, j) >= _TWIN_LIKENESS]] = True
    return again


def _grids(votes: _Votes, part: Positions, count: int) -> Floats:
    """Return the weight of each part's votes on a grid of bins, smoothed over about one metre; shape (count, bins, bins)."""
    bins = _bins(votes.vector_m) + _HALF_BINS
    places = (part * _BINS + bins[:, 0]) * _BINS + bins[:, 1]
    grid = np.bincount(places, votes.weight, minlength=count * _BINS**2).reshape(count, _BINS, _BINS)
    for _ in range(2):
        grid[:, 1:-1] = grid[:, :-2] + 2 * grid[:, 1:-1] + grid[:, 2:]
        grid[:, :, 1:-1] = grid[:, :, :-2] + 2 * grid[:, :, 1:-1] + grid[:, :, 2:]
    return np.asarray(grid / 64)


def _bins(vectors_m: Floats) -> Positions:
    return np.rint(vectors_m / _BIN_M).astype(np.intp)


def _densest(grids: Floats) -> Floats:
    """Return the vector at the highest bin of each grid."""
    highest = grids.reshape(len(grids), _BINS**2).argmax(axis=1)
    place = np.column_stack(np.divmod(highest, _BINS))
    return np.asarray((place - _HALF_BINS) * _BIN_M, dtype=np.float64)


def _centred(votes: _Votes, part: Positions, start_m: Floats, width_m: float, *, parent_rows: float = 0.0) -> Floats:
    """Return for each part the mean of its votes around a place, those farther off counting less (mean shift)."""
    here = start_m
    for _ in range(6):
        near = votes.weight * np.exp(-0.5 * ((votes.vector_m - here[part]) ** 2).sum(axis=1) / width_m**2)
        total = np.bincount(part, near, minlength=len(here)) + parent_rows + 1e-12
        sums = [np.bincount(part, near * each, minlength=len(here)) for each in votes.vector_m.T]
        here = (np.column_stack(sums) + parent_rows * start_m) / total[:, None]
    return here


def _by_halves(votes: _Votes, places_m: Floats, whole_m: Floats, width_m: float) -> Floats:
    """Return the shift at each row: of the whole, then of its halves, theirs, and so on, each beginning at its parent's."""
    vectors = np.zeros_like(places_m)
    rows, part = np.arange(len(places_m)), np.zeros(len(places_m), dtype=np.intp)
    parents = whole_m[None]
    while len(rows):
        of_row = np.full(len(places_m), -1)
        of_row[rows] = part
        votes = votes.where(of_row[votes.row] >= 0)
        here = _centred(
            votes,
            of_row[votes.row],
            _starts(votes, of_row[votes.row], parents),
            width_m,
            parent_rows=_PARENT_ROWS,
        )
        vectors[rows] = here[part]
        is_high, is_halved = _halves(places_m[rows], part, len(here))
        goes_on = is_halved[part]
        number = np.cumsum(is_halved) - 1
        rows, part = rows[goes_on], 2 * number[part[goes_on]] + is_high[goes_on]
        parents = np.repeat(here[is_halved], 2, axis=0)
    return vectors


def _halves(places_m: Floats, part: Positions, count: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows are beyond the middle of their part along its longer side, and which parts are to be halved there."""
    order = np.argsort(part, kind="stable")
    starts = np.searchsorted(part[order], np.arange(count))
    low, high = (each.reduceat(places_m[order], starts) for each in (np.minimum, np.maximum))
    along = places_m[np.arange(len(part)), np.argmax(high - low, axis=1)[part]]
    sizes = np.bincount(part, minlength=count)
    ranked = along[np.lexsort((along, part))]
    middle = (ranked[starts + (sizes - 1) // 2] + ranked[starts + sizes // 2]) / 2
    is_high = along > middle[part]
    return is_high, (sizes > _LEAF_ROWS) & (np.bincount(part, is_high, minlength=count) > 0)


def _starts(votes: _Votes, part: Positions, parents_m: Floats) -> Floats:
    """Return where each part's shift is looked for: at its parent's, unless its own votes clearly lie elsewhere."""
    starts = parents_m.copy()
    aside = (np.abs(_bins(votes.vector_m) - _bins(parents_m)[part]) > 1).any(axis=1)
    # by what the smoothing leaves of a vote, fewer cannot outweigh the others
    doubtful = np.flatnonzero(np.bincount(part[aside], votes.weight[aside], minlength=len(starts)) > _LEAST_ASIDE)
    for begin in range(0, len(doubtful), _GRIDS_AT_ONCE):
        some = doubtful[begin : begin + _GRIDS_AT_ONCE]
        number = np.full(len(starts), -1)
        number[some] = np.arange(len(some))
        theirs = number[part] >= 0
        grids = _grids(votes.where(theirs), number[part[theirs]], len(some))
        row, column = (_bins(starts[some]) + _HALF_BINS).T
        around = [grids[np.arange(len(some)), row + i, column + j] for i in (-1, 0, 1) for j in (-1, 0, 1)]
        elsewhere = grids.max(axis=(1, 2)) > 1.5 * np.max(around, axis=0) + 1
        starts[some[elsewhere]] = _densest(grids[elsewhere])
    return starts


def _by_block(vectors_m: Floats, block: Positions, votes: _Votes, width_m: float) -> Floats:
    """Correct the shift of each block of touching buildings by its own votes: what is built together moves together."""
    blocks = block[votes.row]
    start = vectors_m[votes.row]
    here = start
    count = int(block.max()) + 1
    enough = np.bincount(block, minlength=count) >= LEAST_SUPPORT
    for _ in range(6):
        near = votes.weight * np.exp(-0.5 * ((votes.vector_m - here) ** 2).sum(axis=1) / width_m**2)
        total = np.bincount(blocks, near, minlength=count) + _NEIGHBOUR_ROWS
        off = [np.bincount(blocks, near * each, minlength=count) / total for each in (votes.vector_m - start).T]
        moves = np.column_stack(off) * enough[:, None]
        here = start + moves[blocks]
    return np.asarray(vectors_m + moves[block])


def _blocks(footprints: Footprints) -> Positions:
    """Return the number of the block of touching buildings that each footprint is in."""
    first, like = distinct(footprints)
    shapes = footprints.geometries[first]
    i, j = near_boxes(shapes, shapes, _TOUCHING_M)
    i, j = i[i < j], j[i < j]
    touching = shapely.dwithin(shapes[i], shapes[j], _TOUCHING_M)
    return connected(i[touching], j[touching], len(first))[like]


def _spread(votes: _Votes, shift_m: Floats) -> float:
    """Return the median distance of the rows' own vectors from a shift (of the whole, or at each row)."""
    nearest = _nearest(votes, shift_m)
    near = nearest[np.isfinite(nearest)]
    return float(np.median(near)) if len(near) else 0.0


def _nearest(votes: _Votes, shift_m: Floats) -> Floats:
    """Return for each row how far its nearest vote is from the shift, infinite where that is too far."""
    at = shift_m if shift_m.ndim == 1 else shift_m[votes.row]
    off = np.linalg.norm(votes.vector_m - at, axis=1)
    nearest = np.full(int(votes.row.max(initial=-1)) + 1, np.inf)
    np.minimum.at(nearest, votes.row, off)
    return np.where(nearest <= 2 * _WIDEST_M, nearest, np.inf)
