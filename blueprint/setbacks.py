"""Setbacks: how far a footprint stands from each side of its site, by the class of the side.

A single negative buffer of the site is wrong as soon as two sides differ. Where a footprint sticks out over a side, the
distance to it is minus how far it does.
"""

from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.certainty import combine_accuracies
from blueprint.containers import block_contexts, doubt_containers, find_containers
from blueprint.cutting import cut
from blueprint.layer_state import Ground, select_ground
from blueprint.outcomes import Finding
from blueprint.questions import Asked, Question
from blueprint.readings import Readings, Source, conclude
from blueprint.sides import Sides, classify_sides, list_sides

__all__ = ["measure_setbacks"]

Floats: TypeAlias = NDArray[np.float64]
Geometries: TypeAlias = NDArray[np.object_]
Integers: TypeAlias = NDArray[np.intp]


def measure_setbacks(asked: Asked, question: Question) -> list[Finding]:
    """Return the findings of a rule that asks for setbacks, one for each subject, each with a measure for every side.

    The site is the one that the subject shares most ground with; a subject on none has nothing to be set back from.
    """
    rule, _, state = question[:3]
    assert state is not None  # or the engine would not have asked
    assert rule.required is not None
    subjects, ground = asked.subjects, select_ground(state, rule.b, asked.as_of)
    sites = find_containers(subjects, ground)
    sides = list_sides(ground, np.unique(sites.feature[sites.rows()]))
    row, side = _pair(sites.rows(), sites.feature, sides)
    footprint, line = subjects.geometry[row], sides.line[side]
    measured, beyond = _signed_distances(row, side, subjects.geometry, ground, sides)
    classes = classify_sides(asked, question, ground, sides, _farthest(footprint, line, side, len(sides.line)))
    blocks = block_contexts(asked, question)
    site = sides.site[side]
    bounds = [
        rule.required.bounds({**ground.context(j), **subjects.context(i), **blocks[i], "edge": classes[k]})
        for i, j, k in zip(row.tolist(), site.tolist(), side.tolist(), strict=True)
    ]
    readings = Readings.of(row, side, measured, bounds, combine_accuracies(asked.accuracy_m, state.accuracy_m))

    def witness(k: int) -> Any:
        return beyond[row[k]] if measured[k] < 0 else shapely.shortest_line(footprint[k], line[k])

    source = Source(
        question,
        subjects.ids,
        feature=lambda k: ground.feature(int(site[k])),
        witness=witness,
        label=lambda k: classes[side[k]] or "",
        edge=lambda k: line[k],
        every=True,
    )
    return conclude(source, readings, doubt_containers(subjects, ground, state, sites))


def _pair(rows: Integers, site: Integers, sides: Sides) -> tuple[Integers, Integers]:
    """Return each subject with each side of its site."""
    first, end = (np.searchsorted(sides.site, site[rows], side=where) for where in ("left", "right"))
    count = end - first
    start = np.repeat(first - np.append(0, np.cumsum(count)[:-1]), count) if len(rows) else np.empty(0, dtype=np.intp)
    return np.repeat(rows, count), start + np.arange(count.sum())


def _signed_distances(
    row: Integers, side: Integers, footprints: Geometries, ground: Ground, sides: Sides
) -> tuple[Floats, dict[int, Any]]:
    """Return the distance of each pair in metres, negative by how far a footprint sticks out; and what of it does."""
    measured = shapely.distance(footprints[row], sides.line[side]).astype(float)
    first = np.flatnonzero(np.diff(row, prepend=-1))
    mine, site = footprints[row[first]], ground.geometry[sides.site[side[first]]]
    out = np.flatnonzero(~shapely.covers(site, mine))
    rest = cut(mine[out], site[out], inside=False).outside
    ends = np.append(first[1:], len(row))
    for k, ground_beyond in zip(out.tolist(), rest, strict=True):
        these = slice(first[k], ends[k])
        points = shapely.points(shapely.get_coordinates(ground_beyond))
        away_m = shapely.distance(points[:, None], sides.line[side[these]][None, :])
        depth_m = np.zeros(ends[k] - first[k])
        np.maximum.at(depth_m, away_m.argmin(axis=1), away_m.min(axis=1))
        measured[these] = np.where(depth_m > 0, -depth_m, measured[these])
    return measured, {int(row[first[k]]): each for k, each in zip(out.tolist(), rest, strict=True)}


def _farthest(footprint: Geometries, line: Geometries, side: Integers, count: int) -> Floats:
    """Return how far the farther end of each side is from the nearest of the footprints on its site, in metres."""
    ends_m = np.maximum(
        shapely.distance(footprint, shapely.get_point(line, 0)), shapely.distance(footprint, shapely.get_point(line, 1))
    )
    farthest_m = np.full(count, np.inf)
    np.minimum.at(farthest_m, side, ends_m)
    return farthest_m
