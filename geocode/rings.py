"""Rings of many footprints in flat arrays: the form in which the kernel reads coordinates."""

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["Rings", "flatten"]


class Rings(NamedTuple):
    """Closed rings of n footprints, in order.

    Attributes
    ----------
    x, y
        Ordinates of every vertex, shape (v,); each ring repeats its first vertex at its end.
    starts
        Index of each ring's first vertex, shape (r,).
    is_hole
        Whether a ring is a hole, shape (r,).
    owner
        Row of the footprint a ring belongs to, shape (r,), ascending.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    starts: NDArray[np.int64]
    is_hole: NDArray[np.bool_]
    owner: NDArray[np.int64]


def flatten(geometries: NDArray[Any]) -> Rings:
    """Return the rings of polygons and multipolygons, shape (n,); every one must have at least one ring."""
    xy = shapely.get_coordinates(geometries)
    single = _has_one_ring(xy, shapely.get_num_coordinates(geometries))
    one, several = np.flatnonzero(single), np.flatnonzero(~single)
    parts, part_owner = shapely.get_parts(geometries[several], return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    owner = np.concatenate([one, several[part_owner[ring_part]]])
    lengths = np.concatenate([shapely.get_num_coordinates(geometries[one]), shapely.get_num_coordinates(rings)])
    is_hole = np.concatenate([np.zeros(len(one), dtype=bool), _repeats(ring_part)])
    order = np.argsort(owner, kind="stable")
    ends = np.cumsum(lengths[order])
    return Rings(
        x=np.ascontiguousarray(xy[:, 0]),
        y=np.ascontiguousarray(xy[:, 1]),
        starts=ends - lengths[order],
        is_hole=is_hole[order],
        owner=owner[order],
    )


def _has_one_ring(xy: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which geometries are certainly one ring: the first vertex comes back once, and at the very end.

    Taking rings apart costs four times what reading coordinates does, so only the rest is taken apart. A second ring
    makes the first vertex come back before the end; a repeated first vertex merely goes the slow way.
    """
    starts = np.cumsum(counts) - counts
    back = (xy == np.repeat(xy[starts], counts, axis=0)).all(axis=1)
    return np.asarray((np.add.reduceat(back, starts, dtype=np.int64) == 2) & back[starts + counts - 1])  # noqa: PLR2004


def _repeats(group: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which entries of an ascending array equal the one before: rings after the first of a part are holes."""
    return np.concatenate([np.zeros(min(1, len(group)), dtype=bool), group[1:] == group[:-1]])
