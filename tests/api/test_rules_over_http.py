"""Rules, and what is said of footprints, over HTTP."""

import json

import numpy as np
import shapely

from geocode.planes import from_plane

HOUSE = from_plane(np.array([shapely.box(545_000, 4_856_000, 545_020, 4_856_012)], dtype=object), "EPSG:4551")[0]


def test_the_rules_are_told_with_their_version_and_one_with_all_that_it_says(client):
    told = client.get("/rules").json()
    assert len(told["rules"]) == 80
    assert len(told["version"]) == 64
    assert client.get("/rules/R25").json()["content"]["class"]["words"] == "land_uses"
    assert client.get("/rules/R99").status_code == 404


def test_a_drawn_feature_says_what_is_known_of_it_and_which_day_counts(client):
    feature = {
        "type": "Feature",
        "geometry": json.loads(shapely.to_geojson(HOUSE)),
        "properties": {"height_m": 24, "使用": "住宅"},
    }
    told = client.post("/codes?as_of=2026-06-01", json=feature).json()
    assert (told["attributes"], told["as_of"]) == ({"height_m": 24.0}, "2026-06-01")
    assert told["rule_set"] == client.get("/rules").json()["version"]


def test_a_drawn_feature_may_say_anything_else(client):
    for properties in (None, {}, {"height_m": "tall", "space": None}, {"": 3}):
        feature = {"type": "Feature", "geometry": json.loads(shapely.to_geojson(HOUSE)), "properties": properties}
        answer = client.post("/codes", json=feature)
        assert (answer.status_code, answer.json()["attributes"]) == (200, {})
