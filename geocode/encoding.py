"""From footprint to code: the whole of the specification, for one geometry and for a million."""

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.cells import cell_numbers, cell_texts, cells_of
from geocode.centroids import centroids
from geocode.codes import BuildingCode, code_texts, parse
from geocode.crs import STORAGE_CRS, CrsGate, CrsInput, crs_gate
from geocode.errors import FootprintError
from geocode.faults import are_sound, read_sentences
from geocode.footprints import find_faults
from geocode.rings import Rings, flatten
from geocode.sizes import UNITS_PER_DEG, area_m2, size_classes

__all__ = ["EncodedFootprints", "encode", "encode_many"]

_SENTENCES = read_sentences("geocode", "faults.toml")
_MAX_RING_SPAN_DEG = 180.0


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
    """

    codes: NDArray[np.str_]
    h3: NDArray[np.str_]
    area_m2: NDArray[np.float64]
    faults: NDArray[Any]


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
    """
    gate = crs_gate(crs)
    rows = np.asarray(geometries, dtype=object)
    faults = find_faults(rows)
    good = np.flatnonzero(are_sound(faults))
    count = len(rows)
    codes, cells = np.full(count, "", dtype="U15"), np.full(count, "", dtype="U15")
    areas = np.full(count, np.nan)
    if len(good):
        coded = _code_valid(rows[good], gate)
        codes[good], cells[good], areas[good], faults[good] = coded
    return EncodedFootprints(codes, cells, areas, faults)


def _code_valid(geometries: NDArray[Any], gate: CrsGate) -> EncodedFootprints:
    """Code valid polygons; what can still go wrong is the place of a vertex, and an area that snapping takes."""
    rings = flatten(geometries)
    lon, lat = gate.to_lonlat(rings.x, rings.y)
    faults = np.full(len(geometries), None, dtype=object)
    _refuse_places(faults, rings, lon, lat, gate)
    _refuse_wide_rings(faults, rings, lon)
    safe = _vertices_of(rings, are_sound(faults), len(lon))
    # rint(degrees × 1e8): one multiplication, then round half to even; the refused are moved to 0, 0
    x = np.rint(np.where(safe, lon, 0.0) * UNITS_PER_DEG).astype(np.int64)
    y = np.rint(np.where(safe, lat, 0.0) * UNITS_PER_DEG).astype(np.int64)
    centre = centroids(x, y, rings, len(geometries))
    for row in np.flatnonzero((centre.double_area <= 0) & are_sound(faults)):
        first = shapely.get_coordinates(geometries[row])[0]
        faults[row] = _SENTENCES.fault("zero_area", x=float(first[0]), y=float(first[1]), vertex=0)
    good = are_sound(faults)
    lat_deg = np.where(good, centre.y, 0) / UNITS_PER_DEG
    cells = cells_of(np.where(good, centre.x, 0) / UNITS_PER_DEG, lat_deg)
    areas = np.where(good, area_m2(np.where(good, centre.double_area, 1.0), lat_deg), np.nan)
    texts = code_texts(cell_numbers(cells), size_classes(np.where(good, areas, 1.0)))
    return EncodedFootprints(np.where(good, texts, ""), np.where(good, cell_texts(cells), ""), areas, faults)


def _refuse_places(
    faults: NDArray[Any], rings: Rings, lon: NDArray[np.float64], lat: NDArray[np.float64], gate: CrsGate
) -> None:
    """Write a fault for each footprint with a vertex that is no longitude and latitude."""
    lost = np.flatnonzero(~((np.abs(lon) <= 180) & (np.abs(lat) <= 90)))  # noqa: PLR2004 - degrees
    rows, first_lost = np.unique(rings.owner[np.searchsorted(rings.starts, lost, side="right") - 1], return_index=True)
    places = lost[first_lost]
    vertices = places - rings.starts[np.searchsorted(rings.owner, rows)]
    kind = "out_of_range" if gate.is_storage else "outside_crs"
    for row, place, vertex in zip(rows.tolist(), places.tolist(), vertices.tolist(), strict=True):
        x, y = float(rings.x[place]), float(rings.y[place])
        faults[row] = _SENTENCES.fault(kind, x=x, y=y, vertex=vertex, crs=gate.name)


def _refuse_wide_rings(faults: NDArray[Any], rings: Rings, lon: NDArray[np.float64]) -> None:
    """Write a fault for each footprint with a ring that spans more than 180° of longitude."""
    with np.errstate(invalid="ignore"):
        # ∞ − ∞ where a whole ring has no place: refused already
        span = np.maximum.reduceat(lon, rings.starts) - np.minimum.reduceat(lon, rings.starts)
    for row in np.unique(rings.owner[span > _MAX_RING_SPAN_DEG]):
        if faults[row] is None:
            faults[row] = _SENTENCES.fault("wide_ring")


def _vertices_of(rings: Rings, chosen: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Return which vertices belong to chosen footprints."""
    return np.repeat(chosen[rings.owner], np.diff(np.append(rings.starts, count)))
