"""Days and moments of a filter, and the fifteen ways in which two spans of time may stand (OWL-Time; both ends included)."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Date, DateTime, Text, and_, cast, literal, not_, or_
from sqlalchemy.types import TypeEngine

from store.query_faults import refused

__all__ = ["RELATIONS", "UNBOUNDED", "Grain", "Relation", "Span", "endless", "read_moment", "takes_instants"]

Grain: TypeAlias = Literal["date", "timestamp"]
UNBOUNDED = ".."
_TYPES: Mapping[str, TypeEngine[Any]] = {"date": Date(), "timestamp": DateTime(timezone=True)}


class Span(NamedTuple):
    """A stretch of time in the database: its ends, both of it; an instant where they are one."""

    start: ColumnElement[Any]
    end: ColumnElement[Any]


Relation: TypeAlias = Callable[[Span, Span], ColumnElement[bool]]


def read_moment(text: Any, grain: str) -> ColumnElement[Any]:
    """Return a day or a moment (RFC 3339; UTC where it names no zone) as a value of the database.

    Raises
    ------
    QueryError
        The text is none.
    """
    try:
        # GDAL writes a day as 2026-01-31T
        known = text.removesuffix("T")
        if grain == "date":
            return literal(date.fromisoformat(known), _TYPES[grain])
        moment = datetime.fromisoformat(known)
    except (AttributeError, ValueError) as error:
        raise refused("filter_value", place=str(text), found=str(text), wanted=grain) from error
    return literal(moment if moment.tzinfo else moment.replace(tzinfo=UTC), _TYPES[grain])


def endless(grain: Grain, *, before: bool) -> ColumnElement[Any]:
    """Return the end of time, or its beginning."""
    return cast(literal("-infinity" if before else "infinity", Text()), _TYPES[grain])


def _after(a: Span, b: Span) -> ColumnElement[bool]:
    return a.start > b.end


def _before(a: Span, b: Span) -> ColumnElement[bool]:
    return a.end < b.start


def _disjoint(a: Span, b: Span) -> ColumnElement[bool]:
    return or_(_before(a, b), _after(a, b))


def _contains(a: Span, b: Span) -> ColumnElement[bool]:
    return and_(a.start < b.start, a.end > b.end)


def _finishes(a: Span, b: Span) -> ColumnElement[bool]:
    return and_(a.start > b.start, a.end == b.end)


def _meets(a: Span, b: Span) -> ColumnElement[bool]:
    return a.end == b.start


def _overlaps(a: Span, b: Span) -> ColumnElement[bool]:
    return and_(a.start < b.start, a.end > b.start, a.end < b.end)


def _starts(a: Span, b: Span) -> ColumnElement[bool]:
    return and_(a.start == b.start, a.end < b.end)


def _reversed(relation: Relation) -> Relation:
    return lambda a, b: relation(b, a)


_OF_ALL: Mapping[str, Relation] = {
    "t_after": _after,
    "t_before": _before,
    "t_disjoint": _disjoint,
    "t_equals": lambda a, b: and_(a.start == b.start, a.end == b.end),
    "t_intersects": lambda a, b: not_(_disjoint(a, b)),
}
RELATIONS: Mapping[str, Relation] = {
    **_OF_ALL,
    "t_contains": _contains,
    "t_during": _reversed(_contains),
    "t_finishedby": _reversed(_finishes),
    "t_finishes": _finishes,
    "t_meets": _meets,
    "t_metby": _reversed(_meets),
    "t_overlappedby": _reversed(_overlaps),
    "t_overlaps": _overlaps,
    "t_startedby": _reversed(_starts),
    "t_starts": _starts,
}
"""The relations of two spans by the names of their operators, in small letters."""


def takes_instants(name: str) -> bool:
    """Return whether a relation holds between instants too, and not between intervals alone."""
    return name in _OF_ALL
