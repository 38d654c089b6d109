"""UBID (Unique Building Identifier): the Plus Code of a footprint's centroid, and its box counted in cells.

The text is the one that its authors' package `buildingid` 2.3 makes of the same geometry, character for character, and
there is none where that package refuses. It is made here from arrays, through the same doubles:

* Centroid and bounds are GEOS's, by the functions that shapely's ``geometry.centroid`` and ``geometry.bounds`` call.
  GEOS sums in doubles, vertex after vertex: a ring that starts elsewhere may have another UBID.
* `openlocationcode` 1.0, which `buildingid` calls, makes of a degree x the integer ``int(round((x + 90) * 25000000, 6))``,
  of a longitude with 180 and 8192000. ``round`` is exact in decimals, so it reaches the next integer if that is less
  than 5e-7 away, and else stops at n + 0.999999, whose double is below n + 1 as long as n < 2³³. The distance to the
  next integer is exact in doubles where it is small; it is a multiple of 2⁻⁵³, and no such multiple lies at 5e-7 or
  between 5e-7 and its double.
* `buildingid` counts cells by dividing differences of decoded degrees, and prints the quotient without decimals. The
  true quotient q is whole. A decoded degree is wrong by at most three half ulps, 4.3e-14°, so a cell's width by
  7.1e-14°, and the quotient by (q · 7.1e-14 + 1.2e-13) / width: less than a half for all the cells around the earth, if
  they are not narrower than 1/128000°, those of twelve digits. Longer UBIDs are not offered: there the package's text
  depends on its rounding (at fifteen digits most boxes of 1° are counted wrongly).
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.columns import geometry_column
from geocode.errors import CodeError
from geocode.faults import read_sentences
from geocode.plus_codes import (
    LAT_UNITS,
    LAT_UNITS_PER_DEG,
    LON_UNITS,
    LON_UNITS_PER_DEG,
    PlusCodeArea,
    cell_units,
    plus_texts,
    read_plus_code,
)

__all__ = ["UbidArea", "decode_ubid", "ubids"]

_LONGEST = 12
_UBID = re.compile(r"([^-]+)" + 4 * r"-(0|[1-9][0-9]{0,9})")
_DASHES = re.compile(r"[‐-―−]")
# how far below an integer round(…, 6) still reaches it
_REACH = 5e-7
_SENTENCES = read_sentences("geocode", "name_faults.toml")


@dataclass(frozen=True, slots=True)
class UbidArea:
    """The box that a UBID names, in degrees: whole cells around the footprint's bounds.

    Attributes
    ----------
    text
        The UBID as `buildingid` writes it.
    west_deg, south_deg, east_deg, north_deg
        The box's edges, each the double nearest to it.
    cell
        The cell that holds the footprint's centroid.
    """

    text: str
    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float
    cell: PlusCodeArea


def ubids(geometries: Any, *, length: int = 11) -> NDArray[np.str_]:
    """Return the UBIDs of geometries, equal to those of `buildingid` 2.3 in every row.

    Parameters
    ----------
    geometries
        Shapely geometries or None, shape (n,), longitude and latitude in degrees of EPSG:4490 or WGS 84, as delivered:
        ordinates are not snapped.
    length
        Digits of the centroid's Plus Code: 2, 4, 6, 8, 10, 11 or 12.

    Returns
    -------
    ndarray of str, shape (n,)
        Empty where `buildingid` refuses: no or an empty geometry, an ordinate that is not finite or no degree of
        longitude or latitude, a footprint that reaches 180° E, a centroid that rounding puts beyond the bounds.

    Raises
    ------
    ValueError
        UBIDs of such a length are not offered.

    Examples
    --------
    >>> ubids([shapely.box(126.55, 43.84, 126.5502, 43.8401)]).tolist()
    ['8QM8RHR2+22H-2-3-2-3']
    """
    if length > _LONGEST:
        raise ValueError(f"UBIDs of {length} digits are not offered: take 2, 4, 6, 8, 10, 11 or 12")
    lon, lat = _places(geometry_column(geometries))
    # buildingid asserts all that is asked here, which python -O would skip
    known = _are_in_order(lon, 180) & _are_in_order(lat, 90)
    height, width = cell_units(length)
    row, column = _rows(np.where(known, lat, 0), height), _columns(np.where(known, lon, 0), width)
    # what lies so near to a limit that it rounds to it is in no cell
    known &= (row[2] < LAT_UNITS // height) & (column[2] < LON_UNITS // width)
    counts = np.stack([row[2] - row[1], column[2] - column[1], row[1] - row[0], column[1] - column[0]])
    known &= (counts >= 0).all(axis=0)
    return np.where(known, _join(plus_texts(row[1], column[1], length), counts), "")


def decode_ubid(text: str) -> UbidArea:
    """Return the box that a UBID names, read in any case and width, blanks dropped.

    Raises
    ------
    CodeError
        The text is no UBID.

    Examples
    --------
    >>> area = decode_ubid("8QM8RHR2+22H-2-3-2-3")
    >>> area.south_deg, area.north_deg, area.cell.text
    (43.84, 43.840125, '8QM8RHR2+22H')
    """
    match = _UBID.fullmatch(_DASHES.sub("-", "".join(unicodedata.normalize("NFKC", text).upper().split())))
    if match is None:
        raise CodeError(_SENTENCES.fault("ubid_form", text=text))
    cell = read_plus_code(match[1])
    north, east, south, west = (int(count) for count in match.groups()[1:])
    bounds = cell.bounds_deg(north=north, east=east, south=south, west=west)
    if bounds[0] < -180 or bounds[1] < -90 or bounds[2] > 180 or bounds[3] > 90:  # noqa: PLR2004 - degrees
        raise CodeError(_SENTENCES.fault("ubid_place", text=text))
    written = f"{cell.text}-{north}-{east}-{south}-{west}"
    return UbidArea(written, *bounds, cell.area)


def _places(shapes: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lower bound, centroid and upper bound of longitude and of latitude, shape (3, n) each; NaN for no shape."""
    with np.errstate(over="ignore", invalid="ignore"):
        # of ordinates that are no degrees
        centre = shapely.centroid(shapes)
    # GEOS raises where an empty point is asked for its x
    centre = np.where(shapely.is_empty(centre), None, centre)
    west, south, east, north = shapely.bounds(shapes).T
    return np.stack([west, shapely.get_x(centre), east]), np.stack([south, shapely.get_y(centre), north])


