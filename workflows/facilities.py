"""Municipal facilities: a delivery of lines, points and areas, each given its ground and its code, and registered."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from geocode import STORAGE_CRS, BuildingCode, CodeError, Fault, Text, parse, to_storage
from geocode.faults import are_sound, read_sentences
from layers.confined.reading import read_confined
from layers.deliveries import Delivery
from layers.json_values import json_value
from registry.facilities import (
    MAX_SIZE_M,
    Extent,
    FacilityClass,
    extent_of,
    find_class,
    foreign_class,
    load_classes,
    stated_class,
    stated_measure,
)
from registry.facility_matches import FacilityMatch, match_facilities
from registry.fingerprints import fingerprints
from registry.generations import issue_codes
from registry.procedures import Procedure
from registry.schemes import Scheme
from registry.stages import get_stage
from store.buildings import (
    existing_codes,
    highest_generations,
    living_footprints,
    lock_buildings,
    lock_ground,
)
from store.database import Connection, Database, transaction
from store.documents import Documents, add_document, keep_bytes
from store.ledger import append_events
from store.lives import read_lives
from store.uploads import add_upload, claim_content, find_upload, get_upload
from workflows.changes import Changes, write_changes
from workflows.deliveries import MAX_VERTICES, PreparedDelivery, in_plane, prepare_delivery
from workflows.drawings import measure_versions
from workflows.errors import RefusedDeliveryError, RefusedOptionError
from workflows.principals import Principal
from workflows.registering import add_names
from workflows.reports import RowReport, UploadReport, fault_json, text_json
from workflows.rights import allow
from workflows.stages import enter_uploaded_stage
from workflows.upload_reports import add_reports

__all__ = ["FacilityOptions", "code_facilities", "facility_classes", "upload_facilities"]

_MODES = ("all", "good")
_SENTENCES = read_sentences("registry", "facility_faults.toml")
_REGISTER = read_sentences("registry", "sentences.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityOptions:
    """How a delivery of facilities is to be taken.

    Attributes
    ----------
    facility_class
        Code or name of the class, where rows state none.
    width_m, size_m
        Of lines' corridors and of points' sites, where rows state none.
    crs, layer, stage, mode
        As for a delivery of footprints.
    """

    facility_class: str | None = None
    width_m: float | None = None
    size_m: float | None = None
    crs: str | None = None
    layer: str | None = None
    stage: str = "design"
    mode: str = "all"


@dataclass(frozen=True, slots=True)
class _Facilities:
    """A delivery of facilities made ready: rows coded or refused; class and ground of each good one.

    `foreign` has what good rows state as their class that is none, by row.
    """

    delivery: Delivery
    prepared: PreparedDelivery
    classes: Mapping[int, FacilityClass]
    extents: Mapping[int, Extent]
    foreign: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class _Placed:
    """Facilities of a delivery beside the register: what each good row is, and what is there already, by building id."""

    matches: Mapping[int, FacilityMatch]
    issued: Mapping[int, BuildingCode]
    living: Mapping[str, Any]


def facility_classes() -> list[dict[str, Any]]:
    """Return the classes of facilities, as answers hold them."""
    return [
        {
            "code": each.code,
            "label": text_json(each.name),
            "words": list(each.words),
            "geometry": list(each.geometry),
            "level": each.level,
            "width_m": each.width_m,
            "size_m": each.size_m,
            "shape": each.shape,
        }
        for each in load_classes()
    ]


def code_facilities(path: Path, *, options: FacilityOptions, file: str | None = None) -> UploadReport:
    """Give the facilities of a file their codes as drawn, and report on every row. No database is needed.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    RefusedOptionError, StageError
        An unknown class, mode or stage.
    """
    facilities = _prepare(path, options, file, None)
    coded = {row: str(code) for row, code in facilities.prepared.codes.items()}
    return _report(facilities, options, dict.fromkeys(coded, "new"), coded, {})


def upload_facilities(  # noqa: PLR0913 - what, for whom, and how
    database: Database,
    path: Path,
    *,
    principal: Principal,
    documents: Documents,
    options: FacilityOptions,
    file: str | None = None,
    schemes: Sequence[Scheme] | None = None,
    procedure: Procedure | None = None,
) -> UploadReport:
    """Register the facilities of a file and report on every row.

    A facility is the same as one of its class that has its ground (IoU of at least 0.9), or whose code the row states; with
    another ground it is a new version of it. The same bytes with the same options are the same upload.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    RefusedDeliveryError
        Mode ``all`` and a row is refused, or no row is good. Nothing is stored.
    RefusedOptionError, StageError
        An unknown class, mode or stage.
    """
    allow(principal, "propose")
    facilities = _prepare(path, options, file, schemes)
    wanted, sha256 = {"facilities": asdict(options)}, facilities.delivery.sha256
    with transaction(database) as connection:
        claim_content(connection, office_id=principal.office_id, sha256=sha256)
        known = find_upload(connection, office_id=principal.office_id, sha256=sha256, options=wanted)
        if known is not None:
            return _stored(connection, known, principal)
        placed, faults = _place(connection, facilities, options.stage)
        outcomes = {row: match.relation for row, match in placed.matches.items() if row not in faults}
        codes = {row: str(_code(row, placed)) for row in outcomes}
        report = _report(facilities, options, outcomes, codes, faults)
        if report.accepted == 0 or (options.mode == "all" and report.refused):
            raise RefusedDeliveryError(report)
        keep_bytes(documents, path, sha256)
        done, ids = _register(connection, facilities, placed, report, principal=principal, options=wanted)
        enter_uploaded_stage(
            connection, str(done.id), ids, stage=report.stage, principal=principal, procedure=procedure
        )
        return done


def _prepare(path: Path, options: FacilityOptions, file: str | None, schemes: Sequence[Scheme] | None) -> _Facilities:
    """Read a delivery, and give every row its class, its ground and its code, or a fault."""
    default = _refuse_options(options)
    delivery = read_confined(path, crs=options.crs, layer=options.layer, name=file)
    shapes = _in_storage(delivery)
    classes: dict[int, FacilityClass] = {}
    extents: dict[int, Extent] = {}
    foreign: dict[int, str] = {}
    faults = delivery.faults.copy()
    columns = delivery.frame.drop(columns=[delivery.frame.geometry.name, "source_id"]).to_dict("records")
    for row in np.flatnonzero(are_sound(faults)).tolist():
        attributes = {str(name): json_value(value) for name, value in columns[row].items()}
        found = _read_row(shapes[row], attributes, default, options)
        if isinstance(found, Fault):
            faults[row] = found
        else:
            classes[row], extents[row] = found
            word = foreign_class(attributes)
            if word is not None and classes[row] is default:
                foreign[row] = word
    grounds = np.full(len(shapes), None, dtype=object)
    for row, extent in extents.items():
        grounds[row] = extent.footprint
    drawn = replace(
        delivery,
        frame=delivery.frame.set_geometry(grounds, crs=STORAGE_CRS),
        faults=faults,
        crs=pyproj.CRS(STORAGE_CRS),
        crs_name=STORAGE_CRS,
    )
    prepared = prepare_delivery(drawn, schemes=schemes, max_size_m=MAX_SIZE_M)
    return _Facilities(delivery, prepared, classes, extents, foreign)


def _refuse_options(options: FacilityOptions) -> FacilityClass | None:
    """Return the class that rows without one are of."""
    get_stage(options.stage)
    if options.mode not in _MODES:
        raise RefusedOptionError(
            Text(f"没有“{options.mode}”方式。", f"There is no mode “{options.mode}”."),
            Text("可用 all 或 good。", "Choose all or good."),
        )
    if options.facility_class is None:
        return None
    found = find_class(options.facility_class)
    if isinstance(found, Fault):
        raise RefusedOptionError(found.text, found.remedy)
    return found


def _in_storage(delivery: Delivery) -> NDArray[Any]:
    """Return the rows' geometries in EPSG:4490; what has no place there has ordinates that are not finite."""
    return np.asarray(to_storage(np.asarray(delivery.frame.geometry.values, dtype=object), delivery.crs), dtype=object)


