"""Same building? A delivery's footprints against the known ones: the shift of the whole, groups, and how sure each is."""

from registry.relating.errors import SurveyError
from registry.relating.relate import relate
from registry.relating.relations import (
    KINDS,
    Evidence,
    Relating,
    RelatingSettings,
    Relation,
    Shift,
    explain,
)

__all__ = ["KINDS", "Evidence", "Relating", "RelatingSettings", "Relation", "Shift", "SurveyError", "explain", "relate"]
