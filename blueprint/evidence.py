"""What is measured of each footprint against the features of one layer, before any rule judges it."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from blueprint.certainty import NOISE_M
from blueprint.layer_state import Ground
from blueprint.overlay import ENGINE_MODES, Cut, Parts, cut, describe_unusable, list_parts, unite
from blueprint.rules import Container

__all__ = [
    "Evidence",
    "Own",
    "Subjects",
    "find_pairs",
    "gather_outside",
    "gather_overlap",
    "lies_within",
    "measure_margins",
    "take_subjects",
]

Pairs: TypeAlias = NDArray[np.intp]
Own: TypeAlias = Mapping[Hashable, Collection[tuple[str, Hashable]]]


@dataclass(frozen=True, slots=True)
class Subjects:
    """The footprints that are asked about: arrays of one length."""

    ids: NDArray[np.object_]
    geometry: NDArray[np.object_]
    unusable: NDArray[np.object_]

    def usable_rows(self) -> NDArray[np.intp]:
        """Return the positions of those that can be measured."""
        return np.flatnonzero(pd.isna(self.unusable))


class Evidence(NamedTuple):
    """The ground of each footprint that a rule is about, and where it comes from.

    Attributes
    ----------
    parts
        The ground that breaks the rule; the row of a part is the footprint's position.
    hits
        By footprint: the features (positions) that it shares ground with.
    undecided
        By footprint: those of which it is unknown whether the rule is about them, since attributes are missing.
    failed
        By footprint: those that could not be overlaid, with the reason.
    engine_mode
        By footprint: the coarsest mode of its overlays.
    """

    parts: Parts
    hits: dict[int, list[int]]
    undecided: dict[int, list[int]]
    failed: dict[int, list[tuple[int, str]]]
    engine_mode: dict[int, str]


def take_subjects(footprints: gpd.GeoDataFrame) -> Subjects:
    """Return the footprints of a frame."""
    geometry = footprints.geometry.to_numpy()
    return Subjects(footprints.index.to_numpy(dtype=object), geometry, describe_unusable(geometry))


def find_pairs(subjects: Subjects, ground: Ground, layer: str, own: Own) -> Pairs:
    """Return the pairs (n, 2) of footprint and feature that touch, in this order, but for a footprint's own features."""
    usable = subjects.usable_rows()
    found = shapely.STRtree(ground.usable()).query(subjects.geometry[usable], predicate="intersects")
    pairs: Pairs = np.column_stack([usable[found[0]], found[1]])
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    if not own:
        return pairs
    foreign = [(layer, ground.ids[j]) not in own.get(subjects.ids[i], ()) for i, j in pairs]
    return np.asarray(pairs[np.array(foreign, dtype=bool)])


def gather_overlap(subjects: Subjects, ground: Ground, pairs: Pairs) -> Evidence:
    """Return the ground that each footprint shares with the features together."""
    result = _cut_pairs(subjects, ground, pairs)
    parts = list_parts(result.inside)
    shares = np.zeros(len(pairs), dtype=bool)
    shares[parts.row] = True
    decided = ground.decided[pairs[:, 1]]
    hits = _by_footprint(pairs[shares & decided])
    several = {row for row, features in hits.items() if len(features) > 1}
    alone = decided[parts.row] & ~np.isin(pairs[parts.row, 0], list(several))
    united = {row: unite(result.inside[shares & decided & (pairs[:, 0] == row)]) for row in several}
    single = parts.take(alone)
    return Evidence(
        parts=_join(single._replace(row=pairs[single.row, 0]), _parts_of(united)),
        hits=hits,
        undecided=_by_footprint(pairs[shares & ~decided]),
        failed=_failures(pairs, result),
        engine_mode=_modes(pairs, result),
    )


def gather_outside(subjects: Subjects, ground: Ground, pairs: Pairs, container: Container) -> Evidence:
    """Return the ground of each footprint outside the features that it lies in; all of it where it lies in none."""
    result = _cut_pairs(subjects, ground, pairs)
    shares = _is_container(result)
    decided = ground.decided[pairs[:, 1]]
    held: NDArray[np.intp] = np.flatnonzero(shares & decided)
    if container is Container.LARGEST:
        held = _largest_of_each(held, pairs, result)
    hits = _by_footprint(pairs[held])
    modes = _modes(pairs, result)
    failed = _failures(pairs, result)
    outside: dict[int, Any] = {
        row: subjects.geometry[row] for row in subjects.usable_rows().tolist() if row not in hits
    }
    outside |= {int(pairs[k, 0]): result.outside[k] for k in held if len(hits[int(pairs[k, 0])]) == 1}
    for row, features in hits.items():
        if len(features) > 1:
            rest = _cut_one(subjects.geometry[row], unite(ground.geometry[features]))
            outside[row], modes[row] = rest.outside[0], rest.engine_mode[0] or modes[row]
            if rest.error[0] is not None:
                failed.setdefault(row, []).extend((feature, rest.error[0]) for feature in features)
    return Evidence(_parts_of(outside), hits, _by_footprint(pairs[shares & ~decided]), failed, modes)


