"""A drawn footprint, before anyone decides: its code, its area, what the register and the blueprint say. Stores nothing."""

from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np

from geocode import STORAGE_CRS, FootprintError, Text, encode_many, parse, to_storage
from geocode.crs import CrsInput
from geocode.planes import measure_plane, to_plane
from layers.geojson_geometries import BuiltGeometries, build_geometries
from registry.fingerprints import fingerprints
from registry.matching import match_footprints
from store.buildings import living_footprints
from store.database import Connection, Database, transaction
from workflows.checking import check_ground
from workflows.deliveries import in_plane, placed_fault, too_large
from workflows.errors import RefusedDrawingError
from workflows.naming import computed_aliases
from workflows.reports import text_json

__all__ = ["preview_footprint"]


def preview_footprint(database: Database, drawn: dict[str, Any], *, crs: CrsInput, accuracy_m: float) -> dict[str, Any]:
    """Return code, area, computed names, what the register knows and what the blueprint finds of a drawn footprint.

    Parameters
    ----------
    drawn
        A GeoJSON feature or geometry.
    crs
        The frame of its coordinates, x = east or longitude.

    Raises
    ------
    RefusedDrawingError
        It is no GeoJSON geometry.
    FootprintError, CrsError
        It is no footprint, with the fault that it would have in a file, or its CRS is refused.
    """
    geometry, notes = _read(drawn)
    encoded = encode_many(np.array([geometry], dtype=object), crs=crs)
    fault = encoded.faults[0] or too_large(geometry)
    if fault is not None:
        raise FootprintError(fault)
    ground = gpd.GeoDataFrame(geometry=to_storage(np.array([geometry], dtype=object), crs), crs=STORAGE_CRS)
    middle = ground.geometry.values[0].centroid
    plane = measure_plane(middle.x, middle.y)
    flat = to_plane(np.asarray(ground.geometry.values), plane)[0]
    with transaction(database) as connection:
        known = _known(connection, ground, plane)
        checked = check_ground(connection, ground, as_of=date.today(), accuracy_m=accuracy_m)[0]
    return {
        "code": str(encoded.codes[0]),
        "h3": str(encoded.h3[0]),
        "area_m2": float(encoded.area_m2[0]),
        "plane": {"crs": plane, "area_m2": flat.area, "perimeter_m": flat.length},
        "building": known,
        "aliases": computed_aliases(ground.geometry.values[0], encoded),
        "notes": [text_json(note) for note in notes],
        **checked._asdict(),
    }


def _read(drawn: dict[str, Any]) -> tuple[Any, list[Text]]:
    """Return the geometry of a GeoJSON feature or geometry, read as from a file, with remarks."""
    bare = drawn.get("geometry") if drawn.get("type") == "Feature" else drawn
    if not isinstance(bare, dict) or "type" not in bare:
        raise RefusedDrawingError
    built = build_geometries([bare])
    if built.faults[0] is not None:
        raise FootprintError(built.faults[0])
    return built.geometries[0], _notes(built)


def _known(connection: Connection, ground: gpd.GeoDataFrame, plane: str) -> dict[str, Any] | None:
    """Return what the register holds on the ground: the same building, or one that stands in the way."""
    shapes = np.asarray(ground.geometry.values)
    living = living_footprints(connection, shapes)
    if living.empty:
        return None
    delivered = in_plane(ground.assign(fingerprint=fingerprints(shapes)), plane)
    living = living.assign(code=[str(parse(code)) for code in living.code])
    match = match_footprints(delivered, in_plane(living, plane))[0]
    if match.fault is not None:
        return {"code": None, "relation": "refused", "iou": None, "fault": placed_fault(match.fault, plane)}
    if match.building is None:
        return None
    return {"code": living.code[match.building], "relation": match.relation, "iou": match.iou, "fault": None}


def _notes(built: BuiltGeometries) -> list[Text]:
    notes = []
    if built.with_z:
        notes.append(Text("高程(Z)未使用。", "Heights (Z) are not used."))
    if built.closed:
        notes.append(Text("环首尾不相接,已闭合。", "A ring whose last point was not its first was closed."))
    return notes
