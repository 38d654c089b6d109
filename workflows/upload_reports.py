"""What is told of a delivery: row by row as its parts come, and as a whole at the end; and as it was told, when it is asked again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from geocode import Text
from geocode.codes import grouped
from layers.deliveries import Delivery
from layers.json_values import json_value
from registry.relating import Relation, Shift
from store.database import Connection, Database, transaction
from store.uploads import add_upload_rows, get_upload, upload_rows
from workflows.deliveries import PART_ROWS, PreparedDelivery
from workflows.delivery_options import DeliveryOptions
from workflows.kept_reports import KeptReports
from workflows.matching import Match, held_fault
from workflows.principals import Principal
from workflows.reports import RowReport, UploadReport, text_json
from workflows.rights import allow, only_office

__all__ = ["DeliveryAccount", "add_reports", "find_report", "report_drawn", "report_rows", "stored_report"]

# a name that no row has as its scheme wants it fills a page with one sentence
_MOST_ODD = 100


def head_json(delivery: Delivery, rows: int, options: DeliveryOptions) -> dict[str, Any]:
    """Return what is said of a delivery as a whole before its rows are looked at."""
    encoding = delivery.encoding
    return {
        "file": delivery.file,
        "sha256": delivery.sha256,
        "format": delivery.format,
        "encoding": None if encoding is None else {"name": encoding.name, "why": text_json(encoding.why)},
        "crs": _crs_json(delivery),
        "stage": options.stage,
        "mode": options.mode,
        "rows": rows,
    }


class DeliveryAccount:
    """What has become of a delivery so far.

    Parameters
    ----------
    delivery
        The delivery; its rows are not looked at.
    rows
        How many it has.
    in_parts
        Whether they come part by part, and so many that they are kept in a file.

    Attributes
    ----------
    head
        What is said of it as a whole beforehand, in JSON form.
    """

    def __init__(self, delivery: Delivery, rows: int, options: DeliveryOptions, *, in_parts: bool = False) -> None:
        self.head = head_json(delivery, rows, options)
        self._few: list[RowReport] = []
        self._many = KeptReports(rows) if in_parts else None
        self._notes: Sequence[Text] = delivery.notes
        self._odd: list[tuple[int, Text]] = []
        self._odd_count = 0
        self._mended = (0, 0)

    def add(self, prepared: PreparedDelivery, reports: Sequence[RowReport]) -> None:
        """Add a part of which the rows are all told."""
        if self._many is None:
            self._few += reports
        else:
            self._many.keep(reports)
        # what is missing is missing everywhere
        self._notes = prepared.delivery.notes
        odd = list(_odd_aliases(prepared))
        self._odd_count += len(odd)
        self._odd = sorted([*self._odd, *odd], key=lambda each: each[0])[:_MOST_ODD]
        self._mended = (self._mended[0] + prepared.mended[0], self._mended[1] + prepared.mended[1])

    def undo(self) -> None:
        """Have what is told be of a delivery of which nothing was stored."""
        if self._many is None:
            self._few = [replace(row, review=None) for row in self._few]
        else:
            self._many.forget_reviews()

    def report(self, *, shift: Shift | None = None, gone: Sequence[str] = ()) -> UploadReport:
        """Return the report, all rows being told."""
        is_shifted = shift is not None and shift.is_applied
        return UploadReport(
            **{name: value for name, value in self.head.items() if name != "rows"},
            notes=[
                *self._notes,
                *_notes_of_mended(*self._mended),
                *(text for _, text in self._odd),
                *_notes_of_more(self._odd_count - len(self._odd)),
                *([shift.sentence.text] if shift is not None and is_shifted else []),
                *_notes_of_gone(gone),
            ],
            results=self._few if self._many is None else self._many,
            gone=gone,
            shift=_shift_json(shift) if shift is not None and is_shifted else None,
        )


def report_rows(prepared: PreparedDelivery, match: Match, *, stage: str) -> list[RowReport]:
    """Return what becomes of each row of a delivery, or of a part of one, that shows a stage."""
    kinds = {int(row): relation for relation in match.done for row in relation.delivered}
    known = {identity: life["code"] for identity, life in match.lives.items()}
    held = {int(row): held_fault(relation, known) for relation in match.held for row in relation.delivered}
    teller = _Teller(prepared)
    rows = []
    for row in prepared.rows:
        fault = match.faults.get(row) or prepared.faults.get(row)
        if row in kinds and fault is None:
            lives = [match.lives[each] for each in kinds[row].known]
            code = str(match.codes[row]) if row in match.codes else grouped(lives[0]["code"])
            rows.append(teller.tell(row, _outcome(kinds[row], lives, stage), code=code))
        elif row in held and fault is None:
            rows.append(teller.tell(row, "held", fault=held[row]))
        else:
            rows.append(teller.tell(row, "held" if row in held else "refused", fault=fault))
    return rows


def report_drawn(prepared: PreparedDelivery, options: DeliveryOptions) -> UploadReport:
    """Return the report of a whole delivery that the register is not asked about: codes as drawn."""
    teller, codes, faults = _Teller(prepared), prepared.codes, prepared.faults
    account = DeliveryAccount(prepared.delivery, len(prepared.rows), options)
    account.add(
        prepared,
        [
            teller.tell(row, "new", code=str(codes[row])) if row in codes else teller.tell(row, fault=faults.get(row))
            for row in prepared.rows
        ],
    )
    return account.report()


def add_reports(
    connection: Connection, reports: Sequence[RowReport], buildings: Mapping[int, str], *, upload: str, office_id: int
) -> None:
    """Store what became of rows of an upload, with the buildings (ids) of those that are registered."""
    columns: dict[str, Sequence[Any]] = {
        "upload_id": [upload] * len(reports),
        "office_id": [office_id] * len(reports),
        "row_number": [each.row for each in reports],
        "source_id": [each.feature for each in reports],
        "name": [each.name for each in reports],
        "outcome": [each.outcome for each in reports],
        "building_id": [buildings.get(each.row) for each in reports],
        "area_m2": [each.area_m2 for each in reports],
        "fault": [each.fault for each in reports],
        "warnings": [list(each.warnings) or None for each in reports],
    }
    add_upload_rows(connection, columns)


def find_report(database: Database, identity: str, *, principal: Principal) -> UploadReport:
    """Return the report of an upload: of any where the role sees all, else of the own office.

    Raises
    ------
    NotHereError
        There is no such upload, or none that the principal may see.
    """
    right = allow(principal, "upload", kind="read")
    office = only_office(principal, right)
    with transaction(database) as connection:
        return stored_report(connection, identity, office, repeated=False)


def stored_report(connection: Connection, identity: str, office_id: int | None, *, repeated: bool) -> UploadReport:
    """Return the report of an upload as it was given."""
    head = get_upload(connection, identity, office_id=office_id)["report"]
    kept = {name: head[name] for name in ("file", "sha256", "format", "encoding", "crs", "stage", "mode")}
    rows = map(_stored_row, upload_rows(connection, identity))
    results: Sequence[RowReport]
    if head["rows"] > PART_ROWS:
        results = KeptReports(head["rows"])
        while some := list(islice(rows, PART_ROWS)):
            results.keep(some)
    else:
        results = list(rows)
    notes = [Text(note["zh"], note["en"]) for note in head["notes"]]
    told = {"gone": head.get("gone", ()), "shift": head.get("shift")}
    return UploadReport(**kept, **told, notes=notes, results=results, id=str(identity), stored=True, repeated=repeated)


def _stored_row(row: Any) -> RowReport:
    return RowReport(
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


class _Teller:
    """Tells what becomes of the rows of a delivery, or of a part of one."""

    def __init__(self, prepared: PreparedDelivery) -> None:
        self._prepared = prepared
        ids = prepared.delivery.frame["source_id"].tolist()
        self._features = dict(zip(prepared.rows, ids, strict=True))
        self._areas_m2 = prepared.ground.area_m2.to_dict()

    def tell(
        self, row: int, outcome: str = "refused", *, code: str | None = None, fault: dict[str, Any] | None = None
    ) -> RowReport:
        feature = self._features[row]
        return RowReport(
            row=row,
            feature=None if feature is None else str(json_value(str(feature))),
            name=self._prepared.names.get(row),
            outcome=outcome,
            code=code,
            area_m2=None if code is None else round(float(self._areas_m2[row]), 4),
            fault=fault,
            warnings=self._prepared.warnings.get(row, ()),
        )


def _outcome(relation: Relation, lives: Sequence[Mapping[str, Any]], stage: str) -> str:
    # the same geometry at another stage is a version of its own: each stage keeps what it was shown
    if relation.kind == "same" and lives[0]["stage"] != stage:
        return "revised"
    return relation.kind


def _odd_aliases(prepared: PreparedDelivery) -> Iterator[tuple[int, Text]]:
    """Yield the rows with a value that is no name under its scheme, and why."""
    for row, refused in prepared.refused_aliases.items():
        for alias in refused:
            yield (
                row,
                Text(
                    f"第 {row} 行的{alias.label.zh}未作为别名:{alias.fault.text.zh}{alias.fault.remedy.zh}",
                    f"Row {row}: {alias.label.en} not taken as alias. {alias.fault.text.en} {alias.fault.remedy.en}",
                ),
            )


def _notes_of_more(count: int) -> list[Text]:
    if not count:
        return []
    return [Text(f"另有 {count} 个值未作为别名。", f"{count} more values are not taken as aliases.")]


def _notes_of_mended(rows: int, vertices: int) -> list[Text]:
    if not rows:
        return []
    return [
        Text(
            f"已修正 {rows} 行的轮廓:删除尖角和短边的 {vertices} 个顶点。",
            f"The outlines of {rows} rows are mended: {vertices} vertices of spikes and short edges are left out.",
        )
    ]


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
