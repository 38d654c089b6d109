"""Editions: a delivered layer made into the clean features of one layer of the catalogue, in EPSG:4490."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geocode.crs import STORAGE_CRS, crs_gate, to_storage
from geocode.faults import Fault, are_sound, read_sentences
from geocode.footprints import find_faults
from layers.catalogue_entries import Layer
from layers.contracts import Contract, RowFault, check_contract
from layers.days import plain_text, read_day
from layers.json_values import json_value
from layers.mending import Change, linearised_changes, mend
from layers.reading import Delivery

__all__ = ["EditionFrame", "prepare_edition"]

_SENTENCES = read_sentences("layers", "faults.toml")
_KINDS = {
    "Polygon": {"Polygon", "MultiPolygon"},
    "Line": {"LineString", "MultiLineString"},
    "Point": {"Point", "MultiPoint"},
}
# the columns that say the same everywhere, whatever their case
_NAME_COLUMNS = ("name", "mc", "名称", "项目名称", "xmmc", "gname", "xzqmc")
_FROM_COLUMNS = ("valid_from", "生效日期", "bhkssj")
_TO_COLUMNS = ("valid_to", "失效日期", "bhjssj")
_OWN_COLUMNS = {"source_id", "name", "class_code", "valid_from", "valid_to", "geometry"}


@dataclass(frozen=True, slots=True)
class EditionFrame:
    """The features of one layer.

    Attributes
    ----------
    layer
        The layer of the catalogue.
    frame
        The good rows, indexed as in the delivery, in EPSG:4490. Columns: ``source_id``, ``name``, ``class_code`` (text
        or None), ``valid_from``, ``valid_to`` (dates or None; the last day is not included), ``attrs`` (the attributes
        as delivered, as a JSON-safe mapping, but those that bear one of these names) and ``geometry``.
    faults
        Why each row of the delivery is not among them: a `Fault`, or None, shape (n,).
    changes
        What was done to geometries on the way, by row.
    warnings
        What features have against the layer's contract, and the layer as a whole: they are kept all the same.
    """

    layer: Layer
    frame: gpd.GeoDataFrame
    faults: NDArray[Any]
    changes: tuple[Change, ...] = ()
    warnings: tuple[RowFault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which columns of a delivery are which; None where it has none."""

    name: str | None
    class_code: str | None
    valid_from: str | None
    valid_to: str | None


def prepare_edition(
    delivery: Delivery, *, layer: Layer, contract: Contract | None = None, mend_invalid: bool = True
) -> EditionFrame:
    """Return the features of a delivery as those of a layer, and a fault for every row that is none.

    Parameters
    ----------
    delivery
        As read, in its own CRS.
    layer
        The layer it is for: its kinds of geometry are accepted, and its field of classes is used.
    contract
        What its fields are to hold; None: nothing is asked of them.
    mend_invalid
        Whether polygons that are not valid are mended where it is clear which ground they mean, or refused.

    Raises
    ------
    CrsError
        The gate refuses the CRS of the delivery.
    """
    gate = crs_gate(delivery.crs)
    source = delivery.frame
    faults = delivery.faults.copy()
    geometries = np.asarray(source.geometry.array, dtype=object)
    _add_faults(faults, _geometry_faults(geometries, layer))
    mended = mend(geometries, faults, delivery.crs, invalid=mend_invalid)
    faults = mended.faults
    columns = _columns(source, layer)
    valid_from, from_faults = _dates(source, columns.valid_from)
    valid_to, to_faults = _dates(source, columns.valid_to)
    for found in (from_faults, to_faults, _order_faults(valid_from, valid_to)):
        _add_faults(faults, found)
    stored = np.full(len(geometries), None, dtype=object)
    sound = are_sound(faults)
    stored[sound] = to_storage(mended.geometries[sound], delivery.crs)
    _add_faults(faults, _place_faults(mended.geometries, stored, gate.name))
    told = [] if contract is None else check_contract(source[source.columns[1:-1]], stored, contract)
    for row, _, level, fault in told:
        if row is not None and level == "error" and faults[row] is None:
            faults[row] = fault
    good = are_sound(faults)
    frame = gpd.GeoDataFrame(
        {
            "source_id": source["source_id"].to_numpy(dtype=object)[good],
            "name": _texts(source, columns.name)[good],
            "class_code": _texts(source, columns.class_code)[good],
            "valid_from": valid_from[good],
            "valid_to": valid_to[good],
            "attrs": _attributes(source[good]),
        },
        index=source.index[good],
        geometry=stored[good],
        crs=STORAGE_CRS,
        dtype=object,
    )
    changes = [*linearised_changes(delivery.curved), *mended.changes]
    return EditionFrame(
        layer,
        frame,
        faults,
        tuple(change for change in changes if good[change.row]),
        tuple(each for each in told if each.level == "warn" and (each.row is None or good[each.row])),
    )


def _add_faults(faults: NDArray[Any], more: NDArray[Any]) -> None:
    """Write faults into the rows that have none yet."""
    free = are_sound(faults)
    faults[free] = more[free]


