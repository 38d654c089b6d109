"""The units of buildings: a building table read, compared with what is held, and put in its place; totals and what is odd."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from geocode import Fault, parse
from geocode.faults import read_sentences
from layers.confined.reading import read_sheet_confined
from layers.sheets import Sheet
from registry.forms import alias_value
from registry.ledger.events import NewEvent
from registry.schemes import Scheme
from registry.unit_tables import RowFault, UnitTable
from registry.unit_tables import read_units as read_table
from registry.units import Changes, Total, Unit, check_capacity, compare_units, get_use, total_units
from store.aliases import aliases_of_units, end_aliases, holders
from store.buildings import add_aliases, lock_buildings
from store.database import Connection, Database, transaction
from store.descriptions import describe_rows
from store.documents import Documents, add_document, keep_bytes
from store.ledger import append_events
from store.lives import read_lives
from store.units import add_units, close_units
from store.units import read_units as read_stored
from workflows.errors import RefusedActError, RefusedRowsError
from workflows.events import building_event
from workflows.idempotency import once
from workflows.principals import Principal
from workflows.reports import fault_json, text_json
from workflows.resolving import building_code
from workflows.rights import allow

__all__ = ["TableOptions", "read_units", "replace_units", "row_faults"]

_CODE = "bdcdyh"
_SENTENCES = read_sentences("registry", "keeping_faults.toml")
_REMARKS = read_sentences("registry", "unit_faults.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """How a building table is to be taken.

    Attributes
    ----------
    sheet
        Which sheet, where the workbook has several.
    several_parcels
        Whether the building stands on several parcels; its unit codes then agree within each alone.
    valid_from
        Since which day its units are as the table says; today where None.
    """

    sheet: str | None = None
    several_parcels: bool = False
    valid_from: date | None = None


@dataclass(frozen=True, slots=True)
class _Held:
    """A unit that is in the register: its id, the day since when it holds, and what it is."""

    id: str
    since: date
    unit: Unit


@dataclass(frozen=True, slots=True)
class _Desk:
    """A building whose units are about to change: who changes them, on which day, from which file."""

    connection: Connection
    principal: Principal
    life: Mapping[str, Any]
    day: date
    file: str
    sha256: str

    def tell(self, kind: str, table: str, keys: Sequence[Any], **told: str) -> list[NewEvent]:
        """Return the events of rows that were added or ended."""
        said = describe_rows(self.connection, table, keys)
        building_id = self.life["building_id"]
        return [building_event(self.principal, kind, building_id, on=self.day, body={**body, **told}) for body in said]


def replace_units(  # noqa: PLR0913 - what, of which building, for whom, and how
    database: Database,
    building: str,
    path: Path,
    *,
    principal: Principal,
    documents: Documents,
    options: TableOptions | None = None,
    file: str | None = None,
    key: str | None = None,
    schemes: Sequence[Scheme] | None = None,
) -> dict[str, Any]:
    """Put a building table in the place of the one that a building has, and return what changed.

    What the new table does not have is closed, what it has more is added, what differs is closed and added anew; a unit of
    which only the real-estate unit code differs stays, and its code is ended and added. The same table again changes nothing.

    Parameters
    ----------
    building
        Its code, or another name of it.
    documents
        Folder in which the delivered bytes are kept.
    file
        The file's name as delivered, where `path` is a copy.
    key
        The request's idempotency key.

    Raises
    ------
    RefusedFile
        The file is no table.
    RefusedRowsError
        A row is no unit. Nothing is stored.
    RefusedActError
        The building is closed, or a unit that would be closed holds since a later day.
    NotHereError
        There is no such building.
    """
    options = options or TableOptions()
    sheet = read_sheet_confined(path, sheet=options.sheet, name=file)
    table = read_table(sheet.rows, several_parcels=options.several_parcels)
    if table.faults:
        raise RefusedRowsError(row_faults(table.faults))
    day = options.valid_from or date.today()
    request: dict[str, Any] = {
        "act": "replace_units",
        "building": building,
        "sha256": sheet.sha256,
        "sheet": sheet.name,
    }
    request |= {"several_parcels": options.several_parcels, "valid_from": day.isoformat()}

    def run() -> dict[str, Any]:
        code = building_code(connection, building, schemes=schemes)
        (life,) = read_lives(connection, [code.compact])
        allow(principal, "keep", office_id=life["office_id"], kind="unit")
        lock_buildings(connection, [life["building_id"]])
        (life,) = read_lives(connection, [code.compact])
        if life["closed_as"] is not None:
            raise RefusedActError(_SENTENCES.fault("building_closed", code=code))
        keep_bytes(documents, path, sheet.sha256)
        return _replace(_Desk(connection, principal, life, day, sheet.file, sheet.sha256), sheet, table)

    with transaction(database) as connection:
        return once(connection, principal, key, request, run)


def read_units(
    database: Database,
    building: str,
    *,
    principal: Principal,
    day: date | None = None,
    schemes: Sequence[Scheme] | None = None,
) -> dict[str, Any]:
    """Return a building's units with their totals, those of a day where one is told, and what is odd about them.

    Raises
    ------
    NotHereError, HiddenError
        There is no such building, or it is another office's.
    """
    with transaction(database) as connection:
        code = building_code(connection, building, schemes=schemes)
        (life,) = read_lives(connection, [code.compact])
        allow(principal, "keep", office_id=life["office_id"], kind="read")
        rows = read_stored(connection, life["building_id"], day=day)
    units = [_unit(row) for row in rows]
    return {
        "building": str(code),
        "day": None if day is None else day.isoformat(),
        "units": [
            {
                "id": row.id,
                **_unit_json(unit),
                "attributes": row.attributes,
                "valid_from": row.valid_from.isoformat(),
                "valid_to": None if row.valid_to is None else row.valid_to.isoformat(),
            }
            for row, unit in zip(rows, units, strict=True)
        ],
        **_sums(units, life),
    }


def row_faults(faults: Iterable[RowFault]) -> list[dict[str, Any]]:
    """Return the faults of rows as answers hold them."""
    return [
        {"row": each.row, "number": each.number, "position": each.position, **fault_json(each.fault)} for each in faults
    ]


def _replace(desk: _Desk, sheet: Sheet, table: UnitTable) -> dict[str, Any]:
    held = {(unit := _unit(row)).key: _Held(row.id, row.valid_from, unit) for row in _stored(desk)}
    changes = compare_units([each.unit for each in held.values()], table.units)
    closed = [held[unit.key] for unit in changes.closed]
    recoded = [(held[now.key], soon) for now, soon in changes.kept if now.code != soon.code]
    _refuse_earlier(desk, [*closed, *(each for each, _ in recoded)])
    if changes.closed or changes.added or recoded:
        add_document(
            desk.connection,
            office_id=desk.principal.office_id,
            sha256=sheet.sha256,
            name=sheet.file,
            size_bytes=sheet.size,
        )
    ended = aliases_of_units(desk.connection, [each.id for each in closed])
    of_codes = aliases_of_units(desk.connection, [each.id for each, _ in recoded])
    rows = _rows(desk, changes)
    ids = {unit.key: row["id"] for unit, row in zip(changes.added, rows, strict=True)}
    names = _names(changes, recoded, ids, ended)
    events = [
        *_end(desk, [*ended, *(row for row in of_codes if row.scheme == _CODE)]),
        *_close(desk, [each.id for each in closed]),
        *_add(desk, rows),
        *_attach(desk, names),
    ]
    append_events(desk.connection, events)
    elsewhere = _elsewhere(desk, table.units)
    told = [_REMARKS.fault("totals_left_out", count=table.left_out)] if table.left_out else []
    told += [_REMARKS.fault("columns_unread", names=", ".join(table.unread))] if table.unread else []
    return {
        "building": str(parse(desk.life["code"])),
        "file": sheet.file,
        "sha256": sheet.sha256,
        "valid_from": desk.day.isoformat(),
        "added": [unit.number for unit in changes.added],
        "closed": [unit.number for unit in changes.closed],
        "recoded": [unit.number for _, unit in recoded],
        "kept": len(changes.kept) - len(recoded),
        "code_elsewhere": elsewhere,
        **_sums(table.units, desk.life, told),
    }


def _stored(desk: _Desk) -> Sequence[Any]:
    return read_stored(desk.connection, desk.life["building_id"])


def _refuse_earlier(desk: _Desk, held: Iterable[_Held]) -> None:
    """Raise where a unit would end before it began."""
    since = max((each.since for each in held), default=desk.day)
    if since > desk.day:
        raise RefusedActError(_SENTENCES.fault("day_before", day=desk.day.isoformat(), since=since.isoformat()))


def _end(desk: _Desk, rows: Sequence[Any]) -> list[NewEvent]:
    """End names of units, and return the events."""
    ids = [row.id for row in rows]
    end_aliases(desk.connection, ids, desk.day)
    return desk.tell("alias_ended", "alias", ids, valid_to=desk.day.isoformat())


def _close(desk: _Desk, ids: Sequence[str]) -> list[NewEvent]:
    close_units(desk.connection, ids, desk.day)
    return desk.tell("unit_closed", "unit", ids, valid_to=desk.day.isoformat())


def _rows(desk: _Desk, changes: Changes) -> list[dict[str, Any]]:
    return [
        {
            "id": str(uuid4()),
            "building_id": desk.life["building_id"],
            "office_id": desk.principal.office_id,
            "number": unit.number,
            "storey": unit.storey,
            "area_m2": unit.area_m2,
            "use": unit.use,
            "attributes": dict(unit.attributes),
            "valid_from": desk.day,
        }
        for unit in changes.added
    ]


def _add(desk: _Desk, rows: Sequence[Mapping[str, Any]]) -> list[NewEvent]:
    add_units(desk.connection, rows)
    return desk.tell("unit_added", "unit", [row["id"] for row in rows], sha256=desk.sha256)


def _names(
    changes: Changes, recoded: Sequence[tuple[_Held, Unit]], ids: Mapping[str, str], ended: Sequence[Any]
) -> list[dict[str, Any]]:
    """Return the names that units are to have: the codes of the table, and what else a unit that is added anew had."""
    coded = [(ids[unit.key], unit.code) for unit in changes.added]
    coded += [(now.id, soon.code) for now, soon in recoded]
    names = [{"unit_id": identity, "scheme": _CODE, "value": code} for identity, code in coded if code]
    names += [
        {
            "unit_id": ids[alias_value(row.number)],
            "scheme": row.scheme,
            "value": row.value,
            "check_variant": row.check_variant,
            "source": row.source,
        }
        for row in ended
        if row.scheme != _CODE and alias_value(row.number) in ids
    ]
    return names


def _attach(desk: _Desk, names: Sequence[Mapping[str, Any]]) -> list[NewEvent]:
    common = {"building_id": desk.life["building_id"], "office_id": desk.principal.office_id, "valid_from": desk.day}
    own = {"check_variant": None, "source": desk.file}
    added = add_aliases(desk.connection, [{**common, **own, **name} for name in names])
    return desk.tell("alias_added", "alias", [identity for identity, _ in added])


def _elsewhere(desk: _Desk, units: Sequence[Unit]) -> list[dict[str, str]]:
    """Return the unit codes that another building has as well: it may be right, and is told."""
    names = [(_CODE, unit.code) for unit in units if unit.code]
    rows = [row for row in holders(desk.connection, names) if row.code != desk.life["code"]]
    return [{"code": row.value, "building": str(parse(row.code))} for row in rows]


def _unit(row: Any) -> Unit:
    return Unit(row.number, row.storey, row.area_m2, row.use, row.code, row.attributes)


def _unit_json(unit: Unit) -> dict[str, Any]:
    use = get_use(unit.use)
    return {
        "number": unit.number,
        "storey": unit.storey,
        "area_m2": unit.area_m2,
        "use": {"code": use.code, **text_json(use.name)},
        "code": unit.code,
    }


def _sums(units: Sequence[Unit], life: Mapping[str, Any], told: Sequence[Fault] = ()) -> dict[str, Any]:
    """Return the totals of units, and what is odd about them beside the building's footprint."""
    totals = total_units(units)
    odd = check_capacity(units, footprint_m2=life["plane_area_m2"])
    return {
        "totals": {
            **_total_json(totals.whole),
            "footprint_m2": life["plane_area_m2"],
            "by_use": [
                {"use": {"code": code, **text_json(get_use(code).name)}, **_total_json(total)}
                for code, total in totals.by_use.items()
            ],
            "by_storey": [{"storey": storey, **_total_json(total)} for storey, total in totals.by_storey.items()],
        },
        "remarks": [fault_json(remark) for remark in (*told, *odd)],
    }


def _total_json(total: Total) -> dict[str, Any]:
    return {"units": total.units, "area_m2": total.area_m2}
