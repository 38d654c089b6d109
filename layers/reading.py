"""Reading a delivery: any of the formats in, frames out, with an account of how it was understood."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import chain
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import pyproj

from geocode.faults import Text
from layers.crs import FoundCrs, crs_asked_for, crs_of_rfc7946
from layers.crs_settling import said_again, settle_crs, turn_curves, turn_faults, turn_frame
from layers.deliveries import Delivery, OpenDelivery
from layers.entries import LayerEntry, ReadOptions
from layers.errors import RefusedFile, refused
from layers.formats import Format
from layers.positions import Positions
from layers.readers import reader_of
from layers.remarks import Note, remark, told
from layers.row_names import told_names
from layers.sequences import Batch, iter_features, read_sequence
from layers.sources import Digest, Sources, choose_layer, digest_delivery, find_sources, list_entries
from layers.tables import BATCH_ROWS, OpenTable, Table, frame_of, join_tables

__all__ = [
    "Batch",
    "ChosenLayer",
    "Delivery",
    "LayerEntry",
    "OpenDelivery",
    "ReadOptions",
    "choose_in",
    "iter_features",
    "list_layers",
    "open_delivery",
    "open_features",
    "open_tables",
    "read_delivery",
]

_MAX_SHOWN = 12
_PLAIN = ReadOptions()


def read_delivery(
    path: str | PathLike[str],
    *,
    crs: "str | int | pyproj.CRS | None" = None,
    layer: str | None = None,
    name: str | None = None,
    options: ReadOptions = _PLAIN,
    digest: Digest | None = None,
) -> Delivery:
    """Return one layer of a file, whole.

    Parameters
    ----------
    path
        GeoJSON, GeoJSONSeq, GeoPackage, FlatGeobuf, GeoParquet, a shapefile's .shp, any of them gzipped, or a zip of
        them. The bytes decide, not the name.
    crs
        What the coordinates really are in, whatever the file states; see `crs_asked_for`.
    layer
        The layer to read; needed where more than one could be meant.
    name
        What the person calls the file, where the path is a name of ours.
    options
        What else the person says about reading it.
    digest
        As `digest_delivery` returns it, where it is known already.

    Raises
    ------
    RefusedFile
        The file cannot be read whole and without a guess: the error holds the sentence, the remedy and the place.
    OSError
        There is no such file.
    """
    asked = None if crs is None else crs_asked_for(crs, systems=options.systems)
    with choose_in(Path(path), layer, name) as chosen:
        digest = digest or digest_delivery(Path(path))
        table = _read_whole(chosen.entry, options)
        found, overridden = settle_crs(
            table, Positions.of(table.geometries), chosen.entry.source.format, asked, options
        )
        frame, changed = frame_of(table, found.crs)
    return Delivery(
        frame=turn_frame(frame, found),
        faults=turn_faults(table.faults, found),
        file=chosen.file,
        layer=chosen.entry.name,
        format=chosen.format,
        encoding=table.encoding,
        crs=found.crs,
        crs_name=found.name,
        crs_why=found.why,
        notes=told([*chosen.notes, *overridden, *table.notes, *changed]),
        sha256=digest.sha256,
        size=digest.size,
        curved=turn_curves(table.curved, found),
        crs_said=said_again(table, found),
    )


@contextmanager
def open_delivery(
    path: str | PathLike[str],
    *,
    crs: "str | int | pyproj.CRS | None" = None,
    layer: str | None = None,
    name: str | None = None,
    options: ReadOptions = _PLAIN,
) -> Iterator[OpenDelivery]:
    """Open one layer of a file, and yield it; its rows are read as they are asked for.

    GeoPackage, FlatGeobuf, GeoParquet and GeoJSONSeq take the same memory however many rows they have. GeoJSON and
    shapefiles are read whole and then given in batches: the one is a single value, and the encoding of the other is told
    from all its texts.

    Parameters
    ----------
    path, crs, layer, name, options
        As those of `read_delivery`.

    Raises
    ------
    RefusedFile
        As `read_delivery`; what is wrong further down in the file is raised where it is reached.
    OSError
        There is no such file.
    """
    asked = None if crs is None else crs_asked_for(crs, systems=options.systems)
    with choose_in(Path(path), layer, name) as chosen, _open_table(chosen.entry, options) as opened:
        tables = told_names(opened.tables, options.columns)
        first = next(tables, None)
        if first is None or not len(first.geometries):
            raise refused("no_features")
        found, overridden = settle_crs(
            first, Positions.of(first.geometries), chosen.entry.source.format, asked, options
        )
        remarks: list[Note] = [*chosen.notes, *overridden]
        yield OpenDelivery(
            file=chosen.file,
            layer=chosen.entry.name,
            format=chosen.format,
            encoding=first.encoding,
            crs=found.crs,
            crs_name=found.name,
            crs_why=found.why,
            rows=opened.rows,
            find_kinds=opened.find_kinds,
            batches=_noted(_batches(chain([first], tables), found), remarks),
            remarks=remarks,
        )


def open_features(stream: BinaryIO, *, crs: "str | int | pyproj.CRS | None" = None, name: str = "-") -> OpenDelivery:
    """Return a GeoJSON text sequence that comes out of a pipe as a delivery, without waiting for its first row.

    Parameters
    ----------
    stream, crs, name
        As those of `iter_features`.
    """
    found = crs_of_rfc7946() if crs is None else crs_asked_for(crs)
    remarks: list[Note] = []
    return OpenDelivery(
        file=name,
        layer=name,
        format=Format.GEOJSONSEQ.value,
        encoding=None,
        crs=found.crs,
        crs_name=found.name,
        crs_why=found.why,
        rows=None,
        find_kinds=None,
        batches=_noted(iter_features(stream, crs=crs, name=name), remarks),
        remarks=remarks,
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


@dataclass(frozen=True, slots=True)
class ChosenLayer:
    """The layer that is meant, where it lies: the file as the person calls it, its format, and what was left aside."""

    file: str
    entry: LayerEntry
    format: str
    notes: tuple[Text, ...]


@contextmanager
def choose_in(path: Path, layer: str | None, name: str | None) -> Iterator[ChosenLayer]:
    """Lay a delivery out, yield the layer that is meant, and name it in every refusal from then on."""
    shown = name or path.name
    with _naming(shown), TemporaryDirectory(prefix="luotu-") as folder:
        sources = find_sources(path, Path(folder), name=shown)
        entries = list_entries(sources)
        entry, left_aside = choose_layer(entries, layer)
        format_name = " in ".join([entry.source.format.value, *sources.wrapping])
        with _naming(shown, entry.name if len(entries) > 1 else None):
            yield ChosenLayer(shown, entry, format_name, (*left_aside, *_ignored(sources)))


@contextmanager
def _naming(file: str, layer: str | None = None) -> Iterator[None]:
    """Tell a refusal from within which file and layer it is about."""
    try:
        yield
    except RefusedFile as error:
        error.file = error.file or file
        error.layer = error.layer or layer
        raise


@contextmanager
def open_tables(entry: LayerEntry, options: ReadOptions) -> Iterator[Iterator[Table]]:
    """Yield the tables that make up a layer: batches of Arrow's columns, which are the same in each, or one of any.

    Raises
    ------
    RefusedFile
        It cannot be read whole and without a guess; what is wrong further down is raised where it is reached.
    """
    if entry.source.format is Format.GEOJSONSEQ:
        # its columns are those of all its features
        with entry.source.path.open("rb") as stream:
            yield told_names([read_sequence(stream)], options.columns)
    else:
        with _open_table(entry, options) as opened:
            yield told_names(opened.tables, options.columns)


def _read_whole(entry: LayerEntry, options: ReadOptions) -> Table:
    with open_tables(entry, options) as tables:
        table = join_tables(tables)
    if not len(table.geometries):
        raise refused("no_features")
    return table


def _open_table(entry: LayerEntry, options: ReadOptions) -> AbstractContextManager[OpenTable]:
    return reader_of(entry.source.format).open_rows(entry, options)


def _batches(tables: Iterable[Table], found: FoundCrs) -> Iterator[Batch]:
    """Yield tables as frames; one that is larger than a batch in parts."""
    first_row = 0
    for table in tables:
        frame, changed = frame_of(table, found.crs, first_row=first_row)
        frame, faults = turn_frame(frame, found), turn_faults(table.faults, found)
        first_row += len(frame)
        for start in range(0, len(frame), BATCH_ROWS):
            notes = () if start else (*table.notes, *changed)
            part = slice(start, start + BATCH_ROWS)
            yield Batch(frame.iloc[part], faults[part], notes)


def _noted(batches: Iterable[Batch], remarks: list[Note]) -> Iterator[Batch]:
    for batch in batches:
        remarks += batch.notes
        yield batch


def _ignored(sources: Sources) -> tuple[Text, ...]:
    if not sources.ignored:
        return ()
    return (remark("files_left_aside", names=", ".join(sources.ignored[:_MAX_SHOWN]), count=len(sources.ignored)),)
