"""Mending: the working geometry derived from a delivered one, and a log of every change on the way.

The grid is in the coordinates as delivered, never in degrees that they were brought to: what a surveyor drew on whole
millimetres stays there, and neighbours keep the vertices that they share.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from geocode.faults import Fault, Text, are_sound, read_sentences
from layers.curves import Linearised

__all__ = ["Change", "Mended", "linearised_changes", "mend"]

Geometries: TypeAlias = NDArray[np.object_]

# 0.1 mm: in degrees about a ten-thousandth of a metre too
_DECIMALS, _DECIMALS_DEG = 4, 9
# ways of being invalid in which it is clear which ground is meant
_MENDABLE = frozenset(
    {
        "self_intersection",
        "ring_self_intersection",
        "hole_outside",
        "nested_holes",
        "nested_shells",
        "disconnected_interior",
        "duplicate_rings",
        "too_few_points",
        "invalid",
    }
)
_GRID = Text("0.1 毫米格网上无效", "on the grid of 0.1 mm")
_POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


class Change(NamedTuple):
    """What was done to the geometry of one row.

    Attributes
    ----------
    row
        Its position in the delivery.
    kind
        ``linearised``, ``mended``, ``dropped``, ``repeated`` or ``gridded``.
    values
        What there is to tell, lengths and areas in units of the delivery's CRS.
    """

    row: int
    kind: str
    values: Mapping[str, Any]

    @property
    def text(self) -> Text:
        """It in one sentence."""
        return _texts()[self.kind].format(self.values)


class Mended(NamedTuple):
    """Geometries as they are worked with: arrays of n rows, and what was done to them, by row."""

    geometries: Geometries
    faults: Geometries
    changes: tuple[Change, ...]


def mend(geometries: Geometries, faults: Geometries, crs: pyproj.CRS, *, invalid: bool = True) -> Mended:
    """Return working geometries: on a grid of 0.1 mm, without repeated vertices, valid where it is clear how.

    Parameters
    ----------
    geometries
        As delivered, shape (n,), in two dimensions.
    faults
        What is wrong with each, or None.
    invalid
        Whether invalid polygons are mended; else their faults stay.
    """
    decimals = _DECIMALS_DEG if crs.is_geographic else _DECIMALS
    sound = are_sound(faults)
    changes: list[Change] = []
    working, left = geometries.copy(), faults.copy()
    working[sound] = _gridded(geometries[sound], np.flatnonzero(sound), decimals, changes)
    fit = sound & shapely.is_valid(working)
    broken = np.array([fault is not None and fault.kind in _MENDABLE for fault in faults], dtype=bool) & invalid
    # the grid may break what was valid: a neck thinner than it
    broken |= sound & ~fit
    if broken.any():
        rows = np.flatnonzero(broken)
        whole = _made_valid(geometries[rows], 10.0**-decimals)
        there = ~shapely.is_empty(whole)
        for row in rows[~there & sound[rows]]:
            left[row] = read_sentences("layers", "faults.toml").fault("geometry_vanished")
        rows, whole = rows[there], whole[there]
        changes = [change for change in changes if change.row not in set(rows.tolist())]
        for row, geometry in zip(rows.tolist(), whole, strict=True):
            changes += _mended(row, geometries[row], geometry, faults[row])
        working[rows], left[rows] = whole, None
    return Mended(working, left, tuple(sorted(changes, key=lambda change: change.row)))


def linearised_changes(curved: Mapping[int, Linearised]) -> list[Change]:
    """Return what was done to geometries with arcs, by row."""
    return [
        Change(
            row,
            "linearised",
            {
                "arcs": curve.arcs,
                "deviation": curve.deviation,
                "area": curve.area,
                "area_after": float(shapely.area(curve.geometry)),
            },
        )
        for row, curve in curved.items()
    ]


def _gridded(geometries: Geometries, rows: NDArray[np.intp], decimals: int, changes: list[Change]) -> Geometries:
    """Return geometries on the grid, without vertices that fall together."""
    xy, owner = shapely.get_coordinates(geometries, return_index=True)
    snapped = np.round(xy, decimals)
    moved = np.zeros(len(geometries))
    np.maximum.at(moved, owner, np.hypot(*(snapped - xy).T))
    there = moved > 0
    working = geometries.copy()
    working[there] = shapely.set_coordinates(geometries[there], snapped[there[owner]])
    fewer = shapely.remove_repeated_points(working, 0.0)
    gone = shapely.get_num_coordinates(working) - shapely.get_num_coordinates(fewer)
    changes += [Change(int(rows[i]), "gridded", {"moved": float(moved[i])}) for i in np.flatnonzero(there)]
    changes += [Change(int(rows[i]), "repeated", {"count": int(gone[i])}) for i in np.flatnonzero(gone)]
    working[gone > 0] = fewer[gone > 0]
    return working


def _made_valid(geometries: Geometries, grid: float) -> Geometries:
    """Return the ground that invalid polygons mean, on the grid; empty where nothing is left of it."""
    try:
        gridded = _on_grid(geometries, grid)
    except shapely.errors.GEOSException:
        gridded = np.array([_on_grid_or_nothing(geometry, grid) for geometry in geometries], dtype=object)
    parts, owner = shapely.get_parts(gridded, return_index=True)
    polygonal = np.isin(shapely.get_type_id(parts), _POLYGONAL)
    ground = np.full(len(geometries), shapely.Polygon(), dtype=object)
    for i in np.unique(owner[polygonal]):
        own = shapely.get_parts(parts[polygonal & (owner == i)])
        ground[i] = own[0] if len(own) == 1 else shapely.MultiPolygon(own.tolist())
    # without the grid, which every later operation would keep to
    return np.asarray(shapely.from_wkb(shapely.to_wkb(ground)))


def _on_grid(geometries: Any, grid: float) -> Any:
    return shapely.set_precision(shapely.make_valid(geometries, method="structure", keep_collapsed=False), grid)


def _on_grid_or_nothing(geometry: Any, grid: float) -> Any:
    """Return one geometry mended; an empty one where GEOS gives up on it."""
    try:
        return _on_grid(geometry, grid)
    except shapely.errors.GEOSException:
        return shapely.Polygon()


def _mended(row: int, before: Any, after: Any, fault: Fault | None) -> list[Change]:
    reason = _GRID if fault is None else Text(fault.text.zh.rstrip("。"), fault.text.en.rstrip("."))
    values = {"reason_zh": reason.zh, "reason_en": reason.en, "area_before": before.area, "area_after": after.area}
    if fault is not None:
        values |= {"fault": fault.kind, "x": fault.x, "y": fault.y}
    lost = int(shapely.get_num_geometries(before) - shapely.get_num_geometries(after))
    dropped = [Change(row, "dropped", {"count": lost})] if lost > 0 else []
    return [Change(row, "mended", values), *dropped]


@cache
def _texts() -> dict[str, Text]:
    rows = tomllib.loads(files("layers").joinpath("changes.toml").read_text(encoding="utf-8"))
    return {kind: Text(row["zh"], row["en"]) for kind, row in rows.items()}
