"""Distances: how far a footprint stands from the features of a layer, and how far it has to."""

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from blueprint import Certainty, Feature, Outcome, find_findings
from tests.blueprint.conftest import TODAY, make_footprints, make_layer, make_rule, turned

ROADS = '{ layer = "XZ1103" }'
BY_CLASS = """
required = [
    { value = 20, where = "DLDJ = '国道'" },
    { value = 5, where = "DLDJ = '乡道'" },
]
"""
TWENTY = make_rule(ROADS, predicate="distance", more="required = [{ value = 20 }]")
CLASSES = make_rule(ROADS, predicate="distance", more=BY_CLASS)
HEIGHTS = make_rule(
    '{ layers = ["XZ1301"], names = { height_m = ["建筑高度"] } }',
    predicate="distance",
    more="""
required = [
    { value = 13, where = "footprint.height_m > 24 AND height_m > 24" },
    { value = 9, where = "footprint.height_m > 24 OR height_m > 24" },
    { value = 6 },
]
""",
)
FAR = float("inf")


def block(x, *, width=10.0, depth=10.0, angle_rad=0.3):
    return turned([(x, 0), (x + width, 0), (x + width, depth), (x, depth)], angle_rad=angle_rad)


def find(footprint, layer, rule=TWENTY, attrs=None, **options):
    frame = make_footprints(footprint)
    if attrs is not None:
        frame["attrs"] = [attrs]
    return find_findings(frame, {layer.code: layer} if layer else {}, [rule], as_of=TODAY, **options)[0]


def roads(*shapes, **columns):
    return make_layer("XZ1103", shapes, reach_m=FAR, **columns)


def test_a_footprint_far_enough_passes_with_its_margin_and_the_line_between_the_nearest_points():
    finding = find(block(0), roads(block(35)))
    assert (finding.outcome, finding.unit) == (Outcome.PASS, "m")
    assert finding.measured == pytest.approx(25, abs=1e-6)
    assert (finding.required, finding.margin_m) == (20, pytest.approx(5, abs=1e-6))
    assert finding.witness.length == pytest.approx(25, abs=1e-6)
    assert finding.features == (Feature(1, None),)
    assert finding.certainty is None


def test_one_too_near_fails_by_what_is_missing():
    finding = find(block(0), roads(block(22)))
    assert (finding.outcome, finding.certainty) == (Outcome.FAIL, Certainty.CERTAIN)
    assert finding.margin_m == pytest.approx(-8, abs=1e-6)


@pytest.mark.parametrize(
    ("short_m", "outcome", "certainty"),
    [
        (0.0, Outcome.PASS, None),
        (0.002, Outcome.PASS, Certainty.NOISE),
        (0.005, Outcome.FAIL_WITHIN_ACCURACY, Certainty.WITHIN_ACCURACY),
        (0.14, Outcome.FAIL_WITHIN_ACCURACY, Certainty.WITHIN_ACCURACY),
        (0.15, Outcome.FAIL, Certainty.CERTAIN),
    ],
)
def test_how_sure_a_missing_distance_is_depends_on_both_layers_accuracy(short_m, outcome, certainty):
    finding = find(block(0), roads(block(30 - short_m)))  # 2 sigma = 0.1414 m
    assert (finding.outcome, finding.certainty) == (outcome, certainty)
    assert finding.margin_m == pytest.approx(-short_m, abs=1e-6)


def test_ground_shared_counts_as_less_than_no_distance():
    finding = find(block(0), roads(block(7)))
    assert (finding.outcome, finding.measured) == (Outcome.FAIL, pytest.approx(-3, abs=1e-6))
    assert finding.margin_m == pytest.approx(-23, abs=1e-6)
    assert finding.witness.area == pytest.approx(30)


def test_a_line_that_crosses_is_at_no_distance():
    finding = find(block(0), roads(turned([(5, -5), (5, 20), (4, 20)]).exterior))
    assert (finding.outcome, finding.measured, finding.margin_m) == (Outcome.FAIL, 0, -20)


def test_lines_and_points_are_kept_clear_of_as_well():
    line, point = shapely.LineString(block(25).exterior.coords[:2]), block(12).exterior.interpolate(0)
    assert find(block(0), roads(line)).measured == pytest.approx(15, abs=1e-6)
    assert find(block(0), roads(point)).measured == pytest.approx(2, abs=1e-6)


