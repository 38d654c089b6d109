"""Entering a stage, on a day, by a document; and withdrawing an entry, by four eyes. One entry, one transaction."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any

import numpy as np

from geocode import Fault, parse
from geocode.faults import read_sentences
from registry.ledger.events import NewEvent, new_salts
from registry.procedures import Procedure, load_procedure
from registry.schemes import Scheme
from registry.stages import Entry, Stage, check_chain, check_entry, get_stage, next_stages
from store.buildings import lock_buildings, lock_ground
from store.database import Connection, Database, transaction
from store.descriptions import describe_rows, say_rows
from store.ledger import append_events
from store.lives import read_lives
from store.stages import (
    DrawnVersion,
    add_stage_entries,
    add_withdrawal,
    close_stage_entry,
    stage_documents,
    stage_entries,
    uploaded_versions,
    withdrawals_of,
)
from store.walls import seeing_all
from workflows.drawings import Drawing, draw_footprints
from workflows.errors import ChangedMeanwhileError, RefusedEntryError
from workflows.idempotency import once
from workflows.principals import Principal
from workflows.resolving import building_code
from workflows.rights import allow, find_right
from workflows.stage_geometries import Scene, StageGeometry, add_version, choose_geometry

__all__ = [
    "EntryRequest",
    "as_entry",
    "enter_stage",
    "enter_uploaded_stage",
    "required_documents",
    "standing",
    "tell_entries",
    "uploaded_entries",
    "withdraw_entry",
]

_SENTENCES = read_sentences("registry", "stage_faults.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRequest:
    """A building's entry into a stage, as somebody asks for it.

    Attributes
    ----------
    stage, occurred_on
        Which stage, and the day it happened.
    certificate, documents
        The certificate's number; ids of the building's attachments.
    height_m, floor_area_m2
        As the stage's documents say.
    version
        The geometry version that is the stage's.
    geometry
        A new geometry, drawn for the stage: a polygon or multipolygon in EPSG:4490.
    attributes
        What else is to be kept.
    """

    stage: str
    occurred_on: date
    certificate: str | None = None
    documents: Sequence[str] = ()
    height_m: float | None = None
    floor_area_m2: float | None = None
    version: int | None = None
    geometry: Any = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks about which building, and by which lists names and stages are read.

    Attributes
    ----------
    name
        The building's code, leniently typed, or an alias of it.
    procedure, schemes
        As `configured_procedure` and `configured_schemes` return them; what no city changed where they are left out.
    key
        The client's idempotency key.
    """

    name: str
    principal: Principal
    procedure: Procedure = field(default_factory=load_procedure)
    schemes: Sequence[Scheme] | None = None
    key: str | None = None


def enter_stage(database: Database, asked: Asked, request: EntryRequest) -> dict[str, Any]:
    """Have a building enter a stage and return ``building, entry, stage, occurred_on, version, next``.

    Raises
    ------
    RefusedEntryError
        The order of stages is against it, or something that the stage asks for is missing; with every reason.
    ForbiddenError, HiddenError
        The principal may not enter that stage, or not for that building.
    StageError, NotHereError, FootprintError
        No such stage, no such building, or the geometry is no footprint.
    ChangedMeanwhileError, GroundTakenError
        Someone else changed the building, or registered another one there, at the same time.
    """
    said = {"action": "enter_stage", **asdict(replace(request, geometry=None)), "geometry": str(request.geometry)}
    return _answer(database, asked, said, lambda connection, code: _enter(connection, code, request, asked))


def withdraw_entry(database: Database, asked: Asked, entry: int, *, reason: str) -> dict[str, Any]:
    """Propose that an entry be withdrawn, or confirm what somebody else proposed; return ``building, entry, withdrawn``.

    Raises
    ------
    RefusedEntryError
        The entry does not stand, others rest on it, or the same person proposed it.
    ForbiddenError
        The principal may neither propose nor confirm.
    """
    said = {"action": "withdraw_entry", "entry": entry, "reason": reason}
    return _answer(database, asked, said, lambda connection, code: _withdraw(connection, code, entry, reason, asked))


