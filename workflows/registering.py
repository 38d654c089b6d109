"""Writing a matched delivery into the register, part by part: lives, geometry versions, names, what is held, the upload itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Any

import numpy as np

from layers.deliveries import Delivery
from registry.ledger.events import NewEvent
from registry.procedures import Procedure
from registry.relating import Relation, explain
from store.buildings import add_aliases
from store.database import Connection
from store.descriptions import describe_rows
from store.documents import add_document
from store.ledger import append_events
from store.reviews import add_reviews
from store.uploads import add_account, add_upload
from workflows.changes import Changes, write_changes
from workflows.deliveries import PreparedDelivery
from workflows.drawings import measure_versions
from workflows.events import moment_of
from workflows.kept_events import KeptEvents
from workflows.matching import Match, measures_json
from workflows.principals import Principal
from workflows.reports import RowReport, UploadReport, fault_json
from workflows.stages import tell_entries, uploaded_entries
from workflows.succession import succeed
from workflows.upload_reports import add_reports

__all__ = ["GatheredPart", "MatchedPart", "Registration", "add_names"]


@dataclass(frozen=True, slots=True)
class MatchedPart:
    """Some rows of a delivery, or all: what they are to the register, and what will be said of each."""

    prepared: PreparedDelivery
    match: Match
    reports: Sequence[RowReport]


@dataclass(frozen=True, slots=True)
class GatheredPart:
    """What a part changes in the register, ready to be written, and the building (id) of each row that is registered."""

    part: MatchedPart
    changes: Changes
    buildings: Mapping[int, str]


class Registration:
    """A delivery that is being written, part by part, in one transaction; the ledger hears of it at the end.

    Parameters
    ----------
    delivery
        The delivery; its rows are not looked at.
    head
        What is said of it as a whole beforehand, as `head_json` returns it.
    options
        How it was delivered, by which the same bytes are the same upload.
    procedure
        As `configured_procedure` returns it; the built-in one where None.
    """

    def __init__(
        self,
        connection: Connection,
        delivery: Delivery,
        *,
        head: Mapping[str, Any],
        principal: Principal,
        options: Mapping[str, Any],
        procedure: Procedure | None = None,
    ) -> None:
        self._connection, self._delivery, self._stage = connection, delivery, str(head["stage"])
        self._principal, self._procedure = principal, procedure
        self._events = KeptEvents()
        # one day for all its parts, also where they are written over midnight
        self._today = date.today()
        self.id = self._begin(head, options)

    def gather(self, part: MatchedPart) -> GatheredPart:
        """Return what a part changes; nothing is asked of the database, nor written."""
        changes = Changes(self._principal, self._today)
        buildings = _gather(changes, part, stage=self._stage, upload=self.id, sha256=self._delivery.sha256)
        return GatheredPart(part, changes, buildings)

    def add(self, gathered: GatheredPart) -> Sequence[RowReport]:
        """Write a part, and return the reports of its rows, with the reviews in which some wait.

        Raises
        ------
        GroundTakenError
            The database knows better than the match: nothing of the transaction may be kept.
        """
        connection = self._connection
        part, changes, buildings = gathered.part, gathered.changes, gathered.buildings
        events = write_changes(connection, changes)
        add_reports(connection, part.reports, buildings, upload=self.id, office_id=self._principal.office_id)
        reviews = _hold(connection, part, self.id, self._principal)
        names = [(building, _aliases(part.prepared, row)) for row, building in buildings.items()]
        named = add_names(connection, names, source=self._delivery.file, changes=changes)
        entered = uploaded_entries(
            connection,
            changes.drawn(self._stage),
            stage=self._stage,
            principal=self._principal,
            procedure=self._procedure,
        )
        self._events.add(chain(tell_entries(events, entered), named))
        return [replace(row, review=reviews[row.row]) if row.row in reviews else row for row in part.reports]

    def end(self, report: UploadReport) -> UploadReport:
        """Write the account of all of it and tell the ledger: the last thing of the transaction. Return the report, now stored."""
        told = json.loads(json.dumps(report.head_json()))
        add_account(self._connection, self.id, office_id=self._principal.office_id, told=told)
        append_events(self._connection, self._events)
        return replace(report, id=self.id, stored=True)

    def _begin(self, head: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        """Write the upload itself, which its rows name, and return its id."""
        delivery, signed = self._delivery, {"office_id": self._principal.office_id, "actor": self._principal.actor}
        document = add_document(
            self._connection,
            office_id=self._principal.office_id,
            sha256=delivery.sha256,
            name=delivery.file,
            size_bytes=delivery.size,
        )
        upload = {"document_id": document, "options": options, "report": head}
        return add_upload(self._connection, {**upload, **signed})


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


def _gather(changes: Changes, part: MatchedPart, *, stage: str, upload: str, sha256: str) -> dict[int, str]:
    """Gather what a part changes, and return the building (id) of each row that is registered."""
    versions = _versions(part, stage=stage, upload=upload)
    outcomes = {report.row: report.outcome for report in part.reports}
    buildings: dict[int, str] = {}
    for relation in part.match.done:
        lives = [part.match.lives[known] for known in relation.known]
        told = [{"sha256": sha256, **_told(relation, row)} for row in relation.delivered]
        codes = [part.match.codes[row] for row in relation.delivered if row in part.match.codes]
        drawn = [versions[row] for row in relation.delivered]
        if relation.kind == "new":
            ids = [changes.register(codes[0], drawn[0], **told[0])]
        elif relation.kind in {"split", "merged"}:
            ids = succeed(changes, relation.kind, lives, drawn, codes, told=told)
        else:
            ids = [lives[0]["building_id"]]
            if outcomes[relation.delivered[0]] == "revised":
                changes.revise(lives[0], drawn[0], **told[0])
        buildings |= dict(zip(relation.delivered, ids, strict=True))
    return buildings


def _versions(part: MatchedPart, *, stage: str, upload: str) -> dict[int, dict[str, Any]]:
    """Return the geometry version of each row that is to be registered."""
    prepared = part.prepared
    rows = [row for relation in part.match.done for row in relation.delivered]
    ground = prepared.ground.loc[rows]
    shapes = np.asarray(ground.geometry.values)
    known = (prepared.plane, prepared.flat.loc[rows].to_numpy())
    measures = measure_versions(shapes, np.asarray(ground.h3), np.asarray(ground.area_m2), known=known)
    common = {"stage": stage, "upload_id": upload}
    return {
        row: {**measure, **common, "name": prepared.names.get(row), "attributes": prepared.records[row]}
        for row, measure in zip(rows, measures, strict=True)
    }


def _told(relation: Relation, row: int) -> dict[str, Any]:
    iou = max((each.raw_iou for each in relation.evidence if each.delivered == row), default=0.0)
    measured = {"iou": round(float(iou), 6), "confidence": round(float(relation.confidence), 6)}
    return {"row": row, **measured}


def _hold(connection: Connection, part: MatchedPart, upload: str, principal: Principal) -> dict[int, str]:
    """Add a review for each relation that a person decides, and return the review of each row."""
    codes = {identity: life["code"] for identity, life in part.match.lives.items()}
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
                "rows": [_held_row(part.prepared, row) for row in relation.delivered],
                "buildings": list(relation.known),
            }
            for relation in part.match.held
        ],
    )
    held = zip(ids, part.match.held, strict=True)
    return {row: identity for identity, relation in held for row in relation.delivered}


def _aliases(prepared: PreparedDelivery, row: int) -> list[dict[str, Any]]:
    return [
        {"scheme": alias.scheme, "value": alias.value, "check_variant": alias.check_variant}
        for alias in prepared.aliases.get(row, [])
    ]


def _held_row(prepared: PreparedDelivery, row: int) -> dict[str, Any]:
    return {
        "row_number": row,
        "name": prepared.names.get(row),
        "drawn": prepared.codes[row].compact,
        "attributes": dict(prepared.records[row]),
        "aliases": _aliases(prepared, row),
        "geom": prepared.ground.geometry[row],
    }
