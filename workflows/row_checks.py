"""A delivery of buildings made ready and looked through: attributes before geometry, outlines, and each row against the others.

What a check finds is told with its row and keeps nothing back, unless it is an error: then the row is refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode import Text, to_storage
from geocode.planes import to_plane
from layers.catalogue import load_catalogue
from layers.catalogue_entries import Catalogue
from layers.contracts import RowFault, check_contract, contract_of_buildings, missing_fields
from layers.footprint_checks import CheckResult, check_extent, check_outlines, check_overlaps
from layers.outline_mending import OutlineFix, without_vertices
from layers.reading import Delivery
from registry.aliases import Scheme
from registry.ground import OVERLAP_TOLERANCE
from workflows.deliveries import PreparedDelivery, placed_fault, prepare_delivery
from workflows.reports import fault_json, geometry_json, text_json

__all__ = ["prepare_checked"]

_RANKS = {"error": 0, "warning": 1, "info": 2}
_SEVERITIES = {"error": "error", "warn": "warning"}


def prepare_checked(
    delivery: Delivery,
    *,
    schemes: Sequence[Scheme] | None = None,
    catalogue: Catalogue | None = None,
    extent: Any = None,
    fix: bool = False,
    plane: str | None = None,
) -> PreparedDelivery:
    """Code a delivery's rows as `prepare_delivery` does, with what checks find in ``warnings``, and in ``faults`` if it is an error.

    Parameters
    ----------
    schemes
        As those of `prepare_delivery`.
    catalogue
        It says which fields a delivery of buildings has; the built-in one where None.
    extent
        The ground in EPSG:4490 that the office works on; asked about where there is one.
    fix
        Whether outlines are mended where that is safe; otherwise it is proposed.
    plane
        As that of `prepare_delivery`.

    Raises
    ------
    RefusedFile
        A field that every delivery must have is not there.
    CrsError
        The gate refuses the delivery's CRS.
    """
    contract = contract_of_buildings(catalogue or load_catalogue())
    fields = delivery.frame.columns.drop(["source_id", delivery.frame.geometry.name])
    missing = missing_fields(map(str, fields), contract)
    delivery = replace(delivery, notes=(*delivery.notes, *(fault.text for fault in missing)))
    rows = delivery.frame.index.to_numpy()
    prepared = prepare_delivery(delivery, schemes=schemes, plane=plane)
    stored, flat = _on_ground(prepared)
    # of a row that is refused only what would mend it
    outlines = [each for each in check_outlines(flat) if each.fix or int(rows[each.row]) not in prepared.faults]
    if fix and any(each.fix for each in outlines):
        delivery, mended = _mended(delivery, outlines)
        prepared = replace(prepare_delivery(delivery, schemes=schemes, plane=plane), mended=mended)
        stored, flat = _on_ground(prepared)
    good = np.isin(rows, prepared.ground.index.to_numpy())
    there, there_flat = stored.copy(), flat.copy()
    there[~good] = there_flat[~good] = None
    found = [
        *(
            _in_file(_field_json(each), rows)
            for each in check_contract(delivery.frame[fields], there, contract)
            if each.row is not None
        ),
        *(_in_file(_outline_json(each, prepared.plane, stored, is_applied=fix), rows) for each in outlines),
        *(
            _placed_json(each, prepared.plane)
            for each in check_overlaps(there_flat, most_share=OVERLAP_TOLERANCE, rows=rows)
        ),
        *(
            _in_file(_result_json(each, _where(each)), rows)
            for each in ([] if extent is None else check_extent(there, extent))
        ),
    ]
    return _with_results(prepared, found)


def _in_file(found: tuple[int, dict[str, Any]], rows: NDArray[np.intp]) -> tuple[int, dict[str, Any]]:
    """Return what was found at a place of an array with the row of the file that stands there."""
    place, said = found
    return int(rows[place]), said


def _on_ground(prepared: PreparedDelivery) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the geometries of all rows in EPSG:4490 and in the delivery's plane, None where one does not come there."""
    delivered = np.asarray(prepared.delivery.frame.geometry.values, dtype=object)
    good = np.isin(prepared.rows, prepared.ground.index.to_numpy())
    stored, flat = np.full((2, len(delivered)), None, dtype=object)
    stored[good] = np.asarray(prepared.ground.geometry.values)
    # an outline that crosses itself has a place as well
    rest = [place for place in np.flatnonzero(~good) if _is_polygon(delivered[place])]
    stored[rest] = to_storage(delivered[rest], prepared.delivery.crs)
    lost = [place for place in rest if not np.isfinite(shapely.get_coordinates(stored[place])).all()]
    stored[lost] = None
    flat[good] = prepared.flat[prepared.ground.index]
    there = np.flatnonzero(~shapely.is_missing(stored) & ~good)
    flat[there] = to_plane(stored[there], prepared.plane)
    far = [place for place in rest if not np.isfinite(shapely.get_coordinates(flat[place])).all()]
    flat[far] = None
    return stored, flat


