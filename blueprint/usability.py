"""Which geometries can be overlaid at all."""

from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["describe_unusable"]

Texts: TypeAlias = NDArray[np.object_]


def describe_unusable(geometries: NDArray[np.object_]) -> Texts:
    """Return why a geometry cannot be overlaid, None where it can: it must be there, not empty, finite and valid."""
    reasons = np.full(len(geometries), None, dtype=object)
    for row in np.flatnonzero(~shapely.is_valid(geometries) | shapely.is_empty(geometries)):
        geometry = geometries[row]
        nothing = geometry is None or geometry.is_empty
        reasons[row] = "There is no geometry." if nothing else f"{shapely.is_valid_reason(geometry)}."
    return reasons
