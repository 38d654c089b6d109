"""Rasters as cloud-optimised GeoTIFF: the same cells in tiles, with overviews, so that a window is read without the rest."""

from pathlib import Path

import rasterio
from rasterio.shutil import copy as copy_raster

from layers.errors import RefusedFile, refused
from layers.rasters import open_geotiff

__all__ = ["is_cloud_optimised", "write_cloud_optimised"]

_TILE = 512
# the overviews are to look at, and nothing is measured on them: of classes no average is one
_OPTIONS = {
    "COMPRESS": "DEFLATE",
    "PREDICTOR": "YES",
    "BLOCKSIZE": str(_TILE),
    "BIGTIFF": "IF_SAFER",
    "OVERVIEW_RESAMPLING": "NEAREST",
}


def is_cloud_optimised(path: Path) -> bool:
    """Tell whether a GeoTIFF is laid out as a cloud-optimised one, as its own header states, and has tiles.

    Raises
    ------
    RefusedFile
        It cannot be read.
    """
    with open_geotiff(path) as dataset:
        is_small = max(dataset.shape) <= _TILE
        # strips are as wide as the raster
        is_tiled = all(width < dataset.width or height == _TILE for height, width in dataset.block_shapes)
        return dataset.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") == "COG" and (is_small or is_tiled)


def write_cloud_optimised(path: Path, target: Path) -> None:
    """Write a GeoTIFF as a cloud-optimised one, without loss, once its cells are found to be the same.

    Raises
    ------
    RefusedFile
        It cannot be read, or what was written is not the same.
    """
    with open_geotiff(path) as dataset:
        cells = _cells(dataset)
        copy_raster(dataset, target, driver="COG", **_OPTIONS)
        with open_geotiff(target) as written:
            same = cells == _cells(written)
    if not same:
        raise _not_the_same(path)


def _cells(dataset: rasterio.DatasetReader) -> tuple[object, ...]:
    """Return what tells the cells of a raster from others: size, place, values of every band."""
    sums = [dataset.checksum(band) for band in dataset.indexes]
    return dataset.shape, dataset.transform, dataset.dtypes, dataset.nodatavals, dataset.scales, dataset.offsets, sums


def _not_the_same(path: Path) -> RefusedFile:
    refusal = refused("raster_not_the_same")
    refusal.file = path.name
    return refusal
