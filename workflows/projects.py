"""Projects: opened, joined and left by buildings, read with all that is in them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from geocode import parse
from geocode.faults import read_sentences
from registry.errors import AliasError
from registry.schemes import Scheme, get_scheme
from registry.stages import Stage, stage_codes
from store.buildings import lock_buildings
from store.database import Connection, Database, transaction
from store.descriptions import describe_rows
from store.ledger import append_events
from store.lives import read_lives
from store.projects import (
    add_project,
    buildings_of_project,
    get_project,
    projects_of_building,
)
from store.projects import find_projects as find_stored
from store.projects import join_project as add_to_project
from store.projects import leave_project as end_in_project
from workflows.errors import RefusedActError, RefusedOptionError
from workflows.events import project_event
from workflows.idempotency import once
from workflows.principals import Principal
from workflows.reports import stage_json
from workflows.resolving import building_codes
from workflows.rights import allow, only_office

__all__ = ["find_projects", "join_project", "leave_project", "list_projects_of", "open_project", "read_project"]

MAX_BUILDINGS = 10_000
_LONGEST_NAME = 200
_SENTENCES = read_sentences("registry", "keeping_faults.toml")


def open_project(
    database: Database, *, name: str, code: str | None = None, principal: Principal, key: str | None = None
) -> dict[str, Any]:
    """Open a project and return it; `opened` is False where the office had one of the same code and name.

    Parameters
    ----------
    code
        The project code of GB/T 40058, leniently typed; None where it has none yet.
    key
        The request's idempotency key.

    Raises
    ------
    RefusedOptionError
        The name is empty or too long.
    AliasError
        The code is none.
    RefusedActError
        The code is another project's.
    """
    shown = " ".join(name.split())
    if not 0 < len(shown) <= _LONGEST_NAME:
        raise _refused_option("project_name", found=len(shown), limit=_LONGEST_NAME)
    value = None if code is None else get_scheme("xmdm").parse(code).value
    request = {"act": "open_project", "name": shown, "code": value}
    with transaction(database) as connection:
        return once(connection, principal, key, request, lambda: _open(connection, principal, shown, value))


def join_project(  # noqa: PLR0913 - which buildings, which project, since when, by whom
    database: Database,
    project: str,
    buildings: Sequence[str],
    *,
    principal: Principal,
    valid_from: date | None = None,
    key: str | None = None,
    schemes: Sequence[Scheme] | None = None,
) -> dict[str, Any]:
    """Put buildings into a project and return which joined it and which were in it already: all of them, or none.

    Parameters
    ----------
    project
        Its id or its code.
    buildings
        Their codes or other names, as people type them.
    valid_from
        Since which day; today where None.

    Raises
    ------
    NotHereError
        There is no such project, or a building of which there is none.
    RefusedOptionError
        There are too many.
    """
    act = _Act("join_project", project, buildings, valid_from or date.today(), principal, schemes)
    return _carry_out(database, act, key, _join)


def leave_project(  # noqa: PLR0913 - as above
    database: Database,
    project: str,
    buildings: Sequence[str],
    *,
    principal: Principal,
    valid_to: date | None = None,
    key: str | None = None,
    schemes: Sequence[Scheme] | None = None,
) -> dict[str, Any]:
    """Take buildings out of a project from a day on (today where None) and return which: all of them, or none.

    Raises
    ------
    NotHereError
        As `join_project`.
    RefusedActError
        One is not in it, or was not yet on that day.
    """
    act = _Act("leave_project", project, buildings, valid_to or date.today(), principal, schemes)
    return _carry_out(database, act, key, _leave)


def read_project(
    database: Database,
    project: str,
    *,
    principal: Principal,
    day: date | None = None,
    stages: Sequence[Stage] | None = None,
) -> dict[str, Any]:
    """Return a project, by its id or code, with its buildings and their totals.

    Parameters
    ----------
    day
        Only the buildings that were in it on that day; all that ever were where None, the totals being of those that are
        in it now.
    stages
        Those of `configured_procedure`, which says what they are called; the built-in ones where None.

    Raises
    ------
    NotHereError, HiddenError
        There is none, or it is another office's.
    """
    with transaction(database) as connection:
        found = _get(connection, project)
        allow(principal, "keep", office_id=found.office_id, kind="read")
        rows = buildings_of_project(connection, found.id, day=day)
    counted = [row for row in rows if row.closed_as is None and (day is not None or row.valid_to is None)]
    return {
        **_project_json(found),
        "buildings": [_building_json(row, stages) for row in rows],
        "totals": _totals(counted),
    }


def find_projects(
    database: Database, text: str, *, principal: Principal, after: str | None = None, most: int = 100
) -> dict[str, Any]:
    """Return the projects whose code or name holds a text, the newest first; behind one, by its id, where that is told."""
    right = allow(principal, "keep", kind="read")
    with transaction(database) as connection:
        own = only_office(principal, right)
        rows = find_stored(connection, text.strip(), office_id=own, after=after, most=most)
    return {"projects": [_project_json(row) for row in rows]}


def list_projects_of(connection: Connection, code: str) -> list[dict[str, Any]]:
    """Return the projects that a building, by its compact code, is or was in."""
    return [
        {"id": str(row.id), "code": row.code, "name": row.name, **_days(row)}
        for row in projects_of_building(connection, code)
    ]


@dataclass(frozen=True, slots=True)
class _Act:
    """Buildings that join or leave a project on a day."""

    kind: str
    project: str
    buildings: Sequence[str]
    day: date
    principal: Principal
    schemes: Sequence[Scheme] | None


def _carry_out(database: Database, act: _Act, key: str | None, work: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Find the project and the buildings, hold these, do the work and return its answer."""
    if len(act.buildings) > MAX_BUILDINGS:
        raise _refused_option("too_many_rows", found=len(act.buildings), limit=MAX_BUILDINGS)
    request = {"act": act.kind, "project": act.project, "buildings": list(act.buildings), "day": act.day.isoformat()}

    def run() -> dict[str, Any]:
        found = _get(connection, act.project)
        allow(act.principal, "keep", office_id=found.office_id, kind="project")
        codes = building_codes(connection, act.buildings, schemes=act.schemes)
        lives = read_lives(connection, sorted({code.compact for code in codes}))
        for life in lives:
            allow(act.principal, "keep", office_id=life["office_id"], kind="project")
        lock_buildings(connection, [life["building_id"] for life in lives])
        return {"project": str(found.id), **work(connection, act, found, lives)}

    with transaction(database) as connection:
        return once(connection, act.principal, key, request, run)


