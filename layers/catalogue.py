"""The catalogue of the one blueprint, as data that a city edits.

What comes with the software stands in ``layers/catalogue``. A city's file changes keys of its rows and adds rows of its
own, without touching it: the file is laid over the rows before anything is made of them.
"""

import csv
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from geocode.faults import Text
from layers.catalogue_entries import (
    Catalogue,
    CodeList,
    FieldRule,
    Layer,
    MajorClass,
    MidClass,
    Owner,
)
from layers.errors import CatalogueFileError, refused_catalogue

__all__ = ["load_catalogue", "read_catalogue"]

Row: TypeAlias = dict[str, Any]
# the tables of a city's file, each with the keys that tell its rows apart
_KEYS = {
    "owner": ("code",),
    "mid": ("code",),
    "layer": ("code",),
    "field": ("name", "layers"),
    "code": ("system", "code"),
}
_LIST_KEYS = ("geometry", "key_attributes")


@cache
def load_catalogue() -> Catalogue:
    """Return the catalogue that comes with the software."""
    return _build({name: [(row, None) for row in rows] for name, rows in _seed().items()})


def read_catalogue(text: str, *, file: str) -> Catalogue:
    """Return the catalogue with a city's file.

    Parameters
    ----------
    text
        TOML: ``[[layer]]``, ``[[mid]]``, ``[[owner]]``, ``[[field]]`` and ``[[code]]`` with the keys that differ from those
        of the row of the same code (of fields: the same name and layers; of codes: the same system and code). Rows of
        a new code are added.
    file
        What the file is called in refusals.

    Raises
    ------
    CatalogueFileError
        It is no TOML, or something in it cannot be used; with the file, the line where it begins, and which row.
    """
    try:
        own = _own_rows(text)
        return _build({name: _merged(name, rows, own.get(name, [])) for name, rows in _seed().items()})
    except CatalogueFileError as error:
        error.file = file
        raise


