"""Checks of footprints: what is doubtful about an outline, and between the outlines of one file; results, no exceptions.

Angles, lengths and areas are measured in a plane in metres, whatever the coordinates were delivered in; a way to mend an
outline only ever leaves vertices out, so it is the same in both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.faults import Fault, read_sentences
from geocode.planes import measure_plane, to_plane
from geocode.rings import Rings, flatten
from layers.outline_mending import SHORT_EDGE_M, SPIKE_DEG, OutlineFix, in_curve, propose_fix

__all__ = ["CheckResult", "Severity", "check_extent", "check_outlines", "check_overlaps"]

# what is drawn as 0.1 m in one zone's plane has no less in another's
_SCALES_DIFFER = 0.001
# what two drawings of one wall may differ by: rounding, and a survey's accuracy
_ROUNDED_M, _ACCURACY_M = 0.002, 0.05
_OF_FOOTPRINTS = read_sentences("layers", "footprint_checks.toml")

Severity: TypeAlias = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found about one row.

    Attributes
    ----------
    row
        Its position in the delivery.
    severity
        ``error``: the row is refused. ``warning``: somebody should look at it. ``info``: worth knowing.
    fault
        Kind, sentence, remedy; the place in the coordinates of the geometries that were checked, and the vertex.
    fix
        A way to mend the outline that is safe; None where there is none.
    other
        The row that it is about as well.
    """

    row: int
    severity: Severity
    fault: Fault
    fix: OutlineFix | None = None
    other: int | None = None


class _Corners(NamedTuple):
    """Every vertex that differs from the one before it, ring by ring: positions among all vertices, and edges from each.

    ``ahead`` and ``behind`` are positions of neighbours among the corners; ``angle_deg`` lies between the two edges,
    ``length_m`` is that of the edge ahead.
    """

    vertex: NDArray[np.intp]
    row: NDArray[np.intp]
    ahead: NDArray[np.intp]
    behind: NDArray[np.intp]
    angle_deg: NDArray[np.float64]
    length_m: NDArray[np.float64]


def check_outlines(footprints: NDArray[Any]) -> list[CheckResult]:
    """Return the spikes and the short edges of outlines: a result for each kind and row, placed where it is worst.

    Parameters
    ----------
    footprints
        Polygons and multipolygons in a plane in metres, valid or not, or None, shape (n,). Short edges that follow each
        other are a curve, and not told.
    """
    polygonal = np.flatnonzero(np.isin(shapely.get_type_id(footprints), (3, 6)) & ~shapely.is_empty(footprints))
    if not len(polygonal):
        return []
    rings = flatten(footprints[polygonal])
    corners = _corners(rings)
    spikes = np.flatnonzero(corners.angle_deg < SPIKE_DEG)
    edges = np.flatnonzero(_are_short(corners))
    doubtful = np.unique(corners.row[np.concatenate([spikes, edges])])
    fixes = {int(row): propose_fix(footprints[polygonal[row]]) for row in doubtful}
    found = [
        *_results(rings, corners, spikes, corners.angle_deg, fixes, _spike),
        *_results(rings, corners, edges, corners.length_m, fixes, _short_edge),
    ]
    return [
        CheckResult(int(polygonal[each.row]), each.severity, each.fault, each.fix)
        for each in sorted(found, key=lambda result: result.row)
    ]


def check_overlaps(
    footprints: NDArray[Any], *, most_share: float, rows: NDArray[np.intp] | None = None
) -> list[CheckResult]:
    """Return the overlaps between rows that the register tolerates: those above are for the matching to refuse.

    Parameters
    ----------
    footprints
        Valid polygons in one plane in metres, or None, shape (n,).
    most_share
        The most ground, as a share of the smaller footprint, that two may have in common.
    rows
        Which rows of the file they are, ascending, shape (n,); all from its first on where None.

    Returns
    -------
    list of CheckResult
        Of the later row of each pair, the earlier as ``other``. What is narrower than a survey is accurate is an ``info``.
    """
    tree = shapely.STRtree(footprints)
    later, earlier = tree.query(footprints)
    once = earlier < later
    later, earlier = later[once], earlier[once]
    likely = _share_a_box(footprints, later, earlier) & _may_share_little(footprints, later, earlier, most_share)
    later, earlier = later[likely], earlier[likely]
    meeting = shapely.intersects(footprints[later], footprints[earlier])
    later, earlier = later[meeting], earlier[meeting]
    shared = shapely.intersection(footprints[later], footprints[earlier])
    area_m2, edge_m = shapely.area(shared), shapely.length(shared)
    smaller_m2 = np.minimum(shapely.area(footprints[later]), shapely.area(footprints[earlier]))
    share = area_m2 / smaller_m2
    width_m = np.divide(2 * area_m2, edge_m, out=np.zeros_like(area_m2), where=edge_m > 0)
    told = np.flatnonzero((share <= most_share) & (width_m > _ROUNDED_M))
    if rows is not None:
        later, earlier = rows[later], rows[earlier]
    return [
        CheckResult(
            int(later[pair]),
            "warning" if width_m[pair] > _ACCURACY_M else "info",
            _OF_FOOTPRINTS.fault(
                "overlaps_row_slightly",
                **_place(shapely.point_on_surface(shared[pair])),
                other=int(earlier[pair]),
                overlap_m2=float(area_m2[pair]),
                share=float(share[pair]),
                width_m=float(width_m[pair]),
            ),
            other=int(earlier[pair]),
        )
        for pair in told[np.lexsort((earlier[told], later[told]))]
    ]


