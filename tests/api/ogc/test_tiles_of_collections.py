"""OGC API – Tiles: grids, tilesets, tiles, and who may see what on them."""

import json
import subprocess
import sys
from datetime import date, timedelta

import morecantile
import pytest
import shapely
from pyproj import Transformer

from workflows.principals import issue_key

HOUSE = shapely.box(126.70, 43.70, 126.7004, 43.7002)
# the house's tile in each grid (level, row, column), and the CRS that its ordinates are in
ADDRESSES = {
    "WebMercatorQuad": (16, 23905, 55833, "EPSG:3857"),
    "WorldCRS84Quad": (15, 8428, 55833, "OGC:CRS84"),
    "CGCS2000Quad": (16, 8428, 55833, "EPSG:4490"),
}
UNITS = 4096
# in a process of its own: what reads deliveries has taken the drivers that it does not need out of this one
READ = """
import json, sys, pyogrio
frame = pyogrio.read_dataframe(sys.argv[1], **json.loads(sys.argv[2]))
print(json.dumps({"crs": str(frame.crs), "features": json.loads(frame.to_json(drop_id=True, to_wgs84=False, default=str))["features"]}))
"""


def address_of(grid, collection="buildings"):
    level, row, column, _ = ADDRESSES[grid]
    return f"/ogc/collections/{collection}/tiles/{grid}/{level}/{row}/{column}"


