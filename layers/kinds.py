"""Kinds of geometry: what files declare, what stands in them, and what a layer that is written declares."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.formats import GEOMETRY_TYPES

__all__ = ["MULTI", "FindKinds", "declared_kinds", "kind_of_wkb", "kinds_of", "promoted", "written_kind"]

# looks up the kinds of a layer; None where only reading its rows would tell
FindKinds: TypeAlias = Callable[[], frozenset[str] | None]
MULTI = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}
# what arcs become when they are made chords
_LINEAR = {
    "CircularString": "LineString",
    "CompoundCurve": "LineString",
    "CurvePolygon": "Polygon",
    "MultiCurve": "MultiLineString",
    "MultiSurface": "MultiPolygon",
}
_WKB_CODES = dict(
    enumerate(
        [
            *("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"),
            *_LINEAR,
        ],
        start=1,
    )
)
_HEAD_BYTES = 5
_PLAIN = {kind.upper(): kind for kind in GEOMETRY_TYPES} | {kind.upper(): flat for kind, flat in _LINEAR.items()}


def declared_kinds(names: Iterable[str]) -> frozenset[str] | None:
    """Return the kinds that a file declares as ``Polygon``, ``Polygon Z`` or ``2.5D Polygon``; None where it leaves any."""
    words = [name.upper().removeprefix("2.5D ").partition(" ")[0] for name in names]
    return frozenset(_PLAIN[word] for word in words) if words and all(word in _PLAIN for word in words) else None


def kind_of_wkb(head: bytes) -> str | None:
    """Return the kind of geometry whose WKB begins with five bytes; None where it is none."""
    if len(head) < _HEAD_BYTES:
        return None
    code = int.from_bytes(head[1:_HEAD_BYTES], "little" if head[:1] == b"\x01" else "big")
    # ISO adds thousands for Z and M, PostGIS sets the highest bits
    kind = _WKB_CODES.get((code & 0xFFFF) % 1000)
    return _LINEAR.get(kind, kind) if kind else None


def kinds_of(geometries: NDArray[Any]) -> frozenset[str]:
    """Return the kinds of geometry in an array."""
    codes = np.unique(shapely.get_type_id(geometries[~shapely.is_missing(geometries)]))
    names = [shapely.GeometryType(code).name for code in codes.tolist()]
    return frozenset(_PLAIN.get(name, "LineString") for name in names)


def written_kind(kinds: Collection[str]) -> str:
    """Return the type that a layer with these kinds declares."""
    if len(kinds) == 1:
        return next(iter(kinds))
    return next((multi for single, multi in MULTI.items() if set(kinds) == {single, multi}), "Unknown")


def promoted(geometries: NDArray[Any], kind: str) -> NDArray[Any]:
    """Return geometries of which single parts are multi-parts, where the kind that is declared is one."""
    single = next((single for single, multi in MULTI.items() if multi == kind), None)
    if single is None:
        return geometries
    alone = np.flatnonzero(shapely.get_type_id(geometries) == shapely.GeometryType[single.upper()])
    if not len(alone):
        return geometries
    whole = geometries.copy()
    collect = {"MultiPoint": shapely.multipoints, "MultiLineString": shapely.multilinestrings}
    whole[alone] = collect.get(kind, shapely.multipolygons)(geometries[alone], indices=np.arange(len(alone)))
    return whole
