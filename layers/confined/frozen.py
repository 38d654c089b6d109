"""Values as JSON: how what a confined process has to say comes to the process that asked.

Values that JSON lacks stand as objects with one key, their type, out of a closed list: nothing here can run code. What comes
back is taken for what a stranger wrote.
"""

import base64
import datetime as dt
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from stat import S_ISREG
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import shapely

from geocode.faults import Fault, Text
from layers.crs import FoundCrs
from layers.curves import Linearised
from layers.encoding import Encoding
from layers.entries import FoundLayer, ReadOptions
from layers.errors import RefusedFile, refused
from layers.sheets import Sheet
from layers.sources import Digest

__all__ = [
    "UnsoundAnswerError",
    "checking",
    "freeze_json",
    "freeze_refusal",
    "packed",
    "plain_dtype",
    "sound_file",
    "thaw_json",
    "thaw_refusal",
    "unpacked",
    "unsound",
]

_MAX_BYTES = 4 << 30
_PLAIN_KINDS = "biufM"
_UNSOUND = (
    *(KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, OSError),
    *(pa.ArrowException, shapely.errors.ShapelyError, pyproj.exceptions.ProjError),
)


_logger = logging.getLogger(__name__)


class UnsoundAnswerError(Exception):
    """What a confined process has left is not what it should have written."""


def unsound(error: UnsoundAnswerError) -> RefusedFile:
    """Return the refusal of a file whose reading has left what cannot be used, and write down why."""
    _logger.error("The answer of a reading process cannot be used: %s", error)
    return refused("reader_failed", reason="answer")


def freeze_refusal(error: RefusedFile) -> dict[str, Any]:
    """Return a refusal with all that it holds, for `freeze_json`."""
    return {name: value for name, value in vars(error).items() if not name.startswith("__")}


def thaw_refusal(told: Mapping[str, Any]) -> RefusedFile:
    """Return the refusal that `freeze_refusal` took apart.

    Raises
    ------
    UnsoundAnswerError
        It is none.
    """
    with checking():
        error = RefusedFile(told["fault"])
        vars(error).update(told)
        str(error)
        return error


def freeze_json(value: Any, path: Path) -> None:
    """Write a value of JSON's types, or of this project's that stand in accounts."""
    path.write_text(json.dumps(packed(value)), encoding="ascii")


def thaw_json(path: Path) -> Any:
    """Return the value in a file.

    Raises
    ------
    UnsoundAnswerError
        The file is not whole, or the value of a type that is not known here.
    """
    with checking():
        return json.loads(sound_file(path).read_bytes(), object_hook=unpacked)


@contextmanager
def checking() -> Iterator[None]:
    """Make whatever goes wrong with an answer an `UnsoundAnswerError`."""
    try:
        yield
    except _UNSOUND as error:
        raise UnsoundAnswerError(str(error)) from error


def sound_file(path: Path) -> Path:
    """Return a path at which a file lies, and no link to another."""
    state = path.lstat()
    if not S_ISREG(state.st_mode) or state.st_size > _MAX_BYTES:
        raise UnsoundAnswerError(path.name)
    return path


def plain_dtype(kind: str) -> Any:
    """Return a type of numbers, booleans or dates by its name; one of Python objects is none."""
    plain = np.dtype(kind)
    if plain.kind not in _PLAIN_KINDS:
        raise UnsoundAnswerError(kind)
    return plain


def packed(value: Any) -> Any:
    """Return a value in JSON's types; what they lack, objects among it, as an object with one key."""
    kind = type(value)
    if kind in {str, int, float, bool, type(None)}:
        return value
    if kind is list:
        return [packed(each) for each in value]
    if isinstance(value, Mapping):
        return {"dict": [[packed(name), packed(each)] for name, each in value.items()]}
    for name, form in _FORMS.items():
        if isinstance(value, form.kind):
            return {name: form.pack(value)}
    message = f"{kind.__name__} is of no type that goes through a file"
    raise TypeError(message)


def unpacked(value: dict[str, Any]) -> Any:
    """Return the value that an object with one key stands for, as the hook of `json.loads`."""
    ((name, content),) = value.items()
    return dict(content) if name == "dict" else _FORMS[name].unpack(content)


class _Form(NamedTuple):
    """A type that JSON lacks: how a value of it becomes one of JSON's, and back."""

    kind: type
    pack: Callable[[Any], Any]
    unpack: Callable[[Any], Any]


def _record(kind: Any) -> _Form:
    """Return the form of a dataclass or NamedTuple: its values in order."""
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else list(kind._fields)
    return _Form(
        kind,
        lambda value: [packed(getattr(value, name)) for name in names],
        lambda content: kind(**dict(zip(names, content, strict=True))),
    )


# a subclass stands before what it is a kind of
_FORMS: Mapping[str, _Form] = {
    **{
        kind.__name__: _record(kind)
        for kind in (Text, Fault, Encoding, Digest, FoundCrs, FoundLayer, Linearised, ReadOptions, Sheet)
    },
    "crs": _Form(pyproj.CRS, lambda crs: crs.srs, pyproj.CRS.from_user_input),
    "geometry": _Form(shapely.Geometry, lambda shape: shapely.to_wkb(shape, hex=True), shapely.from_wkb),
    "tuple": _Form(tuple, lambda value: [packed(each) for each in value], tuple),
    "bytes": _Form(bytes, lambda value: base64.b64encode(value).decode(), base64.b64decode),
    "decimal": _Form(Decimal, str, Decimal),
    "timestamp": _Form(
        pd.Timestamp, lambda value: [value.isoformat(), value.unit], lambda content: _timestamp(*content)
    ),
    "datetime": _Form(dt.datetime, dt.datetime.isoformat, dt.datetime.fromisoformat),
    "date": _Form(dt.date, dt.date.isoformat, dt.date.fromisoformat),
    "time": _Form(dt.time, dt.time.isoformat, dt.time.fromisoformat),
    "timedelta64": _Form(
        pd.Timedelta, lambda value: [int(value.asm8), value.unit], lambda content: pd.Timedelta(*content)
    ),
    "timedelta": _Form(
        dt.timedelta,
        lambda value: [value.days, value.seconds, value.microseconds],
        lambda content: dt.timedelta(*content),
    ),
    "number": _Form(np.generic, lambda value: [value.dtype.str, value.item()], lambda content: _number(*content)),
}


def _timestamp(text: str, unit: str) -> pd.Timestamp:
    return pd.Timestamp(text).as_unit(unit)


def _number(kind: str, value: Any) -> Any:
    return plain_dtype(kind).type(value)
