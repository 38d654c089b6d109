"""Aliases that others assigned: found in a delivery's fields, their form checked. The schemes are data."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from geocode import CodeError, Text, parse
from registry.errors import SchemeError

__all__ = ["Alias", "Scheme", "alias_value", "find_aliases", "find_stated", "get_scheme", "load_schemes"]

NAME_FIELDS = ("name", "建筑名称", "建筑物名称", "楼栋名称", "名称", "jzwmc", "jzmc", "building_name", "name:zh")
CODE_FIELDS = ("建筑编码", "建筑单体编码", "building_code", "luotu_code")
# a field that may hold anybody's codes: only what is well typed is taken for ours
ANY_CODE_FIELDS = ("code", "编码")


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way of naming buildings: its code, its name, the fields that carry it, the form of its values."""

    code: str
    name: Text
    standard: str
    fields: tuple[str, ...]
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Alias:
    """One name of one building under a scheme."""

    scheme: str
    value: str


@cache
def load_schemes() -> tuple[Scheme, ...]:
    """Return all schemes in order."""
    rows = tomllib.loads(files("registry").joinpath("schemes.toml").read_text(encoding="utf-8"))["scheme"]
    return tuple(
        Scheme(
            code=row["code"],
            name=Text(row["zh"], row["en"]),
            standard=row["standard"],
            fields=tuple(row["fields"]),
            pattern=re.compile(row["pattern"]),
        )
        for row in rows
    )


def get_scheme(code: str) -> Scheme:
    """Return the scheme of a code.

    Raises
    ------
    SchemeError
        No scheme bears the code.
    """
    schemes = {scheme.code: scheme for scheme in load_schemes()}
    if code not in schemes:
        raise SchemeError(code, list(schemes))
    return schemes[code]


def alias_value(value: Any) -> str:
    """Return a name as it is compared: NFKC, upper case, no blanks at its ends, no NUL (which no database text holds)."""
    upper = unicodedata.normalize("NFKC", str(value)).upper()
    # normal again: some letters come apart in upper case
    return unicodedata.normalize("NFKC", upper).replace("\0", "").strip()


def find_aliases(attributes: Mapping[str, Any]) -> tuple[list[Alias], list[Alias]]:
    """Return the aliases that a row's fields carry, and those whose form their scheme refuses."""
    taken: list[Alias] = []
    refused: list[Alias] = []
    for scheme in load_schemes():
        value = _first(attributes, scheme.fields)
        if value:
            alias = Alias(scheme.code, alias_value(value))
            (taken if scheme.pattern.fullmatch(alias.value) else refused).append(alias)
    return taken, refused


def find_stated(attributes: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the name and the building code that a row's fields state, each None where there is none."""
    anybodys = _first(attributes, ANY_CODE_FIELDS)
    ours = anybodys if anybodys is not None and _is_code(anybodys) else None
    return _first(attributes, NAME_FIELDS), _first(attributes, CODE_FIELDS) or ours


def _is_code(text: str) -> bool:
    try:
        parse(text)
    except CodeError:
        return False
    return True


def _first(attributes: Mapping[str, Any], fields: Iterable[str]) -> str | None:
    """Return the first of the fields that holds text, field names compared without case."""
    folded = {str(key).casefold(): value for key, value in attributes.items()}
    for field in fields:
        value = folded.get(field.casefold())
        # a number that went through a column with gaps is a float: building 12 and not 12.0
        plain = int(value) if isinstance(value, float) and value.is_integer() else value
        if plain is not None and plain == plain and str(plain).strip():  # noqa: PLR0124 - NaN is no name
            return str(plain).strip()
    return None