def _is_polygon(geometry: Any) -> bool:
    polygonal = geometry is not None and geometry.geom_type in {"Polygon", "MultiPolygon"} and not geometry.is_empty
    return polygonal and bool(np.isfinite(shapely.get_coordinates(geometry)).all())


def _mended(delivery: Delivery, outlines: Iterable[CheckResult]) -> tuple[Delivery, tuple[int, int]]:
    """Return a delivery with the outlines mended: how many, and by leaving out how many vertices."""
    fixes = {each.row: each.fix for each in outlines if each.fix}
    geometries = np.asarray(delivery.frame.geometry.values, dtype=object).copy()
    for place, fix in fixes.items():
        geometries[place] = without_vertices(geometries[place], fix.vertices)
    frame = delivery.frame.set_geometry(geometries, crs=delivery.frame.crs)
    return replace(delivery, frame=frame), (len(fixes), sum(len(fix.vertices) for fix in fixes.values()))


def _with_results(prepared: PreparedDelivery, found: Sequence[tuple[int, dict[str, Any]]]) -> PreparedDelivery:
    """Return a delivery with what checks found: rows with an error are refused for it, whatever their geometry is like."""
    results: dict[int, list[dict[str, Any]]] = {}
    for row, said in sorted(found, key=lambda each: (each[0], _RANKS[each[1]["severity"]])):
        results.setdefault(row, []).append(said)
    errors = {row: told[0] for row, told in results.items() if told[0]["severity"] == "error"}
    return replace(
        prepared,
        ground=prepared.ground.drop(index=[row for row in errors if row in prepared.codes]),
        codes=_without(prepared.codes, errors),
        faults=prepared.faults | {row: _as_fault(told) for row, told in errors.items()},
        aliases=_without(prepared.aliases, errors),
        refused_aliases=_without(prepared.refused_aliases, errors),
        warnings={row: [each for each in told if each is not errors.get(row)] for row, told in results.items()},
    )


def _without(rows: Mapping[int, Any], errors: Mapping[int, Any]) -> dict[int, Any]:
    return {row: value for row, value in rows.items() if row not in errors}


def _as_fault(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key not in {"severity", "fix", "other"}}


def _field_json(fault: RowFault) -> tuple[int, dict[str, Any]]:
    severity = _SEVERITIES[fault.level]
    return int(fault.row or 0), {"severity": severity, **fault_json(fault.fault), "field": fault.field}


def _outline_json(
    result: CheckResult, plane: str, stored: NDArray[Any], *, is_applied: bool
) -> tuple[int, dict[str, Any]]:
    row, said = _placed_json(result, plane)
    if result.fix is not None:
        said["fix"] = _fix_json(result.fix, stored[row], is_applied=is_applied)
    return row, said


def _fix_json(fix: OutlineFix, stored: Any, *, is_applied: bool) -> dict[str, Any]:
    """Return a way to mend an outline; the geometry in EPSG:4490, where it is not mended yet."""
    count, moved_m, area_m2 = len(fix.vertices), fix.moved_m, fix.area_m2
    text = Text(
        f"删除 {count} 个顶点:轮廓最多移动 {moved_m:.3f} 米,面积变化 {area_m2:.3f} 平方米。",
        f"Leave {count} {'vertex' if count == 1 else 'vertices'} out: the outline moves by {moved_m:.3f} m at most, "
        f"its area changes by {area_m2:.3f} m².",
    )
    return {
        "applied": is_applied,
        "text": text_json(text),
        "vertices": list(fix.vertices),
        "moved_m": round(moved_m, 4),
        "area_m2": round(area_m2, 4),
        "geometry": None if is_applied else geometry_json(without_vertices(stored, fix.vertices)),
    }


def _placed_json(result: CheckResult, plane: str) -> tuple[int, dict[str, Any]]:
    placed = placed_fault(result.fault, plane)
    return _result_json(result, (placed["x"], placed["y"]))


def _result_json(result: CheckResult, lonlat: tuple[float, float]) -> tuple[int, dict[str, Any]]:
    said = {"severity": result.severity, **fault_json(result.fault, lonlat=lonlat)}
    return result.row, said if result.other is None else {**said, "other": result.other}


def _where(result: CheckResult) -> tuple[float, float]:
    return float(result.fault.x or 0.0), float(result.fault.y or 0.0)