def enter_uploaded_stage(
    connection: Connection,
    upload: str,
    buildings: Iterable[str],
    *,
    stage: str,
    principal: Principal,
    procedure: Procedure | None = None,
) -> None:
    """Have buildings (ids) of an upload enter the stage of their geometry as `uploaded_entries` does, and tell the ledger: the last thing of all."""
    versions = uploaded_versions(connection, upload, buildings, stage=stage)
    entered = uploaded_entries(connection, versions, stage=stage, principal=principal, procedure=procedure)
    now, codes = datetime.now(UTC), {version.building_id: version.code for version in versions}
    append_events(
        connection,
        [
            NewEvent(
                kind="stage_entered",
                subject=f"building/{codes[building]}",
                building_id=building,
                office_id=principal.office_id,
                actor=principal.actor,
                occurred_at=now,
                body=said,
            )
            for building, said in entered.items()
        ],
    )


def uploaded_entries(
    connection: Connection,
    versions: Sequence[DrawnVersion],
    *,
    stage: str,
    principal: Principal,
    procedure: Procedure | None = None,
) -> dict[str, dict[str, Any]]:
    """Have buildings of an upload enter the stage of their geometry, where the procedure says that they do by themselves.

    Return what the entries say by the buildings' ids, for the events that tell of them. The day is known to be no later than
    today. A building whose life is past the stage keeps the geometry and makes no entry.

    Parameters
    ----------
    versions
        The geometry versions that the upload made at the stage.
    """
    stages = (procedure or load_procedure()).stages
    if not get_stage(stage, stages).by_upload:
        return {}
    today = date.today()
    may = _may_enter(connection, versions, stage, stages=stages, today=today)
    common = {"stage": stage, "occurred_on": today, "attributes": {"at_latest": True}}
    common |= {"office_id": principal.office_id, "actor": principal.actor}
    rows = [
        {**common, "building_id": version.building_id, "footprint_id": version.id, "salt": salt}
        for version, salt in zip(may, new_salts(len(may)), strict=True)
    ]
    numbers = add_stage_entries(connection, rows)
    known: dict[str, dict[Any, Any]] = {
        "building_id": {each.building_id: each.code for each in may},
        "footprint_id": {each.id: each.version for each in may},
    }
    said = say_rows("stage_entry", ({**row, "id": number} for number, row in zip(numbers, rows, strict=True)), known)
    return {version.building_id: body for version, body in zip(may, said, strict=True)}


def tell_entries(events: Iterable[NewEvent], entered: Mapping[str, Mapping[str, Any]]) -> Iterator[NewEvent]:
    """Yield the events of an upload, those of new geometry versions with the entry that each made.

    Parameters
    ----------
    entered
        As `uploaded_entries` returns it.
    """
    for event in events:
        said = entered.get(event.building_id or "") if "version" in event.body else None
        yield event if said is None else event._replace(body={**event.body, "entered": [said]})


def _may_enter(
    connection: Connection, versions: Sequence[DrawnVersion], stage: str, *, stages: Sequence[Stage], today: date
) -> list[DrawnVersion]:
    """Return the geometry versions whose buildings may enter a stage with them, and did not yet."""
    wanted = Entry(stage=stage, occurred_on=today, at_latest=True, drawn_at=stage)
    rows = stage_entries(connection, [version.building_id for version in versions if not version.is_first])
    entered = {row["footprint_id"] for row in rows}
    known: dict[str, list[Entry]] = {}
    for row in standing(rows):
        known.setdefault(row["building_id"], []).append(as_entry(row))
    # buildings that came with one delivery have one life so far
    answers: dict[tuple[Entry, ...], bool] = {}

    def may(building: str) -> bool:
        chain = tuple(replace(entry, number=place) for place, entry in enumerate(known.get(building, ())))
        if chain not in answers:
            answers[chain] = not check_entry(chain, wanted, stages=stages, today=today)
        return answers[chain]

    return [version for version in versions if version.id not in entered and may(version.building_id)]


def required_documents(procedure: Procedure, stage: str) -> tuple[str, ...]:
    """Return the kinds of documents that a stage asks for.

    Raises
    ------
    StageError
        There is no such stage.
    """
    return get_stage(stage, procedure.stages).documents


