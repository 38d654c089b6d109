"""The list of collections tells what there is when it is asked for, however often it was asked for before."""

import geopandas as gpd
import pytest
import shapely

from tests.api.ogc.conftest import delivery, house

FIELD = shapely.box(545_000.0, 4_856_000.0, 545_100.0, 4_856_100.0)


@pytest.fixture
def publish(client, tmp_path):
    """Return what publishes the whole of a layer anew: one field, moved east, with a column."""

    def run(layer, east_m, column):
        path = tmp_path / f"{layer}_{east_m}.gpkg"
        ground = [shapely.affinity.translate(FIELD, east_m)]
        gpd.GeoDataFrame({"BSM": ["A1"], column: ["x"]}, geometry=ground, crs=4551).to_file(path)
        with path.open("rb") as file:
            said = client.post(f"/layers/{layer}/editions", files={"file": (path.name, file)}, data={"whole": True})
        assert said.status_code == 201, said.text

    return run


def boxes(client):
    """Return the boxes of the collections that there are, by id."""
    told = client.get("/ogc/collections").json()["collections"]
    return {each["id"]: each.get("extent", {}).get("spatial", {}).get("bbox") for each in told}


def asked_for(client):
    """Return what the description says can be asked of a layer's items."""
    path = client.get("/ogc/api").json()["paths"]["/collections/layers.GH2201/items"]
    return {each["name"] for each in path["get"]["parameters"] if "name" in each}


def test_a_new_edition_shows_at_once_with_its_ground_and_its_fields(client, publish):
    publish("GH2201", 0, "remark")
    first = boxes(client)["layers.GH2201"]
    assert boxes(client)["layers.GH2201"] == first
    assert asked_for(client) & {"remark", "note"} == {"remark"}
    publish("GH2201", 5_000, "note")
    ((west, *_),) = boxes(client)["layers.GH2201"]
    assert west > first[0][2]
    assert asked_for(client) >= {"remark", "note"}


def test_the_list_tells_the_boxes_that_the_collections_tell(client):
    (row, *_) = client.post("/uploads", files=delivery([0, 24, 30])).json()["results"]
    as_built = client.post("/uploads", files=delivery([1, 49]), data={"stage": "completion_survey"})
    assert as_built.status_code == 201, as_built.text
    moved = shapely.geometry.mapping(shapely.affinity.translate(house(0), 0, 0.01))
    assert client.post(f"/buildings/{row['code']}/relocations", json={"geometry": moved}).status_code == 201
    told = boxes(client)
    assert told["footprints.design"] != told["footprints.completion_survey"]
    assert None not in (told["footprints.design"], told["footprints.completion_survey"])
    for identity, box in told.items():
        one = client.get(f"/ogc/collections/{identity}").json()
        assert one.get("extent", {}).get("spatial", {}).get("bbox") == box, identity


def test_an_office_that_sees_its_own_footprints_is_told_the_box_of_those_alone(ogc):
    found = {}
    for role in ("surveyor", "other", "planner"):
        told = ogc("/collections", role=role).json()["collections"]
        (listed,) = (each for each in told if each["id"] == "footprints.design")
        assert listed["extent"] == ogc("/collections/footprints.design", role=role).json()["extent"]
        found[role] = listed["extent"]["spatial"]["bbox"][0]
    assert found["surveyor"][1] < found["other"][1]
    assert found["planner"] == [
        pick(found["surveyor"][side], found["other"][side]) for side, pick in enumerate((min, min, max, max))
    ]


def test_a_new_building_shows_at_once(client):
    assert boxes(client)["buildings"] is None
    assert client.post("/uploads", files=delivery([0])).status_code == 201
    first = boxes(client)["buildings"]
    assert client.post("/uploads", files=delivery([24])).status_code == 201
    assert boxes(client)["buildings"][0][2] > first[0][2]
