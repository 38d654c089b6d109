"""What is measured of each footprint against the features of one layer, before any rule judges it."""

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.certainty import NOISE_M
from blueprint.cutting import ENGINE_MODES, Cut, cut, unite
from blueprint.kept import Kept
from blueprint.layer_state import Ground
from blueprint.rules import Container
from blueprint.usability import describe_unusable
from geocode.faults import are_sound
from layers.widths import RESOLUTION_M, measure_widths

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
    "wider_than",
]

Pairs: TypeAlias = NDArray[np.intp]
Own: TypeAlias = Mapping[Hashable, Collection[tuple[str, Hashable]]]

_NO_UNION = "The overlaps cannot be united, on no grid."


@dataclass(frozen=True, slots=True)
class Subjects:
    """The footprints that are asked about: arrays of one length.

    ``attributes`` says what is known of each: ``height_m``, ``floor_area_m2``, ``space`` and so on; rules read them under
    ``prefix``: those of footprints, or of the features that stand in their place.
    """

    ids: NDArray[np.object_]
    geometry: NDArray[np.object_]
    unusable: NDArray[np.object_]
    attributes: NDArray[np.object_] | None = None
    prefix: str = "footprint"
    kept: Kept = field(default_factory=Kept, init=False, repr=False, compare=False)

    def context(self, row: int) -> dict[str, Any]:
        """Return what is known of a footprint, as the requirement of a rule reads it: ``footprint.height_m``."""
        known = None if self.attributes is None else self.attributes[row]
        return {f"{self.prefix}.{name}": value for name, value in known.items()} if isinstance(known, Mapping) else {}

    def usable_rows(self) -> NDArray[np.intp]:
        """Return the positions of those that can be measured."""
        return np.flatnonzero(are_sound(self.unusable))


class Evidence(NamedTuple):
    """The ground of each footprint that a rule is about, and where it comes from.

    Attributes
    ----------
    broken
        The ground that breaks the rule, one geometry a footprint; None where there is none.
    hits
        By footprint (position): the features (positions) that it shares ground with.
    undecided
        By footprint: those of which it is unknown whether the rule is about them, since attributes are missing.
    failed
        By footprint: those that could not be overlaid, with the reason.
    engine_mode
        By footprint: the coarsest mode of its overlays.
    """

    broken: NDArray[np.object_]
    hits: dict[int, list[int]]
    undecided: dict[int, list[int]]
    failed: dict[int, list[tuple[int, str]]]
    engine_mode: dict[int, str]


def take_subjects(footprints: gpd.GeoDataFrame) -> Subjects:
    """Return the footprints of a frame."""
    geometry = footprints.geometry.to_numpy()
    attributes = footprints["attrs"].to_numpy(dtype=object) if "attrs" in footprints else None
    return Subjects(footprints.index.to_numpy(dtype=object), geometry, describe_unusable(geometry), attributes)


def find_pairs(subjects: Subjects, ground: Ground, layer: str, own: Own) -> Pairs:
    """Return the pairs (n, 2) of footprint and feature that touch, in this order, but for a footprint's own features."""
    if not len(ground.ids):
        return np.empty((0, 2), dtype=np.intp)
    usable = subjects.usable_rows()
    found = ground.tree.query(subjects.geometry[usable], predicate="intersects")
    pairs: Pairs = np.column_stack([usable[found[0]], found[1]])
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    if not own:
        return pairs
    foreign = [(layer, ground.ids[j]) not in own.get(subjects.ids[i], ()) for i, j in pairs]
    return np.asarray(pairs[np.array(foreign, dtype=bool)])


def gather_overlap(subjects: Subjects, ground: Ground, pairs: Pairs) -> Evidence:
    """Return the ground that each footprint shares with the features together."""
    if not len(pairs):
        return Evidence(np.full(len(subjects.ids), None, dtype=object), {}, {}, {}, {})
    result = _cut_pairs(subjects, ground, pairs)
    shares = wider_than(RESOLUTION_M, result.inside)
    decided = ground.decided[pairs[:, 1]]
    shared = np.flatnonzero(shares & decided)
    hits, undecided = _by_footprint(pairs[shared]), _by_footprint(pairs[shares & ~decided])
    failed = _failures(pairs, result)
    broken = np.full(len(subjects.ids), None, dtype=object)
    for row, first, end in _runs(pairs[shared, 0]):
        broken[row] = unite(result.inside[shared[first:end]])
        if broken[row] is None:
            failed.setdefault(row, []).extend((feature, _NO_UNION) for feature in hits[row])
    return Evidence(broken, hits, undecided, failed, _modes(pairs, result))