def read_by_gdal(path, **options):
    """Return what GDAL reads from a source, as GeoJSON features in the source's own ordinates."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ, str(path), json.dumps(options)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def layer_tiles(name):
    return f"/collections/layers.{name}/tiles/WebMercatorQuad/10/373/871"


@pytest.fixture
def keyed(client, sample_database):
    """Return what calls as somebody of an office: by role and office, then as the client does."""
    keys = {}

    def call(role, office, method, path, *, headers=None, **request):
        if (role, office) not in keys:
            keys[role, office] = issue_key(sample_database, office=office, name=office, role=role, label=role)
        said = {"Authorization": f"Bearer {keys[role, office]}", **(headers or {})}
        return client.request(method, path, headers=said, **request)

    return call


@pytest.fixture
def register(keyed):
    """Return what has an office register a house, and returns its code."""

    def add(shape=HOUSE, name="滨溪1号楼"):
        feature = {"type": "Feature", "properties": {"name": name}, "geometry": shapely.geometry.mapping(shape)}
        file = (f"{name}.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]}))
        return keyed("surveyor", "first", "POST", "/uploads", files={"file": file}).json()["results"][0]["code"]

    return add


# --- grids


def test_the_grids_are_told_with_their_coordinate_systems(ogc):
    told = ogc("/tileMatrixSets").json()["tileMatrixSets"]
    assert {each["id"]: each["crs"].split("/def/crs/")[1] for each in told} == {
        "WebMercatorQuad": "EPSG/0/3857",
        "WorldCRS84Quad": "OGC/1.3/CRS84",
        "CGCS2000Quad": "EPSG/0/4490",
    }


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_grid_is_the_one_that_a_library_reads(ogc, name):
    answer = ogc(f"/tileMatrixSets/{name}")
    read = morecantile.TileMatrixSet.model_validate_json(answer.content)
    level, row, column, _ = ADDRESSES[name]
    centre = HOUSE.centroid
    assert read.tile(centre.x, centre.y, level) == morecantile.Tile(column, row, level)
    assert "max-age" in answer.headers["cache-control"]
    if name in morecantile.tms.list():
        assert answer.json() == morecantile.tms.get(name).model_dump(mode="json", exclude_none=True)


def test_the_national_grid_begins_with_two_tiles_at_level_1_and_halves_its_cells(ogc):
    told = ogc("/tileMatrixSets/CGCS2000Quad").json()
    matrices = {int(each["id"]): each for each in told["tileMatrices"]}
    assert [*matrices] == [*range(1, 21)]
    assert (matrices[1]["matrixWidth"], matrices[1]["matrixHeight"]) == (2, 1)
    # as the national service's description of its tile matrix set “c” has them
    assert {level: matrices[level]["cellSize"] for level in (1, 10, 18)} == pytest.approx(
        {1: 0.703125, 10: 0.001373291015625, 18: 5.364418029785156e-06}
    )
    # the first axis of EPSG:4490 is the latitude
    assert told["orderedAxes"] == ["Lat", "Lon"]
    assert {tuple(each["pointOfOrigin"]) for each in matrices.values()} == {(90, -180)}


def test_a_grid_that_is_none_is_not_there(ogc):
    answer = ogc("/tileMatrixSets/Nowhere")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "CGCS2000Quad" in answer.json()["zh"]["detail"]


# --- tilesets


@pytest.mark.parametrize("collection", ["buildings", "footprints.design", "layers.GH2201", "conflicts", "cases"])
def test_every_collection_has_a_tileset_for_each_grid(ogc, collection):
    told = ogc(f"/collections/{collection}/tiles").json()["tilesets"]
    assert [each["tileMatrixSetId"] for each in told] == [*ADDRESSES]
    for each in told:
        links = {link["rel"].rsplit("/", 1)[-1]: link for link in each["links"]}
        assert links["item"]["templated"]
        assert ogc(links["self"]["href"].split("/ogc", 1)[1]).json()["layers"][0]["id"] == collection
        assert ogc(links["tiling-scheme"]["href"].split("/ogc", 1)[1]).json()["id"] == each["tileMatrixSetId"]


def test_a_collection_leads_to_its_tiles_and_the_landing_page_to_the_grids(ogc):
    links = {each["rel"]: each["href"] for each in ogc("/collections/buildings").json()["links"]}
    assert links["http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"].endswith("/collections/buildings/tiles")
    links = {each["rel"]: each["href"] for each in ogc("/").json()["links"]}
    assert links["http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"].endswith("/ogc/tileMatrixSets")
    assert any(uri.endswith("ogcapi-tiles-1/1.0/conf/mvt") for uri in ogc("/conformance").json()["conformsTo"])


@pytest.mark.parametrize("grid", ADDRESSES)
def test_the_limits_hold_the_tiles_where_something_is_and_no_others(ogc, grid):
    limits = ogc(f"/collections/buildings/tiles/{grid}").json()["tileMatrixSetLimits"]
    # at the ninth, buildings are drawn one by one
    deep = limits[11]
    rows = range(deep["minTileRow"], deep["maxTileRow"] + 1)
    columns = range(deep["minTileCol"], deep["maxTileCol"] + 1)
    path = f"/collections/buildings/tiles/{grid}/{deep['tileMatrix']}"
    assert {ogc(f"{path}/{row}/{column}").status_code for row in rows for column in columns} <= {200, 204}
    assert any(ogc(f"{path}/{row}/{column}").status_code == 200 for row in rows for column in columns)
    assert ogc(f"{path}/{rows[0] - 2}/{columns[0] - 2}").status_code == 204


def test_tilejson_tells_where_tiles_are_and_what_they_hold(ogc):
    told = ogc("/collections/buildings/tiles/WebMercatorQuad?f=tilejson").json()
    assert told["tilejson"] == "3.0.0"
    assert told["tiles"][0].endswith("/collections/buildings/tiles/WebMercatorQuad/{z}/{y}/{x}")
    layer, cells = told["vector_layers"]
    assert layer["fields"] == {"code": "String", "stage": "String", "area_m2": "Number", "name": "String"}
    assert cells["fields"] == {"h3": "String", "buildings": "Number", "area_m2": "Number"}
    assert [(each["id"], each["minzoom"], each["maxzoom"]) for each in (layer, cells)] == [
        ("buildings", 13, 20),
        ("cells", 5, 12),
    ]
    west, south, east, north = told["bounds"]
    assert 126 < west < east < 127
    assert 43 < south < north < 44
    assert ogc("/collections/buildings/tiles/CGCS2000Quad?f=tilejson").status_code == 400


# --- tiles


@pytest.mark.parametrize("grid", ADDRESSES)
def test_gdal_reads_a_building_where_it_stands(client, register, tmp_path, grid):
    code = register()
    level, row, column, crs = ADDRESSES[grid]
    answer = client.get(address_of(grid))
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    path = tmp_path / "tile.mvt"
    path.write_bytes(answer.content)
    (found,) = read_by_gdal(path)["features"]
    assert found["properties"]["code"] == code.replace("-", "")
    # GDAL tells units from the tile's south-western corner
    box = client.get(f"/ogc/tileMatrixSets/{grid}").json()
    west, south, east, north = morecantile.TileMatrixSet.model_validate(box).xy_bounds(column, row, level)
    there = shapely.transform(
        HOUSE, Transformer.from_crs("EPSG:4490", crs, always_xy=True).transform, interleaved=False
    )
    in_units = shapely.transform(there, lambda xy: (xy - (west, south)) / (east - west, north - south) * UNITS)
    # a vertex is rounded to half a unit, and where Mercator is taken as straight it is a fifth of one off at most
    drawn = shapely.geometry.shape(found["geometry"])
    assert drawn.hausdorff_distance(in_units) < 1.0


def test_gdal_reads_a_tile_by_its_address_in_metres(client, register, tmp_path):
    register()
    level, row, column, _ = ADDRESSES["WebMercatorQuad"]
    path = tmp_path / str(level) / str(column) / f"{row}.mvt"
    path.parent.mkdir(parents=True)
    path.write_bytes(client.get(address_of("WebMercatorQuad")).content)
    read = read_by_gdal(path)
    assert "3857" in read["crs"]
    house = shapely.transform(HOUSE, Transformer.from_crs(4490, 3857, always_xy=True).transform, interleaved=False)
    assert shapely.geometry.shape(read["features"][0]["geometry"]).hausdorff_distance(house) < 0.15


def test_gdal_reads_a_layers_features_by_the_tilejson(served):
    tiles = f"{served}/collections/layers.GH2201/tiles"
    read = read_by_gdal(f"OGCAPI:{served}/collections/layers.GH2201", API="TILES")
    assert len(read["features"]) > 0, tiles


def test_gdal_reads_the_buildings_level_by_level(ogc, served):
    # it has a layer for each level, of which the first ones tell cells
    source = f"OGCAPI:{served}/collections/buildings"
    cells = read_by_gdal(source, API="TILES")["features"]
    read = read_by_gdal(source, API="TILES", layer="Zoom level 13")
    told = {each["properties"]["code"] for each in read["features"]}
    items = ogc("/collections/buildings/items", params={"limit": 1000}).json()
    assert told == {each["id"].replace("-", "") for each in items["features"]}
    assert sum(each["properties"]["buildings"] for each in cells) >= len(told)


def test_gdal_reads_the_pages_tiles_by_their_template(ogc, served, tmp_path):
    told = ogc("/collections/buildings/tiles/WebMercatorQuad?f=tilejson").json()
    path = tmp_path / "metadata.json"
    path.write_text(json.dumps({**told, "format": "pbf", "json": json.dumps({"vector_layers": told["vector_layers"]})}))
    read = read_by_gdal(
        f"MVT:{served.removesuffix('/ogc')}/tiles/buildings/16",
        METADATA_FILE=str(path),
        TILE_EXTENSION="mvt",
        layer="buildings",
    )
    items = ogc("/collections/buildings/items", params={"limit": 1000}).json()
    codes = {each["properties"]["code"] for each in read["features"]}
    assert codes == {each["id"].replace("-", "") for each in items["features"]}


def test_a_tile_that_the_client_has_is_not_sent_again(client, register):
    register()
    first = client.get(address_of("WebMercatorQuad"))
    assert first.headers["cache-control"] == "private, no-cache"
    again = client.get(address_of("WebMercatorQuad"), headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("grid", ADDRESSES)
def test_a_new_building_is_on_the_tile_at_once_and_a_withdrawn_one_is_not(client, keyed, register, grid):
    first = register().replace("-", "").encode()
    before = client.get(address_of(grid))
    second = register(shapely.affinity.translate(HOUSE, 0.0008, 0), "滨溪2号楼")
    after = client.get(address_of(grid), headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert [code in after.content for code in (first, second.replace("-", "").encode())] == [True, True]
    body = {"reason": "demolished", "on": date.today().isoformat()}
    assert client.post(f"/buildings/{second}/closures", json=body).status_code == 201
    assert client.get(address_of(grid)).content == before.content


def test_a_tile_of_an_earlier_day_shows_what_stood_then(client, register):
    code = register().replace("-", "").encode()
    today = date.today()
    for day, there in ((today, True), (today - timedelta(days=400), False), (f"{today}/..", True)):
        answer = client.get(address_of("WebMercatorQuad"), params={"datetime": str(day)})
        assert (answer.status_code, code in answer.content) == ((200, True) if there else (204, False))


def place_at(grid, zoom):
    """Return the address of the tile of a zoom on which the house stands."""
    level, row, column, _ = ADDRESSES[grid]
    return f"/ogc/collections/buildings/tiles/{grid}/{level - 16 + zoom}/{row >> 16 - zoom}/{column >> 16 - zoom}"


@pytest.mark.parametrize("grid", ADDRESSES)
@pytest.mark.parametrize("zoom", [5, 8, 10, 12])
def test_from_afar_tiles_tell_in_which_cells_how_many_buildings_stand(client, register, tmp_path, grid, zoom):
    path = tmp_path / "tile.mvt"

    def buildings():
        path.write_bytes(client.get(place_at(grid, zoom)).content)
        cells = read_by_gdal(path, layer="cells")["features"]
        assert all(len(each["properties"]["h3"]) == 15 for each in cells)
        assert {each["geometry"]["type"] for each in cells} == {"Polygon"}
        return sum(each["properties"]["buildings"] for each in cells)

    register()
    before = buildings()
    register(shapely.affinity.translate(HOUSE, 0.0008, 0), "滨溪2号楼")
    assert buildings() == before + 1
    assert client.get(place_at(grid, zoom), params={"datetime": "2026-01-01"}).status_code == 404


def test_a_tile_where_nothing_is_has_no_content(ogc):
    answer = ogc("/collections/buildings/tiles/WebMercatorQuad/16/1/1")
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    "tile",
    ["3/1/1", "16/65536/1", "16/1/65536", "16/-1/1", "21/1/1", "x/1/1", "16/1/1.5", "16/١/1", f"16/{'9' * 50}/1"],
)
def test_a_tile_beyond_the_grid_or_the_levels_is_not_there(ogc, tile):
    answer = ogc(f"/collections/buildings/tiles/WebMercatorQuad/{tile}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["zh"]["detail"]


@pytest.mark.parametrize("query", ["datetime=yesterday", "datetime=2026-02-01/2026-01-01", "f=png", "colour=red"])
def test_a_value_that_is_none_is_refused_with_the_remedy(ogc, query):
    answer = ogc(f"/collections/buildings/tiles/WebMercatorQuad/16/1/1?{query}")
    assert answer.status_code == 400
    assert all([answer.json()["remedy"], answer.json()["zh"]["remedy"]])


# --- rights


def test_a_tile_names_a_building_to_who_may_see_its_name_whoever_asked_before(keyed, register):
    code = register().replace("-", "").encode()
    askers = [("surveyor", "first"), ("surveyor", "second"), ("planner", "second"), ("admin", "first")] * 2
    tiles = [keyed(*asker, "GET", address_of("WebMercatorQuad")).content for asker in askers]
    assert all(code in tile for tile in tiles)
    assert ["滨溪1号楼".encode() in tile for tile in tiles] == [True, False, True, False] * 2


def test_another_offices_footprints_are_on_no_tile(keyed, register):
    register()
    askers = [("surveyor", "first"), ("surveyor", "second"), ("planner", "second")]
    path = address_of("WebMercatorQuad", "footprints.design")
    assert [keyed(*asker, "GET", path).status_code for asker in askers] == [200, 204, 200]


@pytest.mark.parametrize("question", ["", "?datetime=2026-01-01"])
def test_a_secret_layer_is_on_no_tile_of_who_may_not_see_it_whoever_asked_before(ogc, question):
    for role in ("planner", "surveyor", "auditor", "surveyor"):
        for layer, allowed in (("GH2201", True), ("GL3201", role != "surveyor")):
            answer = ogc(f"{layer_tiles(layer)}{question}", role=role)
            assert (answer.status_code in {200, 204}) is allowed, (role, layer, answer.text)
            assert allowed or layer.encode() not in answer.content.replace(b"layers.GL3201", b"")
            listed = ogc(f"/collections/layers.{layer}/tiles/WebMercatorQuad?f=tilejson", role=role)
            assert (listed.status_code == 200) is allowed


def test_conflicts_and_cases_are_on_no_tile_of_a_surveyors(ogc):
    for collection in ("conflicts", "cases"):
        (low, *_) = ogc(f"/collections/{collection}/tiles/WebMercatorQuad", role="planner").json()[
            "tileMatrixSetLimits"
        ]
        path = f"/collections/{collection}/tiles/WebMercatorQuad/8/{low['minTileRow']}/{low['minTileCol']}"
        assert [ogc(path, role=role).status_code for role in ("surveyor", "planner")] == [404, 200], collection


def test_nobody_sees_a_tile_without_a_key_that_holds(client, register):
    register()
    answer = client.get(address_of("WebMercatorQuad"), headers={"Authorization": "Bearer luotu_none"})
    assert answer.status_code == 401
    assert client.get(address_of("WebMercatorQuad")).status_code == 200
