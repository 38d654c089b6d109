"""Which layers of a drawing hold buildings: told by their names, where surveyors' habits agree."""

import re
from collections.abc import Iterable

__all__ = ["likely_layers"]

# each is asked only where no layer bears a name of those before it; JMD is CASS's 居民地, the buildings
_BUILDINGS = (
    re.compile(r"(?:.*[-_$|])?(?:JMD|FWM?|JZW?)", re.IGNORECASE),
    re.compile(r".*(?:居民地|房屋|建筑|楼幢|幢|基底|BUILDING|BLDG|FOOTPRINT).*", re.IGNORECASE),
)
_SITES = re.compile(r".*(?:用地界|宗地|红线|REDLINE|RED_LINE|SITE|PARCEL).*", re.IGNORECASE)
# what is written beside buildings, or kept clear of them
_BESIDE = re.compile(
    r"标注|注记|文字|尺寸|填充|轴线|退让|退线|控制线|间距|TEXT|DIM|ANNO|HATCH|AXIS|(?:JMD|FW)ZJ", re.IGNORECASE
)
_RED_LINE = re.compile(r"红线|RED_?LINE", re.IGNORECASE)


def likely_layers(names: Iterable[str]) -> frozenset[str]:
    """Return those of the names that layers of buildings bear; where none does, those that sites bear."""
    candidates = [name for name in names if not _BESIDE.search(name)]
    without_red_lines = [name for name in candidates if not _RED_LINE.search(name)]
    for pattern, among in (*((pattern, without_red_lines) for pattern in _BUILDINGS), (_SITES, candidates)):
        found = frozenset(name for name in among if pattern.fullmatch(name))
        if found:
            return found
    return frozenset()
