"""Buildings of any day: those that stood, as they were."""

from datetime import date, timedelta

import shapely

from tests.api.ogc.conftest import delivery, house

BOX = "126.55,43.83,126.58,43.85"


def matched(client, **asked):
    return client.get("/ogc/collections/buildings/items", params=asked).json()["numberMatched"]


def test_a_building_that_was_pulled_down_stood_until_then(client):
    today, yesterday = date.today(), date.today() - timedelta(days=1)
    rows = client.post("/uploads", files=delivery(range(2))).json()["results"]
    closed = {"reason": "demolished", "on": str(today)}
    assert client.post(f"/buildings/{rows[0]['code']}/closures", json=closed).status_code == 201
    assert matched(client) == matched(client, bbox=BOX) == 1
    # what ends on a day does not stand on it
    assert matched(client, datetime=str(today)) == 1
    for box in ({}, {"bbox": BOX}):
        assert matched(client, datetime=f"{yesterday}/{today}", **box) == 2
        assert matched(client, datetime=f"../{yesterday}", **box) == 0
    gone = f"/ogc/collections/buildings/items/{rows[0]['code']}"
    assert client.get(gone).status_code == 404
    assert client.get(gone, params={"datetime": f"{yesterday}/{today}"}).json()["properties"]["version"] == 1


def test_a_building_that_was_registered_by_mistake_never_stood(client):
    (row,) = client.post("/uploads", files=delivery([0])).json()["results"]
    closed = {"reason": "mistaken", "on": str(date.today())}
    assert client.post(f"/buildings/{row['code']}/closures", json=closed).status_code == 201
    assert matched(client, datetime="../..") == 0
    assert client.get("/ogc/collections/footprints.design/items").json()["numberMatched"] == 0


def test_a_building_that_changed_is_one_item_on_every_day(client):
    (row,) = client.post("/uploads", files=delivery([0])).json()["results"]
    geometry = shapely.geometry.mapping(shapely.affinity.translate(house(0), 0.0004, 0))
    assert client.post(f"/buildings/{row['code']}/relocations", json={"geometry": geometry}).status_code == 201
    for asked in ({}, {"datetime": str(date.today())}, {"datetime": "../.."}):
        page = client.get("/ogc/collections/buildings/items", params={"bbox": BOX, **asked}).json()
        assert [each["properties"]["version"] for each in page["features"]] == [2]
