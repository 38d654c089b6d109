"""Deliveries over HTTP: looked at before they are stored, and given back with codes or with reasons."""

import io
import zipfile

import geopandas as gpd
import pytest
import shapely

from layers.reading import read_delivery
from workflows.databases import opened_database
from workflows.placing import place_office

EAST_M, NORTH_M = 544_000.0, 4_866_000.0
HOUSE = shapely.box(EAST_M, NORTH_M, EAST_M + 20, NORTH_M + 12)
BOW_TIE = shapely.Polygon([(EAST_M + x, NORTH_M + y) for x, y in ((40, 0), (60, 12), (60, 0), (40, 12))])


@pytest.fixture
def survey():
    """Return the bytes of a survey of one good row and one that crosses itself."""
    written = io.BytesIO()
    frame = gpd.GeoDataFrame({"名称": ["甲", "乙"]}, geometry=[HOUSE, BOW_TIE], crs=4551)
    written.write(frame.to_json(to_wgs84=True, drop_id=True).encode())
    return written.getvalue()


def send(client, route, content, **fields):
    return client.post(route, files={"file": ("survey.geojson", content)}, data=fields)


def test_a_preview_tells_all_and_leaves_nothing(client, survey):
    told = send(client, "/uploads/preview?most=1", survey).json()
    assert (told["rows"], told["refused"], len(told["results"])) == (2, 1, 1)
    assert told["id"] is None
    assert told["results"][0]["geometry"]["type"] == "MultiPolygon"
    assert send(client, "/uploads", survey, mode="good").status_code == 201


def test_a_file_that_is_refused_has_a_preview_that_says_why(client):
    told = send(client, "/uploads/preview", b"%PDF-1.7")
    assert told.status_code == 200
    assert told.json()["refusal"]["kind"] == "format_foreign"


def test_refused_rows_and_codes_come_back_as_files(client, survey, tmp_path):
    report = send(client, "/uploads", survey, mode="good").json()
    for part, suffix, rows in (("rejected", ".geojson", 1), ("coded", ".geojson", 2)):
        given = client.get(f"/uploads/{report['id']}/{part}")
        assert given.status_code == 200
        assert f"survey_{part}{suffix}" in given.headers["content-disposition"]
        (tmp_path / f"{part}{suffix}").write_bytes(given.content)
        assert len(read_delivery(tmp_path / f"{part}{suffix}").frame) == rows
    packed = client.get(f"/uploads/{report['id']}/coded?format=gpkg")
    (tmp_path / "coded.gpkg").write_bytes(packed.content)
    assert read_delivery(tmp_path / "coded.gpkg").frame["code"][0] == report["results"][0]["code"]


@pytest.mark.parametrize(
    ("accepted", "said"),
    [
        ("", "自相交"),
        ("en-GB,en;q=0.9", "crosses itself"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "自相交"),
        ("fr,en;q=0.5,zh;q=0.2", "crosses itself"),
        ("de, *;q=x", "自相交"),
    ],
)
def test_a_file_with_codes_says_what_is_wrong_in_the_language_that_is_asked_for(
    client, survey, tmp_path, accepted, said
):
    report = send(client, "/uploads", survey, mode="good").json()
    given = client.get(f"/uploads/{report['id']}/coded", headers={"Accept-Language": accepted})
    (tmp_path / "coded.geojson").write_bytes(given.content)
    good, bad = read_delivery(tmp_path / "coded.geojson").frame["fault"]
    assert good is None
    assert bad.startswith("self_intersection: ")
    assert said in bad


def test_a_link_says_the_language_before_the_browser_does(client, survey, tmp_path):
    report = send(client, "/uploads", survey, mode="good").json()
    given = client.get(f"/uploads/{report['id']}/coded?language=en", headers={"Accept-Language": "zh-CN"})
    (tmp_path / "coded.geojson").write_bytes(given.content)
    assert "crosses itself" in read_delivery(tmp_path / "coded.geojson").frame["fault"][1]
    assert client.get(f"/uploads/{report['id']}/coded?language=fr").status_code == 422


@pytest.mark.parametrize("name", ["宗地;1\t.gpkg.geojson", "长" * 200 + ".geojson", "&.geojson", "{x}.geojson"])
def test_whatever_a_delivery_is_called_it_comes_back(client, survey, name):
    told = client.post("/uploads", files={"file": (name, survey)}, data={"mode": "good"}).json()
    for suffix in ("gpkg", "geojson", "zip"):
        assert client.get(f"/uploads/{told['id']}/coded?format={suffix}").status_code == 200, (name, suffix)
    assert client.get(f"/uploads/{told['id']}/coded?format=csv").status_code == 422


def test_a_format_that_is_none_and_an_upload_that_is_none_are_told_so(client, survey):
    report = send(client, "/uploads", survey, mode="good").json()
    assert client.get(f"/uploads/{report['id']}/coded?format=xyz").status_code == 422
    assert client.get(f"/uploads/{report['id']}/coded?format=../x").status_code == 422
    assert client.get(f"/uploads/{report['id']}/other").status_code == 422
    assert client.get("/uploads/00000000-0000-0000-0000-000000000000/coded").status_code == 404


def test_outlines_are_mended_where_the_form_says_so(client):
    spiked = [(40, 0), (60, 0), (60, 12), (50.02, 12), (50.01, 15), (50, 12), (40, 12)]
    shape = shapely.Polygon([(EAST_M + x, NORTH_M + y) for x, y in spiked])
    content = gpd.GeoDataFrame({"n": [1]}, geometry=[shape], crs=4551).to_json(to_wgs84=True).encode()
    assert send(client, "/uploads/preview", content).json()["results"][0]["warnings"][0]["fix"]["applied"] is False
    mended = send(client, "/uploads", content, fix="true").json()
    assert mended["results"][0]["warnings"][0]["fix"]["applied"] is True


@pytest.fixture
def bare(tmp_path):
    """Return the bytes of a zipped shapefile without .prj."""
    gpd.GeoDataFrame({"n": [1]}, geometry=[HOUSE], crs=4551).to_file(tmp_path / "bare.shp")
    with zipfile.ZipFile(tmp_path / "bare.zip", "w") as archive:
        for suffix in (".shp", ".shx", ".dbf"):
            archive.write(tmp_path / f"bare{suffix}", f"bare{suffix}")
    return (tmp_path / "bare.zip").read_bytes()


def test_the_crs_that_a_file_may_be_in_stand_in_the_problem_and_in_the_preview(client, bare, settings):
    with opened_database(settings) as database:
        place_office(database, "local", "126,43.4,127,44.4")
    problem = send(client, "/uploads", bare)
    assert (problem.status_code, problem.json()["type"]) == (422, "/problems/crs_ask")
    (candidate,) = problem.json()["candidates"]
    assert (candidate["crs"], candidate["epsg"]) == ("EPSG:4551", 4551)
    assert candidate["reason"].keys() == {"zh", "en"}
    assert send(client, "/uploads/preview", bare).json()["refusal"]["candidates"] == [candidate]
    assert send(client, "/uploads", bare, crs=candidate["crs"]).status_code == 201
