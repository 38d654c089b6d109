"""Headings of columns, as they are compared: offices write one and the same in many ways."""

import re
import unicodedata
from functools import lru_cache
from typing import Any

__all__ = ["plain_heading"]


def plain_heading(cell: Any) -> str:
    """Return a heading without case, blanks, brackets and full-width signs; nothing of a cell that is blank."""
    return "" if cell is None else _plain(str(cell))


# the same few are compared for every row
@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return re.sub(r"[(\[【][^)\]】]*[)\]】]?|[\s_:/-]+", "", unicodedata.normalize("NFKC", text)).casefold()
