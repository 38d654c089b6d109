"""Differences between two geometry versions of a building, and what the tolerances say of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass as validated

from geocode import Text
from registry.stages import Basis, Confidence, read_rows

__all__ = ["MEASURES", "Step", "Tolerance", "judge_differences", "load_tolerances", "measure_differences"]

Floats = NDArray[np.float64]
Measure = Literal[
    "area_change",
    "floor_area_change",
    "height_difference_m",
    "displacement_m",
    "hausdorff_m",
    "iou",
    "gained_m2",
    "lost_m2",
    "reach_m",
]
# each with the quantity by whose earlier value its limit may have steps
MEASURES: dict[Measure, str] = {
    "area_change": "area_before_m2",
    "floor_area_change": "floor_area_before_m2",
    "height_difference_m": "height_before_m",
    "displacement_m": "area_before_m2",
    "hausdorff_m": "area_before_m2",
    "iou": "area_before_m2",
    "gained_m2": "area_before_m2",
    "lost_m2": "area_before_m2",
    "reach_m": "area_before_m2",
}
# each edge is cut in so many for the distance between two outlines
_DENSITY = 1 / 16
_STEP_M = 0.5


@dataclass(frozen=True, slots=True)
class Step:
    """A limit of its own up to a size."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    up_to: float
    most: float


@validated(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Tolerance:
    """How much the geometries of two stages may differ; what the fields are stands at the head of the list."""

    id: str
    title: Text
    between: tuple[str, str]
    measure: Measure
    most: float | None = None
    least: float | None = None
    steps: tuple[Step, ...] = ()
    severity: Literal["prohibit", "advise"] = "advise"
    basis: tuple[Basis, ...] = ()
    confidence: Confidence = "unconfirmed"

    @model_validator(mode="after")
    def _has_one_limit(self) -> "Tolerance":
        if (self.most is None) == (self.least is None) or (self.steps and self.most is None):
            raise ValueError("give most, with steps or without, or least")
        return self

    @property
    def shown_severity(self) -> str:
        """The severity; what is not confirmed advises."""
        return self.severity if self.confidence == "confirmed" else "advise"

    def limits(self, sizes: Floats) -> Floats:
        """Return the limit for each of some sizes, the earlier values of the quantity; shape (n,)."""
        if self.least is not None:
            return np.full(len(sizes), self.least)
        found = np.full(len(sizes), self.most, dtype=float)
        for step in sorted(self.steps, key=lambda step: -step.up_to):
            found[sizes <= step.up_to] = step.most
        return found


@cache
def load_tolerances() -> tuple[Tolerance, ...]:
    """Return all tolerances, as they are where no city changes them."""
    return TypeAdapter(tuple[Tolerance, ...]).validate_python(read_rows("tolerances.toml", "tolerance"))


def measure_differences(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return how later geometries differ from earlier ones, row by row.

    Parameters
    ----------
    before, after
        Valid polygons in one plane in metres, a row each for the same building, in one order. Where there are columns
        ``height_m`` and ``floor_area_m2``, they are compared too.

    Returns
    -------
    gpd.GeoDataFrame
        Indexed as `before`, with ``area_before_m2, area_difference_m2, area_change`` (as a share of before), the same of
        ``floor_area`` and ``height``, ``displacement_m`` (between the centroids), ``hausdorff_m`` (between the outlines),
        ``iou``, ``gained_m2, lost_m2``, ``reach_m`` (how far the later one reaches beyond the earlier), and the ground
        gained and lost as geometries ``gained, lost``. What is not known is nan.

    Raises
    ------
    ValueError
        The two are not in one projected CRS, or not of one length.
    """
    if before.crs is None or before.crs != after.crs or before.crs.is_geographic or len(before) != len(after):
        raise ValueError("Two frames of one length in one projected CRS are needed: areas are in square metres.")
    old, new = np.asarray(before.geometry.values), np.asarray(after.geometry.values)
    gained, lost = shapely.difference(new, old), shapely.difference(old, new)
    common = shapely.area(shapely.intersection(old, new))
    old_edge, new_edge = shapely.boundary(old), shapely.boundary(new)
    columns = {
        **_compared("area", "_m2", shapely.area(old), shapely.area(new)),
        **_compared("floor_area", "_m2", _column(before, "floor_area_m2"), _column(after, "floor_area_m2")),
        **_compared("height", "_m", _column(before, "height_m"), _column(after, "height_m")),
        "displacement_m": shapely.distance(shapely.centroid(old), shapely.centroid(new)),
        "hausdorff_m": shapely.hausdorff_distance(old_edge, new_edge, densify=_DENSITY),
        "iou": common / (shapely.area(old) + shapely.area(new) - common),
        "gained_m2": shapely.area(gained),
        "lost_m2": shapely.area(lost),
        "reach_m": _reach(gained, old),
    }
    shapes = {"gained": gpd.GeoSeries(gained, crs=before.crs), "lost": gpd.GeoSeries(lost, crs=before.crs)}
    frame = gpd.GeoDataFrame(pd.DataFrame({**columns, **shapes}), geometry="gained", crs=before.crs)
    return frame.set_axis(before.index)


def judge_differences(differences: pd.DataFrame, tolerances: Sequence[Tolerance]) -> pd.DataFrame:
    """Return what tolerances say of differences.

    Parameters
    ----------
    differences
        As `measure_differences` returns them, all between the stages of the tolerances.

    Returns
    -------
    pd.DataFrame
        A row for each tolerance and difference, in the tolerances' order: ``tolerance`` (its id), ``row`` (of the
        differences' index), ``outcome`` (``pass``, ``fail``, ``not_evaluated`` where the measure is not known),
        ``severity``, ``value`` (its size), ``limit``, and ``margin``, what is left up to the limit, negative beyond it.
    """
    judged = []
    for tolerance in tolerances:
        value = np.abs(_column(differences, tolerance.measure))
        limit = tolerance.limits(_column(differences, MEASURES[tolerance.measure]))
        margin = value - limit if tolerance.least is not None else limit - value
        outcome = np.select([np.isnan(margin), margin >= 0], ["not_evaluated", "pass"], "fail")
        columns = {"row": differences.index, "outcome": outcome, "value": value, "limit": limit, "margin": margin}
        judged.append(pd.DataFrame({"tolerance": tolerance.id, "severity": tolerance.shown_severity, **columns}))
    names = ["tolerance", "severity", "row", "outcome", "value", "limit", "margin"]
    return pd.concat(judged, ignore_index=True) if judged else pd.DataFrame(columns=names)


def _compared(name: str, unit: str, old: Floats, new: Floats) -> dict[str, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(old > 0, (new - old) / old, np.nan)
    return {f"{name}_before{unit}": old, f"{name}_difference{unit}": new - old, f"{name}_change": change}


def _column(frame: pd.DataFrame, name: str) -> Floats:
    """Return a column as numbers, nan where there is none."""
    if name not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(pd.to_numeric(frame[name]).to_numpy(dtype=float, na_value=np.nan))


def _reach(gained: NDArray[np.object_], old: NDArray[np.object_]) -> Floats:
    """Return how far gained ground goes from the old footprint, 0 where there is none."""
    # a notch that was filled has all its corners on the old outline: its edge is looked at between them
    points, owner = shapely.get_coordinates(shapely.segmentize(gained, _STEP_M), return_index=True)
    reach = np.zeros(len(old))
    np.maximum.at(reach, owner, shapely.distance(shapely.points(points), old[owner]))
    return reach
