"""Aliases that others assigned: found in a delivery's fields, each read by its scheme."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from operator import itemgetter
from typing import Any

from geocode import CodeError, parse
from layers.headings import plain_heading
from registry.errors import AliasError
from registry.forms import alias_value
from registry.schemes import (
    Alias,
    RefusedAlias,
    Scheme,
    get_scheme,
    identify,
    load_schemes,
    scheme_name,
)

__all__ = [
    "Alias",
    "RefusedAlias",
    "Scheme",
    "StatingFields",
    "alias_value",
    "find_aliases",
    "find_stated",
    "get_scheme",
    "identify",
    "load_schemes",
    "scheme_name",
    "schemes_of",
    "stating_fields",
]

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")


def find_aliases(
    attributes: Mapping[str, Any], schemes: Sequence[Scheme] | None = None
) -> tuple[list[Alias], list[RefusedAlias]]:
    """Return the aliases that a row's fields carry, and the values that their scheme refuses, with the reason.

    Parameters
    ----------
    attributes
        Values by field name.
    schemes
        As `read_city_schemes` returns them; those that need no configuration where None.
    """
    taken: list[Alias] = []
    refused: list[RefusedAlias] = []
    folded = _folded(attributes)
    for scheme in _or_known(schemes):
        value = _first(folded, scheme.fields)
        if value is None:
            continue
        try:
            taken.append(scheme.parse(value))
        except AliasError as error:
            refused.append(scheme.refusal(value, error))
    return taken, refused


def schemes_of(fields: Iterable[Any], schemes: Sequence[Scheme] | None = None) -> list[Scheme]:
    """Return those schemes, of all that need no configuration where None, that a row with some fields may carry a name of."""
    folded = {str(field).casefold() for field in fields}
    return [
        scheme for scheme in _or_known(schemes) if not folded.isdisjoint(field.casefold() for field in scheme.fields)
    ]


@dataclass(frozen=True, slots=True)
class StatingFields:
    """The fields of a table that may state a building's name or its code, the preferred ones first.

    Attributes
    ----------
    names
        Those of names, and whether a scheme reads them, such as 幢号: what has no Chinese character there is the scheme's
        alone, and 12 is no name.
    codes, anybodys
        Those of codes of ours; and those of any code, of which ours are told by how they are formed.
    """

    names: Sequence[tuple[Any, bool]]
    codes: Sequence[Any]
    anybodys: Sequence[Any]

    def __bool__(self) -> bool:
        return bool(self.names or self.codes or self.anybodys)

    def find(self, attributes: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """Return the name and the building code that a row's values by field name state, each None where there is none."""
        name = code = None
        for field, is_read in self.names:
            text = _text_of(attributes.get(field))
            if text is not None and (not is_read or _HAN.search(text)):
                name = text
                break
        for field in self.codes:
            if (code := _text_of(attributes.get(field))) is not None:
                return name, code
        for field in self.anybodys:
            if (code := _text_of(attributes.get(field))) is not None and _is_code(code):
                return name, code
        return name, None


def stating_fields(fields: Iterable[Any], schemes: Sequence[Scheme] | None = None) -> StatingFields:
    """Return those fields that may state a building's name or its code, by what they are called.

    Parameters
    ----------
    schemes
        As those of `find_aliases`.
    """
    said: dict[str, list[tuple[int, str, Any]]] = {part: [] for part in ("name", "code", "anybodys_code")}
    for field in fields:
        heading = plain_heading(field)
        if heading in _headings():
            part, rank = _headings()[heading]
            said[part].append((rank, heading, field))
    # of two that are preferred alike, the first stays the first
    names, codes, anybodys = (sorted(found, key=itemgetter(0)) for found in said.values())
    return StatingFields(
        [(field, _is_read(heading, schemes)) for _, heading, field in names],
        [field for _, _, field in codes],
        [field for _, _, field in anybodys],
    )


def find_stated(
    attributes: Mapping[str, Any], schemes: Sequence[Scheme] | None = None
) -> tuple[str | None, str | None]:
    """Return the name and the building code that a row's fields state, as `StatingFields.find` does."""
    return stating_fields(attributes, schemes).find(attributes)


@cache
def _headings() -> Mapping[str, tuple[str, int]]:
    """Return the part of the list that a heading stands in, and how many are preferred to it there."""
    told = tomllib.loads(files("registry").joinpath("headings.toml").read_text(encoding="utf-8"))
    return {plain_heading(name): (part, rank) for part, names in told.items() for rank, name in enumerate(names)}


def _is_read(heading: str, schemes: Sequence[Scheme] | None) -> bool:
    """Return whether a field of this heading carries the names of a scheme."""
    return any(heading in map(plain_heading, scheme.fields) for scheme in _or_known(schemes))


def _is_code(text: str) -> bool:
    try:
        parse(text)
    except CodeError:
        return False
    return True


def _folded(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's values by field names that compare without case."""
    return {str(key).casefold(): value for key, value in attributes.items()}


def _first(folded: Mapping[str, Any], fields: Iterable[str]) -> str | None:
    """Return the first of the fields that holds text."""
    return next((text for field in fields if (text := _text_of(folded.get(field.casefold()))) is not None), None)


def _text_of(value: Any) -> str | None:
    """Return a value as text, None where there is none."""
    # a number that went through a column with gaps is a float: building 12 and not 12.0
    plain = int(value) if isinstance(value, float) and value.is_integer() else value
    is_missing = plain is None or plain != plain  # noqa: PLR0124 - NaN is no name
    return None if is_missing else str(plain).strip() or None


def _or_known(schemes: Sequence[Scheme] | None) -> Sequence[Scheme]:
    return load_schemes() if schemes is None else schemes
