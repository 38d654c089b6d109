"""Sites for a project over HTTP."""

import pytest

WITHIN = {
    "type": "Polygon",
    "coordinates": [[[126.55, 43.83], [126.56, 43.83], [126.56, 43.84], [126.55, 43.84], [126.55, 43.83]]],
}
ASKED = {"candidates": "GH2303", "as_of": "2026-06-01", "within": WITHIN}


def test_sites_are_found_and_read_again_in_every_form(client):
    made = client.post("/sites", json=ASKED)
    assert made.status_code == 201
    told, place = made.json(), made.headers["Location"]
    assert told["sites"][0]["rank"] == 1
    assert client.get(place).json() == told
    assert len(client.get(place, params={"form": "geojson"}).json()["features"]) == len(told["sites"])
    assert client.get(place, params={"form": "csv"}).text.count("\n") == len(told["sites"]) + 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"candidates": "GH99"}, 404),
        ({"candidates": "h3:9", "within": None}, 422),
        ({"profile": "nonsense"}, 422),
        ({"min_compactness": 2}, 422),
        ({"min_area_m2": 1e11}, 422),
    ],
)
def test_a_search_that_cannot_be_made_is_a_problem(client, change, status):
    refused = client.post("/sites", json=ASKED | change)
    assert refused.status_code == status
    assert refused.json()["detail"]


def test_a_run_that_is_no_search_is_not_found(client):
    assert client.get("/sites/f163da1b-5dba-4440-b4b3-d2217e43d6a5").status_code == 404
