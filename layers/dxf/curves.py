"""Curves of a drawing: lines and arcs as their entities draw them, moved into the plane with the arcs kept.

An arc stays an arc through turning, scaling and mirroring. Where it is squeezed or tilted it is an arc no longer, and
becomes chords before it is moved; ellipses and splines become chords at once. Whatever becomes chords keeps the deviation
that is asked for, in the units it is drawn in.
"""

import math
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from ezdxf.math import OCS, BSpline, ConstructionEllipse, Vec3
from numpy.typing import NDArray

from layers.curves import Linearised, count_chords, linearise

__all__ = ["Curve", "Floats", "Piece", "closed", "curves_of", "ends", "linearised_ring", "moved", "reverse", "scale_of"]

Floats: TypeAlias = NDArray[np.float64]

# these lie in the coordinates of their space whichever way they face; the others on a plane of their own
_IN_WORLD = {"LINE", "ELLIPSE", "SPLINE"}
_BY_SPLINE_FRAME = 16
_ROUND = 2 * math.pi
_MOST_DOUBLINGS = 10
_COMPOUND, _CURVE_POLYGON, _LINE, _ARC = 9, 10, 2, 8


class Piece(NamedTuple):
    """A part of a curve, shape (n, 3): a line through all points, or an arc by start, a point on it and end."""

    xyz: Floats
    is_arc: bool = False


Curve: TypeAlias = tuple[Piece, ...]


def curves_of(entity: Any, deviation: float) -> tuple[tuple[Curve, bool], ...] | None:
    """Return the curves that an entity draws, each with whether it is closed; None where it draws none that is known.

    They are in the coordinates of the block or space that the entity stands in. Of a hatch they are the pieces of its
    boundary, as they come.

    Parameters
    ----------
    deviation
        How far off an ellipse or a spline its chords may lie.
    """
    draw = _DRAWN.get(entity.dxftype())
    drawn = None if draw is None else draw(entity, deviation)
    if drawn is None or entity.dxftype() in _IN_WORLD or not entity.dxf.hasattr("extrusion"):
        return drawn
    system = OCS(entity.dxf.extrusion)
    if not system.transform:
        return drawn
    matrix = np.array(list(system.matrix)).reshape(4, 4)
    return tuple((moved(curve, matrix, deviation), is_closed) for curve, is_closed in drawn)


def moved(curve: Curve, matrix: Floats, deviation: float) -> Curve:
    """Return a curve moved by a matrix, shape (4, 4), that is applied from the right."""
    x, y, z = matrix[:3, :2]
    stays_round = (
        math.isclose(x @ x, y @ y, rel_tol=1e-9) and abs(x @ y) <= 1e-9 * (x @ x) and abs(z).max() <= 1e-9  # noqa: PLR2004
    )
    pieces = curve if stays_round else [_chorded(piece, deviation) for piece in curve]
    return tuple(Piece(piece.xyz @ matrix[:3, :3] + matrix[3, :3], piece.is_arc) for piece in pieces)


def scale_of(matrix: Floats) -> float:
    """Return how much longer than drawn a length can be at most when a matrix has moved it."""
    return float(np.linalg.norm(matrix[:3, :3], 2))


def reverse(curve: Curve) -> Curve:
    """Return a curve from its end to its start."""
    return tuple(Piece(piece.xyz[::-1], piece.is_arc) for piece in reversed(curve))


def ends(curve: Curve) -> tuple[Floats, Floats]:
    """Return where a curve begins and where it ends, each of shape (2,)."""
    return curve[0].xyz[0, :2], curve[-1].xyz[-1, :2]


def closed(parts: Sequence[Curve]) -> Curve:
    """Return curves, each of which begins next to where the one before it ends, as one whose pieces meet exactly."""
    pieces = [piece for curve in parts for piece in curve]
    starts = [piece.xyz[0] for piece in pieces]
    met = []
    for piece, end in zip(pieces, [*starts[1:], starts[0]], strict=True):
        xyz = piece.xyz.copy()
        xyz[-1] = end
        met.append(Piece(xyz, piece.is_arc))
    return tuple(met)


def linearised_ring(curve: Curve, deviation: float) -> Linearised:
    """Return the polygon within a closed curve, with chords for its arcs.

    Raises
    ------
    ValueError
        It is none, as with fewer than three points.
    """
    return linearise(_head(_CURVE_POLYGON, 1) + _compound(curve), deviation=deviation)


