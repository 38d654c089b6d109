"""Cursors: where a page begins, as text that clients give back unread."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Any, NamedTuple

__all__ = ["Cursor", "read_cursor", "write_cursor"]

_MOST_CHARACTERS = 500
_LARGEST = 2**63 - 1


class Cursor(NamedTuple):
    """Where a page begins.

    Attributes
    ----------
    after, before
        The key that it begins behind, or ends in front of.
    offset
        How many items are left out, where pages do not go by the key.
    matched
        How many items there are, as they were counted for the first page.
    """

    after: int | str | None = None
    before: int | str | None = None
    offset: int = 0
    matched: int | None = None


def write_cursor(cursor: Cursor) -> str:
    """Return a cursor as text that needs no escape in a URL."""
    told = json.dumps(cursor, separators=(",", ":"))
    return urlsafe_b64encode(told.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Cursor | None:
    """Return the cursor in a text, None where it holds none."""
    if len(text) > _MOST_CHARACTERS:
        return None
    try:
        told = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, Base64Error, RecursionError):
        return None
    if not isinstance(told, list) or len(told) != len(Cursor._fields):
        return None
    cursor = Cursor(*told)
    keys_fit = all(each is None or _is_key(each) for each in cursor[:2])
    return cursor if keys_fit and _is_count(cursor.offset) and _is_count(cursor.matched or 0) else None


def _is_key(value: Any) -> bool:
    return isinstance(value, str) or _is_count(value)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST
