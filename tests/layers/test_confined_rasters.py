"""Rasters from others: opened in a confined process alone, kept with the same cells in a file of our own."""

import numpy as np
import pytest
import rasterio

from layers.cloud_rasters import is_cloud_optimised, write_cloud_optimised
from layers.confined.confinement import Confinement, confine_reading, reading_confinement
from layers.confined.rasters import read_raster_confined
from layers.errors import RefusedFile
from layers.raster_cells import RasterCells, write_cells, write_geotiff
from layers.rasters import Box, open_raster, reading
from tests.layers.grids import plane_values, write_raster

_OF_THE_FILE = {"path", "notes"}


def cells_of(raster):
    with reading(raster) as read:
        return read(Box(0, 0, raster.width, raster.height))


def assert_same_raster(path, target, **stated):
    found, expected = read_raster_confined(path, target, **stated), open_raster(path, **stated)
    for name in set(type(found).__dataclass_fields__) - _OF_THE_FILE:
        assert getattr(found, name) == getattr(expected, name), name
    np.testing.assert_array_equal(cells_of(found), cells_of(expected))
    assert found.path == target
    assert is_cloud_optimised(target)
    assert sorted(each.name for each in target.parent.iterdir()) == sorted({path.name, target.name})
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32", "int16", "uint8", "int8"])
def test_cells_of_any_type_are_the_same(tmp_path, dtype):
    values = np.random.default_rng(1).uniform(0, 120, (700, 90)).astype(dtype)
    assert_same_raster(write_raster(tmp_path / "a.tif", values, nodata=7), tmp_path / "cog.tif")


def test_a_cloud_optimised_one_is_written_anew_as_well(tmp_path):
    write_cloud_optimised(
        write_raster(tmp_path / "a.tif", plane_values(0.01, 0, 0, rows=40, columns=30)), tmp_path / "b.tif"
    )
    (tmp_path / "a.tif").unlink()
    assert_same_raster(tmp_path / "b.tif", tmp_path / "cog.tif")


def test_vertical_datum_scale_and_bands_stay(tmp_path):
    bands = np.stack([plane_values(0.01, 0, 0, rows=30, columns=30), plane_values(0, 0.01, 0, rows=30, columns=30)])
    path = write_raster(tmp_path / "a.tif", bands, crs="EPSG:4551+5737")
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = (0.5, 1.0), (10.0, 0.0)
    assert assert_same_raster(path, tmp_path / "cog.tif", band=1).vertical == "EPSG:5737"


def test_what_a_person_states_counts(tmp_path):
    path = write_raster(tmp_path / "a.tif", plane_values(0.01, 0, 0, rows=30, columns=30), crs=None)
    found = assert_same_raster(path, tmp_path / "cog.tif", crs="EPSG:4551", vertical="EPSG:5737", nodata=3.0)
    assert (found.crs_name, found.vertical, found.nodata) == ("EPSG:4551", "EPSG:5737", 3.0)


def test_a_mask_stays(tmp_path):
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        path = write_raster(tmp_path / "a.tif", np.ones((40, 50)))
        with rasterio.open(path, "r+") as raster:
            raster.write_mask(np.arange(2000).reshape(40, 50) % 3 > 0)
    assert np.isnan(cells_of(assert_same_raster(path, tmp_path / "cog.tif"))).sum() == 667


@pytest.mark.parametrize("mode", ["strict", "off"])
def test_a_refusal_names_the_file_and_leaves_nothing(tmp_path, mode):
    path = write_raster(
        tmp_path / "a.tif", np.ones((64, 64)), tiled=True, blockxsize=16, blockysize=16, compress="deflate"
    )
    content = bytearray(path.read_bytes())
    content[-40:-10] = b"\xff" * 30
    path.write_bytes(bytes(content))
    before = reading_confinement()
    confine_reading(Confinement(mode=before.mode if mode == "strict" else mode))
    try:
        with pytest.raises(RefusedFile) as caught:
            read_raster_confined(path, tmp_path / "cog.tif")
    finally:
        confine_reading(before)
    assert (caught.value.file, caught.value.fault.kind) == ("a.tif", "unreadable")
    assert [each.name for each in tmp_path.iterdir()] == ["a.tif"]


def test_one_that_is_too_large_is_refused_before_its_cells_are_read(tmp_path, monkeypatch):
    path = write_raster(tmp_path / "a.tif", np.ones((64, 64)))
    monkeypatch.setattr("layers.raster_cells._MAX_BYTES", 64 * 64 * 8 - 1)
    with pytest.raises(RefusedFile) as caught:
        write_cells(path, tmp_path)
    assert caught.value.fault.kind == "raster_cells"


def test_cells_that_are_not_as_many_as_is_said_are_not_taken(tmp_path):
    cells = write_cells(write_raster(tmp_path / "a.tif", np.ones((4, 5))), tmp_path)
    more = {name: getattr(cells, name) for name in RasterCells.__dataclass_fields__} | {"height": 5}
    with pytest.raises(ValueError, match="160 bytes, not 200"):
        write_geotiff(RasterCells(**more), tmp_path, tmp_path / "b.tif")
