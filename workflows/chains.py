"""The chain of a building: every stage with its entries, how its geometries differ, what is due; and who is late."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geocode import parse
from geocode.planes import from_plane, to_plane
from registry.deadlines import Due, find_due
from registry.differences import Tolerance, judge_differences, measure_differences
from registry.procedures import Procedure
from registry.stages import Basis, Entry, Stage, document_kinds, next_stages, put_in_order
from store.database import Connection, Database, transaction
from store.lives import read_lives
from store.stages import overdue_buildings, stage_entries, stage_geometries, withdrawals_of
from workflows.principals import Principal
from workflows.reports import geometry_json, text_json
from workflows.resolving import building_code
from workflows.rights import allow, only_office
from workflows.stages import Asked, as_entry, standing

__all__ = ["list_deadlines", "list_stages", "read_chain"]

# more are not listed at once
MOST_BUILDINGS = 1_000


def list_stages(procedure: Procedure) -> dict[str, Any]:
    """Return the stages with what they ask for, the deadlines, the tolerances and the kinds of documents."""
    return {
        "stages": [_stage_json(stage) for stage in procedure.stages],
        "deadlines": [
            {
                "id": each.id,
                "name": text_json(each.name),
                "start": each.start,
                "until": list(each.until),
                "within": {unit: getattr(each.within, unit) for unit in ("days", "working_days", "months")},
                "remind_days": each.remind_days,
                "note": text_json(each.note),
                **_grounds(each.basis, each.confidence),
            }
            for each in procedure.deadlines
        ],
        "tolerances": [_tolerance_json(each) for each in procedure.tolerances],
        "documents": [{"code": code, **text_json(name)} for code, name in document_kinds().items()],
    }


def read_chain(database: Database, asked: Asked, *, day: date) -> dict[str, Any]:
    """Return a building's chain: ``building, stages, next, differences, deadlines``, as it stands on a day.

    Raises
    ------
    NotHereError
        Nothing bears the name.
    ForbiddenError, HiddenError
        The principal may not see the building.
    """
    stages = asked.procedure.stages
    with transaction(database) as connection:
        code = building_code(connection, asked.name, schemes=asked.schemes).compact
        (life,) = read_lives(connection, [code])
        allow(asked.principal, "read_chain", office_id=life["office_id"])
        rows = stage_entries(connection, [life["building_id"]])
        wishes = withdrawals_of(connection, [row["id"] for row in rows])
        held = standing(rows)
        differences = _differences(connection, held, asked.procedure)
    entries = [as_entry(row) for row in held]
    lives = life["closed_as"] is None
    due = (
        find_due(entries, asked.procedure.deadlines, stages, day=day, worked=asked.procedure.calendar) if lives else []
    )
    return {
        "building": str(parse(code)),
        "day": day.isoformat(),
        "stages": [
            {
                **_stage_json(stage),
                "entries": [_entry_json(row, wishes) for row in rows if row["stage"] == stage.code],
            }
            for stage in stages
        ],
        "next": [stage.code for stage in next_stages(entries, stages)] if lives else [],
        "differences": differences,
        "deadlines": [_due_json(each) for each in due],
    }


def list_deadlines(
    database: Database, principal: Principal, *, procedure: Procedure, day: date, everything: bool = False
) -> dict[str, Any]:
    """Return the reminders and yellow flags of a day over all living buildings that the principal may see.

    Parameters
    ----------
    everything
        Whether what is due and not yet in sight is told too.

    Returns
    -------
    dict
        ``day``, ``counts`` by state, ``deadlines`` the earliest first, each with its building, and ``is_cut`` where there are
        more buildings than are looked at in one answer.
    """
    own = only_office(principal, allow(principal, "read_chain"))
    wanted = [
        {
            "start": each.start,
            "until": each.until,
            "is_bare": each.is_bare,
            "by_certificate": each.by_certificate,
            "by_documents": each.by_documents,
            "entered_by": day if everything else each.latest_start(day),
        }
        for each in procedure.deadlines
    ]
    with transaction(database) as connection:
        buildings = overdue_buildings(connection, wanted, office_id=own, limit=MOST_BUILDINGS)
        rows = standing(stage_entries(connection, [building["id"] for building in buildings]))
    entries: dict[str, list[Entry]] = {building["id"]: [] for building in buildings}
    for row in rows:
        entries[row["building_id"]].append(as_entry(row))
    told = [
        {
            "building": str(parse(building["code"])),
            "name": building["name"],
            "office": {"zh": building["office_zh"], "en": building["office_en"]},
            **_due_json(due),
        }
        for building in buildings
        for due in find_due(
            entries[building["id"]], procedure.deadlines, procedure.stages, day=day, worked=procedure.calendar
        )
        if everything or due.state != "due"
    ]
    told.sort(key=lambda each: (each["due_on"], each["building"], each["deadline"]))
    counts = {state: sum(each["state"] == state for each in told) for state in ("yellow", "reminder", "due")}
    return {"day": day.isoformat(), "counts": counts, "is_cut": len(buildings) == MOST_BUILDINGS, "deadlines": told}


def _stage_json(stage: Stage) -> dict[str, Any]:
    number = stage.certificate
    return {
        "code": stage.code,
        **text_json(stage.name),
        "order": stage.order,
        "kind": stage.kind,
        "after": list(stage.after),
        "first": stage.first or not stage.after,
        "closed_by": list(stage.closed_by),
        "ends": stage.ends,
        "by_upload": stage.by_upload,
        "requires": {
            "geometry": stage.geometry,
            "height": stage.height,
            "floor_area": stage.floor_area,
            "documents": list(stage.documents),
            "certificate": None
            if number is None
            else {"name": text_json(number.name), "example": number.example, "required": number.required},
        },
        **_grounds(stage.basis, stage.confidence),
    }


def _entry_json(row: Mapping[str, Any], wishes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    rest = {name: value for name, value in row["attributes"].items() if name not in {"documents", "at_latest"}}
    geometry = {name: row[name] for name in ("version", "drawn_at", "fingerprint", "area_m2")}
    return {
        "id": row["id"],
        "occurred_on": row["occurred_on"].isoformat(),
        "at_latest": bool(row["attributes"].get("at_latest")),
        "recorded_at": row["recorded_at"].isoformat(),
        "office": {"zh": row["office_zh"], "en": row["office_en"]},
        "actor": row["actor"],
        "certificate": row["certificate"],
        "documents": list(row["attributes"].get("documents", ())),
        "height_m": row["height_m"],
        "floor_area_m2": row["floor_area_m2"],
        "geometry": None if row["version"] is None else geometry,
        "attributes": rest,
        "withdrawn_at": None if row["withdrawn_at"] is None else row["withdrawn_at"].isoformat(),
        "withdrawal": [
            {"actor": wish["actor"], "reason": wish["reason"], "recorded_at": wish["recorded_at"].isoformat()}
            for wish in wishes
            if wish["stage_entry_id"] == row["id"]
        ],
    }


def _due_json(due: Due) -> dict[str, Any]:
    return {
        "deadline": due.deadline.id,
        "label": text_json(due.deadline.name),
        "state": due.state,
        "due_on": due.due_on.isoformat(),
        "remind_from": due.remind_from.isoformat(),
        "overdue_days": due.overdue_days,
        "start": {
            "stage": due.entry.stage,
            "entry": due.entry.number,
            "occurred_on": due.entry.occurred_on.isoformat(),
        },
        "note": text_json(due.deadline.note),
        **_grounds(due.deadline.basis, due.deadline.confidence),
    }


def _tolerance_json(each: Tolerance) -> dict[str, Any]:
    return {
        "id": each.id,
        "title": text_json(each.title),
        "between": list(each.between),
        "measure": each.measure,
        "most": each.most,
        "least": each.least,
        "steps": [{"up_to": step.up_to, "most": step.most} for step in each.steps],
        "severity": each.shown_severity,
        **_grounds(each.basis, each.confidence),
    }


def _grounds(basis: Sequence[Basis], confidence: str) -> dict[str, Any]:
    return {"basis": [{"doc": each.doc, "article": each.article} for each in basis], "confidence": confidence}


def _differences(
    connection: Connection, rows: Sequence[Mapping[str, Any]], procedure: Procedure
) -> list[dict[str, Any]]:
    """Return how the geometries of stages differ that follow each other, and of those that a tolerance compares."""
    pairs = _pairs(rows, procedure)
    if not pairs:
        return []
    drawn = stage_geometries(connection, sorted({row["footprint_id"] for pair in pairs for row in pair}))
    # one plane for all: that of the newest geometry
    plane = str(drawn.plane.loc[pairs[-1][1]["footprint_id"]])
    before, after = (_in_plane([pair[side] for pair in pairs], drawn, plane) for side in (0, 1))
    measured = measure_differences(before, after)
    return [
        _difference_json(pair, measured.iloc[[i]], plane, _tolerances_between(pair, procedure))
        for i, pair in enumerate(pairs)
    ]


def _pairs(
    rows: Sequence[Mapping[str, Any]], procedure: Procedure
) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    by_number = {row["id"]: row for row in rows}
    ordered = [by_number[entry.number] for entry in put_in_order([as_entry(row) for row in rows], procedure.stages)]
    drawn = [row for row in ordered if row["footprint_id"] is not None]
    newest = {row["stage"]: row for row in drawn}
    pairs = [(left, right) for left, right in pairwise(drawn) if left["version"] != right["version"]]
    for each in procedure.tolerances:
        first, second = (newest.get(stage) for stage in each.between)
        if first is not None and second is not None and (first, second) not in pairs:
            pairs.append((first, second))
    return pairs


def _in_plane(rows: Sequence[Mapping[str, Any]], drawn: gpd.GeoDataFrame, plane: str) -> gpd.GeoDataFrame:
    shapes = to_plane(np.asarray(drawn.geometry.loc[[row["footprint_id"] for row in rows]].values), plane)
    heights = [row["drawn_height_m"] if row["height_m"] is None else row["height_m"] for row in rows]
    columns = {"height_m": heights, "floor_area_m2": [row["floor_area_m2"] for row in rows]}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=plane)


def _tolerances_between(pair: tuple[Mapping[str, Any], Mapping[str, Any]], procedure: Procedure) -> list[Tolerance]:
    stages = (pair[0]["stage"], pair[1]["stage"])
    return [each for each in procedure.tolerances if each.between == stages]


def _difference_json(
    pair: tuple[Mapping[str, Any], Mapping[str, Any]],
    measured: gpd.GeoDataFrame,
    plane: str,
    tolerances: Sequence[Tolerance],
) -> dict[str, Any]:
    row = measured.iloc[0]
    shapes = {name: from_plane(np.array([row[name], None], dtype=object)[:-1], plane)[0] for name in ("gained", "lost")}
    judged = judge_differences(measured, tolerances)
    named = {each.id: each for each in tolerances}
    return {
        "from": _side(pair[0]),
        "to": _side(pair[1]),
        "plane": plane,
        "measures": {name: _known(row[name]) for name in measured.columns if name not in shapes},
        **{name: geometry_json(shape) for name, shape in shapes.items()},
        "findings": [
            {
                **_tolerance_json(named[each["tolerance"]]),
                "outcome": each["outcome"],
                **{name: _known(each[name]) for name in ("value", "limit", "margin")},
            }
            for each in judged.to_dict("records")
        ],
    }


def _side(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "entry": row["id"],
        "stage": row["stage"],
        "occurred_on": row["occurred_on"].isoformat(),
        "version": row["version"],
    }


def _known(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
