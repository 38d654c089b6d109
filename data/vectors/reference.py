"""The building code in plain Python, written from docs/specification.md: the oracle of the vectors beside it.

Slow and exact: whole numbers, fractions and decimals. H3 is asked for the cell of a point, and for the centre and the corners
of a cell, and for nothing else; no line is shared with the program whose answers the vectors judge. Clauses in the comments are those of the specification.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import chain, pairwise
from typing import Any, NamedTuple

import h3.api.basic_int as h3
from plane import limits_deg, longitude_latitude
from rules import follow_rule
from validity import find_invalidity

__all__ = ["Coded", "Read", "Refused", "Told", "cell_range", "encode", "number_of_cell", "read", "tell"]

# clause 4
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# clause 5.2: blanks, hyphens and dashes that are left when NFKC has done its work
SEPARATORS = re.compile("[\t-\r\x1c-\x20\x85\u1680\u2028\u2029\\-\u2010\u2012-\u2015\u2212]")
DIVISION_LENGTH = 6
# clause 7
MAX_POSITIONS = 200_000
NOT_FINITE = {"NaN", "Infinity", "-Infinity"}
# clause 8: frames that are the code's own, zones in the plane, frames whose parameters are not public
SAME = {"EPSG:4490", "EPSG:4480", "EPSG:4326", "EPSG:4979", "OGC:CRS84"}
ZONES = {f"EPSG:{code}" for code in range(4491, 4555)}
BEIJING_1954 = [(4214, 4214), (2401, 2442), (21413, 21423), (21453, 21463), (21473, 21483)]
XIAN_1980 = [(4610, 4610), (2327, 2390)]
NEW_BEIJING = [(4555, 4555), (4568, 4589), (4652, 4656), (4766, 4800), (4812, 4812), (4822, 4822)]
SECRET = {f"EPSG:{code}" for first, last in BEIJING_1954 + XIAN_1980 + NEW_BEIJING for code in range(first, last + 1)}
# geocentric CGCS2000 and WGS 84, heights of Yellow Sea 1985 and EGM96: all that is known here of further frames
OF_ANOTHER_KIND = {"EPSG:4479", "EPSG:4978", "EPSG:5737", "EPSG:5773"}
# clause 10.4: base cells that are pentagons
PENTAGONS = {4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117}
CELL_COUNT = 122 * 7**15
# clause 11.1
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
SEMI_MAJOR_M, FLATTENING = 6378137, 1 / Decimal("298.257222101")

Ring = list[tuple[float, float]]


class Refused(ValueError):  # noqa: N818 - a refusal is an answer
    """A footprint without a code, or a text that is none; the message is the kind of clause 14."""


class Coded(NamedTuple):
    """The code of a footprint, and the figures on the way."""

    code: str
    h3: str
    area_m2: float
    cell_number: int
    x: int
    y: int
    double_area: int
    size_class: int


class Read(NamedTuple):
    """What a text says when it is a code."""

    code: str
    h3: str
    size_class: int
    generation: int


class Told(NamedTuple):
    """What a code alone tells; places are longitude and latitude in degrees, to eight decimals."""

    code: str
    h3: str
    size_class: int
    generation: int
    centre: tuple[float, float]
    corners: list[tuple[float, float]]
    area_from_m2: float
    area_to_m2: float | None


def encode(geometry: Any, *, crs: str | None = "EPSG:4490") -> Coded:
    """Return the first-generation code of a footprint given as a GeoJSON object or by a rule of annex B.

    The frame is one of clause 8.1 or a zone of clause 8.3; no other is taken.
    """
    if kind := _frame_refusal(crs):
        raise Refused(kind)
    parts = _parts(follow_rule(geometry) if geometry and "rule" in geometry else geometry)
    if kind := find_invalidity(parts):
        raise Refused(kind)
    if crs in ZONES:
        parts = [[[longitude_latitude(x, y, crs=crs) for x, y in ring] for ring in part] for part in parts]
    if kind := _misplacement(list(chain(*parts)), crs=crs):
        raise Refused(kind)
    double_area, x, y = _centroid(parts)
    cell = h3.latlng_to_cell(y / 1e8, x / 1e8, 15)
    number = number_of_cell(cell)
    area = _area_m2(double_area, y)
    size_class = _size_class(area)
    return Coded(_text(number, size_class, 0), f"{cell:x}", float(area), number, x, y, double_area, size_class)


def _frame_refusal(crs: str | None) -> str | None:
    """Return why a frame is not taken (clause 8.1 and 8.4), or None where it is."""
    if crs is None:
        return "crs_missing"
    if crs in SECRET:
        return "crs_parameters"
    if crs in OF_ANOTHER_KIND:
        return "crs_kind"
    return None if crs in SAME | ZONES else "crs_unknown"


def _parts(geometry: Any) -> list[list[Ring]]:
    """Return each part's shell and holes (clause 7.1 and 7.2)."""
    if geometry is None:
        raise Refused("no_geometry")
    if geometry["type"] not in {"Polygon", "MultiPolygon"}:
        raise Refused("wrong_type")
    given = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    parts = [[_ring(positions) for positions in part if positions] for part in given if any(part)]
    positions = list(chain(*chain(*parts)))
    if not positions:
        raise Refused("empty_geometry")
    if len(positions) > MAX_POSITIONS:
        raise Refused("too_many_vertices")
    if not all(map(math.isfinite, chain(*positions))):
        raise Refused("not_finite")
    if any(any(part) and not part[0] for part in given):
        raise Refused("hole_outside")
    return parts


