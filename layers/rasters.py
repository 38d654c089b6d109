"""Rasters of heights, slopes, floods and noise: GeoTIFF, opened with suspicion and read in windows.

Whatever opens a raster opens it here. GDAL would open a VRT or a web service under the name of a GeoTIFF, so the file's
own directory is read first, the driver is named, and no file beside it (.aux.xml, .tfw, .msk) is looked at: what a
raster means stands in it or is stated by a person.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyproj
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from geocode.crs import CrsInput, crs_gate, crs_name
from geocode.errors import CrsError
from geocode.faults import Text
from layers.crs import FoundCrs, choose_crs, crs_asked_for, crs_of_wkt
from layers.crs_finding import find_crs
from layers.errors import RefusedFile, refused
from layers.geotiff import TiffDirectory, read_tiff_directory

__all__ = ["Box", "Raster", "ReadCells", "open_geotiff", "open_raster", "reading"]

_ENVIRONMENT = {
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    # a vertical CRS counts in files of GeoTIFF 1.0 as well
    "GTIFF_REPORT_COMPD_CS": "YES",
    # blocks that are kept: a twentieth of the machine's memory by default
    "GDAL_CACHEMAX": 64 << 20,
}
# what is read at once around a small window, and what is small
_BLOCK, _SMALL_CELLS = 256, 128 * 128
_NO_NUMBERS = {"complex_int16", "complex64", "complex128"}

Floats: TypeAlias = NDArray[np.float64]


class Box(NamedTuple):
    """A window of cells: columns and rows from the north-western corner on, the last ones excluded."""

    left: int
    top: int
    right: int
    bottom: int


ReadCells: TypeAlias = Callable[[Box], Floats]


@dataclass(frozen=True, slots=True)
class Raster:
    """One band of a GeoTIFF that can be measured by: what is known of it, and no open file.

    Attributes
    ----------
    path, band
        The file, and the band in it, from 1.
    width, height
        Cells across and down.
    west, north
        The outer corner of the first cell, in the raster's CRS.
    cell_x, cell_y
        The size of a cell in units of the CRS, both positive.
    dtype
        The type of the values in the file.
    nodata
        The value that stands for none, where there is one; a mask in the file counts as well, and so does NaN.
    crs, crs_name
        Its horizontal CRS, through which the gate leads to EPSG:4490.
    vertical
        What heights in it refer to, such as ``EPSG:5737`` (1985 国家高程基准); None where nobody said.
    notes
        How the CRS is known.
    """

    path: Path
    band: int
    width: int
    height: int
    west: float
    north: float
    cell_x: float
    cell_y: float
    dtype: str
    nodata: float | None
    crs: pyproj.CRS
    crs_name: str
    vertical: str | None
    notes: tuple[Text, ...] = ()

    @property
    def is_metric(self) -> bool:
        """Whether its cells are measured in metres: only then has it slopes."""
        return bool(self.crs.is_projected) and all(axis.unit_conversion_factor == 1 for axis in self.crs.axis_info[:2])


def open_raster(
    path: Path,
    *,
    band: int | None = None,
    crs: CrsInput | None = None,
    vertical: CrsInput | None = None,
    nodata: float | None = None,
) -> Raster:
    """Return a raster that can be measured by, after its file was found sound.

    Parameters
    ----------
    path
        A GeoTIFF.
    band
        The band that is meant; may be left out where there is only one.
    crs, vertical, nodata
        What a person states; it counts before what the file says.

    Raises
    ------
    RefusedFile
        It is no GeoTIFF, is cut or cannot be read, lies askew, has several bands and none was chosen, has no CRS or one
        that the gate refuses, or heights in another unit than metres.
    """
    try:
        directory = read_tiff_directory(path)
        with open_geotiff(path) as dataset:
            return _describe(path, dataset, directory, _Stated(band, crs, vertical, nodata))
    except RefusedFile as error:
        error.file = path.name
        raise


@contextmanager
def reading(raster: Raster) -> Iterator[ReadCells]:
    """Open a raster and yield what reads a window of it: values as floats, rows from the north.

    NaN stands where there is no value, beyond the raster's edge too. Scale and offset are applied. The blocks around small
    windows are kept for the next one who asks there: to open a file takes longer than to measure a footprint.

    Raises
    ------
    RefusedFile
        A block of the file is broken.
    """
    source = _Source(raster.path, raster.band, raster.width, raster.height, raster.nodata)
    with ExitStack() as stack:
        opened: list[Any] = []

        def read(box: Box) -> Floats:
            if (box.right - box.left) * (box.bottom - box.top) <= _SMALL_CELLS:
                return _read_kept(source, box)
            if not opened:
                opened.append(stack.enter_context(open_geotiff(source.path)))
            return _read(source, opened[0], box)

        yield read


class _Stated(NamedTuple):
    """What a person states of a raster."""

    band: int | None
    crs: CrsInput | None
    vertical: CrsInput | None
    nodata: float | None


@contextmanager
def open_geotiff(path: Path) -> Iterator[Any]:
    """Open a file as a GeoTIFF and nothing else, and turn the library's errors into refusals.

    Raises
    ------
    RefusedFile
        It is none, or something in it is broken, where it is reached.
    """
    try:
        with rasterio.Env(**_ENVIRONMENT), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path.resolve(), driver="GTiff", GEOREF_SOURCES="INTERNAL") as dataset:
                yield dataset
    except RasterioError as error:
        reason = str(error).replace(f"{path.resolve().parent}/", "").strip()[:300].rstrip(".")
        refusal = refused("unreadable", reason=reason)
        refusal.file = path.name
        raise refusal from error


def _describe(path: Path, dataset: Any, directory: TiffDirectory, stated: _Stated) -> Raster:
    if (dataset.width, dataset.height) != (directory.width, directory.height):
        raise refused("raster_broken")
    band = _choose_band(dataset, stated.band)
    dtype = str(dataset.dtypes[band - 1])
    if dtype in _NO_NUMBERS:
        raise refused("raster_values", dtype=dtype)
    found, notes = _find_crs(dataset, stated.crs)
    place = _find_place(dataset)
    return Raster(
        path=path,
        band=band,
        width=dataset.width,
        height=dataset.height,
        west=place.c,
        north=place.f,
        cell_x=place.a,
        cell_y=-place.e,
        dtype=dtype,
        nodata=dataset.nodatavals[band - 1] if stated.nodata is None else stated.nodata,
        crs=found.crs,
        crs_name=found.name,
        vertical=_find_vertical(dataset, stated.vertical),
        notes=(found.why, *notes),
    )


def _choose_band(dataset: Any, stated: int | None) -> int:
    if stated is None and dataset.count > 1:
        raise refused("raster_bands", count=dataset.count)
    band = 1 if stated is None else stated
    if not 1 <= band <= dataset.count:
        raise refused("raster_band_missing", band=band, count=dataset.count)
    return band


def _find_crs(dataset: Any, stated: CrsInput | None) -> tuple[FoundCrs, tuple[Text, ...]]:
    """Return the horizontal CRS, which the gate lets through, and remarks on it."""
    written = crs_of_wkt(dataset.crs.to_wkt(), why="crs_geotiff") if dataset.crs else None
    found, notes = choose_crs(written, None if stated is None else crs_asked_for(stated))
    if found is None:
        west, south, east, north = dataset.bounds
        hint = find_crs(np.array([[west, south], [east, north]])).hint
        raise refused("crs_missing", hint_zh=hint.zh, hint_en=hint.en)
    try:
        crs_gate(found.crs)
    except CrsError as error:
        raise RefusedFile(error.fault) from error
    return found, notes


def _find_place(dataset: Any) -> Any:
    """Return the affine transformation of cells into the CRS, which neither turns nor mirrors."""
    place = dataset.transform
    if place.is_identity:
        raise refused("raster_placeless")
    if place.b or place.d or not (place.a > 0 > place.e) or not all(map(math.isfinite, place)):
        raise refused("raster_askew")
    return place


def _find_vertical(dataset: Any, stated: CrsInput | None) -> str | None:
    """Return the name of the vertical CRS, the person's before the file's."""
    crs = None if stated is None else _stated_height(stated)
    if crs is None and dataset.crs:
        whole = pyproj.CRS.from_wkt(dataset.crs.to_wkt())
        crs = next((part for part in whole.sub_crs_list if part.is_vertical), None)
    if crs is None or crs.name.lower().startswith("unknown"):
        return None
    if any(axis.unit_conversion_factor != 1 for axis in crs.axis_info):
        raise refused("raster_height_unit", crs=crs_name(crs), unit=crs.axis_info[0].unit_name)
    return crs_name(crs)


def _stated_height(crs: CrsInput) -> pyproj.CRS:
    try:
        found = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise refused("crs_unknown", crs=str(crs)[:80]) from error
    if not found.is_vertical or found.is_compound:
        raise refused("raster_not_vertical", crs=crs_name(found))
    return found


class _Source(NamedTuple):
    """Which cells are read: a band of a file, its size, and the value that stands for none."""

    path: Path
    band: int
    width: int
    height: int
    nodata: float | None


def _read_kept(source: _Source, box: Box) -> Floats:
    """Return a small window out of blocks that are kept as long as the file stays as it is."""
    values = np.empty((box.bottom - box.top, box.right - box.left))
    stamp = _stamp(source.path)
    for top in range(box.top // _BLOCK * _BLOCK, box.bottom, _BLOCK):
        for left in range(box.left // _BLOCK * _BLOCK, box.right, _BLOCK):
            block = _read_block(source, stamp, left, top)
            rows = slice(max(box.top, top), min(box.bottom, top + _BLOCK))
            columns = slice(max(box.left, left), min(box.right, left + _BLOCK))
            into = values[
                rows.start - box.top : rows.stop - box.top, columns.start - box.left : columns.stop - box.left
            ]
            into[:] = block[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return values


@lru_cache(maxsize=64)
def _read_block(source: _Source, _stamp: tuple[int, int], left: int, top: int) -> Floats:
    with open_geotiff(source.path) as dataset:
        return _read(source, dataset, Box(left, top, left + _BLOCK, top + _BLOCK))


def _stamp(path: Path) -> tuple[int, int]:
    """Return what tells that a file is another one; nothing does where it is gone: it cannot be opened either."""
    try:
        state = path.stat()
    except OSError:
        return 0, 0
    return state.st_mtime_ns, state.st_size


def _read(raster: _Source, dataset: Any, box: Box) -> Floats:
    values = np.full((box.bottom - box.top, box.right - box.left), np.nan)
    left, top = max(box.left, 0), max(box.top, 0)
    right, bottom = min(box.right, raster.width), min(box.bottom, raster.height)
    if left >= right or top >= bottom:
        return values
    cells = dataset.read(raster.band, window=Window(left, top, right - left, bottom - top), masked=True)
    known = ~np.ma.getmaskarray(cells) & np.isfinite(cells.data)
    if raster.nodata is not None:
        known &= cells.data != raster.nodata
    scale, offset = dataset.scales[raster.band - 1], dataset.offsets[raster.band - 1]
    inside = values[top - box.top : bottom - box.top, left - box.left : right - box.left]
    inside[known] = cells.data[known] * np.float64(scale) + offset
    return values
