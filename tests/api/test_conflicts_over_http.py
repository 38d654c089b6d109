"""Conflicts, publishing and cases over HTTP."""

import geopandas as gpd
import pytest
import shapely

EAST_M, NORTH_M = 545_000.0, 4_856_000.0


@pytest.fixture
def sample_database(new_database, conflicting_district):
    """Return a database of the test's own in which the conflicts were found before."""
    fresh = new_database(conflicting_district)
    yield fresh
    fresh.dispose()


def field(x, side=100.0):
    return shapely.box(EAST_M + x, NORTH_M, EAST_M + x + side, NORTH_M + side)


@pytest.fixture
def publish(client, tmp_path):
    """Return what publishes features of a layer."""

    def run(layer, features, *, name, **said):
        path = tmp_path / name
        gpd.GeoDataFrame({"BSM": list(features)}, geometry=list(features.values()), crs=4551).to_file(path)
        with path.open("rb") as file:
            return client.post(f"/layers/{layer}/editions", files={"file": (name, file)}, data=said)

    return run


@pytest.fixture
def plans(publish):
    """Two plans, which overlap in two places; and what the second did to the conflicts."""
    first = publish("GH2201", {"A1": field(0), "A2": field(200)}, name="a.gpkg", whole=True)
    assert first.status_code == 201, first.text
    return publish("GH2202", {"B1": field(50), "B2": field(210)}, name="b.gpkg", whole=True)


def of_rule(told, rule):
    return [row for row in told if row["rule"] == rule]


def test_a_city_is_looked_through_and_the_run_is_kept(client):
    told = client.post("/conflicts", json={})
    assert told.status_code == 201
    run = told.json()
    assert {"C06", "C08", "C39"} <= {group["rule"] for group in run["rules"]}
    assert run["plane"] == "EPSG:4551"
    again = client.get("/conflicts/standing").json()
    assert (again["run"], again["rules"]) == (run["run"], run["rules"])


@pytest.mark.parametrize("wanted", [{"rule": "C99"}, {"layer": "XZ9999"}, {"outcome": "fine"}])
def test_what_there_is_not_is_refused_and_not_answered_with_nothing(client, wanted):
    told = client.get("/conflicts/standing/rows", params=wanted)
    assert told.status_code == 422
    assert next(iter(wanted.values())) in told.text


def test_a_run_that_is_none_is_not_found(client):
    assert client.get("/conflicts/none").status_code == 404


def test_conflicts_are_listed_as_geojson(client):
    run = client.post("/conflicts", json={}).json()
    told = client.get(f"/conflicts/{run['run']}/rows", params={"rule": "C06", "outcome": "fail"}).json()
    assert told["type"] == "FeatureCollection"
    (feature,) = told["features"]
    assert feature["geometry"]["type"] == "Polygon"
    assert feature["properties"]["left"]["layer"]["code"] == "GH2201"
    assert feature["properties"]["title"]["zh"]


def test_a_box_and_a_day_are_a_run_of_their_own(client):
    whole = client.post("/conflicts", json={}).json()
    west = {"bbox": [126.0, 43.0, 126.1, 43.1], "as_of": "2024-06-01"}
    told = client.post("/conflicts", json=west).json()
    assert (told["conflicts"], told["as_of"]) == (0, "2024-06-01")
    assert client.get("/conflicts/standing").json()["run"] == whole["run"]


@pytest.mark.parametrize("bbox", [[1, 1, 0, 2], [0, 0, 1], [-999, 0, 1, 1]])
def test_a_box_that_is_none_is_refused(client, bbox):
    assert client.post("/conflicts", json={"bbox": bbox}).status_code == 422


def test_publishing_tells_what_it_does_to_the_conflicts(plans):
    assert plans.status_code == 201
    told = plans.json()
    assert told["features"]["added"] == 2
    assert len(of_rule(told["conflicts"]["new"], "C06")) == 2


def test_a_draft_is_no_edition(plans, publish, client):
    draft = publish("GH2202", {"B1": field(60)}, name="c.gpkg", draft=True)
    assert (draft.status_code, draft.json()["draft"]) == (200, True)
    assert len(of_rule(draft.json()["conflicts"]["changed"], "C06")) == 1
    layers = {layer["code"]: layer for layer in client.get("/layers").json()["layers"]}
    assert len(layers["GH2202"]["editions"]) == 2


def test_a_run_that_was_brought_up_to_date_can_be_had_again(plans, client):
    run = plans.json()["conflicts"]["run"]
    verified = client.post(f"/runs/{run}/verify").json()
    assert verified["verdict"] == "same"


def test_a_case_is_opened_for_a_conflict_and_spoken_to(plans, client):
    conflict = of_rule(plans.json()["conflicts"]["new"], "C06")[0]["id"]
    opened = client.post("/cases", json={"subject": "conflict", "ground": conflict, "reason": "两规不一致"})
    assert opened.status_code == 201
    case = opened.json()["id"]
    said = client.post(f"/cases/{case}/entries", json={"coordination": "keep_first", "effective_from": "2027-01-01"})
    assert said.json()["coordination"]["zh"] == "以第一个规划为准"
    assert [row["id"] for row in client.get("/cases", params={"subject": "conflict"}).json()["cases"]] == [case]
    assert len(client.get(f"/cases/{case}").json()["entries"]) == 3


def test_what_is_said_of_a_case_once_happens_once(plans, client):
    conflict = of_rule(plans.json()["conflicts"]["new"], "C06")[0]["id"]
    case = client.post("/cases", json={"subject": "conflict", "ground": conflict}).json()["id"]
    key = {"Idempotency-Key": "k1"}
    for _ in range(2):
        told = client.post(f"/cases/{case}/entries", json={"reason": "x"}, headers=key)
    assert len(told.json()["entries"]) == 1


def test_odd_cases_are_refused(client):
    assert client.post("/cases", json={"subject": "conflict", "ground": 999_999}).status_code == 404
    assert client.post("/cases", json={"subject": "dream", "ground": 1}).status_code == 422
    assert client.get("/cases/none").status_code == 404
    assert client.get("/cases/choices").json()["status"][0]["code"] == "open"


def test_the_same_question_with_the_same_key_is_one_run(client):
    asked, key = {"as_of": "2024-06-01"}, {"Idempotency-Key": "q1"}
    first, again = (client.post("/conflicts", json=asked, headers=key).json() for _ in range(2))
    assert first["run"] == again["run"]
