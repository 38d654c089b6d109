"""The linter of rules: what is doubtful in a set of rules that can be read, before anything is evaluated."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from blueprint.crosswalk import LAND_CLASS
from blueprint.filters import Filter
from blueprint.rules import Rule, Selection, Severity
from geocode.faults import Fault, Text, read_sentences
from layers.catalogue_entries import Catalogue

__all__ = ["RuleFault", "lint_rules"]

_EVERYWHERE = {"name", "class_code", LAND_CLASS, "edge"}
_PREFIXES = ("footprint.", "match.", "site.", "raster.")
_BLOCK = "block."
_HARD = {Severity.PROHIBIT, Severity.APPROVAL, Severity.RESTRICT, Severity.REJECT, Severity.COORDINATE}


class RuleFault(NamedTuple):
    """What is doubtful in one rule."""

    rule: str
    fault: Fault


def lint_rules(rules: Sequence[Rule], catalogue: Catalogue) -> list[RuleFault]:
    """Return what is doubtful, by rule: unknown layers and attributes, no basis, limit or matrix, unconfirmed, duplicate."""
    first: dict[Rule, str] = {}
    found = []
    for rule in rules:
        found += [RuleFault(rule.id, fault) for fault in _lint(rule, catalogue)]
        other = first.setdefault(_content(rule), rule.id)
        if other != rule.id:
            found.append(RuleFault(rule.id, _fault("duplicate", other=other)))
    return found


def _lint(rule: Rule, catalogue: Catalogue) -> Iterator[Fault]:
    unknown = [code for code in rule.layers if code not in catalogue]
    yield from (_fault("unknown_layer", layer=code) for code in unknown)
    yield from (
        _fault("unknown_attribute", layer=code, attribute=name)
        for code, name in dict.fromkeys(_attributes(rule))
        if code in catalogue and name not in _known(code, catalogue)
    )
    if not any(basis.doc.strip() for basis in rule.basis):
        yield _fault("no_basis")
    if rule.required is None and rule.by_hand is None and rule.predicate.needs_number:
        yield _fault("no_threshold")
    for name, given in _lists(rule):
        if name and not given:
            yield _fault("no_list", name=name)
    if rule.advisory and rule.severity in _HARD:
        yield _fault("unconfirmed", severity=rule.severity, confidence=rule.confidence)


def _lists(rule: Rule) -> Iterator[tuple[str, object]]:
    """Yield the names of the matrices and lists of words that a rule reads, each with what there is of it."""
    if rule.suits is not None:
        yield rule.suits.name, rule.suits.matrix
    if rule.comparison is not None:
        yield rule.comparison.matrix_name, rule.comparison.matrix
        yield rule.comparison.words_name, rule.comparison.words


def _attributes(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield each attribute that a rule reads, with a layer that it must be one of."""
    for side in (rule.a, rule.b):
        if side is not None:
            yield from _of_selection(side, _names(side.where) | _names(side.known))
    named = rule.required.properties if rule.required is not None else frozenset[str]()
    if rule.comparison is not None:
        named |= {rule.comparison.of, rule.comparison.against}
    yield from _of_selection(rule.b, named)
    yield from ((rule.block, name[len(_BLOCK) :]) for name in named if name.startswith(_BLOCK))
    if rule.a is not None:
        yield from _of_pair(rule, rule.a)


def _of_pair(rule: Rule, a: Selection) -> Iterator[tuple[str, str]]:
    """Yield the attributes by which a rule between layers tells its pairs, and those that it measures."""
    for pair in (rule.differ, rule.suits):
        if pair is not None:
            yield from ((a.layers[0], pair.a), (rule.b.layers[0], pair.b))
    prefixed = set(_names(rule.pair)) | ({rule.surface.height} if rule.surface is not None else set())
    for side, prefix in ((a, "a."), (rule.b, "b.")):
        yield from _of_selection(side, {name[len(prefix) :] for name in prefixed if name.startswith(prefix)})


def _of_selection(side: Selection, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in sorted(names):
        if name not in _EVERYWHERE and name not in side.names and not name.startswith((*_PREFIXES, _BLOCK)):
            yield from ((code, name) for code in side.layers)


def _names(where: Filter | None) -> frozenset[str]:
    return where.properties if where is not None else frozenset()


def _known(code: str, catalogue: Catalogue) -> frozenset[str]:
    """Return the attributes of a layer: the catalogue notes values in brackets, and alternatives with a bar."""
    texts = catalogue.layer(code).key_attributes
    return frozenset(name.strip() for text in texts for name in re.sub(r"\(.*", "", text).split("|"))


def _content(rule: Rule) -> Rule:
    """Return a rule without what tells it from another that says the same."""
    return replace(rule, id="", title=Text("", ""), handling=None, basis=(), confirmed_by="")


def _fault(kind: str, **values: Any) -> Fault:
    return read_sentences("blueprint", "linting.toml").fault(kind, **values)
