"""The map extract of a certificate: footprints to scale on paper, as coordinates in millimetres that a page can draw."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["EXTRACT_MM", "draw_extract", "extract_bounds_m"]

EXTRACT_MM = 84.0
"""Side of the square on paper."""
_SCALES = (100, 200, 250, 500, 1_000, 2_000, 2_500, 5_000, 10_000, 20_000, 25_000, 50_000, 100_000)
# the footprint takes at most this share of the square: what stands around it belongs to the picture
_SHARE = 0.56
_FEWEST_TICKS = 3
_STEPS_M = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
_BAR_MM = 30.0


def extract_bounds_m(footprint: Any) -> tuple[float, float, float, float]:
    """Return what the extract of a footprint shows: west, south, east, north in metres of the footprint's plane."""
    half_m = EXTRACT_MM * _scale(footprint) / 2000
    west, south, east, north = footprint.bounds
    x, y = (west + east) / 2, (south + north) / 2
    return x - half_m, y - half_m, x + half_m, y + half_m


def draw_extract(footprint: Any, neighbours: NDArray[Any]) -> dict[str, Any]:
    """Return the map extract of a footprint as JSON holds it.

    Parameters
    ----------
    footprint, neighbours
        Polygons or multipolygons in the same plane, in metres, x = east.

    Returns
    -------
    dict
        ``scale`` (the denominator), ``side_mm``; ``footprint`` and ``neighbours``: polygons, each a list of rings of
        ``[right, down]`` in millimetres from the upper left; ``east`` and ``north``: the grid's lines, each with
        ``at_mm`` and ``value_m``; ``bar``: the scale bar's ``length_mm`` and ``length_m``.
    """
    west, south, east, north = extract_bounds_m(footprint)
    scale = _scale(footprint)
    frame = shapely.box(west, south, east, north)
    mm_per_m = 1000 / scale
    shown = [shapely.intersection(shape, frame) for shape in neighbours]
    step_m = max(step for step in (_STEPS_M[0], *_STEPS_M) if (east - west) / step >= _FEWEST_TICKS)
    bar_m = max(step for step in (_STEPS_M[0], *_STEPS_M) if step * mm_per_m <= _BAR_MM)

    def rings(shape: Any) -> list[list[list[list[float]]]]:
        return [_rings(part, west, north, mm_per_m) for part in _polygons(shape)]

    return {
        "scale": scale,
        "side_mm": EXTRACT_MM,
        "footprint": rings(footprint),
        "neighbours": [polygon for shape in shown for polygon in rings(shape)],
        "east": _ticks(west, east, step_m, lambda x: (x - west) * mm_per_m),
        "north": _ticks(south, north, step_m, lambda y: (north - y) * mm_per_m),
        "bar": {"length_mm": round(bar_m * mm_per_m, 2), "length_m": bar_m},
    }


def _scale(footprint: Any) -> int:
    west, south, east, north = footprint.bounds
    extent_mm = 1000 * max(east - west, north - south)
    return next((scale for scale in _SCALES if extent_mm / scale <= _SHARE * EXTRACT_MM), _SCALES[-1])


def _polygons(shape: Any) -> Sequence[Any]:
    """Return the polygons of a geometry, without the lines and points that clipping may leave."""
    return [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and not part.is_empty]


def _rings(polygon: Any, west: float, north: float, mm_per_m: float) -> list[list[list[float]]]:
    rings = []
    for ring in (polygon.exterior, *polygon.interiors):
        xy = shapely.get_coordinates(ring)[:-1]
        # adding zero makes a negative zero a plain one
        mm = np.round(np.column_stack([xy[:, 0] - west, north - xy[:, 1]]) * mm_per_m, 2) + 0.0
        rings.append(mm.tolist())
    return rings


def _ticks(first: float, last: float, step_m: int, place: Any) -> list[dict[str, float]]:
    values = range(int(np.ceil(first / step_m)) * step_m, int(last) + 1, step_m)
    return [{"at_mm": round(place(value), 2), "value_m": value} for value in values]
