"""The rules: data that a planner can read and change, checked when they are loaded.

A rule without an ``a`` is one for building footprints; one with it compares the features of two layers. ``b`` names
the features that must not be overlapped, outside of which nothing may lie, or that a distance is kept from. Ids,
thresholds, severities and bases of the seed rules are those of the catalogue.
"""

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from blueprint.crosswalk import LAND_CLASS, Crosswalk
from blueprint.errors import RuleError
from blueprint.filters import Filter
from blueprint.reasons import explain
from blueprint.requirements import Requirement, read_requirement, take_filter
from blueprint.rule_details import (
    read_comparison,
    read_differ,
    read_edges,
    read_match,
    read_quality,
    read_ratio,
    read_reading,
    read_suits,
    read_surface,
    take_layers,
    take_names,
)
from blueprint.rule_kinds import (
    FOOTPRINT,
    Basis,
    Comparison,
    Confidence,
    Container,
    Differ,
    Edges,
    Match,
    Predicate,
    Quality,
    Ratio,
    Reading,
    Selection,
    Sense,
    Severity,
    Suits,
    Surface,
    Without,
)
from blueprint.tables import Table, read_table
from blueprint.vocabulary import Vocabulary, seed_vocabulary
from geocode.faults import Text

__all__ = [
    "Basis",
    "Confidence",
    "Container",
    "Differ",
    "Edges",
    "Predicate",
    "Ratio",
    "Rule",
    "Selection",
    "Sense",
    "Severity",
    "Without",
    "load_rules",
    "read_rows",
    "read_rule",
    "read_rules",
    "rules_in_force",
]

_NUMBERS = (Predicate.DISTANCE, Predicate.SETBACK, Predicate.FIGURE, Predicate.RATIO, Predicate.RASTER)
_NEEDED = {
    Predicate.SETBACK: "edges",
    Predicate.FIGURE: "figure",
    Predicate.RATIO: "ratio",
    Predicate.CLASS: "class",
    Predicate.MATCH: "match",
    Predicate.SURFACE: "surface",
    Predicate.RASTER: "raster",
    Predicate.QUALITY: "quality",
}
_BETWEEN_LAYERS = (Predicate.OVERLAP, Predicate.OUTSIDE, Predicate.SURFACE, Predicate.RASTER)
_OF_PAIRS = ("differ", "pair", "suits", "except")
_MEANT_FOR = {
    "without": (Predicate.OUTSIDE,),
    "container": (Predicate.OUTSIDE,),
    "min_area_m2": (Predicate.OVERLAP, Predicate.OUTSIDE),
    "min_width_m": (Predicate.OVERLAP, Predicate.OUTSIDE),
    "required": _NUMBERS,
    "by_hand": _NUMBERS,
    "sense": _NUMBERS,
    "block": (Predicate.SETBACK, Predicate.RATIO, Predicate.CLASS, Predicate.RASTER),
    "unit": (Predicate.FIGURE, Predicate.RASTER),
    "sigma": (Predicate.FIGURE, Predicate.SURFACE),
    **{key: (predicate,) for predicate, key in _NEEDED.items()},
}


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
    differ
        Of rules between layers: the attributes, left and right, that differ in so many first characters where the rule is
        about a pair.
    pair
        Of rules between layers: what holds of the attributes of both (``a.…``, ``b.…``) where the rule is about a pair.
    suits
        Of rules between layers: which uses suit each other; the rule is about pairs that do not.
    excused
        Of rules between layers: the features whose ground is no conflict.
    min_area_m2, min_width_m
        What lies below either is measured and marked, and no conflict.
    required, sense
        How much is required, and whether at least or at most that; None: the city has to say.
    by_hand
        What a person has to check as long as it is not said how much is required.
    block
        The layer of planning blocks whose attributes the requirement reads; a subject's block is the one that it
        shares most ground with.
    edges
        How a ``setback`` rule tells the sides of a site apart.
    figure, unit, sigma
        The number that a ``figure`` rule is about (``footprint.height_m``, ``match.iou``), its unit (UCUM; ``1`` for none),
        and its standard deviation; of a ``surface`` rule that of the heights, in metres.
    ratio, comparison, match, surface, reading, quality
        What a ``ratio`` rule divides by what, and what ``class``, ``match``, ``surface``, ``raster`` and ``quality`` rules
        look at.
    alternatives
        Whether of several layers the first that is loaded counts, and the others only where it is not.
    spaces
        The kinds of space that the rule is about (``surface``, ``underground``); empty: all.
    divisions
        Where it applies: division codes, or the digits that they begin with; empty: everywhere.
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
    differ: Differ | None = None
    pair: Filter | None = None
    suits: Suits | None = None
    excused: Selection | None = None
    min_area_m2: float = 0.0
    min_width_m: float = 0.0
    required: Requirement | None = None
    sense: Sense = Sense.AT_LEAST
    by_hand: Text | None = None
    block: str = ""
    edges: Edges | None = None
    figure: str = ""
    unit: str = "m"
    sigma: float = 0.0
    ratio: Ratio | None = None
    comparison: Comparison | None = None
    match: Match | None = None
    surface: Surface | None = None
    reading: Reading | None = None
    quality: Quality | None = None
    alternatives: bool = False
    spaces: tuple[str, ...] = ()
    handling: Text | None = None
    divisions: tuple[str, ...] = ()
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    confirmed_by: str = ""

    @property
    def advisory(self) -> bool:
        """Whether the rule only advises.

        It does while nobody has confirmed a basis of general knowledge or a proposal, or the crosswalk or the matrix that
        it reads.
        """
        crosswalks = [side.crosswalk for side in (self.a, self.b) if side is not None]
        matrices = [each.matrix for each in (self.suits, self.comparison) if each is not None]
        proposed = any(read is not None and not read.signed_off_by for read in (*crosswalks, *matrices))
        return (proposed or self.confidence in {Confidence.K, Confidence.P}) and not self.confirmed_by

    @property
    def shown_severity(self) -> Severity:
        """The severity that a finding may carry: an advisory rule warns, and never prohibits."""
        hard = {Severity.PROHIBIT, Severity.APPROVAL, Severity.RESTRICT, Severity.REJECT, Severity.COORDINATE}
        return Severity.WARN if self.advisory and self.severity in hard else self.severity

    @property
    def layers(self) -> tuple[str, ...]:
        """The codes of all layers that the rule looks at, each once."""
        sides = [side for side in (self.a, self.b, self.excused) if side is not None]
        named = [*(code for side in sides for code in side.layers), self.block]
        named += [self.ratio.others] if self.ratio else []
        named += [self.surface.terrain] if self.surface else []
        beside = self.edges.beside if self.edges else ()
        named += [code for _, codes in beside for code in codes]
        return tuple(dict.fromkeys(code for code in named if code and code != FOOTPRINT))

    @property
    def reach_m(self) -> float:
        """How far around a subject the features of ``b`` matter; infinity where the rule does not say."""
        return self.required.up_to if self.predicate is Predicate.DISTANCE and self.required else 0.0

    def applies_in(self, division: str) -> bool:
        """Return whether the rule applies in a division, given by its code."""
        return not self.divisions or division.startswith(self.divisions)

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
        raise RuleError(explain("rule_twice"), file=", ".join(s.name for s in sheets), rule=twice[0], key="id")
    return tuple(sorted(rules, key=lambda rule: rule.id))


