"""CQL2 JSON evaluated over one row in plain Python: what the database's answers are held against.

Nothing is shared with the translation: values are Python's, geometries shapely's, and None is what is not known.
"""

import json
import math
import operator
import re
import unicodedata
from datetime import date, datetime
from typing import Any

import shapely

Row = dict[str, Any]
COMPARISONS = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
BEGINNING, END = (-1,), (1,)


def evaluate(node: Any, row: Row) -> Any:
    if not isinstance(node, dict):
        return [evaluate(each, row) for each in node] if isinstance(node, list) else node
    if "property" in node:
        return row[node["property"]]
    if "date" in node:
        return date.fromisoformat(node["date"])
    if "timestamp" in node:
        return datetime.fromisoformat(node["timestamp"])
    if "bbox" in node:
        return shapely.box(*node["bbox"])
    if "type" in node:
        return shapely.from_geojson(json.dumps(node))
    return operate(node["op"], node["args"], row)


def operate(op: str, args: list[Any], row: Row) -> Any:
    if op.startswith("t_"):
        return stands(op, span(args[0], row), span(args[1], row))
    if op == "in":
        return some([compare("=", evaluate(args[0], row), evaluate(each, row)) for each in args[1]])
    values = [evaluate(each, row) for each in args]
    if op in LOGIC:
        return LOGIC[op](values)
    return None if any(value is None for value in values) else known(op, values)


def known(op: str, values: list[Any]) -> Any:
    if op in COMPARISONS:
        return compare(op, *values)
    if op.startswith("s_"):
        return bool(getattr(shapely, op[2:])(*values))
    if op.startswith("a_"):
        return sets(op, set(values[0]), set(values[1]))
    if op in TEXTS:
        return TEXTS[op](*values)
    return compute(op, *map(float, values))


def compare(op: str, left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else COMPARISONS[op](left, right)


def every(values: list[bool | None]) -> bool | None:
    return False if False in values else None if None in values else True


def some(values: list[bool | None]) -> bool | None:
    return opposite(every([opposite(value) for value in values]))


def opposite(value: Any) -> bool | None:
    return None if value is None else not value


def is_between(values: list[Any]) -> bool | None:
    return every([compare(">=", values[0], values[1]), compare("<=", values[0], values[2])])


def without_accents(text: str) -> str:
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(sign for sign in apart if not 0x300 <= ord(sign) <= 0x36F))


def like(pattern: str) -> str:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    return "".join({"%": ".*", "_": "."}.get(part, re.escape(part[-1])) for part in parts)


def compute(op: str, left: float, right: float) -> float | None:
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "^":
            return None if left == 0 and right < 0 else left**right
    if right == 0:
        return None
    return {"/": left / right, "div": float(math.trunc(left / right)), "%": math.fmod(left, right)}[op]


def sets(op: str, left: set[str], right: set[str]) -> bool:
    return {
        "a_equals": left == right,
        "a_contains": left >= right,
        "a_containedBy": left <= right,
        "a_overlaps": bool(left & right),
    }[op]


def span(node: Any, row: Row) -> tuple[Any, Any]:
    ends = node["interval"] if isinstance(node, dict) and "interval" in node else [node, node]
    return tuple(moment(end, row, far) for end, far in zip(ends, (BEGINNING, END), strict=True))  # type: ignore[return-value]


def moment(node: Any, row: Row, far: Any) -> Any:
    if node == "..":
        return far
    if isinstance(node, str):
        return (0, datetime.fromisoformat(node) if "T" in node else date.fromisoformat(node))
    value = evaluate(node, row)
    return None if value is None else (0, value)


def stands(op: str, a: tuple[Any, Any], b: tuple[Any, Any]) -> bool | None:
    """Tell how two spans stand, from Allen's table: each relation as signs of (a0?b0, a1?b1, a0?b1, a1?b0)."""
    told = {
        "t_after": "..>.",
        "t_before": "...<",
        "t_equals": "==..",
        "t_contains": "<>..",
        "t_during": "><..",
        "t_finishes": ">=..",
        "t_finishedBy": "<=..",
        "t_meets": "...=",
        "t_metBy": "..=.",
        "t_overlaps": "<<.>",
        "t_overlappedBy": ">><.",
        "t_starts": "=<..",
        "t_startedBy": "=>..",
    }
    if op in {"t_disjoint", "t_intersects"}:
        apart = some([stands("t_after", a, b), stands("t_before", a, b)])
        return apart if op == "t_disjoint" else opposite(apart)
    pairs = [(a[0], b[0]), (a[1], b[1]), (a[0], b[1]), (a[1], b[0])]
    return every([compare(sign, *pair) for sign, pair in zip(told[op], pairs, strict=True) if sign != "."])


LOGIC: dict[str, Any] = {
    "and": every,
    "or": some,
    "not": lambda values: opposite(values[0]),
    "isNull": lambda values: values[0] is None,
    "between": is_between,
}
TEXTS: dict[str, Any] = {
    "casei": lambda text: text.lower().upper(),
    "accenti": without_accents,
    "like": lambda text, pattern: re.fullmatch(like(pattern), text, re.DOTALL) is not None,
}
