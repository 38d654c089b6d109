"""Conflicts: two features that share ground against a rule, or one that lies outside of what must hold it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from blueprint.certainty import Certainty, combine_accuracies
from blueprint.cutting import Cut, cut
from blueprint.evaluation import evaluate
from blueprint.evidence import Subjects
from blueprint.filters import Filter
from blueprint.judgement import Judgement, judge
from blueprint.layer_state import OPEN_DAYS, Ground, LayerState, select_ground
from blueprint.outcomes import Outcome
from blueprint.overlay import Parts, list_parts, merge
from blueprint.planes import check_same_plane
from blueprint.questions import Asked, Question, explain_obstacle
from blueprint.reasons import explain
from blueprint.rules import Predicate, Rule, Severity, rules_in_force
from geocode.faults import Text

__all__ = ["Conflict", "Unevaluated", "find_conflicts", "list_unevaluated"]

Pairs: TypeAlias = NDArray[np.intp]


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
    layers: Mapping[str, LayerState], rules: Iterable[Rule], *, as_of: dt.date | None
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
    rows = [row for rule in rules_in_force(rules, as_of) for row in _conflicts_of(rule, layers, as_of)]
    table = pd.DataFrame(rows, columns=list(Conflict._fields), dtype=object)
    table = table.astype({"area_m2": float, "width_m": float, "advisory": bool})
    return gpd.GeoDataFrame(table, geometry="geometry", crs=states[0].features.crs if states else None)


def list_unevaluated(
    layers: Mapping[str, LayerState], rules: Iterable[Rule], *, as_of: dt.date | None
) -> tuple[Unevaluated, ...]:
    """Return the rules between layers that `find_conflicts` says nothing about, one row per layer in the way."""
    found = []
    for rule in rules_in_force(rules, as_of):
        if rule.a is None:
            continue
        timeless = rule.predicate is Predicate.OUTSIDE and as_of is None
        for code in dict.fromkeys((*rule.a.layers, *rule.b.layers)):
            reason = explain("needs_a_day") if timeless else explain_obstacle(code, layers.get(code), as_of)
            if reason is not None:
                found.append(Unevaluated(rule, code, reason))
    return tuple(found)


class _Side(NamedTuple):
    """One side of a rule: a layer, the filter on its features, and those that it lets through."""

    state: LayerState
    where: Filter | None
    ground: Ground


class _Measured(NamedTuple):
    """Pairs (n, 2) of positions, and what was measured of each."""

    pairs: Pairs
    result: Cut
    parts: Parts
    judgement: Judgement


def _conflicts_of(rule: Rule, layers: Mapping[str, LayerState], as_of: dt.date | None) -> list[Conflict]:
    if rule.a is None or list_unevaluated(layers, [rule], as_of=as_of):
        return []
    left, right = (
        _Side(state, chosen.where, select_ground(state, chosen, as_of))
        for chosen in (rule.a, rule.b)
        for state in (layers[chosen.layers[0]],)
    )
    if rule.predicate is Predicate.OVERLAP:
        return _overlaps(rule, left, right)
    assert as_of is not None  # `list_unevaluated` has said so
    return _outsides(rule, left, right, as_of)


def _overlaps(rule: Rule, left: _Side, right: _Side) -> list[Conflict]:
    same_layer = left.state.code == right.state.code
    pairs = _meeting_pairs(left.ground, right.ground, same_layer=same_layer)
    if (differ := rule.differ) is not None:
        a, b = left.ground, right.ground
        pairs = pairs[[differ.holds(a.context(i), b.context(j)) for i, j in pairs.tolist()]]
    result = cut(left.ground.geometry[pairs[:, 0]], right.ground.geometry[pairs[:, 1]], outside=False)
    parts = list_parts(result.inside)
    sigma_m = combine_accuracies(left.state.accuracy_m, right.state.accuracy_m)
    measured = _Measured(pairs, result, parts, judge(parts, rule, rows=len(pairs), sigma_m=sigma_m))
    found = np.flatnonzero((measured.judgement.width_m > 0) | pd.notna(result.error)).tolist()
    conflicts = [_pair_conflict(rule, left, right, measured, k) for k in found]
    sides = (left,) if same_layer else (left, right)
    return conflicts + [_unusable(rule, side, i) for side in sides for i in side.ground.unusable_rows()]


def _pair_conflict(rule: Rule, left: _Side, right: _Side, measured: _Measured, k: int) -> Conflict:
    i, j = measured.pairs[k].tolist()
    outcome, reason = _outcome(left, right, measured, k)
    a, b = left.ground, right.ground
    return Conflict(
        rule=rule.id,
        severity=rule.shown_severity,
        advisory=rule.advisory,
        left_layer=left.state.code,
        left=a.ids[i],
        right_layer=right.state.code,
        right=b.ids[j],
        outcome=outcome,
        area_m2=measured.judgement.area_m2[k],
        width_m=measured.judgement.width_m[k],
        certainty=measured.judgement.certainty[k],
        reason=reason,
        valid_from=_day(max(a.valid_from[i], b.valid_from[j])),
        valid_to=_day(min(a.valid_to[i], b.valid_to[j])),
        engine_mode=measured.result.engine_mode[k],
        geometry=merge(measured.parts.between(k, k + 1).geometry),
    )


def _outcome(left: _Side, right: _Side, measured: _Measured, k: int) -> tuple[Outcome, Text | None]:
    i, j = measured.pairs[k].tolist()
    error, outcome = measured.result.error[k], measured.judgement.outcome[k]
    if error is not None:
        names = f"{left.ground.label(i)}, {right.ground.label(j)}"
        return Outcome.NOT_EVALUATED, explain("feature_unusable", layer=left.state.code, features=names, problem=error)
    for side, position in ((left, i), (right, j)):
        if outcome.breaks and not side.ground.decided[position]:
            return Outcome.NOT_EVALUATED, _missing(side, position)
    return outcome, measured.judgement.smallness[k]


def _meeting_pairs(a: Ground, b: Ground, *, same_layer: bool) -> Pairs:
    """Return the pairs (n, 2) that touch on the ground and meet in time, by position; each two of one layer once."""
    i, j = shapely.STRtree(b.usable()).query(a.usable(), predicate="intersects")
    meet = np.maximum(a.valid_from[i], b.valid_from[j]) < np.minimum(a.valid_to[i], b.valid_to[j])
    pairs: Pairs = np.column_stack([i, j])[meet]
    if same_layer:
        pairs = _each_two_once(a, b, pairs)
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])


def _each_two_once(a: Ground, b: Ground, pairs: Pairs) -> Pairs:
    """Return the pairs of different features without those that stand among them the other way round."""
    kept: dict[frozenset[Any], tuple[int, int]] = {}
    for i, j in sorted(pairs.tolist()):
        if a.ids[i] != b.ids[j]:
            kept.setdefault(frozenset((a.ids[i], b.ids[j])), (i, j))
    return np.array(list(kept.values()), dtype=np.intp).reshape(-1, 2)


def _outsides(rule: Rule, left: _Side, right: _Side, as_of: dt.date) -> list[Conflict]:
    """Return what the engine for footprints finds with the left features in the footprints' place."""
    ground = left.ground
    asked = Asked(Subjects(ground.ids, ground.geometry, ground.unusable), as_of, left.state.accuracy_m, {})
    conflicts = []
    for i, finding in enumerate(evaluate(asked, [Question(rule, right.state.code, right.state)])[0]):
        if finding.outcome in {Outcome.PASS, Outcome.NOT_APPLICABLE} and not finding.width_m:
            continue
        unsure = finding.outcome.breaks and not ground.decided[i]
        conflict = Conflict(
            rule=rule.id,
            severity=rule.shown_severity,
            advisory=rule.advisory,
            left_layer=left.state.code,
            left=finding.footprint,
            right_layer=right.state.code,
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


def _day(day: np.datetime64) -> dt.date | None:
    return None if day in OPEN_DAYS else day.astype(dt.date)
