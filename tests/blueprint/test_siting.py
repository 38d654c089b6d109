"""Sites for a project: vetoes, scores that tell what is not known, and how sure the order is."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from blueprint import Edition, RuleError, load_crosswalk
from blueprint.raster_state import RasterState
from blueprint.site_factors import Surroundings
from blueprint.siting import choose_sites, rank_ranges, read_profile, seed_profile_text, weight_ranges
from layers.rasters import open_raster
from tests.blueprint.conftest import CRS, TODAY, make_layer, make_rule
from tests.layers.grids import NORTH, WEST, plane_values, write_raster

X, Y = 546_000.0, 4_855_000.0
PROFILE = """
[[factor]]
id = "roads"
name = { zh = "路", en = "Roads" }
measure = "distance"
layers = ["XZ1103"]
weight = 2
curve = [[0, 1], [100, 0]]

[[factor]]
id = "built"
name = { zh = "建设", en = "Built" }
measure = "share"
layers = ["XZ1201"]
where = "land_class = 'construction'"
weight = 1
curve = [[0, 0], [1, 1]]
"""
GRADE = """
[[factor]]
id = "grade"
name = { zh = "适宜", en = "Grade" }
measure = "grade"
layers = ["SJ4103"]
field = "SYXDJ"
weight = 1
values = { "1" = 1, "2" = 0.5 }
"""


def box(x, size=10.0):
    return shapely.box(X + x, Y, X + x + size, Y + size)


def site_frame(*shapes):
    return gpd.GeoDataFrame(geometry=list(shapes), crs=CRS, index=[f"s{i}" for i in range(len(shapes))])


def choose(shapes, *layers, rules=(), profile=PROFILE, **options):
    around = Surroundings({layer.code: layer for layer in layers}, {}, TODAY, CRS)
    read = read_profile(profile, file="p.toml", crosswalk=load_crosswalk())
    return choose_sites(site_frame(*shapes), around, rules, read, **{"as_of": TODAY, "accuracy_m": 0.05} | options)


def roads(*shapes, **options):
    return make_layer("XZ1103", shapes, reach_m=100.0, **options)


def parcels(*shapes, codes, **options):
    return make_layer("XZ1201", shapes, class_code=list(codes), **options)


def by_id(siting):
    return {site.id: site for site in siting.sites}


def test_a_site_near_a_road_on_built_ground_is_the_first():
    siting = choose([box(50), box(20)], roads(box(0)), parcels(box(0, 100), codes=["0701"]))
    assert [(site.id, site.rank) for site in siting.sites] == [("s1", 1), ("s0", 2)]
    assert siting.sites[0].measures == {"roads": (10, 10), "built": pytest.approx((1, 1))}
    assert siting.sites[0].score == pytest.approx(((2 * 0.9 + 1) / 3,) * 2)
    assert siting.challengers == ()


def test_the_weight_of_a_missing_layer_stays_and_leaves_the_score_open():
    siting = choose([box(20)], parcels(box(0, 100), codes=["0701"]))
    assert siting.missing == {"roads": ("XZ1103",)}
    assert siting.sites[0].score == pytest.approx((1 / 3, 1))


def test_a_nearer_road_may_be_where_the_layer_is_not_complete():
    known = shapely.box(X + 50, Y - 100, X + 300, Y + 100)
    siting = choose([box(60)], roads(box(130), complete=known), parcels(box(0, 100), codes=["0701"]))
    assert siting.sites[0].measures["roads"] == (10, 60)


def test_ground_without_a_class_may_be_built_or_not():
    siting = choose([box(0)], roads(), parcels(box(0, 5), codes=[None], complete=None))
    assert siting.sites[0].measures["built"] == pytest.approx((0, 1))
    siting = choose([box(0)], roads(), parcels(shapely.box(X, Y, X + 5, Y + 10), codes=["0701"], complete=None))
    assert siting.sites[0].measures["built"] == pytest.approx((0.5, 1))


def test_a_grade_is_weighted_by_ground_and_open_where_the_class_is_unknown():
    halves = [shapely.box(X, Y, X + 5, Y + 10), shapely.box(X + 5, Y, X + 8, Y + 10)]
    grades = make_layer("SJ4103", halves, attrs=[{"SYXDJ": "2"}, {"SYXDJ": "?"}])
    siting = choose([box(0)], grades, profile=GRADE)
    assert siting.sites[0].values["grade"] == pytest.approx((0.25, 0.75))


def test_a_hard_rule_vetoes_an_advisory_one_is_told_and_doubt_leaves_a_site_open():
    hard = make_rule('{ layer = "GH2201" }', rule_id="R07")
    soft = make_rule('{ layer = "GH2204" }', rule_id="R10", confidence="K")
    unknown = make_rule('{ layer = "GH2202" }', rule_id="R08")
    farmland, water = make_layer("GH2201", [box(0)]), make_layer("GH2204", [box(20), box(40)])
    rules = [hard, soft]
    found = by_id(choose([box(0), box(20)], farmland, water, rules=rules))
    assert (found["s0"].status, found["s0"].rank) == ("vetoed", None)
    assert [finding.rule.id for finding in found["s0"].vetoes] == ["R07"]
    assert (found["s1"].status, found["s1"].rank) == ("possible", 1)
    assert [finding.rule.id for finding in found["s1"].advice] == ["R10"]
    (opened,) = choose([box(60)], farmland, water, rules=[*rules, unknown]).sites
    assert opened.status == "open"
    assert [finding.rule.id for finding in opened.doubts] == ["R08"]


def test_a_rule_that_is_not_about_sites_is_skipped():
    hard = make_rule('{ layer = "GH2201" }', rule_id="R07")
    profile = 'skipped_rules = ["R07"]\n' + PROFILE
    (site,) = choose([box(0)], make_layer("GH2201", [box(0)]), rules=[hard], profile=profile).sites
    assert site.status == "possible"


def test_what_an_assessment_has_on_a_site_is_inherited():
    profile = 'inherited = ["SJ4103"]\n' + PROFILE
    state = make_layer("SJ4103", [shapely.box(X, Y, X + 5, Y + 10)], ids=[9], class_code=["1"])
    (site,) = choose([box(0)], state, profile=profile).sites
    assert site.inherited == (("SJ4103", 9, "1", pytest.approx(0.5)),)


@st.composite
def tables(draw):
    """Return values of sites and weights of factors."""
    sites, factors = draw(st.integers(2, 6)), draw(st.integers(1, 4))
    tenths = st.integers(0, 10).map(lambda n: n / 10)
    values = np.array([[draw(tenths) for _ in range(factors)] for _ in range(sites)])
    return values, np.array([draw(st.integers(1, 9)) for _ in range(factors)], dtype=float)


def firsts(values, weights):
    sums = values @ weights
    return set(np.flatnonzero(sums >= sums.max() - 1e-9).tolist())


@settings(max_examples=60)
@given(tables())
def test_the_first_stays_first_within_the_range_of_each_weight_and_not_beyond(table):
    values, weights = table
    first = int(np.argmax(values @ weights))
    for k, (low, high) in enumerate(weight_ranges(values, weights, first)):
        changed = weights.copy()
        for tried in (low, (low + min(high, 100)) / 2, min(high, 100)):
            changed[k] = tried
            assert first in firsts(values, changed)
        for beyond in ([low - 1e-3] if low > 1e-3 else []) + ([high + 1e-3] if np.isfinite(high) else []):
            changed[k] = beyond
            assert first not in firsts(values, changed)


def test_values_that_are_equal_but_for_their_last_digit_end_no_range():
    values = np.array([[0.5, 0.9], [0.5 + 1e-16, 0.8], [np.nextafter(0.5, 1), 0.7]])
    assert weight_ranges(values, np.ones(2), 0)[0] == (0.0, np.inf)


@settings(max_examples=40)
@given(tables(), st.floats(0, 0.9))
def test_no_rank_lies_beyond_its_range_while_one_weight_varies(table, share):
    values, weights = table
    ranges = [rank_ranges(values, weights, row, share=share) for row in range(len(values))]
    for k in range(len(weights)):
        for factor in np.linspace(1 - share, 1 + share, 7):
            changed = weights.copy()
            changed[k] *= factor
            sums = values @ changed
            for row, (best, worst) in enumerate(ranges):
                assert best <= (sums > sums[row] + 1e-9).sum() + 1 <= worst


@pytest.mark.parametrize(
    "change",
    [
        ('measure = "distance"', 'measure = "smell"'),
        ("weight = 2", "weight = -1"),
        ("[[0, 1], [100, 0]]", "[[100, 1], [0, 0]]"),
        ("[[0, 1], [100, 0]]", "[[0, 2]]"),
        ('id = "built"', 'id = "roads"'),
        ('layers = ["XZ1103"]', ""),
        ("weight = 2", "weigth = 2"),
    ],
)
def test_a_profile_with_a_mistake_is_refused_with_its_place(change):
    with pytest.raises(RuleError, match=r"p\.toml"):
        read_profile(PROFILE.replace(*change, 1), file="p.toml", crosswalk=load_crosswalk())


def test_the_profile_that_comes_along_is_read():
    profile = read_profile(seed_profile_text(), file="siting.toml", crosswalk=load_crosswalk())
    assert {"roads", "slope", "suitability"} <= {factor.id for factor in profile.factors}
    assert all(code.startswith("SJ41") for code in profile.inherited)


def test_the_mean_slope_of_a_site_is_that_of_the_terrain_and_open_beyond_it(tmp_path):
    # a plane that rises one metre in ten
    path = write_raster(tmp_path / "dem.tif", plane_values(0.1, 0, -WEST * 0.1, rows=40, columns=40))
    terrain = RasterState("XZ1105", Edition(1, "DEM"), open_raster(path), 0.1, "m")
    profile = (
        '[[factor]]\nid = "s"\nname = { zh = "坡", en = "Slope" }\nmeasure = "slope"\nlayers = ["XZ1105"]\nweight = 1\n'
    )
    read = read_profile(profile + "curve = [[0, 1], [90, 0]]", file="p.toml", crosswalk=load_crosswalk())
    sites = site_frame(*(shapely.box(WEST + x, NORTH - 40, WEST + x + 20, NORTH - 20) for x in (20, 500)))
    around = Surroundings({}, {"XZ1105": [terrain]}, TODAY, CRS)
    inside, beyond = choose_sites(sites, around, (), read, as_of=TODAY, accuracy_m=0.05).sites
    assert inside.measures["s"] == pytest.approx((5.711, 5.711), abs=1e-3)
    assert beyond.measures["s"] == (0, np.inf)
    assert beyond.score == (0, 1)
