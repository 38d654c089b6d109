"""Cells of a raster as bare numbers in a file: what is left of a stranger's GeoTIFF when it is written anew.

Who reads the numbers opens no file but its own: `write_cells` is for the process that opens the delivered one, `write_geotiff`
for the one that keeps it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import MaskFlags
from rasterio.windows import Window

from layers.errors import refused
from layers.rasters import open_geotiff

__all__ = ["RasterCells", "write_cells", "write_geotiff"]

_CELLS, _MASK = "cells", "mask"
_MAX_BYTES = 4 << 30
_CHUNK_BYTES = 64 << 20
_TILE = 512
_OPTIONS = {"tiled": True, "blockxsize": _TILE, "blockysize": _TILE, "BIGTIFF": "IF_SAFER"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterCells:
    """What the numbers of a raster stand for.

    Attributes
    ----------
    width, height, bands, dtype
        Cells across and down, how often, and of which type.
    place
        The affine transformation of cells into the CRS: a, b, c, d, e, f.
    crs
        WKT, vertical part included; None where the file states none.
    nodata
        The value that stands for none, where there is one.
    scales, offsets
        By band.
    is_masked
        Whether a mask says which cells have a value.
    """

    width: int
    height: int
    bands: int
    dtype: str
    place: tuple[float, ...]
    crs: str | None
    nodata: float | None
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    is_masked: bool


def write_cells(path: Path, folder: Path) -> RasterCells:
    """Write the cells of a GeoTIFF into a folder, row by row and in it band by band, and return what they stand for.

    Raises
    ------
    RefusedFile
        It cannot be read, or is larger than 4 GiB when it is not compressed.
    """
    with open_geotiff(path) as dataset:
        cells = _describe(dataset)
        with (folder / _CELLS).open("wb") as file:
            for rows in _chunks(cells):
                file.write(dataset.read(window=_window(cells, rows)).transpose(1, 0, 2).tobytes())
        if cells.is_masked:
            with (folder / _MASK).open("wb") as file:
                for rows in _chunks(cells):
                    file.write(dataset.read_masks(1, window=_window(cells, rows)).tobytes())
    return cells


def write_geotiff(cells: RasterCells, folder: Path, target: Path) -> None:
    """Write a GeoTIFF of cells that `write_cells` has left in a folder.

    Raises
    ------
    ValueError
        They are not as many as is said.
    """
    values = _mapped(folder / _CELLS, cells.dtype, (cells.height, cells.bands, cells.width))
    mask = _mapped(folder / _MASK, "uint8", (cells.height, cells.width)) if cells.is_masked else None
    shape = {"width": cells.width, "height": cells.height, "count": cells.bands, "dtype": cells.dtype}
    place = {
        "transform": rasterio.Affine(*cells.place),
        "crs": None if cells.crs is None else rasterio.CRS.from_wkt(cells.crs),
    }
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(target, "w", driver="GTiff", nodata=cells.nodata, **shape, **place, **_OPTIONS) as written,
    ):
        written.scales, written.offsets = cells.scales, cells.offsets
        for rows in _chunks(cells):
            written.write(values[rows].transpose(1, 0, 2), window=_window(cells, rows))
            if mask is not None:
                written.write_mask(mask[rows] > 0, window=_window(cells, rows))


def _describe(dataset: rasterio.DatasetReader) -> RasterCells:
    dtype = np.dtype(dataset.dtypes[0])
    size = dataset.width * dataset.height * dataset.count * dtype.itemsize
    if size > _MAX_BYTES:
        raise refused("raster_cells", size_mb=size >> 20, limit_mb=_MAX_BYTES >> 20)
    return RasterCells(
        width=dataset.width,
        height=dataset.height,
        bands=dataset.count,
        dtype=dtype.name,
        place=tuple(dataset.transform)[:6],
        crs=dataset.crs.to_wkt() if dataset.crs else None,
        nodata=dataset.nodata,
        scales=tuple(dataset.scales),
        offsets=tuple(dataset.offsets),
        is_masked=not {MaskFlags.all_valid, MaskFlags.nodata} & set(dataset.mask_flag_enums[0]),
    )


def _chunks(cells: RasterCells) -> Iterator[slice]:
    """Yield rows in parts of whole tiles where they are small enough."""
    rows = max(1, _CHUNK_BYTES // (cells.width * cells.bands * np.dtype(cells.dtype).itemsize))
    step = rows // _TILE * _TILE or rows
    for top in range(0, cells.height, step):
        yield slice(top, min(top + step, cells.height))


def _window(cells: RasterCells, rows: slice) -> Window:
    return Window(0, rows.start, cells.width, rows.stop - rows.start)


def _mapped(path: Path, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the numbers in a file where they lie."""
    size = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    if path.stat().st_size != size:
        message = f"{path.name} has {path.stat().st_size} bytes, not {size}"
        raise ValueError(message)
    return np.memmap(path, dtype=dtype, mode="r", shape=shape)
