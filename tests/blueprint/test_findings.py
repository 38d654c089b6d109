"""Findings: every rule says something of every footprint, and only what it can know."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from blueprint import (
    Certainty,
    Edition,
    Feature,
    FrameCrsError,
    FrameError,
    Outcome,
    Severity,
    Verdict,
    find_findings,
    load_rules,
    verdict,
    worst,
)
from tests.blueprint.conftest import CRS, EVERYWHERE, TODAY, make_footprints, make_layer, make_rule, turned

FARMLAND = '{ layer = "GH2201" }'
OVERLAP = make_rule(FARMLAND)
WITHIN_SITE = make_rule(
    '{ layer = "GL3105" }', predicate="outside", more='without = "not_applicable"\ncontainer = "largest"'
)
WITHIN_BOUNDARY = make_rule('{ layer = "GH2203" }', predicate="outside")


def find(footprint, layer, rule=OVERLAP, **options):
    layers = {layer.code: layer} if layer else {}
    found = find_findings(make_footprints(footprint), layers, [rule], as_of=TODAY, **options)
    assert len(found) == len(rule.b.layers)
    return found[0]


def shifted(shape, dx_m, dy_m=0.0):
    return shapely.affinity.translate(shape, dx_m, dy_m)


def test_a_footprint_on_forbidden_ground_fails_with_its_measures(site):
    finding = find(site, make_layer("GH2201", [shifted(site, 7)], name=["东郊永农01"]))
    assert finding.outcome is Outcome.FAIL
    assert (finding.area_m2, finding.width_m) == (pytest.approx(30), pytest.approx(3))
    assert finding.share == pytest.approx(0.3)
    assert finding.margin_m == -finding.width_m
    assert finding.certainty is Certainty.CERTAIN
    assert finding.features == (Feature(1, "东郊永农01"),)
    assert finding.witness.equals(shapely.box(*shifted(site, 7).bounds[:2], *site.bounds[2:]))
    assert (finding.engine_mode, finding.severity, finding.edition.title) == ("float", Severity.PROHIBIT, "2024")


@pytest.mark.parametrize(
    ("over_m", "outcome", "certainty"),
    [
        (0.001, Outcome.PASS, Certainty.NOISE),
        (0.002, Outcome.PASS, Certainty.NOISE),
        (0.005, Outcome.FAIL_WITHIN_ACCURACY, Certainty.WITHIN_ACCURACY),
        (0.05, Outcome.FAIL_WITHIN_ACCURACY, Certainty.WITHIN_ACCURACY),
        (0.14, Outcome.FAIL_WITHIN_ACCURACY, Certainty.WITHIN_ACCURACY),
        (0.15, Outcome.FAIL, Certainty.CERTAIN),
    ],
)
def test_how_sure_a_sliver_is_depends_on_both_layers_accuracy(site, over_m, outcome, certainty):
    finding = find(site, make_layer("GH2201", [shifted(site, 10 - over_m)]))  # 2 sigma = 0.1414 m
    assert (finding.outcome, finding.certainty) == (outcome, certainty)
    assert finding.width_m == pytest.approx(over_m, abs=1e-6)
    assert finding.area_m2 == pytest.approx(10 * over_m, abs=1e-6)
    assert (finding.reason is None) == outcome.breaks


def test_a_footprint_beside_forbidden_ground_passes(site):
    finding = find(site, make_layer("GH2201", [shifted(site, 10)]))
    assert finding.outcome is Outcome.PASS
    assert (finding.area_m2, finding.width_m, finding.certainty, finding.witness) == (0, 0, None, None)


def test_ground_shared_with_two_neighbouring_features_is_counted_once_and_measured_as_one(site):
    strips = [shifted(site, 9.7), shapely.box(site.bounds[2] - 0.4, site.bounds[1], *shifted(site, 9.8).bounds[2:])]
    finding = find(site, make_layer("GH2201", strips))
    assert (finding.area_m2, finding.width_m) == (pytest.approx(4), pytest.approx(0.4))
    assert [feature.id for feature in finding.features] == [1, 2]


def test_below_a_rules_thresholds_a_measure_is_kept_and_marked(site):
    rule = make_rule(FARMLAND, more="min_area_m2 = 5\nmin_width_m = 0.1")
    finding = find(site, make_layer("GH2201", [shifted(site, 9.6)]), rule)
    assert finding.outcome is Outcome.PASS
    assert (finding.area_m2, finding.certainty) == (pytest.approx(4), Certainty.CERTAIN)
    assert "below the rule's limits (5 m², 0.1 m)" in finding.reason.en


def test_a_layer_that_is_not_loaded_is_not_evaluated(site):
    finding = find(site, None)
    assert finding.outcome is Outcome.NOT_EVALUATED
    assert finding.reason.en == "No edition of layer GH2201 is loaded."
    assert finding.reason.zh == "图层 GH2201 没有已载入的版次。"
    assert finding.area_m2 is finding.margin_m is finding.edition is None


@pytest.mark.parametrize("complete", [None, shapely.box(0, 0, 1, 1)], ids=["nowhere", "elsewhere"])
def test_nothing_found_where_a_layer_is_not_complete_is_not_evaluated(site, complete):
    finding = find(site, make_layer("GH2201", [], complete=complete))
    assert finding.outcome is Outcome.NOT_EVALUATED
    assert "not known to be complete here" in finding.reason.en


def test_a_footprint_that_stands_half_outside_the_complete_area_is_not_evaluated(site):
    assert find(site, make_layer("GH2201", [], complete=shifted(site, 5))).outcome is Outcome.NOT_EVALUATED
    assert find(site, make_layer("GH2201", [], complete=site)).outcome is Outcome.PASS


def test_a_hit_counts_even_where_a_layer_is_not_complete(site):
    assert find(site, make_layer("GH2201", [shifted(site, 7)], complete=None)).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "outcome"),
    [
        (None, None, Outcome.FAIL),
        (TODAY, None, Outcome.FAIL),
        ("2018-05-01", "2026-06-02", Outcome.FAIL),
        ("2018-05-01", "2026-06-01", Outcome.PASS),
        (dt.date(2026, 6, 2), None, Outcome.PASS),
        (None, np.datetime64("2020-01-01"), Outcome.PASS),
        (None, "9999-12-31", Outcome.FAIL),
    ],
)
def test_a_feature_counts_from_its_first_day_to_before_its_last(site, valid_from, valid_to, outcome):
    assert find(site, make_layer("GH2201", [site], valid_from=[valid_from], valid_to=[valid_to])).outcome is outcome


def test_an_edition_that_does_not_hold_is_not_evaluated(site):
    edition = Edition(7, "2017 年版", dt.date(2017, 1, 1), TODAY)
    finding = find(site, make_layer("GH2201", [site], edition=edition))
    assert (finding.outcome, finding.edition) == (Outcome.NOT_EVALUATED, edition)
    assert "2017 年版" in finding.reason.zh


def test_a_feature_that_lacks_the_attributes_a_rule_reads_leaves_it_open(site):
    rule = make_rule('{ layer = "GL3108", where = "GXZT <> \'已销案\'" }')
    attrs = [{"GXZT": "已销案"}, {}, {"GXZT": "未销案"}]

    def outcome(*chosen):
        return find(site, make_layer("GL3108", [site] * len(chosen), attrs=[attrs[i] for i in chosen]), rule)

    assert outcome(0).outcome is Outcome.PASS
    assert outcome(0, 1).outcome is Outcome.NOT_EVALUATED
    assert "GXZT" in outcome(1).reason.zh
    assert outcome(0, 1, 2).outcome is Outcome.FAIL
    assert [feature.id for feature in outcome(0, 1, 2).features] == [3]


def test_a_filter_reads_name_and_class_code_too(site):
    rule = make_rule("{ layer = \"GH2303\", where = \"class_code LIKE '07%' AND name = '甲'\" }")
    layer = make_layer("GH2303", [site, site], class_code=["0701", "0701"], name=["甲", "乙"])
    assert [feature.id for feature in find(site, layer, rule).features] == [1]


def test_points_and_lines_have_no_ground(site):
    shapes = [site.centroid, site.exterior]
    assert find(site, make_layer("XZ1206", shapes), make_rule('{ layer = "XZ1206" }')).outcome is Outcome.PASS


BOW_TIE = [(0, 0), (10, 10), (10, 0), (0, 10)]


def test_a_feature_that_cannot_be_overlaid_keeps_a_rule_from_passing(site):
    bow_tie = turned(BOW_TIE, angle_rad=0)
    lost = shapely.set_coordinates(turned(BOW_TIE), [[0, 0], [np.nan, 1], [1, 1], [1, 0], [0, 0]])
    for poison in (bow_tie, lost, None, shapely.Polygon()):
        finding = find(site, make_layer("GH2201", [poison, shifted(site, 50)], name=["坏图斑", "好图斑"]))
        assert finding.outcome is Outcome.NOT_EVALUATED
        assert finding.features == (Feature(1, "坏图斑"),)
    assert find(site, make_layer("GH2201", [shifted(bow_tie, 500)])).outcome is Outcome.PASS
    assert find(site, make_layer("GH2201", [bow_tie, site])).outcome is Outcome.FAIL


def test_a_footprint_that_cannot_be_overlaid_has_its_findings_all_the_same(site):
    poisoned = make_footprints(turned(BOW_TIE), None, shapely.Polygon(), site)
    layers = {"GH2201": make_layer("GH2201", [site])}
    found = find_findings(poisoned, layers, [OVERLAP, WITHIN_SITE], as_of=TODAY)
    assert [finding.footprint for finding in found] == ["f0", "f0", "f1", "f1", "f2", "f2", "f3", "f3"]
    assert [finding.outcome for finding in found[::2]] == [Outcome.NOT_EVALUATED] * 3 + [Outcome.FAIL]
    assert "Self-intersection" in found[0].reason.en


def test_every_rule_says_something_of_every_footprint(site):
    rules = [rule for rule in load_rules() if rule.a is None]
    found = find_findings(make_footprints(site, shifted(site, 99)), {}, load_rules(), as_of=TODAY)
    asked = [(rule.id, code) for rule in rules for code in rule.b.layers[: 1 if rule.alternatives else None]]
    assert [(finding.rule.id, finding.layer) for finding in found] == asked * 2
    alone = {rule.id for rule in rules if rule.by_hand or rule.b.layers == ("footprint",)}
    assert {finding.outcome for finding in found if finding.rule.id not in alone} == {Outcome.NOT_EVALUATED}
    assert verdict(found) is Verdict.NOT_EVALUATED


def test_a_rule_that_does_not_hold_on_the_day_says_nothing(site):
    rule = make_rule(FARMLAND, more="valid_from = 2026-06-02")
    assert find_findings(make_footprints(site), {}, [rule], as_of=TODAY) == []


def test_ground_outside_the_site_is_measured(site):
    finding = find(shifted(site, 0.3), make_layer("GL3105", [site], name=["听溪用地"]), WITHIN_SITE)
    assert finding.outcome is Outcome.FAIL
    assert (finding.area_m2, finding.width_m) == (pytest.approx(3), pytest.approx(0.3))
    assert finding.features == (Feature(1, "听溪用地"),)


def test_a_wall_on_the_red_line_is_inside(site):
    finding = find(shapely.box(*site.centroid.coords[0], *site.bounds[2:]), make_layer("GL3105", [site]), WITHIN_SITE)
    assert (finding.outcome, finding.area_m2, finding.margin_m) == (Outcome.PASS, 0, None)


def test_the_site_is_the_one_with_the_largest_overlap(site):
    neighbours = make_layer("GL3105", [shifted(site, 10), site])
    finding = find(shifted(site, 3), neighbours, WITHIN_SITE)
    assert ([feature.id for feature in finding.features], finding.area_m2) == ([2], pytest.approx(30))


def test_a_boundary_is_all_of_its_zones_together(site):
    zones = make_layer("GH2203", [site, shifted(site, 10)])
    finding = find(shifted(site, 3), zones, WITHIN_BOUNDARY)
    assert (finding.outcome, finding.area_m2) == (Outcome.PASS, 0)
    assert [feature.id for feature in finding.features] == [1, 2]
    beyond = find(shifted(site, 12.5), zones, WITHIN_BOUNDARY)
    assert (beyond.outcome, beyond.area_m2, beyond.width_m) == (Outcome.FAIL, pytest.approx(25), pytest.approx(2.5))


def test_a_footprint_on_no_site_has_no_red_line_to_keep_to(site):
    for other in ([], [shifted(site, 10)], [shifted(site, 9.999)]):  # nothing, a neighbour, one that it grazes
        finding = find(site, make_layer("GL3105", other), WITHIN_SITE)
        assert finding.outcome is Outcome.NOT_APPLICABLE
        assert finding.area_m2 is finding.witness is None
    assert find(site, make_layer("GL3105", [], complete=None), WITHIN_SITE).outcome is Outcome.NOT_EVALUATED


def test_a_footprint_outside_a_boundary_altogether_fails_where_the_boundary_is_known(site):
    finding = find(site, make_layer("GH2203", [shifted(site, 40)]), WITHIN_BOUNDARY)
    assert (finding.outcome, finding.area_m2, finding.share) == (Outcome.FAIL, pytest.approx(100), 1)
    unknown = find(site, make_layer("GH2203", [], complete=None), WITHIN_BOUNDARY)
    assert (unknown.outcome, unknown.area_m2, unknown.witness) == (Outcome.NOT_EVALUATED, None, None)


def test_a_building_is_no_neighbour_of_itself(site):
    rule = make_rule('{ layers = ["XZ1301", "GL3202"] }')
    layers = {code: make_layer(code, [site, shifted(site, 9)]) for code in rule.b.layers}
    own = {"f0": [("XZ1301", 1), ("GL3202", 1), ("GL3202", 2)]}
    found = find_findings(make_footprints(site), layers, [rule], as_of=TODAY, own=own)
    assert [finding.outcome for finding in found] == [Outcome.FAIL, Outcome.PASS]
    assert [feature.id for feature in found[0].features] == [2]


@pytest.mark.parametrize(("reach_m", "margin_m"), [(0.0, None), (2.0, None), (4.0, 4.0), (float("inf"), 4.0)])
def test_a_margin_is_told_as_far_as_the_features_given_reach(site, reach_m, margin_m):
    finding = find(site, make_layer("GH2201", [shifted(site, 14), shifted(site, 30)], reach_m=reach_m))
    assert (finding.outcome, finding.margin_m) == (Outcome.PASS, margin_m)


def test_an_advisory_rule_never_prohibits(site):
    rule = make_rule(FARMLAND, confidence="K")
    finding = find(site, make_layer("GH2201", [site]), rule)
    assert (finding.outcome, finding.advisory, finding.severity) == (Outcome.FAIL, True, Severity.WARN)
    assert verdict([finding]) is Verdict.NOT_EVALUATED


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([("pass", False), ("not_applicable", False)], "pass"),
        ([("pass", False), ("fail_within_accuracy", False), ("fail", False)], "fail"),
        ([("not_evaluated", False), ("fail_within_accuracy", False)], "fail_within_accuracy"),
        ([("pass", False), ("manual", False)], "not_evaluated"),
        ([("pass", False), ("fail", True)], "not_evaluated"),
        ([("fail_within_accuracy", True), ("fail", False)], "fail"),
        ([("pass", True)], "pass"),
        ([], "not_evaluated"),
    ],
)
def test_the_verdict_is_the_worst_outcome_of_rules_that_may_decide(outcomes, expected):
    assert worst((Outcome(outcome), advisory) for outcome, advisory in outcomes) == expected


@given(st.permutations(range(6)))
def test_the_order_of_features_changes_nothing(order):
    shapes = [turned([(x, 0), (x + 4, 0), (x + 4, 3), (x, 3)], angle_rad=0.1 * x) for x in range(6)]
    footprint = turned([(1, 1), (5, 1), (5, 5), (1, 5)])
    straight = find(footprint, make_layer("GH2201", shapes))
    again = find(footprint, make_layer("GH2201", [shapes[i] for i in order], ids=[i + 1 for i in order]))
    assert (again.area_m2, again.width_m, again.features) == (straight.area_m2, straight.width_m, straight.features)
    assert again.witness == straight.witness


@given(st.lists(st.tuples(st.integers(-8, 8), st.integers(-8, 8)), min_size=1, max_size=5))
def test_footprints_asked_about_together_have_the_findings_they_have_alone(offsets):
    base = turned([(0, 0), (4, 0), (4, 3), (0, 3)])
    layers = {
        "GH2201": make_layer("GH2201", [base, shifted(base, 3), shifted(base, -2, 2)]),
        "GH2203": make_layer("GH2203", [shifted(base, 1, 1), shifted(base, 4, 1)]),
    }
    rules = [OVERLAP, WITHIN_BOUNDARY]
    footprints = make_footprints(*(shifted(base, dx, dy) for dx, dy in offsets))
    together = find_findings(footprints, layers, rules, as_of=TODAY)
    alone = [
        one for i in range(len(offsets)) for one in find_findings(footprints.iloc[[i]], layers, rules, as_of=TODAY)
    ]
    assert [(f.footprint, f.outcome, f.area_m2, f.features) for f in together] == [
        (f.footprint, f.outcome, f.area_m2, f.features) for f in alone
    ]
    assert [f.width_m for f in together] == pytest.approx([f.width_m for f in alone], abs=1e-6)


def test_frames_in_different_planes_are_refused(site):
    other = gpd.GeoDataFrame(geometry=[site], crs="EPSG:4550")
    with pytest.raises(FrameCrsError, match="layer GH2201"):
        find_findings(other, {"GH2201": make_layer("GH2201", [site])}, [OVERLAP], as_of=TODAY)
    with pytest.raises(FrameCrsError, match="no CRS"):
        find_findings(gpd.GeoDataFrame(geometry=[site]), {}, [OVERLAP], as_of=TODAY)


def test_ids_that_name_two_rows_are_refused(site):
    with pytest.raises(FrameError, match="'a' twice"):
        make_layer("GH2201", [site, site], ids=["a", "a"])
    with pytest.raises(FrameError, match="footprints"):
        find_findings(gpd.GeoDataFrame(geometry=[site, site], index=[1, 1], crs=CRS), {}, [OVERLAP], as_of=TODAY)


def test_no_footprints_have_no_findings():
    empty = gpd.GeoDataFrame(geometry=[], crs=CRS)
    assert find_findings(empty, {"GH2201": make_layer("GH2201", [EVERYWHERE])}, [OVERLAP], as_of=TODAY) == []


def test_overlaps_that_cannot_be_united_are_not_evaluated(site, monkeypatch):
    def refuse(*_, **__):
        raise shapely.GEOSException("TopologyException")

    monkeypatch.setattr(shapely, "union_all", refuse)
    layer = make_layer("GH2201", [shifted(site, 7), shifted(site, -7)])
    assert find(site, layer).outcome is Outcome.NOT_EVALUATED
    assert find(shifted(site, 3), layer).outcome is Outcome.FAIL  # one feature alone needs no union