def _columns(frame: gpd.GeoDataFrame, layer: Layer) -> _Columns:
    names = {str(name).casefold(): str(name) for name in reversed(list(frame.columns[1:-1]))}

    def first(wanted: Iterable[str]) -> str | None:
        return next((names[name.casefold()] for name in wanted if name.casefold() in names), None)

    classes = ("class_code", *([layer.class_field] if layer.class_field else []))
    return _Columns(first(_NAME_COLUMNS), first(classes), first(_FROM_COLUMNS), first(_TO_COLUMNS))


def _texts(frame: gpd.GeoDataFrame, column: str | None) -> NDArray[Any]:
    """Return a column as text or None; an empty text is none."""
    texts = np.full(len(frame), None, dtype=object)
    if column is not None:
        texts[:] = [plain_text(value) for value in frame[column].tolist()]
    return texts


def _dates(frame: gpd.GeoDataFrame, column: str | None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return a column as dates or None, and the faults of what is no date."""
    dates, faults = np.full((2, len(frame)), None, dtype=object)
    if column is not None:
        for row, value in enumerate(frame[column].tolist()):
            text = plain_text(value)
            if text is not None:
                dates[row] = read_day(value)
                if dates[row] is None:
                    faults[row] = _SENTENCES.fault("date_unreadable", column=column, found=text[:40])
    return dates, faults


def _order_faults(valid_from: NDArray[Any], valid_to: NDArray[Any]) -> NDArray[Any]:
    faults = np.full(len(valid_from), None, dtype=object)
    for row, (start, end) in enumerate(zip(valid_from, valid_to, strict=True)):
        if start is not None and end is not None and end <= start:
            faults[row] = _SENTENCES.fault("dates_reversed", valid_from=start, valid_to=end)
    return faults


def _geometry_faults(geometries: NDArray[Any], layer: Layer) -> NDArray[Any]:
    """Return what is wrong with each geometry as delivered, for this layer."""
    allowed = set().union(*(_KINDS.get(kind, set()) for kind in layer.geometry))
    kinds = np.array([geometry.geom_type if geometry is not None else None for geometry in geometries], dtype=object)
    polygonal = np.isin(kinds, [*_KINDS["Polygon"]]) | shapely.is_missing(geometries)
    faults = np.full(len(geometries), None, dtype=object)
    faults[polygonal] = find_faults(geometries[polygonal])
    for row in np.flatnonzero(~polygonal):
        faults[row] = _line_or_point_fault(geometries[row])
    for row in np.flatnonzero(~shapely.is_missing(geometries)):
        if kinds[row] not in allowed:
            wanted = ", ".join(sorted(allowed)) or "no vectors"
            faults[row] = _SENTENCES.fault("geometry_kind", found=kinds[row], layer=layer.code, wanted=wanted)
    return faults


def _line_or_point_fault(geometry: Any) -> Fault | None:
    if shapely.is_empty(geometry):
        return _SENTENCES.fault("geometry_invalid", reason="empty")
    xy = shapely.get_coordinates(geometry)
    lost = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(lost):
        return _SENTENCES.fault("geometry_invalid", reason="not finite", vertex=int(lost[0]))
    if not shapely.is_valid(geometry):
        return _SENTENCES.fault("geometry_invalid", reason=shapely.is_valid_reason(geometry))
    return None


def _place_faults(geometries: NDArray[Any], stored: NDArray[Any], crs: str) -> NDArray[Any]:
    """Return the faults of geometries that do not reach EPSG:4490, or reach it broken."""
    faults = np.full(len(stored), None, dtype=object)
    xy, row_of = shapely.get_coordinates(stored, return_index=True)
    lost = ~((np.abs(xy[:, 0]) <= 180) & (np.abs(xy[:, 1]) <= 90))  # noqa: PLR2004 - degrees
    for row in np.unique(row_of[lost]):
        vertex = int(np.flatnonzero(lost[row_of == row])[0])
        x, y = shapely.get_coordinates(geometries[row])[vertex].tolist()
        faults[row] = _SENTENCES.fault("place_unknown", x=x, y=y, vertex=vertex, crs=crs)
    there = ~shapely.is_missing(stored) & are_sound(faults)
    for row in np.flatnonzero(there & ~shapely.is_valid(stored)):
        faults[row] = _SENTENCES.fault("geometry_invalid", reason=shapely.is_valid_reason(stored[row]))
    return faults


def _attributes(frame: gpd.GeoDataFrame) -> NDArray[Any]:
    """Return the attributes of each row under their own names, but those that an edition has columns for."""
    rows: Sequence[dict[str, Any]] = [{} for _ in range(len(frame))]
    for name in frame.columns:
        if str(name).casefold() not in _OWN_COLUMNS:
            for row, value in zip(rows, frame[name].tolist(), strict=True):
                if value is not pd.NA:
                    row[str(name)] = json_value(value)
    attributes = np.empty(len(rows), dtype=object)
    attributes[:] = rows
    return attributes
