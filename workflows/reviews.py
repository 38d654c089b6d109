"""The review queue: what the match could not decide, and what somebody proposed, for a person to decide."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from geocode import BuildingCode, parse
from geocode.faults import Fault, read_sentences
from registry.ledger.events import NewEvent, digest
from registry.lives import Life, refuse_act
from registry.procedures import Procedure
from store.buildings import lock_buildings, lock_ground
from store.database import Connection, Database, transaction
from store.ledger import append_events
from store.lives import read_lives
from store.reviews import add_decision, get_review, list_reviews, lock_review
from workflows.changes import Changes, write_changes
from workflows.drawings import Drawing, as_column, draw_footprints
from workflows.errors import ChangedMeanwhileError, RefusedActError
from workflows.ground import refuse_taken
from workflows.idempotency import once
from workflows.lives import perform
from workflows.principals import Principal
from workflows.proposals import action_of, read_request
from workflows.registering import add_names
from workflows.reports import geometry_json
from workflows.rights import allow, find_allowed, find_right, only_office
from workflows.stages import enter_uploaded_stage
from workflows.succession import issue_all, succeed, to_reassign

__all__ = ["Assignment", "decide_review", "find_reviews", "read_review"]

_SENTENCES = read_sentences("registry", "life_faults.toml")
_DECISIONS = {"accept": "accepted", "reject": "rejected", "relate": "related"}
# what a relation is of: rows and buildings, several where None; and the act that it is to the buildings
_SHAPES: dict[str, tuple[int | None, int | None, str | None]] = {
    "new": (1, 0, None),
    "same": (1, 1, None),
    "revised": (1, 1, None),
    "rebuilt": (1, 1, "rebuild"),
    "split": (None, 1, "split"),
    "merged": (1, None, "merge"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What somebody says that some rows of a review are to some buildings.

    Attributes
    ----------
    relation
        ``new``, ``same``, ``revised``, ``rebuilt``, ``split`` or ``merged``.
    rows
        Their numbers in the delivery.
    codes
        Of the buildings, as people type them.
    """

    relation: str
    rows: Sequence[int]
    codes: Sequence[str] = ()


def find_reviews(
    database: Database,
    *,
    principal: Principal,
    is_open: bool = True,
    upload: str | None = None,
    after: str | None = None,
    most: int = 100,
) -> list[dict[str, Any]]:
    """Return reviews, the newest first: of all offices where the role sees them, else of the own.

    `after` is the id of one: those that come behind it alone.

    Raises
    ------
    ForbiddenError
        The role has no part in reviews.
    """
    right = allow(principal, "upload", kind="read")
    office = only_office(principal, right)
    with transaction(database) as connection:
        rows = list_reviews(connection, office_id=office, is_open=is_open, upload_id=upload, after=after, most=most)
    return [
        {
            **_head(row),
            "file": row["file"],
            "rows": row["rows"],
            "buildings": [str(parse(code)) for code in row["buildings"]],
            "decision": row["decision"],
        }
        for row in rows
    ]


def read_review(database: Database, identity: str, *, principal: Principal) -> dict[str, Any]:
    """Return a review with its rows as delivered, the buildings as they stand now, the measures, and what was decided.

    Raises
    ------
    NotHereError, HiddenError
        There is no such review, or none that the principal may see.
    """
    with transaction(database) as connection:
        review = find_allowed(
            connection,
            lambda: get_review(connection, identity),
            lambda review: allow(principal, "upload", office_id=review["office_id"], kind="read"),
        )
        lives = read_lives(connection, review["buildings"])
    decision = review["decision"]
    return {
        **_head(review),
        "request": review["request"],
        **review["evidence"],
        "rows": [_row_json(row) for row in review["rows"]],
        "buildings": [_life_json(life, review["recorded_at"]) for life in lives],
        "decision": None
        if decision is None
        else {
            **{name: decision[name] for name in ("decision", "relation", "reason", "answer", "actor")},
            "recorded_at": decision["recorded_at"].isoformat(),
        },
    }


