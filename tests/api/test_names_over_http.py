"""What a code tells and what a text is the name of, over HTTP; and the names that a building's geometry gives it."""

import json

import pytest
import shapely

from geocode import decode, encode, encode_many
from geocode.names import computed_names

HOUSE = shapely.box(126.70, 43.70, 126.7003, 43.7002)
CODE = str(encode(HOUSE))
FEATURE = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(HOUSE)}
COMPUTED = {
    scheme: str(column[0]) for scheme, column in computed_names([HOUSE], encode_many([HOUSE]))._asdict().items()
}


def test_a_code_tells_its_cell_with_no_register_at_hand(client):
    answer = client.get(f"/codes/{CODE.lower().replace('-', ' ')}", params={"parents": True})
    assert answer.headers["content-type"] == "application/geo+json"
    feature = answer.json()
    told = feature["properties"]
    assert (told["code"], told["h3"], told["generation"]) == (CODE, decode(CODE).h3, 0)
    assert (told["lon"], told["lat"]) == decode(CODE).centre
    assert told["parents"][14].startswith("8e")
    assert shapely.geometry.shape(feature["geometry"]).contains(HOUSE.centroid)
    assert COMPUTED["beidou"].startswith(told["beidou"][:12])


def test_the_level_of_the_beidou_code_can_be_asked_for(client):
    told = client.get(f"/codes/{CODE}", params={"level": 5}).json()["properties"]
    assert COMPUTED["beidou"].startswith(told["beidou"])
    assert len(told["beidou"]) == 11
    assert client.get(f"/codes/{CODE}", params={"level": 11}).status_code == 422


def test_a_text_that_is_no_code_is_a_problem_with_the_codes_one_keystroke_away(client):
    answer = client.get(f"/codes/{CODE[:-1]}{'0' if CODE[-1] != '0' else '1'}")
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "/problems/code_check"
    assert CODE in problem["suggestions"]
    assert problem["remedy"]
    assert problem["zh"]["detail"]


def test_a_building_code_is_identified_with_the_names_of_its_cell(client):
    features = client.get(f"/names/{CODE}").json()["features"]
    assert [feature["properties"]["scheme"] for feature in features] == ["code", "h3", "beidou", "pluscode"]
    centre = shapely.Point(decode(CODE).centre)
    assert all(shapely.geometry.shape(feature["geometry"]).intersects(centre) for feature in features)
    assert features[0]["properties"]["parts"][1]["meaning"]["en"].endswith("m²")


@pytest.mark.parametrize("scheme", COMPUTED)
def test_every_computed_name_leads_back_to_its_ground(client, scheme):
    (feature,) = client.get(f"/names/{COMPUTED[scheme]}").json()["features"]
    assert (feature["properties"]["scheme"], feature["properties"]["value"]) == (scheme, COMPUTED[scheme])
    assert shapely.geometry.shape(feature["geometry"]).covers(HOUSE.centroid)


def test_an_assigned_name_is_told_by_its_parts(client):
    (feature,) = client.get("/names/320505400202GB00001F00010069").json()["features"]
    assert feature["geometry"] is None
    assert feature["properties"]["label"] == {"zh": "不动产单元号", "en": "Real-estate unit code"}
    parts = {part["name"]: part for part in feature["properties"]["parts"]}
    assert parts["county"]["text"] == "320505"
    assert parts["fixture"]["meaning"]["zh"]


@pytest.mark.parametrize(
    ("text", "scheme", "kind"),
    [
        ("320505400202GB00001F0001006", "bdcdyh", "alias_length"),
        ("91110000600037341A", "uscc", "alias_check"),
        ("N50J47X", "beidou", "beidou_symbol"),
        ("8RV6RHQ2+2JVA", "pluscode", "plus_code_letter"),
        ("8RV6RHQ2+2JV-2-3", "ubid", "ubid_form"),
        ("8f3170189542657", "h3", "h3_cell"),
        ("4E7U5-CKJ2W-F0K", "code", "code_check"),
    ],
)
def test_a_text_that_is_nearly_a_name_is_refused_with_the_nearest_schemes_reason(client, text, scheme, kind):
    answer = client.get(f"/names/{text}")
    assert answer.status_code == 422
    nearest = answer.json()["nearest"][0]
    assert (nearest["scheme"], nearest["kind"]) == (scheme, kind)
    assert nearest["text"]["zh"] in answer.json()["zh"]["detail"]
    assert nearest["remedy"]["en"] == answer.json()["remedy"]


@pytest.mark.parametrize("text", ["hello", "新楼", "12", "a/b", "%2e%2e"])
def test_a_text_that_is_near_no_name_says_so(client, text):
    problem = client.get(f"/names/{text}").json()
    assert problem["type"] == "/problems/unknown_name"
    assert problem["nearest"] == []


def test_a_preview_tells_the_computed_names(client):
    aliases = client.post("/codes", json=FEATURE).json()["aliases"]
    assert {alias["scheme"]: alias["value"] for alias in aliases} == COMPUTED
    assert all(alias["computed"] and alias["label"]["zh"] for alias in aliases)


def test_a_building_has_its_computed_names_beside_the_assigned_ones(client):
    unit = "220211001002GB00003F00010000"
    drawn = {**FEATURE, "properties": {"不动产单元号": unit}}
    body = json.dumps({"type": "FeatureCollection", "features": [drawn]})
    assert client.post("/uploads", files={"file": ("drawn.geojson", body)}).status_code == 201
    aliases = client.get(f"/buildings/{unit}").json()["properties"]["aliases"]
    assert {alias["scheme"]: alias["value"] for alias in aliases if alias["computed"]} == COMPUTED
    (assigned,) = [alias for alias in aliases if not alias["computed"]]
    assert (assigned["scheme"], assigned["value"], assigned["source"]) == ("bdcdyh", unit, "drawn.geojson")
    assert client.get(f"/buildings/{COMPUTED['beidou']}").json()["properties"]["matched"]["as"] == "computed"
