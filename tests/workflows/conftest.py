"""Deliveries made for the tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geocode.planes import from_plane
from store.database import Database
from workflows.uploading import DeliveryOptions, upload_file

# a spot in zone 126 E, in metres of EPSG:4551
EAST_M, NORTH_M = 544_000.0, 4_856_000.0


def house(x: float, y: float, width: float = 20.0, depth: float = 12.0) -> Any:
    """Return a rectangle at an offset in metres from the spot."""
    return shapely.box(EAST_M + x, NORTH_M + y, EAST_M + x + width, NORTH_M + y + depth)


def on_ground(*shapes: Any) -> list[Any]:
    """Return footprints in EPSG:4551 as EPSG:4490 has them."""
    return list(from_plane(np.array([*shapes, None], dtype=object)[:-1], "EPSG:4551"))


@pytest.fixture
def deliver(tmp_path: Path) -> Callable[..., Path]:
    """Return the maker of deliveries: geometries in EPSG:4551 and columns, as a GeoPackage."""

    def write(geometries: list[Any], name: str = "survey.gpkg", **columns: Any) -> Path:
        path = tmp_path / name
        gpd.GeoDataFrame(columns or {"n": range(len(geometries))}, geometry=geometries, crs=4551).to_file(path)
        return path

    return write


@pytest.fixture
def register(database: Database, principal: Any, tmp_path: Path) -> Callable[..., Any]:
    """Return the function that uploads a file into the test's database."""

    def run(path: Path, **options: Any) -> Any:
        return upload_file(
            database,
            path,
            principal=principal,
            documents=tmp_path / "documents",
            options=DeliveryOptions(**options),
        )

    return run
