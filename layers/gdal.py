"""GDAL, confined: the only module that imports pyogrio.

GDAL opens a file by what it finds inside, and its 180 drivers include some that read other files or the network: a VRT
named ``x.gpkg`` returns another office's rows. So every driver that we do not use is taken out of the process, and what
remains is asserted. Setting ``GDAL_SKIP`` would do the same only before the first import of pyogrio, with a list of names
that grows with each release; deregistering works in any order of imports and leaves other copies of GDAL (rasterio's)
alone. GeoJSON is read and written without GDAL, whose driver follows links in a ``crs`` member.
"""

import ctypes
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyogrio
import pyogrio._ogr
from numpy.typing import NDArray
from pyogrio import raw
from pyogrio.errors import DataLayerError, DataSourceError

from layers.errors import cannot_write, refused

__all__ = ["DRIVERS", "Field", "GdalRows", "driver_names", "read_rows", "write_rows"]

DRIVERS = frozenset({"ESRI Shapefile", "GPKG", "FlatGeobuf"})
_OPTIONS = {
    # belt to the braces: no driver that is left opens a connection
    "GDAL_HTTP_PROXY": "127.0.0.1:1",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{noext}",
    "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
    # nothing is written beside a delivered file, and no index is invented
    "GDAL_PAM_ENABLED": "NO",
    "SHAPE_RESTORE_SHX": "NO",
    # arcs: at most 1 mm off the chord up to a radius of 100 m
    "OGR_ARC_STEPSIZE": "0.5",
}
_FAILURES = (
    DataSourceError,
    DataLayerError,
    ValueError,
    OverflowError,
    # what pyogrio 0.13 stumbles over in broken files
    IndexError,
    UnboundLocalError,
)


class Field(NamedTuple):
    """One attribute as GDAL gives it: its name, values of shape (n,), and GDAL's names of its type."""

    name: str
    values: NDArray[Any]
    type: str
    subtype: str


class GdalRows(NamedTuple):
    """The rows of one layer, in the order of the file.

    Attributes
    ----------
    fids
        Feature ids as GDAL numbers them, shape (n,).
    wkb
        Geometries as bytes, or None, shape (n,); arcs are already chords.
    fields
        The attributes, in order; names may repeat.
    crs
        ``EPSG:…`` or WKT; None where the file states none.
    stated_rows
        How many rows the file says it has; -1 where it does not say.
    warnings
        What GDAL complained of.
    """

    fids: NDArray[np.int64]
    wkb: NDArray[Any]
    fields: tuple[Field, ...]
    crs: str | None
    stated_rows: int
    warnings: tuple[str, ...]


def driver_names() -> frozenset[str]:
    """Return every driver that GDAL has in this process, raster and vector."""
    library = _library()
    count = int(library.GDALGetDriverCount())
    return frozenset(library.GDALGetDriverShortName(library.GDALGetDriver(i)).decode() for i in range(count))


def read_rows(path: Path, *, layer: str | None = None, encoding: str | None = None, **options: str) -> GdalRows:
    """Return the rows of a layer, every one.

    Parameters
    ----------
    path
        A file of which the format is known already, under a name that we gave it.
    layer
        Its layer; the first by default.
    encoding
        Of the attributes of a shapefile.
    options
        Open options of the driver.

    Raises
    ------
    RefusedFile
        GDAL cannot read it.
    """
    with _listening(path, lambda reason: refused("unreadable", layer=layer, reason=reason)) as said:
        info = pyogrio.read_info(path, layer=layer, encoding=encoding, **options)
        meta, fids, wkb, values = raw.read(path, layer=layer, encoding=encoding, return_fids=True, **options)
    fields = zip(meta["fields"], values, meta["ogr_types"], meta["ogr_subtypes"], strict=True)
    return GdalRows(
        fids=fids,
        wkb=np.full(len(fids), None, dtype=object) if wkb is None else wkb,
        fields=tuple(Field(*field) for field in fields),
        crs=meta["crs"],
        stated_rows=int(info["features"]),
        warnings=tuple(said),
    )


def write_rows(
    path: Path, *, driver: str, geometry: NDArray[Any], fields: list[Any], **options: Any
) -> tuple[str, ...]:
    """Write the rows of a layer to a new file and return what GDAL complained of.

    Parameters
    ----------
    path, driver
        The file, which must not exist, and its format.
    geometry
        WKB or None, shape (n,).
    fields
        ``(name, values, mask)`` each; the mask is True where a value is missing, or None.
    options
        Of :func:`pyogrio.raw.write`: ``crs``, ``geometry_type``, ``layer``, ``encoding``, ``layer_options``, …

    Raises
    ------
    CannotWrite
        GDAL cannot write it.
    """
    names, data, masks = ([field[i] for field in fields] for i in range(3))
    with _listening(path, lambda reason: cannot_write("unwritable", driver=driver, reason=reason)) as said:
        raw.write(path, geometry, data, names, field_mask=masks, driver=driver, **options)
    return tuple(said)


@contextmanager
def _listening(path: Path, failure: Callable[[str], Exception]) -> Iterator[list[str]]:
    """Collect GDAL's warnings and turn its errors into ours, without the folder they name."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield said
        except _FAILURES as error:
            raise failure(_plain(str(error), path)) from error
    said.extend(dict.fromkeys(_plain(str(warning.message), path) for warning in caught))


def _plain(message: str, path: Path) -> str:
    first_sentence = message.partition("; It might help")[0]
    return first_sentence.replace(f"{path.parent}/", "").strip()[:300].rstrip(".")


def _library() -> ctypes.CDLL:
    """Return GDAL as pyogrio has it loaded, found through the extension that is linked to it."""
    library = ctypes.CDLL(pyogrio._ogr.__file__)  # noqa: SLF001 - pyogrio offers no other way to its GDAL
    library.GDALGetDriver.restype = ctypes.c_void_p
    library.GDALGetDriver.argtypes = [ctypes.c_int]
    library.GDALGetDriverByName.restype = ctypes.c_void_p
    library.GDALGetDriverByName.argtypes = [ctypes.c_char_p]
    library.GDALGetDriverShortName.restype = ctypes.c_char_p
    library.GDALGetDriverShortName.argtypes = [ctypes.c_void_p]
    library.GDALDeregisterDriver.restype = None
    library.GDALDeregisterDriver.argtypes = [ctypes.c_void_p]
    return library


def _confine() -> None:
    library = _library()
    for name in driver_names() - DRIVERS:
        library.GDALDeregisterDriver(library.GDALGetDriverByName(name.encode()))
    left = driver_names()
    if left != DRIVERS or set(pyogrio.list_drivers()) != DRIVERS:
        message = f"GDAL must have the drivers {sorted(DRIVERS)} and no others; it has {sorted(left)}."
        raise ImportError(message)
    pyogrio.set_gdal_config_options(_OPTIONS)


_confine()
