"""Which pairs of features a rule between layers is about, by what their attributes say of each other."""

from collections.abc import Mapping
from typing import Any

from blueprint.outcomes import Outcome
from blueprint.rules import Rule
from blueprint.vocabulary import Fit

__all__ = ["list_pair_attributes", "pair_outcome"]

_OUTCOMES = {Fit.ALLOWED: Outcome.NOT_APPLICABLE, Fit.CONDITIONAL: Outcome.MANUAL, Fit.FORBIDDEN: Outcome.FAIL}


def pair_outcome(rule: Rule, left: Mapping[str, Any], right: Mapping[str, Any]) -> Outcome:
    """Return what ground in common means for two features with these attributes.

    ``fail``: it breaks the rule; ``not_applicable``: the rule is not about the pair; ``manual``: a person has to look;
    ``not_evaluated``: the attributes do not tell.
    """
    if rule.differ is not None and not rule.differ.holds(left, right):
        return Outcome.NOT_APPLICABLE
    if rule.pair is not None:
        both = {f"a.{name}": value for name, value in left.items()} | {
            f"b.{name}": value for name, value in right.items()
        }
        matches = rule.pair.matches(both)
        if matches is not True:
            return Outcome.NOT_EVALUATED if matches is None else Outcome.NOT_APPLICABLE
    if rule.suits is None:
        return Outcome.FAIL
    fit = rule.suits.fit(left, right)
    return Outcome.NOT_EVALUATED if fit is None else _OUTCOMES[fit]


def list_pair_attributes(rule: Rule) -> str:
    """Return the attributes by which a rule tells its pairs, as a sentence lists them."""
    named = rule.pair.properties if rule.pair is not None else frozenset[str]()
    if rule.suits is not None:
        named |= {f"a.{rule.suits.a}", f"b.{rule.suits.b}"}
    return ", ".join(sorted(named))
