"""What delivered numbers may be: every CRS that is usual in China, either order of axes, metres or millimetres.

Each is a candidate with the ground on which the numbers would lie, a score and a reason. Nothing in numbers tells
CGCS2000 from Xi'an 80, Beijing 54 or, as degrees, from GCJ-02.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import pyproj
from numpy.typing import NDArray

from geocode.crs import crs_gate
from geocode.faults import Text
from layers.positions import sampling_step, sensible
from layers.remarks import remark

__all__ = ["CHINA", "Box", "Candidate", "find_candidates", "grid_of", "place_of", "said_of", "turn"]

Box: TypeAlias = tuple[float, float, float, float]
"""West, south, east, north in degrees."""
Place: TypeAlias = Literal["inside", "partly", "outside", "unknown"]
Floats: TypeAlias = NDArray[np.float64]

CHINA: Box = (73.0, 3.0, 136.0, 54.0)
_ZONES_3, _ZONES_6, _UTM_ZONES = range(25, 46), range(13, 24), range(43, 54)
_MERIDIANS_3 = range(75, 136, 3)
_PREFIX_M = 1_000_000
_EASTING_M = (160_000.0, 840_000.0)
# 16°N, south of which northings have the size of eastings; 3°N, the end of the South China Sea's islands
_NORTHING_M, _SOUTHERN_NORTHING_M, _NORTHERN_M = 1_760_000.0, 300_000.0, 5_960_000.0
_SOUTHERN_DEG = 16.0
_TURN_DEG = 360.0
_MERCATOR_X_M, _MERCATOR_Y_M = (8_100_000.0, 15_150_000.0), (300_000.0, 7_150_000.0)
# an office's box is drawn by hand
_EDGE_DEG = 0.05
# cities keep one zone a little across its edge
_STRIP_DEG: Mapping[int, float] = {3: 1.75, 6: 3.25}
_FEW, _MANY = 0.02, 0.98
_WITHOUT_LAND = 0.5
_UTM_FIRST_DEG = -183
_MICRO, _COARSE = 1e6, 1e3
_PLACE_SCORE: Mapping[Place, float] = {"inside": 1.0, "partly": 0.6, "unknown": 0.5, "outside": 0.1}
_PLACE_TOLD: Mapping[Place, str] = {
    "inside": "crs_place_inside",
    "partly": "crs_place_partly",
    "outside": "crs_place_outside",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read delivered numbers.

    Attributes
    ----------
    name
        The CRS: EPSG's code of CGCS2000, or the name of a registered local system.
    family
        ``degrees``, ``zone`` (a Gauss–Krüger zone with its number before the easting), ``meridian`` (without),
        ``utm``, ``mercator`` or ``local``.
    is_swapped
        Whether northing or latitude comes first in the file.
    is_millimetres
        Whether the numbers are millimetres.
    box
        Where they would lie, but for stray ones, in degrees.
    place
        Where that is to the office's extent; ``unknown`` where none is stated.
    meridian, strip
        The central meridian of a zone and how wide its strip is, in degrees.
    is_within_strip
        Whether they lie in the strip for which the CRS is made, or a little across its edge.
    score
        How plausible it is, from 0 to 1, for the order of the candidates; no probability.
    alike
        CRSs of other datums that have the same digits.
    reason
    """

    name: str
    family: str
    is_swapped: bool
    is_millimetres: bool
    box: Box
    place: Place
    meridian: float | None
    strip: int | None
    is_within_strip: bool
    score: float
    alike: tuple[str, ...]
    reason: Text

    @property
    def said(self) -> str:
        """Return what a person states for this one to be taken, such as ``EPSG:4549/yx``."""
        return said_of(self.name, is_swapped=self.is_swapped, is_millimetres=self.is_millimetres)

    def as_json(self) -> dict[str, Any]:
        """Return it as answers hold it; the box, rounded outward, to about a tenth of a metre.

        That of a local system to about a hundred metres: a place that is told together with its numbers tells its parameters.
        """
        epsg = self.name.removeprefix("EPSG:")
        return {
            "crs": self.said,
            "epsg": int(epsg) if epsg.isdigit() else None,
            "name": self.name,
            "family": self.family,
            "zone": self._zone,
            "is_swapped": self.is_swapped,
            "unit": "mm" if self.is_millimetres else "degree" if self.family == "degrees" else "m",
            "box": _rounded_outward(self.box, _COARSE if self.family == "local" else _MICRO),
            "place": self.place,
            "score": self.score,
            "alike": list(self.alike),
            "reason": {"zh": self.reason.zh, "en": self.reason.en},
        }

    @property
    def _zone(self) -> dict[str, float] | None:
        if self.meridian is None or self.strip is None:
            return None
        first = _UTM_FIRST_DEG if self.family == "utm" else 0 if self.strip == 3 else -3  # noqa: PLR2004 - degrees
        number = round((self.meridian - first) / self.strip)
        return {"number": number, "width_deg": self.strip, "meridian": self.meridian}


