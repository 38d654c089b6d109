"""The rules: data that a planner can read and change, checked when they are loaded.

A rule without an ``a`` is one for building footprints; one with it compares the features of two layers. ``b`` names
the features that must not be overlapped, or outside of which nothing may lie. Ids, thresholds, severities and bases
of the seed rules are those of the catalogue.
"""

import datetime as dt
import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from blueprint.errors import FilterError, RuleError
from blueprint.filters import Filter, compile_filter
from blueprint.tables import Table
from geocode.faults import Text

__all__ = [
    "Basis",
    "Confidence",
    "Container",
    "Predicate",
    "Rule",
    "Selection",
    "Severity",
    "Without",
    "load_rules",
    "read_rules",
    "rules_in_force",
]

_LAYER_CODE = re.compile(r"[A-Z]{2}[0-9]{4}")


class Predicate(StrEnum):
    """What a rule measures: ground shared with ``b``, or ground outside of it."""

    OVERLAP = "overlap"
    OUTSIDE = "outside"


class Severity(StrEnum):
    """How hard a rule is, the hardest first."""

    PROHIBIT = "prohibit"
    APPROVAL = "approval"
    RESTRICT = "restrict"
    COORDINATE = "coordinate"
    WARN = "warn"
    INFO = "info"


class Confidence(StrEnum):
    """How sure a rule's basis is: read in the source, in a secondary source, general knowledge, or proposed."""

    V = "V"
    V2 = "V2"
    K = "K"
    P = "P"


class Without(StrEnum):
    """What an ``outside`` rule says of a subject that shares no ground with any feature of ``b``."""

    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"


class Container(StrEnum):
    """What a subject must lie in: all features of ``b`` together, or the one that it shares most ground with."""

    UNION = "union"
    LARGEST = "largest"


class Basis(NamedTuple):
    """Where a rule comes from: the document, and the article in it (empty where the catalogue names none)."""

    doc: str
    article: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """The features that a rule looks at: of these layers, those that the filter lets through."""

    layers: tuple[str, ...]
    where: Filter | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the blueprint.

    Attributes
    ----------
    a
        The features whose ground is measured; None: building footprints.
    b
        The features it is measured against.
    severity
        How hard the rule is once its basis is confirmed; what is shown meanwhile is `shown_severity`.
    min_area_m2, min_width_m
        What lies below either is measured and marked, and no conflict.
    valid_from, valid_to
        The days on which the rule holds, the last one excluded; None: always.
    confirmed_by
        Who has confirmed a basis of general knowledge; empty: nobody yet.
    """

    id: str
    title: Text
    b: Selection
    predicate: Predicate
    severity: Severity
    basis: tuple[Basis, ...]
    confidence: Confidence
    a: Selection | None = None
    without: Without = Without.FAIL
    container: Container = Container.UNION
    min_area_m2: float = 0.0
    min_width_m: float = 0.0
    handling: Text | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    confirmed_by: str = ""

    @property
    def advisory(self) -> bool:
        """Whether the rule only advises: its basis is general knowledge or a proposal that nobody has confirmed."""
        return self.confidence in {Confidence.K, Confidence.P} and not self.confirmed_by

    @property
    def shown_severity(self) -> Severity:
        """The severity that a finding may carry: an advisory rule warns, and never prohibits."""
        hard = {Severity.PROHIBIT, Severity.APPROVAL, Severity.RESTRICT, Severity.COORDINATE}
        return Severity.WARN if self.advisory and self.severity in hard else self.severity

    def holds_on(self, day: dt.date) -> bool:
        """Return whether the rule holds on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


def load_rules(directory: Traversable | None = None) -> tuple[Rule, ...]:
    """Return the rules of a directory's TOML files, the seed rules of this package unless told otherwise, by id.

    Raises
    ------
    RuleError
        A file has a mistake, or two rules have the same id.
    """
    return _seed_rules() if directory is None else _read_directory(directory)


@cache
def _seed_rules() -> tuple[Rule, ...]:
    return _read_directory(files("blueprint") / "rules")


