"""The sentences that say why a finding is what it is; they are data, in both languages."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from geocode.faults import Text

__all__ = ["explain", "reason_kinds"]

_TABLES = ("reasons.toml", "surfaces.toml", "differing.toml", "rule_faults.toml")


def explain(kind: str, **values: Any) -> Text:
    """Return the sentence of a kind with its values filled in."""
    return _read_reasons()[kind].format(values)


def reason_kinds() -> frozenset[str]:
    """Return every kind that has a sentence."""
    return frozenset(_read_reasons())


@cache
def _read_reasons() -> dict[str, Text]:
    texts = (files("blueprint").joinpath(name).read_text(encoding="utf-8") for name in _TABLES)
    return {kind: Text(row["zh"], row["en"]) for text in texts for kind, row in tomllib.loads(text).items()}
