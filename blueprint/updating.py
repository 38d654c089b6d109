"""Conflicts brought up to date: only what touches a changed feature is computed, and told as what is new, gone and changed.

A feature never changes: what is delivered anew is a feature with another id. So two features that both were there
before share what they shared, and of 90,000 pairs a change of 20 polygons concerns a hundred.
"""

import datetime as dt
import math
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from blueprint.conflicts import Conflict, Rasters, Touching, conflicts_of, frame_conflicts, list_unevaluated
from blueprint.layer_state import LayerState, select_ground
from blueprint.rules import Predicate, Rule, Selection, rules_in_force
from blueprint.usability import describe_unusable

__all__ = [
    "SAME_IOU",
    "Change",
    "ChangedConflict",
    "ConflictDelta",
    "RowDelta",
    "list_changed",
    "standing_conflicts",
    "update_conflicts",
    "update_rows",
]

Rows: TypeAlias = NDArray[np.intp]
Shapes: TypeAlias = NDArray[np.object_]
Changed: TypeAlias = Mapping[str, gpd.GeoSeries]

SAME_IOU = 0.5
_NOWHERE = np.empty(0, dtype=object)
_MEASURE_TOLERANCE = 2e-6  # widths are right to 1e-6, whatever they are measured together with
_EXACT = ("left", "right", "severity", "advisory", "right_layer", "outcome", "certainty", "valid_from", "valid_to")
_MEASURED = ("area_m2", "width_m")


class ConflictDelta(NamedTuple):
    """What became of the conflicts of before; frames with the columns of `Conflict`.

    Attributes
    ----------
    new
        Those that were not there before.
    gone
        Those of before that are there no more, under their own index.
    changed
        Those that are there still and are not the same, as they are now; with ``before``, the index of what they
        were, and ``iou``, how much of the ground is the same (None where one of the two has no ground).
    kept
        Those of before that are as they were, under their own index.
    """

    new: gpd.GeoDataFrame
    gone: gpd.GeoDataFrame
    changed: gpd.GeoDataFrame
    kept: gpd.GeoDataFrame


class ChangedConflict(NamedTuple):
    """A conflict that is not what it was: its key then, what it is now, and how much of the ground is the same."""

    before: Hashable
    now: Conflict
    iou: float | None


