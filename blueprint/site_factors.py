"""What makes one site better than another: factors as data, and what each measures of candidate sites.

Every measure is an interval: what is known at least, and at most. A layer that is missing leaves all open; one that is
incomplete, or has no attribute where it is needed, leaves open what it does not tell.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.crosswalk import LAND_CLASS, Crosswalk
from blueprint.edge_areas import shared_areas
from blueprint.edge_trees import prepare
from blueprint.filters import compile_filter
from blueprint.layer_state import LayerState, select_ground
from blueprint.raster_state import RasterState
from blueprint.rule_kinds import Selection
from blueprint.tables import Table
from geocode.faults import Text
from layers.zones import zonal, zonal_slope

__all__ = ["Factor", "Interval", "Measured", "Surroundings", "compactness", "measure_factor", "read_factor"]

Floats: TypeAlias = NDArray[np.float64]
Geometries: TypeAlias = NDArray[np.object_]
_COVERED = 0.995  # of a site: less is not known


class Measure(StrEnum):
    """What a factor measures of a site.

    ``distance`` in metres to the nearest feature, ``share`` of its ground on features, ``grade`` of the ground by their
    class, ``slope`` of the terrain in degrees and ``mean`` of a raster, each over the site, ``compactness`` of its shape.
    """

    DISTANCE = "distance"
    SHARE = "share"
    GRADE = "grade"
    SLOPE = "slope"
    MEAN = "mean"
    COMPACTNESS = "compactness"


class Interval(NamedTuple):
    """What is known of numbers: at least and at most; arrays of one length."""

    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that makes a site better or worse.

    Attributes
    ----------
    layers
        Those that are measured; the nearest feature of any of them counts.
    selection
        Which of their features.
    weight
        Its part of the score.
    curve
        The value of a measure: straight between these points, level beyond.
    class_field, values
        Of a grade: the attribute, and the value of each of its classes.
    """

    id: str
    name: Text
    measure: Measure
    layers: tuple[str, ...]
    weight: float
    selection: Selection
    curve: tuple[tuple[float, float], ...] = ()
    class_field: str = ""
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def reach_m(self) -> float:
        """How far around a site its layers are looked at: where the curve is level there is nothing more to know."""
        return self.curve[-1][0] if self.measure is Measure.DISTANCE else 0.0

    def value(self, measured: Interval) -> Interval:
        """Return the values between which a measure leaves this factor: the curve's least and greatest on the interval."""
        if not self.curve:
            return measured
        x, y = np.array(self.curve).T
        ends = np.stack([np.interp(measured.low, x, y), np.interp(measured.high, x, y)])
        low, high = ends.min(axis=0), ends.max(axis=0)
        for at, value in self.curve:
            inside = (measured.low < at) & (at < measured.high)
            low[inside], high[inside] = np.minimum(low[inside], value), np.maximum(high[inside], value)
        return Interval(low, high)


class Surroundings(NamedTuple):
    """What factors look at: layers in the candidates' plane and rasters, by code, on a day."""

    layers: Mapping[str, LayerState]
    rasters: Mapping[str, Sequence[RasterState]]
    as_of: Any
    crs: Any


class Measured(NamedTuple):
    """What a factor found: the measures, the values that they give, and the layers that are missing."""

    factor: Factor
    measure: Interval
    value: Interval
    missing: tuple[str, ...]


def read_factor(table: Table, crosswalk: Crosswalk) -> Factor:
    """Return a factor of a TOML table.

    Raises
    ------
    RuleError
        A key is unknown, missing or wrong.
    """
    measure = table.take_choice("measure", Measure)
    layers = tuple(table.take_names("layers")) if table.has("layers") else ()
    where = table.take("where", str, default="")
    factor = Factor(
        id=table.take("id", str),
        name=table.take_text("name"),
        measure=measure,
        layers=layers,
        weight=table.take_amount("weight"),
        selection=_selection(layers, where, crosswalk),
        curve=_take_curve(table) if measure is not Measure.GRADE else (),
        class_field=table.take("field", str, default=""),
        values=_take_values(table) if measure is Measure.GRADE else {},
    )
    if (measure is Measure.COMPACTNESS) == bool(layers):
        table.refuse("layers", "factor_needs_layers")
    table.refuse_rest()
    return factor


def measure_factor(factor: Factor, sites: Geometries, around: Surroundings) -> Measured:
    """Return what a factor finds at sites: polygons in the plane of the layers, in metres."""
    missing: tuple[str, ...] = ()
    if factor.measure is Measure.COMPACTNESS:
        measured = _known(compactness(sites))
    elif factor.measure in {Measure.SLOPE, Measure.MEAN}:
        missing = tuple(code for code in factor.layers if not around.rasters.get(code))
        measured = _of_rasters(factor, sites, around)
    else:
        missing = tuple(code for code in factor.layers if code not in around.layers)
        measured = _MEASURES[factor.measure](factor, sites, around)
    return Measured(factor, measured, factor.value(measured), missing)


def compactness(sites: Geometries) -> Floats:
    """Return how round sites are: 4π area / perimeter², 1 for a circle, 0.785 for a square."""
    return np.asarray(4 * math.pi * shapely.area(sites) / np.maximum(shapely.length(sites), 1e-9) ** 2)


def _selection(layers: tuple[str, ...], where: str, crosswalk: Crosswalk) -> Selection:
    chosen = compile_filter(where) if where else None
    reads_class = chosen is not None and LAND_CLASS in chosen.properties
    return Selection(layers, chosen, crosswalk=crosswalk if reads_class else None)


