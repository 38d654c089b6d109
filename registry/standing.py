"""Who stands in whose way: rows and buildings that share more ground, as they are drawn, than two buildings may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geocode.faults import Fault
from registry.ground import OVERLAP_TOLERANCE
from registry.relating.conflicts import RowOverlaps
from registry.relating.drawn import DrawnOverlaps
from registry.relating.surveys import Survey

__all__ = ["Barring", "Desk", "Standing", "lay_out"]

# rows that stand, by the first row that has their very footprint
Standing = dict[Any, Any]


class Barring(NamedTuple):
    """A row or building that stands in the way: its index, the area shared in m², the share of the smaller, the IoU."""

    index: Any
    area_m2: float
    share: float
    iou: float


@dataclass(slots=True)
class Desk:
    """Both frames, what is too close in them, and the faults so far.

    Attributes
    ----------
    twins
        Of rows whose very footprint a row before them has, the first of these.
    among
        For rows without a twin before them, the others of these that they share too much ground with.
    drawn
        The rows and known buildings that share too much ground.
    refused
        Why rows are refused, by index.
    """

    delivered: gpd.GeoDataFrame
    known: gpd.GeoDataFrame
    twins: Mapping[Any, Any]
    among: Mapping[Any, Sequence[Barring]]
    drawn: DrawnOverlaps
    refused: dict[Any, Fault] = field(default_factory=dict)

    def row_barring(self, row: Any, standing: Standing) -> Barring | None:
        """Return the first of the rows that stand with which a row shares too much ground."""
        own = self.twins.get(row, row)
        found = [
            pair._replace(index=standing[pair.index]) for pair in self.among.get(own, ()) if pair.index in standing
        ]
        if own in standing:
            found.append(Barring(standing[own], np.nan, 1.0, 1.0))
        return min(found, key=lambda pair: self.delivered.index.get_loc(pair.index), default=None)

    def stand(self, row: Any, standing: Standing) -> None:
        """Have a row stand."""
        standing[self.twins.get(row, row)] = row

    def known_barring(self, row: Any) -> list[Barring]:
        """Return the known buildings with which a row shares too much ground."""
        place = self.delivered.index.get_loc(row)
        first, last = np.searchsorted(self.drawn.rows, [place, place + 1])
        buildings = self.known.index[self.drawn.buildings[first:last]].tolist()
        measures = (each[first:last].tolist() for each in (self.drawn.area_m2, self.drawn.share, self.drawn.iou))
        return list(map(Barring, buildings, *measures))

    def are_contested(self, rows: Sequence[Any], ended: Sequence[Any]) -> NDArray[np.bool_]:
        """Tell of rows whether others, or known buildings but those that end, may stand in their way."""
        contested = np.zeros(len(self.delivered), dtype=bool)
        contested[self.delivered.index.get_indexer([*self.twins, *self.twins.values(), *self.among])] = True
        ends = np.zeros(len(self.known), dtype=bool)
        ends[self.known.index.get_indexer(ended)] = True
        contested[self.drawn.rows[~ends[self.drawn.buildings]]] = True
        return np.asarray(contested[self.delivered.index.get_indexer(rows)])


def lay_out(
    delivered: gpd.GeoDataFrame, known: gpd.GeoDataFrame, ours: Survey, rows: RowOverlaps, drawn: DrawnOverlaps
) -> Desk:
    """Return the desk for two frames, of which the delivered one is also told as a survey, and what they share."""
    again = np.flatnonzero(rows.twins != np.arange(len(rows.twins)))
    twins = dict(zip(ours.names[again].tolist(), ours.names[rows.twins[again]].tolist(), strict=True))
    firsts = (rows.twins[rows.pairs.delivered] == rows.pairs.delivered) & (
        rows.twins[rows.pairs.known] == rows.pairs.known
    )
    pairs = rows.pairs.where(firsts & (rows.pairs.share_of_smaller > OVERLAP_TOLERANCE))
    among: dict[Any, list[Barring]] = {}
    names = ours.names[pairs.delivered].tolist(), ours.names[pairs.known].tolist()
    measures = pairs.overlap_m2.tolist(), pairs.share_of_smaller.tolist(), pairs.iou.tolist()
    for one, other, *values in zip(*names, *measures, strict=True):
        among.setdefault(one, []).append(Barring(other, *values))
        among.setdefault(other, []).append(Barring(one, *values))
    return Desk(delivered, known, twins, among, drawn)
