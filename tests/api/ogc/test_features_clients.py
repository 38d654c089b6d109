"""Clients that others wrote read every collection: GDAL's OAPIF driver and OWSLib."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import which
from urllib.parse import parse_qs, urlsplit

import pytest
from owslib.ogcapi.features import Features

READER = Path(__file__).with_name("gdal_reader.py")
KEYED = "planner"
# of each kind, polygons and lines, one with nothing in it
SOME = {
    "buildings",
    "footprints.design",
    "footprints.registration",
    "layers.XZ1103",
    "layers.XZ1301",
    "conflicts",
    "cases",
}


@pytest.fixture(scope="session")
def collections(ogc):
    """Return the collections that a planner sees, with the number of their items."""
    listed = ogc("/collections", role=KEYED).json()["collections"]
    names = [each["id"] for each in listed]
    return {name: ogc(f"/collections/{name}/items?limit=1", role=KEYED).json()["numberMatched"] for name in names}


@pytest.fixture(scope="session")
def gdal(served, installation):
    """Return what asks GDAL, in a process of its own: this one has the drivers only that read deliveries."""

    def ask(*questions):
        command = [sys.executable, str(READER), served, installation.keys[KEYED], json.dumps(questions)]
        done = subprocess.run(command, capture_output=True, text=True, env=plain(), timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask


@pytest.fixture(scope="session")
def gdal_requests(served, installation):
    """Return what asks GDAL one question and returns the answer with the queries that it sent for items."""

    def ask(question):
        command = [sys.executable, str(READER), served, installation.keys[KEYED], json.dumps([question])]
        told = {**plain(), "CPL_DEBUG": "HTTP"}
        done = subprocess.run(command, capture_output=True, text=True, env=told, timeout=120, check=True)
        sent = re.findall(r"Fetch\((\S+/items\?\S+)\)", done.stderr)
        return json.loads(done.stdout)[0], [parse_qs(urlsplit(each).query) for each in sent]

    return ask


def plain():
    """Return this environment without what is set for GDAL."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("GDAL", "OGR", "CPL"))}


def test_gdal_reads_collections_with_their_counts_and_in_the_citys_zone(gdal, collections, full_size):
    names = [name for name in collections if full_size or name in SOME]
    layers, *read = gdal({}, *({"layer": name} for name in names))
    assert [name for name, _ in layers] == [*collections]
    assert {name: each["count"] for name, each in zip(names, read, strict=True)} == {
        name: collections[name] for name in names
    }
    assert {each["crs"] for each in read} == {"EPSG:4551"}


def test_gdal_reads_page_by_page(gdal):
    options = {"layer": "layers.GH2303", "options": {"PAGE_SIZE": 100}}
    (read,) = gdal(options)
    assert read["count"] == 508
    assert {"geometry", "name", "rjl", "yddm"} <= set(read["columns"])


def test_gdal_finds_by_a_box_in_northing_and_easting(gdal, ogc):
    everything, *_ = gdal({"layer": "buildings"})
    west, south, _, north = everything["bounds"]
    # the first two houses of a row: 32 m of 40 m apart
    box = [west - 1, south - 1, west + 60, north + 1]
    (found,) = gdal({"layer": "buildings", "bbox": box})
    assert found["count"] == 6
    assert set(found["codes"]) < set(everything["codes"])
    assert found["bounds"][0] == pytest.approx(west, abs=1e-3)


@pytest.mark.parametrize(
    ("layer", "where", "count"),
    [
        ("layers.GH2303", "rjl > 3", 20),
        ("layers.GH2303", "name LIKE '朗%' AND rjl > 3", 2),
        ("buildings", "name = '7号楼'", 1),
        ("buildings", "name = '7号楼' OR name = '70号楼'", 2),
    ],
)
def test_gdal_has_the_server_filter(gdal_requests, ogc, layer, where, count):
    found, sent = gdal_requests({"layer": layer, "where": where})
    assert found["count"] == count
    last = sent[-1]
    assert last["filter-lang"] == ["cql-text"]
    asked = {"filter": last["filter"][0], "filter-lang": "cql-text"}
    assert ogc(f"/collections/{layer}/items", role=KEYED, params=asked).json()["numberMatched"] == count


@pytest.mark.skipif(which("ogrinfo") is None, reason="ogrinfo is not installed")
def test_debians_gdal_reads_the_buildings(served, installation):
    header = f"Authorization: Bearer {installation.keys[KEYED]}"
    command = ["ogrinfo", "-so", "--config", "GDAL_HTTP_HEADERS", header, f"OAPIF:{served}", "buildings"]
    done = subprocess.run(command, capture_output=True, text=True, env=plain(), timeout=120, check=True)
    assert "Feature Count: 75" in done.stdout


@pytest.fixture(scope="session")
def owslib(served, installation):
    """Return OWSLib's client."""
    return Features(served, headers={"Authorization": f"Bearer {installation.keys[KEYED]}"})


def test_owslib_reads_every_collection(owslib, collections):
    assert owslib.feature_collections() == [*collections]
    for name, count in collections.items():
        page = owslib.collection_items(name, limit=10_000)
        assert (page["numberMatched"], len(page["features"])) == (count, count)


def test_owslib_reads_page_by_page_by_offset(owslib, collections):
    name, count = "layers.GH2303", collections["layers.GH2303"]
    pages = [owslib.collection_items(name, limit=200, offset=offset) for offset in range(0, count, 200)]
    ids = [feature["id"] for page in pages for feature in page["features"]]
    assert len(ids) == len(set(ids)) == count


def test_owslib_reads_what_there_is_to_ask(owslib):
    assert "rjl" in owslib.collection_queryables("layers.GH2303")["properties"]
    box = owslib.collection("buildings")["extent"]["spatial"]["bbox"][0]
    west, south, _, north = box
    found = owslib.collection_items("buildings", bbox=[west, south, west + 0.0006, north], limit=100)
    assert found["numberMatched"] == 6
    code = found["features"][0]["id"]
    assert owslib.collection_item("buildings", code)["id"] == code
