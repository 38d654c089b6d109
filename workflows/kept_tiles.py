"""Tiles that were cut, kept for as long as nothing on their ground changes."""

from collections import OrderedDict, defaultdict
from collections.abc import Hashable, Iterator
from hashlib import sha256
from math import atan, degrees, pi, sinh
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from store.tiles import WEB_MERCATOR, GroundChange, TileGrid

__all__ = ["FIRST_BUILDING_ZOOM", "MOST_BYTES", "KeptTiles", "Tile", "TilePlace"]

FIRST_BUILDING_ZOOM = 13
"""The zoom at which buildings are drawn one by one: at the one before, a tile of a city would hold more than one can see."""

MOST_BYTES = 64_000_000
# beside its content, what a tile takes: its key, its tag, its places in the tables
_OVERHEAD_BYTES = 600
# more than what a tile is drawn beyond its edges
_MARGIN = 1 / 32
# at the zooms before, tiles show cells, which count what stands on them beyond a tile as well
_CELL_MARGIN = 1 / 2
_NOTHING = (-1, b"")


class TilePlace(NamedTuple):
    """Where a tile lies: column x and row y of the tiles of a grid at a zoom."""

    grid: TileGrid
    z: int
    x: int
    y: int

    def bounds_deg(self) -> tuple[float, float, float, float]:
        """Return its west, south, east and north in degrees."""
        west, east = ((self.x + side) / 2**self.z * 360 - 180 for side in (0, 1))
        north, south = (_latitude_deg(self.grid, (self.y + side) / 2**self.z) for side in (0, 1))
        return west, south, east, north


class Tile(NamedTuple):
    """The bytes of a tile, and their tag: another where they are others."""

    body: bytes
    tag: str

    @classmethod
    def of(cls, body: bytes) -> "Tile":
        """Return a tile of some bytes."""
        return cls(body, f'"{sha256(body).hexdigest()[:32]}"')


class KeptTiles:
    """The tiles asked for last, each under its key, up to a number of bytes.

    Those that show what the register holds are true as of its ledger's last event, `head`; `advance` brings them to a later
    one, and drops those on whose ground something has changed between.
    """

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self.head = _NOTHING
        self._most_bytes, self._bytes = most_bytes, 0
        self._tiles: OrderedDict[Hashable, Tile] = OrderedDict()
        self._places: dict[Hashable, TilePlace] = {}
        # by grid and zoom, then column and row: the keys of the tiles there
        self._there: dict[tuple[TileGrid, int], dict[tuple[int, int], set[Hashable]]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._tiles)

    def find(self, key: Hashable) -> Tile | None:
        """Return a tile, or None where it is not kept."""
        found = self._tiles.get(key)
        if found is not None:
            self._tiles.move_to_end(key)
        return found

    def keep(self, key: Hashable, tile: Tile, place: TilePlace | None) -> None:
        """Keep a tile; with its place where it shows what changes with the ledger, without where its key says all."""
        self._drop(key)
        self._tiles[key] = tile
        self._bytes += len(tile.body) + _OVERHEAD_BYTES
        if place is not None:
            self._places[key] = place
            self._there[place.grid, place.z].setdefault((place.x, place.y), set()).add(key)
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._tiles)))

    def advance(self, change: GroundChange) -> None:
        """Bring the tiles to a later event, by what has changed since `head`."""
        if change.boxes is None:
            dropped = set(self._places)
        else:
            dropped = {key for (grid, z) in self._there for key in self._changed(grid, z, change.boxes)}
        for key in dropped:
            self._drop(key)
        self.head = (change.seq, change.leaf_hash)

    def _changed(self, grid: TileGrid, z: int, boxes: NDArray[np.float64]) -> Iterator[Hashable]:
        """Yield the keys of the tiles of a zoom that boxes reach."""
        there = self._there[grid, z]
        for first_x, first_y, last_x, last_y in _reached(grid, z, boxes):
            if (last_x - first_x + 1) * (last_y - first_y + 1) > len(there):
                spots = [at for at in there if first_x <= at[0] <= last_x and first_y <= at[1] <= last_y]
            else:
                spots = [(x, y) for x in range(first_x, last_x + 1) for y in range(first_y, last_y + 1)]
            for spot in spots:
                yield from there.get(spot, ())

    def _drop(self, key: Hashable) -> None:
        tile = self._tiles.pop(key, None)
        if tile is None:
            return
        self._bytes -= len(tile.body) + _OVERHEAD_BYTES
        place = self._places.pop(key, None)
        if place is not None:
            there = self._there[place.grid, place.z]
            there[place.x, place.y].discard(key)
            if not there[place.x, place.y]:
                del there[place.x, place.y]


def _reached(grid: TileGrid, z: int, boxes: NDArray[np.float64]) -> list[list[int]]:
    """Return the first column and row, and the last, of the tiles that boxes in degrees reach with the margin, a row each."""
    west, south, east, north = boxes.T
    columns = [(lon_deg + 180) / 360 for lon_deg in (west, east)]
    rows = [_from_north(grid, lat_deg) for lat_deg in (north, south)]
    first, last = (np.column_stack([columns[i], rows[i]]) * 2.0**z for i in (0, 1))
    margin = _MARGIN if z >= FIRST_BUILDING_ZOOM else _CELL_MARGIN
    reached: list[list[int]] = np.floor(np.hstack([first - margin, last + margin])).astype(int).tolist()
    return reached


def _from_north(grid: TileGrid, lat_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far a latitude lies from a grid's northern side, as a part of the whole."""
    if grid != WEB_MERCATOR:
        return (grid.north - lat_deg) / (grid.north - grid.south)
    return 0.5 - np.arcsinh(np.tan(np.radians(np.clip(lat_deg, -89, 89)))) / (2 * np.pi)


def _latitude_deg(grid: TileGrid, from_north: float) -> float:
    """Return the latitude that lies so far from a grid's northern side, as a part of the whole: what `_from_north` is asked for."""
    if grid != WEB_MERCATOR:
        return grid.north - from_north * (grid.north - grid.south)
    return degrees(atan(sinh((1 - 2 * from_north) * pi)))