def test_each_class_has_its_own_distance_and_the_worst_margin_counts():
    layer = roads(block(22), block(-20), attrs=[{"DLDJ": "国道"}, {"DLDJ": "乡道"}])  # 12 of 20 m, 10 of 5 m
    finding = find(block(0), layer, CLASSES)
    assert (finding.outcome, finding.required) == (Outcome.FAIL, 20)
    assert finding.margin_m == pytest.approx(-8, abs=1e-6)
    assert [feature.id for feature in finding.features] == [1]


@pytest.mark.parametrize(
    ("away_m", "outcome"),
    [(30, Outcome.PASS), (20, Outcome.PASS), (12, Outcome.NOT_EVALUATED), (1, Outcome.NOT_EVALUATED)],
)
def test_a_class_that_the_rule_does_not_list_leaves_it_open_only_where_it_might_matter(away_m, outcome):
    finding = find(block(0), roads(block(10 + away_m), attrs=[{"DLDJ": "公路"}]), CLASSES)
    assert finding.outcome is outcome
    assert (finding.reason is None) == (outcome is Outcome.PASS)


def test_a_missing_attribute_leaves_a_rule_open_with_its_reason():
    finding = find(block(0), roads(block(12), attrs=[{}]), CLASSES)
    assert (finding.outcome, finding.margin) == (Outcome.NOT_EVALUATED, None)
    assert "DLDJ" in finding.reason.zh


@pytest.mark.parametrize(
    ("mine", "theirs", "away_m", "outcome", "margin_m"),
    [
        (30, 30, 12, Outcome.FAIL, -1),
        (30, 12, 12, Outcome.PASS, 3),
        (12, 12, 5, Outcome.FAIL, -1),
        (12, 30, 7, Outcome.FAIL, -2),
        (None, 12, 7, Outcome.NOT_EVALUATED, None),  # 6 or 9 m
        (None, 12, 10, Outcome.PASS, 1),  # whichever it is
        (None, 12, 5, Outcome.FAIL, -1),
        (None, 30, 8, Outcome.FAIL, -1),  # 9 or 13 m
        (None, None, 14, Outcome.PASS, 1),
    ],
)
def test_a_spacing_that_depends_on_two_heights_is_known_as_far_as_the_heights_are(
    mine, theirs, away_m, outcome, margin_m
):
    layer = make_layer("XZ1301", [block(10 + away_m)], reach_m=FAR, attrs=[{"建筑高度": theirs}])
    finding = find(block(0), layer, HEIGHTS, attrs={"height_m": mine})
    assert finding.outcome is outcome
    assert finding.margin_m == (None if margin_m is None else pytest.approx(margin_m, abs=1e-6))


def test_a_spacing_can_be_a_multiple_of_the_height_and_at_least_so_much():
    more = 'required = [{ attribute = "footprint.height_m", factor = 1.2, at_least = 13 }]\nup_to = 80'
    rule = make_rule('{ layer = "XZ1301" }', predicate="distance", more=more)
    layer = make_layer("XZ1301", [block(40)], reach_m=FAR)
    assert find(block(0), layer, rule, {"height_m": 20}).margin_m == pytest.approx(6, abs=1e-6)
    assert find(block(0), layer, rule, {"height_m": 5}).margin_m == pytest.approx(17, abs=1e-6)
    assert find(block(0), layer, rule, {}).outcome is Outcome.NOT_EVALUATED


def test_without_anything_near_the_nearest_feature_gives_the_margin():
    assert find(block(0), roads(block(110), block(400))).margin_m == pytest.approx(80, abs=1e-6)
    alone = find(block(0), roads())
    assert (alone.outcome, alone.margin) == (Outcome.PASS, None)


def test_features_that_were_not_loaded_far_enough_leave_a_rule_open():
    near = make_layer("XZ1103", [block(12)], reach_m=10.0)
    assert find(block(0), near).outcome is Outcome.FAIL
    nothing = find(block(0), make_layer("XZ1103", [], reach_m=10.0))
    assert nothing.outcome is Outcome.NOT_EVALUATED
    assert "within 10 m" in nothing.reason.en


