"""What a code alone tells, with no registry at hand: of one code, and of many."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.cells import (
    RESOLUTION,
    cell_boundary,
    cell_centre,
    cell_parent,
    cell_resolution,
    is_cell,
    number_cell,
)
from geocode.codes import BuildingCode, parse
from geocode.errors import CodeError
from geocode.faults import read_sentences
from geocode.sizes import size_class_range_m2

__all__ = ["DecodedCode", "DecodedCodes", "H3Cell", "cell_parents", "decode", "decode_h3", "decode_many"]

_H3_TEXT = re.compile("0?[0-9a-f]{15}")
_SENTENCES = read_sentences("geocode", "name_faults.toml")


@dataclass(frozen=True, slots=True)
class DecodedCode:
    """What a code says of the building when it was first drawn.

    Attributes
    ----------
    code
        The code itself.
    h3
        The H3 resolution-15 cell that held the footprint's centroid.
    centre
        The cell's centre, longitude and latitude in degrees, EPSG:4490.
    hexagon
        The cell as a polygon in EPSG:4490.
    area_from_m2, area_to_m2
        The range of the size class: from inclusive, to exclusive, in square metres.
    generation
        Which of the buildings with the same cell and size class.
    """

    code: BuildingCode
    h3: str
    centre: tuple[float, float]
    hexagon: shapely.Polygon
    area_from_m2: float
    area_to_m2: float
    generation: int


class DecodedCodes(NamedTuple):
    """What n texts tell, one row each.

    Attributes
    ----------
    codes, h3
        The code in its grouped form and its cell, dtype ``U15``; empty where a text is no code.
    lon_deg, lat_deg
        The cell's centre in degrees, EPSG:4490; NaN where a text is no code, as the areas.
    area_from_m2, area_to_m2
        The range of the size class: from inclusive, to exclusive, in square metres; the last class has no end.
    generations
        −1 where a text is no code.
    hexagons
        The cells as polygons in EPSG:4490; None where a text is no code.
    errors
        dtype object: the `CodeError`, with its fault and suggestions, where a text is no code, else None.
    """

    codes: NDArray[np.str_]
    h3: NDArray[np.str_]
    lon_deg: NDArray[np.float64]
    lat_deg: NDArray[np.float64]
    area_from_m2: NDArray[np.float64]
    area_to_m2: NDArray[np.float64]
    generations: NDArray[np.int64]
    hexagons: NDArray[Any]
    errors: NDArray[Any]


@dataclass(frozen=True, slots=True)
class H3Cell:
    """An H3 cell of any resolution.

    Attributes
    ----------
    text
        As H3 writes it: fifteen hexadecimal digits.
    resolution
        0 to 15.
    centre
        Longitude and latitude in degrees.
    boundary
        The cell as a polygon.
    """

    text: str
    resolution: int
    centre: tuple[float, float]
    boundary: shapely.Polygon


def decode(code: BuildingCode | str) -> DecodedCode:
    """Return what a code tells.

    Raises
    ------
    CodeError
        A text that is no code.
    """
    parsed = parse(code) if isinstance(code, str) else code
    cell = number_cell(parsed.number)
    low, high = size_class_range_m2(parsed.size_class)
    return DecodedCode(
        code=parsed,
        h3=parsed.h3,
        centre=cell_centre(cell),
        hexagon=shapely.Polygon(cell_boundary(cell)),
        area_from_m2=low,
        area_to_m2=high,
        generation=parsed.generation,
    )


def decode_many(texts: Iterable[str]) -> DecodedCodes:
    """Return what many texts tell, an error in the row of one that is no code.

    Examples
    --------
    >>> told = decode_many(["4E7U5-CKJ2W-F0J", "4E7U5-CKJ2W-F0K"])
    >>> told.codes.tolist(), told.area_from_m2.round(1).tolist()
    (['4E7U5-CKJ2W-F0J', ''], [631.0, nan])
    >>> told.errors[1].fault.kind
    'code_check'
    """
    parsed = [_parsed(text) for text in texts]
    good = [row for row, code in enumerate(parsed) if isinstance(code, BuildingCode)]
    known: list[Any] = [parsed[row] for row in good]
    cells = [number_cell(code.number) for code in known]
    told = _nothing_told(parsed)
    told.codes[good] = [str(code) for code in known]
    told.h3[good] = [f"{cell:x}" for cell in cells]
    told.lon_deg[good], told.lat_deg[good] = _columns([cell_centre(cell) for cell in cells])
    told.area_from_m2[good], told.area_to_m2[good] = _columns([size_class_range_m2(code.size_class) for code in known])
    told.generations[good] = [code.generation for code in known]
    told.hexagons[good] = _polygons([cell_boundary(cell) for cell in cells])
    return told


def decode_h3(text: str) -> H3Cell:
    """Return the H3 cell that a text names.

    Raises
    ------
    CodeError
        The text names no cell.
    """
    digits = unicodedata.normalize("NFKC", text).strip().lower()
    if not _H3_TEXT.fullmatch(digits):
        raise CodeError(_SENTENCES.fault("h3_form", text=text))
    cell = int(digits, 16)
    if not is_cell(cell):
        raise CodeError(_SENTENCES.fault("h3_cell", text=text))
    return H3Cell(f"{cell:x}", cell_resolution(cell), cell_centre(cell), shapely.Polygon(cell_boundary(cell)))


def cell_parents(h3: str) -> list[str]:
    """Return the ancestors of a resolution-15 cell as H3 writes them, from resolution 0 to 14."""
    cell = int(h3, 16)
    return [f"{cell_parent(cell, resolution):x}" for resolution in range(RESOLUTION)]


def _parsed(text: str) -> BuildingCode | CodeError:
    try:
        return parse(text)
    except CodeError as error:
        return error


def _nothing_told(parsed: Sequence[BuildingCode | CodeError]) -> DecodedCodes:
    """Return rows that hold the errors alone."""
    count = len(parsed)
    return DecodedCodes(
        codes=np.full(count, "", dtype="U15"),
        h3=np.full(count, "", dtype="U15"),
        lon_deg=np.full(count, np.nan),
        lat_deg=np.full(count, np.nan),
        area_from_m2=np.full(count, np.nan),
        area_to_m2=np.full(count, np.nan),
        generations=np.full(count, -1, dtype=np.int64),
        hexagons=np.full(count, None, dtype=object),
        errors=np.array([None if isinstance(code, BuildingCode) else code for code in parsed], dtype=object),
    )


def _columns(pairs: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Return pairs as two columns, shape (2, n)."""
    return np.array(pairs, dtype=np.float64).reshape(-1, 2).T


def _polygons(boundaries: Sequence[Sequence[tuple[float, float]]]) -> NDArray[Any]:
    """Return rings, not closed, of any number of corners each, as polygons."""
    if not boundaries:
        return np.empty(0, dtype=object)
    ring = np.repeat(np.arange(len(boundaries)), [len(boundary) for boundary in boundaries])
    corners = np.array([corner for boundary in boundaries for corner in boundary])
    return np.asarray(shapely.polygons(shapely.linearrings(corners, indices=ring)))
