"""Clients that others wrote read every collection: GDAL 3.12 by pyogrio, Debian's GDAL 3.6, QGIS 3.22, OWSLib."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest
from owslib.ogcapi.features import Features

HERE = Path(__file__).parent
CONNECTIONS = HERE.parents[2] / "deploy" / "qgis-connections.xml"
DEBIANS_PYTHON, DEBIANS_QGIS = "/usr/bin/python3", Path("/usr/lib/python3/dist-packages/qgis")
KEYED = "planner"
CRS = "http://www.opengis.net/def/crs"
ZONE = f"{CRS}/EPSG/0/4551"
# where the houses stand, in degrees and in the zone; the second box is around the six in the west alone
DEGREES, METRES = [126.5601, 43.8402, 126.56995, 43.8411], [545043.2398, 4856219.3825, 545836.0669, 4856324.792]
WESTERN, OF_METRES = [126.56, 43.84, 126.5607, 43.842], [545042, 4856218, 545103, 4856326]


@pytest.fixture(scope="session")
def collections(ogc):
    """Return the collections that a planner sees, with the number of their items."""
    listed = ogc("/collections", role=KEYED).json()["collections"]
    names = [each["id"] for each in listed]
    return {name: ogc(f"/collections/{name}/items?limit=1", role=KEYED).json()["numberMatched"] for name in names}


@pytest.fixture
def arriving(requests_served):
    """Return what tells the queries for items of a collection that have come to the server since the test began."""
    first = len(requests_served)

    def tell(collection):
        return [query for path, query in requests_served[first:] if path == f"/collections/{collection}/items"]

    return tell


def printed(command, **environment):
    """Return what a program prints, in this environment without what is set for GDAL."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GDAL", "OGR", "CPL"))}
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        env=kept | environment,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- the clients


@pytest.fixture(scope="session")
def gdal(served, installation):
    """Return what asks GDAL 3.12, in a process of its own: this one has the drivers only that read deliveries."""
    return lambda *questions: json.loads(
        printed([sys.executable, HERE / "gdal_reader.py", served, installation.keys[KEYED], json.dumps(questions)])
    )


@pytest.fixture(scope="session")
def debians_gdal(served, installation):
    """Return what runs one of Debian's GDAL programs on the whole of the service."""
    if which("ogr2ogr") is None:
        pytest.skip("gdal-bin is not installed")
    header = f"Authorization: Bearer {installation.keys[KEYED]}"

    def run(program, *options, to=(), collection=()):
        paged = ["-oo", "PAGE_SIZE=1000", *options, *to, f"OAPIF:{served}", *collection]
        return printed([program, *paged], GDAL_HTTP_HEADERS=header)

    return run


@pytest.fixture(scope="session")
def qgis(served, installation, tmp_path_factory):
    """Return what asks Debian's QGIS, without a window."""
    if not DEBIANS_QGIS.exists():
        pytest.skip("python3-qgis is not installed")

    def ask(*questions):
        profile = tmp_path_factory.mktemp("qgis")
        told = [profile, served, installation.keys[KEYED], json.dumps(questions)]
        # what it keeps anywhere goes into a home of its own
        own = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(profile), "XDG_CONFIG_HOME": "", "PYTHONPATH": ""}
        return json.loads(printed([DEBIANS_PYTHON, HERE / "qgis_reader.py", *told], **own))

    return ask


@pytest.fixture(scope="session")
def owslib(served, installation):
    """Return OWSLib's client."""
    return Features(served, headers={"Authorization": f"Bearer {installation.keys[KEYED]}"})


# --- every collection


def test_gdal_reads_every_collection_in_the_citys_zone(gdal, collections):
    read = dict(zip(collections, gdal(*({"collection": name} for name in collections)), strict=True))
    assert {name: each["count"] for name, each in read.items()} == collections
    assert {each["crs"] for each in read.values()} == {"EPSG:4551"}
    assert read["buildings"]["bounds"] == pytest.approx(METRES, abs=1e-3)


