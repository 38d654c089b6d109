"""A drawn footprint, before anyone decides: its code, its area, what the register and the blueprint say. Stores nothing."""

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geocode import STORAGE_CRS, FootprintError, encode_many, parse, to_storage
from geocode.crs import CrsInput
from geocode.planes import measure_plane, to_plane
from store.buildings import living_footprints
from store.database import Connection, Database, transaction
from workflows.checking import Terms, check_ground
from workflows.deliveries import placed_fault, too_large
from workflows.drawings import read_drawing
from workflows.footprint_facts import facts_of_records
from workflows.matching import held_fault, settle_rows
from workflows.naming import computed_aliases
from workflows.reports import text_json

__all__ = ["preview_footprint"]

_TOUCHES_DEG = 1e-6  # ten centimetres


def preview_footprint(
    database: Database,
    drawn: dict[str, Any],
    *,
    crs: CrsInput,
    terms: Terms,
    said: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return code, area, computed names, what the register knows and what the blueprint finds of a drawn footprint.

    Parameters
    ----------
    drawn
        A GeoJSON feature or geometry; what a feature's properties say of the footprint is known to the rules.
    crs
        The frame of its coordinates, x = east or longitude.
    said
        What else is said of it, as `read_said` returns it: it counts before the properties.

    Raises
    ------
    RefusedDrawingError
        It is no GeoJSON geometry.
    FootprintError, CrsError
        It is no footprint, with the fault that it would have in a file, or its CRS is refused.
    """
    geometry, notes = read_drawing(drawn)
    encoded = encode_many(np.array([geometry], dtype=object), crs=crs)
    fault = encoded.faults[0] or too_large(geometry)
    if fault is not None:
        raise FootprintError(fault)
    properties = drawn.get("properties") if drawn.get("type") == "Feature" else None
    facts = facts_of_records([properties if isinstance(properties, dict) else {}], said=said)
    shapes = to_storage(np.array([geometry], dtype=object), crs)
    ground = gpd.GeoDataFrame({"attrs": facts}, geometry=shapes, crs=STORAGE_CRS)
    middle = ground.geometry.values[0].centroid
    plane = measure_plane(middle.x, middle.y)
    flat = to_plane(np.asarray(ground.geometry.values), plane)[0]
    with transaction(database) as connection:
        known = _known(connection, ground, plane)
        checked = check_ground(connection, ground, terms=terms)[0]
    return {
        "code": str(encoded.codes[0]),
        "h3": str(encoded.h3[0]),
        "area_m2": float(encoded.area_m2[0]),
        "plane": {"crs": plane, "area_m2": flat.area, "perimeter_m": flat.length},
        "building": known,
        "aliases": computed_aliases(ground.geometry.values[0], encoded),
        "notes": [text_json(note) for note in notes],
        "as_of": terms.day.isoformat(),
        **checked._asdict(),
    }


def _known(connection: Connection, ground: gpd.GeoDataFrame, plane: str) -> dict[str, Any] | None:
    """Return what the register holds on the ground: the same building, one that a person relates, or one in the way."""
    footprint = np.asarray(ground.geometry.values)
    living = living_footprints(connection, footprint)
    # only what shares ground with it can be it, or be in its way
    living = living[shapely.dwithin(np.asarray(living.geometry.values), footprint[0], _TOUCHES_DEG)]
    if living.empty:
        return None
    settled = settle_rows(ground, living, plane)
    blank = {"code": None, "relation": "refused", "iou": None, "fault": None}
    for fault in settled.refused.values():
        return {**blank, "fault": placed_fault(fault, plane)}
    (relation,) = (*settled.done, *settled.held)
    if relation in settled.held:
        return {**blank, "relation": "held", "fault": held_fault(relation, living.code)}
    if not relation.known:
        return None
    codes = " ".join(str(parse(living.code[known])) for known in relation.known)
    return {**blank, "code": codes, "relation": relation.kind, "iou": relation.evidence[0].raw_iou}
