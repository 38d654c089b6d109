"""Features as rows: written many at once, each with the hash of what it says."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import shapely
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from store.database import Connection
from store.errors import UnfitValueError
from store.schema import feature

__all__ = ["copy_features", "find_prints"]

_SRID = 4490
_SAID = ("source_id", "name", "class_code", "valid_from", "valid_to", "attributes")
_COLUMNS = ("edition_id", "office_id", "row_number", *_SAID, "geom", "fingerprint")


def find_prints(features: gpd.GeoDataFrame) -> list[str]:
    """Return the fingerprint of each feature: SHA-256 of its id, name, class, days, attributes and geometry (WKB).

    A feature that is delivered again unchanged has the same one.
    """
    shapes = shapely.to_wkb(features.geometry.to_numpy(), byte_order=1, output_dimension=2)
    return [
        hashlib.sha256(_as_json(said).encode() + b"\0" + shape).hexdigest()
        for said, shape in zip(_said(features), shapes, strict=True)
    ]


def copy_features(
    connection: Connection, features: gpd.GeoDataFrame, prints: Sequence[str], *, edition_id: int, office_id: int
) -> list[int]:
    """Add the features of an edition, by COPY, and return their ids in the same order.

    Raises
    ------
    UnfitValueError
        A value is none that the database holds.
    """
    if not len(features):
        return []
    shapes = shapely.to_wkb(
        shapely.set_srid(features.geometry.to_numpy(), _SRID), hex=True, include_srid=True, byte_order=1
    )
    line = connection.connection.driver_connection
    assert isinstance(line, psycopg.Connection)  # the one driver there is
    try:
        with line.cursor() as cursor, cursor.copy(f"copy feature ({', '.join(_COLUMNS)}) from stdin") as copy:
            rows = zip(features.index, _said(features), shapes, prints, strict=True)
            for number, (*columns, attributes), shape, fingerprint in rows:
                said = (*columns, _as_json(attributes), shape, fingerprint)
                copy.write_row((edition_id, office_id, int(number), *said))
    except psycopg.DataError as error:
        raise UnfitValueError from error
    except psycopg.OperationalError as error:
        raise OperationalError("copy feature", None, error) from error
    added = select(feature.c.id).where(feature.c.edition_id == edition_id).order_by(feature.c.id)
    return list(connection.execute(added).scalars())


def _said(features: gpd.GeoDataFrame) -> list[tuple[Any, ...]]:
    """Return what each feature says but for its geometry, nothing as None."""
    columns = [features[name].to_numpy(dtype=object) for name in _SAID]
    told = [np.where(pd.isna(values), None, values) for values in columns[:-1]]
    return list(zip(*told, columns[-1], strict=True))


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"A feature cannot say {value!r}.")
