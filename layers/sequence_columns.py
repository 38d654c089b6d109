"""GeoJSON text sequences as tables that all have the same columns: the file is read twice, and never held whole.

The columns of a sequence are those of all its features, and so are their types: the first reading tells them, without
building a geometry.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from layers.columns import KeptColumn, arrow_of_python
from layers.geojson import check_columns, tabulate_features, take_apart
from layers.remarks import Counted
from layers.sequences import iter_values
from layers.tables import BATCH_ROWS, Table

__all__ = ["stream_sequence"]

_INT64 = np.iinfo(np.int64)
_NARROW: Mapping[type, str] = {bool: "bool", float: "float64", int: "int64"}


@dataclass(slots=True)
class _Property:
    """What is known of a property: how many features have it, and the types of its values.

    `is_whole` is whether Arrow can hold each: no half of a surrogate pair, no number of more than 64 bits.
    """

    present: int = 0
    kinds: set[type] = field(default_factory=set)
    is_whole: bool = True

    def add(self, value: Any) -> None:
        kind = type(value)
        self.present += 1
        self.kinds.add(kind)
        if kind is str and not value.isascii():
            self.is_whole &= not any("\ud800" <= letter <= "\udfff" for letter in value)
        elif kind is int:
            self.is_whole &= _INT64.min <= value <= _INT64.max

    def kept(self, values: Sequence[Any], rows: int) -> KeptColumn:
        """Return some of its values as those of the whole are kept, of which there are so many."""
        kinds = self.kinds - {type(None)}
        only = next(iter(kinds)) if len(kinds) == 1 else str
        if self.is_whole and self.kinds == {only} and self.present == rows and only in _NARROW:
            return KeptColumn(_NARROW[only], arrow_of_python(values, only))
        is_absent = [value is pd.NA for value in values]
        absent = pa.array(is_absent, pa.bool_()) if self.present < rows else None
        there = [None if missing else value for value, missing in zip(values, is_absent, strict=True)]
        if self.is_whole and len(kinds) <= 1 and only in {*_NARROW, str}:
            return KeptColumn("python", arrow_of_python(there, only), absent)
        return KeptColumn("values", pa.array(map(json.dumps, there), pa.large_string()), absent)


def stream_sequence(path: Path) -> Iterator[Table]:
    """Yield the features of a GeoJSON text sequence as tables, equal in all to the one of `read_sequence`.

    The remarks of all come with the last table, which has no rows.

    Raises
    ------
    RefusedFile
        A line is no JSON, or there are too many different properties.
    """
    properties: dict[str, _Property] = {}
    rows, is_numeric = _learn(path, properties)
    counts = {"z_dropped": 0, "rings_closed": 0}

    def tabulated(values: Sequence[Any], *, repeats: bool = False) -> Table:
        table = tabulate_features(values, repeats=repeats)
        for note in table.notes:
            if isinstance(note, Counted):
                counts[note.kind] += note.number
        there = dict(table.columns)
        absent = np.full(len(values), pd.NA, dtype=object)
        columns = [(name, each.kept(there.get(name, absent).tolist(), rows)) for name, each in properties.items()]
        return replace(table, columns=columns, has_numeric_ids=is_numeric, notes=())

    with path.open("rb") as stream:
        for values, repeats in iter_values(stream, BATCH_ROWS):
            yield tabulated(values, repeats=repeats)
    notes = tuple(Counted(kind, count) for kind, count in counts.items() if count)
    yield replace(tabulated([]), notes=notes)


def _learn(path: Path, properties: dict[str, _Property]) -> tuple[int, bool]:
    """Gather the properties of all features, and return how many features there are and whether all ids are numbers."""
    rows, is_numeric = 0, True
    with path.open("rb") as stream:
        for values, repeats in iter_values(stream, BATCH_ROWS):
            for value in values:
                feature = take_apart(value, repeats=repeats)
                is_numeric &= feature.id is None or type(feature.id) is int
                for name, each in feature.properties.items():
                    properties.setdefault(name, _Property()).add(each)
            rows += len(values)
    check_columns(len(properties), rows)
    return rows, is_numeric
