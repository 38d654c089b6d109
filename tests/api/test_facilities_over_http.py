"""Municipal facilities, over HTTP."""

import json

import pytest

ROAD = {"type": "LineString", "coordinates": [[126.55, 43.84], [126.556, 43.84]]}


@pytest.fixture
def lay(client):
    """Return the function that delivers features of a geometry."""

    def post(geometry=ROAD, properties=None, **fields):
        feature = {"type": "Feature", "properties": properties or {}, "geometry": geometry}
        body = json.dumps({"type": "FeatureCollection", "features": [feature]})
        return client.post("/facilities", files={"file": ("roads.geojson", body)}, data=fields)

    return post


def test_a_road_is_registered_once_and_found_by_its_code(lay, client):
    made = lay(**{"class": "road", "width_m": "12"})
    assert made.status_code == 201
    (row,) = made.json()["results"]
    assert (row["outcome"], row["class"]["zh"], row["width_m"]) == ("new", "道路", 12.0)
    again = lay(**{"class": "road", "width_m": "12"})
    assert (again.status_code, again.json()["results"]) == (200, made.json()["results"])
    assert client.get(f"/buildings/{row['code']}").status_code == 200
    assert client.get(made.headers["Location"]).json()["results"][0]["code"] == row["code"]


def test_a_refused_road_says_why(lay):
    answer = lay(**{"class": "road"})
    assert answer.status_code == 422
    assert answer.json()["results"][0]["fault"]["kind"] == "facility_no_width"
    assert lay(**{"class": "castle"}).status_code == 422


def test_the_classes_are_listed(client):
    classes = {each["code"]: each for each in client.get("/facilities/classes").json()["classes"]}
    assert classes["lamp"]["shape"] == "circle"
    assert classes["road"]["width_m"] is None