def gather_outside(subjects: Subjects, ground: Ground, pairs: Pairs, container: Container) -> Evidence:
    """Return the ground of each footprint outside the features that it lies in; all of it where it lies in none."""
    result = _cut_pairs(subjects, ground, pairs)
    # a footprint does not stand on a site that its wall only grazes
    shares = wider_than(NOISE_M, result.inside)
    decided = ground.decided[pairs[:, 1]]
    held: NDArray[np.intp] = np.flatnonzero(shares & decided)
    if container is Container.LARGEST:
        held = _largest_of_each(held, pairs, result)
    hits, undecided = _by_footprint(pairs[held]), _by_footprint(pairs[shares & ~decided])
    failed, modes = _failures(pairs, result), _modes(pairs, result)
    broken = subjects.geometry.copy()
    broken[~are_sound(subjects.unusable)] = None
    broken[pairs[held, 0]] = result.outside[held]
    for row, features in hits.items():
        if len(features) > 1:
            rest = _cut_one(subjects.geometry[row], unite(ground.geometry[features]))
            broken[row], modes[row] = rest.outside[0], rest.engine_mode[0] or modes[row]
            if rest.error[0] is not None:
                failed.setdefault(row, []).extend((feature, rest.error[0]) for feature in features)
    return Evidence(broken, hits, undecided, failed, modes)


def measure_margins(subjects: Subjects, ground: Ground, rows: NDArray[np.intp]) -> dict[int, float]:
    """Return the distance in metres from these footprints to the nearest feature that the rule is about, by row."""
    tree = ground.tree
    if not ground.decided.all():
        known = ground.usable()
        known[~ground.decided] = None
        tree = shapely.STRtree(known)
    found, distance_m = tree.query_nearest(subjects.geometry[rows], return_distance=True, all_matches=False)
    return {int(rows[k]): float(d) for k, d in zip(found[0], distance_m, strict=True)}


def lies_within(subjects: Subjects, area: Any) -> NDArray[np.bool_]:
    """Return whether each footprint lies within an area, all but dust of it; in none where there is no area."""
    if area is None:
        return np.zeros(len(subjects.ids), dtype=bool)
    return subjects.kept.once_of("within", area, lambda: _lie_within(subjects, area))


def _lie_within(subjects: Subjects, area: Any) -> NDArray[np.bool_]:
    within = np.zeros(len(subjects.ids), dtype=bool)
    shapely.prepare(area)
    rows = subjects.usable_rows()
    within[rows] = shapely.covers(area, subjects.geometry[rows])
    near = rows[~within[rows]]
    near = near[shapely.intersects(area, subjects.geometry[near])]
    rest = cut(subjects.geometry[near], np.full(len(near), area, dtype=object))
    within[near] = are_sound(rest.error) & ~wider_than(RESOLUTION_M, rest.outside)
    return within


def _cut_pairs(subjects: Subjects, ground: Ground, pairs: Pairs) -> Cut:
    return cut(subjects.geometry[pairs[:, 0]], ground.geometry[pairs[:, 1]])


def _cut_one(left: Any, right: Any) -> Cut:
    return cut(np.array([left], dtype=object), np.array([right], dtype=object))


def wider_than(limit_m: float, shared: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which geometries have a part wider than a limit.

    The inscribed circle is at least 2 · area / perimeter wide, which tells nearly always without measuring it.
    """
    polygons, row = shapely.get_parts(shared, return_index=True)
    area_m2 = shapely.area(polygons)
    some = area_m2 > 0
    polygons, row, area_m2 = polygons[some], row[some], area_m2[some]
    wide = 2 * area_m2 > limit_m * shapely.length(polygons)
    wide[~wide] = measure_widths(polygons[~wide]) > limit_m
    found = np.zeros(len(shared), dtype=bool)
    found[row[wide]] = True
    return found


def _largest_of_each(held: NDArray[np.intp], pairs: Pairs, result: Cut) -> NDArray[np.intp]:
    """Return, of the pairs held, the one of each footprint with the largest overlap; the first of equals."""
    order = np.lexsort((held, -shapely.area(result.inside[held]), pairs[held, 0]))
    _, first = np.unique(pairs[held[order], 0], return_index=True)
    return held[order][first]


def _by_footprint(pairs: Pairs) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = {}
    for row, feature in pairs.tolist():
        grouped.setdefault(row, []).append(feature)
    return grouped


def _runs(rows: NDArray[np.intp]) -> Iterator[tuple[int, int, int]]:
    """Yield each of some sorted rows with where its run begins and ends."""
    found, first, count = np.unique(rows, return_index=True, return_counts=True)
    return zip(found.tolist(), first.tolist(), (first + count).tolist(), strict=True)


def _failures(pairs: Pairs, result: Cut) -> dict[int, list[tuple[int, str]]]:
    failed: dict[int, list[tuple[int, str]]] = {}
    for k in np.flatnonzero(~are_sound(result.error)):
        failed.setdefault(int(pairs[k, 0]), []).append((int(pairs[k, 1]), result.error[k]))
    return failed


def _modes(pairs: Pairs, result: Cut) -> dict[int, str]:
    modes: dict[int, str] = {}
    for (row, _), mode in zip(pairs.tolist(), result.engine_mode, strict=True):
        if mode is not None:
            modes[row] = max(modes.get(row, mode), mode, key=ENGINE_MODES.index)
    return modes
