"""GeoJSON text sequences: one feature a line, or RFC 8142 records, from a file or as they come out of a pipe."""

import select
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import geopandas as gpd
import pyproj
import shapely
from numpy.typing import NDArray

from layers.crs import FoundCrs, are_degrees, crs_asked_for, crs_of_rfc7946
from layers.crs_finding import find_crs
from layers.crs_settling import turn_faults, turn_frame
from layers.entries import LayerEntry, ReadOptions
from layers.errors import RefusedFile, refused
from layers.geojson import find_layers, tabulate_features
from layers.remarks import Note
from layers.strict_json import JsonError, parse
from layers.tables import BATCH_ROWS, OpenTable, Table, frame_of

__all__ = ["Batch", "find_layers", "iter_features", "iter_tables", "iter_values", "open_rows", "read_sequence"]

_SEPARATOR = b"\x1e"
_BOM = b"\xef\xbb\xbf"
_READ_BYTES = 1 << 16
_MAX_RECORD_BYTES = 64 << 20
# how long to wait for more of a batch once there is something to give
_PATIENCE_S = 0.05


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a stream.

    Attributes
    ----------
    frame
        As the frame of a delivery, its index counted over the whole stream.
    faults
        As those of a delivery, shape (n,).
    notes
        What reading found in these rows.
    """

    frame: gpd.GeoDataFrame
    faults: NDArray[Any]
    notes: tuple[Note, ...] = ()


class _Record(NamedTuple):
    """One record and the line it begins on, from 1."""

    text: bytes
    line: int


def iter_features(
    stream: BinaryIO, *, crs: "str | int | pyproj.CRS | None" = None, rows: int = 1000, name: str = "-"
) -> Iterator[Batch]:
    """Yield the features of a GeoJSON text sequence as they arrive.

    Parameters
    ----------
    stream
        Bytes, such as ``sys.stdin.buffer``: features one a line, or records that begin with RS (0x1E).
    crs
        What the coordinates are in; longitude and latitude (EPSG:4326) by default.
    rows
        At most so many records in a batch. A pipe that delivers slowly gives smaller ones: what is there is not held
        back.
    name
        What the person calls the stream.

    Raises
    ------
    RefusedFile
        A line is no JSON (the rows before it have been yielded), or the coordinates are no degrees and no CRS is given.
    """
    asked = None if crs is None else crs_asked_for(crs)
    first_row = 0
    try:
        for table in iter_tables(stream, rows=rows):
            batch = _batch(table, asked, first_row)
            yield batch
            first_row += len(batch.frame)
    except RefusedFile as error:
        error.file = error.file or name
        raise


@contextmanager
def open_rows(entry: LayerEntry, _options: ReadOptions) -> Iterator[OpenTable]:
    """Open a file; what is wrong with a line is raised where it is reached."""
    with entry.source.path.open("rb") as stream:
        yield OpenTable(iter_tables(stream, rows=BATCH_ROWS))


def iter_tables(stream: BinaryIO, *, rows: int) -> Iterator[Table]:
    """Yield the features of a GeoJSON text sequence as tables of at most so many records.

    Raises
    ------
    RefusedFile
        A line is no JSON; the rows before it have been yielded.
    """
    for values, repeats in iter_values(stream, rows):
        yield tabulate_features(values, repeats=repeats)


def iter_values(stream: BinaryIO, rows: int) -> Iterator[tuple[list[Any], bool]]:
    """Yield the parsed features of at most so many records, one or more, and whether any key in them stands twice.

    Raises
    ------
    RefusedFile
        A line is no JSON; the features before it have been yielded.
    """
    for records in _arrivals(stream, rows):
        values, repeats, damage = _parse_until_damage(records)
        if values:
            yield values, repeats
        if damage is not None:
            raise damage


def read_sequence(stream: BinaryIO) -> Table:
    """Return all features of a GeoJSON text sequence as one table.

    Raises
    ------
    RefusedFile
        A line is no JSON.
    """
    features: list[Any] = []
    any_repeats = False
    for values, repeats in iter_values(stream, 1 << 14):
        features += values
        any_repeats |= repeats
    return tabulate_features(features, repeats=any_repeats)


def _batch(table: Table, asked: FoundCrs | None, first_row: int) -> Batch:
    xy = shapely.get_coordinates(table.geometries)
    if asked is None and not are_degrees(xy):
        hint = find_crs(xy).hint
        raise refused("crs_missing", hint_zh=hint.zh, hint_en=hint.en)
    found = asked or crs_of_rfc7946()
    frame, changed = frame_of(table, found.crs, first_row=first_row)
    return Batch(turn_frame(frame, found), turn_faults(table.faults, found), (*table.notes, *changed))


def _parse_until_damage(records: list[_Record]) -> tuple[list[Any], bool, RefusedFile | None]:
    """Return the features of records up to the first that is no JSON, whether keys repeat, and that one's refusal."""
    features: list[Any] = []
    repeats = False
    for record in records:
        try:
            parsed = parse(record.text.decode("utf-8"))
        except (JsonError, UnicodeDecodeError) as error:
            return features, repeats, refused("sequence_broken", line=record.line, reason=str(error)[:120])
        if parsed.rest.strip():
            reason = f"another value follows the first: {parsed.rest.strip()[:20]}"
            return features, repeats, refused("sequence_broken", line=record.line, reason=reason)
        features += _members(parsed.value)
        repeats |= parsed.repeats
    return features, repeats, None


