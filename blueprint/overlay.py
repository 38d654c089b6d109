"""The overlay: what a polygon shares with others, what of it lies outside, and how large and wide that is.

A pair that cannot be overlaid is a row with an ``error``; `blueprint.cutting` says when that is.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from blueprint.certainty import classify_widths
from blueprint.cutting import Cut, cut, cut_away, take_polygons
from blueprint.planes import check_frame, check_same_plane
from layers.widths import RESOLUTION_M, measure_widths

__all__ = ["Parts", "list_parts", "list_sound_parts", "measure_outside", "measure_overlaps", "merge", "merge_runs"]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.intp]
Geometries: TypeAlias = NDArray[np.object_]


class Parts(NamedTuple):
    """The polygon parts of some geometries, in their order: the row of each, its polygon, area and width."""

    row: Integers
    geometry: Geometries
    area_m2: Floats
    width_m: Floats

    def between(self, start: int, end: int) -> "Parts":
        """Return the parts of the rows from start to before end, their rows counted from start."""
        mine = slice(*np.searchsorted(self.row, [start, end]))
        return Parts(self.row[mine] - start, self.geometry[mine], self.area_m2[mine], self.width_m[mine])


def measure_overlaps(
    left: gpd.GeoSeries, right: gpd.GeoSeries, pairs: Sequence[tuple[Any, Any]], *, sigma_m: float = 0.0
) -> gpd.GeoDataFrame:
    """Measure the ground that pairs of polygons share.

    Parameters
    ----------
    left, right
        Polygons in one projected plane in metres, indexed by feature id.
    pairs
        The ids (left, right) of the pairs to measure.
    sigma_m
        The standard deviation of a distance between the two layers; see `combine_accuracies`.

    Returns
    -------
    gpd.GeoDataFrame
        One row per pair that shares ground or cannot be overlaid, in the order of the pairs: ``left``, ``right``,
        ``area_m2`` (of all parts), ``width_m`` (of the widest part), ``certainty``, ``parts`` (how many),
        ``engine_mode``, ``error``, and the overlap as geometry. Slivers are marked, never dropped; polygons that only
        touch share no ground.

    Raises
    ------
    FrameCrsError
        A series is not in a projected plane in metres, or the two are not in the same.
    """
    _check_sides(left, right)
    a, b = ([pair[side] for pair in pairs] for side in (0, 1))
    result = cut(left.reindex(a).to_numpy(), right.reindex(b).to_numpy(), outside=False)
    return _frame({"left": a, "right": b}, result.inside, result, sigma_m, left.crs)


def measure_outside(left: gpd.GeoSeries, right: gpd.GeoSeries, *, sigma_m: float = 0.0) -> gpd.GeoDataFrame:
    """Measure the ground of each left polygon that lies outside all right polygons together.

    Returns
    -------
    gpd.GeoDataFrame
        One row per left polygon with ground outside, or that cannot be overlaid: the columns of `measure_overlaps`
        without ``right``.

    Raises
    ------
    FrameCrsError
        A series is not in a projected plane in metres, or the two are not in the same.
    """
    _check_sides(left, right)
    result = cut_away(take_polygons(left.to_numpy()), take_polygons(right.to_numpy()))
    return _frame({"left": left.index.to_list()}, result.outside, result, sigma_m, left.crs)


def _check_sides(left: gpd.GeoSeries, right: gpd.GeoSeries) -> None:
    check_frame(left, "the left side")
    check_frame(right, "the right side")
    check_same_plane(left, right, "the right side")


def _frame(ids: Mapping[str, list[Any]], ground: Geometries, result: Cut, sigma_m: float, crs: Any) -> gpd.GeoDataFrame:
    """Return the rows that have ground or an error."""
    parts, count = list_parts(ground), len(ground)
    width_m = np.zeros(count)
    np.maximum.at(width_m, parts.row, parts.width_m)
    columns = {name: pd.Series(values, dtype=object) for name, values in ids.items()} | {
        "area_m2": np.bincount(parts.row, weights=parts.area_m2, minlength=count),
        "width_m": width_m,
        "certainty": classify_widths(width_m, sigma_m),
        "parts": np.bincount(parts.row, minlength=count),
        "engine_mode": result.engine_mode,
        "error": pd.Series(result.error, dtype=object),
    }
    merged = [merge(parts.between(i, i + 1).geometry) for i in range(count)]
    rows = gpd.GeoDataFrame(columns, geometry=merged, crs=crs)
    return rows[(rows["parts"] > 0) | rows["error"].notna()].reset_index(drop=True)


def list_parts(geometries: Geometries) -> Parts:
    """Return the polygon parts of geometries in a plane in metres, measured.

    Lines and points, where polygons touch, have no ground. Neither have polygons narrower than `RESOLUTION_M`: where
    neighbours only touch, noding leaves such dust along edges whose coordinates differ in the last binary digit.
    """
    parts, row = shapely.get_parts(geometries, return_index=True)
    areal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    parts, row = parts[areal], row[areal]
    area_m2 = shapely.area(parts)
    some = area_m2 > 0
    row, parts, area_m2 = row[some], parts[some], area_m2[some]
    width_m = measure_widths(parts)
    wide = width_m >= RESOLUTION_M
    return Parts(row[wide], parts[wide], area_m2[wide], width_m[wide])


def merge(polygons: Geometries) -> Any:
    """Return polygon parts as one geometry; None where there are none."""
    if not len(polygons):
        return None
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(list(polygons))


def list_sound_parts(geometries: Geometries, errors: Geometries) -> Parts:
    """Return the parts as `list_parts` does; a geometry that GEOS gives up on has none, and its reason in `errors`."""
    try:
        return list_parts(geometries)
    except shapely.GEOSException:
        sound = geometries.copy()
        for row in range(len(geometries)):
            try:
                list_parts(geometries[[row]])
            except shapely.GEOSException as error:
                sound[row], errors[row] = None, str(error)
        return list_parts(sound)


def merge_runs(parts: Parts, rows: int) -> Geometries:
    """Return the parts of each of some rows as one geometry, None where there are none: `merge` for many."""
    merged = np.full(rows, None, dtype=object)
    where, count = np.unique(parts.row, return_counts=True)
    several = np.repeat(count > 1, count)
    merged[parts.row[~several]] = parts.geometry[~several]
    many = where[count > 1]
    merged[many] = shapely.multipolygons(parts.geometry[several], indices=np.searchsorted(many, parts.row[several]))
    return merged
