"""Buildings below height-limiting surfaces: rasters and analytic planes, airports' and view corridors'.

A building passes where its top, the highest terrain in its footprint plus its height, is not above the lowest point of
the surface over it. Rasters are asked for every cell that the footprint touches. A plane z = a x + b y + c over a zone
is asked at the vertices of the footprint within the zone, where a plane over a polygon is lowest: exact.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from blueprint.certainty import Certainty, classify_widths, combine_accuracies
from blueprint.cutting import cut
from blueprint.outcomes import Outcome
from blueprint.planes import check_frame, check_same_plane
from blueprint.reasons import explain
from blueprint.usability import describe_unusable
from geocode.faults import Text, are_sound
from layers.moving import move
from layers.rasters import Raster
from layers.widths import RESOLUTION_M
from layers.zones import zonal

__all__ = [
    "MISSING_SHARE",
    "HeightCheck",
    "HeightRaster",
    "PlaneZones",
    "Tops",
    "check_planes",
    "check_surface",
    "state_tops",
    "tops_on_terrain",
]

# more ground than this without a value, and the extreme over the footprint is not known
MISSING_SHARE = 0.005
_PLANE_M = (-1e9, -1e9, 1e9, 1e9)

Floats: TypeAlias = NDArray[np.float64]
Reasons: TypeAlias = NDArray[np.object_]


class HeightRaster(NamedTuple):
    """Terrain or a height-limiting surface as a raster in metres, with the standard deviation of its heights."""

    raster: Raster
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class PlaneZones:
    """Height-limiting planes, each over a zone.

    Attributes
    ----------
    zones
        Polygons in the plane of the footprints, indexed by id, with the columns ``a``, ``b`` and ``c``: the height at
        x, y of that plane is a x + b y + c metres. Zones may overlap. The column ``plane_crs``, if any, names the CRS of
        x, y where that is another one; None: that of the frame.
    accuracy_m
        The standard deviation of the heights; 0 for planes defined by regulation.
    vertical
        What the heights refer to, such as ``EPSG:5737``.
    """

    zones: gpd.GeoDataFrame
    accuracy_m: float
    vertical: str | None


@dataclass(frozen=True, slots=True)
class Tops:
    """The highest point of each building, as a height above a vertical reference.

    Attributes
    ----------
    footprints
        Polygons in a projected plane in metres, indexed by id.
    top_m
        The heights, shape (n,), NaN where not known.
    accuracy_m
        Their standard deviation.
    vertical
        What they refer to, such as ``EPSG:5737``; None where nobody said.
    reason
        Why a height is not known well enough to be judged, shape (n,); None where it is.
    """

    footprints: gpd.GeoSeries
    top_m: Floats
    accuracy_m: float
    vertical: str | None
    reason: Reasons


@dataclass(frozen=True, slots=True)
class HeightCheck:
    """What one building is against the lowest surface over it.

    Attributes
    ----------
    footprint
        Its id.
    reason
        Why it was not evaluated or does not apply, or why it passes although it is too high.
    measured, required
        The height of its top, and the lowest height of the surface over it, in metres above the vertical reference;
        None where not known.
    margin_m
        Signed: how much lower than the surface the top is.
    certainty
        How sure the margin is, given how accurately terrain, building and surface are known.
    witness
        The point where the surface is lowest: a vertex, or the centre of a cell; in the footprints' plane.
    plane
        The id of the plane that counts; None for rasters.
    """

    footprint: Hashable
    outcome: Outcome
    reason: Text | None = None
    measured: float | None = None
    required: float | None = None
    margin_m: float | None = None
    certainty: Certainty | None = None
    witness: Any = None
    plane: Hashable | None = None


class _Limits(NamedTuple):
    """The lowest height over each building, where it is, whose it is, and why it is not known well enough."""

    height_m: Floats
    witness: NDArray[Any]
    plane: Reasons
    reason: Reasons


def state_tops(
    footprints: gpd.GeoDataFrame | gpd.GeoSeries, top_m: ArrayLike, *, accuracy_m: float, vertical: str
) -> Tops:
    """Return the tops of buildings from surveyed or designed elevations, in metres.

    Raises
    ------
    FrameCrsError, FrameError
        The footprints are not in a projected plane in metres, or two have the same id.
    """
    check_frame(footprints, "footprints")
    heights = np.asarray(top_m, dtype=np.float64)
    return Tops(footprints.geometry, heights, accuracy_m, vertical, _explain_missing(heights))


def tops_on_terrain(
    footprints: gpd.GeoDataFrame | gpd.GeoSeries, height_m: ArrayLike, terrain: HeightRaster, *, accuracy_m: float
) -> Tops:
    """Return the tops of buildings: the highest terrain in the footprint plus the height.

    Parameters
    ----------
    footprints
        Polygons in a projected plane in metres, indexed by id.
    height_m
        The heights of the buildings above ground, everything on the roof included, shape (n,).
    accuracy_m
        The standard deviation of these heights.

    Raises
    ------
    FrameCrsError, FrameError
        The footprints are not in a projected plane in metres, or two have the same id.
    CrsError
        The gate refuses the CRS of the footprints.
    RefusedFile
        A block of the raster is broken.
    """
    check_frame(footprints, "footprints")
    heights, ground = np.asarray(height_m, dtype=np.float64), zonal(terrain.raster, footprints)
    missing = 1 - ground["share_covered"].to_numpy()
    reason = _explain_missing(heights)
    for row in np.flatnonzero(missing > MISSING_SHARE):
        reason[row] = explain("terrain_incomplete", share=missing[row], limit=MISSING_SHARE)
    _explain_faults(reason, ground["fault"].to_numpy())
    sigma_m = combine_accuracies(accuracy_m, terrain.accuracy_m)
    return Tops(footprints.geometry, ground["max"].to_numpy() + heights, sigma_m, terrain.raster.vertical, reason)


def check_surface(tops: Tops, surface: HeightRaster) -> list[HeightCheck]:
    """Check buildings against a surface given as a raster.

    Returns
    -------
    list[HeightCheck]
        One a building, in their order. Where more than `MISSING_SHARE` of the footprint has no value, or the vertical
        references are not known to be the same, it was not evaluated; the margin over what is known is told all the
        same.

    Raises
    ------
    CrsError
        The gate refuses the CRS of the footprints.
    RefusedFile
        A block of the raster is broken.
    """
    over = zonal(surface.raster, tops.footprints)
    missing, reason = 1 - over["share_covered"].to_numpy(), np.full(len(over), None, dtype=object)
    for row in np.flatnonzero(missing > MISSING_SHARE):
        reason[row] = explain("surface_incomplete", share=missing[row], limit=MISSING_SHARE)
    _explain_faults(reason, over["fault"].to_numpy())
    known, witness = over["min"].notna().to_numpy(), np.full(len(over), None, dtype=object)
    centres = shapely.points(over["min_x"].to_numpy()[known], over["min_y"].to_numpy()[known])
    witness[known] = move(centres, surface.raster.crs, tops.footprints.crs)
    limits = _Limits(over["min"].to_numpy(), witness, np.full(len(over), None, dtype=object), reason)
    return _judge(tops, limits, surface.accuracy_m, surface.raster.vertical)


def check_planes(tops: Tops, planes: PlaneZones) -> list[HeightCheck]:
    """Check buildings against analytic planes; of several over one building, the lowest counts.

    Returns
    -------
    list[HeightCheck]
        One a building, in their order. Below no plane the check does not apply: whether the planes are complete there
        is for the caller to know.

    Raises
    ------
    FrameCrsError, FrameError
        The zones are not in the footprints' plane, or two have the same id.
    """
    zones = planes.zones
    check_frame(zones, "planes")
    check_same_plane(tops.footprints, zones, "planes")
    limits = _lowest_vertices(tops, zones)
    checks = _judge(tops, limits, planes.accuracy_m, planes.vertical)
    free = (
        np.isnan(limits.height_m) & are_sound(limits.reason) & are_sound(describe_unusable(tops.footprints.to_numpy()))
    )
    for row in np.flatnonzero(free):
        checks[row] = HeightCheck(checks[row].footprint, Outcome.NOT_APPLICABLE, reason=explain("no_plane"))
    return checks


def _lowest_vertices(tops: Tops, zones: gpd.GeoDataFrame) -> _Limits:
    """Return the lowest of all planes over each building."""
    count, footprints = len(tops.footprints), tops.footprints.to_numpy()
    limits = _Limits(np.full(count, np.nan), *(np.full(count, None, dtype=object) for _ in range(3)))
    row, zone, piece = _share(footprints, zones, limits.reason)
    xy, position = shapely.get_coordinates(piece, return_index=True)
    a, b, c = (zones[name].to_numpy(dtype=np.float64)[zone[position]] for name in "abc")
    there = _ordinates(xy, zones, zone[position])
    height_m = a * there[:, 0] + b * there[:, 1] + c
    order = np.lexsort((xy[:, 1], xy[:, 0], zone[position], height_m, row[position]))
    lowest = order[np.unique(row[position][order], return_index=True)[1]]
    rows = row[position[lowest]]
    limits.height_m[rows] = height_m[lowest]
    limits.witness[rows] = shapely.points(xy[lowest])
    limits.plane[rows] = zones.index.to_numpy(dtype=object)[zone[position[lowest]]]
    return limits


def _ordinates(xy: Floats, zones: gpd.GeoDataFrame, zone: Any) -> Floats:
    """Return points in the CRS that the plane of each one's zone is stated in."""
    there = xy.copy()
    stated = zones["plane_crs"].to_numpy(dtype=object)[zone] if "plane_crs" in zones else np.full(len(xy), None)
    for crs in {each for each in stated.tolist() if each}:
        mine = stated == crs
        there[mine] = shapely.get_coordinates(move(shapely.points(xy[mine]), zones.crs, crs))
    return there