def measure_margins(subjects: Subjects, ground: Ground, rows: NDArray[np.intp]) -> dict[int, float]:
    """Return the distance in metres from these footprints to the nearest feature that the rule is about, by row."""
    known = ground.usable()
    known[~ground.decided] = None
    tree = shapely.STRtree(known)
    found, distance_m = tree.query_nearest(subjects.geometry[rows], return_distance=True, all_matches=False)
    return {int(rows[k]): float(d) for k, d in zip(found[0], distance_m, strict=True)}


def lies_within(subjects: Subjects, area: Any) -> NDArray[np.bool_]:
    """Return whether each footprint lies within an area, all but dust of it; in none where there is no area."""
    within = np.zeros(len(subjects.ids), dtype=bool)
    if area is None:
        return within
    shapely.prepare(area)
    rows = subjects.usable_rows()
    within[rows] = shapely.covers(area, subjects.geometry[rows])
    near = rows[~within[rows]]
    rest = cut(subjects.geometry[near], np.full(len(near), area, dtype=object))
    within[near] = pd.isna(rest.error)
    within[near[list_parts(rest.outside).row]] = False
    return within


def _cut_pairs(subjects: Subjects, ground: Ground, pairs: Pairs) -> Cut:
    return cut(subjects.geometry[pairs[:, 0]], ground.geometry[pairs[:, 1]])


def _cut_one(left: Any, right: Any) -> Cut:
    return cut(np.array([left], dtype=object), np.array([right], dtype=object))


def _is_container(result: Cut) -> NDArray[np.bool_]:
    """Return which pairs share more than noise: a footprint does not stand on a site that its wall grazes."""
    sound = pd.isna(result.error)
    whole = sound & shapely.is_empty(result.outside)  # the usual case needs no width
    rest = np.flatnonzero(sound & ~whole)
    parts = list_parts(result.inside[rest])
    whole[rest[parts.row[parts.width_m > NOISE_M]]] = True
    return np.asarray(whole)


def _largest_of_each(held: NDArray[np.intp], pairs: Pairs, result: Cut) -> NDArray[np.intp]:
    """Return, of the pairs held, the one of each footprint with the largest overlap; the first of equals."""
    order = np.lexsort((held, -shapely.area(result.inside[held]), pairs[held, 0]))
    _, first = np.unique(pairs[held[order], 0], return_index=True)
    return held[order][first]


def _parts_of(by_row: Mapping[int, Any]) -> Parts:
    rows = np.array(sorted(by_row), dtype=np.intp)
    geometries = np.empty(len(rows), dtype=object)
    geometries[:] = [by_row[int(row)] for row in rows]
    parts = list_parts(geometries)
    return parts._replace(row=rows[parts.row])


def _join(a: Parts, b: Parts) -> Parts:
    joined = Parts(*(np.concatenate([x, y]) for x, y in zip(a, b, strict=True)))
    return joined.take(np.argsort(joined.row, kind="stable"))


def _by_footprint(pairs: Pairs) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = {}
    for row, feature in pairs.tolist():
        grouped.setdefault(row, []).append(feature)
    return grouped


def _failures(pairs: Pairs, result: Cut) -> dict[int, list[tuple[int, str]]]:
    failed: dict[int, list[tuple[int, str]]] = {}
    for k in np.flatnonzero(pd.notna(result.error)):
        failed.setdefault(int(pairs[k, 0]), []).append((int(pairs[k, 1]), result.error[k]))
    return failed


def _modes(pairs: Pairs, result: Cut) -> dict[int, str]:
    modes: dict[int, str] = {}
    for (row, _), mode in zip(pairs.tolist(), result.engine_mode, strict=True):
        if mode is not None:
            modes[row] = max(modes.get(row, mode), mode, key=ENGINE_MODES.index)
    return modes
