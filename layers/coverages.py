"""Coverages: layers whose polygons lie side by side. What is wrong between them, and what would mend it.

GEOS tells which edges of a coverage do not match (T-vertices included); what it does not tell is found here: how wide
and large an overlap or a gap is, between which features, whether they ever held together, and what lies beyond the
layer that should contain them. Nothing is dropped: what is as narrow as the tolerance is marked.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.widths import RESOLUTION_M, measure_widths

__all__ = ["GAP_WIDTH_M", "TOLERANCE_M", "CoverageRule", "find_coverage_faults", "propose_cleaning"]

Geometries: TypeAlias = NDArray[np.object_]
Integers: TypeAlias = NDArray[np.intp]

TOLERANCE_M = 0.002  # two vertices nearer than this are one (XPlanung's Flächenschluss)
GAP_WIDTH_M = 1.0
_NOISE_M = 1e-6
_OPEN = (dt.date.min, dt.date.max)
_ORDER = ("unusable", "apart", "overlap", "gap", "protrusion", "vertex", "edge")
_COLUMNS = ("kind", "features", "area_m2", "width_m", "tolerated", "reason")


class CoverageRule(NamedTuple):
    """What is asked of a layer.

    Attributes
    ----------
    overlap_allowed
        Whether its features may overlap each other.
    coverage_required
        Whether any hole between them is a gap; else only those no wider than `gap_width_m`.
    gap_width_m
        How wide a gap may be that is open to the outside, or between features that need not fill the ground; 0 looks for
        none of them.
    tolerance_m
        What is no wider is marked as tolerated, and vertices that are no farther apart are one.
    """

    overlap_allowed: bool = False
    coverage_required: bool = True
    gap_width_m: float = GAP_WIDTH_M
    tolerance_m: float = TOLERANCE_M


_USUAL = CoverageRule()


class _Sheet(NamedTuple):
    """The features that can be checked: arrays of one length. `valid` are their first days and the days they end on."""

    ids: NDArray[np.object_]
    geometry: Geometries
    valid: tuple[NDArray[np.object_], NDArray[np.object_]]

    def hold_together(self, a: int, b: int) -> bool:
        """Tell whether there is a day on which two features hold."""
        starts, ends = self.valid
        return bool(max(starts[a], starts[b]) < min(ends[a], ends[b]))


class _Row(NamedTuple):
    """What is wrong at one place, with the positions of the features concerned."""

    kind: str
    features: tuple[Any, ...]
    geometry: Any
    reason: str | None = None


def find_coverage_faults(
    frame: gpd.GeoDataFrame,
    *,
    rule: CoverageRule = _USUAL,
    container: gpd.GeoDataFrame | None = None,
    as_of: dt.date | None = None,
) -> gpd.GeoDataFrame:
    """Find what is wrong between the polygons of a layer.

    Parameters
    ----------
    frame
        Polygons in a plane in metres, indexed by their ids. ``valid_from`` and ``valid_to`` (dates or None, the last day
        not included) may be among the columns: what never holds together does not overlap.
    container
        Polygons in the same plane that the features must lie in, such as the units of blocks; without gaps in the
        features, where coverage is required.
    as_of
        The day that counts; features that do not hold on it are left out. None: all of them.

    Returns
    -------
    GeoDataFrame
        One row a fault, in the plane, by kind and place: ``kind``, ``features`` (ids, a tuple), ``area_m2``, ``width_m`` (the
        diameter of the largest circle in it), ``tolerated`` (no wider than the tolerance), ``reason``, ``geometry``.
        Kinds: ``unusable`` (no valid polygon, or GEOS has no answer; not checked further), ``overlap``, ``gap``, ``protrusion`` (beyond the
        container), ``vertex`` (the first feature has a vertex on an edge of the second, which has none there) and ``edge``
        (edges of a feature that match those of its neighbour within the tolerance only).
    """
    sheet, unusable = _sheet(frame, as_of)
    edges = _invalid_edges(sheet.geometry, rule.gap_width_m)
    loose = ~(shapely.is_missing(edges) | shapely.is_empty(edges))
    scope = None if container is None else shapely.union_all(_polygons_of(container.geometry.to_numpy()))
    rows: list[_Row] = []
    if not rule.overlap_allowed:
        rows += _told(_overlaps(sheet, loose))
        rows += _told(_vertices(sheet, np.flatnonzero(loose), rule.tolerance_m))
    if rule.coverage_required or rule.gap_width_m > 0:
        rows += _told(_gaps(sheet, scope, loose, rule))
    if container is not None:
        rows += _told(_protrusions(sheet, scope))
    if not rule.overlap_allowed:
        rows += _told(_edges(sheet, edges, loose, rows, rule.tolerance_m))
    rows.sort(key=lambda row: _ORDER.index(row.kind))
    faults = [row for row in rows if row.kind != "apart"]
    return _frame([*unusable, *faults], frame.crs, rule.tolerance_m)


def propose_cleaning(
    frame: gpd.GeoDataFrame,
    *,
    gap_width_m: float = GAP_WIDTH_M,
    snapping_m: float = TOLERANCE_M,
    as_of: dt.date | None = None,
) -> gpd.GeoDataFrame:
    """Return the features as a coverage without overlaps and without gaps up to a width: a proposal, for a person to take.

    Parameters
    ----------
    frame
        As for `find_coverage_faults`; all of them are taken to hold together, but for those left out by `as_of`.
    snapping_m
        Vertices nearer than this are brought together.

    Returns
    -------
    GeoDataFrame
        The features that can be cleaned, under their index, with the columns they had and ``area_before_m2``,
        ``area_after_m2``, ``changed``. Where nothing of a feature is left, its geometry is empty.
    """
    sheet, _ = _sheet(frame, as_of)
    filled = _filled(sheet.geometry, gap_width_m)
    proposed = shapely.coverage_clean(
        filled, gap_width=gap_width_m, snapping_distance=snapping_m, merge_strategy="longest_border"
    )
    proposed = np.where(shapely.is_missing(proposed), shapely.Polygon(), proposed)
    was_multi, is_one = (shapely.get_type_id(each) == kind for each, kind in ((sheet.geometry, 6), (proposed, 3)))
    both = was_multi & is_one & ~shapely.is_empty(proposed)
    proposed[both] = shapely.multipolygons(proposed[both][:, np.newaxis])
    kept = frame.loc[list(sheet.ids)]
    return kept.set_geometry(gpd.GeoSeries(proposed, index=kept.index, crs=frame.crs)).assign(
        area_before_m2=shapely.area(sheet.geometry),
        area_after_m2=shapely.area(proposed),
        changed=~shapely.equals_exact(shapely.normalize(sheet.geometry), shapely.normalize(proposed)),
    )


def _filled(geometry: Geometries, gap_width_m: float) -> Geometries:
    """Return polygons, each with the narrow gaps that it has most of the border of: GEOS fills those that are closed in."""
    edges = _invalid_edges(geometry, gap_width_m)
    loose = ~(shapely.is_missing(edges) | shapely.is_empty(edges))
    gaps = _open_gaps(geometry[loose], _union(geometry, is_matched=not loose.any()), gap_width_m)
    gap, beside = shapely.STRtree(geometry).query(gaps, predicate="dwithin", distance=_NOISE_M)
    shared = shapely.length(shapely.intersection(gaps[gap], shapely.buffer(geometry[beside], _NOISE_M)))
    filled = geometry.copy()
    for i in np.unique(gap):
        taker = beside[gap == i][np.argmax(shared[gap == i])]
        filled[taker] = shapely.union(filled[taker], gaps[i])
    return filled


def _sheet(frame: gpd.GeoDataFrame, as_of: dt.date | None) -> tuple[_Sheet, list[_Row]]:
    """Return what can be checked, and a row for each feature that cannot."""
    starts, ends = (_days(frame, name, open_) for name, open_ in zip(("valid_from", "valid_to"), _OPEN, strict=True))
    holds = np.full(len(frame), True) if as_of is None else (starts <= as_of) & (as_of < ends)
    ids, geometry = frame.index.to_numpy(dtype=object)[holds], frame.geometry.to_numpy()[holds]
    polygonal = np.isin(shapely.get_type_id(geometry), [3, 6])
    usable = polygonal & shapely.is_valid(geometry) & ~shapely.is_empty(geometry)
    unusable = [_Row("unusable", (ids[i],), geometry[i], _reason(geometry[i])) for i in np.flatnonzero(~usable)]
    return _Sheet(ids[usable], geometry[usable], (starts[holds][usable], ends[holds][usable])), unusable


def _days(frame: gpd.GeoDataFrame, name: str, open_: dt.date) -> NDArray[np.object_]:
    if name not in frame:
        return np.full(len(frame), open_, dtype=object)
    return np.array([open_ if pd.isna(day) else day for day in frame[name]], dtype=object)


def _reason(geometry: Any) -> str:
    if geometry is None or geometry.is_empty or geometry.geom_type not in {"Polygon", "MultiPolygon"}:
        return "no polygon"
    return str(shapely.is_valid_reason(geometry))


def _invalid_edges(geometry: Geometries, gap_width_m: float) -> Geometries:
    if not len(geometry):
        return geometry
    return np.asarray(shapely.coverage_invalid_edges(geometry, gap_width=gap_width_m))


def _told(rows: Iterator[_Row]) -> list[_Row]:
    """Return the rows of one kind of fault; where GEOS gives up on them all, one that says so."""
    found: list[_Row] = []
    try:
        found.extend(rows)
    except shapely.errors.GEOSException as error:
        found.append(_Row("unusable", (), None, str(error)))
    return found


def _each(operate: Callable[..., Any], first: Geometries, second: Any) -> Iterator[Any]:
    """Yield what an operation makes of each of two columns; where GEOS has no answer, its reason as text."""
    try:
        results = operate(first, second)
    except shapely.errors.GEOSException:
        results = [_answer(operate, a, b) for a, b in zip(*np.broadcast_arrays(first, second), strict=True)]
    yield from results


def _answer(operate: Callable[..., Any], first: Any, second: Any) -> Any:
    try:
        return operate(first, second)
    except shapely.errors.GEOSException as error:
        return str(error)


def _parts_of(kind: str, ids: tuple[Any, ...], ground: Any) -> list[_Row]:
    """Return a row for each polygon of some ground, or one that says why there is none."""
    if isinstance(ground, str):
        return [_Row("unusable", ids, None, ground)]
    return [_Row(kind, ids, part) for part in _polygons_of(np.array([ground]))]


def _union(geometry: Geometries, *, is_matched: bool) -> Any:
    return shapely.coverage_union_all(geometry) if is_matched and len(geometry) else shapely.union_all(geometry)


def _polygons_of(geometries: Geometries) -> Geometries:
    """Return the polygons of geometries, apart, but for those of no width."""
    parts = shapely.get_parts(geometries)
    while (shapely.get_type_id(parts) > 3).any():  # noqa: PLR2004 - collections within collections
        parts = shapely.get_parts(parts)
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    # what is narrower is left by coordinates that were rounded, and has no width that could be measured
    return np.asarray(parts[2 * shapely.area(parts) > _NOISE_M * shapely.length(parts)])


def _overlaps(sheet: _Sheet, loose: NDArray[np.bool_]) -> Iterator[_Row]:
    """Yield the ground that two features share; of kind ``apart`` where they never hold together."""
    # of two that overlap, one at least has an edge that does not match
    first, second = shapely.STRtree(sheet.geometry).query(sheet.geometry[loose], predicate="intersects")
    pairs = np.unique(np.sort(np.column_stack([np.flatnonzero(loose)[first], second]), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    shared = _each(shapely.intersection, *sheet.geometry[pairs].T)
    for (a, b), ground in zip(pairs.tolist(), shared, strict=True):
        kind = "overlap" if sheet.hold_together(a, b) else "apart"
        yield from _parts_of(kind, (sheet.ids[a], sheet.ids[b]), ground)


def _gaps(sheet: _Sheet, scope: Any, loose: NDArray[np.bool_], rule: CoverageRule) -> Iterator[_Row]:
    """Yield the ground that no feature covers and should: within the scope, or between features."""
    union = _union(sheet.geometry, is_matched=not loose.any())
    if scope is not None and rule.coverage_required:
        gaps = _polygons_of(np.array([shapely.difference(scope, union)]))
    else:
        gaps = _holes(union)
        if not rule.coverage_required and len(gaps):
            gaps = gaps[measure_widths(gaps) <= rule.gap_width_m]
        narrow = _open_gaps(sheet.geometry[loose], union, rule.gap_width_m)
        known = shapely.union_all(gaps)
        gaps = np.concatenate([gaps, narrow[~shapely.intersects(shapely.point_on_surface(narrow), known)]])
    tree = shapely.STRtree(sheet.geometry)
    for gap in gaps:
        beside = np.sort(tree.query(gap, predicate="dwithin", distance=_NOISE_M))
        yield _Row("gap", tuple(sheet.ids[beside]), gap)


def _holes(union: Any) -> Geometries:
    """Return the holes in the ground that features cover, without the islands in them."""
    parts = _polygons_of(np.array([union]))
    rings = [ring for part in parts[shapely.get_num_interior_rings(parts) > 0] for ring in part.interiors]
    holes = shapely.polygons(np.array([*rings, None], dtype=object)[:-1])
    hole, island = shapely.STRtree(parts).query(holes, predicate="contains")
    for i in np.unique(hole):
        holes[i] = shapely.difference(holes[i], shapely.union_all(parts[island[hole == i]]))
    return _polygons_of(holes)


def _open_gaps(loose: Geometries, union: Any, gap_width_m: float) -> Geometries:
    """Return the narrow ground between features whose edges face each other, open to the outside or not."""
    if gap_width_m == 0:
        return np.empty(0, dtype=object)
    grown = shapely.buffer(shapely.union_all(loose), gap_width_m / 2, join_style="mitre")
    closed = shapely.buffer(grown, -gap_width_m / 2, join_style="mitre")
    parts = _polygons_of(np.array([shapely.difference(closed, union)]))
    # a notch in one feature is its own shape
    tree = shapely.STRtree(loose)
    part, _ = tree.query(parts, predicate="dwithin", distance=_NOISE_M)
    return np.asarray(parts[np.bincount(part, minlength=len(parts)) > 1])


def _protrusions(sheet: _Sheet, scope: Any) -> Iterator[_Row]:
    """Yield the parts of features that lie beyond the scope."""
    shapely.prepare(scope)
    beyond = np.flatnonzero(~shapely.covers(scope, sheet.geometry))
    for i, ground in zip(beyond, _each(shapely.difference, sheet.geometry[beyond], scope), strict=True):
        yield from _parts_of("protrusion", (sheet.ids[i],), ground)


def _vertices(sheet: _Sheet, loose: Integers, tolerance_m: float) -> Iterator[_Row]:
    """Yield the vertices of features that lie on an edge of another, where that has no vertex."""
    if not len(loose):
        return
    xy, owner = shapely.get_coordinates(sheet.geometry[loose], return_index=True)
    rings, ring_owner = _rings(sheet.geometry[loose])
    ends, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    edges = np.stack([ends[:-1][joined], ends[1:][joined]], axis=1)
    edge_owner = ring_owner[ring[1:][joined]]
    vertex, edge = shapely.STRtree(shapely.linestrings(edges)).query(
        shapely.points(xy), predicate="dwithin", distance=tolerance_m
    )
    other = owner[vertex] != edge_owner[edge]
    vertex, edge = vertex[other], edge[other]
    off = np.linalg.norm(edges[edge] - xy[vertex][:, np.newaxis], axis=2).min(axis=1) > tolerance_m
    found = np.unique(np.column_stack([owner[vertex[off]], edge_owner[edge[off]], vertex[off]]), axis=0)
    first = np.unique(np.column_stack([found[:, :2], xy[found[:, 2]]]), axis=0) if len(found) else np.empty((0, 4))
    for a, b, x, y in first.tolist():
        here, there = int(loose[int(a)]), int(loose[int(b)])
        if sheet.hold_together(here, there):
            yield _Row("vertex", (sheet.ids[here], sheet.ids[there]), shapely.Point(x, y))


def _rings(geometry: Geometries) -> tuple[Geometries, Integers]:
    parts, owner = shapely.get_parts(geometry, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    return rings, owner[part]


def _edges(
    sheet: _Sheet, edges: Geometries, loose: NDArray[np.bool_], rows: Sequence[_Row], tolerance_m: float
) -> Iterator[_Row]:
    """Yield the edges of features that do not match and that nothing else tells of: they match nearly."""
    told: dict[Any, list[Any]] = {}
    for row in rows:
        for feature in row.features:
            told.setdefault(feature, []).append(row.geometry)
    for i in np.flatnonzero(loose):
        parts = shapely.get_parts(edges[i])
        known = np.array(told.get(sheet.ids[i], []), dtype=object)
        near = shapely.STRtree(known).query(parts, predicate="dwithin", distance=tolerance_m)[0] if len(known) else []
        rest = np.delete(parts, np.unique(near)) if len(near) else parts
        if len(rest):
            yield _Row("edge", (sheet.ids[i],), shapely.multilinestrings(rest))


def _frame(rows: Sequence[_Row], crs: Any, tolerance_m: float) -> gpd.GeoDataFrame:
    geometry = np.array([row.geometry for row in rows] + [None], dtype=object)[:-1]
    ground = np.array([row.kind in {"overlap", "gap", "protrusion"} for row in rows], dtype=bool)
    width_m, area_m2 = np.full((2, len(rows)), np.nan)
    if ground.any():
        width_m[ground], area_m2[ground] = measure_widths(geometry[ground]), shapely.area(geometry[ground])
    near = np.array([row.kind == "edge" for row in rows], dtype=bool)
    columns = {
        "kind": [row.kind for row in rows],
        "features": [row.features for row in rows],
        "area_m2": area_m2,
        "width_m": width_m,
        "tolerated": near | (width_m <= tolerance_m + RESOLUTION_M),
        "reason": [row.reason for row in rows],
    }
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=crs, columns=[*_COLUMNS, "geometry"])
