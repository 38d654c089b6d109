"""Schemes of a city's own: its codes for buildings, as patterns in a file that the city edits."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from geocode import Text
from registry.errors import AliasError, SchemeFileError, refused_scheme
from registry.forms import compact
from registry.patterns import PatternForm, compile_pattern
from registry.schemes import Scheme, load_schemes

__all__ = ["read_city_schemes"]


def read_city_schemes(text: str, *, file: str) -> tuple[Scheme, ...]:
    """Return the schemes of a city's file, then those that need no configuration, without the fields that the city takes.

    Parameters
    ----------
    text
        TOML: one table ``[[scheme]]`` for each, with ``code``, ``zh``, ``en``, ``fields``, ``pattern``, ``examples`` and,
        where wanted, ``standard`` and the labels of named groups in ``parts``.
    file
        What the file is called in refusals.

    Raises
    ------
    SchemeFileError
        The file is no TOML, or a scheme in it cannot be used; with file and line.
    """
    try:
        own = _own_schemes(text)
    except SchemeFileError as error:
        error.file = file
        raise
    taken = set(_owners(own))
    built_in = load_schemes()
    rest = [tuple(field for field in scheme.fields if field.casefold() not in taken) for scheme in built_in]
    return (*own, *(replace(scheme, fields=fields) for scheme, fields in zip(built_in, rest, strict=True)))


def _own_schemes(text: str) -> list[Scheme]:
    rows = _rows(text)
    headers = [n for n, line in enumerate(text.splitlines(), start=1) if line.split("#")[0].strip() == "[[scheme]]"]
    own: list[Scheme] = []
    for number, row in enumerate(rows):
        try:
            own.append(_scheme(row, own))
        except SchemeFileError as error:
            error.line = headers[number] if len(headers) == len(rows) else None
            raise
    return own


def _rows(text: str) -> Sequence[Mapping[str, Any]]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        raise refused_scheme("schemes_toml", line=int(place[1]) if place else None, reason=str(error)) from error
    rows = document.pop("scheme", [])
    if document or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise refused_scheme("scheme_unknown_key", key=", ".join(document or ["scheme"]), known="[[scheme]]")
    return rows


def _scheme(row: Mapping[str, Any], own: Sequence[Scheme]) -> Scheme:
    """Return a scheme of the file whose code no scheme has, and whose fields no earlier scheme of the file has."""
    _refuse_keys(row)
    if any(scheme.code == row["code"] for scheme in (*load_schemes(), *own)):
        raise refused_scheme("scheme_taken", code=row["code"])
    owners = _owners(own)
    for field in row["fields"]:
        if field.casefold() in owners:
            raise refused_scheme("scheme_field", field=field, other=owners[field.casefold()])
    return Scheme(
        code=row["code"],
        name=Text(row["zh"], row["en"]),
        standard=row.get("standard", ""),
        names="building",
        confidence="C",
        fields=tuple(row["fields"]),
        reader=_form(row),
    )


def _owners(schemes: Sequence[Scheme]) -> dict[str, str]:
    """Return the code of the scheme that each field carries, by the field's name without case."""
    return {field.casefold(): scheme.code for scheme in schemes for field in scheme.fields}


def _form(row: Mapping[str, Any]) -> PatternForm:
    """Return the form that a row describes, tried on its examples."""
    labels = {name: Text(*pair) for name, pair in row.get("parts", {}).items()}
    lengths = tuple(len(compact(example)) for example in row["examples"])
    form = PatternForm(compile_pattern(row["pattern"]), labels, lengths)
    for example in row["examples"]:
        try:
            form.parse(example)
        except AliasError as error:
            raise refused_scheme("scheme_example", example=example, pattern=row["pattern"]) from error
    return form


class _Kind(NamedTuple):
    """A kind of value: what it is called, and what tells it."""

    name: Text
    is_of: Callable[[Any], bool]


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(text, str) for text in value)


def _is_labels(value: Any) -> bool:
    pair = len(Text._fields)
    return isinstance(value, dict) and all(_is_texts(texts) and len(texts) == pair for texts in value.values())


_CODE = _Kind(
    Text("小写字母开头、由小写字母、数字和 _ 组成的代号", "a code of lower-case letters, digits and _"),
    lambda value: isinstance(value, str) and re.fullmatch(r"[a-z][a-z0-9_]{0,31}", value) is not None,
)
_TEXT = _Kind(Text("文字", "a text"), lambda value: isinstance(value, str))
_TEXTS = _Kind(Text("非空的文字列表", "a list of texts that is not empty"), _is_texts)
_LABELS = _Kind(Text("“名称 = [中文, 英文]”的表", "a table of name = [Chinese, English]"), _is_labels)
_NEEDED = {"code": _CODE, "zh": _TEXT, "en": _TEXT, "fields": _TEXTS, "pattern": _TEXT, "examples": _TEXTS}
_KEYS = _NEEDED | {"standard": _TEXT, "parts": _LABELS}


def _refuse_keys(row: Mapping[str, Any]) -> None:
    """Raise on a key that is unknown, missing, or of another kind."""
    for key in row:
        if key not in _KEYS:
            raise refused_scheme("scheme_unknown_key", key=key, known=", ".join(_KEYS))
    for key in {**_NEEDED, **row}:
        if key not in row or not _KEYS[key].is_of(row[key]):
            raise refused_scheme("scheme_key", key=key, wanted=_KEYS[key].name)
