"""The CRS gate: every coordinate reaches EPSG:4490 by a transformation that is known, or not at all.

PROJ takes Xi'an 80, Beijing 54 and WGS 84 as CGCS2000 by a null "ballpark" transformation, silently, which is about
100 m wrong for the first two. This gate lets exactly three datums through unchanged (4490 ≡ 4326 ≡ 4480, by policy),
transforms other countries' datums to WGS 84 only by operations whose accuracy is stated and good enough, and refuses
the rest.
"""

import math
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.aoi import AreaOfInterest
from pyproj.transformer import TransformerGroup

from geocode.errors import CrsError
from geocode.faults import read_sentences

__all__ = ["STORAGE_CRS", "CrsGate", "CrsInput", "crs_gate", "crs_name", "to_storage"]

STORAGE_CRS = "EPSG:4490"
ACCURACY_LIMIT_M = 1.0
# CGCS2000 in 2D and 3D, WGS 84 in 2D and 3D, and OGC's name for it with longitude first
_SAME = {"EPSG:4490", "EPSG:4480", "EPSG:4326", "EPSG:4979", "OGC:CRS84"}
# Beijing 1954, Xian 1980, New Beijing: parameters exist, but not in public
_SECRET = {"EPSG:4214", "EPSG:4610", "EPSG:4555"}
_WORLD = (-180.0, -90.0, 180.0, 90.0)
# cities keep one zone across its edge, and formulas hold to the north and south of an area of use
_MARGIN_LON_DEG, _MARGIN_LAT_DEG = 3.0, 15.0
_SENTENCES = read_sentences("geocode", "faults.toml")
CrsInput: TypeAlias = str | int | pyproj.CRS


