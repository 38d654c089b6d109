"""Polygons out of rings: the area within one, or within several that lie in one another."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import shapely

from geocode.faults import Fault, read_sentences
from layers.curves import DEVIATION_M, Linearised
from layers.dxf.curves import Curve, linearised_ring

__all__ = ["nested", "polygon_within"]

_OUTERMOST, _IGNORED = 1, 2
_FEWEST_POINTS = 3
_SENTENCES = read_sentences("layers", "faults.toml")


def polygon_within(curve: Curve) -> tuple[Linearised | None, Fault | None]:
    """Return the polygon within a closed curve, with chords for its arcs, or what is wrong with it."""
    # each piece begins where the one before it ends
    xy = np.concatenate([piece.xyz[min(i, 1) :, :2] for i, piece in enumerate(curve)])
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


def nested(rings: Sequence[Linearised], style: int) -> Linearised:
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