def _read_row(
    shape: Any, attributes: Mapping[str, Any], default: FacilityClass | None, options: FacilityOptions
) -> tuple[FacilityClass, Extent] | Fault:
    if shape is None or shape.is_empty:
        return _SENTENCES.fault("facility_no_geometry")
    kind = stated_class(attributes, default)
    if isinstance(kind, Fault):
        return kind
    is_line = shape.geom_type.endswith("LineString")
    default_m = options.width_m if is_line else options.size_m
    measure_m = stated_measure(attributes, shape, kind, default_m=default_m)
    extent = measure_m if isinstance(measure_m, Fault) else extent_of(shape, kind, measure_m)
    if isinstance(extent, Fault):
        return extent
    found = int(shapely.get_num_coordinates(extent.footprint))
    if found > MAX_VERTICES:
        return _SENTENCES.fault("facility_vertices", found=found, limit=MAX_VERTICES)
    return kind, extent


def _place(connection: Connection, facilities: _Facilities, stage: str) -> tuple[_Placed, dict[int, dict[str, Any]]]:
    """Hold the ground of the good rows, and relate each to the facilities of its class that are there."""
    prepared = facilities.prepared
    ground = prepared.ground
    lock_ground(connection, np.asarray(ground.geometry.values))
    ground = ground.assign(fingerprint=fingerprints(np.asarray(ground.geometry.values)))
    matches: dict[int, FacilityMatch] = {}
    living: dict[str, Any] = {}
    for code in sorted({facilities.classes[row].code for row in ground.index}):
        rows = ground.loc[[row for row in ground.index if facilities.classes[row].code == code]]
        there = living_footprints(connection, np.asarray(rows.geometry.values), space=code)
        stated, unknown = _stated(connection, rows.index, there, facilities)
        rows = rows.drop(index=list(unknown))
        flat = in_plane(rows, prepared.plane), in_plane(there, prepared.plane)
        matches |= dict(zip(rows.index.tolist(), match_facilities(*flat, stage=stage, stated=stated), strict=True))
        matches |= {row: FacilityMatch("refused", fault=fault) for row, fault in unknown.items()}
        living |= {str(identity): row for identity, row in there.iterrows()}
    lock_buildings(connection, {match.building for match in matches.values() if match.building is not None})
    faults = {row: fault_json(match.fault, lonlat=_spot(ground, row)) for row, match in matches.items() if match.fault}
    issued = _issue(connection, prepared, [row for row, match in matches.items() if match.relation == "new"], faults)
    return _Placed(matches, issued, living), faults


