"""Conflicts: two features that share ground against a rule, or one that lies outside of what must hold it."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from blueprint.certainty import Certainty, combine_accuracies
from blueprint.cutting import Cut, Polygons, cut_away, cut_pairs, take_polygons
from blueprint.edge_areas import SharedAreas, find_near, least_ground_m2, measure_pairs
from blueprint.edge_trees import index
from blueprint.evaluation import evaluate
from blueprint.evidence import Subjects
from blueprint.filters import Filter
from blueprint.judgement import Judgement, judge
from blueprint.layer_state import OPEN_DAYS, Ground, LayerState, select_ground
from blueprint.outcomes import Finding, Outcome
from blueprint.overlay import Parts, list_sound_parts, merge_runs
from blueprint.pairing import list_pair_attributes, pair_outcome
from blueprint.planes import check_same_plane
from blueprint.questions import Asked, Question, explain_obstacle, find_obstacle
from blueprint.raster_state import RasterState
from blueprint.reasons import explain
from blueprint.rules import Predicate, Rule, Selection, Severity, rules_in_force
from geocode.faults import Text

__all__ = [
    "Conflict",
    "Rasters",
    "Touching",
    "Unevaluated",
    "conflicts_of",
    "find_conflicts",
    "frame_conflicts",
    "list_unevaluated",
]

Pairs: TypeAlias = NDArray[np.intp]
Rasters: TypeAlias = Mapping[str, Sequence[RasterState]]
Touching: TypeAlias = Mapping[str, Collection[Any]]


class Conflict(NamedTuple):
    """One row of the conflicts.

    Attributes
    ----------
    rule, severity, advisory
        The rule's id, and how hard it is; an advisory rule warns at most.
    left, right
        The features' ids; `right` is None where the left one lies outside, or cannot be overlaid.
    area_m2, width_m, certainty
        The ground that breaks the rule: its area, and how wide its widest part is.
    reason
        Why a row passes or was not evaluated, in both languages.
    valid_from, valid_to
        The days on which both features hold, the last one excluded; None is open.
    geometry
        The ground that breaks the rule.
    """

    rule: str
    severity: Severity
    advisory: bool
    left_layer: str
    left: Any
    right_layer: str
    right: Any
    outcome: Outcome
    area_m2: float | None = None
    width_m: float | None = None
    certainty: Certainty | None = None
    reason: Text | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    engine_mode: str | None = None
    geometry: Any = None


class Unevaluated(NamedTuple):
    """A rule between layers that could not be evaluated at all."""

    rule: Rule
    layer: str
    reason: Text


def find_conflicts(
    layers: Mapping[str, LayerState], rules: Iterable[Rule], *, as_of: dt.date | None, rasters: Rasters | None = None
) -> gpd.GeoDataFrame:
    """Find the overlaps, and the ground outside, that the rules between layers forbid.

    Parameters
    ----------
    layers
        The layers by code, whole or all of a region, in one projected plane in metres.
    rules
        Those for footprints are skipped, and those whose layers are missing: `list_unevaluated` names them.
    as_of
        The day asked about; None finds the overlaps of features that hold on any same day.
    rasters
        The rasters of layers, by code.

    Returns
    -------
    gpd.GeoDataFrame
        One row per rule and pair that shares ground, in rule order, then by feature ids; the columns are those of
        `Conflict`. Slivers, and what lies below a rule's thresholds, are rows that pass. A pair that lacks the
        attributes that the rule reads is a row ``not_evaluated``, and so is, last in each rule, every feature that
        cannot be overlaid.

    Raises
    ------
    FrameCrsError
        The layers are not all in the same plane.
    """
    states = list(layers.values())
    for state in states[1:]:
        check_same_plane(states[0].features, state.features, f"layer {state.code}")
    rows = [row for rule in rules_in_force(rules, as_of) for row in conflicts_of(rule, layers, as_of, rasters=rasters)]
    return frame_conflicts(rows, states[0].features.crs if states else None)


def frame_conflicts(rows: Sequence[Conflict], crs: Any) -> gpd.GeoDataFrame:
    """Return conflicts as a frame with the columns of `Conflict`."""
    table = pd.DataFrame(rows, columns=list(Conflict._fields), dtype=object)
    table = table.astype({"area_m2": float, "width_m": float, "advisory": bool})
    return gpd.GeoDataFrame(table, geometry="geometry", crs=crs)


def list_unevaluated(
    layers: Mapping[str, LayerState], rules: Iterable[Rule], *, as_of: dt.date | None, rasters: Rasters | None = None
) -> tuple[Unevaluated, ...]:
    """Return the rules between layers that `find_conflicts` says nothing about, one row per layer in the way."""
    found = []
    for rule in rules_in_force(rules, as_of):
        if rule.a is None:
            continue
        timeless = rule.predicate is not Predicate.OVERLAP and as_of is None
        for code in _layers_needed(rule):
            reason = explain("needs_a_day") if timeless else _explain_absence(rule, code, layers, rasters or {}, as_of)
            if reason is not None:
                found.append(Unevaluated(rule, code, reason))
    return tuple(found)


def _layers_needed(rule: Rule) -> tuple[str, ...]:
    """Return the layers without which a rule says nothing."""
    sides = [side for side in (rule.a, rule.b, rule.excused) if side is not None]
    return tuple(dict.fromkeys(code for side in sides for code in side.layers))


def _explain_absence(
    rule: Rule, code: str, layers: Mapping[str, LayerState], rasters: Rasters, as_of: dt.date | None
) -> Text | None:
    if as_of is not None and rule.predicate.reads_rasters and code in rule.b.layers:
        obstacle = find_obstacle(Question(rule, code, layers.get(code), layers, rasters), as_of)
        return None if obstacle is None else obstacle.reason
    if rule.suits is not None and rule.suits.matrix is None:
        return explain("matrix_unset", matrix=rule.suits.name)
    return explain_obstacle(code, layers.get(code), as_of)


class _Side(NamedTuple):
    """One side of a rule: a layer, the filter on its features, those that it lets through, and which of them changed."""

    state: LayerState
    where: Filter | None
    ground: Ground
    is_wanted: NDArray[np.bool_]


class _Measured(NamedTuple):
    """Pairs (n, 2) of positions, what ground in common means for each, and what was measured of it."""

    rule: Rule
    pairs: Pairs
    meaning: NDArray[np.object_]
    result: Cut
    parts: Parts
    judgement: Judgement


def conflicts_of(
    rule: Rule,
    layers: Mapping[str, LayerState],
    as_of: dt.date | None,
    *,
    touching: Touching | None = None,
    rasters: Rasters | None = None,
) -> list[Conflict]:
    """Return the conflicts of one rule in order, as `find_conflicts` has them.

    Parameters
    ----------
    touching
        By layer code, the ids of features: of overlaps only the pairs in which one of them is, and of features that
        cannot be overlaid only these. None: all.
    rasters
        The rasters of layers, by code.
    """
    if rule.a is None or list_unevaluated(layers, [rule], as_of=as_of, rasters=rasters):
        return []
    left = _take_side(layers[rule.a.layers[0]], rule.a, as_of, touching)
    if rule.predicate is Predicate.OVERLAP:
        right = _take_side(layers[rule.b.layers[0]], rule.b, as_of, touching)
        excused = (
            None if rule.excused is None else _take_side(layers[rule.excused.layers[0]], rule.excused, as_of, None)
        )
        return _overlaps(rule, left, right, excused)
    assert as_of is not None  # `list_unevaluated` has said so
    (code,) = rule.b.layers
    return _judged_alone(Question(rule, code, layers.get(code), layers, rasters or {}), left, as_of)


def _take_side(state: LayerState, chosen: Selection, as_of: dt.date | None, touching: Touching | None) -> _Side:
    ground = select_ground(state, chosen, as_of)
    if touching is None:
        return _Side(state, chosen.where, ground, np.full(len(ground.ids), True))
    wanted = set(touching.get(state.code, ()))
    return _Side(state, chosen.where, ground, np.array([each in wanted for each in ground.ids], dtype=bool))


def _overlaps(rule: Rule, left: _Side, right: _Side, excused: _Side | None) -> list[Conflict]:
    same_layer = left.state.code == right.state.code
    a, b = take_polygons(left.ground.geometry), take_polygons(right.ground.geometry)
    shared = _sharing(left, right, a, b, same_layer=same_layer)
    meaning = _meanings(rule, left, right, shared)
    about = meaning != Outcome.NOT_APPLICABLE
    shared, meaning = shared.only(about), meaning[about]
    result = cut_pairs(a, b, shared, outside=False)
    if excused is not None:
        _take_away(result, excused)
    parts = list_sound_parts(result.inside, result.error)
    sigma_m = combine_accuracies(left.state.accuracy_m, right.state.accuracy_m)
    judgement = judge(parts, rule, rows=len(shared.left), sigma_m=sigma_m)
    found = _pair_conflicts(
        rule, left, right, _Measured(rule, np.column_stack(shared[:2]), meaning, result, parts, judgement)
    )
    sides = (left,) if same_layer else (left, right)
    return found + [
        _unusable(rule, side, i) for side in sides for i in side.ground.unusable_rows() if side.is_wanted[i]
    ]


def _meanings(rule: Rule, left: _Side, right: _Side, shared: SharedAreas) -> NDArray[np.object_]:
    """Return what ground in common means for each pair; see `pair_outcome`."""
    meaning = np.array([Outcome.FAIL] * len(shared.left), dtype=object)  # full would make plain texts of them
    if rule.differ is not None or rule.pair is not None or rule.suits is not None:
        a, b = left.ground, right.ground
        for k, (i, j) in enumerate(zip(shared.left.tolist(), shared.right.tolist(), strict=True)):
            meaning[k] = pair_outcome(rule, a.context(i), b.context(j))
    return meaning


def _take_away(result: Cut, excused: _Side) -> None:
    """Take the ground of features that excuse it out of what pairs share; what cannot be cut is an error of the pair."""
    sound = np.flatnonzero(pd.isna(result.error) & ~shapely.is_empty(result.inside))
    rest = cut_away(take_polygons(result.inside[sound]), take_polygons(excused.ground.geometry))
    result.inside[sound], result.error[sound] = rest.outside, rest.error


def _pair_conflicts(rule: Rule, left: _Side, right: _Side, measured: _Measured) -> list[Conflict]:
    """Return the pairs that share ground, or of which nothing can be said."""
    judged, a, b = measured.judgement, left.ground, right.ground
    grounds = merge_runs(measured.parts, len(measured.pairs))
    found = np.flatnonzero((judged.width_m > 0) | pd.notna(measured.result.error))
    i, j = measured.pairs[found].T
    began, ended = np.maximum(a.valid_from[i], b.valid_from[j]), np.minimum(a.valid_to[i], b.valid_to[j])
    said = zip(
        found.tolist(),
        a.ids[i],
        b.ids[j],
        _days(began),
        _days(ended),
        judged.area_m2[found].tolist(),
        judged.width_m[found].tolist(),
        strict=True,
    )
    conflicts = []
    for k, left_id, right_id, valid_from, valid_to, area_m2, width_m in said:
        outcome, reason = _outcome(left, right, measured, k)
        conflict = Conflict(
            rule=rule.id,
            severity=rule.shown_severity,
            advisory=rule.advisory,
            left_layer=left.state.code,
            left=left_id,
            right_layer=right.state.code,
            right=right_id,
            outcome=outcome,
            area_m2=area_m2,
            width_m=width_m,
            certainty=judged.certainty[k],
            reason=reason,
            valid_from=valid_from,
            valid_to=valid_to,
            engine_mode=measured.result.engine_mode[k],
            geometry=grounds[k],
        )
        conflicts.append(conflict)
    return conflicts


def _outcome(left: _Side, right: _Side, measured: _Measured, k: int) -> tuple[Outcome, Text | None]:
    i, j = measured.pairs[k].tolist()
    error, outcome = measured.result.error[k], measured.judgement.outcome[k]
    if error is not None:
        names = f"{left.ground.label(i)}, {right.ground.label(j)}"
        return Outcome.NOT_EVALUATED, explain("feature_unusable", layer=left.state.code, features=names, problem=error)
    for side, position in ((left, i), (right, j)):
        if outcome.breaks and not side.ground.decided[position]:
            return Outcome.NOT_EVALUATED, _missing(side, position)
    if outcome.breaks and measured.meaning[k] is not Outcome.FAIL:
        return measured.meaning[k], _doubted(left, right, measured, k)
    return outcome, measured.judgement.smallness[k]


def _doubted(left: _Side, right: _Side, measured: _Measured, k: int) -> Text:
    """Return why ground in common is not known to break the rule."""
    i, j = measured.pairs[k].tolist()
    rule, a, b = measured.rule, left.ground, right.ground
    if rule.suits is not None and measured.meaning[k] is Outcome.MANUAL:
        return explain("use_conditional", use=b.context(j).get(rule.suits.b), ground=a.context(i).get(rule.suits.a))
    codes, names = f"{left.state.code}, {right.state.code}", f"{a.label(i)}, {b.label(j)}"
    return explain("attributes_missing", layer=codes, features=names, attributes=list_pair_attributes(rule))


def _sharing(left: _Side, right: _Side, a: Polygons, b: Polygons, *, same_layer: bool) -> SharedAreas:
    """Return the pairs that share ground and meet in time, by position; each two of one layer once.

    The edge kernel tells neighbours that only touch, of which layers without gaps are full, without a cut.
    """
    i, j = find_near(a.edges.bounds, index(b.edges, b.unusable))
    kept = left.is_wanted[i] | right.is_wanted[j]
    began = np.maximum(left.ground.valid_from[i], right.ground.valid_from[j])
    kept &= began < np.minimum(left.ground.valid_to[i], right.ground.valid_to[j])
    i, j = i[kept], j[kept]
    if same_layer:
        once = _each_two_once(left.ground, right.ground, i, j)
        i, j = i[once], j[once]
    shared = measure_pairs(a.edges, b.edges, i, j)
    return shared.only(shared.area_m2 > least_ground_m2(a.edges.bounds, b.edges.bounds, i, j))


def _each_two_once(a: Ground, b: Ground, i: Pairs, j: Pairs) -> Pairs:
    """Return which pairs are of different features and do not stand among those before them the other way round."""
    numbers = {each: number for number, each in enumerate(dict.fromkeys([*a.ids, *b.ids]))}
    first, second = (
        np.array([numbers[each] for each in ids[rows]], dtype=np.intp) for ids, rows in ((a.ids, i), (b.ids, j))
    )
    two = np.minimum(first, second) * len(numbers) + np.maximum(first, second)
    _, once = np.unique(two, return_index=True)
    once.sort()
    return np.asarray(once[first[once] != second[once]])


def _judged_alone(question: Question, left: _Side, as_of: dt.date) -> list[Conflict]:
    """Return what the engine for footprints finds with the left features in the footprints' place."""
    ground, rule, code = left.ground, question.rule, question.code
    conflicts = []
    for i, finding in enumerate(_evaluate_soundly(question, left, as_of)):
        if finding.outcome in {Outcome.PASS, Outcome.NOT_APPLICABLE} and not finding.width_m:
            continue
        unsure = finding.outcome.breaks and not ground.decided[i]
        conflict = Conflict(
            rule=rule.id,
            severity=rule.shown_severity,
            advisory=rule.advisory,
            left_layer=left.state.code,
            left=finding.footprint,
            right_layer=code,
            right=None,
            outcome=Outcome.NOT_EVALUATED if unsure else finding.outcome,
            area_m2=finding.area_m2,
            width_m=finding.width_m,
            certainty=finding.certainty,
            reason=_missing(left, i) if unsure else finding.reason,
            valid_from=_day(ground.valid_from[i]),
            valid_to=_day(ground.valid_to[i]),
            engine_mode=finding.engine_mode,
            geometry=finding.witness,
        )
        conflicts.append(conflict)
    return conflicts