def decide_review(  # noqa: PLR0913 - who decides what, and why
    database: Database,
    identity: str,
    *,
    principal: Principal,
    decision: str,
    relations: Sequence[Assignment] = (),
    reason: str | None = None,
    key: str | None = None,
    procedure: Procedure | None = None,
) -> dict[str, Any]:
    """Decide a review, carry out what follows from it at once, and return what was done.

    Parameters
    ----------
    decision
        ``accept``: it is as the match, or who proposed it, says. ``reject``: nothing is done. ``relate``: it is as
        `relations` say; rows that are in none of them stay unregistered.
    key
        The client's Idempotency-Key.
    procedure
        As `configured_procedure` returns it: which stages an upload enters by itself; the built-in one where None.

    Raises
    ------
    RefusedActError
        It has been decided before, cannot be accepted as it is, or a law is against it.
    ChangedMeanwhileError
        A building has changed since the review was made: look at it again, and relate it by hand.
    GroundTakenError
        Another building stands on a row's ground by now.
    NotAllowedError, NotHereError
        As `read_review`; nobody decides what the own office delivered, or confirms what they proposed.
    """
    asked = {
        "review": identity,
        "decision": decision,
        "relations": [asdict(each) for each in relations],
        "reason": reason,
    }
    with transaction(database) as connection:

        def work() -> dict[str, Any]:
            lock_review(connection, identity)
            review = find_allowed(
                connection,
                lambda: get_review(connection, identity),
                lambda review: _refuse_decider(review, principal),
            )
            answer, buildings = _decide(connection, review, principal, decision, relations, reason)
            if buildings:
                enter_uploaded_stage(
                    connection,
                    str(review["upload_id"]),
                    buildings,
                    stage=review["upload_report"]["stage"],
                    principal=replace(principal, office_id=review["office_id"]),
                    procedure=procedure,
                )
            return answer

        return once(connection, principal, key, asked, work)


def _decide(
    connection: Connection,
    review: Mapping[str, Any],
    principal: Principal,
    decision: str,
    relations: Sequence[Assignment],
    reason: str | None,
) -> tuple[dict[str, Any], list[str]]:
    """Carry out a decision, and return the answer and the buildings (ids) that bear the review's rows."""
    _refuse(None if decision in _DECISIONS else _SENTENCES.fault("not_clear", relation=decision))
    done: dict[str, Any] = {"relations": []}
    events: list[NewEvent] = []
    buildings: list[str] = []
    if decision == "accept" and review["request"] is not None:
        request = read_request(review["request"], [row["geom"] for row in review["rows"]])
        done = perform(connection, request, principal=principal)
    elif decision != "reject":
        wanted = [_accepted(review)] if decision == "accept" else list(relations)
        since = review["recorded_at"] if decision == "accept" else None
        done, events, buildings = _relate(connection, review, principal, wanted, since=since)
    answer = {"review": str(review["id"]), "decision": _DECISIONS[decision], **done}
    told = {"relation": _told_relation(review, decision, relations), "reason": reason}
    row = {"review_id": review["id"], "decision": _DECISIONS[decision], "answer": answer, **told}
    add_decision(connection, {**row, "office_id": principal.office_id, "actor": principal.actor})
    append_events(connection, [*events, _decided(connection, review, principal, row)])
    return answer, buildings


