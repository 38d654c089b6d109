"""Pairs of footprints of two surveys, and what can be measured on all of them at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from registry.relating.shared_areas import shared_areas

__all__ = [
    "NEAR_M",
    "Footprints",
    "Pairs",
    "are_among",
    "distinct",
    "find_pairs",
    "likeness_of",
    "measure_footprints",
    "move_footprints",
    "near_boxes",
    "overlaps_within",
    "widths_m",
]

# two that share no ground may still be one building, this far apart
NEAR_M = 3.0
Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Footprints:
    """The footprints of one survey: geometries, area in m², centroid and extent (width, height) in metres."""

    geometries: NDArray[Any]
    area_m2: Floats
    centroid_m: Floats
    extent_m: Floats

    def __len__(self) -> int:
        return len(self.geometries)

    def take(self, positions: Positions) -> "Footprints":
        """Return some of the footprints, by mask or positions."""
        return Footprints(*(getattr(self, name)[positions] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of a delivered and a known footprint, by position, sorted by delivered, then known.

    Attributes
    ----------
    delivered, known
        Positions.
    overlap_m2
        The ground they share; 0 for two that are only near each other.
    iou
        Intersection over union.
    share_of_delivered, share_of_known
        The shared ground as a share of each.
    distance_m
        Between the centroids.
    likeness
        How alike in size: the product of the ratios of area, width and height, the smaller to the larger; 0–1.
    """

    delivered: Positions
    known: Positions
    overlap_m2: Floats
    iou: Floats
    share_of_delivered: Floats
    share_of_known: Floats
    distance_m: Floats
    likeness: Floats

    def __len__(self) -> int:
        return len(self.delivered)

    def where(self, chosen: NDArray[Any]) -> "Pairs":
        """Return some of the pairs, by mask or positions."""
        return Pairs(*(getattr(self, name)[chosen] for name in self.__slots__))

    @property
    def share_of_smaller(self) -> Floats:
        """The shared ground as a share of the smaller of the two."""
        return np.maximum(self.share_of_delivered, self.share_of_known)


def measure_footprints(geometries: NDArray[Any]) -> Footprints:
    """Return footprints with what is measured on each of them.

    Parameters
    ----------
    geometries
        Valid polygons and multipolygons in a plane in metres, shape (n,).
    """
    centroid = shapely.get_coordinates(shapely.centroid(geometries)).reshape(-1, 2)
    west, south, east, north = shapely.bounds(geometries).reshape(-1, 4).T
    return Footprints(geometries, shapely.area(geometries), centroid, np.column_stack([east - west, north - south]))


def move_footprints(footprints: Footprints, vectors_m: Floats) -> Footprints:
    """Return footprints moved, each by its own vector; shape (n, 2), in metres."""
    if not vectors_m.any():
        return footprints
    xy, owner = shapely.get_coordinates(footprints.geometries, return_index=True)
    moved = shapely.set_coordinates(footprints.geometries.copy(), xy + vectors_m[owner])
    return Footprints(moved, footprints.area_m2, footprints.centroid_m + vectors_m, footprints.extent_m)


def find_pairs(
    delivered: Footprints,
    known: Footprints,
    *,
    near_m: float = NEAR_M,
    equal: tuple[Positions, Positions] | None = None,
) -> Pairs:
    """Return the pairs that share ground, sorted, and those within a distance of each other whose centroids are near as well.

    Two that share no ground have centroids no farther apart than the distance and the row's own width, or twice the distance.

    Parameters
    ----------
    equal
        Pairs of positions that are known to be equal: their ground is not laid over each other again.
    """
    i, j = near_boxes(delivered.geometries, known.geometries, near_m)
    distance = np.linalg.norm(delivered.centroid_m[i] - known.centroid_m[j], axis=1)
    near = distance <= near_m + np.minimum(delivered.extent_m[i].min(axis=1), near_m)
    meeting = _boxes_meet(delivered, known, i, j)
    of_use = meeting | near
    i, j, near, meeting = i[of_use], j[of_use], near[of_use], meeting[of_use]
    overlap = np.zeros(len(i))
    if equal is not None:
        same = are_among(i, j, *equal)
        overlap[same] = np.minimum(delivered.area_m2[i[same]], known.area_m2[j[same]])
        meeting &= ~same
    overlap[meeting] = shared_areas(delivered.geometries, known.geometries, i[meeting], j[meeting])
    kept = overlap > 0
    beside = np.flatnonzero(near & ~kept)
    kept[beside] = shapely.dwithin(delivered.geometries[i[beside]], known.geometries[j[beside]], near_m)
    return _measured(delivered, known, i[kept], j[kept], overlap[kept])


