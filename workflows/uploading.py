"""A delivery into the register: read, check, match, issue codes; all of it or none, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from geocode import Text, parse
from layers.reading import read_delivery
from layers.writing import write_frame
from registry.aliases import Scheme
from registry.procedures import Procedure
from registry.relating import Relation, Shift
from registry.stages import get_stage
from store.database import Connection, Database, transaction
from store.documents import keep_bytes
from store.uploads import claim_content, find_upload, get_upload
from workflows.deliveries import PreparedDelivery, prepare_delivery
from workflows.errors import RefusedDeliveryError, RefusedOptionError
from workflows.matching import held_fault, match_rows
from workflows.principals import Principal
from workflows.registering import MatchedDelivery, register_delivery
from workflows.reports import RowReport, UploadReport, text_json
from workflows.rights import allow

__all__ = ["DeliveryOptions", "find_report", "match_delivery", "report_drawn", "upload_file", "write_coded"]

_MODES = ("all", "good")


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
    complete
        Whether the delivery claims to have every building of its area: known ones that it has not are told.
    """

    crs: str | None = None
    layer: str | None = None
    stage: str = "design"
    mode: str = "all"
    complete: bool = False


def upload_file(  # noqa: PLR0913 - what, for whom, and how
    database: Database,
    path: Path,
    *,
    principal: Principal,
    documents: Path,
    options: DeliveryOptions,
    file: str | None = None,
    schemes: Sequence[Scheme] | None = None,
    procedure: Procedure | None = None,
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
    procedure
        As `configured_procedure` returns it: which stages an upload enters by itself; the built-in one where None.

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
    allow(principal, "upload")
    _refuse_options(options)
    delivery = read_delivery(path, crs=options.crs, layer=options.layer, name=file)
    prepared = prepare_delivery(delivery, schemes=schemes)
    wanted, sha256 = asdict(options), prepared.delivery.sha256
    with transaction(database) as connection:
        claim_content(connection, office_id=principal.office_id, sha256=sha256)
        known = find_upload(connection, office_id=principal.office_id, sha256=sha256, options=wanted)
        if known is not None:
            return _stored_report(connection, known, principal.office_id, repeated=True)
        matched = match_delivery(connection, prepared, options)
        report = matched.report
        if report.accepted + report.held == 0 or (options.mode == "all" and report.refused):
            raise RefusedDeliveryError(report)
        keep_bytes(documents, path, sha256)
        return register_delivery(connection, matched, principal=principal, options=wanted, procedure=procedure)


def find_report(database: Database, identity: str, *, principal: Principal) -> UploadReport:
    """Return the report of an upload: of any where the role sees all, else of the own office.

    Raises
    ------
    NotHereError
        There is no such upload, or none that the principal may see.
    """
    right = allow(principal, "upload", kind="read")
    office = principal.office_id if right.reach == "own" else None
    with transaction(database) as connection:
        return _stored_report(connection, identity, office, repeated=False)


def write_coded(
    path: Path, target: Path, report: UploadReport, *, crs: str | None = None, layer: str | None = None
) -> tuple[Text, ...]:
    """Write a delivery again with the codes its rows were given, and return the writer's remarks."""
    frame = read_delivery(path, crs=crs, layer=layer).frame
    taken = {name: f"{name}_delivered" for name in ("code", "outcome", "fault") if name in frame}
    columns = {
        "code": [row.code for row in report.results],
        "outcome": [row.outcome for row in report.results],
        "fault": [row.fault["text"]["zh"] if row.fault else None for row in report.results],
    }
    return tuple(write_frame(frame.rename(columns=taken).assign(**columns), target))


def match_delivery(connection: Connection, prepared: PreparedDelivery, options: DeliveryOptions) -> MatchedDelivery:
    """Hold the ground under a delivery's good rows, relate them to what stands there, and report on every row."""
    match = match_rows(connection, prepared, is_complete=options.complete)
    kinds = {int(row): relation for relation in match.done for row in relation.delivered}
    known = {identity: life["code"] for identity, life in match.lives.items()}
    held = {int(row): held_fault(relation, known) for relation in match.held for row in relation.delivered}
    features, areas_m2 = _features(prepared), prepared.ground.area_m2.to_dict()
    rows = []
    for row in range(len(prepared.records)):
        fault = match.faults.get(row) or prepared.faults.get(row)
        if row in kinds and fault is None:
            lives = [match.lives[each] for each in kinds[row].known]
            report = _row_report(row, prepared, features, _outcome(kinds[row], lives, options.stage), None)
            code = match.codes[row] if row in match.codes else parse(lives[0]["code"])
            rows.append(_coded(report, str(code), float(areas_m2[row])))
        else:
            rows.append(_row_report(row, prepared, features, "held" if row in held else None, fault or held.get(row)))
    return MatchedDelivery(prepared, match, _report(prepared, options, rows, shift=match.shift, gone=match.gone))


def report_drawn(prepared: PreparedDelivery, options: DeliveryOptions) -> UploadReport:
    """Return the report of a delivery that the register is not asked about: codes as drawn."""
    features, areas_m2 = _features(prepared), prepared.ground.area_m2.to_dict()
    rows = [
        _row_report(row, prepared, features, "new" if row in prepared.codes else None, prepared.faults.get(row))
        for row in range(len(prepared.records))
    ]
    for row, code in prepared.codes.items():
        rows[row] = _coded(rows[row], str(code), float(areas_m2[row]))
    return _report(prepared, options, rows)


def _refuse_options(options: DeliveryOptions) -> None:
    get_stage(options.stage)
    if options.mode not in _MODES:
        raise RefusedOptionError(
            Text(f"没有“{options.mode}”方式。", f"There is no mode “{options.mode}”."),
            Text("可用 all 或 good。", "Choose all or good."),
        )


def _outcome(relation: Relation, lives: Sequence[Mapping[str, Any]], stage: str) -> str:
    # the same geometry at another stage is a version of its own: each stage keeps what it was shown
    if relation.kind == "same" and lives[0]["stage"] != stage:
        return "revised"
    return relation.kind


def _features(prepared: PreparedDelivery) -> list[str | None]:
    """Return the rows' own ids in their file."""
    return [None if each is None else str(each) for each in prepared.delivery.frame["source_id"]]


def _row_report(
    row: int,
    prepared: PreparedDelivery,
    features: Sequence[str | None],
    outcome: str | None,
    fault: dict[str, Any] | None,
) -> RowReport:
    return RowReport(
        row=row,
        feature=features[row],
        name=prepared.names[row],
        outcome=outcome or "refused",
        fault=fault,
    )


def _coded(row: RowReport, code: str, area_m2: float) -> RowReport:
    return RowReport(row=row.row, feature=row.feature, name=row.name, outcome=row.outcome, code=code, area_m2=area_m2)


def _report(
    prepared: PreparedDelivery,
    options: DeliveryOptions,
    rows: list[RowReport],
    *,
    shift: Shift | None = None,
    gone: Sequence[str] = (),
) -> UploadReport:
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
    lies = [shift.sentence.text] if shift is not None and shift.is_applied else []
    return UploadReport(
        file=delivery.file,
        sha256=delivery.sha256,
        format=delivery.format,
        encoding=None if encoding is None else {"name": encoding.name, "why": text_json(encoding.why)},
        crs={"name": delivery.crs_name, "why": text_json(delivery.crs_why)},
        stage=options.stage,
        mode=options.mode,
        notes=[*delivery.notes, *odd, *lies, *_notes_of_gone(gone)],
        results=rows,
        gone=gone,
        shift=None if shift is None or not shift.is_applied else _shift_json(shift),
    )


def _shift_json(shift: Shift) -> dict[str, float]:
    measured = {"dx_m": shift.dx_m, "dy_m": shift.dy_m, "spread_m": shift.spread_m}
    return {"rows": shift.support, **{name: round(float(value), 3) for name, value in measured.items()}}


def _notes_of_gone(gone: Sequence[str]) -> list[Text]:
    if not gone:
        return []
    codes = ", ".join(gone)
    return [
        Text(
            f"成果范围内有 {len(gone)} 幢在册建筑未出现:{codes}。确已拆除的,由登记人员逐幢注销。",
            f"{len(gone)} registered buildings of the area are not in the delivery: {codes}. "
            "A registrar closes those that are demolished, one by one.",
        )
    ]


def _stored_report(connection: Connection, identity: str, office_id: int | None, *, repeated: bool) -> UploadReport:
    """Return the report of an upload as it was given."""
    stored = get_upload(connection, identity, office_id=office_id)
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
            review=row["review"],
        )
        for row in stored["rows"]
    ]
    notes = [Text(note["zh"], note["en"]) for note in head["notes"]]
    told = {"gone": head.get("gone", ()), "shift": head.get("shift")}
    return UploadReport(**kept, **told, notes=notes, results=rows, id=str(identity), stored=True, repeated=repeated)
