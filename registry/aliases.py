"""Aliases that others assigned: found in a delivery's fields, each read by its scheme."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
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


def stating_fields(fields: Iterable[Any]) -> list[Any]:
    """Return those fields that may state a building's name or its code, by what they are called."""
    return [field for field in fields if plain_heading(field) in _headings()]


def find_stated(
    attributes: Mapping[str, Any], schemes: Sequence[Scheme] | None = None
) -> tuple[str | None, str | None]:
    """Return the name and the building code that a row's fields state, each None where there is none.

    Of a field that a scheme reads, such as 幢号, what has no Chinese character is the scheme's alone: 12 is no name.

    Parameters
    ----------
    attributes
        Values by field name.
    schemes
        As those of `find_aliases`.
    """
    said: dict[str, list[tuple[int, str, str]]] = {part: [] for part in ("name", "code", "anybodys_code")}
    for field, value in attributes.items():
        heading = plain_heading(field)
        if heading in _headings() and (text := _text_of(value)) is not None:
            part, rank = _headings()[heading]
            said[part].append((rank, heading, text))
    # of two that are preferred alike, the first of the row stays the first
    names, codes, anybodys = (sorted(found, key=itemgetter(0)) for found in said.values())
    name = next((text for _, heading, text in names if _HAN.search(text) or not _is_read(heading, schemes)), None)
    ours = next((text for _, _, text in anybodys if _is_code(text)), None)
    return name, codes[0][2] if codes else ours


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