def _read_directory(directory: Traversable) -> tuple[Rule, ...]:
    sheets = sorted(
        (entry for entry in directory.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name
    )
    rules = [rule for sheet in sheets for rule in read_rules(sheet.read_text(encoding="utf-8"), file=sheet.name)]
    twice = [rule_id for rule_id, count in Counter(rule.id for rule in rules).items() if count > 1]
    if twice:
        raise RuleError("two rules have this id.", file=", ".join(s.name for s in sheets), rule=twice[0], key="id")
    return tuple(sorted(rules, key=lambda rule: rule.id))


def read_rules(text: str, *, file: str) -> tuple[Rule, ...]:
    """Return the rules of one TOML text, in its order; ``file`` is the name that errors give.

    Raises
    ------
    RuleError
        The text is no TOML, or a rule has a key that is unknown, missing or wrong.
    """
    try:
        document = Table(tomllib.loads(text), file=file, rule="-")
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"the file is no TOML: {error}", file=file, rule="-", key="-") from error
    rows: list[object] = document.take("rule", list)
    document.refuse_rest()
    return tuple(_read_rule(row, file, number) for number, row in enumerate(rows, start=1))


def rules_in_force(rules: Iterable[Rule], as_of: dt.date | None) -> tuple[Rule, ...]:
    """Return the rules that hold on a day, in their order; all of them without a day."""
    return tuple(rule for rule in rules if as_of is None or rule.holds_on(as_of))


def _read_rule(row: object, file: str, number: int) -> Rule:
    rule_id = Table(row, file=file, rule=f"no. {number}").take("id", str)
    table = Table(row, file=file, rule=rule_id)
    rule = Rule(
        id=table.take("id", str),
        title=table.take_text("title"),
        a=_read_selection(table.take_table("a")) if table.has("a") else None,
        b=_read_selection(table.take_table("b")),
        predicate=table.take_choice("predicate", Predicate),
        severity=table.take_choice("severity", Severity),
        basis=tuple(_read_basis(row) for row in table.take_tables("basis")),
        confidence=table.take_choice("confidence", Confidence),
        without=table.take_choice("without", Without, default=Without.FAIL),
        container=table.take_choice("container", Container, default=Container.UNION),
        min_area_m2=table.take_amount("min_area_m2"),
        min_width_m=table.take_amount("min_width_m"),
        handling=table.take_text("handling") if table.has("handling") else None,
        valid_from=table.take_day("valid_from"),
        valid_to=table.take_day("valid_to"),
        confirmed_by=table.take("confirmed_by", str, default=""),
    )
    table.refuse_rest()
    _check_together(rule, table)
    return rule


def _check_together(rule: Rule, table: Table) -> None:
    if rule.predicate is Predicate.OVERLAP:
        for key in ("without", "container"):
            if table.has(key):
                table.refuse(key, "says something only where the predicate is outside.")
    if rule.valid_from and rule.valid_to and rule.valid_to <= rule.valid_from:
        table.refuse("valid_to", f"{rule.valid_to} is not after valid_from, {rule.valid_from}.")
    if rule.a is not None and (len(rule.a.layers), len(rule.b.layers)) != (1, 1):
        table.refuse("b", "a rule between layers compares one layer with one; write one rule for each pair.")


def _read_selection(table: Table) -> Selection:
    single = table.has("layer")
    codes = [table.take("layer", str)] if single else table.take("layers", list)
    key = "layer" if single else "layers"
    for code in codes:
        if not isinstance(code, str) or not _LAYER_CODE.fullmatch(code):
            table.refuse(key, f"{code!r} is not a layer code of two letters and four digits.")
    if not codes or len(set(codes)) < len(codes):
        table.refuse(key, f"{codes!r} must name layers, each once.")
    selection = Selection(tuple(codes), _read_filter(table))
    table.refuse_rest()
    return selection


def _read_filter(table: Table) -> Filter | None:
    if not table.has("where"):
        return None
    try:
        return compile_filter(table.take("where", str))
    except FilterError as error:
        table.refuse("where", str(error))


def _read_basis(table: Table) -> Basis:
    basis = Basis(table.take("doc", str), table.take("article", str, default=""))
    table.refuse_rest()
    return basis