def test_debians_gdal_copies_every_collection(debians_gdal, collections, tmp_path):
    debians_gdal("ogr2ogr", "-f", "GPKG", to=[tmp_path / "copied.gpkg"])
    with sqlite3.connect(tmp_path / "copied.gpkg") as copied:
        told = copied.execute("select table_name, srs_id, min_x, min_y, max_x, max_y from gpkg_contents").fetchall()
        counts = {name: copied.execute(f'select count(*) from "{name}"').fetchone()[0] for name, *_ in told}
    assert counts == collections
    assert {srid for _, srid, *_ in told} == {4326}
    (box,) = [box for name, _, *box in told if name == "buildings"]
    assert box == pytest.approx(DEGREES, abs=1e-9)


def test_qgis_reads_every_collection(qgis, collections):
    found = dict(zip(collections, qgis(*({"collection": name} for name in collections)), strict=True))
    assert {name: each["count"] for name, each in found.items()} == collections
    # QGIS 3.22 asks for longitude and latitude alone, and looks at the first items to know what a layer is of
    assert {each["crs"] for name, each in found.items() if collections[name]} == {"EPSG:4326"}
    assert found["buildings"]["extent"] == pytest.approx(DEGREES, abs=1e-9)
    assert {"rjl", "yddm", "name"} <= set(found["layers.GH2303"]["fields"])


def test_owslib_reads_every_collection(owslib, collections):
    assert owslib.feature_collections() == [*collections]
    for name, count in collections.items():
        page = owslib.collection_items(name, limit=10_000)
        assert (page["numberMatched"], len(page["features"])) == (count, count)


# --- axes


@pytest.mark.parametrize(
    ("crs", "read_as", "bounds", "box"),
    [
        ("EPSG/0/4490", "EPSG:4490", DEGREES, WESTERN),
        ("EPSG/0/4326", "OGC:CRS84", DEGREES, WESTERN),
        ("OGC/1.3/CRS84", "OGC:CRS84", DEGREES, WESTERN),
        ("EPSG/0/4551", "EPSG:4551", METRES, OF_METRES),
    ],
)
def test_gdal_has_easting_first_whatever_is_first_on_the_way(gdal, arriving, crs, read_as, bounds, box):
    asked = {"collection": "buildings", "options": {"CRS": f"{CRS}/{crs}"}}
    everything, western = gdal(asked, {**asked, "bbox": box})
    assert (everything["crs"], everything["count"]) == (read_as, 75)
    assert everything["bounds"] == pytest.approx(bounds, abs=1e-3)
    assert set(western["codes"]) < set(everything["codes"])
    assert western["count"] == 6
    (sent,) = [each for each in arriving("buildings") if "bbox" in each]
    west, south, east, north = box
    # it asks for 4326 as CRS84
    is_swapped = read_as != "OGC:CRS84"
    corners = [south, west, north, east] if is_swapped else box
    assert [*map(float, sent["bbox"][0].split(","))] == pytest.approx(corners)
    assert sent["bbox-crs"] == [f"{CRS}/{crs if is_swapped else 'OGC/1.3/CRS84'}"]


def test_owslib_is_told_axes_in_the_authoritys_order(owslib):
    for crs, order in ((f"{CRS}/OGC/1.3/CRS84", 1), (f"{CRS}/EPSG/0/4490", -1), (f"{CRS}/EPSG/0/4326", -1)):
        page = owslib.collection_items("buildings", crs=crs, limit=1)
        corner = page["features"][0]["geometry"]["coordinates"][0][0][0]
        assert corner[::order] == pytest.approx(DEGREES[:2], abs=1e-3)
    page = owslib.collection_items(
        "buildings", **{"crs": ZONE, "bbox-crs": ZONE}, bbox=[4856218, 545042, 4856326, 545103]
    )
    assert page["numberMatched"] == 6


# --- filters that the server applies


@pytest.mark.parametrize(
    ("layer", "where", "count"),
    [
        ("layers.GH2303", "rjl > 3", 20),
        ("layers.GH2303", "name LIKE '朗%' AND rjl > 3", 2),
        ("buildings", "name = '7号楼' OR name = '70号楼'", 2),
    ],
)
def test_both_gdals_have_the_server_filter(gdal, debians_gdal, arriving, ogc, layer, where, count):
    (found,) = gdal({"collection": layer, "where": where})
    text = debians_gdal("ogrinfo", "-so", "-where", where, collection=[layer])
    assert (found["count"], int(re.search(r"Feature Count: (\d+)", text)[1])) == (count, count)
    filtered = [each for each in arriving(layer) if "filter" in each]
    assert len(filtered) >= 2
    for each in filtered:
        assert each["filter-lang"] == ["cql-text"]
        asked = {"filter": each["filter"][0], "filter-lang": "cql-text"}
        assert ogc(f"/collections/{layer}/items", role=KEYED, params=asked).json()["numberMatched"] == count