def _are_in_order(degrees: NDArray[np.float64], limit: int) -> NDArray[np.bool_]:
    """Return which columns of three ordinates ascend within ±limit; NaN never does."""
    low, middle, high = degrees
    return np.asarray((low >= -limit) & (low <= middle) & (middle <= high) & (high <= limit))


def _rows(lat_deg: NDArray[np.float64], height: int) -> NDArray[np.int64]:
    """Return the rows of cells that hold latitudes; the pole's is the one south of it."""
    row = _lines(lat_deg, 90, LAT_UNITS_PER_DEG) // height
    return np.where(lat_deg == 90, LAT_UNITS // height - 1, row)  # noqa: PLR2004 - degrees


def _columns(lon_deg: NDArray[np.float64], width: int) -> NDArray[np.int64]:
    """Return the columns of cells that hold longitudes; 180° E is 180° W."""
    return _lines(np.where(lon_deg == 180, -180, lon_deg), 180, LON_UNITS_PER_DEG) // width  # noqa: PLR2004 - degrees


def _lines(degrees: NDArray[np.float64], limit: int, units_per_deg: int) -> NDArray[np.int64]:
    """Return int(round((degrees + limit) * units, 6)) for degrees of at least -limit."""
    units = (degrees + limit) * units_per_deg
    whole = np.floor(units)
    return np.asarray(whole + (whole + 1 - units < _REACH), dtype=np.int64)


def _join(names: NDArray[np.str_], counts: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the names, each with its four counts, shape (4, n), behind hyphens."""
    values, places = np.unique(counts, return_inverse=True)
    # most counts are small and come often: each is written once
    endings = np.array([f"-{value}" for value in values.tolist()], dtype=np.str_)
    for each in endings[places]:
        names = np.strings.add(names, each)
    return names
