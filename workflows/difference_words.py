"""What the tables of a comparison are called and say, in both languages."""

import tomllib
from functools import cache
from importlib.resources import files

from geocode import Text

__all__ = ["word"]


def word(group: str, name: str | None) -> Text:
    """Return the word of a group for a name; what has none is said as it is, what is None as ``none``."""
    listed = _words()[group]
    return listed.get(name or "none", Text(name or "", name or ""))


@cache
def _words() -> dict[str, dict[str, Text]]:
    table = tomllib.loads(files("workflows").joinpath("difference_words.toml").read_text(encoding="utf-8"))
    return {group: {name: Text(**text) for name, text in words.items()} for group, words in table.items()}
