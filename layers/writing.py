"""Writing rows as they come: a format told by the file's name, whole or not at all."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Literal, TypeAlias

import geopandas as gpd
import pyproj

from geocode.faults import Text
from layers.delimited import write_csv
from layers.errors import cannot_write
from layers.fields import typed_rows
from layers.geojson_writing import write_collection, write_features, write_sequence
from layers.kinds import FindKinds
from layers.remarks import Note, told

__all__ = ["SUFFIXES", "TextForm", "check_target", "write_batches", "write_features", "write_frame", "write_text"]

Frames: TypeAlias = Iterable[gpd.GeoDataFrame]
TextForm: TypeAlias = Literal["geojson", "geojsonl", "csv"]


def write_frame(frame: gpd.GeoDataFrame, path: str | PathLike[str], *, layer: str | None = None) -> tuple[Text, ...]:
    """Write a frame to a file and return remarks on what the format could not hold as it was.

    Parameters
    ----------
    frame
        Rows with a geometry and a CRS.
    path, layer
        As those of `write_batches`.

    Raises
    ------
    CannotWrite
        As `write_batches`, or the frame has no CRS.
    CrsError
        As `write_batches`.
    """
    check_target(path)
    if frame.crs is None:
        raise cannot_write("frame_without_crs")
    return write_batches([frame], path, crs=frame.crs, layer=layer)


def write_batches(
    frames: Frames,
    path: str | PathLike[str],
    *,
    crs: pyproj.CRS,
    find_kinds: FindKinds | None = None,
    layer: str | None = None,
) -> tuple[Text, ...]:
    """Write frames to one file as they come, and return remarks on what the format could not hold as it was.

    The file appears when it is complete; whatever stood there before is replaced at that moment. An error, from the
    frames or from writing, leaves what stood there.

    Parameters
    ----------
    frames
        Rows in batches, in one CRS. A column ``source_id`` becomes the id of GeoJSON features, a field elsewhere.
    path
        Its suffix tells the format: ``.gpkg``, ``.fgb``, ``.parquet`` or ``.geoparquet``, ``.geojson`` or ``.json``,
        ``.geojsonl`` or ``.geojsons``, ``.txt`` for boundary points (GB18030, to the millimetre), ``.csv`` for the attributes alone (UTF-8 with a byte order mark, without which
        Excel takes it for GBK), or ``.zip`` for a shapefile (attributes in GB18030, with a .cpg), which alone is held in
        memory.
    crs
        Of the frames.
    find_kinds
        Looks up the kinds of geometry among the rows, as that of an `OpenDelivery`. Without it, rows on their way into a
        table wait on disk until all are there.
    layer
        Name of the layer in the file; the file's own name by default.

    Raises
    ------
    CannotWrite
        The suffix is not known, the place is not writable, or the format cannot hold the rows.
    CrsError
        GeoJSONSeq is asked for, and the rows cannot be brought to longitude and latitude.
    RefusedFile
        There is no frame, and a table cannot tell its columns.
    """
    path = Path(path)
    write = _writer(path)
    with _folder_beside(path) as folder:
        complete = folder / path.name
        stem = path.name[: len(path.name) - len(_suffix(path))]
        notes = told(write(_Job(frames, crs, find_kinds, layer or stem), complete))
        os.replace(complete, path)  # noqa: PTH105 - Path.replace says less of what it is: atomic
    return notes


def write_text(frames: Frames, stream: BinaryIO, form: TextForm, *, crs: pyproj.CRS) -> tuple[Text, ...]:
    """Write frames to a stream as they come, as the text that a file of that format holds, and return remarks.

    Parameters
    ----------
    frames, crs
        As those of `write_batches`.
    stream
        Bytes, such as ``sys.stdout.buffer``. CSV in it bears no byte order mark: the next program wants none.

    Raises
    ------
    CrsError
        As `write_batches`.
    """
    return told(_TEXTS[form](_Job(frames, crs), stream))


def check_target(path: str | PathLike[str]) -> None:
    """See that a file could be written, before the work is done that is to be written.

    Raises
    ------
    CannotWrite
        Its suffix is not known, or the place is not writable.
    """
    path = Path(path)
    _writer(path)
    with _folder_beside(path):
        pass


@dataclass(frozen=True, slots=True)
class _Job:
    """What is written: frames of one CRS, how to find their kinds of geometry, and the layer's name."""

    frames: Frames
    crs: pyproj.CRS
    find_kinds: FindKinds | None = None
    layer: str = ""