def check_extent(ground: NDArray[Any], extent: Any) -> list[CheckResult]:
    """Return the rows that lie outside the area an office works in, which is an error, or across its border.

    Parameters
    ----------
    ground
        Valid polygons in EPSG:4490, or None, shape (n,).
    extent
        A polygon or multipolygon in EPSG:4490.
    """
    shapely.prepare(extent)
    there = ~shapely.is_missing(ground)
    rows = np.flatnonzero(there & ~shapely.covers(extent, ground))
    return [_beyond(int(row), ground[row], extent) for row in rows]


def _corners(rings: Rings) -> _Corners:
    """Return the corners of rings, which all close."""
    ring = np.repeat(np.arange(len(rings.starts) - 1), np.diff(rings.starts))
    owner = np.repeat(np.arange(len(rings.first) - 1), np.diff(rings.first))
    moves = np.empty(len(ring), dtype=bool)
    moves[1:] = (np.diff(rings.x) != 0) | (np.diff(rings.y) != 0)
    # the first vertex of a ring is its last one too, and stands there
    moves[rings.starts[:-1]] = False
    vertex = np.flatnonzero(moves)
    of_ring = ring[vertex]
    counts = np.bincount(of_ring, minlength=len(rings.starts) - 1)
    first = np.cumsum(counts) - counts
    place = np.arange(len(vertex))
    ahead = np.where(place == first[of_ring] + counts[of_ring] - 1, first[of_ring], place + 1)
    behind = np.where(place == first[of_ring], first[of_ring] + counts[of_ring] - 1, place - 1)
    x, y = rings.x[vertex], rings.y[vertex]
    to_x, to_y = x[ahead] - x, y[ahead] - y
    from_x, from_y = x[behind] - x, y[behind] - y
    angle = np.arctan2(np.abs(from_x * to_y - from_y * to_x), from_x * to_x + from_y * to_y)
    return _Corners(vertex, owner[of_ring], ahead, behind, np.degrees(angle), np.hypot(to_x, to_y))


def _are_short(corners: _Corners) -> NDArray[np.bool_]:
    """Return which edges are short and no part of a curve."""
    short = corners.length_m < SHORT_EDGE_M * (1 - _SCALES_DIFFER)
    return np.asarray(short & ~in_curve(short, corners.ahead, corners.behind))


def _results(
    rings: Rings,
    corners: _Corners,
    found: NDArray[np.intp],
    measure: NDArray[np.float64],
    fixes: Mapping[int, OutlineFix | None],
    tell: Any,
) -> Iterator[CheckResult]:
    """Yield one result for each row among the corners that were found, placed at the one that measures least."""
    order = found[np.lexsort((measure[found], corners.row[found]))]
    rows, begins, counts = np.unique(corners.row[order], return_index=True, return_counts=True)
    for row, begin, count in zip(rows.tolist(), begins, counts.tolist(), strict=True):
        worst = order[begin]
        vertex = int(corners.vertex[worst])
        place = {"x": float(rings.x[vertex]), "y": float(rings.y[vertex])}
        of_row = vertex - int(rings.starts[rings.first[row]])
        yield CheckResult(row, "warning", tell(corners, worst, count=count, vertex=of_row, **place), fixes[row])


def _spike(corners: _Corners, worst: int, **place: Any) -> Fault:
    length_m = min(corners.length_m[worst], corners.length_m[corners.behind[worst]])
    angle = float(corners.angle_deg[worst])
    return _OF_FOOTPRINTS.fault("spike", limit=f"{SPIKE_DEG:g}", angle=angle, length_m=float(length_m), **place)


def _short_edge(corners: _Corners, worst: int, **place: Any) -> Fault:
    return _OF_FOOTPRINTS.fault("short_edge", limit=SHORT_EDGE_M, length_m=float(corners.length_m[worst]), **place)


def _share_a_box(footprints: NDArray[Any], left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return of which pairs the boxes overlap by more than rounding: neighbours along a straight street do not."""
    bounds = shapely.bounds(footprints)
    low = np.maximum(bounds[left, :2], bounds[right, :2])
    high = np.minimum(bounds[left, 2:], bounds[right, 2:])
    return np.asarray(((high - low) > _ROUNDED_M).all(axis=1))


def _may_share_little(
    footprints: NDArray[Any], left: NDArray[np.intp], right: NDArray[np.intp], most_share: float
) -> NDArray[np.bool_]:
    """Return of which pairs the box around both does not already show that they share more than a share of the smaller."""
    area_m2, bounds = shapely.area(footprints), shapely.bounds(footprints)
    low = np.minimum(bounds[left, :2], bounds[right, :2])
    high = np.maximum(bounds[left, 2:], bounds[right, 2:])
    least_m2 = area_m2[left] + area_m2[right] - (high - low).prod(axis=1)
    return np.asarray(least_m2 <= most_share * np.minimum(area_m2[left], area_m2[right]))


def _beyond(row: int, footprint: Any, extent: Any) -> CheckResult:
    place = shapely.point_on_surface(footprint)
    if extent.intersects(footprint):
        share = 1 - shapely.area(shapely.intersection(footprint, extent)) / shapely.area(footprint)
        return CheckResult(row, "warning", _OF_FOOTPRINTS.fault("crosses_extent", **_place(place), share=float(share)))
    distance_km = _distance_m(place, extent) / 1000
    return CheckResult(row, "error", _OF_FOOTPRINTS.fault("outside_extent", **_place(place), distance_km=distance_km))


def _distance_m(point: Any, extent: Any) -> float:
    """Return how far a point is from an area, both in EPSG:4490, along the line that is shortest in degrees."""
    line = shapely.shortest_line(point, extent)
    middle = line.centroid
    return float(shapely.length(to_plane(np.array([line], dtype=object), measure_plane(middle.x, middle.y))[0]))


def _place(point: Any) -> dict[str, Any]:
    return {"x": float(point.x), "y": float(point.y)}
