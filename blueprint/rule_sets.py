"""A set of rules: the seed as a city has changed it in a file of its own, with a version that says exactly which.

The city's file is read like the seed. A rule with the id of a seed rule changes the keys that it gives and keeps the
others; ``disabled = true`` takes it out of force, and the set says so. A rule with a new id is one more.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from blueprint.crosswalk import Crosswalk, load_crosswalk
from blueprint.errors import RuleError
from blueprint.rules import Rule, read_rows, read_rule

__all__ = ["RuleSet", "load_rule_set"]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules that a city goes by.

    Attributes
    ----------
    rules
        Those in force, by id.
    disabled
        The ids of those that the city has taken out of force.
    changed
        By id: the keys that the city has given differently; of a rule of its own, all of them.
    version
        The SHA-256 of what all rules and the crosswalk say, in hexadecimal: order and comments do not count.
    """

    rules: tuple[Rule, ...]
    disabled: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]
    version: str


def load_rule_set(overrides: str = "", *, file: str = "rules.toml", crosswalk: Crosswalk | None = None) -> RuleSet:
    """Return the seed rules with a city's changes.

    Parameters
    ----------
    overrides
        The TOML text of the city's file; empty: none.
    file
        The name that errors give.
    crosswalk
        The city's crosswalk of land-use codes; None: the proposal that comes with the software.

    Raises
    ------
    RuleError
        The text is no TOML, changes a rule twice, or leaves one with a key that is unknown, missing or wrong.
    """
    used = load_crosswalk() if crosswalk is None else crosswalk
    rows, sources = _seed_rows()
    changed: dict[str, tuple[str, ...]] = {}
    for number, given in enumerate(read_rows(overrides, file=file) if overrides.strip() else [], start=1):
        rule_id = given.get("id") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(rule_id, str):
            raise RuleError("a rule must be a table with an id.", file=file, rule=f"no. {number}", key="id")
        if rule_id in changed:
            raise RuleError("the file has this rule twice.", file=file, rule=rule_id, key="id")
        seed = rows.get(rule_id, {})
        changed[rule_id] = tuple(key for key, value in given.items() if seed.get(key) != value)
        rows[rule_id], sources[rule_id] = {**seed, **given}, file
    disabled = tuple(sorted(rule_id for rule_id, row in rows.items() if _is_disabled(row, rule_id, file)))
    rules = tuple(
        read_rule({key: value for key, value in row.items() if key != "disabled"}, sources[rule_id], number, used)
        for number, (rule_id, row) in enumerate(sorted(rows.items()), start=1)
        if rule_id not in disabled
    )
    return RuleSet(rules, disabled, changed, _version(rows, used))


def _seed_rows() -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    rows: dict[str, dict[str, Any]] = {}
    sources: dict[str, str] = {}
    for sheet in (files("blueprint") / "rules").iterdir():
        if not sheet.name.endswith(".toml"):
            continue
        for row in read_rows(sheet.read_text(encoding="utf-8"), file=sheet.name):
            assert isinstance(row, dict)  # the seed is read by its own tests
            rows[row["id"]], sources[row["id"]] = row, sheet.name
    return rows, sources


def _is_disabled(row: Mapping[str, Any], rule_id: str, file: str) -> bool:
    disabled = row.get("disabled", False)
    if not isinstance(disabled, bool):
        raise RuleError(f"{disabled!r} is not true or false.", file=file, rule=rule_id, key="disabled")
    return disabled


def _version(rows: Mapping[str, Mapping[str, Any]], crosswalk: Crosswalk) -> str:
    content = {"rules": rows, "crosswalk": crosswalk.classes, "signed_off_by": crosswalk.signed_off_by}
    canonical = json.dumps(_canonical(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """Return a value as JSON writes it: TOML's 1 and 1.0 are one number, and days are texts."""
    if isinstance(value, Mapping):
        return {str(key): _canonical(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(each) for each in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
