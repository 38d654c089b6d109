"""What a code alone tells, with no registry at hand."""

from dataclasses import dataclass

import shapely

from geocode.cells import cell_boundary, cell_centre, number_cell
from geocode.codes import BuildingCode, parse
from geocode.sizes import size_class_range_m2

__all__ = ["DecodedCode", "decode"]


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
