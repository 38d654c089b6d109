"""The abstract tests of OGC API – Features, Part 1 (17-069r4) and Part 2 (18-058r1), under their own names."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from inspect import signature
from types import SimpleNamespace

import pyproj
import pytest
import shapely

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
COLLECTIONS = ("buildings", "footprints.design", "layers.GH2303", "conflicts", "cases")
TESTS: dict[str, Callable] = {}


def abstract(name):
    def keep(test):
        TESTS[name] = test
        return test

    return keep


@pytest.fixture(scope="session")
def api(ogc):
    """Return what the tests ask: an answer, its JSON, a collection, its items; and the OpenAPI document."""

    def ask(path, **query):
        return ogc(path, params=query)

    def get(path, **query):
        answer = ask(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return SimpleNamespace(
        ask=ask,
        get=get,
        items=lambda collection, **query: get(f"/collections/{collection}/items", **query),
        description=get("/api"),
    )


def links_of(document, rel):
    return [link for link in document["links"] if link["rel"] == rel]


def ids_of(page):
    return [feature["id"] for feature in page["features"]]


def box_of(api, collection):
    return api.get(f"/collections/{collection}")["extent"]["spatial"]["bbox"][0]


def parameters_of(api, collection):
    """Return the parameters of a collection's items by name, references resolved."""
    shared = api.description["components"]["parameters"]
    said = api.description["paths"][f"/collections/{collection}/items"]["get"]["parameters"]
    found = [shared[each["$ref"].rsplit("/", 1)[-1]] if "$ref" in each else each for each in said]
    return {each["name"]: each for each in found}


@abstract("/conf/core/root-op")
@abstract("/conf/core/root-success")
def the_landing_page_leads_on(api, ogc):
    for path in ("", "/"):
        page = ogc(path).json()
        for rel in ("service-desc", "conformance", "data", "self", "alternate"):
            assert links_of(page, rel), rel
        assert all(link["type"] and link["href"].startswith("http://") for link in page["links"])


@abstract("/conf/core/api-definition-op")
@abstract("/conf/core/api-definition-success")
@abstract("/conf/oas30/oas-definition-1")
@abstract("/conf/oas30/oas-definition-2")
@abstract("/conf/oas30/oas-impl")
def the_description_is_openapi(api, ogc):
    (link,) = links_of(ogc("").json(), "service-desc")
    assert ogc("/api").headers["content-type"] == link["type"]
    assert api.description["openapi"].startswith("3.0.")
    operations = [path["get"]["operationId"] for path in api.description["paths"].values()]
    assert len(operations) == len(set(operations))


@abstract("/conf/oas30/completeness")
def every_link_of_a_collection_is_described(api):
    for collection in api.get("/collections")["collections"]:
        for path in ("", "/items", "/items/{featureId}"):
            assert f"/collections/{collection['id']}{path}" in api.description["paths"]


@abstract("/conf/oas30/exceptions-codes")
def refusals_are_described(api):
    for path in api.description["paths"].values():
        assert {"400", "404"} <= path["get"]["responses"].keys()


@abstract("/conf/oas30/security")
def the_key_is_described(api):
    assert api.description["components"]["securitySchemes"]["key"] == {"type": "http", "scheme": "bearer"}


@abstract("/conf/core/conformance-op")
@abstract("/conf/core/conformance-success")
def conformance_names_the_classes(api):
    said = api.get("/conformance")["conformsTo"]
    for part in ("1/1.0/conf/core", "1/1.0/conf/geojson", "1/1.0/conf/html", "1/1.0/conf/oas30", "2/1.0/conf/crs"):
        assert f"http://www.opengis.net/spec/ogcapi-features-{part}" in said


@abstract("/conf/core/http")
def only_what_is_described_is_answered(ogc):
    assert ogc("/nowhere").status_code == 404
    assert ogc("/collections/nothing").status_code == 404


@abstract("/conf/core/fc-md-op")
@abstract("/conf/core/fc-md-success")
@abstract("/conf/core/fc-md-links")
@abstract("/conf/core/fc-md-items")
def the_collections_are_listed(api):
    document = api.get("/collections")
    assert {link["rel"] for link in document["links"]} == {"self", "alternate"}
    assert set(COLLECTIONS) <= {each["id"] for each in document["collections"]}


@abstract("/conf/core/fc-md-items-links")
def each_collection_has_links_to_its_items_in_every_format(api):
    for collection in api.get("/collections")["collections"]:
        types = {link["type"] for link in links_of(collection, "items")}
        assert types == {"application/geo+json", "application/vnd.ogc.fg+json", "text/html"}