def _share(footprints: NDArray[Any], zones: gpd.GeoDataFrame, reason: Reasons) -> tuple[Any, Any, NDArray[Any]]:
    """Return what footprints share with zones: both positions and the ground; note in `reason` what cannot be used."""
    polygons, problem = zones.geometry.to_numpy(), _find_problems(zones)
    usable = np.flatnonzero(are_sound(describe_unusable(footprints)))
    row, zone = shapely.STRtree(_boxes(polygons)).query(footprints[usable])
    row, sound = usable[row], are_sound(problem[zone])
    shared = cut(footprints[row[sound]], polygons[zone[sound]], outside=False)
    problems = problem[zone]
    problems[sound] = shared.error
    for i in np.flatnonzero(~are_sound(problems)):
        reason[row[i]] = explain("plane_unusable", planes=zones.index[zone[i]], problem=problems[i])
    return row[sound], zone[sound], shared.inside


def _find_problems(zones: gpd.GeoDataFrame) -> Reasons:
    problems = describe_unusable(zones.geometry.to_numpy())
    vague = ~np.isfinite(zones[["a", "b", "c"]].to_numpy(dtype=np.float64)).all(axis=1)
    problems[vague & are_sound(problems)] = "a, b or c is missing."
    return problems


def _boxes(polygons: NDArray[Any]) -> NDArray[Any]:
    """Return the boxes that polygons lie in, the whole plane for one without a place: it might be anywhere."""
    bounds = shapely.bounds(polygons)
    somewhere = np.isfinite(bounds).all(axis=1)
    return np.asarray(shapely.box(*np.where(somewhere[:, None], bounds, _PLANE_M).T))


