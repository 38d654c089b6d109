"""Features of which some geometries have arcs, written as JSON-FG writes them, as a table in chords.

GML's curves come this way too: whatever has no arcs is GeoJSON, and built as such.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from geocode.faults import read_sentences
from layers.curves import Linearised, linearise
from layers.geojson import tabulate_features
from layers.remarks import Counted
from layers.tables import Table

__all__ = ["CURVED_TYPES", "tabulate_with_curves"]

# numbers of well-known binary
_CODES = {
    "Point": 1,
    "LineString": 2,
    "Polygon": 3,
    "CircularString": 8,
    "CompoundCurve": 9,
    "CurvePolygon": 10,
    "MultiCurve": 11,
    "MultiSurface": 12,
}
CURVED_TYPES = frozenset(_CODES) - {"Point", "LineString", "Polygon"}
_SENTENCES = read_sentences("layers", "faults.toml")


def tabulate_with_curves(features: Sequence[Any], *, deviation: float, repeats: bool = False) -> Table:
    """Return features as a table, one row each, with chords for arcs.

    Parameters
    ----------
    features
        As those of `tabulate_features`; the type of a geometry may also be one of `CURVED_TYPES`.
    deviation
        How far off an arc its chords may lie, in units of the CRS.
    repeats
        As that of `tabulate_features`.

    Raises
    ------
    RefusedFile
        As `tabulate_features`.
    """
    arcs = {row: shape for row, feature in enumerate(features) if (shape := _curved_geometry(feature)) is not None}
    straight = [{**feature, "geometry": None} if row in arcs else feature for row, feature in enumerate(features)]
    table = tabulate_features(straight, repeats=repeats)
    curved: dict[int, Linearised] = {}
    for row, shape in arcs.items():
        try:
            curved[row] = linearise(_wkb(shape), deviation=deviation)
            table.geometries[row] = curved[row].geometry
        except (ValueError, TypeError, LookupError, OverflowError, struct.error, RecursionError) as error:
            table.faults[row] = _SENTENCES.fault("geometry_broken", reason=f"{shape['type']}: {error}"[:120])
    notes = (*table.notes, Counted("arcs_linearised", len(curved))) if curved else table.notes
    return replace(table, curved=curved, notes=notes)


def _curved_geometry(feature: Any) -> Mapping[str, Any] | None:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    return geometry if isinstance(kind, str) and kind in CURVED_TYPES else None


def _wkb(geometry: Mapping[str, Any]) -> bytes:
    """Return a geometry of JSON-FG as well-known binary, in two dimensions."""
    kind = geometry["type"]
    head = struct.pack("<BI", 1, _CODES[kind])
    if kind in {"LineString", "CircularString"}:
        return head + _points(geometry["coordinates"])
    if kind == "Polygon":
        rings = geometry["coordinates"]
        return head + struct.pack("<I", len(rings)) + b"".join(map(_points, rings))
    parts = geometry["geometries"]
    return head + struct.pack("<I", len(parts)) + b"".join(map(_wkb, parts))


def _points(positions: Sequence[Sequence[float]]) -> bytes:
    numbers = [number for position in positions for number in (position[0], position[1])]
    return struct.pack(f"<I{len(numbers)}d", len(positions), *numbers)
