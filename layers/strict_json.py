"""JSON read without losing anything: big integers stay exact, keys that repeat are found, NaN is let through.

Faster parsers round integers beyond 64 bits (a 28-digit real-estate unit number), keep the last of two equal keys and
stop at the first NaN of a file of which one coordinate is bad.
"""

import json
from typing import Any, NamedTuple

__all__ = ["JsonError", "Parsed", "find_repeated_key", "parse", "repeated_key"]


class JsonError(ValueError):
    """A text that is no JSON; `line` and `column` count from 1, and are None where unknown."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(reason)
        self.line = line
        self.column = column


class Parsed(NamedTuple):
    """A value, the text that follows it, and whether any key in it stands twice in its object."""

    value: Any
    rest: str
    repeats: bool


class _Repeated(dict[str, Any]):
    """An object of which some keys stand twice; the last value of each is kept."""

    __slots__ = ("key",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.key = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def parse(text: str) -> Parsed:
    """Return the first JSON value of a text.

    Raises
    ------
    JsonError
        The text does not begin with JSON.
    """
    repeated: list[_Repeated] = []

    def make(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) == len(pairs):
            return made
        repeated.append(_Repeated(pairs))
        return repeated[-1]

    start = len(text) - len(text.lstrip())
    try:
        value, end = json.JSONDecoder(object_pairs_hook=make).raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise JsonError(error.msg, error.lineno, error.colno) from error
    except RecursionError as error:
        message = "objects are nested too deep"
        raise JsonError(message) from error
    except ValueError as error:
        # an integer of thousands of digits
        raise JsonError(str(error).partition(";")[0]) from error
    return Parsed(value, text[end:], bool(repeated))


def repeated_key(value: Any) -> str | None:
    """Return a key that stands twice in an object itself."""
    return value.key if isinstance(value, _Repeated) else None


def find_repeated_key(value: Any) -> str | None:
    """Return a key that stands twice in an object anywhere in a parsed value."""
    if isinstance(value, _Repeated):
        return repeated_key(value)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((key for key in map(find_repeated_key, inner) if key is not None), None)
