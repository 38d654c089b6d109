"""The HTTP door over the sample district."""

import json
from pathlib import Path

import pytest
import shapely
from starlette.testclient import TestClient

from api.app import create_app
from geocode import encode
from layers.reading import read_delivery
from tests.conftest import SAMPLES
from workflows.principals import issue_key

# far from every planted case: the middle of nowhere within the zone
FREE = shapely.box(126.70, 43.70, 126.7003, 43.7002)


def feature(geometry, **properties):
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(geometry)}


def upload(client, geometry, name="drawn.geojson", **form):
    body = json.dumps({"type": "FeatureCollection", "features": [feature(geometry, name="新楼")]})
    return client.post("/uploads", files={"file": (name, body)}, data=form)


def test_a_drawn_geometry_has_its_code_area_and_findings_and_stores_nothing(client):
    answer = client.post("/codes", json=feature(FREE)).json()
    assert answer["code"] == str(encode(FREE))
    assert answer["plane"]["crs"] == "EPSG:4551"
    assert answer["plane"]["area_m2"] == pytest.approx(answer["area_m2"], rel=1e-3)
    assert answer["building"] is None
    rules = {found["rule"] for found in answer["findings"]}
    assert {"R01", "R07", "R09", "R16"} <= rules
    assert client.get(f"/buildings/{answer['code']}").status_code == 404


def test_a_bare_geometry_is_taken_as_well_as_a_feature(client):
    bare = client.post("/codes", json=shapely.geometry.mapping(FREE)).json()
    assert bare["code"] == client.post("/codes", json=feature(FREE)).json()["code"]


def test_a_drawing_is_registered_and_found_by_its_code(client):
    made = upload(client, FREE)
    assert made.status_code == 201
    row = made.json()["results"][0]
    assert (row["outcome"], row["name"]) == ("new", "新楼")
    found = client.get(f"/buildings/{row['code'].lower().replace('-', ' ')}")
    assert found.headers["content-type"] == "application/geo+json"
    assert found.json()["id"] == row["code"]
    assert shapely.geometry.shape(found.json()["geometry"]).geoms[0].equals_exact(FREE, 1e-12, normalize=True)
    assert client.get(made.headers["location"]).json()["results"] == made.json()["results"]


def test_the_same_upload_again_is_answered_200_with_the_same_report(client):
    first, second = upload(client, FREE), upload(client, FREE)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]


def test_a_preview_tells_that_the_register_knows_the_building(client):
    code = upload(client, FREE).json()["results"][0]["code"]
    known = client.post("/codes", json=feature(FREE)).json()["building"]
    assert (known["code"], known["relation"]) == (code, "same")
    assert known["iou"] == pytest.approx(1)
    for shift_deg, relation in ((1e-4, "held"), (2e-4, "refused")):
        shifted = shapely.affinity.translate(FREE, shift_deg, 0)
        told = client.post("/codes", json=feature(shifted)).json()["building"]
        assert (told["relation"], code in str(told["fault"])) == (relation, True)


def test_findings_of_a_registered_building_carry_measure_basis_and_witness(client):
    expected = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
    case = next(case for case in expected["footprint_cases"] if case["rule"] == "R07" and case["outcome"] == "fail")
    with (SAMPLES / "survey.zip").open("rb") as survey:
        report = client.post("/uploads", files={"file": ("survey.zip", survey)}).json()
    code = next(row["code"] for row in report["results"] if row["name"] == case["building"])
    answer = client.get(f"/buildings/{code}/findings").json()
    assert answer["verdict"] == "fail"
    found = next(found for found in answer["findings"] if found["rule"] == "R07")
    assert found["outcome"] == "fail"
    assert found["area_m2"] == pytest.approx(case["area_m2"], abs=1e-6)
    assert found["width_m"] == pytest.approx(case["width_m"], abs=1e-6)
    assert found["basis"][0]["doc"]
    assert shapely.geometry.shape(found["witness"]).within(shapely.box(126, 43, 127, 44.5))


def test_a_surveyed_building_that_stands_on_the_blueprint_is_no_neighbour_of_itself(client):
    standing = read_delivery(SAMPLES / "district.gpkg", layer="XZ1301_FWJZ").frame.to_crs(4490).geometry
    for building in standing.iloc[:400:80]:
        findings = client.post("/codes", json=feature(building)).json()["findings"]
        itself = next(found for found in findings if (found["rule"], found["layer"]["code"]) == ("R16", "XZ1301"))
        assert itself["outcome"] == "pass"


def test_a_drawing_with_more_vertices_than_the_database_is_asked_about_is_a_problem(client):
    round_house = shapely.Point(126.7, 43.7).buffer(1e-4, quad_segs=2000)
    assert client.post("/codes", json=feature(round_house)).json()["type"] == "/problems/too_large_for_upload"


def test_the_catalogue_is_listed_with_what_is_loaded(client):
    layers = client.get("/layers").json()["layers"]
    assert len(layers) == 63
    loaded = [layer for layer in layers if layer["editions"]]
    assert len(loaded) >= 18
    assert all(layer["name"]["zh"] and layer["symbol"]["fill"] for layer in layers)


