"""Footprints to relate: frames in the plane of Jilin City, as a delivery and as the register holds them."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.affinity import rotate

PLANE = "EPSG:4551"
ORIGIN = (540_000.0, 4_850_000.0)


@pytest.fixture(scope="session")
def frame() -> Callable[..., gpd.GeoDataFrame]:
    """Return a maker of frames: footprints drawn in metres from a corner of the city, with their codes."""

    def make(footprints: Sequence[Any], *, index: Sequence[Any] | None = None) -> gpd.GeoDataFrame:
        shapes = shapely.transform(np.array(list(footprints), dtype=object), lambda xy: xy + ORIGIN)
        return gpd.GeoDataFrame(
            {
                "code": [f"C{i}" for i in range(len(shapes))],
                "fingerprint": [shapely.to_wkb(shapely.normalize(shape)).hex() for shape in shapes],
            },
            geometry=shapes,
            index=index,
            crs=PLANE,
        )

    return make


@pytest.fixture(scope="session")
def street() -> Callable[..., list[Any]]:
    """Return a builder of streets: houses wall to wall, turned, their corners in whole millimetres as surveyed."""

    def build(widths_m: Sequence[float], *, depth_m: float = 12.0, turn_deg: float = 0.0) -> list[Any]:
        walls = np.concatenate([[0.0], np.cumsum(widths_m)])
        houses = [shapely.box(west, 0.0, east, depth_m) for west, east in pairwise(walls)]
        return list(in_millimetres([rotate(house, turn_deg, origin=(0, 0)) for house in houses]))

    return build


@pytest.fixture(scope="session")
def l_pair() -> Callable[..., tuple[Any, Any]]:
    """Return a builder of two L-shaped houses that together fill a rectangle, turned."""

    def build(*, width_m: float, depth_m: float, wing_m: float, turn_deg: float) -> tuple[Any, Any]:
        whole = shapely.box(0.0, 0.0, width_m, depth_m)
        first = shapely.Polygon(
            [(0, 0), (width_m, 0), (width_m, wing_m), (wing_m, wing_m), (wing_m, depth_m), (0, depth_m)]
        )
        pair = in_millimetres([rotate(shape, turn_deg, origin=(0, 0)) for shape in (first, whole.difference(first))])
        return pair[0], pair[1]

    return build


@pytest.fixture(scope="session")
def shaken() -> Callable[..., Any]:
    """Return a surveyor's second measurement: every corner moved by at most `by_m`, each its own way."""

    def shake(footprint: Any, *, by_m: float, seed: int) -> Any:
        rng = np.random.default_rng(seed)
        corners = shapely.get_coordinates(footprint)[:-1]
        turns, lengths = rng.uniform(0, 2 * math.pi, len(corners)), rng.uniform(0, by_m, len(corners))
        return shapely.Polygon(corners + np.column_stack([np.cos(turns), np.sin(turns)]) * lengths[:, None])

    return shake


def in_millimetres(footprints: Sequence[Any]) -> Any:
    return shapely.transform(np.array(footprints, dtype=object), lambda xy: np.round(xy, 3))
