"""Filters, sorting and the choice of properties over HTTP, and that GDAL has the server filter."""

import json
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import shapely

import api.ogc.items
import workflows.items
from geocode.planes import to_plane

ITEMS = "/collections/{}/items"
PARCELS = "layers.GH2303"
PROGRAM = """
import json, sys
import pyogrio
pyogrio.set_gdal_config_options({"GDAL_HTTP_HEADERS": f"Authorization: Bearer {sys.argv[2]}"})
asked = json.loads(sys.argv[3])
print(json.dumps({layer: len(pyogrio.read_dataframe(f"OAPIF:{sys.argv[1]}", layer=layer, where=asked[layer])) for layer in asked}))
"""
WHERE = {
    PARCELS: "(rjl >= 2 OR jzmd < 20) AND name LIKE '东岸%' AND class_code <> '9' AND valid_from > '2023-01-01'",
    "buildings": "recorded_at > '2020-01-01T08:00:00Z' AND area_m2 BETWEEN 200 AND 300 AND NOT name = '7号楼'",
    "conflicts": "advisory = 0 AND severity = 'prohibit' AND valid_to IS NULL",
}


@pytest.fixture
def ask(ogc):
    """Return what asks for items of a collection and returns the answer; for all that there are, unless told."""

    def get(collection=PARCELS, **query):
        query = {"limit": 1000, **{name.replace("filter_", "filter-"): value for name, value in query.items()}}
        return ogc(ITEMS.format(collection), params=query, role="planner")

    return get


@pytest.fixture
def items(ask):
    """Return what asks for items and returns their features."""

    def get(*args, **query):
        answer = ask(*args, **query)
        assert answer.status_code == 200, answer.text
        assert answer.json()["numberMatched"] == len(answer.json()["features"])
        return answer.json()["features"]

    return get


@pytest.fixture
def everything(items):
    return items()


def ids(features):
    return [feature["id"] for feature in features]


FILTERS = [
    ("rjl >= 2", lambda told: told["rjl"] is not None and told["rjl"] >= 2),
    ("ydxz LIKE '%住宅%' AND jzmd < 30", lambda told: "住宅" in (told["ydxz"] or "") and (told["jzmd"] or 99) < 30),
    ("NOT (rjl >= 2)", lambda told: told["rjl"] is not None and told["rjl"] < 2),
    (
        "name IS NULL OR class_code IN ('0701', '1207')",
        lambda told: told["name"] is None or told["class_code"] in {"0701", "1207"},
    ),
    (
        "zjzmj / ydmj BETWEEN 1.5 AND 2.5",
        lambda told: bool(told["ydmj"]) and told["zjzmj"] is not None and 1.5 <= told["zjzmj"] / told["ydmj"] <= 2.5,
    ),
    (
        "valid_from < DATE('2023-06-01') AND valid_to IS NULL",
        lambda told: told["valid_from"] < "2023-06-01" and told["valid_to"] is None,
    ),
    ("t_before(valid_from, DATE('2020-01-01'))", lambda told: told["valid_from"] < "2020-01-01"),
]


@pytest.mark.parametrize(("text", "holds"), FILTERS)
def test_a_filter_keeps_the_items_for_which_it_holds(items, everything, text, holds):
    expected = [feature["id"] for feature in everything if holds(feature["properties"])]
    assert ids(items(filter=text)) == expected
    assert ids(items(filter=text, filter_lang="cql-text")) == expected


def test_json_and_text_keep_the_same(items):
    tree = {
        "op": "and",
        "args": [
            {"op": ">=", "args": [{"property": "rjl"}, 2]},
            {"op": "like", "args": [{"property": "name"}, "东岸%"]},
        ],
    }
    found = items(filter=json.dumps(tree), filter_lang="cql2-json")
    assert ids(found) == ids(items(filter="rjl >= 2 AND name LIKE '东岸%'")) != []


def test_a_geometry_is_read_in_the_system_of_filter_crs(items, everything):
    first = shapely.geometry.shape(everything[0]["geometry"]).representative_point()
    (metres,) = to_plane(np.array([first]), "EPSG:4551")
    places = {
        None: f"{first.x} {first.y}",
        "http://www.opengis.net/def/crs/EPSG/0/4490": f"{first.y} {first.x}",
        "http://www.opengis.net/def/crs/EPSG/0/4551": f"{metres.y:.4f} {metres.x:.4f}",
    }
    for crs, place in places.items():
        system = {} if crs is None else {"filter_crs": crs}
        assert everything[0]["id"] in ids(items(filter=f"S_CONTAINS(geometry, POINT({place}))", **system))
    assert items(filter=f"S_CONTAINS(geometry, POINT({first.y} {first.x}))") == []


def test_filter_box_and_property_hold_together(items, everything):
    west, south, east, north = shapely.geometry.shape(everything[0]["geometry"]).bounds
    found = items(filter="rjl >= 2", bbox=f"{west},{south},{east},{north}", class_code="0701")
    assert 0 < len(found) < len(items(filter="rjl >= 2", class_code="0701"))


