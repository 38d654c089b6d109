"""Deliveries made for the tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from blueprint.rule_sets import load_rule_set
from geocode.planes import from_plane
from layers.catalogue import load_catalogue
from store.database import Database
from workflows.conflicts import Reader
from workflows.delivery_options import DeliveryOptions
from workflows.publishing import PublishOptions, publish
from workflows.uploading import upload_file

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


def field(x: float, y: float = 0.0, side: float = 100.0) -> Any:
    """Return a square field at an offset in metres from the spot."""
    return house(x, y, side, side)


@pytest.fixture
def deliver_layer(tmp_path: Path) -> Callable[..., Path]:
    """Return the maker of deliveries of a layer: geometries in EPSG:4551 by key."""

    def write(features: dict[str, Any], *, name: str = "delivery.gpkg", **columns: Any) -> Path:
        path = tmp_path / name
        table = {"BSM": list(features), **columns}
        gpd.GeoDataFrame(table, geometry=list(features.values()), crs=4551).to_file(path)
        return path

    return write


@pytest.fixture
def publishing(principal: Any, tmp_path: Path) -> Reader:
    """Return who publishes, by which rules."""
    return Reader(principal, load_rule_set(), load_catalogue(), tmp_path / "documents")


@pytest.fixture
def put(database: Database, publishing: Reader, deliver_layer: Callable[..., Path]) -> Callable[..., Any]:
    """Return what publishes features of a layer."""

    def run(layer: str, features: dict[str, Any], *, columns: Any = None, name: str = "a.gpkg", **options: Any) -> Any:
        path = deliver_layer(features, name=name, **(columns or {}))
        return publish(database, path, options=PublishOptions(as_layer=layer, **options), by=publishing)

    return run


@pytest.fixture
def plans(put: Callable[..., Any]) -> Any:
    """Publish two plans of three fields each, of which two overlap, and return what the second one did."""
    put("GH2201", {"A1": field(0), "A2": field(200), "A3": field(400)}, name="farmland.gpkg")
    return put("GH2202", {"B1": field(50), "B2": field(210), "B3": field(900)}, name="red.gpkg")
