"""Rasters as rules read them: height limits, floods, slopes and noise, with all that leaves a rule open."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from blueprint import Certainty, Edition, Outcome, find_conflicts, find_findings, list_unevaluated
from blueprint.raster_state import RasterState
from blueprint.rule_sets import load_rule_set
from layers.rasters import open_raster
from tests.blueprint.conftest import TODAY, make_layer
from tests.layers.grids import CRS, NORTH, WEST, plane_values, write_raster

DATUM = "EPSG:5737"
FLOOD = '[[rule]]\nid = "R27"\nrequired = [{ value = 0.5 }]'


def rule(rule_id, city=""):
    return next(rule for rule in load_rule_set(city).rules if rule.id == rule_id)


def at(west, south, east, north):
    """Return a box, in metres east and south of the rasters' north-western corner."""
    return shapely.box(WEST + west, NORTH - south, WEST + east, NORTH - north)


def footprints(*shapes, **attributes):
    return gpd.GeoDataFrame({"attrs": [attributes] * len(shapes)}, geometry=list(shapes), crs=CRS)


@pytest.fixture
def raster(tmp_path):
    """Return the maker of rasters: an array, the layer it is, what it says of itself."""

    def make(code, values, *, title=None, accuracy=0.0, unit=None, says=None, nodata=None, vertical=None):
        path = write_raster(tmp_path / f"{code}{title or ''}.tif", np.asarray(values, dtype=float), nodata=nodata)
        edition = Edition(1, title or code)
        return RasterState(code, edition, open_raster(path, vertical=vertical), accuracy, unit, says or {})

    return make


def find(one, shape, rasters, layers=None, **attributes):
    by_code = {}
    for state in rasters:
        by_code.setdefault(state.code, []).append(state)
    return find_findings(footprints(shape, **attributes), layers or {}, [one], as_of=TODAY, rasters=by_code)[0]


def flat(value):
    return np.full((20, 20), float(value))


HOUSE = at(11, 17, 19, 11)


@pytest.mark.parametrize(
    ("height_m", "outcome"),
    [(50.0, Outcome.PASS), (50.001, Outcome.PASS), (50.1, Outcome.FAIL_WITHIN_ACCURACY), (51.0, Outcome.FAIL),
     (None, Outcome.NOT_EVALUATED)],
)  # fmt: skip
def test_the_top_of_a_building_is_held_against_the_surface_over_it(raster, height_m, outcome):
    rasters = [
        raster("GH2213", flat(250), vertical=DATUM, accuracy=0.05),
        raster("XZ1105", flat(200), vertical=DATUM, accuracy=0.05),
    ]
    found = find(rule("R23"), HOUSE, rasters, height_m=height_m)
    assert found.outcome is outcome
    if height_m is not None:
        assert (found.measured, found.required) == (pytest.approx(200 + height_m), 250)


def test_an_elevation_that_is_stated_needs_no_terrain(raster):
    surface = [raster("GH2213", flat(250), vertical=DATUM)]
    found = find(rule("R23"), HOUSE, surface, top_m=249.0, top_vertical="1985国家高程基准")
    assert (found.outcome, found.margin) == (Outcome.PASS, pytest.approx(1.0))
    other = find(rule("R23"), HOUSE, surface, top_m=249.0, top_vertical="1956年黄海高程系")
    assert other.outcome is Outcome.NOT_EVALUATED


def test_without_terrain_the_top_is_not_known(raster):
    found = find(rule("R23"), HOUSE, [raster("GH2213", flat(250), vertical=DATUM)], height_m=10)
    assert (found.outcome, "XZ1105" in found.reason.en) == (Outcome.NOT_EVALUATED, True)