class _Plane(NamedTuple):
    """A CRS in which numbers would have places: longitude and latitude of each."""

    name: str
    family: str
    lonlat: Floats
    kind: str
    values: Mapping[str, Any]
    meridian: float | None = None
    strip: int | None = None
    alike: tuple[str, ...] = ()


def find_candidates(
    xy: Floats, *, extent: Sequence[Box] = (), systems: Mapping[str, pyproj.CRS] | None = None
) -> list[Candidate]:
    """Return every plausible way to read coordinates, the most plausible first.

    Parameters
    ----------
    xy
        Shape (n, 2), in the order of the file; those that are not finite are passed over.
    extent
        Where the office works, in degrees. Numbers without a zone before the easting have a place in each of 21 zones:
        only the extent tells which.
    systems
        The city's own systems, on CGCS2000, by name.
    """
    grid = grid_of(xy)
    if grid is None:
        return []
    found = [
        _candidate(plane, extent, is_swapped=is_swapped, is_millimetres=is_millimetres)
        for is_millimetres in (False, True)
        for is_swapped in (False, True)
        for plane in _planes(
            turn(grid, is_swapped=is_swapped, is_millimetres=is_millimetres),
            extent,
            systems or {},
            is_metres=not is_millimetres,
        )
    ]
    return sorted(found, key=lambda each: -each.score)


def grid_of(xy: Floats) -> Floats | None:
    """Return nine points over the middle 96 % of the finite positions, shape (9, 2); None where there are none."""
    finite = sensible(xy)
    if not len(finite):
        return None
    finite = finite[:: sampling_step(len(finite))]
    low, high = np.quantile(finite, [_FEW, _MANY], axis=0)
    x, y = np.linspace(low, high, 3).T
    return np.column_stack([np.tile(x, 3), np.repeat(y, 3)])


def place_of(lonlat: Floats, extent: Sequence[Box]) -> Place:
    """Return where positions in degrees, shape (n, 2), lie to the boxes of an extent."""
    if not extent:
        return "unknown"
    (west, south), (east, north) = lonlat.min(axis=0).tolist(), lonlat.max(axis=0).tolist()
    e = _EDGE_DEG
    near = [
        (w - e, s - e, o + e, n + e)
        for w, s, o, n in extent
        if west - e <= o and east + e >= w and south - e <= n and north + e >= s
    ]
    if not near:
        return "outside"
    boxes, (lon, lat) = np.asarray(near).T[:, :, None], lonlat.T
    within = (lon >= boxes[0]) & (lat >= boxes[1]) & (lon <= boxes[2]) & (lat <= boxes[3])
    return "inside" if within.any(axis=0).all() else "partly"


def said_of(name: str, *, is_swapped: bool, is_millimetres: bool) -> str:
    """Return a CRS with the order of its axes and its unit as a person writes it, such as ``EPSG:4549/yx,mm``."""
    marks = ",".join(mark for mark, holds in (("yx", is_swapped), ("mm", is_millimetres)) if holds)
    return f"{name}/{marks}" if marks else name


def turn(xy: Floats, *, is_swapped: bool, is_millimetres: bool) -> Floats:
    """Return coordinates with x = east, in metres where they were millimetres."""
    turned = xy[:, ::-1] if is_swapped else xy
    return turned / 1000 if is_millimetres else turned


