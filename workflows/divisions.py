"""The division that ground lies in: what the layer of administrative areas says, else that of the office that asks."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from store.database import Connection
from store.editions import editions_in_effect, features_near
from store.offices import division_of_office

__all__ = ["divisions_of"]

_AREAS, _CODE = "XZ1101", "XZQDM"


def divisions_of(
    connection: Connection,
    ground: gpd.GeoDataFrame,
    *,
    office_id: int,
    as_of: date,
    known_at: datetime | None = None,
) -> list[str]:
    """Return the division code of each footprint in EPSG:4490: of the area that most of it lies in, the longest code.

    Empty where neither an area nor the office states one.
    """
    ours = division_of_office(connection, office_id) or ""
    in_effect = editions_in_effect(connection, as_of=as_of, known_at=known_at)
    editions = [row.id for row in in_effect if row.layer == _AREAS]
    footprints = np.asarray(ground.geometry.values)
    areas = features_near(connection, editions, footprints) if editions else None
    if areas is None or areas.empty:
        return [ours] * len(ground)
    shapes, codes = np.asarray(areas.geometry.values), [_code(attrs) for attrs in areas["attrs"]]
    found = []
    for footprint in footprints:
        share = shapely.area(shapely.intersection(shapes, footprint)) / footprint.area
        mostly = [code for code, part in zip(codes, share, strict=True) if part > 0.5]  # noqa: PLR2004 - most of it
        found.append(max(mostly, key=len, default="") or ours)
    return found


def _code(attrs: Mapping[str, Any] | None) -> str:
    return str((attrs or {}).get(_CODE) or "")
