"""Writing a matched delivery into the register: lives, geometry versions, names, what is held, and the upload itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from registry.ledger.events import NewEvent
from registry.procedures import Procedure
from registry.relating import Relation, explain
from store.buildings import add_aliases
from store.database import Connection
from store.descriptions import describe_rows
from store.documents import add_document
from store.ledger import append_events
from store.reviews import add_reviews
from store.uploads import add_upload, add_upload_rows
from workflows.changes import Changes, write_changes
from workflows.deliveries import PreparedDelivery
from workflows.drawings import measure_versions
from workflows.events import moment_of
from workflows.matching import Match, measures_json
from workflows.principals import Principal
from workflows.progress import Progress, unheard
from workflows.reports import RowReport, UploadReport, fault_json
from workflows.stages import enter_uploaded_stage
from workflows.succession import succeed

__all__ = ["MatchedDelivery", "add_names", "register_delivery"]


@dataclass(frozen=True, slots=True)
class MatchedDelivery:
    """A delivery, what its rows are to the register, and the report that will be given."""

    prepared: PreparedDelivery
    match: Match
    report: UploadReport


def register_delivery(
    connection: Connection,
    matched: MatchedDelivery,
    *,
    principal: Principal,
    options: dict[str, Any],
    procedure: Procedure | None = None,
    progress: Progress = unheard,
) -> UploadReport:
    """Write a matched delivery and return its report, now stored; the procedure is the built-in one where None.

    Raises
    ------
    GroundTakenError
        The database knows better than the match: nothing of the transaction may be kept.
    """
    report, office = matched.report, principal.office_id
    upload = _add_upload(connection, matched, principal, options)
    progress("registering")
    changes = Changes(principal, date.today())
    buildings = _gather(changes, matched, upload)
    events = write_changes(connection, changes)
    rows = [_upload_row(row, buildings.get(row.row)) for row in report.results]
    add_upload_rows(connection, [{**row, "upload_id": upload, "office_id": office} for row in rows])
    reviews = _hold(connection, matched, upload, principal)
    names = [(building, _aliases(matched.prepared, row)) for row, building in buildings.items()]
    events += add_names(connection, names, source=matched.prepared.delivery.file, changes=changes)
    progress("recording")
    append_events(connection, events)
    enter_uploaded_stage(
        connection, upload, buildings.values(), stage=report.stage, principal=principal, procedure=procedure
    )
    return report.kept(upload, reviews)


def add_names(
    connection: Connection,
    names: Sequence[tuple[str, Sequence[Mapping[str, Any]]]],
    *,
    source: str,
    changes: Changes,
) -> list[NewEvent]:
    """Add aliases (``scheme, value, check_variant``) of buildings (ids), and return an event, to be appended, for each new one."""
    office = changes.principal.office_id
    rows = [
        {**alias, "building_id": building, "office_id": office, "source": source}
        for building, aliases in names
        for alias in aliases
    ]
    added = add_aliases(connection, rows)
    said = describe_rows(connection, "alias", [identity for identity, _ in added])
    return [
        NewEvent(
            kind="alias_added",
            subject=f"building/{alias['building']}",
            building_id=building,
            office_id=office,
            actor=changes.principal.actor,
            occurred_at=moment_of(changes.on),
            body=alias,
        )
        for (_, building), alias in zip(added, said, strict=True)
    ]


def _gather(changes: Changes, matched: MatchedDelivery, upload: str) -> dict[int, str]:
    """Gather what a delivery changes, and return the building (id) of each row that is registered."""
    versions = _versions(matched, upload)
    buildings: dict[int, str] = {}
    for relation in matched.match.done:
        lives = [matched.match.lives[known] for known in relation.known]
        told = [_told(matched, relation, row) for row in relation.delivered]
        codes = [matched.match.codes[row] for row in relation.delivered if row in matched.match.codes]
        drawn = [versions[row] for row in relation.delivered]
        if relation.kind == "new":
            ids = [changes.register(codes[0], drawn[0], **told[0])]
        elif relation.kind in {"split", "merged"}:
            ids = succeed(changes, relation.kind, lives, drawn, codes, told=told)
        else:
            ids = [lives[0]["building_id"]]
            if matched.report.results[relation.delivered[0]].outcome == "revised":
                changes.revise(lives[0], drawn[0], **told[0])
        buildings |= dict(zip(relation.delivered, ids, strict=True))
    return buildings


def _versions(matched: MatchedDelivery, upload: str) -> dict[int, dict[str, Any]]:
    """Return the geometry version of each row that is to be registered."""
    prepared = matched.prepared
    rows = [row for relation in matched.match.done for row in relation.delivered]
    ground = prepared.ground.loc[rows]
    shapes = np.asarray(ground.geometry.values)
    measures = measure_versions(shapes, np.asarray(ground.h3), np.asarray(ground.area_m2))
    common = {"stage": matched.report.stage, "upload_id": upload}
    return {
        row: {**measure, **common, "name": prepared.names[row], "attributes": prepared.records[row]}
        for row, measure in zip(rows, measures, strict=True)
    }


def _told(matched: MatchedDelivery, relation: Relation, row: int) -> dict[str, Any]:
    iou = max((each.raw_iou for each in relation.evidence if each.delivered == row), default=0.0)
    measured = {"iou": round(float(iou), 6), "confidence": round(float(relation.confidence), 6)}
    return {"sha256": matched.prepared.delivery.sha256, "row": row, **measured}


def _hold(connection: Connection, matched: MatchedDelivery, upload: str, principal: Principal) -> dict[int, str]:
    """Add a review for each relation that a person decides, and return the review of each row."""
    codes = {identity: life["code"] for identity, life in matched.match.lives.items()}
    ids = add_reviews(
        connection,
        [
            {
                "upload_id": upload,
                "office_id": principal.office_id,
                "actor": principal.actor,
                "relation": relation.kind,
                "confidence": float(relation.confidence),
                "evidence": {
                    "reason": fault_json(explain(relation)),
                    "measures": measures_json(relation.evidence, codes),
                },
                "request": None,
                "rows": [_held_row(matched.prepared, row) for row in relation.delivered],
                "buildings": list(relation.known),
            }
            for relation in matched.match.held
        ],
    )
    held = zip(ids, matched.match.held, strict=True)
    return {row: identity for identity, relation in held for row in relation.delivered}


def _aliases(prepared: PreparedDelivery, row: int) -> list[dict[str, Any]]:
    return [
        {"scheme": alias.scheme, "value": alias.value, "check_variant": alias.check_variant}
        for alias in prepared.aliases.get(row, [])
    ]


def _held_row(prepared: PreparedDelivery, row: int) -> dict[str, Any]:
    return {
        "row_number": row,
        "name": prepared.names[row],
        "drawn": prepared.codes[row].compact,
        "attributes": dict(prepared.records[row]),
        "aliases": _aliases(prepared, row),
        "geom": prepared.ground.geometry[row],
    }


def _add_upload(
    connection: Connection, matched: MatchedDelivery, principal: Principal, options: Mapping[str, Any]
) -> str:
    delivery = matched.prepared.delivery
    document = add_document(
        connection,
        office_id=principal.office_id,
        sha256=delivery.sha256,
        name=delivery.file,
        size_bytes=delivery.size,
    )
    told = matched.report.as_json()
    head = {key: value for key, value in told.items() if key not in {"results", "id", "stored", "repeated"}}
    upload = {"document_id": document, "options": options, "report": json.loads(json.dumps(head))}
    return add_upload(connection, {**upload, "office_id": principal.office_id, "actor": principal.actor})


def _upload_row(row: RowReport, building: str | None) -> dict[str, Any]:
    return {
        "row_number": row.row,
        "source_id": row.feature,
        "name": row.name,
        "outcome": row.outcome,
        "building_id": building,
        "area_m2": row.area_m2,
        "fault": row.fault,
        "warnings": list(row.warnings) or None,
    }