def _stated(
    connection: Connection, rows: Any, there: gpd.GeoDataFrame, facilities: _Facilities
) -> tuple[dict[int, str], dict[int, Fault]]:
    """Return the living facility that each row names itself, and the faults of rows that name none."""
    by_code = {code: identity for identity, code in there.code.items()}
    stated: dict[int, str] = {}
    unknown: dict[int, Fault] = {}
    for row in rows:
        text = facilities.prepared.stated.get(row)
        if text is None:
            continue
        try:
            code = parse(text)
        except CodeError as error:
            unknown[row] = error.fault
            continue
        if code.compact in by_code:
            stated[row] = by_code[code.compact]
        else:
            unknown[row] = _stranger(connection, code, facilities.classes[row])
    return stated, unknown


def _stranger(connection: Connection, code: BuildingCode, kind: FacilityClass) -> Fault:
    """Return what is wrong with a stated code that no facility around the row bears."""
    for life in read_lives(connection, existing_codes(connection, [code.compact])):
        if life["facility_class"] == kind.code and life["closed_as"] is None:
            return _SENTENCES.fault("facility_stated_elsewhere", code=code)
    return _SENTENCES.fault("facility_stated_unknown", code=code, name=kind.name)


def _issue(
    connection: Connection, prepared: PreparedDelivery, rows: Sequence[int], faults: dict[int, dict[str, Any]]
) -> dict[int, BuildingCode]:
    """Return the codes of new facilities; a row whose generations are used up gets a fault instead."""
    taken = highest_generations(connection, [prepared.codes[row].ground for row in rows])
    issued: dict[int, BuildingCode] = {}
    for row, code in zip(rows, issue_codes((prepared.codes[row] for row in rows), taken), strict=True):
        if code is None:
            faults[row] = fault_json(_REGISTER.fault("generations_used_up", ground=prepared.codes[row].ground))
        else:
            issued[row] = code
    return issued


def _spot(ground: gpd.GeoDataFrame, row: int) -> tuple[float, float]:
    point = ground.geometry[row].representative_point()
    return point.x, point.y


def _code(row: int, placed: _Placed) -> BuildingCode:
    match = placed.matches[row]
    return placed.issued[row] if match.building is None else parse(placed.living[match.building].code)


def _report(
    facilities: _Facilities,
    options: FacilityOptions,
    outcomes: Mapping[int, str],
    codes: Mapping[int, str],
    faults: Mapping[int, dict[str, Any]],
) -> UploadReport:
    delivery, prepared = facilities.delivery, facilities.prepared
    ids = delivery.frame["source_id"].tolist()
    results = [
        RowReport(
            row=row,
            feature=None if ids[row] is None else str(ids[row]),
            name=prepared.names.get(row),
            outcome=outcomes.get(row, "refused"),
            code=codes.get(row),
            area_m2=float(prepared.ground.area_m2[row]) if row in codes else None,
            fault=None if row in outcomes else faults.get(row) or prepared.faults.get(row),
            more=_told(facilities, row),
        )
        for row in range(len(ids))
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
        notes=[*delivery.notes, *_notes_of_foreign(facilities)],
        results=results,
    )


def _notes_of_foreign(facilities: _Facilities) -> list[Text]:
    """Return what is to be known of words that were not taken as classes."""
    kinds = {word: facilities.classes[row].name for row, word in facilities.foreign.items()}
    return [
        Text(
            f"{count} 行的类别“{word}”不是设施类别,按{kinds[word].zh}处理。",
            f"“{word}”, the class of {count} rows, is no class of facilities: they are taken as {kinds[word].en}.",
        )
        for word, count in Counter(facilities.foreign.values()).items()
    ]


