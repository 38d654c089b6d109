"""The streets: where they run in the bent grid, how wide they are, what they are called."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from shapely import Polygon

from generator.frame import BANK_M, ribbon
from generator.naming import street_names

GRADES = ("主干路", "次干路", "支路", "公路")  # the higher grade owns the crossing

# u of the avenues along the river, with the width between their red lines in metres; the last one is the town's edge
WEST_AVENUES = (
    (-210, 30), (-410, 14), (-610, 14), (-810, 24), (-1010, 14), (-1210, 40), (-1410, 14), (-1610, 14), (-1810, 24),
)  # fmt: skip
EAST_AVENUES = ((210, 30), (500, 20), (790, 20), (1080, 40), (1370, 20), (1660, 20), (1950, 20), (2240, 24))
ARTERIALS_V_M = (-2600.0, -1300.0, 0.0, 1300.0, 2600.0)
BRIDGES_V_M = (-1300.0, 0.0, 1300.0)
WEST_ROWS, EAST_ROWS = 8, 5  # blocks between two arterials
SHORE_M = BANK_M + 45.0  # a park 45 m wide runs along both banks

_ARTERIAL_WIDTH_M = 36.0
CARRIAGEWAY = 0.7  # the existing road's share of the width between the red lines
_BEYOND_U_M, _BEYOND_V_M = 4_600.0, 5_200.0  # outside the district on every side


class Line(NamedTuple):
    """A straight run of a street in the bent grid: along the river at one u, or across it at one v."""

    along_river: bool
    at_m: float
    start_m: float
    end_m: float


@dataclass(frozen=True, slots=True)
class Street:
    """A street: its name, its grade, the width between its red lines, its runs on land and its bridges."""

    name: str
    grade: str
    width_m: float
    runs: tuple[Line, ...]
    bridges: tuple[Line, ...] = ()

    def red_lines(self) -> list[Polygon]:
        """Return the ground between the street's red lines, one polygon a run on land."""
        return [_strip(line, self.width_m) for line in self.runs]

    def decks(self) -> list[Polygon]:
        """Return the ground under the street's bridges."""
        return [_strip(line, self.width_m) for line in self.bridges]

    def carriageways(self) -> list[Polygon]:
        """Return the road as it exists, narrower than its red lines, bridges included."""
        return [_strip(line, self.width_m * CARRIAGEWAY) for line in (*self.runs, *self.bridges)]


def _strip(line: Line, width_m: float) -> Polygon:
    near, far = line.at_m - width_m / 2.0, line.at_m + width_m / 2.0
    if line.along_river:
        return ribbon(near, far, line.start_m, line.end_m)
    return ribbon(line.start_m, line.end_m, near, far)


def draw_streets() -> list[Street]:
    """Return all streets of the bent grid, the higher grades first."""
    names = street_names()
    streets = [_avenue(u_m, width_m, next(names)) for u_m, width_m in (*WEST_AVENUES, *EAST_AVENUES)]
    streets += [_arterial(v_m, next(names)) for v_m in ARTERIALS_V_M]
    streets += [_cross_street(WEST_AVENUES, v_m, next(names)) for v_m in _between_arterials(WEST_ROWS)]
    streets += [_cross_street(EAST_AVENUES, v_m, next(names)) for v_m in _between_arterials(EAST_ROWS)]
    streets += [_highway(street) for street in streets if street.grade == "主干路"]
    return sorted(streets, key=lambda street: GRADES.index(street.grade))


def block_rows(rows: int) -> list[float]:
    """Return the v of all streets across the river on a bank with so many blocks between two arterials."""
    return sorted([*ARTERIALS_V_M, *_between_arterials(rows)])


def _between_arterials(rows: int) -> list[float]:
    gaps = pairwise(ARTERIALS_V_M)
    return [round(south + (north - south) * i / rows, 3) for south, north in gaps for i in range(1, rows)]


def _avenue(u_m: float, width_m: float, name: str) -> Street:
    overhang_m = _ARTERIAL_WIDTH_M / 2.0
    line = Line(along_river=True, at_m=u_m, start_m=ARTERIALS_V_M[0] - overhang_m, end_m=ARTERIALS_V_M[-1] + overhang_m)
    grade = "主干路" if width_m >= 36 else "次干路" if width_m >= 24 else "支路"
    return Street(f"{name}{'大街' if grade == '主干路' else '街'}", grade, float(width_m), (line,))


def _arterial(v_m: float, name: str) -> Street:
    west = Line(along_river=False, at_m=v_m, start_m=WEST_AVENUES[-1][0] - 12.0, end_m=-SHORE_M)
    east = Line(along_river=False, at_m=v_m, start_m=SHORE_M, end_m=EAST_AVENUES[-1][0] + 12.0)
    bridge = Line(along_river=False, at_m=v_m, start_m=-SHORE_M, end_m=SHORE_M)
    bridges = (bridge,) if v_m in BRIDGES_V_M else ()
    return Street(f"{name}大路", "主干路", _ARTERIAL_WIDTH_M, (west, east), bridges)


def _cross_street(avenues: tuple[tuple[int, int], ...], v_m: float, name: str) -> Street:
    shore, edge = sorted((avenues[0][0], avenues[-1][0]))
    line = Line(along_river=False, at_m=v_m, start_m=float(shore), end_m=float(edge))
    return Street(f"{name}路", "支路", 14.0 if avenues is WEST_AVENUES else 20.0, (line,))


def _highway(street: Street) -> Street:
    """Return the road that continues an arterial into the country."""
    first, last = street.runs[0], street.runs[-1]
    beyond_m = _BEYOND_V_M if first.along_river else _BEYOND_U_M
    runs = (first._replace(start_m=-beyond_m, end_m=first.start_m), last._replace(start_m=last.end_m, end_m=beyond_m))
    return Street(f"{street.name[:2]}公路", "公路", 16.0, runs)
