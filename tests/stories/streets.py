"""Streets of houses for the stories, as surveying units deliver them."""

import json
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.planes import from_plane

PLANE = "EPSG:4551"
ORIGIN = (540_000.0, 4_850_000.0)
SPACING_M = 40.0
PER_STREET = 40


def houses(count: int, *, first: int = 0, size_m: float = 20.0, east_m: float = 0.0) -> NDArray[Any]:
    """Return houses in a plane in metres, forty to a street, from the `first` place on."""
    places = np.arange(first, first + count)
    x = ORIGIN[0] + east_m + SPACING_M * (places % PER_STREET)
    y = ORIGIN[1] + SPACING_M * (places // PER_STREET)
    boxes: NDArray[Any] = shapely.box(x, y, x + size_m, y + size_m / 2)
    return boxes


def delivery(shapes: NDArray[Any], **columns: Any) -> bytes:
    """Return houses in the plane as a GeoJSON file in degrees."""
    ground = from_plane(shapes, PLANE)
    features = [
        {
            "type": "Feature",
            "properties": {name: values[i] for name, values in columns.items()},
            "geometry": shapely.geometry.mapping(ground[i]),
        }
        for i in range(len(ground))
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()