def _ring(positions: Any) -> Ring:
    """Return the closed ring of some positions."""
    ring = [(_ordinate(position, 0), _ordinate(position, 1)) for position in positions]
    return ring if ring[0] == ring[-1] else [*ring, ring[0]]


def _ordinate(position: Any, place: int) -> float:
    """Return a number of a position; no number, where there is something else or nothing."""
    given = position[place] if place < len(position) else None
    if isinstance(given, bool) or (isinstance(given, str) and given not in NOT_FINITE):
        return math.nan
    return float(given) if isinstance(given, int | float | str) else math.nan


def _misplacement(rings: list[Ring], *, crs: str | None) -> str | None:
    """Return what is wrong with the place of a footprint (clauses 8.2 and 8.3)."""
    if crs in ZONES:
        west, south, east, north = limits_deg(crs)
        is_near = all(west <= x <= east and south <= y <= north for x, y in chain(*rings))
        return None if is_near else "outside_crs"
    if any(abs(x) > 180 or abs(y) > 90 for x, y in chain(*rings)):
        return "out_of_range"
    spans = (max(x for x, _ in ring) - min(x for x, _ in ring) for ring in rings)
    return "wide_ring" if any(span > 180 for span in spans) else None


def _centroid(parts: list[list[Ring]]) -> tuple[int, int, int]:
    """Return twice the area and the centroid in units (clause 9)."""
    area = moment_x = moment_y = 0
    vertices: list[tuple[int, int]] = []
    for part in parts:
        for place, ring in enumerate(part):
            snapped = [(round(x * 1e8), round(y * 1e8)) for x, y in ring]
            vertices += snapped
            a, sx, sy = _ring_sums(snapped)
            sign = ((a > 0) - (a < 0)) * (1 if place == 0 else -1)
            area, moment_x, moment_y = area + sign * a, moment_x + sign * sx, moment_y + sign * sy
    if area <= 0:
        raise Refused("zero_area")
    centre = round(Fraction(moment_x, 3 * area)), round(Fraction(moment_y, 3 * area))
    for middle, ordinates in zip(centre, zip(*vertices, strict=True), strict=True):
        if not min(ordinates) <= middle <= max(ordinates):
            raise Refused("zero_area")
    return area, *centre


def _ring_sums(ring: Sequence[tuple[int, int]]) -> tuple[int, int, int]:
    """Return Σc, Σ(xᵢ + xᵢ₊₁)c and Σ(yᵢ + yᵢ₊₁)c of a closed ring (clause 9.2)."""
    a = sx = sy = 0
    for (x0, y0), (x1, y1) in pairwise(ring):
        cross = x0 * y1 - x1 * y0
        a, sx, sy = a + cross, sx + (x0 + x1) * cross, sy + (y0 + y1) * cross
    return a, sx, sy


def number_of_cell(cell: int) -> int:
    """Return the number of a resolution-15 cell (clause 10.3)."""
    number = cell >> 45 & 127
    for digit in range(1, 16):
        number = number * 7 + (cell >> 3 * (15 - digit) & 7)
    return number


def cell_range(cell: int) -> tuple[int, int]:
    """Return the first and the last cell number within an H3 cell of any resolution (clause 13.2)."""
    resolution = cell >> 52 & 15
    number = cell >> 45 & 127
    for digit in range(1, resolution + 1):
        number = number * 7 + (cell >> 3 * (15 - digit) & 7)
    size = 7 ** (15 - resolution)
    return number * size, (number + 1) * size - 1