def _evaluate_soundly(question: Question, left: _Side, as_of: dt.date) -> list[Finding]:
    """Return the finding of each left feature; one that GEOS gives up on is unusable, and stops no other."""
    ground, accuracy_m, crs = left.ground, left.state.accuracy_m, left.state.features.crs
    subjects = Subjects(ground.ids, ground.geometry, ground.unusable.copy(), ground.attributes, "a")
    try:
        return evaluate(Asked(subjects, as_of, accuracy_m, {}, crs), [question])[0]
    except shapely.GEOSException:
        for row in subjects.usable_rows().tolist():
            alone = Subjects(
                ground.ids[[row]], ground.geometry[[row]], ground.unusable[[row]], ground.attributes[[row]], "a"
            )
            try:
                evaluate(Asked(alone, as_of, accuracy_m, {}, crs), [question])
            except shapely.GEOSException as error:
                subjects.unusable[row] = str(error)
        return evaluate(Asked(subjects, as_of, accuracy_m, {}, crs), [question])[0]


def _unusable(rule: Rule, side: _Side, position: int) -> Conflict:
    """Return the row of a feature that no overlay can be tried with."""
    ground, code = side.ground, side.state.code
    problem = ground.unusable[position]
    return Conflict(
        rule=rule.id,
        severity=rule.shown_severity,
        advisory=rule.advisory,
        left_layer=code,
        left=ground.ids[position],
        right_layer=code,
        right=None,
        outcome=Outcome.NOT_EVALUATED,
        reason=explain("feature_unusable", layer=code, features=ground.label(position), problem=problem),
    )


def _missing(side: _Side, position: int) -> Text:
    """Return the sentence for a feature that lacks the attributes its side of the rule reads."""
    attributes = ", ".join(sorted(side.where.properties)) if side.where else ""
    name = side.ground.label(position)
    return explain("attributes_missing", layer=side.state.code, features=name, attributes=attributes)


def _days(days: NDArray[np.datetime64]) -> list[dt.date | None]:
    is_open = np.isin(days, OPEN_DAYS)
    return [None if unbound else day for day, unbound in zip(days.astype(object), is_open, strict=True)]


def _day(day: np.datetime64) -> dt.date | None:
    return None if day in OPEN_DAYS else day.astype(dt.date)
