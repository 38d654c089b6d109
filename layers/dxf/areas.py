"""Areas of a drawing, by layer: the polygons that its rings bound, and an account of what bounds none."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import shapely

from geocode.faults import Fault, read_sentences
from layers.curves import Linearised
from layers.dxf.curves import Curve
from layers.dxf.drawing import Drawing, Shape
from layers.dxf.open_rings import OpenRing, find_open_rings
from layers.dxf.polygons import nested, polygon_within
from layers.dxf.rings import Found, Ring, find_rings

__all__ = ["Area", "LayerAreas", "find_areas"]

HATCHES = {"HATCH", "MPOLYGON"}
# what programs make of ends that were one
_MEETING_M = 1e-6
_SAME = 0.999
# of a hatch: each is compared with each
_MOST_RINGS = 2_000
_SENTENCES = read_sentences("layers", "faults.toml")


_Line: TypeAlias = tuple[int, Shape, Curve, bool]


class Area(NamedTuple):
    """An area, or a ring that bounds none and why: what it is drawn by, and its polygon with chords for its arcs.

    The polygon of a ring that stays open is what it would bound.
    """

    shapes: tuple[Shape, ...]
    polygon: Linearised | None
    fault: Fault | None = None
    gap: float = 0.0

    @property
    def entity(self) -> str:
        """Return the types of the entities that draw it."""
        return "+".join(sorted({shape.kind for shape in self.shapes}))


@dataclass(slots=True)
class LayerAreas:
    """The areas of one layer.

    Attributes
    ----------
    name
        The layer, as it is spelled first.
    areas
        In the order of the drawing, and the rings that were meant for one and stay open among them.
    closed, widest_m
        How many rings were closed, and by how much at most, in metres.
    branched
        How many loose curves meet others so that no single way goes on.
    gaps_m
        How far apart the ends of the rings are that stay open.
    attached
        How many polylines begin and end on the outline of an area, as balconies do.
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
    gaps_m: list[float] = field(default_factory=list)
    attached: int = 0
    filled: int = 0
    without: Counter[str] = field(default_factory=Counter)
    is_hidden: bool = False

    @property
    def is_areal(self) -> bool:
        """Return whether anything on it bounds an area, or is closed and was to."""
        return len(self.areas) > len(self.gaps_m)


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
    gaps = [area.gap for _, area in placed if area.gap > _MEETING_M]
    layer.closed, layer.widest_m = len(gaps), max(gaps, default=0.0)
    layer.branched = found.branched
    # a polyline of one point draws nothing
    layer.without.update(Counter(shape.kind for _, shape in drawn if not shape.curves))
    hatched = [(position, _hatched(shape, closing_m)) for position, shape in shapes if shape.kind in HATCHES]
    fresh = _not_drawn_yet([area for _, area in hatched], [area for _, area in placed])
    layer.filled = len(fresh) - sum(fresh)
    placed += [both for both, is_fresh in zip(hatched, fresh, strict=True) if is_fresh]
    unfinished = _unfinished(layer, lines, found, [area for _, area in placed], closing_m)
    rows = [*placed, *((lines[members[0]][0], area) for members, area in unfinished)]
    layer.areas = [area for _, area in sorted(rows, key=lambda both: both[0])]
    left = set(found.open).difference(*(members for members, _ in unfinished))
    layer.without.update(Counter(lines[i][1].kind for i in (*left, *flat)))
    return layer


def _unfinished(
    layer: LayerAreas, lines: Sequence[_Line], found: Found, areas: Sequence[Area], closing_m: float
) -> list[tuple[tuple[int, ...], Area]]:
    """Return the rings that stay open, with the lines that they are made of, unless what they would bound is there."""
    opened = find_open_rings(
        [(shape.kind, curve) for _, shape, curve, _ in lines],
        found,
        [area.polygon.geometry for area in areas if area.polygon is not None],
        closing_m=closing_m,
    )
    layer.attached = opened.attached
    drafts = [_draft(ring, [lines[i][1] for i in ring.members], closing_m) for ring in opened.rings]
    fresh = _not_drawn_yet(drafts, areas)
    layer.gaps_m = [area.gap for area, is_fresh in zip(drafts, fresh, strict=True) if is_fresh]
    return [(ring.members, area) for ring, area, is_fresh in zip(opened.rings, drafts, fresh, strict=True) if is_fresh]


def _draft(ring: OpenRing, shapes: Sequence[Shape], closing_m: float) -> Area:
    """Return a ring that stays open with what it would bound, and why it does not."""
    area = Area(tuple(shapes), ring.polygon, gap=ring.gap_m)
    return area._replace(fault=ring.fault(area.entity, closing_m=closing_m))


def _ringed(ring: Ring, shapes: Sequence[Shape]) -> Area:
    polygon, fault = polygon_within(ring.curve)
    return Area(tuple(shapes), polygon, fault, ring.gap)


def _hatched(shape: Shape, closing_m: float) -> Area:
    """Return the area that a hatch fills."""
    found = find_rings(shape.curves, closing_m)
    if len(found.rings) > _MOST_RINGS:
        return Area((shape,), None, _SENTENCES.fault("geometry_broken", reason=f"{len(found.rings)} rings"))
    polygons = [polygon_within(ring.curve) for ring in found.rings]
    fault = next((fault for _, fault in polygons if fault), None)
    if fault is None and (found.open or not polygons):
        fault = _SENTENCES.fault("boundary_open", entity=shape.kind)
    whole = None if fault else nested([polygon for polygon, _ in polygons if polygon is not None], shape.style)
    return Area((shape,), whole, fault)


def _not_drawn_yet(areas: Sequence[Area], drawn: Sequence[Area]) -> list[bool]:
    """Return which areas are not on the layer already, as one is that a hatch fills within its outline."""
    fresh = [True] * len(areas)
    new, old = _geometries(areas), _geometries(drawn)
    one, other = shapely.STRtree(old).query(new, predicate="intersects")
    sound = shapely.is_valid(new[one]) & shapely.is_valid(old[other])
    one, other = one[sound], other[sound]
    shared = shapely.area(shapely.intersection(new[one], old[other]))
    whole = np.maximum(shapely.area(new[one]), shapely.area(old[other]))
    for position in one[shared >= _SAME * whole].tolist():
        fresh[position] = False
    return fresh


def _geometries(areas: Sequence[Area]) -> Any:
    return np.array([None if area.polygon is None else area.polygon.geometry for area in areas], dtype=object)
