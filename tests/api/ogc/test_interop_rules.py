"""Four rules that real clients taught, each a contract."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pyproj
import pytest

GDAL_LANGUAGE = "cql-text"


@pytest.fixture(scope="session")
def described(ogc):
    return ogc("/api").json()


def named(described, collection):
    """Return the parameters of a collection's items by name."""
    shared = described["components"]["parameters"]
    said = described["paths"][f"/collections/{collection}/items"]["get"]["parameters"]
    found = [shared[each["$ref"].rsplit("/", 1)[-1]] if "$ref" in each else each for each in said]
    return {each["name"]: each for each in found}


def test_rule_1_every_queryable_is_a_query_parameter_of_its_items_path(ogc, described):
    for collection in ogc("/collections").json()["collections"]:
        name = collection["id"]
        queryables = ogc(f"/collections/{name}/queryables").json()["properties"]
        assert set(queryables) - {"geometry"} <= named(described, name).keys()


def test_rule_1_filter_lang_has_the_value_that_gdal_sends(described):
    assert GDAL_LANGUAGE in named(described, "buildings")["filter-lang"]["schema"]["enum"]


def test_rule_1_a_parameter_finds_the_items_that_have_its_value(ogc, installation):
    found = ogc("/collections/buildings/items", params={"name": "7号楼"}).json()
    assert [each["properties"]["name"] for each in found["features"]] == ["7号楼"]
    assert ogc("/collections/buildings/items", params={"version": "2"}).json()["numberMatched"] == 0
    assert ogc("/collections/layers.GH2303/items", params={"rjl": "3.5"}).json()["numberMatched"] > 0


def test_rule_2_a_storage_system_has_northing_first_in_features_and_boxes(ogc):
    uri = ogc("/collections/buildings").json()["storageCrs"]
    zone = pyproj.CRS(f"EPSG:{uri.rsplit('/', 1)[-1]}")
    assert [axis.direction for axis in zone.axis_info] == ["north", "east"]
    answer = ogc("/collections/buildings/items", params={"crs": uri, "limit": "1"})
    north, east = answer.json()["features"][0]["geometry"]["coordinates"][0][0][0]
    assert 4_800_000 < north < 4_900_000
    assert 500_000 < east < 600_000
    box = f"{north - 5},{east - 5},{north + 5},{east + 5}"
    asked = {"bbox": box, "bbox-crs": uri, "crs": uri}
    found = ogc("/collections/buildings/items", params=asked).json()
    assert [each["id"] for each in found["features"]] == [answer.json()["features"][0]["id"]]
    # the other way round it is a box in which nothing stands, far outside of the zone
    swapped = {**asked, "bbox": f"{east - 5},{north - 5},{east + 5},{north + 5}"}
    assert ogc("/collections/buildings/items", params=swapped).json()["numberMatched"] == 0


def test_rule_3_links_to_the_next_page_have_a_type_and_keep_what_was_asked(ogc):
    asked = {"limit": "200", "yddm": "0902", "crs": "http://www.opengis.net/def/crs/EPSG/0/4490"}
    page = ogc("/collections/layers.GH2303/items", params={**asked, "limit": "3"}).json()
    (following,) = [link for link in page["links"] if link["rel"] == "next"]
    assert following["type"] == "application/geo+json"
    kept = {name: value for name, (value,) in parse_qs(urlsplit(following["href"]).query).items()}
    assert kept.pop("cursor")
    assert kept == {**asked, "limit": "3"}


def test_rule_3_a_page_may_have_the_thousand_that_gdal_asks_for(ogc):
    page = ogc("/collections/layers.XZ1301/items", params={"limit": "1000"}).json()
    assert (page["numberMatched"], page["numberReturned"]) == (2000, 1000)


def test_rule_4_nothing_is_a_collection_but_what_is_meant_to_be(ogc):
    kinds = {each["id"].partition(".")[0] for each in ogc("/collections").json()["collections"]}
    assert kinds == {"buildings", "footprints", "layers", "conflicts", "cases"}
    assert ogc("/collections/pg_stat_activity/items").status_code == 404