@pytest.mark.parametrize(
    ("says", "height_m", "outcome"),
    [
        ({"PMXS_A": 0.0, "PMXS_B": 0.0, "PMXS_C": 240.0, "XGLX": "绝对", "GCJZ": "1985国家高程基准"}, 40.0, Outcome.PASS),
        ({"XGZ": 240.0, "XGLX": "绝对", "GCJZ": "1985国家高程基准"}, 41.0, Outcome.FAIL),
        ({"XGZ": 240.0, "XGLX": "绝对"}, 30.0, Outcome.NOT_EVALUATED),
        ({"XGZ": 30.0, "XGLX": "相对"}, 30.0, Outcome.PASS),
        ({"XGZ": 30.0, "XGLX": "相对"}, 31.0, Outcome.FAIL),
        ({"XGLX": "绝对", "GCJZ": "1985国家高程基准"}, 1.0, Outcome.NOT_EVALUATED),
    ],
)  # fmt: skip
def test_polygons_state_planes_elevations_or_heights_above_the_ground(raster, says, height_m, outcome):
    layers = {"GH2213": make_layer("GH2213", [at(0, 40, 40, 0)], attrs=[says])}
    found = find(rule("R23"), HOUSE, [raster("XZ1105", flat(200), vertical=DATUM)], layers, height_m=height_m)
    assert found.outcome is outcome
    assert len(found.features) == (1 if outcome is not Outcome.NOT_EVALUATED or says.get("XGZ") else 0)


def test_a_plane_is_tested_at_the_vertices_in_the_crs_that_it_is_stated_in(raster):
    a = 0.01
    says = {"PMXS_A": a, "PMXS_B": 0.0, "PMXS_C": 240.0 - a * (WEST + 11), "XGLX": "绝对", "GCJZ": DATUM}
    layers = {"GH2213": make_layer("GH2213", [at(0, 40, 40, 0)], attrs=[says])}
    found = find(rule("R23"), HOUSE, [raster("XZ1105", flat(200), vertical=DATUM)], layers, height_m=39.0)
    assert (found.required, found.witness.x) == (pytest.approx(240.0), WEST + 11)


def test_the_worst_of_several_surfaces_counts_and_all_are_told(raster):
    layers = {"GH2213": make_layer("GH2213", [at(0, 40, 40, 0)], attrs=[{"XGZ": 230.0, "XGLX": "绝对", "GCJZ": DATUM}])}
    rasters = [raster("GH2213", flat(250), vertical=DATUM), raster("XZ1105", flat(200), vertical=DATUM)]
    found = find(rule("R23"), HOUSE, rasters, layers, height_m=40.0)
    assert (found.outcome, found.required, found.certainty) == (Outcome.FAIL, 230, Certainty.CERTAIN)
    assert [measure.required for measure in found.measures] == [230, 250]


def test_below_no_plane_the_rule_does_not_apply_where_the_layer_is_complete(raster):
    terrain = [raster("XZ1105", flat(200), vertical=DATUM)]
    layer = make_layer("GH2213", [at(100, 140, 140, 100)], attrs=[{"XGZ": 230.0, "XGLX": "绝对", "GCJZ": DATUM}])
    assert find(rule("R23"), HOUSE, terrain, {"GH2213": layer}, height_m=9.0).outcome is Outcome.NOT_APPLICABLE
    unknown = make_layer("GH2213", [], complete=None, attrs=[])
    assert find(rule("R23"), HOUSE, terrain, {"GH2213": unknown}, height_m=9.0).outcome is Outcome.NOT_EVALUATED


@pytest.mark.parametrize(
    ("depth_m", "outcome"),
    [(0.5, Outcome.PASS), (0.55, Outcome.FAIL_WITHIN_ACCURACY), (0.9, Outcome.FAIL)],
)
def test_the_deepest_water_under_a_building_counts(raster, depth_m, outcome):
    values = flat(0.1)
    values[8, 5] = depth_m
    found = find(rule("R27", FLOOD), HOUSE, [raster("GH2403", values, accuracy=0.05, unit="m")])
    assert (found.outcome, found.measured, found.required) == (outcome, pytest.approx(depth_m), 0.5)
    assert found.witness.equals(shapely.Point(WEST + 11, NORTH - 17))
    assert found.measures[-1].label == "mean"


def test_values_in_another_unit_are_not_read(raster):
    found = find(rule("R27", FLOOD), HOUSE, [raster("GH2403", flat(10), unit="cm")])
    assert (found.outcome, "cm" in found.reason.en) == (Outcome.NOT_EVALUATED, True)


def test_without_a_limit_or_a_raster_the_rule_is_not_evaluated(raster):
    assert find(rule("R27"), HOUSE, [raster("GH2403", flat(0))]).outcome is Outcome.NOT_EVALUATED
    found = find(rule("R27", FLOOD), HOUSE, [])
    assert (found.outcome, "no raster" in found.reason.en) == (Outcome.NOT_EVALUATED, True)


