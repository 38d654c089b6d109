"""Tilesets: which tiles of a grid a collection has, and what they tell."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from geocode import Text
from store.items import QueryableType
from workflows.collections import Collection
from workflows.kept_tiles import FIRST_BUILDING_ZOOM, TilePlace
from workflows.tile_grids import Bounds, MatrixSet
from workflows.tiling import told_in_tiles

__all__ = ["LevelLimits", "TileLayer", "Tileset", "place_of", "tileset_of"]

# By what stands before the dot of a collection's id: the zoom at which its tiles begin. One unit of a tile is 1 cm at the last.
_OVERVIEWS = "buildings"
_FIRST_ZOOMS, _FIRST_ZOOM, _LAST_ZOOM = {_OVERVIEWS: 5, "footprints": FIRST_BUILDING_ZOOM}, 8, 20
_CELL_FIELDS: Mapping[str, QueryableType] = {"h3": "string", "buildings": "integer", "area_m2": "number"}


class LevelLimits(NamedTuple):
    """The first and last rows and columns of a matrix in which a collection has anything."""

    level: int
    first_row: int
    last_row: int
    first_column: int
    last_column: int


class TileLayer(NamedTuple):
    """A source layer of tiles.

    Attributes
    ----------
    id, title
        Its name in the tiles, and what people call it.
    geometry
        The kind of its geometries.
    first_level, last_level
        The matrices between which it is on tiles, both included.
    fields
        What it tells of each item, with its type.
    """

    id: str
    title: Text
    geometry: str
    first_level: int
    last_level: int
    fields: Mapping[str, QueryableType]


class Tileset(NamedTuple):
    """The tiles of a collection by a tile matrix set.

    Attributes
    ----------
    collection, matrix_set
        Of what, and by which grid.
    bounds
        The box around what is there in degrees (west, south, east, north), None where there is nothing.
    first_level, last_level
        The matrices between which there are tiles, both included.
    layers
        What there is on the tiles.
    """

    collection: Collection
    matrix_set: MatrixSet
    bounds: Bounds | None
    first_level: int
    last_level: int
    layers: Sequence[TileLayer]

    def limits(self) -> list[LevelLimits]:
        """Return where there are tiles, level by level; nothing where there is nothing."""
        if self.bounds is None:
            return []
        levels = range(self.first_level, self.last_level + 1)
        return [LevelLimits(level, *self.matrix_set.rows_and_columns(self.bounds, level)) for level in levels]


def tileset_of(collection: Collection, bounds: Bounds | None, matrix_set: MatrixSet) -> Tileset:
    """Return the tiles of a collection by a tile matrix set."""
    first, last = _levels(collection.id, matrix_set)
    return Tileset(collection, matrix_set, bounds, first, last, _layers(collection, matrix_set, first, last))


def place_of(collection: str, matrix_set: MatrixSet, *, level: int, row: int, column: int) -> TilePlace | None:
    """Return where a tile lies; None where the collection has no tiles of that level, or the matrix no such tile."""
    first, last = _levels(collection, matrix_set)
    if not first <= level <= last or not matrix_set.has(level, row, column):
        return None
    return TilePlace(matrix_set.grid, matrix_set.zoom_of(level), column, row)


def _layers(collection: Collection, matrix_set: MatrixSet, first: int, last: int) -> list[TileLayer]:
    fields = {name: collection.queryables[name].type for name in told_in_tiles(collection)}
    items = TileLayer(collection.id, collection.title, collection.geometry, first, last, fields)
    if collection.id != _OVERVIEWS:
        return [items]
    begins = matrix_set.level_of(FIRST_BUILDING_ZOOM)
    counted = Text("各网格建筑数", "Buildings by cell")
    cells = TileLayer("cells", counted, "geometry-polygon", first, begins - 1, _CELL_FIELDS)
    # the items first: who wants one layer takes that
    return [items._replace(first_level=begins), cells]


def _levels(collection: str, matrix_set: MatrixSet) -> tuple[int, int]:
    first = _FIRST_ZOOMS.get(collection.partition(".")[0], _FIRST_ZOOM)
    return matrix_set.level_of(first), matrix_set.level_of(_LAST_ZOOM)