def _own_rows(text: str) -> dict[str, list[tuple[Row, int | None]]]:
    """Return the rows of a city's file by table, each with the line where it begins."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        raise refused_catalogue("catalogue_toml", line=int(place[1]) if place else None, reason=str(error)) from error
    unknown = given.keys() - _KEYS.keys()
    if unknown:
        raise refused_catalogue("catalogue_key", key=", ".join(sorted(unknown)), known=", ".join(_KEYS))
    own: dict[str, list[tuple[Row, int | None]]] = {}
    for name, rows in given.items():
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise refused_catalogue("catalogue_table", table=name)
        begins = re.finditer(rf"^[ \t]*\[\[[ \t]*{name}[ \t]*\]\]", text, re.MULTILINE)
        lines = [text.count("\n", 0, match.start()) + 1 for match in begins]
        # rows may be written as one inline list as well, which has no headings
        own[name] = list(zip(rows, lines if len(lines) == len(rows) else [None] * len(rows), strict=True))
    return own


def _merged(table: str, rows: Iterable[Row], own: Sequence[tuple[Row, int | None]]) -> list[tuple[Row, int | None]]:
    """Return rows, each with what the city's row of the same key says instead, then the city's other rows."""
    merged: dict[Any, tuple[Row, int | None]] = {_key(table, row): (row, None) for row in rows}
    seen = set()
    for row, line in own:
        key = _key(table, row)
        if not isinstance(row.get(_KEYS[table][0]), str):
            raise refused_catalogue("catalogue_row", table=table, key=_KEYS[table][0], line=line)
        if key in seen:
            raise refused_catalogue("catalogue_twice", place=_place(table, row), line=line)
        seen.add(key)
        merged[key] = _laid_over(merged.get(key, ({}, None))[0], row), line
    return list(merged.values())


def _key(table: str, row: Row) -> tuple[Any, ...]:
    values = (row.get(key) for key in _KEYS[table])
    return tuple(
        tuple(sorted(map(str, value))) if isinstance(value, list) else str(value or "").casefold() for value in values
    )


def _laid_over(row: Row, own: Row) -> Row:
    """Return a row with what another says instead, tables within it key by key."""
    inner = {
        key: {**row[key], **value}
        for key, value in own.items()
        if isinstance(value, dict) and isinstance(row.get(key), dict)
    }
    return {**row, **own, **inner}


def _build(tables: Mapping[str, Sequence[tuple[Row, int | None]]]) -> Catalogue:
    majors = {row["major"]: MajorClass(row["major"], Text(row["zh"], row["en"])) for row in _rows("major_classes.csv")}
    owners = {row["code"]: _built(Owner, "owner", row, line) for row, line in tables["owner"]}
    mids = {
        row["code"]: _built(MidClass, "mid", _referring(row, line, "mid", major=majors), line)
        for row, line in tables["mid"]
    }
    last = max(row["order"] for row, line in tables["layer"] if line is None)
    layers = [
        _built(
            Layer,
            "layer",
            {"table": row["code"], "order": last + n, **_referring(row, line, "layer", mid=mids, owner=owners)},
            line,
        )
        for n, (row, line) in enumerate(tables["layer"])
    ]
    _refuse_same_names(layers, [line for _, line in tables["layer"]])
    fields = [_built(FieldRule, "field", row, line) for row, line in tables["field"]]
    codes = list(_code_lists(tables["code"]))
    catalogue = Catalogue(
        tuple(majors.values()),
        tuple(mids.values()),
        tuple(layers),
        tuple(owners.values()),
        tuple(fields),
        {code_list.system: code_list for code_list in codes},
    )
    for rule, (_, line) in zip(fields, tables["field"], strict=True):
        for code in rule.layers:
            if code not in catalogue:
                raise refused_catalogue(
                    "catalogue_name", place=f"field {rule.name}", key="layers", name=code, line=line
                )
    return catalogue


def _referring(row: Row, line: int | None, table: str, **known: Mapping[str, Any]) -> Row:
    """Return a row with what its names stand for in their places."""
    found = dict(row)
    for key, values in known.items():
        if key in row and (not isinstance(row[key], str) or row[key] not in values):
            shown = str(row[key])
            raise refused_catalogue("catalogue_name", place=_place(table, row), key=key, name=shown, line=line)
        if key in row:
            found[key] = values[row[key]]
    return found


def _built(kind: Any, table: str, row: Row, line: int | None) -> Any:
    try:
        return _adapter(kind).validate_python(row)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(step) for step in first["loc"])
        reason = first["msg"].rstrip(".")
        raise refused_catalogue(
            "catalogue_value", place=_place(table, row), key=key, reason=reason, line=line
        ) from error


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _place(table: str, row: Row) -> str:
    return f"{table} {' '.join(str(row[key]) for key in _KEYS[table] if isinstance(row.get(key), str))}"


def _refuse_same_names(layers: Sequence[Layer], lines: Sequence[int | None]) -> None:
    """Raise where two layers share a code or the name of a table: a delivery would be one of them or the other."""
    first: dict[str, str] = {}
    for layer, line in zip(layers, lines, strict=True):
        for name in dict.fromkeys((layer.code.upper(), layer.table.upper())):
            if name in first:
                raise refused_catalogue("catalogue_taken", place=layer.code, name=name, other=first[name], line=line)
            first[name] = layer.code


def _code_lists(rows: Sequence[tuple[Row, int | None]]) -> Iterator[CodeList]:
    by_system: dict[str, dict[str, Text]] = {}
    for row, line in rows:
        checked = _built(dict[str, str], "code", row, line)
        if missing := [key for key in ("system", "code", "zh", "en") if not checked.get(key)]:
            place = _place("code", row)
            raise refused_catalogue("catalogue_value", place=place, key=missing[0], reason="Field required", line=line)
        by_system.setdefault(checked["system"], {})[checked["code"]] = Text(checked["zh"], checked["en"])
    return (CodeList(system, names) for system, names in by_system.items())


def _seed() -> dict[str, list[Row]]:
    """Return the rows that come with the software, as a city's file would hold them."""
    return {
        "owner": [{"code": row["owner"], "name": _name(row)} for row in _rows("owners.csv")],
        "mid": [{"code": row["mid"], "major": row["major"], "name": _name(row)} for row in _rows("mid_classes.csv")],
        "layer": [_layer_row(row) for row in _rows("layers.csv")],
        "field": tomllib.loads(_text("fields.toml"))["field"],
        "code": list(_rows("codes.csv")),
    }


def _layer_row(row: Mapping[str, str]) -> Row:
    return {
        "code": row["layer_code"],
        "table": row["table"],
        "name": {"zh": row["name_zh"], "en": row["name_en"]},
        "mid": row["mid"],
        # "Polygon(Z)" says that heights belong to it; they are attributes here
        "geometry": [kind.partition("(")[0] for kind in row["geometry"].split("|")],
        "key_attributes": row["key_attributes"].split(","),
        "confidence": row["code_status"],
        "role": row["role"],
        "accuracy_m": float(row["accuracy_m"]),
        "overlap_allowed": _is_true(row["overlap_allowed"]),
        "coverage_required": _is_true(row["coverage_required"]),
        "security": row["security"],
        "order": int(row["order"]),
        "symbol": {"fill": row["fill"], "line": row["line"], "opacity": float(row["opacity"])},
        "class_field": row["class_field"],
        "class_system": row["class_system"],
        "owner": row["owner"],
        "max_age_months": int(row["max_age_months"]) if row["max_age_months"] else None,
    }


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(_text(name).splitlines()))


def _text(name: str) -> str:
    return files("layers").joinpath("catalogue", name).read_text(encoding="utf-8")


def _name(row: Mapping[str, str]) -> Row:
    return {"zh": row["zh"], "en": row["en"]}


def _is_true(text: str) -> bool:
    return {"true": True, "false": False}[text]
