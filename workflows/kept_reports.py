"""Reports on the rows of a large delivery, kept in a file: a million of them take no memory."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from operator import attrgetter
from typing import overload

import numpy as np
import orjson

from workflows.nameless_files import open_nameless, write_all
from workflows.reports import RowCounts, RowReport

__all__ = ["KeptReports"]

_NAMES = tuple(field.name for field in fields(RowReport))
_values = attrgetter(*_NAMES)
_SKIPPED = 1


class KeptReports(Sequence[RowReport]):
    """As many reports as a delivery has rows, in the order of the rows, in whichever order they are told.

    The file has no name and ends with this object.

    Attributes
    ----------
    counts
        How many rows of each kind were told so far.
    """

    def __init__(self, rows: int) -> None:
        self._file = open_nameless(self)
        # where the report of each row begins, from 1; 0 where it was not told yet
        self._begins = np.zeros(rows, dtype=np.int64)
        self._lengths = np.zeros(rows, dtype=np.int32)
        self._end = _SKIPPED
        write_all(self._file, b"\n")
        self._has_reviews = True
        self.counts = RowCounts()

    def forget_reviews(self) -> None:
        """Tell of no review from here on: none of them came to be."""
        self._has_reviews = False

    def keep(self, reports: Sequence[RowReport]) -> None:
        """Keep the reports of some rows, each once."""
        texts = [orjson.dumps(_values(report), option=orjson.OPT_SERIALIZE_NUMPY) for report in reports]
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        places = np.array([report.row for report in reports], dtype=np.intp)
        self._begins[places] = self._end + np.cumsum(lengths) - lengths
        self._lengths[places] = lengths
        self._end += int(lengths.sum())
        write_all(self._file, b"".join(texts))
        self.counts = self.counts.and_of(reports)

    def __len__(self) -> int:
        """Return how many rows the delivery has."""
        return len(self._begins)

    def __iter__(self) -> Iterator[RowReport]:
        """Yield the reports in the order of the rows."""
        return (self[place] for place in range(len(self)))

    @overload
    def __getitem__(self, place: int) -> RowReport: ...

    @overload
    def __getitem__(self, place: slice) -> list[RowReport]: ...

    def __getitem__(self, place: int | slice) -> RowReport | list[RowReport]:
        """Return the report of a row, or those of some."""
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        begin, length = int(self._begins[place]), int(self._lengths[place])
        if not begin:
            message = f"row {place} was not told yet"
            raise LookupError(message)
        values = orjson.loads(os.pread(self._file, length, begin))
        report = RowReport(**dict(zip(_NAMES, values, strict=True)))
        return report if self._has_reviews else replace(report, review=None)
