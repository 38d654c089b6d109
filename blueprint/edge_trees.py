"""Polygons as directed edges in trees of boxes: what the edge kernel reads, made once for each edition of a layer.

Shells run clockwise and holes the other way, so that ground lies below an edge that runs east and above one that runs
west. The edges of a ring keep their order; half of them is a subtree, and half of that, down to a few. A run of edges
whose box lies above a window can then be told from its two ends alone, however many edges it has, and none of its
vertices need ever be cut, rounded or added: a ring of 50,000 vertices costs little more than one of 50.

A tree is laid out in preorder with the place to go on at when a subtree is done, so that walking it takes no stack.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.usability import describe_unusable
from geocode.compiled import compiled
from geocode.faults import are_sound
from geocode.rings import flatten

__all__ = ["Edges", "Prepared", "Tree", "index", "prepare", "take_edges"]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

_EDGES_A_LEAF = 8
_FEATURES_A_LEAF = 4
_DEEPEST = 64  # halving
_AREAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


class Tree(NamedTuple):
    """A tree of boxes over runs of items, in preorder.

    Attributes
    ----------
    boxes
        (nodes, 4): west, south, east, north of what is below a node.
    spans
        (nodes, 3): its first item, the one after its last, and the node that follows when its subtree is done, which
        for a leaf is the next. A node over several runs ends where it begins: a walk along closed rings comes back.
    """

    boxes: Floats
    spans: Integers


class Edges(NamedTuple):
    """The edges of some polygons.

    Attributes
    ----------
    xy
        (vertices, 2): the vertices of all rings, each closed.
    tree
        Over the edges of each polygon, known by their first vertex, in runs of one ring.
    roots
        (polygons + 1): where the nodes of each polygon begin in the tree.
    bounds
        (polygons, 4): west, south, east, north; NaN where empty.
    area_m2
        (polygons,).
    """

    xy: Floats
    tree: Tree
    roots: Integers
    bounds: Floats
    area_m2: Floats


class Prepared(NamedTuple):
    """The polygons of a layer, ready for `shared_areas`; arrays only, so it can be pickled and shared.

    Attributes
    ----------
    edges
        Those of all polygons; an unusable one has none.
    order, features
        The usable polygons near to near, and the tree of their bounds in that order.
    unusable
        Why nothing can be said of a polygon, None where it can: it must be there, not empty, finite and valid.
    """

    edges: Edges
    order: Integers
    features: Tree
    unusable: NDArray[np.object_]


def prepare(polygons: Any) -> Prepared:
    """Return polygons ready for `shared_areas`.

    Parameters
    ----------
    polygons
        (n,): polygons and multipolygons in a plane in metres. What is missing, empty, invalid, not finite or no
        polygon is named in ``unusable``, and shares ground with nothing.
    """
    polygons = np.asarray(polygons, dtype=object)
    unusable = describe_unusable(polygons)
    other = are_sound(unusable) & ~np.isin(shapely.get_type_id(polygons), _AREAL)
    unusable[other] = [f"A {geometry.geom_type} is no polygon." for geometry in polygons[other]]
    usable = polygons.copy()
    usable[~are_sound(unusable)] = shapely.Polygon()
    return index(take_edges(usable), unusable)


def index(edges: Edges, unusable: NDArray[np.object_]) -> Prepared:
    """Return edges with the tree that finds polygons by their bounds."""
    order = _near_to_near(edges.bounds)
    low, high = (np.ascontiguousarray(edges.bounds[order, side : side + 2]) for side in (0, 2))
    one_run = np.array([0, min(1, len(order))]), np.array([0, len(order)])
    features, _ = _grow(low, high, one_run, leaf=_FEATURES_A_LEAF, beyond=0)
    return Prepared(edges, order, features, unusable)


def take_edges(polygons: NDArray[np.object_]) -> Edges:
    """Return the edges of valid polygons and multipolygons, (n,), in a plane in metres; an empty one has none."""
    rings = flatten(polygons)
    xy, area_m2 = np.column_stack([rings.x, rings.y]), np.zeros(len(polygons))
    _turn(xy, rings.starts, rings.is_hole, rings.first, area_m2)
    # the last vertex of a ring is only where its last edge ends
    tree, roots = _grow(xy, xy, (rings.first, rings.starts), leaf=_EDGES_A_LEAF, beyond=1)
    return Edges(xy, tree, roots, shapely.bounds(polygons), area_m2)


def _near_to_near(bounds: Floats) -> Integers:
    """Return the rows with bounds in Leutenegger's order: in upright strips from west to east, in each northwards."""
    rows = np.flatnonzero(np.isfinite(bounds[:, 0]))
    x, y = bounds[rows, 0] + bounds[rows, 2], bounds[rows, 1] + bounds[rows, 3]
    strip = np.empty(len(rows), dtype=np.int64)
    per_strip = max(1, int(np.sqrt(len(rows) * _FEATURES_A_LEAF)))
    strip[np.argsort(x, kind="stable")] = np.arange(len(rows)) // per_strip
    return np.asarray(rows[np.lexsort((y, strip))], dtype=np.int64)


