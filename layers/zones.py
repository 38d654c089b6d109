"""What a raster holds within footprints: extremes, means, shares and classes, weighted by the ground each cell shares.

Every cell that a footprint shares ground with counts, by how much it shares: a maximum misses no cell that is only
touched at a corner, and a mean is that of the ground. The raster is read tile by tile, only where footprints are, so
that memory depends on neither its size nor theirs.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geocode.faults import are_sound, read_sentences
from layers.cell_coverage import cover_cells
from layers.errors import refused
from layers.moving import move
from layers.rasters import Box, Raster, ReadCells, reading
from layers.slopes import slope_deg

__all__ = ["class_shares", "zonal", "zonal_slope"]

_TILE = 512
# what is held at once: so many cells, a polygon counted as fifty
_BATCH_CELLS, _POLYGON_CELLS = 1_000_000, 50
# the shares of cells are single floats
_TINY_SHARE = 1e-6
_POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_SENTENCES = read_sentences("layers", "faults.toml")

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Footprints: TypeAlias = gpd.GeoDataFrame | gpd.GeoSeries


class _Zones(NamedTuple):
    """Footprints in units of a raster's cells; arrays of one length.

    ``row`` is the position of each in the frame: only sound ones are here; ``fault`` has one for every row of the frame.
    """

    row: Integers
    polygon: NDArray[Any]
    fault: NDArray[Any]

    def areas(self) -> Floats:
        """Return the areas, in cells."""
        return np.asarray(shapely.area(self.polygon))


class _Touched(NamedTuple):
    """Cells of one tile with the zone that touches each, the share of the cell, its value, its column and row."""

    zone: Integers
    share: Floats
    value: Floats
    column: Integers
    row: Integers


def zonal(
    raster: Raster, footprints: Footprints, *, above: float | None = None, quantile: float | None = None
) -> pd.DataFrame:
    """Measure a raster within footprints.

    Parameters
    ----------
    footprints
        Polygons in any CRS that the gate lets through; they are brought into the raster's, never the raster into theirs.
    above
        A level, such as a depth of water: the share of ground above it is told too.
    quantile
        A share of the ground, such as 0.95: the least value that so much of it does not exceed is told too.

    Returns
    -------
    pd.DataFrame
        One row a footprint, under its index: ``min``, ``max``, ``mean``, the centres of the cells with the least and the
        greatest value in the raster's CRS (``min_x``, ``min_y``, ``max_x``, ``max_y``; of equals, the same one each time),
        the shares of the footprint's ground that have a value and that lie in the raster without one
        (``share_covered``, ``share_nodata``; the rest lies beyond it), ``share_above`` and ``quantile`` where they were
        asked for, and ``fault``: what is wrong with the footprint, or None. Numbers are NaN where there is no value.

    Raises
    ------
    CrsError
        The gate refuses the CRS of the footprints.
    RefusedFile
        A block of the raster is broken.
    """
    return _measure(raster, footprints, lambda read: read, above=above, quantile=quantile)


def zonal_slope(
    terrain: Raster, footprints: Footprints, *, above: float | None = None, quantile: float | None = None
) -> pd.DataFrame:
    """Measure the slope of terrain within footprints, in degrees, as `zonal` measures values.

    The outermost cells of a raster, and those beside one without a value, have no slope.

    Raises
    ------
    CrsError
        The gate refuses the CRS of the footprints.
    RefusedFile
        The terrain's plane is not in metres, or a block of it is broken.
    """
    if not terrain.is_metric:
        raise refused("raster_not_metric", crs=terrain.crs_name)

    def sloping(read: ReadCells) -> ReadCells:
        def slopes(box: Box) -> Floats:
            wider = Box(box.left - 1, box.top - 1, box.right + 1, box.bottom + 1)
            return slope_deg(read(wider), terrain.cell_x, terrain.cell_y)

        return slopes

    return _measure(terrain, footprints, sloping, above=above, quantile=quantile)


def class_shares(raster: Raster, footprints: Footprints) -> pd.DataFrame:
    """Return the share of each footprint's ground that lies in each class of a raster, such as a zone of noise.

    Returns
    -------
    pd.DataFrame
        By footprint, then by class, under the footprints' index: ``class`` (missing for the ground without a value),
        ``share``, and ``fault``. The shares of a footprint add up to 1; one with a fault has one row, without a share.

    Raises
    ------
    CrsError
        The gate refuses the CRS of the footprints.
    RefusedFile
        A block of the raster is broken.
    """
    zones = _bring(footprints, raster)
    sums = [_sum_classes(touched) for touched in _touch(raster, zones, lambda read: read)]
    zone, value, cells = (np.concatenate([part[k] for part in sums] or [np.empty(0)]) for k in range(3))
    table = pd.DataFrame({"row": zones.row[zone.astype(np.int64)], "class": value, "cells": cells})
    table = table.groupby(["row", "class"], as_index=False)["cells"].sum()
    areas = np.full(len(footprints), np.nan)
    areas[zones.row] = zones.areas()
    table["share"] = table["cells"] / areas[table["row"]]
    table = pd.concat([table, _without_class(table, zones, len(footprints))]).sort_values(["row", "class"])
    whole = raster.dtype.startswith(("int", "uint"))
    return pd.DataFrame(
        {
            "class": table["class"].astype("Int64" if whole else "Float64").to_numpy(),
            "share": table["share"].to_numpy(),
            "fault": zones.fault[table["row"]],
        },
        index=footprints.index[table["row"]],
    )


def _measure(
    raster: Raster,
    footprints: Footprints,
    derive: Callable[[ReadCells], ReadCells],
    *,
    above: float | None,
    quantile: float | None,
) -> pd.DataFrame:
    zones = _bring(footprints, raster)
    covered, blank, moment, high = np.zeros((4, len(zones.row)))
    level = np.inf if above is None else above
    least, greatest, every = list[_Touched](), list[_Touched](), list[_Touched]()
    for touched in _touch(raster, zones, derive):
        known = ~np.isnan(touched.value)
        value = np.where(known, touched.value, 0.0)
        _add(covered, touched, known)
        _add(blank, touched, ~known)
        _add(moment, touched, value)
        _add(high, touched, known & (value > level))
        least.append(_first_of_each(_take(touched, known), 1))
        greatest.append(_first_of_each(_take(touched, known), -1))
        if quantile is not None:
            every.append(_take(touched, known))
    areas = zones.areas()
    with np.errstate(invalid="ignore"):  # 0 / 0 where nothing is covered: no mean
        found = {
            **_place_extreme("min", _first_of_each(_join(least), 1), zones, raster),
            **_place_extreme("max", _first_of_each(_join(greatest), -1), zones, raster),
            "mean": moment / covered,
            # the shares of cells are single floats: their sum may be 1 and a millionth
            "share_covered": np.minimum(covered / areas, 1.0),
            "share_nodata": np.minimum(blank / areas, 1.0),
        }
        if above is not None:
            found["share_above"] = np.minimum(high / areas, 1.0)
        if quantile is not None:
            found["quantile"] = _quantiles(_join(every), quantile, len(zones.row))
    columns = {name: np.full(len(footprints), np.nan) for name in found}
    for name, values in found.items():
        columns[name][zones.row] = values
    return pd.DataFrame({**columns, "fault": zones.fault}, index=footprints.index)


def _bring(footprints: Footprints, raster: Raster) -> _Zones:
    """Return the footprints in units of a raster's cells."""
    given = shapely.force_2d(footprints.geometry.to_numpy())
    moved, faults = move(given, footprints.crs, raster.crs), np.full(len(given), None, dtype=object)
    kinds, finite = shapely.get_type_id(given), np.isfinite(shapely.bounds(moved)).all(axis=1)
    for row in np.flatnonzero(~(np.isin(kinds, _POLYGONS) & finite & shapely.is_valid(moved))):
        faults[row] = _explain(given[row], footprints.crs, finite=bool(finite[row]), moved=moved[row])
    sound = np.flatnonzero(are_sound(faults))
    corner, cell = (raster.west, raster.north), (raster.cell_x, raster.cell_y)
    return _Zones(sound, shapely.transform(moved[sound], lambda xy: (xy - corner) / cell), faults)


