"""GDAL, confined: the only module that imports pyogrio.

GDAL opens a file by what it finds inside, and its 180 drivers include some that read other files or the network: a VRT
named ``x.gpkg`` returns another office's rows. So every driver that we do not use is taken out of the process, and what
remains is asserted. Setting ``GDAL_SKIP`` would do the same only before the first import of pyogrio, with a list of names
that grows with each release; deregistering works in any order of imports and leaves other copies of GDAL (rasterio's)
alone. GeoJSON is read and written without GDAL, whose driver follows links in a ``crs`` member.

Rows come and go as a stream of Arrow batches, so that a file of any length takes the same memory.
"""

import ctypes
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyogrio
import pyogrio._ogr
from numpy.typing import NDArray
from pyogrio import raw
from pyogrio.errors import DataLayerError, DataSourceError, FieldError

from layers.errors import CannotWrite, cannot_write, refused

__all__ = [
    "DRIVERS",
    "GdalBatch",
    "GdalLayer",
    "driver_names",
    "layer_names",
    "open_layer",
    "write_rows",
    "write_stream",
]

DRIVERS = frozenset({"ESRI Shapefile", "GPKG", "FlatGeobuf", "OpenFileGDB"})
_OPTIONS = {
    # belt to the braces: no driver that is left opens a connection
    "GDAL_HTTP_PROXY": "127.0.0.1:1",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{noext}",
    "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
    # nothing is written beside a delivered file, and no index is invented
    "GDAL_PAM_ENABLED": "NO",
    "SHAPE_RESTORE_SHX": "NO",
    # the drivers' own ways into Arrow lose rows' places behind a missing geometry (FlatGeobuf, GDAL 3.12), or make
    # 1970-01-01 of a date that is none (GeoPackage); the common one takes 0.6 µs a row more
    "OGR_FLATGEOBUF_STREAM_BASE_IMPL": "YES",
    "OGR_GPKG_STREAM_BASE_IMPL": "YES",
    # a batch of giants is cut short; an index in memory goes to disk before it matters
    "OGR_ARROW_MEM_LIMIT": str(256 << 20),
    "OGR_GPKG_MAX_RAM_USAGE_RTREE": str(64 << 20),
}
_FAILURES = (
    DataSourceError,
    DataLayerError,
    FieldError,
    ValueError,
    OverflowError,
    # how errors come out of an Arrow stream
    OSError,
    RuntimeError,
    # what pyogrio 0.13 stumbles over in broken files
    IndexError,
    UnboundLocalError,
)
_WARNING = 2
_MAX_SAID = 20
_ErrorHandler = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_int, ctypes.c_char_p)


class GdalBatch(NamedTuple):
    """Some rows of a layer, in the order of the file.

    Attributes
    ----------
    fids
        Feature ids as GDAL numbers them, int64.
    wkb
        Geometries as binary or null; arcs are still arcs.
    fields
        Name and values of each attribute, in order; names may repeat.
    """

    fids: pa.Array
    wkb: pa.Array
    fields: tuple[tuple[str, pa.Array], ...]


@dataclass(frozen=True, slots=True)
class GdalLayer:
    """A layer that is open.

    Attributes
    ----------
    crs
        ``EPSG:…`` or WKT; None where the file states none.
    geometry
        The type of geometry that the file declares, such as ``MultiPolygon``, or ``Unknown``.
    stated_rows
        How many rows the file says it has; -1 where it does not say.
    batches
        Its rows, once.
    warnings
        What GDAL complains of, so far.
    """

    crs: str | None
    geometry: str
    stated_rows: int
    batches: Iterator[GdalBatch]
    warnings: list[str]


def driver_names() -> frozenset[str]:
    """Return every driver that GDAL has in this process, raster and vector."""
    library = _library()
    count = int(library.GDALGetDriverCount())
    return frozenset(library.GDALGetDriverShortName(library.GDALGetDriver(i)).decode() for i in range(count))


def layer_names(path: Path) -> tuple[str, ...]:
    """Return the layers of a file of which the format is known already.

    Raises
    ------
    RefusedFile
        GDAL cannot read it.
    """
    with _listening(path, [], lambda reason: refused("unreadable", reason=reason)):
        return tuple(str(name) for name, _ in pyogrio.list_layers(path))


