"""What the generator plants: features of layers, surveyed buildings, and the cases whose results are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from generator.frame import Area
from generator.regions import Region


@dataclass(frozen=True, slots=True)
class Feature:
    """One row of a layer: its attributes by column name, and the days (ISO) it holds in law, the last one excluded.

    Attributes left out are filled in by the layer; a feature without a first day holds since its edition does.
    """

    layer: str
    name: str
    shape: Area
    attributes: Mapping[str, object] = field(default_factory=dict)
    valid_from: str | None = None
    valid_to: str | None = None


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One row of the survey delivery: a building set out on a site (the name of a GL3105 feature)."""

    name: str
    site: str
    shape: Area
    storeys: int = 6
    height_m: float = 18.6
    structure: str = "钢筋混凝土"
    purpose: str = "住宅"


@dataclass(frozen=True, slots=True)
class Case:
    """A result known by construction: the parts of an overlap (or of what lies outside) as ``(area_m2, width_m)``.

    ``left`` is the surveyed building of a rule R.. or the feature of the first layer of a rule C..; ``right`` the
    features of the other layer. No parts means that the rule is met; ``why`` then says what keeps it so.
    """

    key: str
    rule: str
    predicate: str
    layer: str
    left: str
    right: tuple[str, ...]
    zh: str
    en: str
    parts: tuple[tuple[float, float], ...] = ()
    why: str | None = None
    left_layer: str | None = None
    as_of: str = "2026-06-01"


@dataclass(frozen=True, slots=True)
class Spot:
    """All that is planted in one place, far enough from the others not to meet them."""

    regions: tuple[Region, ...] = ()
    features: tuple[Feature, ...] = ()
    surveyed: tuple[Surveyed, ...] = ()
    cases: tuple[Case, ...] = ()

    @classmethod
    def join(cls, spots: Iterable[Self]) -> Self:
        """Return one spot with everything of several, in their order."""
        spots = list(spots)
        return cls(
            regions=tuple(region for spot in spots for region in spot.regions),
            features=tuple(feature for spot in spots for feature in spot.features),
            surveyed=tuple(building for spot in spots for building in spot.surveyed),
            cases=tuple(case for spot in spots for case in spot.cases),
        )
