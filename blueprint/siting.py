"""Sites for a project: which candidates a hard rule rules out, how good the others are, and how sure their order is.

A score is the weighted mean of the factors' values, an interval where something is not known: the weight of a missing
layer stays where it is. Sites are ranked by what is certain, the low end. For each weight it is told exactly between
which bounds the first place stays, all other weights being as they are.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from blueprint.crosswalk import Crosswalk
from blueprint.edge_areas import shared_areas
from blueprint.edge_trees import prepare
from blueprint.findings import find_findings
from blueprint.layer_state import select_ground
from blueprint.outcomes import Finding, Outcome
from blueprint.rule_kinds import Selection, Severity
from blueprint.rules import Rule
from blueprint.site_factors import Factor, Interval, Measured, Surroundings, measure_factor, read_factor
from blueprint.tables import read_table

__all__ = [
    "Inherited",
    "Site",
    "SiteStatus",
    "Siting",
    "SitingProfile",
    "WeightRange",
    "choose_sites",
    "rank_ranges",
    "read_profile",
    "seed_profile_text",
    "weight_ranges",
]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.intp]
_DIGITS = 1e-12
_SHOWN_RANGES = 20  # places whose ranks are followed while weights vary


class SiteStatus(StrEnum):
    """What hard rules leave of a candidate: nothing against it, something not known, or a veto."""

    POSSIBLE = "possible"
    OPEN = "open"
    VETOED = "vetoed"


@dataclass(frozen=True, slots=True)
class SitingProfile:
    """What sites are judged by: factors, rules that are not about sites, layers that a project inherits."""

    factors: tuple[Factor, ...]
    skipped_rules: tuple[str, ...]
    inherited: tuple[str, ...]


class Inherited(NamedTuple):
    """What a regional assessment has on a site: a feature, its class, and its share; no feature: nothing is known."""

    layer: str
    feature: Any
    class_code: str | None
    share: float


class WeightRange(NamedTuple):
    """Between which weights of a factor, the others being as they are, the first place stays; `high` may be infinite."""

    factor: str
    weight: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Site:
    """A candidate and what was found of it.

    Attributes
    ----------
    vetoes
        The hard rules that it breaks for sure.
    doubts
        Hard rules that were not evaluated, or that it breaks within the accuracy.
    advice
        What other rules it breaks.
    score
        Low and high; ``values`` by factor, and what was measured, ``measures``.
    rank
        From 1 by the low score; None where it is vetoed. ``rank_best`` and ``rank_worst``: while one weight at a time
        varies; None beyond the first places.
    """

    id: Any
    status: SiteStatus
    vetoes: tuple[Finding, ...]
    doubts: tuple[Finding, ...]
    advice: tuple[Finding, ...]
    score: tuple[float, float]
    values: Mapping[str, tuple[float, float]]
    measures: Mapping[str, tuple[float, float]]
    inherited: tuple[Inherited, ...]
    rank: int | None = None
    rank_best: int | None = None
    rank_worst: int | None = None


class Siting(NamedTuple):
    """The candidates in the order of their ranks, the vetoed last; and what holds for all of them.

    Attributes
    ----------
    weights
        The range of each weight.
    missing
        By factor, the layers that are missing.
    challengers
        The ids of sites that may be better than the first, given what is not known.
    """

    sites: tuple[Site, ...]
    weights: tuple[WeightRange, ...]
    missing: Mapping[str, tuple[str, ...]]
    challengers: tuple[Any, ...]


@cache
def seed_profile_text() -> str:
    """Return the TOML text of the profile that comes with the software."""
    return files("blueprint").joinpath("siting.toml").read_text(encoding="utf-8")


def read_profile(text: str, *, file: str, crosswalk: Crosswalk) -> SitingProfile:
    """Return the profile of a TOML text; ``file`` is the name that errors give.

    Raises
    ------
    RuleError
        It is no TOML, or a key is unknown, missing or wrong.
    """
    table = read_table(text, file=file)
    factors = tuple(read_factor(row, crosswalk) for row in table.take_tables("factor"))
    names = [factor.id for factor in factors]
    if len(set(names)) < len(names):
        table.refuse("factor", "id_twice")
    if not sum(factor.weight for factor in factors):
        table.refuse("factor", "no_weight")
    skipped, inherited = (table.take_names(key) if table.has(key) else () for key in ("skipped_rules", "inherited"))
    table.refuse_rest()
    return SitingProfile(factors, skipped, inherited)


def choose_sites(  # noqa: PLR0913 - what, against what, and how
    candidates: gpd.GeoDataFrame,
    around: Surroundings,
    rules: Sequence[Rule],
    profile: SitingProfile,
    *,
    as_of: dt.date,
    accuracy_m: float,
    divisions: Sequence[str] | None = None,
    share: float = 0.2,
) -> Siting:
    """Return candidate sites by rank, with what speaks against them and what their order depends on.

    Parameters
    ----------
    candidates
        Valid polygons in a projected plane in metres, indexed by id.
    around
        The layers around them: as far as rules and factors look.
    rules
        Those about ground (``overlap``, ``outside``) that the profile does not skip are asked.
    accuracy_m
        The standard deviation of the candidates' positions.
    divisions
        The code of the division that each stands in; None: rules of all divisions apply.
    share
        By how much of itself each weight varies for `Site.rank_best` and `Site.rank_worst`.
    """
    asked = [rule for rule in rules if rule.predicate.measures_ground and rule.id not in profile.skipped_rules]
    by_site: dict[Any, list[Finding]] = {index: [] for index in candidates.index}
    where = pd.Series(list(divisions) if divisions else [""] * len(candidates), index=candidates.index, dtype=object)
    for division, rows in where.groupby(where):
        for finding in find_findings(
            candidates.loc[rows.index],
            around.layers,
            asked,
            as_of=as_of,
            footprint_accuracy_m=accuracy_m,
            division=division or None,
        ):
            by_site[finding.footprint].append(finding)
    sites = candidates.geometry.to_numpy()
    measured = [measure_factor(factor, sites, around) for factor in profile.factors]
    weights = np.array([factor.weight for factor in profile.factors])
    score = _score(measured, weights)
    inherited = _inherited(candidates, around, profile.inherited)
    found = [
        _site(index, by_site[index], measured, score, row, inherited[row]) for row, index in enumerate(candidates.index)
    ]
    return _rank(found, measured, weights, score, share)


def weight_ranges(values: Floats, weights: Floats, first: int) -> list[tuple[float, float]]:
    """Return for each weight the range over which a site stays first, exactly: no other site's sum exceeds its.

    Parameters
    ----------
    values
        (sites, factors): the values of sites.
    weights
        Under which the site is first.
    """
    ranges = []
    ahead = values[first] - values
    for k, weight in enumerate(weights.tolist()):
        rest = np.delete(ahead, k, axis=1) @ np.delete(weights, k)
        slope = ahead[:, k]
        with np.errstate(divide="ignore", invalid="ignore"):
            root = -rest / slope
        low = root[slope > _DIGITS].max(initial=0.0)
        high = root[slope < -_DIGITS].min(initial=np.inf)
        # sums that are equal but for their last digit do not end a range before it begins
        ranges.append((min(max(low, 0.0), weight), max(high, weight)))
    return ranges


def rank_ranges(values: Floats, weights: Floats, row: int, *, share: float) -> tuple[int, int]:
    """Return the best and the worst rank of a site while each weight by itself varies by a share of itself."""
    ahead = values[row] - values
    best, worst = len(values), 1
    for k, weight in enumerate(weights.tolist()):
        rest, slope = np.delete(ahead, k, axis=1) @ np.delete(weights, k), ahead[:, k]
        low, high = weight * (1 - share), weight * (1 + share)
        with np.errstate(divide="ignore", invalid="ignore"):
            roots = -rest / slope
        # ranks change where two sums cross, and nowhere else
        turns = np.unique(np.concatenate([[low, high], roots[(roots > low) & (roots < high)]]))
        tried = np.concatenate([turns, (turns[1:] + turns[:-1]) / 2])
        better = (rest + tried[:, np.newaxis] * slope < -_DIGITS).sum(axis=1)
        best, worst = min(best, int(better.min()) + 1), max(worst, int(better.max()) + 1)
    return best, worst


def _score(measured: Sequence[Measured], weights: Floats) -> Interval:
    low, high = (np.column_stack([getattr(each.value, end) for each in measured]) for end in ("low", "high"))
    return Interval(low @ weights / weights.sum(), high @ weights / weights.sum())


def _site(
    index: Any,
    findings: Sequence[Finding],
    measured: Sequence[Measured],
    score: Interval,
    row: int,
    inherited: tuple[Inherited, ...],
) -> Site:
    hard = [each for each in findings if each.severity is Severity.PROHIBIT and not each.advisory]
    vetoes = tuple(each for each in hard if each.outcome is Outcome.FAIL)
    doubts = tuple(each for each in hard if each.outcome not in {Outcome.FAIL, Outcome.PASS, Outcome.NOT_APPLICABLE})
    advice = tuple(
        each
        for each in findings
        if each.outcome.breaks and not (each.severity is Severity.PROHIBIT and not each.advisory)
    )
    status = SiteStatus.VETOED if vetoes else SiteStatus.OPEN if doubts else SiteStatus.POSSIBLE
    return Site(
        id=index,
        status=status,
        vetoes=vetoes,
        doubts=doubts,
        advice=advice,
        score=_pair(score, row),
        values={each.factor.id: _pair(each.value, row) for each in measured},
        measures={each.factor.id: _pair(each.measure, row) for each in measured},
        inherited=inherited,
    )


def _pair(interval: Interval, row: int) -> tuple[float, float]:
    return float(interval.low[row]), float(interval.high[row])


def _rank(
    sites: Sequence[Site], measured: Sequence[Measured], weights: Floats, score: Interval, share: float
) -> Siting:
    eligible = np.array([row for row, site in enumerate(sites) if site.status is not SiteStatus.VETOED], dtype=np.intp)
    order = eligible[np.lexsort((-score.high[eligible], -score.low[eligible]))]
    values = np.column_stack([each.value.low for each in measured])[order]
    ranked = []
    for place, row in enumerate(order.tolist()):
        best, worst = rank_ranges(values, weights, place, share=share) if place < _SHOWN_RANGES else (None, None)
        ranked.append(replace(sites[row], rank=place + 1, rank_best=best, rank_worst=worst))
    vetoed = [site for site in sites if site.status is SiteStatus.VETOED]
    ranges = weight_ranges(values, weights, 0) if len(order) else [(0.0, np.inf)] * len(weights)
    first_low = score.low[order[0]] if len(order) else 0.0
    return Siting(
        sites=(*ranked, *vetoed),
        weights=tuple(
            WeightRange(each.factor.id, each.factor.weight, *bounds)
            for each, bounds in zip(measured, ranges, strict=True)
        ),
        missing={each.factor.id: each.missing for each in measured if each.missing},
        challengers=tuple(sites[row].id for row in order[1:].tolist() if score.high[row] > first_low),
    )


def _inherited(candidates: gpd.GeoDataFrame, around: Surroundings, codes: Sequence[str]) -> list[tuple[Inherited, ...]]:
    """Return for each candidate what the assessments have on it, by layer and share."""
    found: list[list[Inherited]] = [[] for _ in range(len(candidates))]
    prepared, area_m2 = prepare(candidates.geometry.to_numpy()), candidates.geometry.area.to_numpy()
    for code in codes:
        state = around.layers.get(code)
        if state is None:
            continue
        ground = select_ground(state, Selection((code,)), around.as_of)
        shared = shared_areas(prepared, prepare(ground.usable()))
        for row, feature, shared_m2 in zip(
            shared.left.tolist(), shared.right.tolist(), shared.area_m2.tolist(), strict=True
        ):
            class_code = ground.class_codes[feature]
            share = min(shared_m2 / area_m2[row], 1.0)
            found[row].append(Inherited(code, ground.ids[feature], class_code, share))
    return [tuple(each) for each in found]
