"""A file without a CRS on the command line: a table of what to state, or a code and how the CRS is known."""

import json

import geopandas as gpd
import pyproj
import pytest
import shapely
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import TransverseMercatorConversion
from typer.testing import CliRunner

from cli.main import app
from geocode import encode

HOUSES = [shapely.box(544_000.0 + 50 * n, 4_866_000.0, 544_020.0 + 50 * n, 4_866_012.0) for n in range(3)]
EXTENT = "126,43.4,127,44.4"


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setenv("LUOTU_LANGUAGE", "en")


@pytest.fixture
def bare(tmp_path):
    """Return a shapefile without .prj."""
    gpd.GeoDataFrame({"n": [1, 2, 3]}, geometry=HOUSES, crs=4551).to_file(tmp_path / "bare.shp")
    (tmp_path / "bare.prj").unlink()
    return tmp_path / "bare.shp"


def luotu(*arguments):
    return CliRunner().invoke(app, ["code", *map(str, arguments)])


def codes(result):
    return [row["code"] for row in json.loads(result.stdout)]


def test_the_candidates_are_shown_with_what_to_state_and_where_they_lie(bare):
    result = luotu(bare, "--extent", EXTENT)
    assert result.exit_code == 3
    assert "--crs EPSG:4551" in result.stderr
    assert "126.5" in result.stderr
    assert result.stdout == ""


def test_without_an_extent_the_way_out_is_told(bare):
    result = luotu(bare)
    assert result.exit_code == 3
    assert "--extent" in result.stderr
    assert "more; there are fewer" not in result.stderr


def test_the_remedy_names_a_candidate_that_is_listed_and_zones_with_land_come_first(bare):
    told = luotu(bare).stderr.splitlines()
    lines = [line.split("  ")[0].strip() for line in told if line.startswith(" --crs")]
    assert lines == [
        "--crs EPSG:4536 … EPSG:4553",
        "--crs EPSG:4534 … EPSG:4554",
        "--crs EPSG:32643 … EPSG:32653",
    ]
    assert "for example --crs EPSG:4536;" in told[1]


def test_stated_or_found_the_codes_are_those_of_the_ground(bare):
    expected = [str(encode(house, crs=4551)) for house in HOUSES]
    assert codes(luotu(bare, "--crs", "EPSG:4551", "--format", "json")) == expected
    found = luotu(bare, "--extent", EXTENT, "--datum", "CGCS2000", "--format", "json")
    assert codes(found) == expected
    assert "EPSG:4551" in found.stderr
    assert "score 1" in found.stderr


def test_the_settings_say_it_for_every_file(bare, monkeypatch):
    monkeypatch.setenv("LUOTU_EXTENT", EXTENT)
    monkeypatch.setenv("LUOTU_DATUM", "CGCS2000")
    assert luotu(bare).exit_code == 0


def test_a_registered_local_system_is_stated_by_its_name(bare, tmp_path, monkeypatch):
    own = ProjectedCRS(
        TransverseMercatorConversion(longitude_natural_origin=126.25, false_easting=500_000), "own", geodetic_crs=4490
    )
    listed = tmp_path / "systems.toml"
    listed.write_text(f"[[system]]\nname = '城建'\nwkt = '''{own.to_wkt()}'''\n", encoding="utf-8")
    monkeypatch.setenv("LUOTU_LOCAL_SYSTEMS", str(listed))
    found = luotu(bare, "--crs", "城建", "--format", "json")
    to_lonlat = pyproj.Transformer.from_crs(own, 4490, always_xy=True)
    moved = shapely.transform(HOUSES[0], to_lonlat.transform, interleaved=False)
    assert codes(found)[0] == str(encode(moved, crs=4490))
    assert "126.25" not in found.stderr


def test_what_is_no_extent_is_a_word_to_mend(bare):
    assert luotu(bare, "--extent", "somewhere").exit_code == 2
