"""Values out of files, made fit for JSON and for a database that stores it."""

import base64
import math
from datetime import date, time
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["json_value"]

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