def test_more_than_half_a_per_cent_without_a_value_is_not_evaluated_and_the_covered_share_is_told(raster):
    values = flat(0.1)
    values[6, 6] = -9.0
    found = find(rule("R27", FLOOD), HOUSE, [raster("GH2403", values, nodata=-9.0)])
    assert found.outcome is Outcome.NOT_EVALUATED
    assert "91.7%" in found.reason.en
    beyond = find(rule("R27", FLOOD), at(38, 10, 44, 4), [raster("GH2403", flat(0.1), title="b")])
    assert (beyond.outcome, "33.3%" in beyond.reason.en) == (Outcome.NOT_EVALUATED, True)


def test_a_broken_raster_is_a_reason_and_stops_nothing(raster):
    state = raster("GH2403", flat(0.1), title="gone")
    state.raster.path.unlink()
    assert find(rule("R27", FLOOD), HOUSE, [state]).outcome is Outcome.NOT_EVALUATED


@pytest.mark.parametrize(("gradient", "outcome"), [(0.2, Outcome.PASS), (0.6, Outcome.FAIL)])
def test_slope_is_that_of_the_terrain_where_no_raster_of_slopes_is_loaded(raster, gradient, outcome):
    terrain = raster("XZ1105", plane_values(gradient, 0, 100 - gradient * WEST, rows=20, columns=20), unit="m")
    found = find(rule("R28"), HOUSE, [terrain])
    assert (found.layer, found.outcome) == ("XZ1105", outcome)
    assert found.measured == pytest.approx(np.degrees(np.arctan(gradient)), abs=1e-3)
    assert [measure.label for measure in found.measures] == ["XZ1105", "p95"]


def test_a_raster_of_slopes_goes_before_the_terrain(raster):
    found = find(rule("R28"), HOUSE, [raster("XZ1105", flat(100)), raster("XZ1202", flat(30), unit="deg")])
    assert (found.layer, found.outcome, found.measured) == ("XZ1202", Outcome.FAIL, 30)


def test_noise_counts_along_the_walls_by_day_and_by_night(raster):
    inside = flat(50)
    inside[7, 7] = 90  # a courtyard: no wall runs through this cell
    zone = {"GH2404": make_layer("GH2404", [at(0, 40, 40, 0)], attrs=[{"GNQLB": "1类"}])}
    day = raster("GH2404", inside, title="day", unit="dB", says={"SD": "昼间"})
    night = raster("GH2404", flat(50), title="night", unit="dB", says={"SD": "夜间"})
    assert find(rule("R29"), HOUSE, [day], zone).outcome is Outcome.PASS
    found = find(rule("R29"), HOUSE, [day, night], zone)
    assert (found.outcome, found.required, found.edition.title) == (Outcome.FAIL, 45, "night")
    assert [(measure.label, measure.required) for measure in found.measures] == [("night", 45), ("day", 55)]
    assert find(rule("R29"), HOUSE, [day]).outcome is Outcome.NOT_EVALUATED


def test_parcels_in_deep_water_are_conflicts_by_their_area(raster):
    values = flat(0.1)
    values[5:7, 5:7] = 0.8
    parcels = make_layer("GH2303", [at(2, 20, 20, 2), at(22, 20, 38, 2)], attrs=[{"yddm": "0701"}] * 2)
    rasters = {"GH2403": [raster("GH2403", values)]}
    rows = find_conflicts({"GH2303": parcels}, [rule("C27")], as_of=TODAY, rasters=rasters)
    assert [(row.left, row.outcome) for row in rows.itertuples()] == [(1, Outcome.FAIL)]
    assert not list_unevaluated({"GH2303": parcels}, [rule("C27")], as_of=TODAY, rasters=rasters)
    assert list_unevaluated({"GH2303": parcels}, [rule("C27")], as_of=TODAY)


def test_a_parcel_that_may_be_built_too_high_is_a_conflict(raster):
    parcels = make_layer("GH2303", [at(2, 20, 20, 2), at(22, 20, 38, 2)], attrs=[{"jzxg": 54.0}, {"jzxg": 24.0}])
    rasters = {
        "GH2213": [raster("GH2213", flat(240), vertical=DATUM)],
        "XZ1105": [raster("XZ1105", flat(200), vertical=DATUM)],
    }
    rows = find_conflicts({"GH2303": parcels}, [rule("C34")], as_of=TODAY, rasters=rasters)
    assert [(row.left, row.outcome) for row in rows.itertuples()] == [(1, Outcome.FAIL)]
