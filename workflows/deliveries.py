"""A delivery made ready: every row coded or refused, the good ones on the ground in EPSG:4490."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geocode import STORAGE_CRS, BuildingCode, Fault, crs_gate, encode_many, to_storage
from geocode.codes import read_written
from geocode.crs import CrsGate
from geocode.faults import are_sound, read_sentences
from geocode.planes import from_plane, measure_plane, plane_crs, to_plane
from layers.json_values import json_records
from layers.reading import Delivery
from registry.aliases import Alias, RefusedAlias, Scheme, find_aliases, schemes_of, stating_fields
from workflows.reports import fault_json

__all__ = [
    "MAX_VERTICES",
    "PART_ROWS",
    "PreparedDelivery",
    "as_multipolygons",
    "in_plane",
    "placed_fault",
    "planes_of",
    "prepare_delivery",
    "too_large",
    "too_wide",
]

# how many rows are worked on at once: memory is by these, and not by the delivery
PART_ROWS = 10_000
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
    flat
        The same footprints in the plane, indexed by row; those too that turned out to be refused.
    codes
        The code of each good row as drawn, generation 0.
    faults
        Why the other rows are refused, in JSON form.
    rows
        The rows by their places in the file, in its order: all of it, or a part.
    records
        The attributes of every row, as JSON can hold them, by row.
    names, stated
        The name, and the building code, that rows state themselves; rows without one are left out.
    aliases, refused_aliases
        The names that good rows carry under the schemes, and the values that are none; rows without any are left out.
    plane
        EPSG name of the plane in which the delivery is matched: that of the middle of the whole.
    warnings
        What checks found in rows besides their faults, in JSON form, the worst first.
    mended
        In how many rows the outline is mended, and by leaving out how many vertices.
    """

    delivery: Delivery
    ground: gpd.GeoDataFrame
    flat: "pd.Series[Any]"
    codes: dict[int, BuildingCode]
    faults: dict[int, dict[str, Any]]
    rows: Sequence[int]
    records: Mapping[int, Mapping[str, Any]]
    names: Mapping[int, str]
    stated: dict[int, str]
    aliases: dict[int, list[Alias]]
    refused_aliases: dict[int, list[RefusedAlias]]
    plane: str
    warnings: Mapping[int, Sequence[dict[str, Any]]] = field(default_factory=dict)
    mended: tuple[int, int] = (0, 0)


def prepare_delivery(
    delivery: Delivery,
    *,
    schemes: Sequence[Scheme] | None = None,
    max_size_m: float = MAX_SIZE_M,
    plane: str | None = None,
) -> PreparedDelivery:
    """Code a delivery's rows.

    Parameters
    ----------
    delivery
        All rows or some: the frame's index says which of the file they are.
    schemes
        Those that the rows' aliases may be of; those that need no configuration where None.
    max_size_m
        How far across a footprint may be.
    plane
        That of the whole delivery; of what there is where None.

    Raises
    ------
    CrsError
        The gate refuses the delivery's CRS.
    """
    gate = crs_gate(delivery.crs)
    rows = delivery.frame.index.to_numpy()
    delivered = np.asarray(delivery.frame.geometry.values, dtype=object)
    encoded = encode_many(delivered, crs=delivery.crs)
    found = _faults(delivery, encoded.faults, delivered)
    sound = are_sound(found)
    ground = gpd.GeoDataFrame(
        {"area_m2": encoded.area_m2[sound], "h3": encoded.h3[sound]},
        geometry=as_multipolygons(to_storage(delivered[sound], delivery.crs)),
        index=rows[sound],
        crs=STORAGE_CRS,
    )
    plane = plane or _plane_of(ground)
    flat = pd.Series(to_plane(np.asarray(ground.geometry.values), plane), index=ground.index, dtype=object)
    wide = _width_faults(flat, max_size_m)
    ground = ground.drop(index=list(wide))
    faults = dict(zip(rows[~sound].tolist(), found[~sound], strict=True)) | wide
    codes = dict(zip(rows.tolist(), encoded.codes.tolist(), strict=True))
    columns = delivery.frame.drop(columns=[delivery.frame.geometry.name, "source_id"])
    records = dict(zip(rows.tolist(), json_records(columns), strict=True))
    stating, carried = stating_fields(columns, schemes), schemes_of(columns, schemes)
    stated = {row: stating.find(record) for row, record in records.items()} if stating else {}
    aliases = {row: find_aliases(records[row], carried) for row in ground.index.tolist()} if carried else {}
    return PreparedDelivery(
        delivery=delivery,
        ground=ground,
        codes={row: read_written(codes[row]) for row in ground.index.tolist()},
        faults={row: fault_json(fault, lonlat=_lonlat(gate, fault)) for row, fault in faults.items()},
        rows=rows.tolist(),
        records=records,
        names={row: name for row, (name, _) in stated.items() if name is not None},
        stated={row: code for row, (_, code) in stated.items() if code},
        aliases={row: taken for row, (taken, _) in aliases.items() if taken},
        refused_aliases={row: refused for row, (_, refused) in aliases.items() if refused},
        plane=plane,
        flat=flat,
    )


def as_multipolygons(geometries: NDArray[Any]) -> NDArray[Any]:
    """Return every polygon as a multipolygon, as the register stores them."""
    whole = np.array(geometries, dtype=object)
    single = shapely.get_type_id(whole) == shapely.GeometryType.POLYGON
    whole[single] = shapely.multipolygons(whole[single], indices=np.arange(np.count_nonzero(single)))
    return whole


def planes_of(ground: gpd.GeoDataFrame) -> "pd.Series[str]":
    """Return the plane in which each footprint in EPSG:4490 is measured: that of its centroid."""
    lon, lat = shapely.get_coordinates(shapely.centroid(ground.geometry.values)).T
    # a city has one or two: told once for all that have the same nearest meridian, UTM zone and side of the equator
    like = np.column_stack([np.rint(lon / 3), (lon + 180) // 6, lat > 0, lat >= 0])
    _, first, alike = np.unique(like, axis=0, return_index=True, return_inverse=True)
    planes = np.array([measure_plane(lon[row], lat[row]) for row in first], dtype=object)
    return pd.Series(planes[alike], index=ground.index, dtype=object)


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


def _faults(delivery: Delivery, coded: NDArray[Any], delivered: NDArray[Any]) -> NDArray[Any]:
    """Return each row's fault or None: what reading found comes before what coding found."""
    faults = np.where(are_sound(delivery.faults), coded, delivery.faults)
    for place in np.flatnonzero((shapely.get_num_coordinates(delivered) > MAX_VERTICES) & are_sound(faults)):
        faults[place] = too_large(delivered[place])
    return faults


def _width_faults(flat: "pd.Series[Any]", limit_m: float) -> dict[int, Fault]:
    """Return the faults of footprints in metres that no building can have, by row."""
    west, south, east, north = shapely.bounds(flat.to_numpy()).reshape(-1, 4).T
    size_m = pd.Series(np.maximum(east - west, north - south), index=flat.index)
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
