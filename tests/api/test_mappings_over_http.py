"""Mappings over HTTP: proposed, kept, and found again."""

import geopandas as gpd
import shapely


def test_a_mapping_is_proposed_kept_and_found(client):
    frame = gpd.GeoDataFrame(
        {"用地代码": ["701", "R2"]}, geometry=[shapely.box(126, 43, 126.001, 43.001)] * 2, crs=4326
    )
    sent = {"file": ("plan.geojson", frame.to_json().encode())}
    told = client.post("/mappings/proposals", files=sent, data={"as_layer": "GH2103"}).json()
    assert told["mapping"] == {"layer": "GH2103", "fields": {"用地代码": "YDYHFLDM"}, "codes": {"701": "0701"}}
    assert [each["meaning"] for each in told["codes"]] == ["0701", None]
    kept = client.put("/mappings/规划", json=told["mapping"]).json()
    anyway = {"If-Match": "*"}
    assert kept == client.put("/mappings/规划", json=told["mapping"], headers=anyway).json()
    client.put("/mappings/规划", json={**told["mapping"], "codes": {}}, headers=anyway)
    assert [each["version"] for each in client.get("/mappings").json()["mappings"]] == [2]
    assert client.get("/mappings/规划?version=1").json() == kept
    assert client.get("/mappings/其他").status_code == 404


def test_what_is_no_mapping_is_told_so(client):
    assert client.put("/mappings/m", json={"layer": "GH9999"}).status_code == 404
    assert (
        client.put("/mappings/m", json={"layer": "GH2103", "codes": {"a": "9999"}})
        .json()["type"]
        .endswith("mapping_code")
    )
    assert client.put("/mappings/m", json={"layer": "GH2103", "more": 1}).status_code == 422
