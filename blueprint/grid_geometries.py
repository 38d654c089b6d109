"""Geometries of a plane as results state them: whole numbers of 0.1 mm, rings in one order, so that a hash is stable."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

__all__ = ["GRID_M", "GRID_PER_M", "from_grid", "to_grid"]

GRID_PER_M = 10_000
GRID_M = 1 / GRID_PER_M


def to_grid(geometry: Any) -> dict[str, Any] | None:
    """Return a geometry in a plane in metres as a GeoJSON object whose coordinates are whole numbers of `GRID_M`.

    Parts and rings begin and follow each other in one order, whichever engine made them. None where there is no geometry.
    """
    if geometry is None or geometry.is_empty:
        return None
    whole = shapely.transform(shapely.force_2d(geometry), lambda xy: np.rint(xy / GRID_M))
    told: dict[str, Any] = shapely.geometry.mapping(shapely.normalize(whole))
    return _whole(told)


def from_grid(told: Mapping[str, Any]) -> Any:
    """Return the geometry in metres that `to_grid` has told; as coordinates were rounded, it need not be valid."""
    return shapely.transform(shapely.geometry.shape(told), lambda xy: xy * GRID_M)


def _whole(told: Mapping[str, Any]) -> dict[str, Any]:
    if "geometries" in told:
        return {"type": told["type"], "geometries": [_whole(each) for each in told["geometries"]]}
    return {"type": told["type"], "coordinates": _numbers(told["coordinates"])}


def _numbers(coordinates: Any) -> Any:
    return [_numbers(each) for each in coordinates] if isinstance(coordinates, Sequence) else int(coordinates)
