"""Names that others gave buildings and units: added and ended by hand or by a table, with their whole history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from geocode import BuildingCode, Fault, Text, parse
from geocode.faults import read_sentences
from layers.confined.reading import read_sheet_confined
from layers.sheets import Sheet
from registry.aliases import find_aliases, find_stated
from registry.errors import SchemeError
from registry.forms import alias_value
from registry.schemes import Alias, Scheme, get_scheme, scheme_name
from registry.unit_tables import RowFault, find_number
from store.aliases import aliases_of_building, end_aliases, held_aliases, holders
from store.buildings import add_aliases, lock_buildings
from store.database import Connection, Database, transaction
from store.descriptions import describe_rows
from store.ledger import append_events
from store.lives import read_lives
from store.units import read_units
from workflows.bearers import find_bearers
from workflows.errors import RefusedActError, RefusedOptionError, RefusedRowsError
from workflows.events import building_event
from workflows.idempotency import once
from workflows.principals import Principal
from workflows.reports import alias_json
from workflows.resolving import building_code
from workflows.rights import allow
from workflows.units import row_faults

__all__ = ["NewAlias", "add_alias", "add_aliases_of_table", "end_alias", "list_aliases"]

_SENTENCES = read_sentences("registry", "keeping_faults.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlias:
    """A name that a building, or a unit of it, is to have.

    Attributes
    ----------
    building
        The building's code, or another name of it.
    scheme, value
        The name, leniently typed.
    unit
        The number of the unit whose name it is; None where it is the building's.
    valid_from
        Since which day; today where None.
    source
        Who says so; the principal's own label where None.
    """

    building: str
    scheme: str
    value: str
    unit: str | None = None
    valid_from: date | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A name that was read, of a building that was found."""

    building: BuildingCode
    alias: Alias
    unit: str | None
    day: date
    source: str
    row: int | None = None


class _Row(NamedTuple):
    """A row of a table: its number as a spreadsheet counts, and its values by heading."""

    number: int
    values: dict[str, Any]


def add_alias(
    database: Database,
    new: NewAlias,
    *,
    principal: Principal,
    key: str | None = None,
    schemes: Sequence[Scheme] | None = None,
) -> dict[str, Any]:
    """Give a building or a unit of it a name and return this; `added` is False where it had it.

    Raises
    ------
    AliasError
        The text is no name under the scheme.
    RefusedOptionError
        There is no such scheme.
    RefusedActError
        The scheme names no buildings (or no units), or the building has no such unit.
    NotHereError, HiddenError
        There is no such building, or it is another office's.
    """
    alias = _read(new, schemes)
    wanted_day = new.valid_from or date.today()
    request: dict[str, Any] = {
        "act": "add_alias",
        "building": new.building,
        "scheme": alias.scheme,
        "value": alias.value,
    }
    request |= {"unit": new.unit, "valid_from": wanted_day.isoformat(), "source": new.source}

    def run() -> dict[str, Any]:
        code = building_code(connection, new.building, schemes=schemes)
        wanted = _Wanted(code, alias, new.unit, wanted_day, new.source or principal.actor)
        (answer,) = _add(connection, [wanted], principal, schemes)
        return answer

    with transaction(database) as connection:
        return once(connection, principal, key, request, run)


def add_aliases_of_table(  # noqa: PLR0913 - what, for whom, and how
    database: Database,
    path: Path,
    *,
    principal: Principal,
    sheet: str | None = None,
    valid_from: date | None = None,
    file: str | None = None,
    key: str | None = None,
    schemes: Sequence[Scheme] | None = None,
) -> dict[str, Any]:
    """Give buildings and units the names that a table has for them: all of them, or none.

    The table's first row names its columns: ``building_code`` (建筑编码), then those in which the schemes are found, and, where
    the names are of units, ``unit`` (户号).

    Raises
    ------
    RefusedFile
        The file is no table.
    RefusedRowsError
        A row names no building, or a text is no name. Nothing is stored.
    """
    table = read_sheet_confined(path, sheet=sheet, name=file)
    day = valid_from or date.today()
    request = {"act": "add_aliases", "sha256": table.sha256, "sheet": table.name, "valid_from": day.isoformat()}

    def run() -> dict[str, Any]:
        wanted = _read_rows(connection, table, day, schemes)
        return {"file": table.file, "sha256": table.sha256, "aliases": _add(connection, wanted, principal, schemes)}

    with transaction(database) as connection:
        return once(connection, principal, key, request, run)


