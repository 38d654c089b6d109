"""A delivery against the register, as a reference: whether it lies where it should, or a whole datum aside.

Numbers cannot tell CGCS2000 from Xi'an 80, Beijing 54 or GCJ-02; buildings that are known can. Each delivered footprint
votes for the vectors to the known ones of its size up to a kilometre around. Wrong neighbours lie in all directions, the
right ones in one: the densest place of the votes. An older datum lies some tens of metres aside and the same everywhere
in a town; GCJ-02 some hundreds, by metres more or less from one end of a quarter to the other.
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geocode.faults import Fault, read_sentences
from registry.relating.overlaps import Footprints, measure_footprints
from registry.relating.surveys import refuse_frames

__all__ = ["REACH_M", "ReferenceMatch", "match_reference"]

Lie: TypeAlias = Literal["unknown", "in_place", "older_datum", "gcj02", "shifted"]
Floats: TypeAlias = NDArray[np.float64]

REACH_M = 1_000.0
_BIN_M = 4.0
_LIKE = 0.8
# between the votes for one shift: a quarter's worth of change, then the surveys' own spread
_AROUND_M, _NEAR_M = 12.0, 2.0
_LEAST_ROWS, _LEAST_SHARE = 8, 0.5
# rows of equal houses agree with themselves one house on
_RIVAL_SHARE = 0.6
_IN_PLACE_M, _DATUM_M, _GCJ02_M = 5.0, (20.0, 200.0), (250.0, 750.0)
_STEADY, _VARYING = 5e-4, 1e-3
_SHARED, _LEAST_IN_THE_WAY = 0.05, 0.1
_WIDE_M, _BEYOND_CHANCE = 60.0, 4.0
_SENTENCES = read_sentences("registry", "sentences.toml")


@dataclass(frozen=True, slots=True)
class ReferenceMatch:
    """How a delivery lies against the buildings that are known around it.

    Attributes
    ----------
    kind
        ``unknown``: too few agree, or more than one shift would do. ``in_place``: within a few metres. ``older_datum``,
        ``gcj02``: as probably these would lie. ``shifted``: another shift that is the same for all.
    dx_m, dy_m
        The way the delivery lies east and north of the known buildings, in the middle of it.
    varies
        By how much that changes over the ground, metres a metre; 0 where it is not known to.
    support, rows
        How many delivered footprints agree, of how many that have known ones of their size around.
    """

    kind: Lie
    dx_m: float = 0.0
    dy_m: float = 0.0
    varies: float = 0.0
    support: int = 0
    rows: int = 0

    @property
    def length_m(self) -> float:
        """The length of the shift."""
        return math.hypot(self.dx_m, self.dy_m)

    @property
    def fault(self) -> Fault | None:
        """Why a delivery that lies so is not taken, in both languages; None where nothing speaks against it."""
        length_m, support, rows = self.length_m, self.support, self.rows
        if self.kind == "older_datum":
            return _SENTENCES.fault("reference_older_datum", length_m=length_m, support=support, rows=rows)
        if self.kind == "gcj02":
            return _SENTENCES.fault("reference_gcj02", length_m=length_m, support=support, rows=rows)
        if self.kind == "shifted":
            return _SENTENCES.fault("reference_shifted", length_m=length_m, support=support, rows=rows)
        return None


class _Votes(NamedTuple):
    """Who votes, from where, and for which vector to a known footprint."""

    row: NDArray[np.intp]
    place_m: Floats
    vector_m: Floats
    weight: Floats


def match_reference(delivered: gpd.GeoDataFrame, known: gpd.GeoDataFrame) -> ReferenceMatch:
    """Return how delivered footprints lie against those that are known within a kilometre.

    Parameters
    ----------
    delivered, known
        Valid polygons in one plane in metres, each with a unique index. A few hundred, close together, are enough.

    Raises
    ------
    SurveyError
        The frames are not in one projected plane in metres.
    """
    refuse_frames(delivered, known)
    ours, theirs = (measure_footprints(np.asarray(frame.geometry.values)) for frame in (delivered, known))
    votes = _cast_votes(ours, theirs)
    rows = len(np.unique(votes.row))
    if rows < _LEAST_ROWS:
        return ReferenceMatch("unknown", rows=rows)
    start, rival_share = _densest(votes)
    vector, gradient, near = _fitted(votes, start)
    support = len(np.unique(votes.row[near]))
    if support < max(_LEAST_ROWS, _LEAST_SHARE * rows) or rival_share > _RIVAL_SHARE:
        return ReferenceMatch("unknown", support=support, rows=rows)
    dx, dy = (-vector).tolist()
    kind = _lie(math.hypot(dx, dy), gradient)
    if kind != "in_place" and gradient < _VARYING and _share_in_the_way(ours, theirs) < _LEAST_IN_THE_WAY:
        kind = "unknown"
    return ReferenceMatch(kind, dx, dy, gradient, support, rows)


def _lie(length_m: float, varies: float) -> Lie:
    if length_m <= _IN_PLACE_M:
        return "in_place"
    if _GCJ02_M[0] <= length_m <= _GCJ02_M[1] or (varies >= _VARYING and length_m >= _DATUM_M[0]):
        return "gcj02"
    return "older_datum" if _DATUM_M[0] <= length_m <= _DATUM_M[1] and varies <= _STEADY else "shifted"


def _share_in_the_way(delivered: Footprints, known: Footprints) -> float:
    """Return how many of the delivered stand on known ones: on free ground they may be a twin of the houses next to it."""
    i, j = shapely.STRtree(known.geometries).query(delivered.geometries, predicate="intersects")
    shared_m2 = shapely.area(shapely.intersection(delivered.geometries[i], known.geometries[j]))
    clashing = shared_m2 > _SHARED * np.minimum(delivered.area_m2[i], known.area_m2[j])
    return len(np.unique(i[clashing])) / len(delivered)


def _cast_votes(delivered: Footprints, known: Footprints) -> _Votes:
    tree = shapely.STRtree(shapely.points(known.centroid_m))
    i, j = tree.query(shapely.points(delivered.centroid_m), predicate="dwithin", distance=REACH_M)
    sizes = (
        np.column_stack([delivered.area_m2[i], delivered.extent_m[i]]),
        np.column_stack([known.area_m2[j], known.extent_m[j]]),
    )
    likeness = (np.minimum(*sizes) / np.maximum(*sizes)).prod(axis=1)
    i, j, likeness = i[likeness >= _LIKE], j[likeness >= _LIKE], likeness[likeness >= _LIKE]
    total = np.bincount(i, likeness, minlength=len(delivered))
    return _Votes(i, delivered.centroid_m[i], known.centroid_m[j] - delivered.centroid_m[i], likeness / total[i])


def _densest(votes: _Votes) -> tuple[Floats, float]:
    """Return the vector that most votes lie around, and the weight of the next best elsewhere as a share of its own."""
    half = int(REACH_M / _BIN_M) + 2
    bins = np.rint(votes.vector_m / _BIN_M).astype(np.intp) + half
    side = 2 * half + 1
    grid = np.bincount(bins[:, 0] * side + bins[:, 1], votes.weight, minlength=side * side).reshape(side, side)
    for _ in range(2):
        grid[1:-1] = grid[:-2] + grid[1:-1] + grid[2:]
        grid = grid.T
    column, row = np.unravel_index(int(grid.argmax()), grid.shape)
    best, aside = grid[column, row], int(_AROUND_M / _BIN_M) + 1
    grid[max(0, column - aside) : column + aside + 1, max(0, row - aside) : row + aside + 1] = 0
    return np.array([column - half, row - half]) * _BIN_M, float(grid.max() / best)


def _fitted(votes: _Votes, start_m: Floats) -> tuple[Floats, float, NDArray[np.bool_]]:
    """Return the vector in the middle, how it changes over the ground, and which votes agree with it where they are cast."""
    near = np.linalg.norm(votes.vector_m - start_m, axis=1) <= _AROUND_M
    middle = np.median(votes.place_m[near], axis=0)
    along = np.column_stack([np.ones(len(votes.row)), votes.place_m - middle])
    for reach_m in (_AROUND_M / 2, _NEAR_M, _NEAR_M):
        plane = np.linalg.lstsq(along[near], votes.vector_m[near], rcond=None)[0]
        off = np.linalg.norm(votes.vector_m - along @ plane, axis=1)
        near = off <= reach_m
        if near.sum() < _LEAST_ROWS:
            return plane[0], 0.0, near
    varies = float(np.linalg.norm(plane[1:], ord=2))
    # a small delivery does not show it, and what is within the spread of the surveys is no change
    wide_m = float(along[near, 1:].std(axis=0).min())
    chance = float(np.median(off[near]) + 0.01) / (math.sqrt(near.sum()) * (wide_m + 1.0))
    return plane[0], varies if wide_m >= _WIDE_M and varies > _BEYOND_CHANCE * chance else 0.0, near
