"""Fingerprints: the same drawn geometry has the same one, whatever the order of its rings and vertices."""

from hashlib import sha256
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.sizes import UNITS_PER_DEG

__all__ = ["fingerprints"]


def fingerprints(geometries: NDArray[Any]) -> list[str]:
    """Return the SHA-256 of each footprint's canonical form, in hexadecimal.

    Parameters
    ----------
    geometries
        Valid polygons and multipolygons in EPSG:4490, shape (n,).

    Notes
    -----
    The canonical form has ordinates snapped to 1e-8 degrees as the code has them, no repeated vertices, every footprint
    as a multipolygon, and rings and parts in GEOS's normal order.
    """
    snapped = shapely.transform(geometries, lambda xy: np.rint(xy * UNITS_PER_DEG) + 0.0)
    normal = shapely.normalize(shapely.remove_repeated_points(snapped, 0.0))
    parts = [shapely.MultiPolygon([g]) if g.geom_type == "Polygon" else g for g in normal]
    return [sha256(wkb).hexdigest() for wkb in shapely.to_wkb(parts, byte_order=1)]
