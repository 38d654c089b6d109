"""Same building? A delivery's footprints against the known ones: the shift of the whole, groups, and how sure each is."""

from registry.relating.errors import SurveyError
from registry.relating.independence import Groups, independent_groups
from registry.relating.joined import joined_shift
from registry.relating.relate import estimate_shift, relate
from registry.relating.relations import (
    KINDS,
    Evidence,
    Relating,
    RelatingSettings,
    Relation,
    Shift,
    explain,
)

__all__ = [
    "KINDS",
    "Evidence",
    "Groups",
    "Relating",
    "RelatingSettings",
    "Relation",
    "Shift",
    "SurveyError",
    "estimate_shift",
    "explain",
    "independent_groups",
    "joined_shift",
    "relate",
]
