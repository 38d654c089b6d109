"""Archives: our own unpacking into a folder, counted while it goes, under names that we give.

`zipfile` checks none of what can be wrong with an archive from a stranger (a bomb, a link, a path upwards, entries that
overlap), and Windows in Chinese writes names in GBK without saying so. So nothing is ever extracted by its own name.
"""

import gzip
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import IO

from layers.errors import RefusedFile, refused

__all__ = ["Member", "unpack_gzip", "unpack_zip", "zip_content", "zip_names"]

MAX_ENTRIES = 200
# a geodatabase has half a dozen files a layer, and a city's has hundreds of layers
MAX_GEODATABASE_FILES = 2_000
MAX_BYTES = 1 << 30
MAX_RATIO = 100
# wide text fields, mostly blank, pack a hundredfold and more: below this size nobody is harmed by them
RATIO_FROM_BYTES = 256 << 20
_MAX_DIRECTORY_BYTES = 1 << 20
# of an archive that is looked into and not unpacked: a document of a thousand pages is one
_MAX_LISTED = 20_000
_CHUNK_BYTES = 1 << 20
_END_OF_DIRECTORY = struct.Struct("<4s4H2LH")
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED, _UTF8_NAME = 0x1, 0x800
_GEODATABASE = ".gdb/"
_LINK = 0o120000
_JUNK = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"}
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, struct.error, UnicodeDecodeError, OSError, ValueError),
    # zipfile's own, of an entry without a name
    IndexError,
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file out of an archive.

    Attributes
    ----------
    name
        Its path in the archive, decoded, with ``/`` between the parts.
    path
        Where it is now, under an ASCII name of ours with its own suffix.
    """

    name: str
    path: Path

    @property
    def suffix(self) -> str:
        """Return its suffix in lower case, such as ``.shp``."""
        return PurePosixPath(self.name).suffix.lower()


def unpack_zip(path: Path, folder: Path) -> tuple[Member, ...]:
    """Unpack a zip archive into a folder and return its files in the archive's order, junk of Macs and Windows left out.

    Raises
    ------
    RefusedFile
        The archive is broken, encrypted or beyond the limits, or an entry is a link, bears a path that leads elsewhere
        or the name of another.
    """
    _check_directory(path, most=MAX_GEODATABASE_FILES)
    with _reporting_damage(), zipfile.ZipFile(path) as archive:
        entries = [(info, _name(info)) for info in archive.infolist() if not info.is_dir()]
        _check_entries(entries, path.stat().st_size, archive.start_dir)
        wanted = [(info, name) for info, name in entries if not _is_junk(name)]
        _check_names([name for _, name in wanted])
        budget = _Budget(path.stat().st_size)
        members = []
        for number, (info, name) in enumerate(wanted):
            member = Member(name, folder / f"{number:03d}{_safe_suffix(name)}")
            with archive.open(info) as source:
                _copy(source, member.path, budget)
            members.append(member)
    return tuple(members)


def zip_names(path: Path) -> tuple[str, ...]:
    """Return the names in a zip archive, nothing of it unpacked.

    Raises
    ------
    RefusedFile
        The archive is broken, or its directory is beyond the limits.
    """
    _check_directory(path, most=_MAX_LISTED, most_bytes=8 * _MAX_DIRECTORY_BYTES)
    with _reporting_damage(), zipfile.ZipFile(path) as archive:
        return tuple(_name(info) for info in archive.infolist())


def zip_content(path: Path, name: str, *, most_bytes: int = 1024) -> bytes:
    """Return the first bytes of a file in a zip archive.

    Raises
    ------
    RefusedFile
        The archive is broken or encrypted.
    """
    with _reporting_damage(), zipfile.ZipFile(path) as archive, archive.open(name) as member:
        return member.read(most_bytes)


def unpack_gzip(path: Path, folder: Path, *, name: str) -> Member:
    """Unpack a gzip file into a folder and return what was in it.

    Raises
    ------
    RefusedFile
        It is broken, cut short or beyond the limits.
    """
    inner = name.removesuffix(".gz") if name.lower().endswith(".gz") else name
    member = Member(inner, folder / f"unpacked{_safe_suffix(inner)}")
    with _reporting_damage(), gzip.open(path) as source:
        _copy(source, member.path, _Budget(path.stat().st_size))
    return member


@contextmanager
def _reporting_damage() -> Iterator[None]:
    try:
        yield
    except RefusedFile:
        raise
    except RuntimeError as error:
        # zipfile's own words for a method that it does not have, or a password
        raise refused("archive_method") from error
    except _BROKEN as error:
        raise refused("archive_broken", reason=str(error)[:120].rstrip(".")) from error


@dataclass(slots=True)
class _Budget:
    """How many bytes may still come out of an archive."""

    packed: int
    unpacked: int = 0

    def spend(self, count: int) -> None:
        self.unpacked += count
        if self.unpacked > MAX_BYTES:
            raise refused("archive_size", limit_mb=MAX_BYTES >> 20)
        if self.unpacked > RATIO_FROM_BYTES and self.unpacked > MAX_RATIO * self.packed:
            raise refused("archive_ratio", limit=MAX_RATIO)


def _copy(source: "IO[bytes] | gzip.GzipFile", target: Path, budget: _Budget) -> None:
    with target.open("xb") as file:
        while chunk := source.read(_CHUNK_BYTES):
            budget.spend(len(chunk))
            file.write(chunk)


def _check_directory(path: Path, *, most: int = MAX_ENTRIES, most_bytes: int = _MAX_DIRECTORY_BYTES) -> None:
    """Refuse an archive by the size of its directory, before `zipfile` reads it into memory."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_OF_DIRECTORY.size - 0xFFFF))
        tail = file.read()
    start = tail.rfind(b"PK\x05\x06")
    if start < 0 or len(tail) - start < _END_OF_DIRECTORY.size:
        raise refused("archive_broken", reason="the directory at its end is missing")
    _, disk, _, _, entries, directory_bytes, _, _ = _END_OF_DIRECTORY.unpack_from(tail, start)
    if disk != 0:
        raise refused("archive_broken", reason="it is one of several volumes")
    if entries > most or directory_bytes > most_bytes:
        raise refused("archive_entries", found=entries, limit=most)


