"""Attribute contracts: what the fields of a delivered layer are to hold, and which rows do not keep to it.

Missing and unreadable attributes are told before anything is measured: they are the commonest reason why a delivery
comes to nothing. An area that a row states is held against its geometry, on the ellipsoid and in the plane; the nearer of
the two is the basis that is told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geocode.faults import Fault, read_sentences
from geocode.planes import ellipsoid_areas_m2, measure_plane, to_plane
from layers.catalogue_entries import Catalogue, CodeList, FieldRule, Layer, Level
from layers.days import plain_text, read_day
from layers.errors import refused

__all__ = ["Contract", "RowFault", "check_contract", "contract_of", "contract_of_buildings", "missing_fields"]

_DIFFERS, _WRONG = 0.01, 0.10
# the two bases differ by less than this within a zone: what is farther off in the plane may be nearer on the ellipsoid
_BASES_DIFFER = 0.001
# square metres in each, with what it is called
_UNITS = ((10_000.0, "公顷", "hectares"), (2000 / 3, "亩", "mu"), (1_000_000.0, "平方公里", "square kilometres"))
_OF_FIELDS = read_sentences("layers", "contract_faults.toml")
_SHOWN = 40
# the layer of buildings as they stand, by their footprints
_BUILDINGS = "XZ1301"


@dataclass(frozen=True, slots=True)
class Contract:
    """What the fields of a layer are to hold.

    Attributes
    ----------
    rules
        By the field's name in small letters.
    codes
        The list that the layer's classes are from; None where there is none.
    """

    layer: Layer
    rules: Mapping[str, FieldRule]
    codes: CodeList | None


class RowFault(NamedTuple):
    """What a row has against the contract; `row` is its position, None where it is the layer as a whole."""

    row: int | None
    field: str
    level: Level
    fault: Fault


class _Field(NamedTuple):
    """A field as it was delivered: its name, its rule, the rows that have a value, as text, and those that have none."""

    name: str
    rule: FieldRule
    values: "pd.Series[Any]"
    empty: NDArray[np.intp]

    def told(self, row: int | None, kind: str, *, level: Level | None = None, **values: Any) -> RowFault:
        fault = _OF_FIELDS.fault(kind, field=self.name, **values)
        return RowFault(row, self.name, self.rule.level if level is None else level, fault)


def contract_of(layer: Layer, catalogue: Catalogue) -> Contract:
    """Return what the fields of a layer are to hold, by a catalogue."""
    return Contract(layer, catalogue.field_rules(layer), catalogue.code_lists.get(layer.class_system))


def contract_of_buildings(catalogue: Catalogue) -> Contract:
    """Return what the fields of a delivery of buildings are to hold: what a catalogue says of the layer of buildings.

    An area is one of the footprint only where it is said of this layer: any other may be that of the floors.
    """
    layer = catalogue.layer(_BUILDINGS)
    rules = catalogue.field_rules(layer)
    apt = {key: rule for key, rule in rules.items() if layer.code in rule.layers or not rule.area}
    # the attributes of the layer are what the register gives, and not what it asks for
    return Contract(replace(layer, key_attributes=()), apt, catalogue.code_lists.get(layer.class_system))


def missing_fields(names: Iterable[str], contract: Contract) -> list[Fault]:
    """Return what is to be told of the fields that a layer itself requires and a delivery, by its columns, does not have.

    Raises
    ------
    RefusedFile
        Fields are missing that every row would be refused for.
    """
    there = {name.casefold() for name in names}
    asked = [rule for rule in contract.rules.values() if rule.required and contract.layer.code in rule.layers]
    missing = [rule for rule in asked if rule.name.casefold() not in there]
    if errors := [rule.name for rule in missing if rule.level == "error"]:
        raise refused("fields_required", names=", ".join(errors))
    return [_OF_FIELDS.fault("field_missing", field=rule.name) for rule in missing]


def check_contract(frame: pd.DataFrame, ground: NDArray[Any], contract: Contract) -> list[RowFault]:
    """Return what rows have against a contract: of the layer as a whole first, then by field and row.

    Parameters
    ----------
    frame
        The attributes as delivered, under their own names.
    ground
        The geometries in EPSG:4490, or None, shape (n,).
    """
    columns = {str(name).casefold(): str(name) for name in reversed(list(frame.columns))}
    found = list(_missing(columns, contract))
    wanted = {**contract.rules, **_of_class(contract)}
    for key, rule in wanted.items():
        if key in columns:
            field = _field(frame, columns[key], rule)
            found += _values(field, contract)
            if rule.area:
                found += _areas(field, ground)
    return found


def _missing(columns: Mapping[str, str], contract: Contract) -> Iterator[RowFault]:
    for names in contract.layer.attributes:
        if not any(name.casefold() in columns for name in names):
            shown = "|".join(names)
            yield RowFault(None, shown, "warn", _OF_FIELDS.fault("field_missing", field=shown))


def _of_class(contract: Contract) -> dict[str, FieldRule]:
    """Return the rule of the field of a layer's class, where it has a list of codes and nothing else is said."""
    name = contract.layer.class_field
    key = name.casefold()
    return {} if not name or contract.codes is None or key in contract.rules else {key: FieldRule(name)}


