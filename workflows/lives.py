"""What happens to buildings by hand: split, merged, rebuilt, closed, revived, moved, given a part. One act, one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from geocode import BuildingCode, parse
from geocode.faults import Fault, read_sentences
from geocode.planes import to_plane
from registry.lives import (
    Life,
    Successor,
    refuse_closing,
    refuse_count,
    refuse_day,
    refuse_heir,
    refuse_merging,
    refuse_part,
    refuse_rebuilding,
    refuse_relocation,
    refuse_revival,
    refuse_splitting,
)
from store.buildings import grounds_held, lock_buildings, lock_ground
from store.database import Connection
from store.ledger import append_events
from store.lives import closure_descents, living_parts, read_descents, read_lives
from workflows.changes import Changes, write_changes
from workflows.drawings import Drawing, as_column, draw_footprints
from workflows.errors import ChangedMeanwhileError, RefusedActError
from workflows.ground import refuse_taken
from workflows.principals import Principal
from workflows.succession import issue_all, succeed, to_reassign

__all__ = ["ActRequest", "PlannedAct", "perform", "try_out"]

_SENTENCES = read_sentences("registry", "life_faults.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRequest:
    """Something that is to happen to buildings.

    Attributes
    ----------
    act
        ``split``, ``merge``, ``rebuild``, ``close``, ``revive``, ``relocate`` or ``add_part``.
    codes
        Of the buildings, as people type them: several to merge, one for the others.
    footprints
        The new ones, in EPSG:4490: several to split into, none to close or revive, one for the others.
    on
        The day on which it happened.
    survivor
        Which of the footprints (split) or of the codes (merge) keeps its code, from 0; None: all codes are new.
    reason
        Of a closure: ``demolished`` or ``mistaken``.
    space
        Of a part: ``underground`` or ``surface``.
    stage
        Whose geometry a new footprint is; that of the building where None.
    name
        Of the rebuilt building or the part.
    """

    act: str
    codes: Sequence[str]
    footprints: Sequence[Any] = ()
    on: date = field(default_factory=date.today)
    survivor: int | None = None
    reason: str | None = None
    space: str = "underground"
    stage: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedAct:
    """An act, the buildings it happens to, what is drawn, the codes of those that come of it, and what it changes."""

    request: ActRequest
    rows: Sequence[Mapping[str, Any]]
    drawings: Sequence[Drawing]
    successors: Sequence[BuildingCode]
    changes: Changes

    def as_json(self) -> dict[str, Any]:
        """Return the act as it stands in an answer."""
        survivor = self.request.survivor
        keeping = survivor if self.request.act == "split" else 0
        return {
            "act": self.request.act,
            "on": self.request.on.isoformat(),
            "predecessors": [str(parse(row["code"])) for row in self.rows],
            "successors": [str(code) for code in self.successors],
            "survivor": None if survivor is None else str(self.successors[keeping or 0]),
        }


@dataclass(frozen=True, slots=True)
class _Scene:
    """An act, the buildings it happens to as they stand now, and the footprints that it brings."""

    connection: Connection
    request: ActRequest
    changes: Changes
    rows: Sequence[dict[str, Any]]
    drawings: Sequence[Drawing]
    lives: Sequence[Life]
    flat: Sequence[Any]


def try_out(connection: Connection, request: ActRequest, *, principal: Principal) -> PlannedAct:
    """Return what an act would change, having written it and taken it back: whatever would refuse it refuses it now.

    Raises
    ------
    RefusedActError
        A law of the register is against it: its kind says which.
    GroundTakenError
        Another building stands on the new ground.
    ChangedMeanwhileError
        Someone else changed one of the buildings at the same time.
    NotHereError, CodeError
        A code is nobody's, or is none.
    FootprintError
        A drawing is no footprint.
    """
    planned = _plan(connection, request, principal=principal)
    trial = connection.begin_nested()
    try:
        write_changes(connection, planned.changes)
    finally:
        trial.rollback()
    return planned


def perform(connection: Connection, request: ActRequest, *, principal: Principal) -> dict[str, Any]:
    """Carry out an act and return what it did: ``act, on, predecessors, successors, survivor, units, aliases, events``.

    `units` and `aliases` are those that the retired codes keep, to be given to others by hand (`to_reassign`). The last thing
    that a transaction does but for appending further events. Raises as `try_out`.
    """
    planned = _plan(connection, request, principal=principal)
    left = to_reassign(connection, planned.changes)
    events = append_events(connection, write_changes(connection, planned.changes))
    return {**planned.as_json(), **left, "events": [*events]}


def _plan(connection: Connection, request: ActRequest, *, principal: Principal) -> PlannedAct:
    """Return what an act would change, as the register stands; the ground and the buildings are held from now on."""
    _refuse(refuse_count(request.act, codes=len(request.codes), footprints=len(request.footprints)))
    _refuse(refuse_day(request.on))
    drawings = draw_footprints(request.footprints)
    codes = [parse(code).compact for code in request.codes]
    seen = read_lives(connection, codes)
    shapes = [*(each.footprint for each in drawings), *(row["geom"] for row in seen)]
    if request.act == "revive":
        shapes += [shape for row in seen for shape in grounds_held(connection, row["building_id"])]
    lock_ground(connection, as_column(shapes))
    lock_buildings(connection, [row["building_id"] for row in seen])
    rows = read_lives(connection, codes)
    for before, now in zip(seen, rows, strict=True):
        if before["version"] != now["version"]:
            raise ChangedMeanwhileError(str(parse(now["code"])))
    scene = _set_scene(connection, request, Changes(principal, request.on), rows, drawings)
    successors = _ACTS[request.act](scene)
    return PlannedAct(request, rows, drawings, successors, scene.changes)


def _set_scene(
    connection: Connection,
    request: ActRequest,
    changes: Changes,
    rows: Sequence[dict[str, Any]],
    drawings: Sequence[Drawing],
) -> _Scene:
    plane = rows[0]["plane"]
    known, drawn = (
        to_plane(as_column(shapes), plane)
        for shapes in ([row["geom"] for row in rows], [each.footprint for each in drawings])
    )
    lives = [
        Life(str(parse(row["code"])), row["kind"], row["space"], row["closed_as"], footprint)
        for row, footprint in zip(rows, known, strict=True)
    ]
    return _Scene(connection, request, changes, rows, drawings, lives, list(drawn))


def _split(scene: _Scene) -> list[BuildingCode]:
    (row,), (life,), survivor = scene.rows, scene.lives, scene.request.survivor
    _refuse(refuse_splitting(life, scene.flat, survivor=survivor))
    return _succeed(scene, "split", heir=None if survivor is None else row, keeping=survivor or 0)


def _merge(scene: _Scene) -> list[BuildingCode]:
    survivor = scene.request.survivor
    _refuse(refuse_merging(scene.lives, scene.flat[0], survivor=survivor))
    if survivor is None:
        return _succeed(scene, "merged")
    heir = scene.rows[survivor]
    descents = [
        (row.predecessor, row.successor) for row in read_descents(scene.connection, [row["code"] for row in scene.rows])
    ]
    _refuse(refuse_heir(heir["code"], [row["code"] for row in scene.rows if row is not heir], descents))
    return _succeed(scene, "merged", heir=heir, standing=descents)


def _rebuild(scene: _Scene) -> list[BuildingCode]:
    (life,) = scene.lives
    _refuse(refuse_rebuilding(life, scene.flat[0]))
    return _succeed(scene, "rebuilt")


def _close(scene: _Scene) -> list[BuildingCode]:
    (row,), (life,), reason = scene.rows, scene.lives, scene.request.reason or ""
    parts = [str(parse(code)) for code in living_parts(scene.connection, row["building_id"])]
    _refuse(refuse_closing(life, reason, living_parts=parts))
    scene.changes.end(row, "closed", reason=reason)
    return []


def _revive(scene: _Scene) -> list[BuildingCode]:
    (row,), (life,) = scene.rows, scene.lives
    descents = closure_descents(scene.connection, row["building_id"])
    successors = [Successor(str(parse(each.code)), each.closed_as, each.is_survivor) for each in descents]
    _refuse(refuse_revival(life, successors))
    closed_on, on = row["closed_on"], scene.request.on
    _refuse(_SENTENCES.fault("revived_early", code=life.code, closed_on=closed_on, on=on) if on < closed_on else None)
    _refuse_taken(scene)
    told = {"reason": row["closed_as"], "closed_on": row["closed_on"].isoformat()}
    lineage = [{"predecessor": row["code"], "successor": each.code, "relation": each.relation} for each in descents]
    scene.changes.revive(row, [each.id for each in descents], **told, lineage=lineage)
    return [parse(row["code"])]


def _relocate(scene: _Scene) -> list[BuildingCode]:
    (row,), (life,) = scene.rows, scene.lives
    _refuse(refuse_relocation(life, scene.flat[0]))
    _refuse_taken(scene)
    distance = life.footprint.centroid.distance(scene.flat[0].centroid)
    version = {**_version(scene, 0, row), "height_m": row["height_m"]}
    scene.changes.revise(row, version, event="relocated", distance_m=round(float(distance), 3))
    return [parse(row["code"])]


def _add_part(scene: _Scene) -> list[BuildingCode]:
    (row,), (life,), space = scene.rows, scene.lives, scene.request.space
    _refuse(refuse_part(life, scene.flat[0], space))
    _refuse_taken(scene, space=space)
    (code,) = issue_all(scene.connection, [scene.drawings[0].code])
    version = {**_version(scene, 0, row), "space": space, "name": scene.request.name}
    scene.changes.register(code, version, kind="part", part_of=row["building_id"])
    return [code]


def _succeed(
    scene: _Scene,
    relation: str,
    *,
    heir: Mapping[str, Any] | None = None,
    keeping: int = 0,
    standing: Sequence[tuple[str, str]] = (),
) -> list[BuildingCode]:
    """Have the new footprints come after the buildings, and return their codes, the heir's own among them."""
    like = heir or scene.rows[0]
    _refuse_taken(scene)
    drawn = [drawing.code for place, drawing in enumerate(scene.drawings) if heir is None or place != keeping]
    codes = issue_all(scene.connection, drawn)
    if heir is not None:
        codes.insert(keeping, parse(heir["code"]))
    name = scene.request.name or like["name"]
    versions = [{**_version(scene, place, like), "name": name} for place in range(len(scene.drawings))]
    succeed(scene.changes, relation, scene.rows, versions, codes, heir=heir, keeping=keeping, standing=standing)
    return codes


def _version(scene: _Scene, place: int, like: Mapping[str, Any]) -> dict[str, Any]:
    """Return a geometry version with a new footprint; what it is not drawn for stays as it was."""
    kept = {name: like[name] for name in ("name", "space", "attributes")}
    return {**kept, "stage": scene.request.stage or like["stage"], **scene.drawings[place].measures}


def _refuse(fault: Fault | None) -> None:
    if fault is not None:
        raise RefusedActError(fault)


def _refuse_taken(scene: _Scene, *, space: str | None = None) -> None:
    """Refuse ground on which a building lives that is none of the act's own."""
    row = scene.rows[0]
    shapes = [each.footprint for each in scene.drawings] or [row["geom"]]
    without = [] if space and space != row["space"] else [each["building_id"] for each in scene.rows]
    refuse_taken(scene.connection, shapes, space=space or row["space"], plane=row["plane"], without=without)


_ACTS: dict[str, Callable[[_Scene], list[BuildingCode]]] = {
    "split": _split,
    "merge": _merge,
    "rebuild": _rebuild,
    "close": _close,
    "revive": _revive,
    "relocate": _relocate,
    "add_part": _add_part,
}