def _check_entries(entries: list[tuple[zipfile.ZipInfo, str]], archive_bytes: int, directory_start: int) -> None:
    loose = [name for _, name in entries if _GEODATABASE not in name.lower()]
    if len(loose) > MAX_ENTRIES:
        raise refused("archive_entries", found=len(entries), limit=MAX_ENTRIES)
    budget = _Budget(archive_bytes)
    for info, name in entries:
        if info.flag_bits & _ENCRYPTED:
            raise refused("archive_encrypted", member=name)
        if (info.external_attr >> 16) & 0o170000 == _LINK:
            raise refused("archive_link", member=name)
        budget.spend(info.file_size)
    starts = sorted((info.header_offset, info.compress_size) for info, _ in entries)
    ends = [*starts, (directory_start, 0)]
    if any(start + _LOCAL_HEADER_BYTES + length > following for (start, length), (following, _) in pairwise(ends)):
        raise refused("archive_broken", reason="entries overlap")


def _check_names(names: list[str]) -> None:
    seen = set()
    for name in names:
        parts = name.split("/")
        if name.startswith("/") or ".." in parts or ":" in parts[0] or "\x00" in name:
            raise refused("archive_path", member=name)
        if name.casefold() in seen:
            raise refused("archive_duplicate", member=name)
        seen.add(name.casefold())


def _name(info: zipfile.ZipInfo) -> str:
    """Return an entry's name: UTF-8 where flagged, else what its bytes are good for: UTF-8, GB18030, DOS."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8_NAME:
        # zipfile has read it as code page 437, which loses no byte
        name = _decode_name(name.encode("cp437"))
    return name.replace("\\", "/")


def _decode_name(raw: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp437")


def _is_junk(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not parts or not _JUNK.isdisjoint(parts) or parts[-1].startswith("._")


def _safe_suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= len(".geojsonseq") else ""
