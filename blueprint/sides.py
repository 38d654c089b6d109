"""The sides of a site, and what each of them is: street, rail, water, rear or side."""

import itertools
from typing import NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.layer_state import Ground, LayerState, select_ground
from blueprint.questions import Asked, Question
from blueprint.rules import Selection

__all__ = ["REAR", "SIDE", "STREET", "Sides", "classify_sides", "list_sides"]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.intp]

STREET, REAR, SIDE = "street", "rear", "side"
_SAMPLES = np.array([0.1, 0.3, 0.5, 0.7, 0.9])  # along a side
_MOST = 3  # of them
_OPPOSITE = np.cos(np.radians(45.0))


class Sides(NamedTuple):
    """The sides of some sites: arrays of one length, in the order of the sites and of their rings.

    Attributes
    ----------
    site
        The position of the site among the features.
    number
        Which of the site's sides it is, from 0.
    line
        The side, from its start to its end, the site on its left.
    outward
        The unit vector that points away from the site.
    """

    site: Integers
    number: Integers
    line: NDArray[np.object_]
    outward: Floats


def list_sides(ground: Ground, sites: Integers) -> Sides:
    """Return the sides of these sites, of outer rings and holes alike."""
    polygons, of_polygon = shapely.get_parts(shapely.orient_polygons(ground.geometry[sites]), return_index=True)
    rings, of_ring = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    along = ring[1:] == ring[:-1]
    start, end = xy[:-1][along], xy[1:][along]
    step = end - start
    length = np.hypot(step[:, 0], step[:, 1])
    some = length > 0
    start, end, step, length = start[some], end[some], step[some], length[some]
    owner = of_polygon[of_ring[ring[:-1][along][some]]]
    first = np.searchsorted(owner, np.arange(len(sites)))
    outward = np.column_stack([step[:, 1], -step[:, 0]]) / length[:, None]
    lines = shapely.linestrings(np.stack([start, end], axis=1)) if len(start) else np.empty(0, dtype=object)
    return Sides(sites[owner], np.arange(len(owner)) - first[owner], lines, outward)


def classify_sides(
    asked: Asked, question: Question, ground: Ground, sides: Sides, farthest_m: Floats
) -> list[str | None]:
    """Return the class of each side; None where it is not known.

    A side belongs to the first class that it lies beside. Of the others, those that face away from the streets are the
    rear, the rest are sides.

    Parameters
    ----------
    farthest_m
        How far the farther end of each side is from the nearest footprint: features beyond a layer's reach are unknown.
    """
    edges = question.rule.edges
    assert edges is not None  # or the rule would not have been read
    classes = np.full(len(sides.site), None, dtype=object)
    unsure = np.zeros(len(classes), dtype=bool)
    for name, codes in edges.beside:
        for code in codes:
            state = question.layer_on(code, asked.as_of)
            beside = _lie_beside(asked, sides, state, edges.within_m)
            classes[beside & ~unsure & (classes == None)] = name  # noqa: E711 - of each element
            unsure |= ~_is_known(sides, state, farthest_m + edges.within_m) & (classes == None)  # noqa: E711
    _tell_rear(sides, classes, unsure)
    return _as_stated(edges.attribute, ground, sides, classes)


def _lie_beside(asked: Asked, sides: Sides, state: LayerState | None, within_m: float) -> NDArray[np.bool_]:
    """Return which sides have most of their length so near to a feature of a layer."""
    if state is None:
        return np.zeros(len(sides.line), dtype=bool)
    near = select_ground(state, Selection((state.code,)), asked.as_of, groundless=True)
    points = shapely.line_interpolate_point(sides.line[:, None], _SAMPLES[None, :], normalized=True)
    found = shapely.STRtree(near.usable()).query(points.ravel(), predicate="dwithin", distance=within_m)
    side = np.unique(found[0]) // len(_SAMPLES)
    return np.asarray(np.bincount(side, minlength=len(sides.line)) >= _MOST)


def _is_known(sides: Sides, state: LayerState | None, farthest_m: Floats) -> NDArray[np.bool_]:
    """Return which sides a layer is known beside."""
    if state is None or state.complete is None:
        return np.zeros(len(sides.line), dtype=bool)
    at_hand = farthest_m <= state.reach_m
    if state.around is not None:
        at_hand |= shapely.covers(state.around, sides.line)
    return np.asarray(shapely.covers(state.complete, sides.line) & at_hand)


def _tell_rear(sides: Sides, classes: NDArray[np.object_], unsure: NDArray[np.bool_]) -> None:
    """Tell rear from side among the sides that lie beside nothing; not on sites where a street may have been missed."""
    away = sides.outward * shapely.length(sides.line)[:, None]
    for first, end in itertools.pairwise((*np.unique(sides.site, return_index=True)[1].tolist(), len(sides.site))):
        mine = slice(first, end)
        if unsure[mine].any():
            continue
        front = away[mine][classes[mine] == STREET].sum(axis=0)
        behind = sides.outward[mine] @ front < -_OPPOSITE * np.hypot(*front)
        rest = classes[mine] == None  # noqa: E711 - of each element
        classes[mine][rest] = np.where(behind[rest], REAR, SIDE)


def _as_stated(attribute: str, ground: Ground, sides: Sides, classes: NDArray[np.object_]) -> list[str | None]:
    """Return the classes, those that a site states of all of its sides in their place."""
    if not attribute:
        return list(classes)
    stated = {
        site: str(ground.context(site).get(attribute) or "").split(",") for site in np.unique(sides.site).tolist()
    }
    count = np.bincount(sides.site)
    return [
        stated[site][number].strip() if len(stated[site]) == count[site] else classes[k]
        for k, (site, number) in enumerate(zip(sides.site.tolist(), sides.number.tolist(), strict=True))
    ]