def near_boxes(left: NDArray[Any], right: NDArray[Any], distance_m: float) -> tuple[Positions, Positions]:
    """Return the pairs whose bounding boxes are within a distance along x and y, sorted by the first, then the second."""
    wide = shapely.bounds(left) + np.array([-distance_m, -distance_m, distance_m, distance_m])
    i, j = shapely.STRtree(right).query(shapely.box(*wide.T))
    order = np.lexsort((j, i))
    return i[order], j[order]


def are_among(i: Positions, j: Positions, left: Positions, right: Positions) -> NDArray[np.bool_]:
    """Return which of the pairs (i, j) are in the list of pairs (left, right)."""
    if len(left) == 0:
        return np.zeros(len(i), dtype=bool)
    count = int(max(right.max(), j.max(initial=0))) + 1
    return np.isin(i * count + j, left * count + right)


def overlaps_within(footprints: Footprints) -> tuple[Pairs, Floats, Positions]:
    """Return the pairs of one survey's footprints that share ground, each once, the lower position first; how wide; and twins.

    Of footprints that are equal each makes a pair with the next one alone, and the first with the others: a file that has
    one building ten thousand times has no fifty million pairs. The twins are, for each footprint, the first equal one.
    """
    first, like = distinct(footprints)
    i, j = near_boxes(footprints.geometries[first], footprints.geometries[first], 0.0)
    i, j = first[i[i < j]], first[j[i < j]]
    again = np.argsort(like, kind="stable")
    chained = like[again[1:]] == like[again[:-1]]
    i, j = np.concatenate([i, again[:-1][chained]]), np.concatenate([j, again[1:][chained]])
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    overlap = shared_areas(footprints.geometries, footprints.geometries, i, j)
    some = overlap > 0
    i, j = i[some], j[some]
    shared = shapely.intersection(footprints.geometries[i], footprints.geometries[j])
    return _measured(footprints, footprints, i, j, overlap[some]), widths_m(shared), first[like]


def widths_m(shared: NDArray[Any]) -> Floats:
    """Return the mean width of what is shared: that of a rectangle far longer than wide which has its area and outline."""
    return np.asarray(2 * shapely.area(shared) / np.maximum(shapely.length(shared), 1e-9))


def _measured(left: Footprints, right: Footprints, i: Positions, j: Positions, overlap_m2: Floats) -> Pairs:
    area_i, area_j = left.area_m2[i], right.area_m2[j]
    return Pairs(
        i,
        j,
        overlap_m2,
        overlap_m2 / (area_i + area_j - overlap_m2),
        overlap_m2 / area_i,
        overlap_m2 / area_j,
        np.linalg.norm(left.centroid_m[i] - right.centroid_m[j], axis=1),
        likeness_of(left, right, i, j),
    )


def _boxes_meet(left: Footprints, right: Footprints, i: Positions, j: Positions) -> NDArray[np.bool_]:
    here, there = shapely.bounds(left.geometries)[i], shapely.bounds(right.geometries)[j]
    return np.asarray(((here[:, :2] <= there[:, 2:]) & (there[:, :2] <= here[:, 2:])).all(axis=1))


def distinct(footprints: Footprints) -> tuple[Positions, Positions]:
    """Return the first position of each footprint that differs from all before, and for all of them which of these they are."""
    measures = np.column_stack([footprints.centroid_m, footprints.area_m2, footprints.extent_m])
    _, first, like = np.unique(measures, axis=0, return_index=True, return_inverse=True)
    first_like = first[like.ravel()]
    again = np.flatnonzero(first_like != np.arange(len(first_like)))
    drawn, before = footprints.geometries[again], footprints.geometries[first_like[again]]
    other = again[~shapely.equals_exact(drawn, before, normalize=True)]  # a shape and its mirror image measure the same
    first_like[other] = other
    return np.unique(first_like, return_inverse=True)


def likeness_of(left: Footprints, right: Footprints, i: Positions, j: Positions) -> Floats:
    """Return how alike in size pairs are: the product of the ratios of area, width and height, the smaller to the larger."""
    sizes = np.column_stack([left.area_m2[i], left.extent_m[i]]), np.column_stack([right.area_m2[j], right.extent_m[j]])
    return np.asarray((np.minimum(*sizes) / np.maximum(*sizes)).prod(axis=1))