def _planes(
    xy: Floats, extent: Sequence[Box], systems: Mapping[str, pyproj.CRS], *, is_metres: bool
) -> Iterator[_Plane]:
    is_southern = any(box[1] < _SOUTHERN_DEG for box in extent)
    if is_metres:
        yield from _degrees(xy, extent)
        yield from _mercator(xy)
        yield from _local(xy, extent, systems)
    yield from _zoned(xy)
    yield from _unzoned(xy, _SOUTHERN_NORTHING_M if is_southern else _NORTHING_M)


def _degrees(xy: Floats, extent: Sequence[Box]) -> Iterator[_Plane]:
    is_in_china = place_of(xy, [CHINA]) == "inside"
    if is_in_china or (extent and np.abs(xy).max() <= _TURN_DEG / 2 and place_of(xy, extent) != "outside"):
        yield _Plane("EPSG:4490", "degrees", xy, "crs_like_degrees", {}, alike=("EPSG:4326", "EPSG:4610", "EPSG:4214"))


def _mercator(xy: Floats) -> Iterator[_Plane]:
    if _within(xy[:, 0], _MERCATOR_X_M) and _within(xy[:, 1], _MERCATOR_Y_M):
        yield _Plane("EPSG:3857", "mercator", _back("+proj=webmerc +ellps=WGS84", xy), "crs_like_mercator", {})


def _local(xy: Floats, extent: Sequence[Box], systems: Mapping[str, pyproj.CRS]) -> Iterator[_Plane]:
    for name, crs in systems.items():
        lonlat = np.column_stack(crs_gate(crs).to_lonlat(xy[:, 0], xy[:, 1]))
        if np.isfinite(lonlat).all() and place_of(lonlat, extent or [CHINA]) != "outside":
            yield _Plane(name, "local", lonlat, "crs_like_local", {"name": name})


def _zoned(xy: Floats) -> Iterator[_Plane]:
    zones, eastings = np.divmod(xy[:, 0], _PREFIX_M)
    zone = int(zones[0])
    if (zones != zone).any() or not _is_gauss(eastings, xy[:, 1], _SOUTHERN_NORTHING_M):
        return
    for strip, range_ in ((3, _ZONES_3), (6, _ZONES_6)):
        if zone in range_:
            number, meridian = zone - range_.start, 3 * zone if strip == 3 else 6 * zone - 3  # noqa: PLR2004 - degrees
            first, alike = _CODES[strip, True]
            lonlat = _from_meridian(eastings, xy[:, 1]) + np.array([meridian, 0])
            codes = tuple(f"EPSG:{each + number}" for each in alike)
            values = {"zone": zone, "strip": strip, "meridian": meridian}
            name = f"EPSG:{first + number}"
            yield _Plane(name, "zone", lonlat, "crs_like_zone", values, float(meridian), strip, codes)


