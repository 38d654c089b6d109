"""What the blueprint says of footprints, through the database: rasters, a city's rules, what is known, and when."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from rasterio import Affine

from geocode.planes import from_plane
from store.database import transaction
from tests.conftest import SAMPLES, principal_in
from tests.layers.grids import write_raster
from workflows.checking import Terms, check_building, check_file, check_ground
from workflows.delivery_options import DeliveryOptions
from workflows.errors import RefusedOptionError
from workflows.footprint_facts import read_said, split_said
from workflows.layering import LoadOptions, load_layers
from workflows.previewing import preview_footprint
from workflows.rastering import RasterOptions, load_raster
from workflows.rule_sets import list_rules, rule_set
from workflows.uploading import upload_file

PLANE = "EPSG:4551"


def house(west: float = 545_000.0, south: float = 4_856_000.0) -> Any:
    """Return a drawn building of 20 × 12 m."""
    ground = from_plane(np.array([shapely.box(west, south, west + 20, south + 12)], dtype=object), PLANE)[0]
    return json.loads(shapely.to_geojson(ground))


@pytest.fixture
def terms(sample_database, settings):
    return Terms(principal_in(sample_database), settings)


@pytest.fixture
def load(sample_database, settings, tmp_path):
    """Return what loads an array as a raster of a layer, around the drawn building."""

    def run(code: str, value: float, **options: Any) -> Any:
        place = Affine(10, 0, 544_000, 0, -10, 4_857_000)
        path = write_raster(tmp_path / f"{code}{value}.tif", np.full((200, 200), value), transform=place)
        return load_raster(
            sample_database,
            path,
            principal=principal_in(sample_database),
            documents=settings.documents,
            options=RasterOptions(as_layer=code, **options),
        )

    return run


@pytest.fixture
def ask(sample_database, terms):
    """Return what asks for the findings of a drawn building, by rule and layer."""

    def run(drawn: Any = None, *, of: Terms = terms, **properties: Any) -> dict[tuple[str, str], Any]:
        feature = {"type": "Feature", "geometry": drawn or house(), "properties": properties}
        found = preview_footprint(sample_database, feature, crs="EPSG:4490", terms=of)["findings"]
        return {(each["rule"], each["layer"]["code"]): each for each in found}

    return run


def test_a_raster_is_loaded_once_and_judged_by(load, ask):
    assert load("XZ1105", 200.0, vertical="EPSG:5737", value_accuracy=0.1).added
    assert not load("XZ1105", 200.0, vertical="EPSG:5737", value_accuracy=0.1).added
    slope = ask()["R28", "XZ1105"]
    assert (slope["outcome"], slope["measured"], slope["required"], slope["unit"]) == ("pass", 0, 25, "deg")


def test_a_building_higher_than_the_surface_over_it_fails(load, ask):
    load("XZ1105", 300.0, vertical="EPSG:5737", value_accuracy=0.1)
    below, above = ask(height_m=2)["R23", "GH2213"], ask(height_m=500)["R23", "GH2213"]
    assert (below["outcome"], above["outcome"]) == ("pass", "fail")
    assert (above["features"][0]["name"], above["witness"]["type"]) == ("雾凇江机场进近限高面", "Point")
    assert above["margin"] == pytest.approx(above["required"] - 800)


def test_the_sample_districts_height_surface_says_the_same_as_its_plane(sample_database, settings, load, ask):
    load("XZ1105", 200.0, vertical="EPSG:5737", value_accuracy=0.1)
    options = RasterOptions(as_layer="GH2213", vertical="EPSG:5737")
    principal = principal_in(sample_database)
    load_raster(
        sample_database,
        SAMPLES / "height_surface.tif",
        principal=principal,
        documents=settings.documents,
        options=options,
    )
    cells, plane = (measure["required"] for measure in ask(height_m=10)["R23", "GH2213"]["measures"])
    assert abs(cells - plane) < 10 * (0.0078125 + 0.00390625)


def test_rasters_that_say_different_things_hold_beside_each_other(load, ask):
    for title, value in (("昼", 50.0), ("夜", 49.0)):
        load("GH2404", value, unit="dB", title=title, says={"SD": title})
    load("GH2404", 48.0, unit="dB", title="夜 2027", says={"SD": "夜"}, valid_from=date(2026, 2, 1))
    found = ask()["R29", "GH2404"]
    assert {measure["label"] for measure in found["measures"]} <= {"昼", "夜", "夜 2027"}
    assert found["outcome"] == "not_evaluated"  # no zone says what is allowed


def test_a_layer_that_is_no_raster_is_refused_and_features_stay_in_effect_beside_one(load, ask):
    with pytest.raises(RefusedOptionError):
        load("GH2201", 1.0)
    load("GH2213", 400.0, vertical="EPSG:5737")
    assert ask()["R07", "GH2201"]["outcome"] == "pass"
    assert ask()["R23", "GH2213"]["outcome"] == "not_evaluated"


def test_a_citys_file_changes_the_rules_at_once_and_the_answer_says_which_set(sample_database, terms, ask, tmp_path):
    before = rule_set(terms.settings).version
    city = tmp_path / "city.toml"
    changed = terms._replace(settings=terms.settings.model_copy(update={"rules": str(city)}))
    city.write_text('[[rule]]\nid = "R07"\ndisabled = true\n', encoding="utf-8")
    assert ("R07", "GH2201") not in ask(of=changed)
    city.write_text('[[rule]]\nid = "R36"\nquality = { area_m2 = 1000 }\n', encoding="utf-8")
    assert ask(of=changed)["R36", "footprint"]["outcome"] == "fail"
    told = preview_footprint(sample_database, house(), crs="EPSG:4490", terms=changed)
    assert told["rule_set"] == rule_set(changed.settings).version != before
    assert next(rule for rule in list_rules(changed.settings)["rules"] if rule["id"] == "R36")["changed"] == ["quality"]


def test_a_rule_of_a_division_holds_there_alone(ask, terms, tmp_path):
    city = tmp_path / "city.toml"
    changed = terms._replace(settings=terms.settings.model_copy(update={"rules": str(city)}))
    for divisions, there in (('["220204"]', True), ('["22"]', True), ('["3301"]', False)):
        city.write_text(f'[[rule]]\nid = "R07"\ndivisions = {divisions}\n', encoding="utf-8")
        assert (("R07", "GH2201") in ask(of=changed)) is there


def test_what_a_drawing_says_of_itself_is_known_to_the_rules_by_any_of_its_names(sample_database, terms):
    feature = {"type": "Feature", "geometry": house(), "properties": {"建筑高度": "24.0", "空间": "地下", "景观": "河"}}
    said = preview_footprint(sample_database, feature, crs="EPSG:4490", terms=terms)
    assert said["attributes"] == {"height_m": 24.0, "space": "underground"}
    outcomes = {each["rule"]: each["outcome"] for each in said["findings"]}
    assert outcomes["R22"] == "not_applicable"  # the rule is about what stands above ground


def test_a_delivered_height_is_judged_and_what_is_said_now_goes_before_it(sample_database, settings, terms, tmp_path):
    survey = tmp_path / "survey.gpkg"
    blocks = gpd.read_file(SAMPLES / "district.gpkg", layer="GH2303_KGDK")
    centre = blocks.geometry[0].centroid
    gpd.GeoDataFrame(
        {"建筑高度": [99.0]}, geometry=[shapely.box(*(centre.coords[0] * 2)).buffer(6)], crs=blocks.crs
    ).to_file(survey)
    options = DeliveryOptions()
    report = upload_file(
        sample_database, survey, principal=terms.principal, documents=settings.documents, options=options
    )
    code = report.results[0].code

    def height(**said: Any) -> Any:
        found = check_building(sample_database, code, terms=terms, said=read_said(said))["findings"]
        return next(each for each in found if each["rule"] == "R22")

    assert (height()["outcome"], height()["measured"], height()["required"]) == ("fail", 99, 54)
    assert height(height_m="20")["outcome"] == "pass"
    _, (drawn,) = check_file(sample_database, survey, options=options, terms=terms, said=read_said({"use": "0701"}))
    assert drawn["attributes"] == {"height_m": 99.0, "use": "0701"}


@pytest.mark.parametrize("said", ["storeys=7", "height_m=high", "height_m", "space=sky"])
def test_what_no_rule_reads_is_refused(said):
    with pytest.raises(RefusedOptionError):
        read_said(split_said([said]))


def test_a_day_and_a_time_of_knowledge_choose_the_editions(sample_database, settings, terms, ask, tmp_path):
    moat = tmp_path / "GH2204.gpkg"
    ground = shapely.from_geojson(json.dumps(house())).buffer(0.01)
    gpd.GeoDataFrame({"MC": ["护城河"]}, geometry=[ground], crs=4490).to_file(moat, layer="GH2204")
    before = datetime.now(UTC)
    load_layers(
        sample_database,
        moat,
        principal=terms.principal,
        documents=settings.documents,
        options=LoadOptions(valid_from=date(2026, 3, 1)),
    )
    broken = {
        name: ask(of=terms._replace(**moment))["R10", "GH2204"]["outcome"]
        for name, moment in {
            "now": {},
            "before it took effect": {"as_of": date(2026, 2, 1)},
            "before it was known": {"known_at": before - timedelta(seconds=1)},
            "since then": {"known_at": datetime.now(UTC) + timedelta(seconds=1)},
        }.items()
    }
    assert broken["now"] == broken["since then"] == "fail"
    assert "fail" not in {broken["before it took effect"], broken["before it was known"]}


def test_a_site_that_reaches_far_is_known_all_over(sample_database, terms):
    sites = gpd.read_file(SAMPLES / "district.gpkg", layer="GL3105_YDHX")
    site = max(sites.geometry, key=lambda each: each.length)
    middle = site.representative_point()
    ground = gpd.GeoDataFrame(geometry=[middle.buffer(4, quad_segs=2)], crs=sites.crs).to_crs(4490)
    with transaction(sample_database) as connection:
        found = check_ground(connection, ground, terms=terms)[0].findings
    assert max(site.exterior.distance(middle), shapely.hausdorff_distance(site, middle)) > 50
    outcomes = {each["rule"]: each["outcome"] for each in found}
    assert outcomes["R20"] in {"pass", "fail"}
    assert outcomes["R02"] in {"pass", "fail"}


def test_of_a_layer_that_is_not_for_the_role_the_outcome_is_told_and_nothing_else(load, ask, terms):
    load("XZ1105", 300.0, vertical="EPSG:5737", value_accuracy=0.1)
    load("GH2213", 400.0, vertical="EPSG:5737", title="机场")
    stranger = terms._replace(principal=replace(terms.principal, role="surveyor"))
    mine, theirs = (ask(of=each, height_m=500)["R23", "GH2213"] for each in (terms, stranger))
    told = ("outcome", "measured", "required", "margin")
    assert [theirs[name] for name in told] == [mine[name] for name in told]
    assert (mine["features"][0]["name"], theirs["features"], theirs["witness"]) == ("雾凇江机场进近限高面", [], None)
    assert "雾凇江" in str(mine["measures"])
    assert "雾凇江" not in str(theirs)