def _field(frame: pd.DataFrame, name: str, rule: FieldRule) -> _Field:
    texts = pd.Series([plain_text(value) for value in frame[name].tolist()], dtype=object)
    return _Field(name, rule, texts.dropna(), np.flatnonzero(texts.isna()))


def _values(field: _Field, contract: Contract) -> Iterator[RowFault]:
    """Yield what is wrong with the values of one field, each by itself."""
    rule = field.rule
    if rule.required:
        yield from (field.told(int(row), "field_empty") for row in field.empty)
    if rule.length is not None:
        for row, text in field.values[field.values.str.len() > rule.length].items():
            yield field.told(row, "field_too_long", found=text[:_SHOWN], count=len(text), limit=rule.length)
    if rule.kind in _READABLE:
        # a text is read once, however many rows have it
        good = {text for text in field.values.unique() if _READABLE[rule.kind](text)}
        for row, text in field.values[~field.values.isin(good)].items():
            yield field.told(row, f"field_no_{rule.kind}", found=text[:_SHOWN])
    if contract.codes is not None and field.name.casefold() == contract.layer.class_field.casefold():
        known = {text for text in field.values.unique() if contract.codes.knows(text)}
        for row, text in field.values[~field.values.isin(known)].items():
            yield field.told(row, "code_unknown", found=text[:_SHOWN], system=contract.codes.system)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _is_integer(text: str) -> bool:
    number = _number(text)
    return number is not None and number.is_integer()


_READABLE: Mapping[str, Callable[[str], bool]] = {
    "number": lambda text: _number(text) is not None,
    "integer": _is_integer,
    "date": lambda text: read_day(text) is not None,
}


def _areas(field: _Field, ground: NDArray[Any]) -> Iterator[RowFault]:
    """Yield the rows whose area is not that of their geometry."""
    polygonal = np.isin(shapely.get_type_id(ground), [3, 6])
    stated = {row: _number(text) for row, text in field.values.items() if polygonal[row]}
    rows = np.array([row for row, number in stated.items() if number is not None], dtype=np.intp)
    if not len(rows):
        return
    said = np.array([stated[row] for row in rows], dtype=np.float64)
    flat, planes = _plane_areas_m2(ground[rows])
    doubtful = np.abs(said - flat) > (_DIFFERS - _BASES_DIFFER) * flat
    curved = ellipsoid_areas_m2(ground[rows[doubtful]])
    for row, number, in_plane, plane, round_ in zip(
        rows[doubtful], said[doubtful], flat[doubtful], planes[doubtful], curved, strict=True
    ):
        on_plane = abs(number - in_plane) <= abs(number - round_)
        measured = float(in_plane if on_plane else round_)
        zh, en = (f"{plane} 平面", f"in the plane {plane}") if on_plane else ("椭球面", "on the ellipsoid")
        yield from _judge_area(field, int(row), float(number), measured, {"basis_zh": zh, "basis_en": en})


def _judge_area(
    field: _Field, row: int, stated: float, measured: float, basis: Mapping[str, str]
) -> Iterator[RowFault]:
    values: dict[str, Any] = {"stated": stated, "measured": measured, **basis}
    off = abs(stated - measured) / measured
    unit = next((unit for unit in _UNITS if abs(stated * unit[0] - measured) <= _DIFFERS * measured), None)
    if stated == 0:
        yield field.told(row, "area_zero", level="warn", stated=stated)
    elif unit is not None:
        yield field.told(row, "area_unit", level="warn", unit_zh=unit[1], unit_en=unit[2], **values)
    elif off > _WRONG:
        yield field.told(row, "area_wrong", percent=100 * off, **values)
    elif off > _DIFFERS:
        yield field.told(row, "area_differs", level="warn", percent=100 * off, **values)


def _plane_areas_m2(ground: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Return the areas of polygons in EPSG:4490 in the 3° zone of each, and the names of the planes."""
    west, south, east, north = shapely.bounds(ground).T
    planes = np.array(
        [measure_plane(x, y) for x, y in zip((west + east) / 2, (south + north) / 2, strict=True)], dtype=object
    )
    areas = np.empty(len(ground))
    for plane in np.unique(planes.astype(str)):
        here = planes == plane
        areas[here] = shapely.area(to_plane(ground[here], str(plane)))
    return areas, planes
