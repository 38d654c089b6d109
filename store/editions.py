"""Editions of the blueprint's layers: added whole, found by the day on which they hold."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from geoalchemy2.shape import from_shape
from numpy.typing import NDArray
from sqlalchemy import Row, insert, select

from geocode import STORAGE_CRS
from store.boxes import boxes
from store.database import Connection, statement
from store.schema import edition, feature

__all__ = ["add_edition", "edition_in_effect", "editions_in_effect", "features_near", "find_edition", "list_editions"]

_SRID = 4490


def find_edition(connection: Connection, values: dict[str, Any]) -> int | None:
    """Return the id of the edition with the same source, layer and validity in an office, or None."""
    same = ("office_id", "layer", "source_sha256", "source_layer", "valid_from", "valid_to")
    wanted = select(edition.c.id).where(*(edition.c[name].is_not_distinct_from(values[name]) for name in same))
    return connection.execute(wanted).scalar_one_or_none()


def add_edition(connection: Connection, values: dict[str, Any], features: gpd.GeoDataFrame) -> int:
    """Add an edition with its features and return its id.

    Parameters
    ----------
    values
        The columns of the edition; `completeness` as a polygon or multipolygon in EPSG:4490, or None.
    features
        EPSG:4490, with the columns ``source_id, name, class_code, valid_from, valid_to, attributes``; the index is the
        row in the delivery.
    """
    area = values.get("completeness")
    if area is not None and area.geom_type == "Polygon":
        area = shapely.MultiPolygon([area])
    whole = values | {"completeness": None if area is None else _element(area), "features": len(features)}
    added = int(connection.execute(insert(edition).values(**whole).returning(edition.c.id)).scalar_one())
    columns = features[["source_id", "name", "class_code", "valid_from", "valid_to", "attributes"]]
    rows = [
        record
        | {"row_number": int(row), "edition_id": added, "office_id": values["office_id"], "geom": _element(shape)}
        for row, record, shape in zip(features.index, columns.to_dict("records"), features.geometry.values, strict=True)
    ]
    if rows:
        connection.execute(insert(feature), rows)
    return added


def editions_in_effect(connection: Connection, *, as_of: date) -> Sequence[Row[Any]]:
    """Return the edition of each layer that is in effect on a day, by layer code."""
    return connection.execute(statement("editions_in_effect"), {"as_of": as_of}).all()


def edition_in_effect(connection: Connection, layer: str, *, as_of: date) -> int | None:
    """Return the id of a layer's edition that is in effect on a day, or None."""
    return connection.execute(
        select(edition.c.id)
        .where(
            edition.c.layer == layer,
            edition.c.valid_from <= as_of,
            edition.c.valid_to.is_(None) | (edition.c.valid_to > as_of),
        )
        .order_by(edition.c.valid_from.desc(), edition.c.recorded_at.desc(), edition.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def list_editions(connection: Connection) -> Sequence[Row[Any]]:
    """Return every edition, by layer code, the newest first."""
    columns = [column for column in edition.c if column.name != "completeness"]
    return connection.execute(
        select(*columns).order_by(edition.c.layer, edition.c.valid_from.desc(), edition.c.id.desc())
    ).all()


def features_near(
    connection: Connection, editions: Sequence[int], geometries: NDArray[Any], *, reach_m: float = 0.0
) -> gpd.GeoDataFrame:
    """Return the features of some editions whose boxes meet those of the geometries, a reach around them included.

    Returns
    -------
    GeoDataFrame
        EPSG:4490, indexed by feature id, with the columns ``edition_id, name, class_code, valid_from, valid_to, attrs``.
    """
    rows = connection.execute(
        statement("features_near"), {"editions": list(editions), **boxes(geometries, reach_m=reach_m)}
    ).all()
    return frame_of(
        rows, ["edition_id", "name", "class_code", "valid_from", "valid_to", "attributes"], index="id"
    ).rename(columns={"attributes": "attrs"})


def frame_of(rows: Sequence[Row[Any]], columns: list[str], *, index: str) -> gpd.GeoDataFrame:
    """Return rows that hold a `geom` in WKB as a frame in EPSG:4490, indexed by one of their columns."""
    data = {column: pd.Series([getattr(row, column) for row in rows], dtype=object) for column in columns}
    shapes = shapely.from_wkb([bytes(row.geom) for row in rows]) if rows else np.empty(0, dtype=object)
    ids = pd.Index([getattr(row, index) for row in rows], name=index, dtype=object if not rows else None)
    return gpd.GeoDataFrame(pd.DataFrame(data).set_axis(ids), geometry=shapes, crs=STORAGE_CRS)


def _element(geometry: Any) -> Any:
    return from_shape(geometry, srid=_SRID)