@abstract("/conf/core/fc-md-extent")
def extents_hold_all_features(api):
    for name in COLLECTIONS:
        extent = api.get(f"/collections/{name}")["extent"]["spatial"]
        assert extent["crs"] == CRS84
        around = shapely.box(*extent["bbox"][0]).buffer(1e-9)
        shapes = [feature["geometry"] for feature in api.items(name, limit=50)["features"]]
        assert all(around.covers(shapely.geometry.shape(shape)) for shape in shapes if shape)


@abstract("/conf/core/sfc-md-op")
@abstract("/conf/core/sfc-md-success")
def one_collection_says_what_the_list_says_of_it(api):
    listed = {each["id"]: each for each in api.get("/collections")["collections"]}
    for name in COLLECTIONS:
        assert api.get(f"/collections/{name}") == listed[name]


@abstract("/conf/core/fc-op")
@abstract("/conf/core/fc-response")
@abstract("/conf/geojson/definition")
@abstract("/conf/geojson/content")
def items_are_a_feature_collection(api):
    for name in COLLECTIONS:
        answer = api.ask(f"/collections/{name}/items")
        assert answer.headers["content-type"] == "application/geo+json"
        page = answer.json()
        assert page["type"] == "FeatureCollection"
        assert all({"type", "id", "geometry", "properties"} == feature.keys() for feature in page["features"])


@abstract("/conf/core/fc-links")
@abstract("/conf/core/fc-rel-type")
def items_link_to_themselves_to_other_formats_and_to_the_next_page(api):
    page = api.items("layers.GH2303", limit=10)
    assert {link["rel"] for link in page["links"]} == {"self", "alternate", "collection", "next"}
    assert all(link["type"] for link in page["links"])


@abstract("/conf/core/fc-limit-definition")
def limit_is_described(api):
    schema = parameters_of(api, "buildings")["limit"]["schema"]
    assert schema == {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 100}


@abstract("/conf/core/fc-limit-response")
def limit_is_kept(api):
    for name in COLLECTIONS:
        all_of_them = api.items(name, limit=10_000)
        assert all_of_them["numberReturned"] == all_of_them["numberMatched"] == len(all_of_them["features"])
        assert len(api.items(name, limit=3)["features"]) == min(3, all_of_them["numberMatched"])
    assert len(api.items("layers.GH2303")["features"]) == 100
    assert api.items("layers.GH2303", limit=10_001)["numberReturned"] == 508


@abstract("/conf/core/fc-bbox-definition")
def bbox_is_described(api):
    bbox = parameters_of(api, "buildings")["bbox"]
    assert (bbox["style"], bbox["explode"], bbox["schema"]["minItems"]) == ("form", False, 4)


@abstract("/conf/core/fc-bbox-response")
def a_box_has_the_features_that_meet_it_and_no_others(api):
    for name in COLLECTIONS:
        west, south, east, north = box_of(api, name)
        asked = shapely.box(west, south, (west + east) / 2, (south + north) / 2)
        everything = api.items(name, limit=10_000)["features"]
        # the last decimal of what lies on the edge is rounded
        least, most = (
            {
                each["id"]
                for each in everything
                if each["geometry"] and shapely.geometry.shape(each["geometry"]).intersects(asked.buffer(margin))
            }
            for margin in (-2e-9, 2e-9)
        )
        west, south, east, north = asked.bounds
        found = set(ids_of(api.items(name, bbox=f"{west!r},{south!r},{east!r},{north!r}", limit=10_000)))
        assert least <= found <= most
        with_heights = f"{west!r},{south!r},0,{east!r},{north!r},100"
        assert set(ids_of(api.items(name, bbox=with_heights, limit=10_000))) == found


@abstract("/conf/core/fc-time-definition")
def datetime_is_described(api):
    assert parameters_of(api, "buildings")["datetime"]["schema"] == {"type": "string"}


@abstract("/conf/core/fc-time-response")
def a_time_has_what_holds_in_it(api, today):
    before, after = today - timedelta(days=400), today + timedelta(days=1)
    assert api.items("buildings", datetime=str(before))["numberMatched"] == 0
    assert api.items("buildings", datetime=f"../{before}")["numberMatched"] == 0
    for said in (f"{today}", f"{after}", f"{before}/..", f"{before}/{after}", f"/{after}", f"{before}T00:00:00Z/"):
        assert api.items("buildings", datetime=said)["numberMatched"] == 75, said
    assert api.items("layers.GH2303", datetime="1990-01-01")["numberMatched"] == 0
    for name in ("cases", "conflicts", "footprints.design"):
        assert api.items(name, datetime=f"{before}/{after}")["numberMatched"]
    assert api.items("cases", datetime=f"../{before}")["numberMatched"] == 0