@contextmanager
def open_layer(
    path: Path, *, rows: int, layer: str | None = None, encoding: str | None = None, **options: str
) -> Iterator[GdalLayer]:
    """Open a layer and yield it; its rows are read as they are asked for.

    Parameters
    ----------
    path
        A file of which the format is known already, under a name that we gave it.
    rows
        How many there are in a batch, at most.
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
    said: list[str] = []

    def listening() -> AbstractContextManager[None]:
        return _listening(path, said, lambda reason: refused("unreadable", layer=layer, reason=reason))

    with ExitStack() as stack:
        with listening():
            info = pyogrio.read_info(path, layer=layer, encoding=encoding, **options)
            opened = raw.open_arrow(
                path, layer=layer, encoding=encoding, return_fids=True, batch_size=rows, use_pyarrow=True, **options
            )
            meta, stream = stack.enter_context(opened)
        kind = meta["geometry_type"]
        batches = _batches(stream, listening, has_geometry=kind is not None)
        yield GdalLayer(meta["crs"], str(kind), int(info["features"]), batches, said)


def write_stream(
    path: Path, *, driver: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch], **options: Any
) -> tuple[str, ...]:
    """Write the rows of a layer to a new file as they come, and return what GDAL complained of.

    Parameters
    ----------
    path, driver
        The file, which must not exist, and its format.
    schema
        Of all batches; its last field is the geometry as WKB.
    options
        Of :func:`pyogrio.raw.write_arrow`: ``crs``, ``geometry_type``, ``layer``, ``layer_options``, …

    Raises
    ------
    CannotWrite
        GDAL cannot write it. What goes wrong in making a batch is raised as it is.
    """
    source, said = _Source(batches), list[str]()
    reader = pa.RecordBatchReader.from_batches(schema, source)
    try:
        with _listening(path, said, lambda reason: cannot_write("unwritable", driver=driver, reason=reason)):
            raw.write_arrow(reader, path, driver=driver, geometry_name=schema.names[-1], **options)
    except CannotWrite:
        if source.failure is not None:
            raise source.failure from None
        raise
    return tuple(said)


def write_rows(
    path: Path, *, driver: str, geometry: NDArray[Any], fields: list[Any], **options: Any
) -> tuple[str, ...]:
    """Write the rows of a layer to a new file, all at once, and return what GDAL complained of.

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
    said: list[str] = []
    with _listening(path, said, lambda reason: cannot_write("unwritable", driver=driver, reason=reason)):
        raw.write(path, geometry, data, names, field_mask=masks, driver=driver, **options)
    return tuple(said)


class _Source:
    """Batches on their way into GDAL, which keeps no more of an error than that there was one."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = batches
        self.failure: BaseException | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._batches
        except BaseException as error:
            self.failure = error
            raise


def _batches(
    stream: pa.RecordBatchReader, listening: Callable[[], AbstractContextManager[None]], *, has_geometry: bool
) -> Iterator[GdalBatch]:
    """Yield the rows of a stream, in which the id stands first and the geometry last."""
    while True:
        with listening():
            batch = next(stream, None)
        if batch is None:
            return
        columns = list(zip(batch.schema.names, batch.columns, strict=True))
        wkb = columns.pop()[1] if has_geometry else pa.nulls(len(batch), pa.binary())
        yield GdalBatch(columns[0][1], wkb, tuple(columns[1:]))


@contextmanager
def _listening(path: Path, said: list[str], failure: Callable[[str], Exception]) -> Iterator[None]:
    """Write down GDAL's warnings, in this thread, and turn its errors into ours, without the folder they name."""

    def hear(severity: int, _number: int, message: bytes) -> None:
        if severity == _WARNING:
            _say(said, message.decode("utf-8", "replace"), path)

    # pyogrio makes Python's warnings of what it hears itself; between its calls, streams speak to the handler alone
    library, handler = _library(), _ErrorHandler(hear)
    library.CPLPushErrorHandler(handler)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    except _FAILURES as error:
        raise failure(_plain(str(error), path)) from error
    finally:
        library.CPLPopErrorHandler()
    for warning in caught:
        _say(said, str(warning.message), path)


def _say(said: list[str], message: str, path: Path) -> None:
    """Write a message down once; of a great many that differ, the first."""
    text = _plain(message, path)
    if text not in said and len(said) <= _MAX_SAID:
        said.append(text if len(said) < _MAX_SAID else "…")


def _plain(message: str, path: Path) -> str:
    first_sentence = message.partition("; It might help")[0]
    return first_sentence.replace(f"{path.parent}/", "").strip()[:300].rstrip(".")


@cache
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
    library.CPLPushErrorHandler.restype = None
    library.CPLPushErrorHandler.argtypes = [_ErrorHandler]
    library.CPLPopErrorHandler.restype = None
    library.CPLPopErrorHandler.argtypes = []
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
