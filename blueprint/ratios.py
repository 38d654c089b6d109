"""Ratios of a site: ground built on, floor area and green space, over the area that its permit states.

What stands on a site is what is asked about together with the other buildings there. Where those are not all known, the
ratio is a lower bound: it can exceed a ceiling for sure, and keep it no more than maybe.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.containers import block_contexts, doubt_containers, find_containers
from blueprint.cutting import cut, unite
from blueprint.figures import number_of
from blueprint.layer_state import Ground, LayerState, select_ground
from blueprint.outcomes import Finding, Measure
from blueprint.questions import Asked, Question
from blueprint.readings import Doubt, Readings, Source, conclude
from blueprint.reasons import explain
from blueprint.requirements import Bounds
from blueprint.rules import Ratio, Selection, Sense

__all__ = ["area_sigma_m2", "measure_ratios"]

Geometries: TypeAlias = NDArray[np.object_]

_MOSTLY = 0.5  # of a building's ground: it stands on the site


class _Amount(NamedTuple):
    """What is on a site: so much in square metres, give or take, and whether there may be more."""

    m2: float
    sigma_m2: float
    complete: bool


def measure_ratios(asked: Asked, question: Question) -> list[Finding]:
    """Return the findings of a rule about a ratio; subjects on one site share its number."""
    rule, _, state = question[:3]
    assert state is not None  # or the engine would not have asked
    assert rule.required is not None
    assert rule.ratio is not None
    subjects, ground = asked.subjects, select_ground(state, rule.b, asked.as_of)
    found, blocks = find_containers(subjects, ground), block_contexts(asked, question)
    doubts = doubt_containers(subjects, ground, state, found)
    amounts = _amounts(asked, question, ground, found.feature)
    rows, measured, sigma, bounds, amount_of = [], [], [], [], {}
    for row in found.rows().tolist():
        site = int(found.feature[row])
        context = {**ground.context(site), **subjects.context(row), **blocks[row]}
        area_m2, amount = number_of(context, rule.ratio.area), amounts[site]
        if area_m2 is None or area_m2 <= 0 or amount is None:
            missing = rule.ratio.of if amount is None else rule.ratio.area
            doubts.setdefault(row, Doubt(explain("figure_missing", attribute=missing)))
            continue
        rows.append(row)
        measured.append(amount.m2 / area_m2)
        sigma.append(amount.sigma_m2 / area_m2)
        bounds.append(_open(rule.required.bounds(context), amount, rule.sense))
        amount_of[row] = amount
    sites = found.feature[np.array(rows, dtype=np.intp)]
    readings = Readings.of(rows, sites, measured, bounds, np.array(sigma))
    source = Source(question, subjects.ids, lambda k: ground.feature(int(sites[k])), unit="1", every=True)
    findings = conclude(source, readings, doubts)
    for row, amount in amount_of.items():
        findings[row] = _with_both_areas(findings[row], amount, ground.geometry[found.feature[row]].area)
    return findings


def area_sigma_m2(geometry: Any, sigma_m: float) -> float:
    """Return the standard deviation of a polygon's area whose vertices are each so uncertain, in each direction.

    From the shoelace formula: sigma / 2 times the root of the sum of the squared diagonals around each vertex.
    """
    squares_m2 = 0.0
    for ring in shapely.get_rings(shapely.get_parts(geometry)):
        xy = shapely.get_coordinates(ring)[:-1]
        squares_m2 += float(((np.roll(xy, -1, axis=0) - np.roll(xy, 1, axis=0)) ** 2).sum())
    return sigma_m / 2 * math.sqrt(squares_m2)


def _open(bounds: Bounds, amount: _Amount, sense: Sense) -> Bounds:
    """Return the bounds of what is required so that what is not known of the amount leaves the rule open."""
    if amount.complete:
        return bounds
    return Bounds(-math.inf, bounds.high) if sense is Sense.AT_MOST else Bounds(bounds.low, bounds.low)


def _amounts(asked: Asked, question: Question, ground: Ground, site_of: NDArray[np.intp]) -> dict[int, _Amount | None]:
    """Return the amount on each site that a subject stands on; None where an attribute is missing."""
    ratio, subjects = question.rule.ratio, asked.subjects
    assert ratio is not None
    spaces, standing = question.rule.spaces, _find_standing(asked, question)
    amounts: dict[int, _Amount | None] = {}
    by_site: dict[int, list[int]] = {}
    for row in np.flatnonzero(site_of >= 0).tolist():
        mine = by_site.setdefault(int(site_of[row]), [])
        if not spaces or subjects.context(row).get("footprint.space", spaces[0]) in spaces:
            mine.append(row)
    for site, rows in by_site.items():
        if ratio.of.startswith("site."):
            number = number_of(ground.context(site), ratio.of.removeprefix("site."))
            amounts[site] = None if number is None else _Amount(number, 0.0, complete=True)
        elif not rows:  # nothing asked about here is of the kind that the rule is about
            amounts[site] = None
        else:
            key = ("others", ratio.others, ground.ids[site], *rows)
            others = subjects.kept.once(key, partial(_others, asked, standing, ground.geometry[site], rows))
            measured = _built_on(asked, ground.geometry[site], rows, others) if ratio.of == "ground" else None
            amounts[site] = measured or _sum(asked, ratio, rows, others)
    return amounts


class _Standing(NamedTuple):
    """The layer of other buildings; nothing where the rule names none, no state where it is not loaded."""

    wanted: bool
    state: LayerState | None
    ground: Ground | None
    tree: shapely.STRtree | None


def _find_standing(asked: Asked, question: Question) -> _Standing:
    ratio = question.rule.ratio
    assert ratio is not None
    state = question.layer_on(ratio.others, asked.as_of)
    if state is None:
        return _Standing(bool(ratio.others), None, None, None)
    ground = select_ground(state, Selection((ratio.others,)), asked.as_of)
    return _Standing(True, state, ground, shapely.STRtree(ground.usable()))


class _Others(NamedTuple):
    """Other buildings on a site: their ground, what is known of each, and whether they are all."""

    geometry: Geometries
    contexts: Sequence[Mapping[str, Any]]
    complete: bool


def _others(asked: Asked, standing: _Standing, site: Any, rows: Sequence[int]) -> _Others:
    """Return the other buildings that stand mostly on a site."""
    _, state, ground, tree = standing
    if state is None or ground is None or tree is None:
        return _Others(np.empty(0, dtype=object), [], complete=not standing.wanted)
    near, footprints = np.sort(tree.query(site, predicate="intersects")), asked.subjects.geometry[list(rows)]
    near = near[_share_within(ground.geometry[near], site) > _MOSTLY]
    near = near[_share_within(ground.geometry[near], unite(footprints)) <= _MOSTLY]
    complete = _is_known_on(state, site, footprints) and not ground.unusable_near(site)
    return _Others(ground.geometry[near], [ground.context(i) for i in near.tolist()], complete=complete)


def _share_within(buildings: Geometries, area: Any) -> NDArray[np.float64]:
    inside = cut(buildings, np.full(len(buildings), area, dtype=object), outside=False).inside
    return np.asarray(shapely.area(inside) / shapely.area(buildings))


def _is_known_on(state: LayerState, site: Any, footprints: Geometries) -> bool:
    """Return whether all features on a site are at hand: it is complete there, and loaded as far as the site reaches."""
    if state.complete is None or not shapely.covers(state.complete, site):
        return False
    if state.around is not None and shapely.covers(state.around, site):
        return True
    corners = shapely.points(shapely.get_coordinates(site))
    farthest_m = float(shapely.distance(corners[:, None], footprints[None, :]).min(axis=1).max())
    return farthest_m <= state.reach_m


def _built_on(asked: Asked, site: Any, rows: Sequence[int], others: _Others) -> _Amount:
    """Return the ground on a site that buildings stand on, each square metre once."""
    together = unite(np.concatenate([asked.subjects.geometry[list(rows)], others.geometry]))
    here = cut(np.array([together], dtype=object), np.array([site], dtype=object), outside=False).inside[0]
    return _Amount(float(shapely.area(here)), area_sigma_m2(here, asked.accuracy_m), complete=others.complete)


def _sum(asked: Asked, ratio: Ratio, rows: Sequence[int], others: _Others) -> _Amount | None:
    """Return the sum of an attribute over the buildings on a site; None where no subject states it."""
    mine = [number_of(asked.subjects.context(row), ratio.of) for row in rows]
    theirs = [number_of(context, ratio.others_attribute) for context in others.contexts]
    if all(number is None for number in mine):
        return None
    known = [number for number in (*mine, *theirs) if number is not None]
    return _Amount(math.fsum(known), 0.0, complete=others.complete and len(known) == len(mine) + len(theirs))


def _with_both_areas(finding: Finding, amount: _Amount, gis_m2: float) -> Finding:
    """Return the finding with the ratio over the area of the drawn site beside that over the permit's."""
    if not finding.measures:
        return finding
    permit = finding.measures[0]._replace(label="permit_area")
    return replace(finding, measures=(permit, Measure("gis_area", None, amount.m2 / gis_m2, permit.required, None)))