@pytest.mark.parametrize(
    ("query", "parameter", "kind"),
    [
        ({"filter": "nothing = 1"}, "filter", "filter_property"),
        ({"filter": "rjl = "}, "filter", "filter_syntax"),
        ({"filter": "pg_sleep(9) = 1"}, "filter", "filter_operator"),
        ({"filter": "rjl = 'a'"}, "filter", "filter_type"),
        ({"filter": "(" * 200}, "filter", "filter_deep"),
        ({"filter": "rjl = 1", "filter_lang": "sql"}, "filter-lang", "filter_language"),
        ({"filter": "rjl = 1", "filter_crs": "http://www.opengis.net/def/crs/EPSG/0/4214"}, "filter-crs", "parameter"),
        ({"sortby": "geometry"}, "sortby", "sort_property"),
        ({"properties": "rjl,nothing"}, "properties", "property_unknown"),
    ],
)
def test_what_cannot_be_asked_is_a_problem_with_its_place(ask, query, parameter, kind):
    answer = ask(**query)
    told = answer.json()
    assert (answer.status_code, told["type"]) == (400, f"/problems/{kind}")
    assert told["errors"][0]["pointer"] == f"/query/{parameter}"
    assert told["remedy"]
    assert told["zh"]["detail"]
    assert told["zh"]["remedy"]


def test_sorted_items_are_in_order_with_nothing_last_and_pages_go_on(ask, everything):
    values = [feature["properties"]["rjl"] for feature in everything]
    some = sorted(value for value in values if value is not None)
    answer = ask(sortby="-rjl,+name").json()
    assert [feature["properties"]["rjl"] for feature in answer["features"]] == some[::-1] + [None] * values.count(None)
    pages, page = [], ask(sortby="-rjl,+name", limit=200)
    while True:
        pages.append(ids(page.json()["features"]))
        onward = [link["href"] for link in page.json()["links"] if link["rel"] == "next"]
        if not onward:
            break
        page = ask(**{name: value[0] for name, value in parse_qs(urlsplit(onward[0]).query).items()})
    assert len(pages) == 3
    assert sum(pages, []) == ids(answer["features"])  # noqa: RUF017 - three pages


def test_a_sorted_page_leads_back(ask):
    first = ask(sortby="name", limit=10).json()
    (onward,) = [link["href"] for link in first["links"] if link["rel"] == "next"]
    second = ask(**{name: value[0] for name, value in parse_qs(urlsplit(onward).query).items()}).json()
    (back,) = [link["href"] for link in second["links"] if link["rel"] == "prev"]
    again = ask(**{name: value[0] for name, value in parse_qs(urlsplit(back).query).items()}).json()
    assert ids(again["features"]) == ids(first["features"])


def test_properties_are_those_asked_for(items):
    (first, *_) = items("buildings", properties="code,area_m2")
    assert list(first["properties"]) == ["code", "area_m2"]
    assert list(items(properties="rjl")[0]["properties"]) == ["rjl"]


@pytest.mark.parametrize(("kind", "has_geometry"), [("queryables", True), ("sortables", False), ("schema", True)])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_schemas_say_what_there_is_in_both_languages(ogc, kind, has_geometry, language):
    answer = ogc(f"/collections/buildings/{kind}?language={language}", role="planner")
    told = answer.json()
    assert answer.headers["content-type"] == "application/schema+json"
    assert told["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert told["$id"].endswith(f"/ogc/collections/buildings/{kind}")
    assert ("geometry" in told["properties"]) is has_geometry
    assert all("type" in each or each["format"].startswith("geometry-") for each in told["properties"].values())
    assert told["properties"]["area_m2"]["title"] == {"zh": "面积(平方米)", "en": "Area (m²)"}[language]


def test_every_property_that_is_ours_has_a_title(ogc):
    for collection in ("buildings", "conflicts", "cases"):
        told = ogc(f"/collections/{collection}/queryables?language=zh", role="planner").json()["properties"]
        assert [name for name, each in told.items() if each["title"] == name] == []


def test_the_conformance_classes_of_filters_are_declared(ogc):
    classes = ogc("/conformance").json()["conformsTo"]
    for name in (
        "ogcapi-features-3/1.0/conf/features-filter",
        "cql2/1.0/conf/temporal-functions",
        "cql2/1.0/conf/cql2-json",
    ):
        assert f"http://www.opengis.net/spec/{name}" in classes


def test_only_a_filter_of_ones_own_sight_is_answered(ogc):
    """What is hidden from a public visitor is hidden from filters too: redacted names are found by none."""
    named = {"filter": "name LIKE '%号楼'"}
    seen = ogc(ITEMS.format("buildings"), params=named, role="planner").json()["numberMatched"]
    own = ogc(ITEMS.format("buildings"), params=named, role="other").json()["numberMatched"]
    assert (seen, own) == (75, 15)


def test_gdal_has_the_server_filter_days_moments_and_truths_as_it_writes_them(served, installation, items, monkeypatch):
    sent = {}

    def find_items(database, identity, question, **more):
        if question.filter is not None:
            sent[identity] = question.filter
        return workflows.items.find_items(database, identity, question, **more)

    monkeypatch.setattr(api.ogc.items, "find_items", find_items)
    # in a process of its own: the drivers here are those alone that read deliveries
    command = [sys.executable, "-c", PROGRAM, served, installation.keys["planner"], json.dumps(WHERE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {layer: len(items(layer, filter=sent[layer])) for layer in WHERE}
    assert 0 not in json.loads(done.stdout).values()
