"""Where two plans of land use agree and where they differ, over one extent, piece by piece.

Each layer's codes are brought to construction or not by the crosswalk. What one says nothing of, or says in a code that
the crosswalk does not have, is missing on its side and is never guessed. Pieces do not overlap and fill the extent:
their areas, the slivers' with them, add up to it.
"""

import datetime as dt
import math
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from blueprint.arrangement import Arrangement, Placed, arrange, clip, disjoin
from blueprint.certainty import classify_widths, combine_accuracies
from blueprint.crosswalk import Crosswalk, LandClass
from blueprint.cutting import Polygons, cut_away, take_polygons
from blueprint.layer_state import Ground, LayerState, select_ground
from blueprint.overlay import list_parts
from blueprint.planes import check_same_plane
from blueprint.reasons import explain
from blueprint.rule_kinds import Selection
from geocode.faults import Text
from geocode.planes import ellipsoid_areas_m2, from_plane
from layers.catalogue import load_catalogue

__all__ = ["DifferenceClass", "Differences", "Thresholds", "Untold", "derive_thresholds", "find_differences"]

Integers: TypeAlias = NDArray[np.intp]
Objects: TypeAlias = NDArray[np.object_]

_FINE, _COARSE = (0.05, 1.0, 0.1), (1.0, 100.0, 2.0)  # sigma, least area and width: 1:500, and 1:10,000
_NO_CODE = ""


class DifferenceClass(StrEnum):
    """What two layers say of the same ground."""

    BOTH = "both"
    FIRST_ONLY = "first_only"
    SECOND_ONLY = "second_only"
    NEITHER = "neither"
    FIRST_MISSING = "first_missing"
    SECOND_MISSING = "second_missing"
    BOTH_MISSING = "both_missing"


_MISSING, _BUILT, _UNBUILT = 0, 1, 2
_CLASSES = np.array(
    [
        [DifferenceClass.BOTH_MISSING, DifferenceClass.FIRST_MISSING, DifferenceClass.FIRST_MISSING],
        [DifferenceClass.SECOND_MISSING, DifferenceClass.BOTH, DifferenceClass.FIRST_ONLY],
        [DifferenceClass.SECOND_MISSING, DifferenceClass.SECOND_ONLY, DifferenceClass.NEITHER],
    ],
    dtype=object,
)


class Thresholds(NamedTuple):
    """What a piece must have at least, in both measures, or it is a sliver."""

    area_m2: float
    width_m: float


class Untold(NamedTuple):
    """Something that the pieces do not say as a reader would expect.

    Attributes
    ----------
    kind
        ``unusable``, ``unknown_code``, ``overlap`` or ``uncut``.
    layer
        The layer's code; None where it is about a pair of both.
    features
        The ids of the features; None where one side has none.
    reason
        The sentence, in both languages.
    """

    kind: str
    layer: str | None
    features: tuple[Any, ...]
    reason: Text


class Differences(NamedTuple):
    """The pieces, and what they do not say.

    Attributes
    ----------
    pieces
        One polygon a row, in the plane of the layers, in the order of district and ids: ``class`` (a
        `DifferenceClass`), ``left`` and ``right`` (feature ids), ``left_code`` and ``right_code`` (as delivered),
        ``left_class`` and ``right_class`` (`LandClass`), ``district``, ``area_m2`` in the plane and
        ``ellipsoid_area_m2``, ``width_m``, ``certainty``, ``is_sliver``, ``engine_mode``.
    untold
        What is wrong with features and pairs, a row each.
    thresholds
        Below which a piece is a sliver.
    """

    pieces: gpd.GeoDataFrame
    untold: tuple[Untold, ...]
    thresholds: Thresholds


class _Side(NamedTuple):
    """One layer: its features that can be overlaid, as arrays with one more place for where there is none."""

    code: str
    ids: Objects
    codes: Objects
    land_classes: Objects
    built: Integers
    placed: Placed


class _Zones(NamedTuple):
    """The extent by district, the rest last."""

    names: Objects
    polygons: Polygons


