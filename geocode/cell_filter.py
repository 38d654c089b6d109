"""H3 cells of resolution 15 by linear algebra, where they are beyond doubt: H3's own functions answer the rest.

H3 lays its cells out on the twenty faces of an icosahedron by gnomonic projection, so that on each face they are a
plane lattice of hexagons. If a, b, c are a point's coordinates in the basis of a face's three corners, then the point
lies on that face where none is negative, and stands at 2(a + bω + cω²) / (a + b + c) in the lattice of resolution 0,
the cells' centres being the Eisenstein integers x + yω, ω = exp(2πi/3). A resolution on, the lattice is that one times
2 − ω or 3 + ω in turn, whose product is 7, so that two digits are what x and y leave modulo 7. H3 turns the digits by
sixths of a turn that depend on the face, the place of the base cell on it and, for the twelve pentagons, on the first
digit that is not zero. Which base cell and how many sixths is not written here: it is learnt from H3's own answers, and
where those do not agree, or were not asked for, nothing is said.

**Doubt.** Let a cell's width, the distance of two neighbours' centres, be 1: a radian of the sphere is 2.62 · 7^7.5 =
5.7e6 at a face's centre and 1.6 times that at its corners. Here the unit vector, the basis and the quotient are each
known to a few 1e-16, so that the place is wrong by 1e-8 at most. H3 takes the distance r from the face's centre as
acos(1 − d²/2), wrong by up to 3e-16 / r, and its angles are wrong by some 1e-15: where r > 1e-3 that is 2e-6 at most (the
greatest seen is 3e-7). A point that is farther than `_MARGIN`, 500 times as much, from the edges of its hexagon lies in
the same one for both. Nearer ones are left to H3, as are points with r < 1e-3, and those within `_FACE_MARGIN` of a
face's edge, where H3's choice of the face is rounded too: four points in a thousand.
"""

from collections.abc import Callable
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocode.compiled import compiled, inlined

__all__ = ["CellFilter", "learn"]

_MARGIN, _FACE_MARGIN, _CENTRE_MARGIN = 1e-3, 1e-9, 3.1e-3
_RAD_PER_DEG = np.pi / 180
_WHOLE_DEG = np.radians(np.arange(-180, 181))
_SINES, _COSINES = np.sin(_WHOLE_DEG), np.cos(_WHOLE_DEG)
# the fifteen digits and one before them, the base cell's within a resolution coarser than 0
_PAIRS = 8
# width of the lattice of resolution 0 in that of resolution 14
_UNIT = 7.0**7
# makes both parts of every place positive
_SHIFT = 2 * 7**_PAIRS
_DIGIT_BITS = 45
_DIGITS = (1 << _DIGIT_BITS) - 1
# n // 7 is n times this >> 32, for 0 ≤ n < 2³⁰: 2³² / 7, and 3/7 more
_SEVENTH = 613_566_757
_ONES = 0o111_111_111_111_111
# face, both parts, the digit before the first, the first that is not zero
_TABLE_SHAPE = (20, 5, 5, 8, 8)
_UNKNOWN, _REFUSED = -1, -2
_SAMPLE_ROWS = 40
# mode 1 (cell) and resolution 15
_HEADER = (1 << 59) | (15 << 52)


