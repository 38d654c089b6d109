"""How much there is of what among difference pieces: counts, areas on both bases and shares, by any of their columns."""

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

__all__ = ["SLIVER", "tabulate"]

SLIVER = "sliver"


def tabulate(pieces: gpd.GeoDataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the sums over pieces that agree in some columns.

    Parameters
    ----------
    pieces
        As `find_differences` gives them.
    by
        Their columns, such as ``district`` and ``class``. Under ``class`` slivers are listed by themselves, as
        `SLIVER`, so that all rows together are the extent.

    Returns
    -------
    pandas.DataFrame
        The columns asked for, then ``count``, ``area_m2`` in the plane, ``ellipsoid_area_m2``, and ``share`` of the
        area of all pieces, ordered by the columns asked for; what is None comes last.
    """
    keys: dict[str, Any] = {name: pieces[name].astype(object) for name in by}
    if "class" in keys:
        keys["class"] = keys["class"].map(str).where(~pieces["is_sliver"], SLIVER)
    table = pd.DataFrame(keys | {name: pieces[name] for name in ("area_m2", "ellipsoid_area_m2")})
    grouped = table.groupby(list(by), dropna=False, sort=True)
    sums = grouped.sum().assign(count=grouped.size()).reset_index()
    total_m2 = float(pieces["area_m2"].sum())
    sums["share"] = sums["area_m2"] / total_m2 if total_m2 else 0.0
    named = sums[list(by)].astype(object)
    sums[list(by)] = named.where(named.notna(), None)
    return sums[[*by, "count", "area_m2", "ellipsoid_area_m2", "share"]]
