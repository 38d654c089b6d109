"""How much of each cell a polygon covers, exactly: the only module that imports exactextract.

Polygons come in units of cells, so that the grid is that of the integers and no edge of a cell is rounded. What the
cells hold is not asked: values, masks and slopes are looked up by those who measure.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import shapely
from exactextract import exact_extract
from exactextract.feature import Feature, FeatureSource
from exactextract.raster import NumPyRasterSource
from numpy.typing import NDArray

__all__ = ["Coverage", "cover_cells"]

# an edge along a cell's edge is off it by rounding: what shares less than this with a cell does not touch it
_TOUCH_SHARE = 1e-7

Integers: TypeAlias = NDArray[np.int64]


class Coverage(NamedTuple):
    """The cells that polygons touch; arrays of one length, in the order of the polygons, then from the north-west.

    Attributes
    ----------
    zone
        The position of the polygon.
    cell
        The position of the cell in the window, row by row.
    share
        How much of the cell it covers, above 0 and up to 1.
    """

    zone: Integers
    cell: Integers
    share: NDArray[np.float64]


def cover_cells(polygons: NDArray[Any], left: int, top: int, right: int, bottom: int) -> Coverage:
    """Return how polygons cover the cells of a window; what lies beyond it is not told.

    Parameters
    ----------
    polygons
        Valid polygons in units of cells: x is the column, y is minus the row.
    left, top, right, bottom
        The window: columns and rows, the last ones excluded.
    """
    window = np.broadcast_to(np.zeros(1, dtype=np.uint8), (bottom - top, right - left))
    source = NumPyRasterSource(window, left, -bottom, right, -top)
    # as frames they take twice as long
    found = exact_extract(source, _Polygons(polygons), ["cell_id", "coverage"], output="geojson")
    cells = [one["properties"]["cell_id"] for one in found]
    zone = np.repeat(np.arange(len(polygons)), [len(each) for each in cells])
    cell, share = np.concatenate([*cells, []]), np.concatenate([*(one["properties"]["coverage"] for one in found), []])
    touched = share > _TOUCH_SHARE
    return Coverage(zone[touched], cell[touched].astype(np.int64), share[touched])


class _Polygons(FeatureSource):  # type: ignore[misc] # exactextract ships no types
    """Polygons as exactextract takes them: as WKB, without attributes."""

    def __init__(self, polygons: NDArray[Any]) -> None:
        super().__init__()
        self._wkb = shapely.to_wkb(polygons)

    def count(self) -> int:
        return len(self._wkb)

    def __iter__(self) -> Iterator["_Polygon"]:
        return map(_Polygon, self._wkb)

    def srs_wkt(self) -> None:
        return None


class _Polygon(Feature):  # type: ignore[misc] # exactextract ships no types
    def __init__(self, wkb: bytes) -> None:
        super().__init__()
        self._wkb = wkb

    def geometry(self) -> bytes:
        return self._wkb

    def fields(self) -> list[str]:
        return []
