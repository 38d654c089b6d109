"""The order of axes: x, y whatever a file writes, and the numbers' word against a file that says the wrong one.

GML and JSON-FG write coordinates in the order that the CRS has in EPSG's register: latitude, longitude for EPSG:4490,
and northing, easting for Gauss–Krüger. Programs that say so and write the other order are many.
"""

from dataclasses import replace

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from layers.crs import FoundCrs
from layers.remarks import remark
from layers.tables import Table

__all__ = ["in_xy", "is_north_first"]

# a zone is kept beyond its edge, and used to the north and south of its area
_MARGIN_LON_DEG, _MARGIN_LAT_DEG = 3.0, 15.0


def is_north_first(crs: pyproj.CRS) -> bool:
    """Return whether the first axis of a CRS, as its register has it, points north."""
    return bool(crs.axis_info) and crs.axis_info[0].direction.lower() == "north"


def in_xy(table: Table, found: FoundCrs, *, north_first: bool) -> Table:
    """Return a table in x, y and in a CRS.

    Parameters
    ----------
    table
        Geometries in the order of the file.
    found
        The CRS that the file states.
    north_first
        Whether the file says that northing or latitude comes first. Where only the other order leads into the CRS's area
        of use, that one counts, and a remark tells it.
    """
    xy = shapely.get_coordinates(table.geometries)
    xy = xy[np.isfinite(xy).all(axis=1)]
    notes = table.notes
    if len(xy):
        middle = np.median(xy, axis=0)
        by_order = {order: _is_at_home(middle[::-1] if order else middle, found.crs) for order in (False, True)}
        if not by_order[north_first] and by_order[not north_first]:
            north_first = not north_first
            notes = (*notes, remark("axis_order_north" if north_first else "axis_order_east", name=found.name))
    if not north_first:
        return replace(table, crs=found, notes=notes)
    curved = {row: curve._replace(geometry=_swapped(curve.geometry)) for row, curve in table.curved.items()}
    return replace(table, geometries=_swapped(table.geometries), crs=found, notes=notes, curved=curved)


def _swapped(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    swapped: NDArray[np.object_] = shapely.transform(geometries, lambda xy: xy[:, ::-1])
    return swapped


def _is_at_home(xy: NDArray[np.float64], crs: pyproj.CRS) -> bool:
    """Return whether a position lies in the area of use of a CRS, or near it."""
    if crs.area_of_use is None or crs.geodetic_crs is None:
        return False
    to_degrees = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    lon, lat = to_degrees.transform(*xy)
    west, south, east, north = crs.area_of_use.bounds
    return bool(
        west - _MARGIN_LON_DEG <= lon <= east + _MARGIN_LON_DEG
        and south - _MARGIN_LAT_DEG <= lat <= north + _MARGIN_LAT_DEG
        and abs(lat) <= 90  # noqa: PLR2004 - a pole
    )
