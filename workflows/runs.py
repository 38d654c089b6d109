"""Runs: what an answer of the blueprint rests on, kept with it, so that anyone can have it computed again."""

import math
import platform
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

import numpy as np
import pyproj
import shapely
from pyproj.database import get_database_metadata

from blueprint.grid_geometries import GRID_PER_M
from geocode import __version__
from store.database import Connection, Database, transaction
from store.runs import read_run
from workflows.principals import Principal
from workflows.rights import allow

__all__ = ["allowed_run", "engine_versions", "run_inputs", "run_json", "settled", "show_run"]

_DECIMALS = 6
# runs that show what lies between layers everywhere, whichever office asked
_OF_THE_WHOLE = {"conflicts", "differences", "sites"}


@cache
def engine_versions() -> dict[str, str]:
    """Return the versions of what computes: a result can be had again to the last digit with the same ones."""
    return {
        "luotu": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "shapely": shapely.__version__,
        "geos": shapely.geos_version_string,
        "proj": pyproj.proj_version_str,
        "proj_database": _proj_database(),
    }


def run_inputs(
    question: Mapping[str, Any],
    *,
    as_of: date,
    known_at: datetime,
    editions: Mapping[str, int],
    tolerances: Mapping[str, float],
    rule_set_version: str | None = None,
) -> dict[str, Any]:
    """Return the inputs of a run as JSON holds them.

    Parameters
    ----------
    question
        What was asked, whole: geometries with all digits of their coordinates, options as they were given.
    editions
        The ids of the editions that were looked at, by layer.
    tolerances
        The accuracies and limits that the answer depends on, units in their names.
    """
    return {
        "question": dict(question),
        "as_of": as_of.isoformat(),
        "known_at": known_at.isoformat(),
        "editions": dict(editions),
        "tolerances": {"grid_per_m": GRID_PER_M, **tolerances},
        "rule_set": rule_set_version,
        "engine": engine_versions(),
    }


def settled(value: Any) -> Any:
    """Return a JSON value as results state it: numbers to six decimals, which engines agree on; none where it is not finite."""
    if isinstance(value, Mapping):
        return {str(key): settled(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [settled(each) for each in value]
    if not isinstance(value, float | np.floating):
        return value
    # adding zero makes a negative zero a plain one
    return round(float(value), _DECIMALS) + 0.0 if math.isfinite(value) else None


def show_run(database: Database, identity: str, *, principal: Principal) -> dict[str, Any]:
    """Return a run as answers hold it: the question, what its answer rests on, the answer, the hashes.

    Raises
    ------
    NotHereError
        There is none of that id.
    ForbiddenError, HiddenError
        The role reads no runs, or not those of another office, or not those that show layers beyond its security level.
    """
    with transaction(database) as connection:
        return run_json(allowed_run(connection, identity, principal))


def allowed_run(connection: Connection, identity: str, principal: Principal) -> Any:
    """Return the row of a run that a principal may read; raises as `show_run` does."""
    row = read_run(connection, identity)
    allow(principal, "read_runs", office_id=row.office_id)
    if row.kind in _OF_THE_WHOLE:
        allow(principal, "read_blueprint")
    for level in row.inputs["question"].get("levels", ()):
        allow(principal, "read_layers", kind=level)
    return row


def run_json(row: Any) -> dict[str, Any]:
    """Return the row of a run as answers hold it."""
    return {
        "id": row.id,
        "kind": row.kind,
        "as_of": row.as_of.isoformat(),
        "known_at": row.known_at.isoformat(),
        "office": {"zh": row.office_zh, "en": row.office_en},
        "recorded_at": row.recorded_at.isoformat(),
        "base": row.base_id,
        "rule_set": row.rule_set_version,
        "inputs": row.inputs,
        "inputs_sha256": row.inputs_sha256,
        "result": row.result,
        "sha256": row.result_sha256,
    }


def _proj_database() -> str:
    """Return the versions of PROJ's own tables: results change with them as well."""
    found = (get_database_metadata(key) for key in ("EPSG.VERSION", "PROJ_DATA.VERSION"))
    return " ".join(each for each in found if each)
