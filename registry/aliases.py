"""Aliases that others assigned: found in a delivery's fields, each read by its scheme."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from geocode import CodeError, parse
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
]

NAME_FIELDS = ("name", "建筑名称", "建筑物名称", "楼栋名称", "名称", "jzwmc", "jzmc", "building_name", "name:zh")
CODE_FIELDS = ("建筑编码", "建筑单体编码", "building_code", "luotu_code")
# a field that may hold anybody's codes: only what is well typed is taken for ours
ANY_CODE_FIELDS = ("code", "编码")


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
    for scheme in load_schemes() if schemes is None else schemes:
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
    known = load_schemes() if schemes is None else schemes
    return [scheme for scheme in known if not folded.isdisjoint(field.casefold() for field in scheme.fields)]


def find_stated(attributes: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the name and the building code that a row's fields state, each None where there is none."""
    folded = _folded(attributes)
    anybodys = _first(folded, ANY_CODE_FIELDS)
    ours = anybodys if anybodys is not None and _is_code(anybodys) else None
    return _first(folded, NAME_FIELDS), _first(folded, CODE_FIELDS) or ours


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
    for field in fields:
        value = folded.get(field.casefold())
        # a number that went through a column with gaps is a float: building 12 and not 12.0
        plain = int(value) if isinstance(value, float) and value.is_integer() else value
        if plain is not None and plain == plain and str(plain).strip():  # noqa: PLR0124 - NaN is no name
            return str(plain).strip()
    return None
