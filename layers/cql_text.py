"""CQL2 text (OGC 21-065) read into the tree that CQL2 JSON writes.

By a parser of our own, in time that grows with the length alone: within 4 kB, `cql2` 0.6 is brought down by 4,000 minus
signs, and the process with it, and takes 3 s for twenty brackets around a list. The tests hold the two together.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import shapely

from layers.errors import CqlTextError

__all__ = ["MAX_DEPTH", "parse_text"]

MAX_DEPTH = 20
_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<text>'(?:''|\\.|[^'\\])*+')
    | (?P<quoted>"(?:""|[^"])++")
    | (?P<name>(?:[^\W\d]|:)[\w.:\u0300-\u036f\u203f\u2040]*)
    | (?P<sign><>|<=|>=|!=|[=<>+\-*/%^(),])
    """,
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=")
_GEOMETRIES = frozenset(
    {"point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection"}
)
_OF_GEOMETRIES = frozenset({"(", "z", "m", "zm", "empty"})
_RESERVED = frozenset({"and", "or", "not", "like", "between", "in", "is", "null"})
_ESCAPES = {"a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "'": "'", "\\": "\\"}
_SHOWN = 20


class _Token(NamedTuple):
    """One word of the text: what it is, as it is written, and where it begins and ends."""

    kind: str
    value: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The keyword or sign, in small letters; empty for values and quoted names."""
        return self.value.lower() if self.kind in {"name", "sign"} else ""


def parse_text(text: str) -> Any:
    """Return the tree of a CQL2 text, as CQL2 JSON has it; names of operators as they are written.

    Raises
    ------
    CqlTextError
        The text is no CQL2, at a character that it names, or nested more than `MAX_DEPTH` deep.
    """
    return _Parser(text).whole()


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _not_understood(text[at : at + _SHOWN], at)
        if match.lastgroup != "space":
            yield _Token(str(match.lastgroup), match.group(), at, match.end())
        at = match.end()
    yield _Token("end", "", at, at)


class _Parser:
    """A reader of one text: each method reads what its name says from where it stands."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def whole(self) -> Any:
        found = self._either()
        if self._token.kind != "end":
            raise self._unexpected()
        return found

    def _either(self) -> Any:
        return self._chain("or", self._both)

    def _both(self) -> Any:
        return self._chain("and", self._negation)

    def _negation(self) -> Any:
        if self._takes("not"):
            with self._deeper():
                return _op("not", self._negation())
        return self._predicate()

    def _predicate(self) -> Any:
        left = self._sum()
        if sign := self._takes(*_COMPARISONS):
            return _op("<>" if sign == "!=" else sign, left, self._sum())
        if self._takes("is"):
            is_negative = self._takes("not")
            self._expects("null")
            return _perhaps_not(is_negative, _op("isNull", left))
        is_negative = self._takes("not")
        match self._takes("like", "between", "in"):
            case "like":
                found = _op("like", left, self._sum())
            case "between":
                low = self._sum()
                self._expects("and")
                found = _op("between", left, low, self._sum())
            case "in":
                self._expects("(")
                found = _op("in", left, self._items())
            case _ if is_negative:
                raise self._unexpected()
            case _:
                return left
        return _perhaps_not(is_negative, found)

    def _sum(self) -> Any:
        return self._left_to_right(("+", "-"), self._product)

    def _product(self) -> Any:
        return self._left_to_right(("*", "/", "%", "div"), self._power)

    def _power(self) -> Any:
        base = self._factor()
        return _op("^", base, self._factor()) if self._takes("^") else base

    def _factor(self) -> Any:
        if not self._takes("-"):
            return self._value()
        with self._deeper():
            value = self._factor()
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return -value if is_number else _op("*", -1, value)

    def _value(self) -> Any:
        token = self._token
        if token.kind == "end" or token.word in _RESERVED or (token.kind == "sign" and token.word != "("):
            raise self._unexpected()
        self._at += 1
        match token.kind:
            case "number":
                return float(token.value) if re.search(r"[.eE]", token.value) else int(token.value)
            case "text":
                return _unescaped(token.value[1:-1])
            case "sign":
                items = self._items()
                return items[0] if len(items) == 1 else items
            case "quoted":
                return self._named(token, token.value[1:-1].replace('""', '"'))
        if token.word in {"true", "false"}:
            return token.word == "true"
        if token.word in _GEOMETRIES and self._token.word in _OF_GEOMETRIES:
            return self._geometry(token)
        return self._named(token, token.value)

    def _named(self, token: _Token, name: str) -> Any:
        if token.kind == "quoted" or not self._takes("("):
            return {"property": name}
        arguments = self._items()
        match token.word:
            case "bbox" | "interval" as word:
                return {word: arguments}
            case "date" | "timestamp" as word if len(arguments) == 1:
                return {word: arguments[0]}
            case word if word.startswith("a_"):
                # a list of one looks like a value in brackets
                arguments = [[item] if isinstance(item, str | int | float) else item for item in arguments]
        return {"op": name, "args": arguments}

    def _items(self) -> list[Any]:
        """Read on behind an opening bracket, to behind the closing one."""
        if self._takes(")"):
            return []
        with self._deeper():
            items = [self._either()]
            while self._takes(","):
                items.append(self._either())
        self._expects(")")
        return items

    def _geometry(self, keyword: _Token) -> Any:
        depth = 0
        while True:
            depth += {"(": 1, ")": -1}.get(self._token.word, 0)
            if depth > MAX_DEPTH:
                raise CqlTextError("filter_deep", keyword.start + 1, most=MAX_DEPTH)
            if self._token.kind == "end":
                raise self._unexpected()
            last = self._token
            self._at += 1
            if depth == 0 and last.word in {")", "empty"}:
                break
        try:
            return json.loads(shapely.to_geojson(shapely.from_wkt(self._text[keyword.start : last.end])))
        except (shapely.errors.ShapelyError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise CqlTextError("filter_geometry", keyword.start + 1, reason=reason) from error

    def _chain(self, word: str, part: Callable[[], Any]) -> Any:
        parts = [part()]
        while self._takes(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else _op(word, *parts)

    def _left_to_right(self, words: tuple[str, ...], part: Callable[[], Any]) -> Any:
        left = part()
        while word := self._takes(*words):
            left = _op(word, left, part())
        return left

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at]

    def _takes(self, *words: str) -> str:
        """Read on behind a word, where one of these stands here, and return it."""
        word = self._token.word
        if word not in words:
            return ""
        self._at += 1
        return word

    def _expects(self, word: str) -> None:
        if not self._takes(word):
            raise self._unexpected()

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        if self._depth == MAX_DEPTH:
            raise CqlTextError("filter_deep", self._token.start + 1, most=MAX_DEPTH)
        self._depth += 1
        yield
        self._depth -= 1

    def _unexpected(self) -> Exception:
        return _not_understood(self._token.value, self._token.start)


def _not_understood(found: str, at: int) -> Exception:
    return CqlTextError("filter_syntax", at + 1, found=found or "…")


def _op(name: str, *arguments: Any) -> dict[str, Any]:
    return {"op": name, "args": list(arguments)}


def _perhaps_not(is_negative: str, found: dict[str, Any]) -> dict[str, Any]:
    return _op("not", found) if is_negative else found


def _unescaped(text: str) -> str:
    """Return a text without its escapes; a backslash before another sign stays, for patterns."""
    return re.sub(
        r"''|\\(.)", lambda match: "'" if match[1] is None else _ESCAPES.get(match[1], match[0]), text, flags=re.DOTALL
    )
