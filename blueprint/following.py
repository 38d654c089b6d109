"""Pieces of ground followed from one comparison into the next: the same piece shares at least half of both together."""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from blueprint.edge_areas import shared_areas
from blueprint.edge_trees import prepare

__all__ = ["SAME_GROUND_IOU", "Followed", "follow_ground"]

SAME_GROUND_IOU = 0.5
Geometries: TypeAlias = NDArray[np.object_]


class Followed(NamedTuple):
    """What became of each piece: the position of the one that it is now, -1 where there is none, and the IoU; arrays."""

    now: NDArray[np.intp]
    iou: NDArray[np.float64]


def follow_ground(before: Geometries, now: Geometries) -> Followed:
    """Return for each piece of before the one of now with at least `SAME_GROUND_IOU` in common.

    Parameters
    ----------
    before, now
        Polygons in one plane in metres; those of now do not overlap, so there is one at most, or two of exactly half.
    """
    left, right = prepare(before), prepare(now)
    shared = shared_areas(left, right)
    together = left.edges.area_m2[shared.left] + right.edges.area_m2[shared.right] - shared.area_m2
    iou = np.minimum(shared.area_m2 / together, 1.0)
    found = Followed(np.full(len(before), -1), np.zeros(len(before)))
    same = iou >= SAME_GROUND_IOU
    order = np.argsort(iou[same], kind="stable")  # of several the last counts, the best
    found.now[shared.left[same][order]] = shared.right[same][order]
    found.iou[shared.left[same][order]] = iou[same][order]
    return found
