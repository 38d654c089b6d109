"""A delivery into the register: read, check, match, issue codes; all of it or none, in one transaction."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from geocode import CodeError, Text, parse
from geocode.faults import read_sentences
from layers.reading import read_delivery
from layers.writing import write_frame
from registry.aliases import Scheme
from registry.fingerprints import fingerprints
from registry.generations import issue_codes
from registry.matching import Match, match_footprints
from registry.stages import get_stage
from store.buildings import existing_codes, highest_generations, living_footprints, lock_ground
from store.database import Connection, Database, transaction
from store.documents import keep_bytes
from store.uploads import claim_content, find_upload, get_upload
from workflows.deliveries import PreparedDelivery, in_plane, placed_fault, prepare_delivery
from workflows.errors import RefusedDeliveryError, RefusedOptionError
from workflows.principals import Principal
from workflows.registering import MatchedDelivery, register_delivery
from workflows.reports import RowReport, UploadReport, fault_json, text_json

__all__ = ["DeliveryOptions", "find_report", "match_delivery", "report_drawn", "upload_file", "write_coded"]

_MODES = ("all", "good")
_SENTENCES = read_sentences("registry", "sentences.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOptions:
    """How a delivery is to be taken.

    Attributes
    ----------
    crs, layer
        The CRS and the layer, where the file does not tell.
    stage
        The stage whose geometry this is.
    mode
        ``all``: one refused row refuses the delivery. ``good``: the good rows are registered.
    """

    crs: str | None = None
    layer: str | None = None
    stage: str = "design"
    mode: str = "all"


def upload_file(  # noqa: PLR0913 - what, for whom, and how
    database: Database,
    path: Path,
    *,
    principal: Principal,
    documents: Path,
    options: DeliveryOptions,
    file: str | None = None,
    schemes: Sequence[Scheme] | None = None,
) -> UploadReport:
    """Register the footprints of a file and report on every row.

    Parameters
    ----------
    documents
        Folder in which the delivered bytes are kept.
    file
        The file's name as delivered, where `path` is a copy.
    schemes
        Those that the rows' aliases may be of, as `configured_schemes` returns them; the built-in ones where None.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    RefusedDeliveryError
        Mode ``all`` and a row is refused, or no row is good. Nothing is stored.
    StageError, RefusedOptionError
        An unknown stage or mode.

    Notes
    -----
    The same bytes with the same options are the same upload: its report comes back, `repeated`.
    """
    _refuse_options(options)
    delivery = read_delivery(path, crs=options.crs, layer=options.layer, name=file)
    prepared = prepare_delivery(delivery, schemes=schemes)
    wanted, sha256 = asdict(options), prepared.delivery.sha256
    with transaction(database) as connection:
        claim_content(connection, office_id=principal.office_id, sha256=sha256)
        known = find_upload(connection, office_id=principal.office_id, sha256=sha256, options=wanted)
        if known is not None:
            return _stored_report(connection, known, principal, repeated=True)
        matched = match_delivery(connection, prepared, options)
        if matched.report.accepted == 0 or (options.mode == "all" and matched.report.refused):
            raise RefusedDeliveryError(matched.report)
        keep_bytes(documents, path, sha256)
        return register_delivery(connection, matched, principal=principal, options=wanted)


def find_report(database: Database, identity: str, *, principal: Principal) -> UploadReport:
    """Return the report of an office's upload.

    Raises
    ------
    NotHereError
        The office has no such upload.
    """
    with transaction(database) as connection:
        return _stored_report(connection, identity, principal, repeated=False)


def write_coded(path: Path, target: Path, report: UploadReport, options: DeliveryOptions) -> tuple[Text, ...]:
    """Write a delivery again with the codes its rows were given, and return the writer's remarks."""
    frame = read_delivery(path, crs=options.crs, layer=options.layer).frame
    taken = {name: f"{name}_delivered" for name in ("code", "outcome", "fault") if name in frame}
    columns = {
        "code": [row.code for row in report.results],
        "outcome": [row.outcome for row in report.results],
        "fault": [row.fault["text"]["zh"] if row.fault else None for row in report.results],
    }
    return tuple(write_frame(frame.rename(columns=taken).assign(**columns), target))


def match_delivery(connection: Connection, prepared: PreparedDelivery, options: DeliveryOptions) -> MatchedDelivery:
    """Hold the ground under a delivery's good rows, relate them to what stands there, and report on every row."""
    shapes = np.asarray(prepared.ground.geometry.values)
    lock_ground(connection, shapes)
    living = living_footprints(connection, shapes)
    stated, faults = _stated_buildings(connection, prepared, living)
    ground = prepared.ground.drop(index=list(faults))
    ground = ground.assign(fingerprint=fingerprints(np.asarray(ground.geometry.values)))
    codes = [str(parse(code)) for code in living.code]
    related = match_footprints(
        in_plane(ground, prepared.plane), in_plane(living.assign(code=codes), prepared.plane), stated=stated
    )
    matches = dict(zip(ground.index.tolist(), related, strict=True))
    faults |= {row: placed_fault(match.fault, prepared.plane) for row, match in matches.items() if match.fault}
    issued = _issue(connection, prepared, matches, faults)
    outcomes = {row: _outcome(match, living, options.stage) for row, match in matches.items() if row not in faults}
    rows = [
        _row_report(row, prepared, outcomes.get(row), faults.get(row) or prepared.faults.get(row))
        for row in range(len(prepared.records))
    ]
    for row, match in matches.items():
        if row in outcomes:
            code = issued[row] if match.building is None else str(parse(living.code[match.building]))
            rows[row] = _coded(rows[row], code, float(prepared.ground.area_m2[row]))
    return MatchedDelivery(prepared, _report(prepared, options, rows), matches, living)


