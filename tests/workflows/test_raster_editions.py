"""Rasters loaded as editions: kept as they came, and as cloud-optimised GeoTIFF to be measured."""

from datetime import date
from hashlib import sha256

import numpy as np
import pytest
from sqlalchemy import select

from layers.cloud_rasters import is_cloud_optimised, write_cloud_optimised
from store.database import transaction
from store.documents import document_path
from store.schema import edition
from tests.layers.grids import plane_values, write_raster
from workflows.rastering import RasterOptions, load_raster, raster_states

HEIGHTS = plane_values(0.01, 0.0, -5000, rows=40, columns=40)


@pytest.fixture
def load(database, principal, tmp_path):
    """Return what loads a raster of terrain, and the raster that rules are judged by then."""
    documents = tmp_path / "documents"

    def run(path, **options):
        said = RasterOptions(as_layer="XZ1105", vertical="EPSG:5737", accuracy_m=0.3, value_accuracy=0.15, **options)
        loaded = load_raster(database, path, principal=principal, documents=documents, options=said)
        with transaction(database) as connection:
            (state,) = raster_states(connection, ["XZ1105"], documents=documents, as_of=date.today())["XZ1105"]
        return loaded, state

    return run


def test_a_raster_in_strips_is_kept_as_it_came_and_measured_as_a_cloud_optimised_one(load, tmp_path):
    path = write_raster(tmp_path / "dem.tif", HEIGHTS)
    loaded, state = load(path)
    assert loaded.account["cloud_optimised"] == state.raster.path.name
    assert is_cloud_optimised(state.raster.path)
    original = sha256(path.read_bytes()).hexdigest()
    assert document_path(tmp_path / "documents", original).read_bytes() == path.read_bytes()
    assert (state.raster.vertical, state.accuracy) == ("EPSG:5737", 0.15)
    assert not load(path)[0].added


def test_a_raster_keeps_its_document_and_its_days(load, database, tmp_path):
    days = {"valid_from": date(2024, 1, 1), "valid_to": date(2035, 1, 1), "currency": date(2023, 6, 1)}
    load(write_raster(tmp_path / "dem.tif", HEIGHTS), source="航测〔2023〕5号", **days)
    with transaction(database) as connection:
        row = connection.execute(select(edition)).one()
    assert {name: getattr(row, name) for name in days} == days
    assert row.source == "航测〔2023〕5号"


def test_a_raster_that_comes_cloud_optimised_is_measured_as_it_was_written_here(load, tmp_path):
    write_cloud_optimised(write_raster(tmp_path / "dem.tif", np.round(HEIGHTS)), tmp_path / "cog.tif")
    content = (tmp_path / "cog.tif").read_bytes()
    # what stands behind a file's cells is no cell
    (tmp_path / "cog.tif").write_bytes(content + b"canary")
    loaded, state = load(tmp_path / "cog.tif")
    assert state.raster.path.name == loaded.account["cloud_optimised"]
    assert is_cloud_optimised(state.raster.path)
    assert b"canary" not in state.raster.path.read_bytes()