def _explain(geometry: Any, crs: Any, *, finite: bool, moved: Any) -> Any:
    if geometry is None or shapely.get_type_id(geometry) not in _POLYGONS or geometry.is_empty:
        empty = geometry is None or geometry.is_empty
        return _SENTENCES.fault("zone_not_polygon", found="—" if empty else geometry.geom_type)
    if not geometry.is_valid or finite:
        return _SENTENCES.fault("geometry_invalid", reason=shapely.is_valid_reason(moved if finite else geometry))
    xy = shapely.get_coordinates(geometry)
    lost = ~np.isfinite(shapely.get_coordinates(moved)).all(axis=1)
    vertex = min(int(np.flatnonzero(lost)[0]), len(xy) - 1)
    return _SENTENCES.fault("place_unknown", x=xy[vertex, 0], y=xy[vertex, 1], vertex=vertex, crs=str(crs.name))


def _touch(raster: Raster, zones: _Zones, derive: Callable[[ReadCells], ReadCells]) -> Iterator[_Touched]:
    """Yield the cells that the zones touch, tile by tile."""
    boxes = _boxes(zones.polygon, raster)
    with reading(raster) as read:
        values = derive(read)
        for tile, zone in _tiles(boxes):
            box = _meet(boxes[zone], tile)
            coverage = cover_cells(zones.polygon[zone], *box)
            row, column = np.divmod(coverage.cell, box.right - box.left)
            yield _Touched(
                zone=zone[coverage.zone],
                share=coverage.share,
                value=values(box).ravel()[coverage.cell],
                column=column + box.left,
                row=row + box.top,
            )


