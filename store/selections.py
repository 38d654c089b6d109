"""How items are sorted and which of their properties are told, as requests name them."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement

from store.items import Queryable
from store.query_faults import refused

__all__ = ["SORTABLE", "chosen_properties", "sort_order"]

SORTABLE = frozenset({"string", "number", "integer", "boolean", "date", "timestamp"})
"""The types of values that have an order."""


def sort_order(text: str, queryables: Mapping[str, Queryable]) -> list[ColumnElement[Any]]:
    """Return the order that names with commas between them ask for: ``-`` in front is downwards; items without a value last.

    Raises
    ------
    QueryError
        A name is none of a queryable whose values have an order.
    """
    return [_key(part.strip(), queryables) for part in text.split(",")]


def chosen_properties(text: str, offered: Collection[str]) -> tuple[str, ...]:
    """Return the properties that names with commas between them choose, each once.

    Raises
    ------
    QueryError
        A name is none of those offered.
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in names:
        if name not in offered:
            raise refused("property_unknown", parameter="properties", place=name, name=name, known=", ".join(offered))
    return names


def _key(part: str, queryables: Mapping[str, Queryable]) -> ColumnElement[Any]:
    # the + of a query that nobody escaped arrives as a space
    name = part[1:] if part[:1] in {"+", "-"} and part not in queryables else part
    asked = queryables.get(name)
    if asked is None or asked.type not in SORTABLE:
        known = ", ".join(each.name for each in queryables.values() if each.type in SORTABLE)
        raise refused("sort_property", parameter="sortby", place=name, name=name, known=known)
    is_down = part != name and part.startswith("-")
    return (asked.column.desc() if is_down else asked.column.asc()).nulls_last()
