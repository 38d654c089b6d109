"""GDAL has the drivers that are used and no others, whoever imported it first, and reaches nothing outside."""

import json
import socket
import subprocess
import sys

import pytest
from making import collection, feature, geojson, shapefile

from layers.errors import RefusedFile
from layers.gdal import DRIVERS, driver_names, open_layer

VRT = """<OGRVRTDataSource><OGRVRTLayer name="canary"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"""
PIPELINE = '{{"type":"gdal_streamed_alg","command_line":"gdal vector pipeline ! read {} ! write /vsimem/x"}}'


def run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments], check=True, timeout=120, capture_output=True, text=True
    ).stdout


def test_only_the_drivers_that_are_used_are_there():
    assert driver_names() == DRIVERS == {"ESRI Shapefile", "GPKG", "FlatGeobuf", "OpenFileGDB"}


@pytest.mark.parametrize("first", ["import pyogrio", "import geopandas, pyogrio.raw", "import rasterio", "pass"])
def test_they_are_gone_whoever_imported_gdal_first(first):
    code = f"{first}\nfrom layers.gdal import driver_names\nimport pyogrio\nprint(sorted(driver_names()), len(pyogrio.list_drivers()))"
    assert run(code).strip() == "['ESRI Shapefile', 'FlatGeobuf', 'GPKG', 'OpenFileGDB'] 4"


def test_rasterio_keeps_its_own_drivers(tmp_path):
    code = (
        "import sys, numpy, rasterio\n"
        "from layers.gdal import driver_names\n"
        "with rasterio.open(sys.argv[1], 'w', driver='GTiff', width=2, height=2, count=1, dtype='uint8', crs='EPSG:4551',\n"
        "    transform=rasterio.Affine(1, 0, 5, 0, -1, 5)) as raster:\n"
        "    raster.write(numpy.ones((1, 2, 2), 'uint8'))\n"
        "with rasterio.open(sys.argv[1]) as raster:\n"
        "    print(raster.read().sum())\n"
    )
    assert run(code, str(tmp_path / "a.tif")).strip() == "4"


def test_geojson_needs_no_gdal(tmp_path):
    path = geojson(tmp_path / "a.geojson", collection(feature()))
    code = (
        "import sys\n"
        "from layers.reading import read_delivery\n"
        "from layers.writing import write_frame\n"
        "write_frame(read_delivery(sys.argv[1]).frame, sys.argv[1] + 'l')\n"
        "print('pyogrio' in sys.modules)\n"
    )
    assert run(code, str(path)).strip() == "False"


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson", "a.shp", "a.fgb", "a.gml", "a.vrt"])
@pytest.mark.parametrize("wrapper", [VRT, PIPELINE, "/vsicurl/http://127.0.0.1:9/{}", '{{"type":"Topology","x":"{}"}}'])
def test_a_file_that_points_at_another_shows_nothing_of_it(tmp_path, refusal, name, wrapper):
    canary = geojson(tmp_path / "canary.geojson", collection(feature(properties={"secret": "canary"})))
    path = tmp_path / name
    path.write_text(wrapper.format(canary), encoding="utf-8")
    assert "canary.geojson" not in str(refusal(path)).replace(str(path), "")


def test_nothing_is_fetched(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x.geojson"
        payloads = [
            VRT.format(address),
            VRT.format(f"/vsicurl/{address}"),
            PIPELINE.format(f"/vsicurl/{address}"),
            json.dumps(collection(feature(), crs={"type": "link", "properties": {"href": address}})),
            json.dumps(collection(feature(), crs={"type": "name", "properties": {"name": address}})),
            f"<OGRWFSDataSource><URL>{address}</URL></OGRWFSDataSource>",
        ]
        code = (
            "import sys\n"
            "from layers.errors import RefusedFile\n"
            "from layers.reading import read_delivery\n"
            "import layers.gdal\n"
            "for path in sys.argv[1:]:\n"
            "    try:\n"
            "        read_delivery(path)\n"
            "    except RefusedFile as error:\n"
            "        print(error.fault.kind)\n"
        )
        paths = [tmp_path / f"{number}{suffix}" for number in range(len(payloads)) for suffix in (".gpkg", ".geojson")]
        for path in paths:
            path.write_text(payloads[int(path.stem)], encoding="utf-8")
        kinds = run(code, *map(str, paths)).split()
        with pytest.raises(TimeoutError):
            listener.accept()
    assert len(kinds) == len(paths)


def test_errors_name_no_folder_of_ours(tmp_path):
    path = tmp_path / "layer.gpkg"
    path.write_bytes(b"SQLite format 3\x00" + b"\x00" * 2000)
    with pytest.raises(RefusedFile) as caught, open_layer(path, rows=10):
        pass
    assert str(tmp_path) not in str(caught.value)


def test_latin_1_keeps_every_byte_of_an_attribute(tmp_path):
    texts = [bytes(range(start, start + 32)).decode("latin-1") for start in range(0x80, 0x100, 32)]
    path = shapefile(tmp_path / "set", encoding="ISO-8859-1", names=texts, field="name")
    with open_layer(path, rows=10, encoding="ISO-8859-1") as opened:
        ((_, values),) = next(opened.batches).fields
    assert values.to_pylist() == texts
