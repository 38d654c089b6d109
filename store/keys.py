"""Keys that are drawn here."""

import time
from secrets import randbits

__all__ = ["draw_key"]

_NS_PER_MS, _FRACTIONS = 1_000_000, 1 << 12
_VERSION, _VARIANT = 7 << 76, 0b10 << 62


def draw_key() -> str:
    """Return a new UUID of version 7 (RFC 9562, method 3): those drawn later sort later.

    So the rows of an upload are neighbours in every index that their keys are in; keys by chance would lie all over it.
    """
    ms, rest_ns = divmod(time.time_ns(), _NS_PER_MS)
    value = ms << 80 | _VERSION | (rest_ns * _FRACTIONS // _NS_PER_MS) << 64 | _VARIANT | randbits(62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
