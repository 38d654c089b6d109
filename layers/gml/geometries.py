"""Geometries of GML 2, 3.1 and 3.2 as JSON: GeoJSON where they are straight, JSON-FG where they have arcs.

Coordinates stay in the order of the file.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from layers.xml_documents import Element, decimal_lists, local_name, text_of

__all__ = ["GEOMETRIES", "UnreadGeometryError", "geometry_of"]

_CURVES = {"LineString", "Curve", "CompositeCurve", "OrientableCurve", "LinearRing", "Ring"}
_SURFACES = {"Polygon", "Surface", "CompositeSurface", "OrientableSurface", "PolygonPatch", "Rectangle"}
_COLLECTIONS = {
    "MultiPoint": "MultiPoint",
    "MultiLineString": "MultiLineString",
    "MultiCurve": "MultiLineString",
    "MultiPolygon": "MultiPolygon",
    "MultiSurface": "MultiPolygon",
    "MultiGeometry": "GeometryCollection",
}
_STRAIGHT = {"LineStringSegment"}
_ARCS = {"Arc", "ArcString", "Circle"}
_ELSEWHERE = {"Solid", "MultiSolid", "CompositeSolid", "PolyhedralSurface", "TriangulatedSurface", "Tin", "Grid"}
GEOMETRIES = frozenset({"Point", *_CURVES, *_SURFACES, *_COLLECTIONS, *_ELSEWHERE})
_PARALLEL = 1e-12


class UnreadGeometryError(ValueError):
    """A geometry of a kind that is not read; its message is the name of the kind."""


class _Path(NamedTuple):
    """A line of positions; of an arc, each second one is a point on the way."""

    positions: list[list[Any]]
    is_arc: bool = False


def geometry_of(element: Element, dimension: int | None = None) -> dict[str, Any]:
    """Return a GML geometry as an object of GeoJSON or JSON-FG.

    Parameters
    ----------
    element
        The geometry.
    dimension
        How many numbers make a position, where the geometry does not say.

    Raises
    ------
    UnreadGeometryError
        It is a solid, or has a curve other than lines, arcs and circles, or stands elsewhere and is linked to.
    """
    dimension = _dimension(element, dimension)
    name = local_name(element)
    if name == "Point":
        positions = _positions(element, dimension)
        return {"type": "Point", "coordinates": positions[0] if len(positions) == 1 else positions}
    if name in _CURVES:
        return _curve_of(_joined(_paths(element, dimension)))
    if name in _SURFACES:
        return _collected("MultiPolygon", list(_surfaces(element, dimension)), alone=True)
    if name not in _COLLECTIONS:
        raise UnreadGeometryError(name)
    kind = _COLLECTIONS[name]
    members = [geometry_of(member, dimension) for member in _members(element)]
    if kind == "MultiPolygon":
        members = [part for member in members for part in _single(member)]
    return _collected(kind, members)


def _collected(kind: str, parts: list[dict[str, Any]], *, alone: bool = False) -> dict[str, Any]:
    """Return parts as one geometry; one that may stand alone does."""
    if alone and len(parts) == 1:
        return parts[0]
    if kind == "GeometryCollection":
        return {"type": kind, "geometries": parts}
    if any("geometries" in part or part["type"] == "CircularString" for part in parts):
        return {"type": "MultiSurface" if kind == "MultiPolygon" else "MultiCurve", "geometries": parts}
    return {"type": kind, "coordinates": [part["coordinates"] for part in parts]}


def _single(member: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the polygons of a surface, which may be of several patches."""
    if member["type"] == "MultiPolygon":
        return [{"type": "Polygon", "coordinates": rings} for rings in member["coordinates"]]
    return member["geometries"] if member["type"] == "MultiSurface" else [member]


def _surfaces(element: Element, dimension: int | None) -> Iterator[dict[str, Any]]:
    """Yield the polygons of a surface."""
    dimension = _dimension(element, dimension)
    name = local_name(element)
    if name in {"Polygon", "PolygonPatch", "Rectangle"}:
        yield _polygon(element, dimension)
    elif name in _SURFACES:
        for member in _members(element):
            yield from _surfaces(member, dimension)
    else:
        raise UnreadGeometryError(name)


def _polygon(element: Element, dimension: int | None) -> dict[str, Any]:
    sides = [
        [ring for side in element if local_name(side) in names for ring in side]
        for names in ({"exterior", "outerBoundaryIs"}, {"interior", "innerBoundaryIs"})
    ]
    # without one exterior nothing says what the other rings are
    drawn = [*sides[0], *sides[1]] if len(sides[0]) == 1 else []
    rings = [_joined(_paths(ring, dimension)) for ring in drawn] or [[]]
    if any(path.is_arc for ring in rings for path in ring):
        return {"type": "CurvePolygon", "geometries": [_curve_of(ring) for ring in rings]}
    return {"type": "Polygon", "coordinates": [ring[0].positions if ring else [] for ring in rings]}


