"""A set of rules: the seed as a city has changed it in a file of its own, with a version that says exactly which.

The city's file is read like the seed. A rule with the id of a seed rule changes the keys that it gives and keeps the
others; ``disabled = true`` takes it out of force, and the set says so. A rule with a new id is one more. Beside rules the
file may hold ``[crosswalk]``, ``[words.…]`` and ``[matrices.…]``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from importlib.resources import files
from typing import Any

from blueprint.crosswalk import Crosswalk, read_crosswalk, read_systems
from blueprint.errors import RuleError
from blueprint.reasons import explain
from blueprint.rules import Rule, read_rows, read_rule
from blueprint.tables import Table, read_table
from blueprint.vocabulary import Vocabulary, read_matrices, read_words
from layers.catalogue_entries import Catalogue

__all__ = ["CITY_FILE", "RuleSet", "load_rule_set", "read_rule_set"]

CITY_FILE = "city.toml"
_CROSSWALK, _WORDS = "crosswalk.toml", "words.toml"


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
        The SHA-256 of what rules, crosswalk, words and matrices say, in hexadecimal: order and comments do not count.
    vocabulary
        The crosswalk, the words and the matrices.
    rows
        By id: what each rule says, those taken out of force too, as its file has it.
    texts
        The files that it was read from, by name, the city's as `CITY_FILE`: `read_rule_set` makes the same set of them.
    """

    rules: tuple[Rule, ...]
    disabled: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]
    version: str
    vocabulary: Vocabulary = field(repr=False)
    rows: Mapping[str, Mapping[str, Any]] = field(compare=False, repr=False)
    texts: Mapping[str, str] = field(compare=False, repr=False)


def load_rule_set(
    overrides: str = "",
    *,
    file: str = CITY_FILE,
    crosswalk: Crosswalk | None = None,
    catalogue: Catalogue | None = None,
) -> RuleSet:
    """Return the seed rules with a city's changes.

    Parameters
    ----------
    overrides
        The TOML text of the city's file; empty: none.
    file
        The name that errors give.
    crosswalk
        Another crosswalk of land-use codes than the proposal that comes with the software.
    catalogue
        Which attribute of a layer holds its class; the catalogue that comes with the software by default.

    Raises
    ------
    RuleError
        The text is no TOML, changes a rule twice, or leaves one with a key that is unknown, missing or wrong.
    """
    texts = {**_seed_texts(), CITY_FILE: overrides}
    return read_rule_set(texts, file=file, crosswalk=crosswalk, catalogue=catalogue)


def read_rule_set(
    texts: Mapping[str, str],
    *,
    file: str = CITY_FILE,
    crosswalk: Crosswalk | None = None,
    catalogue: Catalogue | None = None,
) -> RuleSet:
    """Return the rules of the texts that a set was read from; see `load_rule_set`.

    Raises
    ------
    RuleError
        A text is no TOML, or something in it cannot be used.
    """
    city = _City(texts.get(CITY_FILE, ""), file)
    used = crosswalk or read_crosswalk(texts[_CROSSWALK], file=_CROSSWALK)
    vocabulary = city.extend(
        Vocabulary(
            used if catalogue is None else replace(used, catalogue=catalogue),
            read_words(read_table(texts[_WORDS], file=_WORDS)),
        )
    )
    rows, sources = _seed_rows(texts)
    changed: dict[str, tuple[str, ...]] = {}
    for number, given in enumerate(city.rows, start=1):
        rule_id = given.get("id") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(rule_id, str):
            raise RuleError(explain("no_rule_id"), file=file, rule=f"no. {number}", key="id")
        if rule_id in changed:
            raise RuleError(explain("rule_twice"), file=file, rule=rule_id, key="id")
        seed = rows.get(rule_id, {})
        changed[rule_id] = tuple(key for key, value in given.items() if seed.get(key) != value)
        rows[rule_id], sources[rule_id] = {**seed, **given}, file
    disabled = tuple(sorted(rule_id for rule_id, row in rows.items() if _is_disabled(row, rule_id, file)))
    rules = tuple(
        read_rule({key: value for key, value in row.items() if key != "disabled"}, sources[rule_id], number, vocabulary)
        for number, (rule_id, row) in enumerate(sorted(rows.items()), start=1)
        if rule_id not in disabled
    )
    return RuleSet(rules, disabled, changed, _version(rows, vocabulary), vocabulary, rows, dict(texts))


class _City:
    """What a city's file says: its rules as they stand there, and what it adds to the vocabulary."""

    def __init__(self, text: str, file: str) -> None:
        table = read_table(text, file=file)
        self.rows: list[object] = table.take("rule", list, default=[])
        self._parts = {name: table.take_table(name) if table.has(name) else None for name in _PARTS}
        table.refuse_rest()

    def extend(self, seed: Vocabulary) -> Vocabulary:
        """Return a vocabulary with what the city says instead and besides."""
        crosswalk, words, matrices = (self._parts[name] for name in _PARTS)
        more = {} if words is None else read_words(words)
        return Vocabulary(
            seed.crosswalk if crosswalk is None else _change_crosswalk(seed.crosswalk, crosswalk),
            {**seed.words, **{name: {**seed.words.get(name, {}), **listed} for name, listed in more.items()}},
            seed.matrices if matrices is None else read_matrices(matrices),
        )


_PARTS = ("crosswalk", "words", "matrices")


def _change_crosswalk(seed: Crosswalk, table: Table) -> Crosswalk:
    systems = read_systems(table.take_table("systems")) if table.has("systems") else {}
    changed = Crosswalk({**seed.classes, **systems}, table.take("signed_off_by", str, default=""), seed.catalogue)
    table.refuse_rest()
    return changed


def _seed_texts() -> dict[str, str]:
    room = files("blueprint")
    sheets = [*(room / "rules").iterdir(), room / _CROSSWALK, room / _WORDS]
    return {sheet.name: sheet.read_text(encoding="utf-8") for sheet in sheets if sheet.name.endswith(".toml")}


def _seed_rows(texts: Mapping[str, str]) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    rows: dict[str, dict[str, Any]] = {}
    sources: dict[str, str] = {}
    for name in sorted(texts.keys() - {CITY_FILE, _CROSSWALK, _WORDS}):
        for row in read_rows(texts[name], file=name):
            assert isinstance(row, dict)  # the seed is read by its own tests
            rows[row["id"]], sources[row["id"]] = row, name
    return rows, sources


def _is_disabled(row: Mapping[str, Any], rule_id: str, file: str) -> bool:
    disabled = row.get("disabled", False)
    if not isinstance(disabled, bool):
        problem = explain("wrong_choice", found=repr(disabled), known="true, false")
        raise RuleError(problem, file=file, rule=rule_id, key="disabled")
    return disabled


def _version(rows: Mapping[str, Mapping[str, Any]], vocabulary: Vocabulary) -> str:
    content = {"rules": rows, **asdict(vocabulary)}
    # what layers there are is no saying of the rules
    del content["crosswalk"]["catalogue"]
    canonical = json.dumps(_canonical(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """Return a value as JSON writes it: TOML's 1 and 1.0 are one number, and days are texts."""
    if isinstance(value, Mapping):
        return {str(key): _canonical(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
