"""The rules of an installation: the seed, or the seed as its city has changed it; told, and looked through for doubts."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from blueprint.errors import RuleError
from blueprint.linting import lint_rules
from blueprint.reasons import explain
from blueprint.rule_sets import RuleSet, load_rule_set
from blueprint.rules import Rule
from geocode import Text
from layers.catalogue_entries import Catalogue
from store.errors import NotHereError
from workflows.catalogues import configured_catalogue
from workflows.reports import fault_json, text_json
from workflows.settings import Settings

__all__ = ["RuleSet", "doubts_of_rules", "list_rules", "read_rule_file", "rule_set", "show_rule"]


def rule_set(settings: Settings) -> RuleSet:
    """Return the rules that an installation goes by, with the texts that they were read from.

    The city's file is looked at each time and read again when it has changed.

    Raises
    ------
    RuleError
        The city's file cannot be read, or a rule in it cannot be used; with the file, the rule and the key.
    """
    catalogue = configured_catalogue(settings)
    return read_rule_file(Path(settings.rules), catalogue=catalogue) if settings.rules else _read("", "", catalogue)


def read_rule_file(path: Path, *, catalogue: Catalogue | None = None) -> RuleSet:
    """Return the seed with the changes of a city's file.

    Raises
    ------
    RuleError
        As `rule_set`.
    """
    try:
        # Windows' editor begins a file of UTF-8 with a byte order mark
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(explain("file_unreadable", reason=error), file=str(path), rule="-", key="-") from error
    return _read(text, str(path), catalogue)


def list_rules(settings: Settings) -> dict[str, Any]:
    """Return every rule of an installation in short, by id, with the version of the set and the ids taken out of force."""
    rules = rule_set(settings)
    doubts = _waiting(rules, configured_catalogue(settings))
    return {
        "version": rules.version,
        "file": settings.rules or None,
        "disabled": list(rules.disabled),
        "rules": [_short_json(rule, rules, doubts.get(rule.id, [])) for rule in rules.rules],
    }


def show_rule(settings: Settings, rule_id: str) -> dict[str, Any]:
    """Return one rule with all that it says, as its file has it.

    Raises
    ------
    NotHereError
        There is no rule of that id in force.
    """
    rules = rule_set(settings)
    rule = next((each for each in rules.rules if each.id == rule_id.strip().upper()), None)
    if rule is None:
        state = "已停用" if rule_id.upper() in rules.disabled else "不存在"
        raise NotHereError(Text(f"规则 {rule_id} {state}。", f"There is no rule {rule_id} in force."))
    doubts = _waiting(rules, configured_catalogue(settings))
    return {**_short_json(rule, rules, doubts.get(rule.id, [])), "content": _plain(rules.rows[rule.id])}


def doubts_of_rules(rules: RuleSet, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return what the linter finds doubtful in a set of rules, a row each with its rule, as an answer holds it."""
    return [{"rule": found.rule, **fault_json(found.fault)} for found in lint_rules(rules.rules, catalogue)]


@lru_cache(maxsize=8)
def _read(text: str, file: str, catalogue: Catalogue | None) -> RuleSet:
    return load_rule_set(text, file=file or "rules.toml", catalogue=catalogue)


def _waiting(rules: RuleSet, catalogue: Catalogue) -> dict[str, list[dict[str, Any]]]:
    """Return what the linter says of each rule, by id."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in doubts_of_rules(rules, catalogue):
        found.setdefault(row["rule"], []).append(row)
    return found


def _short_json(rule: Rule, rules: RuleSet, doubts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": text_json(rule.title),
        "of": "footprints" if rule.a is None else "layers",
        "predicate": str(rule.predicate),
        "layers": list(rule.layers),
        "severity": str(rule.severity),
        "shown_severity": str(rule.shown_severity),
        "advisory": rule.advisory,
        "basis": [{"doc": basis.doc, "article": basis.article} for basis in rule.basis],
        "confidence": str(rule.confidence),
        "confirmed_by": rule.confirmed_by or None,
        "divisions": list(rule.divisions),
        "valid_from": rule.valid_from.isoformat() if rule.valid_from else None,
        "valid_to": rule.valid_to.isoformat() if rule.valid_to else None,
        "changed": list(rules.changed.get(rule.id, ())),
        "doubts": [{name: row[name] for name in ("kind", "text", "remedy")} for row in doubts],
    }


def _plain(value: Any) -> Any:
    """Return a value of TOML as JSON has it: days are texts."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value