def _curve_of(paths: list[_Path]) -> dict[str, Any]:
    parts = [
        {"type": "CircularString" if path.is_arc else "LineString", "coordinates": path.positions} for path in paths
    ]
    if len(parts) == 1:
        return parts[0]
    return {"type": "CompoundCurve", "geometries": parts} if parts else {"type": "LineString", "coordinates": []}


def _joined(paths: Iterator[_Path]) -> list[_Path]:
    """Return paths with straight ones that follow each other made one."""
    joined: list[_Path] = []
    for path in paths:
        if joined and not path.is_arc and not joined[-1].is_arc:
            before = joined[-1].positions
            more = path.positions[1:] if path.positions[:1] == before[-1:] else path.positions
            joined[-1] = _Path([*before, *more])
        else:
            joined.append(path)
    return joined


def _paths(element: Element, dimension: int | None) -> Iterator[_Path]:
    """Yield the segments of a curve or ring, in its direction."""
    dimension = _dimension(element, dimension)
    name = local_name(element)
    if name in {"LineString", "LinearRing"} | _STRAIGHT:
        yield _Path(_positions(element, dimension))
    elif name == "Circle":
        yield _Path(_circle(_positions(element, dimension)), is_arc=True)
    elif name in _ARCS:
        yield _Path(_positions(element, dimension), is_arc=True)
    elif name == "OrientableCurve" and element.get("orientation") == "-":
        paths = [path for member in _members(element) for path in _paths(member, dimension)]
        yield from (path._replace(positions=path.positions[::-1]) for path in reversed(paths))
    elif name in _CURVES:
        for member in _members(element):
            yield from _paths(member, dimension)
    else:
        raise UnreadGeometryError(name)


def _members(element: Element) -> Iterator[Element]:
    """Yield the geometries, segments or patches that an element is made of."""
    for prop in element:
        if local_name(prop) in {"boundedBy", "name", "description", "identifier", "metaDataProperty"}:
            continue
        if not len(prop) and any(name.endswith("}href") for name in prop.keys()):  # noqa: SIM118 - an Element, no dict
            raise UnreadGeometryError("xlink:href")
        yield from prop


def _circle(through: list[list[Any]]) -> list[list[Any]]:
    """Return a circle through three points as an arc from the first over the point opposite of it, and back."""
    (ax, ay), (bx, by), (cx, cy) = (position[:2] for position in through)
    ux, uy, vx, vy = bx - ax, by - ay, cx - ax, cy - ay
    cross = 2 * (ux * vy - uy * vx)
    u, v = ux * ux + uy * uy, vx * vx + vy * vy
    if abs(cross) <= _PARALLEL * max(u, v):
        raise ValueError(through)
    return [[ax, ay], [ax + 2 * (vy * u - uy * v) / cross, ay + 2 * (ux * v - vx * u) / cross], [ax, ay]]


def _dimension(element: Element, inherited: int | None) -> int | None:
    stated = element.get("srsDimension") or element.get("dimension") or ""
    return int(stated) if stated in {"2", "3"} else inherited


def _positions(element: Element, dimension: int | None) -> list[list[Any]]:
    """Return the positions that an element holds in any of GML's ways."""
    found: list[list[Any]] = []
    for child in element:
        name = local_name(child)
        if name == "posList":
            found += _split(_numbers(child), _dimension(child, dimension))
        elif name == "pos":
            found.append(_numbers(child))
        elif name == "coordinates":
            found += decimal_lists(_usual(child))
        elif name == "coord":
            found.append([number for part in child for number in _numbers(part)])
        elif name in {"pointProperty", "pointRep"}:
            found += [position for point in child for position in _positions(point, dimension)]
    return found


def _usual(element: Element) -> str:
    """Return a text of coordinates with the usual signs between them."""
    text = text_of(element) or ""
    for sign, usual in (("ts", " "), ("cs", ","), ("decimal", ".")):
        text = text.replace(element.get(sign) or usual, usual)
    return text


def _numbers(element: Element) -> list[Any]:
    words = (text_of(element) or "").split()
    try:
        return [float(word) for word in words]
    except ValueError:
        return list(words)


def _split(numbers: list[Any], dimension: int | None) -> list[list[Any]]:
    """Return numbers as positions; where nothing says how many make one, two, unless they do not come out even."""
    size = dimension or (3 if len(numbers) % 2 and len(numbers) % 3 == 0 else 2)
    return [numbers[start : start + size] for start in range(0, len(numbers), size)]
