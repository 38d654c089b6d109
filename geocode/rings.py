"""Rings of many footprints in flat arrays: the form in which the kernels read coordinates."""

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.compiled import compiled

__all__ = ["Rings", "flatten"]


class Rings(NamedTuple):
    """Closed rings of n footprints, in order.

    Attributes
    ----------
    x, y
        Ordinates of every vertex, shape (v,); each ring repeats its first vertex at its end.
    starts
        Index of each ring's first vertex, and v at the end, shape (r + 1,).
    is_hole
        Whether a ring is a hole, shape (r,).
    first
        Index of each footprint's first ring, and r at the end, shape (n + 1,).
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    starts: NDArray[np.int64]
    is_hole: NDArray[np.bool_]
    first: NDArray[np.int64]

    def vertices_of(self, footprint: int) -> slice:
        """Return where the vertices of one footprint stand."""
        return slice(int(self.starts[self.first[footprint]]), int(self.starts[self.first[footprint + 1]]))

    def counts(self) -> NDArray[np.int64]:
        """Return how many vertices each footprint has, shape (n,)."""
        return np.diff(self.starts[self.first])


@compiled("void(f8[:, ::1], i8[::1], i8[::1], b1[::1])")
def _find_single_rings(xy: Any, owner: Any, starts: Any, single: Any) -> None:
    """Write where geometries start, and which are certainly one ring: the first vertex comes back at the very end alone.

    Taking rings apart costs more than reading coordinates does, so only the rest is taken apart. A second ring makes
    the first vertex come back before the end; a repeated first vertex merely goes the slow way.
    """
    end = 0
    for row in range(single.size):
        begin, returns = end, 0
        while end < owner.size and owner[end] == row:
            returns += xy[end, 0] == xy[begin, 0] and xy[end, 1] == xy[begin, 1]
            end += 1
        starts[row], starts[row + 1] = begin, end
        # the first vertex itself is one of the two
        single[row] = returns == 2 and xy[end - 1, 0] == xy[begin, 0] and xy[end - 1, 1] == xy[begin, 1]  # noqa: PLR2004


def flatten(geometries: NDArray[Any]) -> Rings:
    """Return the rings of polygons and multipolygons, shape (n,); an empty one has none."""
    xy, owner = shapely.get_coordinates(geometries, return_index=True)
    starts, single = np.zeros(len(geometries) + 1, dtype=np.int64), np.empty(len(geometries), dtype=bool)
    _find_single_rings(xy, owner, starts, single)
    if single.all():
        first = np.arange(len(geometries) + 1)
        return Rings(xy[:, 0], xy[:, 1], starts, np.zeros(len(geometries), dtype=bool), first)
    several = np.flatnonzero(~single)
    parts, part_owner = shapely.get_parts(geometries[several], return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    counts = np.ones(len(geometries), dtype=np.int64)
    counts[several] = np.bincount(part_owner[ring_part], minlength=len(several))
    first = np.concatenate([[0], np.cumsum(counts)])
    # the rings of each footprint stand together, and in order, as do those that were taken apart
    apart = np.repeat(~single, counts)
    lengths, is_hole = np.empty(len(apart), dtype=np.int64), np.zeros(len(apart), dtype=bool)
    lengths[~apart] = np.diff(starts)[single]
    lengths[apart] = shapely.get_num_coordinates(rings)
    # after its first, the rings of a part are holes
    is_hole[apart] = np.diff(ring_part, prepend=-1) == 0
    return Rings(xy[:, 0], xy[:, 1], np.concatenate([[0], np.cumsum(lengths)]), is_hole, first)