def _members(value: Any) -> list[Any]:
    """Return the features of a record, which is one, or by way of exception a whole collection."""
    is_collection = isinstance(value, dict) and value.get("type") == "FeatureCollection"
    features = value.get("features") if is_collection else None
    return features if isinstance(features, list) else [value]


def _arrivals(stream: BinaryIO, rows: int) -> Iterator[list[_Record]]:
    """Yield up to `rows` records at a time, and fewer as soon as nothing more is there to be read."""
    splitter = _Splitter()
    ready: list[_Record] = []
    while chunk := _read_some(stream):
        ready += splitter.feed(chunk)
        while len(ready) >= rows:
            yield ready[:rows]
            del ready[:rows]
        if not _more_is_there(stream):
            ready += splitter.feed_whole_tail()
            if ready:
                yield ready
                ready = []
    ready += splitter.finish()
    for start in range(0, len(ready), rows):
        yield ready[start : start + rows]


def _read_some(stream: BinaryIO) -> bytes:
    """Return what one system call gives, at least a byte unless the stream has ended."""
    read_once: Any = getattr(stream, "read1", stream.read)
    return bytes(read_once(_READ_BYTES))


def _more_is_there(stream: BinaryIO) -> bool:
    """Return whether a read would give something (or the end) within the patience that we have."""
    try:
        return bool(select.select([stream.fileno()], [], [], _PATIENCE_S)[0])
    except (OSError, ValueError):
        # bytes in memory, or a system that cannot wait for a pipe: reading is all there is
        return True


class _Splitter:
    """Cuts a stream of bytes into records: lines, or what stands between record separators if the first byte is one."""

    def __init__(self) -> None:
        self._tail = bytearray()
        self._line = 1
        self._is_separated: bool | None = None

    def feed(self, chunk: bytes) -> list[_Record]:
        """Return the records that a chunk completes."""
        if self._is_separated is None and (start := chunk.removeprefix(_BOM).lstrip()[:1]):
            self._is_separated = start == _SEPARATOR
        mark = _SEPARATOR if self._is_separated else b"\n"
        self._tail += chunk
        if mark not in chunk:
            self._check_length()
            return []
        pieces = bytes(self._tail).split(mark)
        self._tail = bytearray(pieces.pop())
        self._check_length()
        return self._records(pieces, newlines_lost=not self._is_separated)

    def feed_whole_tail(self) -> list[_Record]:
        """Return the record that has no separator behind it yet and is nevertheless whole: text, then a line feed."""
        if not self._is_separated or not self._tail.endswith(b"\n"):
            return []
        try:
            parse(self._tail.decode("utf-8"))
        except (JsonError, UnicodeDecodeError):
            return []
        return self.finish()

    def finish(self) -> list[_Record]:
        """Return what is left as a record."""
        tail, self._tail = bytes(self._tail), bytearray()
        return self._records([tail], newlines_lost=False)

    def _records(self, pieces: Iterable[bytes], *, newlines_lost: bool) -> list[_Record]:
        records = []
        for piece in pieces:
            text = piece.removeprefix(_BOM)
            if text.strip(b" \t\r\n\x00"):
                blank_lines = text[: len(text) - len(text.lstrip())].count(b"\n")
                records.append(_Record(text, self._line + blank_lines))
            self._line += piece.count(b"\n") + newlines_lost
        return records

    def _check_length(self) -> None:
        if len(self._tail) > _MAX_RECORD_BYTES:
            raise refused("sequence_record_size", line=self._line, limit_mb=_MAX_RECORD_BYTES >> 20)