def _unzoned(xy: Floats, least_m: float) -> Iterator[_Plane]:
    eastings, northings = xy.T
    if not _is_gauss(eastings, northings, least_m):
        return
    offset = _from_meridian(eastings, northings)
    reach = float(np.abs(offset[:, 0]).max())
    for meridian in _MERIDIANS_3:
        # a 3° zone and the 6° zone of its meridian are one plane; it is named by the strip that holds the numbers
        is_six = meridian % 6 == 3 and reach > _STRIP_DEG[3]  # noqa: PLR2004 - degrees
        strip, number = (6, (meridian - 75) // 6) if is_six else (3, (meridian - 75) // 3)
        first, alike = _CODES[strip, False]
        codes = tuple(f"EPSG:{each + number}" for each in alike)
        values = {"strip": strip, "meridian": meridian}
        name = f"EPSG:{first + number}"
        yield _Plane(
            name,
            "meridian",
            offset + np.array([meridian, 0]),
            "crs_like_meridian",
            values,
            float(meridian),
            strip,
            codes,
        )
    offset = _back("+proj=tmerc +lon_0=0 +k=0.9996 +x_0=500000 +ellps=WGS84", xy)
    for zone in _UTM_ZONES:
        meridian = 6 * zone - 183
        yield _Plane(
            f"EPSG:{32600 + zone}",
            "utm",
            offset + np.array([meridian, 0]),
            "crs_like_utm",
            {"zone": zone},
            float(meridian),
            6,
        )


# EPSG's first code of CGCS2000, then of Xi'an 80 and Beijing 54, by strip and whether the zone stands before the easting
_CODES: Mapping[tuple[int, bool], tuple[int, tuple[int, int]]] = {
    (3, True): (4513, (2349, 2401)),
    (3, False): (4534, (2370, 2422)),
    (6, True): (4491, (2327, 21413)),
    (6, False): (4502, (2338, 21453)),
}


def _candidate(plane: _Plane, extent: Sequence[Box], *, is_swapped: bool, is_millimetres: bool) -> Candidate:
    (west, south), (east, north) = plane.lonlat.min(axis=0).tolist(), plane.lonlat.max(axis=0).tolist()
    place = place_of(plane.lonlat, extent)
    reach = 0.0 if plane.meridian is None else max(abs(west - plane.meridian), abs(east - plane.meridian))
    is_within_strip = plane.strip is None or reach <= _STRIP_DEG[plane.strip]
    score = (
        _PLACE_SCORE[place] * (1.0 if is_within_strip else 0.5) * {"utm": 0.5, "mercator": 0.7}.get(plane.family, 1.0)
    )
    if place == "unknown" and plane.family in {"degrees", "zone"}:
        score *= 1.8
    is_on_land = place != "unknown" or plane.family != "meridian" or _has_land(plane.name, south, north)
    score *= 1.0 if is_on_land else _WITHOUT_LAND
    score *= (0.95 if is_swapped else 1.0) * (0.9 if is_millimetres else 1.0)
    told = [remark(plane.kind, name=plane.name, **{k: v for k, v in plane.values.items() if k != "name"})]
    told += [remark(_PLACE_TOLD[place])] if place in _PLACE_TOLD else []
    told += [] if is_on_land else [remark("crs_like_no_land")]
    told += [] if is_within_strip else [remark("crs_like_beyond_strip", reach=f"{reach:.1f}")]
    told += [remark("crs_like_swapped")] if is_swapped else []
    told += [remark("crs_like_millimetres")] if is_millimetres else []
    reason = Text("".join(each.zh for each in told), " ".join(each.en for each in told))
    box = (west, south, east, north)
    return Candidate(
        plane.name,
        plane.family,
        is_swapped,
        is_millimetres,
        box,
        place,
        plane.meridian,
        plane.strip,
        is_within_strip,
        round(score, 2),
        plane.alike,
        reason,
    )


def _rounded_outward(box: Box, steps: float) -> list[float]:
    """Return a box with sides at whole steps, of which a degree has so many."""
    (west, south), (east, north) = np.floor(np.multiply(box[:2], steps)), np.ceil(np.multiply(box[2:], steps))
    return [float(step) / steps for step in (west, south, east, north)]


def _has_land(name: str, south: float, north: float) -> bool:
    """Tell whether China has land between two latitudes in a zone."""
    _, least, _, most = _area_of_use(name)
    return south <= most and north >= least


@cache
def _area_of_use(name: str) -> Box:
    area = pyproj.CRS(name).area_of_use
    return area.bounds if area else CHINA


def _from_meridian(eastings: Floats, northings: Floats) -> Floats:
    """Return degrees east of the central meridian and latitudes, shape (n, 2): the same in every zone."""
    pipeline = "+proj=tmerc +lon_0=0 +k=1 +x_0=500000 +ellps=GRS80"  # CGCS2000's ellipsoid has the shape of GRS 80's
    return _back(pipeline, np.column_stack([eastings, northings]))


def _back(projection: str, xy: Floats) -> Floats:
    return np.column_stack(_inverse(projection).transform(xy[:, 0], xy[:, 1]))


@cache
def _inverse(projection: str) -> pyproj.Transformer:
    steps = f"+proj=pipeline +step +inv {projection} +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    return pyproj.Transformer.from_pipeline(steps)


def _is_gauss(eastings: Floats, northings: Floats, least_m: float) -> bool:
    return _within(eastings, _EASTING_M) and _within(northings, (least_m, _NORTHERN_M))


def _within(values: Floats, limits: tuple[float, float]) -> bool:
    return bool(values.min() >= limits[0] and values.max() <= limits[1])
