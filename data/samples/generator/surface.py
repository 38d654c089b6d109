"""The height-limit surface: one tilted plane, as a raster and as the coefficients of its vector twin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio import Affine

from generator.frame import CRS

CELL_M = 10.0
WEST_M, NORTH_M = 540_000.0, 4_860_500.0
COLUMNS, ROWS = 800, 900


@dataclass(frozen=True, slots=True)
class Plane:
    """The plane z = a x + b y + c over eastings and northings in metres."""

    a: float
    b: float
    c: float

    def at(self, x_m: float, y_m: float) -> float:
        """Return the plane's height above the 1985 datum, in metres."""
        return self.a * x_m + self.b * y_m + self.c


# Dyadic coefficients: every cell centre's height is exact even in 32 bits. 320 m above the district's middle.
PLANE = Plane(1 / 128, -1 / 256, 15_038.75)


def write_surface(path: Path) -> None:
    """Write the plane at the centres of 10 m cells as a GeoTIFF of 32-bit heights, north row first."""
    x = WEST_M + CELL_M * (np.arange(COLUMNS) + 0.5)
    y = NORTH_M - CELL_M * (np.arange(ROWS) + 0.5)
    heights = (PLANE.a * x[None, :] + PLANE.b * y[:, None] + PLANE.c).astype(np.float32)
    profile = {
        "driver": "GTiff", "width": COLUMNS, "height": ROWS, "count": 1, "dtype": "float32", "crs": CRS,
        "transform": Affine(CELL_M, 0.0, WEST_M, 0.0, -CELL_M, NORTH_M), "nodata": -9999.0,
        "compress": "deflate", "predictor": 3, "zlevel": 9, "tiled": True, "blockxsize": 256, "blockysize": 256,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(heights, 1)
