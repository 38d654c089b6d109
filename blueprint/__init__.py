"""The one blueprint: rules, overlay, findings of footprints and conflicts between layers. Frames in, frames out."""

from blueprint.certainty import Certainty, combine_accuracies
from blueprint.conflicts import Unevaluated, find_conflicts, list_unevaluated
from blueprint.errors import BlueprintError, FilterError, FrameCrsError, FrameError, RuleError
from blueprint.filters import Filter, compile_filter
from blueprint.findings import find_findings
from blueprint.layer_state import Edition, Feature, LayerState
from blueprint.outcomes import Finding, Outcome, Verdict, verdict, worst
from blueprint.overlay import measure_outside, measure_overlaps
from blueprint.rules import Basis, Rule, Severity, load_rules, read_rules, rules_in_force
from blueprint.widths import measure_widths

__all__ = [
    "Basis",
    "BlueprintError",
    "Certainty",
    "Edition",
    "Feature",
    "Filter",
    "FilterError",
    "Finding",
    "FrameCrsError",
    "FrameError",
    "LayerState",
    "Outcome",
    "Rule",
    "RuleError",
    "Severity",
    "Unevaluated",
    "Verdict",
    "combine_accuracies",
    "compile_filter",
    "find_conflicts",
    "find_findings",
    "list_unevaluated",
    "load_rules",
    "measure_outside",
    "measure_overlaps",
    "measure_widths",
    "read_rules",
    "rules_in_force",
    "verdict",
    "worst",
]