def _judge(tops: Tops, limits: _Limits, accuracy_m: float, vertical: str | None) -> list[HeightCheck]:
    margin_m, sigma_m = limits.height_m - tops.top_m, combine_accuracies(tops.accuracy_m, accuracy_m)
    certainty = classify_widths(np.abs(margin_m), sigma_m)
    unusable, obstacle = describe_unusable(tops.footprints.to_numpy()), _compare_verticals(tops.vertical, vertical)
    unknown = [
        explain("subject_unusable", problem=problem) if problem else top or obstacle or limit
        for problem, top, limit in zip(unusable, tops.reason, limits.reason, strict=True)
    ]
    return [
        HeightCheck(
            footprint,
            *_decide(margin_m[row], certainty[row], unknown[row]),
            measured=_number(tops.top_m[row]),
            required=_number(limits.height_m[row]),
            margin_m=_number(margin_m[row]),
            certainty=None if np.isnan(margin_m[row]) else certainty[row],
            witness=limits.witness[row],
            plane=limits.plane[row],
        )
        for row, footprint in enumerate(tops.footprints.index)
    ]


def _decide(margin_m: float, certainty: Certainty, unknown: Text | None) -> tuple[Outcome, Text | None]:
    if unknown is not None or np.isnan(margin_m):
        return Outcome.NOT_EVALUATED, unknown
    if margin_m >= -RESOLUTION_M:
        return Outcome.PASS, None
    if certainty is Certainty.NOISE:
        return Outcome.PASS, explain("height_noise", excess_mm=-margin_m * 1000)
    return Outcome.FAIL if certainty is Certainty.CERTAIN else Outcome.FAIL_WITHIN_ACCURACY, None


def _compare_verticals(building: str | None, surface: str | None) -> Text | None:
    """Return why two heights cannot be compared; None where they can."""
    if building is None or surface is None:
        return explain("vertical_unknown", building=building or "?", surface=surface or "?")
    if building != surface:
        return explain("verticals_differ", building=building, surface=surface)
    return None


def _explain_missing(heights_m: Floats) -> Reasons:
    reason = np.full(len(heights_m), None, dtype=object)
    for row in np.flatnonzero(~np.isfinite(heights_m)):
        reason[row] = explain("height_missing")
    return reason


def _explain_faults(reason: Reasons, faults: NDArray[Any]) -> None:
    for row in np.flatnonzero(~are_sound(faults)):
        reason[row] = faults[row].text


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