def _grow(
    low: Floats, high: Floats, runs: tuple[Integers, Integers], *, leaf: int, beyond: int
) -> tuple[Tree, Integers]:
    """Return one tree for each group of runs of items, all in one, and where each begins, with the end.

    Parameters
    ----------
    low, high
        (items, 2): the corners of the items' boxes.
    runs
        The first run of each group, (groups + 1), and the first item of each run, (runs + 1).
    leaf
        How many items a leaf has at most.
    beyond
        How many items at the end of each run are only the end of the one before.
    """
    first, starts = (np.asarray(each, dtype=np.int64) for each in runs)
    # halves of more than `leaf` items have more than leaf / 2; and a node for each two runs
    most = int((2 + 4 * np.diff(starts) // (leaf + 1)).sum())
    boxes, spans = np.empty((most, 4)), np.empty((most, 3), dtype=np.int64)
    roots = np.zeros(len(first), dtype=np.int64)
    _halve(first, starts, leaf, beyond, spans, roots)
    boxes, spans = boxes[: roots[-1]].copy(), spans[: roots[-1]].copy()
    _enclose(low, high, beyond, boxes, spans)
    return Tree(boxes, spans), roots


@compiled("void(f8[:, ::1], i8[::1], b1[::1], i8[::1], f8[::1])")
def _turn(xy: Any, starts: Any, is_hole: Any, first: Any, area_m2: Any) -> None:
    """Turn the rings, shells clockwise and holes the other way, and write the area of each polygon."""
    for row in range(area_m2.size):
        for ring in range(first[row], first[row + 1]):
            begin, last = starts[ring], starts[ring + 1] - 1
            ring_m2 = 0.0
            for k in range(begin + 1, last - 1):
                ax, ay = xy[k, 0] - xy[begin, 0], xy[k, 1] - xy[begin, 1]
                ring_m2 += (ax * (xy[k + 1, 1] - xy[begin, 1]) - ay * (xy[k + 1, 0] - xy[begin, 0])) / 2
            area_m2[row] += -abs(ring_m2) if is_hole[ring] else abs(ring_m2)
            if (ring_m2 > 0) != is_hole[ring]:
                while begin < last:
                    x, y = xy[begin, 0], xy[begin, 1]
                    xy[begin, 0], xy[begin, 1] = xy[last, 0], xy[last, 1]
                    xy[last, 0], xy[last, 1] = x, y
                    begin, last = begin + 1, last - 1


@compiled("void(i8[::1], i8[::1], i8, i8, i8[:, ::1], i8[::1])")
def _halve(first: Any, starts: Any, leaf: Any, beyond: Any, spans: Any, roots: Any) -> None:
    """Write the items of each node, in preorder, and 1 for a leaf; and where the nodes of each group begin."""
    # runs from, runs to, and where they are one: items from, items to
    later = np.empty((_DEEPEST, 4), dtype=np.int64)
    node = 0
    for group in range(first.size - 1):
        roots[group] = node
        waiting = 0
        if first[group] < first[group + 1]:
            later[0, 0], later[0, 1], waiting = first[group], first[group + 1], 1
            later[0, 2], later[0, 3] = starts[first[group]], starts[first[group] + 1] - beyond
        while waiting > 0:
            waiting -= 1
            a, b, begin, end = later[waiting, 0], later[waiting, 1], later[waiting, 2], later[waiting, 3]
            several = b - a > 1
            spans[node, 0], spans[node, 1], spans[node, 2] = begin, begin if several else end, 0
            if several:
                middle = (a + b) // 2
                later[waiting, 0], later[waiting, 1] = middle, b
                later[waiting, 2], later[waiting, 3] = starts[middle], starts[middle + 1] - beyond
                later[waiting + 1, 0], later[waiting + 1, 1] = a, middle
                later[waiting + 1, 2], later[waiting + 1, 3] = begin, starts[a + 1] - beyond
                waiting += 2
            elif end - begin > leaf:
                middle = (begin + end) // 2
                later[waiting, 2], later[waiting, 3] = middle, end
                later[waiting + 1, 0], later[waiting + 1, 1] = a, b
                later[waiting + 1, 2], later[waiting + 1, 3] = begin, middle
                waiting += 2
            else:
                spans[node, 2] = 1
            node += 1
    roots[first.size - 1] = node


@compiled("void(f8[:, ::1], f8[:, ::1], i8, f8[:, ::1], i8[:, ::1])")
def _enclose(low: Any, high: Any, beyond: Any, boxes: Any, spans: Any) -> None:
    """Write the box of each node and where its subtree ends, the last node first."""
    for back in range(len(spans)):
        node = len(spans) - 1 - back
        child = node + 1
        if spans[node, 2] == 1:
            spans[node, 2] = child
            for side in range(2):
                boxes[node, side], boxes[node, 2 + side] = np.inf, -np.inf
                for item in range(spans[node, 0], spans[node, 1] + beyond):
                    boxes[node, side] = min(boxes[node, side], low[item, side])
                    boxes[node, 2 + side] = max(boxes[node, 2 + side], high[item, side])
        else:
            other = spans[child, 2]
            spans[node, 2] = spans[other, 2]
            for side in range(2):
                boxes[node, side] = min(boxes[child, side], boxes[other, side])
                boxes[node, 2 + side] = max(boxes[child, 2 + side], boxes[other, 2 + side])
