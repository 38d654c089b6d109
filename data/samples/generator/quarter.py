"""The new quarter on the east bank: axis-parallel blocks on round coordinates, where the planted cases stand.

Its streets run due east and due north, so that every overlap planted here is a rectangle on the millimetre grid (or
one turned by the angle of the 3-4-5 triangle) and its area and width are known without measuring.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import shapely
from shapely import Polygon

from generator.frame import box
from generator.regions import Region
from generator.streets import CARRIAGEWAY

WEST_M, SOUTH_M = 546_200.0, 4_855_000.0  # the crossing in the south-west
COLUMNS, ROWS = 6, 6
PITCH_X_M, PITCH_Y_M = 200.0, 150.0
STREET_M = 20.0
BLOCK_WIDTH_M, BLOCK_HEIGHT_M = PITCH_X_M - STREET_M, PITCH_Y_M - STREET_M

_NUMBERS = "一二三四五六七"
_HALF_M = STREET_M / 2.0

QUARTER = box(WEST_M - _HALF_M, SOUTH_M - _HALF_M, COLUMNS * PITCH_X_M + STREET_M, ROWS * PITCH_Y_M + STREET_M)
EAST_M = WEST_M + COLUMNS * PITCH_X_M + _HALF_M  # where the quarter ends and its green belt of fields begins
NORTH_M = SOUTH_M + ROWS * PITCH_Y_M + _HALF_M
BELT_M = 200.0  # the fields inside the development boundary, its special-purpose zone
BELT = box(EAST_M, SOUTH_M - _HALF_M, BELT_M, ROWS * PITCH_Y_M + STREET_M)
COUNTRY = box(EAST_M + BELT_M, SOUTH_M - _HALF_M, 400.0, ROWS * PITCH_Y_M + STREET_M)
PLANTED = shapely.union_all([QUARTER, BELT, COUNTRY])  # nothing but planted ground lies here


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the quarter, 180 m by 130 m, with its column and row counted from the south-west."""

    column: int
    row: int

    @property
    def corner_m(self) -> tuple[float, float]:
        """The block's south-west corner in the plane."""
        return WEST_M + self.column * PITCH_X_M + _HALF_M, SOUTH_M + self.row * PITCH_Y_M + _HALF_M

    def box(self, x_m: float, y_m: float, width_m: float, height_m: float) -> Polygon:
        """Return a rectangle given from the block's south-west corner."""
        return box(self.corner_m[0] + x_m, self.corner_m[1] + y_m, width_m, height_m)

    def polygon(self, points_m: list[tuple[float, float]]) -> Polygon:
        """Return a polygon given from the block's south-west corner."""
        east, north = self.corner_m
        return Polygon([(round(east + x, 3), round(north + y, 3)) for x, y in points_m])

    def whole(self) -> Polygon:
        """Return the block's ground between its streets."""
        return self.box(0.0, 0.0, BLOCK_WIDTH_M, BLOCK_HEIGHT_M)


def quarter_streets() -> Iterator[Region]:
    """Yield the quarter's streets; those that run east own the crossings, so that each of their sides is one line."""
    for j in range(ROWS + 1):
        shape = box(WEST_M - _HALF_M, SOUTH_M + j * PITCH_Y_M - _HALF_M, COLUMNS * PITCH_X_M + STREET_M, STREET_M)
        yield Region("road", f"东岸{_NUMBERS[j]}路", shape, grade="次干路", width_m=STREET_M)
    for k in range(COLUMNS + 1):
        shape = box(WEST_M + k * PITCH_X_M - _HALF_M, SOUTH_M - _HALF_M, STREET_M, ROWS * PITCH_Y_M + STREET_M)
        yield Region("road", f"东岸{_NUMBERS[k]}街", shape, grade="支路", width_m=STREET_M)


def quarter_carriageway(street: Region) -> Polygon:
    """Return the road of a street of the quarter as it exists, narrower than its red lines."""
    west, south, east, north = street.shape.bounds
    trim_m = STREET_M * (1.0 - CARRIAGEWAY) / 2.0
    if east - west > north - south:
        return box(west, south + trim_m, east - west, STREET_M - 2 * trim_m)
    return box(west + trim_m, south, STREET_M - 2 * trim_m, north - south)
