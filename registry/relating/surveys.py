"""A frame as the matching takes it: measured, and in an order of its own, so that the frame's order changes nothing."""

from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from registry.relating.errors import SurveyError
from registry.relating.overlaps import Footprints, measure_footprints

__all__ = ["Survey", "equal_pairs", "read_survey", "refuse_frames"]

_NEARLY_M = 0.01


class Survey(NamedTuple):
    """Footprints in the order of their places, the position of each in the frame, its index label and fingerprint there."""

    footprints: Footprints
    position: NDArray[np.intp]
    names: NDArray[Any]
    fingerprint: NDArray[Any] | None

    def take(self, positions: NDArray[np.intp]) -> "Survey":
        """Return some of the footprints, in ascending positions; those in the frame stay what they are."""
        marks = None if self.fingerprint is None else self.fingerprint[positions]
        return Survey(self.footprints.take(positions), self.position[positions], self.names[positions], marks)


def refuse_frames(delivered: gpd.GeoDataFrame, known: gpd.GeoDataFrame) -> None:
    """Refuse frames that are not in one projected plane in metres, or whose index does not name the rows one by one.

    Raises
    ------
    SurveyError
    """
    for name, frame in (("delivered", delivered), ("known", known)):
        unit = frame.crs.axis_info[0].unit_name if frame.crs is not None and frame.crs.is_projected else None
        if unit != "metre":
            raise SurveyError(f"The {name} frame is in {frame.crs}: project it to a plane in metres.")
        if not frame.index.is_unique:
            raise SurveyError(f"The index of the {name} frame is not unique: reset it.")
    if delivered.crs != known.crs:
        raise SurveyError(f"The frames are in {delivered.crs} and {known.crs}: project one to the other's plane.")


def read_survey(frame: gpd.GeoDataFrame) -> Survey:
    """Return a frame of valid polygons in metres as a survey."""
    footprints = measure_footprints(np.asarray(frame.geometry.values))
    x, y = footprints.centroid_m.T
    order = np.lexsort((footprints.area_m2, y, x))
    marks = np.asarray(frame["fingerprint"], dtype=object)[order] if "fingerprint" in frame else None
    names = np.empty(len(frame), dtype=object)
    names[:] = frame.index.tolist()
    return Survey(footprints.take(order), order, names[order], marks)


def equal_pairs(delivered: Survey, known: Survey, *, snapping_m: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of the pairs that are the same as delivered: by fingerprint, or nowhere farther apart."""
    left, right = delivered.footprints, known.footprints
    tree = shapely.STRtree(shapely.points(right.centroid_m))
    i, j = tree.query(shapely.points(left.centroid_m), predicate="dwithin", distance=_NEARLY_M)
    equal = np.zeros(len(i), dtype=bool)
    if delivered.fingerprint is not None and known.fingerprint is not None:
        equal = np.asarray(delivered.fingerprint[i] == known.fingerprint[j], dtype=bool)
    drawn = ~equal
    equal[drawn] = shapely.hausdorff_distance(left.geometries[i[drawn]], right.geometries[j[drawn]]) <= snapping_m
    return i[equal], j[equal]