def report_drawn(prepared: PreparedDelivery, options: DeliveryOptions) -> UploadReport:
    """Return the report of a delivery that the register is not asked about: codes as drawn."""
    rows = [
        _row_report(row, prepared, "new" if row in prepared.codes else None, prepared.faults.get(row))
        for row in range(len(prepared.records))
    ]
    for row, code in prepared.codes.items():
        rows[row] = _coded(rows[row], str(code), float(prepared.ground.area_m2[row]))
    return _report(prepared, options, rows)


def _refuse_options(options: DeliveryOptions) -> None:
    get_stage(options.stage)
    if options.mode not in _MODES:
        raise RefusedOptionError(
            Text(f"没有“{options.mode}”方式。", f"There is no mode “{options.mode}”."),
            Text("可用 all 或 good。", "Choose all or good."),
        )


def _stated_buildings(
    connection: Connection, prepared: PreparedDelivery, living: gpd.GeoDataFrame
) -> tuple[dict[int, Any], dict[int, dict[str, Any]]]:
    """Return the living building that each row names itself, and the faults of rows that name none that is there."""
    by_code = {code: building for building, code in living.code.items()}
    stated: dict[int, Any] = {}
    faults: dict[int, dict[str, Any]] = {}
    for row, text in prepared.stated.items():
        if row not in prepared.codes:
            continue
        try:
            code = parse(text)
        except CodeError as error:
            faults[row] = fault_json(error.fault)
            continue
        if code.compact in by_code:
            stated[row] = by_code[code.compact]
        elif existing_codes(connection, [code.compact]):
            faults[row] = fault_json(_SENTENCES.fault("stated_elsewhere", code=code, iou=0.0))
        else:
            faults[row] = fault_json(_SENTENCES.fault("stated_unknown", code=text))
    return stated, faults


def _issue(
    connection: Connection, prepared: PreparedDelivery, matches: dict[int, Match], faults: dict[int, dict[str, Any]]
) -> dict[int, str]:
    """Return the codes of new buildings; a row whose generations are used up gets a fault instead."""
    drawn = [row for row, match in matches.items() if match.relation == "new" and row not in faults]
    taken = highest_generations(connection, [prepared.codes[row].ground for row in drawn])
    issued: dict[int, str] = {}
    for row, code in zip(drawn, issue_codes((prepared.codes[row] for row in drawn), taken), strict=True):
        if code is None:
            faults[row] = fault_json(_SENTENCES.fault("generations_used_up", ground=prepared.codes[row].ground))
        else:
            issued[row] = str(code)
    return issued


def _outcome(match: Match, living: gpd.GeoDataFrame, stage: str) -> str:
    # the same geometry at another stage is a version of its own: each stage keeps what it was shown
    if match.relation == "same" and living.stage[match.building] != stage:
        return "revised"
    return match.relation


def _row_report(row: int, prepared: PreparedDelivery, outcome: str | None, fault: dict[str, Any] | None) -> RowReport:
    identity = prepared.delivery.frame["source_id"].iloc[row]
    return RowReport(
        row=row,
        feature=None if identity is None else str(identity),
        name=prepared.names[row],
        outcome=outcome or "refused",
        fault=fault,
    )


def _coded(row: RowReport, code: str, area_m2: float) -> RowReport:
    return RowReport(row=row.row, feature=row.feature, name=row.name, outcome=row.outcome, code=code, area_m2=area_m2)


def _report(prepared: PreparedDelivery, options: DeliveryOptions, rows: list[RowReport]) -> UploadReport:
    delivery = prepared.delivery
    odd = [
        Text(
            f"第 {row} 行的{alias.label.zh}未作为别名:{alias.fault.text.zh}{alias.fault.remedy.zh}",
            f"Row {row}: {alias.label.en} not taken as alias. {alias.fault.text.en} {alias.fault.remedy.en}",
        )
        for row, refused in prepared.refused_aliases.items()
        for alias in refused
    ]
    encoding = delivery.encoding
    return UploadReport(
        file=delivery.file,
        sha256=delivery.sha256,
        format=delivery.format,
        encoding=None if encoding is None else {"name": encoding.name, "why": text_json(encoding.why)},
        crs={"name": delivery.crs_name, "why": text_json(delivery.crs_why)},
        stage=options.stage,
        mode=options.mode,
        notes=[*delivery.notes, *odd],
        results=rows,
    )


def _stored_report(connection: Connection, identity: str, principal: Principal, *, repeated: bool) -> UploadReport:
    """Return the report of an upload as it was given."""
    stored = get_upload(connection, identity, office_id=principal.office_id)
    head = stored["report"]
    kept = {name: head[name] for name in ("file", "sha256", "format", "encoding", "crs", "stage", "mode")}
    rows = [
        RowReport(
            row=row["row_number"],
            feature=row["source_id"],
            name=row["name"],
            outcome=row["outcome"],
            code=None if row["code"] is None else str(parse(row["code"])),
            area_m2=row["area_m2"],
            fault=row["fault"],
        )
        for row in stored["rows"]
    ]
    notes = [Text(note["zh"], note["en"]) for note in head["notes"]]
    return UploadReport(**kept, notes=notes, results=rows, id=str(identity), stored=True, repeated=repeated)