def end_alias(  # noqa: PLR0913 - which, of which building, since when, by whom
    database: Database,
    building: str,
    alias: int,
    *,
    principal: Principal,
    valid_to: date | None = None,
    key: str | None = None,
    schemes: Sequence[Scheme] | None = None,
) -> dict[str, Any]:
    """End a name (its id) of a building or of a unit of it on a day, today where None, and return it.

    Raises
    ------
    RefusedActError
        The building has no such name now, or had it not yet on that day.
    NotHereError, HiddenError
        There is no such building, or it is another office's.
    """
    day = valid_to or date.today()
    request = {"act": "end_alias", "building": building, "alias": alias, "valid_to": day.isoformat()}

    def run() -> dict[str, Any]:
        code = building_code(connection, building, schemes=schemes)
        life = _hold(connection, principal, [code])[code.compact]
        rows = aliases_of_building(connection, life["building_id"])
        held = next((row for row in rows if row.id == alias and row.valid_to is None), None)
        if held is None:
            raise RefusedActError(_SENTENCES.fault("alias_not_held", alias=alias, code=code))
        if held.valid_from > day:
            since = held.valid_from.isoformat()
            raise RefusedActError(_SENTENCES.fault("day_before", day=day.isoformat(), since=since))
        end_aliases(connection, [alias], day)
        (said,) = describe_rows(connection, "alias", [alias])
        body = {**said, "valid_to": day.isoformat()}
        append_events(connection, [building_event(principal, "alias_ended", life["building_id"], on=day, body=body)])
        return {**_alias_json(held, schemes), "valid_to": day.isoformat()}

    with transaction(database) as connection:
        return once(connection, principal, key, request, run)


def list_aliases(
    database: Database, building: str, *, principal: Principal, schemes: Sequence[Scheme] | None = None
) -> dict[str, Any]:
    """Return every name that a building or a unit of it has or had, in the order in which they were recorded.

    Raises
    ------
    NotHereError, HiddenError
        There is no such building, or it is another office's.
    """
    with transaction(database) as connection:
        code = building_code(connection, building, schemes=schemes)
        (life,) = read_lives(connection, [code.compact])
        allow(principal, "keep", office_id=life["office_id"], kind="read")
        rows = aliases_of_building(connection, life["building_id"])
    return {"building": str(code), "aliases": [_alias_json(row, schemes) for row in rows]}


def _read(new: NewAlias, schemes: Sequence[Scheme] | None) -> Alias:
    try:
        scheme = get_scheme(new.scheme, schemes)
    except SchemeError as error:
        raise RefusedOptionError(
            Text(f"没有“{new.scheme}”这种名称。", f"There is no scheme “{new.scheme}”."),
            Text(f"可用 {'、'.join(error.known)}。", f"Choose among {', '.join(error.known)}."),
        ) from error
    return scheme.parse(new.value)


def _read_rows(connection: Connection, table: Sheet, day: date, schemes: Sequence[Scheme] | None) -> list[_Wanted]:
    """Return the names that the rows of a table have for buildings, or raise with what is wrong with each row."""
    headings, *rows = table.rows or [()]
    read = [
        _Row(number, values)
        for number, cells in enumerate(rows, start=2)
        if (
            values := {str(name): cell for name, cell in zip(headings, cells, strict=False) if None not in {name, cell}}
        )
    ]
    stated = [find_stated(row.values)[1] for row in read]
    bearers = iter(find_bearers(connection, [text for text in stated if text], schemes=schemes, among="assigned"))
    wanted: list[_Wanted] = []
    faults: list[RowFault] = []
    for row, text in zip(read, stated, strict=True):
        unit = find_number(row.values)
        taken, refused = find_aliases(row.values, schemes)
        bearer = next(bearers) if text else None
        found = [(each.fault, each.position) for each in refused]
        if bearer is None:
            found.append((_SENTENCES.fault("name_missing"), None))
        elif not bearer.is_clear and bearer.fault is not None:
            found.append((bearer.fault, None))
        if not taken and not refused:
            found.append((_SENTENCES.fault("names_missing"), None))
        faults += [RowFault(row.number, unit, fault, position) for fault, position in found[:1]]
        if bearer is not None and not found:
            code = parse(bearer.hits[0].state.code)
            wanted += [_Wanted(code, alias, unit, day, table.file, row.number) for alias in taken]
    if faults:
        raise RefusedRowsError(row_faults(faults))
    return wanted


