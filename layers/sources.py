"""What was delivered: unpacked, told apart, and laid under names that no driver can misread."""

import hashlib
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from geocode.faults import Text
from layers.archives import Member, unpack_gzip, unpack_zip
from layers.errors import refused
from layers.formats import Format, identify, looks_like_geojson, sniff
from layers.geopackage import list_tables
from layers.kinds import written_kind
from layers.remarks import remark
from layers.shapefile import inspect_shapefile

__all__ = ["Digest", "LayerEntry", "Sources", "choose_layer", "digest_delivery", "find_sources", "list_entries"]

_SUFFIXES = {
    Format.SHAPEFILE: ".shp",
    Format.GEOPACKAGE: ".gpkg",
    Format.FLATGEOBUF: ".fgb",
    Format.GEOPARQUET: ".parquet",
    Format.GEOJSON: ".geojson",
    Format.GEOJSONSEQ: ".geojsonl",
}
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_NOT_FOR_GDAL = {".prj", ".cpg"}
_LAYER_SUFFIXES = {".shp", ".gpkg", ".geojson", ".geojsonl", ".geojsons", ".fgb", ".parquet", ".geoparquet"}
_ARCHIVE_SUFFIXES = {".zip", ".gz", ".tgz", ".tar", ".rar", ".7z", ".bz2", ".xz"}
_HEAD_BYTES = 1 << 16
_FIRST_GEOMETRY = re.compile(rb'"type"\s*:\s*"((?:Multi)?(?:Point|LineString|Polygon)|GeometryCollection)"')
_POLYGONAL = {"polygon", "multipolygon", "curvepolygon", "multisurface", "surface"}
_MAX_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Source:
    """One file that holds layers.

    Attributes
    ----------
    format
        Its format, never an archive.
    name
        Its path in the archive, or the file's name.
    parts
        Where its files lie, by suffix for a shapefile, else under its format's own.
    """

    format: Format
    name: str
    parts: Mapping[str, Path]

    @property
    def path(self) -> Path:
        """Return the file that is opened."""
        return self.parts[_SUFFIXES[self.format]]

    @property
    def stem(self) -> str:
        """Return its name without folder and suffix."""
        return PurePosixPath(self.name).stem


@dataclass(frozen=True, slots=True)
class LayerEntry:
    """One layer of a delivery.

    Attributes
    ----------
    name
        The name to choose it by.
    geometry
        The kind of its geometries as the file declares it; None where only reading would tell.
    rows
        How many rows it has; None where only reading would tell.
    source
        The file that holds it.
    name_in_source
        What it is called there.
    """

    name: str
    geometry: str | None
    rows: int | None
    source: Source = field(repr=False)
    name_in_source: str = field(repr=False)

    @property
    def is_polygonal(self) -> bool:
        """Return whether its geometries are declared as polygons."""
        return (self.geometry or "").lower() in _POLYGONAL


class Sources(NamedTuple):
    """The layer files of a delivery, what they were wrapped in, and the names of the files that are none."""

    files: tuple[Source, ...]
    wrapping: tuple[str, ...]
    ignored: tuple[str, ...]


class Digest(NamedTuple):
    """SHA-256 and size in bytes of what was delivered."""

    sha256: str
    size: int


def find_sources(path: Path, folder: Path, *, name: str) -> Sources:
    """Return the layer files of a delivery, ready to be read.

    Parameters
    ----------
    path
        The file as delivered; the other parts of a loose shapefile lie beside it.
    folder
        An empty folder for what is unpacked or laid out.
    name
        What the person calls the file.

    Raises
    ------
    RefusedFile
        It is no format that is read, or an archive without one, or an archive within an archive.
    """
    kind = sniff(path, name=name)
    if kind is Format.ZIP:
        return _in_zip(unpack_zip(path, folder))
    if kind is Format.GZIP:
        member = unpack_gzip(path, folder, name=name)
        inner = sniff(member.path, name=member.name)
        if inner in {Format.ZIP, Format.GZIP}:
            raise refused("archive_nested", member=member.name)
        return Sources((_lay_out(inner, member.name, {_SUFFIXES[inner]: member.path}, folder),), ("gzip",), ())
    parts = _siblings(path) if kind is Format.SHAPEFILE else {_SUFFIXES[kind]: path}
    return Sources((_lay_out(kind, name, parts, folder),), (), ())


def list_entries(sources: Sources) -> tuple[LayerEntry, ...]:
    """Return the layers of a delivery, in order of file and layer; names that repeat are told apart by their file.

    Raises
    ------
    RefusedFile
        A file is broken.
    """
    entries = [entry for source in sources.files for entry in _entries(source)]
    names = [entry.name.casefold() for entry in entries]
    return tuple(
        entry if names.count(entry.name.casefold()) == 1 else replace(entry, name=f"{entry.source.name}/{entry.name}")
        for entry in entries
    )


