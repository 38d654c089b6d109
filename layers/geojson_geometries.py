"""Geometries out of parsed GeoJSON: all polygons of a batch at once, anything odd one by one, with a reason.

A geometry that cannot be built is a row with a fault. What is merely unusual is kept and counted: heights and further
ordinates, which are dropped, and rings left open, which are closed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.faults import read_sentences

__all__ = ["BuiltGeometries", "build_geometries"]

_BATCH_ROWS = 4096
# a batch so small is built one by one once it has failed
_FEW_ROWS = 16
_MIN_RING = 4
_SENTENCES = read_sentences("layers", "faults.toml")
_MAX_SHOWN = 40


@dataclass(frozen=True, slots=True)
class BuiltGeometries:
    """Geometries of n objects, in two dimensions.

    Attributes
    ----------
    geometries
        Shapely geometries, shape (n,); None where the object is null or cannot be built.
    faults
        A `Fault` where an object cannot be built, else None, shape (n,).
    with_z
        How many geometries had heights or further ordinates.
    closed
        How many had a ring left open.
    """

    geometries: NDArray[Any]
    faults: NDArray[Any]
    with_z: int
    closed: int


class _CannotBuildError(ValueError):
    def __init__(self, kind: str, **values: Any) -> None:
        super().__init__(kind)
        self.fault = _SENTENCES.fault(kind, **values)


@dataclass(slots=True)
class _Oddities:
    """What one geometry had that is not kept."""

    with_z: bool = False
    closed: bool = False


@dataclass(slots=True)
class _Rows:
    """The rows that are being built."""

    objects: Sequence[Any]
    geometries: NDArray[Any]
    faults: NDArray[Any]
    with_z: int = 0
    closed: int = 0

    def build_batch(self, rows: list[int], *, is_multi: bool) -> None:
        """Build rows of one polygonal type at once; where one of them is odd, halve until it stands with few others."""
        built = _build_polygons([self.objects[row]["coordinates"] for row in rows], is_multi=is_multi)
        if built is not None:
            self.geometries[rows], has_z = built
            self.with_z += len(rows) * has_z
        elif len(rows) > _FEW_ROWS:
            middle = len(rows) // 2
            self.build_batch(rows[:middle], is_multi=is_multi)
            self.build_batch(rows[middle:], is_multi=is_multi)
        else:
            for row in rows:
                self.build_one(row)

    def build_one(self, row: int) -> None:
        """Build one row, or write down why it cannot be built."""
        odd = _Oddities()
        try:
            with np.errstate(invalid="ignore"):
                self.geometries[row] = _geometry(self.objects[row], odd)
        except _CannotBuildError as error:
            self.faults[row] = error.fault
        except shapely.errors.GEOSException as error:
            self.faults[row] = _SENTENCES.fault("geometry_broken", reason=str(error)[:120])
        except RecursionError:
            self.faults[row] = _SENTENCES.fault("geometry_broken", reason="it is nested too deep")
        else:
            self.with_z += odd.with_z
            self.closed += odd.closed


def build_geometries(objects: Sequence[Any]) -> BuiltGeometries:
    """Return the geometries of GeoJSON geometry objects, one row each.

    Parameters
    ----------
    objects
        Values of the member ``geometry``: mappings, None, or whatever else stands there.
    """
    building = _Rows(objects, np.full(len(objects), None, dtype=object), np.full(len(objects), None, dtype=object))
    polygons: dict[str, list[int]] = {"Polygon": [], "MultiPolygon": []}
    for row, value in enumerate(objects):
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind in polygons and isinstance(value.get("coordinates"), list):
            polygons[kind].append(row)
        elif value is not None:
            building.build_one(row)
    for kind, rows in polygons.items():
        for start in range(0, len(rows), _BATCH_ROWS):
            building.build_batch(rows[start : start + _BATCH_ROWS], is_multi=kind == "MultiPolygon")
    return BuiltGeometries(building.geometries, building.faults, building.with_z, building.closed)


def _build_polygons(coordinates: list[Any], *, is_multi: bool) -> tuple[NDArray[Any], bool] | None:
    """Return polygons built at once and whether they have heights, or None where any of them is odd."""
    try:
        multis = coordinates if is_multi else [[polygon] for polygon in coordinates]
        polygons = list(chain.from_iterable(multis))
        rings = list(chain.from_iterable(polygons))
        xy = np.array(list(chain.from_iterable(rings)))
        ring_ends, polygon_ends, multi_ends = (_offsets(level) for level in (rings, polygons, multis))
    except (TypeError, ValueError):
        return None
    regular = xy.ndim == 2 and xy.shape[1] in {2, 3} and xy.dtype.kind in "fi"  # noqa: PLR2004 - points of x, y (, z)
    if not regular or min(np.diff(ring_ends).min(), np.diff(polygon_ends).min() * _MIN_RING) < _MIN_RING:
        return None
    if not (xy[ring_ends[:-1]] == xy[ring_ends[1:] - 1]).all() or np.diff(multi_ends).min() == 0:
        return None
    flat = np.ascontiguousarray(xy[:, :2], dtype=np.float64)
    kind = shapely.GeometryType.MULTIPOLYGON if is_multi else shapely.GeometryType.POLYGON
    offsets = (ring_ends, polygon_ends, multi_ends) if is_multi else (ring_ends, polygon_ends)
    return shapely.from_ragged_array(kind, flat, offsets), xy.shape[1] > 2  # noqa: PLR2004 - x, y, z


def _offsets(groups: Sequence[Any]) -> NDArray[np.int64]:
    return np.cumsum([0, *map(len, groups)], dtype=np.int64)


def _geometry(value: Any, odd: _Oddities) -> Any:
    if not isinstance(value, dict):
        raise _CannotBuildError("geometry_not_object", found=_shown(value))
    kind = value.get("type")
    if kind == "GeometryCollection":
        return shapely.GeometryCollection(
            [_geometry(part, odd) for part in _list(value.get("geometries"), "geometries")]
        )
    if not isinstance(kind, str) or kind not in _BUILDERS:
        raise _CannotBuildError("geometry_type", found=_shown(kind))
    return _BUILDERS[kind](value.get("coordinates"), odd)


def _list(value: Any, where: str = "coordinates") -> list[Any]:
    if not isinstance(value, list):
        raise _CannotBuildError("geometry_coordinates", member=where, found=_shown(value))
    return value


def _position(value: Any, odd: _Oddities) -> tuple[float, float]:
    numbers = _list(value)
    if len(numbers) < 2 or any(type(number) not in {int, float} for number in numbers):  # noqa: PLR2004 - x and y
        raise _CannotBuildError("geometry_position", found=_shown(value))
    odd.with_z |= len(numbers) > 2  # noqa: PLR2004
    try:
        return float(numbers[0]), float(numbers[1])
    except OverflowError as error:
        raise _CannotBuildError("geometry_position", found=_shown(value)) from error


def _positions(value: Any, odd: _Oddities) -> list[tuple[float, float]]:
    return [_position(position, odd) for position in _list(value)]


def _point(value: Any, odd: _Oddities) -> Any:
    return shapely.Point(_position(value, odd)) if value != [] else shapely.Point()


def _line(value: Any, odd: _Oddities) -> Any:
    positions = _positions(value, odd)
    if len(positions) == 1:
        raise _CannotBuildError("geometry_short_line")
    return shapely.LineString(positions)


def _ring(value: Any, odd: _Oddities) -> list[tuple[float, float]]:
    positions = _positions(value, odd)
    if positions and repr(positions[0]) != repr(positions[-1]):
        odd.closed = True
        positions.append(positions[0])
    if len(positions) < _MIN_RING:
        x, y = positions[0] if positions else (None, None)
        raise _CannotBuildError("geometry_short_ring", x=x, y=y)
    return positions


def _polygon(value: Any, odd: _Oddities) -> Any:
    rings = [_ring(ring, odd) for ring in _list(value)]
    return shapely.Polygon(rings[0], rings[1:]) if rings else shapely.Polygon()


def _many(one: Callable[[Any, _Oddities], Any], collect: Callable[[list[Any]], Any]) -> Callable[[Any, _Oddities], Any]:
    return lambda value, odd: collect([one(part, odd) for part in _list(value)])


_BUILDERS: Mapping[str, Callable[[Any, _Oddities], Any]] = {
    "Point": _point,
    "LineString": _line,
    "Polygon": _polygon,
    "MultiPoint": _many(_point, shapely.MultiPoint),
    "MultiLineString": _many(_line, shapely.MultiLineString),
    "MultiPolygon": _many(_polygon, shapely.MultiPolygon),
}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
