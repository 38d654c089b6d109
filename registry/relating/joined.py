"""The shift of a delivery out of those of its neighbourhoods."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from registry.relating.relations import Shift
from registry.relating.vectors import Vectors

__all__ = ["joined_shift"]


def joined_shift(shifts: Iterable[Shift]) -> Shift:
    """Return how a delivery lies whose neighbourhoods, which have no row in common, lie so.

    Each row keeps its own vector; where its neighbourhood shows no shift, it lies as the nearest row that is shown to. What is
    told of the whole is the mean of the neighbourhoods that show one, by how many rows bear it out.
    """
    parts = [shift for shift in shifts if shift.is_applied]
    if not parts:
        return Shift(0.0, 0.0, 0, 0.0, is_applied=False)
    support = np.array([shift.support for shift in parts], dtype=np.float64)
    told = [(shift.dx_m, shift.dy_m, shift.spread_m, shift.usual_overlap_m) for shift in parts]
    dx, dy, spread, overlap = np.average(told, axis=0, weights=support).tolist()
    vectors = [shift.vectors for shift in parts if shift.vectors is not None]
    joined = Vectors(
        pd.Index(np.concatenate([each.rows.to_numpy() for each in vectors])),
        np.concatenate([each.places_m for each in vectors]),
        np.concatenate([each.vectors_m for each in vectors]),
    )
    return Shift(dx, dy, int(support.sum()), spread, is_applied=True, usual_overlap_m=overlap, vectors=joined)
