"""The CRS in which a delivery is taken: stated and borne out by its numbers, found beyond doubt, or asked for."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from geocode.faults import Text
from layers.crs import FoundCrs, choose_crs, crs_asked_for, crs_of_rfc7946, own_system
from layers.crs_candidates import Candidate, said_of, turn
from layers.crs_finding import Fit, check_stated, find_crs, fits_in
from layers.curves import Linearised
from layers.entries import ReadOptions
from layers.errors import RefusedFile, refused
from layers.formats import Format
from layers.positions import Positions
from layers.remarks import remark
from layers.tables import Table

__all__ = ["said_again", "settle_crs", "turn_curves", "turn_faults", "turn_frame"]

# more than a person chooses among
_MANY = 8


def settle_crs(
    table: Table, seen: Positions, kind: Format, asked: FoundCrs | None, options: ReadOptions
) -> tuple[FoundCrs, tuple[Text, ...]]:
    """Return the CRS that counts for a layer, and remarks: the person's before the file's before what the numbers tell.

    Parameters
    ----------
    table
        The layer or its first rows, for what the file states.
    seen
        The positions of all that counts.

    Raises
    ------
    RefusedFile
        More than one CRS is plausible, or none; the candidates are in the error.
    """
    xy = seen.sample
    stated, notes = choose_crs(table.crs, asked)
    if stated is None and kind in {Format.GEOJSON, Format.GEOJSONSEQ} and seen.are_degrees:
        stated = crs_of_rfc7946()
    if asked is not None:
        return _as_asked(asked, xy), notes
    if stated is not None:
        return _as_stated(stated, xy, options), notes
    if table.crs_refusal is not None:
        raise table.crs_refusal
    return _as_found(xy, options), notes


def said_again(table: Table, found: FoundCrs) -> str | None:
    """Return what a person states for the table to be taken so without being looked at; None where the file says as much."""
    is_turned = found.is_swapped or found.is_millimetres
    if table.crs is not None and not is_turned:
        return None
    return said_of(found.name, is_swapped=found.is_swapped, is_millimetres=found.is_millimetres)


def turn_frame(frame: gpd.GeoDataFrame, found: FoundCrs) -> gpd.GeoDataFrame:
    """Return a frame with x = east and in the unit of its CRS."""
    if not (found.is_swapped or found.is_millimetres):
        return frame
    turned = shapely.transform(
        np.asarray(frame.geometry.values),
        lambda xy: turn(xy, is_swapped=found.is_swapped, is_millimetres=found.is_millimetres),
    )
    return frame.set_geometry(gpd.GeoSeries(turned, index=frame.index, crs=frame.crs))


def turn_faults(faults: NDArray[Any], found: FoundCrs) -> NDArray[Any]:
    """Return a column of faults or None with their places as `turn_frame` turns geometries."""
    if not (found.is_swapped or found.is_millimetres):
        return faults
    turned = faults.copy()
    for place, fault in enumerate(faults):
        if fault is not None and fault.x is not None and fault.y is not None:
            at = np.array([[fault.x, fault.y]])
            ((x, y),) = turn(at, is_swapped=found.is_swapped, is_millimetres=found.is_millimetres).tolist()
            turned[place] = replace(fault, x=x, y=y)
    return turned


def turn_curves(curves: Mapping[int, Linearised], found: FoundCrs) -> Mapping[int, Linearised]:
    """Return what was made of arcs in the unit of the CRS."""
    if not found.is_millimetres:
        return curves
    return {
        row: curve._replace(deviation=curve.deviation / 1e3, area=curve.area / 1e6) for row, curve in curves.items()
    }


def _as_asked(asked: FoundCrs, xy: NDArray[np.float64]) -> FoundCrs:
    if asked.is_swapped or asked.is_millimetres:
        return _turned(asked, Fit(asked.is_swapped, asked.is_millimetres))
    fits = fits_in(xy, asked.crs)
    return _turned(asked, fits[0]) if len(fits) == 1 else asked


def _as_stated(stated: FoundCrs, xy: NDArray[np.float64], options: ReadOptions) -> FoundCrs:
    judged = check_stated(xy, stated.crs, extent=options.extent, systems=_systems(options))
    if isinstance(judged, Fit):
        return _turned(stated, judged)
    raise _asking("crs_contradicted", judged, name=stated.name)


def _as_found(xy: NDArray[np.float64], options: ReadOptions) -> FoundCrs:
    finding = find_crs(xy, extent=options.extent, datum=options.datum, systems=_systems(options))
    if finding.verdict == "refused":
        raise refused("crs_datum_refused", datum=options.datum)
    if finding.verdict == "none":
        raise refused("crs_missing", hint_zh=finding.why.zh, hint_en=finding.why.en)
    if len(finding.candidates) > _MANY and not options.extent:
        count, said = len(finding.candidates), finding.candidates[0].said
        raise _with(refused("crs_ask_zone", count=count, said=said), finding.candidates)
    if finding.verdict == "ask":
        raise _asking("crs_ask", finding.candidates, why_zh=finding.why.zh, why_en=finding.why.en)
    best = finding.candidates[0]
    found = crs_asked_for(best.said, systems=options.systems)
    told = remark("crs_found", datum=options.datum, score=f"{best.score:g}")
    return replace(found, why=Text(told.zh + best.reason.zh, f"{told.en} {best.reason.en}"))


def _asking(kind: str, candidates: tuple[Candidate, ...], **values: Any) -> RefusedFile:
    best = candidates[0]
    error = refused(kind, said=best.said, hint_zh=best.reason.zh, hint_en=best.reason.en, **values)
    return _with(error, candidates)


def _with(error: RefusedFile, candidates: tuple[Candidate, ...]) -> RefusedFile:
    error.candidates = tuple(each.as_json() for each in candidates)
    return error


def _turned(found: FoundCrs, fit: Fit) -> FoundCrs:
    """Return a CRS with the way its numbers are read, and tell of it."""
    why = found.why
    for holds, kind in ((fit.is_swapped, "crs_turned"), (fit.is_millimetres, "crs_shrunk")):
        if holds:
            told = remark(kind)
            why = Text(f"{why.zh}{told.zh}", f"{why.en} {told.en}")
    return replace(found, why=why, is_swapped=fit.is_swapped, is_millimetres=fit.is_millimetres)


def _systems(options: ReadOptions) -> dict[str, pyproj.CRS]:
    return {name: own_system(wkt) for name, wkt in options.systems.items()}
