"""Regions painted one over the other, and the coverage without gaps or overlaps that results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from generator.frame import Area

_GRID_M = 0.001
_FLAT_M = 4.0  # a corner of a bent line whose triangle is smaller than this squared is left out


@dataclass(frozen=True, slots=True)
class Region:
    """A piece of ground: what it is used for (a row of uses.csv), its name, its shape.

    ``axis`` is the unit vector along which its buildings stand, ``core`` how far from the middle of the town it lies
    (0 the middle, 1 the edge), ``grade`` and ``width_m`` are those of a street.
    """

    use: str
    name: str
    shape: Area
    axis: tuple[float, float] = (1.0, 0.0)
    core: float = 9.0
    grade: str = ""
    width_m: float = 0.0


def cover(regions: Sequence[Region], outline: Polygon) -> list[Region]:
    """Return the regions as a coverage of the outline: where several lie, the first one holds the ground.

    Every line is noded on the millimetre grid, so that neighbours share their vertices exactly. A region cut apart
    becomes a MultiPolygon; one of which nothing is left is left out.
    """
    shapes = np.array([region.shape for region in regions])
    faces = _faces([*shapes, outline], outline)
    point, region = shapely.STRtree(shapes).query(shapely.point_on_surface(faces), predicate="within")
    holder = np.full(len(faces), len(regions))
    np.minimum.at(holder, point, region)
    if holder.max() == len(regions):
        raise ValueError("The regions leave a gap in the outline: paint a background last.")
    held = np.unique(holder)
    merged = [shapely.coverage_union_all(faces[holder == index]) for index in held]
    merged = shapely.normalize(shapely.coverage_simplify(_singles(merged), _FLAT_M))
    return [replace(regions[index], shape=shape) for index, shape in zip(held, merged, strict=True)]


def _faces(shapes: Sequence[Area], outline: Polygon) -> NDArray[np.object_]:
    """Return the faces of the shapes' boundaries that lie inside the outline."""
    lines = shapely.union_all(shapely.boundary(np.array(shapes)), grid_size=_GRID_M)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inside: NDArray[np.object_] = faces[shapely.contains(outline, shapely.point_on_surface(faces))]
    return inside


def _singles(shapes: Sequence[Area]) -> NDArray[np.object_]:
    """Return the shapes, those of a single part as Polygon."""
    parts = [list(shapely.get_parts(shape)) for shape in shapes]
    return np.array([part[0] if len(part) == 1 else shape for part, shape in zip(parts, shapes, strict=True)])
