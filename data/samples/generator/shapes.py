"""Plans of buildings in local metres, centred on the origin, their long side along x."""

from __future__ import annotations

import shapely
from shapely import MultiPolygon, Polygon

from generator.frame import box


def slab(length_m: float, depth_m: float) -> Polygon:
    """Return a plain bar."""
    return box(-length_m / 2, -depth_m / 2, length_m, depth_m)


def ell(length_m: float, depth_m: float, wing_m: float) -> Polygon:
    """Return an L: a bar with a wing to the north at its western end."""
    w, s, e, n = -length_m / 2, -wing_m / 2, length_m / 2, wing_m / 2
    return Polygon([(w, s), (e, s), (e, s + depth_m), (w + depth_m, s + depth_m), (w + depth_m, n), (w, n)])


def tee(length_m: float, depth_m: float, stem_m: float) -> Polygon:
    """Return a T: a bar with a stem to the south from its middle."""
    w, e, half = -length_m / 2, length_m / 2, depth_m / 2
    n, s = (depth_m + stem_m) / 2, -(depth_m + stem_m) / 2
    return Polygon(
        [
            (w, n - depth_m),
            (-half, n - depth_m),
            (-half, s),
            (half, s),
            (half, n - depth_m),
            (e, n - depth_m),
            (e, n),
            (w, n),
        ]
    )


def you(length_m: float, depth_m: float, wing_m: float) -> Polygon:
    """Return a U, open to the south."""
    outer = slab(length_m, wing_m)
    court = box(-length_m / 2 + depth_m, -wing_m / 2, length_m - 2 * depth_m, wing_m - depth_m)
    return _single(outer.difference(court))


def court(length_m: float, depth_m: float, wing_m: float) -> Polygon:
    """Return a closed block around a courtyard."""
    yard = slab(length_m - 2 * depth_m, wing_m - 2 * depth_m)
    return Polygon(slab(length_m, wing_m).exterior, [yard.exterior])


def point_block(side_m: float, notch_m: float) -> Polygon:
    """Return a tower: a square with its four corners cut out."""
    return _single(shapely.union(slab(side_m, side_m - 2 * notch_m), slab(side_m - 2 * notch_m, side_m)))


def twins(side_m: float, gap_m: float) -> MultiPolygon:
    """Return two towers of one building, joined underground only."""
    shift = (side_m + gap_m) / 2
    return MultiPolygon([box(x - side_m / 2, -side_m / 2, side_m, side_m) for x in (-shift, shift)])


def party_row(units: int, frontage_m: float, depth_m: float) -> list[Polygon]:
    """Return a row of houses that share their party walls."""
    start = -units * frontage_m / 2
    return [box(start + i * frontage_m, -depth_m / 2, frontage_m, depth_m) for i in range(units)]


def _single(shape: object) -> Polygon:
    if not isinstance(shape, Polygon):
        raise TypeError(f"A building's plan fell apart: {shape}")
    return shape
