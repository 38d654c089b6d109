"""`luotu code`: any file in, the same with codes out, batch by batch. No database."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, Protocol, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geocode import Text, crs_gate
from geocode.faults import Fault, are_sound
from layers.code_columns import Language, with_codes
from layers.entries import ReadOptions
from layers.reading import OpenDelivery, open_delivery, open_features
from layers.writing import check_target, write_batches, write_text
from workflows.reports import text_json, write_records

__all__ = [
    "CODES",
    "Answer",
    "AnswerForm",
    "CodedBatch",
    "CodedFile",
    "CodedRow",
    "Columns",
    "Language",
    "OpenDelivery",
    "Watcher",
    "code_columns",
    "code_file",
]

_PLAIN = ReadOptions()
AnswerForm: TypeAlias = Literal["json", "geojson", "geojsonl", "csv"]


@dataclass(frozen=True, slots=True)
class CodedRow:
    """A row that is refused: where it stands, and why."""

    row: int
    feature: str | None
    fault: Fault


@dataclass(frozen=True, slots=True)
class CodedBatch:
    """Some rows, coded.

    Attributes
    ----------
    frame
        As delivered, with the columns ``code, h3, area_m2, fault``.
    faults
        A `Fault` where a row is refused, else None, shape (n,).
    refused
        The rows that are refused.
    """

    frame: gpd.GeoDataFrame
    faults: NDArray[Any]
    refused: Sequence[CodedRow]


@dataclass(frozen=True, slots=True)
class CodedFile:
    """What became of a file.

    Attributes
    ----------
    rows
        How many it has.
    refused
        How many of them are refused, by kind of fault.
    notes
        What reading and writing found and did.
    """

    rows: int
    refused: Counter[str]
    notes: Sequence[Text]

    @property
    def good(self) -> int:
        """How many rows are coded."""
        return self.rows - self.refused.total()


@dataclass(frozen=True, slots=True)
class Answer:
    """A stream to write coded rows to as they come, and their form: records, features or a table as text."""

    stream: BinaryIO
    form: AnswerForm


class Columns(NamedTuple):
    """What rows are given.

    Attributes
    ----------
    add
        Returns a frame with further columns, a fault the last of them, and what is wrong with each row.
    names
        Those of the columns but for the fault.
    """

    add: Callable[[gpd.GeoDataFrame, NDArray[Any]], tuple[gpd.GeoDataFrame, NDArray[Any]]]
    names: tuple[str, ...]


CODES = Columns(with_codes, ("code", "h3", "area_m2"))


def code_columns(language: Language) -> Columns:
    """Return `CODES` with faults in a language."""
    return CODES._replace(add=partial(with_codes, language=language))


class Watcher(Protocol):
    """Someone who looks on while a file is coded."""

    def see_delivery(self, delivery: OpenDelivery) -> None:
        """See what the file is, before its first row."""

    def see_batch(self, batch: CodedBatch) -> None:
        """See rows, before they are written."""


def code_file(  # noqa: PLR0913 - what, where to, how it is read, and who looks on
    source: Path | BinaryIO,
    target: Path | Answer | None = None,
    *,
    crs: str | None = None,
    layer: str | None = None,
    columns: Columns = CODES,
    reading: ReadOptions = _PLAIN,
    watcher: Watcher | None = None,
) -> CodedFile:
    """Code every footprint of a file, and write the file again with the codes, batch by batch.

    Parameters
    ----------
    source
        A file, or a stream of GeoJSON features.
    target
        A file, its format by its suffix, which appears when it is complete, and not at all where every row is refused;
        or a stream, which answers for every row; or nothing.
    crs
        The CRS of the coordinates, where the file states none or a wrong one.
    columns
        What rows are given besides or instead of their codes.
    reading
        What is said and known about reading: see `reading_said`, `configured_reading`, `with_known`.

    Raises
    ------
    RefusedFile, CrsError, CannotWrite
        The file, its CRS or the target as a whole. No file is written; what went into a stream before stands.
    """
    if isinstance(target, Path):
        check_target(target)
    tally = _Tally()
    with _opened(source, crs, layer, reading) as delivery:
        crs_gate(delivery.crs)
        if watcher:
            watcher.see_delivery(delivery)
        batches = _coded(delivery, columns, tally, watcher)
        written = _write(batches, target, delivery, columns, tally)
    return CodedFile(tally.rows, tally.refused, (*delivery.notes, *written))


@dataclass(slots=True)
class _Tally:
    """How many rows there were so far, and how many were refused, by kind."""

    rows: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class _NothingCodedError(Exception):
    """Every row is refused: what was begun to be written is not to be."""


def _opened(
    source: Path | BinaryIO, crs: str | None, layer: str | None, options: ReadOptions
) -> AbstractContextManager[OpenDelivery]:
    if isinstance(source, Path):
        return open_delivery(source, crs=crs, layer=layer, options=options)
    return nullcontext(open_features(source, crs=crs))


def _coded(delivery: OpenDelivery, columns: Columns, tally: _Tally, watcher: Watcher | None) -> Iterator[CodedBatch]:
    for batch in delivery.batches:
        frame, faults = columns.add(batch.frame, batch.faults)
        coded = CodedBatch(frame, faults, _refused(frame, faults))
        tally.rows += len(frame)
        tally.refused.update(row.fault.kind for row in coded.refused)
        if watcher:
            watcher.see_batch(coded)
        yield coded


def _refused(frame: gpd.GeoDataFrame, faults: NDArray[Any]) -> list[CodedRow]:
    rows = np.flatnonzero(~are_sound(faults))
    ids = frame["source_id"].iloc[rows].tolist()
    return [
        CodedRow(int(frame.index[row]), None if pd.isna(identity) else str(identity), faults[row])
        for row, identity in zip(rows, ids, strict=True)
    ]


def _write(
    batches: Iterator[CodedBatch],
    target: Path | Answer | None,
    delivery: OpenDelivery,
    columns: Columns,
    tally: _Tally,
) -> Sequence[Text]:
    if target is None:
        for _ in batches:
            pass
        return ()
    if isinstance(target, Path):
        try:
            frames = _unless_all_are_refused(batches, tally)
            return write_batches(frames, target, crs=delivery.crs, find_kinds=delivery.find_kinds)
        except _NothingCodedError:
            return ()
    if target.form == "json":
        write_records((_records(batch, columns.names) for batch in batches), target.stream)
        return ()
    frames = (batch.frame for batch in batches)
    return write_text(frames, target.stream, target.form, crs=delivery.crs)


def _unless_all_are_refused(batches: Iterable[CodedBatch], tally: _Tally) -> Iterator[gpd.GeoDataFrame]:
    for batch in batches:
        yield batch.frame
    if tally.rows == tally.refused.total():
        raise _NothingCodedError


def _records(batch: CodedBatch, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield plain records: row, source_id, the columns that were given, fault."""
    frame, names = batch.frame, ("source_id", *names)
    columns = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in names]
    for row, values, fault in zip(frame.index, zip(*columns, strict=True), batch.faults, strict=True):
        yield {"row": row, **dict(zip(names, values, strict=True)), "fault": fault and _fault_record(fault)}


def _fault_record(fault: Fault) -> dict[str, Any]:
    """Return a fault with its place in the coordinates of the file."""
    place = {"x": fault.x, "y": fault.y, "vertex": fault.vertex}
    return {
        "kind": fault.kind,
        "text": text_json(fault.text),
        "remedy": text_json(fault.remedy),
        "place": None if fault.x is None and fault.vertex is None else place,
    }
