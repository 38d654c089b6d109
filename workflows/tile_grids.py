"""Tile matrix sets: the grids that tiles are cut by, as OGC names and describes them (OGC 17-083r4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import morecantile
from morecantile import TileMatrixSet

from geocode import Text
from store.errors import NotHereError
from store.tiles import DEGREES, WEB_MERCATOR, TileGrid

__all__ = ["Bounds", "MatrixSet", "find_matrix_set", "matrix_sets"]

_NATIONAL_LEVELS = 20
Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class MatrixSet:
    """A tile matrix set, and the square that PostGIS cuts its tiles from.

    Attributes
    ----------
    matrices
        The set; its tile matrices are named by whole numbers.
    grid
        The square.
    shift
        How many times the square is divided for the matrix “0”.
    title
        What people call it.
    """

    matrices: TileMatrixSet
    grid: TileGrid
    shift: int
    title: Text

    @property
    def id(self) -> str:
        """Its name."""
        return str(self.matrices.id)

    @property
    def crs_uri(self) -> str:
        """The URI of its coordinate reference system."""
        return str(self.as_json()["crs"])

    @property
    def uri(self) -> str | None:
        """The URI under which OGC's register has it; None where it has not."""
        found = self.as_json().get("uri")
        return None if found is None else str(found)

    def zoom_of(self, level: int) -> int:
        """Return how many times the square is divided for a matrix: its zoom, were it of Web Mercator."""
        return level + self.shift

    def level_of(self, zoom: int) -> int:
        """Return the matrix for which the square is divided so many times."""
        return zoom - self.shift

    def has(self, level: int, row: int, column: int) -> bool:
        """Tell whether it has such a tile."""
        if not self.matrices.minzoom <= level <= self.matrices.maxzoom:
            return False
        matrix = self.matrices.matrix(level)
        return 0 <= row < matrix.matrixHeight and 0 <= column < matrix.matrixWidth

    def rows_and_columns(self, bounds: Bounds, level: int) -> tuple[int, int, int, int]:
        """Return the first and last row, and the first and last column, of the tiles on a box in degrees (x, y)."""
        west, south, east, north = bounds
        first, last = self.matrices.tile(west, north, level), self.matrices.tile(east, south, level)
        return first.y, last.y, first.x, last.x

    def as_json(self) -> dict[str, Any]:
        """Return it as the standard describes it."""
        told: dict[str, Any] = self.matrices.model_dump(mode="json", exclude_none=True)
        return told


@cache
def matrix_sets() -> Mapping[str, MatrixSet]:
    """Return the tile matrix sets by their names."""
    sets = (
        MatrixSet(
            morecantile.tms.get("WebMercatorQuad"), WEB_MERCATOR, 0, Text("Web 墨卡托四叉树", "Web Mercator quad tree")
        ),
        MatrixSet(
            morecantile.tms.get("WorldCRS84Quad"),
            DEGREES,
            1,
            Text("经纬度四叉树(CRS84)", "Quad tree in degrees, CRS84"),
        ),
        MatrixSet(
            _national_quad(),
            DEGREES,
            0,
            Text("CGCS2000 经纬度四叉树(天地图 c)", "Quad tree in degrees, CGCS2000, levels as Tianditu's “c”"),
        ),
    )
    return {each.id: each for each in sets}


def find_matrix_set(name: str) -> MatrixSet:
    """Return the tile matrix set of a name.

    Raises
    ------
    NotHereError
        There is none.
    """
    found = matrix_sets().get(name)
    if found is None:
        known = ", ".join(matrix_sets())
        raise NotHereError(
            Text(
                f"没有瓦片矩阵集 {name[:60]};有:{known}。",
                f"There is no tile matrix set {name[:60]}; there are {known}.",
            )
        )
    return found


def _national_quad() -> TileMatrixSet:
    """Return the quad tree of the national map service: level 1 is two tiles of 256 pixels, 0.703125° each (CH/Z 9011)."""
    world = morecantile.tms.get("WGS1984Quad")
    levels = [
        matrix.model_copy(update={"id": str(int(matrix.id) + 1)})
        for matrix in world.tileMatrices
        if int(matrix.id) < _NATIONAL_LEVELS
    ]
    return TileMatrixSet(  # type: ignore[no-untyped-call]
        id="CGCS2000Quad",
        title="CGCS2000 for the World",
        crs="http://www.opengis.net/def/crs/EPSG/0/4490",
        orderedAxes=["Lat", "Lon"],
        tileMatrices=levels,
    )
