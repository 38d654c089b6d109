"""Curves: arcs in well-known binary made chords that lie no farther off than a millimetre.

GDAL steps along arcs by angle: half a degree is 1 mm off at a radius of 105 m, and 3 mm at 300 m. Here the step follows
from the radius. What the chords lose of a polygon's area is known exactly from the arcs, and told.

An arc is made chords from the lesser of its ends to the greater, so that neighbours that go along it in opposite
directions have the same vertices.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

__all__ = ["DEVIATION_M", "Linearised", "count_chords", "deviation_in", "linearise"]

Floats: TypeAlias = NDArray[np.float64]

DEVIATION_M = 0.001
_EARTH_RADIUS_M = 6378137.0
_MOST_CHORDS = 50_000  # of half an arc: beyond, whoever drew it did not mean metres
# ISO's numbers count dimensions in thousands, EWKB's in bits
_EWKB_Z, _EWKB_M, _EWKB_SRID = 0x80000000, 0x40000000, 0x20000000
_DIMENSIONS = {0: 2, 1: 3, 2: 3, 3: 4}
_BYTE_ORDER = "><"


class Linearised(NamedTuple):
    """A geometry with its arcs made chords.

    Attributes
    ----------
    geometry
        In two dimensions.
    arcs
        How many it had.
    deviation
        The greatest distance between an arc and its chords, in units of the CRS.
    area
        Of the geometry with its arcs, in square units of the CRS: of arcs and straight lines, without chords.
    """

    geometry: Any
    arcs: int
    deviation: float
    area: float


class _Path(NamedTuple):
    """A line of chords: its vertices, and what its arcs have beyond them (area, signed by the direction)."""

    xy: Floats
    beyond: float = 0.0
    arcs: int = 0
    deviation: float = 0.0


class _Shape(NamedTuple):
    """A geometry that is being put together, with what there is to tell of the arcs in it."""

    geometry: Any
    area: float
    arcs: int
    deviation: float


def linearise(wkb: bytes, *, deviation: float) -> Linearised:
    """Return a geometry in well-known binary, ISO's or PostGIS's, with chords for its arcs.

    Parameters
    ----------
    deviation
        How far off an arc its chords may lie, in units of the CRS.

    Raises
    ------
    ValueError
        It is broken, or of a type that is not known here.
    """
    try:
        with np.errstate(invalid="ignore"):
            shape = _Reader(wkb, deviation).shape()
    except (struct.error, IndexError, RecursionError, shapely.errors.GEOSException) as error:
        raise ValueError(str(error) or "it is broken") from error
    return Linearised(shape.geometry, shape.arcs, shape.deviation, shape.area)


def deviation_in(crs: pyproj.CRS | None) -> float:
    """Return how far off an arc chords may lie, in units of a CRS; in metres where there is none."""
    if crs is None:
        return DEVIATION_M
    unit = crs.axis_info[0].unit_conversion_factor
    return DEVIATION_M / (unit * _EARTH_RADIUS_M if crs.is_geographic else unit)


class _Reader:
    """Reads one geometry, front to back."""

    def __init__(self, wkb: bytes, deviation: float) -> None:
        self._wkb, self._at, self._deviation = wkb, 0, deviation

    def shape(self) -> _Shape:
        kind, count, order, dimensions = self._head()
        if kind == _POINT:
            xy = self._points(1, order, dimensions)
            return _Shape(shapely.Point() if np.isnan(xy).any() else shapely.Point(xy[0]), 0.0, 0, 0.0)
        if kind in {_LINE, _ARCS, _COMPOUND}:
            path = self._path(kind, count, order, dimensions)
            return _Shape(shapely.LineString(path.xy), 0.0, path.arcs, path.deviation)
        if kind == _POLYGON:
            return _polygon([_Path(self._points(self._count(order), order, dimensions)) for _ in range(count)])
        if kind == _CURVE_POLYGON:
            return _polygon([self._curve() for _ in range(count)])
        if kind in _COLLECTIONS:
            return _collection([self.shape() for _ in range(count)], _COLLECTIONS[kind])
        raise ValueError(f"type {kind}")

    def _curve(self) -> _Path:
        kind, count, order, dimensions = self._head()
        if kind not in {_LINE, _ARCS, _COMPOUND}:
            raise ValueError(f"type {kind} in a curve")
        return self._path(kind, count, order, dimensions)

    def _path(self, kind: int, count: int, order: str, dimensions: int) -> _Path:
        if kind == _COMPOUND:
            return _joined([self._curve() for _ in range(count)])
        xy = self._points(count, order, dimensions)
        if kind == _LINE:
            return _Path(xy)
        if count and (count < 3 or count % 2 == 0):  # noqa: PLR2004 - start, through, end, through, end
            raise ValueError(f"{count} points in arcs")
        return _joined([_chords(xy[i : i + 3], self._deviation) for i in range(0, count - 2, 2)])

    def _head(self) -> tuple[int, int, str, int]:
        """Return type, number of parts or points (1 of a point), byte order and dimensions of what begins here."""
        order = _BYTE_ORDER[self._wkb[self._at]]
        (number,) = struct.unpack_from(f"{order}I", self._wkb, self._at + 1)
        self._at += 9 if number & _EWKB_SRID else 5
        thousands, kind = divmod(number & 0x1FFFFFFF, 1000)
        if thousands not in _DIMENSIONS:
            raise ValueError(f"type {number}")
        dimensions = _DIMENSIONS[thousands] + bool(number & _EWKB_Z) + bool(number & _EWKB_M)
        return kind, 1 if kind == _POINT else self._count(order), order, dimensions

    def _count(self, order: str) -> int:
        (count,) = struct.unpack_from(f"{order}I", self._wkb, self._at)
        self._at += 4
        if count > len(self._wkb):
            raise ValueError(f"{count} parts in {len(self._wkb)} bytes")
        return int(count)

    def _points(self, count: int, order: str, dimensions: int) -> Floats:
        size = 8 * dimensions * count
        if self._at + size > len(self._wkb):
            raise ValueError("it is cut short")
        values = np.frombuffer(self._wkb, f"{order}f8", dimensions * count, self._at)
        self._at += size
        return np.asarray(values.reshape(count, dimensions)[:, :2], dtype=np.float64)


_POINT, _LINE, _POLYGON, _ARCS, _COMPOUND, _CURVE_POLYGON = 1, 2, 3, 8, 9, 10
_COLLECTIONS: Mapping[int, Callable[[Sequence[Any]], Any]] = {
    4: shapely.MultiPoint,
    5: shapely.MultiLineString,
    6: shapely.MultiPolygon,
    7: shapely.GeometryCollection,
    11: shapely.MultiLineString,
    12: shapely.MultiPolygon,
}


def _collection(parts: Sequence[_Shape], collect: Callable[[Sequence[Any]], Any]) -> _Shape:
    return _Shape(
        collect([part.geometry for part in parts]),
        sum(part.area for part in parts),
        sum(part.arcs for part in parts),
        max((part.deviation for part in parts), default=0.0),
    )


def _polygon(rings: Sequence[_Path]) -> _Shape:
    geometry = shapely.Polygon(rings[0].xy, [ring.xy for ring in rings[1:]]) if rings else shapely.Polygon()
    areas = [abs(_signed_area(ring.xy) + ring.beyond) for ring in rings]
    return _Shape(
        geometry,
        2 * areas[0] - sum(areas) if areas else 0.0,
        sum(ring.arcs for ring in rings),
        max((ring.deviation for ring in rings), default=0.0),
    )


def _signed_area(xy: Floats) -> float:
    """Return the area within a ring, positive where it goes round to the left."""
    x, y = (xy - xy[0]).T if len(xy) else np.empty((2, 0))
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


def _joined(paths: Sequence[_Path]) -> _Path:
    """Return paths, each of which begins where the one before it ends, as one."""
    return _Path(
        np.concatenate([path.xy[min(i, 1) :] for i, path in enumerate(paths)]) if paths else np.empty((0, 2)),
        sum(path.beyond for path in paths),
        sum(path.arcs for path in paths),
        max((path.deviation for path in paths), default=0.0),
    )


def _chords(through: Floats, deviation: float) -> _Path:
    """Return the chords of an arc, given by its start, a point on it and its end; a circle where the ends are one."""
    backwards = tuple(through[2]) < tuple(through[0])
    path = _chords_forwards(through[::-1] if backwards else through, deviation)
    return path._replace(xy=path.xy[::-1], beyond=-path.beyond) if backwards else path


def _chords_forwards(through: Floats, deviation: float) -> _Path:
    start, middle, end = through
    offset = _centre(through)
    if offset is None:
        return _Path(through.copy(), arcs=1)
    centre, radius = start + offset, float(np.hypot(*offset))
    first, half, last = (float(np.arctan2(y, x)) for x, y in through - centre)
    (ax, ay), (bx, by) = (through[1:] - start).tolist()
    left = ax * by > ay * bx or bool((start == end).all())
    swept = [_sweep(first, half, left=left), _sweep(half, last, left=left)]
    # the point on the arc stays a vertex: whoever drew it may have drawn a neighbour's corner there
    counts = [count_chords(abs(angle), radius, deviation) for angle in swept]
    xy = [start[np.newaxis]]
    for angle, count, begin, stop in zip(swept, counts, (first, half), (middle, end), strict=True):
        at = begin + angle * np.arange(1, count) / count
        xy += [centre + radius * np.column_stack([np.cos(at), np.sin(at)]), stop[np.newaxis]]
    steps = [angle / count for angle, count in zip(swept, counts, strict=True)]
    beyond = sum(count * radius**2 / 2 * (step - np.sin(step)) for step, count in zip(steps, counts, strict=True))
    farthest = radius * (1 - np.cos(max(abs(step) for step in steps) / 2))
    return _Path(np.concatenate(xy), float(beyond), 1, float(farthest))


def _centre(through: Floats) -> Floats | None:
    """Return the way from the start of an arc to its centre; None where the three points lie on a line."""
    (ax, ay), (bx, by) = (through[1:] - through[0]).tolist()
    if bx == by == 0:
        return np.array([ax, ay]) / 2
    cross = 2 * (ax * by - ay * bx)
    a, b = ax * ax + ay * ay, bx * bx + by * by
    # flatter than coordinates of eleven digits can tell
    if abs(cross) <= 1e-12 * max(a, b):
        return None
    return np.array([(by * a - ay * b) / cross, (ax * b - bx * a) / cross])


def _sweep(start: float, end: float, *, left: bool) -> float:
    """Return the angle from one direction to another, going round to the left (positive) or to the right."""
    angle = (end - start) % (2 * np.pi)
    return angle if left else angle - 2 * np.pi


def count_chords(angle: float, radius: float, deviation: float) -> int:
    """Return how many chords of equal length keep within a deviation of an arc."""
    step = 2 * np.arccos(max(-1.0, 1 - deviation / radius))
    return int(min(max(np.ceil(angle / step), 1), _MOST_CHORDS)) if step > 0 else _MOST_CHORDS
