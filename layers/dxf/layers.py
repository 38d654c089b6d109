"""Which layers of a drawing hold buildings: told by their names, where surveyors' habits agree."""

import re
from collections.abc import Iterable

__all__ = ["building_layers", "likely_layers", "names_buildings"]

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
# whose texts are names, and nothing else that stands within buildings: what they are built of, storeys, heights
_NAMES = re.compile(r".*(?:(?:楼|幢|栋|建筑物?|房屋)(?:栋|幢)?(?:名|号)|(?:BUILDING|BLDG)[-_ ]?NAME).*", re.IGNORECASE)
_RED_LINE = re.compile(r"红线|RED_?LINE", re.IGNORECASE)


def likely_layers(names: Iterable[str]) -> frozenset[str]:
    """Return those of the names that layers of buildings bear; where none does, those that sites bear."""
    candidates = [name for name in names if not _BESIDE.search(name)]
    return building_layers(candidates) or frozenset(name for name in candidates if _SITES.fullmatch(name))


def building_layers(names: Iterable[str]) -> frozenset[str]:
    """Return those of the names that layers of buildings bear."""
    candidates = [name for name in names if not (_BESIDE.search(name) or _RED_LINE.search(name))]
    found = (frozenset(name for name in candidates if pattern.fullmatch(name)) for pattern in _BUILDINGS)
    return next(filter(None, found), frozenset())


def names_buildings(name: str) -> bool:
    """Return whether the texts of a layer are the names of buildings, by its own name."""
    return _NAMES.fullmatch(name) is not None
