"""Rasters to try on: written by rasterio, which the product only reads with."""

import numpy as np
import rasterio

CRS = "EPSG:4551"
WEST, NORTH = 540_000.0, 4_860_000.0


def write_raster(path, values, *, cell=2.0, crs=CRS, nodata=None, transform=None, **options):
    """Write an array, or several as bands, from the north-western corner on."""
    bands = np.atleast_3d(np.asarray(values).T).T
    place = rasterio.Affine(cell, 0, WEST, 0, -cell, NORTH) if transform is None else transform
    shape = {"count": bands.shape[0], "height": bands.shape[1], "width": bands.shape[2]}
    with rasterio.open(
        path, "w", driver="GTiff", dtype=bands.dtype, crs=crs, transform=place, nodata=nodata, **shape, **options
    ) as raster:
        raster.write(bands)
    return path


def plane_values(a, b, c, *, rows, columns, cell=2.0):
    """Return z = a x + b y + c at the centres of cells."""
    x, y = WEST + (np.arange(columns) + 0.5) * cell, NORTH - (np.arange(rows) + 0.5) * cell
    return a * x[None, :] + b * y[:, None] + c
