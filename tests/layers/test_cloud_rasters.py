"""Rasters as cloud-optimised GeoTIFF: the same cells, whatever they were written as."""

import numpy as np
import pytest
import rasterio
import shapely
from geopandas import GeoDataFrame

from layers.cloud_rasters import is_cloud_optimised, write_cloud_optimised
from layers.errors import RefusedFile
from layers.rasters import Box, open_raster, reading
from layers.zones import zonal
from tests.layers.grids import CRS, NORTH, WEST, plane_values, write_raster


@pytest.mark.parametrize("dtype", ["float64", "float32", "int16", "uint8"])
@pytest.mark.parametrize("shape", [(40, 50), (700, 900)])
def test_the_cells_are_the_same_to_the_last_bit(tmp_path, dtype, shape):
    values = np.random.default_rng(1).uniform(0, 250, shape).astype(dtype)
    path = write_raster(tmp_path / "a.tif", values, nodata=7)
    write_cloud_optimised(path, tmp_path / "cog.tif")
    assert not is_cloud_optimised(path)
    assert is_cloud_optimised(tmp_path / "cog.tif")
    before, after = open_raster(path), open_raster(tmp_path / "cog.tif")
    assert (after.west, after.north, after.cell_x, after.nodata, after.dtype) == (
        *(before.west, before.north, before.cell_x),
        *(before.nodata, before.dtype),
    )
    whole = Box(0, 0, shape[1], shape[0])
    with reading(before) as read, reading(after) as read_tiled:
        np.testing.assert_array_equal(read(whole), read_tiled(whole))


def test_a_vertical_datum_scale_and_bands_stay(tmp_path):
    bands = np.stack([plane_values(0.01, 0, 0, rows=30, columns=30), plane_values(0, 0.01, 0, rows=30, columns=30)])
    path = write_raster(tmp_path / "a.tif", bands, crs="EPSG:4551+5737")
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = (0.5, 1.0), (10.0, 0.0)
    write_cloud_optimised(path, tmp_path / "cog.tif")
    raster = open_raster(tmp_path / "cog.tif", band=2)
    assert (raster.vertical, raster.crs_name) == ("EPSG:5737", CRS)
    with reading(open_raster(path, band=1)) as read, reading(open_raster(tmp_path / "cog.tif", band=1)) as read_tiled:
        np.testing.assert_array_equal(read(Box(0, 0, 9, 9)), read_tiled(Box(0, 0, 9, 9)))


def test_what_is_measured_is_the_same(tmp_path):
    path = write_raster(tmp_path / "a.tif", plane_values(0.01, 0.02, -3, rows=600, columns=600))
    write_cloud_optimised(path, tmp_path / "cog.tif")
    house = GeoDataFrame(geometry=[shapely.box(WEST + 100.3, NORTH - 240, WEST + 131, NORTH - 201.7)], crs=CRS)
    one, other = (zonal(open_raster(each), house) for each in (path, tmp_path / "cog.tif"))
    assert one.drop(columns="geometry", errors="ignore").equals(other.drop(columns="geometry", errors="ignore"))


def test_what_is_no_raster_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0" + b"\0" * 60)
    with pytest.raises(RefusedFile):
        write_cloud_optimised(path, tmp_path / "cog.tif")


def test_a_broken_block_is_refused_and_leaves_no_copy_that_counts(tmp_path):
    path = write_raster(
        tmp_path / "a.tif", np.ones((64, 64)), tiled=True, blockxsize=16, blockysize=16, compress="deflate"
    )
    content = bytearray(path.read_bytes())
    content[-40:-10] = b"\xff" * 30
    path.write_bytes(bytes(content))
    with pytest.raises(RefusedFile):
        write_cloud_optimised(path, tmp_path / "cog.tif")
