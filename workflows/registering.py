"""Writing a matched delivery into the register: buildings, geometry versions, aliases, events, and the upload itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import geopandas as gpd
import numpy as np

from geocode import parse
from geocode.planes import to_plane
from registry.aliases import Alias
from registry.fingerprints import fingerprints
from registry.matching import Match
from store.buildings import add_aliases, add_buildings, add_events, add_footprints, close_footprints
from store.database import Connection
from store.documents import add_document
from store.uploads import add_upload, add_upload_rows
from workflows.deliveries import PreparedDelivery, planes_of
from workflows.principals import Principal
from workflows.reports import RowReport, UploadReport

__all__ = ["MatchedDelivery", "register_delivery"]


@dataclass(frozen=True, slots=True)
class MatchedDelivery:
    """A delivery, what each of its rows is to the register, and the footprints that stand there."""

    prepared: PreparedDelivery
    report: UploadReport
    matches: dict[int, Match]
    living: gpd.GeoDataFrame


def register_delivery(
    connection: Connection, matched: MatchedDelivery, *, principal: Principal, options: dict[str, Any]
) -> UploadReport:
    """Write a matched delivery and return its report, now stored.

    Raises
    ------
    GroundTakenError
        The database knows better than the match: nothing of the transaction may be kept.
    """
    report = matched.report
    upload = _add_upload(connection, matched, principal, options)
    new = {row.row: parse(row.code or "").compact for row in report.results if row.outcome == "new"}
    office = principal.office_id
    ids = add_buildings(connection, [{"code": code, "office_id": office} for code in new.values()])
    known = (row.row for row in report.results if row.outcome in {"same", "revised"})
    buildings = {row: ids[code] for row, code in new.items()}
    buildings |= {row: str(matched.matches[row].building) for row in known}
    stored = [row for row in report.results if row.outcome in {"new", "revised"}]
    close_footprints(connection, [buildings[row.row] for row in stored if row.outcome == "revised"])
    versions = _footprint_rows(matched, stored, buildings)
    add_footprints(connection, [{**version, "office_id": office, "upload_id": upload} for version in versions])
    common = {"office_id": office, "actor": principal.actor, "occurred_at": datetime.now(UTC)}
    add_events(connection, [{**common, **event} for event in _geometry_events(matched, stored, versions, upload)])
    _add_aliases(connection, matched.prepared, buildings, common)
    rows = [_upload_row(row, buildings.get(row.row)) for row in report.results]
    add_upload_rows(connection, [{**row, "upload_id": upload, "office_id": office} for row in rows])
    return report.kept(upload)


def _add_upload(connection: Connection, matched: MatchedDelivery, principal: Principal, options: dict[str, Any]) -> str:
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


def _footprint_rows(
    matched: MatchedDelivery, stored: Sequence[RowReport], buildings: dict[int, str]
) -> list[dict[str, Any]]:
    """Return the geometry versions to be added, in the order of the stored rows."""
    prepared = matched.prepared
    ground = prepared.ground.loc[[row.row for row in stored]]
    shapes = np.asarray(ground.geometry.values)
    planes = planes_of(ground).tolist()
    flat = [to_plane(shapes[i : i + 1], plane)[0] for i, plane in enumerate(planes)]
    prints = fingerprints(shapes)
    return [
        {
            "building_id": buildings[row.row],
            "version": 1 if row.outcome == "new" else int(matched.living.version[buildings[row.row]]) + 1,
            "stage": matched.report.stage,
            "name": row.name,
            "fingerprint": prints[i],
            "h3": str(ground.h3.iloc[i]),
            "area_m2": row.area_m2,
            "plane": planes[i],
            "plane_area_m2": float(flat[i].area),
            "perimeter_m": float(flat[i].length),
            "attributes": prepared.records[row.row],
            "geom": shapes[i],
        }
        for i, row in enumerate(stored)
    ]


def _geometry_events(
    matched: MatchedDelivery, stored: Sequence[RowReport], versions: Sequence[dict[str, Any]], upload: str
) -> list[dict[str, Any]]:
    sha256 = matched.prepared.delivery.sha256
    return [
        {
            "building_id": version["building_id"],
            "kind": "registered" if row.outcome == "new" else "revised",
            "body": {
                "version": version["version"],
                "stage": version["stage"],
                "fingerprint": version["fingerprint"],
                "upload": upload,
                "sha256": sha256,
                "row": row.row,
                "iou": round(matched.matches[row.row].iou, 6),
            },
        }
        for row, version in zip(stored, versions, strict=True)
    ]


def _add_aliases(
    connection: Connection, prepared: PreparedDelivery, buildings: dict[int, str], common: dict[str, Any]
) -> None:
    """Add the aliases that rows carry, with an event for each that is news."""
    carried = [(building, alias) for row, building in buildings.items() for alias in prepared.aliases.get(row, [])]
    rows = [
        {
            "building_id": building,
            "office_id": common["office_id"],
            "scheme": alias.scheme,
            "value": alias.value,
            "source": prepared.delivery.file,
        }
        for building, alias in carried
    ]
    added = add_aliases(connection, rows)
    bodies = {(alias.scheme, alias.value): _alias_body(alias) for _, alias in carried}
    add_events(
        connection,
        [
            {**common, "building_id": building, "kind": "alias_added", "body": bodies[scheme, value]}
            for building, scheme, value in added
        ],
    )


def _alias_body(alias: Alias) -> dict[str, str]:
    body = {"scheme": alias.scheme, "value": alias.value}
    # the table has no column for it: the event alone says by which check the name was found well typed
    return body if alias.check_variant is None else {**body, "check_variant": alias.check_variant}


def _upload_row(row: RowReport, building: str | None) -> dict[str, Any]:
    return {
        "row_number": row.row,
        "source_id": row.feature,
        "name": row.name,
        "outcome": row.outcome,
        "building_id": building,
        "area_m2": row.area_m2,
        "fault": row.fault,
    }
