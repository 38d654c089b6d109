"""What control lines and recent approvals have on difference pieces: how much of each lies there, and which features.

Only areas are asked for, so nothing is cut.
"""

import datetime as dt
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np

from blueprint.edge_areas import shared_areas
from blueprint.edge_trees import prepare
from blueprint.layer_state import LayerState, select_ground
from blueprint.rule_kinds import Selection

__all__ = ["HitLayers", "load_hit_layers", "measure_hits"]


class HitLayers(NamedTuple):
    """Which layers are looked at: control lines as they hold, and approvals as young as that."""

    control: tuple[str, ...]
    approvals: tuple[str, ...]
    approval_years: int

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of all of them."""
        return (*self.control, *self.approvals)


@cache
def load_hit_layers() -> HitLayers:
    """Return the layers that difference pieces are held against."""
    table = tomllib.loads(files("blueprint").joinpath("hits.toml").read_text(encoding="utf-8"))
    return HitLayers(tuple(table["control"]), tuple(table["approvals"]), table["approval_years"])


def measure_hits(
    pieces: gpd.GeoDataFrame, layers: Iterable[LayerState], *, as_of: dt.date, listed: HitLayers
) -> list[dict[str, dict[str, Any]]]:
    """Return for each piece, by layer, the ``area_m2`` that features share with it, and their ids as ``features``.

    Parameters
    ----------
    pieces
        In a plane in metres, as the layers.
    layers
        Those of `listed` that are there. Where features of one overlap on a piece, the ground counts for each of them,
        up to the whole piece.
    as_of
        Control lines count as they hold on this day, approvals that took effect within `listed.approval_years` before.
    """
    prepared, area_m2 = prepare(pieces.geometry.to_numpy()), pieces.geometry.area.to_numpy()
    hits: list[dict[str, dict[str, Any]]] = [{} for _ in range(len(pieces))]
    for state in layers:
        is_approval = state.code in listed.approvals
        ground = select_ground(state, Selection((state.code,)), None if is_approval else as_of)
        shared = shared_areas(prepared, prepare(ground.usable()))
        if is_approval:
            since, until = np.datetime64(_years_before(as_of, listed.approval_years)), np.datetime64(as_of)
            began = ground.valid_from[shared.right]
            shared = shared.only((since < began) & (began <= until))
        for row, feature, shared_m2 in zip(
            shared.left.tolist(), shared.right.tolist(), shared.area_m2.tolist(), strict=True
        ):
            hit = hits[row].setdefault(state.code, {"area_m2": 0.0, "features": []})
            hit["area_m2"] = min(hit["area_m2"] + shared_m2, float(area_m2[row]))
            hit["features"].append(ground.ids[feature])
    return hits


def _years_before(day: dt.date, years: int) -> dt.date:
    """Return the same day some years before; 28 February for a 29th that there is not."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