def _pairs() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return two digits, and what to add to both sevenths, by what is left modulo 7 of x and y."""
    digits, add_x, add_y = (np.zeros(49, dtype=np.int64) for _ in range(3))
    for first in range(7):
        for second in range(7):
            # a digit's bits are its steps along 1, ω and ω² = −1 − ω; (u + vω)(2 − ω) = 2u + v + (3v − u)ω
            u, v = (first >> 2) - (first & 1), (first >> 1 & 1) - (first & 1)
            x = 2 * u + v + (second >> 2) - (second & 1)
            y = 3 * v - u + (second >> 1 & 1) - (second & 1)
            rest = x % 7 * 7 + y % 7
            digits[rest], add_x[rest], add_y[rest] = first << 3 | second, -(x // 7), -(y // 7)
    return digits, add_x, add_y


_PAIR_DIGITS, _ADD_X, _ADD_Y = _pairs()


class CellFilter(NamedTuple):
    """What H3 was found to do.

    Attributes
    ----------
    bases
        For each face the matrix that takes a vector into the basis of the face's corners, shape (20, 3, 3).
    table
        Eight times the base cell plus sixths of a turn, negative where nothing is known, shape `_TABLE_SHAPE`, raveled.
    """

    bases: NDArray[np.float64]
    table: NDArray[np.int64]

    def cells_of(self, lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]) -> NDArray[np.uint64]:
        """Return the cells that hold the points, shape (n,); 0 where that is in doubt, or a point is none."""
        keys, digits = _located(lon_deg, lat_deg, self.bases)
        cells = np.empty(len(lon_deg), dtype=np.uint64)
        _write_cells(keys, digits, self.table, cells)
        return cells


@inlined
def _sin_cos(degrees: float) -> tuple[float, float]:
    """Return sine and cosine of −180 to 180 degrees: those of the nearest whole degree, turned by the rest."""
    whole = np.rint(degrees)
    place = int(whole) + 180
    rest = (degrees - whole) * _RAD_PER_DEG
    square = rest * rest
    # the greatest of the terms left out is 8e-19
    sine = rest * (1 - square / 6 * (1 - square / 20))
    cosine = 1 - square / 2 * (1 - square / 12 * (1 - square / 30))
    return _SINES[place] * cosine + _COSINES[place] * sine, _COSINES[place] * cosine - _SINES[place] * sine


@inlined
def _on_face(lon: float, lat: float, bases: Any, face: int) -> tuple[int, float, float, float]:
    """Return the face that holds a point, and the point's coordinates there; −1 where it is too near a face's edge."""
    sin_lon, cos_lon = _sin_cos(lon)
    sin_lat, cos_lat = _sin_cos(lat)
    x, y, z = cos_lat * cos_lon, cos_lat * sin_lon, sin_lat
    for _ in range(bases.shape[0]):
        m = bases[face]
        a = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z
        b = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z
        c = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z
        if min(a, b, c) > _FACE_MARGIN:
            return face, a, b, c
        face = face + 1 if face + 1 < bases.shape[0] else 0
    return -1, 0.0, 0.0, 0.0


@inlined
def _nearest(x: float, y: float) -> tuple[float, float, bool]:
    """Return the nearest x + yω in whole numbers, and whether it is certain."""
    near_x, near_y, near_z = np.rint(x), np.rint(y), np.rint(x - y)
    off_x, off_y, off_z = abs(x - near_x), abs(y - near_y), abs(x - y - near_z)
    if off_x > max(off_y, off_z):
        near_x = near_y + near_z
    elif off_y > off_z:
        near_y = near_x - near_z
    # however it was found: between these three pairs of edges it is the nearest
    u, v = x - near_x, y - near_y
    return near_x, near_y, max(abs(2 * u - v), abs(2 * v - u), abs(u + v)) < 1 - 2 * _MARGIN


@inlined
def _digits_of(i: int, j: int) -> tuple[int, int, int]:
    """Return sixteen digits of a place, three bits each, and the two parts that are left."""
    digits = 0
    for pair in range(_PAIRS):
        next_i, next_j = i * _SEVENTH >> 32, j * _SEVENTH >> 32
        rest = (i - 7 * next_i) * 7 + j - 7 * next_j
        digits |= _PAIR_DIGITS[rest] << 6 * pair
        i, j = next_i + _ADD_X[rest], next_j + _ADD_Y[rest]
    return digits, i, j


@compiled("void(f8[:], f8[:], f8[:, :, ::1], i8[::1], i8[::1])")
def _locate(lon: Any, lat: Any, bases: Any, keys: Any, digits: Any) -> None:
    """Write each point's place in the table, −1 where in doubt, and its digits as the face's lattice has them."""
    near = 0
    for row in range(lon.size):
        keys[row] = -1
        # so that what is not a number is none either
        if not (abs(lon[row]) <= 180 and abs(lat[row]) <= 90):  # noqa: PLR2004 - degrees
            continue
        # the face of the point before is tried first
        face, a, b, c = _on_face(lon[row], lat[row], bases, near)
        if face < 0:
            continue
        near = face
        scale = 2 * _UNIT / (a + b + c)
        u, v = (a - c) * scale, (b - c) * scale
        # resolution 15 is an odd one: (u + vω)(2 − ω)
        x, y, is_certain = _nearest(2 * u + v, 3 * v - u)
        if not is_certain or max(abs(u), abs(v)) < _CENTRE_MARGIN * _UNIT:
            continue
        found, i, j = _digits_of(int(x) + _SHIFT, int(y) + _SHIFT)
        leading = _DIGIT_BITS - 3
        while leading > 0 and (found >> leading) & 7 == 0:
            leading -= 3
        digits[row] = found & _DIGITS
        keys[row] = (((face * 5 + i) * 5 + j) * 8 + (found >> _DIGIT_BITS)) * 8 + ((found >> leading) & 7)


@inlined
def _turned(digits: int, sixths: int) -> int:
    """Return digits turned counter-clockwise: by halves each one's complement, by thirds its three bits' rotation."""
    thirds = 2 * sixths % 3
    kept = _ONES * (7 >> thirds)
    digits = ((digits >> thirds) & kept) | ((digits << (3 - thirds)) & (_DIGITS ^ kept))
    if sixths % 2 == 1:
        digits ^= 7 * ((digits | digits >> 1 | digits >> 2) & _ONES)
    return digits


@compiled("void(i8[::1], i8[::1], i8[::1], u8[::1])")
def _write_cells(keys: Any, digits: Any, table: Any, cells: Any) -> None:
    """Write the cells of places whose turn is known, 0 for the others."""
    for row in range(keys.size):
        cells[row] = 0
        if keys[row] >= 0 and table[keys[row]] >= 0:
            entry = table[keys[row]]
            cells[row] = _HEADER | entry >> 3 << _DIGIT_BITS | _turned(digits[row], entry & 7)


@compiled("void(i8[::1], i8[::1], i8[::1], i8[::1])")
def _write_table(keys: Any, digits: Any, cells: Any, table: Any) -> None:
    """Write which base cell and turn H3's cells of the same points show; refused where two points disagree."""
    for row in range(keys.size):
        if keys[row] < 0:
            continue
        found = _REFUSED
        for sixths in range(6):
            if _turned(digits[row], sixths) == cells[row] & _DIGITS:
                found = (cells[row] >> _DIGIT_BITS & 0x7F) << 3 | sixths
        known = table[keys[row]]
        table[keys[row]] = found if known in (_UNKNOWN, found) else _REFUSED


