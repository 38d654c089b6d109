"""What rasters have on a site: the least, the mean and the greatest of the cells that it touches, each by its share."""

from collections.abc import Iterable
from typing import NamedTuple

import geopandas as gpd

from blueprint.layer_state import Edition
from blueprint.raster_state import RasterState
from geocode.faults import Text
from layers.errors import RefusedFile
from layers.zones import zonal

__all__ = ["RasterHit", "read_rasters"]


class RasterHit(NamedTuple):
    """What one raster has on a site.

    Attributes
    ----------
    unit
        What its values are in (UCUM); None where nobody said.
    least, mean, greatest
        Of the values on the site; None where there are none.
    share_covered
        The share of the site that has a value.
    problem
        Why it could not be read; None where it could.
    """

    edition: Edition
    unit: str | None
    least: float | None = None
    mean: float | None = None
    greatest: float | None = None
    share_covered: float = 0.0
    problem: Text | None = None


def read_rasters(site: gpd.GeoSeries, rasters: Iterable[RasterState]) -> list[RasterHit]:
    """Return what each raster has on a site: one polygon, in any CRS that the gate lets through."""
    return [_read(site, each) for each in rasters]


def _read(site: gpd.GeoSeries, state: RasterState) -> RasterHit:
    try:
        row = zonal(state.raster, site).iloc[0]
    except RefusedFile as refused:
        return RasterHit(state.edition, state.unit, problem=refused.fault.text)
    share = float(row["share_covered"])
    if not share > 0:
        return RasterHit(state.edition, state.unit)
    return RasterHit(state.edition, state.unit, float(row["min"]), float(row["mean"]), float(row["max"]), share)
