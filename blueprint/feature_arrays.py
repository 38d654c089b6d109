"""The features of a layer as arrays: what the engine reads, from a frame or straight from a database."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["OPEN_DAYS", "Days", "FeatureArrays", "as_days"]

Days: TypeAlias = NDArray[np.datetime64]
Objects: TypeAlias = NDArray[np.object_]

OPEN_DAYS = (np.datetime64("0001-01-01", "D"), np.datetime64("9999-12-31", "D"))


@dataclass(frozen=True, slots=True)
class FeatureArrays:
    """Features in a projected plane in metres: arrays of one length.

    Attributes
    ----------
    ids
        All different.
    names, class_codes, attributes
        None where nothing is known; attributes are one mapping a feature.
    valid_from, valid_to
        The days on which each holds, the last one excluded; `OPEN_DAYS` where that is open.
    """

    ids: Objects
    names: Objects
    class_codes: Objects
    attributes: Objects
    geometry: Objects
    valid_from: Days
    valid_to: Days
    crs: Any

    def only(self, rows: slice) -> "FeatureArrays":
        """Return some of the features."""
        return FeatureArrays(
            self.ids[rows],
            self.names[rows],
            self.class_codes[rows],
            self.attributes[rows],
            self.geometry[rows],
            self.valid_from[rows],
            self.valid_to[rows],
            self.crs,
        )

    @staticmethod
    def of(frame: gpd.GeoDataFrame) -> "FeatureArrays":
        """Return the features of a frame; see `blueprint.layer_state.LayerState` for its columns."""
        return FeatureArrays(
            ids=frame.index.to_numpy(dtype=object),
            names=_column(frame, "name"),
            class_codes=_column(frame, "class_code"),
            attributes=_column(frame, "attrs"),
            geometry=frame.geometry.to_numpy(),
            valid_from=as_days(_column(frame, "valid_from"), OPEN_DAYS[0]),
            valid_to=as_days(_column(frame, "valid_to"), OPEN_DAYS[1]),
            crs=frame.crs,
        )


def as_days(values: Objects, open_: np.datetime64) -> Days:
    """Return dates or ISO texts as days, an open one where there is none."""
    days = np.full(len(values), open_, dtype="datetime64[D]")
    known = pd.notna(values)
    if known.any():
        days[known] = values[known].astype("datetime64[D]")
    return days


def _column(frame: gpd.GeoDataFrame, name: str) -> Objects:
    if name not in frame:
        return np.full(len(frame), None, dtype=object)
    return np.asarray(frame[name].to_numpy(dtype=object, na_value=None))
