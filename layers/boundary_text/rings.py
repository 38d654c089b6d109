"""Polygons out of boundary points: rings told apart, closed where that is safe, nested by what contains what.

The points come in lists, in files that people type and cut: every fault names the line on which it stands.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.faults import Fault, read_sentences

__all__ = ["Outline", "Vertex", "build_outline"]

MAX_RINGS = 1_000
_MIN_CLOSED = 4
_NUMBERED = re.compile(r"\d")
_SENTENCES = read_sentences("layers", "faults.toml")


class Vertex(NamedTuple):
    """A boundary point: its line in the file, from 1, its number, that of its ring, and x, y = east, north."""

    line: int
    label: str
    ring: str
    x: float
    y: float


class Outline(NamedTuple):
    """What boundary points make: a polygon or several, or why they make none; and how many rings were closed."""

    geometry: Any
    fault: Fault | None = None
    closed: int = 0


def build_outline(vertices: Sequence[Vertex], *, may_close: bool) -> Outline:
    """Return the polygon, or polygons, around which boundary points lead.

    The points of one number are a ring, whatever stands between them, up to where they come back to the first. One that
    lies within another is its hole, whatever its number; one outside is a further part.

    Parameters
    ----------
    vertices
        In the order of the file.
    may_close
        Whether a ring that does not come back to its first point is closed; else it is a fault, as it always is where its
        points are numbered anew on the way, or another ring has its number: there it may be half of one.
    """
    rings = _split(vertices)
    if len(rings) > MAX_RINGS:
        return Outline(None, _SENTENCES.fault("boundary_rings", count=len(rings), limit=MAX_RINGS))
    closed, of_number = 0, Counter(ring[0].ring for ring in rings)
    for position, ring in enumerate(rings):
        fault = _fault_of(ring, may_close=may_close and of_number[ring[0].ring] == 1)
        if fault is not None:
            return Outline(None, fault)
        if not _meets(ring[0], ring[-1]):
            rings[position] = [*ring, ring[0]]
            closed += 1
    return Outline(_nested([np.array([(vertex.x, vertex.y) for vertex in ring]) for ring in rings]), closed=closed)


def _split(vertices: Sequence[Vertex]) -> list[list[Vertex]]:
    rings: list[list[Vertex]] = []
    under_way: dict[str, list[Vertex]] = {}
    for vertex in vertices:
        ring = under_way.get(vertex.ring, [])
        if not ring or (len(ring) >= _MIN_CLOSED and _meets(ring[0], ring[-1])):
            ring = under_way[vertex.ring] = []
            rings.append(ring)
        ring.append(vertex)
    return rings


def _fault_of(ring: Sequence[Vertex], *, may_close: bool) -> Fault | None:
    first, last = ring[0], ring[-1]
    if len({(vertex.x, vertex.y) for vertex in ring}) < _MIN_CLOSED - 1:
        return _SENTENCES.fault("boundary_ring_short", line=first.line, ring=first.ring or "1", x=first.x, y=first.y)
    if _meets(first, last):
        return None
    # a last point that bears the number of the first was meant to be the first
    comes_back = len(ring) >= _MIN_CLOSED and first.label != "" and first.label == last.label
    if may_close and not comes_back:
        return _torn_fault(ring)
    gap = math.hypot(first.x - last.x, first.y - last.y)
    return _SENTENCES.fault(
        "boundary_ring_open",
        line=last.line,
        first=first.line,
        ring=first.ring or "1",
        gap=f"{gap:.3f}",
        x=last.x,
        y=last.y,
    )


def _torn_fault(ring: Sequence[Vertex]) -> Fault | None:
    """Return what is wrong with an open ring in which a point's number comes again, as where another ring begins."""
    seen: set[str] = set()
    for before, vertex in pairwise(ring):
        seen.add(before.label)
        # what repeats itself from line to line is no number of a point
        if vertex.label in seen and vertex.label != before.label and _NUMBERED.search(vertex.label):
            return _SENTENCES.fault("boundary_ring_torn", before=before.line, line=vertex.line, label=vertex.label)
    return None


def _meets(first: Vertex, last: Vertex) -> bool:
    return first.x == last.x and first.y == last.y


def _nested(rings: Sequence[NDArray[np.float64]]) -> Any:
    """Return rings as a polygon with holes, or several, by how deep each lies within others."""
    if len(rings) == 1:
        return shapely.Polygon(rings[0])
    outlines = np.array([shapely.Polygon(ring) for ring in rings])
    order = np.lexsort((np.arange(len(rings)), -shapely.area(outlines)))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(rings))
    with np.errstate(all="ignore"):
        within = shapely.point_on_surface(outlines)
    inside, around = shapely.STRtree(outlines).query(within, predicate="intersects")
    # of two that hold each other the larger is the outer one, of two that are equal the first
    is_outer = rank[around] < rank[inside]
    inside, around = inside[is_outer], around[is_outer]
    depth = np.bincount(inside, minlength=len(rings))
    holes: dict[int, list[NDArray[np.float64]]] = {int(shell): [] for shell in np.flatnonzero(depth % 2 == 0)}
    for ring in np.flatnonzero(depth % 2):
        containing = around[inside == ring]
        shells = containing[depth[containing] % 2 == 0]
        holes[int(shells[np.argmax(rank[shells])])].append(rings[int(ring)])
    polygons = [shapely.Polygon(rings[shell], inner) for shell, inner in holes.items()]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
