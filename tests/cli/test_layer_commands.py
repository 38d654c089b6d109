"""`luotu layers check`, `lint` and what `load` tells, as a person uses them."""

import json

import geopandas as gpd
import pytest
import shapely

from layers.reading import read_delivery
from tests.conftest import SAMPLES

X, Y = 544_000.0, 4_856_000.0


@pytest.fixture
def luotu(command_line):
    """Return the function that runs the command line, with a database only where the test asks for one."""
    return command_line()


@pytest.fixture
def registered(luotu, sample_database, monkeypatch):
    """Return the same over the sample district."""
    monkeypatch.setenv("DATABASE_URL", sample_database.url.render_as_string(hide_password=False))
    return luotu


@pytest.fixture
def parcels(tmp_path):
    """Return the maker of a file of planned parcels, by their corners in metres."""

    def write(*boxes, name="parcels.gpkg", **columns):
        shapes = [
            each if hasattr(each, "wkt") else shapely.box(X + each[0], Y + each[1], X + each[2], Y + each[3])
            for each in boxes
        ]
        path = tmp_path / name
        gpd.GeoDataFrame(columns or {"dkbh": range(len(boxes))}, geometry=shapes, crs=4551).to_file(path)
        return path

    return write


def test_a_file_is_checked_without_a_database_and_its_faults_are_written(luotu, parcels, tmp_path):
    faults = tmp_path / "faults.gpkg"
    result = luotu("layers", "check", parcels((0, 0, 10, 10), (9.95, 0, 20, 10)), "--as", "GH2303", "-o", faults)
    assert result.exit_code == 1, result.stderr
    assert "overlap" in result.stdout
    assert "0.050" in result.stdout
    written = read_delivery(faults).frame
    assert sorted(set(written["kind"])) == ["overlap", "vertex"]
    assert f"written: {faults}, {len(written)} rows" in result.stderr


def test_a_layer_without_faults_ends_well(luotu, parcels):
    result = luotu("layers", "check", parcels((0, 0, 10, 10), (10, 0, 20, 10)), "--as", "GH2303")
    assert (result.exit_code, "nothing" in result.stdout) == (0, True)


def test_a_row_that_is_no_feature_is_told_by_the_check_too(luotu, parcels):
    line = shapely.LineString([(X, Y), (X + 10, Y)])
    result = luotu("layers", "check", parcels((0, 0, 10, 10), line), "--as", "GH2303")
    assert (result.exit_code, "LineString" in result.stderr) == (1, True)


def test_a_file_contains_another(luotu, parcels):
    unit = parcels((0, 0, 19, 10), name="GH2301.gpkg")
    blocks = parcels((0, 0, 10, 10), (10, 0, 20, 10))
    result = luotu("layers", "check", blocks, "--as", "GH2303", "--within", unit, "--format", "json")
    (report,) = json.loads(result.stdout)
    assert report["summary"]["protrusion"]["width_m"] == pytest.approx(1, abs=1e-6)


def test_a_proposal_is_a_file_that_can_be_loaded_and_has_no_faults(luotu, parcels, tmp_path):
    clean = tmp_path / "clean.gpkg"
    source = parcels((0, 0, 10, 10), (10.3, 0, 20, 10), (0, 10, 20, 20), dkbh=["a", "b", "c"])
    luotu("layers", "check", source, "--as", "GH2303", "--propose", clean)
    proposed = read_delivery(clean).frame
    assert proposed["dkbh"].tolist() == ["a", "b", "c"]
    assert proposed["area_after_m2"].sum() == pytest.approx(400, abs=1e-6)
    assert luotu("layers", "check", clean, "--as", "GH2303").exit_code == 0


def test_every_layer_of_a_file_is_checked(luotu):
    result = luotu("layers", "check", SAMPLES / "district.gpkg", "--format", "json")
    reports = {report["layer"]["code"]: report["summary"] for report in json.loads(result.stdout)}
    assert len(reports) == 23
    assert reports["XZ1201"]["vertex"]["count"] == 1
    assert reports["GL3105"]["overlap"]["width_m"] == pytest.approx(0.06, abs=1e-6)
    assert reports["XZ1301"] == {}


def test_a_loaded_layer_is_checked_by_its_code(registered):
    result = registered("layers", "check", "gl3105", "--format", "json")
    (report,) = json.loads(result.stdout)
    assert report["summary"]["overlap"]["count"] == 1
    assert registered("layers", "check", "GH2303", "--within", "GH2203").exit_code == 1


def test_loading_tells_what_was_mended_what_is_doubtful_and_what_lies_between(registered, parcels):
    bow_tie = shapely.Polygon([(X, Y + 50), (X + 10, Y + 60), (X + 10, Y + 50), (X, Y + 60)])
    source = parcels(
        (0, 0, 10, 10), (9, 0, 20, 10), bow_tie, (0, 70, 10, 80), ydmj=[100.0, 110.0, 50.0, 500.0], yddm=["0701", "9999", "0702", "0701"]
    )  # fmt: skip
    result = registered("layers", "load", source, "--as", "GH2303", "--valid-from", "2026-01-01")
    assert result.exit_code == 1
    for told in ("3 features, loaded", "overlap: 1", "was mended", "“9999”", "no field “dkbh”", "10 %"):
        assert told in result.stderr, told


def test_loading_strictly_refuses_what_is_not_valid(registered, parcels):
    bow_tie = shapely.Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)])
    result = registered("layers", "load", parcels((20, 0, 30, 10), bow_tie), "--as", "GH2303", "--strict")
    assert "1 feature, loaded" in result.stderr
    assert "crosses itself" in result.stderr or "intersect" in result.stderr


def test_a_city_s_file_is_linted_and_a_broken_one_is_refused(luotu, tmp_path, monkeypatch):
    assert luotu("layers", "lint").exit_code == 0
    path = tmp_path / "layers.toml"
    monkeypatch.setenv("LUOTU_LAYERS", str(path))
    path.write_text('[[layer]]\ncode = "GH2213"\nsecurity = "public"\n', encoding="utf-8")
    result = luotu("layers", "lint")
    assert (result.exit_code, "GH2213" in result.stderr) == (1, True)
    path.write_text('\n[[layer]]\ncode = "GH2213"\nsecurity = "open"\n', encoding="utf-8")
    result = luotu("layers", "lint")
    assert result.exit_code == 3
    assert "line 2" in result.stderr
    path.unlink()
    assert luotu("layers", "lint").exit_code == 3