def _take_curve(table: Table) -> tuple[tuple[float, float], ...]:
    points = table.take("curve", list)
    good = [isinstance(point, list) and len(point) == 2 and all(_is_number(each) for each in point) for point in points]  # noqa: PLR2004
    if not points or not all(good):
        table.refuse("curve", "no_curve")
    if any(one[0] >= other[0] for one, other in pairwise(points)) or any(not 0 <= value <= 1 for _, value in points):
        table.refuse("curve", "curve_falls")
    return tuple((float(at), float(value)) for at, value in points)


def _take_values(table: Table) -> dict[str, float]:
    values = table.take("values", dict)
    if not values or not all(_is_number(value) and 0 <= value <= 1 for value in values.values()):
        table.refuse("values", "no_values")
    return {str(name): float(value) for name, value in values.items()}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _known(measure: Floats) -> Interval:
    return Interval(measure, measure.copy())


def _distances(factor: Factor, sites: Geometries, around: Surroundings) -> Interval:
    """Return the way to the nearest feature of any layer; nearer ones may be where a layer is not complete."""
    low, high = np.full((2, len(sites)), np.inf)
    for code in factor.layers:
        state = around.layers.get(code)
        if state is None:
            low[:] = 0.0
            continue
        ground = select_ground(state, factor.selection, around.as_of, groundless=True)
        usable = ground.usable()
        sure = usable[ground.decided & ~shapely.is_missing(usable)]
        nearest_m, possible_m = _nearest(sites, sure), _nearest(sites, usable)
        unknown_m = np.minimum(_to_the_unknown(sites, state.complete), max(state.reach_m, 0.0))
        low, high = np.minimum(low, np.minimum(possible_m, unknown_m)), np.minimum(high, nearest_m)
    return Interval(low, high)


def _nearest(sites: Geometries, features: Geometries) -> Floats:
    distance_m = np.full(len(sites), np.inf)
    features = features[~shapely.is_missing(features)]
    if len(features):
        (rows, _), found_m = shapely.STRtree(features).query_nearest(sites, return_distance=True, all_matches=False)
        distance_m[rows] = found_m
    return distance_m


def _to_the_unknown(sites: Geometries, complete: Any) -> Floats:
    """Return how far around sites a layer is known to be complete; 0 where it is not complete at all of the site."""
    if complete is None:
        return np.zeros(len(sites))
    inside = shapely.covers(complete, sites)
    return np.where(inside, shapely.distance(sites, shapely.boundary(complete)), 0.0)


def _shares(factor: Factor, sites: Geometries, around: Surroundings) -> Interval:
    low, open_ = np.zeros((2, len(sites)))
    for code in factor.layers:
        state = around.layers.get(code)
        if state is None:
            open_[:] = 1.0
            continue
        ground = select_ground(state, factor.selection, around.as_of)
        share = partial(_share_by, sites, ground.usable())
        sure = ground.decided.astype(float)
        low += share(sure)
        open_ += share(1 - sure) + 1 - _known_share(sites, state, around)
    return Interval(np.minimum(low, 1.0), np.minimum(low + open_, 1.0))


def _grades(factor: Factor, sites: Geometries, around: Surroundings) -> Interval:
    """Return the mean value of the ground by class; ground whose class is not known may have any value."""
    low, known = np.zeros((2, len(sites)))
    for code in factor.layers:
        state = around.layers.get(code)
        if state is None:
            continue
        ground = select_ground(state, factor.selection, around.as_of)
        classes = [ground.context(row).get(factor.class_field) for row in range(len(ground.ids))]
        classes = [own if said is None else said for said, own in zip(classes, ground.class_codes, strict=True)]
        values = np.array([factor.values.get(str(each).strip(), np.nan) for each in classes], dtype=float)
        low += _share_by(sites, ground.usable(), np.nan_to_num(values))
        known += _share_by(sites, ground.usable(), (~np.isnan(values)).astype(float))
    most = np.maximum(known, 1.0)  # where features overlap they count by their parts
    return Interval(low / most, np.minimum(low / most + np.maximum(1 - known, 0.0), 1.0))


def _of_rasters(factor: Factor, sites: Geometries, around: Surroundings) -> Interval:
    """Return the mean over sites of the raster that covers them; open where none does."""
    low, high = np.zeros(len(sites)), np.full(len(sites), np.inf)
    measure = zonal_slope if factor.measure is Measure.SLOPE else zonal
    ground = gpd.GeoSeries(sites, crs=around.crs)
    for code in factor.layers:
        for state in around.rasters.get(code, ()):
            if not state.holds_on(around.as_of):
                continue
            table = measure(state.raster, ground)
            covered = table["share_covered"].to_numpy() >= _COVERED
            low[covered] = high[covered] = table["mean"].to_numpy()[covered]
    return Interval(low, high)


def _share_by(sites: Geometries, features: Geometries, weights: Floats) -> Floats:
    """Return the sum over features of the share of each site that they have, times their weights."""
    shared = shared_areas(prepare(sites), prepare(features))
    sums = np.bincount(shared.left, shared.area_m2 * weights[shared.right], len(sites))
    return np.asarray(sums / np.maximum(shapely.area(sites), 1e-9))


def _known_share(sites: Geometries, state: LayerState, around: Surroundings) -> Floats:
    """Return how much of each site a layer tells of: where it is complete, or has features."""
    everything = select_ground(state, Selection((state.code,)), around.as_of).usable()
    covered = _share_by(sites, everything, np.ones(len(everything)))
    complete = np.array([state.complete or shapely.Polygon()], dtype=object)
    return np.minimum(np.maximum(covered, _share_by(sites, complete, np.ones(1))), 1.0)


_MEASURES = {Measure.DISTANCE: _distances, Measure.SHARE: _shares, Measure.GRADE: _grades}