@dataclass(frozen=True, slots=True)
class CrsGate:
    """The one way from a CRS into longitude and latitude of EPSG:4490.

    Attributes
    ----------
    name
        The CRS as a person writes it, such as ``EPSG:4549``.
    is_storage
        Whether coordinates pass unchanged.
    operation
        PROJ's name of the datum transformation on the way, for the report; empty where the datum is the same.
    """

    name: str
    is_storage: bool
    operation: str = ""
    _transformer: pyproj.Transformer | None = field(default=None, repr=False)
    _bounds: tuple[float, float, float, float] = field(default=_WORLD, repr=False)

    def to_lonlat(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return longitudes and latitudes in degrees; infinite where a point has none, or lies far from the CRS's area.

        Easting and northing exchanged come out as a place, but as one on another continent.
        """
        if self._transformer is None:
            return x, y
        lon, lat = map(np.asarray, self._transformer.transform(x, y))
        west, south, east, north = self._bounds
        near = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
        return np.where(near, lon, np.inf), np.where(near, lat, np.inf)

    def from_lonlat(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return x and y of longitudes and latitudes in degrees, by the same way back; infinite where there are none.

        A shift between ellipsoids without heights comes back to about a millimetre.
        """
        if self._transformer is None:
            return lon, lat
        x, y = self._transformer.transform(lon, lat, direction=pyproj.enums.TransformDirection.INVERSE)
        return np.asarray(x), np.asarray(y)


def crs_gate(crs: CrsInput | None) -> CrsGate:
    """Return the gate for a CRS, coordinates taken as x, y = east, north or longitude, latitude.

    Raises
    ------
    CrsError
        No CRS, an unknown one, one that is not horizontal, or one from which EPSG:4490 is not known well enough.
    """
    if crs is None:
        raise CrsError(_SENTENCES.fault("crs_missing"))
    return _gate(_read(crs).srs)


def to_storage(geometries: NDArray[Any], crs: CrsInput | None) -> NDArray[Any]:
    """Return geometries in EPSG:4490, forced to two dimensions; ordinates are infinite where a point has no place.

    Raises
    ------
    CrsError
        The gate refuses the CRS.
    """
    gate = crs_gate(crs)
    flat = shapely.force_2d(geometries)
    if gate.is_storage:
        return np.asarray(flat)
    return np.asarray(shapely.transform(flat, lambda xy: np.column_stack(gate.to_lonlat(xy[:, 0], xy[:, 1]))))


def crs_name(crs: pyproj.CRS) -> str:
    """Return the authority's code of a CRS at PROJ's default confidence, or the name it gives itself."""
    epsg = crs.to_epsg()
    authority = ("EPSG", str(epsg)) if epsg else crs.to_authority()
    return ":".join(authority) if authority else str(crs.name)


def _read(crs: CrsInput) -> pyproj.CRS:
    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise CrsError(_SENTENCES.fault("crs_unknown", crs=str(crs)[:80])) from error


@lru_cache(maxsize=256)
def _gate(srs: str) -> CrsGate:
    crs = pyproj.CRS(srs)
    name = crs_name(crs)
    horizontal: pyproj.CRS | None = crs.sub_crs_list[0] if crs.is_compound else crs
    if horizontal is not None and horizontal.is_bound:
        # a .prj with TOWGS84 carries parameters of unknown origin: only its own CRS counts
        horizontal = horizontal.source_crs
    base = horizontal.geodetic_crs if horizontal is not None else None
    if horizontal is None or base is None or not _is_horizontal(horizontal):
        raise CrsError(_SENTENCES.fault("crs_kind", crs=name))
    base_name = _datum_name(base)
    if base_name in _SAME:
        return _same_datum(horizontal, base, name)
    if base_name in _SECRET:
        raise CrsError(_SENTENCES.fault("crs_parameters", crs=name))
    return _other_datum(horizontal, name)


def _is_horizontal(crs: pyproj.CRS) -> bool:
    """Tell whether x, y are east and north, or longitude and latitude: a rotated pole's degrees are neither."""
    return bool(crs.is_projected or (crs.is_geographic and not crs.is_derived))


def _datum_name(base: pyproj.CRS) -> str:
    """Return the EPSG name of a geodetic CRS, found by its datum where it bears no code of its own."""
    for same in (*_SAME, *_SECRET):
        known = pyproj.CRS(same)
        if base.equals(known, ignore_axis_order=True) or (
            base.datum is not None and known.datum is not None and _plain(base.datum.name) == _plain(known.datum.name)
        ):
            return same
    return crs_name(base)


def _plain(datum: str) -> str:
    """Return a datum's name as ESRI and EPSG would both write it."""
    letters = "".join(character for character in datum.lower().split("(")[0] if character.isalnum())
    return letters.removeprefix("d").replace("worldgeodeticsystem", "wgs").removesuffix("ensemble")


def _same_datum(horizontal: pyproj.CRS, base: pyproj.CRS, name: str) -> CrsGate:
    if base.prime_meridian is None or base.prime_meridian.longitude != 0 or not _in_degrees(base):
        raise CrsError(_SENTENCES.fault("crs_kind", crs=name))
    if horizontal.is_geographic:
        return CrsGate(name, is_storage=True)
    # a projected CRS reaches its own base by formulas alone: no datum is changed, so none can be guessed
    transformer = pyproj.Transformer.from_crs(horizontal, base, always_xy=True)
    return CrsGate(name, is_storage=False, _transformer=transformer, _bounds=_bounds(horizontal, name))


def _bounds(crs: pyproj.CRS, name: str) -> tuple[float, float, float, float]:
    """Return the area of use with a margin, in degrees; the world where it is not known or crosses the antimeridian."""
    area = crs.area_of_use or (pyproj.CRS(name).area_of_use if name.startswith("EPSG:") else None)
    if area is None or area.west > area.east:
        return _WORLD
    west, east = area.west - _MARGIN_LON_DEG, area.east + _MARGIN_LON_DEG
    return west, area.south - _MARGIN_LAT_DEG, east, area.north + _MARGIN_LAT_DEG


def _in_degrees(crs: pyproj.CRS) -> bool:
    return all(math.isclose(axis.unit_conversion_factor, math.pi / 180, rel_tol=1e-12) for axis in crs.axis_info[:2])


def _other_datum(horizontal: pyproj.CRS, name: str) -> CrsGate:
    best = _best_operation(horizontal)
    if best is None:
        raise CrsError(_SENTENCES.fault("crs_parameters", crs=name))
    if not 0 <= best.accuracy <= ACCURACY_LIMIT_M:
        fault = _SENTENCES.fault("crs_accuracy", crs=name, accuracy_m=best.accuracy, limit_m=ACCURACY_LIMIT_M)
        raise CrsError(fault)
    # the group's transformers may not cross threads, one from a pipeline may
    transformer = pyproj.Transformer.from_pipeline(best.definition)
    return CrsGate(
        name, is_storage=False, operation=best.description, _transformer=transformer, _bounds=_bounds(horizontal, name)
    )


def _best_operation(horizontal: pyproj.CRS) -> pyproj.Transformer | None:
    """Return PROJ's first choice of a known, installed operation to WGS 84, if there is one."""
    area = horizontal.area_of_use
    interest: Any = AreaOfInterest(*area.bounds) if area else None
    with warnings.catch_warnings(), suppress(IndexError):
        # a better operation whose grid is not installed: the accuracy of the one that is there decides
        warnings.simplefilter("ignore", UserWarning)
        # where there is none, pyproj 3.7 gives an empty group for most, an IndexError for some (EPSG:2304)
        group = TransformerGroup(
            horizontal, "EPSG:4326", always_xy=True, area_of_interest=interest, allow_ballpark=False
        )
        return group.transformers[0]
    return None
