"""The committed sample, read once: its layers, its deliveries, its expected results."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import pytest

from tests.conftest import SAMPLES


@pytest.fixture(scope="session")
def expected() -> dict[str, Any]:
    """The results known by construction."""
    document: dict[str, Any] = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="session")
def layers() -> dict[str, gpd.GeoDataFrame]:
    """Every layer of the district by its catalogue code, indexed by name."""
    path = SAMPLES / "district.gpkg"
    return {
        name.split("_")[0]: pyogrio.read_dataframe(path, layer=name).set_index("name")
        for name, _ in pyogrio.list_layers(path)
    }


@pytest.fixture(scope="session")
def survey(tmp_path_factory: pytest.TempPathFactory) -> gpd.GeoDataFrame:
    """The buildings of the survey delivery, indexed by name."""
    return read_delivery(SAMPLES / "survey.zip", tmp_path_factory.mktemp("survey")).set_index("建筑名称")


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> gpd.GeoDataFrame:
    """The rows of the faulty delivery, in their order."""
    return read_delivery(SAMPLES / "survey_faulty.zip", tmp_path_factory.mktemp("faulty"))


def read_delivery(path: Path, folder: Path) -> gpd.GeoDataFrame:
    """Return the shapefile inside a delivery, unpacked under plain names and read as GBK."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            (folder / f"delivery{Path(member.filename).suffix}").write_bytes(archive.read(member))
    return pyogrio.read_dataframe(folder / "delivery.shp", encoding="GBK")
