"""What the map shows: tiles, and where it begins."""

from datetime import date

from layers.catalogue import load_catalogue
from layers.catalogue_entries import Catalogue
from store.database import Database, transaction
from store.tiles import building_tile, extent, layer_tile
from workflows.layer_rights import allow_layer
from workflows.principals import Principal
from workflows.rights import allow

__all__ = ["cut_building_tile", "cut_layer_tile", "find_extent"]


def cut_building_tile(database: Database, *, z: int, x: int, y: int, principal: Principal) -> bytes:
    """Return the vector tile of the living buildings, with the names that a principal may see; empty where none stands.

    Raises
    ------
    ForbiddenError
        The role may resolve nothing.
    """
    right = allow(principal, "resolve")
    own = None if right.redacted else principal.office_id
    is_whole = right.reach == "district" and not right.redacted
    with transaction(database) as connection:
        return building_tile(connection, z=z, x=x, y=y, whole=is_whole, office_id=own)


def cut_layer_tile(  # noqa: PLR0913 - a tile has three coordinates
    database: Database,
    name: str,
    *,
    z: int,
    x: int,
    y: int,
    as_of: date,
    principal: Principal,
    catalogue: Catalogue | None = None,
) -> bytes:
    """Return the vector tile of a layer as it holds on a day; empty where there is nothing.

    Raises
    ------
    UnknownLayer
        The catalogue has no such layer.
    ForbiddenError
        The layer's security level is beyond the role.
    """
    layer = (catalogue or load_catalogue()).layer(name)
    allow_layer(principal, layer)
    with transaction(database) as connection:
        return layer_tile(connection, layer.code, z=z, x=x, y=y, as_of=as_of)


def find_extent(database: Database) -> tuple[float, float, float, float] | None:
    """Return the box around everything stored, in degrees, or None."""
    with transaction(database) as connection:
        return extent(connection)