@abstract("/conf/core/fc-timeStamp")
def no_time_is_told_of_an_answer_that_may_be_kept(api):
    assert "timeStamp" not in api.items("buildings")


@abstract("/conf/core/fc-numberMatched")
def what_matches_is_counted_the_same_on_every_page(api):
    for name in COLLECTIONS:
        matched = api.items(name)["numberMatched"]
        assert matched == len(api.items(name, limit=10_000)["features"])
        assert api.items(name, limit=1)["numberMatched"] == matched


@abstract("/conf/core/fc-numberReturned")
def what_is_returned_is_counted(api):
    for name in COLLECTIONS:
        page = api.items(name, limit=7)
        assert page["numberReturned"] == len(page["features"])


@abstract("/conf/core/f-op")
@abstract("/conf/core/f-success")
@abstract("/conf/core/f-links")
def one_feature_says_what_the_page_says_of_it(api):
    for name in COLLECTIONS:
        (first,) = api.items(name, limit=1)["features"]
        one = api.get(f"/collections/{name}/items/{first['id']}")
        assert {link["rel"] for link in one.pop("links")} == {"self", "alternate", "collection"}
        assert one == first
        assert api.ask(f"/collections/{name}/items/nothing").status_code == 404


@abstract("/conf/core/query-param-unknown")
def an_unknown_parameter_is_refused(api):
    for path in ("/", "/conformance", "/api", "/collections", "/collections/buildings", "/collections/buildings/items"):
        answer = api.ask(path, nonsense="1")
        assert answer.status_code == 400, path
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["errors"][0]["pointer"] == "/query/nonsense"
        assert problem["remedy"]
        assert problem["zh"]["remedy"]


@abstract("/conf/core/query-param-invalid")
def a_value_that_is_none_is_refused(api):
    for name, value in (
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", "１０"),
        ("offset", "-1"),
        ("offset", "9" * 40),
        ("cursor", "nothing"),
        ("cursor", "WzEsMl0"),
        ("cursor", "W251bGwsbnVsbCwtMSxudWxsXQ"),
        ("bbox", "1,2,3"),
        ("bbox", "1,2,3,4,5"),
        ("bbox", "126,44,127,43"),
        ("bbox", "126,43,127,nan"),
        ("bbox", "126,43,127,91"),
        ("datetime", "yesterday"),
        ("datetime", "2026-13-01"),
        ("datetime", "2026-02-01/2026-01-01"),
        ("datetime", "0001-01-01"),
        ("datetime", "2026-01-01T00:00:00"),
        ("f", "xml"),
        ("language", "fr"),
        ("version", "one"),
        ("valid_from", "someday"),
        ("geometry", "POINT (1 1)"),
    ):
        answer = api.ask("/collections/buildings/items", **{name: value})
        assert answer.status_code == 400, (name, value)
        assert answer.json()["errors"][0]["parameter"] == name


@abstract("/conf/html/definition")
@abstract("/conf/html/content")
def every_page_is_html_for_people(api, ogc):
    (item,) = api.items("buildings", limit=1)["features"]
    for path in (
        "/",
        "/conformance",
        "/collections",
        "/collections/buildings",
        "/collections/buildings/items",
        f"/collections/buildings/items/{item['id']}",
    ):
        for answer in (ogc(path, params={"f": "html"}), ogc(path, headers={"Accept": "text/html,*/*;q=0.8"})):
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert answer.text.startswith("<!doctype html>")


@abstract("/conf/crs/crs-uri")
@abstract("/conf/crs/fc-md-crs-list")
def each_collection_lists_its_systems_by_uri(api):
    for collection in api.get("/collections")["collections"]:
        assert collection["crs"][0] == CRS84
        for uri in collection["crs"][1:]:
            assert pyproj.CRS(f"EPSG:{uri.removeprefix('http://www.opengis.net/def/crs/EPSG/0/')}")


@abstract("/conf/crs/fc-md-storageCrs")
@abstract("/conf/crs/fc-md-storageCrs-valid-value")
def the_storage_system_is_among_them_and_the_citys_zone(api):
    for collection in api.get("/collections")["collections"]:
        assert collection["storageCrs"] in collection["crs"]
        assert collection["storageCrs"] == "http://www.opengis.net/def/crs/EPSG/0/4551"


@abstract("/conf/crs/fc-md-crs-list-global")
def no_list_is_shared(api):
    assert "crs" not in api.get("/collections")


