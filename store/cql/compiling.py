"""Filters as conditions of the database: the tree of CQL2, operator by operator, by tables that are the white list."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Text,
    and_,
    collate,
    func,
    literal,
    not_,
    or_,
)

from store.cql.arithmetic import OPERATORS, Amount, computed, of_column, of_literal
from store.cql.reading import read_filter
from store.cql.spatial import CRS84, LiteralCrs, is_geometry, literal_crs, read_geometry
from store.cql.temporal import RELATIONS, UNBOUNDED, Grain, Span, endless, read_moment, takes_instants
from store.items import Queryable
from store.query_faults import refused

__all__ = ["compile_filter"]

_ARITHMETIC = frozenset({*OPERATORS, "^"})
_NUMBERS = frozenset({"number", "integer"})
_MOMENTS: tuple[Grain, ...] = ("date", "timestamp")
_WRITTEN_OTHERWISE = frozenset({*_MOMENTS, "boolean"})
_SCALARS = frozenset({"string", "number", "boolean", *_MOMENTS})
# code points decide, as they do in the house's own database
_BY_CODE_POINT = "C"
_OF_ALL_LANGUAGES = "und-x-icu"
_COMBINING = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_SEVERAL = 2


class _Term(NamedTuple):
    """A value of the filter: what the database computes, and its type; a text of the filter as it stands there, a number's amount."""

    value: ColumnElement[Any]
    type: str
    source: str | Amount | None = None


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a filter is read against: what may be asked, and the CRS of its geometries."""

    queryables: Mapping[str, Queryable]
    crs: LiteralCrs


def compile_filter(
    source: str, language: str, queryables: Mapping[str, Queryable], *, crs: str = CRS84
) -> ColumnElement[bool]:
    """Return the condition that a filter puts, over the columns of the queryables; unknown is neither true nor false.

    Parameters
    ----------
    source
        CQL2 text or CQL2 JSON, at most 4 kB long and 20 deep.
    language
        One of `store.cql.reading.LANGUAGES`.
    queryables
        What the filter may ask, by name.
    crs
        Name of the CRS that the filter's geometries are written in (``EPSG:4547``), in its authority's order of axes.

    Raises
    ------
    QueryError
        The filter is too long or too deep, not of the language, names what is not there, or mixes what does not go together.
    CrsError
        The gate does not let coordinates of the CRS through.
    """
    return _condition(read_filter(source, language), _Scope(queryables, literal_crs(crs)))


def _condition(node: Any, scope: _Scope) -> ColumnElement[bool]:
    """Return a node that is true, false or unknown."""
    if isinstance(node, dict) and "op" in node:
        name, arguments = _operation(node)
        if predicate := _PREDICATES.get(name):
            return predicate(arguments, scope)
    term = _term(node, scope)
    if term.type != "boolean":
        raise _unfit("filter", [term.type], "boolean")
    return term.value


def _term(node: Any, scope: _Scope) -> _Term:
    """Return a node that has a value."""
    match node:
        case bool():
            return _Term(literal(node, Boolean()), "boolean")
        case int() | float():
            number = of_literal(node)
            return _Term(number.value, "number", number)
        case str():
            return _Term(literal(_fit(node), Text()), "string", node)
        case {"property": str(name)}:
            return _property(name, scope)
        case {"date": day}:
            return _Term(read_moment(day, "date"), "date")
        case {"timestamp": moment}:
            return _Term(read_moment(moment, "timestamp"), "timestamp")
        case {"op": _}:
            return _computed(node, scope)
        case dict() if is_geometry(node):
            return _Term(read_geometry(node, scope.crs), "geometry")
        case list():
            return _list(node)
    shown = "null" if node is None else "interval" if "interval" in node else str(node)
    raise refused("filter_value", place=shown, found=shown, wanted="value")


def _computed(node: dict[str, Any], scope: _Scope) -> _Term:
    name, arguments = _operation(node)
    if name in _PREDICATES:
        return _Term(_condition(node, scope), "boolean")
    if name in _ARITHMETIC:
        left, right = (term.source for term in _of_type("number", name, arguments, scope, count=2))
        assert isinstance(left, Amount)
        assert isinstance(right, Amount)
        amount = computed(name, left, right)
        return _Term(amount.value, "number", amount)
    if name in _FOLDINGS:
        (term,) = _of_type("string", name, arguments, scope, count=1)
        return _Term(_FOLDINGS[name](term.value), "string")
    known = ", ".join(sorted({*_PREDICATES, *_ARITHMETIC, *_FOLDINGS}))
    raise refused("filter_operator", place=name, name=name, known=known)


def _operation(node: dict[str, Any]) -> tuple[str, Sequence[Any]]:
    """Return the name of an operator in small letters, and its arguments."""
    name, arguments = node["op"], node.get("args")
    if not isinstance(name, str) or not isinstance(arguments, list):
        raise refused("filter_json", reason="op, args")
    return name.lower(), arguments


def _property(name: str, scope: _Scope) -> _Term:
    if name not in scope.queryables:
        raise refused("filter_property", place=name, name=name, known=", ".join(scope.queryables))
    asked = scope.queryables[name]
    if asked.type in _NUMBERS:
        return _Term(asked.column, "number", of_column(asked.column))
    return _Term(asked.column, asked.type)


def _fit(text: str) -> str:
    """Return a text that the database holds: without NUL and halves of characters."""
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise refused(
            "filter_value", place="string", found=text.encode("ascii", "backslashreplace").decode(), wanted="string"
        )
    return text


def _list(items: Sequence[Any]) -> _Term:
    if not all(isinstance(item, str) for item in items):
        raise _unfit("()", ["array"], "array of string")
    return _Term(literal([_fit(item) for item in items], ARRAY(Text())), "array")


def _counted(name: str, arguments: Sequence[Any], count: int) -> None:
    if len(arguments) != count:
        raise refused("filter_arguments", place=name, name=name, wanted=count, found=len(arguments))


def _of_type(kind: str, name: str, arguments: Sequence[Any], scope: _Scope, *, count: int) -> list[_Term]:
    """Return the arguments of an operator, so many of a type."""
    _counted(name, arguments, count)
    terms = [_term(argument, scope) for argument in arguments]
    if any(term.type != kind for term in terms):
        raise _unfit(name, [term.type for term in terms], kind)
    return terms


def _unfit(name: str, found: Sequence[str], wanted: str) -> Exception:
    return refused("filter_type", place=name, name=name, found=", ".join(found), wanted=wanted)


def _alike(name: str, arguments: Sequence[Any], scope: _Scope) -> list[ColumnElement[Any]]:
    """Return values that can be compared, beside a day, a moment or a truth those that are written for one."""
    terms = [_term(argument, scope) for argument in arguments]
    types = {term.type for term in terms}
    for kind in _WRITTEN_OTHERWISE & types:
        values = [_read_as(term, kind) for term in terms]
        if all(value is not None for value in values):
            return [value for value in values if value is not None]
    if len(types) != 1 or not types <= _SCALARS:
        wanted = "; ".join(f"{kind}, {kind}" for kind in sorted(_SCALARS))
        raise _unfit(name, [term.type for term in terms], wanted)
    return [term.value for term in terms]


def _read_as(term: _Term, kind: str) -> ColumnElement[Any] | None:
    """Return a value of a type: GDAL writes days and moments as texts, and truths as 0 and 1."""
    match term.source:
        case _ if term.type == kind:
            return term.value
        case str(text) if kind != "boolean":
            return read_moment(text, kind)
        case Amount(number=0 | 1 as number) if kind == "boolean":
            return literal(bool(number), Boolean())
    return None


def _joined(
    name: str, join: Callable[..., ColumnElement[bool]], nodes: Sequence[Any], scope: _Scope
) -> ColumnElement[bool]:
    if len(nodes) < _SEVERAL:
        raise refused("filter_arguments", place=name, name=name, wanted="≥ 2", found=len(nodes))
    return join(*[_condition(node, scope) for node in nodes])


def _negated(nodes: Sequence[Any], scope: _Scope) -> ColumnElement[bool]:
    _counted("not", nodes, 1)
    return not_(_condition(nodes[0], scope))


def _compared(sign: str, nodes: Sequence[Any], scope: _Scope) -> ColumnElement[bool]:
    _counted(sign, nodes, 2)
    left, right = _alike(sign, nodes, scope)
    found: ColumnElement[bool] = _SIGNS[sign](left, right)
    return found


def _between(nodes: Sequence[Any], scope: _Scope) -> ColumnElement[bool]:
    _counted("between", nodes, 3)
    item, low, high = _alike("between", nodes, scope)
    return item.between(low, high)


def _listed(nodes: Sequence[Any], scope: _Scope) -> ColumnElement[bool]:
    _counted("in", nodes, 2)
    if not isinstance(nodes[1], list):
        raise _unfit("in", ["value"], "array")
    item, *options = _alike("in", [nodes[0], *nodes[1]], scope)
    return item.in_(options)


def _like(nodes: Sequence[Any], scope: _Scope) -> ColumnElement[bool]:
    text, pattern = _of_type("string", "like", nodes, scope, count=2)
    written = _pattern(nodes[1])
    if (len(written) - len(written.rstrip("\\"))) % 2:
        raise refused("filter_value", place="like", found=written, wanted="LIKE")
    return text.value.like(pattern.value)


def _pattern(node: Any) -> str:
    """Return a pattern as it stands in the filter, in CASEI and ACCENTI or not."""
    while isinstance(node, dict) and str(node.get("op")).lower() in _FOLDINGS:
        (node,) = node["args"]
    if not isinstance(node, str):
        raise _unfit("like", ["property"], "LIKE 'text%'")
    return node


def _is_null(nodes: Sequence[Any], scope: _Scope) -> ColumnElement[bool]:
    _counted("isNull", nodes, 1)
    return _term(nodes[0], scope).value.is_(None)


def _spatial(name: str, nodes: Sequence[Any], scope: _Scope) -> ColumnElement[bool]:
    left, right = _of_type("geometry", name, nodes, scope, count=2)
    if name not in _OF_COLLECTIONS and any(
        isinstance(node, dict) and node.get("type") == "GeometryCollection" for node in nodes
    ):
        raise _unfit(name, ["GeometryCollection"], "Point … MultiPolygon")
    found: ColumnElement[bool] = _SPATIAL[name](left.value, right.value)
    return found


def _temporal(name: str, nodes: Sequence[Any], scope: _Scope) -> ColumnElement[bool]:
    _counted(name, nodes, 2)
    bounds = [bound for node in nodes for bound in _bounds(name, node)]
    grains = {grain for bound in bounds if bound != UNBOUNDED for grain in [_grain(name, bound, scope)]}
    if len(grains) > 1:
        raise _unfit(name, sorted(grains), "date, date / timestamp, timestamp")
    grain: Grain = "date" if grains == {"date"} else "timestamp"
    ends = [_end(bound, grain, scope, first=i % 2 == 0) for i, bound in enumerate(bounds)]
    return RELATIONS[name](Span(ends[0], ends[1]), Span(ends[2], ends[3]))


def _bounds(name: str, node: Any) -> list[Any]:
    """Return the two ends of an interval, or an instant twice."""
    if isinstance(node, dict) and "interval" in node:
        ends = node["interval"]
        if not isinstance(ends, list) or len(ends) != _SEVERAL:
            raise refused("filter_arguments", place="interval", name="interval", wanted=2, found=0)
        return list(ends)
    if not takes_instants(name):
        raise _unfit(name, ["instant"], "interval, interval")
    if node == UNBOUNDED:
        raise _unfit(name, [UNBOUNDED], "date, timestamp, interval")
    return [node, node]


def _grain(name: str, bound: Any, scope: _Scope) -> str:
    """Return whether an end is a day or a moment."""
    if isinstance(bound, str):
        return "timestamp" if "T" in bound.upper() or ":" in bound else "date"
    kind = _term(bound, scope).type
    if kind not in _MOMENTS:
        raise _unfit(name, [kind], "date, timestamp, interval")
    return kind


def _end(bound: Any, grain: Grain, scope: _Scope, *, first: bool) -> ColumnElement[Any]:
    if bound == UNBOUNDED:
        return endless(grain, before=first)
    return read_moment(bound, grain) if isinstance(bound, str) else _term(bound, scope).value


def _of_arrays(name: str, nodes: Sequence[Any], scope: _Scope) -> ColumnElement[bool]:
    left, right = _of_type("array", name, nodes, scope, count=2)
    found: ColumnElement[bool] = _ARRAYS[name](left.value, right.value)
    return found


def _without_case(text: ColumnElement[Any]) -> ColumnElement[Any]:
    # upwards last: ß and SS, ς and σ are one
    return collate(func.upper(func.lower(collate(text, _OF_ALL_LANGUAGES))), _BY_CODE_POINT)


def _without_accents(text: ColumnElement[Any]) -> ColumnElement[Any]:
    apart = func.pg_catalog.normalize(text, "NFD")
    return func.pg_catalog.normalize(func.regexp_replace(apart, _COMBINING, "", "g"), "NFC")


_SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FOLDINGS: Mapping[str, Callable[[ColumnElement[Any]], ColumnElement[Any]]] = {
    "casei": _without_case,
    "accenti": _without_accents,
}
_SPATIAL: Mapping[str, Any] = {
    "s_contains": func.ST_Contains,
    "s_crosses": func.ST_Crosses,
    "s_disjoint": func.ST_Disjoint,
    "s_equals": func.ST_Equals,
    "s_intersects": func.ST_Intersects,
    "s_overlaps": func.ST_Overlaps,
    "s_touches": func.ST_Touches,
    "s_within": func.ST_Within,
}
# PostGIS relates no collections otherwise
_OF_COLLECTIONS = frozenset({"s_intersects", "s_disjoint"})
_ARRAYS: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "a_containedby": lambda left, right: left.op("<@", is_comparison=True)(right),
    "a_contains": lambda left, right: left.op("@>", is_comparison=True)(right),
    "a_equals": lambda left, right: and_(
        left.op("@>", is_comparison=True)(right), left.op("<@", is_comparison=True)(right)
    ),
    "a_overlaps": lambda left, right: left.op("&&", is_comparison=True)(right),
}
_PREDICATES: Mapping[str, Callable[[Sequence[Any], _Scope], ColumnElement[bool]]] = {
    "and": partial(_joined, "and", and_),
    "or": partial(_joined, "or", or_),
    "not": _negated,
    **{sign: partial(_compared, sign) for sign in _SIGNS},
    "between": _between,
    "in": _listed,
    "like": _like,
    "isnull": _is_null,
    **{name: partial(_spatial, name) for name in _SPATIAL},
    **{name: partial(_temporal, name) for name in RELATIONS},
    **{name: partial(_of_arrays, name) for name in _ARRAYS},
}
