"""Municipal facilities: roads, bridges, pipes, stations. A line has the ground of its corridor, a point that of its site."""

import math
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import shapely

from geocode import Fault, Text
from geocode.faults import read_sentences
from geocode.planes import from_plane, measure_plane, to_plane
from geocode.sizes import UNITS_PER_DEG

__all__ = [
    "GRID_M",
    "MAX_SIZE_M",
    "Extent",
    "FacilityClass",
    "extent_of",
    "find_class",
    "foreign_class",
    "load_classes",
    "stated_class",
    "stated_measure",
]

# places in the plane are rounded so: far coarser than what machines compute differently, far finer than any survey; and
# corners stay so far from other edges that storing them in units of 1e-8 degrees (1.1 mm) turns nothing inside out
GRID_M = 0.005
MAX_SIZE_M = 50_000
_LEAST_LENGTH_M = 1.0
_WIDTHS_M = (0.05, 500.0)
_SITES_M = (0.2, 2_000.0)
_MITRE = 2.0
_CIRCLE = 32
_MM = 1_000.0
_SENTENCES = read_sentences("registry", "facility_faults.toml")
_KINDS = {
    "LineString": "line",
    "MultiLineString": "line",
    "Point": "point",
    "MultiPoint": "point",
    "Polygon": "polygon",
    "MultiPolygon": "polygon",
}
_DRAWN = {"line": Text("线", "lines"), "point": Text("点", "points"), "polygon": Text("面", "polygons")}
_NUMBER = re.compile(r"(?:DN|Φ|φ|Ø)?(\d{1,7}(?:\.\d+)?)(?:M|米|MM|毫米)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityClass:
    """A class of facilities.

    Attributes
    ----------
    code, name, words
        What it is called, and by which other words deliveries mean it.
    geometry
        How its facilities may be drawn: ``line``, ``point``, ``polygon``.
    level
        ``on``, ``under`` or ``over`` the ground.
    width_m, size_m
        Of a line's corridor and of a point's site where nothing else is stated; None where it must be.
    shape
        Of a point's site: ``square`` or ``circle``.
    """

    code: str
    name: Text
    words: tuple[str, ...]
    geometry: tuple[str, ...]
    level: str
    width_m: float | None = None
    size_m: float | None = None
    shape: str = "square"


class Extent(NamedTuple):
    """The ground of a facility.

    Attributes
    ----------
    footprint
        Polygon or MultiPolygon in EPSG:4490, on whole units of 1e-8 degrees unless it was delivered so.
    axis
        The line or point, on whole units, in an order that does not depend on how it was drawn; None of a polygon.
    width_m
        Of the corridor or of the site; None of a polygon.
    length_m
        Of the line, in the plane; None of others.
    """

    footprint: Any
    axis: Any = None
    width_m: float | None = None
    length_m: float | None = None


@cache
def load_classes() -> tuple[FacilityClass, ...]:
    """Return all classes in order."""
    return tuple(
        FacilityClass(
            code=row["code"],
            name=Text(row["zh"], row["en"]),
            words=tuple(row["words"]),
            geometry=tuple(row["geometry"]),
            level=row["level"],
            width_m=row.get("width_m"),
            size_m=row.get("size_m"),
            shape=row.get("shape", "square"),
        )
        for row in _data()["class"]
    )


def find_class(text: str) -> FacilityClass | Fault:
    """Return the class that a code, a name or another word means, or why there is none."""
    folded = _folded(text)
    found = _words().get(folded)
    if found is not None:
        return found
    near = get_close_matches(folded, _words(), n=4, cutoff=0.4) or [each.code for each in load_classes()]
    return _SENTENCES.fault("facility_class_unknown", text=text, near=", ".join(near))


def stated_class(attributes: Mapping[str, Any], default: FacilityClass | None) -> FacilityClass | Fault:
    """Return the class that a row states, the default where it states none.

    A word in a field of a common name (``class``, 类别) that is no class is somebody else's, if there is a default.
    """
    text = _first(attributes, "class")
    if text is None and (default is None or foreign_class(attributes) is None):
        text = _first(attributes, "common_class")
    return find_class(text) if text is not None else default or _SENTENCES.fault("facility_no_class")


def foreign_class(attributes: Mapping[str, Any]) -> str | None:
    """Return the word in a row's field of a common name that is no class, None where there is none."""
    text = _first(attributes, "common_class")
    return text if text is not None and isinstance(find_class(text), Fault) else None


def stated_measure(
    attributes: Mapping[str, Any], geometry: Any, kind: FacilityClass, *, default_m: float | None = None
) -> float | Fault | None:
    """Return the width of a line's corridor, or the size of a point's site, in metres; None where there is none to have.

    What the row states counts first, then the default, then what the class has.
    """
    drawn = _KINDS.get(geometry.geom_type)
    if drawn not in kind.geometry or drawn == "polygon":
        return None
    is_line = drawn == "line"
    limits, own = (_WIDTHS_M, kind.width_m) if is_line else (_SITES_M, kind.size_m)
    names = ["width_m", "diameter_mm"] if is_line else ["size_m"]
    text, measure_m = None, default_m if default_m is not None else own
    for name in names:
        text = _first(attributes, name)
        if text is not None:
            measure_m = _metres(text, is_mm=name == "diameter_mm")
            break
    if text is None and measure_m is None:
        return _SENTENCES.fault("facility_no_width", name=kind.name)
    if measure_m is None or not limits[0] <= measure_m <= limits[1]:
        low, high = (f"{limit:g}" for limit in limits)
        return _SENTENCES.fault("facility_width", text=text or f"{measure_m:g}", low=low, high=high)
    return measure_m


def extent_of(geometry: Any, kind: FacilityClass, measure_m: float | None = None) -> Extent | Fault:
    """Return the ground of a facility, or why it has none.

    Parameters
    ----------
    geometry
        In EPSG:4490: a line, a point or a polygon.
    measure_m
        As `stated_measure` returns it.

    Notes
    -----
    The axis is snapped to 1e-8 degrees and put in GEOS's normal order, so that neither its direction nor, of a ring, its
    first vertex matters. In the plane of the middle of its box it is rounded to millimetres, and given half the width on
    each side: flat at its ends, mitred where it turns (bevelled where the mitre would be longer than the width). A site is a
    square along the axes of that plane, or a circle of 32 corners. The ground is rounded to `GRID_M`, by GEOS's snap
    rounding, and brought back to whole units of 1e-8 degrees: the same line has the same ground on every machine.
    """
    drawn = _KINDS.get(geometry.geom_type)
    fault = _fault_of(geometry, drawn, kind)
    if fault is not None:
        return fault
    if drawn == "polygon":
        return Extent(geometry)
    axis = _canonical(geometry)
    if drawn == "line" and (axis.is_empty or axis.length == 0):
        x, y = shapely.get_coordinates(geometry)[0]
        return _SENTENCES.fault("facility_no_length", x=float(x), y=float(y), vertex=0)
    west, south, east, north = axis.bounds
    plane = measure_plane((west + east) / 2, (south + north) / 2)
    flat = _rounded(to_plane(np.array([axis]), plane)[0], _MM)
    fault = _size_fault(flat, drawn)
    if fault is not None:
        return fault
    width_m = float(measure_m or 0.0)
    ground = _corridor(flat, width_m) if drawn == "line" else _site(flat, width_m, kind.shape)
    whole = from_plane(np.array([shapely.set_precision(ground, GRID_M)]), plane)[0]
    return Extent(_rounded(whole, UNITS_PER_DEG), axis, width_m, float(flat.length) if drawn == "line" else None)


def _fault_of(geometry: Any, drawn: str | None, kind: FacilityClass) -> Fault | None:
    if drawn is None or (shapely.get_num_geometries(geometry) > 1 and drawn == "point"):
        return _SENTENCES.fault("facility_kind", found=geometry.geom_type)
    if geometry.is_empty:
        return _SENTENCES.fault("facility_no_geometry")
    xy = shapely.get_coordinates(geometry)
    lost = np.flatnonzero(~(np.isfinite(xy).all(axis=1) & (np.abs(xy) <= (180.0, 90.0)).all(axis=1)))
    if len(lost):
        return _SENTENCES.fault("facility_not_finite", vertex=int(lost[0]))
    if drawn not in kind.geometry:
        wanted = Text(*(("、", ", ")[i].join(_DRAWN[each][i] for each in kind.geometry) for i in (0, 1)))
        return _SENTENCES.fault("facility_geometry", name=kind.name, found=_DRAWN[drawn], wanted=wanted)
    return None


def _size_fault(flat: Any, drawn: str | None) -> Fault | None:
    """Return the fault of a line, in its plane, that is too short or too long."""
    west, south, east, north = flat.bounds
    size_m = max(east - west, north - south)
    if size_m > MAX_SIZE_M:
        return _SENTENCES.fault("facility_large", size_m=size_m, limit_m=MAX_SIZE_M)
    if drawn == "line" and flat.length < _LEAST_LENGTH_M:
        return _SENTENCES.fault("facility_short", length_m=flat.length, limit_m=_LEAST_LENGTH_M)
    return None


def _canonical(geometry: Any) -> Any:
    """Return a line or point on whole units, in an order of its own; parts of a line without length are left out."""
    snapped = shapely.remove_repeated_points(_rounded(geometry, UNITS_PER_DEG), 0.0)
    if geometry.geom_type.endswith("Point"):
        return shapely.get_geometry(snapped, 0) if geometry.geom_type == "MultiPoint" else snapped
    parts = shapely.get_parts(snapped)
    kept = parts[shapely.length(parts) > 0]
    # the same part twice, drawn either way, is there once
    own = list({part.wkb: part for part in shapely.normalize(kept)}.values())
    if len(own) == 1:
        return own[0]
    return shapely.normalize(shapely.MultiLineString(own))


def _corridor(flat: Any, width_m: float) -> Any:
    return shapely.buffer(flat, width_m / 2, cap_style="flat", join_style="mitre", mitre_limit=_MITRE)


def _site(flat: Any, size_m: float, shape: str) -> Any:
    half = size_m / 2
    if shape == "square":
        return shapely.box(flat.x - half, flat.y - half, flat.x + half, flat.y + half)
    turns = np.arange(_CIRCLE) * (2 * math.pi / _CIRCLE)
    return shapely.Polygon(np.column_stack([flat.x + half * np.cos(turns), flat.y + half * np.sin(turns)]))


def _rounded(geometry: Any, per_unit: float) -> Any:
    """Return a geometry with its ordinates on whole parts of a unit."""
    return shapely.transform(geometry, lambda xy: (np.rint(xy * per_unit) + 0.0) / per_unit)


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(files("registry").joinpath("facilities.toml").read_text(encoding="utf-8"))


@cache
def _words() -> Mapping[str, FacilityClass]:
    """Return the class that each word means."""
    return {_folded(word): each for each in load_classes() for word in (each.code, *each.name, *each.words)}


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]+", "", unicodedata.normalize("NFKC", text).casefold())


def _first(attributes: Mapping[str, Any], kind: str) -> str | None:
    """Return the first text in the fields that a row may state something in."""
    folded = {str(name).casefold(): value for name, value in attributes.items()}
    found = (folded.get(name.casefold()) for name in _data()["fields"][kind])
    return next((str(value).strip() for value in found if value is not None and str(value).strip()), None)


def _metres(text: str, *, is_mm: bool) -> float | None:
    """Return a measure as people write it (``12``, ``12 m``, ``DN300``) in metres, None where it is none."""
    match = _NUMBER.fullmatch("".join(unicodedata.normalize("NFKC", text).upper().split()))
    if match is None:
        return None
    has_mm = text.rstrip().casefold().endswith(("mm", "毫米"))
    return float(match[1]) / (_MM if is_mm or has_mm else 1.0)