def derive_thresholds(sigma_m: float) -> Thresholds:
    """Return what a piece must have so as not to be a sliver, from the standard deviation between two layers in metres.

    Between 1 m² and 0.1 m (both layers of 1:500) and 100 m² and 2 m (both of 1:10,000), and beyond, by the power law
    through both: the width is always 2 sigma.
    """
    grown = math.log(max(sigma_m, 1e-6) / _FINE[0]) / math.log(_COARSE[0] / _FINE[0])
    area_m2, width_m = (fine * (coarse / fine) ** grown for fine, coarse in zip(_FINE[1:], _COARSE[1:], strict=True))
    return Thresholds(area_m2, width_m)


def find_differences(  # noqa: PLR0913 - each can be left out
    first: LayerState,
    second: LayerState,
    extent: Any,
    *,
    as_of: dt.date | None,
    crosswalk: Crosswalk,
    second_as_of: dt.date | None = None,
    systems: tuple[str, str] | None = None,
    districts: LayerState | None = None,
    thresholds: Thresholds | None = None,
) -> Differences:
    """Return the pieces in which two layers of land use agree and differ.

    Parameters
    ----------
    first, second
        In one projected plane in metres; all features that touch the extent are there. Where features of one layer
        overlap, the ground is that of the lower id.
    extent
        A polygon or multipolygon in the same plane.
    as_of
        The day on which the layers are taken; None takes features of any day.
    second_as_of
        Another day for the second one.
    systems
        Of which code systems the codes of both are; as the seed catalogue has it where None.
    districts
        The layer of administrative areas, by which pieces are cut; outside of them ``district`` is None.
    thresholds
        Derived from the accuracies of both layers where None.

    Raises
    ------
    FrameCrsError
        The layers are not in the same plane.
    """
    for state in (second, *([districts] if districts else ())):
        check_same_plane(first.features, state.features, f"layer {state.code}")
    zones, untold = _zones(extent, districts, as_of)
    sides = []
    days, systems = (as_of, second_as_of or as_of), systems or (_system_of(first), _system_of(second))
    for state, day, system in zip((first, second), days, systems, strict=True):
        side, faults = _take_side(select_ground(state, Selection((state.code,)), day), zones, crosswalk, system)
        sides.append(side)
        untold += faults
    left, right = sides
    arrangement = arrange(left.placed, right.placed, zones.polygons)
    sigma_m = combine_accuracies(first.accuracy_m, second.accuracy_m)
    limits = thresholds or derive_thresholds(sigma_m)
    untold += [_uncut(left, right, *pair) for pair in arrangement.uncut]
    pieces = _pieces(arrangement, left, right, zones.names, sigma_m).set_crs(first.features.crs)
    pieces["is_sliver"] = (pieces["area_m2"] < limits.area_m2) | (pieces["width_m"] < limits.width_m)
    flat = pieces.geometry.to_numpy()
    pieces["ellipsoid_area_m2"] = ellipsoid_areas_m2(from_plane(flat, pieces.crs.to_string()))
    return Differences(pieces, tuple(untold), limits)


def _zones(extent: Any, districts: LayerState | None, as_of: dt.date | None) -> tuple[_Zones, list[Untold]]:
    whole = take_polygons(np.array([extent], dtype=object))
    if districts is None:
        return _Zones(np.array([None], dtype=object), whole), []
    ground = select_ground(districts, Selection((districts.code,)), as_of)
    rows, untold = _usable(ground)
    geometry, overlaps = disjoin(ground.geometry[rows])
    untold += [_overlap(districts.code, ground.ids[rows], pair) for pair in overlaps]
    placed = clip(geometry, whole)
    rest = cut_away(whole, take_polygons(geometry)).outside
    parts = np.concatenate([placed.polygons.geometry, rest])
    codes = [_code_of(ground, row) or str(ground.ids[row]) for row in rows[placed.source].tolist()]
    some = shapely.area(parts) > 0
    return _Zones(_with_none(codes)[some], take_polygons(parts[some])), untold


