"""What was delivered: unpacked, told apart, and laid under names that no driver can misread."""

import hashlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from geocode.faults import Text
from layers.archives import Member, unpack_gzip, unpack_zip
from layers.entries import LayerEntry, Source
from layers.errors import refused
from layers.filegdb import is_part
from layers.formats import FILEGDB_CATALOG, Format, identify, looks_like_geojson, sniff
from layers.readers import LAYER_SUFFIXES, LISTS, file_suffix, reader_of
from layers.remarks import remark

__all__ = ["Digest", "Sources", "choose_layer", "delivered_parts", "digest_delivery", "find_sources", "list_entries"]

_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_NOT_FOR_GDAL = {".prj", ".cpg"}
_ARCHIVE_SUFFIXES = {".zip", ".kmz", ".gz", ".tgz", ".tar", ".rar", ".7z", ".bz2", ".xz"}
_MAX_SHOWN = 12


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
        return Sources((_lay_out(inner, member.name, {file_suffix(inner): member.path}, folder),), ("gzip",), ())
    if kind is Format.FILEGDB:
        return Sources((_lay_out_geodatabase(name, _folder_parts(path), folder),), (), ())
    parts = _siblings(path) if kind is Format.SHAPEFILE else {file_suffix(kind): path}
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
    if not entries:
        raise refused("no_features")
    names = ", ".join(entry.name for entry in entries[:_MAX_SHOWN])
    if layer is not None:
        for entry in entries:
            if layer.casefold() == entry.name.casefold():
                return entry, ()
        raise refused("layer_unknown", wanted=layer[:80], names=names)
    if len(entries) == 1:
        return entries[0], ()
    polygons = [entry for entry in entries if entry.is_polygonal]
    likely = [entry for entry in polygons if entry.is_likely]
    kind = "layers_left_aside" if len(polygons) == 1 else "layers_left_aside_by_name"
    meant = polygons if len(polygons) == 1 else likely
    if len(meant) != 1:
        raise refused("layer_choice", names=names, count=len(entries))
    others = ", ".join(entry.name for entry in entries if entry is not meant[0])
    return meant[0], (remark(kind, layer=meant[0].name, others=others),)


def delivered_parts(path: Path) -> dict[str, Path]:
    """Return the files that a delivery consists of: several of a loose shapefile, by suffix, or FileGDB, by name."""
    kind = identify(path)
    if kind is Format.SHAPEFILE:
        return _siblings(path)
    return _folder_parts(path) if kind is Format.FILEGDB else {path.name: path}


def digest_delivery(path: Path) -> Digest:
    """Return the digest of a delivered file; of a loose shapefile's or FileGDB's parts one after another, by name."""
    parts = delivered_parts(path)
    digest = hashlib.sha256()
    for _, part in sorted(parts.items()):
        with part.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return Digest(digest.hexdigest(), sum(part.stat().st_size for part in parts.values()))


def _in_zip(members: tuple[Member, ...]) -> Sources:
    files: list[Source] = []
    used: set[str] = set()
    for base, inside in _geodatabases(members).items():
        used |= {member.name for member in inside.values()}
        target = _next_folder(members[0].path.parent, files)
        paths = {name: member.path for name, member in inside.items()}
        files.append(_lay_out_geodatabase(base, paths, target))
    for member in members:
        if member.name in used:
            continue
        kind = _kind_of(member)
        if kind is None:
            continue
        parts = {file_suffix(kind): member, **(_side_files(member, members) if kind is Format.SHAPEFILE else {})}
        used |= {part.name for part in parts.values()}
        folder = _next_folder(member.path.parent, files)
        paths = {suffix: part.path for suffix, part in parts.items()}
        files.append(_lay_out(kind, member.name, paths, folder))
    if any(file.format not in LISTS for file in files):
        # a list of points beside a shapefile says what that says already, or is no layer at all
        used -= {file.name for file in files if file.format in LISTS}
        files = [file for file in files if file.format not in LISTS]
    ignored = tuple(member.name for member in members if member.name not in used)
    if not files:
        raise refused("archive_without_layer", names=", ".join(ignored[:_MAX_SHOWN]) or "–")
    return Sources(tuple(files), ("zip",), ignored)


def _next_folder(folder: Path, files: Sequence[Source]) -> Path:
    made = folder / f"layer{len(files):03d}"
    made.mkdir()
    return made


def _geodatabases(members: Iterable[Member]) -> dict[str, dict[str, Member]]:
    """Return the files of each FileGDB in an archive, by the name of its folder and their own."""
    places = [(PurePosixPath(member.name), member) for member in members]
    bases = {place.parent for place, _ in places if place.name.lower() == FILEGDB_CATALOG}
    return {
        str(base) if base.name else "geodatabase.gdb": {
            place.name: member for place, member in places if place.parent == base and is_part(place.name)
        }
        for base in sorted(bases)
    }


def _folder_parts(folder: Path) -> dict[str, Path]:
    """Return the files of a loose FileGDB by name."""
    return {part.name: part for part in folder.resolve().iterdir() if is_part(part.name)}


def _lay_out_geodatabase(name: str, parts: Mapping[str, Path], folder: Path) -> Source:
    """Link the files of a FileGDB into a folder of their own."""
    base = folder / f"layer{file_suffix(Format.FILEGDB)}"
    base.mkdir()
    for part, path in parts.items():
        _link(base / part.lower(), path)
    return Source(Format.FILEGDB, name, base, parts)


def _link(target: Path, path: Path) -> None:
    try:
        target.symlink_to(path.resolve())
    except OSError:
        shutil.copyfile(path, target)


def _kind_of(member: Member) -> Format | None:
    """Return the format of a member that holds a layer, None where it is something else."""
    if member.suffix in _ARCHIVE_SUFFIXES:
        raise refused("archive_nested", member=member.name)
    if member.suffix in {".shx", *_PARTS[2:]}:
        return None
    if member.suffix in LAYER_SUFFIXES:
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
        _link(target, part)
        laid[suffix] = target
    return Source(kind, name, laid[file_suffix(kind)], laid)


def _entries(source: Source) -> list[LayerEntry]:
    return [
        LayerEntry(found.name, found.geometry, found.rows, source, found.name, found.is_likely)
        for found in reader_of(source.format).find_layers(source)
    ]