def _lwpolyline(entity: Any, _deviation: float) -> tuple[tuple[Curve, bool], ...]:
    values = np.asarray(entity.lwpoints.values, dtype=np.float64).reshape(-1, 5)
    xyz = np.column_stack([values[:, :2], np.full(len(values), entity.dxf.elevation)])
    return _bulged(xyz, values[:, 4], is_closed=entity.closed)


def _polyline(entity: Any, _deviation: float) -> tuple[tuple[Curve, bool], ...] | None:
    if entity.is_poly_face_mesh or entity.is_polygon_mesh:
        return None
    vertices = [vertex for vertex in entity.vertices if not vertex.dxf.flags & _BY_SPLINE_FRAME]
    xyz = np.array([vertex.dxf.location.xyz for vertex in vertices], dtype=np.float64).reshape(-1, 3)
    bulges = np.array([0.0 if entity.is_3d_polyline else vertex.dxf.bulge for vertex in vertices])
    return _bulged(xyz, bulges, is_closed=entity.is_closed)


def _line(entity: Any, _deviation: float) -> tuple[tuple[Curve, bool], ...]:
    # a line is in world coordinates, whatever its extrusion
    start, end = (Vec3(point) for point in (entity.dxf.start, entity.dxf.end))
    return (((_straight([start.xyz, end.xyz]),), False),)


def _arc(entity: Any, _deviation: float) -> tuple[tuple[Curve, bool], ...]:
    dxf = entity.dxf
    return (((_arc_piece(dxf.center, dxf.radius, dxf.start_angle, dxf.end_angle),), False),)


def _circle(entity: Any, _deviation: float) -> tuple[tuple[Curve, bool], ...]:
    return (((_arc_piece(entity.dxf.center, entity.dxf.radius, 180.0, 540.0),), True),)


def _ellipse(entity: Any, deviation: float) -> tuple[tuple[Curve, bool], ...]:
    piece = _ellipse_piece(entity.construction_tool(), deviation)
    return (((piece,), bool(np.allclose(piece.xyz[0], piece.xyz[-1], rtol=0, atol=1e-9))),)


def _spline(entity: Any, deviation: float) -> tuple[tuple[Curve, bool], ...]:
    return (((_spline_piece(entity.construction_tool(), deviation),), False),)


def _hatch(entity: Any, deviation: float) -> tuple[tuple[Curve, bool], ...]:
    elevation = float(Vec3(entity.dxf.elevation).z)
    return tuple(drawn for path in entity.paths for drawn in _boundary(path, elevation, deviation))


def _boundary(path: Any, elevation: float, deviation: float) -> Iterable[tuple[Curve, bool]]:
    if hasattr(path, "vertices"):
        values = np.array(path.vertices, dtype=np.float64).reshape(-1, 3)
        xyz = np.column_stack([values[:, :2], np.full(len(values), elevation)])
        yield from _bulged(xyz, values[:, 2], is_closed=True)
        return
    for edge in path.edges:
        piece = _EDGES[edge.EDGE_TYPE](edge, deviation)
        piece.xyz[:, 2] = elevation
        ends_meet = np.array_equal(piece.xyz[0], piece.xyz[-1])
        yield (piece,), ends_meet


_DRAWN: Mapping[str, Callable[[Any, float], tuple[tuple[Curve, bool], ...] | None]] = {
    "LWPOLYLINE": _lwpolyline,
    "POLYLINE": _polyline,
    "LINE": _line,
    "ARC": _arc,
    "CIRCLE": _circle,
    "ELLIPSE": _ellipse,
    "SPLINE": _spline,
    "HATCH": _hatch,
    "MPOLYGON": _hatch,
}
_EDGES: Mapping[str, Callable[[Any, float], Piece]] = {
    "LineEdge": lambda edge, _: _straight([(*edge.start, 0.0), (*edge.end, 0.0)]),
    "ArcEdge": lambda edge, _: _arc_piece(edge.center, edge.radius, edge.start_angle, edge.end_angle),
    "EllipseEdge": lambda edge, deviation: _ellipse_piece(edge.construction_tool(), deviation),
    "SplineEdge": lambda edge, deviation: _spline_piece(edge.construction_tool(), deviation),
}


def _straight(points: Sequence[Any]) -> Piece:
    return Piece(np.array(points, dtype=np.float64).reshape(-1, 3))