def test_tiles_hold_what_stands_there_and_are_empty_elsewhere(client):
    west, south, east, north = client.get("/session").json()["extent"]
    assert 126 < west < east < 127
    assert 43 < south < north < 44.5
    tile = client.get("/tiles/layers/GH2201/10/871/373.mvt")
    assert tile.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert b"GH2201" in tile.content
    assert client.get("/tiles/layers/GH2201/10/1/1.mvt").status_code == 204
    assert client.get("/tiles/buildings/10/871/373.mvt").status_code == 204
    assert client.get("/tiles/buildings/1/5/0.mvt").status_code == 404
    assert client.get("/tiles/layers/GH9999/10/871/373.mvt").status_code == 404


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, "self_intersection"),
        ({"type": "Point", "coordinates": [0, 0]}, "wrong_type"),
        ({"type": "Polygon", "coordinates": []}, "empty_geometry"),
        ({"type": "Polygon", "coordinates": [[[500000, 4850000], [500010, 4850000], [500010, 4850010], [500000, 4850000]]]}, "out_of_range"),
        ({"type": "Polygon", "coordinates": "nonsense"}, "geometry_coordinates"),
        ({"type": "Feature", "geometry": None, "properties": {}}, "no_geojson"),
        ({"hello": "world"}, "no_geojson"),
    ],
)  # fmt: skip
def test_a_drawing_that_is_no_footprint_is_a_problem_with_kind_sentence_and_remedy(client, body, kind):
    answer = client.post("/codes", json=body)
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"/problems/{kind}"
    assert problem["detail"]
    assert problem["remedy"]
    assert problem["zh"]["detail"]


def test_a_refused_crs_is_a_problem(client):
    assert client.post("/codes?crs=EPSG:4214", json=feature(FREE)).json()["type"] == "/problems/crs_parameters"


def test_a_bad_upload_stores_nothing_and_tells_every_row(client):
    bow_tie = shapely.Polygon([(126.7, 43.7), (126.701, 43.701), (126.701, 43.7), (126.7, 43.701)])
    answer = upload(client, bow_tie)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "/problems/refused_delivery"
    assert problem["results"][0]["fault"]["kind"] == "self_intersection"
    assert problem["results"][0]["fault"]["text"]["zh"]
    assert client.get("/tiles/buildings/10/871/373.mvt").status_code == 204


def test_what_is_no_spatial_file_is_refused_with_its_name(client):
    answer = client.post("/uploads", files={"file": ("../../etc/x.shp", b"this is text")})
    assert answer.status_code == 422
    assert answer.json()["place"]["file"] == "x.shp"


def test_an_unknown_code_is_404_with_the_codes_one_keystroke_away_that_exist(client):
    code = upload(client, FREE).json()["results"][0]["code"]
    wrong = code[:-3] + code[-2] + code[-3] + code[-1]
    answer = client.get(f"/buildings/{wrong}")
    assert answer.status_code == 404
    assert answer.json()["suggestions"] == [code]


def test_a_key_names_the_office_and_a_wrong_one_is_refused(settings):
    app = create_app(settings)
    key = issue_key(app.state.database, office="x", name="某测绘院", role="planner", label="desk 1")
    with TestClient(app, base_url="http://127.0.0.1", client=("192.0.2.7", 50000)) as far:
        assert far.get("/session").status_code == 401
        assert far.get("/session", headers={"Authorization": "Bearer luotu_wrong"}).status_code == 401
        said = far.get("/session", headers={"Authorization": f"Bearer {key}"}).json()
    assert (said["office"]["zh"], said["actor"], said["role"]) == ("某测绘院", "desk 1", "planner")


def test_another_sites_page_may_not_write(client):
    foreign = {"Origin": "http://evil.example"}
    assert client.post("/codes", json=feature(FREE), headers=foreign).status_code == 403
    assert client.post("/codes", json=feature(FREE), headers={"Origin": "http://127.0.0.1"}).status_code == 200


def test_another_host_name_is_not_answered(client):
    assert client.get("/session", headers={"Host": "rebound.example"}).status_code == 400


def test_a_body_longer_than_allowed_is_refused(client):
    huge = json.dumps(feature(FREE, text="x" * 1_100_000))
    assert client.post("/codes", content=huge, headers={"content-type": "application/json"}).status_code == 413


def test_every_answer_keeps_the_page_to_itself(client):
    headers = client.get("/session").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_every_route_is_in_the_documentation(client):
    written = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in written


def test_the_survey_of_the_samples_is_registered_whole(client):
    with (SAMPLES / "survey.zip").open("rb") as survey:
        report = client.post("/uploads", files={"file": ("survey.zip", survey)}).json()
    assert report["refused"] == 0
    assert report["encoding"]["name"] == "GB18030"
    assert report["crs"]["name"] == "EPSG:4551"
    assert report["rows"] == len(read_delivery(SAMPLES / "survey.zip").frame)
