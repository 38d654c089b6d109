"""The ground that delivered and known footprints share as they are drawn, before any shift is taken away."""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from registry.relating.overlaps import Footprints, are_among
from registry.relating.shared_areas import shared_areas
from registry.relating.surveys import Survey

__all__ = ["DrawnOverlaps", "drawn_overlaps"]

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


class DrawnOverlaps(NamedTuple):
    """Pairs of a row and a known building, by their positions in the frames and sorted by these.

    Attributes
    ----------
    area_m2, share, iou
        The ground they share, its share of the smaller of the two, and intersection over union.
    """

    rows: Positions
    buildings: Positions
    area_m2: Floats
    share: Floats
    iou: Floats

    def iou_of(self, rows: Positions, buildings: Positions) -> Floats:
        """Return the intersection over union of pairs (positions in the frames), NaN of those that are not here."""
        count = int(max(self.buildings.max(initial=0), buildings.max(initial=0))) + 1
        here, wanted = self.rows * count + self.buildings, rows * count + buildings
        place = np.searchsorted(here, wanted)
        found = np.append(here, -1)[place] == wanted
        return np.where(found, np.append(self.iou, np.nan)[place], np.nan)


def drawn_overlaps(
    ours: Survey, theirs: Survey, *, equal: tuple[Positions, Positions], least_share: float
) -> DrawnOverlaps:
    """Return the pairs that share more than a share of the smaller of the two.

    Parameters
    ----------
    equal
        Pairs of positions in the surveys that are equal: they share all their ground.
    """
    left, right = ours.footprints, theirs.footprints
    i, j = shapely.STRtree(right.geometries).query(left.geometries)
    smaller = np.minimum(left.area_m2[i], right.area_m2[j])
    same = are_among(i, j, *equal)
    much = same | (_shared_by_boxes(left, right, i, j) > least_share * smaller)
    i, j, smaller, same = i[much], j[much], smaller[much], same[much]
    area = smaller.copy()
    area[~same] = shared_areas(left.geometries, right.geometries, i[~same], j[~same])
    much = area > least_share * smaller
    i, j, area, smaller = i[much], j[much], area[much], smaller[much]
    rows, buildings = ours.position[i], theirs.position[j]
    order = np.lexsort((buildings, rows))
    iou = area / (left.area_m2[i] + right.area_m2[j] - area)
    return DrawnOverlaps(rows[order], buildings[order], area[order], (area / smaller)[order], iou[order])


def _shared_by_boxes(left: Footprints, right: Footprints, i: Positions, j: Positions) -> Floats:
    """Return the ground that the boxes of pairs share: two footprints never share more."""
    here, there = shapely.bounds(left.geometries)[i], shapely.bounds(right.geometries)[j]
    sides = np.minimum(here[:, 2:], there[:, 2:]) - np.maximum(here[:, :2], there[:, :2])
    return np.asarray(np.clip(sides, 0, None).prod(axis=1))
