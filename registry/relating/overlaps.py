"""Pairs of footprints of two surveys, and what can be measured on all of them at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["Footprints", "Pairs", "find_pairs", "measure_footprints", "move_footprints", "overlaps_within"]

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
    xy, owner = shapely.get_coordinates(footprints.geometries, return_index=True)
    moved = shapely.set_coordinates(footprints.geometries.copy(), xy + vectors_m[owner])
    return Footprints(moved, footprints.area_m2, footprints.centroid_m + vectors_m, footprints.extent_m)


def find_pairs(delivered: Footprints, known: Footprints, *, near_m: float) -> Pairs:
    """Return the pairs that share ground, and those of like size that stand within a distance of each other."""
    i, j = shapely.STRtree(known.geometries).query(delivered.geometries, predicate="dwithin", distance=near_m)
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    likeness = _likeness(delivered, known, i, j)
    overlap = np.zeros(len(i))
    boxes = shapely.box(*shapely.bounds(delivered.geometries).T), shapely.box(*shapely.bounds(known.geometries).T)
    meeting = shapely.intersects(boxes[0][i], boxes[1][j])
    overlap[meeting] = shapely.area(
        shapely.intersection(delivered.geometries[i[meeting]], known.geometries[j[meeting]])
    )
    distance = np.linalg.norm(delivered.centroid_m[i] - known.centroid_m[j], axis=1)
    area_i, area_j = delivered.area_m2[i], known.area_m2[j]
    pairs = Pairs(
        i, j, overlap, overlap / (area_i + area_j - overlap), overlap / area_i, overlap / area_j, distance, likeness
    )
    return pairs.where((overlap > 0) | (distance <= _nearness(delivered, i, near_m)))


def overlaps_within(footprints: Footprints) -> Pairs:
    """Return the pairs of one survey's footprints that share ground, each once, the lower position first.

    Of footprints that are equal each makes a pair with the next one alone, and the first with the others: a file that has
    one building ten thousand times has no fifty million pairs.
    """
    measures = np.column_stack([footprints.centroid_m, footprints.area_m2, footprints.extent_m])
    _, first, like = np.unique(measures, axis=0, return_index=True, return_inverse=True)
    tree = shapely.STRtree(footprints.geometries[first])
    i, j = first[tree.query(footprints.geometries[first], predicate="intersects")]
    like = like.ravel()
    again = np.argsort(like, kind="stable")
    chained = like[again[1:]] == like[again[:-1]]
    i, j = np.concatenate([i[i < j], again[:-1][chained]]), np.concatenate([j[i < j], again[1:][chained]])
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    overlap = shapely.area(shapely.intersection(footprints.geometries[i], footprints.geometries[j]))
    area_i, area_j = footprints.area_m2[i], footprints.area_m2[j]
    distance = np.linalg.norm(footprints.centroid_m[i] - footprints.centroid_m[j], axis=1)
    iou = overlap / (area_i + area_j - overlap)
    likeness = _likeness(footprints, footprints, i, j)
    pairs = Pairs(i, j, overlap, iou, overlap / area_i, overlap / area_j, distance, likeness)
    return pairs.where(overlap > 0)


def _nearness(delivered: Footprints, i: Positions, near_m: float) -> Floats:
    """Return how far the centroids of two that do not overlap may be apart: the reach and the footprint's own width."""
    return np.asarray(near_m + np.minimum(delivered.extent_m[i].min(axis=1), near_m))


def _likeness(left: Footprints, right: Footprints, i: Positions, j: Positions) -> Floats:
    sizes = np.column_stack([left.area_m2[i], left.extent_m[i]]), np.column_stack([right.area_m2[j], right.extent_m[j]])
    return np.asarray((np.minimum(*sizes) / np.maximum(*sizes)).prod(axis=1))
