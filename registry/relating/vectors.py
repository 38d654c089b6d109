"""The shift of a delivery from place to place, as it was estimated once and is used wherever the delivery is matched."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

__all__ = ["Vectors"]


_NEIGHBOURS = 50_000


@dataclass(frozen=True)
class Vectors:
    """The way to the known footprints from the delivered ones, at each row it was estimated on.

    Attributes
    ----------
    rows
        Index labels of the rows.
    places_m, vectors_m
        Their centroids and their vectors; shape (n, 2).
    """

    rows: pd.Index
    places_m: NDArray[np.float64]
    vectors_m: NDArray[np.float64]

    def at(self, rows: NDArray[Any], places_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the vectors of rows (index labels) at places, shape (n, 2): their own, or those of a near one that has."""
        own = self.rows.get_indexer(pd.Index(rows.tolist()))
        strange = np.flatnonzero(own < 0)
        if len(strange):
            own[strange] = self._step * self._tree.nearest(shapely.points(places_m[strange]))
        return np.asarray(self.vectors_m[own])

    @cached_property
    def _step(self) -> int:
        """Every how many-th row others go by: they are as many as a tree is soon made of."""
        return 1 + len(self.rows) // _NEIGHBOURS

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(shapely.points(self.places_m[:: self._step]))
