"""Which rows and buildings have nothing to do with each other: a delivery may be matched in such parts, one after another.

What the matching decides about a row hangs on the rows and buildings that it shares ground with as drawn, on the
buildings that are within `NEAR_M` of it once the delivery's shift is taken away, on the building that it names, and on
what these hang on. All else it goes by is the delivery's `Shift`, and the area for which it is complete.
So two parts that are connected by none of this, each settled with the shift of the whole, are settled as in the whole.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from registry.relating.components import connected
from registry.relating.overlaps import NEAR_M

__all__ = ["Groups", "independent_groups"]

# what projecting a box, or the numbers themselves, may differ by; more than two footprints that are equal
_MARGIN_M = 0.01
_STRIP_ROWS = 16_384
Floats = NDArray[np.float64]
Positions = NDArray[np.intp]
Edges = tuple[Positions, Positions]


class Groups(NamedTuple):
    """The number of the group of each delivered row and each known building.

    Groups are numbered in the order of their first row; those without a row come last.
    """

    delivered: Positions
    known: Positions


class _Boxes(NamedTuple):
    """Boxes (west, south, east, north) in metres, the position of each one's owner, and centroids, if they are told."""

    bounds: Floats
    owner: Positions
    centroid_m: Floats | None


def independent_groups(
    delivered: Floats,
    known: Floats,
    *,
    vectors_m: Floats | None = None,
    centroids: tuple[Floats, Floats] | None = None,
    stated: Edges | None = None,
    metre: tuple[float, float] = (1.0, 1.0),
) -> Groups:
    """Divide a delivery and what is known around it into groups that share nothing.

    Parameters
    ----------
    delivered, known
        The footprints' bounding boxes (west, south, east, north), shape (n, 4) and (m, 4).
    vectors_m
        By how much the matching moves each row (`Shift.at`), shape (n, 2) in metres; without it, not at all.
    centroids
        Of the delivered and the known footprints, shape (n, 2) and (m, 2), in the boxes' units. With them the groups are
        smaller: two that share no ground are a pair only where their centroids are near.
    stated
        Positions of the rows that name a known building themselves, and of these buildings.
    metre
        How long a metre is in the boxes' units along x and y; at the place where it is longest, if they are degrees.

    Returns
    -------
    Groups
        Never two groups for what the matching may look at together, by boxes rather too few groups than too many.

    Notes
    -----
    The boxes of one side are held in strips: some 150 bytes a row.
    """
    scale = np.array([*metre, *metre])
    places = (None, None) if centroids is None else tuple(each / scale[:2] for each in centroids)
    raw = _Boxes(delivered / scale, np.arange(len(delivered)), places[0])
    there = _Boxes(known / scale, np.arange(len(known)), places[1])
    rows = len(delivered)
    edges = [_among(raw.bounds)] if stated is None else [_among(raw.bounds), (stated[0], stated[1] + rows)]
    seats = raw
    if vectors_m is not None and vectors_m.any():
        as_drawn = list(_meetings(raw, there, 0.0))
        edges += [(i, j + rows) for i, j in as_drawn]
        seats = _seats(raw, there, as_drawn, vectors_m)
    # of all pairs of a strip those are kept that connect the same: a box over a city has a city of pairs
    edges += [_spanning(i, j + rows) for i, j in _meetings(seats, there, NEAR_M)]
    i, j = (np.concatenate(each) for each in zip(*edges, strict=True))
    _, labels = np.unique(connected(i, j, len(delivered) + len(known)), return_inverse=True)
    return Groups(labels[: len(delivered)], labels[len(delivered) :])


def _seats(raw: _Boxes, there: _Boxes, meeting: Sequence[Edges], vectors_m: Floats) -> _Boxes:
    """Return the boxes where the matching sees the rows: moved, and as delivered where a row may equal a building."""
    alike = [i[(np.abs(raw.bounds[i] - there.bounds[j]) <= _MARGIN_M).all(axis=1)] for i, j in meeting]
    still = np.unique(np.concatenate([np.empty(0, dtype=np.intp), *alike]))
    bounds = np.concatenate([raw.bounds + np.tile(vectors_m, 2), raw.bounds[still]])
    centroid = raw.centroid_m
    if centroid is not None:
        centroid = np.concatenate([centroid + vectors_m, centroid[still]])
    return _Boxes(bounds, np.concatenate([raw.owner, still]), centroid)


def _among(bounds: Floats) -> Edges:
    """Return edges that connect the boxes that meet."""
    order = np.argsort(bounds[:, 0], kind="stable")
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (bounds[order[1:]] != bounds[order[:-1]]).any(axis=1)
    first, again = order[starts], np.flatnonzero(~starts)
    pairs = [(order[again - 1], order[again])]  # a box ten thousand times has no fifty million pairs
    for i, j in _strips(bounds[first], bounds[first], _MARGIN_M):
        once = i < j
        pairs.append(_spanning(first[i[once]], first[j[once]]))
    return np.concatenate([i for i, _ in pairs]), np.concatenate([j for _, j in pairs])


def _spanning(i: Positions, j: Positions) -> Edges:
    """Return edges that connect what the edges (i, j) do, one for each node at most."""
    nodes, places = np.unique(np.concatenate([i, j]), return_inverse=True)
    return nodes, nodes[connected(places[: len(i)], places[len(i) :], len(nodes))]


def _meetings(boxes: _Boxes, there: _Boxes, reach_m: float) -> Iterator[Edges]:
    """Yield edges that connect rows with the known buildings within a distance, by their boxes and centroids."""
    for i, j in _strips(boxes.bounds, there.bounds, reach_m + _MARGIN_M):
        near = _may_pair(boxes, there, i, j, reach_m)
        yield boxes.owner[i[near]], j[near]


def _may_pair(boxes: _Boxes, there: _Boxes, i: Positions, j: Positions, reach_m: float) -> NDArray[np.bool_]:
    """Return which boxes meet, or have centroids no farther apart than those of a pair that shares no ground."""
    if boxes.centroid_m is None or there.centroid_m is None:
        return np.ones(len(i), dtype=bool)
    left, right = boxes.bounds[i], there.bounds[j]
    meet = ((left[:, :2] <= right[:, 2:] + _MARGIN_M) & (right[:, :2] <= left[:, 2:] + _MARGIN_M)).all(axis=1)
    width_m = (left[:, 2:] - left[:, :2]).min(axis=1)
    apart_m = np.linalg.norm(boxes.centroid_m[i] - there.centroid_m[j], axis=1)
    return np.asarray(meet | (apart_m <= reach_m + np.minimum(width_m, reach_m) + _MARGIN_M))


def _strips(left: Floats, right: Floats, reach_m: float) -> Iterator[Edges]:
    """Yield the positions of boxes that are within a distance along both axes, strip by strip from west to east."""
    ordered, order = np.argsort(left[:, 0]), np.argsort(right[:, 0])
    for start in range(0, len(right), _STRIP_ROWS):
        strip = order[start : start + _STRIP_ROWS]
        wide = right[strip] + np.array([-reach_m, -reach_m, reach_m, reach_m])
        tree = shapely.STRtree(shapely.box(*wide.T))
        near = ordered[(left[ordered, 2] >= wide[:, 0].min()) & (left[ordered, 0] <= wide[:, 2].max())]
        for begin in range(0, len(near), _STRIP_ROWS):
            some = near[begin : begin + _STRIP_ROWS]
            i, j = tree.query(_drawn(left[some]))
            yield some[i], strip[j]


def _drawn(bounds: Floats) -> NDArray[Any]:
    return np.asarray(shapely.box(*bounds.T))
