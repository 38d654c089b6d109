"""Building tables (楼盘表): rows of cells in, units out, and what is wrong with the rows that are none."""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from geocode import Fault, Text
from geocode.faults import read_sentences
from layers.json_values import json_value
from registry.errors import AliasError
from registry.storeys import storey_value
from registry.unit_codes import UnitCode
from registry.units import Unit, load_uses

__all__ = ["RowFault", "UnitTable", "find_number", "read_units"]

_SENTENCES = read_sentences("registry", "unit_faults.toml")
_HEADING_ROWS = 10
_LONGEST = 64
_LARGEST_M2 = 1_000_000.0
_COLUMNS = {
    "number": Text("户号", "number"),
    "storey": Text("层", "storey"),
    "area_m2": Text("建筑面积", "area"),
    "use": Text("用途", "use"),
    "code": Text("不动产单元号", "unit code"),
}
_NEEDED = ("number", "storey", "area_m2", "use")
_UNIT_OF_AREA = re.compile(r"(平方米|平米|M2|M\^2|SQM)$")
# a comma parts thousands: 89,50 is nobody's 8950
_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?(E[+-]?\d{1,2})?", re.ASCII)
_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]")
_SEVERAL_BUILDINGS, _WHOLE_BUILDING = "9999", "0000"
_PARCEL_LENGTH, _BUILDING_LENGTH = 19, 24


class RowFault(NamedTuple):
    """Why a row is no unit.

    Attributes
    ----------
    row
        As a spreadsheet counts, from 1; None where the table as a whole is meant.
    number
        The unit's number, as far as the row has one.
    fault
        Kind, sentence and remedy.
    position
        The offending character of a unit code, from 1; None where the fault is not of one character.
    """

    row: int | None
    number: str | None
    fault: Fault
    position: int | None = None


@dataclass(frozen=True, slots=True)
class UnitTable:
    """A building table as it was read.

    Attributes
    ----------
    units
        In the order of the table, and the row of each as a spreadsheet counts, from 1.
    faults
        What is wrong, in the order of the rows.
    left_out
        How many rows are totals, and no units.
    unread
        The headings of columns that may be personal, and were not read.
    """

    units: Sequence[Unit]
    rows: Sequence[int]
    faults: Sequence[RowFault]
    left_out: int = 0
    unread: Sequence[str] = ()


class _FaultyCellError(Exception):
    """A cell that makes its row no unit."""

    def __init__(self, fault: Fault, position: int | None = None) -> None:
        super().__init__(fault.text.en)
        self.fault = fault
        self.position = position


def read_units(rows: Sequence[Sequence[Any]], *, several_parcels: bool = False) -> UnitTable:
    """Return the units of a building table.

    Parameters
    ----------
    rows
        All cells from the first row on, titles and headings among them; None where a cell is empty.
    several_parcels
        Whether the building stands on several parcels: unit codes then agree within each parcel alone.

    Returns
    -------
    UnitTable
        Blank rows count as nothing, rows of totals are left out and counted, every other row is a unit or has a fault.
    """
    found = _find_headings(rows)
    if found is None:
        return _without_units("units_no_headings", limit=_HEADING_ROWS)
    first, columns = found
    missing = next((column for column in _NEEDED if column not in columns), None)
    if missing is not None:
        names = ", ".join(_lists()["headings"][missing])
        return _without_units("units_no_column", column=_COLUMNS[missing], names=names)
    headings = {place: str(name) for place, name in enumerate(rows[first - 1]) if name is not None}
    unread = [heading for heading in headings.values() if _is_personal(heading)]
    others = {
        place: heading for place, heading in headings.items() if place not in columns.values() and heading not in unread
    }
    units: dict[int, Unit] = {}
    faults: list[RowFault] = []
    left_out = 0
    for row, cells in enumerate(rows[first:], start=first + 1):
        if all(cell is None for cell in cells):
            continue
        if _sums_up(cells):
            left_out += 1
            continue
        try:
            units[row] = _unit(cells, columns, others)
        except _FaultyCellError as error:
            faults.append(RowFault(row, _text(_cell(cells, columns.get("number"))), error.fault, error.position))
    faults += _among_units(units, several_parcels=several_parcels)
    faulty = {fault.row for fault in faults}
    good = {row: unit for row, unit in units.items() if row not in faulty}
    if not good and not faults:
        return _without_units("units_none")
    return UnitTable(
        list(good.values()), list(good), sorted(faults, key=lambda fault: fault.row or 0), left_out, unread
    )


