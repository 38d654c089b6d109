"""Rasters from others: their cells come out of a confined process as bare numbers, and are kept in a file of our own."""

from os import PathLike
from pathlib import Path
from typing import Any

from layers.cloud_rasters import write_cloud_optimised
from layers.confined.frozen import checking
from layers.confined.reading import asked
from layers.raster_cells import RasterCells, write_geotiff
from layers.rasters import Raster, open_raster

__all__ = ["read_raster_confined"]


def read_raster_confined(path: str | PathLike[str], target: Path, **stated: Any) -> Raster:
    """Write the cells of a GeoTIFF from somebody else into a cloud-optimised one of our own, and return that.

    The delivered file is opened in the confined process alone: in this one GDAL opens nothing but what was written here.

    Parameters
    ----------
    target
        The file that is made.
    stated
        ``band``, ``crs``, ``vertical`` and ``nodata``, as those of `layers.rasters.open_raster`.

    Raises
    ------
    RefusedFile, ConfinementError, OSError
        As `open_raster`, and as `layers.confined.reading.read_confined`.
    """
    path = Path(path).absolute()
    path.open("rb").close()
    plain = target.with_suffix(".plain.tif")
    with asked("raster", path, stated) as (told, folder), checking():
        write_geotiff(RasterCells(**told), folder, plain)
    write_cloud_optimised(plain, target)
    plain.unlink()
    return open_raster(target, **stated)
