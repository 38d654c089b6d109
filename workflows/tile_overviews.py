"""The register from afar: tiles on which too many buildings stand to be drawn show H3 cells with how many there are."""

from math import log, sqrt

import shapely

from geocode.cells import cell_descendants, cells_on
from store.database import Connection
from store.tiles import CountedCell, cells_tile
from workflows.kept_tiles import FIRST_BUILDING_ZOOM, TilePlace
from workflows.statistics import cell_outline

__all__ = ["cells_shown", "cut_overview"]

# ten to thirty cells side by side on a tile of China: a cell of the next resolution is √7 times as narrow, a tile of the next
# zoom twice
_ZOOM, _RESOLUTION = FIRST_BUILDING_ZOOM - 1, 9
_RESOLUTIONS_PER_ZOOM = log(2) / log(sqrt(7))
# a tile is drawn a little beyond its edges
_MARGIN = 1 / 64
_MOST_LAT_DEG = 89.0


def cut_overview(connection: Connection, place: TilePlace) -> bytes:
    """Return the vector tile of the cells in which buildings stand, source layer ``cells``; empty where none stands.

    A cell is on every tile that it reaches onto, and counts all that stands in it: on each of them it tells the same.
    """
    return cells_tile(connection, cells_shown(place), **place._asdict())


def cells_shown(place: TilePlace) -> list[CountedCell]:
    """Return the cells that reach onto a tile, or its margin."""
    west, south, east, north = place.bounds_deg()
    lon_deg, lat_deg = (east - west) * _MARGIN, (north - south) * _MARGIN
    south, north = max(south - lat_deg, -_MOST_LAT_DEG), min(north + lat_deg, _MOST_LAT_DEG)
    if south >= north:
        return []
    resolution = int(_RESOLUTION + 0.4 + (place.z - _ZOOM) * _RESOLUTIONS_PER_ZOOM)
    west, east = max(west - lon_deg, -180.0), min(east + lon_deg, 180.0)
    return [_counted(cell) for cell in cells_on(west, south, east, north, resolution)]


def _counted(cell: int) -> CountedCell:
    first, last = cell_descendants(cell)
    return CountedCell(f"{cell:x}", f"{first:x}", f"{last:x}", shapely.to_wkb(cell_outline(cell)))