@abstract("/conf/crs/crs-parameter")
@abstract("/conf/crs/ogc-crs-header")
@abstract("/conf/crs/ogc-crs-header-value")
@abstract("/conf/crs/geojson")
def features_are_told_in_every_system_with_its_axes(api):
    for name in ("buildings", "layers.GH2303"):
        plain = api.items(name, limit=5)["features"]
        for uri in api.get(f"/collections/{name}")["crs"]:
            for path in (f"/collections/{name}/items", f"/collections/{name}/items/{plain[0]['id']}"):
                answer = api.ask(path, crs=uri, **({"limit": 5} if path.endswith("items") else {}))
                assert answer.headers["content-crs"] == f"<{uri}>"
                told = answer.json().get("features", [answer.json()])
                for one, other in zip(told, plain, strict=False):
                    assert_same_place(one["geometry"], other["geometry"], uri)


def assert_same_place(told, plain, uri):
    """Assert that a geometry is another one in a system, to 0.1 mm."""
    crs, move = system(uri)
    x, y = shapely.get_coordinates(shapely.geometry.shape(plain)).T
    expected = move.transform(x, y) if crs.is_projected else (x, y)
    if crs.axis_info[0].direction == "north":
        expected = expected[::-1]
    found = shapely.get_coordinates(shapely.geometry.shape(told)).T
    assert abs(found - expected).max() < (2e-4 if crs.is_projected else 2e-9)


@cache
def system(uri):
    """Return a system and what brings longitude and latitude of its own datum, which is equal to ours, into x and y."""
    crs = pyproj.CRS("OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.rsplit('/', 1)[-1]}")
    return crs, pyproj.Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)


@abstract("/conf/crs/crs-parameter-default")
def without_a_system_features_are_in_longitude_and_latitude(api):
    answer = api.ask("/collections/buildings/items")
    assert answer.headers["content-crs"] == f"<{CRS84}>"
    assert answer.json()["features"] == api.items("buildings", crs=CRS84)["features"]


@abstract("/conf/crs/crs-parameter-invalid")
@abstract("/conf/crs/bbox-crs-parameter-invalid")
def another_system_is_refused(api):
    for name in ("crs", "bbox-crs"):
        for value in ("http://www.opengis.net/def/crs/EPSG/0/2180", "EPSG:4610", "nonsense", "", "EPSG:"):
            asked = {name: value, "bbox": "1,1,2,2"}
            answer = api.ask("/collections/buildings/items", **asked)
            assert answer.status_code == 400, (name, value)
            assert answer.json()["errors"][0]["parameter"] == name


@abstract("/conf/crs/bbox-crs-parameter")
def a_box_is_the_same_box_in_every_system(api):
    for name in ("buildings", "layers.GH2303"):
        west, south, east, north = box_of(api, name)
        middle = ((west + east) / 2, (south + north) / 2)
        expected = ids_of(api.items(name, bbox=f"{west},{south},{middle[0]},{middle[1]}", limit=10_000))
        assert 0 < len(expected) < api.items(name)["numberMatched"]
        for uri in api.get(f"/collections/{name}")["crs"][1:]:
            crs, move = system(uri)
            corners = [(west, south), middle]
            if crs.is_projected:
                corners = [move.transform(*corner) for corner in corners]
            if crs.axis_info[0].direction == "north":
                corners = [corner[::-1] for corner in corners]
            box = ",".join(repr(float(ordinate)) for corner in corners for ordinate in corner)
            found = ids_of(api.items(name, bbox=box, **{"bbox-crs": uri, "limit": 10_000}))
            # a box of a zone is turned against one of degrees: what lies on its edge may differ
            assert len(set(found) ^ set(expected)) <= (len(expected) // 20 + 3 if "/45" in uri else 0), uri


@abstract("/conf/crs/bbox-crs-parameter-default")
def without_a_system_a_box_is_in_longitude_and_latitude(api):
    west, south, east, _ = box_of(api, "buildings")
    box = f"{west},{south},{east},{south + 0.0002}"
    said = ids_of(api.items("buildings", bbox=box, **{"bbox-crs": CRS84}))
    assert said == ids_of(api.items("buildings", bbox=box))
    assert said


@pytest.fixture(scope="session")
def passed():
    """Return the checks that were passed: one may answer to several names."""
    return set()


@pytest.mark.parametrize("name", TESTS)
def test_abstract(name, api, ogc, today, passed):
    """Run the check that answers to the name of an abstract test."""
    given, check = {"api": api, "ogc": ogc, "today": today}, TESTS[name]
    if check not in passed:
        check(**{each: given[each] for each in signature(check).parameters})
        passed.add(check)