def _area_m2(double_area: int, y: int) -> Decimal:
    """Return the area on the ellipsoid's scale at latitude y (clause 11.1), to more digits than a double has."""
    with localcontext() as context:
        context.prec = 60
        unit = PI / 180 / 10**8
        e2 = FLATTENING * (2 - FLATTENING)
        sin, cos = _sin_cos(y * unit)
        w = 1 - e2 * sin * sin
        # the two radii of curvature: a(1 − e²) / w^1.5 and a / w^0.5
        area = Decimal(double_area) / 2 * unit * unit * SEMI_MAJOR_M**2 * (1 - e2) * cos / (w * w)
        return area if abs(y) < 90 * 10**8 else Decimal(0)


def _sin_cos(angle: Decimal) -> tuple[Decimal, Decimal]:
    """Return sine and cosine by their series."""
    term, sums = Decimal(1), [Decimal(1), Decimal(0)]
    for n in range(1, 80):
        term = term * angle / n
        sums[n % 2] += -term if n % 4 in {2, 3} else term
    return sums[1], sums[0]


def _size_class(area_m2: Decimal) -> int:
    """Return the size class (clause 11.2); area ≥ 10^(k/5) is asked as area⁵ ≥ 10^k."""
    with localcontext() as context:
        context.prec = 60
        if area_m2 < 1:
            return 0
        return 1 + max(k for k in range(30) if area_m2**5 >= 10**k)


def _text(number: int, size_class: int, generation: int) -> str:
    """Return the grouped text of a code (clauses 6, 12 and 5.1)."""
    values = [number // 31**place % 31 for place in range(9, -1, -1)] + [size_class, generation]
    values.append(_check_value(values))
    text = "".join(ALPHABET[value] for value in values)
    return f"{text[:5]}-{text[5:10]}-{text[10:]}"


def _check_value(values: Sequence[int]) -> int:
    """Return the check value of twelve values (clause 6.1)."""
    return -sum(value * 3**place for place, value in enumerate(values)) % 31


def read(text: str) -> Read:
    """Return the code that a text says (clause 5.2)."""
    letters = SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    if len(letters) == DIVISION_LENGTH + 13:
        if not all(letter in "0123456789" for letter in letters[:DIVISION_LENGTH]):
            raise Refused("code_division")
        letters = letters[DIVISION_LENGTH:]
    if len(letters) != 13:
        raise Refused("code_length")
    if any(letter not in ALPHABET for letter in letters):
        raise Refused("code_letter")
    values = [ALPHABET.index(letter) for letter in letters]
    if _check_value(values[:12]) != values[12]:
        raise Refused("code_check")
    number = sum(value * 31**place for place, value in zip(range(9, -1, -1), values[:10], strict=True))
    if not _is_cell(number):
        raise Refused("code_cell")
    return Read(_text(number, *values[10:12]), f"{_cell_of(number):x}", values[10], values[11])


def tell(text: str) -> Told:
    """Return what a code alone tells (clause 15)."""
    said = read(text)
    cell = int(said.h3, 16)
    corners = [_rounded(*corner) for corner in h3.cell_to_boundary(cell)]
    edges = [float(Decimal(10) ** (Decimal(k) / 5)) for k in range(30)]
    area_from, area_to = [0.0, *edges][said.size_class], [*edges, None][said.size_class]
    return Told(*said, _rounded(*h3.cell_to_latlng(cell)), corners, area_from, area_to)


def _rounded(lat: float, lon: float) -> tuple[float, float]:
    return round(lon, 8), round(lat, 8)


def _digits(number: int) -> Iterator[int]:
    """Yield the fifteen digits of a cell number, coarsest first (clause 10.3)."""
    return (number // 7**place % 7 for place in range(14, -1, -1))


def _is_cell(number: int) -> bool:
    """Tell whether a number below 31¹⁰ names a cell (clause 10.4)."""
    if number >= CELL_COUNT:
        return False
    first = next((digit for digit in _digits(number) if digit), 0)
    return not (first == 1 and number // 7**15 in PENTAGONS)


def _cell_of(number: int) -> int:
    """Return the cell that bears a number (clause 10.2)."""
    cell = 1 << 59 | 15 << 52 | number // 7**15 << 45
    for place, digit in zip(range(14, -1, -1), _digits(number), strict=True):
        cell |= digit << 3 * place
    return cell