def test_debians_gdal_has_the_server_look_in_a_box(debians_gdal, arriving):
    text = debians_gdal("ogrinfo", "-so", "-spat", *WESTERN, collection=["buildings"])
    assert "Feature Count: 6" in text
    assert any("bbox" in each for each in arriving("buildings"))


def test_qgis_has_the_server_look_in_a_box_and_filters_itself(qgis, arriving):
    boxed, filtered = qgis(
        {"collection": "buildings", "box": WESTERN}, {"collection": "layers.GH2303", "where": "rjl > 3"}
    )
    assert (boxed["count"], filtered["count"]) == (6, 20)
    (sent,) = [each for each in arriving("buildings") if "bbox" in each]
    assert [*map(float, sent["bbox"][0].split(","))] == pytest.approx(WESTERN)


def test_qgis_3_32_is_told_that_the_server_can_filter(ogc):
    """From 3.32 QGIS has the server filter where it declares these: Debian's does not know them yet."""
    declared = ogc("/conformance").json()["conformsTo"]
    features, cql2 = (
        "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf",
        "http://www.opengis.net/spec/cql2/1.0/conf",
    )
    needed = [f"{features}/filter", f"{features}/features-filter"]
    needed += [f"{cql2}/{name}" for name in ("cql2-text", "basic-cql2", "advanced-comparison-operators")]
    assert set(needed) <= set(declared)


def test_owslib_has_the_server_filter(owslib):
    assert "rjl" in owslib.collection_queryables("layers.GH2303")["properties"]
    assert owslib.collection_items("layers.GH2303", filter="rjl > 3")["numberMatched"] == 20
    found = owslib.collection_items("buildings", bbox=WESTERN, limit=100)
    assert found["numberMatched"] == 6
    code = found["features"][0]["id"]
    assert owslib.collection_item("buildings", code)["id"] == code


# --- pages


def test_each_client_reads_page_by_page(gdal, debians_gdal, qgis, arriving):
    """508 features are six pages of a hundred."""
    name = "layers.GH2303"
    (read,) = gdal({"collection": name, "options": {"PAGE_SIZE": 100}})
    pages = [each for each in arriving(name) if each["limit"] == ["100"]]
    assert (read["count"], len(pages), sum("cursor" in each for each in pages)) == (508, 6, 5)
    (read,) = qgis({"collection": name, "page": 100})
    assert (read["count"], len(set(read["places"]))) == (508, 508)
    pages = [each for each in arriving(name) if each["limit"] == ["100"]]
    assert (len(pages), sum("cursor" in each for each in pages)) == (12, 10)
    assert "Feature Count: 508" in debians_gdal("ogrinfo", "-so", "-oo", "PAGE_SIZE=100", collection=[name])


def test_owslib_reads_page_by_page_by_offset(owslib, collections):
    name, count = "layers.GH2303", collections["layers.GH2303"]
    pages = [owslib.collection_items(name, limit=200, offset=offset) for offset in range(0, count, 200)]
    ids = [feature["id"] for page in pages for feature in page["features"]]
    assert len(ids) == len(set(ids)) == count


# --- QGIS as people use it


def test_qgis_loads_the_file_of_connections(qgis):
    (connections,) = qgis({"connections": str(CONNECTIONS)})
    assert connections == {"落图 Luotu": "http://127.0.0.1:8000/ogc"}


def test_qgis_paints_vector_tiles(qgis, served):
    address = f"{served}/collections/layers.GH2303/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
    drawn, beside = qgis(
        {"tiles": address, "box": [126.53, 43.82, 126.58, 43.86]},
        {"tiles": address, "box": [126.73, 43.82, 126.78, 43.86]},
    )
    assert drawn["painted"] > 10_000
    assert beside["painted"] == 0