def _hold(connection: Connection, principal: Principal, codes: Sequence[BuildingCode]) -> dict[str, dict[str, Any]]:
    """Return buildings by their compact codes, held until the transaction ends, if the principal may name them."""
    lives = read_lives(connection, sorted({code.compact for code in codes}))
    for life in lives:
        allow(principal, "keep", office_id=life["office_id"], kind="alias")
    lock_buildings(connection, [life["building_id"] for life in lives])
    return {life["code"]: life for life in lives}


def _add(
    connection: Connection, wanted: Sequence[_Wanted], principal: Principal, schemes: Sequence[Scheme] | None
) -> list[dict[str, Any]]:
    lives = _hold(connection, principal, [each.building for each in wanted])
    units = {
        code: {alias_value(row.number): row for row in read_units(connection, life["building_id"])}
        for code, life in lives.items()
        if any(each.unit is not None and each.building.compact == code for each in wanted)
    }
    _refuse(wanted, units, schemes)
    rows = [_row(each, lives[each.building.compact], _unit_of(each, units), principal) for each in wanted]
    added = dict(add_aliases(connection, rows))
    held = {
        (str(row.building_id), row.unit_id, row.scheme, row.value): row
        for row in held_aliases(connection, [life["building_id"] for life in lives.values()])
    }
    stored = [held[row["building_id"], row["unit_id"], row["scheme"], row["value"]] for row in rows]
    said = describe_rows(connection, "alias", list(added))
    days = {row.id: row.valid_from for row in stored}
    append_events(
        connection,
        [
            building_event(principal, "alias_added", added[identity], on=days[identity], body=body)
            for identity, body in zip(added, said, strict=True)
        ],
    )
    others: dict[tuple[str, str], list[str]] = {}
    for other in holders(connection, {(row.scheme, row.value) for row in stored}):
        others.setdefault((other.scheme, other.value), []).append(other.code)
    return [
        {
            "building": str(each.building),
            **_alias_json(row, schemes),
            "added": row.id in added,
            "also_on": [
                str(parse(code)) for code in others.get((row.scheme, row.value), ()) if code != each.building.compact
            ],
        }
        for row, each in zip(stored, wanted, strict=True)
    ]


def _refuse(
    wanted: Sequence[_Wanted], units: Mapping[str, Mapping[str, Any]], schemes: Sequence[Scheme] | None
) -> None:
    """Raise where a name is none of a building or a unit, or a unit is not there."""
    found = [(each, _fault(each, units, schemes)) for each in wanted]
    faults = [(each, fault) for each, fault in found if fault is not None]
    if faults and faults[0][0].row is None:
        raise RefusedActError(faults[0][1])
    if faults:
        raise RefusedRowsError(row_faults(RowFault(each.row, each.unit, fault) for each, fault in faults))


def _fault(each: _Wanted, units: Mapping[str, Mapping[str, Any]], schemes: Sequence[Scheme] | None) -> Fault | None:
    scheme = get_scheme(each.alias.scheme, schemes)
    if scheme.names == "organisation":
        return _SENTENCES.fault("names_no_building", scheme=scheme.name)
    if each.unit is None:
        return None
    if scheme.names == "project":
        return _SENTENCES.fault("names_no_unit", scheme=scheme.name)
    if _unit_of(each, units) is None:
        return _SENTENCES.fault("unit_unknown", code=each.building, number=each.unit)
    return None


def _unit_of(each: _Wanted, units: Mapping[str, Mapping[str, Any]]) -> Any:
    return None if each.unit is None else units[each.building.compact].get(alias_value(each.unit))


def _row(each: _Wanted, life: Mapping[str, Any], unit: Any, principal: Principal) -> dict[str, Any]:
    return {
        "building_id": life["building_id"],
        "unit_id": None if unit is None else unit.id,
        "office_id": principal.office_id,
        "scheme": each.alias.scheme,
        "value": each.alias.value,
        "check_variant": each.alias.check_variant,
        "source": each.source,
        "valid_from": each.day,
    }


def _alias_json(row: Any, schemes: Sequence[Scheme] | None) -> dict[str, Any]:
    days = row.valid_from.isoformat(), None if row.valid_to is None else row.valid_to.isoformat()
    label = scheme_name(row.scheme, schemes)
    return {
        "id": row.id,
        **alias_json(row.scheme, label, row.value, computed=False, source=row.source, days=days),
        "unit": row.number,
        "check_variant": row.check_variant,
        "recorded_at": row.recorded_at.isoformat(),
    }
