"""Acts that somebody asks for: carried out at once where the role may, else kept for another to confirm (four eyes)."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from typing import Any

import shapely

from geocode import parse
from store.database import Connection, Database, transaction
from store.lives import read_lives
from store.reviews import add_reviews
from workflows.idempotency import once
from workflows.lives import ActRequest, perform, try_out
from workflows.principals import Principal
from workflows.rights import allow, find_right

__all__ = ["action_of", "carry_out", "read_request"]

# whoever retires a code needs another to confirm it; these two issue one or correct a footprint
_ISSUING = {"add_part", "relocate"}


def carry_out(
    database: Database, request: ActRequest, *, principal: Principal, key: str | None = None
) -> dict[str, Any]:
    """Carry out an act, or keep it for another person to confirm, and return what was done.

    Parameters
    ----------
    key
        The client's Idempotency-Key.

    Returns
    -------
    dict
        ``act, on, predecessors, successors, survivor``, with ``events`` where it is done, and with ``review`` (an id) where
        it waits: the codes of successors are then those that it would have today.

    Raises
    ------
    NotAllowedError
        The principal may neither do it nor propose it.
    RefusedActError, GroundTakenError, ChangedMeanwhileError, NotHereError, CodeError, FootprintError
        As `try_out`.
    """
    with transaction(database) as connection:
        return once(connection, principal, key, _as_json(request), lambda: _ask(connection, request, principal))


def action_of(act: str) -> str:
    """Return the action under which the table of rights has an act."""
    return "issue_code" if act in _ISSUING else "withdraw"


def read_request(stored: Mapping[str, Any], footprints: list[Any]) -> ActRequest:
    """Return a request as it was kept, with its footprints."""
    return ActRequest(**{**stored, "on": date.fromisoformat(stored["on"]), "footprints": footprints})


def _ask(connection: Connection, request: ActRequest, principal: Principal) -> dict[str, Any]:
    action = action_of(request.act)
    right = find_right(principal, action, kind="alone")
    if right is not None and not right.not_own:
        return perform(connection, request, principal=principal)
    wanted, kind = ("withdraw", "propose") if action == "withdraw" else ("propose", None)
    allow(principal, wanted, kind=kind)
    for life in read_lives(connection, [parse(code).compact for code in request.codes]):
        allow(principal, wanted, office_id=life["office_id"], kind=kind)
    return _propose(connection, request, principal)


def _propose(connection: Connection, request: ActRequest, principal: Principal) -> dict[str, Any]:
    """Keep an act that could be carried out now, for another to confirm."""
    planned = try_out(connection, request, principal=principal)
    drawn = [
        {
            "row_number": place,
            "name": request.name,
            "drawn": drawing.code.compact,
            "attributes": {},
            "aliases": [],
            "geom": drawing.footprint,
        }
        for place, drawing in enumerate(planned.drawings)
    ]
    kept = _as_json(replace(request, footprints=()))
    kept.pop("footprints")
    (review,) = add_reviews(
        connection,
        [
            {
                "upload_id": None,
                "office_id": principal.office_id,
                "actor": principal.actor,
                "relation": request.act,
                "confidence": 1.0,
                "evidence": {"reason": None, "measures": []},
                "request": kept,
                "rows": drawn,
                "buildings": [row["building_id"] for row in planned.rows],
            }
        ],
    )
    return {**planned.as_json(), "review": review}


def _as_json(request: ActRequest) -> dict[str, Any]:
    drawn = [shapely.to_wkt(footprint, rounding_precision=-1) for footprint in request.footprints]
    return {
        **asdict(replace(request, footprints=())),
        "on": request.on.isoformat(),
        "codes": list(request.codes),
        "footprints": drawn,
    }