def read_rules(text: str, *, file: str, crosswalk: Crosswalk | None = None) -> tuple[Rule, ...]:
    """Return the rules of one TOML text, in its order.

    Parameters
    ----------
    file
        The name that errors give.
    crosswalk
        Where ``land_class`` comes from; None: the one that comes with the software, a proposal.

    Raises
    ------
    RuleError
        The text is no TOML, or a rule has a key that is unknown, missing or wrong.
    """
    seed = seed_vocabulary()
    used = seed if crosswalk is None else replace(seed, crosswalk=crosswalk)
    return tuple(read_rule(row, file, number, used) for number, row in enumerate(read_rows(text, file=file), start=1))


def read_rows(text: str, *, file: str) -> list[object]:
    """Return the tables of the rules of one TOML text as they stand there; see `read_rules`."""
    document = read_table(text, file=file)
    rows: list[object] = document.take("rule", list)
    document.refuse_rest()
    return rows


def rules_in_force(rules: Iterable[Rule], as_of: dt.date | None, *, division: str | None = None) -> tuple[Rule, ...]:
    """Return the rules that hold on a day and in a division, in their order; without either, on any day, anywhere."""
    return tuple(
        rule
        for rule in rules
        if (as_of is None or rule.holds_on(as_of)) and (division is None or rule.applies_in(division))
    )


