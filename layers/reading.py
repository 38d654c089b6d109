"""Reading a delivery: any of the formats in, one frame out, with an account of how it was understood."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import pyproj
import shapely
from numpy.typing import NDArray

from geocode.faults import Text
from layers.crs import FoundCrs, are_degrees, choose_crs, crs_asked_for, crs_of_rfc7946, suggest_crs
from layers.encoding import Encoding
from layers.errors import RefusedFile, refused
from layers.formats import Format
from layers.geojson import read_geojson
from layers.remarks import remark
from layers.sequences import Batch, iter_features, read_sequence
from layers.sources import LayerEntry, Sources, choose_layer, digest_delivery, find_sources, list_entries
from layers.tables import Table, frame_of

__all__ = ["Batch", "Delivery", "LayerEntry", "iter_features", "list_layers", "read_delivery"]

_MAX_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Delivery:
    """One layer as it was delivered.

    Attributes
    ----------
    frame
        Every row of the layer, indexed from 0 in the order of the file, in the CRS of the file, in two dimensions. The
        columns are ``source_id`` (the id that the file gives a feature, as text, or None), the attributes by their own
        names, and ``geometry``. Text and nested values keep Python's types: null is None, and a property that a GeoJSON
        feature does not have is ``pandas.NA``.
    faults
        Shape (n,): a `Fault` where a geometry stands in the file and cannot be built (the row's is None), else None.
        Geometries that can be built are not judged here.
    file, layer
        The file as the person calls it, and the layer in it.
    format
        What it is, such as ``Shapefile in zip``.
    encoding
        Of the attributes, and how it is known; None where the format leaves no choice.
    crs, crs_name, crs_why
        The CRS of the frame, its name (``EPSG:4551``, or the one it gives itself), and how it is known.
    notes
        What reading found and did, in no way faults.
    sha256, size
        Digest of the delivered bytes, and how many there are.
    """

    frame: gpd.GeoDataFrame
    faults: NDArray[Any]
    file: str
    layer: str
    format: str
    encoding: Encoding | None
    crs: pyproj.CRS
    crs_name: str
    crs_why: Text
    notes: tuple[Text, ...]
    sha256: str
    size: int


def read_delivery(
    path: str | PathLike[str],
    *,
    crs: "str | int | pyproj.CRS | None" = None,
    layer: str | None = None,
    name: str | None = None,
) -> Delivery:
    """Return one layer of a file, whole.

    Parameters
    ----------
    path
        GeoJSON, GeoJSONSeq, GeoPackage, FlatGeobuf, a shapefile's .shp, any of them gzipped, or a zip of them. The bytes
        decide, not the name.
    crs
        What the coordinates really are in, whatever the file states.
    layer
        The layer to read; needed where more than one could be meant.
    name
        What the person calls the file, where the path is a name of ours.

    Raises
    ------
    RefusedFile
        The file cannot be read whole and without a guess: the error holds the sentence, the remedy and the place.
    OSError
        There is no such file.
    """
    path = Path(path)
    shown = name or path.name
    asked = None if crs is None else crs_asked_for(crs)
    with _naming(shown), TemporaryDirectory(prefix="luotu-") as folder:
        sources = find_sources(path, Path(folder), name=shown)
        digest = digest_delivery(path)
        entries = list_entries(sources)
        entry, left_aside = choose_layer(entries, layer)
        with _naming(shown, entry.name if len(entries) > 1 else None):
            table = _read_table(entry)
            found, overridden = _settle_crs(table, entry.source.format, asked)
            frame, changed = frame_of(table, found.crs)
    return Delivery(
        frame=frame,
        faults=table.faults,
        file=shown,
        layer=entry.name,
        format=_format_name(entry, sources),
        encoding=table.encoding,
        crs=found.crs,
        crs_name=found.name,
        crs_why=found.why,
        notes=(*left_aside, *_ignored(sources), *overridden, *table.notes, *changed),
        sha256=digest.sha256,
        size=digest.size,
    )


def list_layers(path: str | PathLike[str], *, name: str | None = None) -> tuple[LayerEntry, ...]:
    """Return the layers of a file, in its order, without reading their rows.

    Raises
    ------
    RefusedFile
        It is no format that is read, or broken.
    """
    path = Path(path)
    shown = name or path.name
    with _naming(shown), TemporaryDirectory(prefix="luotu-") as folder:
        return list_entries(find_sources(path, Path(folder), name=shown))


@contextmanager
def _naming(file: str, layer: str | None = None) -> Iterator[None]:
    """Tell a refusal from within which file and layer it is about."""
    try:
        yield
    except RefusedFile as error:
        error.file = error.file or file
        error.layer = error.layer or layer
        raise


def _read_table(entry: LayerEntry) -> Table:
    source = entry.source
    if source.format is Format.GEOJSON:
        table = read_geojson(source.path.read_bytes())
    elif source.format is Format.GEOJSONSEQ:
        with source.path.open("rb") as stream:
            table = read_sequence(stream)
    else:
        # GDAL takes most of a second to load, and GeoJSON has no need of it
        from layers.gdal_tables import read_with_gdal  # noqa: PLC0415

        table = read_with_gdal(entry)
    if not len(table.geometries):
        raise refused("no_features")
    return table


def _settle_crs(table: Table, kind: Format, asked: FoundCrs | None) -> tuple[FoundCrs, tuple[Text, ...]]:
    """Return the CRS that counts; GeoJSON that states none is in degrees, or it is refused."""
    chosen, notes = choose_crs(table.crs, asked)
    if chosen is not None:
        return chosen, notes
    xy = shapely.get_coordinates(table.geometries)
    if kind in {Format.GEOJSON, Format.GEOJSONSEQ} and are_degrees(xy):
        return crs_of_rfc7946(), notes
    hint = suggest_crs(xy)
    raise refused("crs_missing", hint_zh=hint.zh, hint_en=hint.en)


def _format_name(entry: LayerEntry, sources: Sources) -> str:
    return " in ".join([entry.source.format.value, *sources.wrapping])


def _ignored(sources: Sources) -> tuple[Text, ...]:
    if not sources.ignored:
        return ()
    return (remark("files_left_aside", names=", ".join(sources.ignored[:_MAX_SHOWN]), count=len(sources.ignored)),)
