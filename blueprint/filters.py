"""Filters on a feature's attributes, written in CQL2 text.

Most features lack some attributes, so the parsed tree is turned into Python functions here, once, with SQL's logic of three
values: a comparison with
nothing is neither true nor false. The operators are a white list; everything else is refused when the rule is loaded.
"""

import fnmatch
import math
import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from blueprint.errors import FilterError
from blueprint.reasons import explain
from layers.cql_text import MAX_DEPTH, parse_text
from layers.errors import CqlTextError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Filter", "compile_filter"]

MAX_BYTES = 4096

Attributes: TypeAlias = Mapping[str, Any]
Term: TypeAlias = Callable[[Attributes], Any]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled filter; two are equal when their texts are.

    Attributes
    ----------
    text
        The CQL2 text.
    properties
        The names of the attributes that it reads.
    """

    text: str
    properties: frozenset[str] = field(compare=False)
    _term: Term = field(compare=False, repr=False)

    def matches(self, attributes: Attributes) -> bool | None:
        """Return whether a feature's attributes satisfy the filter; None where those it needs are missing."""
        return _truth(self._term(attributes))


def compile_filter(text: str, *, properties: Collection[str] | None = None) -> Filter:
    """Return the filter that a CQL2 text describes.

    Parameters
    ----------
    text
        CQL2 text of comparisons, ``AND``, ``OR``, ``NOT``, ``IN``, ``BETWEEN``, ``LIKE`` and ``IS NULL`` on properties,
        texts, numbers and booleans; at most `MAX_BYTES` long and `MAX_DEPTH` deep.
    properties
        The names that may occur; None allows any.

    Raises
    ------
    FilterError
        The text is too long or too deep, is no CQL2, or uses an operator or a property that is not allowed.
    """
    if (size := len(text.encode())) > MAX_BYTES:
        raise FilterError(explain("filter_long", size=size, most=MAX_BYTES))
    try:
        tree = parse_text(text)
    except CqlTextError as error:
        if error.kind == "filter_deep":
            raise FilterError(explain("filter_deep", most=MAX_DEPTH)) from error
        raise FilterError(explain("filter_unreadable", filter=repr(text), reason=error)) from error
    names = frozenset(_names(tree, MAX_DEPTH))
    if properties is not None and (unknown := sorted(names - set(properties))):
        problem = explain("filter_property", filter=repr(text), unknown=unknown, known=sorted(properties))
        raise FilterError(problem)
    return Filter(text, names, _compile(tree))


def _names(node: Any, room: int) -> Iterator[str]:
    """Yield the properties of a tree that is at most so deep: NOT needs no brackets to be nested."""
    if room < 0:
        raise FilterError(explain("filter_deep", most=MAX_DEPTH))
    if isinstance(node, dict) and "property" in node:
        yield node["property"]
    children = node.get("args", []) if isinstance(node, dict) else node if isinstance(node, list) else []
    for child in children:
        yield from _names(child, room - isinstance(node, dict))


def _compile(node: Any) -> Term:
    if isinstance(node, bool | str | int | float):
        return lambda _: node
    if isinstance(node, dict) and "property" in node:
        return partial(_value, node["property"])
    op, args = (node.get("op"), node.get("args", [])) if isinstance(node, dict) else (None, [])
    if op == "in":
        return partial(_is_in, _compile(args[0]), [_compile(item) for item in args[1]])
    if op == "like" and isinstance(args[1], str):
        return partial(_is_like, _compile(args[0]), _like_pattern(args[1]))
    terms = [_compile(arg) for arg in args] if op in _OPERATORS else []
    if op in _COMPARISONS:
        left, right = terms
        return partial(_compare, _COMPARISONS[op], left, right)
    if op in _OPERATORS:
        return partial(_OPERATORS[op], terms)
    known = ", ".join([*sorted(_OPERATORS), "in", "like"])
    raise FilterError(explain("filter_operator", found=repr(node), known=known))


def _value(name: str, attributes: Attributes) -> Any:
    value = attributes.get(name)
    return None if isinstance(value, float) and math.isnan(value) else value


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _compare(comparison: Callable[[Any, Any], bool], left: Term, right: Term, attributes: Attributes) -> bool | None:
    a, b = left(attributes), right(attributes)
    return comparison(a, b) if _comparable(a, b) else None


def _comparable(a: Any, b: Any) -> bool:
    for kind in (str, bool):
        if isinstance(a, kind) or isinstance(b, kind):
            return isinstance(a, kind) and isinstance(b, kind)
    return a is not None and b is not None


def _is_in(item: Term, options: Sequence[Term], attributes: Attributes) -> bool | None:
    return _any([partial(_compare, operator.eq, item, option) for option in options], attributes)


def _like_pattern(pattern: str) -> re.Pattern[str]:
    # through the glob of the standard library, whose atomic groups keep '%a%a%a%' from running for ever
    glob = "".join({"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}.get(sign, sign) for sign in pattern)
    return re.compile(fnmatch.translate(glob))


def _is_like(item: Term, pattern: re.Pattern[str], attributes: Attributes) -> bool | None:
    value = item(attributes)
    return pattern.match(value) is not None if isinstance(value, str) else None


def _all(terms: Sequence[Term], attributes: Attributes) -> bool | None:
    values = [_truth(term(attributes)) for term in terms]
    return False if False in values else None if None in values else True


def _any(terms: Sequence[Term], attributes: Attributes) -> bool | None:
    values = [_truth(term(attributes)) for term in terms]
    return True if True in values else None if None in values else False


def _not(terms: Sequence[Term], attributes: Attributes) -> bool | None:
    value = _truth(terms[0](attributes))
    return None if value is None else not value


def _is_null(terms: Sequence[Term], attributes: Attributes) -> bool:
    return terms[0](attributes) is None


def _between(terms: Sequence[Term], attributes: Attributes) -> bool | None:
    item, low, high = terms
    return _all([partial(_compare, operator.ge, item, low), partial(_compare, operator.le, item, high)], attributes)


_OPERATORS: dict[str, Callable[..., bool | None]] = {
    **_COMPARISONS,
    "and": _all,
    "or": _any,
    "not": _not,
    "isNull": _is_null,
    "between": _between,
}