def read_rule(row: object, file: str, number: int, vocabulary: Vocabulary) -> Rule:
    """Return the rule of one table; ``file`` and ``number`` are what errors name."""
    rule_id = Table(row, file=file, rule=f"no. {number}").take("id", str)
    table = Table(row, file=file, rule=rule_id)
    rule = Rule(
        id=table.take("id", str),
        title=table.take_text("title"),
        a=_read_selection(table.take_table("a"), vocabulary) if table.has("a") else None,
        b=_read_selection(table.take_table("b"), vocabulary),
        predicate=table.take_choice("predicate", Predicate),
        severity=table.take_choice("severity", Severity),
        basis=tuple(_read_basis(row) for row in table.take_tables("basis")),
        confidence=table.take_choice("confidence", Confidence),
        without=table.take_choice("without", Without, default=Without.FAIL),
        container=table.take_choice("container", Container, default=Container.UNION),
        differ=table.take_part("differ", read_differ),
        pair=take_filter(table, "pair"),
        suits=table.take_part("suits", lambda part: read_suits(part, vocabulary)),
        excused=table.take_part("except", lambda part: _read_selection(part, vocabulary)),
        min_area_m2=table.take_amount("min_area_m2"),
        min_width_m=table.take_amount("min_width_m"),
        required=read_requirement(table),
        sense=table.take_choice("sense", Sense, default=Sense.AT_LEAST),
        by_hand=table.take_text("by_hand") if table.has("by_hand") else None,
        block=take_layers(table, "block")[0] if table.has("block") else "",
        edges=table.take_part("edges", read_edges),
        figure=table.take("figure", str, default=""),
        unit=table.take("unit", str, default="m"),
        sigma=table.take_amount("sigma"),
        ratio=table.take_part("ratio", read_ratio),
        comparison=table.take_part("class", lambda part: read_comparison(part, vocabulary)),
        match=table.take_part("match", read_match),
        surface=table.take_part("surface", read_surface),
        reading=table.take_part("raster", read_reading),
        quality=table.take_part("quality", read_quality),
        alternatives=table.take("alternatives", bool, default=False),
        spaces=take_names(table, "spaces"),
        handling=table.take_text("handling") if table.has("handling") else None,
        divisions=take_names(table, "divisions"),
        valid_from=table.take_day("valid_from"),
        valid_to=table.take_day("valid_to"),
        confirmed_by=table.take("confirmed_by", str, default=""),
    )
    table.refuse_rest()
    _check_together(rule, table)
    return rule


def _check_together(rule: Rule, table: Table) -> None:
    for key, meant in _MEANT_FOR.items():
        if table.has(key) and rule.predicate not in meant:
            table.refuse(key, "other_predicate", meant=", ".join(meant))
    needed = _NEEDED.get(rule.predicate)
    if needed is not None and not table.has(needed):
        table.refuse(needed, "predicate_needs", predicate=rule.predicate)
    if rule.predicate is Predicate.DISTANCE and rule.required and math.isinf(rule.required.up_to):
        table.refuse("up_to", "no_reach")
    if rule.valid_from and rule.valid_to and rule.valid_to <= rule.valid_from:
        table.refuse("valid_to", "days_reversed", valid_to=rule.valid_to, valid_from=rule.valid_from)
    _check_sides(rule, table)


def _check_sides(rule: Rule, table: Table) -> None:
    for key in _OF_PAIRS:
        if table.has(key) and (rule.a is None or rule.predicate is not Predicate.OVERLAP):
            table.refuse(key, "pairs_only")
    if (FOOTPRINT in rule.b.layers) != (rule.predicate is Predicate.QUALITY):
        table.refuse("b", "footprint_word", word=FOOTPRINT, predicate=Predicate.QUALITY)
    if rule.a is None:
        return
    if (len(rule.a.layers), len(rule.b.layers)) != (1, 1):
        table.refuse("b", "one_with_one")
    if rule.predicate not in _BETWEEN_LAYERS:
        table.refuse("predicate", "footprints_only", predicate=rule.predicate)


def _read_selection(table: Table, vocabulary: Vocabulary) -> Selection:
    codes = take_layers(table, "layer" if table.has("layer") else "layers", footprint=True)
    names = table.take_table("names") if table.has("names") else None
    aliases = {name: take_names(names, name) for name in names.keys} if names else {}
    where, known = take_filter(table), take_filter(table, "known")
    if known is not None and where is None:
        table.refuse("known", "only_beside", beside="where")
    reads_class = where is not None and LAND_CLASS in where.properties
    selection = Selection(codes, where, known, aliases, vocabulary.crosswalk if reads_class else None)
    table.refuse_rest()
    return selection


def _read_basis(table: Table) -> Basis:
    basis = Basis(table.take("doc", str), table.take("article", str, default=""))
    table.refuse_rest()
    return basis
