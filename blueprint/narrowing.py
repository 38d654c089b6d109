"""Large polygons cut down to what is near what they are to be overlaid with.

An overlay reads the whole of both polygons: 50,000 vertices for each building on their border. Here the buildings of
one polygon are grouped by place, and each group keeps what lies in its bounds with a margin; if that is still large, the
group is grouped again. The cuts lie beyond the margin, so the ground shared with a building is that of the whole polygon.
"""

from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["narrow"]

Geometries: TypeAlias = NDArray[np.object_]
Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.intp]

_FEW_VERTICES = 96
_FEW_ROWS = 4  # a cut for fewer costs more than it saves
_HALVINGS = 4  # sixteen groups: the whole is read for each, but what it keeps is overlaid once and not for each halving
_MARGIN = 0.1  # of the longer side


def narrow(left: Geometries, right: Geometries) -> Geometries:
    """Return each right polygon, or a piece of it that has the same ground in common with the left one.

    Parameters
    ----------
    left, right
        Arrays of one length of valid polygons, not empty. It pays where the same object is the right one of many.
    """
    large = np.flatnonzero(shapely.get_num_coordinates(right) > _FEW_VERTICES)
    if len(large) <= _FEW_ROWS:
        return right
    near, bounds = right.copy(), shapely.bounds(left)
    _, group = np.unique(np.fromiter(map(id, right[large]), dtype=np.intp, count=len(large)), return_inverse=True)
    by_polygon = np.argsort(group, kind="stable")
    todo = np.split(large[by_polygon], np.flatnonzero(np.diff(group[by_polygon])) + 1)
    while todo := [rows for rows in todo if len(rows) > _FEW_ROWS and _is_large(near[rows[0]])]:
        todo = [group for rows in todo for group in _group(rows, bounds)]
        frames = np.array([_frame(bounds[rows]) for rows in todo], dtype=object)
        pieces = shapely.intersection(near[[rows[0] for rows in todo]], frames)
        for rows, piece in zip(todo, pieces, strict=True):
            near[rows] = _areal(piece)
    return near


def _is_large(polygon: Any) -> bool:
    return bool(shapely.get_num_coordinates(polygon) > _FEW_VERTICES)


def _group(rows: Integers, bounds: Floats) -> list[Integers]:
    """Return some rows in groups by place: halved along the longer side, a few times over."""
    groups = [rows]
    for _ in range(_HALVINGS):
        groups = [half for group in groups for half in (_halve(group, bounds) if len(group) > 1 else [group])]
    return groups


def _halve(rows: Integers, bounds: Floats) -> list[Integers]:
    middle = bounds[rows, :2] + bounds[rows, 2:]
    along = middle[:, int(np.ptp(middle[:, 1]) > np.ptp(middle[:, 0]))]
    return np.array_split(rows[np.argsort(along, kind="stable")], 2)


def _frame(bounds: Floats) -> Any:
    low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    margin = _MARGIN * (high - low).max()
    return shapely.box(*(low - margin), *(high + margin))


def _areal(piece: Any) -> Any:
    """Return a piece without the lines and points where the frame only touches."""
    if piece.geom_type in {"Polygon", "MultiPolygon"}:
        return piece
    parts = shapely.get_parts(piece)
    return shapely.MultiPolygon(list(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]))
