"""Values out of files, made fit for JSON and for a database that stores it."""

import base64
import math
from datetime import date, time
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["json_records", "json_value"]

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def json_value(value: Any) -> Any:
    """Return a value as JSON can say it: no missing value but None, no NaN, dates as ISO text, bytes as Base64.

    Characters that PostgreSQL cannot store in text (NUL, half a surrogate pair) become U+FFFD.
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, dict):
        return {_text(str(name)): json_value(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(inner) for inner in value]
    return _scalar(value)


def json_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as JSON can say them; a value that a row does not have (NA) is not in its record."""
    names = [str(name) for name in frame.columns]
    if not names:
        return [{} for _ in range(len(frame))]
    columns = [_json_column(frame.iloc[:, place]) for place in range(len(names))]
    return [
        {name: value for name, value in zip(names, values, strict=True) if value is not pd.NA}
        for values in zip(*columns, strict=True)
    ]


def _json_column(column: "pd.Series[Any]") -> list[Any]:
    """Return the values of a column as JSON can say them, and NA where there is none."""
    kind = column.dtype.kind if isinstance(column.dtype, np.dtype) else "O"
    if kind in "biu":
        return list(column.tolist())
    if kind == "f":
        values = column.to_numpy().astype(object)
        values[~np.isfinite(column.to_numpy())] = None
        return list(values.tolist())
    return [value if value is pd.NA else json_value(value) for value in column.tolist()]


def _scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        return json_value(value.item())
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return _text(str(value))


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        text = "".join(_REPLACEMENT if "\ud800" <= character <= "\udfff" else character for character in text)
    return text.replace("\x00", _REPLACEMENT)