def find_number(attributes: Mapping[str, Any]) -> str | None:
    """Return the unit number that a row's fields carry, None where there is none."""
    found = (_text(value) for name, value in attributes.items() if _headings().get(_folded(name)) == "number")
    return next((text for text in found if text), None)


def _without_units(kind: str, **values: Any) -> UnitTable:
    return UnitTable([], [], [RowFault(None, None, _SENTENCES.fault(kind, **values))])


@cache
def _lists() -> Mapping[str, Any]:
    return tomllib.loads(files("registry").joinpath("unit_uses.toml").read_text(encoding="utf-8"))


@cache
def _headings() -> Mapping[str, str]:
    """Return the column that each heading names."""
    return {_folded(name): column for column, names in _lists()["headings"].items() for name in names}


@cache
def _uses() -> Mapping[str, str]:
    """Return the use that each word means."""
    return {_folded(word): use.code for use in load_uses() for word in (use.code, *use.name, *use.words)}


def _folded(text: str) -> str:
    """Return a heading or a word as it is compared: without blanks, case, and what stands in brackets."""
    plain = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    return _BRACKETS.sub("", plain).removesuffix("m2").rstrip("_/") or plain


def _find_headings(rows: Sequence[Sequence[Any]]) -> tuple[int, dict[str, int]] | None:
    """Return the position behind the headings, and the position of each column; titles may stand above."""
    for position, cells in enumerate(rows[:_HEADING_ROWS], start=1):
        columns: dict[str, int] = {}
        for place, cell in enumerate(cells):
            column = _headings().get(_folded(str(cell))) if cell is not None else None
            if column is not None:
                columns.setdefault(column, place)
        if "number" in columns and "area_m2" in columns:
            return position, columns
    return None


def _sums_up(cells: Sequence[Any]) -> bool:
    first = next(cell for cell in cells if cell is not None)
    return _folded(str(first)) in _lists()["totals"]["words"]


def _is_personal(heading: str) -> bool:
    return any(word in _folded(heading) for word in _lists()["personal"]["words"])


def _unit(cells: Sequence[Any], columns: Mapping[str, int], others: Mapping[int, str]) -> Unit:
    values = {column: _cell(cells, place) for column, place in columns.items()}
    told = {
        heading: json_value(value) for place, heading in others.items() if (value := _cell(cells, place)) is not None
    }
    return Unit(
        number=_short(values["number"], "number", "unit_no_number"),
        storey=storey_value(_short(values["storey"], "storey", "unit_no_storey")),
        area_m2=_area_m2(values["area_m2"]),
        use=_use(values["use"]),
        code=_code(values.get("code")),
        attributes=told,
    )


def _cell(cells: Sequence[Any], place: int | None) -> Any:
    return cells[place] if place is not None and place < len(cells) else None


def _text(value: Any) -> str | None:
    plain = None if value is None else unicodedata.normalize("NFKC", str(json_value(value))).strip()
    return plain or None


def _short(value: Any, column: str, missing: str) -> str:
    text = _text(value)
    if text is None:
        raise _FaultyCellError(_SENTENCES.fault(missing))
    if len(text) > _LONGEST:
        raise _FaultyCellError(_SENTENCES.fault("unit_long", column=_COLUMNS[column], found=len(text), limit=_LONGEST))
    return text


def _area_m2(value: Any) -> float:
    text = _text(value)
    if text is None:
        raise _FaultyCellError(_SENTENCES.fault("unit_no_area"))
    plain = _UNIT_OF_AREA.sub("", "".join(text.upper().split()))
    if isinstance(value, bool) or not _NUMBER.fullmatch(plain):
        raise _FaultyCellError(_SENTENCES.fault("unit_area_text", text=text))
    area_m2 = float(plain.replace(",", ""))
    if not 0 < area_m2 <= _LARGEST_M2:
        raise _FaultyCellError(
            _SENTENCES.fault("unit_area_size", area_m2=f"{area_m2:.15g}", limit_m2=f"{_LARGEST_M2:,.0f}")
        )
    return area_m2