def _told(facilities: _Facilities, row: int) -> dict[str, Any]:
    kind, extent = facilities.classes.get(row), facilities.extents.get(row)
    return {
        "class": None if kind is None else {"code": kind.code, **text_json(kind.name)},
        "class_delivered": facilities.foreign.get(row),
        "width_m": extent and extent.width_m,
        "length_m": extent and extent.length_m and round(extent.length_m, 3),
    }


def _register(
    connection: Connection,
    facilities: _Facilities,
    placed: _Placed,
    report: UploadReport,
    *,
    principal: Principal,
    options: Mapping[str, Any],
) -> tuple[UploadReport, list[str]]:
    """Write the facilities and return the report, now stored, and their ids."""
    upload = _add_upload(connection, facilities.delivery, report, principal, options)
    changes = Changes(principal, date.today())
    ids: dict[int, str] = {}
    for row, version in _versions(facilities, report, upload).items():
        match, kind = placed.matches[row], facilities.classes[row]
        told: dict[str, Any] = {"sha256": report.sha256, "row": row}
        if match.building is None:
            code = placed.issued[row]
            ids[row] = changes.register(code, version, kind="facility", facility_class=kind.code, **told)
        else:
            there = placed.living[match.building]
            life = {"building_id": match.building, "code": there.code, "version": there.version, "closed_as": None}
            changes.revise(life, version, **told, iou=round(match.iou, 6))
    ids |= {row: match.building for row, match in placed.matches.items() if match.building is not None}
    events = write_changes(connection, changes)
    events += add_names(connection, _names(facilities, ids), source=report.file, changes=changes)
    good = {row.row: ids[row.row] for row in report.results if row.fault is None and row.row in ids}
    add_reports(connection, report.results, good, upload=upload, office_id=principal.office_id)
    append_events(connection, events)
    return replace(report, id=upload, stored=True), list(ids.values())


def _names(facilities: _Facilities, ids: Mapping[int, str]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the names that rows carry for their facilities (ids), as `add_names` takes them."""
    said = ("scheme", "value", "check_variant")
    return [
        (ids[row], [{name: getattr(alias, name) for name in said} for alias in aliases])
        for row, aliases in facilities.prepared.aliases.items()
        if row in ids
    ]


def _add_upload(
    connection: Connection,
    delivery: Delivery,
    report: UploadReport,
    principal: Principal,
    options: Mapping[str, Any],
) -> str:
    office = principal.office_id
    document = add_document(
        connection, office_id=office, sha256=delivery.sha256, name=delivery.file, size_bytes=delivery.size
    )
    told = {name: value for name, value in report.as_json().items() if name not in {"id", "stored", "repeated"}}
    upload = {"document_id": document, "options": dict(options), "report": json.loads(json.dumps(told))}
    return add_upload(connection, {**upload, "office_id": office, "actor": principal.actor})


def _versions(facilities: _Facilities, report: UploadReport, upload: str) -> dict[int, dict[str, Any]]:
    """Return the geometry versions to be added, by row: of what is new, of what is drawn anew, of another stage."""
    prepared = facilities.prepared
    rows = [row.row for row in report.results if row.outcome in {"new", "revised"}]
    ground = prepared.ground.loc[rows]
    measured = measure_versions(np.asarray(ground.geometry.values), ground.h3.tolist(), ground.area_m2.tolist())
    return {
        row: {
            **measures,
            "upload_id": upload,
            "stage": report.stage,
            "name": prepared.names.get(row),
            "attributes": prepared.records[row],
            "space": facilities.classes[row].code,
            "axis": facilities.extents[row].axis,
            "width_m": facilities.extents[row].width_m,
        }
        for row, measures in zip(rows, measured, strict=True)
    }


def _stored(connection: Connection, identity: str, principal: Principal) -> UploadReport:
    """Return the report of an upload as it was given."""
    told = get_upload(connection, identity, office_id=principal.office_id)["report"]
    own = ("row", "feature", "name", "outcome", "code", "area_m2", "fault", "review")
    results = [
        RowReport(
            **{name: row[name] for name in own},
            more={name: value for name, value in row.items() if name not in own},
        )
        for row in told["results"]
    ]
    kept = {name: told[name] for name in ("file", "sha256", "format", "encoding", "crs", "stage", "mode")}
    notes = [Text(note["zh"], note["en"]) for note in told["notes"]]
    return UploadReport(**kept, notes=notes, results=results, id=str(identity), stored=True, repeated=True)
