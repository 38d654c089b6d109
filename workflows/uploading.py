"""A delivery into the register: read, check, match, issue codes; all of it or none, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from geocode import Text
from geocode.codes import grouped
from layers.catalogue import Catalogue
from layers.deliveries import Delivery
from layers.entries import ReadOptions
from registry.aliases import Scheme
from registry.procedures import Procedure
from registry.relating import Relation, Shift
from registry.stages import get_stage
from store.database import Connection, Database, transaction
from store.documents import keep_bytes
from store.uploads import claim_content, find_upload, get_upload
from workflows.deliveries import PreparedDelivery
from workflows.errors import RefusedDeliveryError, RefusedOptionError
from workflows.idempotency import once
from workflows.matching import held_fault, match_rows
from workflows.placing import ground_of_office, read_placed
from workflows.principals import Principal
from workflows.progress import Progress, unheard
from workflows.reading_settings import reading_said, with_known
from workflows.registering import MatchedDelivery, register_delivery
from workflows.reports import RowReport, UploadReport, text_json
from workflows.rights import allow
from workflows.row_checks import prepare_checked

__all__ = ["DeliveryOptions", "find_report", "match_delivery", "refuse_options", "report_drawn", "upload_file"]

_MODES = ("all", "good")
# what could not be said of the first uploads
_LATER = {"fix", "columns", "closing_m", "drawing_unit"}
_PLAIN = ReadOptions()


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
    fix
        Whether outlines are mended where that is safe; otherwise it is proposed, row by row.
    columns, closing_m, drawing_unit
        Of a table of coordinates, which column is what, and of a drawing, what closes and its unit: see `reading_said`.
    """

    crs: str | None = None
    layer: str | None = None
    stage: str = "design"
    mode: str = "all"
    complete: bool = False
    fix: bool = False
    columns: Sequence[str] = ()
    closing_m: float | None = None
    drawing_unit: str | None = None

    @property
    def reading(self) -> ReadOptions:
        """Return what is said about reading the file. Raises as `reading_said`."""
        return reading_said(columns=self.columns, closing_m=self.closing_m, drawing_unit=self.drawing_unit)


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
    catalogue: Catalogue | None = None,
    reading: ReadOptions = _PLAIN,
    progress: Progress = unheard,
    key: str | None = None,
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
    catalogue
        As `configured_catalogue` returns it: which fields a delivery of buildings has; the built-in one where None.
    reading
        As `configured_reading` returns it: what is known of deliveries beforehand.
    progress
        Hears how far it has come; what that raises ends it, and nothing is stored.
    key
        The client's Idempotency-Key.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    RefusedDeliveryError
        Mode ``all`` and a row is refused, or no row is good. Nothing is stored.
    StageError, RefusedOptionError
        An unknown stage or mode.
    ReusedKeyError, StillRunningError
        The key was another request's, or that one is being answered.

    Notes
    -----
    The same bytes with the same options are the same upload: its report comes back, `repeated`.
    """
    allow(principal, "upload")
    refuse_options(options)
    progress("reading")
    known = with_known(options.reading, reading)
    delivery = read_placed(
        database, path, principal=principal, crs=options.crs, layer=options.layer, name=file, reading=known
    )
    progress("checking")
    extent = ground_of_office(database, principal)
    prepared = prepare_checked(delivery, schemes=schemes, catalogue=catalogue, extent=extent, fix=options.fix)
    wanted, sha256 = _identity(options), prepared.delivery.sha256
    with transaction(database) as connection:
        # what was answered under the key is found again by its content
        once(connection, principal, key, {"act": "upload", "sha256": sha256, "options": wanted}, dict)
        claim_content(connection, office_id=principal.office_id, sha256=sha256)
        stored = find_upload(connection, office_id=principal.office_id, sha256=sha256, options=wanted)
        if stored is not None:
            return _stored_report(connection, stored, principal.office_id, repeated=True)
        progress("matching")
        matched = match_delivery(connection, prepared, options)
        report = matched.report
        if report.accepted + report.held == 0 or (options.mode == "all" and report.refused):
            raise RefusedDeliveryError(report)
        keep_bytes(documents, path, sha256)
        return register_delivery(
            connection, matched, principal=principal, options=wanted, procedure=procedure, progress=progress
        )


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


def match_delivery(
    connection: Connection, prepared: PreparedDelivery, options: DeliveryOptions, *, hold: bool = True
) -> MatchedDelivery:
    """Hold the ground under a delivery's good rows, relate them to what stands there, and report on every row.

    Parameters
    ----------
    hold
        As that of `match_rows`.
    """
    match = match_rows(connection, prepared, is_complete=options.complete, hold=hold)
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
            code = str(match.codes[row]) if row in match.codes else grouped(lives[0]["code"])
            rows.append(_coded(report, code, float(areas_m2[row])))
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


def refuse_options(options: DeliveryOptions) -> None:
    """Raise where no delivery could be taken so.

    Raises
    ------
    StageError, RefusedOptionError, RefusedFile
        An unknown stage or mode, or something said about reading that cannot be meant.
    """
    get_stage(options.stage)
    if options.mode not in _MODES:
        raise RefusedOptionError(
            Text(f"没有“{options.mode}”方式。", f"There is no mode “{options.mode}”."),
            Text("可用 all 或 good。", "Choose all or good."),
        )
    options.reading  # noqa: B018 - raises where nothing can be meant by it


def _identity(options: DeliveryOptions) -> dict[str, Any]:
    """Return the options by which the same bytes are the same upload, as they were before there were the later ones."""
    said = asdict(options)
    return {name: said[name] for name in said if name not in _LATER or not _is_unsaid(said[name])}


def _is_unsaid(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, Sequence) and not value)


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
        warnings=prepared.warnings.get(row, ()),
    )


def _coded(row: RowReport, code: str, area_m2: float) -> RowReport:
    return replace(row, code=code, area_m2=area_m2)


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
        crs=_crs_json(delivery),
        stage=options.stage,
        mode=options.mode,
        notes=[*delivery.notes, *odd, *lies, *_notes_of_gone(gone)],
        results=rows,
        gone=gone,
        shift=None if shift is None or not shift.is_applied else _shift_json(shift),
    )


def _crs_json(delivery: Delivery) -> dict[str, Any]:
    told = {"name": delivery.crs_name, "why": text_json(delivery.crs_why)}
    return told if delivery.crs_said is None else {**told, "said": delivery.crs_said}


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
            code=None if row["code"] is None else grouped(row["code"]),
            area_m2=row["area_m2"],
            fault=row["fault"],
            review=row["review"],
            warnings=row["warnings"] or (),
        )
        for row in stored["rows"]
    ]
    notes = [Text(note["zh"], note["en"]) for note in head["notes"]]
    told = {"gone": head.get("gone", ()), "shift": head.get("shift")}
    return UploadReport(**kept, **told, notes=notes, results=rows, id=str(identity), stored=True, repeated=repeated)
