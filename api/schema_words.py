"""What a parameter takes, in words."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.upload_files import Language

__all__ = ["schema_words"]

_TYPES = {
    "string": ("文本", "text"),
    "integer": ("整数", "whole number"),
    "number": ("数", "number"),
    "boolean": ("true 或 false", "true or false"),
    "array": ("列表", "list"),
    "object": ("对象", "object"),
    "null": ("无", "nothing"),
}
_FORMATS = {
    "date": ("日期", "day, such as 2026-05-01"),
    "date-time": ("带时区的时刻", "time with its zone, such as 2026-05-01T08:00:00Z"),
    "uuid": ("UUID", "UUID"),
    "uri": ("URI", "URI"),
}
_WORDS = {
    "enum": ("之一:{}", "one of {}"),
    "const": ("{}", "{}"),
    "minimum": ("不小于 {}", "at least {}"),
    "maximum": ("不大于 {}", "at most {}"),
    "exclusiveMinimum": ("大于 {}", "more than {}"),
    "exclusiveMaximum": ("小于 {}", "less than {}"),
    "minLength": ("至少 {} 个字符", "at least {} characters"),
    "maxLength": ("至多 {} 个字符", "at most {} characters"),
    "minItems": ("至少 {} 项", "at least {} of them"),
    "maxItems": ("至多 {} 项", "at most {} of them"),
    "pattern": ("形如 {}", "of the form {}"),
    "default": ("默认 {}", "else {}"),
}
_JOINS = {"zh": (",", " 或 "), "en": (", ", " or ")}


def schema_words(schema: Mapping[str, Any], language: Language) -> str:
    """Return what values a JSON Schema takes, in words: ``whole number, at least 1, at most 1000, else 100``."""
    comma, either = _JOINS[language]
    options = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    told = [either.join(schema_words(each, language) for each in options)] if options else []
    return comma.join([*told, *_said(schema, language)])


def _said(schema: Mapping[str, Any], language: Language) -> Iterator[str]:
    tongue = int(language == "en")
    kind = schema.get("type")
    if kind is not None and "enum" not in schema and "const" not in schema:
        named = _FORMATS.get(schema.get("format", ""), _TYPES.get(kind, (str(kind), str(kind))))
        yield named[tongue]
    if "items" in schema:
        yield f"({schema_words(schema['items'], language)})"
    for name, words in _WORDS.items():
        if schema.get(name) not in (None, "", []):
            yield words[tongue].format(_value(schema[name]))


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
