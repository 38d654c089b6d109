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
from registry.relating.overlaps import Footprints

__all__ = ["Field", "estimate_shift"]

REACH_M = 8.0
LEAST_SUPPORT = 3
_LEAST_SHARE = 0.2
_LEAST_LIKENESS = 0.3
_BIN_M = 0.5
_LEAF_ROWS = 20
_PARENT_ROWS = 4.0
_NEIGHBOUR_ROWS = 1.0
_TOUCHING_M = 0.1
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


def estimate_shift(
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
    if equal is not None and len(equal[0]):
        others = ~np.isin(votes.row, equal[0]) & ~np.isin(votes.known, equal[1])
        votes = votes.where(others)
    found = _estimate(delivered, votes)
    if equal is None or len(equal[0]) <= found.support:
        return found
    return replace(found, whole_m=np.zeros(2), support=len(equal[0]) + found.support, is_applied=True)


def _estimate(delivered: Footprints, votes: _Votes) -> Field:
    still = np.zeros((len(delivered), 2))
    if len(votes.row) == 0:
        return Field(np.zeros(2), still, 0, 0.0, is_applied=False)
    whole = _densest(votes)
    width = _NARROWEST_M
    for _ in range(3):
        width = float(np.clip(1.5 * _spread(votes, whole)[1], _NARROWEST_M, _WIDEST_M))
        whole = _centred(votes, whole, width)
    vectors = still.copy()
    _halve(vectors, np.arange(len(delivered)), votes, whole, width, delivered.centroid_m)
    vectors = _by_block(vectors, _blocks(delivered), votes, width)
    support, spread = _spread(votes, vectors)
    voters = len(np.unique(votes.row))
    is_applied = support >= max(LEAST_SUPPORT, _LEAST_SHARE * voters)
    return Field(whole, vectors if is_applied else still, support, spread, is_applied)


def _cast_votes(delivered: Footprints, known: Footprints) -> _Votes:
    points = shapely.points(known.centroid_m)
    i, j = shapely.STRtree(points).query(shapely.points(delivered.centroid_m), predicate="dwithin", distance=REACH_M)
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    sizes = (
        np.column_stack([delivered.area_m2[i], delivered.extent_m[i]]),
        np.column_stack([known.area_m2[j], known.extent_m[j]]),
    )
    likeness = (np.minimum(*sizes) / np.maximum(*sizes)).prod(axis=1)
    alike = likeness >= _LEAST_LIKENESS
    i, j, likeness = i[alike], j[alike], likeness[alike] ** 2
    total = np.bincount(i, likeness, minlength=len(delivered))
    weight = likeness * likeness / total[i] if len(i) else likeness
    return _Votes(i, j, known.centroid_m[j] - delivered.centroid_m[i], weight)


def _histogram(votes: _Votes) -> tuple[Floats, int]:
    """Return the weight of the votes on a grid of bins, smoothed over about one metre."""
    half = int(np.ceil(REACH_M / _BIN_M)) + 2
    side = 2 * half + 1
    bins = np.rint(votes.vector_m / _BIN_M).astype(np.intp) + half
    grid = np.bincount(bins[:, 0] * side + bins[:, 1], votes.weight, minlength=side * side).reshape(side, side)
    for _ in range(2):
        grid[1:-1] = grid[:-2] + 2 * grid[1:-1] + grid[2:]
        grid[:, 1:-1] = grid[:, :-2] + 2 * grid[:, 1:-1] + grid[:, 2:]
    return grid / 64, half


def _densest(votes: _Votes) -> Floats:
    grid, half = _histogram(votes)
    place = np.array(np.unravel_index(int(grid.argmax()), grid.shape))
    return np.asarray((place - half) * _BIN_M, dtype=np.float64)


def _centred(votes: _Votes, start_m: Floats, width_m: float, *, parent_rows: float = 0.0) -> Floats:
    """Return the mean of the votes around a place, those farther off counting less (mean shift)."""
    here = start_m
    for _ in range(6):
        near = votes.weight * np.exp(-0.5 * ((votes.vector_m - here) ** 2).sum(axis=1) / width_m**2)
        here = (near @ votes.vector_m + parent_rows * start_m) / (near.sum() + parent_rows + 1e-12)
    return here


def _halve(
    vectors_m: Floats, rows: Positions, votes: _Votes, parent_m: Floats, width_m: float, places_m: Floats
) -> None:
    """Write the shift of a part of the delivery, then of its halves, into `vectors_m`."""
    here = _centred(votes, _start(votes, parent_m), width_m, parent_rows=_PARENT_ROWS)
    vectors_m[rows] = here
    if len(rows) <= _LEAF_ROWS:
        return
    axis = int(np.argmax(np.ptp(places_m[rows], axis=0)))
    middle = np.median(places_m[rows, axis])
    low, low_votes = places_m[rows, axis] <= middle, places_m[votes.row, axis] <= middle
    for side, side_votes in ((low, low_votes), (~low, ~low_votes)):
        if side.any() and not side.all():
            _halve(vectors_m, rows[side], votes.where(side_votes), here, width_m, places_m)


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
    tree = shapely.STRtree(footprints.geometries)
    i, j = tree.query(footprints.geometries, predicate="dwithin", distance=_TOUCHING_M)
    return connected(i, j, len(footprints))


def _start(votes: _Votes, parent_m: Floats) -> Floats:
    """Return where a part's shift is looked for: at its parent's, unless its own votes clearly lie elsewhere."""
    if len(votes.row) == 0:
        return parent_m
    grid, half = _histogram(votes)
    row, column = np.rint(parent_m / _BIN_M).astype(np.intp) + half
    if grid.max() > 1.5 * grid[row - 1 : row + 2, column - 1 : column + 2].max() + 1:
        return _densest(votes)
    return parent_m


def _spread(votes: _Votes, shift_m: Floats) -> tuple[int, float]:
    """Return how many rows have a vote near the shift (whole, or at each row), and the median distance of these."""
    at = shift_m if shift_m.ndim == 1 else shift_m[votes.row]
    off = np.linalg.norm(votes.vector_m - at, axis=1)
    nearest = np.full(int(votes.row.max()) + 1, np.inf)
    np.minimum.at(nearest, votes.row, off)
    near = nearest[nearest <= 2 * _WIDEST_M]
    return len(near), float(np.median(near)) if len(near) else 0.0
