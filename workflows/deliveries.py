"""A delivery made ready: every row coded or refused, the good ones on the ground in EPSG:4490."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geocode import STORAGE_CRS, BuildingCode, Fault, crs_gate, encode_many, parse, to_storage
from geocode.crs import CrsGate
from geocode.faults import are_sound, read_sentences
from geocode.planes import from_plane, measure_plane, plane_crs, to_plane
from layers.json_values import json_value
from layers.reading import Delivery
from registry.aliases import Alias, RefusedAlias, Scheme, find_aliases, find_stated, schemes_of
from workflows.reports import fault_json

__all__ = [
    "MAX_VERTICES",
    "PreparedDelivery",
    "as_multipolygons",
    "in_plane",
    "placed_fault",
    "planes_of",
    "prepare_delivery",
    "too_large",
    "too_wide",
]

# what one polygon may cost the database: an overlay of two 10,000-vertex combs takes half a minute
MAX_VERTICES = 5_000
# the longest buildings there are have a few kilometres
MAX_SIZE_M = 10_000
_SENTENCES = read_sentences("registry", "sentences.toml")


@dataclass(frozen=True, slots=True)
class PreparedDelivery:
    """A delivery and what was found out about its rows, before the register is asked.

    Attributes
    ----------
    delivery
        As it was read.
    ground
        The good rows in EPSG:4490, MultiPolygons, indexed by row, with the columns ``area_m2, h3``.
    codes
        The code of each good row as drawn, generation 0.
    faults
        Why the other rows are refused, in JSON form.
    records
        The attributes of every row, as JSON can hold them.
    names, stated
        The name, and the building code, that rows state themselves.
    aliases, refused_aliases
        The names that good rows carry under the schemes, and the values that are none; rows without any are left out.
    plane
        EPSG name of the plane in which the delivery is matched: that of its middle.
    warnings
        What checks found in rows besides their faults, in JSON form, the worst first.
    """

    delivery: Delivery
    ground: gpd.GeoDataFrame
    codes: dict[int, BuildingCode]
    faults: dict[int, dict[str, Any]]
    records: Sequence[Mapping[str, Any]]
    names: Sequence[str | None]
    stated: dict[int, str]
    aliases: dict[int, list[Alias]]
    refused_aliases: dict[int, list[RefusedAlias]]
    plane: str
    warnings: Mapping[int, Sequence[dict[str, Any]]] = field(default_factory=dict)


def prepare_delivery(
    delivery: Delivery, *, schemes: Sequence[Scheme] | None = None, max_size_m: float = MAX_SIZE_M
) -> PreparedDelivery:
    """Code a delivery's rows.

    Parameters
    ----------
    schemes
        Those that the rows' aliases may be of; those that need no configuration where None.
    max_size_m
        How far across a footprint may be.

    Raises
    ------
    CrsError
        The gate refuses the delivery's CRS.
    """
    gate = crs_gate(delivery.crs)
    delivered = np.asarray(delivery.frame.geometry.values, dtype=object)
    encoded = encode_many(delivered, crs=delivery.crs)
    faults = _faults(delivery, encoded.faults, delivered)
    good = np.array([row for row in range(len(delivered)) if row not in faults], dtype=int)
    ground = gpd.GeoDataFrame(
        {"area_m2": encoded.area_m2[good], "h3": encoded.h3[good]},
        geometry=as_multipolygons(to_storage(delivered[good], delivery.crs)),
        index=good,
        crs=STORAGE_CRS,
    )
    plane = _plane_of(ground)
    wide = _width_faults(ground, plane, max_size_m)
    ground, faults = ground.drop(index=list(wide)), faults | wide
    columns = delivery.frame.drop(columns=[delivery.frame.geometry.name, "source_id"])
    records = [
        {str(key): json_value(value) for key, value in record.items() if value is not pd.NA}
        for record in columns.to_dict("records")
    ]
    stated = [find_stated(record) for record in records]
    carried = schemes_of(columns, schemes)
    aliases = {int(row): find_aliases(records[row], carried) for row in ground.index}
    return PreparedDelivery(
        delivery=delivery,
        ground=ground,
        codes={int(row): parse(str(encoded.codes[row])) for row in ground.index},
        faults={row: fault_json(fault, lonlat=_lonlat(gate, fault)) for row, fault in faults.items()},
        records=records,
        names=[name for name, _ in stated],
        stated={row: code for row, (_, code) in enumerate(stated) if code},
        aliases={row: taken for row, (taken, _) in aliases.items() if taken},
        refused_aliases={row: refused for row, (_, refused) in aliases.items() if refused},
        plane=plane,
    )


def as_multipolygons(geometries: NDArray[Any]) -> NDArray[Any]:
    """Return every polygon as a multipolygon, as the register stores them."""
    whole = np.empty(len(geometries), dtype=object)
    whole[:] = [shapely.MultiPolygon([g]) if g.geom_type == "Polygon" else g for g in geometries]
    return whole


def planes_of(ground: gpd.GeoDataFrame) -> "pd.Series[str]":
    """Return the plane in which each footprint in EPSG:4490 is measured: that of its centroid."""
    middles = shapely.get_coordinates(shapely.centroid(ground.geometry.values))
    return pd.Series([measure_plane(lon, lat) for lon, lat in middles], index=ground.index, dtype=object)


def in_plane(frame: gpd.GeoDataFrame, plane: str) -> gpd.GeoDataFrame:
    """Return a frame in EPSG:4490 in a plane, in metres."""
    flat = to_plane(np.asarray(frame.geometry.values), plane)
    columns = {name: frame[name] for name in frame.columns if name != "geometry"}
    return gpd.GeoDataFrame(columns, geometry=flat, index=frame.index, crs=plane_crs(plane))


def placed_fault(fault: Fault, plane: str) -> dict[str, Any]:
    """Return the JSON form of a fault whose place is in a plane."""
    if fault.x is None or fault.y is None:
        return fault_json(fault)
    point = from_plane(np.array([shapely.Point(fault.x, fault.y)]), plane)[0]
    return fault_json(fault, lonlat=(point.x, point.y))


def too_large(geometry: Any) -> Fault | None:
    """Return the fault of a geometry with more vertices than the database is asked about, None for others."""
    found = int(shapely.get_num_coordinates(geometry))
    if found <= MAX_VERTICES:
        return None
    return _SENTENCES.fault("too_large_for_upload", found=found, limit=MAX_VERTICES)


def too_wide(footprint: Any, plane: str) -> Fault | None:
    """Return the fault of a footprint in EPSG:4490 that is wider than any building in a plane, None for others."""
    west, south, east, north = to_plane(np.array([footprint]), plane)[0].bounds
    size_m = max(east - west, north - south)
    if size_m <= MAX_SIZE_M:
        return None
    return _SENTENCES.fault("too_wide_for_upload", size_m=size_m, limit_m=MAX_SIZE_M)


def _faults(delivery: Delivery, coded: NDArray[Any], delivered: NDArray[Any]) -> dict[int, Fault]:
    """Return each row's fault: what reading found comes before what coding found."""
    faults = {int(row): coded[row] for row in np.flatnonzero(~are_sound(coded))}
    faults |= {int(row): delivery.faults[row] for row in np.flatnonzero(~are_sound(delivery.faults))}
    for row in np.flatnonzero(shapely.get_num_coordinates(delivered) > MAX_VERTICES):
        fault = too_large(delivered[row])
        if fault is not None:
            faults.setdefault(int(row), fault)
    return faults


def _width_faults(ground: gpd.GeoDataFrame, plane: str, limit_m: float) -> dict[int, Fault]:
    """Return the faults of footprints that no building can have, by row."""
    bounds = in_plane(ground, plane).bounds
    size_m = np.maximum(bounds.maxx - bounds.minx, bounds.maxy - bounds.miny)
    return {
        int(row): _SENTENCES.fault("too_wide_for_upload", size_m=size, limit_m=limit_m)
        for row, size in size_m[size_m > limit_m].items()
    }


def _plane_of(ground: gpd.GeoDataFrame) -> str:
    if ground.empty:
        return measure_plane(0.0, 0.0)
    west, south, east, north = ground.total_bounds
    return measure_plane((west + east) / 2, (south + north) / 2)


def _lonlat(gate: CrsGate, fault: Fault) -> tuple[float, float] | None:
    """Return the place of a fault in longitude and latitude, None where it has none."""
    if fault.x is None or fault.y is None:
        return None
    lon, lat = gate.to_lonlat(np.array([fault.x]), np.array([fault.y]))
    inside = abs(lon[0]) <= 180 and abs(lat[0]) <= 90  # noqa: PLR2004 - degrees
    return (float(lon[0]), float(lat[0])) if inside else None
