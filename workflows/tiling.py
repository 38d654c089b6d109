"""What the map shows: tiles, and where it begins."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from layers.catalogue import load_catalogue
from layers.catalogue_entries import Catalogue
from store.database import Connection, Database, transaction
from store.tiles import building_tile, extent, layer_tile, source_tile
from workflows.collections import Collection, CollectionQuestion, collection_in
from workflows.kept_tiles import TilePlace
from workflows.layer_rights import allow_layer
from workflows.principals import Principal
from workflows.rights import allow, offices_seen

__all__ = [
    "BuildingView",
    "building_view",
    "cut_building_tile",
    "cut_collection_tile",
    "cut_layer_tile",
    "find_extent",
    "told_in_tiles",
]

# what stands before the dot of a collection's id, and what its tiles tell of each item; all of it elsewhere
_TOLD = {"buildings": ("code", "stage", "area_m2", "name"), "layers": ("name", "class_code")}


class BuildingView(NamedTuple):
    """Of which buildings a principal sees the names: of all, or of those of some offices."""

    whole: bool
    offices: frozenset[int] = frozenset()


def building_view(principal: Principal) -> BuildingView:
    """Return of which buildings a principal sees the names.

    Raises
    ------
    ForbiddenError
        The role may resolve nothing.
    """
    right = allow(principal, "resolve")
    if right.redacted:
        return BuildingView(whole=False)
    offices = offices_seen(principal, right)
    return BuildingView(whole=True) if offices is None else BuildingView(whole=False, offices=offices)


def cut_building_tile(database: Database, *, z: int, x: int, y: int, principal: Principal) -> bytes:
    """Return the vector tile of the living buildings, with the names that a principal may see; empty where none stands.

    Raises
    ------
    ForbiddenError
        The role may resolve nothing.
    """
    view = building_view(principal)
    with transaction(database) as connection:
        return building_tile(connection, z=z, x=x, y=y, **view._asdict())


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


def cut_collection_tile(connection: Connection, identity: str, place: TilePlace, asked: CollectionQuestion) -> bytes:
    """Return the vector tile of any collection as one principal sees it, source layer = its id; empty where there is nothing.

    Raises
    ------
    NotHereError
        There is no such collection, or the principal sees nothing of it.
    """
    found = collection_in(connection, identity, asked)
    return source_tile(connection, found.source, identity, **place._asdict(), told=told_in_tiles(found))


def told_in_tiles(collection: Collection) -> Sequence[str]:
    """Return the names of the properties that a collection's tiles tell."""
    return _TOLD.get(collection.id.partition(".")[0], collection.source.properties)


def find_extent(database: Database) -> tuple[float, float, float, float] | None:
    """Return the box around everything stored, in degrees, or None."""
    with transaction(database) as connection:
        return extent(connection)
