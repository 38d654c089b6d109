"""Degrees to whole units of 1e-8 degrees, and the places that are none."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocode.compiled import compiled
from geocode.rings import Rings
from geocode.sizes import UNITS_PER_DEG

__all__ = ["Snapped", "snap"]

_MAX_LON_DEG, _MAX_LAT_DEG, _MAX_RING_SPAN_DEG = 180.0, 90.0, 180.0


class Snapped(NamedTuple):
    """Vertices of n footprints in whole units.

    Attributes
    ----------
    x, y
        Every vertex, in units of 1e-8 degrees, shape (v,); 0 where a vertex has no place.
    lost
        The first vertex of each footprint that is no longitude and latitude, counted over all footprints, −1 where all
        are, shape (n,).
    is_wide
        Whether one of a footprint's rings spans more than 180° of longitude, shape (n,).
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    lost: NDArray[np.int64]
    is_wide: NDArray[np.bool_]


@compiled("void(f8[:], f8[:], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], b1[::1])")
def _snap(  # noqa: PLR0913 - a compiled loop takes its arrays apart
    lon: Any, lat: Any, starts: Any, first: Any, x: Any, y: Any, lost: Any, is_wide: Any
) -> None:
    """Write the units of every vertex, and what keeps each footprint from having a place."""
    for row in range(lost.size):
        lost[row], is_wide[row] = -1, False
        for ring in range(first[row], first[row + 1]):
            west, east = np.inf, -np.inf
            for i in range(starts[ring], starts[ring + 1]):
                if abs(lon[i]) <= _MAX_LON_DEG and abs(lat[i]) <= _MAX_LAT_DEG:
                    west, east = min(west, lon[i]), max(east, lon[i])
                    # one multiplication, then round half to even
                    x[i], y[i] = np.int64(np.rint(lon[i] * UNITS_PER_DEG)), np.int64(np.rint(lat[i] * UNITS_PER_DEG))
                else:
                    x[i], y[i] = 0, 0
                    if lost[row] < 0:
                        lost[row] = i
            if east - west > _MAX_RING_SPAN_DEG:
                is_wide[row] = True


def snap(lon: NDArray[np.float64], lat: NDArray[np.float64], rings: Rings) -> Snapped:
    """Return vertices, given in degrees, in whole units, with what keeps a footprint from having any.

    Parameters
    ----------
    lon, lat
        Every vertex of the rings in degrees, shape (v,); not finite where it has no place.
    rings
        The rings that they form.
    """
    count = len(rings.first) - 1
    x, y, lost = np.empty(len(lon), np.int64), np.empty(len(lon), np.int64), np.empty(count, np.int64)
    is_wide = np.empty(count, dtype=bool)
    _snap(lon, lat, rings.starts, rings.first, x, y, lost, is_wide)
    return Snapped(x, y, lost, is_wide)
