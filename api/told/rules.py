"""What is told of rules, and of what they find."""

from datetime import date, datetime
from typing import Any, NotRequired

from api.told.parts import Basis, FeatureName, Geometry, LayerName, Text, Told

__all__ = ["Finding", "Findings", "Rule", "RuleInFull", "Rules"]


class FindingMeasure(Told):
    """One of several things that a rule measured."""

    label: str
    outcome: str | None
    measured: float | None
    required: float | None
    margin: float | None


class FindingEdition(Told):
    """The edition that a finding rests on."""

    id: int
    title: str
    valid_from: date
    valid_to: date | None
    recorded_at: datetime
    currency: date | None
    outdated: Text | None


class Finding(Told):
    """The outcome of one rule for one footprint against one layer."""

    rule: str
    title: Text
    outcome: str
    severity: str
    advisory: bool
    area_m2: float | None
    ellipsoid_area_m2: float | None
    share: float | None
    width_m: float | None
    margin_m: float | None
    measured: float | None
    required: float | None
    margin: float | None
    unit: str
    measures: list[FindingMeasure]
    certainty: str | None
    reason: Text | None
    layer: LayerName
    features: list[FeatureName]
    edition: FindingEdition | None
    basis: list[Basis]
    confidence: str
    witness: Geometry | None


class Findings(Told):
    """What the blueprint says of a building's footprint."""

    code: str
    name: str | None
    as_of: date
    known_at: datetime | None
    verdict: str
    findings: list[Finding]
    attributes: dict[str, Any]
    rule_set: str
    run: NotRequired[str]
    sha256: NotRequired[str]


class RuleDoubt(Told):
    """What is doubtful in a rule, and what can be done."""

    kind: str
    text: Text
    remedy: Text


class Rule(Told):
    """A rule in short."""

    id: str
    title: Text
    of: str
    predicate: str
    layers: list[str]
    severity: str
    shown_severity: str
    advisory: bool
    basis: list[Basis]
    confidence: str
    confirmed_by: str | None
    divisions: list[str]
    valid_from: date | None
    valid_to: date | None
    changed: list[str]
    doubts: list[RuleDoubt]


class RuleInFull(Rule):
    """A rule with all that its file says."""

    content: dict[str, Any]


class Rules(Told):
    """The rules in force."""

    version: str
    file: str | None
    disabled: list[str]
    rules: list[Rule]