def standing(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries that were not withdrawn."""
    return [row for row in rows if row["withdrawn_at"] is None]


def as_entry(row: Mapping[str, Any]) -> Entry:
    """Return a stored entry as the laws of stages read it."""
    return Entry(
        stage=row["stage"],
        occurred_on=row["occurred_on"],
        number=row["id"],
        at_latest=bool(row["attributes"].get("at_latest")),
        certificate=row["certificate"],
        documents=tuple(document["kind"] for document in row["attributes"].get("documents", ())),
        drawn_at=row["drawn_at"],
        height_m=row["height_m"],
        floor_area_m2=row["floor_area_m2"],
    )


def _enter(connection: Connection, code: str, request: EntryRequest, asked: Asked) -> dict[str, Any]:
    principal, stages = asked.principal, asked.procedure.stages
    stage = get_stage(request.stage, stages)
    drawing = None if request.geometry is None else draw_footprints([request.geometry])[0]
    life = _hold(connection, code, stage, principal, drawing)
    scene = _look(connection, life, stages)
    # who enters a stage answers for what is there, whoever attached it
    with seeing_all(connection):
        known = stage_documents(connection, life["building_id"])
    bare = Entry(
        stage=stage.code,
        occurred_on=request.occurred_on,
        certificate=request.certificate,
        documents=tuple(known[each]["kind"] for each in request.documents if each in known),
        height_m=request.height_m,
        floor_area_m2=request.floor_area_m2,
    )
    ground, odd = choose_geometry(connection, scene, bare, version=request.version, drawing=drawing)
    entry = replace(bare, drawn_at=ground.drawn_at)
    faults = [
        *_life_faults(life, request),
        *check_entry(scene.entries, entry, stages=stages, today=date.today()),
        *odd,
        *(_SENTENCES.fault("document_elsewhere", document=each) for each in request.documents if each not in known),
    ]
    if faults:
        raise RefusedEntryError(faults)
    documents = [{"id": each, **known[each]} for each in request.documents]
    row = {
        "building_id": life["building_id"],
        "stage": stage.code,
        "occurred_on": request.occurred_on,
        "height_m": request.height_m,
        "floor_area_m2": request.floor_area_m2,
        "certificate": request.certificate and request.certificate.strip(),
        "attributes": {**request.attributes, "documents": documents},
        "office_id": principal.office_id,
        "actor": principal.actor,
    }
    added = _write(connection, life, row, principal, ground, drawing)
    after = next_stages([*scene.entries, entry], stages)
    return {
        "building": str(parse(code)),
        "entry": added,
        "stage": stage.code,
        "occurred_on": request.occurred_on.isoformat(),
        "version": ground.version,
        "next": [each.code for each in after],
    }


def _hold(
    connection: Connection, code: str, stage: Stage, principal: Principal, drawing: Drawing | None
) -> dict[str, Any]:
    """Return a building as it stands, held until the transaction ends, its ground too where it gets a new geometry."""
    (seen,) = read_lives(connection, [code])
    # an office's own are also those that it surveyed last: who designs a building seldom measures it
    is_own = principal.office_id in {seen["office_id"], seen["drawn_by"]}
    allow(principal, "enter_stage", own=is_own, office_id=seen["office_id"], kind=stage.kind)
    if drawing is not None:
        # numpy would take a multipolygon apart
        lock_ground(connection, np.array([drawing.footprint, seen["geom"], None], dtype=object)[:-1])
    lock_buildings(connection, [seen["building_id"]])
    (life,) = read_lives(connection, [code])
    if drawing is not None and life["version"] != seen["version"]:
        raise ChangedMeanwhileError(str(parse(code)))
    return life


def _look(connection: Connection, life: Mapping[str, Any], stages: Sequence[Stage]) -> Scene:
    rows = standing(stage_entries(connection, [life["building_id"]]))
    return Scene(life, rows, [as_entry(row) for row in rows], stages)


def _life_faults(life: Mapping[str, Any], request: EntryRequest) -> list[Fault]:
    """Return why nothing more may happen to a building whose life ended; what happened before may be told later."""
    ended = life["closed_on"]
    if ended is None or (request.occurred_on <= ended and request.geometry is None):
        return []
    return [_SENTENCES.fault("building_closed", closed_on=ended)]


def _write(
    connection: Connection,
    life: Mapping[str, Any],
    entry: Mapping[str, Any],
    principal: Principal,
    ground: StageGeometry,
    drawing: Drawing | None,
) -> int:
    """Write an entry, and its geometry where that is new, with their events; return its id."""
    vouch = partial(_event, building=(life["building_id"], life["code"]), principal=principal, on=entry["occurred_on"])
    events = []
    footprint_id = ground.footprint_id
    if drawing is not None and footprint_id is None:
        version = {"version": ground.version, "stage": entry["stage"], "height_m": entry["height_m"]}
        version |= {"valid_from": entry["occurred_on"], "office_id": principal.office_id}
        footprint_id, drawn = add_version(connection, life, drawing, version)
        events.append(vouch("revised", said=drawn))
    (added,) = add_stage_entries(connection, [{**entry, "footprint_id": footprint_id}])
    (said,) = describe_rows(connection, "stage_entry", [added])
    documents = [document["sha256"] for document in entry["attributes"]["documents"]]
    append_events(connection, [*events, vouch("stage_entered", said={**said, "documents": documents})])
    return added


def _withdraw(connection: Connection, code: str, number: int, reason: str, asked: Asked) -> dict[str, Any]:
    principal, stages = asked.principal, asked.procedure.stages
    may_confirm = find_right(principal, "withdraw", kind="confirm") is not None
    life = _hold_for_withdrawal(connection, code, principal, may_confirm=may_confirm)
    rows = standing(stage_entries(connection, [life["building_id"]]))
    row = next((row for row in rows if row["id"] == number), None)
    if row is None:
        raise RefusedEntryError([_SENTENCES.fault("entry_unknown", entry=number)])
    _refuse_needed([as_entry(each) for each in rows], as_entry(row), stages)
    signed = {"office_id": principal.office_id, "actor": principal.actor}
    proposed = withdrawals_of(connection, [number])
    is_alone = find_right(principal, "withdraw", kind="alone") is not None
    others = [each for each in proposed if {name: each[name] for name in signed} != signed]
    if proposed and not others and not is_alone:
        stage = get_stage(row["stage"], stages)
        raise RefusedEntryError([_SENTENCES.fault("same_eyes", stage=stage.name, actor=principal.actor)])
    wanted = add_withdrawal(connection, {"stage_entry_id": number, "reason": reason, **signed})
    is_withdrawn = is_alone or (may_confirm and bool(others))
    if is_withdrawn:
        close_stage_entry(connection, number)
    (said,) = describe_rows(connection, "stage_entry", [number])
    (wish,) = describe_rows(connection, "stage_withdrawal", [wanted])
    kind = "stage_withdrawn" if is_withdrawn else "withdrawal_proposed"
    building = (life["building_id"], life["code"])
    append_events(connection, [_event(kind, building, {**said, **wish}, principal=principal, on=date.today())])
    return {"building": str(parse(code)), "entry": number, "withdrawn": is_withdrawn}


def _hold_for_withdrawal(
    connection: Connection, code: str, principal: Principal, *, may_confirm: bool
) -> dict[str, Any]:
    (life,) = read_lives(connection, [code])
    kind = "confirm" if may_confirm else "propose"
    allow(principal, "withdraw", office_id=life["office_id"], kind=kind)
    lock_buildings(connection, [life["building_id"]])
    return life


def _refuse_needed(entries: Sequence[Entry], wanted: Entry, stages: Sequence[Stage]) -> None:
    """Raise where other entries hold only with the one that is to be withdrawn."""
    broken = {entry for entry, _ in check_chain(entries, stages)}
    for entry, fault in check_chain([entry for entry in entries if entry != wanted], stages):
        if entry not in broken:
            other = get_stage(entry.stage, stages).name
            held = _SENTENCES.fault("entry_holds", other=other, other_day=entry.occurred_on, why=fault.text)
            raise RefusedEntryError([held])


def _answer(
    database: Database, asked: Asked, said: Mapping[str, Any], work: Callable[[Connection, str], dict[str, Any]]
) -> dict[str, Any]:
    """Return what some work on the building of a name gives, once for each idempotency key."""
    with transaction(database) as connection:
        return once(
            connection,
            asked.principal,
            asked.key,
            {**said, "name": asked.name},
            lambda: work(connection, building_code(connection, asked.name, schemes=asked.schemes).compact),
        )


def _event(
    kind: str, building: tuple[str, str], said: Mapping[str, Any], *, principal: Principal, on: date
) -> NewEvent:
    identity, code = building
    now = datetime.now(UTC)
    return NewEvent(
        kind=kind,
        subject=f"building/{code}",
        building_id=identity,
        office_id=principal.office_id,
        actor=principal.actor,
        # the hour of a day in the past is not known
        occurred_at=now if on >= now.date() else datetime.combine(on, time(), UTC),
        body=said,
    )