def _relate(
    connection: Connection,
    review: Mapping[str, Any],
    principal: Principal,
    wanted: Sequence[Assignment],
    *,
    since: datetime | None,
) -> tuple[dict[str, Any], list[NewEvent], list[str]]:
    """Carry out relations of a review's rows to buildings; these must not have changed since a time, where it is given.

    Returns what was done, the events to be appended, and the buildings (ids) that bear the rows.
    """
    rows = {row["row_number"]: row for row in review["rows"]}
    codes = _refuse_assignments(wanted, rows)
    drawings = dict(zip(rows, draw_footprints([row["geom"] for row in rows.values()]), strict=True))
    seen = read_lives(connection, codes)
    shapes = [*(each.footprint for each in drawings.values()), *(life["geom"] for life in seen)]
    lock_ground(connection, as_column(shapes))
    lock_buildings(connection, [life["building_id"] for life in seen])
    lives = {life["code"]: life for life in read_lives(connection, codes)}
    for life in seen:
        if lives[life["code"]]["version"] != life["version"] or (since is not None and life["recorded_at"] > since):
            raise ChangedMeanwhileError(str(parse(life["code"])))
    # the delivery's office vouches for what it surveyed; who decided is in the decision's own event
    changes = Changes(replace(principal, office_id=review["office_id"]), date.today())
    _refuse_ground(connection, wanted, drawings, lives)
    fresh = [row for each in wanted if each.relation not in {"same", "revised"} for row in each.rows]
    issued = dict(zip(fresh, issue_all(connection, [drawings[row].code for row in fresh]), strict=True))
    told, bearers = [], dict[int, str]()
    for each in wanted:
        there = [lives[parse(code).compact] for code in each.codes]
        versions = [_version(review, rows[row], drawings[row]) for row in each.rows]
        codes_then = [issued.get(row) or parse(there[0]["code"]) for row in each.rows]
        ids = _apply(changes, each, there, versions, codes_then)
        bearers |= dict(zip(each.rows, ids, strict=True))
        known = [str(parse(life["code"])) for life in there]
        told.append(
            {"relation": each.relation, "rows": list(each.rows), "known": known, "codes": list(map(str, codes_then))}
        )
    events = write_changes(connection, changes)
    names = [(identity, rows[row]["aliases"]) for row, identity in bearers.items()]
    events += add_names(connection, names, source=f"review {review['id']}", changes=changes)
    done = {"relations": told, "left": sorted(rows.keys() - bearers.keys()), **to_reassign(connection, changes)}
    return done, events, list(bearers.values())


def _apply(
    changes: Changes,
    assignment: Assignment,
    lives: Sequence[Mapping[str, Any]],
    versions: Sequence[Mapping[str, Any]],
    codes: Sequence[BuildingCode],
) -> list[str]:
    """Gather what a relation changes, and return the building (id) of each of its rows."""
    told: list[dict[str, Any]] = [{"row": row} for row in assignment.rows]
    if assignment.relation == "new":
        return [changes.register(codes[0], versions[0], **told[0])]
    if assignment.relation in {"split", "merged", "rebuilt"}:
        return succeed(changes, assignment.relation, lives, versions, codes, told=told)
    if assignment.relation == "revised":
        changes.revise(lives[0], versions[0], **told[0])
    return [lives[0]["building_id"]]


def _accepted(review: Mapping[str, Any]) -> Assignment:
    """Return a review's own relation of all its rows to all its buildings."""
    if review["relation"] not in _SHAPES:
        raise RefusedActError(_SENTENCES.fault("not_clear", relation=review["relation"]))
    rows = [row["row_number"] for row in review["rows"]]
    return Assignment(relation=review["relation"], rows=rows, codes=review["buildings"])


def _refuse_assignments(wanted: Sequence[Assignment], rows: Mapping[int, Any]) -> list[str]:
    """Refuse relations that are none, or share rows or buildings; return the compact codes of the buildings."""
    named: set[int] = set()
    codes: list[str] = []
    for each in wanted:
        found = len(each.rows), len(each.codes)
        shape = _SHAPES.get(each.relation, (0, 0, None))[:2]
        if not wanted or any(n != most and (most is not None or n < 2) for n, most in zip(found, shape, strict=True)):  # noqa: PLR2004
            raise RefusedActError(
                _SENTENCES.fault("wrong_relation", relation=each.relation, rows=found[0], codes=found[1])
            )
        for row in each.rows:
            _refuse(_SENTENCES.fault("unknown_row", row=row) if row in named or row not in rows else None)
            named.add(row)
        for code in each.codes:
            compact = parse(code).compact
            _refuse(_SENTENCES.fault("relation_twice", code=code) if compact in codes else None)
            codes.append(compact)
    return codes