def _suffix(path: Path) -> str:
    """Return what tells the format; of a FileGDB both suffixes, since a shapefile is a zip as well."""
    name = path.name.lower()
    return ".gdb.zip" if name.endswith(".gdb.zip") else path.suffix.lower()


def _writer(path: Path) -> Callable[[_Job, Path], Iterable[Note]]:
    suffix = _suffix(path)
    if suffix == ".shp":
        raise cannot_write("suffix_shapefile", name=f"{path.stem}.zip")
    if suffix not in _WRITERS:
        raise cannot_write("suffix_unknown", name=path.name, known=" ".join(SUFFIXES))
    return _WRITERS[suffix]


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """Yield a folder on the file system of a file, gone with all that is in it at the end."""
    if path.is_dir():
        raise cannot_write("target_is_folder", path=path)
    try:
        folder = TemporaryDirectory(prefix=".luotu-", dir=path.absolute().parent)
    except OSError as error:
        raise cannot_write("target_unwritable", path=path, reason=error.strerror) from error
    with folder as name:
        yield Path(name)


def _write_csv(job: _Job, stream: BinaryIO, *, mark: bool = False) -> Iterable[Note]:
    with typed_rows(job.frames, find_kinds=frozenset) as rows:
        return write_csv(rows, stream, mark=mark)


def _write_kml(job: _Job, stream: BinaryIO) -> Iterable[Note]:
    from layers.kml.writing import write_kml  # noqa: PLC0415 - as below

    with typed_rows(job.frames, find_kinds=frozenset) as rows:
        return list(write_kml(rows, stream, layer=job.layer, crs=job.crs))


def _write_boundary_text(job: _Job, stream: BinaryIO) -> Iterable[Note]:
    from layers.boundary_text.writing import write_boundary_text  # noqa: PLC0415 - as below

    return write_boundary_text(job.frames, stream, crs=job.crs)


def _write_drawing(job: _Job, stream: BinaryIO) -> Iterable[Note]:
    from layers.dxf.writing import write_drawing  # noqa: PLC0415 - as below

    return write_drawing(job.frames, stream, crs=job.crs, layer=job.layer)


def _write_geoparquet(job: _Job, path: Path) -> Iterable[Note]:
    from layers.geoparquet_writing import write_geoparquet  # noqa: PLC0415 - as below

    with typed_rows(job.frames, find_kinds=frozenset, nested=True) as rows:
        return write_geoparquet(rows, path, job.crs)


def _write_with_gdal(job: _Job, path: Path) -> Iterable[Note]:
    # GDAL takes most of a second to load, and GeoJSON has no need of it
    from layers.gdal_writing import WRITERS  # noqa: PLC0415

    with typed_rows(job.frames, find_kinds=job.find_kinds) as rows:
        return WRITERS[_suffix(path)](rows, path, job.layer, job.crs)


def _into_file(write: Callable[[_Job, BinaryIO], Iterable[Note]]) -> Callable[[_Job, Path], Iterable[Note]]:
    def write_file(job: _Job, path: Path) -> Iterable[Note]:
        with path.open("wb") as file:
            return list(write(job, file))

    return write_file


_TEXTS: Mapping[str, Callable[[_Job, BinaryIO], Iterable[Note]]] = {
    "geojson": lambda job, stream: write_collection(job.frames, stream, crs=job.crs),
    "geojsonl": lambda job, stream: write_sequence(job.frames, stream),
    "csv": _write_csv,
}
_WRITERS: Mapping[str, Callable[[_Job, Path], Iterable[Note]]] = {
    ".gpkg": _write_with_gdal,
    ".geojson": _into_file(_TEXTS["geojson"]),
    ".json": _into_file(_TEXTS["geojson"]),
    ".geojsonl": _into_file(_TEXTS["geojsonl"]),
    ".geojsons": _into_file(_TEXTS["geojsonl"]),
    ".fgb": _write_with_gdal,
    ".parquet": _write_geoparquet,
    ".geoparquet": _write_geoparquet,
    ".csv": _into_file(partial(_write_csv, mark=True)),
    ".zip": _write_with_gdal,
    ".gdb.zip": _write_with_gdal,
    ".kml": _into_file(_write_kml),
    ".txt": _into_file(_write_boundary_text),
    ".dxf": _into_file(_write_drawing),
}
SUFFIXES = tuple(_WRITERS)
