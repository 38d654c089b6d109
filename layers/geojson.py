"""GeoJSON read without GDAL: every feature is a row, every value stays what it is.

GDAL's reader drops what is no feature, nulls geometries that it cannot build, turns nested properties into text, clamps big
integers and follows links.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geocode.faults import Fault, Text, read_sentences
from layers.crs import FoundCrs, crs_of_geojson
from layers.encoding import Encoding, decode_document
from layers.entries import FoundLayer, LayerEntry, ReadOptions, Source
from layers.errors import refused
from layers.formats import GEOMETRY_TYPES
from layers.geojson_geometries import build_geometries
from layers.remarks import Counted, remark
from layers.strict_json import JsonError, Parsed, find_repeated_key, parse, repeated_key
from layers.tables import OpenTable, Table, narrow

__all__ = [
    "MAX_JSON_BYTES",
    "Feature",
    "check_columns",
    "columns_of",
    "decode_json",
    "features_of",
    "find_layers",
    "open_rows",
    "parse_json",
    "read_document",
    "read_geojson",
    "tabulate_features",
    "take_apart",
]

MAX_JSON_BYTES = 256 << 20
MAX_CELLS = 50_000_000
MAX_FIELDS = 2_000
_HEAD_BYTES = 1 << 16
_FIRST_GEOMETRY = re.compile(rb'"type"\s*:\s*"((?:Multi)?(?:Point|LineString|Polygon)|GeometryCollection)"')
_SENTENCES = read_sentences("layers", "faults.toml")


class Document(NamedTuple):
    """A JSON value, whether any key in it stands twice in its object, its encoding, and what reading it found."""

    value: Any
    repeats: bool
    encoding: Encoding
    notes: tuple[Text, ...]


class Feature(NamedTuple):
    """One feature taken apart; `fault` says what is wrong with the feature itself."""

    id: Any
    properties: dict[str, Any]
    geometry: Any
    fault: Fault | None = None


def find_layers(source: Source) -> list[FoundLayer]:
    """Return the one layer of a GeoJSON or JSON-FG file, with the kind of its first geometry."""
    with source.path.open("rb") as file:
        match = _FIRST_GEOMETRY.search(file.read(_HEAD_BYTES))
    return [FoundLayer(source.stem, match[1].decode() if match else None)]


@contextmanager
def open_rows(entry: LayerEntry, _options: ReadOptions) -> Iterator[OpenTable]:
    """Open a file, which is read whole: it is one value. Raises as `read_geojson`."""
    table = read_geojson(entry.source.path.read_bytes())
    yield OpenTable(iter([table]), len(table.geometries))


def read_geojson(data: bytes) -> Table:
    """Return the rows of a GeoJSON text: a feature collection, a feature or a geometry.

    Raises
    ------
    RefusedFile
        It is no JSON, no GeoJSON or too large, states a CRS that cannot be read, or has more than one document.
    """
    document = read_document(data)
    table = tabulate_features(features_of(document.value), repeats=document.repeats)
    notes = (*table.notes, *document.notes)
    return replace(table, crs=_stated_crs(document.value), encoding=document.encoding, notes=notes)


def read_document(data: bytes) -> Document:
    """Return the one JSON value of a file.

    Raises
    ------
    RefusedFile
        It is no JSON, too large, or has more than one document.
    """
    text, encoding = decode_json(data)
    parsed = parse_json(text)
    rest = parsed.rest.strip("\x00\x1a \t\r\n")
    if rest:
        raise refused("json_trailing", start=rest[:40])
    trailing = len(parsed.rest.strip(" \t\r\n"))
    notes = (remark("trailing_bytes", count=trailing),) if trailing else ()
    return Document(parsed.value, parsed.repeats, encoding, notes)


def decode_json(data: bytes) -> tuple[str, Encoding]:
    """Return a JSON file as text. Raises `RefusedFile` where it is too large, or in no encoding that is known."""
    if len(data) > MAX_JSON_BYTES:
        raise refused("json_size", limit_mb=MAX_JSON_BYTES >> 20)
    return decode_document(data)


def parse_json(text: str) -> Parsed:
    """Return the first JSON value of a text. Raises `RefusedFile` where it begins with none."""
    try:
        return parse(text)
    except JsonError as error:
        kind = "json_unreadable" if error.line is None else "json_broken"
        raise refused(kind, line=error.line, reason=str(error), column=error.column) from error


def tabulate_features(features: Sequence[Any], *, repeats: bool = False) -> Table:
    """Return features as a table, one row each, whatever stands there.

    A property that a feature does not have is ``pandas.NA`` in its column, one that is null is None. Columns in which
    every row has a number, or a boolean, become numbers or booleans; the rest keep Python's values, nested ones included.

    Parameters
    ----------
    features
        Parsed JSON values.
    repeats
        Whether to look for keys that stand twice.

    Raises
    ------
    RefusedFile
        There are too many different properties.
    """
    taken = [take_apart(feature, repeats=repeats) for feature in features]
    built = build_geometries([feature.geometry for feature in taken])
    faults = built.faults
    for row, feature in enumerate(taken):
        faults[row] = feature.fault or faults[row]
    notes = [
        Counted(kind, count) for kind, count in (("z_dropped", built.with_z), ("rings_closed", built.closed)) if count
    ]
    ids = [feature.id for feature in taken]
    return Table(
        geometries=built.geometries,
        faults=faults,
        columns=columns_of([feature.properties for feature in taken]),
        source_ids=[None if value is None else str(value) for value in ids],
        has_numeric_ids=all(value is None or type(value) is int for value in ids),
        notes=tuple(notes),
    )


def features_of(document: Any) -> Sequence[Any]:
    """Return the features of a parsed GeoJSON document.

    Raises
    ------
    RefusedFile
        It is of another type, has no list of features, or a key stands twice in it outside of features.
    """
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection":
        rest = [member for name, member in document.items() if name != "features"]
        key = repeated_key(document) or find_repeated_key(rest)
        if key is not None:
            raise refused("json_repeated_key", key=key)
        features = document.get("features")
        if not isinstance(features, list):
            raise refused("geojson_features")
        return features
    if kind == "Feature" or kind in GEOMETRY_TYPES:
        return [document]
    raise refused("geojson_type", found=repr(kind)[:40] if isinstance(document, dict) else type(document).__name__)


def _stated_crs(document: Any) -> FoundCrs | None:
    member = document.get("crs")
    return None if member is None else crs_of_geojson(member)


def take_apart(feature: Any, *, repeats: bool) -> Feature:
    """Return a parsed feature taken apart, whatever it is; `repeats` is whether to look for keys that stand twice."""
    kind = feature.get("type") if isinstance(feature, dict) else None
    if kind != "Feature" and kind in GEOMETRY_TYPES:
        return Feature(None, {}, feature)
    if kind != "Feature":
        found = f'of type "{kind}"' if isinstance(kind, str) else type(feature).__name__
        return Feature(None, {}, None, _SENTENCES.fault("not_a_feature", found=found[:60]))
    key = find_repeated_key(feature) if repeats else None
    properties = feature.get("properties")
    fault = None
    if key is not None:
        fault = _SENTENCES.fault("repeated_key", key=key[:40])
    elif properties is not None and not isinstance(properties, dict):
        fault = _SENTENCES.fault("properties_not_object", found=repr(properties)[:40])
    values = properties if isinstance(properties, dict) else {}
    return Feature(_id(feature.get("id")), values, None if fault else feature.get("geometry"), fault)


def _id(value: Any) -> Any:
    """Return an id as GeoJSON allows it, text or a number; anything else as its text."""
    return value if value is None or type(value) in {str, int} else str(value)


def check_columns(count: int, rows: int) -> None:
    """Refuse a file with so many different properties in so many rows that no table holds them.

    Raises
    ------
    RefusedFile
        They are too many.
    """
    if count > MAX_FIELDS or count * rows > MAX_CELLS:
        raise refused("too_many_fields", found=count, limit=min(MAX_FIELDS, MAX_CELLS // max(1, rows)))


def columns_of(rows: Sequence[dict[str, Any]]) -> list[tuple[str, NDArray[Any]]]:
    """Return the properties of rows as columns, in the order in which they come up; ``pandas.NA`` where one is absent.

    Raises
    ------
    RefusedFile
        There are too many different properties.
    """
    names = dict.fromkeys(chain.from_iterable(rows))
    check_columns(len(names), len(rows))
    columns = {name: np.full(len(rows), pd.NA, dtype=object) for name in names}
    present = dict.fromkeys(names, 0)
    for row, properties in enumerate(rows):
        for name, value in properties.items():
            columns[name][row] = value
            present[name] += 1
    return [(name, narrow(values) if present[name] == len(rows) else values) for name, values in columns.items()]