def _open(connection: Connection, principal: Principal, name: str, code: str | None) -> dict[str, Any]:
    allow(principal, "keep", kind="project")
    identity = add_project(connection, office_id=principal.office_id, code=code, name=name)
    if identity is None:
        known = get_project(connection, code or "")
        if (known.office_id, known.name) != (principal.office_id, name):
            raise RefusedActError(_SENTENCES.fault("project_taken", code=code))
        return {**_project_json(known), "opened": False}
    (said,) = describe_rows(connection, "project", [identity])
    append_events(connection, [project_event(principal, "project_opened", identity, on=date.today(), body=said)])
    return {**_project_json(get_project(connection, identity)), "opened": True}


def _join(connection: Connection, act: _Act, project: Any, lives: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    common = {"project_id": project.id, "office_id": act.principal.office_id, "valid_from": act.day}
    rows = add_to_project(connection, [{**common, "building_id": life["building_id"]} for life in lives])
    _tell(connection, act, "project_joined", rows)
    added = {str(row.building_id) for row in rows}
    return {
        "joined": [str(parse(life["code"])) for life in lives if life["building_id"] in added],
        "already": [str(parse(life["code"])) for life in lives if life["building_id"] not in added],
        "valid_from": act.day.isoformat(),
    }


def _leave(connection: Connection, act: _Act, project: Any, lives: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    held = {row.code: row for row in buildings_of_project(connection, project.id) if row.valid_to is None}
    missing = [str(parse(life["code"])) for life in lives if life["code"] not in held]
    if missing:
        raise RefusedActError(_SENTENCES.fault("not_in_project", codes=", ".join(missing)))
    rows = [held[life["code"]] for life in lives]
    late = next((row for row in rows if row.valid_from > act.day), None)
    if late is not None:
        raise RefusedActError(
            _SENTENCES.fault("day_before", day=act.day.isoformat(), since=late.valid_from.isoformat())
        )
    end_in_project(connection, [row.id for row in rows], act.day)
    _tell(connection, act, "project_left", rows, valid_to=act.day.isoformat())
    return {"left": [str(parse(life["code"])) for life in lives], "valid_to": act.day.isoformat()}


def _tell(connection: Connection, act: _Act, kind: str, rows: Sequence[Any], **told: str) -> None:
    """Append an event for each building that joined or left."""
    said = describe_rows(connection, "project_building", [row.id for row in rows])
    events = [
        project_event(
            act.principal, kind, body["project"], on=act.day, building_id=str(row.building_id), body={**body, **told}
        )
        for row, body in zip(rows, said, strict=True)
    ]
    append_events(connection, events)


def _refused_option(kind: str, **values: Any) -> RefusedOptionError:
    fault = _SENTENCES.fault(kind, **values)
    return RefusedOptionError(fault.text, fault.remedy)


def _get(connection: Connection, name: str) -> Any:
    """Return a project by its id, or by its code as people type it."""
    try:
        return get_project(connection, get_scheme("xmdm").parse(name).value)
    except AliasError:
        return get_project(connection, name)


def _project_json(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "code": row.code,
        "name": row.name,
        "office": {"zh": row.name_zh, "en": row.name_en},
        "recorded_at": row.recorded_at.isoformat(),
    }


def _building_json(row: Any, stages: Sequence[Stage] | None) -> dict[str, Any]:
    return {
        "code": str(parse(row.code)),
        "name": row.name,
        "kind": row.kind,
        "facility_class": row.facility_class,
        "stage": stage_json(row.stage, stages),
        "area_m2": row.area_m2,
        "plane": {"crs": row.plane, "area_m2": row.plane_area_m2},
        "closed_as": row.closed_as,
        "units": row.units,
        "unit_area_m2": row.unit_area_m2,
        **_days(row),
    }


def _days(row: Any) -> dict[str, str | None]:
    return {
        "valid_from": row.valid_from.isoformat(),
        "valid_to": None if row.valid_to is None else row.valid_to.isoformat(),
    }


def _totals(rows: Sequence[Any]) -> dict[str, Any]:
    counts = Counter(row.stage for row in rows)
    return {
        "buildings": len(rows),
        "area_m2": sum(row.area_m2 for row in rows),
        "plane_area_m2": sum(row.plane_area_m2 for row in rows),
        "units": sum(row.units for row in rows),
        "unit_area_m2": sum(row.unit_area_m2 for row in rows),
        "by_stage": {code: counts[code] for code in stage_codes() if counts[code]},
    }