def _meet(boxes: Integers, tile: Integers) -> Box:
    """Return what a tile has of the windows together."""
    north_west = np.maximum(boxes[:, :2].min(axis=0), tile[:2])
    return Box(*north_west.tolist(), *np.minimum(boxes[:, 2:].max(axis=0), tile[2:]).tolist())


def _boxes(polygons: NDArray[Any], raster: Raster) -> Integers:
    """Return the windows that polygons lie in, within the raster, shape (n, 4)."""
    west, south, east, north = shapely.bounds(polygons).T if len(polygons) else np.empty((4, 0))
    edges = np.column_stack([np.floor(west), np.floor(-north), np.ceil(east), np.ceil(-south)])
    return np.asarray(np.clip(edges, 0, [raster.width, raster.height] * 2), dtype=np.int64)


def _tiles(boxes: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Yield the tiles that windows meet, from the north-west, each with the positions of some of its windows."""
    within = np.flatnonzero((boxes[:, :2] < boxes[:, 2:]).all(axis=1))
    first, last = boxes[within, :2] // _TILE, (boxes[within, 2:] - 1) // _TILE
    across, down = (last - first + 1).T
    number = across * down
    zone = np.repeat(np.arange(len(within)), number)
    step = np.arange(len(zone)) - np.repeat(np.cumsum(number) - number, number)
    column, row = first[zone, 0] + step % across[zone], first[zone, 1] + step // across[zone]
    order = np.lexsort((zone, column, row))
    starts = np.flatnonzero(np.diff(column[order], prepend=-1) | np.diff(row[order], prepend=-1))
    for group in np.split(order, starts[1:]) if len(order) else ():
        corner = np.array([column[group[0]], row[group[0]]]) * _TILE
        for some in _batches(boxes[within[zone[group]]], corner):
            yield np.concatenate([corner, corner + _TILE]), within[zone[group[some]]]


def _batches(boxes: Integers, corner: Integers) -> list[Integers]:
    """Return the positions of a tile's windows, so few together that their cells fit into memory."""
    held = np.minimum(boxes[:, 2:], corner + _TILE) - np.maximum(boxes[:, :2], corner)
    batch = np.cumsum(held.prod(axis=1) + _POLYGON_CELLS) // _BATCH_CELLS
    return np.split(np.arange(len(boxes)), np.flatnonzero(np.diff(batch)) + 1)


def _add(totals: Floats, touched: _Touched, weight: NDArray[Any]) -> None:
    """Add up what zones share, weighted cell by cell."""
    zone, position = np.unique(touched.zone, return_inverse=True)
    totals[zone] += np.bincount(position, weights=touched.share * weight, minlength=len(zone))


def _take(touched: _Touched, chosen: NDArray[Any]) -> _Touched:
    return _Touched(*(array[chosen] for array in touched))


def _join(parts: list[_Touched]) -> _Touched:
    if not parts:
        return _Touched(*(np.empty(0, dtype=dtype) for dtype in (np.int64, float, float, np.int64, np.int64)))
    return _Touched(*map(np.concatenate, zip(*parts, strict=True)))


def _first_of_each(touched: _Touched, sign: int) -> _Touched:
    """Return the cell of each zone that has the least value, or the greatest for a sign of -1."""
    order = np.lexsort((sign * touched.value, touched.zone))
    return _take(touched, order[np.unique(touched.zone[order], return_index=True)[1]])


def _quantiles(touched: _Touched, quantile: float, count: int) -> Floats:
    """Return the least value of each zone that so large a share of its known ground does not exceed."""
    order = np.lexsort((touched.value, touched.zone))
    zone, value, share = touched.zone[order], touched.value[order], touched.share[order]
    found, first, length = np.unique(zone, return_index=True, return_counts=True)
    summed = np.cumsum(share)
    before = summed[first] - share[first]
    # the sum of shares is rounded: a millionth of a cell is no ground
    wanted = before + quantile * (summed[first + length - 1] - before) - _TINY_SHARE
    quantiles = np.full(count, np.nan)
    quantiles[found] = value[np.minimum(np.searchsorted(summed, wanted), first + length - 1)]
    return quantiles


def _place_extreme(name: str, found: _Touched, zones: _Zones, raster: Raster) -> dict[str, Floats]:
    """Return the columns of an extreme: its value, and the centre of its cell in the raster's CRS."""
    value, x, y = np.full((3, len(zones.row)), np.nan)
    value[found.zone] = found.value
    x[found.zone] = raster.west + (found.column + 0.5) * raster.cell_x
    y[found.zone] = raster.north - (found.row + 0.5) * raster.cell_y
    return {name: value, f"{name}_x": x, f"{name}_y": y}


def _sum_classes(touched: _Touched) -> tuple[Integers, Floats, Floats]:
    """Return zone, class and covered cells, each class of a zone once."""
    known = _take(touched, ~np.isnan(touched.value))
    order = np.lexsort((known.value, known.zone))
    zone, value, share = known.zone[order], known.value[order], known.share[order]
    starts = np.flatnonzero((np.diff(zone, prepend=-1) != 0) | (np.diff(value, prepend=np.nan) != 0))
    return zone[starts], value[starts], np.add.reduceat(share, starts) if len(starts) else share


def _without_class(table: pd.DataFrame, zones: _Zones, rows: int) -> pd.DataFrame:
    """Return the rows of the ground that has no class, and of the footprints with a fault."""
    known = table.groupby("row")["share"].sum().reindex(range(rows), fill_value=0.0)
    rest = np.where(are_sound(zones.fault), 1.0 - known.to_numpy(), np.nan)
    missing = np.flatnonzero(~(rest < _TINY_SHARE))
    return pd.DataFrame({"row": missing, "class": np.nan, "cells": np.nan, "share": rest[missing]})