def test_links_lead_through_all_pages_and_back(ogc):
    seen, path = [], "/collections/layers.GH2303/items?limit=97"
    pages = []
    while path:
        answer = ogc(path)
        page = answer.json()
        pages.append([each["id"] for each in page["features"]])
        links = {link["rel"]: link["href"] for link in page["links"]}
        for relation in {"next", "prev"} & links.keys():
            assert f'<{links[relation]}>; rel="{relation}"; type="application/geo+json"' in answer.headers["link"]
        path = links["next"].partition("/ogc")[2] if "next" in links else None
        seen.append(links)
    assert [len(page) for page in pages] == [97, 97, 97, 97, 97, 23]
    everything = [each for page in pages for each in page]
    assert everything == sorted(set(everything))
    back, path = [pages[-1]], seen[-1]["prev"].partition("/ogc")[2]
    while path:
        page = ogc(path).json()
        back.append([each["id"] for each in page["features"]])
        links = {link["rel"]: link["href"] for link in page["links"]}
        path = links["prev"].partition("/ogc")[2] if "prev" in links else None
    assert back[::-1] == pages


def test_an_answer_that_the_client_has_is_not_sent_again(ogc):
    for path in ("/", "/collections", "/collections/buildings/items", "/collections/buildings/items?f=html"):
        first = ogc(path)
        again = ogc(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


def test_a_box_across_180_degrees_has_both_sides(ogc):
    page = ogc("/collections/buildings/items", params={"bbox": "170,-10,-170,10"}).json()
    assert page["numberMatched"] == 0
    page = ogc("/collections/buildings/items", params={"bbox": "120,40,-170,50"}).json()
    assert page["numberMatched"] == 75


def test_json_fg_has_its_place_in_the_zone_and_its_time(ogc):
    uri = ogc("/collections/buildings").json()["storageCrs"]
    answer = ogc("/collections/buildings/items", params={"crs": uri, "f": "jsonfg", "limit": "1"})
    assert answer.headers["content-type"] == "application/vnd.ogc.fg+json"
    page = answer.json()
    assert page["coordRefSys"] == uri
    assert "http://www.opengis.net/spec/json-fg-1/1.0/conf/core" in page["conformsTo"]
    (first,) = page["features"]
    assert first["geometry"] is None
    assert first["place"]["type"] == "MultiPolygon"
    assert first["time"] == {"interval": [first["properties"]["valid_from"], ".."]}
    plain = ogc("/collections/buildings/items?limit=1", headers={"Accept": "application/vnd.ogc.fg+json"}).json()
    assert plain["features"][0]["place"] is None
    assert plain["features"][0]["geometry"]["type"] == "MultiPolygon"


def test_a_building_is_found_by_its_code_as_people_type_it(ogc, installation):
    code = installation.codes[0]
    for typed in (code, code.lower(), code.replace("-", "")):
        found = ogc(f"/collections/buildings/items/{typed}").json()
        assert found["id"] == code.replace("-", "")


def test_titles_are_in_the_language_that_is_asked_for(ogc):
    assert ogc("/collections/buildings?language=en").json()["title"] == "Buildings"
    assert ogc("/collections/buildings", headers={"Accept-Language": "en"}).json()["title"] == "Buildings"
    assert ogc("/collections/buildings").json()["title"] == "建筑"


def test_what_pages_show_is_text(ogc, installation):
    answer = ogc("/collections/buildings/items?f=html&limit=2")
    assert "<script" not in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert json.dumps(installation.codes[0].replace("-", "")).strip('"') in answer.text


@pytest.mark.parametrize(
    ("language", "told"), [("zh", "要素:本页 2 个,共 75 个"), ("en", "Features: 2 on this page, 75 in all")]
)
def test_pages_say_how_many_items_they_tell_and_of_how_many(ogc, language, told):
    assert f"<p>{told}</p>" in ogc(f"/collections/buildings/items?f=html&limit=2&language={language}").text


def test_pages_tell_an_id_once_measures_to_two_places_and_properties_by_their_titles(ogc, installation):
    code = installation.codes[0].replace("-", "")
    listed = ogc("/collections/buildings/items?f=html&language=en&limit=1&sortby=name").text
    assert listed.count(">Building code<") == 1
    assert re.findall(r"<td>(?:<a [^>]*>)?([0-9A-Z]{13})<", listed) == [code]
    assert ">Area (m²)<" in listed
    one = ogc(f"/collections/buildings/items/{code}?f=html&language=zh").text
    for page in (listed, one):
        assert re.findall(r"<td>([0-9,]+\.[0-9]+)</td>", page) == ["223.39", "223.40"]
        assert re.search(r"<td>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC</td>", page)
    assert "<td>面积(平方米)</td>" in one
    assert ogc("/collections/layers.GH2303/items?f=html&limit=1").text.count("<th>id</th>") == 1
