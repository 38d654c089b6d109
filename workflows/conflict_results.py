"""The result of a run of conflicts: a summary that can be had again, however the run came about; and its rows as stored."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.conflicts import Conflict, list_unevaluated
from geocode import Text
from geocode.planes import ellipsoid_areas_m2, from_plane
from store.conflicts import add_conflicts
from store.database import Connection
from workflows.conflict_layers import Asking, Layers, shapes_of
from workflows.reports import text_json

__all__ = ["as_conflicts", "as_rows", "list_silent", "store_conflicts", "summarise", "updated_summary"]

_SUM_BITS = 256
_HASHED = ("rule", "left_layer", "left", "right_layer", "right", "outcome", "certainty", "valid_from", "valid_to")
_AREAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_STORED = {"left": "left_id", "right": "right_id"}
_TEXTS = ("severity", "outcome", "certainty")


def summarise(found: Sequence[Conflict], silent: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the summary of conflicts: how many, of which rules with which outcomes, and a sum over their hashes.

    The sum does not depend on the order in which they were found, so that a run that was brought up to date has the
    result of one that was computed in full. Measures are not in it: their last digits depend on what is computed together.
    """
    return _summary({}, 0, ended=[], begun=found, silent=silent)


def updated_summary(
    base: Mapping[str, Any], *, ended: Iterable[Conflict], begun: Iterable[Conflict], silent: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the summary of a run given that of the run that it brings up to date."""
    return _summary(base["rules"], int(base["rows_sha256_sum"], 16), ended=ended, begun=begun, silent=silent)


def list_silent(asking: Asking, layers: Layers) -> list[dict[str, Any]]:
    """Return the rules that nothing is said of, and why."""
    states = layers.states([], layers.editions)
    return [
        {"rule": one.rule.id, "layer": one.layer, "reason": text_json(one.reason)}
        for one in list_unevaluated(states, asking.between_layers, as_of=asking.as_of, rasters=layers.rasters)
    ]


def store_conflicts(connection: Connection, run_id: str, conflicts: Sequence[Conflict], plane: str) -> list[int]:
    """Store the conflicts of a run, measured in a plane, with their areas on the ellipsoid; return their ids in order."""
    rows, shapes = as_rows(conflicts, plane)
    return add_conflicts(connection, run_id, rows, shapes)


def as_rows(conflicts: Sequence[Conflict], plane: str) -> tuple[list[dict[str, Any]], NDArray[Any]]:
    """Return conflicts in a plane as they are stored: `store.conflicts.CONFLICT_COLUMNS`, and the ground in EPSG:4490."""
    shapes = np.full(len(conflicts), None, dtype=object)
    shapes[:] = [conflict.geometry for conflict in conflicts]
    shapes = from_plane(shapes, plane)
    areas_m2 = np.full(len(shapes), None, dtype=object)
    areal = np.isin(shapely.get_type_id(shapes), _AREAL) & ~shapely.is_empty(shapes)
    areas_m2[areal] = ellipsoid_areas_m2(shapes[areal]).tolist()
    return [_stored(conflict, area_m2) for conflict, area_m2 in zip(conflicts, areas_m2, strict=True)], shapes


def as_conflicts(rows: Sequence[Any], plane: str) -> dict[Any, Conflict]:
    """Return stored conflicts as the engine has them, in a plane, by id."""
    names = [_STORED.get(name, name) for name in Conflict._fields[:-1]]
    return {
        row.id: Conflict._make([*(getattr(row, name) for name in names), shape])
        for row, shape in zip(rows, shapes_of(rows, plane), strict=True)
    }


def _summary(
    rules: Mapping[str, Mapping[str, int]],
    hash_sum: int,
    *,
    ended: Iterable[Conflict],
    begun: Iterable[Conflict],
    silent: list[dict[str, Any]],
) -> dict[str, Any]:
    counts = {(rule, outcome): number for rule, row in rules.items() for outcome, number in row.items()}
    for sign, conflicts in ((-1, ended), (1, begun)):
        for conflict in conflicts:
            key = conflict.rule, str(conflict.outcome)
            counts[key] = counts.get(key, 0) + sign
            hash_sum += sign * _hash(conflict)
    told: dict[str, dict[str, int]] = {}
    for (rule, outcome), number in sorted(counts.items()):
        if number:
            told.setdefault(rule, {})[outcome] = number
    return {
        "conflicts": sum(counts.values()),
        "rules": told,
        "rows_sha256_sum": f"{hash_sum % (1 << _SUM_BITS):064x}",
        "unevaluated": silent,
    }


def _hash(conflict: Conflict) -> int:
    """Return the SHA-256 of what a conflict is, but for its measures."""
    values = (getattr(conflict, name) for name in _HASHED)
    text = "|".join("" if value is None else str(value) for value in values)
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


def _stored(conflict: Conflict, ellipsoid_area_m2: float | None) -> dict[str, Any]:
    said = {_STORED.get(name, name): value for name, value in zip(Conflict._fields[:-1], conflict[:-1], strict=True)}
    texts = {name: None if said[name] is None else str(said[name]) for name in _TEXTS}
    reason = text_json(conflict.reason) if isinstance(conflict.reason, Text) else conflict.reason
    return {**said, **texts, "reason": reason, "ellipsoid_area_m2": ellipsoid_area_m2}
