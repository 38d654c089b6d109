"""The map extract of a certificate: footprints to scale on paper, as coordinates in millimetres that a page can draw."""

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["EXTRACT_MM", "Sheet", "draw_extract", "extract_bounds_m", "sheet_around"]

EXTRACT_MM = 84.0
"""Side of the square on paper."""
_SCALES = (
    *(100, 200, 250, 500, 1_000, 2_000, 2_500, 5_000, 10_000, 20_000, 25_000, 50_000, 100_000),
    *(200_000, 250_000, 500_000, 1_000_000),
)
# the footprint takes at most this share of the square: what stands around it belongs to the picture
_SHARE = 0.56
_FEWEST_TICKS = 3
_STEPS_M = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
_BAR_MM = 30.0


class Sheet(NamedTuple):
    """A square of paper that shows a piece of a plane to scale, its north up.

    Attributes
    ----------
    scale
        The denominator.
    west_m, north_m
        Of its upper left corner, in metres of the plane.
    """

    scale: int
    west_m: float
    north_m: float

    @property
    def bounds_m(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        side_m = EXTRACT_MM * self.scale / 1000
        return self.west_m, self.north_m - side_m, self.west_m + side_m, self.north_m

    def place(self, geometry: Any) -> list[list[float]]:
        """Return the coordinates of a geometry on paper: ``[right, down]`` in millimetres from the upper left."""
        xy = shapely.get_coordinates(geometry)
        # adding zero makes a negative zero a plain one
        mm = np.round(np.column_stack([xy[:, 0] - self.west_m, self.north_m - xy[:, 1]]) * 1000 / self.scale, 2) + 0.0
        placed: list[list[float]] = mm.tolist()
        return placed

    def polygons(self, geometry: Any) -> list[list[list[list[float]]]]:
        """Return the polygons of a geometry on paper, each a list of open rings; lines and points are left out."""
        parts = shapely.get_parts(shapely.get_parts(geometry))
        some = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
        return [[self.place(ring)[:-1] for ring in (part.exterior, *part.interiors)] for part in some]

    def frame(self) -> dict[str, Any]:
        """Return what surrounds the drawing: scale, side, the grid's lines in both directions, the scale bar."""
        west, south, east, north = self.bounds_m
        mm_per_m = 1000 / self.scale
        step_m = max(step for step in (_STEPS_M[0], *_STEPS_M) if (east - west) / step >= _FEWEST_TICKS)
        bar_m = max(step for step in (_STEPS_M[0], *_STEPS_M) if step * mm_per_m <= _BAR_MM)
        return {
            "scale": self.scale,
            "side_mm": EXTRACT_MM,
            "east": _ticks(west, east, step_m, lambda x: (x - west) * mm_per_m),
            "north": _ticks(south, north, step_m, lambda y: (north - y) * mm_per_m),
            "bar": {"length_mm": round(bar_m * mm_per_m, 2), "length_m": bar_m},
        }


def sheet_around(geometry: Any, *, share: float = _SHARE) -> Sheet:
    """Return the sheet in whose middle a geometry takes at most a share of the side, at a scale that people use."""
    west, south, east, north = geometry.bounds
    extent_mm = 1000 * max(east - west, north - south)
    scale = next((scale for scale in _SCALES if extent_mm / scale <= share * EXTRACT_MM), _SCALES[-1])
    half_m = EXTRACT_MM * scale / 2000
    return Sheet(scale, (west + east) / 2 - half_m, (south + north) / 2 + half_m)


def extract_bounds_m(footprint: Any) -> tuple[float, float, float, float]:
    """Return what the extract of a footprint shows: west, south, east, north in metres of the footprint's plane."""
    return sheet_around(footprint).bounds_m


def draw_extract(footprint: Any, neighbours: NDArray[Any]) -> dict[str, Any]:
    """Return the map extract of a footprint as JSON holds it.

    Parameters
    ----------
    footprint, neighbours
        Polygons or multipolygons in the same plane, in metres, x = east.

    Returns
    -------
    dict
        That of `Sheet.frame`; ``footprint`` and ``neighbours``: polygons as `Sheet.polygons` returns them.
    """
    sheet = sheet_around(footprint)
    window = shapely.box(*sheet.bounds_m)
    shown = [shapely.intersection(shape, window) for shape in neighbours]
    return {
        **sheet.frame(),
        "footprint": sheet.polygons(footprint),
        "neighbours": [polygon for shape in shown for polygon in sheet.polygons(shape)],
    }


def _ticks(first: float, last: float, step_m: int, place: Any) -> list[dict[str, float]]:
    values = range(int(np.ceil(first / step_m)) * step_m, int(last) + 1, step_m)
    return [{"at_mm": round(place(value), 2), "value_m": value} for value in values]
