"""The plane the district is drawn in: its CRS, its millimetre grid, and a street grid that bends with the river.

Streets are laid out in two made-up coordinates: ``u`` runs from the middle of the river to the east, ``v`` along the
river to the north. `to_plane` turns them into eastings and northings. Near the river the streets run along and across
it; far from it the grid is straight again. Everything planted with exact numbers is drawn in the plane directly.
"""

from __future__ import annotations

import random
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

CRS = "EPSG:4551"  # CGCS2000 / 3-degree Gauss-Kruger CM 126E; x = easting, y = northing
CENTRE_M = (544_000.0, 4_856_000.0)
BANK_M = 150.0  # the river's banks lie at u = -150 and u = +150
STEP_M = 65.0  # a bent line has a vertex at every multiple of this

_SEED = 20_260_601
_TURN_DEG = 7.0
_MEANDERS = ((720.0, 7_400.0, 0.42), (110.0, 3_300.0, 0.8))  # amplitude m, wave length m, phase
_REACH_M = 2_400.0  # how far from the river its bends are still felt
_ISLAND_V_M = -600.0  # where the river widens for its island

Floats: TypeAlias = NDArray[np.float64]
Area: TypeAlias = Polygon | MultiPolygon


def stream(purpose: str) -> random.Random:
    """Return the stream of random numbers of one purpose, so that no part of the district depends on another's draws."""
    return random.Random(f"{_SEED}/{purpose}")


def on_grid(xy_m: Floats) -> Floats:
    """Return coordinates rounded to whole millimetres."""
    return np.round(xy_m, 3)


def box(x_m: float, y_m: float, width_m: float, height_m: float) -> Polygon:
    """Return the axis-parallel rectangle with its south-west corner at (x, y), on the millimetre grid."""
    west, south, east, north = (round(value, 3) for value in (x_m, y_m, x_m + width_m, y_m + height_m))
    return Polygon([(west, south), (east, south), (east, north), (west, north)])


def polygon(points_m: list[tuple[float, float]]) -> Polygon:
    """Return the polygon through these points, on the millimetre grid."""
    return Polygon(on_grid(np.array(points_m)))


def to_plane(u_m: Floats, v_m: Floats) -> Floats:
    """Return the eastings and northings (n, 2) of points of the bent street grid, on the millimetre grid."""
    u, v = np.asarray(u_m, dtype=float), np.asarray(v_m, dtype=float)
    course, slope = _course(v)
    swell = 110.0 * np.exp(-(((v - _ISLAND_V_M) / 450.0) ** 2))
    distance = np.abs(u)
    widening = np.where(
        distance <= BANK_M, u / BANK_M * swell, np.sign(u) * swell * np.exp(-(distance - BANK_M) / 700.0)
    )
    east = u + widening + course * np.exp(-((u / _REACH_M) ** 2))
    north = v - slope * u * np.exp(-distance / 900.0)
    cos, sin = np.cos(np.radians(_TURN_DEG)), np.sin(np.radians(_TURN_DEG))
    return on_grid(np.column_stack([CENTRE_M[0] + east * cos - north * sin, CENTRE_M[1] + east * sin + north * cos]))


def _course(v_m: Floats) -> tuple[Floats, Floats]:
    """Return how far the river swings to the east at v, in metres, and its slope."""
    course, slope = np.zeros_like(v_m), np.zeros_like(v_m)
    for amplitude_m, length_m, phase in _MEANDERS:
        k = 2.0 * np.pi / length_m
        course = course + amplitude_m * np.sin(k * v_m + phase)
        slope = slope + amplitude_m * k * np.cos(k * v_m + phase)
    return course, slope


def ribbon(u0_m: float, u1_m: float, v0_m: float, v1_m: float) -> Polygon:
    """Return the polygon of a rectangle of the bent grid, with a vertex at every multiple of `STEP_M` on its sides.

    Neighbours that share a side share its vertices, as long as the side's ends are the same or multiples of the step.
    """
    us, vs = _stations(u0_m, u1_m), _stations(v0_m, v1_m)
    u = np.concatenate([us, np.full(len(vs), u1_m), us[::-1], np.full(len(vs), u0_m)])
    v = np.concatenate([np.full(len(us), v0_m), vs, np.full(len(us), v1_m), vs[::-1]])
    return Polygon(shapely.remove_repeated_points(shapely.linearrings(to_plane(u, v))))


def _stations(start_m: float, end_m: float) -> Floats:
    inner = np.arange(np.floor(start_m / STEP_M) + 1, np.ceil(end_m / STEP_M)) * STEP_M
    return np.concatenate([[start_m], inner, [end_m]])


def heading(u_m: float, v_m: float) -> tuple[float, float]:
    """Return the unit vector, in the plane, of the direction across the river at a point of the bent grid."""
    start, end = to_plane(np.array([u_m - 10.0, u_m + 10.0]), np.array([v_m, v_m]))
    dx, dy = (end - start) / np.hypot(*(end - start))
    return float(dx), float(dy)


def placed(shape: Area, origin_m: tuple[float, float], axis: tuple[float, float]) -> Area:
    """Return a shape drawn in local metres, moved to the origin, its local x along the axis, on the millimetre grid."""

    def move(xy: Floats) -> Floats:
        x, y = xy[:, 0], xy[:, 1]
        east = origin_m[0] + x * axis[0] - y * axis[1]
        north = origin_m[1] + x * axis[1] + y * axis[0]
        return on_grid(np.column_stack([east, north]))

    moved: Area = shapely.transform(shape, move)
    return moved
