"""A layer as the engine sees it: an edition, its features, how accurate they are, and where they are complete."""

import datetime as dt
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.feature_arrays import OPEN_DAYS, Days, FeatureArrays
from blueprint.kept import Kept
from blueprint.planes import check_frame
from blueprint.rule_kinds import Selection
from blueprint.usability import describe_unusable
from geocode.faults import are_sound

__all__ = ["OPEN_DAYS", "Edition", "Feature", "Ground", "LayerState", "select_ground"]

T = TypeVar("T")

_GROUNDLESS = [
    shapely.GeometryType[name] for name in ("POINT", "MULTIPOINT", "LINESTRING", "MULTILINESTRING", "LINEARRING")
]


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
    currency
        The day whose state of the world it shows; None where nobody said.
    """

    id: Any
    title: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    recorded_at: dt.datetime | None = None
    currency: dt.date | None = None

    def holds_on(self, day: dt.date | None) -> bool:
        """Return whether it holds on a day; without a day it does."""
        began = day is None or self.valid_from is None or self.valid_from <= day
        return began and (day is None or self.valid_to is None or day < self.valid_to)


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
        ``attrs`` (one mapping a feature: its attributes under the names of the catalogue). Or `FeatureArrays`, from
        somebody who has the features as arrays.
    complete
        The polygon, in the same plane, inside which the layer is known to be complete: only there "no hit" is an
        answer. None: it is not known to be complete anywhere.
    reach_m
        The frame holds every feature within this distance of the footprints asked about; infinity for the whole
        layer. Only up to here the distance to the nearest feature can be told; 0 promises those that touch, no more.
    around
        An area, such as the sites of the footprints, whose features the frame holds as well; None: none.

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
    around: Any = None
    _kept: Kept = field(default_factory=Kept, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the frame."""
        if not isinstance(self.features, FeatureArrays):
            check_frame(self.features, f"layer {self.code}")

    @property
    def arrays(self) -> FeatureArrays:
        """The features as arrays."""
        if isinstance(self.features, FeatureArrays):
            return self.features
        return self.once("arrays", lambda: FeatureArrays.of(self.features))

    def once(self, key: Hashable, work: Callable[[], T]) -> T:
        """Return what some work on the features comes to; rules ask the same of a layer again and again."""
        return self._kept.once(key, work)

    def holds_on(self, day: dt.date | None) -> bool:
        """Return whether the edition holds on a day; without a day it does."""
        return self.edition.holds_on(day)


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
    _kept: Kept = field(default_factory=Kept, init=False, repr=False, compare=False)

    @property
    def tree(self) -> shapely.STRtree:
        """The index of the polygons that can be overlaid."""
        return self._kept.once("tree", lambda: shapely.STRtree(self.usable()))

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
        usable[~are_sound(self.unusable)] = None
        return usable

    def unusable_rows(self) -> list[int]:
        """Return the positions of the features that cannot be overlaid."""
        rows: list[int] = np.flatnonzero(~are_sound(self.unusable)).tolist()
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
    asked = (selection, as_of, groundless)
    return state.once(asked, lambda: _select_ground(state, selection, as_of, groundless=groundless))


def _select_ground(state: LayerState, selection: Selection, as_of: dt.date | None, *, groundless: bool) -> Ground:
    arrays = state.arrays
    if not len(arrays.ids):  # around one footprint, of most layers nothing is there
        return _no_ground(state.code, selection)
    valid_from, valid_to = _validity(state, arrays)
    kept = np.full(len(arrays.ids), True) if groundless else ~np.isin(shapely.get_type_id(arrays.geometry), _GROUNDLESS)
    if as_of is not None:
        day = np.datetime64(as_of, "D")
        kept &= (valid_from <= day) & (day < valid_to)
    matches = _matches(state.code, arrays, selection, kept)
    kept &= np.array([match is not False for match in matches], dtype=bool)
    rows = np.flatnonzero(kept)
    rows = rows[np.argsort(arrays.ids[rows], kind="stable")]
    return Ground(
        ids=arrays.ids[rows],
        names=arrays.names[rows],
        geometry=arrays.geometry[rows],
        decided=~are_sound(matches[rows]),
        unusable=describe_unusable(arrays.geometry[rows]),
        valid_from=valid_from[rows],
        valid_to=valid_to[rows],
        class_codes=arrays.class_codes[rows],
        attributes=arrays.attributes[rows],
        selection=selection,
        code=state.code,
    )


def _no_ground(code: str, selection: Selection) -> Ground:
    nothing, flags, days = np.empty(0, dtype=object), np.empty(0, dtype=bool), np.empty(0, dtype="datetime64[D]")
    return Ground(nothing, nothing, nothing, flags, nothing, days, days, nothing, nothing, selection, code)


def _attributes(name: Any, class_code: Any, attrs: Any) -> dict[str, Any]:
    known = {"name": name, "class_code": class_code}
    return known | attrs if isinstance(attrs, dict) else known


def _may_touch(unusable: Any, geometry: Any, within_m: float) -> bool:
    xy = shapely.get_coordinates(unusable)
    if not len(xy) or not np.isfinite(xy).all():
        return True
    return bool(shapely.dwithin(shapely.box(*unusable.bounds), shapely.box(*geometry.bounds), within_m))


def _matches(code: str, arrays: FeatureArrays, selection: Selection, kept: NDArray[np.bool_]) -> NDArray[np.object_]:
    matches = np.full(len(arrays.ids), True, dtype=object)
    if selection.where is None:
        return matches
    for row in np.flatnonzero(kept):
        known = _attributes(arrays.names[row], arrays.class_codes[row], arrays.attributes[row])
        matches[row] = selection.matches(selection.context(code, known))
    return matches


def _validity(state: LayerState, arrays: FeatureArrays) -> tuple[Days, Days]:
    began, ended = arrays.valid_from, arrays.valid_to
    if state.edition.valid_from is not None:
        began = np.maximum(began, np.datetime64(state.edition.valid_from, "D"))
    if state.edition.valid_to is not None:
        ended = np.minimum(ended, np.datetime64(state.edition.valid_to, "D"))
    return began, ended