def _located(
    lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64], bases: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the points' places in the table and their digits, shapes (n,)."""
    keys, digits = np.empty(len(lon_deg), dtype=np.int64), np.empty(len(lon_deg), dtype=np.int64)
    _locate(lon_deg, lat_deg, bases, keys, digits)
    return keys, digits


def learn(
    corners: NDArray[np.float64], cells_of: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.uint64]]
) -> CellFilter:
    """Return the filter that agrees with H3.

    Parameters
    ----------
    corners
        Longitude and latitude in degrees of the icosahedron's corners, which are the centres of H3's pentagons, shape (12, 2).
    cells_of
        H3's cells of resolution 15 of longitudes and latitudes in degrees.
    """
    lon, lat = np.radians(corners).T
    vectors = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    # the cosine of the angle between neighbours is 0.447, and of the next −0.447
    near = vectors @ vectors.T > 0.4  # noqa: PLR2004
    triples = [(i, j, k) for i, j, k in combinations(range(12), 3) if near[i, j] and near[j, k] and near[i, k]]
    faces = vectors[triples]
    clockwise = np.linalg.det(faces) < 0
    faces[clockwise] = faces[clockwise][:, ::-1]
    bases = np.ascontiguousarray(np.linalg.inv(faces.transpose(0, 2, 1)))
    samples = _samples(faces)
    keys, digits = _located(*samples, bases)
    table = np.full(np.prod(_TABLE_SHAPE), _UNKNOWN, dtype=np.int64)
    _write_table(keys, digits, cells_of(*samples).view(np.int64), table)
    return CellFilter(bases, table)


def _samples(faces: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitudes and latitudes in degrees of points spread evenly over faces given by their corners."""
    a, b = (np.indices((_SAMPLE_ROWS, _SAMPLE_ROWS)).reshape(2, -1) + 1 / 3) / _SAMPLE_ROWS
    a, b = (part[a + b < 1] for part in (a, b))
    x, y, z = np.moveaxis(np.column_stack([a, b, 1 - a - b]) @ faces, 2, 0).reshape(3, -1)
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))