def _use(value: Any) -> str:
    text = _text(value)
    if text is None:
        known = Text("、".join(use.name.zh for use in load_uses()), ", ".join(use.code for use in load_uses()))
        raise _FaultyCellError(_SENTENCES.fault("unit_no_use", known=", ".join(known)))
    use = _uses().get(_folded(text))
    if use is None:
        near = get_close_matches(_folded(text), _uses(), n=4, cutoff=0.3) or [use.name.zh for use in load_uses()]
        raise _FaultyCellError(_SENTENCES.fault("unit_use_unknown", text=text, near=", ".join(near)))
    return use


def _code(value: Any) -> str | None:
    text = _text(value)
    if text is None:
        return None
    try:
        code = UnitCode.parse(text)
    except AliasError as error:
        raise _FaultyCellError(error.fault, error.position) from error
    if code.building is None:
        raise _FaultyCellError(_SENTENCES.fault("unit_code_fixture", text=str(code), letter=code.fixture), 20)
    if code.household == _WHOLE_BUILDING:
        raise _FaultyCellError(_SENTENCES.fault("unit_code_whole", text=str(code)), 25)
    return str(code)


def _among_units(units: Mapping[int, Unit], *, several_parcels: bool) -> list[RowFault]:
    """Return the faults of units beside others: the same number, the same code, a code of another building."""
    faults: dict[int, RowFault] = {}
    for row, other in _repeated({row: unit.key for row, unit in units.items()}):
        number = units[row].number
        faults[row] = RowFault(row, number, _SENTENCES.fault("unit_duplicate", number=number, other=other))
    codes = {row: unit.code for row, unit in units.items() if unit.code is not None}
    for row, other in _repeated(codes):
        fault = _SENTENCES.fault("unit_code_duplicate", text=codes[row], other=other)
        faults.setdefault(row, RowFault(row, units[row].number, fault))
    for row, fault, position in _strangers(codes, several_parcels=several_parcels):
        faults.setdefault(row, RowFault(row, units[row].number, fault, position))
    return list(faults.values())


def _repeated(values: Mapping[int, str]) -> Iterable[tuple[int, int]]:
    """Yield each row whose value an earlier row has, and that row."""
    first: dict[str, int] = {}
    for row, value in values.items():
        if first.setdefault(value, row) != row:
            yield row, first[value]


def _strangers(codes: Mapping[int, str], *, several_parcels: bool) -> Iterable[tuple[int, Fault, int]]:
    """Yield the rows whose code is of another parcel, or of another building on its parcel, than most."""
    if not codes:
        return
    parcels = Counter(code[:_PARCEL_LENGTH] for code in codes.values())
    parcel, _ = parcels.most_common(1)[0]
    common = {each: _common_building(codes.values(), each) for each in parcels}
    for row, code in codes.items():
        own, building = code[:_PARCEL_LENGTH], code[_PARCEL_LENGTH + 1 : _BUILDING_LENGTH]
        if own != parcel and not several_parcels:
            position = next(i for i, (a, b) in enumerate(zip(own, parcel, strict=True), start=1) if a != b)
            yield row, _SENTENCES.fault("unit_code_parcel", text=code, common=parcel, position=position), position
        elif building not in {common[own], _SEVERAL_BUILDINGS}:
            fault = _SENTENCES.fault("unit_code_building", text=code, found=building, common=common[own])
            yield row, fault, _PARCEL_LENGTH + 2


def _common_building(codes: Iterable[str], parcel: str) -> str:
    """Return the building number that most codes of a parcel have, those of several buildings left aside."""
    numbers = Counter(code[_PARCEL_LENGTH + 1 : _BUILDING_LENGTH] for code in codes if code.startswith(parcel))
    del numbers[_SEVERAL_BUILDINGS]
    return numbers.most_common(1)[0][0] if numbers else _SEVERAL_BUILDINGS
