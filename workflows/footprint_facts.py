"""What is known of footprints that rules read: as delivered, as the register's stages state it, as somebody says now."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from blueprint.footprint_attributes import list_footprint_attributes, read_footprint_attributes
from geocode import Text
from store.aliases import held_aliases
from store.database import Connection
from store.stages import stage_entries
from workflows.errors import RefusedOptionError

__all__ = ["facts_of_lives", "facts_of_records", "read_said", "split_said"]

_OF_STAGES = ("height_m", "floor_area_m2")
_OF_VERSIONS = ("height_m", "space")
# names that the registry of real estate compares
_OF_ALIASES = {"zrzh": "ZRZH", "bdcdyh": "BDCDYH"}


def facts_of_lives(
    connection: Connection, lives: Sequence[Mapping[str, Any]], *, said: Mapping[str, Any] | None = None
) -> "pd.Series[Any]":
    """Return what is known of registered buildings, one mapping each, by their position.

    What is said now counts before what the newest stage states, that before the footprint's version, and that before the
    columns it was delivered with.
    """
    ids = [str(life["building_id"]) for life in lives]
    stated: dict[str, dict[str, Any]] = {identity: {} for identity in ids}
    for entry in stage_entries(connection, ids):
        if entry["withdrawn_at"] is None:
            known = {**read_footprint_attributes(entry["attributes"] or {}), **_present(entry, _OF_STAGES)}
            stated[str(entry["building_id"])] |= known
    named: dict[str, dict[str, Any]] = {identity: {} for identity in ids}
    for row in held_aliases(connection, ids):
        if row.scheme in _OF_ALIASES and row.unit_id is None:
            named[str(row.building_id)][_OF_ALIASES[row.scheme]] = row.value
    facts = [
        {
            **read_footprint_attributes(life["attributes"] or {}),
            **named[identity],
            **_present(life, _OF_VERSIONS),
            **stated[identity],
            **(said or {}),
        }
        for identity, life in zip(ids, lives, strict=True)
    ]
    return pd.Series(facts, dtype=object)


def facts_of_records(records: Sequence[Mapping[str, Any]], *, said: Mapping[str, Any] | None = None) -> list[Any]:
    """Return what is known of delivered footprints, one mapping each; what is said now counts before their columns."""
    return [{**read_footprint_attributes(record), **(said or {})} for record in records]


def read_said(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what somebody says of a footprint as rules read it.

    Raises
    ------
    RefusedOptionError
        A name that no rule reads, or a value that is none.
    """
    known = {each.name: each for each in list_footprint_attributes()}
    found = {}
    for name, value in said.items():
        read = known[name].read(value) if name in known else None
        if read is None:
            raise RefusedOptionError(
                Text(f"{name} = {value} 无法使用。", f"{name} = {value} cannot be used."),
                Text(f"可用的属性: {', '.join(known)}。", f"There are {', '.join(known)}; numbers are plain numbers."),
            )
        found[name] = read
    return found


def split_said(said: Iterable[str]) -> dict[str, str]:
    """Return statements such as ``height_m=24`` as names and values; one without a value has an empty one."""
    return {name.strip(): value.strip() for name, _, value in (each.partition("=") for each in said)}


def _present(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if row[name] is not None}