def _bulged(xyz: Floats, bulges: Floats, *, is_closed: bool) -> tuple[tuple[Curve, bool], ...]:
    """Return a polyline whose edges are arcs where their bulge, the tangent of a quarter of their angle, is not 0."""
    if len(xyz) and is_closed:
        xyz = np.concatenate([xyz, xyz[:1]])
    edges = xyz[1:] - xyz[:-1]
    round_ = (bulges[: len(edges)] != 0) & edges[:, :2].any(axis=1)
    pieces, at = [], 0
    for edge in np.flatnonzero(round_).tolist():
        if edge > at:
            pieces.append(Piece(xyz[at : edge + 1]))
        dx, dy, _ = edges[edge]
        middle = (xyz[edge] + xyz[edge + 1]) / 2 + bulges[edge] / 2 * np.array([dy, -dx, 0.0])
        pieces.append(Piece(np.array([xyz[edge], middle, xyz[edge + 1]]), is_arc=True))
        at = edge + 1
    if at < len(xyz) - 1:
        pieces.append(Piece(xyz[at:]))
    return ((tuple(pieces), is_closed),) if pieces else ()


def _arc_piece(center: Any, radius: float, start_deg: float, end_deg: float) -> Piece:
    """Return an arc that goes round to the left; whoever is as far round as begun goes all the way."""
    x, y, z = Vec3(center).xyz
    span = (end_deg - start_deg) % 360.0 or 360.0
    angles = np.radians(start_deg + span * np.array([0.0, 0.5, 1.0]))
    xyz = np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles), np.full(3, z)])
    if span == 360.0:  # noqa: PLR2004
        xyz[2] = xyz[0]
    return Piece(xyz, is_arc=True)


def _ellipse_piece(ellipse: ConstructionEllipse, deviation: float) -> Piece:
    """Return the chords of an ellipse: a circle as large as its longer axis, seen at an angle, lies no farther off."""
    span = (ellipse.end_param - ellipse.start_param) % _ROUND or _ROUND
    count = max(count_chords(span, ellipse.major_axis.magnitude, deviation), 2)
    points = ellipse.vertices([ellipse.start_param + span * step / count for step in range(count + 1)])
    piece = _straight([point.xyz for point in points])
    if span == _ROUND:
        piece.xyz[-1] = piece.xyz[0]
    return piece


def _spline_piece(spline: BSpline, deviation: float) -> Piece:
    """Return chords of a spline, twice as many until the curve between them lies within the deviation."""
    knots = np.unique(np.asarray(spline.knots(), dtype=np.float64))
    knots = knots[(knots >= 0) & (knots <= spline.max_t)]
    at = np.unique(np.concatenate([np.linspace(a, b, 5) for a, b in pairwise(knots)]))
    xyz = _points_at(spline, at)
    for _ in range(_MOST_DOUBLINGS):
        between = (at[1:] + at[:-1]) / 2
        found = _points_at(spline, between)
        off = np.linalg.norm(found - (xyz[1:] + xyz[:-1]) / 2, axis=1)
        rough = np.flatnonzero(off > deviation / 2) + 1
        if not len(rough):
            break
        at, xyz = np.insert(at, rough, between[rough - 1]), np.insert(xyz, rough, found[rough - 1], axis=0)
    return Piece(xyz)


def _points_at(spline: BSpline, parameters: Floats) -> Floats:
    return np.array([point.xyz for point in spline.points(parameters.tolist())], dtype=np.float64).reshape(-1, 3)


def _chorded(piece: Piece, deviation: float) -> Piece:
    if not piece.is_arc:
        return piece
    xy = np.asarray(linearise(_compound((piece,)), deviation=deviation).geometry.coords)
    return Piece(np.column_stack([xy, np.full(len(xy), piece.xyz[0, 2])]))


def _compound(curve: Curve) -> bytes:
    """Return a curve as well-known binary, in two dimensions."""
    parts = [
        _head(_ARC if piece.is_arc else _LINE, len(piece.xyz)) + np.ascontiguousarray(piece.xyz[:, :2], "<f8").tobytes()
        for piece in curve
    ]
    return _head(_COMPOUND, len(curve)) + b"".join(parts)


def _head(kind: int, count: int) -> bytes:
    return struct.pack("<BII", 1, kind, count)