@pytest.mark.parametrize(("room_m", "outcome"), [(19.9, Outcome.NOT_EVALUATED), (20.1, Outcome.PASS)])
def test_nothing_near_is_an_answer_only_if_the_layer_is_complete_so_far_around(room_m, outcome):
    footprint = block(0)
    layer = make_layer("XZ1103", [], reach_m=FAR, complete=footprint.buffer(room_m, join_style="mitre"))
    assert find(footprint, layer).outcome is outcome


def test_a_layer_that_is_not_loaded_and_a_rule_without_a_limit_are_not_evaluated():
    assert find(block(0), None).reason.en == "No edition of layer XZ1103 is loaded."
    rule = make_rule(ROADS, predicate="distance")
    assert "states no limit" in find(block(0), roads(), rule).reason.en


def test_a_rule_that_a_person_has_to_check_says_so():
    rule = make_rule(ROADS, predicate="distance", more='by_hand = { zh = "日照分析", en = "Hours of sun." }')
    finding = find(block(0), roads(), rule)
    assert (finding.outcome, "日照分析" in finding.reason.zh) == (Outcome.MANUAL, True)


def test_a_feature_without_a_usable_geometry_leaves_a_rule_open_where_it_may_be_near():
    bow_tie = turned([(0, 0), (10, 10), (10, 0), (0, 10)])
    assert find(block(0), roads(bow_tie)).outcome is Outcome.NOT_EVALUATED
    assert find(block(0), roads(shapely.affinity.translate(bow_tie, 500))).outcome is Outcome.PASS


def test_a_building_is_at_no_distance_from_itself():
    layer = make_layer("XZ1301", [block(0), block(17)], reach_m=FAR, attrs=[{"建筑高度": 9}] * 2)
    finding = find(block(0), layer, HEIGHTS, {"height_m": 9}, own={"f0": [("XZ1301", 1)]})
    assert (finding.outcome, finding.margin_m) == (Outcome.PASS, pytest.approx(1, abs=1e-6))


def test_a_rule_about_buildings_on_the_ground_is_not_about_basements():
    rule = make_rule(ROADS, predicate="distance", more='required = [{ value = 20 }]\nspaces = ["surface"]')
    outcomes = [find(block(0), roads(block(12)), rule, attrs).outcome for attrs in (None, {}, {"space": "underground"})]
    assert outcomes == [Outcome.FAIL, Outcome.FAIL, Outcome.NOT_APPLICABLE]


def test_a_footprint_that_cannot_be_measured_is_not_evaluated():
    found = find_findings(
        make_footprints(None, turned([(0, 0), (10, 10), (10, 0), (0, 10)]), block(0)),
        {"XZ1103": roads(block(12))}, [TWENTY], as_of=TODAY,
    )  # fmt: skip
    assert [finding.outcome for finding in found] == [Outcome.NOT_EVALUATED] * 2 + [Outcome.FAIL]


@given(st.floats(0.5, 60), st.floats(0, 40), st.floats(0, 6.3), st.floats(5, 30))
def test_moving_a_footprint_away_raises_its_margin_by_as_much(gap_m, away_m, angle_rad, width_m):
    layer = roads(block(10 + gap_m, width=width_m, angle_rad=angle_rad))
    near, far = (find(block(-x, angle_rad=angle_rad), layer) for x in (0, away_m))
    assert far.margin_m - near.margin_m == pytest.approx(away_m, abs=1e-6)


@given(st.floats(0.01, 9), st.floats(0.001, 0.99))
def test_moving_a_footprint_out_of_a_feature_raises_its_margin_by_as_much(depth_m, share):
    layer = roads(block(10 - depth_m, width=50, depth=30))
    near, far = (find(block(-x), layer) for x in (0, share * depth_m))
    assert far.margin_m - near.margin_m == pytest.approx(share * depth_m, abs=1e-5)


@given(st.permutations([(12, "国道"), (-14, "乡道"), (40, "乡道"), (31, "公路"), (29, "国道")]))
def test_the_order_of_features_changes_nothing(given_roads):
    layer = roads(*(block(x) for x, _ in given_roads), attrs=[{"DLDJ": kind} for _, kind in given_roads])
    finding = find(block(0), layer, CLASSES)
    assert (finding.outcome, len(finding.features)) == (Outcome.FAIL, 3)
    assert finding.margin_m == pytest.approx(-18, abs=1e-6)
