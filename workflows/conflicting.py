"""Conflicts between the layers: found, stored as a run, and brought up to date when the layers change."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from blueprint.certainty import NOISE_M
from blueprint.conflicts import Conflict, conflicts_of
from blueprint.layer_state import LayerState
from blueprint.rule_sets import RuleSet, read_rule_set
from blueprint.rules import Predicate, Rule
from blueprint.updating import Change, RowDelta, update_rows
from geocode.planes import to_plane
from layers.widths import RESOLUTION_M
from store.cases import carry_cases
from store.conflicts import ConflictFilter, conflict_ids, conflict_rows, end_conflicts, standing_run
from store.database import Connection
from store.documents import Documents
from store.editions import changed_feature_rows, editions_named, feature_rows_near, feature_rows_of
from store.rule_sets import kept_rule_set
from store.runs import add_run
from workflows.conflict_layers import Asking, Layers, find_layers, find_rasters, shapes_of
from workflows.conflict_results import as_conflicts, list_silent, store_conflicts, summarise, updated_summary
from workflows.principals import Principal
from workflows.runs import run_inputs

__all__ = ["Asking", "Updated", "conflicts_again", "find_again", "find_now", "update_standing"]

_TOLERANCES = {"noise_m": NOISE_M, "width_m": RESOLUTION_M}
_SAID_OF_ALL = ("accuracy_m", "valid_to", "completeness")


class Updated(NamedTuple):
    """What stands now.

    Attributes
    ----------
    run_id, result
        The run, and its summary.
    new, gone
        The ids of the conflicts that are new, and of those that are there no more.
    changed
        The ids of those that are not what they were, by the ids that they had.
    cases
        How many cases ``moved`` with their conflicts, and how many have ``lost`` them.
    """

    run_id: str
    result: dict[str, Any]
    new: list[int]
    gone: list[int]
    changed: dict[int, int]
    cases: dict[str, int]


def find_now(
    connection: Connection, asking: Asking, *, principal: Principal, standing: bool = False
) -> tuple[str, dict[str, Any]]:
    """Find all conflicts of a day, as known at a time, everywhere or in a box; store them as a run of its own.

    Returns
    -------
    tuple
        The id of the run, and its result.
    """
    layers = find_layers(connection, asking)
    found = _find(connection, asking, layers)
    result = summarise(found, list_silent(asking, layers))
    run_id = _store_run(connection, asking, layers, result, standing=standing, principal=principal)
    store_conflicts(connection, run_id, found, layers.plane)
    return run_id, result


def conflicts_again(
    connection: Connection, inputs: Mapping[str, Any], rules: RuleSet, *, documents: Documents
) -> dict[str, Any]:
    """Return the result of a run of conflicts, computed in full from its inputs: the same, however it came about."""
    return find_again(connection, inputs, rules, documents=documents)[0]


def find_again(
    connection: Connection, inputs: Mapping[str, Any], rules: RuleSet, *, documents: Documents
) -> tuple[dict[str, Any], list[Conflict]]:
    """Return the result of a run of conflicts, computed in full from its inputs, and the conflicts in its plane."""
    question = inputs["question"]
    asking = Asking(
        as_of=date.fromisoformat(inputs["as_of"]),
        known_at=datetime.fromisoformat(inputs["known_at"]),
        rules=rules,
        documents=documents,
        bbox=None if question["bbox"] is None else tuple(question["bbox"]),
    )
    rows = {row.layer: row for row in editions_named(connection, inputs["editions"].values())}
    layers = Layers(rows, find_rasters(connection, asking), question["plane"])
    found = _find(connection, asking, layers)
    return summarise(found, list_silent(asking, layers)), found


def update_standing(connection: Connection, asking: Asking, *, principal: Principal) -> Updated:
    """Bring the conflicts of the whole city up to date: only what changed since the standing run is computed.

    The first time, all of it is. Cases move with their conflicts.
    """
    base = standing_run(connection)
    if base is None:
        run_id, result = find_now(connection, asking, principal=principal, standing=True)
        return Updated(run_id, result, conflict_ids(connection, run_id), [], {}, {})
    layers = find_layers(connection, asking, plane=base.inputs["question"]["plane"])
    since = _changes_since(connection, base, asking, layers)
    if since.is_nothing and base.as_of == asking.as_of:
        return Updated(str(base.id), base.result, [], [], {}, {})
    previous, delta = _update(connection, str(base.id), asking, layers, since)
    result = updated_summary(
        base.result,
        ended=[previous[key] for key in (*delta.gone, *(each.before for each in delta.changed))],
        begun=[*delta.new, *(each.now for each in delta.changed)],
        silent=list_silent(asking, layers) if since.afresh or since.gone else base.result["unevaluated"],
    )
    run_id = _store_run(connection, asking, layers, result, standing=True, principal=principal, base_id=str(base.id))
    return _store_delta(connection, run_id, result, delta, layers.plane)


def _find(connection: Connection, asking: Asking, layers: Layers) -> list[Conflict]:
    """Return all conflicts in the plane; in a box, those whose ground meets it."""
    ids = layers.ids(layers.editions)
    if asking.bbox is None:
        return _between(asking, layers, layers.states(feature_rows_of(connection, ids), layers.editions))
    box = np.array([shapely.box(*asking.bbox)])
    here = feature_rows_near(connection, ids, box)
    # what holds a feature of the box may lie beyond it
    around = feature_rows_near(connection, ids, shapes_of(here))
    found = _between(asking, layers, layers.states(around, layers.editions))
    frame, inside = to_plane(box, layers.plane)[0], {row.id for row in here}
    return [
        each
        for each in found
        if (each.left in inside if each.geometry is None else shapely.intersects(frame, each.geometry))
    ]


def _between(asking: Asking, layers: Layers, states: Mapping[str, LayerState]) -> list[Conflict]:
    rules = asking.between_layers
    return [row for rule in rules for row in conflicts_of(rule, states, asking.as_of, rasters=layers.rasters)]


class _Since(NamedTuple):
    """What is not as it was: features by layer, as rows, and the rules that have to be computed in full, or are gone."""

    features: dict[str, Sequence[Any]]
    afresh: frozenset[str]
    gone: frozenset[str]

    @property
    def is_nothing(self) -> bool:
        """Whether all is as it was."""
        return not self.afresh and not self.gone and not any(self.features.values())

    def touches(self, rule: Rule) -> bool:
        """Return whether a rule looks at a layer with changed features, or has to be computed in full."""
        return rule.id in self.afresh or any(self.features.get(code) for code in rule.layers)


def _changes_since(connection: Connection, base: Any, asking: Asking, layers: Layers) -> _Since:
    then, rasters = base.inputs["editions"], base.inputs["question"]["rasters"]
    now = layers.raster_ids
    replaced = {code for code in {*rasters, *now} if rasters.get(code) != now.get(code)}
    features: dict[str, Sequence[Any]] = {}
    before = {row.id: row for row in editions_named(connection, then.values())}
    for code in {*then, *layers.editions}:
        old, new = before.get(then.get(code)), layers.editions.get(code)
        if old is None or new is None or any(getattr(old, name) != getattr(new, name) for name in _SAID_OF_ALL):
            replaced.add(code)
        elif old.id != new.id or base.as_of != asking.as_of:
            rows = changed_feature_rows(connection, old.id, new.id, days=(base.as_of, asking.as_of))
            if rows is None:
                replaced.add(code)
            else:
                features[code] = rows
    rules = asking.between_layers
    afresh = _changed_rules(connection, base, asking) | {rule.id for rule in rules if replaced & set(rule.layers)}
    return _Since(features, frozenset(afresh), frozenset(base.result["rules"]) - {rule.id for rule in rules})


def _changed_rules(connection: Connection, base: Any, asking: Asking) -> set[str]:
    """Return the rules that say something else than they did, or did not hold that day."""
    fresh = {rule.id for rule in asking.between_layers if not rule.holds_on(base.as_of)}
    if base.rule_set_version == asking.rules.version:
        return fresh
    then = {rule.id: rule for rule in read_rule_set(kept_rule_set(connection, base.rule_set_version)).rules}
    return fresh | {rule.id for rule in asking.between_layers if then.get(rule.id) != rule}


def _update(
    connection: Connection, base: str, asking: Asking, layers: Layers, since: _Since
) -> tuple[dict[Any, Conflict], RowDelta]:
    """Return the conflicts of before that were looked at, and what became of them.

    What lies near a change is loaded, and all of what is computed in full.
    """
    rules = [rule for rule in asking.between_layers if since.touches(rule)]
    states, lefts = _states_near(connection, rules, layers, since)
    features = {row.id for rows in since.features.values() for row in rows}
    partly = [rule.id for rule in rules if rule.id not in since.afresh]
    rows = conflict_rows(connection, base, ConflictFilter(rules=partly, features=features, lefts=lefts))
    if whole := [*since.afresh, *since.gone]:
        rows = [*rows, *conflict_rows(connection, base, ConflictFilter(rules=whole))]
    previous = as_conflicts(rows, layers.plane)
    change = Change(
        features={code: _series(rows, layers.plane) for code, rows in since.features.items()}, afresh=since.afresh
    )
    delta = update_rows(previous, states, rules, change=change, as_of=asking.as_of, rasters=layers.rasters)
    return previous, delta


def _series(rows: Sequence[Any], plane: str) -> gpd.GeoSeries:
    return gpd.GeoSeries(shapes_of(rows, plane), index=pd.Index([row.id for row in rows], dtype=object), crs=plane)


def _states_near(
    connection: Connection, rules: Sequence[Rule], layers: Layers, since: _Since
) -> tuple[dict[str, LayerState], Collection[int]]:
    """Return the layers of some rules as far as an update needs them, and the left features that lie near a change."""
    whole = {code for rule in rules if rule.id in since.afresh for code in rule.layers}
    near = {code for rule in rules for code in rule.layers} - whole
    found = {row.id: row for row in feature_rows_of(connection, layers.ids(whole))} if whole else {}
    places = shapes_of([row for rows in since.features.values() for row in rows])
    lefts: dict[int, Any] = {}
    if near and len(places):
        found |= {row.id: row for row in feature_rows_near(connection, layers.ids(near), places)}
        around = [rule for rule in rules if rule.id not in since.afresh and _looks_around(rule)]
        sides = set(layers.ids({code for rule in around if rule.a is not None for code in rule.a.layers}))
        lefts = {key: row for key, row in found.items() if row.edition_id in sides}
        others = layers.ids({code for rule in around for code in rule.layers[1:]} - whole)
        if lefts and others:
            more = feature_rows_near(connection, others, shapes_of(list(lefts.values())))
            found |= {row.id: row for row in more}
    return layers.states([found[key] for key in sorted(found)], near | whole), lefts


def _looks_around(rule: Rule) -> bool:
    """Return whether the outcome of a left feature depends on more than its pairs with changed ones."""
    return rule.predicate is not Predicate.OVERLAP or rule.excused is not None


def _store_run(  # noqa: PLR0913 - all that a run rests on
    connection: Connection,
    asking: Asking,
    layers: Layers,
    result: Mapping[str, Any],
    *,
    standing: bool,
    principal: Principal,
    base_id: str | None = None,
) -> str:
    question = {
        "bbox": None if asking.bbox is None else list(asking.bbox),
        "plane": layers.plane,
        "standing": standing,
        "rasters": layers.raster_ids,
    }
    inputs = run_inputs(
        question,
        as_of=asking.as_of,
        known_at=asking.known_at,
        editions={code: row.id for code, row in layers.editions.items()},
        tolerances=_TOLERANCES,
        rule_set_version=asking.rules.version,
    )
    return add_run(
        connection,
        office_id=principal.office_id,
        kind="conflicts",
        actor=principal.actor,
        as_of=asking.as_of,
        known_at=asking.known_at,
        inputs=inputs,
        result=result,
        rule_set=asking.rules,
        base_id=base_id,
    )


def _store_delta(connection: Connection, run_id: str, result: dict[str, Any], delta: RowDelta, plane: str) -> Updated:
    """Store what is new and what ended, and have cases follow."""
    begun = [*delta.new, *(each.now for each in delta.changed)]
    ids = store_conflicts(connection, run_id, begun, plane)
    new, now = ids[: len(delta.new)], ids[len(delta.new) :]
    gone: list[Any] = list(delta.gone)
    changed: dict[Any, int] = {each.before: identity for each, identity in zip(delta.changed, now, strict=True)}
    end_conflicts(connection, run_id, [*gone, *changed])
    moved: dict[Any, tuple[int, float | None]] = {
        each.before: (changed[each.before], each.iou) for each in delta.changed
    }
    cases = carry_cases(connection, run_id, moved=moved, gone=gone)
    return Updated(run_id, result, new, gone, changed, cases)
