"""A layer as the engine sees it: an edition, its features, how accurate they are, and where they are complete."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from blueprint.planes import check_frame
from blueprint.rule_kinds import Selection
from blueprint.usability import describe_unusable

__all__ = ["OPEN_DAYS", "Edition", "Feature", "Ground", "LayerState", "select_ground"]

Days: TypeAlias = NDArray[np.datetime64]

_GROUNDLESS = [
    shapely.GeometryType[name] for name in ("POINT", "MULTIPOINT", "LINESTRING", "MULTILINESTRING", "LINEARRING")
]
OPEN_DAYS = (np.datetime64("0001-01-01", "D"), np.datetime64("9999-12-31", "D"))


class Feature(NamedTuple):
    """A feature as a finding names it."""

    id: Any
    name: str | None


@dataclass(frozen=True, slots=True)
class Edition:
    """A dated state of a layer.

    Attributes
    ----------
    valid_from, valid_to
        The days on which it holds in the world, the last one excluded; None: open.
    recorded_at
        When the database learned of it.
    """

    id: Any
    title: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    recorded_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class LayerState:
    """The edition of a layer that is loaded, and what of it is at hand.

    Attributes
    ----------
    code
        The layer's code in the catalogue, such as ``GH2201``.
    accuracy_m
        The standard deviation of its positions, in metres.
    features
        Its features in a projected plane in metres, the index their ids. Columns, all optional: ``name``,
        ``class_code``, ``valid_from`` and ``valid_to`` (dates or ISO texts; the last day excluded; null is open), and
        ``attrs`` (one mapping a feature: its attributes under the names of the catalogue).
    complete
        The polygon, in the same plane, inside which the layer is known to be complete: only there "no hit" is an
        answer. None: it is not known to be complete anywhere.
    reach_m
        The frame holds every feature within this distance of the footprints asked about; infinity for the whole
        layer. Only up to here the distance to the nearest feature can be told; 0 promises those that touch, no more.

    Raises
    ------
    FrameCrsError
        The features are not in a projected plane in metres.
    FrameError
        Two features have the same id.
    """

    code: str
    edition: Edition
    accuracy_m: float
    features: gpd.GeoDataFrame
    complete: Any = None
    reach_m: float = 0.0

    def __post_init__(self) -> None:
        """Check the frame."""
        check_frame(self.features, f"layer {self.code}")

    def holds_on(self, day: dt.date | None) -> bool:
        """Return whether the edition holds on a day; without a day it does."""
        edition = self.edition
        began = day is None or edition.valid_from is None or edition.valid_from <= day
        return began and (day is None or edition.valid_to is None or day < edition.valid_to)


@dataclass(frozen=True, slots=True)
class Ground:
    """The features of a layer that a rule looks at on a day: arrays of one length, in the order of their ids.

    Attributes
    ----------
    geometry
        Their polygons. Points and lines have no ground and are among them only where they are asked for.
    decided
        Whether the filter lets the feature through for sure; where it is false the attributes it needs are missing.
    unusable
        Why its geometry cannot be overlaid; None where it can.
    valid_from, valid_to
        The days on which feature and edition both hold, the last one excluded.
    class_codes, attributes, selection, code
        What is known of each, how the rule reads it, and the layer's code; see `context`.
    """

    ids: NDArray[np.object_]
    names: NDArray[np.object_]
    geometry: NDArray[np.object_]
    decided: NDArray[np.bool_]
    unusable: NDArray[np.object_]
    valid_from: Days
    valid_to: Days
    class_codes: NDArray[np.object_]
    attributes: NDArray[np.object_]
    selection: Selection
    code: str

    def context(self, position: int) -> Mapping[str, Any]:
        """Return the attributes of the feature at a position, as filters read them."""
        name, class_code, attrs = self.names[position], self.class_codes[position], self.attributes[position]
        return self.selection.context(self.code, _attributes(name, class_code, attrs))

    def feature(self, position: int) -> Feature:
        """Return id and name of the feature at a position."""
        name = self.names[position]
        return Feature(self.ids[position], name if isinstance(name, str) else None)

    def label(self, position: int) -> str:
        """Return what a sentence calls the feature at a position: its name, or its id."""
        feature = self.feature(position)
        return str(feature.name or feature.id)

    def usable(self) -> NDArray[np.object_]:
        """Return the polygons that can be overlaid, None in place of the others."""
        usable = self.geometry.copy()
        usable[pd.notna(self.unusable)] = None
        return usable

    def unusable_rows(self) -> list[int]:
        """Return the positions of the features that cannot be overlaid."""
        rows: list[int] = np.flatnonzero(pd.notna(self.unusable)).tolist()
        return rows

    def unusable_near(self, geometry: Any, within_m: float = 0.0) -> list[int]:
        """Return the positions of unusable features that may be so near: those without a place, anywhere."""
        return [i for i in self.unusable_rows() if _may_touch(self.geometry[i], geometry, within_m)]


def select_ground(
    state: LayerState, selection: Selection, as_of: dt.date | None, *, groundless: bool = False
) -> Ground:
    """Return the polygons of a layer that hold on a day (any day: None) and that a filter does not exclude.

    Parameters
    ----------
    groundless
        Whether points and lines are returned as well.
    """
    frame = state.features
    geometry = frame.geometry.to_numpy()
    valid_from, valid_to = _validity(state)
    kept = np.full(len(frame), True) if groundless else ~np.isin(shapely.get_type_id(geometry), _GROUNDLESS)
    if as_of is not None:
        day = np.datetime64(as_of, "D")
        kept &= (valid_from <= day) & (day < valid_to)
    matches = _matches(state, selection, kept)
    kept &= np.array([match is not False for match in matches], dtype=bool)
    rows = np.flatnonzero(kept)
    rows = rows[np.argsort(frame.index.to_numpy()[rows], kind="stable")]
    return Ground(
        ids=frame.index.to_numpy(dtype=object)[rows],
        names=_column(frame, "name")[rows],
        geometry=geometry[rows],
        decided=pd.notna(matches[rows]),
        unusable=describe_unusable(geometry[rows]),
        valid_from=valid_from[rows],
        valid_to=valid_to[rows],
        class_codes=_column(frame, "class_code")[rows],
        attributes=_column(frame, "attrs")[rows],
        selection=selection,
        code=state.code,
    )


def _attributes(name: Any, class_code: Any, attrs: Any) -> dict[str, Any]:
    known = {"name": name, "class_code": class_code}
    return known | attrs if isinstance(attrs, dict) else known


def _may_touch(unusable: Any, geometry: Any, within_m: float) -> bool:
    xy = shapely.get_coordinates(unusable)
    if not len(xy) or not np.isfinite(xy).all():
        return True
    return bool(shapely.dwithin(shapely.box(*unusable.bounds), shapely.box(*geometry.bounds), within_m))


def _matches(state: LayerState, selection: Selection, kept: NDArray[np.bool_]) -> NDArray[np.object_]:
    frame = state.features
    matches = np.full(len(frame), True, dtype=object)
    if selection.where is None:
        return matches
    attrs, names, class_codes = (_column(frame, name) for name in ("attrs", "name", "class_code"))
    for row in np.flatnonzero(kept):
        known = _attributes(names[row], class_codes[row], attrs[row])
        matches[row] = selection.matches(selection.context(state.code, known))
    return matches


def _validity(state: LayerState) -> tuple[Days, Days]:
    began, ended = _days(state.features, "valid_from", OPEN_DAYS[0]), _days(state.features, "valid_to", OPEN_DAYS[1])
    if state.edition.valid_from is not None:
        began = np.maximum(began, np.datetime64(state.edition.valid_from, "D"))
    if state.edition.valid_to is not None:
        ended = np.minimum(ended, np.datetime64(state.edition.valid_to, "D"))
    return began, ended


def _days(frame: gpd.GeoDataFrame, name: str, open_: np.datetime64) -> Days:
    days, values = np.full(len(frame), open_, dtype="datetime64[D]"), _column(frame, name)
    known = pd.notna(values)
    days[known] = values[known].astype("datetime64[D]")
    return days


def _column(frame: gpd.GeoDataFrame, name: str) -> NDArray[np.object_]:
    if name not in frame:
        return np.full(len(frame), None, dtype=object)
    return np.asarray(frame[name].to_numpy(dtype=object, na_value=None))
