"""What the public is told of a building: where and what it is, and nothing that leads to people."""

from collections.abc import Mapping
from typing import Any

__all__ = ["redacted", "redacted_brief"]

_WITHHELD: dict[str, Any] = {"name": None, "office": None, "attributes": {}, "height_m": None}


def redacted(feature: Mapping[str, Any]) -> dict[str, Any]:
    """Return a building's feature without names, addresses, attributes, actors and documents' numbers.

    Its shape stays: what is withheld is empty. Aliases stay but for those of units, without the files that they came in.
    """
    said = feature["properties"]
    kept = {
        **said,
        **{name: value for name, value in _WITHHELD.items() if name in said},
        "aliases": [{**alias, "source": None} for alias in said["aliases"] if not alias.get("unit")],
        "events": [{**event, "actor": None, "version": None, "body": {}} for event in said["events"]],
        "stages": [{**stage, "certificate": None} for stage in said["stages"]],
        "projects": [{**project, "name": None} for project in said["projects"]],
        "redacted": True,
    }
    return {**feature, "properties": kept}


def redacted_brief(brief: Mapping[str, Any]) -> dict[str, Any]:
    """Return a building in brief without its name."""
    return {**brief, "name": None, "redacted": True}