def _take_side(ground: Ground, zones: _Zones, crosswalk: Crosswalk, system: str) -> tuple[_Side, list[Untold]]:
    """Return a layer clipped to the zones, with what is wrong with its features there."""
    rows, untold = _usable(ground)
    ids = ground.ids[rows]
    geometry, overlaps = disjoin(ground.geometry[rows])
    placed = clip(geometry, zones.polygons)
    untold += [_overlap(ground.code, ids, pair) for pair in overlaps]
    untold += [_unusable(ground.code, ids[row], problem) for row, problem in placed.uncut]
    codes = [_code_of(ground, row) for row in rows.tolist()]
    classes = [crosswalk.land_class(system, code) for code in codes]
    untold += [
        Untold("unknown_code", ground.code, (ids[row],), _unknown(ground.code, ids[row], codes[row], system))
        for row in np.unique(placed.source).tolist()
        if classes[row] is None
    ]
    built = [_MISSING if each is None else _BUILT if each is LandClass.CONSTRUCTION else _UNBUILT for each in classes]
    side = _Side(
        ground.code, _with_none(ids), _with_none(codes), _with_none(classes), np.array([*built, _MISSING]), placed
    )
    return side, untold


def _usable(ground: Ground) -> tuple[Integers, list[Untold]]:
    """Return the positions of the features that can be overlaid, and why others cannot."""
    untold = [_unusable(ground.code, ground.ids[row], ground.unusable[row]) for row in ground.unusable_rows()]
    return np.flatnonzero(pd.isna(ground.unusable)), untold


def _pieces(
    arrangement: Arrangement, left: _Side, right: _Side, districts: Objects, sigma_m: float
) -> gpd.GeoDataFrame:
    parts = list_parts(arrangement.geometry)
    i, j = arrangement.left[parts.row], arrangement.right[parts.row]
    columns = {
        "class": _CLASSES[left.built[i], right.built[j]],
        "left": left.ids[i],
        "right": right.ids[j],
        "left_code": left.codes[i],
        "right_code": right.codes[j],
        "left_class": left.land_classes[i],
        "right_class": right.land_classes[j],
        "district": districts[arrangement.zone[parts.row]],
        "area_m2": parts.area_m2,
        "ellipsoid_area_m2": np.nan,
        "width_m": parts.width_m,
        "certainty": classify_widths(parts.width_m, sigma_m),
        "is_sliver": False,
        "engine_mode": arrangement.engine_mode[parts.row],
    }
    frame = {
        name: pd.Series(values, dtype=object) if _is_object(values) else values for name, values in columns.items()
    }
    return gpd.GeoDataFrame(frame, geometry=parts.geometry)


def _is_object(values: Any) -> bool:
    return isinstance(values, np.ndarray) and values.dtype == object


def _code_of(ground: Ground, row: int) -> str:
    """Return the class code of a feature as delivered; empty where it has none."""
    code = ground.class_codes[row]
    if pd.isna(code) and isinstance(ground.attributes[row], dict):
        code = ground.attributes[row].get(load_catalogue().layer(ground.code).class_field)
    return _NO_CODE if pd.isna(code) else str(code).strip()


def _system_of(state: LayerState) -> str:
    return load_catalogue().layer(state.code).class_system


def _with_none(values: Any) -> Objects:
    """Return values as an array that ends with None, so that position -1 is none."""
    whole = np.empty(len(values) + 1, dtype=object)
    whole[:-1] = values
    return whole


def _unusable(layer: str, feature: Any, problem: str) -> Untold:
    reason = explain("difference_unusable", layer=layer, feature=feature, problem=problem)
    return Untold("unusable", layer, (feature,), reason)


def _unknown(layer: str, feature: Any, code: str, system: str) -> Text:
    return explain("difference_unknown_code", layer=layer, feature=feature, code=code, system=system)


def _overlap(layer: str, ids: Objects, pair: Any) -> Untold:
    one, other = ids[pair.first], ids[pair.second]
    reason = explain("difference_overlap", layer=layer, feature=one, other=other, area_m2=pair.area_m2)
    return Untold("overlap", layer, (one, other), reason)


def _uncut(left: _Side, right: _Side, i: int, j: int, problem: str) -> Untold:
    one, other = left.ids[i], right.ids[j]
    reason = explain("difference_uncut", feature=one or "-", other=other or "-", problem=problem)
    return Untold("uncut", None, (one, other), reason)
