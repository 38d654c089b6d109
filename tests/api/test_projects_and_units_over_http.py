"""Projects, building tables and names, over HTTP."""

import json

import pytest
import shapely

PROJECT = "2209-220211-04-01-123456"
UNIT = "220211001002GB00003F00010001"
TABLE = f"unit,floor,area,use,unit_code\n101,1,120,shop,{UNIT}\n201,2,90,flat,\n".encode()


@pytest.fixture
def code(client):
    """Return the code of a building that was uploaded."""
    drawn = {
        "type": "Feature",
        "properties": {"name": "江畔 1 号楼"},
        "geometry": shapely.geometry.mapping(shapely.box(126.70, 43.70, 126.7003, 43.7002)),
    }
    body = json.dumps({"type": "FeatureCollection", "features": [drawn]})
    return client.post("/uploads", files={"file": ("drawn.geojson", body)}).json()["results"][0]["code"]


def put(client, code, content=TABLE, name="table.csv", **fields):
    seen = {"If-Match": client.get(f"/buildings/{code}/units").headers["ETag"]}
    return client.put(f"/buildings/{code}/units", files={"file": (name, content)}, data=fields, headers=seen)


def test_a_project_from_its_opening_to_a_building_that_leaves(client, code):
    made = client.post("/projects", json={"name": "江畔花园", "code": PROJECT})
    assert made.status_code == 201
    assert client.post("/projects", json={"name": "江畔花园", "code": PROJECT}).status_code == 200
    assert client.post("/projects", json={"name": "别的", "code": PROJECT}).status_code == 409
    place = made.headers["Location"]
    assert client.post(f"{place}/buildings", json={"buildings": [code]}).json()["joined"] == [code]
    assert put(client, code).status_code == 200
    project = client.get(f"/projects/{PROJECT}").json()
    (building,) = project["buildings"]
    assert (building["name"], building["stage"]["code"], building["units"]) == ("江畔 1 号楼", "design", 2)
    assert project["totals"]["unit_area_m2"] == 210
    assert client.get("/projects", params={"q": "江畔"}).json()["projects"][0]["id"] == project["id"]
    assert client.post(f"{place}/buildings/leave", json={"buildings": [code]}).json()["left"] == [code]
    assert client.post(f"{place}/buildings/leave", json={"buildings": [code]}).status_code == 409
    assert client.get("/projects/nothing").status_code == 404


def test_a_key_makes_a_request_happen_once(client):
    headers = {"Idempotency-Key": "open-1"}
    first = client.post("/projects", json={"name": "江畔花园"}, headers=headers)
    again = client.post("/projects", json={"name": "江畔花园"}, headers=headers)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert client.post("/projects", json={"name": "别的"}, headers=headers).status_code == 422
    assert len(client.get("/projects").json()["projects"]) == 1


def test_units_are_put_and_read_with_their_totals(client, code):
    put(client, code)
    units = client.get(f"/buildings/{code.lower()}/units").json()
    assert [(unit["number"], unit["code"]) for unit in units["units"]] == [("101", UNIT), ("201", None)]
    assert units["totals"]["by_use"][0]["use"]["zh"] == "住宅"
    # the building answers to its unit's code
    assert client.get(f"/buildings/{UNIT}/units").json()["building"] == code


def test_a_refused_table_names_every_row(client, code):
    answer = put(client, code, TABLE.replace(b"120", b"-1").replace(b"flat", b"spaceport"))
    assert answer.status_code == 422
    assert [(row["row"], row["kind"]) for row in answer.json()["rows"]] == [
        (2, "unit_area_size"),
        (3, "unit_use_unknown"),
    ]
    assert answer.json()["zh"]["detail"]
    assert client.get(f"/buildings/{code}/units").json()["units"] == []


def test_a_file_that_is_no_table_is_a_problem(client, code):
    answer = put(client, code, b"\xd0\xcf\x11\xe0 old", "table.xls")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/sheet_old_excel")


def test_a_name_is_given_listed_and_ended(client, code):
    wanted = {"scheme": "zrzh", "value": "7", "source": "房产局"}
    made = client.post(f"/buildings/{code}/aliases", json=wanted)
    assert made.status_code == 201
    assert client.post(f"/buildings/{code}/aliases", json=wanted).status_code == 200
    alias = made.json()["id"]
    ended = client.post(f"/buildings/{code}/aliases/{alias}/end")
    assert ended.json()["valid_to"]
    assert client.post(f"/buildings/{code}/aliases/{alias}/end", json={}).status_code == 409
    assert [row["value"] for row in client.get(f"/buildings/{code}/aliases").json()["aliases"]] == ["7"]


def test_names_come_in_bulk(client, code):
    table = f"building_code,自然幢号\n{code},9\n".encode()
    answer = client.post("/aliases", files={"file": ("names.csv", table)})
    assert [row["value"] for row in answer.json()["aliases"]] == ["9"]
    refused = client.post("/aliases", files={"file": ("names.csv", b"building_code,zrzh\nX,9\n")})
    assert (refused.status_code, refused.json()["rows"][0]["kind"]) == (422, "nothing_bears")


def test_what_is_no_name_says_why(client, code):
    wanted = {"scheme": "bdcdyh", "value": UNIT[:-1]}
    answer = client.post(f"/buildings/{code}/aliases", json=wanted)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/alias_length")
    assert client.post(f"/buildings/{code}/aliases", json={**wanted, "scheme": "x"}).status_code == 422
