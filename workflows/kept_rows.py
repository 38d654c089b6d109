"""Whether the rows of a run that stand in a table of their own are still what it found."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.conflicts import Conflict
from store.conflicts import CONFLICT_COLUMNS, conflict_rows
from store.database import Connection
from store.differences import PIECE_COLUMNS, read_differences
from workflows.conflict_layers import shapes_of
from workflows.conflict_results import as_rows

__all__ = ["altered_conflicts", "altered_pieces"]

# a millimetre; measures and ground depend in their last digits on what is computed together
_NEAR_DEG = 1e-8
_NEAR = 1e-3
_SAME_SHARE = 1e-6
_PAIR = ("rule", "left_layer", "left_id", "right_layer", "right_id")
# said of how a row was computed, not of what was found
_OF_COMPUTING = {"id", "engine_mode", "reason"}


def altered_conflicts(
    connection: Connection, run_id: str, found: Sequence[Conflict], plane: str
) -> list[dict[str, Any]]:
    """Return which conflicts of a run are not what is found now, each with its ``path``, ``kept`` and ``recomputed``."""
    rows = conflict_rows(connection, run_id)
    kept = [{name: getattr(row, name) for name in CONFLICT_COLUMNS} for row in rows]
    again, shapes = as_rows(found, plane)
    return _altered((kept, shapes_of(rows)), (again, shapes), [_called(kept), _called(again)])


def altered_pieces(connection: Connection, run_id: str, found: Any) -> list[dict[str, Any]]:
    """Return which pieces of a comparison are not what is found now, as `altered_conflicts`; by their place in its order."""
    kept = read_differences(connection, run_id)
    columns = [name for name in PIECE_COLUMNS if name not in _OF_COMPUTING]
    told = [frame[columns].astype(object).to_dict("records") for frame in (kept, found)]
    shapes = [frame.geometry.to_numpy() for frame in (kept, found)]
    names = [[str(place) for place in range(len(frame))] for frame in (kept, found)]
    return _altered((told[0], shapes[0]), (told[1], shapes[1]), names)


def _called(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [" ".join(str(row[name]) for name in _PAIR if row[name] is not None) for row in rows]


def _altered(
    kept: tuple[Sequence[Mapping[str, Any]], NDArray[Any]],
    found: tuple[Sequence[Mapping[str, Any]], NDArray[Any]],
    names: Sequence[Sequence[str]],
) -> list[dict[str, Any]]:
    """Return the rows that only one side has, or that are not the same on both, by what they are called."""
    left, right = ({name: place for place, name in enumerate(each)} for each in names)
    both = sorted(left.keys() & right.keys())
    apart = _moved(kept[1][[left[name] for name in both]], found[1][[right[name] for name in both]])
    altered = [
        {"path": f"rows[{name}]", "kept": name if name in left else None, "recomputed": name if name in right else None}
        for name in sorted(left.keys() ^ right.keys())
    ]
    for name, moved in zip(both, apart, strict=True):
        before, now = kept[0][left[name]], found[0][right[name]]
        altered += [
            {"path": f"rows[{name}]/{key}", "kept": _plain(before[key]), "recomputed": _plain(now[key])}
            for key in before
            if key not in _OF_COMPUTING and not _is_same(before[key], now[key])
        ]
        if moved:
            altered.append({"path": f"rows[{name}]/geometry", "kept": None, "recomputed": None})
    return altered


def _moved(before: NDArray[Any], now: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which grounds are not where they were."""
    moved = ~(shapely.equals_exact(before, now, _NEAR_DEG) | (shapely.is_missing(before) & shapely.is_missing(now)))
    distance = shapely.hausdorff_distance(before[moved], now[moved])
    moved[moved] = ~(distance <= _NEAR_DEG)
    return np.asarray(moved, dtype=bool)


def _is_same(before: Any, now: Any) -> bool:
    before, now = _plain(before), _plain(now)
    if isinstance(before, float) and isinstance(now, float):
        return math.isclose(before, now, rel_tol=_SAME_SHARE, abs_tol=_NEAR)
    return bool(before == now)


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it, with None for what is no number."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and math.isnan(value):
        return None
    return value if isinstance(value, str | int | float | dict | list | None) else str(value)
