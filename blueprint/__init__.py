"""The one blueprint: rules, overlay, findings of footprints and conflicts between layers. Frames in, frames out."""

from blueprint.certainty import Certainty, combine_accuracies
from blueprint.conflicts import Unevaluated, find_conflicts, list_unevaluated
from blueprint.crosswalk import Crosswalk, LandClass, load_crosswalk, read_crosswalk
from blueprint.errors import BlueprintError, FilterError, FrameCrsError, FrameError, RuleError
from blueprint.filters import Filter, compile_filter
from blueprint.findings import find_findings
from blueprint.layer_state import Edition, Feature, LayerState
from blueprint.linting import RuleFault, lint_rules
from blueprint.outcomes import Finding, Measure, Outcome, Verdict, verdict, worst
from blueprint.overlay import measure_outside, measure_overlaps
from blueprint.rule_sets import RuleSet, load_rule_set
from blueprint.rules import Basis, Rule, Severity, load_rules, read_rules, rules_in_force
from blueprint.updating import ConflictDelta, list_changed, standing_conflicts, update_conflicts
from layers.widths import measure_widths

__all__ = [
    "Basis",
    "BlueprintError",
    "Certainty",
    "ConflictDelta",
    "Crosswalk",
    "Edition",
    "Feature",
    "Filter",
    "FilterError",
    "Finding",
    "FrameCrsError",
    "FrameError",
    "LandClass",
    "LayerState",
    "Measure",
    "Outcome",
    "Rule",
    "RuleError",
    "RuleFault",
    "RuleSet",
    "Severity",
    "Unevaluated",
    "Verdict",
    "combine_accuracies",
    "compile_filter",
    "find_conflicts",
    "find_findings",
    "lint_rules",
    "list_changed",
    "list_unevaluated",
    "load_crosswalk",
    "load_rule_set",
    "load_rules",
    "measure_outside",
    "measure_overlaps",
    "measure_widths",
    "read_crosswalk",
    "read_rules",
    "rules_in_force",
    "standing_conflicts",
    "update_conflicts",
    "verdict",
    "worst",
]
