"""Features as GeoJSON text: values as they came, absent properties absent, coordinates to the last digit."""

import base64
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.columns import python_values
from layers.tables import RESERVED

__all__ = ["feature_lines", "finite_geometries", "to_plain"]

# a JSON number of so many digits is exact in every reader
_EXACT_DIGITS = 15
_ORJSON = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def feature_lines(frame: gpd.GeoDataFrame) -> Iterator[bytes]:
    """Yield each row as the text of one feature, in order; the geometries must be finite or None.

    Nulls stay null and absent properties (``pandas.NA``) stay absent. An id that was a number is a number again.
    """
    texts = shapely.to_geojson(np.asarray(frame.geometry.array, dtype=object))
    ids = _ids(frame)
    for properties, text, identity in zip(_properties(frame), texts, ids, strict=True):
        geometry = None if text is None else orjson.Fragment(text)
        feature = {"type": "Feature", "id": identity, "properties": properties, "geometry": geometry}
        if identity is None:
            del feature["id"]
        yield _dumps(feature, text)


def finite_geometries(geometries: Any) -> tuple[NDArray[Any], int]:
    """Return an array of geometries, None where an ordinate is no finite number, and how many those are."""
    geometries = np.array(geometries, dtype=object)
    xy, row = shapely.get_coordinates(geometries, return_index=True)
    lost = np.unique(row[~np.isfinite(xy).all(axis=1)])
    geometries[lost] = None
    return geometries, len(lost)


def _ids(frame: gpd.GeoDataFrame) -> list[Any]:
    if "source_id" not in frame:
        return [None] * len(frame)
    ids = [None if pd.isna(value) else str(value) for value in frame["source_id"].tolist()]
    return [_number(value) for value in ids] if frame.attrs.get("numeric_ids") else ids


def _number(identity: str | None) -> int | str | None:
    """Return an id as the number that it was."""
    if identity is None or len(identity) > _EXACT_DIGITS or not identity.isascii():
        return identity
    return int(identity) if identity.removeprefix("-").isdecimal() else identity


def _properties(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return the properties of each row."""
    rows: list[dict[str, Any]] = [{} for _ in range(len(frame))]
    delivered = frame.attrs.get("reserved_names", {})
    for name in frame.columns:
        if name in RESERVED or name == frame.geometry.name:
            continue
        column = frame[name]
        values = python_values(column)
        absent = column.dtype == object
        for row, value in zip(rows, values, strict=True):
            if not (absent and value is pd.NA):
                row[delivered.get(name, str(name))] = value
    return rows


def _dumps(feature: dict[str, Any], geometry: str | None) -> bytes:
    try:
        return orjson.dumps(feature, to_plain, _ORJSON)
    except TypeError:
        # integers beyond 64 bits, nesting beyond 255 levels, half of a surrogate pair
        slow = {**feature, "geometry": None if geometry is None else json.loads(geometry)}
        return json.dumps(slow, default=to_plain, separators=(",", ":")).encode()


def to_plain(value: Any) -> Any:
    """Return a value that JSON has no word for as one that it has."""
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
