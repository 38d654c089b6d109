"""Areas of a drawing, by layer: the polygons that its rings bound, and an account of what bounds none."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import shapely

from geocode.faults import Fault, read_sentences
from layers.curves import DEVIATION_M, Linearised
from layers.dxf.curves import Curve, ends, linearised_ring
from layers.dxf.drawing import Drawing, Shape
from layers.dxf.rings import Ring, find_rings

__all__ = ["Area", "LayerAreas", "find_areas"]

HATCHES = {"HATCH", "MPOLYGON"}
_OUTERMOST, _IGNORED = 1, 2
# a ring that is open by less was meant to be closed
_NEARLY_M = 1.0
# what programs make of ends that were one
_MEETING_M = 1e-6
_FEWEST_POINTS = 3
_SAME = 0.999
# of a hatch: each is compared with each
_MOST_RINGS = 2_000
_SENTENCES = read_sentences("layers", "faults.toml")


class Area(NamedTuple):
    """An area, or a ring that bounds none and why: what it is drawn by, and its polygon with chords for its arcs."""

    shapes: tuple[Shape, ...]
    polygon: Linearised | None
    fault: Fault | None = None
    gap: float = 0.0


@dataclass(slots=True)
class LayerAreas:
    """The areas of one layer.

    Attributes
    ----------
    name
        The layer, as it is spelled first.
    areas
        In the order of the drawing.
    closed, widest_m
        How many rings were closed, and by how much at most, in metres.
    branched
        How many loose curves meet others so that no single way goes on.
    nearly
        By how much rings are open that were not closed, in metres, and open by less than a metre.
    filled
        How many hatches fill an area that is drawn already.
    without
        How many entities of each type bound no area.
    is_hidden
        Whether the layer is off or frozen.
    """

    name: str
    areas: list[Area] = field(default_factory=list)
    closed: int = 0
    widest_m: float = 0.0
    branched: int = 0
    nearly: list[float] = field(default_factory=list)
    filled: int = 0
    without: Counter[str] = field(default_factory=Counter)
    is_hidden: bool = False


def find_areas(drawing: Drawing, *, closing_m: float) -> Mapping[str, LayerAreas]:
    """Return what there is on each layer of a drawing that has anything, in the order they come up.

    Parameters
    ----------
    closing_m
        How far apart the ends of a ring may be.
    """
    by_layer: dict[str, list[tuple[int, Shape]]] = defaultdict(list)
    for position, shape in enumerate(drawing.shapes):
        by_layer[shape.layer].append((position, shape))
    found = {name: _layer(name, shapes, closing_m) for name, shapes in by_layer.items()}
    for (name, kind), count in drawing.others.items():
        found.setdefault(name, LayerAreas(name)).without[kind] += count
    for layer in found.values():
        layer.is_hidden = layer.name.casefold() in drawing.hidden
    return found


def _layer(name: str, shapes: Sequence[tuple[int, Shape]], closing_m: float) -> LayerAreas:
    layer = LayerAreas(name)
    drawn = [(position, shape) for position, shape in shapes if shape.kind not in HATCHES]
    lines = [(position, shape, *line) for position, shape in drawn for line in shape.curves]
    found = find_rings([(curve, is_closed) for _, _, curve, is_closed in lines], closing_m)
    ringed = [(ring.members, _ringed(ring, [lines[i][1] for i in ring.members])) for ring in found.rings]
    # two lines that lie on one another go round, too
    flat = [i for members, area in ringed if len(members) > 1 and area.polygon is None for i in members]
    dropped = set(flat)
    placed = [(lines[members[0]][0], area) for members, area in ringed if members[0] not in dropped]
    _account(layer, [lines[i][2] for i in found.open], [area for _, area in placed])
    layer.branched = found.branched
    layer.without.update(Counter(lines[i][1].kind for i in (*found.open, *flat)))
    # a polyline of one point draws nothing
    layer.without.update(Counter(shape.kind for _, shape in drawn if not shape.curves))
    hatched = [(position, _hatched(shape, closing_m)) for position, shape in shapes if shape.kind in HATCHES]
    fresh = _not_drawn_yet([area for _, area in hatched], [area for _, area in placed])
    layer.filled = len(fresh) - sum(fresh)
    placed += [both for both, is_fresh in zip(hatched, fresh, strict=True) if is_fresh]
    layer.areas = [area for _, area in sorted(placed, key=lambda both: both[0])]
    return layer


def _account(layer: LayerAreas, opened: Sequence[Curve], areas: Sequence[Area]) -> None:
    gaps = [area.gap for area in areas if area.gap > _MEETING_M]
    layer.closed, layer.widest_m = len(gaps), max(gaps, default=0.0)
    for curve in opened:
        start, end = ends(curve)
        gap = float(np.hypot(*(end - start)))
        if gap < _NEARLY_M and sum(len(piece.xyz) - 1 for piece in curve) >= _FEWEST_POINTS:
            layer.nearly.append(gap)


def _ringed(ring: Ring, shapes: Sequence[Shape]) -> Area:
    polygon, fault = _polygon(ring.curve)
    return Area(tuple(shapes), polygon, fault, ring.gap)


def _polygon(curve: Curve) -> tuple[Linearised | None, Fault | None]:
    """Return the polygon within a ring, or what is wrong with it."""
    xy = np.concatenate([piece.xyz[:, :2] for piece in curve])
    if not np.isfinite(xy).all():
        return None, _SENTENCES.fault("geometry_broken", reason="NaN")
    is_round = any(piece.is_arc for piece in curve)
    if len(set(map(tuple, xy.tolist()))) < _FEWEST_POINTS - is_round:
        return None, _SENTENCES.fault("geometry_short_ring")
    if not is_round:
        polygon = shapely.polygons(xy)
        return Linearised(polygon, 0, 0.0, float(shapely.area(polygon))), None
    try:
        return linearised_ring(curve, DEVIATION_M), None
    except ValueError as error:
        return None, _SENTENCES.fault("geometry_broken", reason=str(error)[:80])


def _hatched(shape: Shape, closing_m: float) -> Area:
    """Return the area that a hatch fills."""
    found = find_rings(shape.curves, closing_m)
    if len(found.rings) > _MOST_RINGS:
        return Area((shape,), None, _SENTENCES.fault("geometry_broken", reason=f"{len(found.rings)} rings"))
    polygons = [_polygon(ring.curve) for ring in found.rings]
    fault = next((fault for _, fault in polygons if fault), None)
    if fault is None and (found.open or not polygons):
        fault = _SENTENCES.fault("boundary_open", entity=shape.kind)
    whole = None if fault else _nested([polygon for polygon, _ in polygons if polygon is not None], shape.style)
    return Area((shape,), whole, fault)


def _nested(rings: Sequence[Linearised], style: int) -> Linearised:
    """Return areas within areas as one: by the even-odd rule, or less of it as the style of the hatch wants."""
    if len(rings) == 1:
        return rings[0]
    within = np.array([ring.geometry for ring in rings], dtype=object)
    inner, outer = shapely.STRtree(within).query(shapely.point_on_surface(within), predicate="within")
    area = shapely.area(within)
    real = area[outer] > area[inner]
    inner, outer = inner[real], outer[real]
    depth = np.bincount(inner, minlength=len(rings))
    deepest = {_OUTERMOST: 1, _IGNORED: 0}.get(style, len(rings))
    holes: dict[int, list[int]] = defaultdict(list)
    for ring in np.flatnonzero((depth % 2 == 1) & (depth <= deepest)).tolist():
        around = outer[(inner == ring) & (depth[outer] == depth[ring] - 1)]
        holes[int(around[0])].append(ring)
    shells = np.flatnonzero((depth % 2 == 0) & (depth <= deepest)).tolist()
    parts = [
        shapely.Polygon(within[shell].exterior, [within[hole].exterior for hole in holes[shell]]) for shell in shells
    ]
    used = [(1, shell) for shell in shells] + [(-1, hole) for some in holes.values() for hole in some]
    return Linearised(
        parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts),
        sum(rings[ring].arcs for _, ring in used),
        max(rings[ring].deviation for _, ring in used),
        sum(sign * rings[ring].area for sign, ring in used),
    )


def _not_drawn_yet(hatched: Sequence[Area], drawn: Sequence[Area]) -> list[bool]:
    """Return which of the hatches fill an area whose outline is not drawn on the same layer."""
    fresh = [True] * len(hatched)
    hatches, outlines = _geometries(hatched), _geometries(drawn)
    fill, outline = shapely.STRtree(outlines).query(hatches, predicate="intersects")
    sound = shapely.is_valid(hatches[fill]) & shapely.is_valid(outlines[outline])
    fill, outline = fill[sound], outline[sound]
    shared = shapely.area(shapely.intersection(hatches[fill], outlines[outline]))
    whole = np.maximum(shapely.area(hatches[fill]), shapely.area(outlines[outline]))
    for position in fill[shared >= _SAME * whole].tolist():
        fresh[position] = False
    return fresh


def _geometries(areas: Sequence[Area]) -> Any:
    return np.array([None if area.polygon is None else area.polygon.geometry for area in areas], dtype=object)
