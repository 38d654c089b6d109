"""Filters as they arrive, text or JSON, read into one tree; none that is long or deep."""

import json
import re
from typing import Any

from layers.cql_text import MAX_DEPTH, parse_text
from layers.errors import CqlTextError
from store.query_faults import refused

__all__ = ["LANGUAGES", "MAX_BYTES", "read_filter"]

MAX_BYTES = 4096
LANGUAGES = ("cql2-text", "cql2-json", "cql-text")
"""The values of ``filter-lang``; the last is what GDAL calls CQL2 text."""
# an operator is two brackets of JSON, and a geometry's coordinates are four
_MAX_BRACKETS = 2 * MAX_DEPTH + 6
_JSON_TEXT = re.compile(r'"(?:\\.|[^"\\])*+"?', re.DOTALL)


def read_filter(source: str, language: str) -> Any:
    """Return the tree of a filter, as CQL2 JSON has it.

    Raises
    ------
    QueryError
        The filter is longer than `MAX_BYTES`, nested more than `MAX_DEPTH` deep, or not of the language.
    """
    if language not in LANGUAGES:
        raise refused("filter_language", parameter="filter-lang", found=language, known=", ".join(LANGUAGES))
    size = len(source.encode(errors="replace"))
    if size > MAX_BYTES:
        raise refused("filter_long", size=size, most=MAX_BYTES)
    tree = _parse_json(source) if language == "cql2-json" else _parse_text(source)
    if _depth(tree) > MAX_DEPTH:
        raise refused("filter_deep", most=MAX_DEPTH)
    return tree


def _parse_text(source: str) -> Any:
    try:
        return parse_text(source)
    except CqlTextError as error:
        raise refused(error.kind, position=error.position, **error.values) from error


def _parse_json(source: str) -> Any:
    depth = 0
    for bracket in re.sub(r"[^\[\]{}]", "", _JSON_TEXT.sub("", source)):
        depth += 1 if bracket in "[{" else -1
        if depth > _MAX_BRACKETS:
            raise refused("filter_deep", most=MAX_DEPTH)
    try:
        return json.loads(source, parse_constant=_no_constant)
    except ValueError as error:
        raise refused("filter_json", reason=str(error)) from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _depth(tree: Any) -> int:
    """Return how many operators are nested in one another; a chain of a thousand sums is a thousand deep."""
    deepest, rest = 0, [(tree, 0)]
    while rest:
        node, depth = rest.pop()
        if isinstance(node, dict) and "op" in node:
            depth += 1
        deepest = max(deepest, depth)
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        rest.extend((child, depth) for child in children)
    return deepest
