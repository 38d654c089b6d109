"""From footprint to code: the whole of the specification, for one geometry and for a million."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geocode.cells import cell_numbers, cell_texts, cells_of
from geocode.centroids import Centroids, centroids
from geocode.codes import BuildingCode, code_texts, parse
from geocode.columns import geometry_column
from geocode.crs import STORAGE_CRS, CrsGate, CrsInput, crs_gate
from geocode.errors import FootprintError
from geocode.faults import Fault, read_sentences
from geocode.footprints import examine
from geocode.rings import Rings
from geocode.sizes import UNITS_PER_DEG, area_m2, size_classes
from geocode.snapping import Snapped, snap

__all__ = ["EncodedFootprints", "encode", "encode_many"]

_BATCH_ROWS = 10_000
_SENTENCES = read_sentences("geocode", "faults.toml")


class EncodedFootprints(NamedTuple):
    """Codes of n geometries, one row each.

    Attributes
    ----------
    codes
        Grouped text of generation 0, dtype ``U15``; empty where a row is refused.
    h3
        The resolution-15 cell as H3 writes it, dtype ``U15``; empty where a row is refused.
    area_m2
        Area on the CGCS2000 ellipsoid's scale at the centroid; NaN where a row is refused.
    faults
        dtype object: a `Fault` where a row is refused, else None.
    lon_deg, lat_deg
        The snapped centroid; NaN where a row is refused.
    """

    codes: NDArray[np.str_]
    h3: NDArray[np.str_]
    area_m2: NDArray[np.float64]
    faults: NDArray[Any]
    lon_deg: NDArray[np.float64]
    lat_deg: NDArray[np.float64]


def encode(geometry: Any, *, crs: CrsInput | None = STORAGE_CRS) -> BuildingCode:
    """Return the first-generation code of one footprint.

    Parameters
    ----------
    geometry
        A valid Polygon or MultiPolygon; Z and M are dropped.
    crs
        The frame of its coordinates, x = east or longitude.

    Raises
    ------
    FootprintError
        The geometry has no code; the error's fault says why and where.
    CrsError
        The CRS is refused by the gate.

    Examples
    --------
    >>> import shapely
    >>> str(encode(shapely.box(126.55, 43.84, 126.5502, 43.8401)))
    '4E7U5-CMEPQ-C0B'
    """
    encoded = encode_many(np.array([geometry], dtype=object), crs=crs)
    if encoded.faults[0] is not None:
        raise FootprintError(encoded.faults[0])
    return parse(str(encoded.codes[0]))


def encode_many(geometries: Any, *, crs: CrsInput | None = STORAGE_CRS) -> EncodedFootprints:
    """Return the first-generation codes of many footprints, a fault instead of an exception.

    Parameters
    ----------
    geometries
        Shapely geometries or None, shape (n,).
    crs
        The frame of their coordinates, x = east or longitude.

    Raises
    ------
    CrsError
        The CRS is refused by the gate; no row is looked at.
    ValueError
        The geometries are no column: one alone, a generator, a frame.
    """
    gate = crs_gate(crs)
    rows = geometry_column(geometries)
    encoded = _nothing(len(rows))
    for start in range(0, len(rows), _BATCH_ROWS):
        batch = slice(start, start + _BATCH_ROWS)
        _encode_batch(rows[batch], gate, EncodedFootprints._make(column[batch] for column in encoded))
    return encoded


def _nothing(count: int) -> EncodedFootprints:
    """Return the columns of rows that have no code yet, and no fault."""
    codes, h3 = np.zeros(count, dtype="U15"), np.zeros(count, dtype="U15")
    area_m2, lon_deg, lat_deg = (np.full(count, np.nan) for _ in range(3))
    return EncodedFootprints(codes, h3, area_m2, np.full(count, None, dtype=object), lon_deg, lat_deg)


def _encode_batch(geometries: NDArray[Any], gate: CrsGate, encoded: EncodedFootprints) -> None:
    """Write the codes and faults of as many geometries as a processor's cache holds the vertices of."""
    faults, rows, sound, rings = examine(geometries)
    vertices = snap(*gate.to_lonlat(rings.x, rings.y), rings)
    for position in np.flatnonzero(sound & ((vertices.lost >= 0) | vertices.is_wide)).tolist():
        faults[rows[position]] = _misplaced(position, rings, vertices, gate)
        sound[position] = False
    centre = centroids(vertices.x, vertices.y, rings, sound)
    for position in np.flatnonzero(sound & (centre.double_area <= 0)).tolist():
        place = rings.vertices_of(position).start
        fault = _SENTENCES.fault("zero_area", x=float(rings.x[place]), y=float(rings.y[place]), vertex=0)
        faults[rows[position]] = fault
        sound[position] = False
    encoded.faults[:] = faults
    _write(encoded, rows[sound], Centroids(centre.x[sound], centre.y[sound], centre.double_area[sound]))


def _misplaced(position: int, rings: Rings, vertices: Snapped, gate: CrsGate) -> Fault:
    """Return the fault of a footprint with a vertex that is no longitude and latitude, or with a wide ring."""
    place = int(vertices.lost[position])
    if place < 0:
        return _SENTENCES.fault("wide_ring")
    kind = "out_of_range" if gate.is_storage else "outside_crs"
    x, y, vertex = float(rings.x[place]), float(rings.y[place]), place - rings.vertices_of(position).start
    return _SENTENCES.fault(kind, x=x, y=y, vertex=vertex, crs=gate.name)


def _write(encoded: EncodedFootprints, rows: NDArray[np.int64], centre: Centroids) -> None:
    """Write the codes of the rows whose centroids and areas are given, shapes (m,)."""
    lon_deg, lat_deg = centre.x / UNITS_PER_DEG, centre.y / UNITS_PER_DEG
    cells, areas_m2 = cells_of(lon_deg, lat_deg), area_m2(centre.double_area, lat_deg)
    # a slice is written without a look at each row
    mine = slice(None) if len(rows) == len(encoded.codes) else rows
    encoded.codes[mine] = code_texts(cell_numbers(cells), size_classes(areas_m2))
    encoded.h3[mine], encoded.area_m2[mine] = cell_texts(cells), areas_m2
    encoded.lon_deg[mine], encoded.lat_deg[mine] = lon_deg, lat_deg
