"""`luotu extract` and `luotu run`, as a person uses them."""

import json

import geopandas as gpd
import pytest
import shapely

SITE = shapely.Polygon([(544_120, 4_855_280), (544_380, 4_855_290), (544_370, 4_855_460), (544_110, 4_855_450)])


@pytest.fixture
def site_file(tmp_path):
    path = tmp_path / "site.gpkg"
    frame = gpd.GeoDataFrame(
        {"name": ["更新单元", "邻地"], "YDMJ": [44_000.0, None]},
        geometry=[SITE, shapely.affinity.translate(SITE, 300)],
        crs=4551,
    )
    frame.to_file(path)
    return path


def test_every_site_of_a_file_is_told_layer_by_layer(luotu, site_file):
    shown = luotu("extract", site_file)
    assert shown.exit_code == 0, shown.stderr
    assert "更新单元" in shown.stdout
    assert "Ecological protection red line" in shown.stdout
    assert "no data" in shown.stdout
    first, second = json.loads(luotu("extract", site_file, "--format", "json").stdout)
    assert first["result"]["site"]["stated_area_m2"] == 44_000
    assert second["result"]["site"]["stated_area_m2"] is None


def test_a_row_that_is_no_site_is_told_and_the_others_are_answered(luotu, tmp_path):
    bow = shapely.Polygon([(544_120, 4_855_280), (544_380, 4_855_460), (544_380, 4_855_280), (544_120, 4_855_460)])
    for name, shapes, code in (("some", [SITE, bow], 1), ("none", [bow], 3)):
        gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=shapes, crs=4551).to_file(tmp_path / f"{name}.gpkg")
        refused = luotu("extract", tmp_path / f"{name}.gpkg")
        assert refused.exit_code == code
        assert "crosses itself" in refused.stderr


def test_each_site_has_a_file_of_its_own_by_the_suffix(luotu, site_file, tmp_path):
    for suffix in ("json", "geojson", "pdf"):
        assert luotu("extract", site_file, "-o", tmp_path / f"x.{suffix}").exit_code == 0
        assert {path.name for path in tmp_path.glob(f"x-*.{suffix}")} == {f"x-1.{suffix}", f"x-2.{suffix}"}
    assert luotu("extract", site_file, "-o", tmp_path / "x.docx").exit_code == 2
    assert luotu("extract", site_file, "--area", "100").exit_code == 2


def test_a_kept_extract_is_shown_and_computed_again(luotu, tmp_path):
    (told,) = json.loads(luotu("extract", "怡廊小区宗地", "--layer", "GL3201", "--format", "json").stdout)
    again = luotu("extract", told["id"], "--format", "json", "-o", tmp_path / "x.json")
    assert again.exit_code == 0
    assert json.loads((tmp_path / "x.json").read_bytes()) == told
    verified = luotu("run", "verify", told["id"])
    assert verified.exit_code == 0
    assert "the result is the same" in verified.stdout
    assert json.loads(luotu("run", "show", told["id"]).stdout)["sha256"] == told["sha256"]
    assert told["sha256"] in luotu("run", "show", told["id"], "--format", "table").stdout


@pytest.mark.parametrize(
    "arguments", [("extract", "没有的楼"), ("extract", "x", "--layer", "GL3201"), ("run", "verify", "x")]
)
def test_what_is_not_there_is_one_sentence(luotu, arguments):
    refused = luotu(*arguments)
    assert refused.exit_code == 3
    assert refused.stderr.startswith("Refused")


def test_findings_are_kept_where_that_is_asked(luotu, site_file):
    checked = json.loads(luotu("check", site_file, "--keep", "--format", "json").stdout)
    assert {row["run"] for row in checked} == {checked[0]["run"]}
    assert luotu("run", "verify", checked[0]["run"]).exit_code == 0
    assert "Kept as run" in luotu("check", site_file, "--keep").stderr


def test_of_many_refused_rows_the_first_are_told_and_the_others_counted(luotu, tmp_path):
    bow_tie = shapely.Polygon([(0, 0), (20, 12), (20, 0), (0, 12)])
    shapes = [shapely.affinity.translate(bow_tie, 544_000 + 50 * k, 4_866_000) for k in range(25)]
    gpd.GeoDataFrame(geometry=shapes, crs=4551).to_file(tmp_path / "sites.gpkg")
    told = luotu("extract", tmp_path / "sites.gpkg")
    assert told.exit_code == 3
    assert told.stderr.count("sites.gpkg · ") == 20
    assert "Not shown here: 5. All of them by kind: self_intersection 25." in told.stderr
