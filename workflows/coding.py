"""`luotu code`: any file in, the same with codes out. No database."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geocode import Text, encode_many
from geocode.faults import are_sound
from layers.reading import Delivery, iter_features, read_delivery
from layers.writing import write_features, write_frame

__all__ = ["CodedFile", "CodedRow", "code_file", "code_frame", "code_stream", "write_stream"]

_BATCH_ROWS = 20_000
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class CodedRow:
    """A row that is refused: where it stands, and why."""

    row: int
    feature: str | None
    fault: Any


@dataclass(frozen=True, slots=True)
class CodedFile:
    """What became of a file."""

    delivery: Delivery
    frame: gpd.GeoDataFrame
    refused: Sequence[CodedRow]
    notes: Sequence[Text]


def code_file(
    source: Path,
    target: Path | None = None,
    *,
    crs: str | None = None,
    layer: str | None = None,
    on_progress: Progress | None = None,
) -> CodedFile:
    """Code every footprint of a file, and write the file again with the codes.

    Parameters
    ----------
    target
        Where to write, the format by its suffix; nothing is written where it is None or where every row is refused.
    crs
        The CRS of the coordinates, where the file states none or a wrong one.

    Raises
    ------
    RefusedFile, CrsError, CannotWrite
        The file, its CRS or the target as a whole; nothing is written.
    """
    delivery = read_delivery(source, crs=crs, layer=layer)
    frame, refused = code_frame(delivery.frame, delivery.faults, on_progress=on_progress)
    notes: Sequence[Text] = ()
    if target is not None and len(refused) < len(frame):
        notes = write_frame(frame, target)
    return CodedFile(delivery, frame, refused, notes)


def code_stream(source: BinaryIO, target: BinaryIO, *, crs: str | None = None) -> Iterator[tuple[int, list[CodedRow]]]:
    """Code GeoJSON features from one stream into another, batch by batch; yield each batch's rows and refusals.

    Raises
    ------
    RefusedFile, CrsError
        A line that is no feature, or a CRS that the gate refuses; what was written before stands.
    """
    for batch in iter_features(source, crs=crs):
        coded, refused = code_frame(batch.frame, batch.faults)
        write_features(target, coded)
        yield len(coded), refused


def write_stream(target: BinaryIO, coded: CodedFile) -> None:
    """Write a coded file as GeoJSON features, one a line."""
    write_features(target, coded.frame)


def code_frame(
    frame: gpd.GeoDataFrame, faults: NDArray[Any], *, on_progress: Progress | None = None
) -> tuple[gpd.GeoDataFrame, list[CodedRow]]:
    """Return a frame with the columns ``code, h3, area_m2, fault``, and its refused rows.

    Parameters
    ----------
    frame
        Rows as delivered, with the column ``source_id``.
    faults
        What reading found, shape (n,): a `Fault` or None each; it comes before what coding finds.

    Notes
    -----
    Columns of these names that came with the delivery are kept under the name with ``_delivered`` behind it.
    """
    parts = []
    for start in range(0, len(frame), _BATCH_ROWS):
        parts.append(encode_many(frame.geometry.iloc[start : start + _BATCH_ROWS].to_numpy(), crs=frame.crs))
        if on_progress:
            on_progress(min(start + _BATCH_ROWS, len(frame)), len(frame))
    codes, h3, area_m2, coded_faults, *_ = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    found = np.where(are_sound(faults), coded_faults, faults)
    refused = [
        CodedRow(int(frame.index[row]), frame["source_id"].iloc[row], found[row])
        for row in np.flatnonzero(~are_sound(found))
    ]
    taken = {name: f"{name}_delivered" for name in ("code", "h3", "area_m2", "fault") if name in frame}
    coded = frame.rename(columns=taken).assign(
        code=[code or None for code in codes.tolist()],
        h3=[cell or None for cell in h3.tolist()],
        area_m2=np.round(area_m2.astype(float), 4),
        fault=[None if fault is None else f"{fault.kind}: {fault.text.en}" for fault in found],
    )
    return coded, refused
