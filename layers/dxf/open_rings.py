"""Rings that stay open: which lines of a layer were meant to go round and do not, and which are mere lines.

A polyline was meant for a ring where it has corners enough and turns back upon itself: its ends are no farther apart than half
the way between them, or the side that is missing would be square to those beside it. Loose lines and arcs were, where all that is missing is a gap of less than a metre that is
small beside what they enclose: two sides of a wall and one of its ends are no ring. Balconies and steps, which begin and end
on the outline of a house, are none either.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.faults import Fault, read_sentences
from layers.curves import Linearised
from layers.dxf.curves import Curve, Floats, Piece
from layers.dxf.polygons import polygon_within
from layers.dxf.rings import Found

__all__ = ["OpenRing", "Opened", "find_open_rings"]

_POLYLINES = {"LWPOLYLINE", "POLYLINE"}
# a ring that is open by less was meant to be closed, whatever it touches
_NEARLY_M = 1.0
_MOST_OF_WAY = 0.5
_NEARLY_SQUARE = float(np.sin(np.radians(10)))
_FEWEST_POINTS = 4
# where what is drawn by hand against an outline may end
_BESIDE_M = 0.1
_SENTENCES = read_sentences("layers", "faults.toml")


class OpenRing(NamedTuple):
    """A ring that is not finished.

    Attributes
    ----------
    members
        The lines that it is made of, by position.
    ends
        Where it begins and where it ends, shape (2, 2).
    polygon
        What it would bound if they were joined.
    """

    members: tuple[int, ...]
    ends: Floats
    polygon: Linearised

    @property
    def gap_m(self) -> float:
        """Return how far apart the ends are."""
        return float(np.hypot(*(self.ends[1] - self.ends[0])))

    @property
    def width_m(self) -> float:
        """Return how wide a strip is of as much area and outline."""
        return float(2 * shapely.area(self.polygon.geometry) / shapely.length(self.polygon.geometry))

    @property
    def is_slip(self) -> bool:
        """Return whether the gap is a slip of drawing: hardly open, and no side of what it would bound."""
        return self.gap_m < min(_NEARLY_M, self.width_m / 4)

    def fault(self, entity: str, *, closing_m: float) -> Fault:
        """Return why it is no area: the gap, how wide it is, and what can be done about it."""
        x, y = self.ends.mean(axis=0).tolist()
        # to the millimetre and never less than it is: whoever allows for that much closes it
        gap = f"{np.ceil(self.gap_m * 1e3 - 1e-6) / 1e3:.3f}"
        kind = "ring_nearly_closed" if self.gap_m < _NEARLY_M else "ring_open"
        return _SENTENCES.fault(kind, x=x, y=y, entity=entity, gap=gap, closing=f"{closing_m:g}")


class Opened(NamedTuple):
    """The rings that stay open, in the order of their first members, and lines that are drawn against an outline."""

    rings: tuple[OpenRing, ...]
    attached: int


def find_open_rings(
    lines: Sequence[tuple[str, Curve]], found: Found, outlines: Sequence[shapely.Polygon], *, closing_m: float
) -> Opened:
    """Return the rings of a layer that stay open.

    Parameters
    ----------
    lines
        The type of entity that draws it, and the curve, in metres.
    found
        The rings among them, and what is none.
    outlines
        The areas of the layer.
    closing_m
        How far apart the ends of a ring may be that is closed.
    """
    ways = list(_ways(lines, found, closing_m))
    wide = np.array([ring.gap_m >= _NEARLY_M for ring in ways], dtype=bool)
    attached = wide & _end_on_outlines(ways, outlines)
    kept = [ring for ring, is_attached in zip(ways, attached, strict=True) if not is_attached]
    return Opened(tuple(sorted(kept, key=lambda ring: ring.members[0])), int(attached.sum()))


def _ways(lines: Sequence[tuple[str, Curve]], found: Found, closing_m: float) -> Iterator[OpenRing]:
    """Yield the ways that were meant to go round: those of several lines, then polylines that are in none of them."""
    used = set[int]()
    for way in found.ways:
        ring = _meant(way.curve, way.members, closing_m)
        if ring is not None and ring.is_slip:
            used.update(way.members)
            yield ring
    for position in found.open:
        kind, curve = lines[position]
        ring = None if position in used else _meant(curve, (position,), closing_m)
        if ring is not None and (kind in _POLYLINES or ring.is_slip):
            yield ring


def _meant(curve: Curve, members: tuple[int, ...], closing_m: float) -> OpenRing | None:
    """Return a curve as a ring that is open, None where it was not meant for one."""
    if sum(len(piece.xyz) for piece in curve) < _FEWEST_POINTS:
        return None
    xy = np.concatenate([piece.xyz[:, :2] for piece in curve])
    if not np.isfinite(xy).all():
        return None
    missing = xy[0] - xy[-1]
    gap_m, edges = float(np.hypot(*missing)), np.diff(xy, axis=0)
    lengths = np.hypot(*edges.T)
    turns_back = gap_m <= _MOST_OF_WAY * lengths.sum()
    # most lines are no rings, and are told so before a polygon is made of them
    if gap_m <= closing_m or not (turns_back or _is_square(edges[lengths > 0], missing)):
        return None
    polygon, _ = polygon_within((*curve, Piece(np.array([curve[-1].xyz[-1], curve[0].xyz[0]]))))
    if polygon is None or len(np.unique(xy, axis=0)) < _FEWEST_POINTS:
        return None
    ring = OpenRing(members, xy[[0, -1]], polygon)
    # a line that crosses itself on its way back was meant for a ring only where it comes next to where it began
    is_whole = gap_m < _NEARLY_M or shapely.is_valid(polygon.geometry)
    return ring if is_whole and (turns_back or ring.width_m >= _NEARLY_M) else None


def _is_square(edges: Floats, missing: Floats) -> bool:
    """Return whether the side that is missing makes right angles, within 10°, with the first and the last edge."""
    across = np.abs(edges[[0, -1]] @ missing)
    return bool((across <= _NEARLY_SQUARE * np.hypot(*edges[[0, -1]].T) * np.hypot(*missing)).all())


def _end_on_outlines(rings: Sequence[OpenRing], outlines: Sequence[shapely.Polygon]) -> NDArray[np.bool_]:
    """Return which of the rings begin and end on the outline of one and the same area, shape (n,)."""
    on = np.zeros(len(rings), dtype=bool)
    if not rings or not outlines:
        return on
    boundaries = shapely.boundary(np.array(outlines, dtype=object))
    points = shapely.points(np.concatenate([ring.ends for ring in rings]))
    end, outline = shapely.STRtree(boundaries).query(points, predicate="dwithin", distance=_BESIDE_M)
    begun, ended = (set(zip(end[end % 2 == side] // 2, outline[end % 2 == side], strict=True)) for side in (0, 1))
    on[[ring for ring, _ in begun & ended]] = True
    return on