class RowDelta(NamedTuple):
    """What became of the conflicts of before, as `ConflictDelta`; those of before by their keys."""

    new: list[Conflict]
    gone: list[Hashable]
    changed: list[ChangedConflict]
    kept: list[Hashable]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is not as it was.

    Attributes
    ----------
    features
        By layer code, the features, index and geometry, that are there now and were not, or were there and are not:
        see `list_changed`.
    afresh
        The ids of the rules to be computed in full: those that changed, came into force, or have a layer with another
        accuracy, completeness or validity, or another raster, than before. For these conflicts and layers are whole.
    """

    features: Mapping[str, gpd.GeoSeries]
    afresh: Collection[str] = ()


def update_conflicts(  # noqa: PLR0913 - what was, what is, and what of it changed
    previous: gpd.GeoDataFrame,
    layers: Mapping[str, LayerState],
    rules: Iterable[Rule],
    *,
    changed: Mapping[str, gpd.GeoSeries],
    as_of: dt.date | None,
    afresh: Collection[str] = (),
    rasters: Rasters | None = None,
) -> ConflictDelta:
    """Bring conflicts up to date.

    Parameters
    ----------
    previous
        The conflicts of before, in the layers' plane; its index tells them apart. All of them, or at least those of
        changed features and, for rules that look at more than pairs, of left features near changed ones.
    layers
        The layers by code as they are now, whole, or all that lies near the changed features and, for rules that look
        at more than pairs, near what lies near those.
    changed, afresh
        See `Change`.
    as_of
        The day asked about now.
    rasters
        The rasters of layers, by code.

    Raises
    ------
    FrameCrsError
        The layers are not all in the same plane.
    """
    crs = next((state.features.crs for state in layers.values()), previous.crs)
    rows = {key: _as_conflict(row) for key, row in zip(previous.index, _tuples(previous), strict=True)}
    change = Change(features=changed, afresh=afresh)
    delta = update_rows(rows, layers, rules, change=change, as_of=as_of, rasters=rasters)
    now = frame_conflicts([each.now for each in delta.changed], crs)
    now["before"] = pd.Series([each.before for each in delta.changed], dtype=object)
    now["iou"] = pd.Series([each.iou for each in delta.changed], dtype=object)
    return ConflictDelta(frame_conflicts(delta.new, crs), previous.loc[delta.gone], now, previous.loc[delta.kept])


def update_rows(
    previous: Mapping[Hashable, Conflict],
    layers: Mapping[str, LayerState],
    rules: Iterable[Rule],
    *,
    change: Change,
    as_of: dt.date | None,
    rasters: Rasters | None = None,
) -> RowDelta:
    """Bring conflicts up to date as `update_conflicts` does, those of before given by keys."""
    near, found, stale = _Near(layers, change.features, as_of, rasters or {}), list[Conflict](), list[Hashable]()
    by_rule: dict[str, dict[Hashable, Conflict]] = {}
    for key, conflict in previous.items():
        by_rule.setdefault(conflict.rule, {})[key] = conflict
    for rule in rules_in_force(rules, as_of):
        mine = by_rule.pop(rule.id, {})
        if rule.a is None:
            continue
        if rule.id in change.afresh or list_unevaluated(layers, [rule], as_of=as_of, rasters=rasters):
            stale += mine
            found += near.conflicts_of(rule, layers)
        elif any(len(near.changed_in(code)) for code in rule.layers):
            again = _overlaps_again if rule.predicate is Predicate.OVERLAP else _alone_again
            rows, is_concerned = again(rule, near)
            stale += [key for key, conflict in mine.items() if is_concerned(conflict)]
            found += rows
    # of rules that are not in force any more
    stale += [key for conflicts in by_rule.values() for key in conflicts]
    return _compare(previous, stale, found)


def list_changed(
    before: LayerState | None, after: LayerState | None, *, days: tuple[dt.date | None, dt.date | None]
) -> gpd.GeoSeries:
    """Return the features of a layer that hold on the second day and did not on the first, or the other way round.

    Parameters
    ----------
    before, after
        The layer then and now, in one plane; None: no edition of it is loaded.
    """
    states = [state for state in (before, after) if state is not None]
    sides = [
        pd.Series(dict(zip(ground.ids, ground.geometry, strict=True)), dtype=object)
        for state, day in ((before, days[0]), (after, days[1]))
        for ground in ([] if state is None else [select_ground(state, Selection((state.code,)), day, groundless=True)])
    ]
    if len(sides) == 2:  # noqa: PLR2004 - then and now
        then, now = sides
        sides = [then[~then.index.isin(now.index)], now[~now.index.isin(then.index)]]
    together = pd.concat(sides) if sides else pd.Series(dtype=object)
    return gpd.GeoSeries(together, crs=states[0].features.crs if states else None)


def standing_conflicts(delta: ConflictDelta, rules: Iterable[Rule]) -> gpd.GeoDataFrame:
    """Return all conflicts as they are now, in the order of `find_conflicts`."""
    columns = list(Conflict._fields)
    parts = [frame[columns] for frame in (delta.kept, delta.changed, delta.new)]
    whole = pd.concat([part for part in parts if len(part)] or parts[:1])
    order = {rule.id: (number, rule) for number, rule in enumerate(rules)}

    def place(row: int) -> tuple[Any, ...]:
        number, rule = order[rules_of[row]]
        alone = rights[row] is None and rule.predicate is Predicate.OVERLAP
        side = 1 + (rule.a is not None and left_layers[row] not in rule.a.layers) if alone else 0
        return number, side, lefts[row], 0 if rights[row] is None else rights[row]

    rules_of, left_layers, lefts = (whole[name].tolist() for name in ("rule", "left_layer", "left"))
    rights = [None if pd.isna(right) else right for right in whole["right"]]
    return whole.iloc[sorted(range(len(whole)), key=place)].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class _Near:
    """The layers, and their features near places."""

    layers: Mapping[str, LayerState]
    changed: Changed
    as_of: dt.date | None
    rasters: Rasters
    _trees: dict[str, shapely.STRtree] = field(default_factory=dict)

    def conflicts_of(
        self, rule: Rule, layers: Mapping[str, LayerState], *, touching: Touching | None = None
    ) -> list[Conflict]:
        """Return the conflicts of a rule between some layers; see `conflicts.conflicts_of`."""
        return conflicts_of(rule, layers, self.as_of, touching=touching, rasters=self.rasters)

    def changed_in(self, code: str) -> gpd.GeoSeries:
        """Return the changed features of a layer."""
        return self.changed.get(code, gpd.GeoSeries())

    def places(self, codes: Iterable[str]) -> Shapes:
        """Return the geometries of the changed features of some layers."""
        return np.concatenate([_NOWHERE, *(self.changed_in(code).to_numpy(dtype=object) for code in codes)])

    def narrowed(self, code: str, places: Shapes, ids: Collection[Any] = ()) -> LayerState:
        """Return a layer with those of its features near places, and those with some ids."""
        state = self.layers[code]
        if not len(places) and not len(ids):
            return replace(state, features=state.features.iloc[:0])
        rows = np.union1d(self._rows_near(state, places), np.flatnonzero(state.features.index.isin(list(ids))))
        return replace(state, features=state.features.iloc[rows])

    def ids_met(self, code: str, places: Shapes) -> set[Any]:
        """Return the ids of a layer's features that places touch, or may touch where they cannot be overlaid.

        Not those of bounds that meet: what is loaded for an update was found by other bounds, in degrees.
        """
        state, unusable = self.layers[code], pd.notna(describe_unusable(places))
        rows = self._rows_near(state, places[unusable]) if unusable.any() else np.empty(0, dtype=np.intp)
        shapes = state.features.geometry.to_numpy()
        i, j = shapely.STRtree(shapes).query(places[~unusable])
        near, sound = np.unique(j), pd.isna(describe_unusable(shapes))
        met = j[_touch(places[~unusable][i], shapes[j])]
        return set(state.features.index[np.union1d(rows, np.concatenate([met, near[~sound[near]]]))])

    def _rows_near(self, state: LayerState, places: Shapes) -> Rows:
        """Return the positions of the features whose bounds meet those of places, or that have no place."""
        shapes = state.features.geometry.to_numpy()
        if _placeless(places).any():
            return np.arange(len(shapes))
        if state.code not in self._trees:
            self._trees[state.code] = shapely.STRtree(_bounds(shapes))
        return np.union1d(self._trees[state.code].query(_bounds(places))[1], np.flatnonzero(_placeless(shapes)))


def _overlaps_again(rule: Rule, near: _Near) -> tuple[list[Conflict], Callable[[Conflict], bool]]:
    """Return the pairs that a changed feature is in now, and what tells those before that had one in them."""
    a, others = _layers_of(rule, near)
    touching = {code: set(near.changed_in(code).index) for code in (a, *rule.b.layers)}
    # ground that a third layer excuses is that of a pair with a left feature near it
    touching[a] |= near.ids_met(a, near.places(set(others) - set(rule.b.layers)))
    left = near.narrowed(a, near.places(rule.layers), touching[a])
    around = np.concatenate([near.places(rule.layers), _shapes(near.narrowed(a, _NOWHERE, touching[a]))])
    layers = {a: left} | {code: near.narrowed(code, around) for code in others}

    def is_concerned(conflict: Conflict) -> bool:
        return conflict.left in touching[conflict.left_layer] or conflict.right in touching[conflict.right_layer]

    return near.conflicts_of(rule, layers, touching=touching), is_concerned


def _alone_again(rule: Rule, near: _Near) -> tuple[list[Conflict], Callable[[Conflict], bool]]:
    """Return what is found of the left features that changed or lie near a change, and what tells those before of theirs."""
    a, others = _layers_of(rule, near)
    if a in rule.b.layers:
        return near.conflicts_of(rule, near.layers), lambda _: True
    touched = set(near.changed_in(a).index) | near.ids_met(a, near.places(others))
    left = near.narrowed(a, _NOWHERE, touched)
    layers = {a: left} | {code: near.narrowed(code, _shapes(left)) for code in others}
    return near.conflicts_of(rule, layers), lambda conflict: conflict.left in touched


def _layers_of(rule: Rule, near: _Near) -> tuple[str, tuple[str, ...]]:
    """Return the layer of the left features, and the others that a rule looks at."""
    assert rule.a is not None  # else it is one for footprints
    (a,) = rule.a.layers
    return a, tuple(code for code in rule.layers if code != a and code in near.layers)


def _shapes(state: LayerState) -> Shapes:
    return np.asarray(state.features.geometry.to_numpy())


def _touch(a: Shapes, b: Shapes) -> NDArray[np.bool_]:
    try:
        return np.asarray(shapely.intersects(a, b))
    except shapely.GEOSException:
        return np.full(len(a), True)


def _bounds(shapes: Shapes) -> Shapes:
    boxes: Shapes = np.full(len(shapes), None, dtype=object)
    there = ~_placeless(shapes)
    boxes[there] = shapely.box(*shapely.bounds(shapes[there]).T)
    return boxes


def _placeless(shapes: Shapes) -> NDArray[np.bool_]:
    """Return which geometries are nowhere: missing, empty, or not finite."""
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    nowhere = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    nowhere[row[~np.isfinite(xy).all(axis=1)]] = True
    return np.asarray(nowhere)


def _compare(previous: Mapping[Hashable, Conflict], stale: Sequence[Hashable], found: Sequence[Conflict]) -> RowDelta:
    """Return which of the conflicts found are those that were there, which are new, and which were there and are not."""
    before = [previous[key] for key in stale]
    pairs = _pair_up(before, found)
    kept = set(previous) - set(stale) | {stale[i] for i, j in pairs.items() if _are_same(before[i], found[j])}
    changed = [(i, j) for i, j in pairs.items() if stale[i] not in kept]
    iou = _iou([before[i] for i, _ in changed], [found[j] for _, j in changed])
    taken = set(pairs.values())
    return RowDelta(
        new=[conflict for j, conflict in enumerate(found) if j not in taken],
        gone=[key for i, key in enumerate(stale) if i not in pairs],
        changed=[ChangedConflict(stale[i], found[j], share) for (i, j), share in zip(changed, iou, strict=True)],
        kept=[key for key in previous if key in kept],
    )


def _pair_up(before: Sequence[Conflict], found: Sequence[Conflict]) -> dict[int, int]:
    """Return, by position, which of the conflicts found was which before: of the same features, else of the same ground."""
    places = {_identity(conflict): j for j, conflict in enumerate(found)}
    pairs = {i: places[_identity(conflict)] for i, conflict in enumerate(before) if _identity(conflict) in places}
    old = [i for i in range(len(before)) if i not in pairs]
    new = sorted(set(range(len(found))) - set(pairs.values()))
    tree = shapely.STRtree(_grounds([found[j] for j in new]))
    met = tree.query(_grounds([before[i] for i in old]), predicate="intersects").T.tolist()
    likely = [(old[i], new[j]) for i, j in met if before[old[i]].rule == found[new[j]].rule]
    shares = _iou([before[i] for i, _ in likely], [found[j] for _, j in likely])
    taken: set[int] = set()
    for share, (i, j) in sorted(zip(shares, likely, strict=True), key=lambda pair: -(pair[0] or 0.0)):
        if (share or 0.0) >= SAME_IOU and i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return pairs


def _identity(conflict: Conflict) -> tuple[Any, ...]:
    return conflict.rule, conflict.left_layer, conflict.left, conflict.right


def _are_same(before: Conflict, now: Conflict) -> bool:
    exact = all(getattr(before, name) == getattr(now, name) for name in _EXACT)
    return exact and all(_is_close(getattr(before, name), getattr(now, name)) for name in _MEASURED)


def _is_close(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is now
    return math.isclose(before, now, rel_tol=1e-9, abs_tol=_MEASURE_TOLERANCE)


def _iou(before: Sequence[Conflict], now: Sequence[Conflict]) -> list[float | None]:
    """Return the shares of the ground of either that is ground of both, row by row."""
    a, b = _grounds(before), _grounds(now)
    whole_m2 = shapely.area(a) + shapely.area(b)
    both_m2 = shapely.area(_intersections(a, b))
    shares = both_m2 / np.where(whole_m2 > both_m2, whole_m2 - both_m2, np.nan)
    return [None if np.isnan(share) else min(float(share), 1.0) for share in shares]


def _grounds(conflicts: Sequence[Conflict]) -> Shapes:
    shapes: Shapes = np.full(len(conflicts), None, dtype=object)
    shapes[:] = [conflict.geometry for conflict in conflicts]
    return shapes


def _intersections(a: Shapes, b: Shapes) -> Any:
    try:
        return shapely.intersection(a, b)
    except shapely.GEOSException:
        return shapely.intersection(a, b, grid_size=1e-3)


def _tuples(frame: gpd.GeoDataFrame) -> Iterator[tuple[Any, ...]]:
    return zip(*(frame[name].to_numpy(dtype=object) for name in Conflict._fields), strict=True)


def _as_conflict(row: tuple[Any, ...]) -> Conflict:
    """Return a row of a frame, in which nothing may stand as not a number."""
    return Conflict._make(None if isinstance(value, float) and math.isnan(value) else value for value in row)
