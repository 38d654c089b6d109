"""The account of a delivery of a layer: what its rows have against the contract, and what was done to their geometries."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from layers.contracts import RowFault
from layers.editions import EditionFrame
from layers.mending import Change
from workflows.reports import fault_json, text_json

__all__ = ["account_json", "kept_account"]

# nearly every delivery has rows of it, and none of them moved a tenth of a millimetre
_COUNTED = "gridded"
_MOST_ROWS = 20
# an edition is read with every question: the same bytes give the rest of the log again
_MOST_KEPT = 100


def account_json(prepared: EditionFrame) -> dict[str, Any]:
    """Return the account of a delivery as answers hold it.

    Returns
    -------
    dict
        ``warnings``: by field and kind, with how many rows, the first of them, and what is said of the first. ``changes``:
        a row each, but for those put on the grid. ``gridded``: how many those are, and how far one moved at most, in units
        of the delivery's CRS.
    """
    gridded = [change.values["moved"] for change in prepared.changes if change.kind == _COUNTED]
    return {
        "warnings": _grouped(prepared.warnings),
        "changes": [_change_json(change) for change in prepared.changes if change.kind != _COUNTED],
        "gridded": {"count": len(gridded), "moved": max(gridded, default=0.0)},
    }


def kept_account(account: dict[str, Any]) -> dict[str, Any]:
    """Return what an edition keeps of an account: of the changes as many as fit, and how many there were of each kind."""
    changes = account["changes"]
    counts = Counter(change["kind"] for change in changes)
    return {**account, "changes": changes[:_MOST_KEPT], "changed": dict(counts)}


def _grouped(warnings: Sequence[RowFault]) -> list[dict[str, Any]]:
    def key(warning: RowFault) -> tuple[str, str]:
        return warning.field, warning.fault.kind

    found = []
    for (field, kind), group in groupby(sorted(warnings, key=key), key):
        told = list(group)
        rows = [warning.row for warning in told if warning.row is not None]
        first = fault_json(told[0].fault)
        found.append(
            {
                "field": field,
                "kind": kind,
                "rows": rows[:_MOST_ROWS],
                "count": len(rows),
                "text": first["text"],
                "remedy": first["remedy"],
            }
        )
    return found


def _change_json(change: Change) -> dict[str, Any]:
    numbers = {name: value for name, value in change.values.items() if not name.startswith("reason_")}
    return {"row": change.row, "kind": change.kind, "text": text_json(change.text), **numbers}
