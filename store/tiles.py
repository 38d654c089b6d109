"""Vector tiles, cut by PostGIS, and where the map begins."""

from datetime import date

from registry.stages import stage_codes
from store.database import Connection, statement
from store.editions import edition_in_effect

__all__ = ["building_tile", "extent", "layer_tile"]


def building_tile(
    connection: Connection, *, z: int, x: int, y: int, whole: bool = True, office_id: int | None = None
) -> bytes:
    """Return the Mapbox vector tile of the living buildings, source layer ``buildings``; empty where none stands.

    Parameters
    ----------
    whole
        Whether all names are told; those of the buildings of `office_id` alone where not.
    """
    place = {"z": z, "x": x, "y": y, "whole": whole, "office": office_id, "stages": list(stage_codes())}
    return bytes(connection.execute(statement("building_tile"), place).scalar_one())


def layer_tile(connection: Connection, layer: str, *, z: int, x: int, y: int, as_of: date) -> bytes:
    """Return the vector tile of a layer's features that hold on a day, source layer = the layer's code."""
    edition = edition_in_effect(connection, layer, as_of=as_of)
    if edition is None:
        return b""
    place = {"z": z, "x": x, "y": y, "edition": edition, "layer": layer, "as_of": as_of}
    return bytes(connection.execute(statement("layer_tile"), place).scalar_one())


def extent(connection: Connection) -> tuple[float, float, float, float] | None:
    """Return the box around all living buildings and features in degrees, or None where there is nothing."""
    row = connection.execute(statement("extent")).one_or_none()
    return None if row is None else (row[0], row[1], row[2], row[3])
