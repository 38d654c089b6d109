"""Sites for a project on the sample district: candidates from layers, files and grids, kept as a run."""

import datetime as dt

import geopandas as gpd
import pytest
import shapely

from blueprint import FilterError, RuleError
from tests.conftest import principal_in
from workflows.errors import RefusedOptionError
from workflows.failures import NotHereError
from workflows.plan_states import read_extent
from workflows.recomputing import verify_run
from workflows.site_candidates import CandidateOptions
from workflows.site_files import sites_csv, write_sites
from workflows.siting import SitingOptions, find_sites, show_sites, sites_geojson
from workflows.terms import Terms

TODAY = dt.date(2026, 6, 1)
BOX = "126.54,43.82,126.58,43.86"
ROADS = """
[[factor]]
id = "roads"
name = { zh = "路", en = "Roads" }
measure = "distance"
layers = ["XZ1103"]
weight = 1
curve = [[0, 1], [500, 0]]
"""


@pytest.fixture
def look(sample_database, settings):
    """Return what looks for sites in the sample district."""

    def run(source="GH2303", *, file=None, key=None, profile="", share=0.2, **limits):
        return find_sites(
            sample_database,
            terms=Terms(principal_in(sample_database), settings, TODAY),
            options=SitingOptions(candidates=CandidateOptions(source=source, **limits), profile=profile, share=share),
            file=file,
            key=key,
        )

    return run


def test_parcels_are_ranked_and_the_answer_is_told_again_as_it_was(look, sample_database):
    told = look(within=read_extent(BOX), max_area_m2=20_000)
    ranks = [site["rank"] for site in told["sites"] if site["rank"]]
    assert ranks == list(range(1, len(ranks) + 1))
    scores = [site["score"]["low"] for site in told["sites"] if site["rank"]]
    assert scores == sorted(scores, reverse=True)
    assert told["excluded"]["too_large"]
    assert show_sites(sample_database, told["run"], principal=principal_in(sample_database)) == told


def test_missing_layers_are_named_and_keep_their_weight(look):
    told = look(within=read_extent(BOX))
    missing = {factor["id"]: factor["missing"] for factor in told["factors"]}
    assert missing["utilities"] == ["XZ1302"]
    assert missing["roads"] == []
    first = told["sites"][0]
    assert first["factors"]["utilities"]["value"] == {"low": 0, "high": 1}
    assert first["score"]["high"] - first["score"]["low"] >= 2 / 16


def test_a_grid_covers_an_area_and_hard_rules_rule_cells_out(look):
    told = look("h3:8", within=read_extent(BOX), profile=ROADS)
    vetoed = [site for site in told["sites"] if site["status"] == "vetoed"]
    assert vetoed
    assert {"R07", "R08"} & {found["rule"] for found in vetoed[0]["vetoes"]}
    assert vetoed[0]["rank"] is None
    assert all(not found["advisory"] for found in vetoed[0]["vetoes"])


@pytest.mark.parametrize("box", ["-179.9,10,179.9,11", "100,20,135,50"])
def test_a_grid_of_far_too_many_cells_is_refused_before_they_are_listed(look, monkeypatch, box):
    monkeypatch.setattr("workflows.site_candidates.cells_within", None)
    with pytest.raises(RefusedOptionError, match="come into question"):
        look("h3:11", within=read_extent(box))


def test_the_polygons_of_a_file_are_candidates(look, tmp_path):
    whole = read_extent("126.56,43.84,126.561,43.841")
    path = tmp_path / "sites.gpkg"
    gpd.GeoDataFrame({"name": ["甲地块"]}, geometry=[whole], crs=4490).to_file(path)
    told = look(file=path)
    assert [site["name"] for site in told["sites"]] == ["甲地块"]


def test_a_search_is_had_again_from_its_inputs(look, sample_database, settings):
    told = look(within=read_extent("126.55,43.83,126.56,43.84"))
    verified = verify_run(sample_database, told["run"], principal=principal_in(sample_database), settings=settings)
    assert verified["verdict"] == "same"


def test_a_filter_and_a_shape_choose_among_parcels(look):
    everything, filtered = look(profile=ROADS), look(profile=ROADS, where="yddm = '0701'")
    assert 0 < len(filtered["sites"]) < len(everything["sites"])
    narrow = look(profile=ROADS, min_width_m=100.0, min_compactness=0.5)
    assert narrow["excluded"].keys() >= {"too_narrow"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"source": "h3:9"}, RefusedOptionError),
        ({"source": "h3:15", "within": read_extent(BOX)}, RefusedOptionError),
        ({"min_area_m2": 1e9}, RefusedOptionError),
        ({"profile": "[[factor]]"}, RuleError),
        ({"profile": "no toml"}, RuleError),
        ({"where": "yddm ="}, FilterError),
    ],
)
def test_a_search_that_cannot_be_made_is_refused(look, change, error):
    with pytest.raises(error):
        look(**change)


def test_the_same_request_with_a_key_is_one_run(look):
    limits = {"within": read_extent("126.55,43.83,126.56,43.84"), "profile": ROADS}
    assert look(key="k", **limits)["run"] == look(key="k", **limits)["run"]


def test_sites_are_written_as_geojson_and_csv(look, tmp_path, sample_database):
    told = look(within=read_extent("126.55,43.83,126.56,43.84"), profile=ROADS)
    assert len(sites_geojson(told)["features"]) == len(told["sites"])
    header, *rows = sites_csv(told).decode().splitlines()
    assert {"rank", "score_low", "roads_high", "vetoes"} <= set(header.split(","))
    assert len(rows) == len(told["sites"])
    write_sites(told, tmp_path / "a.gpkg")
    assert shapely.is_valid(gpd.read_file(tmp_path / "a.gpkg").geometry.to_numpy()).all()


def test_a_run_that_is_no_search_is_not_here(sample_database):
    with pytest.raises(NotHereError):
        show_sites(sample_database, "nothing", principal=principal_in(sample_database))