def choose_layer(entries: Sequence[LayerEntry], layer: str | None) -> tuple[LayerEntry, tuple[Text, ...]]:
    """Return the layer asked for, or the only one that can be meant, and a remark on those left aside.

    Raises
    ------
    RefusedFile
        None bears the name, or several could be meant; the sentence lists them.
    """
    names = ", ".join(entry.name for entry in entries[:_MAX_SHOWN])
    if layer is not None:
        for entry in entries:
            if layer.casefold() == entry.name.casefold():
                return entry, ()
        raise refused("layer_unknown", wanted=layer[:80], names=names)
    if len(entries) == 1:
        return entries[0], ()
    polygons = [entry for entry in entries if entry.is_polygonal]
    if len(polygons) != 1:
        raise refused("layer_choice", names=names, count=len(entries))
    others = ", ".join(entry.name for entry in entries if entry is not polygons[0])
    return polygons[0], (remark("layers_left_aside", layer=polygons[0].name, others=others),)


def digest_delivery(path: Path) -> Digest:
    """Return the digest of a delivered file; of a loose shapefile's parts one after another, by suffix."""
    is_shapefile = identify(path) is Format.SHAPEFILE
    parts = [part for _, part in sorted(_siblings(path).items())] if is_shapefile else [path]
    digest = hashlib.sha256()
    for part in parts:
        with part.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return Digest(digest.hexdigest(), sum(part.stat().st_size for part in parts))


def _in_zip(members: tuple[Member, ...]) -> Sources:
    files: list[Source] = []
    used: set[str] = set()
    for member in members:
        kind = _kind_of(member)
        if kind is None:
            continue
        parts = {_SUFFIXES[kind]: member, **(_side_files(member, members) if kind is Format.SHAPEFILE else {})}
        used |= {part.name for part in parts.values()}
        folder = member.path.parent / f"layer{len(files):03d}"
        folder.mkdir()
        paths = {suffix: part.path for suffix, part in parts.items()}
        files.append(_lay_out(kind, member.name, paths, folder))
    ignored = tuple(member.name for member in members if member.name not in used)
    if not files:
        raise refused("archive_without_layer", names=", ".join(ignored[:_MAX_SHOWN]) or "–")
    return Sources(tuple(files), ("zip",), ignored)


def _kind_of(member: Member) -> Format | None:
    """Return the format of a member that holds a layer, None where it is something else."""
    if member.suffix in _ARCHIVE_SUFFIXES:
        raise refused("archive_nested", member=member.name)
    if member.suffix in {".shx", *_PARTS[2:]}:
        return None
    if member.suffix in _LAYER_SUFFIXES:
        # what is called a layer must be one: left aside, its rows would be lost without a word
        return sniff(member.path, name=member.name)
    kind = identify(member.path, name=member.name)
    if kind in {Format.GEOJSON, Format.GEOJSONSEQ} and not looks_like_geojson(member.path):
        return None
    return None if kind in {Format.ZIP, Format.GZIP} else kind


def _side_files(shape: Member, members: Iterable[Member]) -> dict[str, Member]:
    """Return the members that belong to a .shp, by suffix: same folder, same name, whatever the case."""
    stem = shape.name.casefold().removesuffix(shape.suffix)
    return {m.suffix: m for m in members if m.suffix in _PARTS[1:] and m.name.casefold() == stem + m.suffix}


def _siblings(path: Path) -> dict[str, Path]:
    """Return the parts of a loose shapefile by suffix, the .shp first."""
    stem = path.name[: len(path.name) - len(path.suffix)].casefold()
    beside = {
        entry.suffix.lower(): entry
        for entry in path.resolve().parent.iterdir()
        if entry.suffix.lower() in _PARTS[1:] and entry.name[: -len(entry.suffix)].casefold() == stem
    }
    return {".shp": path, **{suffix: beside[suffix] for suffix in _PARTS[1:] if suffix in beside}}


def _lay_out(kind: Format, name: str, parts: Mapping[str, Path], folder: Path) -> Source:
    """Link the files of a layer into a folder under a plain name, with nothing else beside them.

    What a .prj and a .cpg mean is found out by us: GDAL does not see them.
    """
    laid = {suffix: part for suffix, part in parts.items() if suffix in _NOT_FOR_GDAL}
    for suffix, part in parts.items():
        if suffix in laid:
            continue
        target = folder / f"layer{suffix}"
        try:
            target.symlink_to(part.resolve())
        except OSError:
            shutil.copyfile(part, target)
        laid[suffix] = target
    return Source(kind, name, laid)


def _entries(source: Source) -> list[LayerEntry]:
    if source.format is Format.GEOPACKAGE:
        layers = list_tables(source.path)
        if not layers:
            raise refused("geopackage_without_layer")
        return [_entry(source, layer.name, layer.geometry, layer.rows) for layer in layers]
    if source.format is Format.SHAPEFILE:
        facts = inspect_shapefile(source.parts)
        return [_entry(source, source.stem, facts.geometry, facts.rows)]
    if source.format is Format.GEOPARQUET:
        # pyarrow's Parquet takes a moment to load
        from layers.geoparquet import inspect_geoparquet  # noqa: PLC0415

        about = inspect_geoparquet(source.path)
        return [_entry(source, source.stem, written_kind(about.kinds) if about.kinds else None, about.rows)]
    return [_entry(source, source.stem, _first_geometry(source.path), None)]


def _entry(source: Source, name: str, geometry: str | None, rows: int | None) -> LayerEntry:
    return LayerEntry(name, geometry, rows, source, name)


def _first_geometry(path: Path) -> str | None:
    with path.open("rb") as file:
        match = _FIRST_GEOMETRY.search(file.read(_HEAD_BYTES))
    return match[1].decode() if match else None