def _refuse_ground(
    connection: Connection,
    wanted: Sequence[Assignment],
    drawings: Mapping[int, Drawing],
    lives: Mapping[str, Mapping[str, Any]],
) -> None:
    """Refuse buildings that live no more, and ground on which others live."""
    shapes = []
    for each in wanted:
        act = _SHAPES[each.relation][2] or "revise"
        for code in each.codes:
            life = lives[parse(code).compact]
            _refuse(refuse_act(act, Life(str(parse(life["code"])), life["kind"], life["space"], life["closed_as"])))
        shapes += [drawings[row].footprint for row in each.rows if each.relation != "same"]
    if shapes:
        plane = next(iter(drawings.values())).measures["plane"]
        giving_up = [
            lives[parse(code).compact]["building_id"]
            for each in wanted
            if each.relation != "same"
            for code in each.codes
        ]
        refuse_taken(connection, shapes, space="surface", plane=plane, without=giving_up)


def _refuse_decider(review: Mapping[str, Any], principal: Principal) -> None:
    """Refuse who may not decide a review: nobody decides what the own office delivered, or confirms what they proposed."""
    by = review["office_id"]
    own = by == principal.office_id
    allow(principal, "upload", office_id=by, kind="read")
    if review["request"] is not None:
        wanted = action_of(review["relation"])
        allow(principal, wanted, office_id=by, kind="confirm" if wanted == "withdraw" else None)
    elif find_right(principal, "withdraw", kind="confirm") is None or own:
        allow(principal, "issue_code", office_id=by)
    is_alone = find_right(principal, "withdraw", kind="alone") is not None
    if own and review["actor"] == principal.actor and not is_alone:
        raise RefusedActError(_SENTENCES.fault("four_eyes"))
    if review["decision"] is not None:
        raise RefusedActError(_SENTENCES.fault("already_decided", decision=review["decision"]["decision"]))


def _refuse(fault: Fault | None) -> None:
    if fault is not None:
        raise RefusedActError(fault)


def _version(review: Mapping[str, Any], row: Mapping[str, Any], drawing: Drawing) -> dict[str, Any]:
    own = {"name": row["name"], "attributes": row["attributes"], "upload_id": review["upload_id"]}
    return {**drawing.measures, **own, "stage": review["upload_report"]["stage"]}


def _told_relation(review: Mapping[str, Any], decision: str, relations: Sequence[Assignment]) -> str | None:
    if decision == "reject":
        return None
    return review["relation"] if decision == "accept" else ", ".join(each.relation for each in relations)


def _decided(
    connection: Connection, review: Mapping[str, Any], principal: Principal, row: Mapping[str, Any]
) -> NewEvent:
    """Return the event of a decision; the first of the buildings has it in its history."""
    first = read_lives(connection, review["buildings"][:1])
    identity = str(review["id"])
    body = {name: row[name] for name in ("decision", "relation", "reason")}
    buildings = [str(code) for code in review["buildings"]]
    return NewEvent(
        kind="review_decided",
        subject=f"review/{identity}",
        building_id=first[0]["building_id"] if first else None,
        office_id=principal.office_id,
        actor=principal.actor,
        occurred_at=datetime.now(UTC),
        body={**body, "answer": digest(row["answer"], identity), "buildings": buildings},
    )


def _head(review: Mapping[str, Any]) -> dict[str, Any]:
    """Return what lists and answers say of a review."""
    return {
        "id": str(review["id"]),
        "relation": review["relation"],
        "is_proposal": review["request"] is not None,
        "confidence": review["confidence"],
        "upload": None if review["upload_id"] is None else str(review["upload_id"]),
        "office": {"zh": review["name_zh"], "en": review["name_en"]},
        "actor": review["actor"],
        "recorded_at": review["recorded_at"].isoformat(),
    }


def _row_json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "row": row["row_number"],
        "name": row["name"],
        "drawn": str(parse(row["drawn"])),
        "attributes": row["attributes"],
        "aliases": row["aliases"],
        "geometry": geometry_json(row["geom"]),
    }


def _life_json(life: Mapping[str, Any], since: datetime) -> dict[str, Any]:
    """Return a building as it stands now, and whether it has changed since a review was made."""
    return {
        "code": str(parse(life["code"])),
        "name": life["name"],
        "kind": life["kind"],
        "closed_as": life["closed_as"],
        "version": life["version"],
        "changed": life["closed_as"] is not None or life["recorded_at"] > since,
        "area_m2": life["area_m2"],
        "geometry": geometry_json(life["geom"]),
    }
